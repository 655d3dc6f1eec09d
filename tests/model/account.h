// The model's account: what the rules of "Points" in semantics.md say, spelt out in plain loops.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/code.h"
#include "protocol/command.h"
#include "tests/model/order.h"
#include "tests/model/shelf.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::model {

// Where the points of one program have come from and gone to.
struct Sums {
    std::int64_t issued = 0;  // adjusted up included
    std::int64_t spent = 0;   // net of refunds; adjusted down included
    std::int64_t expired = 0;
    std::int64_t revoked = 0;
};

// What a lot is, without how much is in it.
struct LotName {
    Instant expires_at;  // instant_never: never; not used where `sliding`
    Instant active_from;
    std::uint32_t made = 0;     // number, within the account, of the entry that made it first
    std::uint32_t version = 0;  // of the program
    Restriction restriction{};
    LotOrigin origin{};
    bool sliding = false;  // ends when the account's sliding date does
    bool own = false;      // a correction's: never merged with another
    friend bool operator==(const LotName&, const LotName&) = default;
};
struct Piece {
    LotName lot;
    std::int64_t points = 0;
};
using Pieces = std::vector<Piece>;

struct Hold {
    Instant placed_at;
    Instant expires_at;
    LocalDate day;
    bool counted = false;   // against the day's limit
    bool is_order = false;  // which alone ends it
    std::int64_t placed_points = 0;
    Pieces pieces;
    [[nodiscard]] std::int64_t left() const;
};
enum class HoldEnd : std::uint8_t { captured = 1, released = 2, expired = 3 };
struct EndedHold {
    std::uint32_t id = 0;
    HoldEnd end{};
    std::int64_t placed_points = 0;
    Instant known_until;
};

// An accepted command, as later refunds and revokes see it.
struct Original {
    CommandKind kind{};
    PartnerId partner{};
    Instant open_until;  // no longer refundable or revocable from then on
    Instant taken_at;    // when its points left their lots: the hold's instant for a capture
    Pieces pieces;       // in draining order; of an earning: its lot
    std::int64_t points = 0;
    std::int64_t taken_back = 0;
};

// The answer to one command, without its entry id.
struct Answer {
    Code code = Code::ok;
    std::int64_t amount = 0;
    std::int64_t detail = 0;
};

// What the orders of all members have of one counter.
struct OfAll {
    std::int64_t given = 0;
    std::int64_t waiting = 0;  // of that: set aside for orders that wait for their cash
    Instant back;              // the first time-out of these; 0: none waits
};
using CountAll = std::function<OfAll(const UseKey&)>;

// One member's points in one program. Slow on purpose; shares no line with server/.
//
// Time first: pass_time() lets happen what time alone brings about, event by event.
class Account {
public:
    // Lets every hold and lot end whose instant has come. Before every other call.
    void pass_time(const ProgramSpec& program, Instant now, Sums& sums);

    Answer earn(const ProgramSpec& program, const Earn& earn, Instant now, Sums& sums);
    Answer spend(const ProgramSpec& program, const Spend& spend, Instant now, Sums& sums);
    Answer place(const ProgramSpec& program, const PlaceHold& place, Instant now);
    Answer capture(const ProgramSpec& program, const CaptureHold& capture, Instant now, Sums& sums);
    Answer release(const ProgramSpec& program, const ReleaseHold& release, Instant now, Sums& sums);
    Answer refund(const ProgramSpec& program, const Refund& refund, PartnerId partner, Instant now,
                  Sums& sums);
    Answer revoke(const ProgramSpec& program, const Revoke& revoke, PartnerId partner, Instant now,
                  Sums& sums);
    Answer adjust(const ProgramSpec& program, const Adjust& adjust, Instant now, Sums& sums);
    Answer freeze(const Freeze& freeze);
    Answer set_limit(const SetLimit& limit);
    Answer update_member(const MemberUpdate& update);

    // Orders: account_orders.cc. Expects the terms in `settle`; `of_all` counts over all members.
    // `elsewhere`: the partner's order of that name in another account of the member, or null.
    Answer settle(const ProgramSpec& program, const Settle& settle, PartnerId partner, Instant now,
                  Sums& sums, const CountAll& of_all, const Order* elsewhere);
    // `is_used_up`: of what all members share, nothing is left for a late payment.
    Answer confirm(const ProgramSpec& program, const ConfirmOrder& confirm, PartnerId partner,
                   Instant now, Sums& sums, const CountAll& of_all, bool is_used_up);
    Answer cancel(const ProgramSpec& program, const CancelOrder& cancel, PartnerId partner,
                  Instant now, Sums& sums);
    Answer refund_order(const ProgramSpec& program, const RefundOrder& refund, PartnerId partner,
                        Instant now, Sums& sums);
    // Redemptions: account_offers.cc. What its stock has to say is not asked here.
    Answer redeem(const ProgramSpec& program, const OfferSpec& offer, const Redeem& asked,
                  Instant now, Sums& sums);
    // With cash: an order that waits for it, of these units.
    Answer set_aside(const ProgramSpec& program, const OfferSpec& offer, const Command& command,
                     const std::vector<Voucher>& units, Instant now, const Order* elsewhere);
    // The redemption that was just paid, whose units nobody has issued yet; else null.
    [[nodiscard]] Order* order_to_issue(PartnerId partner, const OrderId& id);
    // Null where no order of that number waits for its cash.
    [[nodiscard]] const Order* find_waiting(std::uint32_t number) const;
    // Ends its wait now, as its time-out would.
    void withdraw(const ProgramSpec& program, std::uint32_t number, Instant now, Sums& sums);
    // Units that wait for their cash.
    [[nodiscard]] std::int64_t set_aside_of(std::uint32_t offer) const;
    void add_voucher(const Voucher& voucher) { vouchers_[voucher.number] = voucher; }
    // Null where it has no such voucher.
    [[nodiscard]] Voucher* find_voucher(const VoucherNumber& number);
    // By number.
    [[nodiscard]] const std::map<VoucherNumber, Voucher>& vouchers() const { return vouchers_; }

    // What is counted of a limit per member in the period of `now`.
    [[nodiscard]] UseSum used(const ProgramSpec& program, const UseKey& key, Instant now) const;
    // Adds what this account's orders have of a counter that all members share.
    void add_to(OfAll& sum, const UseKey& key) const;
    // Null where there is no such order (any more).
    [[nodiscard]] const Order* find_order(PartnerId partner, const OrderId& id) const;

    // The command that was just accepted is known as `entry` from now on, and the hold that it
    // placed, or the order that it settled, as `hold`.
    void name_last(const ProgramSpec& program, const CommandHead& head, Instant now, Lsn entry,
                   HoldId hold);

    // Expect that pass_time() has been called with `now`.
    [[nodiscard]] Balances balances(Instant now) const;
    // Points by the instant at which they end, up to `until`, soonest first; pending ones too.
    [[nodiscard]] std::vector<ExpiringRow> expiring(Instant until) const;

private:
    // What a spend, a hold or a downward correction asks for.
    struct Wish {
        std::int64_t points = 0;
        std::int64_t min_remaining = 0;
        Restriction restriction{};
        bool any_restriction = false;
        bool up_to = false;
        bool counts_to_limit = true;
    };
    [[nodiscard]] Instant end_of(const LotName& lot) const;
    [[nodiscard]] bool allows(const LotName& lot, const Wish& wish, Instant now) const;
    // amount: what may be taken; or the refusal.
    [[nodiscard]] Answer takeable(const ProgramSpec& program, const Wish& wish, Instant now) const;
    // Why the offer lets the member not take so much; ok where it does.
    [[nodiscard]] Code admits(const ProgramSpec& program, const OfferSpec& offer,
                              const Redeem& asked, Instant now) const;
    [[nodiscard]] std::int64_t day_limit(const ProgramSpec& program) const;  // -1: none
    [[nodiscard]] std::int64_t left_today(const ProgramSpec& program, Instant now) const;
    // True where taking them would empty or touch more lots than one request may.
    [[nodiscard]] bool drains_too_many(const Wish& wish, std::int64_t points, Instant now) const;
    Pieces drain(const Wish& wish, std::int64_t points, Instant now);
    [[nodiscard]] bool fits(std::int64_t points, Instant now) const;
    [[nodiscard]] LotName new_lot(const ProgramSpec& program, Instant active_from,
                                  Instant expires_at, Instant now) const;
    // The lot that points of this one are, or would be, in: its own, or the oldest that it is
    // merged with.
    [[nodiscard]] LotName home_of(const ProgramSpec& program, const LotName& lot) const;
    void count_spent(LocalDate day, std::int64_t points);
    // The sliding date moves to `anchor` + n days, never back.
    void slide(const ProgramSpec& program, LocalDate anchor, Instant now);
    // Points come in: into their lot, and out of it again what repays debt. Returns that.
    std::int64_t put_in(const ProgramSpec& program, const LotName& lot, std::int64_t points,
                        Instant now);
    // Points taken out at `taken_at` come back to their lot, or for `grace_days` more days where
    // that has ended, or expired. Returns what came back expired.
    std::int64_t give_back(const ProgramSpec& program, const Piece& piece, Instant taken_at,
                           Instant now, std::int64_t grace_days);
    // A hold's points go back at `at`. Returns what came back expired.
    std::int64_t end_hold(const ProgramSpec& program, std::uint32_t id, HoldEnd end, Instant at);
    [[nodiscard]] const EndedHold* find_ended(HoldId id, Instant now) const;
    // The entry that a refund or revoke names, or the refusal.
    [[nodiscard]] Answer find_original(Lsn entry, PartnerId partner, Instant now,
                                       bool wants_earning, std::int64_t points, Original** found);

    // What a limit per member counts, and in which day or month; 0: for ever.
    struct UseName {
        UseKey key;
        LocalDate period;
        friend auto operator<=>(const UseName&, const UseName&) = default;
    };
    [[nodiscard]] static UseName use_name(const UseKey& key, LocalDate day);
    void count_uses(const Order& order, int times);
    // Why the account does not cover the terms; nothing where it does.
    [[nodiscard]] std::optional<UncoveredLimit> uncovered(const ProgramSpec& program,
                                                          const OrderTerms& terms,
                                                          Instant now) const;
    // The first counter of all members that has too little left for the terms (INV-11); and when
    // enough of it may come back, or 0.
    struct Shortage {
        UncoveredLimit limit{};
        Instant back;
    };
    [[nodiscard]] static std::optional<Shortage> shortage(const OrderTerms& terms,
                                                          const CountAll& of_all);
    // How much of a lot the terms let an order take, whatever is in it.
    [[nodiscard]] static std::int64_t most_of(const OrderTerms& terms, const LotName& lot);
    // Takes the order's points, the lot that is nearest its end first.
    Pieces drain_for(const OrderTerms& terms, Instant now);
    [[nodiscard]] Order* find_own(PartnerId partner, const OrderId& id);
    void time_out(std::uint32_t number, Instant at);
    void forget_orders(Instant now);
    void count_taken(const ProgramSpec& program, Order& order, Instant now);

    std::vector<Piece> lots_;  // in no order
    std::map<std::uint32_t, Hold> holds_;
    std::vector<EndedHold> ended_;
    std::map<std::uint64_t, Original> originals_;
    std::int64_t debt_ = 0;
    bool frozen_ = false;
    std::int64_t own_day_limit_ = -1;
    LocalDate day_;
    std::int64_t day_spent_ = 0;
    Instant sliding_ends_;   // 0: no sliding points yet
    Instant sliding_began_;  // the life that runs now, or ran last
    std::uint64_t source_version_ = 0;
    bool has_member_ = false;
    std::uint16_t level_ = 0;
    std::map<VoucherNumber, Voucher> vouchers_;
    std::uint32_t entries_ = 0;
    Original last_;   // of the command that was just accepted
    Hold last_hold_;  // that it placed
    std::map<std::uint32_t, Order> orders_;
    std::map<std::uint32_t, Pieces> order_pieces_;  // what an order has spent, in draining order
    std::map<UseName, UseSum> uses_;
    std::optional<Order> last_order_;  // that it settled
};

}  // namespace suanpan::model
