// LoadTraffic: the load itself.
#pragma once

#include "bench/load/ack_file.h"
#include "bench/load/members.h"
#include "bench/load/mix.h"
#include "bench/load/request_ids.h"
#include "bench/load/tally.h"
#include "bench/load/traffic.h"

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace suanpan::load {

struct LoadShape {
    ProgramId program{};
    std::uint64_t members = 1;
    double zipf_s = 0;
    Points amount{1};
    std::uint32_t batch_events = 1;
    Mix mix;
    ShardMap map;
    std::uint64_t seed = 0;
    std::string ack_path;  // empty: no file
};

// Frames of a random kind with events of random members, fresh request ids.
//
// A capture, release or refund needs an earlier answer: the newest holds and spends are kept, at
// most `recalled_max` per shard; where there is none, the frame becomes the hold or spend that
// makes one. Every frame's events belong to the lane's shard.
class LoadTraffic final : public Traffic {
public:
    explicit LoadTraffic(const LoadShape& shape);

    [[nodiscard]] bool fill(const Lane& lane, Flight& flight) override;
    void on_outcomes(const Lane& lane, const Flight& flight,
                     std::span<const Outcome> outcomes) override;
    void on_round(std::int64_t unix_ms) override;
    void on_end() override;

    // Events answered ok and journaled, since the start.
    [[nodiscard]] const Count& acked() const { return acked_; }

    static constexpr std::size_t recalled_max = 16'384;

private:
    // What a later event can be about.
    struct Recalled {
        MemberId member;
        std::uint64_t reference = 0;
    };
    using Recall = std::vector<Recalled>;

    [[nodiscard]] Recall* recall_for(CommandKind kind, std::uint32_t shard);

    LoadShape shape_;
    MemberPicker members_;
    RequestIds ids_;
    std::mt19937_64 random_;
    std::map<CommandKind, FrameTemplate> templates_;
    std::vector<Recall> holds_;   // by shard
    std::vector<Recall> spends_;  // by shard
    std::unique_ptr<AckWriter> acks_;
    std::int64_t flushed_at_ms_ = 0;
    Count acked_;
};

}  // namespace suanpan::load
