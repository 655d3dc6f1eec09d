#!/usr/bin/env bash
# docs/architecture.md says where each invariant is guarded: every file it names exists and has the
# invariant's number at something that can fail. A comment alone guards nothing. Argument: the checkout.
set -euo pipefail
cd "$1"
guard='SUANPAN_ASSERT|EXPECT_|ASSERT_|RC_ASSERT|"INV-|refused\(Code::| -> '

# guarded NUMBER FILE: the number stands on the line of a guard, or up to two lines from one.
guarded() {
    # Read to its end: one that stopped at the first match would now and then break the pipe.
    [[ -f $2 ]] && grep -w -B1 -A2 -- "$1" "$2" | grep -E "$guard" >/dev/null
}

rows=0
wrong=0
while IFS='|' read -r _ number _ guards _; do
    number=${number// /}
    rows=$((rows + 1))
    files=$(grep -o '`[^`]*`' <<<"$guards" | tr -d '`')
    for file in $files; do
        if ! guarded "$number" "$file"; then
            echo "docs/architecture.md: $file does not guard $number"
            wrong=$((wrong + 1))
        fi
    done
    if [[ -z $files ]]; then
        echo "docs/architecture.md: $number names no guard"
        wrong=$((wrong + 1))
    fi
done <<<"$(grep '^| INV-' docs/architecture.md)"
# The check itself: here INV-7 stands in a comment only.
if guarded INV-7 server/ledger/request_log.h; then
    echo 'FAILED: a comment counts as a guard'
    wrong=$((wrong + 1))
fi
echo "$rows invariants, $wrong wrong"
((rows >= 9 && wrong == 0))
