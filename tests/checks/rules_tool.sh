#!/usr/bin/env bash
# suanpan-rules as docs/rules.md shows it: the example there word for word, and every exit code.
#
#   tests/checks/rules_tool.sh ROOT SUANPAN_RULES
set -euo pipefail
root=$1
tool=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() { echo "rules_tool: $*" >&2; exit 1; }

# The text of the page behind "$ COMMAND", up to the next command or the end of the example.
shown() {
    awk -v command="    \$ $1" '
        $0 == command { on = 1; next }
        on && (/^    \$ / || /^[^ ]/) { exit }
        on { sub(/^    /, ""); print }' "$root/docs/rules.md" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}
shown "cat rules.toml" > rules.toml
shown "cat order.toml" > order.toml
shown "suanpan-rules quote rules.toml order.toml" > expected
[[ -s rules.toml && -s order.toml && -s expected ]] || fail "the example is not in docs/rules.md"
"$tool" quote rules.toml order.toml > quoted
head -n "$(wc -l < expected)" quoted | diff expected - || fail "the page shows another quote"
grep -q '^\* tier, percent: 1000$' quoted || fail "no limit bound"

expect() {  # CODE WORDS COMMAND...
    local code=0
    "${@:3}" > out 2>&1 || code=$?
    [[ $code == "$1" ]] || fail "exit $code instead of $1: ${*:3}: $(cat out)"
    grep -qF -- "$2" out || fail "'$2' is not in: $(cat out)"
}
expect 0 "program 1 version 1: sound" "$tool" check rules.toml
"$tool" terms rules.toml > terms.toml
expect 0 "hash $(sha256sum rules.toml | cut -d ' ' -f 1)" "$tool" check rules.toml
"$tool" terms terms.toml | diff terms.toml - || fail "the canonical form of the canonical form is another"
sed 's/percent = 5/percent = 4/; s/version = 1/version = 2/' rules.toml > worse.toml
expect 1 "adverse deduction 1.tiers: 5.00 % becomes 4.00 % at a balance of 1000" "$tool" diff rules.toml worse.toml
expect 0 "not adverse" "$tool" diff worse.toml rules.toml
sed 's/percent = 5/percent = 500/' rules.toml > wrong.toml
expect 1 "wrong.toml: line 10: deduction[1].tiers[3].percent: must be a percent" "$tool" check wrong.toml
expect 1 "line[1].unit_price: is missing" "$tool" quote rules.toml <(printf 'balance = 1\n[[line]]\n')
printf 'coupons = [9]\n[[line]]\nunit_price = 5\n' > coupon.toml
expect 1 "refused: there is no such coupon" "$tool" quote rules.toml coupon.toml
expect 2 "FILE is required" "$tool" check
expect 3 "nowhere.toml: cannot be read" "$tool" check nowhere.toml
echo "rules_tool: as the page says"
