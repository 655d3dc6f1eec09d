// Lots: points of one account that share expiry, day of activation, origin, restriction and rules.
#pragma once

#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/command.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

namespace suanpan::ledger {

struct AccountRare;

// What makes a lot the lot it is, in draining order: soonest expiry first, then the earlier
// activation, then the older lot. `instant_never` sorts last by its value.
//
// `active_from` is the local midnight that began the day of activation for points that were active
// when they came, so that one day's earnings are one lot; the exact instant for points that came
// pending. `sequence` is the account's ordinal of the entry that first made the lot.
struct LotKey {
    Instant expires_at = instant_never;
    Instant active_from;
    std::uint32_t sequence = 0;
    std::uint32_t rule_version = 0;
    Restriction restriction{};
    LotOrigin origin{};
    std::uint8_t own = 0;  // 1: a correction, never joined by other points
    std::uint32_t reserved = 0;

    friend bool operator==(const LotKey&, const LotKey&) = default;
    friend auto operator<=>(const LotKey& a, const LotKey& b) {
        return std::tie(a.expires_at, a.active_from, a.sequence, a.rule_version, a.restriction,
                        a.origin, a.own) <=> std::tie(b.expires_at, b.active_from, b.sequence,
                                                      b.rule_version, b.restriction, b.origin,
                                                      b.own);
    }
    // Equal in all but age: where a program merges lots, these two are one.
    [[nodiscard]] bool merges_with(const LotKey& other) const {
        return own == 0 && other.own == 0 && expires_at == other.expires_at &&
               active_from == other.active_from && rule_version == other.rule_version &&
               restriction == other.restriction && origin == other.origin;
    }
};
static_assert(sizeof(LotKey) == 32);
static_assert(std::has_unique_object_representations_v<LotKey>);

struct Lot {
    LotKey key;
    Points remaining;  // > 0 wherever a lot is stored
    friend bool operator==(const Lot&, const Lot&) = default;
};
static_assert(sizeof(Lot) == 40);

// What an account needs beyond its first lot: most accounts have none.
struct LotTail {
    LotTail();
    ~LotTail();
    LotTail(const LotTail& other);
    LotTail& operator=(const LotTail&) = delete;

    std::vector<Lot> lots;  // sorted from `head`; those before it have been emptied
    std::uint32_t head = 0;
    std::uint32_t restricted_count = 0;  // lots with a restriction
    Points sum;                          // of all lots from `head`
    Instant pending_until;               // no lot activates after this instant
    std::unique_ptr<AccountRare> rare;   // holds, tallies and the like
};

// The unspent points of one account, one Lot per key, sorted in draining order.
//
// Spending drains the lot nearest its expiry, since that loses the holder least. Ties go to the
// earlier activation and then to the older lot, so that replaying a journal drains the same lots in
// the same order (INV-5).
//
// Belongs to its Account; used on that account's shard thread only. One lot lies inside the book; a
// second one moves all of them into the tail. Emptying the first lot costs one step however many
// there are; a lot that comes in the middle costs a memmove of those behind it.
class LotBook {
public:
    LotBook() = default;
    LotBook(const LotBook& other);
    LotBook& operator=(const LotBook&) = delete;
    LotBook(LotBook&&) noexcept = default;
    LotBook& operator=(LotBook&&) noexcept = default;

    // All lots in key order (a sliding lot stands behind every dated one, whatever its date).
    [[nodiscard]] std::span<const Lot> all() const;
    // Points of all lots: active, pending, and expired but not posted yet.
    [[nodiscard]] Points sum() const;
    // Points of lots that are not active at `now`. Free where no lot is pending.
    [[nodiscard]] Points pending(Instant now) const;
    [[nodiscard]] bool has_restricted() const;
    [[nodiscard]] const Lot* find(const LotKey& key) const;
    // The lot that points with this key would join: the same key, or, where `merge`, one that
    // differs in age only. Null where there is none.
    [[nodiscard]] const Lot* find_same(const LotKey& key, bool merge) const;

    // Adds `delta` to the lot: makes it where it is absent, erases it where nothing is left.
    // Expects that the lot does not go below zero; decide() has seen to it.
    void change(const LotKey& key, Points delta);

    // Room for so many lots before they are added one by one.
    void reserve(std::size_t lots);

    [[nodiscard]] const LotTail* tail() const { return tail_.get(); }
    [[nodiscard]] LotTail& make_tail();

private:
    void insert(const LotKey& key, Points amount);

    Lot first_;  // in use where the tail has no lots and `remaining` is not zero
    std::unique_ptr<LotTail> tail_;
};
static_assert(sizeof(LotBook) == 48);

// Walks the lots of a book in true draining order, in which sliding lots take the place that the
// account's sliding date gives them.
class DrainCursor {
public:
    DrainCursor(const LotBook& book, Instant sliding_expires_at);
    // The next lot, or null at the end.
    [[nodiscard]] const Lot* next();

private:
    std::span<const Lot> dated_;
    std::span<const Lot> sliding_;
    std::span<const Lot> never_;
    Instant sliding_expires_at_;
};

}  // namespace suanpan::ledger
