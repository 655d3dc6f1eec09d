// Every story of this folder, told to the real ledger and to the model; those about orders and
// offers, told to sessions and shards.
#include "tests/model/model_world.h"
#include "tests/scenario/checkout_teller.h"
#include "tests/scenario/offer_teller.h"
#include "tests/scenario/story.h"
#include "tests/scenario/storyteller.h"
#include "tests/scenario/wire_world.h"
#include "tests/support/ledger_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace suanpan::testing {
namespace {

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(folder))
        if (file.path().extension() == ".txt" && file.path().filename() != "CMakeLists.txt")
            files.push_back(file.path());
    std::ranges::sort(files);
    return files;
}

std::vector<std::filesystem::path> story_files() {
    return files_in(SUANPAN_SCENARIO_DIR);
}
std::vector<std::filesystem::path> order_files() {
    return files_in(std::filesystem::path(SUANPAN_SCENARIO_DIR) / "orders");
}
std::vector<std::filesystem::path> offer_files() {
    return files_in(std::filesystem::path(SUANPAN_SCENARIO_DIR) / "offers");
}

Story read_story(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::stringstream text;
    text << stream.rdbuf();
    return parse_story(file.stem().string(), text.str());
}

// Tells one step, and turns what cannot be understood into a failure too.
template <typename Teller>
std::string tell(Teller& teller, const Step& step) {
    try {
        return teller.tell(step);
    } catch (const std::exception& error) {
        return error.what();
    }
}

std::string place_of(const Story& story, const Step& step) {
    return "tests/scenario/" + story.name + ".txt:" + std::to_string(step.line) + ": ";
}

class Scenario : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Scenario, ComesOutOfTheLedgerAsTold) {
    const Story story = read_story(GetParam());
    ASSERT_FALSE(story.steps.empty());
    LedgerWorld world{2};
    Storyteller teller(world);
    for (const Step& step : story.steps) {
        const LedgerWorld::Digest before = world.digest();
        EXPECT_EQ(tell(teller, step), "") << place_of(story, step);
        EXPECT_EQ(world.broken_invariant(step.at), "") << place_of(story, step);
        if (teller.was_refused()) {
            EXPECT_EQ(world.digest(), before) << "INV-13 " << place_of(story, step);
        }
    }
    // INV-12: the same journal gives the same state, on any number of shards.
    EXPECT_EQ(world.rebuilt(1)->digest(), world.digest());
    EXPECT_EQ(world.rebuilt(3)->digest(), world.digest());
}

TEST_P(Scenario, ComesOutOfTheModelAsTold) {
    const Story story = read_story(GetParam());
    ModelWorld world;
    Storyteller teller(world);
    for (const Step& step : story.steps) EXPECT_EQ(tell(teller, step), "") << place_of(story, step);
}

std::string test_name(const ::testing::TestParamInfo<std::filesystem::path>& info) {
    std::string name;
    bool upper = true;
    for (const char c : info.param.stem().string()) {
        if (c != '_') name += upper ? static_cast<char>(std::toupper(c)) : c;
        upper = c == '_';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Stories, Scenario, ::testing::ValuesIn(story_files()), test_name);

// Tells the story of `file` in `folder` to sessions and two shards.
template <typename Teller>
void come_out_of_the_wire(const std::string& folder, const std::filesystem::path& file) {
    const Story story = read_story(file);
    ASSERT_FALSE(story.steps.empty());
    const auto place = [&](const Step& step) {
        return "tests/scenario/" + folder + "/" + story.name + ".txt:" + std::to_string(step.line) +
               ": ";
    };
    WireWorld world{2};
    Teller teller(world);
    for (const Step& step : story.steps) {
        EXPECT_EQ(tell(teller, step), "") << place(step);
        EXPECT_EQ(world.broken_invariant(step.at), "") << place(step);
    }
    // INV-12: killed, and started with another number of shards, it has the same state.
    const LedgerWorld::Digest before = world.digest();
    for (const auto shards : {std::uint16_t{1}, std::uint16_t{3}}) {
        world.restart(shards);
        EXPECT_EQ(world.digest(), before) << shards << " shards";
        EXPECT_EQ(world.broken_invariant(story.steps.back().at), "") << shards << " shards";
    }
}

class OrderScenario : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(OrderScenario, ComesOutOfTheWireAsTold) {
    come_out_of_the_wire<CheckoutTeller>("orders", GetParam());
}

INSTANTIATE_TEST_SUITE_P(Stories, OrderScenario, ::testing::ValuesIn(order_files()), test_name);

class OfferScenario : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(OfferScenario, ComesOutOfTheWireAsTold) {
    come_out_of_the_wire<OfferTeller>("offers", GetParam());
}

INSTANTIATE_TEST_SUITE_P(Stories, OfferScenario, ::testing::ValuesIn(offer_files()), test_name);

// Told to sessions and one shard, the codes that come out of the stories.
template <typename Teller>
void add_codes(const std::vector<std::filesystem::path>& files, std::set<Code>& told) {
    for (const std::filesystem::path& file : files) {
        const Story story = read_story(file);
        WireWorld world{1};
        Teller teller(world);
        for (const Step& step : story.steps) EXPECT_EQ(tell(teller, step), "") << step.line;
        told.merge(teller.codes());
    }
}

// Codes after 300 that no story can produce, and why.
const std::map<Code, std::string_view>& codes_without_a_story() {
    static const std::map<Code, std::string_view> codes{
        {Code::too_many_orders, "ten thousand orders: tests/unit/ledger/orders_test.cc"},
        {Code::stock_differs, "a file's version is what a change of the stock counts on"},
        {Code::voucher_in_gift, "this version gives no vouchers away"},
        {Code::voucher_partly_used, "of a gift or refund, which this version does not serve"},
        {Code::voucher_given_away, "of a refund, which this version does not serve"},
        {Code::token_required, "of a voucher that was given away"},
        {Code::gift_limit_reached, "this version gives no vouchers away"},
        {Code::batch_exists, "an import goes on with the batch that it names"},
    };
    return codes;
}

TEST(Scenarios, ProduceEveryCodeThatTheLedgerHas) {
    std::set<Code> told;
    add_codes<CheckoutTeller>(order_files(), told);
    add_codes<OfferTeller>(offer_files(), told);
    for (const std::filesystem::path& file : story_files()) {
        const Story story = read_story(file);
        LedgerWorld world{1};
        Storyteller teller(world);
        for (const Step& step : story.steps) tell(teller, step);
        told.insert(teller.codes().begin(), teller.codes().end());
    }
    for (const CodeText& row : all_codes()) {
        if (!is_state_refusal(row.code)) continue;
        if (const auto why = codes_without_a_story().find(row.code);
            why != codes_without_a_story().end()) {
            EXPECT_FALSE(told.contains(row.code))
                << row.name << " has a story after all; it was said: " << why->second;
            continue;
        }
        EXPECT_TRUE(told.contains(row.code)) << "no story produces " << row.name;
    }
    // And of the wrong requests those that the ledger and its request log find.
    for (const Code code :
         {Code::request_from_future, Code::request_too_old, Code::field_out_of_range,
          Code::request_id_reused, Code::amount_not_positive, Code::amount_out_of_range,
          Code::member_missing, Code::quote_not_authentic, Code::too_many_lines,
          Code::rules_invalid, Code::offer_invalid, Code::quantity_out_of_range,
          Code::batch_too_large, Code::all_set_aside})
        EXPECT_TRUE(told.contains(code)) << "no story produces " << text_of(code).name;
}

}  // namespace
}  // namespace suanpan::testing
