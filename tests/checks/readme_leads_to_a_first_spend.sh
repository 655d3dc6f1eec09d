#!/usr/bin/env bash
# The commands of a README, run as they stand there, end with the balance that it promises.
#
# Arguments: the checkout, suanpand, suanpan, the README's name. The server's port is the system's
# choice and its data lies in a temporary directory; everything else is the README's.
set -euo pipefail
root=$1 suanpand=$2 suanpan=$3 readme=$4
cd "$root"
scratch=$(mktemp -d)
server=
finish() {
    status=$?
    if [[ -n $server ]]; then kill -KILL "$server" 2>/dev/null || true; fi
    if ((status != 0)); then sed 's/^/suanpand: /' "$scratch/log"; fi
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
"$suanpand" "${start[@]:1}" --data-dir "$scratch/data" --port 0 --metrics-port 0 --segment-bytes 64MiB \
    --ready-file "$scratch/ready" >"$scratch/log" 2>&1 &
server=$!
for ((tries = 0; tries < 600; tries++)); do
    if [[ -s $scratch/ready ]]; then break; fi
    kill -0 "$server" 2>/dev/null || fail 'the server ended'
    sleep 0.1  # between two looks at the ready file; the number of looks is the bound
done
[[ -s $scratch/ready ]] || fail 'the server did not become ready within a minute'
port=$(sed -E 's/.*"port":([0-9]+).*/\1/' "$scratch/ready")

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

kill -TERM "$server"
wait "$server" || fail "the server ended with $?"
server=
echo "every command of $readme did what it says"
