#include "bench/load/report.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace suanpan::load {
namespace {

double ms(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e6;
}
double per(double sum, double by) {
    return by > 0 ? sum / by : 0;
}

}  // namespace

void Report::add(const Tally& tally) {
    elapsed_s = std::max(elapsed_s, static_cast<double>(tally.elapsed_ns.get()) / 1e9);
    cpu_s += static_cast<double>(tally.cpu_ns.get()) / 1e9;
    frames_sent += tally.frames_sent.get();
    events_sent += tally.events_sent.get();
    events_answered += tally.events_answered.get();
    events_ok += tally.events_ok.get();
    unanswered += tally.unanswered.get();
    not_sent += tally.not_sent.get();
    longest_stall_ns = std::max(longest_stall_ns, tally.longest_stall_ns.get());
    cuts += tally.cuts.get();
    down_ns = std::max(down_ns, tally.down_ns.get());
    repeated_events += tally.repeated_events.get();
    differing_events += tally.differing_events.get();
    for (std::size_t code = 0; code < Tally::codes_max; ++code) {
        const std::uint64_t count = tally.codes[code].get();
        if (count > 0) codes[static_cast<std::uint16_t>(code)] += count;
    }
    latency.merge(tally.latency.snapshot());
}

double Report::ok_per_second() const {
    return per(static_cast<double>(events_ok), elapsed_s);
}

double Report::offered_per_second() const {
    return per(static_cast<double>(events_sent), elapsed_s);
}

double Report::ok_share() const {
    return per(static_cast<double>(events_ok), static_cast<double>(events_answered));
}

double Report::cpu_us_per_event() const {
    return per(cpu_s * 1e6, static_cast<double>(events_answered));
}

std::uint64_t Report::count_of(Code code) const {
    const auto found = codes.find(static_cast<std::uint16_t>(code));
    return found == codes.end() ? 0 : found->second;
}

std::string print_time(std::uint64_t ns) {
    if (ns < 1'000'000) return fmt::format("{:.1f} us", static_cast<double>(ns) / 1e3);
    if (ns < 1'000'000'000) return fmt::format("{:.2f} ms", ms(ns));
    return fmt::format("{:.2f} s", ms(ns) / 1e3);
}

std::string print_text(const Report& report) {
    std::string text;
    const auto out = std::back_inserter(text);
    if (!report.label.empty()) fmt::format_to(out, "{}\n", report.label);
    fmt::format_to(out, "  events answered ok   {:>12.0f} /s   ({} in {:.2f} s, {:.2f} % ok)\n",
                   report.ok_per_second(), report.events_ok, report.elapsed_s,
                   100 * report.ok_share());
    if (report.mode == "open") {
        fmt::format_to(out, "  really offered       {:>12.0f} /s   (asked: {:.0f} /s)\n",
                       report.offered_per_second(), report.asked_per_second);
    }
    fmt::format_to(out, "  latency              p50 {}  p90 {}  p99 {}  p99.9 {}  max {}\n",
                   print_time(report.latency.percentile(0.50)),
                   print_time(report.latency.percentile(0.90)),
                   print_time(report.latency.percentile(0.99)),
                   print_time(report.latency.percentile(0.999)), print_time(report.latency.max()));
    fmt::format_to(out, "  longest stall        {}\n", print_time(report.longest_stall_ns));
    fmt::format_to(out, "  CPU of the load      {:.3f} us per event, {:.0f} % of a core\n",
                   report.cpu_us_per_event(), 100 * per(report.cpu_s, report.elapsed_s));
    for (const auto& [code, count] : report.codes) {
        if (code == 0) continue;
        fmt::format_to(out, "  refused              {:>12}     {} {}\n", count, code,
                       text_of(Code{code}).name);
    }
    if (report.unanswered > 0) {
        fmt::format_to(out, "  never answered       {:>12}\n", report.unanswered);
    }
    if (report.not_sent > 0) {
        fmt::format_to(out,
                       "  due but not sent     {:>12}     (no room in flight; these waited longer "
                       "than any latency above)\n",
                       report.not_sent);
    }
    if (report.cuts > 0) {
        fmt::format_to(out, "  connection cut       {:>12} times, longest {} away\n", report.cuts,
                       print_time(report.down_ns));
    }
    if (report.repeated_events > 0) {
        fmt::format_to(out, "  repeated after a cut {:>12} events, {} with another outcome\n",
                       report.repeated_events, report.differing_events);
    }
    fmt::format_to(out, "  acknowledged events: {}\n", report.acked);
    return text;
}

std::string csv_columns() {
    return "label,mode,ok_per_second,offered_per_second,asked_per_second,elapsed_s,ok_share,p50_ms,"
           "p90_ms,p99_ms,p999_ms,max_ms,stall_ms,cpu_us_per_event,events_ok,busy,unanswered,"
           "not_sent,acked";
}

std::string print_csv(const Report& report) {
    return fmt::format(
        "{},{},{:.1f},{:.1f},{:.1f},{:.3f},{:.6f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},"
        "{},{},{},{},{}",
        report.label, report.mode, report.ok_per_second(), report.offered_per_second(),
        report.asked_per_second, report.elapsed_s, report.ok_share(),
        ms(report.latency.percentile(0.50)), ms(report.latency.percentile(0.90)),
        ms(report.latency.percentile(0.99)), ms(report.latency.percentile(0.999)),
        ms(report.latency.max()), ms(report.longest_stall_ns), report.cpu_us_per_event(),
        report.events_ok, report.count_of(Code::busy), report.unanswered, report.not_sent,
        report.acked);
}

std::string print_json(const Report& report) {
    boost::json::object codes;
    for (const auto& [code, count] : report.codes) codes[text_of(Code{code}).name] = count;
    const boost::json::object json{
        {"label", report.label},
        {"mode", report.mode},
        {"ok_per_second", report.ok_per_second()},
        {"offered_per_second", report.offered_per_second()},
        {"asked_per_second", report.asked_per_second},
        {"elapsed_s", report.elapsed_s},
        {"ok_share", report.ok_share()},
        {"latency_ns",
         {{"p50", report.latency.percentile(0.50)},
          {"p90", report.latency.percentile(0.90)},
          {"p99", report.latency.percentile(0.99)},
          {"p999", report.latency.percentile(0.999)},
          {"max", report.latency.max()},
          {"mean", report.latency.mean()}}},
        {"longest_stall_ns", report.longest_stall_ns},
        {"cpu_us_per_event", report.cpu_us_per_event()},
        {"frames_sent", report.frames_sent},
        {"events_sent", report.events_sent},
        {"events_answered", report.events_answered},
        {"events_ok", report.events_ok},
        {"unanswered", report.unanswered},
        {"not_sent", report.not_sent},
        {"acked", report.acked},
        {"cuts", report.cuts},
        {"down_ns", report.down_ns},
        {"repeated_events", report.repeated_events},
        {"differing_events", report.differing_events},
        {"codes", codes},
    };
    return boost::json::serialize(json) + "\n";
}

std::string print_histogram(const HistogramSnapshot& latency) {
    std::string text = "from_ns,to_ns,events,share_at_most\n";
    std::uint64_t so_far = 0;
    for (std::size_t bucket = 0; bucket < HistogramSnapshot::bucket_count; ++bucket) {
        const std::uint64_t count = latency.count_in(bucket);
        if (count == 0) continue;
        so_far += count;
        fmt::format_to(std::back_inserter(text), "{},{},{},{:.6f}\n",
                       HistogramSnapshot::lowest_in(bucket), HistogramSnapshot::highest_in(bucket),
                       count, static_cast<double>(so_far) / static_cast<double>(latency.count()));
    }
    return text;
}

void append_csv(const std::string& path, const Report& report) {
    const bool is_new = !std::filesystem::exists(path) || std::filesystem::file_size(path) == 0;
    std::ofstream file(path, std::ios::app);
    if (is_new) file << csv_columns() << '\n';
    file << print_csv(report) << '\n';
    file.close();
    if (!file) throw std::runtime_error("--csv: cannot write " + path);
}

void write_text_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::trunc);
    file << text;
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path);
}

}  // namespace suanpan::load
