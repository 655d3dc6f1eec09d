#include "protocol/code.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace suanpan {
namespace {

struct Declared {
    std::string name;
    int number;
};

// Reads the enumerators out of the header itself, so that a new code without a text fails here.
std::vector<Declared> declared_codes() {
    std::ifstream header(SUANPAN_SOURCE_DIR "/protocol/code.h");
    std::vector<Declared> codes;
    for (std::string line; std::getline(header, line);) {
        std::istringstream words(line);
        std::string name;
        std::string equals;
        int number = 0;
        char comma = 0;
        if (line.starts_with("    ") && words >> name >> equals >> number >> comma &&
            equals == "=" && comma == ',')
            codes.push_back({name, number});
    }
    return codes;
}

TEST(CodeTable, HoldsEveryDeclaredCodeInOrder) {
    const std::vector<Declared> declared = declared_codes();
    ASSERT_GT(declared.size(), 50U);
    ASSERT_EQ(declared.size(), all_codes().size());
    for (std::size_t i = 0; i < declared.size(); ++i) {
        EXPECT_EQ(declared[i].name, all_codes()[i].name);
        EXPECT_EQ(declared[i].number, static_cast<int>(all_codes()[i].code));
    }
}

TEST(CodeTable, ExplainsEachCodeInItsOwnWords) {
    std::set<std::string_view> sentences;
    for (const CodeText& row : all_codes()) {
        EXPECT_TRUE(sentences.insert(row.sentence).second) << row.name;
        EXPECT_TRUE(row.sentence.ends_with('.')) << row.name;
        EXPECT_EQ(text_of(row.code).name, row.name);
    }
}

// Two sentences named commands that there never were.
TEST(CodeTable, NamesOnlyCommandsThatTheRulesPageHas) {
    std::ifstream in(SUANPAN_SOURCE_DIR "/docs/rules.md");
    const std::string page{std::istreambuf_iterator<char>(in), {}};
    int named = 0;
    for (const CodeText& row : all_codes()) {
        const std::size_t begin = row.sentence.find("`suanpan");
        if (begin == std::string_view::npos) continue;
        const std::string_view command =
            row.sentence.substr(begin + 1, row.sentence.find('`', begin + 1) - begin - 1);
        EXPECT_THAT(page, testing::HasSubstr(std::string(command))) << row.name;
        ++named;
    }
    EXPECT_GT(named, 0);
}

TEST(CodeTable, CallsAnUnknownNumberUnknown) {
    EXPECT_EQ(text_of(Code{299}).name, "unknown_code");
    EXPECT_EQ(text_of(Code{9999}).name, "unknown_code");
}

TEST(CodeTable, PromisesNothingWasDoneExactlyWhereNoTraceIsLeft) {
    for (const CodeText& row : all_codes()) {
        const int number = static_cast<int>(row.code);
        if (number < 200 || number >= 500) continue;
        const bool says_nothing_done = row.sentence.find("Nothing was") != std::string_view::npos ||
                                       row.sentence.find("did nothing") != std::string_view::npos;
        EXPECT_TRUE(says_nothing_done) << row.name;
        EXPECT_EQ(leaves_no_trace(row.code), !is_state_refusal(row.code)) << row.name;
    }
}

}  // namespace
}  // namespace suanpan
