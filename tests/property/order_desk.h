// OrderDesk: the quotes and orders of a random sequence of moves.
#pragma once

#include "protocol/command.h"
#include "protocol/order.h"
#include "server/shard/checkout.h"
#include "tests/model/model.h"
#include "tests/property/move.h"
#include "tests/support/ledger_world.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::testing {

// Owns what commands about orders point to, as a session would, and the checkout of each ledger of
// a world. Belongs to a Player.
class OrderDesk {
public:
    OrderDesk();

    // The rules of program 1 to 5: between them every policy, limits per member, restrictions.
    [[nodiscard]] const CommandPayload& rules_of(ProgramId program) const;
    // The world was built anew, and its ledgers with it.
    void follow(const LedgerWorld& world);

    // Asks for a quote; a good one is remembered. The first thing wrong with it, or nothing.
    [[nodiscard]] std::string quote(const LedgerWorld& world, const CommandHead& head,
                                    const Move& move, Instant now);
    // The body of a move about an order, and whose it is; nothing where there is none yet.
    [[nodiscard]] std::optional<CommandBody> body_of(const Move& move, CommandHead& head);
    void note_settled(const Command& command);

    // The first order that stands otherwise in the world than in the model, in a sentence.
    [[nodiscard]] std::string difference(const LedgerWorld& world, model::Model& model,
                                         Instant now);
    // The first order that has not ended in one of the three end states, once all time-outs are
    // past.
    [[nodiscard]] std::string unended(const LedgerWorld& world, Instant now);
    // The first counter of all members that orders have more of than the rules allow.
    [[nodiscard]] static std::string exceeded(const LedgerWorld& world);
    [[nodiscard]] std::size_t orders() const { return settled_.size(); }
    // How many orders unended() found at each step.
    [[nodiscard]] const std::map<OrderStep, std::size_t>& steps() const { return steps_; }

private:
    struct Settled {
        CommandHead head;
        OrderId id;
        const OrderTerms* terms = nullptr;
    };
    [[nodiscard]] OrderAnswer read(const LedgerWorld& world, const Settled& settled, Instant now);

    std::vector<CommandPayload> rules_;
    std::vector<std::unique_ptr<shard::Checkout>> checkouts_;  // one for each shard
    std::uint64_t checkouts_made_ = 0;
    std::deque<OrderTerms> quotes_;  // commands point into them
    std::deque<CommandPayload> payloads_;
    std::vector<Settled> settled_;
    std::map<OrderStep, std::size_t> steps_;
};

}  // namespace suanpan::testing
