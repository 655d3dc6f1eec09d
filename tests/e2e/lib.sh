# shellcheck shell=bash
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
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/server.sh"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/suanpan-e2e.XXXXXX")
ready=$scratch/ready.json

finish() {
    local status=$?
    [[ -z $server_pid ]] || kill -9 "$server_pid" 2>/dev/null || true
    # A key is never in a log.
    if [[ -e $scratch/server.log ]] && grep -qiF -f "$scratch/key" "$scratch/server.log"; then
        echo "FAILED: the partner's key stands in the server's log" >&2
        status=1
    fi
    [[ $status == 0 ]] || { echo "--- the server's last words:" >&2; tail -n 20 "$scratch/server.log" >&2 || true; }
    rm -rf "$scratch"
    exit $status
}
trap finish EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

write_partners "$scratch"

# write_master_keys FILE: one fresh key that card codes are sealed under.
write_master_keys() ( umask 077; printf 'suanpan master keys 1\n1 %s\n' "$(openssl rand -hex 32)" >"$1"; )

# write_rules [LINE...]: $scratch/rules.toml, for program 1: ten points pay ¥1. The lines belong to that deduction.
write_rules() {
    {
        printf 'program = 1\nversion = 1\nauthor = "ops"\neffective_from = 2026-01-01T00:00:00Z\n'
        printf '[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n'
        printf '%s' "${@/%/$'\n'}"
    } >"$scratch/rules.toml"
}

# A machine that does much else may need more than the minute that people wait.
export SUANPAN_START_SECONDS=${SUANPAN_START_SECONDS:-180}

# start_server [FLAGS...]: returns once it answers; its ports are in $ready.
start_server() {
    start_suanpand "$suanpand" "$scratch" "$@" || return 1
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
    # shellcheck disable=SC2053  # a pattern
    [[ $said == $pattern ]] || fail "suanpan $*: said '$said', not '$pattern'"
}
# request_of ANSWER: the request id that the tool said it used.
request_of() { sed -n 's/^request //p' <<<"$1"; }
