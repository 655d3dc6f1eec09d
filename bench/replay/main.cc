// suanpan-replay: real purchases as earnings and spends, through the client library, and an account
// of them kept beside the server's.
//
// For each order the member first spends points (one for every 20 cents paid, as far as they have
// them) and then earns one point for every 10 cents paid. At the end every member's balance is
// compared with the one that plain arithmetic here says.
#include "bench/replay/orders.h"
#include "client/suanpan_client.h"
#include "protocol/base/hash.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <vector>

namespace suanpan::replay {
namespace {

constexpr std::int64_t cents_per_point = 10;
constexpr std::size_t members_at_once = 512;

struct Counts {
    std::uint64_t earnings = 0;
    std::uint64_t spends = 0;
    std::uint64_t nothing_paid = 0;  // orders that earn nothing
    std::uint64_t failures = 0;
};

MemberId id_of(std::uint64_t member) {
    const Sha256 digest = sha256(std::as_bytes(std::span(&member, 1)));
    MemberId id;
    std::memcpy(&id, digest.data(), sizeof id);
    return id;
}

// One member's year, one request after the other. `balance` is the account kept here.
struct Year {
    MemberId member;
    std::vector<std::int64_t> paid_cents;
    std::size_t next = 0;
    bool has_spent = false;  // of the order `next`
    std::int64_t balance = 0;
};

// Plays all years, members_at_once of them at a time.
class Player {
public:
    Player(client::Client& client, ProgramId program, std::vector<Year>& years)
        : client_(client), program_(program), years_(years) {}

    Counts play() {
        const std::size_t first = std::min(members_at_once, years_.size());
        {
            const std::lock_guard lock(mutex_);
            next_year_ = first;
            left_ = years_.size();
        }
        for (std::size_t i = 0; i < first; ++i) go_on(i);
        done_.get_future().wait();
        return counts_;
    }

private:
    // Sends the next request of a year, or begins another one. On the library's thread.
    void go_on(std::size_t index) {
        Year& year = years_[index];
        while (year.next < year.paid_cents.size()) {
            const std::int64_t paid = year.paid_cents[year.next];
            const std::int64_t to_spend = std::min(year.balance, paid / (2 * cents_per_point));
            const client::Target target{.member = year.member, .program = program_};
            if (!year.has_spent && to_spend > 0) {
                year.has_spent = true;
                return client_.send(target, Spend{.amount = Points{to_spend}},
                                    [this, index, to_spend](const client::Answer& answer) {
                                        took_effect(index, answer, -to_spend);
                                    });
            }
            year.has_spent = false;
            ++year.next;
            const std::int64_t to_earn = paid / cents_per_point;
            if (to_earn == 0) {
                const std::lock_guard lock(mutex_);
                ++counts_.nothing_paid;
                continue;
            }
            return client_.send(target, Earn{.amount = Points{to_earn}},
                                [this, index, to_earn](const client::Answer& answer) {
                                    took_effect(index, answer, to_earn);
                                });
        }
        end_year();
    }

    void took_effect(std::size_t index, const client::Answer& answer, std::int64_t change) {
        {
            const std::lock_guard lock(mutex_);
            if (!answer.is_done())
                ++counts_.failures;
            else
                ++(change > 0 ? counts_.earnings : counts_.spends);
        }
        if (answer.is_done()) years_[index].balance += change;
        go_on(index);
    }

    void end_year() {
        std::size_t another = SIZE_MAX;
        bool is_last = false;
        {
            const std::lock_guard lock(mutex_);
            is_last = --left_ == 0;
            if (next_year_ < years_.size()) another = next_year_++;
        }
        if (another != SIZE_MAX) go_on(another);
        if (is_last) done_.set_value();
    }

    client::Client& client_;
    ProgramId program_;
    std::vector<Year>& years_;
    std::mutex mutex_;
    std::size_t next_year_ = 0;
    std::size_t left_ = 0;
    Counts counts_;
    std::promise<void> done_;
};

std::vector<Year> years_of(const Orders& orders) {
    std::map<std::uint64_t, Year> by_member;
    for (const Order& order : orders.orders) {
        Year& year = by_member[order.member];
        year.member = id_of(order.member);
        year.paid_cents.push_back(order.paid_cents);
    }
    std::vector<Year> years;
    for (auto& [member, year] : by_member) years.push_back(std::move(year));
    return years;
}

// How many balances of the server are not the ones kept here.
std::uint64_t compare(client::Client& client, ProgramId program, const std::vector<Year>& years) {
    std::vector<std::future<client::Answer>> answers;
    answers.reserve(years.size());
    for (const Year& year : years)
        answers.push_back(client.send({.member = year.member, .program = program}, ReadBalance{}));
    std::uint64_t wrong = 0;
    for (std::size_t i = 0; i < years.size(); ++i) {
        const client::Answer answer = answers[i].get();
        if (!answer.is_done() || answer.outcome.balances.available.value != years[i].balance)
            ++wrong;
    }
    return wrong;
}

std::vector<std::byte> read_key(const std::string& file) {
    std::ifstream in(file);
    std::string hex;
    in >> hex;
    std::vector<std::byte> key;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        key.push_back(static_cast<std::byte>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    if (key.empty()) throw std::runtime_error(file + " holds no key in hexadecimal");
    return key;
}

int run(int argc, char** argv) {
    CLI::App app{"Replays purchases against a suanpand, and keeps an account of them beside it."};
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::uint32_t partner = 1;
    std::uint32_t program = 1;
    std::string key_file;
    std::string purchases;
    app.add_option("--port", port, "port of the server on 127.0.0.1")->required();
    app.add_option("--partner", partner, "our number in the server's partners file");
    app.add_option("--key-file", key_file, "file with the partner's key, in hexadecimal")
        ->required();
    app.add_option("--program", program, "program of the points; made where it is missing");
    app.add_option("--purchases", purchases, "purchases.csv; without it, made-up orders");
    CLI11_PARSE(app, argc, argv);

    const Orders orders = purchases.empty() ? make_up(47'243) : read_purchases(purchases);
    std::vector<Year> years = years_of(orders);
    client::Client client({.endpoints = {{host, port}},
                           .partner = PartnerId{partner},
                           .key = read_key(key_file),
                           .name = "suanpan-replay"});
    if (const auto connected = client.connect(); !connected.has_value())
        throw std::runtime_error("cannot connect: " + connected.error().text);
    ProgramSpec spec{.id = ProgramId{program}, .version = 1};
    std::ranges::copy(std::string_view("replayed purchases"), spec.name.bytes.begin());
    std::ranges::copy(std::string_view("CNY"), spec.currency.bytes.begin());
    std::ranges::copy(std::string_view("Asia/Shanghai"), spec.time_zone.bytes.begin());
    const client::Answer made = client.create_program(spec);
    if (!made.is_done() && made.outcome.code != Code::program_exists)
        throw std::runtime_error("the program was refused: " + std::string(made.text()));

    const auto began = std::chrono::steady_clock::now();
    const Counts counts = Player(client, spec.id, years).play();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const std::uint64_t wrong = compare(client, spec.id, years);
    std::printf(
        "%zu orders (%llu lines, %llu unreadable) by %zu members: %llu earnings, %llu spends, %llu "
        "orders "
        "without a whole point, %llu failures, in %.1f s\n",
        orders.orders.size(), static_cast<unsigned long long>(orders.lines),
        static_cast<unsigned long long>(orders.lines_skipped), years.size(),
        static_cast<unsigned long long>(counts.earnings),
        static_cast<unsigned long long>(counts.spends),
        static_cast<unsigned long long>(counts.nothing_paid),
        static_cast<unsigned long long>(counts.failures), took.count());
    std::printf("balances that differ from the account kept beside the server: %llu\n",
                static_cast<unsigned long long>(wrong));
    return wrong == 0 && counts.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace suanpan::replay

int main(int argc, char** argv) {
    try {
        return suanpan::replay::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "suanpan-replay: %s\n", error.what());
        return 2;
    }
}
