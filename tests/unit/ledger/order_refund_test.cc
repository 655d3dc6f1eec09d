// Refunds of an order, by line and by amount: each part floors, and the last one closes exactly
// (INV-6).
#include "tests/unit/ledger/settled_order.h"

#include <gtest/gtest.h>

#include <tuple>

namespace suanpan::ledger {
namespace {

using Part = std::tuple<std::int64_t, std::int64_t, std::int64_t>;  // amount, points, cash

// What came back; the money that is left where it was refused.
Part part_of(const std::expected<OrderShare, Money>& share) {
    if (!share.has_value()) return {-1, -1, share.error().value};
    return {share->amount.value, share->points.value, share->cash.value};
}
Part refused_with(std::int64_t left) {
    return {-1, -1, left};
}
Part line(Order& order, std::uint32_t number, std::int64_t amount) {
    return part_of(refund_line(order, {.line = number, .amount = Money{amount}}));
}
Part amount(Order& order, std::int64_t money) {
    return part_of(refund_amount(order, Money{money}));
}

TEST(OrderRefund, ReturnsALineWithItsOwnShare) {
    Order order = settled_order({paid_line(1000, 34, 340), paid_line(500, 16, 160)});
    EXPECT_EQ(line(order, 1, 500), Part(500, 16, 340));
    EXPECT_EQ(line(order, 1, 500), refused_with(0));
    EXPECT_EQ(line(order, 0, 0), Part(1000, 34, 660)) << "0: all that the line has left";
    EXPECT_EQ(order.refundable(), Money{});
    EXPECT_EQ(order.refunded_points, Points{50});  // INV-6
    EXPECT_EQ(order.refunded_cash, Money{1000});
}

TEST(OrderRefund, ReturnsPartOfALineAndClosesItExactly) {
    Order order = settled_order({paid_line(300, 10, 100), paid_line(1, 0, 0)});
    EXPECT_EQ(line(order, 0, 100), Part(100, 3, 67));
    EXPECT_EQ(line(order, 0, 100), Part(100, 3, 67));
    EXPECT_EQ(line(order, 0, 101), refused_with(100));
    EXPECT_EQ(line(order, 0, 100), Part(100, 4, 66));
    EXPECT_EQ(order.refundable(), Money{1});
}

TEST(OrderRefund, RefundsByAmountWhatReturnedLinesHaveLeft) {
    Order order = settled_order({paid_line(1000, 34, 340), paid_line(500, 16, 160)});
    EXPECT_EQ(line(order, 1, 500), Part(500, 16, 340));
    EXPECT_EQ(amount(order, 333), Part(333, 11, 220));
    EXPECT_EQ(amount(order, 668), refused_with(667));
    EXPECT_EQ(amount(order, 0), Part(667, 23, 440)) << "0: all that the order has left";
    EXPECT_EQ(order.refunded(), Money{1500});
    EXPECT_EQ(order.refunded_points, Points{50});  // INV-6
    EXPECT_EQ(order.refunded_cash, Money{1000});
}

TEST(OrderRefund, ThatIsRefusedChangesNothing) {
    Order order = settled_order({paid_line(1000, 34, 340), paid_line(500, 16, 160)});
    const Order before = order;
    EXPECT_EQ(line(order, 0, 1001), refused_with(1000));
    EXPECT_EQ(amount(order, 1501), refused_with(1500));
    EXPECT_EQ(order, before);
    EXPECT_EQ(amount(order, 1500), Part(1500, 50, 1000));
    EXPECT_EQ(amount(order, 1), refused_with(0));
}

TEST(OrderRefund, HoldsAtTheEndOfTheRange) {
    Order order = settled_order({paid_line(amount_money_max, amount_points_max, amount_money_max)});
    EXPECT_EQ(line(order, 0, amount_money_max - 1),
              Part(amount_money_max - 1, amount_points_max - 1, 0));
    EXPECT_EQ(line(order, 0, 1), Part(1, 1, 0));
}

}  // namespace
}  // namespace suanpan::ledger
