// suanpan-verify on journals with counters that all members share (INV-11).
#include "protocol/base/hash.h"
#include "protocol/order.h"
#include "tests/unit/tools/points_folder.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

namespace suanpan::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A shop whose campaign 7 has a budget, and that never asks whether anything is left of it.
class Shop : public PointsFolder {
public:
    Shop() {
        put_rules(1, 500);
        earn(alice, 1000);
        commit();
    }
    Lsn put_rules(std::uint32_t version, std::int64_t budget) {
        const std::string text =
            "program = 1\nversion = " + std::to_string(version) +
            "\nauthor = \"ops\"\neffective_from = 2027-01-01T00:00:00Z\n"
            "[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n"
            "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\nend = 2028-02-01T00:00:00Z\n"
            "multiplier = 2\nbudget = " +
            std::to_string(budget) + "\n";
        CommandPayload payload;
        const auto bytes = std::as_bytes(std::span(text));
        if (version == 1) terms_hash_ = sha256(bytes);
        payload.text.assign(bytes.begin(), bytes.end());
        return run({}, CommandKind::rules_put,
                   PutRules{.payload = &payload, .version = version, .effective_from = {}});
    }
    Lsn settle(std::int64_t value, std::int64_t cash, std::int64_t budget) {
        OrderTerms terms;
        terms.quote = ++orders_;
        terms.partner = PartnerId{1};  // the folder's
        terms.program = lotus;
        terms.member = alice;
        terms.rule_version = 1;
        terms.terms_hash = terms_hash_;
        terms.currency.bytes[0] = 'C';
        terms.valid_until = Instant{1'900'000'000'000'000'000};
        terms.time_out = hours(1);
        terms.list = terms.payable = Money{value + cash};
        terms.value = Money{value};
        terms.points = Points{value / 10};
        terms.lines = {{.list = terms.list,
                        .payable = terms.payable,
                        .points = terms.points,
                        .value = terms.value}};
        terms.uses = {{.key = {.kind = UseKind::campaign_budget, .id = 7},
                       .amount = {.money = {value}, .points = {}, .count = 0},
                       .most = {.money = {budget}, .points = {-1}, .count = -1}}};
        EXPECT_TRUE(terms.is_sound());
        Settle settle{.payload = nullptr, .terms = &terms};
        const std::string name = std::to_string(orders_);
        std::ranges::copy(name, settle.order.bytes.begin());
        const Lsn lsn = run(alice, CommandKind::settle, settle);
        commit();
        return lsn;
    }

private:
    Sha256 terms_hash_{};
    std::uint64_t orders_ = 0;
};

ToolRun verify(const PointsFolder& folder) {
    return run_tool(std::string(SUANPAN_VERIFY) + " " + folder.path());
}

std::string first_wrong(Lsn lsn) {
    return "first wrong LSN: " + std::to_string(lsn.value) + "\n";
}

TEST(VerifyCounters, FindsABudgetSoundThatIsUsedUpExactly) {
    Shop shop;
    shop.settle(300, 0, 500);
    shop.settle(200, 50, 500);
    shop.checkpoint();
    shop.kill();
    const ToolRun run = verify(shop);
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_THAT(run.output,
                AllOf(HasSubstr("INV-11 program 1 budget of campaign 7: 500 granted, 200 of them "
                                "set aside: holds"),
                      HasSubstr("the same state (INV-12)")));
}

TEST(VerifyCounters, NamesTheEntryThatExceedsABudget) {
    Shop shop;
    shop.settle(300, 0, 500);
    const Lsn over = shop.settle(210, 0, 500);
    shop.kill();
    const ToolRun run = verify(shop);
    EXPECT_EQ(run.exit_code, 1) << run.output;
    EXPECT_THAT(run.output, AllOf(HasSubstr(first_wrong(over)),
                                  HasSubstr("510 are granted after it, over the limit of 500")));
}

TEST(VerifyCounters, NamesTheEntryThatMakesUpALimit) {
    Shop shop;
    const Lsn made_up = shop.settle(300, 0, 600);
    shop.kill();
    const ToolRun run = verify(shop);
    EXPECT_EQ(run.exit_code, 1) << run.output;
    EXPECT_THAT(run.output, AllOf(HasSubstr(first_wrong(made_up)),
                                  HasSubstr("no rule book so far has the limit of 600")));
}

TEST(VerifyCounters, NamesTheRulesThatLowerABudgetBelowWhatIsGranted) {
    Shop shop;
    shop.settle(300, 0, 500);
    const Lsn lowered = shop.put_rules(2, 299);
    shop.commit();
    shop.kill();
    const ToolRun run = verify(shop);
    EXPECT_EQ(run.exit_code, 1) << run.output;
    EXPECT_THAT(run.output,
                AllOf(HasSubstr(first_wrong(lowered)),
                      HasSubstr("lowers the program 1 budget of campaign 7 to 299, but 300")));
}

TEST(VerifyCounters, StartsFromTheBaselinesCounts) {
    Shop shop;
    shop.settle(300, 0, 500);
    shop.fill_segment();
    shop.checkpoint();
    shop.retire_first_segment();
    const Lsn over = shop.settle(201, 9, 500);
    shop.kill();
    const ToolRun run = verify(shop);
    EXPECT_EQ(run.exit_code, 1) << run.output;
    EXPECT_THAT(run.output, AllOf(HasSubstr(first_wrong(over)), HasSubstr("501 are granted")));
}

}  // namespace
}  // namespace suanpan::tools
