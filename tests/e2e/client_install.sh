#!/usr/bin/env bash
# What a partner does: install the client library, build client/examples/ with find_package(suanpan)
# and nothing else of this tree; spend from C++ and from C, and check out.
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

write_master_keys "$scratch/master-keys"
start_server --segment-bytes 64MiB --master-keys-file "$scratch/master-keys"
"$scratch/installed/bin/suanpan" "${target[@]}" program create 1 --name Examples >/dev/null
for example in first_spend first_spend_c; do
    said=$("$scratch/built/$example" "$port" 1 "$(cat "$scratch/key")" 1) || fail "$example failed: $said"
    [[ $said == "spent 60 points as entry "*"; 40 are left" ]] || fail "$example said: $said"
done

# Choose, confirm, done: a new member with 50 points buys a card of ¥20.
write_rules
suanpan() { "$scratch/installed/bin/suanpan" "${target[@]}" "$@"; }
suanpan rules put "$scratch/rules.toml" >/dev/null
member=00000000000a11ce0000000000000007
suanpan earn "$member" 50 >/dev/null
checkout() { "$scratch/built/checkout" "$port" 1 "$(cat "$scratch/key")" 1 7 "$@"; }
said=$(checkout 2000 leave) || fail "checkout leave failed: $said"
[[ $said == *"leave: 50 points came back" ]] || fail "checkout leave said: $said"
said=$(checkout 2000) || fail "checkout failed: $said"
[[ $said == "choose: 50 points pay ¥5.00 of ¥20.00, cash ¥15.00
confirm: 50 points are set aside until the cash is there
done: paid with 50 points and ¥15.00; 0 points are left" ]] || fail "checkout said: $said"
said=$(checkout 0) || fail "a free order failed: $said"
[[ $said == *"done: paid with 0 points and ¥0.00"* ]] || fail "a free order said: $said"
said=$("$scratch/built/flash_sale" "$port" 1 "$(cat "$scratch/key")" 2 20 70 counted) || fail "flash_sale failed: $said"
[[ $said == "ticket 1: member "*"20 cards for 70 members: 20 served, 50 sold out" ]] || fail "flash_sale said: $said"
said=$("$scratch/built/flash_sale" "$port" 1 "$(cat "$scratch/key")" 3 20 70) || fail "flash_sale with codes failed: $said"
[[ $said == *"20 cards for 70 members: 20 served, 50 sold out" ]] || fail "flash_sale with codes said: $said"
stop_server
echo "installed, built, spent, checked out and sold out"
