#!/usr/bin/env bash
# docs/architecture.md says where each invariant is guarded: every file it names exists and has the
# invariant's number in it. Argument: the checkout.
set -euo pipefail
cd "$1"
rows=0
wrong=0
while IFS='|' read -r _ number _ guards _; do
    number=${number// /}
    rows=$((rows + 1))
    files=$(grep -o '`[^`]*`' <<<"$guards" | tr -d '`')
    for file in $files; do
        if ! grep -qw -- "$number" "$file" 2>/dev/null; then
            echo "docs/architecture.md: $number is not in $file"
            wrong=$((wrong + 1))
        fi
    done
    if [[ -z $files ]]; then
        echo "docs/architecture.md: $number names no guard"
        wrong=$((wrong + 1))
    fi
done <<<"$(grep '^| INV-' docs/architecture.md)"
echo "$rows invariants, $wrong wrong"
((rows >= 9 && wrong == 0))
