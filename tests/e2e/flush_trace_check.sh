#!/usr/bin/env bash
# The checker of flush_trace.sh on traces made by hand: accepts the good one, refuses each bad one.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
awk -v wanted=1 -f "$here/flush_trace.awk" "$here/traces/good.txt"
for trace in "$here"/traces/bad_*.txt; do
    echo "${trace##*/}:"
    if awk -v wanted=1 -f "$here/flush_trace.awk" "$trace"; then
        echo "FAILED: the checker accepts $trace" >&2
        exit 1
    fi
done
