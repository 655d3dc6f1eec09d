#include "storage/commit_feed.h"

#include "storage/read_ahead.h"
#include "tests/support/comes_true.h"
#include "tests/unit/storage/memory_volume.h"
#include "tests/unit/storage/storage_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

namespace suanpan::storage {
namespace {

using ::testing::HasSubstr;

// The LSNs that the feed gives, in order; checks that the entries are what was appended.
std::vector<std::uint64_t> lsns_of(const Journal& journal, Lsn from) {
    CommitFeed feed(journal, from);
    CommitRun run;
    std::vector<std::uint64_t> lsns;
    while (feed.claim(run)) {
        const JournalResult<void> fetched = feed.fetch(run);
        EXPECT_TRUE(fetched.has_value()) << fetched.error().sentence;
        for (const CommitView& commit : run.commits)
            for (Lsn lsn = commit.first_lsn(); lsn <= commit.last_lsn(); lsn = lsn + 1) {
                const Bytes entry = commit.entry(lsn);
                EXPECT_EQ(std::vector(entry.begin(), entry.end()), entry_of(lsn.value));
                lsns.push_back(lsn.value);
            }
    }
    return lsns;
}

TEST(CommitFeed, GivesWhatTheJournalHolds) {
    RealJournal real;
    build_all(real.journal());
    EXPECT_TRUE(lsns_of(real.journal(), Lsn{1}).empty());
    std::uint64_t last = 0;
    while (real.journal().segments().size() < 3) {
        const std::uint32_t count = 1 + static_cast<std::uint32_t>(last % 300);
        ASSERT_TRUE(append_entries(real.journal(), count));
        last += count;
        build_all(real.journal());
    }
    real.kill_and_open();
    for (const std::uint64_t from : {std::uint64_t{1}, last / 2, last}) {
        const std::vector<std::uint64_t> lsns = lsns_of(real.journal(), Lsn{from});
        ASSERT_FALSE(lsns.empty());
        EXPECT_LE(lsns.front(), from) << "whole commits, from the one that contains it";
        EXPECT_EQ(lsns.back(), last);
        for (std::size_t i = 1; i < lsns.size(); ++i) ASSERT_EQ(lsns[i], lsns[i - 1] + 1);
    }
    EXPECT_TRUE(lsns_of(real.journal(), Lsn{last + 1}).empty());
}

TEST(CommitFeed, NoticesAFlippedBitAndAForgedCommit) {
    MemoryVolume volume;
    const DataDirectory data = DataDirectory::open(volume, {});
    const auto journal = Journal::open(data, small_segments());
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append_entries(*journal, 3));
    auto& values = volume.stores.at("journal-0000000001.lmdb")->values;
    const std::vector<std::byte> sound = values.at(13);
    const auto first_error = [&]() -> std::string {
        CommitFeed feed(*journal, Lsn{1});
        CommitRun run;
        while (feed.claim(run))
            if (const auto fetched = feed.fetch(run); !fetched) return fetched.error().sentence;
        return "";
    };
    EXPECT_EQ(first_error(), "");
    for (const std::size_t at : {std::size_t{0}, std::size_t{40}, sound.size() / 2}) {
        values.at(13)[at] ^= std::byte{1};
        EXPECT_THAT(first_error(), HasSubstr("LSN 13:")) << "byte " << at;
        values.at(13) = sound;
    }
    // Sound by itself, and not what followed the commit before it.
    const std::vector<std::byte> entry = entry_of(1);
    EntryDirectorySlot slot{.offset_bytes = sizeof slot,
                            .length_bytes = static_cast<std::uint32_t>(entry.size())};
    const Bytes body[] = {std::as_bytes(std::span(&slot, 1)), entry};
    const CommitHeader header = encode_commit_header(
        {.first_lsn = 13, .count = 3, .time = Instant{1}, .request_floor_ms = 0}, 1, Sha256{},
        body);
    const Bytes head = std::as_bytes(std::span(&header, 1));
    std::vector<std::byte> forged(head.begin(), head.end());
    for (const Bytes piece : body) forged.insert(forged.end(), piece.begin(), piece.end());
    values.at(13) = forged;
    EXPECT_THAT(first_error(), HasSubstr("LSN 13:"));
    values.erase(13);
    EXPECT_THAT(first_error(), HasSubstr("LSN 13:"));
}

// Remembers what it was asked to read ahead.
class RecordingVolume final : public Volume {
public:
    std::atomic<std::uint64_t> bytes{0};
    std::vector<std::pair<std::string, std::uint64_t>> asked;  // by the read-ahead's thread

    void read_ahead(const std::string& name, std::uint64_t offset, std::uint64_t count) override {
        asked.emplace_back(name, offset);
        bytes.fetch_add(count, std::memory_order_release);
    }

    [[nodiscard]] std::string describe() const override { return memory_.describe(); }
    [[nodiscard]] StoreResult<std::vector<std::string>> list() const override {
        return memory_.list();
    }
    StoreResult<void> create_ahead(const std::string& name, const StoreShape& shape,
                                   Bytes first_value) override {
        return memory_.create_ahead(name, shape, first_value);
    }
    StoreResult<std::shared_ptr<Store>> open(const std::string& name, OpenMode mode,
                                             std::uint64_t capacity_bytes) override {
        return memory_.open(name, mode, capacity_bytes);
    }
    StoreResult<void> check_suspect(const std::string& name) override {
        return memory_.check_suspect(name);
    }
    StoreResult<void> forget_cached(const std::string& name) override {
        return memory_.forget_cached(name);
    }
    StoreResult<void> remove(const std::string& name) override { return memory_.remove(name); }
    [[nodiscard]] StoreResult<std::vector<std::byte>> read_file(
        const std::string& name) const override {
        return memory_.read_file(name);
    }
    StoreResult<void> write_file_durably(const std::string& name, Bytes content) override {
        return memory_.write_file_durably(name, content);
    }
    StoreResult<void> write_file(const std::string& name, Bytes content) override {
        return memory_.write_file(name, content);
    }
    StoreResult<void> flush_directory() override { return memory_.flush_directory(); }
    [[nodiscard]] StoreResult<std::uint64_t> free_bytes() const override {
        return memory_.free_bytes();
    }
    StoreResult<std::unique_ptr<VolumeLock>> lock() override { return memory_.lock(); }

private:
    MemoryVolume memory_;
};

TEST(ReadAhead, GoesThroughTheFilesInOrderAndNotBeyondItsWindow) {
    constexpr std::uint64_t mebi = 1U << 20U;
    RecordingVolume volume;
    {
        ReadAhead ahead(volume,
                        {{.name = "a", .from = 2 * mebi, .to = 10 * mebi},
                         {.name = "b", .from = 0, .to = 100 * mebi}},
                        16 * mebi);
        EXPECT_TRUE(
            comes_true([&] { return volume.bytes.load(std::memory_order_acquire) >= 16 * mebi; }));
        ahead.consumed(8 * mebi);
        EXPECT_TRUE(
            comes_true([&] { return volume.bytes.load(std::memory_order_acquire) >= 24 * mebi; }));
    }
    // The end of its thread orders what it wrote before this.
    EXPECT_LE(volume.bytes.load(), 28 * mebi);
    ASSERT_GE(volume.asked.size(), 6U);
    EXPECT_EQ(volume.asked[0], std::pair(std::string("a"), 2 * mebi));
    EXPECT_EQ(volume.asked[1], std::pair(std::string("a"), 6 * mebi));
    EXPECT_EQ(volume.asked[2], std::pair(std::string("b"), std::uint64_t{0}));
    EXPECT_EQ(volume.asked[3], std::pair(std::string("b"), 4 * mebi));
}

TEST(LmdbVolume, ReadsTheSameBytesAsItShows) {
    const TemporaryDirectory directory;
    const std::unique_ptr<Volume> volume = open_lmdb_volume(directory.path());
    const std::vector<std::byte> first = entry_of(1);
    ASSERT_TRUE(volume->create_ahead("store", {.capacity_bytes = 64U << 20U}, first).has_value());
    const auto store = volume->open("store", OpenMode::read_write, 64U << 20U);
    ASSERT_TRUE(store.has_value());
    // Sizes on both sides of where LMDB gives a value pages of its own.
    const std::vector<std::size_t> sizes = {1,    2000, 2020, 2030, 2040,   2048,   2049,
                                            4079, 4080, 4081, 9000, 70'000, 300'000};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const std::vector<std::byte> value = entry_of(i, sizes[i]);
        const Bytes piece(value);
        ASSERT_TRUE((*store)->append(10 * (i + 1), Pieces(&piece, 1)).has_value());
    }
    std::vector<std::byte> read;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const auto key = (*store)->read_at_or_after(10 * (i + 1) - 5, read);
        ASSERT_TRUE(key.has_value());
        EXPECT_EQ(*key, 10 * (i + 1));
        EXPECT_EQ(read, entry_of(i, sizes[i]));
    }
    EXPECT_EQ((*store)->read_at_or_after(1000, read).value(), std::nullopt);
}

}  // namespace
}  // namespace suanpan::storage
