// A flash sale as load: many members, one hot offer or a hundred, and the habits of real shoppers.
#pragma once

#include "bench/load/dial.h"
#include "bench/load/options.h"
#include "protocol/base/histogram.h"
#include "protocol/code.h"

#include <cstdint>
#include <map>
#include <string>

namespace suanpan::load {

// What a run came to. A double click counts once, by the answer of its first request.
struct SaleReport {
    std::string label;
    double elapsed_s = 0;
    std::map<Code, std::uint64_t> codes;  // answers in the measured time
    HistogramSnapshot latency;            // of all of them, in nanoseconds
    HistogramSnapshot latency_ok;         // of redemptions that were done
    std::uint64_t double_clicks = 0;
    std::uint64_t differing = 0;  // double clicks whose two answers were not the same
    std::uint64_t unknown = 0;    // no answer in time

    [[nodiscard]] std::uint64_t answers() const;
    [[nodiscard]] double per_second(std::uint64_t count) const {
        return elapsed_s > 0 ? static_cast<double>(count) / elapsed_s : 0;
    }
};
[[nodiscard]] std::string print_sale_text(const SaleReport& report);
// {"label":..., "ok_per_second":..., "codes":{...}, "latency_ns":{...}, ...}
[[nodiscard]] std::string print_sale_json(const SaleReport& report);

// The file of `count` counted or code-backed offers, numbered from 1000 x program + 1. An order may
// have 999 units, so that one of 1000 is over the limit whoever asks.
[[nodiscard]] std::string sale_offers(std::uint32_t program, std::uint32_t count,
                                      std::int64_t stock, bool with_codes);

// --flash-sale, without what --prepare does for accounts. 1 where a double click had two answers,
// or one was missing. Throws std::runtime_error, with one line.
int run_flash_sale(const LoadOptions& options, const Target& target);
// The offers, and their codes. Expects the program.
void prepare_flash_sale(const LoadOptions& options, const Target& target);

}  // namespace suanpan::load
