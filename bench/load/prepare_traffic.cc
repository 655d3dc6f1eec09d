#include "bench/load/prepare_traffic.h"

#include <algorithm>

namespace suanpan::load {

PrepareTraffic::PrepareTraffic(const Shape& shape)
    : shape_(shape), next_(shape.first), waiting_(shape.map.shards) {}

void PrepareTraffic::sort_until(std::uint32_t shard, std::size_t count) {
    while (waiting_[shard].size() < count && next_ < shape_.last) {
        const MemberId member = member_id(next_++);
        waiting_[shape_.map.shard_of(member)].push_back(member);
    }
}

const FrameTemplate& PrepareTraffic::template_of(std::uint32_t events) {
    for (const auto& known : templates_) {
        if (known->events() == events) return *known;
    }
    Command like;
    like.head.kind = CommandKind::earn;
    like.head.program = shape_.program;
    like.body = Earn{.amount = shape_.initial};
    return *templates_.emplace_back(std::make_unique<FrameTemplate>(like, events));
}

bool PrepareTraffic::fill(const Lane& lane, Flight& flight) {
    sort_until(lane.shard(), shape_.batch_events);
    std::vector<MemberId>& waiting = waiting_[lane.shard()];
    if (waiting.empty()) return false;
    const std::size_t events = std::min<std::size_t>(waiting.size(), shape_.batch_events);
    const FrameTemplate& frame = template_of(static_cast<std::uint32_t>(events));
    frame.start(flight.frame);
    flight.shape = &frame;
    for (std::uint32_t i = 0; i < frame.events(); ++i) {
        frame.set_event(flight.frame, i, {.request_id = ids_.next(), .member = waiting.back()});
        waiting.pop_back();
    }
    in_flight_ += events;
    return true;
}

bool PrepareTraffic::is_exhausted() const {
    return next_ == shape_.last && in_flight_ == 0 &&
           std::ranges::all_of(waiting_, [](const auto& waiting) { return waiting.empty(); });
}

void PrepareTraffic::on_outcomes(const Lane& lane, const Flight& flight,
                                 std::span<const Outcome> outcomes) {
    in_flight_ -= outcomes.size();
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const Code code = outcomes[i].code;
        if (code == Code::ok) continue;
        if (code == Code::busy || code == Code::storage_full || code == Code::rate_limited) {
            const auto index = static_cast<std::uint32_t>(i);
            waiting_[lane.shard()].push_back(flight.shape->event(flight.frame, index).member);
        } else {
            ++refused_;
        }
    }
}

}  // namespace suanpan::load
