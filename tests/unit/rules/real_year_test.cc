// A year of real purchases (../shared/data) as quotes, with its 27 campaigns and their audiences,
// against a second computation in plain loops that shares no code with server/rules.
#include "tests/unit/ledger/settled_order.h"
#include "tests/unit/rules/shop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace suanpan::rules {
namespace {

using testing::book_of;
using testing::TestUsage;

const std::filesystem::path folder =
    std::filesystem::path(SUANPAN_SOURCE_DIR) / ".." / "shared" / "data";

struct RealLine {
    std::string department;
    std::int64_t paid = 0;
};
struct RealOrder {
    std::int64_t day = 0;
    std::int64_t member = 0;
    std::vector<RealLine> lines;
};
struct RealCampaign {
    int id = 0;
    char type = 'A';
    std::int64_t first_day = 0;
    std::int64_t end_day = 0;  // exclusive
    std::set<std::int64_t> members;
    std::int64_t budget_left = 20'000;
};

std::int64_t day_of(const std::string& text) {
    const std::chrono::year_month_day ymd{
        std::chrono::year(std::stoi(text.substr(0, 4))),
        std::chrono::month(static_cast<unsigned>(std::stoi(text.substr(5, 2)))),
        std::chrono::day(static_cast<unsigned>(std::stoi(text.substr(8, 2))))};
    return std::chrono::sys_days(ymd).time_since_epoch().count();
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
        const auto [it, is_new] = at.emplace(row[3], orders.size());
        if (is_new) orders.push_back({day_of(row[0]), std::stoll(row[1]), {}});
        // What was paid for the line is its price; how many pieces that bought does not matter
        // here.
        orders[it->second].lines.push_back({row[5], std::stoll(row[7])});
    }
    return orders;
}

std::vector<RealCampaign> campaigns_of_the_year() {
    std::map<int, RealCampaign> campaigns;
    for (const auto& row : rows_of("campaign_descriptions.csv")) {
        const int id = std::stoi(row[0]);
        campaigns[id] = {id, row[1].back(), day_of(row[2]), day_of(row[3]) + 1, {}};
    }
    for (const auto& row : rows_of("campaigns.csv")) {
        campaigns[std::stoi(row[0])].members.insert(std::stoll(row[1]));
    }
    std::vector<RealCampaign> all;
    for (auto& [id, campaign] : campaigns) all.push_back(std::move(campaign));
    return all;
}

// What each type of campaign does, for both computations.
struct Effect {
    std::int64_t num, den, raise, most;
};
Effect effect_of(char type) {
    if (type == 'A') return {3, 2, 1, 1'000'000};
    if (type == 'B') return {1, 1, 2, 1'000'000};
    return {2, 1, 1, 150};
}

std::string date_text(std::int64_t day) {
    const std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(day))};
    std::ostringstream text;
    text << static_cast<int>(ymd.year()) << '-'
         << (static_cast<unsigned>(ymd.month()) < 10 ? "0" : "")
         << static_cast<unsigned>(ymd.month()) << '-'
         << (static_cast<unsigned>(ymd.day()) < 10 ? "0" : "") << static_cast<unsigned>(ymd.day());
    return text.str() + "T00:00:00Z";
}

// Category 1 half of each line, 2 at most 2.00 a line, 3 takes no points.
std::uint32_t category_of(const std::string& department) {
    if (department == "GROCERY") return 1;
    if (department == "DRUG GM") return 2;
    return department == "FUEL" ? 3 : 4;
}

std::string rules_of(const std::vector<RealCampaign>& campaigns) {
    std::ostringstream text;
    text << "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n"
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
             << "\nbudget = " << campaign.budget_left << "\n";
    }
    return text.str();
}

// The second computation: one order, in the words of semantics.md.
struct Expected {
    std::int64_t value = 0;
    std::int64_t points = 0;
    int campaign = 0;
    std::vector<std::int64_t> line_values;
};

Expected expected_of(const RealOrder& order, std::int64_t balance,
                     const std::vector<RealCampaign>& campaigns) {
    std::vector<std::int64_t> limits;
    std::int64_t eligible = 0;
    std::int64_t limit_sum = 0;
    for (const RealLine& line : order.lines) {
        std::int64_t limit = line.paid;
        if (line.department == "GROCERY") limit = line.paid / 2;
        if (line.department == "DRUG GM" && limit > 200) limit = 200;
        if (line.department == "FUEL") {
            limit = 0;
        } else {
            eligible += line.paid;
        }
        limits.push_back(limit);
        limit_sum += limit;
    }
    std::int64_t percent = 0;
    if (balance >= 100) percent = 10;
    if (balance >= 300) percent = 20;
    if (balance >= 600) percent = 50;
    Expected best;
    const auto consider = [&](int id, const Effect& effect, std::int64_t budget) {
        std::int64_t most = std::min(limit_sum, eligible * percent * effect.raise / 100);
        most = std::min({most, effect.most, budget});
        std::int64_t value = 0;
        for (std::int64_t k = 0; k <= balance; ++k) {
            if (k * effect.num / effect.den > most) break;
            value = k * effect.num / effect.den;
        }
        std::int64_t points = 0;
        while (points * effect.num / effect.den < value) ++points;
        if (value > best.value || (value == best.value && points < best.points)) {
            best = {value, points, id, {}};
        }
    };
    consider(0, {1, 1, 1, INT64_MAX}, INT64_MAX);
    for (const RealCampaign& campaign : campaigns) {
        if (order.day < campaign.first_day || order.day >= campaign.end_day) continue;
        if (!campaign.members.contains(order.member)) continue;
        consider(campaign.id, effect_of(campaign.type), campaign.budget_left);
    }
    // Largest remainder: hand out what the floors leave, one after the other.
    std::int64_t left = best.value;
    std::vector<std::int64_t> rests;
    for (const std::int64_t limit : limits) {
        const std::int64_t product = best.value * limit;
        best.line_values.push_back(limit_sum == 0 ? 0 : product / limit_sum);
        rests.push_back(limit_sum == 0 ? 0 : product % limit_sum);
        left -= best.line_values.back();
    }
    for (; left > 0; --left) {
        const auto largest = std::max_element(rests.begin(), rests.end());  // the first of equals
        ++best.line_values[static_cast<std::size_t>(largest - rests.begin())];
        *largest = -1;
    }
    return best;
}

TEST(RealYear, EveryOrderAndEveryReturnedLineComesToWhatPlainLoopsSay) {
    if (!std::filesystem::exists(folder / "purchases.csv")) GTEST_SKIP() << "no real data here";
    const std::vector<RealOrder> orders = orders_of_the_year();
    std::vector<RealCampaign> campaigns = campaigns_of_the_year();
    ASSERT_EQ(campaigns.size(), 27U);
    const auto book = book_of(rules_of(campaigns));
    TestUsage usage;
    std::map<std::int64_t, std::int64_t> balances;
    std::int64_t value_sum = 0;
    std::int64_t with_campaign = 0;
    std::int64_t paid_off = 0;
    std::int64_t returned_cash = 0;
    std::int64_t expected_cash = 0;
    for (std::size_t n = 0; n < orders.size(); ++n) {
        const RealOrder& real = orders[n];
        std::int64_t& balance = balances[real.member];
        const Expected expected = expected_of(real, balance, campaigns);

        std::vector<OrderLine> lines;
        for (const RealLine& line : real.lines) {
            lines.push_back({.category = CategoryId{category_of(line.department)},
                             .unit_price = Money{line.paid}});
        }
        const std::vector<PointRun> runs{{unrestricted, Points{balance}}};
        Purse purse{.balance = Points{balance}, .spendable = Points{balance}, .runs = runs};
        for (const RealCampaign& campaign : campaigns) {
            if (campaign.members.contains(real.member)) {
                purse.segments |= std::uint64_t{1} << static_cast<unsigned>(campaign.id);
            }
        }
        const Instant noon{(real.day * 24 + 12) * hours(1).ns};
        const Quoted<Quote> quote = rules::quote(*book, {.lines = lines}, purse, usage, noon);
        ASSERT_TRUE(quote.has_value()) << "order " << n;
        ASSERT_EQ(quote->value.value, expected.value) << "order " << n;
        ASSERT_EQ(quote->points.value, expected.points) << "order " << n;
        ASSERT_EQ(static_cast<int>(quote->campaign), expected.campaign) << "order " << n;
        std::vector<suanpan::QuotedLine> kept;  // what the order keeps of its lines
        for (std::size_t i = 0; i < lines.size(); ++i) {
            ASSERT_EQ(quote->lines[i].value.value, expected.line_values[i]) << "order " << n;
            kept.push_back(ledger::paid_line(quote->lines[i].price.payable.value,
                                             quote->lines[i].points.value,
                                             quote->lines[i].value.value));
        }

        balance -= expected.points;
        value_sum += expected.value;
        if (expected.value > 0) ++paid_off;
        if (expected.campaign > 0) {
            ++with_campaign;
            campaigns[static_cast<std::size_t>(expected.campaign - 1)].budget_left -=
                expected.value;
            usage.budgets[static_cast<CampaignId>(expected.campaign)].value += expected.value;
        }
        std::int64_t cash = -expected.value;
        for (const RealLine& line : real.lines) cash += line.paid;
        balance += cash / 10;
        // Every tenth order sends its dearest line back, and its points with it.
        if (n % 10 != 0) continue;
        const auto dearest = std::ranges::max_element(real.lines, {}, &RealLine::paid);
        const auto line = static_cast<std::uint32_t>(dearest - real.lines.begin());
        if (dearest->paid == 0) continue;
        ledger::Order order = ledger::settled_order(kept);
        const auto back =
            ledger::refund_line(order, {.line = line, .amount = Money{dearest->paid}});
        ASSERT_TRUE(back.has_value());
        returned_cash += back->cash.value;
        expected_cash += dearest->paid - expected.line_values[line];
        balance += back->points.value;
    }
    EXPECT_EQ(returned_cash, expected_cash);
    for (const RealCampaign& campaign : campaigns) EXPECT_GE(campaign.budget_left, 0);  // INV-11
    // The year has every case in it.
    EXPECT_GT(paid_off, 10'000);
    EXPECT_GT(with_campaign, 1000);
    EXPECT_GT(value_sum, 0);
    EXPECT_TRUE(std::ranges::any_of(
        campaigns, [](const RealCampaign& campaign) { return campaign.budget_left == 0; }));
}

}  // namespace
}  // namespace suanpan::rules
