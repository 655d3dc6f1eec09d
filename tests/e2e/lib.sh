# Sourced by the scripts of tests/e2e: a real suanpand in a folder of its own.
#
# Wants `bin`, the build folder. Gives a scratch folder that goes when the script ends, start_server,
# kill_server, stop_server, expect. Ends only processes that it started, by their pid.
set -euo pipefail

bin=${1:?usage: $0 BUILD_FOLDER}
suanpand=$bin/server/suanpand
load=$bin/bench/suanpan-load
verify=$bin/tools/suanpan-verify
tool=$bin/client/suanpan
scratch=$(mktemp -d "${TMPDIR:-/tmp}/suanpan-e2e.XXXXXX")
server_pid=
ready=$scratch/ready.json

finish() {
    local status=$?
    [[ -z $server_pid ]] || kill -9 "$server_pid" 2>/dev/null || true
    [[ $status == 0 ]] || { echo "--- the server's last words:" >&2; tail -n 20 "$scratch/server.log" >&2 || true; }
    rm -rf "$scratch"
    exit $status
}
trap finish EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

openssl rand -hex 32 >"$scratch/key"
chmod 600 "$scratch/key"
cat >"$scratch/partners.toml" <<EOF
[[partner]]
id = 1
name = "end to end"
key = "$(cat "$scratch/key")"
kinds = "all"
programs = "all"
EOF
chmod 600 "$scratch/partners.toml"

# start_server [FLAGS...]: returns once it answers; its ports are in $ready. A machine that does much
# else may be given more time than a minute: SUANPAN_START_SECONDS.
start_server() {
    rm -f "$ready"
    "$suanpand" --data-dir "$scratch/data" --partners-file "$scratch/partners.toml" --port 0 \
        --metrics-port 0 --ready-file "$ready" "$@" >>"$scratch/server.log" 2>&1 &
    server_pid=$!
    local waited=0
    while [[ ! -e $ready ]]; do
        kill -0 "$server_pid" 2>/dev/null || { server_pid=; return 1; }
        sleep 0.02
        waited=$((waited + 1))
        [[ $waited -lt $((${SUANPAN_START_SECONDS:-60} * 50)) ]] ||
            fail "the server was not ready within ${SUANPAN_START_SECONDS:-60} s"
    done
    port=$(sed 's/.*"port":\([0-9]*\),.*/\1/' "$ready")
    metrics_port=$(sed 's/.*"metrics_port":\([0-9]*\).*/\1/' "$ready")
    target=(--server "127.0.0.1:$port" --partner 1 --key-file "$scratch/key")
}

kill_server() {
    kill -9 "$server_pid"
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}

# SIGTERM; the server must end by itself, with exit code 0.
stop_server() {
    local status=0
    kill -TERM "$server_pid"
    wait "$server_pid" || status=$?
    server_pid=
    [[ $status == 0 ]] || fail "the server's exit code after SIGTERM was $status"
}

# expect EXIT_CODE PATTERN ARGUMENTS...: runs the tool; PATTERN is a bash pattern of all it prints.
expect() {
    local wanted=$1 pattern=$2 said status=0
    shift 2
    said=$("$tool" "${target[@]}" "$@" 2>&1) || status=$?
    [[ $status == "$wanted" ]] || fail "suanpan $*: exit code $status, not $wanted: $said"
    [[ $said == $pattern ]] || fail "suanpan $*: said '$said', not '$pattern'"
}
# request_of ANSWER: the request id that the tool said it used.
request_of() { sed -n 's/^request //p' <<<"$1"; }
