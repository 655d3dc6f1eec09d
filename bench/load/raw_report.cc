#include "bench/load/raw_report.h"

#include "bench/load/report.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace suanpan::load {

double RawReport::records_per_second() const {
    return elapsed_s > 0 ? static_cast<double>(records) / elapsed_s : 0;
}

std::string print_raw_text(const RawReport& report, const char* record) {
    return fmt::format(
        "{}\n  {:>12.0f} {}/s   p50 {}  p99 {}  p99.9 {}  max {}\n", report.label,
        report.records_per_second(), record, print_time(report.latency.percentile(0.50)),
        print_time(report.latency.percentile(0.99)), print_time(report.latency.percentile(0.999)),
        print_time(report.latency.max()));
}

std::string print_raw_json(const RawReport& report) {
    const boost::json::object json{
        {"label", report.label},
        {"records_per_second", report.records_per_second()},
        {"records", report.records},
        {"elapsed_s", report.elapsed_s},
        {"latency_ns",
         {{"p50", report.latency.percentile(0.50)},
          {"p99", report.latency.percentile(0.99)},
          {"p999", report.latency.percentile(0.999)},
          {"max", report.latency.max()},
          {"mean", report.latency.mean()}}},
    };
    return boost::json::serialize(json) + "\n";
}

}  // namespace suanpan::load
