#!/usr/bin/env bash
# The command line tool against a real sandbox: what it says, and the exit codes scripts rely on.
#
#   command_line.sh BUILD_FOLDER
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
write_master_keys "$scratch/master-keys"
start_server --sandbox --shards 2 --segment-bytes 64MiB --master-keys-file "$scratch/master-keys"
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

# The other changes of an account, each by the entry or hold that the one before printed.
number_behind() { sed -n "s/.*$1 \([0-9]*\).*/\1/p" <<<"$2" | head -n 1; }
earned=$(number_behind entry "$("$tool" "${target[@]}" earn name:dora 100)")
hold=$(number_behind hold "$("$tool" "${target[@]}" hold name:dora 40 --for 1h)")
expect 1 '*capture_exceeds_hold*' capture name:dora "$hold" 41
expect 0 'done: 25 points *available 60, held 15*' capture name:dora "$hold" 25
expect 0 'done: 15 points *available 75, held 0*' release name:dora "$hold"
spent=$(number_behind entry "$("$tool" "${target[@]}" spend name:dora 30)")
expect 0 'done: 10 points *available 55, held 0*' refund name:dora "$spent" 10
expect 1 '*refund_exceeds_original*detail 20*' refund name:dora "$spent" 21
expect 0 'done: 5 points *available 50, held 0*' revoke name:dora "$earned" 5
expect 0 '*available 47, held 0*' adjust name:dora -3 --reason 7
expect 0 '*available 55, held 0*' adjust name:dora 8 --expires 10d
expect 0 '*8*' expiring name:dora --within 20d
expect 0 'done*' freeze name:dora
expect 1 '*account_frozen*' spend name:dora 1
expect 0 'done*' unfreeze name:dora
expect 0 'done*' limit name:dora 1
expect 1 '*daily_limit_exceeded*detail 1*' spend name:dora 2
expect 0 'done*' limit name:dora none
expect 0 '*available 53, held 0*' spend name:dora 2
expect 0 'done*' member name:dora --source-version 3 --level 2 --segments 5 --birthday 02-29
expect 1 'refused: *' member name:dora --source-version 2 --level 1
expect 2 '*02-30*' member name:dora --source-version 9 --birthday 02-30
expect 0 'done: program 1 *' program update 1 --name Lotus --expiry days:30 --version 2
expect 1 'refused: *' program update 1 --name Lotus --expiry days:30 --version 2

# The same request id: once, however often; with other contents: refused.
said=$("$tool" "${target[@]}" spend name:alice 5)
id=$(request_of "$said")
expect 0 '*available 25, held 10*' spend name:alice 5 --request-id "$id"
expect 1 '*request_id_reused*' spend name:alice 6 --request-id "$id"
expect 0 'available 25, held 10' balance name:alice
expect 0 '*It was executed, once*spend of 5 points*Taken: 5 points, granted points of the lot that*version 2 of the program*SHA-256*' explain name:alice "$id"
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
write_rules 'order_money_max = 900'
expect 1 '*rules_not_found*' quote name:bert --line 1@2000
expect 0 '*available 50, held 0*' earn name:bert 50
sed 's/points = 10/points = 0/' "$scratch/rules.toml" >"$scratch/wrong.toml"
expect 1 'refused: rules_invalid*deduction*' rules put "$scratch/wrong.toml"
expect 0 'done: version 1 as entry *' rules put "$scratch/rules.toml"
expect 1 '*version_not_next*' rules put "$scratch/rules.toml"
hash=$(sha256sum "$scratch/rules.toml" | cut -d ' ' -f 1)
expect 0 "*version 1 *sha256 $hash*points = 10*" terms
[[ $("$bin/tools/suanpan-rules" check "$scratch/rules.toml") == *"hash $hash" ]] || fail "suanpan-rules has another hash than the server"
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
expect 0 'Order A1 was settled at *50 points paid 500, and 1,500 was left for cash.*333 of it came back: 8 points and 250 in cash.*version 1 of the program*SHA-256 *has this hash.*Its rule deduction 1 set order_money_max = 900.' explain name:bert --order A1
expect 1 '*order_not_found*' explain name:bert --order A9
expect 2 '*request id*' explain name:bert
expect 0 '*available 50, held 0*' earn name:bert 42
token=$("$tool" "${target[@]}" quote name:bert --line 1@2000 | sed -n 's/^token //p')
expect 0 'waiting for cash: *' settle name:bert A2 --token "$token"
expect 0 '*' clock advance 1h
expect 0 'available 50, held 0' balance name:bert
expect 0 'cancelled (timed out)*' order name:bert A2
expect 0 'too late, return the cash: *' confirm name:bert A2 --payment P2 --amount 1500 --currency CNY
expect 1 '*order_exists*detail 3*' settle name:bert A3 --token "$token"

# An offer: put, list, redeem until it is gone.
cat >"$scratch/offers.toml" <<'OFFERS'
[[offer]]
id = 5
version = 1
program = 1
name = "coffee card"
kind = "counted"
stock = 3
points = 100
start = 2026-01-01T00:00:00Z
[offer.limits]
per_order = 2
OFFERS
expect 1 '*offer_not_found*' redeem name:carol 5
sed 's/stock = 3/stock = -3/' "$scratch/offers.toml" >"$scratch/wrong.toml"
expect 1 'refused: offer_invalid*stock*' offers put "$scratch/wrong.toml" --version 1
expect 1 '*version_not_next*' offers put "$scratch/offers.toml" --version 2
expect 0 'done: version 1 of the offers as entry *' offers put "$scratch/offers.toml" --version 1
expect 2 '*offers MEMBER*' offers
expect 0 '*nothing that this member could take now*' offers name:carol
expect 0 '*' earn name:carol 1000
expect 0 '*coffee card*' offers name:carol
expect 1 '*offer_limit_exceeded*detail 2*' redeem name:carol 5 --quantity 3
expect 1 '*quantity_out_of_range*' redeem name:carol 5 --quantity 2147483648
said=$("$tool" "${target[@]}" redeem name:carol 5 --quantity 2 --origin 203.0.113.7)
[[ $said == 'done: ticket 1 of offer 5, 2 units for 200 points as entry '*'voucher 5-1-0-'*'code none'*'voucher 5-1-1-'*'available 800'* ]] ||
    fail "the redemption said: $said"
[[ $("$tool" "${target[@]}" redeem name:carol 5 --quantity 2 --origin 203.0.113.7 --request-id "$(request_of "$said")") == "$said" ]] ||
    fail "a repeat of the redemption said something else"
expect 1 '*request_id_reused*' redeem name:carol 5 --request-id "$(request_of "$said")"
expect 1 '*sold_out*' redeem name:carol 5 --quantity 2
expect 0 '*"redeemed":{"offer":5,"ticket":2,"vouchers":[*"code":null*' redeem name:carol 5 --json
expect 0 '5-1-0-*issued*1 of 1 uses left*5-1-1-*5-2-0-*' vouchers name:carol
expect 0 '*more: --after 5-1-0-*' vouchers name:carol -n 1
expect 0 'no vouchers' vouchers name:carol --state verified
expect 2 '*OFFER-TICKET-UNIT-HOME*' reveal name:carol 5-1

# Codes: a file with good and bad lines, in pieces; run again it brings nothing twice.
{
    cat "$scratch/offers.toml"
    sed 's/id = 5/id = 6/; s/counted/code_backed/; /^stock/d' "$scratch/offers.toml"
} >"$scratch/offers-2.toml"
expect 0 'done: version 2 of the offers as entry *' offers put "$scratch/offers-2.toml" --version 2
{
    echo 'code,expires_at'
    seq -f 'SECRET-CODE-%05g' 5000
    echo abc
    head -c 10000000 /dev/zero | tr '\0' x
    printf '\nSECRET-CODE-00001\nSECRET-LAST-1,2099-12-31'
} >"$scratch/codes.csv"
expect 1 '*line 5002: the code has fewer than 4 characters
line 5003: it is longer than 256 bytes
line 5004: the code is there already
done: 5,005 lines, 5,001 codes taken, 3 lines refused' codes import "$scratch/codes.csv" --offer 6 --batch 1
expect 1 '*done: 5,005 lines, *' codes import "$scratch/codes.csv" --offer 6 --batch 1
expect 1 '*"refused_lines":[{"line":5002,"fault":4*' codes import "$scratch/codes.csv" --offer 6 --batch 1 --json --from-line 5002
expect 1 '*offer_not_found*stopped before line 1:*--from-line 1*' codes import "$scratch/codes.csv" --offer 5 --batch 1
expect 2 '*no line 99999*' codes import "$scratch/codes.csv" --offer 6 --batch 1 --from-line 99999
expect 2 '*cannot be read*' codes import "$scratch/none.csv" --offer 6 --batch 1
said=$("$tool" "${target[@]}" redeem name:carol 6)
code=$(sed -n 's/.*  code \(SECRET-[A-Z]*-[0-9]*\)  .*/\1/p' <<<"$said")
voucher=$(sed -n 's/^voucher \([^ ]*\) .*/\1/p' <<<"$said")
[[ -n $code && -n $voucher ]] || fail "the redemption of a code said: $said"
expect 0 "$code" reveal name:carol "$voucher"
expect 1 '*voucher_not_found*' reveal name:bert "$voucher"
expect 0 "*\"revealed\":{\"voucher\":\"$voucher\",\"code\":\"$code\"}*" reveal name:carol "$voucher" --json
# The voucher's life: a token for the shop, or its code on standard input.
token=$("$tool" "${target[@]}" show name:carol "$voucher")
[[ $token =~ ^[0-9a-f]{96}$ ]] || fail "show said: $token"
expect 1 '*voucher_not_found*' show name:bert "$voucher"
expect 1 '*token_not_valid*' verify --token "${token%?}$([[ $token == *0 ]] && echo 1 || echo 0)" --reference BILL-1
expect 0 "done: 1 uses used, 0 left, as entry *voucher $voucher  verified*" verify --token "$token" --reference BILL-1
expect 0 '*"verified":{"voucher":"*"units":1,"left":0,"state":"verified"*' verify --token "$token" --reference BILL-1 --json
said=$("$tool" "${target[@]}" verify --code --reference BILL-2 <<<"$code" 2>&1) && fail "it was used twice: $said"
[[ $said == *voucher_resolved* ]] || fail "a second use said: $said"
expect 1 '*undo_too_late*' undo-verify "$voucher" --reference BILL-1
expect 2 '*96 hexadecimal digits*' verify --token abc --reference BILL-1
expect 2 '*--token TOKEN, or --code*' verify --reference BILL-1
! grep -rqa 'SECRET-' "$scratch/data" "$scratch/server.log" || fail "a code stands in a file of the server's"

# Nobody there, and the wrong key.
openssl rand -hex 32 >"$scratch/wrong-key"
expect 4 '*Check partner number and key*' --key-file "$scratch/wrong-key" ping
stop_server
expect 4 '*cannot connect*' ping
echo "the tool said what it should"
