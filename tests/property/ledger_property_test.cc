// Random sequences of commands: the ledger must do what the model does, on any number of shards.
//
// RapidCheck prints its seed; RC_PARAMS="seed=... max_success=10000" repeats or widens a run.
#include "protocol/code.h"
#include "protocol/order.h"
#include "tests/property/move.h"
#include "tests/property/player.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cstdint>
#include <map>
#include <vector>

namespace rc {

using suanpan::testing::Move;

template <>
struct Arbitrary<Move> {
    static Gen<Move> arbitrary() {
        using enum Move::What;
        const auto what = gen::weightedElement<Move::What>(
            {{24, earn},   {20, spend},         {16, hold},  {14, capture},     {10, release},
             {14, refund}, {12, revoke},        {6, adjust}, {3, freeze},       {4, limit},
             {2, member},  {2, update_program}, {14, quote}, {16, settle},      {10, confirm},
             {3, cancel},  {12, refund_order},  {6, repeat}, {2, repeat_wrong}, {1, raise_floor},
             {4, sweep},   {2, image},          {3, restart}});
        const auto small = gen::inRange<std::uint8_t>(0, 255);
        return gen::build<Move>(
            gen::set(&Move::what, what), gen::set(&Move::member, gen::inRange<std::uint8_t>(0, 3)),
            gen::set(&Move::program, gen::weightedOneOf<std::uint8_t>(
                                         {{60, gen::inRange<std::uint8_t>(0, 5)},
                                          {1, gen::just(static_cast<std::uint8_t>(99))}})),
            gen::set(&Move::partner, gen::inRange<std::uint8_t>(0, 10)),
            gen::set(&Move::points, gen::inRange<std::uint16_t>(0, 200)),
            gen::set(&Move::variant, small),
            gen::set(&Move::pick, gen::inRange<std::uint8_t>(0, 4)), gen::set(&Move::wait, small));
    }
};

}  // namespace rc

namespace suanpan::testing {
namespace {

class LedgerProperty : public ::testing::TestWithParam<std::uint16_t> {};

TEST_P(LedgerProperty, AnswersAsTheModelDoesAndKeepsEveryInvariant) {
    std::size_t accepted = 0;
    EXPECT_TRUE(rc::check("the ledger and the model are one", [&] {
        // Up to a hundred moves; RapidCheck shortens a sequence that fails.
        const auto moves = *rc::gen::arbitrary<std::vector<Move>>();
        Player player{GetParam()};
        try {
            player.play(moves);
        } catch (const Difference& difference) {
            RC_FAIL(difference.what());
        }
        accepted += player.accepted();
    }));
    EXPECT_GT(accepted, 100U) << "the moves have hardly tried anything";
}

// What must have happened to some orders, or the lives have not been whole.
constexpr std::array order_ends = {OrderStep::points_only, OrderStep::paid,
                                   OrderStep::paid_late,   OrderStep::cancelled,
                                   OrderStep::timed_out,   OrderStep::payment_to_return,
                                   OrderStep::refunded};
constexpr std::array order_refusals = {
    Code::quote_no_longer_covered, Code::quote_expired,       Code::order_exists,
    Code::order_resolved,          Code::order_not_confirmed, Code::payment_differs,
    Code::refund_exceeds_order};

// Whole order lives: few members, who earn and order much, and whose orders are paid in time, late
// or not at all, and given back in parts.
rc::Gen<std::vector<Move>> order_lives() {
    using enum Move::What;
    const auto what = rc::gen::weightedElement<Move::What>({{16, earn},
                                                            {30, settle},
                                                            {4, quote},
                                                            {16, confirm},
                                                            {4, cancel},
                                                            {22, refund_order},
                                                            {3, spend},
                                                            {3, revoke},
                                                            {1, freeze},
                                                            {2, limit},
                                                            {1, update_program},
                                                            {5, repeat},
                                                            {4, sweep},
                                                            {2, image},
                                                            {3, restart}});
    const auto small = rc::gen::inRange<std::uint8_t>(0, 255);
    const auto move = rc::gen::build<Move>(
        rc::gen::set(&Move::what, what),
        rc::gen::set(&Move::member, rc::gen::just<std::uint8_t>(1)),
        rc::gen::set(&Move::program, rc::gen::inRange<std::uint8_t>(0, 5)),
        rc::gen::set(&Move::partner, rc::gen::inRange<std::uint8_t>(0, 10)),
        rc::gen::set(&Move::points, rc::gen::inRange<std::uint16_t>(0, 200)),
        rc::gen::set(&Move::variant, small),
        rc::gen::set(&Move::pick, rc::gen::inRange<std::uint8_t>(0, 3)),
        // Mostly short waits: an order that is paid waits for minutes.
        rc::gen::set(&Move::wait, rc::gen::weightedOneOf<std::uint8_t>(
                                      {{1, small}, {6, rc::gen::inRange<std::uint8_t>(10, 16)}})));
    return rc::gen::resize(200, rc::gen::container<std::vector<Move>>(move));
}

TEST_P(LedgerProperty, LetsEveryOrderEndInOneOfItsThreeEndStates) {
    std::size_t orders = 0;
    std::map<OrderStep, std::size_t> steps;
    std::map<Code, std::size_t> refused;
    EXPECT_TRUE(rc::check("orders in the ledger and in the model are one", [&] {
        const auto moves = *order_lives();
        Player player{GetParam()};
        try {
            player.play(moves);
        } catch (const Difference& difference) {
            RC_FAIL(difference.what());
        }
        orders += player.desk().orders();
        for (const auto& [step, count] : player.desk().steps()) steps[step] += count;
        for (const Code code : order_refusals) refused[code] += player.answered(code);
    }));
    EXPECT_GT(orders, 500U) << "hardly anything was ordered";
    for (const OrderStep step : order_ends)
        EXPECT_GT(steps[step], 0U) << "no order came to step " << static_cast<int>(step);
    for (const Code code : order_refusals)
        EXPECT_GT(refused[code], 0U) << "nothing was refused as " << text_of(code).name;
}

INSTANTIATE_TEST_SUITE_P(Shards, LedgerProperty, ::testing::Values(1, 2, 4));

}  // namespace
}  // namespace suanpan::testing
