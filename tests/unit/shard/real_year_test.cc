// A year of real purchases (../shared/data) as orders through real shards: tiers, category limits,
// the 27 real campaigns with their audiences, returns of single lines, some of them after the lots
// had ended. Compared with plain loops that share no code with the server.
#include "tests/unit/shard/shard_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::shard {
namespace {

const std::filesystem::path folder =
    std::filesystem::path(SUANPAN_SOURCE_DIR) / ".." / "shared" / "data";

// Points live so many days behind the one they were earned on.
constexpr std::int64_t life_days = 60;
// Every so many orders send a line back; every third of these so many days later.
constexpr std::size_t returned_one_in = 10;
constexpr std::int64_t late_days = 90;

// ---- the data

struct RealLine {
    std::string department;
    std::int64_t paid = 0;
};
struct RealOrder {
    std::int64_t second = 0;  // of local time, which is the program's UTC
    std::int64_t member = 0;
    std::vector<RealLine> lines;
    [[nodiscard]] std::int64_t day() const { return second / 86'400; }
};
struct RealCampaign {
    int id = 0;
    char type = 'A';
    std::int64_t first_day = 0;
    std::int64_t end_day = 0;  // exclusive
    std::set<std::int64_t> members;
};

std::int64_t day_of(const std::string& text) {
    const std::chrono::year_month_day ymd{
        std::chrono::year(std::stoi(text.substr(0, 4))),
        std::chrono::month(static_cast<unsigned>(std::stoi(text.substr(5, 2)))),
        std::chrono::day(static_cast<unsigned>(std::stoi(text.substr(8, 2))))};
    return std::chrono::sys_days(ymd).time_since_epoch().count();
}

std::int64_t second_of(const std::string& text) {
    return day_of(text) * 86'400 + std::stoi(text.substr(11, 2)) * 3600 +
           std::stoi(text.substr(14, 2)) * 60 + std::stoi(text.substr(17, 2));
}

std::vector<std::vector<std::string>> rows_of(const char* name) {
    std::ifstream in(folder / name);
    std::vector<std::vector<std::string>> rows;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        std::erase(line, '"');
        std::erase(line, '\r');
        std::istringstream cells(line);
        rows.emplace_back();
        for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
    }
    return rows;
}

std::vector<RealOrder> orders_of_the_year() {
    std::vector<RealOrder> orders;
    std::map<std::string, std::size_t> at;
    for (const auto& row : rows_of("purchases.csv")) {
        const std::int64_t member = std::stoll(row[1]);
        const auto [it, is_new] = at.emplace(row[3], orders.size());
        if (is_new) orders.push_back({second_of(row[0]), member, {}});
        // What was paid for the line is its price; how many pieces that bought does not matter
        // here.
        orders[it->second].lines.push_back({row[5], std::stoll(row[7])});
    }
    std::ranges::stable_sort(orders, {}, &RealOrder::second);
    return orders;
}

std::vector<RealCampaign> campaigns_of_the_year() {
    std::map<int, RealCampaign> campaigns;
    for (const auto& row : rows_of("campaign_descriptions.csv")) {
        const int id = std::stoi(row[0]);
        campaigns[id] = {id, row[1].back(), day_of(row[2]), day_of(row[3]) + 1, {}};
    }
    for (const auto& row : rows_of("campaigns.csv"))
        campaigns[std::stoi(row[0])].members.insert(std::stoll(row[1]));
    std::vector<RealCampaign> all;
    for (auto& [id, campaign] : campaigns) all.push_back(std::move(campaign));
    return all;
}

// What each type of campaign does, for both computations.
struct Effect {
    std::int64_t num, den, raise, most, of_member;
};
Effect effect_of(char type) {
    if (type == 'A') return {3, 2, 1, 1'000'000, 900};
    if (type == 'B') return {1, 1, 2, 1'000'000, 700};
    return {2, 1, 1, 150, 400};
}

// ---- the rules, as the server gets them

std::string date_text(std::int64_t day) {
    const std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(day))};
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT00:00:00Z",
                  static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                  static_cast<unsigned>(ymd.day()));
    return text.data();
}

// Category 1 half of each line, 2 at most 2.00 a line, 3 takes no points.
std::uint32_t category_of(const std::string& department) {
    if (department == "GROCERY") return 1;
    if (department == "DRUG GM") return 2;
    return department == "FUEL" ? 3 : 4;
}

std::string rules_of(const std::vector<RealCampaign>& campaigns) {
    std::ostringstream text;
    text << "program = 7\nversion = 1\nauthor = \"year\"\n"
            "effective_from = 2016-12-01T00:00:00Z\n"
            "[refund]\nwithin_days = 400\n"
            "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n"
            "tiers = [{from = 100, percent = 10}, {from = 300, percent = 20}, "
            "{from = 600, percent = 50}]\n"
            "[[limit]]\nid = 1\nper = \"line\"\ncategories = [1]\npercent_max = 50\n"
            "[[limit]]\nid = 2\nper = \"line\"\ncategories = [2]\nmoney_max = 200\n"
            "[[limit]]\nid = 3\nper = \"line\"\ncategories = [3]\ntakes_points = false\n";
    for (const RealCampaign& campaign : campaigns) {
        const Effect effect = effect_of(campaign.type);
        text << "[[campaign]]\nid = " << campaign.id
             << "\nstart = " << date_text(campaign.first_day)
             << "\nend = " << date_text(campaign.end_day) << "\nsegments = [" << campaign.id
             << "]\nmultiplier = \"" << effect.num << '/' << effect.den
             << "\"\nraise = " << effect.raise << "\norder_money_max = " << effect.most
             << "\nmember_money_max = " << effect.of_member << "\n";
    }
    return text.str();
}

// ---- the second computation: members, lots and orders in the words of semantics.md

struct Piece {
    std::int64_t earned_on = 0;
    std::int64_t points = 0;
};
struct PlainMember {
    std::map<std::int64_t, std::int64_t> lots;     // by the day they were earned on
    std::map<int, std::int64_t> used_of_campaign;  // money
    std::int64_t expired = 0;

    void pass_to(std::int64_t day) {
        while (!lots.empty() && lots.begin()->first + life_days < day) {
            expired += lots.begin()->second;
            lots.erase(lots.begin());
        }
    }
    [[nodiscard]] std::int64_t balance() const {
        std::int64_t sum = 0;
        for (const auto& [day, points] : lots) sum += points;
        return sum;
    }
    std::vector<Piece> take(std::int64_t points) {
        std::vector<Piece> taken;
        while (points > 0) {
            auto& [day, there] = *lots.begin();
            const std::int64_t part = std::min(points, there);
            taken.push_back({day, part});
            points -= part;
            there -= part;
            if (there == 0) lots.erase(lots.begin());
        }
        return taken;
    }
};

struct PlainOrder {
    std::int64_t value = 0;
    std::int64_t points = 0;
    int campaign = 0;
    std::vector<std::int64_t> line_values;
    std::vector<std::int64_t> line_points;
    std::vector<Piece> taken;
};

// Largest remainder: floors first, then one each to the largest rests, the earlier of equals.
std::vector<std::int64_t> shared(std::int64_t total, const std::vector<std::int64_t>& weights) {
    std::int64_t sum = 0;
    for (const std::int64_t weight : weights) sum += weight;
    std::vector<std::int64_t> shares;
    std::vector<std::int64_t> rests;
    std::int64_t left = total;
    for (const std::int64_t weight : weights) {
        shares.push_back(sum == 0 ? 0 : total * weight / sum);
        rests.push_back(sum == 0 ? 0 : total * weight % sum);
        left -= shares.back();
    }
    for (; left > 0; --left) {
        const auto largest = std::max_element(rests.begin(), rests.end());  // the first of equals
        ++shares[static_cast<std::size_t>(largest - rests.begin())];
        *largest = -1;
    }
    return shares;
}

PlainOrder priced(const RealOrder& order, const PlainMember& member,
                  const std::vector<RealCampaign>& campaigns) {
    std::vector<std::int64_t> limits;
    std::int64_t eligible = 0;
    std::int64_t limit_sum = 0;
    for (const RealLine& line : order.lines) {
        std::int64_t limit = line.paid;
        if (line.department == "GROCERY") limit = line.paid / 2;
        if (line.department == "DRUG GM" && limit > 200) limit = 200;
        if (line.department == "FUEL")
            limit = 0;
        else
            eligible += line.paid;
        limits.push_back(limit);
        limit_sum += limit;
    }
    const std::int64_t balance = member.balance();
    std::int64_t percent = 0;
    if (balance >= 100) percent = 10;
    if (balance >= 300) percent = 20;
    if (balance >= 600) percent = 50;
    PlainOrder best;
    const auto consider = [&](int id, const Effect& effect) {
        const auto used = member.used_of_campaign.find(id);
        const std::int64_t so_far = used == member.used_of_campaign.end() ? 0 : used->second;
        const std::int64_t most = std::min({limit_sum, eligible * percent * effect.raise / 100,
                                            effect.most, effect.of_member - so_far});
        std::int64_t value = 0;
        for (std::int64_t k = 0; k <= balance; ++k) {
            if (k * effect.num / effect.den > most) break;
            value = k * effect.num / effect.den;
        }
        std::int64_t points = 0;
        while (points * effect.num / effect.den < value) ++points;
        if (value > best.value || (value == best.value && points < best.points)) {
            best.value = value;
            best.points = points;
            best.campaign = id;
        }
    };
    consider(0, {1, 1, 1, INT64_MAX, INT64_MAX});
    for (const RealCampaign& campaign : campaigns) {
        if (order.day() < campaign.first_day || order.day() >= campaign.end_day) continue;
        if (campaign.members.contains(order.member))
            consider(campaign.id, effect_of(campaign.type));
    }
    best.line_values = shared(best.value, limits);
    best.line_points = shared(best.points, best.line_values);
    return best;
}

// ---- the server

class Server {
public:
    explicit Server(Instant start) : world_(2, {.segment_bytes = 64U << 20U}, start) {}

    Reply ask(CommandKind kind, std::int64_t member, const CommandBody& body) {
        Command command = world_.command(kind, body);
        command.head.member = {.high = 5, .low = static_cast<std::uint64_t>(member)};
        if (member == 0) command.head.member = {};
        // A year is longer than a segment or two; who builds the next one in a server is not here.
        while (!world_.journal().has_room(1U << 20U) &&
               world_.journal().build_ahead().value_or(false)) {
        }
        return world_.ask_for_reply(command);
    }
    void pass_to(Instant now) {
        if (now > world_.clock.now()) world_.clock.pass(now - world_.clock.now());
    }
    ShardWorld& world() { return world_; }

private:
    ShardWorld world_;
};

template <typename Name>
Name name_of(std::string_view text) {
    Name name;
    std::ranges::copy(text, name.bytes.begin());
    return name;
}

class RealYearOfOrders : public ::testing::Test {
protected:
    // A line that comes back later.
    struct Return {
        std::size_t order = 0;
        std::uint32_t line = 0;
        std::int64_t member = 0;
    };

    void open_shop(const std::vector<RealCampaign>& campaigns) {
        PutProgram put;
        put.spec.id = shop;
        put.spec.version = 1;
        put.spec.name = name_of<ShortText<48>>("Year");
        put.spec.currency = name_of<ShortText<8>>("USD");
        put.spec.time_zone = name_of<ShortText<40>>("Etc/UTC");
        put.spec.expiry = ExpiryPolicy::after_days;
        put.spec.expiry_count = life_days;
        ASSERT_EQ(server.ask(CommandKind::program_create, 0, put).outcome.code, Code::ok);
        CommandPayload rules;
        const std::string text = rules_of(campaigns);
        const auto bytes = std::as_bytes(std::span(text));
        rules.text.assign(bytes.begin(), bytes.end());
        const Reply loaded = server.ask(CommandKind::rules_put, 0, PutRules{.payload = &rules});
        ASSERT_EQ(loaded.outcome.code, Code::ok);
    }

    void meet(std::int64_t member, const std::vector<RealCampaign>& campaigns) {
        if (members.contains(member)) return;
        MemberUpdate update{.source_version = 1};
        for (const RealCampaign& campaign : campaigns)
            if (campaign.members.contains(member))
                update.segments |= std::uint64_t{1} << campaign.id;
        ASSERT_EQ(server.ask(CommandKind::member_update, member, update).outcome.code, Code::ok);
    }

    // One order from its quote to its earning; both computations, number by number.
    void buy(std::size_t n, const RealOrder& real, const std::vector<RealCampaign>& campaigns) {
        PlainMember& member = members[real.member];
        member.pass_to(real.day());
        PlainOrder expected = priced(real, member, campaigns);
        CommandPayload payload;
        std::int64_t total = 0;
        for (const RealLine& line : real.lines) {
            payload.order.lines.push_back({.product = 1,
                                           .unit_price = {line.paid},
                                           .quantity = 1,
                                           .category = category_of(line.department)});
            total += line.paid;
        }
        const Reply reply = server.ask(CommandKind::quote, real.member, AskQuote{&payload});
        ASSERT_EQ(reply.outcome.code, Code::ok) << "order " << n;
        const auto& quote = std::get<QuoteAnswer>(*reply.body);
        ASSERT_EQ(quote.value.value, expected.value) << "order " << n;
        ASSERT_EQ(quote.points.value, expected.points) << "order " << n;
        ASSERT_EQ(static_cast<int>(quote.campaign), expected.campaign) << "order " << n;
        ASSERT_EQ(quote.cash.value, total - expected.value) << "order " << n;
        for (std::size_t i = 0; i < real.lines.size(); ++i) {
            ASSERT_EQ(quote.lines[i].value.value, expected.line_values[i]) << "order " << n;
            ASSERT_EQ(quote.lines[i].points.value, expected.line_points[i]) << "order " << n;
        }

        payload.token = quote.token;
        const auto id = name_of<OrderId>(std::to_string(n));
        const Reply settled =
            server.ask(CommandKind::settle, real.member, Settle{.payload = &payload, .order = id});
        ASSERT_EQ(settled.outcome.code, Code::ok) << "order " << n;
        ASSERT_EQ(settled.outcome.amount.value, expected.points) << "order " << n;
        if (quote.cash > Money{}) {
            const Reply paid = server.ask(
                CommandKind::confirm, real.member,
                ConfirmOrder{id, name_of<PaymentId>("card"), quote.cash, name_of<Currency>("USD")});
            ASSERT_EQ(paid.outcome.detail, static_cast<std::int64_t>(OrderState::confirmed));
        }
        expected.taken = member.take(expected.points);
        member.used_of_campaign[expected.campaign] += expected.value;
        value_sum += expected.value;
        points_sum += expected.points;
        if (expected.value > 0) ++paid_off;
        if (expected.campaign > 0) ++with_campaign;
        if (const std::int64_t earned = (total - expected.value) / 10; earned > 0) {
            ASSERT_EQ(
                server.ask(CommandKind::earn, real.member, Earn{.amount = {earned}}).outcome.code,
                Code::ok);
            member.lots[real.day()] += earned;
            issued += earned;
        }
        ASSERT_EQ(balance_of(real.member), member.balance()) << "order " << n;
        orders.push_back(std::move(expected));
    }

    // A whole line comes back: its own points and cash; points of lots that have ended are gone.
    void give_back(const Return& back, const RealOrder& real, std::int64_t today) {
        PlainMember& member = members[back.member];
        member.pass_to(today);
        const PlainOrder& order = orders[back.order];
        CommandPayload payload;
        payload.refunds = {{.line = back.line, .amount = {}}};
        const Reply reply =
            server.ask(CommandKind::refund_order, back.member,
                       RefundOrder{.payload = &payload,
                                   .order = name_of<OrderId>(std::to_string(back.order))});
        ASSERT_EQ(reply.outcome.code, Code::ok) << "order " << back.order;
        const std::int64_t cash = real.lines[back.line].paid - order.line_values[back.line];
        ASSERT_EQ(reply.outcome.detail, cash) << "order " << back.order;
        ASSERT_EQ(reply.outcome.amount.value, order.line_points[back.line]);
        returned_cash += cash;
        returned_points += order.line_points[back.line];
        std::int64_t left = order.line_points[back.line];
        for (std::size_t i = order.taken.size(); i-- > 0 && left > 0;) {
            const std::int64_t part = std::min(left, order.taken[i].points);
            left -= part;
            if (order.taken[i].earned_on + life_days < today) {
                member.expired += part;
                came_back_expired += part;
            } else {
                member.lots[order.taken[i].earned_on] += part;
            }
        }
        ASSERT_EQ(balance_of(back.member), member.balance()) << "order " << back.order;
    }

    std::int64_t balance_of(std::int64_t member) {
        return server.ask(CommandKind::balance, member, ReadBalance{})
            .outcome.balances.available.value;
    }

    Server server{Instant{seconds(1483228800).ns}};  // 2017-01-01
    std::map<std::int64_t, PlainMember> members;
    std::vector<PlainOrder> orders;
    std::int64_t value_sum = 0;
    std::int64_t points_sum = 0;
    std::int64_t issued = 0;
    std::int64_t paid_off = 0;
    std::int64_t with_campaign = 0;
    std::int64_t returned_cash = 0;
    std::int64_t returned_points = 0;
    std::int64_t came_back_expired = 0;
};

TEST_F(RealYearOfOrders, ComesToWhatPlainLoopsSay) {
    if (!std::filesystem::exists(folder / "purchases.csv")) GTEST_SKIP() << "no real data here";
    const std::vector<RealOrder> real = orders_of_the_year();
    EXPECT_EQ(real.size(), 47'243U);
    const std::vector<RealCampaign> campaigns = campaigns_of_the_year();
    ASSERT_EQ(campaigns.size(), 27U);
    open_shop(campaigns);

    std::multimap<std::int64_t, Return> returns;  // by the second they happen at
    std::int64_t late_returns = 0;
    const auto return_until = [&](std::int64_t second) {
        while (!returns.empty() && returns.begin()->first <= second) {
            const auto [at, back] = *returns.begin();
            returns.erase(returns.begin());
            server.pass_to(Instant{seconds(at).ns});
            give_back(back, real[back.order], at / 86'400);
            if (HasFatalFailure()) return;
        }
    };
    for (std::size_t n = 0; n < real.size() && !HasFatalFailure(); ++n) {
        return_until(real[n].second);
        server.pass_to(Instant{seconds(real[n].second).ns});
        meet(real[n].member, campaigns);
        buy(n, real[n], campaigns);
        if (n % returned_one_in != 0 || HasFatalFailure()) continue;
        const auto dearest = std::ranges::max_element(real[n].lines, {}, &RealLine::paid);
        if (dearest->paid == 0) continue;
        const bool late = n % (3 * returned_one_in) == 0;
        if (late) ++late_returns;
        returns.emplace(
            real[n].second + (late ? late_days : 2) * 86'400,
            Return{n, static_cast<std::uint32_t>(dearest - real[n].lines.begin()), real[n].member});
    }
    return_until(INT64_MAX);
    ASSERT_FALSE(HasFatalFailure());

    // The sums of all, from the other side: the program's accounts.
    server.world().settle();
    const Instant now = server.world().clock.now();
    ledger::Totals totals;
    for (std::size_t shard = 0; shard < server.world().shard_count(); ++shard)
        totals.add(server.world().shard(shard).ledger().effective_totals(shop, now));
    std::int64_t available = 0;
    std::int64_t expired = 0;
    for (auto& [id, member] : members) {
        member.pass_to(now.ns / days(1).ns);
        available += member.balance();
        expired += member.expired;
    }
    EXPECT_EQ(totals.issued, issued);
    EXPECT_EQ(totals.available, available);
    EXPECT_EQ(totals.expired, expired);
    EXPECT_EQ(totals.held, 0);
    EXPECT_EQ(totals.spent, points_sum - returned_points);
    EXPECT_EQ(issued, available + expired + points_sum - returned_points);  // INV-3
    // The year has every case in it.
    EXPECT_GT(paid_off, 10'000);
    EXPECT_GT(with_campaign, 1000);
    EXPECT_GT(late_returns, 1000);
    EXPECT_GT(returned_cash, 0);
    EXPECT_GT(came_back_expired, 0);
    RecordProperty("orders", static_cast<int>(real.size()));
    RecordProperty("value", static_cast<int>(value_sum));
}

}  // namespace
}  // namespace suanpan::shard
