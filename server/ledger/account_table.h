// AccountTable: the accounts of one shard.
#pragma once

#include "protocol/base/ids.h"
#include "server/ledger/account.h"
#include "server/ledger/entry.h"
#include "server/ledger/prefetch.h"
#include "server/ledger/slab_index.h"

#include <cstddef>
#include <cstdint>

namespace suanpan::ledger {

struct AccountKey {
    MemberId member;
    ProgramId program{};
    friend bool operator==(const AccountKey&, const AccountKey&) = default;
};

// 64 well-mixed bits of an account's key, under a secret seed so that nobody can choose collisions.
struct AccountTraits {
    using Item = Account;
    using Key = AccountKey;
    std::uint64_t seed = 0;
    static AccountKey key_of(const Account& account) {
        return {.member = account.member(), .program = account.program()};
    }
    [[nodiscard]] std::uint64_t hash(const AccountKey& key) const {
        const std::uint64_t a = mix(key.member.high ^ seed, key.member.low ^ 0x9e3779b97f4a7c15U);
        return mix(a ^ 0xd6e8feb86659fd93U,
                   static_cast<std::uint64_t>(key.program) ^ seed ^ 0xa0761d6478bd642fU);
    }

private:
    static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
    }
};

// All accounts of a shard by (member, program), at stable places. Single-threaded.
class AccountTable {
public:
    explicit AccountTable(std::uint64_t seed) : index_(AccountTraits{seed}) {}

    [[nodiscard]] std::uint32_t size() const { return index_.size(); }
    [[nodiscard]] AccountRef find(const MemberId& member, ProgramId program) const {
        const auto slot = index_.find(AccountKey{member, program});
        return slot ? AccountRef{*slot} : no_account;
    }
    AccountRef find_or_make(const MemberId& member, ProgramId program) {
        const AccountRef found = find(member, program);
        if (found != no_account) return found;
        return AccountRef{index_.insert(Account(member, program))};
    }
    // Fetches what find() will look at first, without waiting for it.
    void prefetch(const MemberId& member, ProgramId program) const {
        index_.prefetch(AccountKey{member, program});
    }
    // Fetches the account itself; waits for nothing where prefetch() has been called before.
    void prefetch_account(const MemberId& member, ProgramId program) const {
        const Account* account = index_.likely(AccountKey{member, program});
        if (account == nullptr) return;
        const auto* first = reinterpret_cast<const std::byte*>(account);
        ledger::prefetch(first);
        ledger::prefetch(first + sizeof(Account) - 1);  // a slot may lie across two lines
    }
    // Room in the index for so many, before a load of as many.
    void reserve(std::uint32_t accounts) { index_.reserve(accounts); }
    [[nodiscard]] Account& operator[](AccountRef ref) {
        return index_[static_cast<std::uint32_t>(ref)];
    }
    [[nodiscard]] const Account& operator[](AccountRef ref) const {
        return index_[static_cast<std::uint32_t>(ref)];
    }
    // Slots and index, without what lots beyond the first and rare parts allocate.
    [[nodiscard]] std::size_t bytes() const { return index_.bytes(); }

private:
    // 131,072 slots of 80 bytes are five huge pages.
    SlabIndex<AccountTraits, 1024, 131'072> index_;
};

}  // namespace suanpan::ledger
