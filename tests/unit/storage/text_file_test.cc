#include "storage/text_file.h"

#include <gtest/gtest.h>

namespace suanpan::storage {
namespace {

TEST(TextFile, RoundTrips) {
    TextFile file;
    file.remark("for whoever looks");
    file.set("number", std::uint64_t{18'446'744'073'709'551'615U});
    file.set("words", "a = b");
    const std::array<std::byte, 2> bytes{std::byte{0xab}, std::byte{0x01}};
    file.set("bytes", Bytes(bytes));
    const auto back = TextFile::decode(as_bytes(file.encode()));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->number("number"), UINT64_MAX);
    EXPECT_EQ(back->text("words"), "a = b");
    EXPECT_EQ(back->text("bytes"), "ab01");
    std::array<std::byte, 2> read{};
    EXPECT_TRUE(back->bytes("bytes", read));
    EXPECT_EQ(read, bytes);
    std::array<std::byte, 3> longer{};
    EXPECT_FALSE(back->bytes("bytes", longer));
    EXPECT_EQ(back->number("words"), std::nullopt);
    EXPECT_EQ(back->text("absent"), std::nullopt);
}

TEST(TextFile, RefusesWhatIsCutOrEdited) {
    TextFile file;
    file.set("points", std::uint64_t{100});
    const std::string sound = file.encode();
    for (std::size_t size = 0; size < sound.size(); ++size)
        EXPECT_FALSE(TextFile::decode(as_bytes(sound.substr(0, size))).has_value()) << size;
    std::string edited = sound;
    edited[edited.find("100")] = '9';
    EXPECT_FALSE(TextFile::decode(as_bytes(edited)).has_value());
}

}  // namespace
}  // namespace suanpan::storage
