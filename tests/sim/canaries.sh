#!/usr/bin/env bash
# canaries.sh SUANPAN_SIM: every planted bug must be found by the ordinary seeds, within so many of them.
set -euo pipefail
sim=$1
seeds=150
events=600
names=$("$sim" --canaries)
[[ -n $names ]] || { echo 'this build has no planted bugs; configure it with SUANPAN_CANARIES=ON'; exit 1; }

# find NAME: runs the seeds one after the other until one of them fails, and says which and how.
find_canary() {
    local name=$1 output status=0
    output=$(ulimit -v 4000000; timeout 240 "$sim" --canary="$name" --seed=1 --seeds=$seeds --events=$events 2>&1) || status=$?
    if [[ $status == 0 || $status == 124 ]]; then
        printf 'NOT FOUND  %-36s in %d seeds\n' "$name" "$seeds"
        return 1
    fi
    printf '%4s  %-36s %s\n' "$(grep -o -- '--seed=[0-9]*' <<<"$output" | tail -n 1 | cut -d= -f2)" \
        "$name" "$(grep -v '^seeds\|^replay' <<<"$output" | head -n 1 | cut -c1-120)"
}
export -f find_canary
export sim seeds events

echo 'seed  planted bug                          found by'
xargs -P "$(nproc)" -I{} bash -c 'find_canary {}' <<<"$names"
printf '%d planted bugs, all found\n' "$(wc -l <<<"$names")"
