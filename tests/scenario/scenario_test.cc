// Every story of this folder, told to the real ledger and to the model.
#include "tests/model/model_world.h"
#include "tests/scenario/story.h"
#include "tests/scenario/storyteller.h"
#include "tests/support/ledger_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace suanpan::testing {
namespace {

std::vector<std::filesystem::path> story_files() {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(SUANPAN_SCENARIO_DIR))
        if (file.path().extension() == ".txt" && file.path().filename() != "CMakeLists.txt")
            files.push_back(file.path());
    std::ranges::sort(files);
    return files;
}

Story read_story(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::stringstream text;
    text << stream.rdbuf();
    return parse_story(file.stem().string(), text.str());
}

// Tells one step, and turns what cannot be understood into a failure too.
std::string tell(Storyteller& teller, const Step& step) {
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

TEST(Scenarios, ProduceEveryCodeThatTheLedgerHas) {
    std::set<Code> told;
    for (const std::filesystem::path& file : story_files()) {
        const Story story = read_story(file);
        LedgerWorld world{1};
        Storyteller teller(world);
        for (const Step& step : story.steps) tell(teller, step);
        told.insert(teller.codes().begin(), teller.codes().end());
    }
    for (const CodeText& row : all_codes()) {
        // From 350 on they are of server/cards, which the ledger does not ask yet; the test
        // CardCodes looks after them.
        if (!is_state_refusal(row.code) || row.code >= Code::offer_not_found) continue;
        EXPECT_TRUE(told.contains(row.code)) << "no story produces " << row.name;
    }
    // And of the wrong requests those that the ledger and its request log find.
    for (const Code code : {Code::request_from_future, Code::request_too_old,
                            Code::field_out_of_range, Code::request_id_reused})
        EXPECT_TRUE(told.contains(code)) << "no story produces " << text_of(code).name;
}

}  // namespace
}  // namespace suanpan::testing
