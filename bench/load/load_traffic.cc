#include "bench/load/load_traffic.h"

#include "protocol/base/assert.h"

#include <optional>

namespace suanpan::load {
namespace {

constexpr std::int64_t flush_every_ms = 100;

CommandBody body_of(CommandKind kind, Points amount) {
    switch (kind) {
        case CommandKind::earn:
            return Earn{.amount = amount};
        case CommandKind::spend:
            return Spend{.amount = amount};
        case CommandKind::hold:
            return PlaceHold{.amount = amount};
        case CommandKind::capture:
            return CaptureHold{.amount = amount};
        case CommandKind::release:
            return ReleaseHold{};
        case CommandKind::refund:
            return Refund{};
        default:
            return ReadBalance{};
    }
}

// The kind whose answers this kind is about.
std::optional<CommandKind> needs(CommandKind kind) {
    if (kind == CommandKind::capture || kind == CommandKind::release) return CommandKind::hold;
    if (kind == CommandKind::refund) return CommandKind::spend;
    return std::nullopt;
}

}  // namespace

LoadTraffic::LoadTraffic(const LoadShape& shape)
    : shape_(shape),
      members_(shape.members, shape.zipf_s, shape.map),
      random_(shape.seed),
      holds_(shape.map.shards),
      spends_(shape.map.shards) {
    for (const CommandKind kind : shape.mix.kinds()) {
        Command like;
        like.head.kind = kind;
        like.head.program = shape.program;
        like.body = body_of(kind, shape.amount);
        templates_.emplace(kind, FrameTemplate(like, shape.batch_events));
    }
    if (!shape.ack_path.empty()) {
        acks_ = std::make_unique<AckWriter>(shape.ack_path, shape.program);
    }
}

LoadTraffic::Recall* LoadTraffic::recall_for(CommandKind kind, std::uint32_t shard) {
    if (kind == CommandKind::hold) return &holds_[shard];
    if (kind == CommandKind::spend) return &spends_[shard];
    return nullptr;
}

bool LoadTraffic::fill(const Lane& lane, Flight& flight) {
    CommandKind kind = shape_.mix.draw(random_);
    Recall* recall = nullptr;
    if (const std::optional<CommandKind> needed = needs(kind)) {
        recall = recall_for(*needed, lane.shard());
        if (recall->size() < shape_.batch_events) {
            kind = *needed;
            recall = nullptr;
        }
    }
    const FrameTemplate& shape = templates_.at(kind);
    shape.start(flight.frame);
    flight.shape = &shape;
    for (std::uint32_t i = 0; i < shape.events(); ++i) {
        EventFields fields;
        // A read has no id of its own; the zero id says so.
        if (!is_read(kind)) fields.request_id = ids_.next();
        if (recall != nullptr) {
            fields.member = recall->back().member;
            fields.reference = recall->back().reference;
            recall->pop_back();
        } else {
            const std::optional<MemberId> member = members_.draw_of(lane.shard(), random_);
            if (!member) return false;
            fields.member = *member;
        }
        shape.set_event(flight.frame, i, fields);
    }
    return true;
}

void LoadTraffic::on_outcomes(const Lane& lane, const Flight& flight,
                              std::span<const Outcome> outcomes) {
    const CommandKind kind = flight.shape->kind();
    if (is_read(kind)) return;
    const bool is_recalled =
        (kind == CommandKind::hold &&
         (shape_.mix.has(CommandKind::capture) || shape_.mix.has(CommandKind::release))) ||
        (kind == CommandKind::spend && shape_.mix.has(CommandKind::refund));
    std::uint64_t acked = 0;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const Outcome& outcome = outcomes[i];
        if (outcome.code != Code::ok) continue;
        ++acked;
        if (acks_ == nullptr && !is_recalled) continue;
        const EventFields fields = flight.shape->event(flight.frame, static_cast<std::uint32_t>(i));
        if (acks_ != nullptr) {
            acks_->add({.request_id = fields.request_id,
                        .member = fields.member,
                        .entry_id = outcome.entry_id.value});
        }
        if (!is_recalled) continue;
        Recall& recall = *recall_for(kind, lane.shard());
        if (recall.size() == recalled_max) continue;
        recall.push_back({.member = fields.member,
                          .reference = kind == CommandKind::hold
                                           ? static_cast<std::uint64_t>(outcome.detail)
                                           : outcome.entry_id.value});
    }
    acked_.add(acked);
}

void LoadTraffic::on_round(std::int64_t unix_ms) {
    ids_.set_unix_ms(unix_ms);
    if (acks_ == nullptr || unix_ms - flushed_at_ms_ < flush_every_ms) return;
    acks_->flush();
    flushed_at_ms_ = unix_ms;
}

void LoadTraffic::on_end() {
    if (acks_ != nullptr) acks_->flush();
}

}  // namespace suanpan::load
