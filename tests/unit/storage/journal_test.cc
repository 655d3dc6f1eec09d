// Journal: appending, reading, rotation, restarts; its readers while it is written.
#include "storage/journal.h"

#include "storage/segment_builder.h"
#include "tests/support/comes_true.h"
#include "tests/unit/storage/memory_volume.h"
#include "tests/unit/storage/storage_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

namespace suanpan::storage {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> read_entry(const Journal& journal, std::uint64_t lsn) {
    std::vector<std::byte> out;
    const JournalResult<void> read = journal.read_entry(Lsn{lsn}, out);
    EXPECT_TRUE(read.has_value()) << read.error().sentence;
    return out;
}

void expect_entries(const Journal& journal, std::uint64_t first, std::uint64_t last) {
    std::uint64_t next = first;
    const JournalResult<void> walked =
        journal.for_each_commit(Lsn{first}, CommitCheck::chain, [&](const CommitView& commit) {
            for (Lsn lsn = commit.first_lsn(); lsn <= commit.last_lsn(); lsn = lsn + 1) {
                if (lsn.value < first) continue;
                const Bytes entry = commit.entry(lsn);
                EXPECT_EQ(next++, lsn.value);
                EXPECT_EQ(entry_of(lsn.value), std::vector(entry.begin(), entry.end()));
            }
            return true;
        });
    EXPECT_TRUE(walked.has_value()) << walked.error().sentence;
    EXPECT_EQ(next, last + 1);
}

TEST(Journal, GivesBackWhatWasAppended) {
    RealJournal real;
    ASSERT_TRUE(append_entries(real.journal(), 1));
    ASSERT_TRUE(append_entries(real.journal(), 300));
    ASSERT_TRUE(append_entries(real.journal(), 7));
    EXPECT_EQ(real.journal().last_lsn(), Lsn{308});
    EXPECT_EQ(read_entry(real.journal(), 1), entry_of(1));
    EXPECT_EQ(read_entry(real.journal(), 150), entry_of(150));
    expect_entries(real.journal(), 1, 308);
    expect_entries(real.journal(), 200, 308);
    const JournalResult<CommitCopy> copy = real.journal().read(Lsn{302});
    ASSERT_TRUE(copy.has_value());
    EXPECT_EQ(copy->view.first_lsn(), Lsn{302});
    EXPECT_EQ(copy->view.last_lsn(), Lsn{308});
    EXPECT_EQ(copy->view.time(), Instant{302'000});
}

TEST(Journal, RemembersItsTailAcrossAKill) {
    RealJournal real;
    ASSERT_TRUE(append_entries(real.journal(), 12));
    ASSERT_TRUE(append_entries(real.journal(), 12));
    const Sha256 chain = real.journal().chain();
    real.kill_and_open();
    EXPECT_EQ(real.journal().last_lsn(), Lsn{24});
    EXPECT_EQ(real.journal().chain(), chain);
    EXPECT_EQ(real.journal().last_time(), Instant{13'000});
    EXPECT_EQ(real.journal().request_floor_ms(), 13);
    EXPECT_FALSE(real.journal().open_report().clean_stop);
    ASSERT_TRUE(append_entries(real.journal(), 1));
    expect_entries(real.journal(), 1, 25);
}

TEST(Journal, KnowsAStopInOrder) {
    RealJournal real;
    ASSERT_TRUE(append_entries(real.journal(), 3));
    real.stop();
    real.open();
    EXPECT_TRUE(real.journal().open_report().clean_stop);
    EXPECT_THAT(real.journal().open_report().notes, testing::IsEmpty());
    // The mark holds for one start only.
    real.kill_and_open();
    EXPECT_FALSE(real.journal().open_report().clean_stop);
    expect_entries(real.journal(), 1, 3);
}

TEST(Journal, RotatesBeforeASegmentIsFull) {
    RealJournal real;
    build_all(real.journal());
    for (int i = 0; i < 60; ++i) {
        ASSERT_TRUE(append_entries(real.journal(), 200)) << i;
        build_all(real.journal());
    }
    EXPECT_GE(real.journal().counters().rotations, 2U);
    const std::vector<SegmentInfo> segments = real.journal().segments();
    for (const SegmentInfo& segment : segments) {
        EXPECT_EQ(std::filesystem::file_size(real.segment(segment.ordinal)),
                  real.options().segment_bytes)
            << "a segment has outgrown what was written ahead";
        EXPECT_EQ(segment.has_trailer, segment.ordinal != segments.back().ordinal);
    }
    expect_entries(real.journal(), 1, 12'000);
    real.kill_and_open();
    EXPECT_EQ(real.journal().segments().size(), segments.size());
    expect_entries(real.journal(), 1, 12'000);
    expect_entries(real.journal(), 5'000, 12'000);
    EXPECT_EQ(read_entry(real.journal(), 17), entry_of(17));
}

TEST(Journal, WritesTrailersThatAKillHasPrevented) {
    RealJournal real;
    build_all(real.journal());
    std::uint64_t last = 0;
    while (real.journal().counters().rotations < 2) {
        ASSERT_TRUE(append_entries(real.journal(), 200));
        last += 200;
    }
    real.kill_and_open();
    expect_entries(real.journal(), 1, last);
    EXPECT_FALSE(real.journal().segments()[0].has_trailer);
    build_all(real.journal());
    EXPECT_TRUE(real.journal().segments()[0].has_trailer);
    EXPECT_TRUE(real.journal().segments()[1].has_trailer);
    real.kill_and_open();
    EXPECT_TRUE(real.journal().segments()[1].has_trailer);
    expect_entries(real.journal(), 1, last);
}

TEST(Journal, HasRoomOnlyWhileASuccessorIsReady) {
    MemoryVolume volume;
    const DataDirectory data = DataDirectory::open(volume, {});
    volume.stores_max = 1;
    const std::unique_ptr<Journal> journal = Journal::open(data, small_segments());
    EXPECT_FALSE(journal->has_room(100)) << "no successor was built yet";
    const JournalResult<bool> built = journal->build_ahead();
    ASSERT_FALSE(built.has_value());
    EXPECT_EQ(built.error().fault, JournalFault::storage_full);
    EXPECT_FALSE(journal->has_room(100));

    volume.stores_max = 2;  // the disk has space again
    ASSERT_TRUE(journal->build_ahead().has_value());
    EXPECT_TRUE(journal->has_room(100));
    EXPECT_FALSE(journal->has_room(600U << 10U)) << "more than any segment takes";
    // The active segment fills up, the successor takes over, and then there is no other.
    while (journal->counters().rotations == 0) {
        ASSERT_TRUE(journal->has_room(20'000));
        ASSERT_TRUE(append_entries(*journal, 150));
    }
    EXPECT_FALSE(journal->has_room(100));
    JournalResult<void> appended{};
    while (appended) appended = append_entries(*journal, 150);
    EXPECT_EQ(appended.error().fault, JournalFault::storage_full);
    const Lsn last = journal->last_lsn();

    volume.stores_max = 9;
    build_all(*journal);
    EXPECT_TRUE(journal->has_room(100));
    ASSERT_TRUE(append_entries(*journal, 150));
    expect_entries(*journal, 1, last.value + 150);
}

TEST(Journal, AppendsWhateverHasRoomPromised) {
    // The promise must hold over LMDB's own accounting, up to the last page.
    JournalOptions options = small_segments();
    options.successors = 1;
    RealJournal real(options);
    build_all(real.journal());
    std::uint32_t commits = 0;
    while (real.journal().has_room(64)) {
        ASSERT_TRUE(append_entries(real.journal(), 1, 64)) << commits;
        ++commits;
        if (commits > 2000) break;
    }
    EXPECT_GT(commits, 60U);
    EXPECT_EQ(real.journal().counters().rotations, 1U);
    EXPECT_LE(std::filesystem::file_size(real.segment(1)), real.options().segment_bytes);
}

TEST(Journal, AnswersNotFoundAboveItsLastEntry) {
    RealJournal real;
    ASSERT_TRUE(append_entries(real.journal(), 2));
    EXPECT_EQ(real.journal().read(Lsn{3}).error().fault, JournalFault::not_found);
    EXPECT_EQ(real.journal().read(Lsn{0}).error().fault, JournalFault::not_found);
}

TEST(Journal, LetsSegmentsGoOnlyForABaseline) {
    RealJournal real;
    build_all(real.journal());
    std::vector<SealedBaseline> ends;
    while (real.journal().counters().rotations < 3) {
        ASSERT_TRUE(append_entries(real.journal(), 200));
        ends.push_back({.lsn = real.journal().last_lsn(), .chain = real.journal().chain()});
        build_all(real.journal());
    }
    Journal& journal = real.journal();
    const std::vector<SegmentInfo> segments = journal.segments();
    const Lsn second_end = segments[1].last_lsn;

    SealedBaseline wrong = ends.back();
    wrong.chain[0] ^= std::byte{1};
    EXPECT_EQ(journal.retire_before(second_end + 1, wrong).error().fault, JournalFault::refused);
    wrong = ends.back();
    wrong.lsn.value -= 1;
    EXPECT_EQ(journal.retire_before(second_end + 1, wrong).error().fault, JournalFault::refused);
    // A baseline inside the second segment frees the first one only, whatever is asked for.
    const auto inside = std::find_if(ends.begin(), ends.end(), [&](const SealedBaseline& end) {
        return end.lsn > segments[1].first_lsn && end.lsn < second_end;
    });
    ASSERT_NE(inside, ends.end());
    EXPECT_EQ(journal.retire_before(second_end + 1, *inside), 1U);
    EXPECT_FALSE(std::filesystem::exists(real.segment(1)));
    EXPECT_EQ(journal.retire_before(second_end + 1, ends.back()), 1U);

    EXPECT_EQ(journal.oldest_lsn(), second_end + 1);
    EXPECT_EQ(journal.read(Lsn{1}).error().fault, JournalFault::history_ends);
    EXPECT_EQ(journal.for_each_commit(Lsn{1}, CommitCheck::chain, [](auto&) { return true; })
                  .error()
                  .fault,
              JournalFault::history_ends);
    const std::uint64_t last = journal.last_lsn().value;
    expect_entries(journal, second_end.value + 1, last);
    real.kill_and_open();
    EXPECT_EQ(real.journal().oldest_lsn(), second_end + 1);
    expect_entries(real.journal(), second_end.value + 1, last);
    EXPECT_EQ(real.journal().read(second_end).error().fault, JournalFault::history_ends);
}

TEST(Journal, WarnsTheNextStartThoughTheDiskRefusesTheWarningsFlushToo) {
    MemoryVolume volume;
    {
        const DataDirectory data = DataDirectory::open(volume, {});
        const std::unique_ptr<Journal> journal = Journal::open(data, small_segments());
        volume.stores.at(segment_name(1))->fail_next_append = true;
        volume.fail_next_file = true;
        EXPECT_EQ(append_entries(*journal, 5).error().fault, JournalFault::flush_failed);
    }
    const DataDirectory data = DataDirectory::open(volume, {});
    try {
        static_cast<void>(Journal::open(data, small_segments()));
        FAIL() << "opened without the operator's word";
    } catch (const OpenError& error) {
        EXPECT_EQ(error.fault(), OpenFault::failed_flush);
    }
}

TEST(Journal, StopsForGoodWhenAFlushFails) {
    MemoryVolume volume;
    {
        const DataDirectory data = DataDirectory::open(volume, {});
        const std::unique_ptr<Journal> journal = Journal::open(data, small_segments());
        ASSERT_TRUE(append_entries(*journal, 5));
        volume.stores.at(segment_name(1))->fail_next_append = true;
        EXPECT_EQ(append_entries(*journal, 5).error().fault, JournalFault::flush_failed);
        EXPECT_EQ(append_entries(*journal, 5).error().fault, JournalFault::flush_failed);
        EXPECT_EQ(journal->last_lsn(), Lsn{5});
    }
    const DataDirectory data = DataDirectory::open(volume, {});
    JournalOptions options = small_segments();
    try {
        static_cast<void>(Journal::open(data, options));
        FAIL() << "opened without the operator's word";
    } catch (const OpenError& error) {
        EXPECT_EQ(error.fault(), OpenFault::failed_flush);
        EXPECT_THAT(error.what(), HasSubstr("--trust-after-failed-flush"));
    }
    options.trust_after_failed_flush = true;
    EXPECT_EQ(Journal::open(data, options)->last_lsn(), Lsn{5});
    options.trust_after_failed_flush = false;
    EXPECT_EQ(Journal::open(data, options)->last_lsn(), Lsn{5}) << "the word holds once";
}

TEST(Journal, ServesReadersWhileItIsWritten) {
    RealJournal real;
    Journal& journal = real.journal();
    std::atomic<bool> done = false;
    std::atomic<std::uint64_t> read = 0;
    std::atomic<std::uint64_t> wrong = 0;
    {
        SegmentBuilder builder(journal,
                               [](const JournalError& error) { ADD_FAILURE() << error.sentence; });
        std::vector<std::thread> readers;
        for (std::uint64_t r = 0; r < 2; ++r)
            readers.emplace_back([&, r] {
                std::vector<std::byte> out;
                std::uint64_t step = r;
                while (!done.load()) {
                    const std::uint64_t last = journal.last_lsn().value;
                    if (last == 0) continue;
                    const std::uint64_t lsn = 1 + step++ * 7919 % last;
                    const bool sound =
                        journal.read_entry(Lsn{lsn}, out).has_value() && out == entry_of(lsn);
                    (sound ? read : wrong).fetch_add(1);
                }
            });
        bool appended = true;
        for (int i = 0; i < 80 && appended; ++i)
            appended = comes_true([&] { return journal.has_room(30'000); }) &&
                       append_entries(journal, 200).has_value();
        EXPECT_TRUE(comes_true([&] { return read.load() + wrong.load() > 0; }));
        done = true;
        for (std::thread& reader : readers) reader.join();
        ASSERT_TRUE(appended);
    }
    EXPECT_GT(read.load(), 0U);
    EXPECT_EQ(wrong.load(), 0U);
    EXPECT_GE(journal.counters().rotations, 2U);
    expect_entries(journal, 1, 16'000);
}

TEST(SegmentBuilder, HealsWhenTheDiskHasSpaceAgain) {
    MemoryVolume volume;
    const DataDirectory data = DataDirectory::open(volume, {});
    volume.stores_max = 1;
    const std::unique_ptr<Journal> journal = Journal::open(data, small_segments());
    std::atomic<int> complaints = 0;
    {
        // A builder complains once about one failure, however often it meets it.
        SegmentBuilder builder(*journal, [&](const JournalError& error) {
            EXPECT_EQ(error.fault, JournalFault::storage_full);
            complaints.fetch_add(1);
            complaints.notify_all();
        });
        complaints.wait(0);
    }
    EXPECT_FALSE(journal->has_room(100));
    volume.stores_max = 9;
    const SegmentBuilder builder(*journal, [&](const JournalError&) { complaints.fetch_add(1); });
    EXPECT_TRUE(comes_true([&] { return journal->has_room(100); }));
    EXPECT_EQ(complaints.load(), 1);
}

TEST(Journal, CanBeReadByAToolWhileTheServerWrites) {
    RealJournal real;
    build_all(real.journal());
    while (real.journal().counters().rotations < 1)
        ASSERT_TRUE(append_entries(real.journal(), 200));
    const std::uint64_t last = real.journal().last_lsn().value;
    ASSERT_EQ(::fflush(nullptr), 0);
    const pid_t tool = ::fork();
    ASSERT_GE(tool, 0);
    if (tool == 0) {
        // Another process, since LMDB may be open only once in each.
        int status = 1;
        try {
            const std::unique_ptr<Volume> volume = open_lmdb_volume(real.file(""));
            const DataDirectory data = DataDirectory::open(*volume, {.read_only = true});
            JournalOptions options = small_segments();
            options.read_only = true;
            const std::unique_ptr<Journal> journal = Journal::open(data, options);
            std::uint64_t seen = 0;
            const auto walked =
                journal->for_each_commit(Lsn{1}, CommitCheck::chain, [&](const CommitView& commit) {
                    seen += commit.count();
                    return true;
                });
            status = walked && seen == last ? 0 : 2;
        } catch (const OpenError& error) {
            std::fprintf(stderr, "%s\n", error.what());
        }
        ::_exit(status);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(tool, &status, 0), tool);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    ASSERT_TRUE(append_entries(real.journal(), 200));
    expect_entries(real.journal(), 1, last + 200);
}

}  // namespace
}  // namespace suanpan::storage
