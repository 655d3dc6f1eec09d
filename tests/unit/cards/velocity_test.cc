#include "protocol/limits.h"
#include "server/cards/velocity_window.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>

namespace suanpan::cards::testing {
namespace {

constexpr VelocityRule by_member{.id = VelocityRuleId{1},
                                 .scope = VelocityScope::member,
                                 .kind = VelocityKind::redeem,
                                 .count = 2,
                                 .window = seconds(10)};
constexpr VelocityRule by_origin{.id = VelocityRuleId{2},
                                 .scope = VelocityScope::origin,
                                 .kind = VelocityKind::redeem,
                                 .count = 3,
                                 .window = seconds(60)};

VelocityRequest redeem(const MemberId& member, std::uint64_t origin = 0) {
    return {.kind = VelocityKind::redeem, .member = member, .origin = OriginKey{origin}};
}

TEST(VelocityWindow, LetsSoManyPassInAnyWindow) {
    VelocityWindow window({by_member});
    EXPECT_TRUE(window.count(redeem(alice), at(0)));
    EXPECT_TRUE(window.count(redeem(alice), at(9)));
    const auto refused = window.count(redeem(alice), at(9) + milliseconds(999));
    EXPECT_EQ(refused.error(), (VelocityRefusal{Code::risk_refused, VelocityRuleId{1}, at(10)}));
    EXPECT_TRUE(window.count(redeem(alice), at(10)));  // the first no longer counts
    EXPECT_FALSE(window.count(redeem(alice), at(18)));
    EXPECT_TRUE(window.count(redeem(bob), at(18)));
}

TEST(VelocityWindow, CountsNothingOfWhatItRefuses) {
    VelocityWindow window({by_member, by_origin});
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(window.count(redeem(alice, 9), at(0)));
    // Refused by the member's rule: the origin's has counted two, not three.
    EXPECT_EQ(window.count(redeem(alice, 9), at(1)).error().rule, VelocityRuleId{1});
    EXPECT_TRUE(window.count(redeem(bob, 9), at(2)));
    // Refused by the origin's rule: carol's own has counted nothing.
    EXPECT_EQ(window.count(redeem(carol, 9), at(3)).error().rule, VelocityRuleId{2});
    EXPECT_TRUE(window.count(redeem(carol, 8), at(3)));
    EXPECT_TRUE(window.count(redeem(carol, 8), at(3)));
}

TEST(VelocityWindow, OnlyAsksWhereItIsAskedOnly) {
    VelocityWindow window({by_member});
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(window.check(redeem(alice), at(0)));
    EXPECT_EQ(window.subjects(), 0U);
}

TEST(VelocityWindow, PassesOtherKindsAndUnknownOrigins) {
    VelocityWindow window({by_origin});
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(window.count(redeem(alice), at(0)));
        EXPECT_TRUE(window.count(
            {.kind = VelocityKind::query, .member = alice, .origin = OriginKey{9}}, at(0)));
    }
    EXPECT_EQ(window.instants(), 0U);
}

TEST(VelocityWindow, ForgetsWhoHasLeftTheWindow) {
    VelocityWindow window({by_member});
    for (std::uint64_t i = 1; i <= 1000; ++i)
        EXPECT_TRUE(window.count(redeem({.high = i, .low = i}), at(0)));
    EXPECT_EQ(window.subjects(), 1000U);
    for (int i = 0; i < 250; ++i)
        EXPECT_TRUE(window.count(redeem({.high = 5000, .low = 1}), at(10 + 10 * i)));
    EXPECT_EQ(window.subjects(), 1U);
    EXPECT_LE(window.instants(), 2U);
}

TEST(VelocityWindow, IsBusyRatherThanUnlimitedWhenItIsFull) {
    VelocityWindow window({by_member}, 40);
    int counted = 0;
    std::uint64_t member = 1;
    while (window.count(redeem({.high = member, .low = 0}), at(0))) ++counted, ++member;
    EXPECT_EQ(window.count(redeem({.high = member, .low = 0}), at(1)).error().code, Code::busy);
    EXPECT_GE(counted, 18);
    EXPECT_LE(window.instants(), 40U);
    EXPECT_TRUE(window.count(redeem({.high = member, .low = 0}), at(10)));  // room again
}

TEST(VelocityWindow, TakesATimeThatGoesBackForTheLast) {
    VelocityWindow window({by_member});
    EXPECT_TRUE(window.count(redeem(alice), at(100)));
    EXPECT_TRUE(window.count(redeem(alice), at(5)));
    EXPECT_FALSE(window.count(redeem(alice), at(105)));
    EXPECT_TRUE(window.count(redeem(alice), at(110)));
}

TEST(VelocityRules, AreCheckedWholly) {
    const auto sound = [](auto change) {
        VelocityRule rule = by_member;
        change(rule);
        const VelocityRule rules[] = {rule};
        return are_sound(rules);
    };
    EXPECT_TRUE(sound([](VelocityRule&) {}));
    EXPECT_FALSE(sound([](VelocityRule& r) { r.id = VelocityRuleId{0}; }));
    EXPECT_FALSE(sound([](VelocityRule& r) { r.count = 0; }));
    EXPECT_FALSE(sound([](VelocityRule& r) { r.count = limits::velocity_count_max + 1; }));
    EXPECT_FALSE(sound([](VelocityRule& r) { r.window = Duration{0}; }));
    EXPECT_FALSE(sound([](VelocityRule& r) { r.window = hours(25); }));
    EXPECT_FALSE(sound([](VelocityRule& r) { r.kind = VelocityKind{9}; }));
    const VelocityRule twice[] = {by_member, by_member};
    EXPECT_FALSE(are_sound(twice));
}

}  // namespace
}  // namespace suanpan::cards::testing
