#!/usr/bin/env bash
# A retention: old segments go, a baseline stands for them, and everything goes on: balances, starts
# with and without a checkpoint, statements up to where history ends, suanpan-verify.
#
#   retention.sh BUILD_FOLDER
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
flags=(--sandbox --shards 2 --segment-bytes 64MiB --retention-days 2)

said() { "$tool" "${target[@]}" "$@" 2>&1 || true; }
# answers PATTERN ARGUMENTS...: PATTERN is a bash pattern of all that the tool prints.
answers() {
    local pattern=$1 answer
    shift
    answer=$(said "$@")
    # shellcheck disable=SC2053  # a pattern
    [[ $answer == $pattern ]] || fail "suanpan $*: said '$answer', not '$pattern'"
}
metric() { curl -sf "http://127.0.0.1:$metrics_port/metrics" | sed -n "s/^$1 //p"; }

# Until the next segment is written.
wait_for_room() {
    local waited
    for ((waited = 0; waited < 600; waited++)); do
        [[ $(metric suanpan_journal_room) != 1 ]] || return 0
        sleep 0.1
    done
    fail "no room in the journal within 60 s"
}

start_server "${flags[@]}"
grep -q 'writing segments ahead' "$scratch/server.log" || fail "the first start did not say what it waits for"
answers 'done: program 9 *' program create 9 --name Lotus
answers 'done: 100 points *' earn name:alice 100 -p 9
spent=$(said spend name:alice 60 -p 9)
entry=$(sed -n 's/.*entry \([0-9]*\).*/\1/p' <<<"$spent")
[[ -n $entry ]] || fail "no entry number in: $spent"
# Until the first segment is full and its trailer written.
for ((round = 1; ; round++)); do
    "$load" "${target[@]}" --members 2000 --prepare --connections 4 --in-flight 16 --batch 64 --mix earn=100 \
        --seconds 2 --warmup 0 --quiet >"$scratch/load.log" 2>&1 || { cat "$scratch/load.log"; fail "the load failed"; }
    [[ ! -e $scratch/data/journal-0000000001.trailer ]] || break
    [[ $round -lt 60 ]] || fail "the first segment is not full yet"
done
wait_for_room
answers '*clock says*' clock advance 5d
answers 'done: 1 points *' earn name:alice 1 -p 9
# A start looks at once, and a kill before it finished must not matter.
kill_server
start_server "${flags[@]}"
for ((waited = 0; ; waited++)); do
    [[ $(metric suanpan_segments_retired_total) == 0 ]] || break
    [[ $waited -lt 600 ]] || fail "no segment was retired within 60 s"
    sleep 0.1
done
[[ ! -e $scratch/data/journal-0000000001.lmdb ]] || fail "the retired segment is still there"
baseline=$(echo "$scratch"/data/baseline-*.seal)
[[ -e $baseline && -e ${baseline%.seal}.lmdb ]] || fail "there is no sealed baseline"
[[ $(metric suanpan_baseline_lsn) -gt $entry ]] || fail "the metrics do not know the baseline"

answers 'available 41, held 0*' balance name:alice -p 9
answers '*a retention has removed*' statement name:alice -p 9
answers '*history_ends*' refund name:alice "$entry" 10 -p 9
kill_server
"$verify" "$scratch/data" >"$scratch/verify.log" || { cat "$scratch/verify.log"; fail "suanpan-verify after the kill"; }
grep -q '^baseline: the history begins after LSN' "$scratch/verify.log" || fail "verify says nothing of the baseline"
rm -f "$scratch"/data/checkpoint-*
start_server "${flags[@]}"
answers 'available 41, held 0*' balance name:alice -p 9
stop_server
"$verify" "$scratch/data" >"$scratch/verify.log" || { cat "$scratch/verify.log"; fail "suanpan-verify after the stop"; }
echo "retention: a segment went, nothing else did"
