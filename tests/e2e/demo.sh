#!/usr/bin/env bash
# tools/demo, small: it must keep its promises, must notice when the server breaks them, and with --keep must
# leave a server that answers what it says to ask.
#
#   demo.sh BUILD_FOLDER [--unsafe]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "$1" && pwd)
output=$(mktemp)
trap 'rm -f "$output"' EXIT
flags=()
keep=(--keep)
[[ ${2:-} != --unsafe ]] || { keep=(); flags=(-- --unsafe-reply-before-commit); }

demo() {
    status=0
    "$root/tools/demo" --build "$build" "${keep[@]}" --seconds 2 --members 5000 "${flags[@]}" >"$output" 2>&1 || status=$?
}
demo
# A kill can hit a moment in which nothing waits for a commit: then there is nothing to notice.
for again in 1 2; do
    [[ ${2:-} != --unsafe || $status != 0 ]] || { echo "no losses to notice, attempt $again"; demo; }
done

# expect PATTERN: a line of the demo's output.
expect() {
    grep -Eq "$1" "$output" || { cat "$output"; echo "FAILED: the demo does not say: $1" >&2; exit 1; }
}
if [[ ${2:-} == --unsafe ]]; then
    [[ $status == 1 ]] || { cat "$output"; echo "FAILED: exit code $status of a demo that lost events" >&2; exit 1; }
    expect 'acknowledged events lost: [1-9]'
else
    [[ $status == 0 ]] || { cat "$output"; echo "FAILED: the demo's exit code was $status" >&2; exit 1; }
    expect '^  a new member with 50 points, .*: 50 points and ¥15\.00$'
    expect '^  a regular on a double day, .*: 1,500 points and nothing else$'
    expect '^  a merchant that lets points pay .* take 1,500 points and ¥15\.00;$'
    expect '^    product 9 comes back: 500 points and ¥15\.00$'
    expect '^  30 served, by ticket 1 to 30; 20 told exactly that it is sold out; each code to one of them; all kept through kill -9$'
    expect 'acknowledged events lost: 0$'
    expect 'issued = available \+ held \+ pending \+ spent \+ expired \+ revoked: holds$'
    expect 'durable events per second +[1-9]'
    expect 'p99\.9, ms +[0-9.]+ / [0-9.]+ / [0-9.]+$'
    expect 'longest stall, ms +[0-9.]+$'
    expect 'raw flush of 4 KiB here +.*[0-9]'
    expect 'journal bytes per event +[1-9][0-9]*$'
    expect 'recovery after SIGKILL, ms +[1-9][0-9]* \([0-9]+ entries replayed\)$'
    # It ends nothing but the server whose number the demo printed.
    pid=$(sed -n 's/^The server is running (pid \([0-9]*\)).*/\1/p' "$output")
    [[ -n $pid ]] || { cat "$output"; echo 'FAILED: the demo kept no server' >&2; exit 1; }
    trap 'kill "$pid" 2>/dev/null || true; rm -f "$output"' EXIT
    said=$(bash -eo pipefail -c "$(sed -n '/^The server is running/,/^Stop it with/p' "$output" | grep '^  ' |
        sed 's/curl /curl -sS /')") || { cat "$output"; echo 'FAILED: what the demo says to run does not' >&2; exit 1; }
    [[ $said == *'available 100'*'available 40'*spend*-60*earn*100*suanpan_events_done_total* ]] ||
        { echo "FAILED: the kept server said: $said" >&2; exit 1; }
    kill "$pid"
    for ((i = 0; i < 300; ++i)); do [[ -e /proc/$pid ]] || break; sleep 0.1; done
    [[ ! -e /proc/$pid ]] || { echo 'FAILED: the kept server does not stop' >&2; exit 1; }
    rm -rf "$(dirname "$(sed -n 's/.*SUANPAN_KEY_FILE=//p' "$output")")"
fi
grep -E 'per second|lost:|holds' "$output" || true
