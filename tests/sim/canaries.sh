#!/usr/bin/env bash
# canaries.sh SUANPAN_SIM: every planted bug must be found by the ordinary seeds, within so many of them.
set -euo pipefail
sim=$1
seeds=300
events=600
names=$("$sim" --canaries)
[[ -n $names ]] || { echo 'this build has no planted bugs; configure it with SUANPAN_CANARIES=ON'; exit 1; }

# find_canary NAME: runs the seeds one after the other until one of them fails, and says which and how.
# Found is what a check of the simulator says, with the line that plays it again: neither a usage error
# nor memory that ran out. `none` has no bug planted and must find nothing, within the same bounds.
find_canary() {
    local name=$1 output status=0 canary=(--canary="$1")
    [[ $name != none ]] || canary=()
    output=$(ulimit -v 4000000; timeout 900 "$sim" "${canary[@]}" --seed=1 --seeds=$seeds --events=$events 2>&1) || status=$?
    if [[ $name == none ]]; then
        [[ $status == 0 ]] || { printf 'WRONG      without a planted bug: exit code %d\n%s\n' "$status" "$output"; return 1; }
        return
    fi
    if [[ $status == 0 || $status == 124 ]]; then
        printf 'NOT FOUND  %-36s in %d seeds\n' "$name" "$seeds"
        return 1
    fi
    if ! grep -q '^replay: .*--seed=[0-9]' <<<"$output" || grep -q 'bad_alloc' <<<"$output"; then
        printf 'NOT FOUND  %-36s but exit code %d: %s\n' "$name" "$status" "$(tail -n 1 <<<"$output")"
        return 1
    fi
    printf '%4s  %-36s %s\n' "$(grep -o -- '--seed=[0-9]*' <<<"$output" | tail -n 1 | cut -d= -f2)" \
        "$name" "$(grep -v '^seeds\|^replay' <<<"$output" | head -n 1 | cut -c1-120)"
}
export -f find_canary
export sim seeds events

echo 'seed  planted bug                          found by'
{ echo none; echo "$names"; } | xargs -P "$(nproc)" -I{} bash -c 'find_canary {}'
printf '%d planted bugs, all found\n' "$(wc -l <<<"$names")"
