// The C interface to what is about members and programs: limits, facts, points that expire, what a
// request did, policies, a sandbox's clock.
#include "client/name_of.h"
#include "client/suanpan_c.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

namespace {

using namespace suanpan;
using client::Answer;
using client::Target;
using client::c::clear;
using client::c::duration_of;
using client::c::free_filled;
using client::c::guarded;

// What the arrays of a filled suanpan_explained point into; its `memory`.
struct ExplainedMemory {
    std::vector<suanpan_lot_movement> lots;
    std::vector<suanpan_counted_limit> limits;
};

suanpan_lot_movement plain(const LotMovement& from) {
    return {.expires_at_ns = from.expires_at.ns,
            .active_from_ns = from.active_from.ns,
            .delta = from.delta.value,
            .rule_version = from.rule_version,
            .hold = from.hold,
            .restriction = static_cast<std::uint16_t>(from.restriction),
            .origin = static_cast<std::uint16_t>(from.origin),
            .cause = static_cast<std::uint16_t>(from.cause)};
}

suanpan_counted_limit plain(const CountedLimit& from) {
    return {.id = from.id,
            .period_days = from.period.days,
            .money = from.money.value,
            .points = from.points.value,
            .count = from.count,
            .kind = from.kind};
}

void fill(suanpan_explained& to, const Explanation& from) {
    auto memory = std::make_unique<ExplainedMemory>();
    for (const LotMovement& lot : from.lots) memory->lots.push_back(plain(lot));
    for (const CountedLimit& limit : from.limits) memory->limits.push_back(plain(limit));
    to.previous_entry = from.previous_entry.value;
    to.reference = from.reference;
    to.local_date_days = from.local_date.days;
    to.partner = static_cast<std::uint32_t>(from.partner);
    to.principal = static_cast<std::uint32_t>(from.principal);
    to.policy_version = from.policy_version;
    to.rule_version = from.rule_version;
    to.kind = from.kind;
    to.reason = from.reason;
    std::memcpy(to.terms_hash, from.terms_hash.data(), sizeof to.terms_hash);
    std::memcpy(to.entry_hash, from.entry_hash.data(), sizeof to.entry_hash);
    to.lots = memory->lots.data();
    to.lot_count = memory->lots.size();
    to.limits = memory->limits.data();
    to.limit_count = memory->limits.size();
    to.memory = memory.release();
}

// A number that its enumeration has not becomes one that no policy has, and is refused.
template <typename Policy>
Policy policy_of(std::uint16_t number) {
    return static_cast<Policy>(
        std::min<std::uint16_t>(number, std::numeric_limits<std::uint8_t>::max()));
}

constexpr decltype(ProgramSpec::time_zone) no_zone;

template <typename Name>
Name name_of(const char* text) {
    return client::name_of<Name>(text != nullptr ? text : "");
}

ProgramSpec spec_of(const suanpan_program& from) {
    ProgramSpec spec;
    spec.id = ProgramId{from.id};
    spec.version = from.version;
    spec.name = name_of<decltype(spec.name)>(from.name);
    spec.currency = name_of<decltype(spec.currency)>(from.currency);
    spec.time_zone = name_of<decltype(spec.time_zone)>(from.time_zone);
    // None would be the default zone. This is a name that no zone has.
    if (from.time_zone != nullptr && from.time_zone[0] != '\0' && spec.time_zone == no_zone)
        spec.time_zone.bytes[0] = '?';
    spec.expiry = policy_of<ExpiryPolicy>(from.expiry);
    spec.expiry_rounding = policy_of<ExpiryRounding>(from.expiry_rounding);
    spec.revoke = policy_of<RevokePolicy>(from.revoke);
    spec.merge_lots = from.merge_lots != 0;
    spec.expiry_count = from.expiry_count;
    spec.expiry_date = {from.expiry_date_days};
    spec.hold_grace_days = from.hold_grace_days;
    spec.refundable_days = from.refundable_days;
    spec.hold_default = duration_of(from.hold_default_ms);
    spec.hold_max = duration_of(from.hold_max_ms);
    spec.spend_per_day_max = {from.spend_per_day_max};
    return spec;
}

}  // namespace

suanpan_answer suanpan_set_limit(suanpan_client* client, const suanpan_target* target,
                                 int64_t spend_per_day_max) {
    return guarded(target, [&](const Target& to) {
        return client->client.set_limit(to, {.spend_per_day_max = {spend_per_day_max}});
    });
}

suanpan_answer suanpan_member_update(suanpan_client* client, const suanpan_target* target,
                                     const suanpan_member_facts* facts) {
    return guarded(target, [&](const Target& to) {
        return client->client.member_update(to, {.segments = facts->segments,
                                                 .source_version = facts->source_version,
                                                 .level = facts->level,
                                                 .birthday_month = facts->birthday_month,
                                                 .birthday_day = facts->birthday_day});
    });
}

suanpan_answer suanpan_expiring(suanpan_client* client, const suanpan_target* target,
                                int64_t within_ms, suanpan_expiring_row* rows, size_t rows_max,
                                size_t* row_count) {
    if (row_count != nullptr) *row_count = 0;
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.expiring(to, duration_of(within_ms));
        const size_t count = std::min(answer.rows.size(), rows_max);
        for (size_t i = 0; i < count; ++i)
            rows[i] = {.expires_at_ns = answer.rows[i].expires_at.ns,
                       .points = answer.rows[i].points.value};
        if (row_count != nullptr) *row_count = count;
        return answer;
    });
}

suanpan_answer suanpan_explain(suanpan_client* client, const suanpan_target* target,
                               suanpan_explained* explained) {
    clear(explained);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.explain(to);
        if (answer.explanation != nullptr && explained != nullptr)
            fill(*explained, *answer.explanation);
        return answer;
    });
}

void suanpan_free_explained(suanpan_explained* explained) {
    free_filled<ExplainedMemory>(explained);
}

suanpan_answer suanpan_program_create(suanpan_client* client, const suanpan_target* target,
                                      const suanpan_program* program) {
    return guarded(target, [&](const Target& to) {
        return client->client.create_program(spec_of(*program), to.request_id);
    });
}

suanpan_answer suanpan_program_update(suanpan_client* client, const suanpan_target* target,
                                      const suanpan_program* program) {
    return guarded(target, [&](const Target& to) {
        return client->client.update_program(spec_of(*program), to.request_id);
    });
}

suanpan_answer suanpan_clock_advance(suanpan_client* client, const suanpan_target* target,
                                     int64_t by_ms) {
    return guarded(target, [&](const Target& to) {
        return client->client.advance_clock(duration_of(by_ms), to.request_id);
    });
}
