#include "storage/checkpoint.h"

#include "tests/unit/storage/memory_volume.h"
#include "tests/unit/storage/storage_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace suanpan::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const CheckpointWriter::Options small_packs{.pack_bytes = 1000, .transaction_bytes = 5000};

// Writes records [1, count] with LSN = 10 * number.
CheckpointRound write_round(const DataDirectory& data, std::uint64_t count, Lsn start = Lsn{5}) {
    const auto writer = CheckpointWriter::begin(data, start, small_packs);
    EXPECT_TRUE(writer.has_value());
    for (std::uint64_t i = 1; i <= count; ++i) {
        const std::vector<std::byte> bytes = entry_of(i);
        const CheckpointRecord record{.lsn = Lsn{i * 10}, .bytes = bytes};
        EXPECT_TRUE((*writer)->add(std::span(&record, 1)).has_value());
    }
    const StoreResult<CheckpointRound> round = (*writer)->finish(Lsn{count * 10 + 3});
    EXPECT_TRUE(round.has_value());
    return *round;
}

std::vector<std::string> checkpoints_in(const Volume& volume) {
    std::vector<std::string> names;
    const std::vector<std::string> all = volume.list().value();
    for (const std::string& name : all)
        if (name.starts_with("checkpoint-")) names.push_back(name);
    return names;
}

class CheckpointTest : public testing::Test {
protected:
    [[nodiscard]] std::unique_ptr<CheckpointReader> open_newest(std::uint64_t before = UINT64_MAX) {
        notes.clear();
        return CheckpointReader::open_newest(data, notes, before);
    }

    TemporaryDirectory directory;
    std::unique_ptr<Volume> volume = open_lmdb_volume(directory.path());
    DataDirectory data = DataDirectory::open(*volume, {});
    std::vector<std::string> notes;
};

TEST_F(CheckpointTest, GivesBackEveryRecord) {
    EXPECT_EQ(open_newest(), nullptr);
    const CheckpointRound written = write_round(data, 500);
    const std::unique_ptr<CheckpointReader> reader = open_newest();
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->round().generation, 1U);
    EXPECT_EQ(reader->round().start_lsn, Lsn{5});
    EXPECT_EQ(reader->round().end_lsn, Lsn{5003});
    EXPECT_EQ(reader->round().totals, written.totals);
    EXPECT_EQ(reader->round().totals.count, 500U);
    EXPECT_GT(reader->packs(), 20U);

    // In two ranges, as two shards' threads would.
    std::map<std::uint64_t, std::vector<std::byte>> records;
    const auto take = [&](const CheckpointRecord& record) {
        records[record.lsn.value] = {record.bytes.begin(), record.bytes.end()};
    };
    StoreResult<CheckpointTotals> totals = reader->for_each(0, 7, take);
    ASSERT_TRUE(totals.has_value());
    const StoreResult<CheckpointTotals> rest = reader->for_each(7, reader->packs(), take);
    ASSERT_TRUE(rest.has_value());
    *totals += *rest;
    EXPECT_EQ(*totals, reader->round().totals);
    ASSERT_THAT(records, SizeIs(500));
    for (std::uint64_t i = 1; i <= 500; ++i) ASSERT_EQ(records.at(i * 10), entry_of(i));
}

TEST_F(CheckpointTest, TotalsDoNotDependOnTheOrder) {
    const CheckpointRound first = write_round(data, 2);
    const auto writer = CheckpointWriter::begin(data, Lsn{5}, small_packs);
    for (const std::uint64_t i : {2U, 1U}) {
        const std::vector<std::byte> bytes = entry_of(i);
        const CheckpointRecord record{.lsn = Lsn{9}, .bytes = bytes};
        ASSERT_TRUE((*writer)->add(std::span(&record, 1)).has_value());
    }
    EXPECT_EQ((*writer)->finish(Lsn{9})->totals, first.totals);
    EXPECT_NE(write_round(data, 3).totals, first.totals);
}

TEST_F(CheckpointTest, AnEmptyStateIsARoundToo) {
    write_round(data, 0);
    const std::unique_ptr<CheckpointReader> reader = open_newest();
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->packs(), 0U);
    EXPECT_EQ(reader->for_each(0, 0, [](const CheckpointRecord&) {})->count, 0U);
}

TEST_F(CheckpointTest, ReplacesTheOldestOnlyWhenTheNewOneIsWhole) {
    write_round(data, 10);
    write_round(data, 20);
    {
        const auto writer = CheckpointWriter::begin(data, Lsn{5}, small_packs);
        EXPECT_THAT(checkpoints_in(*volume), SizeIs(3));
        EXPECT_EQ(open_newest()->round().generation, 2U);
    }
    EXPECT_THAT(checkpoints_in(*volume), SizeIs(2)) << "a round that was given up leaves nothing";
    write_round(data, 30);
    EXPECT_THAT(checkpoints_in(*volume),
                ElementsAre("checkpoint-0000000002.lmdb", "checkpoint-0000000003.lmdb"));
    EXPECT_EQ(open_newest()->round().totals.count, 30U);
    EXPECT_EQ(open_newest(3)->round().totals.count, 20U);
    EXPECT_EQ(open_newest(2), nullptr);
}

TEST_F(CheckpointTest, ForgetsARoundThatAKillHasCutOff) {
    write_round(data, 10);
    const std::string finished = directory.file("checkpoint-0000000001.lmdb");
    {
        // Its file as it stands in the middle of the round.
        const auto writer = CheckpointWriter::begin(data, Lsn{5}, small_packs);
        for (std::uint64_t i = 1; i <= 200; ++i) {
            const std::vector<std::byte> bytes = entry_of(i);
            const CheckpointRecord record{.lsn = Lsn{i}, .bytes = bytes};
            ASSERT_TRUE((*writer)->add(std::span(&record, 1)).has_value());
        }
        std::filesystem::copy_file(directory.file("checkpoint-0000000002.lmdb"),
                                   directory.file("copy"));
    }
    std::filesystem::rename(directory.file("copy"), directory.file("checkpoint-0000000002.lmdb"));
    EXPECT_EQ(open_newest()->round().generation, 1U);
    ASSERT_TRUE(remove_stale_checkpoints(data).has_value());
    EXPECT_THAT(checkpoints_in(*volume), ElementsAre("checkpoint-0000000001.lmdb"));
}

TEST_F(CheckpointTest, FallsBackFromADamagedOne) {
    write_round(data, 10);
    write_round(data, 400);
    const std::string path = directory.file("checkpoint-0000000002.lmdb");
    const std::string content = slurp(path);

    // A flipped bit in a record shows when its pack is read.
    const std::vector<std::byte> wanted = entry_of(123);
    const std::size_t at =
        content.find(std::string_view(reinterpret_cast<const char*>(wanted.data()), wanted.size()));
    ASSERT_NE(at, std::string::npos);
    poke(path, at + 5, std::string(1, static_cast<char>(content[at + 5] ^ 4)));
    std::unique_ptr<CheckpointReader> reader = open_newest();
    ASSERT_EQ(reader->round().generation, 2U);
    const StoreResult<CheckpointTotals> read =
        reader->for_each(0, reader->packs(), [](const CheckpointRecord&) {});
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().error, StoreError::damaged);
    EXPECT_THAT(read.error().detail, HasSubstr("checkpoint-0000000002.lmdb"));
    reader = open_newest(reader->round().generation);
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->round().totals.count, 10U);
    EXPECT_TRUE(reader->for_each(0, reader->packs(), [](const CheckpointRecord&) {}).has_value());

    // One that cannot even be opened is passed over at once.
    reader.reset();
    poke(path, 0, std::string(8192, '\x55'));
    reader = open_newest();
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->round().generation, 1U);
    EXPECT_THAT(notes, ElementsAre(HasSubstr("checkpoint-0000000002.lmdb")));
}

TEST_F(CheckpointTest, RefusesOneOfAnotherDirectory) {
    const TemporaryDirectory elsewhere;
    const std::unique_ptr<Volume> other = open_lmdb_volume(elsewhere.path());
    {
        const DataDirectory other_data = DataDirectory::open(*other, {});
        write_round(other_data, 10);
    }
    std::filesystem::copy_file(elsewhere.file("checkpoint-0000000001.lmdb"),
                               directory.file("checkpoint-0000000001.lmdb"));
    try {
        static_cast<void>(open_newest());
        FAIL() << "a foreign checkpoint was opened";
    } catch (const OpenError& error) {
        EXPECT_EQ(error.fault(), OpenFault::foreign);
        EXPECT_THAT(error.what(), HasSubstr("checkpoint-0000000001.lmdb"));
    }
}

}  // namespace
}  // namespace suanpan::storage
