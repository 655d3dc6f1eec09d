#include "server/cards/card_code.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <new>
#include <span>
#include <string>

namespace suanpan::cards {
namespace {

std::string normal(std::string_view text, CodeForm form) {
    const auto code = normalise_code(text, form);
    return code ? std::string(code->view()) : "fault " + std::to_string(int(code.error()));
}

TEST(CardCode, ExactKeepsAllButBlanksAtTheEnds) {
    EXPECT_EQ(normal("  aB-c d\t", CodeForm::exact), "aB-c d");
    EXPECT_EQ(normal("abc", CodeForm::exact), "fault 1");
    EXPECT_EQ(normal("    ", CodeForm::exact), "fault 1");
    EXPECT_EQ(normal(std::string(64, 'x'), CodeForm::exact), std::string(64, 'x'));
    EXPECT_EQ(normal(std::string(65, 'x'), CodeForm::exact), "fault 2");
    EXPECT_EQ(normal("abc\xC3\xA9", CodeForm::exact), "fault 3");
    EXPECT_EQ(normal("abc\x7f", CodeForm::exact), "fault 3");
}

TEST(CardCode, FoldedIsTheSameHoweverItIsWritten) {
    EXPECT_EQ(normal("abcd-EFGH 12", CodeForm::folded), "ABCDEFGH12");
    EXPECT_EQ(normal("----ab", CodeForm::folded), "fault 1");
    EXPECT_EQ(normal(std::string(200, '-') + "abcd", CodeForm::folded), "ABCD");
}

TEST(CardCode, MaskShowsAtMostHalf) {
    EXPECT_EQ(mask_code("ABCD5678901234WXYZ"), "ABCD****WXYZ");
    EXPECT_EQ(mask_code("ABCD56789012WXYZ"), "ABCD****WXYZ");
    EXPECT_EQ(mask_code("ABCD56789012XYZ"), "AB****YZ");
    EXPECT_EQ(mask_code("ABCD567"), "****");
    EXPECT_EQ(mask_code(""), "****");
}

TEST(CardCode, KeyBelongsToSecretProgramAndCode) {
    const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
    const CodeHasher hasher(bytes("secret"), ProgramId{1});
    const ClearCode code("ABCD1234");
    EXPECT_EQ(hasher.key_of(code), CodeHasher(bytes("secret"), ProgramId{1}).key_of(code));
    EXPECT_NE(hasher.key_of(code), CodeHasher(bytes("secret"), ProgramId{2}).key_of(code));
    EXPECT_NE(hasher.key_of(code), CodeHasher(bytes("secrets"), ProgramId{1}).key_of(code));
    EXPECT_NE(hasher.key_of(code), hasher.key_of(ClearCode("ABCD1235")));
}

// The bytes of an object that has gone, in a place that outlives it.
template <typename T>
class Grave {
public:
    template <typename... Args>
    explicit Grave(Args&&... args) : object_(new(place_) T(std::forward<Args>(args)...)) {}
    T& object() { return *object_; }
    void destroy() { object_->~T(); }
    [[nodiscard]] bool has(std::string_view text) const {
        // Read as any memory scan would, whatever the compiler knows of the object's end.
        const volatile std::byte* const bytes = place_;
        std::string seen;
        for (std::size_t i = 0; i < sizeof(T); ++i) seen.push_back(static_cast<char>(bytes[i]));
        return seen.find(text) != std::string::npos;
    }

private:
    alignas(T) std::byte place_[sizeof(T)] = {};
    T* object_;
};

TEST(CardCode, IsWipedWhenItIsMovedOrGone) {
    Grave<ClearCode> code("PLAIN-CODE-1");
    EXPECT_TRUE(code.has("PLAIN"));
    const ClearCode moved = std::move(code.object());
    EXPECT_EQ(moved.view(), "PLAIN-CODE-1");
    EXPECT_FALSE(code.has("PLAIN"));
    Grave<ClearCode> gone("PLAIN-CODE-2");
    gone.destroy();
    EXPECT_FALSE(gone.has("PLAIN"));
}

TEST(Secret, IsWipedWhenItIsMovedOrGone) {
    constexpr std::string_view text = "0123456789abcdef";
    const std::span<const std::byte, 16> bytes{std::as_bytes(std::span(text))};
    Grave<Secret<16>> secret(bytes);
    EXPECT_TRUE(secret.has(text));
    const Secret<16> moved = std::move(secret.object());
    EXPECT_TRUE(std::ranges::equal(moved.bytes(), bytes));
    EXPECT_FALSE(secret.has("0123"));
    Grave<Secret<16>> gone(bytes);
    gone.destroy();
    EXPECT_FALSE(gone.has("0123"));
}

}  // namespace
}  // namespace suanpan::cards
