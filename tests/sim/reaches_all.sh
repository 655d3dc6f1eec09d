#!/usr/bin/env bash
# Fails where all runs of the simulator have missed the same rare path: then the seeds have grown too tame.
#
#   reaches_all.sh FILE...   what each run has written with --missed-probes
set -euo pipefail
cat -- "$@" >/dev/null  # all of them are there
never=$(sort -- "$@" | uniq -c | awk -v runs=$# '$1 == runs { sub(/^ *[0-9]+ /, ""); print "never reached: " $0 }')
[[ -z $never ]] || { echo "$never"; exit 1; }
echo "every rare path was reached by one of $# runs"
