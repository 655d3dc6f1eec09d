#!/usr/bin/env bash
# kill -9 at random moments under load, again and again: no acknowledged event may be lost, none
# executed twice, and the journal must verify. After two kills in three the journal's tail is damaged
# as well, as a write that was cut short would leave it (damage_tail.cc).
#
#   kill9.sh BUILD_FOLDER [ROUNDS [SHARDS [FLAGS OF THE SERVER...]]]
#
# Ids are remembered for longer than the rounds take: else each look-up walks the journal back.
#
# CI plays 4 rounds. The hundred in a row, about ten minutes: tests/e2e/kill9.sh build/release 100 2
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

damages=(torn garbage none)
lost=0
start_server --shards "$shards" --segment-bytes 67108864 "${flags[@]}"
"$load" "${target[@]}" --members 2000 --prepare --quiet --seconds 0 --events 1 >"$scratch/load.log" 2>&1 ||
    { cat "$scratch/load.log"; fail "cannot prepare the members"; }
for ((round = 1; round <= rounds; round++)); do
    "$load" "${target[@]}" --members 2000 --connections 4 --in-flight 64 --mix spend=60,earn=40 \
        --seconds 30 --warmup 0 --acks "$scratch/acks.$round" --expect-cut --quiet --seed $((seed + round)) \
        >"$scratch/load.log" 2>&1 &
    load_pid=$!
    # The load writes acks once it is connected: what it says to a kill before that is no matter here.
    until [[ -e $scratch/acks.$round ]]; do
        kill -0 "$load_pid" 2>/dev/null || { cat "$scratch/load.log"; fail "the load did not start"; }
        sleep 0.02
    done
    sleep "$((RANDOM % 2)).$((RANDOM % 900 + 100))"
    kill_server
    wait "$load_pid" || grep -q 'no answer from the server' "$scratch/load.log" ||
        { cat "$scratch/load.log"; fail "the load ended with an error"; }
    damage=${damages[round % 3]}
    [[ $damage == none ]] || "$bin/tests/e2e/damage_tail" "$scratch/data" "$damage"
    start_server --shards $((RANDOM % 2 == 0 ? shards : shards % 4 + 1)) --segment-bytes 67108864 "${flags[@]}" ||
        fail "the server did not start after kill $round"
    for ((each = 1; each <= round; each++)); do
        "$load" "${target[@]}" --check-acks "$scratch/acks.$each" --quiet >"$scratch/check.log" 2>&1 || {
            cat "$scratch/check.log"
            lost=1
        }
    done
    grep -h '^acknowledged events' "$scratch/check.log" || true
    [[ $lost == 0 ]] || { echo "kill9: acknowledged events lost"; exit 3; }
done
stop_server
"$verify" "$scratch/data" || fail "suanpan-verify found the journal wrong"
echo "kill9: $rounds kills, nothing lost"
