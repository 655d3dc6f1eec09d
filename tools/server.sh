# shellcheck shell=bash
# Sourced by scripts that start a suanpand of their own: tools/demo, tools/soak, bench/side_by_side, tests.
#
# All of a server lies in one FOLDER: key, partners.toml, data, ready.json, server.log. The script that
# sources this ends what it started: `server_pid` is the running server, empty where there is none.
server_pid=

# write_partners FOLDER: a fresh key, and one partner, number 1, who may do everything with it.
write_partners() (
    umask 077
    openssl rand -hex 32 >"$1/key"
    printf '[[partner]]\nid = 1\nname = "trial"\nkey = "%s"\nkinds = "all"\nprograms = "all"\n' \
        "$(cat "$1/key")" >"$1/partners.toml"
)

# start_suanpand SUANPAND FOLDER [FLAGS...]: returns once it answers, with server_pid, port and
# metrics_port. 1: it ended, or did not answer within SUANPAN_START_SECONDS (60), and is gone.
start_suanpand() {
    local suanpand=$1 folder=$2 partners=() waited=0
    shift 2
    [[ ! -e $folder/partners.toml ]] || partners=(--partners-file "$folder/partners.toml")
    rm -f "$folder/ready.json"
    "$suanpand" --data-dir "$folder/data" "${partners[@]}" --port 0 --metrics-port 0 \
        --ready-file "$folder/ready.json" "$@" >>"$folder/server.log" 2>&1 &
    server_pid=$!
    until [[ -e $folder/ready.json ]]; do
        waited=$((waited + 1))
        if ! kill -0 "$server_pid" 2>/dev/null; then server_pid=; return 1; fi
        if [[ $waited -gt $((${SUANPAN_START_SECONDS:-60} * 50)) ]]; then
            echo "the server was not ready within ${SUANPAN_START_SECONDS:-60} s" >&2
            kill -9 "$server_pid"
            server_pid=
            return 1
        fi
        sleep 0.02
    done
    port=$(sed 's/.*"port":\([0-9]*\),.*/\1/' "$folder/ready.json")
    metrics_port=$(sed 's/.*"metrics_port":\([0-9]*\).*/\1/' "$folder/ready.json")
}

# metric NAME: a number of the running server; nothing where its page has no such name.
metric() { curl -s "http://127.0.0.1:$metrics_port/metrics" | awk -v name="$1" '$1 == name { printf "%.0f\n", $2 }'; }

# figure FILE KEY [DIVISOR DIGITS]: the first number under KEY in a JSON file of suanpan-load; ? where there is none.
figure() {
    grep -o "\"$2\":[-+.0-9eE]*" "$1" | head -n 1 | cut -d: -f2 |
        awk -v by="${3:-1}" -v digits="${4:-0}" '{ printf "%.*f\n", digits, $1 / by; got = 1 } END { if (!got) print "?" }'
}
