// Sale: many members in front of real shards, and a file of offers.
#pragma once

#include "protocol/offer.h"
#include "server/ledger/ticket_span.h"
#include "tests/unit/shard/shard_world.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::shard {

// Everything goes through the shards' front doors, so that forwarding, owner steps and commits are
// those of a server. Nothing happens that a test does not ask for.
class Sale {
public:
    // Program `shop`, and `offers` as version 1 of its file.
    Sale(std::uint16_t shards, std::string_view offers);

    // A counted offer of `shop`; `more` stands in its table, before the tables inside.
    [[nodiscard]] static std::string counted(std::uint32_t id, std::int64_t stock,
                                             std::int64_t points, std::string_view more = {},
                                             std::uint32_t version = 1);
    // A code-backed one.
    [[nodiscard]] static std::string coded(std::uint32_t id, std::int64_t points,
                                           std::string_view more = {}, std::uint32_t version = 1);
    // `count` codes, one a line, from CODE-0000-`first` on.
    [[nodiscard]] static std::string codes(std::uint64_t first, std::uint64_t count);
    [[nodiscard]] static MemberId member(std::uint64_t number) {
        return {.high = 9, .low = number + 1};
    }
    void earn(std::uint64_t of_member, std::int64_t points);

    // Number of a request that was sent; world.reply() has its answer once it has come.
    std::uint32_t send_redeem(std::uint64_t of_member, std::uint32_t offer,
                              std::int64_t quantity = 1, std::uint64_t origin = 0);
    std::uint32_t send(const Command& command);
    [[nodiscard]] Command redeem_command(std::uint64_t of_member, std::uint32_t offer,
                                         std::int64_t quantity = 1, std::uint64_t origin = 0);
    // With cash: the order that waits for it. Its name is the caller's.
    [[nodiscard]] Command reserve_command(std::uint64_t of_member, std::uint32_t offer,
                                          std::int64_t cash, std::string_view order,
                                          std::int64_t quantity = 1, std::uint64_t origin = 0);
    [[nodiscard]] Command confirm_command(std::uint64_t of_member, std::string_view order,
                                          std::int64_t amount, std::string_view payment = "pay-1");
    [[nodiscard]] Command cancel_command(std::uint64_t of_member, std::string_view order);
    [[nodiscard]] Command put_command(std::string_view offers, std::uint32_t version);

    // The same, and everything that comes of it.
    Outcome redeem(std::uint64_t of_member, std::uint32_t offer, std::int64_t quantity = 1,
                   std::uint64_t origin = 0);
    Outcome reserve(std::uint64_t of_member, std::uint32_t offer, std::int64_t cash,
                    std::string_view order, std::int64_t quantity = 1, std::uint64_t origin = 0);
    Outcome confirm(std::uint64_t of_member, std::string_view order, std::int64_t amount,
                    std::string_view payment = "pay-1");
    Outcome cancel(std::uint64_t of_member, std::string_view order);
    OrderAnswer order(std::uint64_t of_member, std::string_view order);
    Outcome ask(const Command& command);
    RulesAnswer put(std::string_view offers, std::uint32_t version);
    // The program's first rules.
    RulesAnswer put_rules(std::string_view rules);
    CodesAnswer import(std::string_view text, std::uint32_t offer, std::uint32_t batch = 1,
                       std::uint64_t first_line = 1);
    [[nodiscard]] Command import_command(std::string_view text, std::uint32_t offer,
                                         std::uint32_t batch = 1, std::uint64_t first_line = 1);
    // Number of a request that was sent.
    std::uint32_t send_reveal(std::uint64_t of_member, const VoucherNumber& voucher);
    [[nodiscard]] const RevealAnswer* revealed(std::uint32_t request) const;
    OffersAnswer offers(std::uint64_t of_member, const ReadOffers& asked = {});
    VouchersAnswer vouchers(std::uint64_t of_member, const ReadVouchers& asked = {});
    Outcome balance(std::uint64_t of_member);

    // Null where there was no answer or a refusal.
    [[nodiscard]] const RedeemAnswer* redeemed(std::uint32_t request) const;
    [[nodiscard]] RulesAnswer put_answer(std::uint32_t request) const;

    // What the ledgers of all shards say of an offer.
    [[nodiscard]] ledger::CounterUnits units(std::uint32_t offer);
    [[nodiscard]] ledger::TicketSpan tickets(std::uint32_t offer);
    // INV-12: the state, which must not depend on the number of shards.
    [[nodiscard]] std::string state();
    // Nothing is under way.
    void check();
    // The whole journal from zero, through the auditor's eyes; and the invariants of what it comes
    // to.
    void audit();

    ShardWorld world;

    [[nodiscard]] Command command_of(std::uint64_t of_member, CommandKind kind,
                                     const CommandBody& body);

private:
    std::deque<CommandPayload> payloads_;
    std::uint16_t next_via_ = 0;
};

}  // namespace suanpan::shard
