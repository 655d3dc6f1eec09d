#!/usr/bin/env bash
# A backup is copied back and restored: what was acknowledged after it cannot run twice (INV-7).
#
#   restore.sh BUILD_FOLDER
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_server --segment-bytes 64MiB
expect 0 'done: program 1 *' program create 1 --name Lotus
kept=$(request_of "$("$tool" "${target[@]}" earn name:alice 100)")
stop_server
cp -a "$scratch/data" "$scratch/backup"
start_server --segment-bytes 64MiB
lost=$(request_of "$("$tool" "${target[@]}" spend name:alice 60)")
expect 0 'available 40, held 0' balance name:alice
kill_server

rm -r "$scratch/data"
cp -a "$scratch/backup" "$scratch/data"
status=0
"$bin/tools/suanpan-restore" "$scratch/data" 2>/dev/null || status=$?
[[ $status == 2 ]] || fail "suanpan-restore without --yes: exit code $status, not 2"
"$bin/tools/suanpan-restore" "$scratch/data" --yes >"$scratch/restore.log" || fail "suanpan-restore"
grep -q '^restored: incarnation 2' "$scratch/restore.log" || fail "it said $(cat "$scratch/restore.log")"
"$verify" "$scratch/data" >/dev/null || fail "suanpan-verify finds the restored directory wrong"
start_server --segment-bytes 64MiB
status=0
"$bin/tools/suanpan-restore" "$scratch/data" --yes 2>/dev/null || status=$?
[[ $status == 3 ]] || fail "suanpan-restore under a running server: exit code $status, not 3"
expect 0 'available 100, held 0' balance name:alice
expect 3 'unknown: request_too_old*' spend name:alice 60 --request-id "$lost"
expect 0 '*not_executed*' lookup name:alice "$lost"
expect 0 '*100*' lookup name:alice "$kept"
stop_server
echo "restore: nothing ran twice"
