#include "server/rules/price_pipeline.h"

#include "tests/unit/rules/shop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace suanpan::rules {
namespace {

using testing::Shop;

#define TODAY "start = 2027-01-01T00:00:00Z\nend = 2027-01-02T00:00:00Z\n"

QuoteRefusal::Why why(const Shop& shop) {
    const Quoted<Quote> answer = shop.ask();
    return answer.has_value() ? QuoteRefusal::Why{255} : answer.error().why;
}

PricedLine priced(const Shop& shop, std::size_t line = 0) {
    const Quote quote = shop.quote();
    return line < quote.lines.size() ? quote.lines[line].price : PricedLine{};
}

TEST(PricePipeline, AppliesEveryStepInItsOrderAndPointsLast) {
    Shop shop(R"(
[[deduction]]
id = 1
points = 1
money = 1
order_percent_max = 50
[[price]]
id = 1
stage = "wholesale"
quantity_from = 10
products = [1]
unit_price = 90
[[price]]
id = 2
stage = "level"
levels = [2]
off = 10
[[price]]
id = 3
stage = "activity"
start = 2027-01-01T00:00:00Z
end = 2027-01-02T00:00:00Z
products = [1]
unit_price = 80
[[full_reduction]]
id = 1
steps = [{from = 800, minus = 100}]
[[coupon]]
id = 1
from = 700
off = 10
)");
    shop.add(100, 1, 1, 10).with_balance(10'000);
    shop.purse.level = LevelId{2};
    shop.coupons = {CouponId{1}};
    const Quote quote = shop.quote();
    EXPECT_EQ(quote.lines[0].price, (PricedLine{.list = Money{1000},
                                                .wholesale_off = Money{100},
                                                .level_off = Money{90},
                                                .activity_off = Money{10},
                                                .reduction_off = Money{100},
                                                .coupon_off = Money{70},
                                                .payable = Money{630}}));
    EXPECT_EQ(quote.discounts, Money{300});
    EXPECT_EQ(quote.coupons, Money{70});
    EXPECT_EQ(quote.value, Money{315});
    EXPECT_EQ(quote.cash, Money{315});
}

TEST(PricePipeline, TakesTheLowerOfLevelAndActivityPrice) {
    Shop shop(
        "[[price]]\nid = 1\nstage = \"level\"\nlevels = [1]\noff = 30\n"
        "[[price]]\nid = 2\nstage = \"activity\"\n" TODAY "products = [1]\nunit_price = 80\n");
    shop.add(100);
    EXPECT_EQ(priced(shop).payable, Money{80});
    shop.purse.level = LevelId{1};
    EXPECT_EQ(priced(shop).payable, Money{70});
    EXPECT_EQ(priced(shop).activity_off, Money{0});
}

TEST(PricePipeline, NoStepRaisesAPrice) {
    Shop shop("[[price]]\nid = 1\nstage = \"activity\"\n" TODAY
              "products = [1]\nunit_price = 180\n");
    shop.add(100);
    EXPECT_EQ(priced(shop).payable, Money{100});
}

TEST(PricePipeline, RoundsWhatIsTakenOffDown) {
    Shop shop("[[price]]\nid = 1\nstage = \"activity\"\n" TODAY "off = \"33.33\"\n");
    shop.add(10);
    EXPECT_EQ(priced(shop).activity_off, Money{3});
}

TEST(PricePipeline, TestsTheThresholdBeforePointsAndCoupons) {
    Shop shop(
        "[[deduction]]\nid = 1\npoints = 1\nmoney = 1\n"
        "[[full_reduction]]\nid = 1\nsteps = [{from = 100, minus = 10}, {from = 200, minus = "
        "30}]\n[[coupon]]\nid = 1\nminus = 50\n");
    shop.add(100).with_balance(1000);
    shop.coupons = {CouponId{1}};
    EXPECT_EQ(shop.quote().payable, Money{40});
    shop.lines[0].unit_price = Money{200};
    EXPECT_EQ(shop.quote().payable, Money{120});
    shop.lines[0].unit_price = Money{99};
    EXPECT_EQ(shop.quote().payable, Money{49});
}

TEST(PricePipeline, RepeatsAReductionForEachFullThreshold) {
    Shop shop("[[full_reduction]]\nid = 1\nrepeats = true\nsteps = [{from = 100, minus = 15}]\n");
    shop.add(350);
    EXPECT_EQ(priced(shop).reduction_off, Money{45});
}

TEST(PricePipeline, SpreadsAReductionOverItsLinesOnly) {
    Shop shop("[[full_reduction]]\nid = 1\ncategories = [2]\nsteps = [{from = 30, minus = 10}]\n");
    shop.add(10, 1, 2).add(20, 2, 2).add(100, 3, 1);
    EXPECT_EQ(priced(shop, 0).reduction_off, Money{3});
    EXPECT_EQ(priced(shop, 1).reduction_off, Money{7});
    EXPECT_EQ(priced(shop, 2).reduction_off, Money{0});
}

TEST(PricePipeline, NeverMakesALineNegative) {
    Shop shop(
        "[[full_reduction]]\nid = 1\nsteps = [{from = 100, minus = 90}]\n"
        "[[full_reduction]]\nid = 2\nsteps = [{from = 100, minus = 90}]\n"
        "[[coupon]]\nid = 1\nminus = 50\n");
    shop.add(100);
    shop.coupons = {CouponId{1}};
    EXPECT_EQ(priced(shop), (PricedLine{.list = Money{100}, .reduction_off = Money{100}}));
}

TEST(PricePipeline, BoundsWhatACouponTakesOff) {
    Shop shop("[[coupon]]\nid = 1\noff = 50\noff_max = 20\n");
    shop.add(100);
    shop.coupons = {CouponId{1}};
    EXPECT_EQ(shop.quote().coupons, Money{20});
    EXPECT_EQ(shop.quote().consumptions.size(), 2U);
}

TEST(PricePipeline, SaysWhyACouponCannotBeUsed) {
    Shop shop(
        "[[coupon]]\nid = 1\nminus = 5\nfrom = 200\n"
        "[[coupon]]\nid = 2\nminus = 5\nproducts = [9]\n"
        "[[coupon]]\nid = 3\nminus = 5\nend = 2027-01-01T00:00:00Z\n"
        "[[coupon]]\nid = 4\nminus = 5\ntotal_max = 3\nmember_max = 1\n"
        "[[coupon]]\nid = 5\nminus = 5\nlevels = [7]\n");
    shop.add(100);
    const auto refusal = [&](std::vector<CouponId> coupons) {
        shop.coupons = std::move(coupons);
        return why(shop);
    };
    using enum QuoteRefusal::Why;
    EXPECT_EQ(refusal({CouponId{1}}), coupon_below_threshold);
    EXPECT_EQ(refusal({CouponId{2}}), coupon_not_for_order);
    EXPECT_EQ(refusal({CouponId{5}}), coupon_not_for_order);
    EXPECT_EQ(refusal({CouponId{3}}), coupon_not_now);
    EXPECT_EQ(refusal({CouponId{6}}), coupon_unknown);
    EXPECT_EQ(refusal({CouponId{4}, CouponId{4}}), coupon_repeated);
    EXPECT_EQ(refusal(std::vector<CouponId>(17, CouponId{4})), too_many_coupons);
    shop.usage.coupons_of_member[CouponId{4}] = 1;
    EXPECT_EQ(refusal({CouponId{4}}), coupon_used_up_by_member);
    shop.usage.coupons[CouponId{4}] = 3;
    EXPECT_EQ(refusal({CouponId{4}}), coupon_used_up);
}

}  // namespace
}  // namespace suanpan::rules
