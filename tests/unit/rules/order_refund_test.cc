#include "server/rules/order_refund.h"

#include <gtest/gtest.h>

#include <vector>

namespace suanpan::rules {
namespace {

RefundTotal total(std::int64_t money, std::int64_t points, std::int64_t value) {
    return {Money{money}, Points{points}, Money{value}};
}
Refunded refunded(std::int64_t amount, std::int64_t points, std::int64_t cash) {
    return {Money{amount}, Points{points}, Money{cash}};
}

TEST(OrderRefund, ReturnsALineWithItsOwnShare) {
    OrderRefund refund({total(1000, 34, 340), total(500, 16, 160)});
    const std::vector<LineRefund> second{{1, Money{500}}};
    EXPECT_EQ(refund.by_lines(second), refunded(500, 16, 340));
    EXPECT_EQ(refund.by_lines(second).error(), Code::refund_exceeds_original);
    const std::vector<LineRefund> first{{0, Money{1000}}};
    EXPECT_EQ(refund.by_lines(first), refunded(1000, 34, 660));
    EXPECT_TRUE(refund.is_complete());
}

TEST(OrderRefund, ReturnsPartOfALineAndClosesItExactly) {
    OrderRefund refund({total(300, 10, 100), total(1, 0, 0)});
    std::vector<LineRefund> part{{0, Money{100}}};
    EXPECT_EQ(refund.by_lines(part), refunded(100, 3, 67));
    EXPECT_EQ(refund.by_lines(part), refunded(100, 3, 67));
    EXPECT_EQ(refund.by_lines(part), refunded(100, 4, 66));
    EXPECT_FALSE(refund.is_complete());
}

TEST(OrderRefund, RefundsByAmountWhatReturnedLinesHaveLeft) {
    OrderRefund refund({total(1000, 34, 340), total(500, 16, 160)});
    const std::vector<LineRefund> second{{1, Money{500}}};
    ASSERT_TRUE(refund.by_lines(second).has_value());
    EXPECT_EQ(refund.by_amount(Money{333}), refunded(333, 11, 220));
    EXPECT_EQ(refund.by_lines(second).error(), Code::original_wrong_kind);
    EXPECT_EQ(refund.by_amount(Money{668}).error(), Code::refund_exceeds_original);
    EXPECT_EQ(refund.by_amount(Money{667}), refunded(667, 23, 440));
    EXPECT_TRUE(refund.is_complete());
    EXPECT_EQ(refund.so_far(), refunded(1500, 50, 1000));
}

TEST(OrderRefund, RefusesWithoutChangingAnything) {
    OrderRefund refund({total(1000, 34, 340), total(500, 16, 160)});
    EXPECT_EQ(refund.by_amount(Money{0}).error(), Code::amount_not_positive);
    EXPECT_EQ(refund.by_amount(Money{-5}).error(), Code::amount_not_positive);
    EXPECT_EQ(refund.by_amount(Money{1501}).error(), Code::refund_exceeds_original);
    const std::vector<LineRefund> unknown{{2, Money{1}}};
    EXPECT_EQ(refund.by_lines(unknown).error(), Code::field_out_of_range);
    const std::vector<LineRefund> twice{{0, Money{1}}, {0, Money{1}}};
    EXPECT_EQ(refund.by_lines(twice).error(), Code::field_out_of_range);
    const std::vector<LineRefund> one_too_much{{0, Money{1}}, {1, Money{501}}};
    EXPECT_EQ(refund.by_lines(one_too_much).error(), Code::refund_exceeds_original);
    EXPECT_EQ(refund.by_lines({}).error(), Code::amount_not_positive);
    EXPECT_EQ(refund.so_far(), Refunded{});
    EXPECT_EQ(refund.by_amount(Money{1500}), refunded(1500, 50, 1000));
}

TEST(OrderRefund, HoldsAtTheEndOfTheRange) {
    const RefundTotal all = total(amount_money_max, amount_points_max, amount_money_max);
    EXPECT_EQ(refunded_at(all, Money{amount_money_max - 1}),
              refunded(amount_money_max - 1, amount_points_max - 1, 0));
    EXPECT_EQ(refunded_at(total(0, 0, 0), Money{0}), refunded(0, 0, 0));
}

}  // namespace
}  // namespace suanpan::rules
