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
expect 0 '*It was executed, once*spend of 5 points*Taken: 5 points, granted points of the lot that*version 1 of the program*SHA-256*' explain name:alice "$id"
expect 0 '*unknown_yet*' lookup name:alice "${id%?????}00000"

# Time passes: the hold times out and all points expire; ids go by the server's clock.
expect 0 '*server*clock says *' clock advance 31d
expect 0 'available 0, held 0' balance name:alice
expect 0 '*available 7, held 0*' earn name:alice 7
expect 3 'unknown: request_too_old*' spend name:alice 5 --request-id "${id%?????}00000"
expect 0 '*not_executed*' lookup name:alice "${id%?????}00000"
expect 0 '*durable spends per second*' bench --for 500ms --members 20
expect 0 '*ready*flush*stalls*durable up to entry*' top --metrics-port "$metrics_port" --rounds 1 --interval 200ms

# An order, paid with points and cash: rules, quote, settle, confirm, refund.
cat >"$scratch/rules.toml" <<'RULES'
program = 1
version = 1
author = "ops"
effective_from = 2026-01-01T00:00:00Z
[[deduction]]
id = 1
points = 10
money = 100
RULES
expect 1 '*rules_not_found*' quote name:bert --line 1@2000
expect 0 '*available 50, held 0*' earn name:bert 50
sed 's/points = 10/points = 0/' "$scratch/rules.toml" >"$scratch/wrong.toml"
expect 1 'refused: rules_invalid*deduction*' rules put "$scratch/wrong.toml"
expect 0 'done: version 1 as entry *' rules put "$scratch/rules.toml"
expect 1 '*version_not_next*' rules put "$scratch/rules.toml"
expect 0 '*version 1 *points = 10*' terms
expect 0 '50 points pay 500 of 2,000; cash 1,500*' quote name:bert --line 1@2000
token=$("$tool" "${target[@]}" quote name:bert --line 1@2000 | sed -n 's/^token //p')
expect 1 '*quote_not_authentic*' settle name:bert A1 --token "${token%??}ff"
expect 1 '*quote_not_authentic*' settle name:alice A1 --token "$token"
expect 0 'waiting for cash: *available 0, held 50*' settle name:bert A1 --token "$token"
expect 1 '*order_exists*detail 1*' settle name:bert A1 --token "$token"
expect 1 '*payment_differs*detail 1500*' confirm name:bert A1 --payment P1 --amount 1 --currency CNY
expect 0 'confirmed: *available 0, held 0*' confirm name:bert A1 --payment P1 --amount 1500 --currency CNY
expect 0 'cash to return 250: *8 points*' refund-order name:bert A1 --amount 333
expect 0 '*confirmed (refunded)*50 points paid 500 of 2,000*refunded 333*' order name:bert A1
expect 0 '*refund_order*8*confirm*-50*settle*-50*' statement name:bert
expect 0 '*available 50, held 0*' earn name:bert 42
token=$("$tool" "${target[@]}" quote name:bert --line 1@2000 | sed -n 's/^token //p')
expect 0 'waiting for cash: *' settle name:bert A2 --token "$token"
expect 0 '*' clock advance 1h
expect 0 'available 50, held 0' balance name:bert
expect 0 'cancelled (timed out)*' order name:bert A2
expect 0 'too late, return the cash: *' confirm name:bert A2 --payment P2 --amount 1500 --currency CNY
expect 1 '*order_exists*detail 3*' settle name:bert A3 --token "$token"

# Nobody there, and the wrong key.
openssl rand -hex 32 >"$scratch/wrong-key"
expect 4 '*Check partner number and key*' --key-file "$scratch/wrong-key" ping
stop_server
expect 4 '*cannot connect*' ping
echo "the tool said what it should"
