#include "bench/load/flash_sale.h"

#include "bench/load/members.h"
#include "bench/load/report.h"
#include "bench/load/zipf.h"
#include "client/suanpan_client.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

namespace suanpan::load {
namespace {

using std::chrono::steady_clock;

// Of a hundred requests.
constexpr int double_clicks_percent = 5;
constexpr int poor_percent = 10;
constexpr int greedy_percent = 5;
// One more than an order may have (sale_offers).
constexpr std::int64_t greedy_units = 1000;
// Members beyond --members have never earned a point.
constexpr std::uint64_t poor_members = 1000;

// Offers are numbered uniquely in the server: `rank` from 1 to 1000 within the program.
std::uint32_t offer_number(std::uint32_t program, std::uint64_t rank) {
    return program * 1000 + static_cast<std::uint32_t>(rank);
}

client::Options client_options(const Target& target, std::uint32_t connections) {
    client::Options options;
    options.endpoints = {{.host = target.host, .port = common_port(target)}};
    options.partner = target.partner;
    options.key = target.key;
    options.name = "suanpan-load";
    options.connections_per_shard = connections;
    return options;
}

steady_clock::duration duration_of(double seconds) {
    return std::chrono::duration_cast<steady_clock::duration>(
        std::chrono::duration<double>(seconds));
}

// One client with its share of the shoppers. What answers come to is under the mutex, since the
// library's thread brings them while another sends.
class Till {
public:
    Till(const LoadOptions& options, const Target& target, std::uint32_t number)
        : options_(options),
          client_(client_options(target, std::max(1U, options.connections / options.threads))),
          random_(options.seed + (std::uint64_t{number} << 32U)),
          offers_(options.offers, options.offers > 1 ? options.offer_zipf_s : 0),
          members_(options.members, options.zipf_s, {}) {
        const auto connected = client_.connect();
        if (!connected) throw std::runtime_error("--flash-sale: " + connected.error().text);
    }

    // Returns when every answer is there.
    void run(steady_clock::time_point begin) {
        counts_from_ = begin + duration_of(options_.warmup_seconds);
        ends_ = counts_from_ + duration_of(options_.seconds);
        if (options_.open_loop) {
            offer_at_rate(begin);
        } else {
            const std::uint32_t places =
                std::max(1U, options_.in_flight * options_.connections / options_.threads);
            const std::unique_lock lock(mutex_);
            for (std::uint32_t i = 0; i < places; ++i) ask(steady_clock::now());
        }
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [this] { return under_way_ == 0; });
    }

    void add_to(SaleReport& report) const {
        for (const auto& [code, count] : codes_) report.codes[code] += count;
        report.latency.merge(latency_.snapshot());
        report.latency_ok.merge(latency_ok_.snapshot());
        report.double_clicks += double_clicks_;
        report.differing += differing_;
        report.unknown += unknown_;
    }

private:
    // The two requests of a double click, and the answer of whichever comes first.
    struct Twins {
        std::optional<client::Answer> first;
    };
    using TwinsPtr = std::shared_ptr<Twins>;

    bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

    // Under the mutex. Ends the place where the time is over.
    void ask(steady_clock::time_point due) {
        if (due >= ends_) return;
        Redeem redeem{.offer = offer_number(options_.program, offers_.draw(random_)),
                      .quantity = 1};
        client::Target target{.member = members_.draw(random_),
                              .program = ProgramId{options_.program}};
        if (chance(poor_percent))
            target.member = member_id(options_.members + random_() % poor_members);
        else if (chance(greedy_percent))
            redeem.quantity = greedy_units;
        TwinsPtr twins;
        if (chance(double_clicks_percent)) {
            twins = std::make_shared<Twins>();
            target.request_id = client::Client::make_request_id();
        }
        send(target, redeem, due, twins, true);
        if (twins != nullptr) send(target, redeem, due, twins, false);
    }

    void send(const client::Target& target, const Redeem& redeem, steady_clock::time_point due,
              const TwinsPtr& twins, bool is_first) {
        ++under_way_;
        client_.send(target, redeem, [this, due, twins, is_first](client::Answer answer) {
            const std::unique_lock lock(mutex_);
            --under_way_;
            take(std::move(answer), due, twins, is_first);
            if (is_first && !options_.open_loop) ask(steady_clock::now());
            if (under_way_ == 0) idle_.notify_one();
        });
    }

    void take(client::Answer answer, steady_clock::time_point due, const TwinsPtr& twins,
              bool is_first) {
        if (answer.fate == client::Fate::unknown) ++unknown_;
        if (is_first && due >= counts_from_) {
            ++codes_[answer.outcome.code];
            const auto ns = static_cast<std::uint64_t>(
                std::chrono::nanoseconds(steady_clock::now() - due).count());
            latency_.record(ns);
            if (answer.is_done()) latency_ok_.record(ns);
        }
        if (twins == nullptr) return;
        if (!twins->first) {
            twins->first = std::move(answer);
            return;
        }
        ++double_clicks_;
        if (!is_same(*twins->first, answer)) ++differing_;
    }

    // Load may turn either away; what was done or refused is the same twice.
    static bool is_same(const client::Answer& a, const client::Answer& b) {
        if (!has_verdict(a) || !has_verdict(b)) return true;
        if (a.outcome != b.outcome) return false;
        if (a.redeemed == nullptr || b.redeemed == nullptr) return a.redeemed == b.redeemed;
        return *a.redeemed == *b.redeemed;
    }
    static bool has_verdict(const client::Answer& answer) {
        return answer.is_done() || is_state_refusal(answer.outcome.code);
    }

    // Requests are due whatever the server does; what is late counts from when it was due.
    void offer_at_rate(steady_clock::time_point begin) {
        const double per_second = options_.events_per_second / options_.threads;
        std::exponential_distribution<double> gap(per_second);
        auto due = begin;
        while (due < ends_) {
            std::this_thread::sleep_until(due);
            const std::unique_lock lock(mutex_);
            for (const auto now = steady_clock::now(); due <= now && due < ends_;) {
                ask(due);
                due += duration_of(options_.arrivals == Arrivals::uniform ? 1 / per_second
                                                                          : gap(random_));
            }
        }
    }

    const LoadOptions& options_;
    client::Client client_;
    std::mt19937_64 random_;
    const Zipf offers_;
    const MemberPicker members_;
    steady_clock::time_point counts_from_;
    steady_clock::time_point ends_;

    std::mutex mutex_;
    std::condition_variable idle_;
    std::uint64_t under_way_ = 0;
    std::map<Code, std::uint64_t> codes_;
    Histogram latency_;
    Histogram latency_ok_;
    std::uint64_t double_clicks_ = 0;
    std::uint64_t differing_ = 0;
    std::uint64_t unknown_ = 0;
};

void import_codes(client::Client& client, const LoadOptions& options, std::uint32_t offer) {
    constexpr std::int64_t piece = limits::code_chunk_lines_max;
    std::uint64_t taken = 0;
    for (std::int64_t first = 0; first < options.stock; first += piece) {
        std::string lines;
        for (std::int64_t i = first; i < std::min(options.stock, first + piece); ++i)
            lines += fmt::format("LOAD-{:08}-{:010}\n", offer, i);
        const client::Answer answer = client.import_codes(
            ProgramId{options.program}, offer, 1, static_cast<std::uint64_t>(first) + 1, lines);
        if (!answer.is_done())
            throw std::runtime_error(fmt::format("--prepare: codes were refused: {}: {}",
                                                 text_of(answer.outcome.code).name, answer.text()));
        taken += answer.codes == nullptr ? 0 : answer.codes->taken;
    }
    fmt::print("imported {} codes for offer {}\n", taken, offer);
}

boost::json::object json_of(const HistogramSnapshot& latency) {
    return {{"p50", latency.percentile(0.5)},
            {"p99", latency.percentile(0.99)},
            {"p999", latency.percentile(0.999)},
            {"max", latency.max()}};
}

std::string latency_text(const HistogramSnapshot& latency) {
    const auto ms = [&](double fraction) {
        return static_cast<double>(latency.percentile(fraction)) / 1e6;
    };
    return fmt::format("p50 {:.2f} ms, p99 {:.2f} ms, p99.9 {:.2f} ms, longest {:.2f} ms", ms(0.5),
                       ms(0.99), ms(0.999), static_cast<double>(latency.max()) / 1e6);
}

std::uint64_t done_in(const SaleReport& report) {
    const auto done = report.codes.find(Code::ok);
    return done == report.codes.end() ? 0 : done->second;
}

}  // namespace

std::uint64_t SaleReport::answers() const {
    std::uint64_t all = 0;
    for (const auto& [code, count] : codes) all += count;
    return all;
}

std::string sale_offers(std::uint32_t program, std::uint32_t count, std::int64_t stock,
                        bool with_codes) {
    std::string text;
    for (std::uint32_t rank = 1; rank <= count; ++rank) {
        const std::uint32_t id = offer_number(program, rank);
        text += fmt::format(
            "[[offer]]\nid = {}\nversion = 1\nprogram = {}\nname = \"load {}\"\npoints = 1\n"
            "start = 2026-01-01T00:00:00Z\nkind = \"{}\"\n",
            id, program, id, with_codes ? "code_backed" : "counted");
        if (!with_codes) text += fmt::format("stock = {}\n", stock);
        text += fmt::format("[offer.limits]\nper_order = {}\n", greedy_units - 1);
    }
    return text;
}

std::string print_sale_text(const SaleReport& report) {
    std::string text = fmt::format(
        "{:.0f} redemptions/s, {:.0f} answers/s in {:.1f} s\n  redemptions: {}\n  all answers: "
        "{}\n",
        report.per_second(done_in(report)), report.per_second(report.answers()), report.elapsed_s,
        latency_text(report.latency_ok), latency_text(report.latency));
    for (const auto& [code, count] : report.codes)
        text += fmt::format("  {:>12}  {:5.1f} %  {}\n", count,
                            100.0 * static_cast<double>(count) /
                                static_cast<double>(std::max<std::uint64_t>(1, report.answers())),
                            text_of(code).name);
    text += fmt::format("  double clicks: {}, with two different answers: {}; unknown: {}\n",
                        report.double_clicks, report.differing, report.unknown);
    return text;
}

std::string print_sale_json(const SaleReport& report) {
    boost::json::object codes;
    for (const auto& [code, count] : report.codes) codes[text_of(code).name] = count;
    const boost::json::object object{{"label", report.label},
                                     {"elapsed_s", report.elapsed_s},
                                     {"ok_per_second", report.per_second(done_in(report))},
                                     {"answers_per_second", report.per_second(report.answers())},
                                     {"latency_ns", json_of(report.latency_ok)},
                                     {"latency_of_all_ns", json_of(report.latency)},
                                     {"codes", std::move(codes)},
                                     {"double_clicks", report.double_clicks},
                                     {"differing", report.differing},
                                     {"unknown", report.unknown}};
    return boost::json::serialize(object) + "\n";
}

void prepare_flash_sale(const LoadOptions& options, const Target& target) {
    client::Client client(client_options(target, 1));
    const client::Answer put = client.put_offers(
        ProgramId{options.program}, 1,
        sale_offers(options.program, options.offers, options.stock, options.with_codes));
    if (put.outcome.code == Code::version_not_next) {
        fmt::print("the program has offers already, which stay\n");
        return;
    }
    if (!put.is_done())
        throw std::runtime_error(fmt::format("--prepare: the offers were refused: {}: {}\n{}",
                                             text_of(put.outcome.code).name, put.text(),
                                             put.message));
    if (!options.with_codes) return;
    for (std::uint32_t rank = 1; rank <= options.offers; ++rank)
        import_codes(client, options, offer_number(options.program, rank));
}

int run_flash_sale(const LoadOptions& options, const Target& target) {
    std::vector<std::unique_ptr<Till>> tills;
    for (std::uint32_t i = 0; i < options.threads; ++i)
        tills.push_back(std::make_unique<Till>(options, target, i));
    const auto begin = steady_clock::now();
    {
        std::vector<std::jthread> threads;
        for (auto& till : tills) threads.emplace_back([&till, begin] { till->run(begin); });
    }
    SaleReport report;
    report.label = options.label;
    report.elapsed_s = options.seconds;
    for (const auto& till : tills) till->add_to(report);
    fmt::print("{}", print_sale_text(report));
    if (!options.json_file.empty()) write_text_file(options.json_file, print_sale_json(report));
    return report.differing == 0 && report.unknown == 0 ? 0 : 1;
}

}  // namespace suanpan::load
