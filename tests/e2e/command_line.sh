#!/usr/bin/env bash
# The command line tool against a real sandbox: what it says, and the exit codes scripts rely on.
#
#   command_line.sh BUILD_FOLDER
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_server --sandbox --shards 2 --segment-bytes 64MiB
expect 0 '*2 shards, a sandbox*' ping -n 3
expect 0 'done: program 1 *' program create 1 --name Lotus --expiry days:30
expect 1 '*program_exists*' program create 1 --name Lotus
expect 0 'done: 100 points *available 100, held 0*' earn name:alice 100
expect 0 '*available 40, held 0*' spend name:alice 60
expect 1 'refused: insufficient_points (315)*detail 60*' spend name:alice 100
expect 0 '*available 30, held 10*hold *' hold name:alice 10 --for 1h
expect 0 'available 30, held 10' balance name:alice
expect 0 '*"available":30,"held":10*' balance name:alice --json
expect 0 '*hold*-10*spend*-60*earn*100*' statement name:alice
expect 2 '*32 hex digits*' spend alice 1
expect 2 '*Run with --help*' spend
expect 0 '302 capture_exceeds_hold*' code 302
expect 2 '*no code*' code 299

# The same request id: once, however often; with other contents: refused.
said=$("$tool" "${target[@]}" spend name:alice 5)
id=$(request_of "$said")
expect 0 '*available 25, held 10*' spend name:alice 5 --request-id "$id"
expect 1 '*request_id_reused*' spend name:alice 6 --request-id "$id"
expect 0 'available 25, held 10' balance name:alice
expect 0 '*It was executed, once*spend and took 5 points*' explain name:alice "$id"
expect 0 '*unknown_yet*' lookup name:alice "${id%?????}00000"

# Time passes: the hold times out and all points expire; ids go by the server's clock.
expect 0 '*server*clock says *' clock advance 31d
expect 0 'available 0, held 0' balance name:alice
expect 0 '*available 7, held 0*' earn name:alice 7
expect 3 'unknown: request_too_old*' spend name:alice 5 --request-id "${id%?????}00000"
expect 0 '*not_executed*' lookup name:alice "${id%?????}00000"
expect 0 '*durable spends per second*' bench --for 500ms --members 20
expect 0 '*ready*flush*stalls*durable up to entry*' top --metrics-port "$metrics_port" --rounds 1 --interval 200ms

# Nobody there, and the wrong key.
openssl rand -hex 32 >"$scratch/wrong-key"
expect 4 '*Check partner number and key*' --key-file "$scratch/wrong-key" ping
stop_server
expect 4 '*cannot connect*' ping
echo "the tool said what it should"
