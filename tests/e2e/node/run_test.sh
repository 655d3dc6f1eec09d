#!/usr/bin/env bash
# The Node client's tests: run_test.sh SUANPAND FOLDER, where generated files may be written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
if [[ ! -d node_modules/flatbuffers || ! -d node_modules/typescript ]]; then
    echo "the npm packages are missing; run tools/setup (or: npm ci --prefix tests/e2e/node)" >&2
    exit 1
fi
export SUANPAND=$1 SUANPAN_WIRE=$2
exec node --test client_test.mjs
