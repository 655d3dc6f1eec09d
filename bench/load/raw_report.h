// The raw figures: what disk and network do without Suanpan, in the same program and shape.
#pragma once

#include "protocol/base/histogram.h"

#include <cstdint>
#include <string>

namespace suanpan::load {

// One raw measurement. `per_operation` records (or frames) are done by each operation that the
// histogram times.
struct RawReport {
    std::string label;
    double elapsed_s = 0;
    std::uint64_t records = 0;
    HistogramSnapshot latency;

    [[nodiscard]] double records_per_second() const;
};

[[nodiscard]] std::string print_raw_text(const RawReport& report, const char* record);
// {"label":..., "records_per_second":..., "latency_ns":{...}}
[[nodiscard]] std::string print_raw_json(const RawReport& report);

}  // namespace suanpan::load
