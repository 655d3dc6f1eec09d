#!/usr/bin/env bash
# kill -9 at random moments under load, again and again: no acknowledged event may be lost, none
# executed twice, and the journal must verify. After three kills in four the journal's tail is damaged
# as well, as a write that was cut short would leave it (damage_tail.cc).
#
# In every other round the load does not end with the kill: it waits for the server, sends what has no
# answer again under the same request ids, twice, and compares the two answers. That nothing was
# executed on both sides of a kill is what suanpan-verify looks for at the end (INV-7).
#
#   kill9.sh BUILD_FOLDER [ROUNDS [SHARDS [FLAGS OF THE SERVER...]]]
#
# Ids are remembered for longer than the rounds take: else each look-up walks the journal back.
#
# CI plays 4 rounds. The hundred in a row: tests/e2e/kill9.sh build/release 100 2
# SUANPAN_SEED=n plays the same rounds again, as far as the machine's timing allows.
#
# Exit code 3: acknowledged events were lost.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
rounds=${2:-5}
shards=${3:-2}
flags=(--request-log-window 6h "${@:4}")
seed=${SUANPAN_SEED:-$RANDOM}
echo "kill9: rounds=$rounds shards=$shards SUANPAN_SEED=$seed"
RANDOM=$seed

damages=(torn garbage zeros none)
lost=0 acknowledged=0 repeated=0
# number_in FILE PATTERN: the number that the pattern's group holds; 0 where no line has it.
number_in() { sed -n "s/.*$2.*/\1/p" "$1" | tail -n 1 | grep . || echo 0; }

start_server --shards "$shards" --segment-bytes 67108864 "${flags[@]}"
"$load" "${target[@]}" --members 2000 --prepare --quiet --seconds 0 --events 1 >"$scratch/load.log" 2>&1 ||
    { cat "$scratch/load.log"; fail "cannot prepare the members"; }
for ((round = 1; round <= rounds; round++)); do
    at_cut=(--expect-cut --seconds 30)
    [[ $((round % 2)) == 1 ]] || at_cut=(--retry-unacked --reconnect-for 120 --ready-file "$ready" --seconds 5)
    "$load" "${target[@]}" --members 2000 --connections 4 --in-flight 64 --mix spend=60,earn=40 \
        --warmup 0 --acks "$scratch/acks.$round" "${at_cut[@]}" --quiet --seed $((seed + round)) \
        >"$scratch/load.log" 2>&1 &
    load_pid=$!
    # Until its first acknowledgements are in the file, behind the header of 16 bytes.
    until [[ $(stat -c %s "$scratch/acks.$round" 2>/dev/null || echo 0) -gt 16 ]]; do
        kill -0 "$load_pid" 2>/dev/null || { cat "$scratch/load.log"; fail "the load did not start"; }
        sleep 0.02
    done
    sleep "$((RANDOM % 2)).$((RANDOM % 900 + 100))"
    kill_server
    if [[ $((round % 2)) == 1 ]]; then
        wait "$load_pid" || grep -q 'no answer from the server' "$scratch/load.log" ||
            { cat "$scratch/load.log"; fail "the load ended with an error"; }
    fi
    damage=${damages[round / 2 % 4]}
    [[ $damage == none ]] || "$bin/tests/e2e/damage_tail" "$scratch/data" "$damage"
    start_server --shards $((RANDOM % 2 == 0 ? shards : shards % 4 + 1)) --segment-bytes 67108864 "${flags[@]}" ||
        fail "the server did not start after kill $round"
    if [[ $((round % 2)) == 0 ]]; then
        wait "$load_pid" || { cat "$scratch/load.log"; fail "the load ended with an error, or a repeat was answered otherwise"; }
        repeated=$((repeated + $(number_in "$scratch/load.log" 'repeated after a cut *\([0-9]*\) events')))
    fi
    for ((each = 1; each <= round; each++)); do
        "$load" "${target[@]}" --check-acks "$scratch/acks.$each" --quiet >"$scratch/check.log" 2>&1 || {
            cat "$scratch/check.log"
            lost=1
        }
    done
    grep -h '^acknowledged events' "$scratch/check.log" || true
    acknowledged=$((acknowledged + $(number_in "$scratch/check.log" 'acknowledged events: \([0-9]*\),')))
    [[ $lost == 0 ]] || { echo "kill9: acknowledged events lost"; exit 3; }
done
stop_server
"$verify" "$scratch/data" || fail "suanpan-verify found the journal wrong"
[[ $acknowledged -gt 0 ]] || fail "no round acknowledged an event: nothing was shown"
[[ $rounds -lt 2 || $repeated -gt 0 ]] || fail "no event was repeated after a kill: nothing was shown about repeats"
echo "kill9: $rounds kills, $acknowledged events acknowledged, none lost; $repeated repeated after a kill, none answered otherwise"
