// CheckTraffic: looks up every event that an ack file says was acknowledged.
#pragma once

#include "bench/load/ack_file.h"
#include "bench/load/members.h"
#include "bench/load/traffic.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace suanpan::load {

// What became of the acknowledged events.
struct CheckCounts {
    std::uint64_t acknowledged = 0;  // records in the files
    std::uint64_t found = 0;         // executed, under the same entry id
    std::uint64_t lost = 0;          // everything else
    std::uint64_t other_entry = 0;   // of the lost: executed, but under another entry id
};

// Reads the records once, in order, and asks with `lookup`, `batch_events` in a frame, on a lane of
// the member's shard. An answer that says "not now" is asked again. Memory: the records in flight
// and those whose shard's lanes are slower than the others'.
class CheckTraffic final : public Traffic {
public:
    struct Shape {
        std::vector<std::string> paths;
        std::uint32_t batch_events = 1024;
        ShardMap map;
    };
    // Throws std::runtime_error where a file cannot be read.
    explicit CheckTraffic(const Shape& shape);

    [[nodiscard]] bool fill(const Lane& lane, Flight& flight) override;
    [[nodiscard]] bool is_exhausted() const override;
    void on_outcomes(const Lane& lane, const Flight& flight,
                     std::span<const Outcome> outcomes) override;

    [[nodiscard]] const CheckCounts& counts() const { return counts_; }

private:
    void sort_until(std::uint32_t shard, std::size_t count);
    [[nodiscard]] const FrameTemplate& template_of(std::uint32_t events);

    Shape shape_;
    ProgramId program_{};
    std::vector<std::unique_ptr<AckReader>> readers_;  // the last one is being read
    std::vector<std::vector<AckRecord>> waiting_;      // by shard
    // What each flight asks for, by lane and flight: its records, in order.
    struct Asked {
        const Flight* flight = nullptr;
        std::vector<AckRecord> records;
    };
    std::vector<Asked> asked_;
    CheckCounts counts_;
    std::vector<std::unique_ptr<FrameTemplate>> templates_;
};

}  // namespace suanpan::load
