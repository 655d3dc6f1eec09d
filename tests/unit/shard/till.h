// Till: one member in front of a ledger, a rule book and a checkout; for tests of whole orders.
#pragma once

#include "server/ledger/ledger.h"
#include "server/shard/checkout.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::shard {

// Does what a shard does around its ledger in the plainest way: one command at a time.
class Till {
public:
    // Program 1 in CNY, and under it `rules` (behind the head of a rule file) as version 1.
    explicit Till(std::string_view rules);

    Outcome run(const CommandBody& body, CommandKind kind);
    Outcome earn(std::int64_t points, std::uint16_t restriction = 0, Instant expires_at = {});
    Outcome spend(std::int64_t points);
    QuoteAnswer quote(const std::vector<AskedLine>& lines, std::string_view currency = "",
                      const std::vector<std::uint32_t>& coupons = {});
    Outcome settle(const QuoteAnswer& quote, std::string_view order);
    Outcome confirm(std::string_view order, std::int64_t amount);
    Outcome refund(std::string_view order, std::int64_t amount);
    OrderAnswer order(std::string_view order);
    TermsAnswer terms(std::uint32_t version);
    // What loading such rules comes to.
    Checkout::Loaded load(std::string_view rules, std::uint32_t version);
    Outcome cancel(std::string_view order);
    Outcome refund_line(std::string_view order, std::uint32_t line, std::int64_t amount);
    void sweep();
    [[nodiscard]] Balances balances() const;
    // Points that the program's members have spent, less refunds, as its house counters say.
    [[nodiscard]] std::int64_t spent() const;
    // The state of a ledger that has applied the same entries, from their bytes (INV-12).
    [[nodiscard]] ledger::HashSum replayed() const;

    ledger::Ledger ledger;
    Checkout checkout;
    Instant now;

private:
    Outcome commit();
    [[nodiscard]] Command command_of(const CommandBody& body, CommandKind kind);

    std::uint64_t next_id_ = 1;
    ledger::Entry entry_;
    std::vector<std::vector<std::byte>> journal_;  // LSN 1 first
};

}  // namespace suanpan::shard
