#!/usr/bin/env bash
# Import and export with the real server: tests/e2e/transfer.sh BUILD_FOLDER
#
# An import and then its server are killed on the way; both go on, and nothing is applied twice. What
# an export then writes is what was imported, and the same import into a second server from that file
# gives the same balances.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

transfer=$bin/tools/suanpan-transfer
members=20000

create_program() {
    "$bin/client/suanpan" --server "127.0.0.1:$port" --partner 1 --key-file "$scratch/key" \
        program create 1 --name "Transfer test" >/dev/null
}

import() {
    "$transfer" import "$1" --server "127.0.0.1:$port" --partner 1 --key-file "$scratch/key" \
        --chunk-lines 500 "${@:2}"
}

# Sum of points per member, sorted: what two files must agree in.
balances() {
    awk -F, 'NR > 1 { sum[$1] += $3 } END { for (m in sum) print m, sum[m] }' "$1" | sort
}

awk -v members=$members 'BEGIN {
    print "member,program,amount,expires_at,restriction,origin"
    for (i = 1; i <= members; i++) {
        printf "%016x%016x,1,%d,,,granted\n", 42, i, i % 97 + 1
        if (i % 10 == 0) printf "%016x%016x,1,5,2150-01-01,0,purchased\n", 42, i
    }
}' >"$scratch/in.csv"

start_server --segment-bytes 64MiB --shards 2
create_program

# The import, killed once its state file says that some chunks are done.
import "$scratch/in.csv" >"$scratch/import.log" 2>&1 &
import_pid=$!
while ! grep -q '^offset = [1-9]' "$scratch/in.csv.import" 2>/dev/null; do
    kill -0 $import_pid 2>/dev/null || fail "the import ended early: $(cat "$scratch/import.log")"
    sleep 0.005
done
kill -9 $import_pid 2>/dev/null || true
wait $import_pid 2>/dev/null || true
kill_server
start_server --segment-bytes 64MiB --shards 2

import "$scratch/in.csv" >"$scratch/import.log" 2>&1 || fail "$(cat "$scratch/import.log")"
lines=$((members + members / 10))
grep -q "imported $lines lines, .*; 0 bad lines" "$scratch/import.log" || fail "$(cat "$scratch/import.log")"
import "$scratch/in.csv" >/dev/null || fail "the finished import, run again, did not do nothing"

stop_server
"$verify" "$scratch/data" >"$scratch/verify.log" || fail "$(cat "$scratch/verify.log")"
"$transfer" export "$scratch/data" --output "$scratch/out.csv" || fail "the export failed"
diff <(balances "$scratch/in.csv") <(balances "$scratch/out.csv") || fail "other balances came out"

# And back in, elsewhere.
mv "$scratch/data" "$scratch/first"
start_server --segment-bytes 64MiB
create_program
import "$scratch/out.csv" >"$scratch/import.log" 2>&1 || fail "$(cat "$scratch/import.log")"
stop_server
"$transfer" export "$scratch/data" --output "$scratch/again.csv" || fail "the second export failed"
diff <(sort "$scratch/out.csv") <(sort "$scratch/again.csv") || fail "the second export differs"
echo "transfer: $lines lines in, out and in again"
