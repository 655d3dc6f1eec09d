#!/usr/bin/env bash
# The disk refuses a flush under a real server: nobody is told that the change is there, the process
# ends with 70 and does not start again until an operator says so; then nothing acknowledged is lost.
#
#   failed_flush.sh BUILD_FOLDER
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
flags=(--shards 2 --segment-bytes 64MiB)
# LeakSanitizer cannot work in a process that is traced.
export ASAN_OPTIONS=detect_leaks=0

start_server "${flags[@]}"
expect 0 'done: program 1 *' program create 1 --name Lotus
expect 0 '*' earn name:alice 100
kept=$(request_of "$("$tool" "${target[@]}" spend name:alice 30)")

# From here on no flush succeeds; it says so once it has all threads.
strace -q -f -p "$server_pid" -e trace=fdatasync,fsync,msync -e inject=fdatasync,fsync,msync:error=EIO \
    -o "$scratch/trace" 2>"$scratch/strace.log" &
tracer=$!
waited=0
until [[ $(grep -c '^TracerPid:[[:space:]]*[1-9]' /proc/"$server_pid"/task/*/status | grep -c ':1$') == \
    $(find "/proc/$server_pid/task" -mindepth 1 -maxdepth 1 | wc -l) ]]; do
    sleep 0.1
    waited=$((waited + 1))
    [[ $waited -lt 100 ]] || fail "strace did not attach: $(cat "$scratch/strace.log")"
done

status=0
said=$("$tool" "${target[@]}" --deadline 5s spend name:alice 50 2>&1) || status=$?
[[ $status == 3 && $said == *unknown:* ]] || fail "a spend whose flush failed: exit code $status, '$said'"
lost=$(request_of "$said")
status=0
wait "$server_pid" || status=$?
server_pid=
wait "$tracer" || true
grep -q 'EIO.*INJECTED' "$scratch/trace" || fail "no flush was refused"
[[ $status == 70 ]] || fail "the server's exit code after a failed flush was $status, not 70"
[[ -e $scratch/data/FLUSH_FAILED ]] || fail "there is no FLUSH_FAILED"
grep -q 'flush failed' "$scratch/server.log" || fail "its log does not say that a flush failed"

# Not again by itself.
status=0
"$suanpand" --data-dir "$scratch/data" --partners-file "$scratch/partners.toml" --port 0 --metrics-port 0 \
    "${flags[@]}" >"$scratch/refused.log" 2>&1 || status=$?
[[ $status == 1 ]] || fail "a start after a failed flush: exit code $status, not 1"
grep -q -e '--trust-after-failed-flush' "$scratch/refused.log" || fail "it does not say what to do: $(cat "$scratch/refused.log")"

start_server "${flags[@]}" --trust-after-failed-flush
[[ ! -e $scratch/data/FLUSH_FAILED ]] || fail "FLUSH_FAILED is still there"
expect 0 '*30*' lookup name:alice "$kept"
# Done or not, the lookup knows; and the same id does it once.
expect 0 '*' lookup name:alice "$lost"
expect 0 'done: *' spend name:alice 50 --request-id "$lost"
expect 0 'available 20, held 0' balance name:alice
stop_server
"$verify" "$scratch/data" >/dev/null || fail "suanpan-verify finds the journal wrong"
echo "failed flush: exit code 70, nothing acknowledged lost, nothing twice"
