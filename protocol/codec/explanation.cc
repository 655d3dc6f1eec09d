// explain, both ways.
#include "protocol/codec/building.h"
#include "protocol/codec/event_checks.h"
#include "protocol/codec/messages.h"

namespace suanpan {
namespace codec {

Decoded decode_explain_request(RequestBytes body, DecodedEvent& event) {
    const auto* request = verified<wire::ExplainRequest>(body);
    if (request == nullptr) return refuse(Code::message_malformed);
    CommandHead& head = event.command.head;
    head.request_id = request_id_of(request->request_id());
    head.member = member_of(request->member());
    head.program = ProgramId{request->program()};
    if (head.request_id.is_zero()) fail(event, Code::request_id_missing);
    if (head.member.is_zero()) fail(event, Code::member_missing);
    event.command.body = Explain{};
    return {};
}

void append_request(Bytes& out, const CommandHead& head, const Explain&) {
    auto& into = builder();
    const wire::Id128 request_id = wire_of(head.request_id);
    const wire::Id128 member = wire_of(head.member);
    append_table(out, into,
                 wire::CreateExplainRequest(into, &request_id, &member,
                                            static_cast<std::uint32_t>(head.program)));
}

}  // namespace codec

using namespace codec;

void encode_explanation(Bytes& out, FrameHeader header, const Explanation& from) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(from.outcome);
    const auto terms_hash = bytes_of(into, from.terms_hash);
    const auto entry_hash = bytes_of(into, from.entry_hash);
    const auto lots = structs_of<wire::LotMovement>(into, from.lots, [](const LotMovement& lot) {
        return wire::LotMovement{lot.expires_at.ns,
                                 lot.active_from.ns,
                                 lot.delta.value,
                                 lot.rule_version,
                                 lot.hold,
                                 static_cast<std::uint16_t>(lot.restriction),
                                 static_cast<std::uint8_t>(lot.origin),
                                 static_cast<std::uint8_t>(lot.cause)};
    });
    const auto limits =
        structs_of<wire::CountedLimit>(into, from.limits, [](const CountedLimit& limit) {
            return wire::CountedLimit{limit.money.value, limit.points.value, limit.count,
                                      limit.id,          limit.period.days,  limit.kind};
        });
    append_table(out, into,
                 wire::CreateExplainReply(
                     into, &result, from.previous_entry.value, from.reference, from.local_date.days,
                     static_cast<std::uint32_t>(from.partner),
                     static_cast<std::uint32_t>(from.principal), from.kind, from.reason,
                     from.policy_version, from.rule_version, terms_hash, entry_hash, lots, limits));
    finish_frame(out, begin, reply_to(header));
}

std::expected<Explanation, Code> decode_explanation(std::span<const std::byte> body) {
    const auto* from = verified<wire::ExplainReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    if ((from->lots() != nullptr && !is_aligned(from->lots())) ||
        (from->limits() != nullptr && !is_aligned(from->limits())))
        return refuse(Code::message_malformed);
    Explanation to{.outcome = plain_of(*from->result()),
                   .previous_entry = {from->previous_entry()},
                   .reference = from->reference(),
                   .local_date = {from->local_date()},
                   .partner = PartnerId{from->partner()},
                   .principal = PrincipalId{from->principal()},
                   .kind = from->kind(),
                   .reason = from->reason(),
                   .policy_version = from->policy_version(),
                   .rule_version = from->rule_version(),
                   .lots = {},
                   .limits = {}};
    if (!take_hash(from->terms_hash(), to.terms_hash) ||
        !take_hash(from->entry_hash(), to.entry_hash))
        return refuse(Code::message_malformed);
    if (from->lots() != nullptr)
        for (const wire::LotMovement* lot : *from->lots())
            to.lots.push_back({.expires_at = {lot->expires_at()},
                               .active_from = {lot->active_from()},
                               .delta = {lot->delta()},
                               .rule_version = lot->rule_version(),
                               .hold = lot->hold(),
                               .restriction = Restriction{lot->restriction()},
                               .origin = static_cast<LotOrigin>(lot->origin()),
                               .cause = static_cast<MovementCause>(lot->cause())});
    if (from->limits() != nullptr)
        for (const wire::CountedLimit* limit : *from->limits())
            to.limits.push_back({.kind = limit->kind(),
                                 .id = limit->id(),
                                 .period = {limit->period()},
                                 .money = {limit->money()},
                                 .points = {limit->points()},
                                 .count = limit->count()});
    return to;
}

}  // namespace suanpan
