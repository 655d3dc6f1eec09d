#!/usr/bin/env bash
# The commands of a README, run as they stand there, end with the balance that it promises.
#
# Arguments: the checkout, suanpand, suanpan, the README's name. The server's port is the system's
# choice and its data lies in a temporary directory; everything else is the README's.
set -euo pipefail
root=$1 suanpand=$2 suanpan=$3 readme=$4
cd "$root"
source tools/server.sh
scratch=$(mktemp -d)
finish() {
    status=$?
    if [[ -n $server_pid ]]; then kill -KILL "$server_pid" 2>/dev/null || true; fi
    if ((status != 0)); then sed 's/^/suanpand: /' "$scratch/server.log"; fi
    rm -rf "$scratch"
}
trap finish EXIT
fail() { echo "FAILED: $1"; exit 1; }

# The README's commands: the lines of four spaces that begin with one of these words.
mapfile -t lines <<<"$(grep -E '^    (build/release/server/suanpand|export|suanpan) ' "$readme" | sed 's/^    //')"
((${#lines[@]} >= 6)) || fail "$readme has only ${#lines[@]} commands"
[[ ${lines[0]} == build/release/server/suanpand* ]] || fail "$readme does not start the server first"
[[ ${lines[1]} == export* ]] || fail "$readme does not set up the shell second"

read -r -a start <<<"$(sed -E 's/ --data-dir [^ ]+//' <<<"${lines[0]}")"
start_suanpand "$suanpand" "$scratch" "${start[@]:1}" --segment-bytes 64MiB || fail 'the server did not start'

eval "${lines[1]}"
mkdir "$scratch/bin"
ln -s "$suanpan" "$scratch/bin/suanpan"
export PATH=$scratch/bin:$PATH SUANPAN_SERVER=127.0.0.1:$port
for line in "${lines[@]:2}"; do
    echo "\$ $line"
    output=$(eval "$line") || fail "'$line' ended with $?"
    echo "$output"
done
grep -qE '\b40\b' <<<"$output" || fail 'the last command does not show 40 points'

suanpan clock advance 31d >/dev/null
output=$(suanpan balance name:alice)
if grep -qE '\b40\b' <<<"$output"; then fail "after 31 days the points are still there: $output"; fi

kill -TERM "$server_pid"
wait "$server_pid" || fail "the server ended with $?"
server_pid=
echo "every command of $readme did what it says"
