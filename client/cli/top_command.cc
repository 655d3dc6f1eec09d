// top: live rates, latencies and stalls, from the server's metrics page.
#include "client/cli/context.h"
#include "client/cli/metrics_page.h"
#include "client/cli/output.h"
#include "client/cli/words.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

namespace suanpan::cli {
namespace {

struct Flags {
    std::string host = "127.0.0.1";
    std::uint16_t port = 7434;
    std::string interval = "1s";
    std::uint32_t rounds = 0;
};

std::string time_text(double in_seconds) {
    return text_of(Duration{static_cast<std::int64_t>(in_seconds * 1e9)});
}

// One screen: what happened between two readings that are `length_s` apart.
std::string screen(const MetricsPage& before, const MetricsPage& now, double length_s) {
    const auto rate = [&](std::string_view name) {
        return (now.sum(name) - before.sum(name)) / length_s;
    };
    const auto whole = [](double number) {
        return with_commas(static_cast<std::int64_t>(number + 0.5));
    };
    std::string out;
    const auto line = [&out](const std::string& text) { out += text + "\n"; };

    line(fmt::format(
        "done {}/s   refused {}/s   commits {}/s   entries {}/s   {}",
        whole(rate("suanpan_events_done_total")), whole(rate("suanpan_events_refused_total")),
        whole(rate("suanpan_commits_total")), whole(rate("suanpan_commit_entries_total")),
        now.value("suanpan_ready") > 0 ? "ready" : "NOT READY"));
    std::string kinds;
    for (const auto& row : now.labelled("suanpan_events_done_total")) {
        const std::string series = "suanpan_events_done_total{kind=\"" + row.label + "\"}";
        const double per_second = (row.value - before.value(series)) / length_s;
        if (per_second > 0) kinds += fmt::format("  {} {}/s", row.label, whole(per_second));
    }
    line("kinds     " + (kinds.empty() ? "  none" : kinds));
    std::string codes;
    for (const auto& row : now.labelled("suanpan_events_refused_total")) {
        const std::string series = "suanpan_events_refused_total{code=\"" + row.label + "\"}";
        const double per_second = (row.value - before.value(series)) / length_s;
        if (per_second > 0) codes += fmt::format("  {} {}/s", row.label, whole(per_second));
    }
    line("refusals  " + (codes.empty() ? "  none" : codes));
    line("");
    line(fmt::format("{:<12} {:>12} {:>12} {:>12}", "stage", "p50", "p99", "p99.9"));
    for (const std::string stage : {"queue", "apply", "commit_wait", "reply"}) {
        const std::string labels = "stage=\"" + stage + "\"";
        const auto at = [&](double fraction) {
            return time_text(now.quantile_since(before, "suanpan_stage_seconds", labels, fraction));
        };
        line(fmt::format("{:<12} {:>12} {:>12} {:>12}", stage, at(0.5), at(0.99), at(0.999)));
    }
    const auto flush_at = [&](double fraction) {
        return time_text(now.quantile_since(before, "suanpan_flush_seconds", "", fraction));
    };
    line(fmt::format("{:<12} {:>12} {:>12} {:>12}", "flush", flush_at(0.5), flush_at(0.99),
                     flush_at(0.999)));
    line("");
    for (const std::string cause : {"flush", "server"}) {
        const std::string labels = "{cause=\"" + cause + "\"}";
        line(fmt::format("stalls over 20 ms by the {:<7} {} since the start, the longest {}", cause,
                         whole(now.value("suanpan_stalls_total" + labels)),
                         time_text(now.value("suanpan_stall_seconds_max" + labels))));
    }
    line(fmt::format("accounts {}   ids remembered {}   connections {}",
                     whole(now.sum("suanpan_accounts")), whole(now.sum("suanpan_request_log_ids")),
                     whole(now.sum("suanpan_connections_open"))));
    line(fmt::format("fullest ring {}   waiting for a commit {}   journal room {} MiB",
                     whole(now.sum("suanpan_ring_depth")), whole(now.sum("suanpan_staged_entries")),
                     whole(now.value("suanpan_journal_free_bytes") / 1048576)));
    line(fmt::format("durable up to entry {}", whole(now.value("suanpan_durable_lsn"))));
    return out;
}

boost::json::object json_screen(const MetricsPage& before, const MetricsPage& now,
                                double length_s) {
    const auto rate = [&](std::string_view name) {
        return (now.sum(name) - before.sum(name)) / length_s;
    };
    return {{"done_per_second", rate("suanpan_events_done_total")},
            {"refused_per_second", rate("suanpan_events_refused_total")},
            {"commits_per_second", rate("suanpan_commits_total")},
            {"flush_p50_seconds", now.quantile_since(before, "suanpan_flush_seconds", "", 0.5)},
            {"flush_p99_seconds", now.quantile_since(before, "suanpan_flush_seconds", "", 0.99)},
            {"stalls", now.sum("suanpan_stalls_total")},
            {"durable_lsn", now.value("suanpan_durable_lsn")}};
}

ExitCode top(const Context& context, const Flags& flags) {
    const Duration interval = parse_duration(flags.interval);
    if (interval < milliseconds(100)) throw UsageError("--interval is at least 100ms");
    const bool is_terminal = ::isatty(STDOUT_FILENO) == 1 && !context.flags.is_json;
    auto at = std::chrono::steady_clock::now();
    MetricsPage before = MetricsPage::fetch(flags.host, flags.port);
    for (std::uint32_t round = 0; flags.rounds == 0 || round < flags.rounds; ++round) {
        std::this_thread::sleep_for(std::chrono::nanoseconds(interval.ns));
        const auto now_at = std::chrono::steady_clock::now();
        MetricsPage now = MetricsPage::fetch(flags.host, flags.port);
        const double length_s = std::chrono::duration<double>(now_at - at).count();
        if (context.flags.is_json) {
            print_json(json_screen(before, now, length_s));
        } else {
            // To the top left and clear what is below: no flicker, and no library for it.
            fmt::print("{}{}\n", is_terminal ? "\x1b[H\x1b[J" : "", screen(before, now, length_s));
        }
        std::fflush(stdout);
        before = std::move(now);
        at = now_at;
    }
    return ExitCode::done;
}

}  // namespace

void add_top_command(Commands& commands) {
    const auto flags = std::make_shared<Flags>();
    CLI::App* command =
        commands.add("top", "Watch rates, latencies and stalls (from /metrics; needs no key)",
                     [flags](Context& context) { return top(context, *flags); });
    command->add_option("--metrics-host", flags->host, "Of the metrics page")
        ->capture_default_str();
    command->add_option("--metrics-port", flags->port, "Of the metrics page")
        ->envname("SUANPAN_METRICS_PORT")
        ->capture_default_str();
    command->add_option("--interval", flags->interval, "Between two looks")->capture_default_str();
    command->add_option("--rounds", flags->rounds, "How many looks; 0: until Ctrl-C");
}

}  // namespace suanpan::cli
