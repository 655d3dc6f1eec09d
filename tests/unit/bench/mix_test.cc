#include "bench/load/mix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

namespace suanpan::load {
namespace {

TEST(Mix, DrawsKindsByTheirWeights) {
    const Mix mix = Mix::parse("spend=80,earn=15,balance=5");
    std::mt19937_64 random(1);
    std::map<CommandKind, int> drawn;
    for (int i = 0; i < 100'000; ++i) ++drawn[mix.draw(random)];
    EXPECT_NEAR(drawn[CommandKind::spend], 80'000, 800);
    EXPECT_NEAR(drawn[CommandKind::earn], 15'000, 700);
    EXPECT_NEAR(drawn[CommandKind::balance], 5'000, 450);
}

TEST(Mix, TakesAKindWithoutWeightOnce) {
    const Mix mix = Mix::parse("hold,capture");
    EXPECT_THAT(mix.kinds(), testing::ElementsAre(CommandKind::hold, CommandKind::capture));
}

TEST(Mix, RefusesWhatItCannotSend) {
    for (const char* text : {"", "statement=1", "spend=0", "spend=x", "spend=1,spend=2",
                             "capture=1", "refund=1,earn=1", "spend=1,,earn=1"}) {
        EXPECT_THROW(static_cast<void>(Mix::parse(text)), std::runtime_error) << text;
    }
}

}  // namespace
}  // namespace suanpan::load
