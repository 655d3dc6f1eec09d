// docs/protocol.md says what the code says.
#include "protocol/code.h"
#include "protocol/codec.h"
#include "protocol/kind_name.h"
#include "tests/unit/protocol/codec_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>
#include <string>

namespace suanpan {
namespace {

using ::testing::HasSubstr;

std::string page() {
    std::ifstream file(SUANPAN_SOURCE_DIR "/docs/protocol.md");
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ProtocolDoc, HasARowForEveryCodeInOrder) {
    const std::string text = page();
    std::size_t at = 0;
    for (const CodeText& row : all_codes()) {
        const std::string start =
            fmt::format("| {} | `{}` |", static_cast<unsigned>(row.code), row.name);
        const std::size_t found = text.find(start, at);
        ASSERT_NE(found, std::string::npos) << start;
        at = found;
    }
}

TEST(ProtocolDoc, HasARowForEveryKind) {
    const std::string text = page();
    for (const KindName& row : all_kinds)
        EXPECT_THAT(text, HasSubstr(fmt::format("| {} | `{}` |", static_cast<unsigned>(row.kind),
                                                row.name)));
}

TEST(ProtocolDoc, ShowsTheBytesOfASpend) {
    const std::string text = page();
    std::istringstream lines(text.substr(text.find("## A spend, byte by byte")));
    std::string shown;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("    ") && line.size() > 4)
            shown += line.substr(4, line.find(' ', 4) - 4);
    std::string sent;
    for (const std::byte b : codec_fixture::frame_of(
             codec_fixture::command_of(CommandKind::spend, Spend{.amount = {60},
                                                                 .min_remaining = {5},
                                                                 .restriction = Restriction{8},
                                                                 .up_to = true})))
        sent += fmt::format("{:02x}", static_cast<unsigned>(b));
    EXPECT_EQ(shown, sent);
}

TEST(ProtocolDoc, ShowsTheFrozenMemberHash) {
    EXPECT_THAT(
        page(),
        HasSubstr(fmt::format(
            "{:#x}", member_hash({.high = 0x1111222233334444, .low = 0x5555666677778888}, 99))));
}

}  // namespace
}  // namespace suanpan
