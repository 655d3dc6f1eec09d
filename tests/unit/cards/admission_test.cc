#include "server/cards/admission.h"

#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>

namespace suanpan::cards::testing {
namespace {

MemberFacts rich() {
    return {.level = LevelId{1}, .segments = 0b10, .available = Points{1'000'000}};
}
Refusal why(const Offer& offer, const MemberFacts& member, const AskedUnits& asked,
            Instant now = at(1)) {
    const auto cost = admits(offer, member, asked, now);
    return cost ? Refusal{} : cost.error().refusal;
}
Refusal refusal(Code code, std::int64_t detail = 0) {
    return {code, detail};
}

TEST(Admission, CostsWhatTheOfferSaysTimesTheQuantity) {
    Offer offer = plain_offer();
    offer.cash = Money{30};
    const auto cost = admits(offer, rich(), {.quantity = 2, .cash = Money{60}}, at(1));
    ASSERT_TRUE(cost.has_value());
    EXPECT_EQ(*cost, (OfferCost{Points{200}, Money{60}}));
    EXPECT_EQ(why(offer, rich(), {.quantity = 2, .cash = Money{59}}),
              refusal(Code::payment_differs, 60));
    EXPECT_EQ(why(offer, rich(), {.quantity = 2, .cash = Money{61}}),
              refusal(Code::payment_differs, 60));
}

TEST(Admission, RefusesQuantitiesAndAmountsThatAreNone) {
    const Offer offer = plain_offer();
    for (const std::int64_t quantity : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1001},
                                        std::int64_t{1} << 31, INT64_MAX, INT64_MIN})
        EXPECT_EQ(why(offer, rich(), {.quantity = quantity}),
                  refusal(Code::quantity_out_of_range, 3));
    EXPECT_EQ(why(offer, rich(), {.cash = Money{-1}}).code, Code::amount_out_of_range);
    EXPECT_EQ(why(offer, rich(), {.cash = Money{amount_money_max + 1}}).code,
              Code::amount_out_of_range);
}

TEST(Admission, KeepsToTheWindowExclusivelyAtItsEnd) {
    const Offer offer = plain_offer();
    EXPECT_EQ(why(offer, rich(), {}, at(-1)), refusal(Code::offer_not_open, at(0).ns));
    EXPECT_EQ(why(offer, rich(), {}, at(0)), Refusal{});
    EXPECT_EQ(why(offer, rich(), {}, at(999'999)), Refusal{});
    EXPECT_EQ(why(offer, rich(), {}, at(1'000'000)), refusal(Code::offer_over, at(1'000'000).ns));
    Offer stopped = offer;
    stopped.stopped = true;
    EXPECT_EQ(why(stopped, rich(), {}, at(-1)), refusal(Code::offer_stopped));
}

// It used to take points for vouchers that were over.
TEST(Admission, EndsWithWhatItSells) {
    Offer offer = plain_offer();
    offer.voucher.valid_until = at(500);
    EXPECT_EQ(why(offer, rich(), {}, at(499)), Refusal{});
    EXPECT_EQ(why(offer, rich(), {}, at(500)), refusal(Code::offer_over, at(500).ns));
}

TEST(Admission, IsForItsAudience) {
    Offer offer = plain_offer();
    offer.audience.levels = {LevelId{2}, LevelId{3}};
    MemberFacts member = rich();
    EXPECT_EQ(why(offer, member, {}), refusal(Code::offer_not_for_member));
    member.level = LevelId{3};
    EXPECT_EQ(why(offer, member, {}), Refusal{});
    offer.audience.segments = 0b101;
    EXPECT_EQ(why(offer, member, {}), refusal(Code::offer_not_for_member));
    member.segments = 0b100;
    EXPECT_EQ(why(offer, member, {}), Refusal{});
}

TEST(Admission, KeepsToTheLimitsOfAMember) {
    const Offer offer = plain_offer();  // 3 per order, 5 a day, 8 ever
    MemberFacts member = rich();
    EXPECT_EQ(why(offer, member, {.quantity = 4}), refusal(Code::offer_limit_exceeded, 3));
    member.units_today = 3;
    EXPECT_EQ(why(offer, member, {.quantity = 3}), refusal(Code::offer_limit_exceeded, 2));
    EXPECT_EQ(why(offer, member, {.quantity = 2}), Refusal{});
    member.units_ever = 7;
    EXPECT_EQ(why(offer, member, {.quantity = 2}), refusal(Code::offer_limit_exceeded, 1));
    member.units_ever = 9;
    EXPECT_EQ(why(offer, member, {.quantity = 1}), refusal(Code::offer_limit_exceeded, 0));
}

// semantics.md: an offer of 5000 points, 100 points = ¥1, balance 3000.
TEST(Admission, SaysThePointsMissingAndTheCashThatClosesTheGap) {
    Offer offer = plain_offer();
    offer.points = Points{5000};
    offer.top_up = true;
    MemberFacts member = rich();
    member.available = Points{3000};
    member.worth = PointWorth{.points = 100, .money = 100};
    const auto refused = admits(offer, member, {}, at(1));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(),
              (NotAdmitted{refusal(Code::insufficient_points, 2000), Money{2000}}));
    const auto cost = admits(offer, member, {.cash = Money{2000}}, at(1));
    ASSERT_TRUE(cost.has_value());
    EXPECT_EQ(*cost, (OfferCost{Points{3000}, Money{2000}}));
    // Half of it: the gap is said in all, and the points that are still missing beside it.
    const auto half = admits(offer, member, {.cash = Money{1000}}, at(1));
    EXPECT_EQ(half.error(), (NotAdmitted{refusal(Code::insufficient_points, 1000), Money{2000}}));
}

TEST(Admission, RoundsTheGapUp) {
    Offer offer = plain_offer();
    offer.points = Points{10};
    offer.cash = Money{5};
    offer.top_up = true;
    MemberFacts member = rich();
    member.available = Points{9};
    member.worth = PointWorth{.points = 3, .money = 10};  // a point is 3 1/3
    const auto refused = admits(offer, member, {.cash = Money{5}}, at(1));
    EXPECT_EQ(refused.error().gap, Money{5 + 4});
    EXPECT_EQ(*admits(offer, member, {.cash = Money{9}}, at(1)), (OfferCost{Points{9}, Money{9}}));
    // Cash that pays for no whole point more is not taken for nothing.
    EXPECT_EQ(why(offer, member, {.cash = Money{10}}), refusal(Code::payment_differs, 9));
    EXPECT_EQ(why(offer, member, {.cash = Money{6}}), refusal(Code::payment_differs, 5));
    // Nor is more than everything.
    EXPECT_EQ(why(offer, member, {.cash = Money{1000}}), refusal(Code::payment_differs, 5 + 34));
}

TEST(Admission, TakesNoCashForPointsWhereNobodySaysWhatTheyAreWorth) {
    Offer offer = plain_offer();
    offer.top_up = true;
    MemberFacts member = rich();
    member.available = Points{40};
    const auto refused = admits(offer, member, {}, at(1));
    EXPECT_EQ(refused.error(), (NotAdmitted{refusal(Code::insufficient_points, 60), std::nullopt}));
    EXPECT_EQ(why(offer, member, {.cash = Money{60}}), refusal(Code::payment_differs, 0));
}

TEST(Admission, NamesNoGapBeyondTheRangeOfMoney) {
    Offer offer = plain_offer();
    offer.points = Points{amount_points_max / 1000};
    offer.top_up = true;
    MemberFacts member = rich();
    member.available = Points{-5};  // in debt
    member.worth = PointWorth{.points = 1, .money = 1'000'000};
    const auto refused = admits(offer, member, {.quantity = 3}, at(1));
    EXPECT_EQ(
        refused.error(),
        (NotAdmitted{refusal(Code::insufficient_points, 3 * offer.points.value), std::nullopt}));
    EXPECT_EQ(why(offer, member, {.quantity = 3, .cash = Money{amount_money_max}}).code,
              Code::insufficient_points);
}

}  // namespace
}  // namespace suanpan::cards::testing
