// Report: the figures of one run.
#pragma once

#include "bench/load/tally.h"
#include "protocol/base/histogram.h"
#include "protocol/code.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace suanpan::load {

// The tallies of all workers, summed up. A plain value.
struct Report {
    std::string label;
    std::string mode;             // "closed" or "open"
    double asked_per_second = 0;  // open loop: the rate that was asked for
    double elapsed_s = 0;
    double cpu_s = 0;
    std::uint64_t frames_sent = 0;
    std::uint64_t events_sent = 0;
    std::uint64_t events_answered = 0;
    std::uint64_t events_ok = 0;
    std::uint64_t acked = 0;  // since the start, warm-up and end included
    std::uint64_t unanswered = 0;
    std::uint64_t not_sent = 0;
    std::uint64_t longest_stall_ns = 0;
    std::uint64_t cuts = 0;
    std::uint64_t down_ns = 0;
    std::uint64_t repeated_events = 0;
    std::uint64_t differing_events = 0;
    std::map<std::uint16_t, std::uint64_t> codes;  // all answers of the measured time and after it
    HistogramSnapshot latency;

    void add(const Tally& tally);

    [[nodiscard]] double ok_per_second() const;
    // What really went out; for an open loop to be held against what was asked.
    [[nodiscard]] double offered_per_second() const;
    [[nodiscard]] double ok_share() const;
    [[nodiscard]] double cpu_us_per_event() const;
    [[nodiscard]] std::uint64_t count_of(Code code) const;
};

// For people, several lines.
[[nodiscard]] std::string print_text(const Report& report);
// One row, and the names of its columns.
[[nodiscard]] std::string csv_columns();
[[nodiscard]] std::string print_csv(const Report& report);
[[nodiscard]] std::string print_json(const Report& report);
// Rows "from_ns,to_ns,events,share_at_most" of the buckets that hold something.
[[nodiscard]] std::string print_histogram(const HistogramSnapshot& latency);

// Appends to `path`, with the columns first where the file is new. Throws std::runtime_error.
void append_csv(const std::string& path, const Report& report);
// Throws std::runtime_error.
void write_text_file(const std::string& path, const std::string& text);

// "0.35 ms", "1.20 s": a time for people.
[[nodiscard]] std::string print_time(std::uint64_t ns);

}  // namespace suanpan::load
