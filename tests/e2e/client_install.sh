#!/usr/bin/env bash
# What a partner does: install the client library, build client/examples/ with find_package(suanpan)
# and nothing else of this tree, and spend from C++ and from C.
#
#   client_install.sh BUILD_FOLDER SOURCE_FOLDER CXX_COMPILER C_COMPILER [COMPILER_FLAGS]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source_folder=$2 cxx=$3 cc=$4 flags=${5:-}

cmake -DCMAKE_INSTALL_PREFIX="$scratch/installed" -P "$bin/client/cmake_install.cmake" >"$scratch/install.log"
# A copy, so that nothing of the tree can be found by a relative path.
cp -r "$source_folder/client/examples" "$scratch/examples"
cmake -S "$scratch/examples" -B "$scratch/built" -DCMAKE_PREFIX_PATH="$scratch/installed" \
    -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_C_FLAGS="$flags" >"$scratch/configure.log" ||
    { cat "$scratch/configure.log" >&2; fail "find_package(suanpan) does not work"; }
cmake --build "$scratch/built" >"$scratch/build.log" 2>&1 ||
    { cat "$scratch/build.log" >&2; fail "the examples do not build"; }

start_server --segment-bytes 64MiB
"$scratch/installed/bin/suanpan" "${target[@]}" program create 1 --name Examples >/dev/null
for example in first_spend first_spend_c; do
    said=$("$scratch/built/$example" "$port" 1 "$(cat "$scratch/key")" 1) || fail "$example failed: $said"
    [[ $said == "spent 60 points as entry "*"; 40 are left" ]] || fail "$example said: $said"
done
stop_server
echo "installed, built and spent"
