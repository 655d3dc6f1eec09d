#include "server/shard/owner_lanes.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "protocol/base/probe.h"
#include "server/cards/reserved_units.h"
#include "server/cards/voucher_format.h"

#include <algorithm>
#include <array>

namespace suanpan::shard {

namespace {

ReservedUnits reserved_of(ShardIndex home, const ledger::Account& account,
                          const ledger::Order& order) {
    ReservedUnits reserved{.ticket = order.units.ticket,
                           .request = {.quantity = order.units.quantity,
                                       .unpaid = true,
                                       .member = account.member(),
                                       .origin = cards::OriginKey{order.units.origin},
                                       .return_at = order.times_out},
                           .home = home,
                           .codes = {}};
    if (const auto codes = cards::get_reserved_codes(order.units.codes))
        for (const cards::ReservedCode& code : *codes) reserved.codes.push_back(code.key);
    return reserved;
}

}  // namespace

std::uint64_t offers_owner_hash(ProgramId program) {
    const auto number = static_cast<std::uint32_t>(program);
    return xxh3_64(std::as_bytes(std::span(&number, 1)), 0);
}

void OwnerLanes::restore_codes(CodesAtStart&& codes,
                               std::span<const std::unique_ptr<ledger::Ledger>> ledgers) {
    codes_at_start_ = std::move(codes);
    if (codes_at_start_.empty()) return;
    for (const auto& each : ledgers)
        each->for_each_voucher([this](const ledger::HeldVoucher& held) {
            const auto voucher = cards::get_voucher(held.bytes);
            if (voucher && voucher->has_code())
                codes_at_start_.issued[held.number.offer].push_back(
                    {.key = voucher->code, .home = held.number.home});
        });
}

OwnerLanes::OwnerLanes(std::uint16_t shards,
                       std::span<const std::unique_ptr<ledger::Ledger>> ledgers, std::size_t slots)
    : shards_(shards), lanes_(std::size_t{shards} * shards) {
    for (auto& lane : lanes_) lane = std::make_unique<Lane>(slots);
    ledger::CounterMap units;
    std::map<ledger::CounterKey, ledger::ReservedMap> reserved;
    std::map<ledger::CounterKey, ledger::TicketSpan> tickets;
    for (const auto& each : ledgers) {
        each->add_counters_to(units);
        each->add_reserved_to(reserved);
        const std::size_t known = tickets.size();
        std::map<ledger::CounterKey, ledger::TicketSpan> own;
        each->add_tickets_to(own);
        for (const auto& [key, span] : own) tickets[key].add(span);
        if (tickets.size() < known + own.size()) {
            SUANPAN_PROBE("the tickets of an offer were united from several shards");
        }
    }
    for (const auto& [key, sum] : units)
        at_start_[key] = {.units = sum, .reserved = reserved[key], .tickets = {}, .waiting = {}};
    for (const auto& [key, span] : tickets) at_start_[key].tickets = span;
    for (std::size_t i = 0; i < ledgers.size(); ++i)
        ledgers[i]->for_each_waiting(
            [&](const ledger::Account& account, const ledger::Order& order) {
                if (!order.units.any()) return;
                const ledger::CounterKey key = stock_key(account.program(), order.units.offer);
                at_start_[key].waiting.push_back(
                    reserved_of(ShardIndex{static_cast<std::uint16_t>(i)}, account, order));
            });
}

// Any function will do, as long as all shards of a process agree.
ShardIndex OwnerLanes::owner_of(const ledger::CounterKey& key) const {
    if (key.kind == ledger::CounterKind::offer_stock)
        return ShardIndex{static_cast<std::uint16_t>(offers_owner_hash(key.program) % shards_)};
    const std::array<std::uint32_t, 3> numbers{static_cast<std::uint32_t>(key.program),
                                               static_cast<std::uint32_t>(key.kind), key.id};
    return ShardIndex{
        static_cast<std::uint16_t>(xxh3_64(std::as_bytes(std::span(numbers)), 0) % shards_)};
}

ShardIndex OwnerLanes::owner_of(const OwnerAsk& ask) const {
    if (!ask.counts_origin) return owner_of(ask.key);
    const auto bytes = std::as_bytes(std::span(&ask.origin, 1));
    return ShardIndex{static_cast<std::uint16_t>(xxh3_64(bytes, 0) % shards_)};
}

bool OwnerLanes::try_ask(ShardIndex owner, const OwnerAsk& ask) {
    Lane& lane = lane_between(ask.asker, owner);
    if (!lane.outbox.empty() || lane.credits_used == lane.answers.capacity()) return false;
    if (!lane.mail.try_push(OwnerMail{ask})) return false;
    ++lane.credits_used;
    return true;
}

void OwnerLanes::tell(ShardIndex from, ShardIndex owner, const OwnerNotice& notice) {
    Lane& lane = lane_between(from, owner);
    if (lane.outbox.empty() && lane.mail.try_push(OwnerMail{notice})) return;
    lane.outbox.push_back(notice);
}

bool OwnerLanes::flush(ShardIndex from) {
    bool all_out = true;
    for (std::uint16_t owner = 0; owner < shards_; ++owner) {
        Lane& lane = lane_between(from, ShardIndex{owner});
        while (!lane.outbox.empty() && lane.mail.try_push(OwnerMail{lane.outbox.front()}))
            lane.outbox.pop_front();
        all_out = all_out && lane.outbox.empty();
    }
    return all_out;
}

bool OwnerLanes::is_flushed(ShardIndex from) const {
    for (std::uint16_t owner = 0; owner < shards_; ++owner)
        if (!lane_between(from, ShardIndex{owner}).outbox.empty()) return false;
    return true;
}

void OwnerLanes::answer(ShardIndex owner, const OwnerAnswer& answer) {
    const bool pushed = lane_between(answer.asker, owner).answers.try_push(OwnerAnswer{answer});
    SUANPAN_ASSERT(pushed);
}

bool OwnerLanes::has_news(ShardIndex shard) const {
    for (std::uint16_t i = 0; i < shards_; ++i) {
        const ShardIndex other{i};
        if (!lane_between(other, shard).mail.empty()) return true;
        if (!lane_between(shard, other).answers.empty()) return true;
    }
    return false;
}

}  // namespace suanpan::shard
