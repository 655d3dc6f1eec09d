#include "bench/load/check_traffic.h"

#include "protocol/base/assert.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace suanpan::load {

CheckTraffic::CheckTraffic(const Shape& shape) : shape_(shape), waiting_(shape.map.shards) {
    for (const std::string& path : shape.paths) {
        readers_.push_back(std::make_unique<AckReader>(path));
        if (readers_.size() > 1 && readers_.back()->program() != program_) {
            throw std::runtime_error("--check-acks: the files are of different programs: " + path);
        }
        program_ = readers_.back()->program();
    }
}

void CheckTraffic::sort_until(std::uint32_t shard, std::size_t count) {
    while (waiting_[shard].size() < count && !readers_.empty()) {
        const std::optional<AckRecord> record = readers_.back()->next();
        if (!record) {
            readers_.pop_back();
            continue;
        }
        ++counts_.acknowledged;
        waiting_[shape_.map.shard_of(record->member)].push_back(*record);
    }
}

const FrameTemplate& CheckTraffic::template_of(std::uint32_t events) {
    for (const auto& known : templates_) {
        if (known->events() == events) return *known;
    }
    Command like;
    like.head.kind = CommandKind::lookup;
    like.head.program = program_;
    like.body = Lookup{};
    return *templates_.emplace_back(std::make_unique<FrameTemplate>(like, events));
}

bool CheckTraffic::fill(const Lane& lane, Flight& flight) {
    sort_until(lane.shard(), shape_.batch_events);
    std::vector<AckRecord>& waiting = waiting_[lane.shard()];
    if (waiting.empty()) return false;
    const std::size_t events = std::min<std::size_t>(waiting.size(), shape_.batch_events);
    const FrameTemplate& frame = template_of(static_cast<std::uint32_t>(events));
    frame.start(flight.frame);
    flight.shape = &frame;
    const auto first = waiting.end() - static_cast<std::ptrdiff_t>(events);
    Asked asked{.flight = &flight, .records = {first, waiting.end()}};
    waiting.erase(first, waiting.end());
    for (std::uint32_t i = 0; i < frame.events(); ++i) {
        frame.set_event(
            flight.frame, i,
            {.request_id = asked.records[i].request_id, .member = asked.records[i].member});
    }
    asked_.push_back(std::move(asked));
    return true;
}

bool CheckTraffic::is_exhausted() const {
    return readers_.empty() && asked_.empty() &&
           std::ranges::all_of(waiting_, [](const auto& waiting) { return waiting.empty(); });
}

void CheckTraffic::on_outcomes(const Lane& lane, const Flight& flight,
                               std::span<const Outcome> outcomes) {
    const auto asked = std::ranges::find(asked_, &flight, &Asked::flight);
    SUANPAN_ASSERT(asked != asked_.end());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const AckRecord& record = asked->records[i];
        const Outcome& outcome = outcomes[i];
        const auto group = static_cast<std::uint16_t>(outcome.code) / 100;
        if (group == 4) {  // not now
            waiting_[lane.shard()].push_back(record);
        } else if (outcome.code == Code::ok && outcome.entry_id.value == record.entry_id) {
            ++counts_.found;
        } else {
            ++counts_.lost;
            if (outcome.code == Code::ok) ++counts_.other_entry;
        }
    }
    asked_.erase(asked);
}

}  // namespace suanpan::load
