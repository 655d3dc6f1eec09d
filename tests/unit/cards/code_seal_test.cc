#include "server/cards/code_seal.h"

#include "server/cards/master_keys.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace suanpan::cards::testing {
namespace {

constexpr std::string_view plain = "PLAIN-CODE-0001";

std::vector<std::byte> sealed(CodeSeal& seal, std::uint32_t index) {
    std::vector<std::byte> bytes;
    seal.seal(index, ClearCode(plain), bytes);
    return bytes;
}
std::string unsealed(CodeSeal& seal, std::uint32_t index, std::span<const std::byte> bytes) {
    const auto code = seal.unseal(index, bytes);
    return code ? std::string(code->view()) : "fault " + std::to_string(int(code.error()));
}

TEST(CodeSeal, GivesBackWhatItSealed) {
    const MasterKeys keys = masters("1");
    WrappedKey wrapped{};
    CodeSeal seal = CodeSeal::make(keys, place, wrapped);
    const std::vector<std::byte> bytes = sealed(seal, 4);
    EXPECT_EQ(bytes.size(), plain.size() + aead_overhead_bytes);
    EXPECT_EQ(unsealed(seal, 4, bytes), plain);
    auto opened = CodeSeal::open(keys, place, wrapped);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(unsealed(*opened, 4, bytes), plain);
}

TEST(CodeSeal, HidesTheCodeAndNeverSealsAlike) {
    WrappedKey wrapped{};
    CodeSeal seal = CodeSeal::make(masters("1"), place, wrapped);
    const std::vector<std::byte> one = sealed(seal, 4);
    EXPECT_NE(one, sealed(seal, 4));
    const std::string_view text(reinterpret_cast<const char*>(one.data()), one.size());
    EXPECT_EQ(text.find("PLAIN"), std::string_view::npos);
}

TEST(CodeSeal, OpensNothingThatWasChanged) {
    WrappedKey wrapped{};
    CodeSeal seal = CodeSeal::make(masters("1"), place, wrapped);
    const std::vector<std::byte> bytes = sealed(seal, 4);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::vector<std::byte> damaged = bytes;
        damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        ASSERT_EQ(unsealed(seal, 4, damaged), "fault 2") << bit;
    }
    for (std::size_t size = 0; size < bytes.size(); ++size)
        ASSERT_EQ(unsealed(seal, 4, std::span(bytes).first(size)), "fault 2") << size;
    EXPECT_EQ(unsealed(seal, 5, bytes), "fault 2");  // a neighbour's place
    EXPECT_EQ(unsealed(seal, 4, std::vector<std::byte>(1'000'000)), "fault 2");
}

TEST(CodeSeal, OpensNothingOfAnotherBatch) {
    const MasterKeys keys = masters("1");
    WrappedKey wrapped{};
    CodeSeal seal = CodeSeal::make(keys, place, wrapped);
    SealedPlace elsewhere = place;
    elsewhere.batch = BatchId{4};
    EXPECT_EQ(CodeSeal::open(keys, elsewhere, wrapped).error(), SealFault::not_authentic);
    WrappedKey other{};
    CodeSeal foreign = CodeSeal::make(keys, elsewhere, other);
    EXPECT_EQ(unsealed(foreign, 4, sealed(seal, 4)), "fault 2");
    for (std::size_t i = 0; i < wrapped.size(); ++i) {
        WrappedKey damaged = wrapped;
        damaged[i] ^= std::byte{1};
        EXPECT_FALSE(CodeSeal::open(keys, place, damaged).has_value()) << i;
    }
}

TEST(CodeSeal, RotatesMastersWithoutTouchingACode) {
    WrappedKey wrapped{};
    CodeSeal before = CodeSeal::make(masters("1"), place, wrapped);
    const std::vector<std::byte> bytes = sealed(before, 4);
    const MasterKeys both = masters("2 1");
    EXPECT_EQ(master_of(wrapped), 1U);
    auto old = CodeSeal::open(both, place, wrapped);  // old batches open until they are rewrapped
    ASSERT_TRUE(old.has_value());
    EXPECT_EQ(unsealed(*old, 4, bytes), plain);

    const auto rewrapped = rewrap(both, place, wrapped);
    ASSERT_TRUE(rewrapped.has_value());
    EXPECT_EQ(master_of(*rewrapped), 2U);
    const MasterKeys newer = masters("2");
    EXPECT_EQ(CodeSeal::open(newer, place, wrapped).error(), SealFault::unknown_master);
    EXPECT_EQ(rewrap(newer, place, wrapped).error(), SealFault::unknown_master);
    auto now = CodeSeal::open(newer, place, *rewrapped);
    ASSERT_TRUE(now.has_value());
    EXPECT_EQ(unsealed(*now, 4, bytes), plain);
}

std::string fault(std::string_view text) {
    const auto keys = MasterKeys::parse(text);
    return keys ? "none" : keys.error();
}

TEST(MasterKeys, AreReadWithTheCurrentOneFirst) {
    const std::string digits(64, 'a');
    const auto keys = MasterKeys::parse("suanpan master keys 1\r\n# why\n\n 7 " + digits +
                                        " \n3\t" + std::string(64, 'B') + "\n");
    ASSERT_TRUE(keys.has_value());
    EXPECT_EQ(keys->size(), 2U);
    EXPECT_EQ(keys->current().number, 7U);
    EXPECT_EQ(keys->current().secret.bytes()[0], std::byte{0xaa});
    EXPECT_EQ(keys->find(3)->secret.bytes()[31], std::byte{0xbb});
    EXPECT_EQ(keys->find(4), nullptr);
}

TEST(MasterKeys, AreRefusedWithTheLineAndNothingOfTheKey) {
    const std::string head = "suanpan master keys 1\n";
    const std::string digits(64, 'a');
    EXPECT_EQ(fault(""), "line 1: must be 'suanpan master keys 1'");
    EXPECT_EQ(fault("1 " + digits), "line 1: must be 'suanpan master keys 1'");
    EXPECT_EQ(fault(head), "line 2: there is no key");
    EXPECT_EQ(fault(head + "1 " + digits + "\n1 " + digits),
              "line 3: has the number of an earlier key");
    for (const std::string& line :
         {"1 " + digits.substr(1), "1 " + digits + "a", "1 " + digits.substr(1) + "g"})
        EXPECT_EQ(fault(head + line), "line 2: a key has 64 hexadecimal digits");
    for (const std::string& line : {"0 " + digits, "x " + digits, "-1 " + digits,
                                    "4294967296 " + digits, std::string("1"), "1" + digits})
        EXPECT_EQ(fault(head + line),
                  "line 2: must be a number from 1, a blank, and 64 hexadecimal digits");
    std::string many = head;
    for (int i = 1; i <= 17; ++i) many += std::to_string(i) + " " + digits + "\n";
    EXPECT_EQ(fault(many), "line 18: is one key too many; take old ones out");
}

}  // namespace
}  // namespace suanpan::cards::testing
