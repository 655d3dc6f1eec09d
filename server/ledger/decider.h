// Decider: one decision. Internal to the ledger.
#pragma once

#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/code.h"
#include "protocol/command.h"
#include "protocol/limits.h"
#include "server/ledger/account.h"
#include "server/ledger/entry.h"
#include "server/ledger/ledger.h"
#include "server/ledger/order.h"
#include "server/ledger/program.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

namespace suanpan::ledger {

// Decides one command against the ledger as it is, and writes its entry. Lives for one call.
//
// Due items come first: they are posted as the entry's first effects, and the command is decided on
// a copy of the account to which they have been applied. Most accounts have none, and are looked at
// in place.
class Decider {
public:
    Decider(Ledger& ledger, const Command& command, Instant now, const Entry* original, Entry& out,
            const CounterKey* used_up)
        : ledger_(ledger),
          command_(command),
          now_(now),
          original_(original),
          out_(out),
          used_up_(used_up) {}
    Decision run();

private:
    // One per family of commands: decide_*.cc.
    Decision decide(const Earn& command);
    Decision decide(const Spend& command);
    Decision decide(const PlaceHold& command);
    Decision decide(const CaptureHold& command);
    Decision decide(const ReleaseHold& command);
    Decision decide(const Refund& command);
    Decision decide(const Revoke& command);
    Decision decide(const Adjust& command);
    Decision decide(const Freeze& command);
    Decision decide(const SetLimit& command);
    Decision decide(const MemberUpdate& command);
    Decision decide(const PutProgram& command);
    Decision decide(const AdvanceClock& command);
    Decision decide(const Settle& command);
    Decision decide(const ConfirmOrder& command);
    Decision decide(const CancelOrder& command);
    Decision decide(const RefundOrder& command);
    Decision decide(const PutRules& command);
    Decision decide(const Redeem& command);
    Decision decide(const Reveal& command);
    Decision decide(const PutOffers& command);
    Decision decide(const RecallBatch& command);
    Decision decide(const Show& command);
    Decision decide(const Verify& command);
    Decision decide(const UndoVerification& command);
    template <typename Read>
    Decision decide(const Read&) {
        return refused(Code::unknown_kind);  // reads are not decided
    }
    template <typename Body>
    Decision decide_on_account(const Body& command);

    Decision put_voucher(const VoucherTask& task);

    static Decision refused(Code code, std::int64_t detail = 0) {
        return {.verdict = Decision::Verdict::refused, .code = code, .detail = detail};
    }
    static Decision accepted() { return {.verdict = Decision::Verdict::accepted}; }

    void begin_entry();
    // Finds account and program, and posts what is due. False: too much is due.
    bool open_account();
    // Completes an accepted entry: ordinal, balances, INV-1.
    void finish();
    [[nodiscard]] Balances balances_after() const;

    // What a spend, a hold or a downward adjustment may take.
    struct Taking {
        Points amount;
        Points min_remaining;
        Restriction restriction{};
        bool any_restriction = false;
        bool up_to = false;
        bool counts_to_limit = true;
        std::size_t lots_max = limits::lots_drained_max;
    };
    // The points that may be taken, or why not.
    [[nodiscard]] std::expected<Points, Decision> takeable(const Taking& taking) const;
    [[nodiscard]] Points spendable(const Taking& taking) const;
    // Σ points that may still be spent today; nothing where there is no limit.
    [[nodiscard]] std::optional<Points> left_today() const;
    // Drains `amount` out of lots in draining order; each piece also goes into `hold` where it is
    // given. False where it takes more than `lots_max` lots.
    bool drain(Points amount, const Taking& taking, std::optional<HoldId> hold);
    void count_day_spent(Points delta);
    // Sets the date at which the account's sliding points end: `extend` is what an earning or a
    // spend does, `start` only sees to it that there is one.
    enum class SlidingUse : std::uint8_t { extend, start };
    void move_sliding(SlidingUse use, LocalDate anchor);

    // Puts points into a lot and repays debt out of them. Returns what was repaid.
    Points put_into_lot(const LotKey& key, Points amount);
    // True where points drained at `taken_at` from the lot could go back into it now.
    [[nodiscard]] bool is_alive(const LotKey& key, Instant taken_at) const;
    // Gives points back to their own lot; where that has ended, `grace_days` more days to live, or
    // none. Returns what came back expired.
    Points give_back(const LotKey& key, Points amount, Instant taken_at, std::uint32_t grace_days);
    // False where the account would leave the range of amounts by `more` points.
    [[nodiscard]] bool fits(Points more) const;
    // A new lot's key; nothing where it would have ended already.
    [[nodiscard]] std::optional<LotKey> new_lot(Instant active_from, Instant expires_at) const;
    void add_house(HouseCounter counter, Points delta) {
        if (delta != Points{}) out_.add(HouseDelta{.counter = counter, .delta = delta});
    }
    // How a hold ended, as long as that is remembered.
    [[nodiscard]] const ResolvedHold* find_ended(HoldId id) const;
    // Whether `original_` is what a refund or revoke may be about; what it moved is its amount.
    [[nodiscard]] std::optional<Code> check_original(bool wants_earning) const;
    [[nodiscard]] Points taken_back_already() const;
    [[nodiscard]] Instant tally_end() const;

    // Orders: decide_order.cc
    // What a quote counts on and the account no longer covers; nothing where all of it is there.
    [[nodiscard]] std::optional<UncoveredLimit> uncovered(const OrderTerms& terms) const;
    // The points of an order that its restrictions let it take.
    [[nodiscard]] Points spendable(const OrderTerms& terms) const;
    // Takes exactly the order's points out of lots, into its hold where it waits for cash. False
    // where it takes too many lots.
    bool drain_for(const Order& order, std::vector<HoldSlice>& taken);
    [[nodiscard]] static std::size_t order_lots_max(const Order& order);
    void count_uses(const OrderTerms& terms);
    void take_shared_uses(const Order& order);
    [[nodiscard]] std::optional<Decision> no_room_for_order(bool waits) const;
    // The partner's order of that name in another account of the member; all of them lie here.
    [[nodiscard]] OrderPtr order_elsewhere(const OrderId& id) const;
    void begin_order(Order& order);
    void count_order(const Order& order);
    Decision pay_in_time(Order&& order);
    Decision pay_late(Order&& order);
    Decision answer_order(const Order& order);
    // A redemption with cash: decide_redeem.cc
    Decision set_aside(const Redeem& command);
    // What its codes or vouchers add to any entry that the order will ever be in, at most.
    [[nodiscard]] static std::size_t units_entry_bytes(const OrderedUnits& units);

    [[nodiscard]] const Account& account() const { return *account_; }

    Ledger& ledger_;
    const Command& command_;
    Instant now_;
    const Entry* original_;
    Entry& out_;
    const CounterKey* used_up_;  // null: as far as is known, there is enough of every counter

    const Program* program_ = nullptr;  // null: no such program
    const Account* account_ = nullptr;  // as the command sees it
    std::optional<Account> copy_;       // in use where the account is new or has something due
    LocalDate today_;
    std::size_t due_effects_ = 0;  // how many of the entry's effects post due items
    Points debt_left_;             // while points come in
    Points repaid_;                // of it, by this entry
};

}  // namespace suanpan::ledger
