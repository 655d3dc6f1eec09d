#!/usr/bin/env bash
# exits_with.sh CODE COMMAND...: passes where the command ends with exactly this code.
wanted=$1
shift
"$@"
got=$?
[[ $got == "$wanted" ]] || { echo "FAILED: exit code $got instead of $wanted" >&2; exit 1; }
