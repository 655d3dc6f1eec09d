#!/usr/bin/env bash
# The include check finds each kind of wrong include, says where, and accepts what is right.
# Argument: the checkout.
set -euo pipefail
check=$1/tools/check/includes
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{protocol/base,protocol/codec,storage,server/ledger,server/rules,server/shard,server/net,client,bench,tests/model,tests/support,tools}

# put FILE LINE...: a file of these lines.
put() {
    local file=$tree/$1
    shift
    printf '%s\n' "$@" >"$file"
}
put protocol/base/ids.h '#pragma once' '#include <cstdint>'
put protocol/code.h '#pragma once' '#include "protocol/base/ids.h"'
put protocol/codec/wire.h '#pragma once' '#include <flatbuffers/flatbuffers.h>' '#include "suanpan_generated.h"'
put protocol/codec.cc '#include "protocol/codec/wire.h"'
put storage/lmdb_env.cc '#include <lmdb.h>'
put storage/journal.h '#pragma once' '#include "protocol/code.h"'
put server/ledger/lot.h '#pragma once' '#include "protocol/code.h"'
put server/shard/shard.h '#pragma once' '#include "server/ledger/lot.h"' '#include "storage/journal.h"'
put server/net/session.cc '#include "server/shard/shard.h"'
put server/net/connection.cc '#include <boost/asio.hpp>' '#include "server/shard/shard.h"'
put server/rules/day.cc '#include <chrono>' '// no system_clock here'
put tests/support/subject.h '#pragma once' '#include "protocol/code.h"'
put tests/model/model.cc '#include "tests/support/subject.h"'
put server/main.cc '#include "server/shard/shard.h"'
put client/suanpan.h '#ifndef SUANPAN_H' '#define SUANPAN_H' 'extern "C" {' '}' '#endif'
put tools/audit.h '#pragma once' '#include "server/ledger/lot.h"'
put bench/lmdb_alone.cc '#include <lmdb.h>' '#include "storage/journal.h"'
"$check" "$tree" || { echo 'FAILED: refuses a tree that is right'; exit 1; }

# finds FILE SENTENCE LINE...: FILE of these lines is found, in its last line, with this sentence.
finds() {
    local file=$1 sentence=$2 output
    shift 2
    if [[ -f $tree/$file ]]; then cp "$tree/$file" "$tree/kept"; fi
    put "$file" "$@"
    if output=$("$check" "$tree"); then
        echo "FAILED: accepts $file with: $*"
        exit 1
    fi
    if ! grep -qF "$file:$#: " <<<"$output" || ! grep -qF "$sentence" <<<"$output"; then
        printf 'FAILED: for %s expected "%s" in:\n%s\n' "$file" "$sentence" "$output"
        exit 1
    fi
    rm "$tree/$file"
    if [[ -f $tree/kept ]]; then mv "$tree/kept" "$tree/$file"; fi
}
finds server/ledger/lot.h 'ledger may not include storage' '#pragma once' '#include "storage/journal.h"'
finds storage/segment.cc 'storage may not include ledger' '#include "server/ledger/lot.h"'
finds protocol/frame.cc 'protocol may not include storage' '#include "storage/journal.h"'
finds protocol/base/hash.cc 'base may not include protocol' '#include "protocol/code.h"'
finds client/client.cc 'client may not include shard' '#include "server/shard/shard.h"'
finds server/net/listener.cc 'net may not include ledger' '#include "server/ledger/lot.h"'
finds server/shard/router.cc 'shard may not include net' '#include "server/net/session.cc"'
finds server/shard/router.cc 'shard may not include main' '#include "server/main.cc"'
finds storage/segment.cc 'storage may not include bench' '#include "bench/lmdb_alone.cc"'
finds storage/segment.cc 'LMDB has one door' '#include <lmdb.h>'
finds storage/lmdb_env.h 'a second file' '#pragma once' '  #  include <lmdb.h>'
finds protocol/frame.cc 'FlatBuffers has one door' '#include "flatbuffers/flatbuffers.h"'
finds protocol/frame.cc 'FlatBuffers has one door' '#include "suanpan_generated.h"'
finds protocol/frame.cc 'the inside of the codec' '#include "protocol/codec/wire.h"'
finds server/shard/loop.cc 'Asio belongs to' '#include <boost/asio/io_context.hpp>'
finds server/ledger/lot.cc 'no thread' '#include <mutex>'
finds server/ledger/lot.cc 'no socket' '#include <sys/socket.h>'
finds server/ledger/lot.cc 'no thread' '#include <atomic>'
finds server/rules/quote.cc 'no disk' '#include <fstream>'
finds server/rules/quote.cc 'no clock' 'auto now = std::chrono::system_clock::now();'
finds server/rules/quote.cc 'no clock' 'const char* home = getenv("HOME");'
finds server/rules/quote.cc 'rules may not include ledger' '#include "server/ledger/lot.h"'
finds server/ledger/lot.cc 'ledger may not include rules' '#include "server/rules/day.cc"'
finds server/net/session.h 'knows no socket' '#pragma once' '#include <boost/asio/ip/tcp.hpp>'
finds server/main.cc 'main may not include ledger' '#include "server/ledger/lot.h"'
finds client/client.cc 'client may not include tools' '#include "tools/audit.h"'
finds tests/model/model.cc 'model may not include ledger' '#include "server/ledger/lot.h"'
finds tests/support/subject.h 'model may not include ledger' '#pragma once' '#include "server/ledger/lot.h"'
finds storage/segment.cc 'write it in quotes' '#include <server/ledger/lot.h>'
finds storage/segment.hpp 'named .cc and .h' ''
finds server/ledger/lot.cc 'includes start at the root' '#include "lot.h"'
finds server/ledger/lot2.h 'without #pragma once' ''
mkdir "$tree/server/new"
finds server/new/thing.cc 'no rule for the box new' ''
echo 'every wrong include was found'
