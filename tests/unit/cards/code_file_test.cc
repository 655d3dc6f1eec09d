// Files of codes, line by line and cut at any place; and their import into a pool.
#include "server/cards/code_file.h"

#include "server/cards/code_import.h"
#include "tests/unit/cards/card_shop.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace suanpan::cards::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

// Writes down what came: "1 CODE", "2 CODE day 20000", "3 CODE at 5", "4 fault 2".
class Notes final : public CodeFileSink {
public:
    void take(CodeLine&& line) override {
        std::string note = fmt::format("{} {}", line.line, line.code.view());
        if (line.last_day) note += fmt::format(" day {}", line.last_day->days);
        if (line.expires_at) note += fmt::format(" at {}", line.expires_at->ns / 1'000'000'000);
        notes.push_back(note);
    }
    void refuse(std::uint64_t line, LineFault fault) override {
        notes.push_back(fmt::format("{} fault {}", line, static_cast<int>(fault)));
        EXPECT_FALSE(text_of(fault).empty());
    }
    std::vector<std::string> notes;
};

std::vector<std::string> read(std::string_view text, std::size_t piece = SIZE_MAX,
                              CodeForm form = CodeForm::exact) {
    Notes notes;
    CodeFileReader reader(form, notes);
    while (!text.empty()) {
        const std::string_view front = text.substr(0, piece);
        reader.feed(bytes_of(front));
        text.remove_prefix(front.size());
    }
    reader.finish();
    return notes.notes;
}

TEST(CodeFile, HasACodeALine) {
    EXPECT_THAT(read("AAAA1\nBBBB2\nCCCC3"), ElementsAre("1 AAAA1", "2 BBBB2", "3 CCCC3"));
    EXPECT_THAT(read(""), ElementsAre());
    EXPECT_THAT(read("\n\n \t\n"), ElementsAre());
}

TEST(CodeFile, PassesOverMarkCarriageReturnsBlanksAndTheHead) {
    EXPECT_THAT(read("\xEF\xBB\xBF"
                     "code,expires_at\r\n\r\n  AAAA1 \t\r\nBBBB2\r\n"),
                ElementsAre("3 AAAA1", "4 BBBB2"));
    EXPECT_THAT(read("AAAA1\ncode\n"), ElementsAre("1 AAAA1", "2 code"));
}

TEST(CodeFile, ReadsAnExpiry) {
    EXPECT_THAT(read("AAAA1,1970-01-02\nBBBB2 , 1970-01-02T00:00:00+08:00\nCCCC3,\n"
                     "\"DD,DD\",\"1970-01-01T00:00:09Z\"\n"),
                ElementsAre("1 AAAA1 day 1", "2 BBBB2 at 57600", "3 CCCC3", "4 DD,DD at 9"));
    for (const char* wrong :
         {"1969-12-31", "2200-01-01", "2027-02-29", "2027-13-01", "27-01-01", "2027-1-1",
          "2027-01-01T00:00:00", "2027-01-01T24:00:00Z", "2027-01-01T00:00:00+15:00",
          "2027-01-01T00:00:00+0800", "1970-01-01T00:00:00+08:00", "never", "2027-01-01 00:00:00Z"})
        EXPECT_THAT(read(fmt::format("AAAA1,{}", wrong)), ElementsAre("1 fault 8")) << wrong;
}

TEST(CodeFile, RefusesEachBadLineByItselfWithItsNumber) {
    using namespace std::string_literals;
    EXPECT_THAT(read("AAAA1\nBB\nCC\0CC1\nDDDD\x80\n"s + std::string(65, 'E') +
                     "\nFFFF1,2027-01-01,x\n\"GGGG1\n\"HHHH\"1\nIIII1\n"),
                ElementsAre("1 AAAA1", "2 fault 4", "3 fault 2", "4 fault 3", "5 fault 5",
                            "6 fault 6", "7 fault 7", "8 fault 7", "9 IIII1"));
}

TEST(CodeFile, PassesOverALineOfTenMegabytes) {
    const std::string text = "AAAA1\n" + std::string(10'000'000, 'x') + "\nBBBB2\n";
    EXPECT_THAT(read(text), ElementsAre("1 AAAA1", "2 fault 1", "3 BBBB2"));
    EXPECT_THAT(read(std::string(10'000'000, 'x'), 4096), ElementsAre("1 fault 1"));
    EXPECT_THAT(read(std::string(256, ' ')), ElementsAre());
    EXPECT_THAT(read(std::string(257, ' ')), ElementsAre("1 fault 1"));
}

TEST(CodeFile, RefusesAnotherEncodingAsAWhole) {
    using namespace std::string_literals;
    EXPECT_THAT(read("\xFF\xFE"
                     "A\0A\0A\0A\0\n\0B\0"s),
                ElementsAre("1 fault 9"));
    EXPECT_THAT(read("\xFE\xFF\0A\0A\0\n\0B\0\n"s), ElementsAre("1 fault 9"));
    EXPECT_THAT(read("\xFE\xFF" + std::string(1000, 'x') + "\nAAAA1\n"), ElementsAre("1 fault 9"));
}

TEST(CodeFile, SaysTheSameHoweverItIsCut) {
    using namespace std::string_literals;
    const std::string text =
        "\xEF\xBB\xBF"
        "code\r\nAAAA1,2027-01-01\r\n\r\n\"BB,BB\"\nC\n"s +
        std::string(300, 'D') + "\nEE\0EE\nFFFF9"s;
    const std::vector<std::string> whole = read(text);
    EXPECT_EQ(whole.size(), 6U);
    for (std::size_t piece = 1; piece < text.size(); ++piece)
        ASSERT_EQ(read(text, piece), whole) << piece;
}

TEST(CodeFile, NeverSaysWhatStandsInALine) {
    for (int fault = 1; fault <= 11; ++fault)
        EXPECT_THAT(std::string(text_of(LineFault(fault))), Not(HasSubstr("cannot be read")));
    EXPECT_EQ(text_of(LineFault{99}), "the line cannot be read");
}

// ---- import

struct Import {
    MasterKeys keys = masters("1");
    WrappedKey wrapped{};
    CodeSeal seal = CodeSeal::make(keys, place, wrapped);
    CodeHasher hasher{bytes_of("secret"), ProgramId{1}};
    CodePool pool{IssueOrder::oldest_first};
    CodeImport import{pool, hasher, seal,
                      [](LocalDate day) { return Instant{} + days(day.days + 1); },
                      [this](const CodeKey& key) { return key == elsewhere; }};
    CodeKey elsewhere;

    Import() { pool.open_batch(place.batch); }
    void feed(std::string_view text) {
        CodeFileReader reader(CodeForm::folded, import);
        reader.feed(bytes_of(text));
        reader.finish();
    }
};

TEST(CodeImport, SealsEachCodeAndAddsItOnceItIsJournaled) {
    Import all;
    all.feed("aaaa-1\nBBBB2,1970-01-02\n");
    ASSERT_EQ(all.import.chunk().codes.size(), 2U);
    EXPECT_EQ(all.pool.size(), 0U);
    const ImportChunk chunk = all.import.chunk();
    all.import.add_to(all.pool, place.batch, Lsn{50});
    EXPECT_EQ(all.pool.counts().of(CodeState::available), 2U);
    EXPECT_TRUE(all.import.chunk().empty());

    const auto found = all.pool.find(all.hasher.key_of(ClearCode("AAAA1")));
    ASSERT_TRUE(found.has_value());
    const PooledCode code = all.pool.code(*found);
    EXPECT_EQ(code.locator, (CodeLocator{.lsn = Lsn{50}, .index = 0}));
    const SealedCode& sealed = chunk.codes[code.locator.index];
    EXPECT_EQ(
        all.seal.unseal(sealed.index, std::span(chunk.sealed).subspan(sealed.at, sealed.bytes))
            ->view(),
        "AAAA1");
    EXPECT_EQ(chunk.codes[1].expires_at, Instant{} + days(2));
}

TEST(CodeImport, RefusesDuplicatesWithTheirLine) {
    Import all;
    all.feed("AAAA1\nBBBB2\naaaa1\n");
    all.import.add_to(all.pool, place.batch, Lsn{50});
    all.elsewhere = all.hasher.key_of(ClearCode("DDDD4"));
    all.feed("CCCC3\nBB-BB2\nDDDD4\nX\n");
    EXPECT_EQ(all.import.taken(), 3U);
    EXPECT_EQ(all.import.refused(), 4U);
    EXPECT_THAT(all.import.refused_lines(), ElementsAre(RefusedLine{3, LineFault::duplicate},
                                                        RefusedLine{2, LineFault::duplicate},
                                                        RefusedLine{3, LineFault::duplicate},
                                                        RefusedLine{4, LineFault::code_too_short}));
}

TEST(CodeImport, CountsEveryRefusedLineAndKeepsAThousand) {
    Import all;
    std::string text;
    for (int i = 0; i < 2000; ++i) text += "x\n";
    all.feed(text);
    EXPECT_EQ(all.import.refused(), 2000U);
    EXPECT_EQ(all.import.refused_lines().size(), CodeImport::refused_lines_max);
}

TEST(CodeImport, LeavesNoPlaintextInWhatIsJournaled) {
    Import all;
    std::string text;
    for (int i = 0; i < 1000; ++i) text += fmt::format("PLAIN{:05}\n", i);
    all.feed(text);
    const std::vector<std::byte>& sealed = all.import.chunk().sealed;
    const std::string_view bytes(reinterpret_cast<const char*>(sealed.data()), sealed.size());
    EXPECT_EQ(bytes.find("PLAIN"), std::string_view::npos);
    EXPECT_EQ(sealed.size(), 1000 * (10 + aead_overhead_bytes));
}

}  // namespace
}  // namespace suanpan::cards::testing
