#include "storage/journal.h"
#include "storage/text_file.h"
#include "tests/unit/storage/memory_volume.h"
#include "tests/unit/storage/storage_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

// What a crash, a disk or an operator can do to a journal, and what opening it says to that.

namespace suanpan::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::size_t meta_bytes = 8192;  // LMDB's two meta pages

// Where the commit that begins with `lsn` lies in a segment's file.
std::size_t commit_offset(const std::string& path, std::uint64_t lsn) {
    const std::string content = slurp(path);
    for (std::size_t page = 0; page + 4096 <= content.size(); page += 4096) {
        CommitHeader header;
        std::memcpy(&header, content.data() + page + 16, sizeof header);
        if (header.magic == commit_magic && header.first_lsn == lsn) return page + 16;
    }
    ADD_FAILURE() << "no commit begins with LSN " << lsn;
    return 0;
}

void flip(const std::string& path, std::size_t at) {
    const std::string content = slurp(path);
    poke(path, at, std::string(1, static_cast<char>(content.at(at) ^ 0x10)));
}

class JournalDamage : public testing::Test {
protected:
    std::optional<OpenError> refusal() {
        real.kill();
        try {
            real.open();
        } catch (const OpenError& error) {
            return error;
        }
        ADD_FAILURE() << "nothing was refused";
        return std::nullopt;
    }
    void append(std::uint32_t count) {
        const JournalResult<void> appended = append_entries(real.journal(), count);
        ASSERT_TRUE(appended.has_value()) << appended.error().sentence;
    }
    // Every entry is there, up to `last` and no further, and the chain closes.
    void expect_sound_up_to(std::uint64_t last) {
        std::uint64_t next = 1;
        const JournalResult<void> walked = real.journal().for_each_commit(
            Lsn{1}, CommitCheck::chain, [&](const CommitView& commit) {
                for (Lsn lsn = commit.first_lsn(); lsn <= commit.last_lsn(); lsn = lsn + 1) {
                    const Bytes entry = commit.entry(lsn);
                    EXPECT_EQ(lsn.value, next++);
                    EXPECT_EQ(entry_of(lsn.value), std::vector(entry.begin(), entry.end()));
                }
                return true;
            });
        EXPECT_TRUE(walked.has_value()) << walked.error().sentence;
        EXPECT_EQ(next, last + 1);
        EXPECT_EQ(real.journal().last_lsn(), Lsn{last});
    }

    RealJournal real;
};

TEST_F(JournalDamage, RescuesACommitThatLmdbHasLost) {
    append(10);
    append(10);
    const std::string metas = slurp(real.segment(1)).substr(0, meta_bytes);
    append(50);
    const Sha256 chain = real.journal().chain();
    real.kill();
    poke(real.segment(1), 0, metas);
    real.open();
    EXPECT_EQ(real.journal().open_report().rescued_commits, 1U);
    EXPECT_EQ(real.journal().chain(), chain);
    EXPECT_EQ(real.journal().last_time(), Instant{21'000});
    expect_sound_up_to(70);
    append(5);
    real.kill_and_open();
    EXPECT_EQ(real.journal().open_report().rescued_commits, 0U);
    expect_sound_up_to(75);
}

TEST_F(JournalDamage, RescuesTheFirstCommitOfTheNextSegment) {
    build_all(real.journal());
    const std::string metas = slurp(real.segment(2)).substr(0, meta_bytes);
    while (real.journal().counters().rotations == 0) append(200);
    const std::uint64_t last = real.journal().last_lsn().value;
    real.kill();
    poke(real.segment(2), 0, metas);
    real.open();
    EXPECT_EQ(real.journal().open_report().rescued_commits, 1U);
    expect_sound_up_to(last);
    EXPECT_EQ(real.journal().segments().back().ordinal, 2U);
    append(5);
    real.kill_and_open();
    expect_sound_up_to(last + 5);
}

TEST_F(JournalDamage, ReadOnlyRepairsNothing) {
    append(10);
    const std::string metas = slurp(real.segment(1)).substr(0, meta_bytes);
    append(10);
    real.kill();
    poke(real.segment(1), 0, metas);
    const std::string before = slurp(real.segment(1));
    {
        const std::unique_ptr<Volume> volume =
            open_lmdb_volume(std::filesystem::path(real.segment(1)).parent_path());
        const DataDirectory data = DataDirectory::open(*volume, {.read_only = true});
        JournalOptions options = small_segments();
        options.read_only = true;
        const std::unique_ptr<Journal> journal = Journal::open(data, options);
        EXPECT_EQ(journal->last_lsn(), Lsn{10});
        EXPECT_EQ(journal->open_report().rescued_commits, 1U);
    }
    EXPECT_EQ(slurp(real.segment(1)), before);
    real.open();
    expect_sound_up_to(20);
}

TEST_F(JournalDamage, ForgetsACommitThatNeverGotWhole) {
    append(10);
    const std::string metas = slurp(real.segment(1)).substr(0, meta_bytes);
    append(100);
    real.kill();
    poke(real.segment(1), 0, metas);
    flip(real.segment(1), commit_offset(real.segment(1), 11) + 5000);
    real.open();
    EXPECT_EQ(real.journal().open_report().rescued_commits, 0U);
    expect_sound_up_to(10);
    append(3);
    real.kill_and_open();
    expect_sound_up_to(13);
}

TEST_F(JournalDamage, DropsAnIncompleteLastCommit) {
    append(10);
    append(100);
    real.kill();
    const std::size_t at = commit_offset(real.segment(1), 11);
    poke(real.segment(1), at - 16 + 8192, std::string(512, '\0'));
    real.open();
    EXPECT_EQ(real.journal().open_report().dropped_commits, 1U);
    expect_sound_up_to(10);
    append(100);
    real.kill_and_open();
    EXPECT_EQ(real.journal().open_report().dropped_commits, 0U);
    expect_sound_up_to(110);
}

TEST_F(JournalDamage, DropsTheOnlyCommitWhereItIsIncomplete) {
    append(100);
    real.kill();
    poke(real.segment(1), commit_offset(real.segment(1), 1), std::string(496, '\0'));
    real.open();
    EXPECT_EQ(real.journal().open_report().dropped_commits, 1U);
    expect_sound_up_to(0);
    append(4);
    expect_sound_up_to(4);
}

// A last commit that was flushed may have been answered: a flipped bit in it is not a crash's
// doing.
TEST_F(JournalDamage, GivesUpAFlippedLastCommitOnlyWhenTold) {
    append(10);
    append(100);
    real.kill();
    flip(real.segment(1), commit_offset(real.segment(1), 11) + 300);
    const std::optional<OpenError> error = refusal();
    EXPECT_EQ(error->fault(), OpenFault::damaged);
    EXPECT_THAT(error->what(), AllOf(HasSubstr(segment_name(1)), HasSubstr("LSN 11"),
                                     HasSubstr("--drop-damaged-last-commit")));
    real.options().drop_damaged_last_commit = true;
    real.open();
    EXPECT_EQ(real.journal().open_report().dropped_commits, 1U);
    expect_sound_up_to(10);
}

TEST_F(JournalDamage, RefusesDamageBeforeASoundCommit) {
    append(10);
    const std::string metas = slurp(real.segment(1)).substr(0, meta_bytes);
    append(10);
    append(10);
    real.kill();
    poke(real.segment(1), 0, metas);
    flip(real.segment(1), commit_offset(real.segment(1), 11) + 300);
    real.options().drop_damaged_last_commit = true;
    const std::optional<OpenError> error = refusal();
    EXPECT_EQ(error->fault(), OpenFault::damaged);
    EXPECT_THAT(error->what(), AllOf(HasSubstr(segment_name(1)), HasSubstr("LSN 11"),
                                     HasSubstr("LSN 21"), HasSubstr("backup")));
}

TEST_F(JournalDamage, NamesTheCommitThatIsDamagedInTheMiddle) {
    for (int i = 0; i < 5; ++i) append(10);
    real.kill();
    flip(real.segment(1), commit_offset(real.segment(1), 21) + 200);
    real.open();
    std::uint64_t seen = 0;
    const JournalResult<void> walked =
        real.journal().for_each_commit(Lsn{1}, CommitCheck::crc, [&](const CommitView& commit) {
            seen = commit.last_lsn().value;
            return true;
        });
    ASSERT_FALSE(walked.has_value());
    EXPECT_EQ(seen, 20U);
    EXPECT_EQ(walked.error().fault, JournalFault::damaged);
    EXPECT_THAT(walked.error().sentence,
                AllOf(HasSubstr(segment_name(1)), HasSubstr("LSN 21"), HasSubstr("backup")));
    EXPECT_EQ(real.journal().read(Lsn{25}).error().fault, JournalFault::damaged);
    EXPECT_TRUE(real.journal().read(Lsn{35}).has_value());
}

// Rewriting a commit and its checksum, but not all that follow, breaks the chain.
TEST_F(JournalDamage, NoticesAForgedCommit) {
    append(10);
    append(10);
    append(10);
    real.kill();
    const std::size_t at = commit_offset(real.segment(1), 11);
    std::string content = slurp(real.segment(1));
    CommitHeader header;
    std::memcpy(&header, content.data() + at, sizeof header);
    content[at + sizeof header + 200] = static_cast<char>(content[at + sizeof header + 200] ^ 1);
    header.crc = crc32c(as_bytes(std::string_view(content).substr(at, 104)));
    header.crc = crc32c(as_bytes(std::string_view(content).substr(
                            at + sizeof header, static_cast<std::size_t>(header.body_bytes))),
                        header.crc);
    poke(real.segment(1), at + sizeof header + 200,
         std::string(1, content[at + sizeof header + 200]));
    poke(real.segment(1), at + 104,
         std::string_view(reinterpret_cast<const char*>(&header.crc), sizeof header.crc));
    real.open();
    const auto nothing = [](const CommitView&) { return true; };
    EXPECT_TRUE(real.journal().for_each_commit(Lsn{1}, CommitCheck::crc, nothing).has_value());
    const JournalResult<void> walked =
        real.journal().for_each_commit(Lsn{1}, CommitCheck::chain, nothing);
    ASSERT_FALSE(walked.has_value());
    EXPECT_THAT(walked.error().sentence, AllOf(HasSubstr("LSN 11"), HasSubstr("chain")));
}

TEST_F(JournalDamage, RefusesALaterFormatOfTheLastCommit) {
    append(10);
    real.kill();
    poke(real.segment(1), commit_offset(real.segment(1), 1) + 8, std::string_view("\x02", 1));
    const std::optional<OpenError> error = refusal();
    EXPECT_EQ(error->fault(), OpenFault::unknown_format);
    EXPECT_THAT(error->what(), AllOf(HasSubstr(segment_name(1)), HasSubstr("release")));
}

TEST_F(JournalDamage, RefusesAMissingSegment) {
    build_all(real.journal());
    while (real.journal().counters().rotations < 2) {
        append(200);
        build_all(real.journal());
    }
    const std::uint64_t newest = real.journal().segments().back().ordinal + 2;
    real.kill();
    const auto without = [&](std::vector<std::uint64_t> ordinals) {
        for (const std::uint64_t ordinal : ordinals)
            std::filesystem::rename(real.segment(ordinal),
                                    real.file("aside" + std::to_string(ordinal)));
        const std::optional<OpenError> error = refusal();
        for (const std::uint64_t ordinal : ordinals)
            std::filesystem::rename(real.file("aside" + std::to_string(ordinal)),
                                    real.segment(ordinal));
        return error;
    };
    for (const std::uint64_t ordinal : {1U, 2U, 3U}) {
        const std::optional<OpenError> error = without({ordinal});
        EXPECT_EQ(error->fault(), OpenFault::missing) << ordinal;
        EXPECT_THAT(error->what(), HasSubstr(segment_name(ordinal)));
    }
    std::vector<std::uint64_t> unsealed;
    for (std::uint64_t ordinal = 3; ordinal <= newest; ++ordinal) unsealed.push_back(ordinal);
    EXPECT_THAT(without(unsealed)->what(), HasSubstr(segment_name(3)));
    unsealed.insert(unsealed.begin(), {1, 2});
    EXPECT_EQ(without(unsealed)->fault(), OpenFault::missing);
    real.open();
    expect_sound_up_to(real.journal().last_lsn().value);
}

TEST_F(JournalDamage, RefusesAForeignSegment) {
    append(10);
    real.kill();
    {
        RealJournal other;
        ASSERT_TRUE(append_entries(other.journal(), 10));
        other.kill();
        std::filesystem::copy_file(other.segment(1), real.segment(1),
                                   std::filesystem::copy_options::overwrite_existing);
    }
    const std::optional<OpenError> error = refusal();
    EXPECT_EQ(error->fault(), OpenFault::foreign);
    EXPECT_THAT(error->what(), HasSubstr(segment_name(1)));
}

TEST_F(JournalDamage, RefusesAForeignTrailer) {
    build_all(real.journal());
    while (real.journal().counters().rotations < 1) append(200);
    build_all(real.journal());
    real.kill();
    const std::string text = encode_trailer(
        {.ordinal = 1, .uuid = {std::byte{1}}, .first_lsn = Lsn{1}, .last_lsn = Lsn{5}});
    std::ofstream(real.file(trailer_name(1))) << text;
    const std::optional<OpenError> error = refusal();
    EXPECT_EQ(error->fault(), OpenFault::foreign);
    EXPECT_THAT(error->what(), HasSubstr(trailer_name(1)));
}

TEST_F(JournalDamage, TurnsABrokenTreeIntoASentence) {
    for (int i = 0; i < 20; ++i) append(20);
    real.kill();
    const std::string content = slurp(real.segment(1));
    std::vector<bool> of_a_commit(content.size() / 4096);
    for (std::size_t page = 2; page < of_a_commit.size(); ++page) {
        CommitHeader header;
        std::memcpy(&header, content.data() + page * 4096 + 16, sizeof header);
        if (header.magic == commit_magic) of_a_commit[page] = true;
    }
    for (std::size_t page = 2; page < of_a_commit.size(); ++page)
        if (!of_a_commit[page]) poke(real.segment(1), page * 4096 + 8, std::string(3000, '\xa7'));
    const std::optional<OpenError> error = refusal();
    EXPECT_EQ(error->fault(), OpenFault::damaged);
    EXPECT_THAT(error->what(), AllOf(HasSubstr(segment_name(1)), HasSubstr("backup")));
}

TEST_F(JournalDamage, RefusesASegmentThatWasCut) {
    append(200);
    real.kill();
    std::filesystem::resize_file(real.segment(1), 12'288);
    const std::optional<OpenError> error = refusal();
    EXPECT_EQ(error->fault(), OpenFault::damaged);
    EXPECT_THAT(error->what(), HasSubstr(segment_name(1)));
}

TEST_F(JournalDamage, RefusesALostStateFile) {
    append(10);
    real.kill();
    std::filesystem::remove(real.file("JOURNAL"));
    EXPECT_EQ(refusal()->fault(), OpenFault::missing);
}

TEST_F(JournalDamage, RefusesCheckpointsWithoutAJournal) {
    MemoryVolume volume;
    const DataDirectory data = DataDirectory::open(volume, {});
    volume.files["checkpoint-0000000001.lmdb"] = {};
    try {
        static_cast<void>(Journal::open(data, small_segments()));
        FAIL() << "a new journal was begun beside an old state";
    } catch (const OpenError& error) {
        EXPECT_EQ(error.fault(), OpenFault::missing);
    }
}

TEST_F(JournalDamage, GoesOnAfterAFirstStartThatWasCutOff) {
    real.kill();
    std::filesystem::remove(real.file("JOURNAL"));
    std::ofstream(real.file(segment_name(2) + ".tmp")) << "half";
    real.open();
    append(3);
    build_all(real.journal());
    EXPECT_FALSE(std::filesystem::exists(real.file(segment_name(2) + ".tmp")));
    real.kill_and_open();
    expect_sound_up_to(3);
}

TEST_F(JournalDamage, SearchesTheRawFileWhereTheStopMarkDoesNotFit) {
    append(10);
    const std::string metas = slurp(real.segment(1)).substr(0, meta_bytes);
    append(10);
    real.stop();
    poke(real.segment(1), 0, metas);
    real.open();
    EXPECT_FALSE(real.journal().open_report().clean_stop);
    EXPECT_EQ(real.journal().open_report().rescued_commits, 1U);
    expect_sound_up_to(20);
}

TEST_F(JournalDamage, TrustsTheDiskAndNotTheCacheAfterAFailedFlush) {
    append(10);
    real.kill();
    TextFile marker;
    marker.set("first_lsn", std::uint64_t{11});
    std::ofstream(real.file("FLUSH_FAILED")) << marker.encode();
    EXPECT_EQ(refusal()->fault(), OpenFault::failed_flush);
    real.options().trust_after_failed_flush = true;
    real.open();
    EXPECT_FALSE(real.journal().open_report().notes.empty());
    EXPECT_FALSE(std::filesystem::exists(real.file("FLUSH_FAILED")));
    expect_sound_up_to(10);
}

}  // namespace
}  // namespace suanpan::storage
