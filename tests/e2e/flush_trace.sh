#!/usr/bin/env bash
# Traces the system calls of a real server that answers 200 spends, one in flight, and lets
# flush_trace.awk prove that every reply waited for the flush of its commit.
#
#   flush_trace.sh BUILD_FOLDER [FLAGS OF THE SERVER...]
#
# Exit code 3: a reply went out before its commit was durable.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
here=$(dirname "${BASH_SOURCE[0]}")
flags=("${@:2}")

# strace as a grandchild (-D), so that the server keeps the pid that lib.sh knows.
cat >"$scratch/traced" <<EOF
#!/bin/sh
exec strace -D -f -y -s 0 -o "$scratch/trace" -e trace=pwrite64,pwritev,writev,write,sendto,sendmsg,fdatasync,fsync,openat \\
    "$suanpand" "\$@"
EOF
chmod +x "$scratch/traced"
suanpand=$scratch/traced
# LeakSanitizer cannot work in a process that is traced.
export ASAN_OPTIONS=detect_leaks=0

start_server --shards 1 --segment-bytes 67108864 "${flags[@]}"
"$load" "${target[@]}" --members 10 --prepare --connections 1 --in-flight 1 --threads 1 --mix spend=100 \
    --seconds 0 --warmup 0 --events 200 --quiet >"$scratch/load.log" 2>&1 || { cat "$scratch/load.log"; fail "the load ended with an error"; }
stop_server
waited=0
until grep -q 'exited with 0' "$scratch/trace"; do
    sleep 0.1
    waited=$((waited + 1))
    [[ $waited -lt 100 ]] || fail "strace has not written its file to the end"
done
awk -v wanted=200 -f "$here/flush_trace.awk" "$scratch/trace" >"$scratch/verdict" || {
    tail -n 5 "$scratch/verdict"
    # Anything else that is wrong, too few replies included, is no reply that went out too early.
    grep -qE ': (a reply, while a commit|a reply without a commit before it)' "$scratch/verdict" || exit 1
    exit 3
}
cat "$scratch/verdict"
