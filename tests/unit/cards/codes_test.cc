// Every code that belongs to offers and cards is answered by something in server/cards.
#include "protocol/code.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace suanpan::cards {
namespace {

TEST(CardCodes, AreAllAnsweredByTheBox) {
    std::string sources;
    for (const auto& file :
         std::filesystem::directory_iterator(SUANPAN_SOURCE_DIR "/server/cards")) {
        std::ifstream in(file.path());
        sources.append(std::istreambuf_iterator<char>(in), {});
    }
    int found = 0;
    for (const CodeText& row : all_codes()) {
        const auto number = static_cast<unsigned>(row.code);
        if (!(number >= 230 && number < 240) && !(number >= 350 && number < 400) && number != 420)
            continue;
        ++found;
        EXPECT_NE(sources.find("Code::" + std::string(row.name)), std::string::npos) << row.name;
    }
    EXPECT_EQ(found, 34);
}

}  // namespace
}  // namespace suanpan::cards
