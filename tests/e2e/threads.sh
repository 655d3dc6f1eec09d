#!/usr/bin/env bash
# Every thread of a real server at once: load on all shards, commits on both threads, checkpoints,
# rotations (segments of 1 MiB), statements, orders, a sale of codes, the admin pages and a re-read
# partners file, with the client library; then kill -9, a recovery on another number of shards, and a
# stop in order. In the TSan build a data race ends the process that has it, and so this test.
#
#   threads.sh BUILD_FOLDER
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export TSAN_OPTIONS="halt_on_error=1:exitcode=66:${TSAN_OPTIONS:-}"
suanpand=$bin/tests/power/suanpan-small-server
write_master_keys "$scratch/master-keys"
flags=(--checkpoint-every-entries 2000 --master-keys-file "$scratch/master-keys")
units=40 shoppers=60

# run NAME COMMAND...: in the background, its output kept; finished NAME waits for it.
declare -A running
run() {
    local name=$1
    shift
    "$@" >"$scratch/$name.log" 2>&1 &
    running[$name]=$!
}
finished() {
    wait "${running[$1]}" || { cat "$scratch/$1.log"; fail "$1 ended with an error"; }
}
# Reads what another thread writes, while it does.
look_around() {
    local round
    for ((round = 0; round < 8; round++)); do
        "$tool" "${target[@]}" statement name:alice >/dev/null
        "$tool" "${target[@]}" balance name:alice >/dev/null
        "$tool" "${target[@]}" top --metrics-port "$metrics_port" --rounds 1 --interval 100ms >/dev/null
        kill -HUP "$server_pid"
    done
}

metric() { curl -sf "http://127.0.0.1:$metrics_port/metrics" | sed -n "s/^$1 //p"; }
# at_once WORDS...: the tool with these words for each shopper, four at a time.
at_once() {
    seq -f 'name:shopper-%02g' "$shoppers" | xargs -P 4 -I '{}' "$tool" "${target[@]}" "$@" || true
}

start_server --shards 3 "${flags[@]}"
expect 0 'done: program 1 *' program create 1 --name Lotus --expiry days:30
expect 0 'done: 90 points *' earn name:alice 90
write_rules
expect 0 'done: version 1 as entry *' rules put "$scratch/rules.toml"
cat >"$scratch/offers.toml" <<'OFFERS'
[[offer]]
id = 1
version = 1
program = 1
name = "coffee card"
kind = "code_backed"
points = 10
start = 2026-01-01T00:00:00Z
[offer.limits]
ever = 1
OFFERS
expect 0 '*' offers put --version 1 "$scratch/offers.toml"
seq -f 'THREAD-CARD-%04g' "$units" >"$scratch/codes.csv"
"$load" "${target[@]}" --members 300 --prepare --quiet --seconds 0 --events 1 >"$scratch/load.log" 2>&1 ||
    { cat "$scratch/load.log"; fail "cannot prepare the members"; }
run load "$load" "${target[@]}" --members 300 --connections 6 --mode open --rate 1500 --seconds 6 --warmup 0 --quiet \
    --mix spend=40,earn=40,hold=10,capture=5,balance=20
run client "$tool" "${target[@]}" bench --for 4s --members 50 --in-flight 1
run looks look_around
for each in 1 2 3 4; do
    token=$("$tool" "${target[@]}" quote name:alice --line 1@2000 --points 10 | sed -n 's/^token //p')
    expect 0 '*' settle name:alice "A$each" --token "$token"
    expect 0 'confirmed: *' confirm name:alice "A$each" --payment "P$each" --amount 1900 --currency CNY
done
at_once earn '{}' 10 >/dev/null
run import "$tool" "${target[@]}" codes import "$scratch/codes.csv" --offer 1 --batch 1
finished import
at_once --json redeem '{}' 1 >"$scratch/sale.json"
sold=$(grep -c '"code_name":"ok"' "$scratch/sale.json" || true)
[[ $sold == "$units" ]] || fail "$units cards should have been sold, not $sold"
finished looks
finished client
finished load
for ((waited = 0; ; waited++)); do
    rotations=$(metric suanpan_rotations_total) rounds=$(metric suanpan_checkpoint_rounds_total)
    [[ $rotations -lt 2 || $rounds -lt 1 ]] || break
    [[ $waited -lt 600 ]] || fail "$rotations rotations and $rounds checkpoint rounds within 60 s"
    sleep 0.1
done
kill_server
start_server --shards 2 "${flags[@]}"
expect 0 'available 50, held 0' balance name:alice
stop_server
if grep -A30 'ThreadSanitizer' "$scratch"/*.log; then fail 'a data race'; fi
echo 'threads: no race'
