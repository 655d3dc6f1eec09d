#!/usr/bin/env bash
# Quote secrets through starts of a real server: sealed, rotated with a quote open, given up.
#
#   quote_secrets.sh BUILD_FOLDER
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
flags=(--segment-bytes 64MiB)
identity=$scratch/data/SUANPAN

# quote: asks for one, and prints its token.
quote() { "$tool" "${target[@]}" quote name:bert --line 1@2000 | sed -n 's/^token //p'; }
# refused PATTERN FLAGS...: a start that does not come about, and says why; SUANPAN stays as it is.
refused() {
    local pattern=$1 before status=0
    shift
    before=$(sha256sum "$identity")
    "$suanpand" --data-dir "$scratch/data" --partners-file "$scratch/partners.toml" --port 0 --metrics-port 0 \
        "${flags[@]}" "$@" >"$scratch/refused.log" 2>&1 || status=$?
    [[ $status == 1 ]] || fail "a start with '$*': exit code $status, not 1"
    # shellcheck disable=SC2053  # a pattern
    [[ $(tail -n 1 "$scratch/refused.log") == $pattern ]] || fail "a start with '$*' said $(cat "$scratch/refused.log")"
    [[ $(sha256sum "$identity") == "$before" ]] || fail "a refused start has changed SUANPAN"
}

write_rules

# In the clear, as long as there is no master key.
start_server "${flags[@]}"
expect 0 'done: program 1 *' program create 1 --name Lotus --currency CNY
expect 0 'done: version 1 *' rules put "$scratch/rules.toml"
expect 0 '*' earn name:bert 600
clear=$(sed -n 's/^quote_secret = 1 0 0 //p' "$identity")
[[ ${#clear} == 64 ]] || fail "the quote secret does not stand in SUANPAN as it is documented"
token=$(quote)
stop_server
warned='whoever reads it can make quotes'
[[ $(grep -c "$warned" "$scratch/server.log") == 1 ]] || fail "a start with a clear quote secret does not warn of it once"

# The first start with master keys replaces it, and the quote holds.
write_master_keys "$scratch/master-keys"
start_server "${flags[@]}" --master-keys-file "$scratch/master-keys"
grep -q '^quote_secret = 2 1 0 ' "$identity" || fail "the quote secret was not sealed"
[[ $(grep -c "$warned" "$scratch/server.log") == 1 ]] || fail "a start with master keys warns of a clear quote secret"
! grep -q "$clear" "$identity" || fail "the clear quote secret is still in SUANPAN"
expect 0 'confirmed: *' settle name:bert A1 --token "$token"
token=$(quote)
stop_server

refused '*sealed under master key 1; start with --master-keys-file FILE*'
sed 's/^1 /2 /' "$scratch/master-keys" >"$scratch/other-keys"
refused '*which the master keys file does not have*' --master-keys-file "$scratch/other-keys"
write_master_keys "$scratch/wrong-keys"
refused '*does not open under master key 1*' --master-keys-file "$scratch/wrong-keys"

# A rotation, and a quote from before it.
start_server "${flags[@]}" --master-keys-file "$scratch/master-keys" --rotate-quote-secret
grep -q '^quote_secret = 3 1 0 ' "$identity" || fail "the quote secret was not rotated"
expect 0 'confirmed: *' settle name:bert A2 --token "$token"
token=$(quote)
stop_server

# Given up: open quotes have ended, orders have not.
start_server "${flags[@]}" --master-keys-file "$scratch/master-keys" --forget-quote-secrets
expect 1 '*quote_not_authentic*' settle name:bert A3 --token "$token"
expect 1 '*order_exists*' settle name:bert A1 --token "$(quote)"
expect 0 'confirmed: *' settle name:bert A3 --token "$(quote)"
stop_server
echo "quote secrets: sealed, rotated, given up"
