// Mall: many members in front of real shards, a rule book and its shared counters.
#pragma once

#include "protocol/order.h"
#include "tests/unit/shard/shard_world.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::shard {

// Everything goes through the shards' front doors, so that forwarding, owner steps and commits are
// those of a server. Nothing happens that a test does not ask for.
class Mall {
public:
    // Program `shop`, and under it `rules` (behind the head of a rule file) as version 1.
    Mall(std::uint16_t shards, std::string_view rules);

    [[nodiscard]] static MemberId member(std::uint64_t number) {
        return {.high = 9, .low = number + 1};
    }
    void earn(std::uint64_t of_member, std::int64_t points);

    // Number of a request that was sent; world.reply() has its answer once it has come.
    std::uint32_t send_quote(std::uint64_t of_member, std::int64_t price,
                             const std::vector<std::uint32_t>& coupons = {});
    std::uint32_t send_settle(std::uint64_t of_member, const QuoteAnswer& quote,
                              std::string_view order);
    std::uint32_t send_confirm(std::uint64_t of_member, std::string_view order, std::int64_t amount,
                               std::string_view payment = "pay");
    std::uint32_t send_cancel(std::uint64_t of_member, std::string_view order);

    [[nodiscard]] Command settle_command(std::uint64_t of_member, const QuoteAnswer& quote,
                                         std::string_view order);

    // The same, and everything that comes of it.
    QuoteAnswer quote(std::uint64_t of_member, std::int64_t price,
                      const std::vector<std::uint32_t>& coupons = {});
    Outcome settle(std::uint64_t of_member, const QuoteAnswer& quote, std::string_view order);
    Outcome confirm(std::uint64_t of_member, std::string_view order, std::int64_t amount);
    Outcome cancel(std::uint64_t of_member, std::string_view order);
    OrderAnswer order(std::uint64_t of_member, std::string_view order);
    RulesAnswer put_rules(std::string_view rules, std::uint32_t version);

    [[nodiscard]] const QuoteAnswer& quoted(std::uint32_t request) const;
    [[nodiscard]] std::string rule_head(std::uint32_t version) const;

    // What the ledgers of all shards say of a counter of `shop`.
    [[nodiscard]] ledger::CounterUnits units(ledger::CounterKind kind, std::uint32_t id);
    // INV-12: the state, which must not depend on the number of shards.
    [[nodiscard]] std::string state();
    // Each ledger's invariants, and that what is set aside is what orders wait with.
    void check();

    ShardWorld world;

private:
    [[nodiscard]] Command command_of(std::uint64_t of_member, CommandKind kind,
                                     const CommandBody& body);
    std::uint32_t send(const Command& command);

    std::deque<CommandPayload> payloads_;
    std::uint16_t next_via_ = 0;
};

}  // namespace suanpan::shard
