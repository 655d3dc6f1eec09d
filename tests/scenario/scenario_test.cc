// Every story of this folder, told to the real ledger and to the model; those about orders, told to
// sessions and shards.
#include "tests/model/model_world.h"
#include "tests/scenario/checkout_teller.h"
#include "tests/scenario/story.h"
#include "tests/scenario/storyteller.h"
#include "tests/scenario/wire_world.h"
#include "tests/support/ledger_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
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

class OrderScenario : public ::testing::TestWithParam<std::filesystem::path> {};

std::string order_place(const Story& story, const Step& step) {
    return "tests/scenario/orders/" + story.name + ".txt:" + std::to_string(step.line) + ": ";
}

TEST_P(OrderScenario, ComesOutOfTheWireAsTold) {
    const Story story = read_story(GetParam());
    ASSERT_FALSE(story.steps.empty());
    WireWorld world{2};
    CheckoutTeller teller(world);
    for (const Step& step : story.steps) {
        EXPECT_EQ(tell(teller, step), "") << order_place(story, step);
        EXPECT_EQ(world.broken_invariant(step.at), "") << order_place(story, step);
    }
    // INV-12: killed, and started with another number of shards, it has the same state.
    const LedgerWorld::Digest before = world.digest();
    for (const auto shards : {std::uint16_t{1}, std::uint16_t{3}}) {
        world.restart(shards);
        EXPECT_EQ(world.digest(), before) << shards << " shards";
    }
}

INSTANTIATE_TEST_SUITE_P(Stories, OrderScenario, ::testing::ValuesIn(order_files()), test_name);

TEST(Scenarios, ProduceEveryCodeThatTheLedgerHas) {
    std::set<Code> told;
    for (const std::filesystem::path& file : order_files()) {
        const Story story = read_story(file);
        WireWorld world{1};
        CheckoutTeller teller(world);
        for (const Step& step : story.steps) tell(teller, step);
        told.merge(teller.codes());
    }
    for (const std::filesystem::path& file : story_files()) {
        const Story story = read_story(file);
        LedgerWorld world{1};
        Storyteller teller(world);
        for (const Step& step : story.steps) tell(teller, step);
        told.insert(teller.codes().begin(), teller.codes().end());
    }
    for (const CodeText& row : all_codes()) {
        if (!is_state_refusal(row.code)) continue;
        // From 350 on they are of offers and cards, which have no stories: tests/unit/shard.
        if (row.code >= Code::offer_not_found) continue;
        // Ten thousand orders are no story: tests/unit/ledger/orders_test.cc.
        if (row.code == Code::too_many_orders) continue;
        EXPECT_TRUE(told.contains(row.code)) << "no story produces " << row.name;
    }
    // And of the wrong requests those that the ledger and its request log find.
    for (const Code code :
         {Code::request_from_future, Code::request_too_old, Code::field_out_of_range,
          Code::request_id_reused, Code::amount_not_positive, Code::amount_out_of_range,
          Code::member_missing, Code::quote_not_authentic, Code::too_many_lines,
          Code::rules_invalid})
        EXPECT_TRUE(told.contains(code)) << "no story produces " << text_of(code).name;
}

}  // namespace
}  // namespace suanpan::testing
