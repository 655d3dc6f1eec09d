// PrepareTraffic: gives every member its first points.
#pragma once

#include "bench/load/members.h"
#include "bench/load/request_ids.h"
#include "bench/load/traffic.h"

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace suanpan::load {

// Earns `initial` for the members [first, last), in frames of `batch_events`, each member on a lane
// of its shard. What is answered `busy` is sent again. Memory: one number for each member whose
// shard's lanes are slower than the others'.
class PrepareTraffic final : public Traffic {
public:
    struct Shape {
        ProgramId program{};
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        Points initial;
        std::uint32_t batch_events = 1024;
        ShardMap map;
    };
    explicit PrepareTraffic(const Shape& shape);

    [[nodiscard]] bool fill(const Lane& lane, Flight& flight) override;
    [[nodiscard]] bool is_exhausted() const override;
    void on_outcomes(const Lane& lane, const Flight& flight,
                     std::span<const Outcome> outcomes) override;
    void on_round(std::int64_t unix_ms) override { ids_.set_unix_ms(unix_ms); }

    // Members that could not be given their points, for another reason than `busy`.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
    // Moves members out of the range until `shard` has `count` waiting, or the range is empty.
    void sort_until(std::uint32_t shard, std::size_t count);
    [[nodiscard]] const FrameTemplate& template_of(std::uint32_t events);

    Shape shape_;
    std::uint64_t next_;
    std::vector<std::vector<MemberId>> waiting_;  // by shard
    std::uint64_t in_flight_ = 0;
    std::uint64_t refused_ = 0;
    RequestIds ids_;
    // The full frame, and those of the ends.
    std::vector<std::unique_ptr<FrameTemplate>> templates_;
};

}  // namespace suanpan::load
