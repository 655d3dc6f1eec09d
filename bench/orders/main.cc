// suanpan-orders: durable orders (a quote and its settlement, five lines, tiers, one campaign)
// against durable spends, in turns in one run, through the client library.
#include "client/suanpan_client.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::orders {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view rules =
    "program = {}\nversion = 1\nauthor = \"bench\"\neffective_from = 2026-01-01T00:00:00Z\n"
    "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n"
    "tiers = [{{from = 100, percent = 1}}, {{from = 500, percent = 2}}, "
    "{{from = 1000, percent = 5}}]\n"
    "[[campaign]]\nid = 1\nstart = 2026-01-01T00:00:00Z\nend = 2100-01-01T00:00:00Z\n"
    "multiplier = 2\nraise = 2\n";

// What the orders cost; as much in points as in cash, but for the cash.
constexpr std::int64_t unit_price = 4000;
constexpr std::int64_t points_each = 1'000'000'000;

struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 7433;
    std::uint32_t partner = 1;
    std::string key_file;
    std::uint32_t program = 9;
    std::uint32_t members = 20'000;
    std::uint32_t in_flight = 64;
    double seconds = 3;
    std::uint32_t rounds = 5;
};

std::vector<std::byte> key_in(const std::string& file) {
    std::ifstream stream(file);
    std::string hex;
    stream >> hex;
    std::vector<std::byte> key;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        key.push_back(static_cast<std::byte>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    if (key.empty()) throw std::runtime_error(fmt::format("{} holds no key", file));
    return key;
}

// Keeps `in_flight` members busy, each with one thing after the other, for a while.
class Round {
public:
    Round(client::Client& client, const Options& options, bool with_orders, std::uint64_t number)
        : client_(client), options_(options), with_orders_(with_orders), number_(number) {
        for (int i = 0; i < 5; ++i)
            asked_.order.lines.push_back({.product = static_cast<std::uint64_t>(100 + i),
                                          .unit_price = {unit_price},
                                          .quantity = 1});
    }

    // Done per second.
    double run() {
        const auto begin = steady_clock::now();
        ends_ = begin + std::chrono::duration_cast<steady_clock::duration>(
                            std::chrono::duration<double>(options_.seconds));
        under_way_ = options_.in_flight;
        for (std::uint32_t i = 0; i < options_.in_flight; ++i) next(i);
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [this] { return under_way_ == 0; });
        const std::chrono::duration<double> took = steady_clock::now() - begin;
        if (!failure_.empty()) throw std::runtime_error(failure_);
        return static_cast<double>(done_) / took.count();
    }

private:
    // Each place walks through members of its own, so that no two changes of one meet.
    void next(std::uint32_t place) {
        if (steady_clock::now() >= ends_) return finish();
        const std::uint64_t turn = turns_.fetch_add(1);
        const std::uint64_t step = options_.members / options_.in_flight;
        const std::uint64_t member = 1 + place * step + turn % step;
        const client::Target target{.member = {.high = 0x0bde5, .low = member},
                                    .program = ProgramId{options_.program}};
        if (!with_orders_) {
            client_.send(target, Spend{.amount = Points{1}},
                         [this, place](const client::Answer& answer) { took(place, answer); });
            return;
        }
        client_.send(target, AskQuote{.payload = &asked_},
                     [this, place, target, turn](const client::Answer& answer) {
                         if (!answer.is_done()) return took(place, answer);
                         settle(place, target, turn, *answer.quote);
                     });
    }
    void settle(std::uint32_t place, const client::Target& target, std::uint64_t turn,
                const QuoteAnswer& quote) {
        CommandPayload payload;
        payload.token = quote.token;
        Settle settle{.payload = &payload};
        // A member's orders have different names in all programs.
        const std::string name = fmt::format("{}-{}-{}", options_.program, number_, turn);
        name.copy(settle.order.bytes.data(), settle.order.bytes.size());
        client_.send(target, settle,
                     [this, place](const client::Answer& answer) { took(place, answer); });
    }
    void took(std::uint32_t place, const client::Answer& answer) {
        if (!answer.is_done()) {
            const std::lock_guard lock(mutex_);
            failure_ = std::string(answer.text());
        } else {
            ++done_;  // callbacks run on one thread
        }
        next(place);
    }
    void finish() {
        const std::lock_guard lock(mutex_);
        if (--under_way_ == 0) idle_.notify_one();
    }

    client::Client& client_;
    const Options& options_;
    const bool with_orders_;
    const std::uint64_t number_;
    CommandPayload asked_;
    steady_clock::time_point ends_;
    std::atomic<std::uint64_t> turns_{0};
    std::uint64_t done_ = 0;
    std::mutex mutex_;
    std::condition_variable idle_;
    std::uint32_t under_way_ = 0;  // under mutex_
    std::string failure_;          // under mutex_
};

void prepare(client::Client& client, const Options& options) {
    ProgramSpec spec;
    spec.id = ProgramId{options.program};
    spec.version = 1;
    std::string_view("Orders").copy(spec.name.bytes.data(), 6);
    std::string_view("CNY").copy(spec.currency.bytes.data(), 3);
    const client::Answer made = client.create_program(spec);
    if (!made.is_done()) throw std::runtime_error(std::string(made.text()));
    const client::Answer put =
        client.put_rules(spec.id, fmt::format(fmt::runtime(rules), options.program));
    if (!put.is_done()) throw std::runtime_error(put.message);
    std::vector<std::future<client::Answer>> earned;
    for (std::uint64_t member = 1; member <= options.members; ++member)
        earned.push_back(
            client.send({.member = {.high = 0x0bde5, .low = member}, .program = spec.id},
                        Earn{.amount = Points{points_each}}));
    for (auto& answer : earned)
        if (!answer.get().is_done()) throw std::runtime_error("an earning was refused");
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

int run(const Options& options) {
    client::Client client({.endpoints = {{.host = options.host, .port = options.port}},
                           .partner = PartnerId{options.partner},
                           .key = key_in(options.key_file)});
    prepare(client, options);
    std::vector<double> spends;
    std::vector<double> settles;
    std::vector<double> ratios;
    for (std::uint32_t round = 0; round < options.rounds; ++round) {
        spends.push_back(Round(client, options, false, round).run());
        settles.push_back(Round(client, options, true, round).run());
        ratios.push_back(settles.back() / spends.back());
        fmt::print("round {}: {:.0f} spends/s, {:.0f} orders/s, ratio {:.2f}\n", round + 1,
                   spends.back(), settles.back(), ratios.back());
    }
    fmt::print("{} in flight, median of {}: {:.0f} spends/s, {:.0f} orders/s, ratio {:.2f}\n",
               options.in_flight, options.rounds, median(spends), median(settles), median(ratios));
    return 0;
}

}  // namespace
}  // namespace suanpan::orders

int main(int argc, char** argv) {
    suanpan::orders::Options options;
    CLI::App app("Durable orders against durable spends, in turns");
    app.add_option("--host", options.host, "Where the server is")->capture_default_str();
    app.add_option("--port", options.port, "Its port")->capture_default_str();
    app.add_option("--partner", options.partner, "Who asks")->capture_default_str();
    app.add_option("--key-file", options.key_file, "The partner's key")->required();
    app.add_option("--program", options.program, "A number that no program has yet")
        ->capture_default_str();
    app.add_option("--members", options.members, "How many take turns")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--in-flight", options.in_flight, "Things under way at the same time")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--seconds", options.seconds, "Of each half of a round")->capture_default_str();
    app.add_option("--rounds", options.rounds, "Of spends and orders in turns")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        if (options.members < options.in_flight)
            throw std::runtime_error("--members must be at least --in-flight");
        return suanpan::orders::run(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "suanpan-orders: {}\n", error.what());
        return 1;
    }
}
