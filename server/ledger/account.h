// Account: one member's points in one program.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/command.h"
#include "server/ledger/effect.h"
#include "server/ledger/held_voucher.h"
#include "server/ledger/hold.h"
#include "server/ledger/lot.h"
#include "server/ledger/order_shelf.h"
#include "server/ledger/tally.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::ledger {

// What the account has used up of one limit per member, in one period.
struct UseCount {
    UseKey key;
    LocalDate period;  // its first day; 0: for ever
    UseSum used;
    friend bool operator==(const UseCount&, const UseCount&) = default;
};

// The first day of the period that a use of this kind on `today` counts under; 0: for ever.
[[nodiscard]] LocalDate use_period(UseKind kind, LocalDate today);

// The parts of an account that few accounts have.
struct AccountRare {
    Points debt;
    Points spend_per_day_max{-1};  // of the account's own; -1: none
    LocalDate day;                 // that `day_spent` counts
    Points day_spent;
    Instant sliding_expires_at;  // 0: no sliding points yet
    Instant sliding_since;
    Instant hold_expires_next = instant_never;  // soonest expiry of an open hold
    Instant prune_next = instant_never;         // soonest keep_until below
    Points held;                                // Σ of open holds
    bool frozen = false;
    bool has_member = false;
    MemberSet member;
    std::vector<Hold> holds;             // by id
    std::vector<ResolvedHold> resolved;  // oldest first, at most hold_outcomes_max
    std::vector<Tally> tallies;          // by original
    std::vector<UseCount> uses;          // by key
    OrderShelf orders;                   // each a record of its own
    std::vector<VoucherPtr> vouchers;    // by number; likewise, and never forgotten
};

// One account with its lots, holds and tallies: ONE record, changed by apply() alone.
//
// Owned by its shard's AccountTable and used on that shard's thread only. 80 bytes where it has one
// lot and nothing rare. Never erased. `last_lsn` is the newest entry that has touched it: where its
// statement begins, and what tells a replay that the record has an entry already.
class Account {
public:
    Account() = default;
    Account(const MemberId& member, ProgramId program) : member_(member), program_(program) {}
    Account(Account&&) noexcept = default;
    Account& operator=(Account&&) noexcept = default;
    Account& operator=(const Account&) = delete;
    // A deep copy, for deciding on what an account will be once its due items are posted.
    [[nodiscard]] Account clone() const { return Account(*this); }

    [[nodiscard]] const MemberId& member() const { return member_; }
    [[nodiscard]] ProgramId program() const { return program_; }
    [[nodiscard]] Lsn last_lsn() const { return last_lsn_; }
    [[nodiscard]] std::uint32_t ordinal() const { return ordinal_; }
    void set_last_lsn(Lsn lsn) { last_lsn_ = lsn; }
    void set_ordinal(std::uint32_t ordinal) { ordinal_ = ordinal; }

    [[nodiscard]] const LotBook& lots() const { return lots_; }
    [[nodiscard]] LotBook& lots() { return lots_; }
    // Null where the account has nothing rare.
    [[nodiscard]] const AccountRare* rare() const {
        const LotTail* tail = lots_.tail();
        return tail == nullptr ? nullptr : tail->rare.get();
    }
    [[nodiscard]] AccountRare& make_rare();

    [[nodiscard]] Points debt() const { return rare() == nullptr ? Points{} : rare()->debt; }
    [[nodiscard]] bool is_frozen() const { return rare() != nullptr && rare()->frozen; }
    [[nodiscard]] Instant sliding_expires_at() const {
        return rare() == nullptr ? Instant{} : rare()->sliding_expires_at;
    }
    // When a lot with this key ends.
    [[nodiscard]] Instant expires_at(const LotKey& key) const {
        return key.expires_at == expires_sliding ? sliding_expires_at() : key.expires_at;
    }
    [[nodiscard]] const Hold* find_hold(HoldId id) const;
    [[nodiscard]] const ResolvedHold* find_resolved(HoldId id) const;
    [[nodiscard]] const Tally* find_tally(Lsn original) const;

    // Null where the account has no such order (any more).
    [[nodiscard]] OrderPtr find_order(std::uint32_t number) const;
    [[nodiscard]] OrderPtr find_order(PartnerId partner, const OrderId& id, Instant now) const;
    // By number; empty where it has none.
    [[nodiscard]] std::span<const VoucherPtr> vouchers() const {
        if (rare() == nullptr) return {};
        return rare()->vouchers;
    }
    // Null where it has none of this number.
    [[nodiscard]] VoucherPtr find_voucher(const VoucherNumber& number) const;
    // Points that may still be spent on `today`, under the account's limit and `program_max` (-1:
    // none); nothing where there is no limit.
    [[nodiscard]] std::optional<Points> left_today(Points program_max, LocalDate today) const;
    // What the account has used up in the period of `today`.
    [[nodiscard]] UseSum used(const UseKey& key, LocalDate today) const;

    // True where a lot or a hold has ended at `now` and is not posted yet.
    [[nodiscard]] bool has_due(Instant now) const;
    // The account's points where nothing is due; due.h gives them at any instant.
    [[nodiscard]] Balances balances(Instant now) const;

    // Applies one effect of an entry made at `time`. Must succeed: decide() has checked.
    void apply(const Effect& effect, Instant time);
    // Puts an order in the place of an older form of it; drops it where there is a newer one.
    void put_order(const OrderPtr& order);
    // Puts a voucher in the place of an older form of it; drops it where there is a newer one.
    void put_voucher(const VoucherPtr& voucher);
    // Forgets orders that are known no more.
    void prune_orders(Instant time);
    // Forgets tallies and ended holds whose time is over.
    void prune(Instant time);

private:
    Account(const Account&) = default;
    void apply_hold_slice(const HoldSliceDelta& effect);

    MemberId member_;
    Lsn last_lsn_;
    ProgramId program_{};
    std::uint32_t ordinal_ = 0;
    LotBook lots_;
};
static_assert(sizeof(Account) == 80);

}  // namespace suanpan::ledger
