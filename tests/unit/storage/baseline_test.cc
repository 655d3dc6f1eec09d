#include "storage/baseline.h"

#include "storage/text_file.h"
#include "tests/unit/storage/memory_volume.h"
#include "tests/unit/storage/storage_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BaselineTest : public testing::Test {
protected:
    void write(Lsn lsn, bool with_seal = true) {
        const auto writer = begin_baseline(data, lsn, {});
        ASSERT_TRUE(writer.has_value());
        const std::vector<std::byte> bytes = entry_of(lsn.value);
        const CheckpointRecord record{.lsn = lsn, .bytes = bytes};
        ASSERT_TRUE((*writer)->add(std::span(&record, 1)).has_value());
        ASSERT_TRUE((*writer)->finish(lsn).has_value());
        if (!with_seal) return;
        ASSERT_TRUE(seal_baseline(volume, seal_of(lsn)).has_value());
    }
    [[nodiscard]] BaselineSeal seal_of(Lsn lsn) const {
        return {.uuid = data.uuid(),
                .lsn = lsn,
                .chain = sha256(as_bytes("chain")),
                .time = Instant{1'800'000'000'000'000'000},
                .request_floor_ms = 1'799'999'000'000,
                .state_hash = "0123456789abcdef0123456789abcdef"};
    }

    MemoryVolume volume;
    DataDirectory data = DataDirectory::open(volume, {});
    std::vector<std::string> notes;
};

TEST_F(BaselineTest, ComesBackWithEverythingThatItsSealSays) {
    write(Lsn{42});
    const Baseline baseline = open_baseline(data, Lsn{42});
    EXPECT_EQ(baseline.seal.lsn, Lsn{42});
    EXPECT_EQ(baseline.seal.chain, seal_of(Lsn{42}).chain);
    EXPECT_EQ(baseline.seal.time, seal_of(Lsn{42}).time);
    EXPECT_EQ(baseline.seal.request_floor_ms, seal_of(Lsn{42}).request_floor_ms);
    EXPECT_EQ(baseline.seal.state_hash, seal_of(Lsn{42}).state_hash);
    EXPECT_EQ(baseline.reader->round().start_lsn, Lsn{42});
    EXPECT_EQ(baseline.reader->round().totals.count, 1U);
}

TEST_F(BaselineTest, DoesNotCountWithoutItsSeal) {
    write(Lsn{42}, false);
    EXPECT_THAT(*list_baselines(volume), IsEmpty());
    EXPECT_EQ(CheckpointReader::open_newest(data, notes), nullptr);
    EXPECT_THROW(static_cast<void>(open_baseline(data, Lsn{42})), OpenError);
    write(Lsn{42});  // what was left is in nobody's way
    EXPECT_THAT(*list_baselines(volume), ElementsAre(Lsn{42}));
}

TEST_F(BaselineTest, IsWhatAStartFallsBackToWhereNoCheckpointIsSound) {
    write(Lsn{42});
    const auto from_baseline = CheckpointReader::open_newest(data, notes);
    ASSERT_NE(from_baseline, nullptr);
    EXPECT_EQ(from_baseline->round().generation, 0U);
    EXPECT_EQ(from_baseline->round().start_lsn, Lsn{42});
    EXPECT_THAT(notes, IsEmpty());

    const auto writer = CheckpointWriter::begin(data, Lsn{50});
    ASSERT_TRUE((*writer)->finish(Lsn{50}).has_value());
    EXPECT_EQ(CheckpointReader::open_newest(data, notes)->round().start_lsn, Lsn{50});
    // Its writing has left the baseline alone.
    EXPECT_THAT(*list_baselines(volume), SizeIs(1));
    EXPECT_EQ(CheckpointReader::open_newest(data, notes, 1)->round().start_lsn, Lsn{42});
    EXPECT_EQ(CheckpointReader::open_newest(data, notes, 0), nullptr);
}

TEST_F(BaselineTest, GoesWithItsSealWhenAnotherIsKept) {
    write(Lsn{42});
    write(Lsn{77});
    write(Lsn{90}, false);
    EXPECT_THAT(*list_baselines(volume), ElementsAre(Lsn{77}, Lsn{42}));
    ASSERT_TRUE(remove_baselines_but(volume, Lsn{77}).has_value());
    std::vector<std::string> left;
    const std::vector<std::string> all = volume.list().value();
    for (const std::string& name : all)
        if (name.starts_with("baseline-")) left.push_back(name);
    EXPECT_THAT(left, ElementsAre(baseline_name(Lsn{77}), seal_name(Lsn{77})));
}

TEST_F(BaselineTest, IsRefusedWhereItsSealIsDamagedOrForeign) {
    write(Lsn{42});
    const auto refused_as = [&](OpenFault fault) {
        try {
            static_cast<void>(open_baseline(data, Lsn{42}));
        } catch (const OpenError& error) {
            EXPECT_THAT(error.what(), HasSubstr(seal_name(Lsn{42})));
            return error.fault() == fault;
        }
        return false;
    };
    std::vector<std::byte>& seal = volume.files[seal_name(Lsn{42})];
    const std::vector<std::byte> sound = seal;
    seal[seal.size() / 2] ^= std::byte{1};
    EXPECT_TRUE(refused_as(OpenFault::damaged));
    seal = sound;
    BaselineSeal foreign = seal_of(Lsn{42});
    foreign.uuid[0] ^= std::byte{1};
    ASSERT_TRUE(seal_baseline(volume, foreign).has_value());
    EXPECT_TRUE(refused_as(OpenFault::foreign));
}

}  // namespace
}  // namespace suanpan::storage
