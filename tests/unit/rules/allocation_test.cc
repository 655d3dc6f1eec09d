#include "server/rules/allocation.h"

#include "protocol/base/money.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace suanpan::rules {
namespace {

using ::testing::ElementsAre;

std::vector<std::int64_t> allocated(std::int64_t total, const std::vector<std::int64_t>& weights) {
    std::vector<std::int64_t> shares(weights.size());
    allocate(total, weights, shares);
    return shares;
}

TEST(Allocation, GivesWhatIsLeftToTheLargestRemainders) {
    EXPECT_THAT(allocated(10, {1, 2, 4}), ElementsAre(1, 3, 6));
    EXPECT_THAT(allocated(100, {1, 1, 1}), ElementsAre(34, 33, 33));
}

TEST(Allocation, GivesTiesToTheEarlier) {
    EXPECT_THAT(allocated(3, {2, 2, 2, 2}), ElementsAre(1, 1, 1, 0));
}

TEST(Allocation, GivesNothingToAWeightOfZero) {
    EXPECT_THAT(allocated(7, {0, 5, 0, 5}), ElementsAre(0, 4, 0, 3));
    EXPECT_THAT(allocated(0, {0, 0}), ElementsAre(0, 0));
}

TEST(Allocation, IsExactAtTheEndOfTheRange) {
    EXPECT_THAT(allocated(amount_money_max, {amount_money_max, 1, 1}),
                ElementsAre(amount_money_max - 2, 1, 1));
}

}  // namespace
}  // namespace suanpan::rules
