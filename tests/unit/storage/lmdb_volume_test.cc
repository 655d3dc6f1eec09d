#include "storage/lmdb_volume.h"

#include "tests/support/small_disk.h"
#include "tests/unit/storage/storage_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <latch>
#include <string>
#include <thread>

namespace suanpan::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t capacity = 512U << 10U;

std::vector<std::byte> bytes_of(std::string_view text) {
    const Bytes bytes = std::as_bytes(std::span(text.data(), text.size()));
    return {bytes.begin(), bytes.end()};
}

class LmdbVolumeTest : public testing::Test {
protected:
    std::shared_ptr<Store> make(const std::string& name) {
        const std::vector<std::byte> first = bytes_of("header");
        const StoreResult<void> made =
            volume->create_ahead(name, {.capacity_bytes = capacity, .written_ahead = true}, first);
        EXPECT_TRUE(made.has_value()) << made.error().detail;
        StoreResult<std::shared_ptr<Store>> store =
            volume->open(name, OpenMode::read_write, capacity);
        EXPECT_TRUE(store.has_value()) << store.error().detail;
        return *store;
    }
    static StoreResult<void> append(Store& store, std::uint64_t key, std::string_view text) {
        const std::vector<std::byte> value = bytes_of(text);
        const Bytes pieces[] = {Bytes(value).first(value.size() / 2),
                                Bytes(value).subspan(value.size() / 2)};
        return store.append(key, pieces);
    }

    TemporaryDirectory directory;
    std::unique_ptr<Volume> volume = open_lmdb_volume(directory.path());
};

TEST_F(LmdbVolumeTest, MakesAStoreThatIsWrittenAhead) {
    make("s.lmdb");
    EXPECT_THAT(*volume->list(), ElementsAre("s.lmdb"));
    EXPECT_EQ(std::filesystem::file_size(directory.file("s.lmdb")), capacity);
    EXPECT_EQ(volume->create_ahead("s.lmdb", {.capacity_bytes = capacity}, {}).error().error,
              StoreError::exists);
}

TEST_F(LmdbVolumeTest, FindsTheNearestKeyOnEitherSide) {
    const std::shared_ptr<Store> store = make("s.lmdb");
    ASSERT_TRUE(append(*store, 10, "ten"));
    ASSERT_TRUE(append(*store, 20, "twenty"));
    std::vector<std::byte> out;
    EXPECT_EQ(*store->read_at_or_before(19, out), 10U);
    EXPECT_EQ(out, bytes_of("ten"));
    EXPECT_EQ(*store->read_at_or_before(20, out), 20U);
    EXPECT_EQ(*store->read_at_or_before(UINT64_MAX, out), 20U);
    EXPECT_EQ(*store->read_at_or_before(9, out), 0U);
    EXPECT_EQ(out, bytes_of("header"));
    EXPECT_EQ(*store->read_at_or_after(11, out), 20U);
    EXPECT_EQ(out, bytes_of("twenty"));
    EXPECT_EQ(*store->read_at_or_after(21, out), std::nullopt);
    EXPECT_EQ(*store->last_key(), 20U);
}

TEST_F(LmdbVolumeTest, TakesRisingKeysOnly) {
    const std::shared_ptr<Store> store = make("s.lmdb");
    ASSERT_TRUE(append(*store, 10, "ten"));
    EXPECT_EQ(append(*store, 10, "again").error().error, StoreError::key_not_rising);
    EXPECT_EQ(append(*store, 9, "back").error().error, StoreError::key_not_rising);
    std::vector<std::byte> out;
    EXPECT_EQ(*store->read_at_or_before(10, out), 10U);
    EXPECT_EQ(out, bytes_of("ten"));
    EXPECT_TRUE(append(*store, 11, "on"));
}

TEST_F(LmdbVolumeTest, AppendsAllOfManyOrNone) {
    const std::shared_ptr<Store> store = make("s.lmdb");
    const std::vector<std::byte> value = bytes_of("value");
    const Bytes piece(value);
    const KeyedValue bad[] = {{.key = 5, .value = Pieces(&piece, 1)},
                              {.key = 4, .value = Pieces(&piece, 1)}};
    EXPECT_FALSE(store->append_many(bad).has_value());
    EXPECT_EQ(*store->last_key(), 0U);
    const KeyedValue good[] = {{.key = 4, .value = Pieces(&piece, 1)},
                               {.key = 5, .value = Pieces(&piece, 1)}};
    EXPECT_TRUE(store->append_many(good).has_value());
    EXPECT_EQ(*store->last_key(), 5U);
    ASSERT_TRUE(store->remove_after(4).has_value());
    EXPECT_EQ(*store->last_key(), 4U);
}

TEST_F(LmdbVolumeTest, RemembersAfterReopening) {
    {
        const std::shared_ptr<Store> store = make("s.lmdb");
        ASSERT_TRUE(append(*store, 7, std::string(10'000, 'x')));
    }
    const auto store = volume->open("s.lmdb", OpenMode::read_only, 0);
    ASSERT_TRUE(store.has_value()) << store.error().detail;
    EXPECT_EQ(*(*store)->last_key(), 7U);
    EXPECT_EQ(append(**store, 8, "no").error().error, StoreError::read_only);
    EXPECT_GT((*store)->bytes_used(), 10'000U);
}

TEST_F(LmdbVolumeTest, NeverGrowsByMoreThanTheWorstCase) {
    const std::shared_ptr<Store> store = make("s.lmdb");
    std::uint64_t key = 1;
    for (const std::size_t size : {1U, 4080U, 4081U, 100'000U, 30'000U, 4080U, 8176U}) {
        const std::uint64_t before = store->bytes_used();
        ASSERT_TRUE(append(*store, key++, std::string(size, 'v')));
        EXPECT_LE(store->bytes_used(), before + store->bytes_worst_case(size));
    }
}

// LMDB cannot reuse pages that a reader may still see: the worst case has to allow for it, so that
// MDB_MAP_FULL cannot come from a reader who takes longer than it should.
TEST_F(LmdbVolumeTest, NeverGrowsByMoreWhileAReaderIsSlow) {
    const std::shared_ptr<Store> store = make("s.lmdb");
    ASSERT_TRUE(append(*store, 1, std::string(9000, 'a')));
    std::latch is_reading(1);
    std::latch may_end(1);
    std::string seen;
    std::thread reader([&] {
        const auto visited = store->visit_at_or_after(1, [&](std::uint64_t, Bytes bytes) {
            is_reading.count_down();
            may_end.wait();
            seen.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        });
        EXPECT_TRUE(visited.has_value());
    });
    is_reading.wait();
    bool appended = true;
    for (std::uint64_t key = 2; key < 16 && appended; ++key) {
        const std::size_t size = 1 + key * 997 % 9000;
        const std::uint64_t before = store->bytes_used();
        appended = append(*store, key, std::string(size, 'v')).has_value();
        EXPECT_LE(store->bytes_used(), before + store->bytes_worst_case(size)) << key;
    }
    may_end.count_down();
    reader.join();
    EXPECT_TRUE(appended);
    EXPECT_EQ(seen, std::string(9000, 'a')) << "what it read has changed meanwhile";
}

TEST_F(LmdbVolumeTest, FindsLargeValuesInTheRawFile) {
    const std::shared_ptr<Store> store = make("s.lmdb");
    const std::uint64_t magic = 0x1122334455667788U;
    std::string value(9000, 'x');
    std::memcpy(value.data(), &magic, sizeof magic);
    ASSERT_TRUE(append(*store, 1, value));
    ASSERT_TRUE(append(*store, 2, std::string(5000, 'y')));
    ASSERT_TRUE(append(*store, 3, value));
    int found = 0;
    const StoreResult<void> scanned = store->scan_raw(
        magic, [](Bytes head) { return head.size() >= 512 ? std::size_t{9000} : 0; },
        [&](Bytes bytes) {
            ++found;
            EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
                      value);
        });
    ASSERT_TRUE(scanned.has_value());
    EXPECT_EQ(found, 2);
}

TEST_F(LmdbVolumeTest, HashesTheUsedBytes) {
    const std::shared_ptr<Store> store = make("s.lmdb");
    ASSERT_TRUE(append(*store, 1, std::string(5000, 'y')));
    const Sha256 before = *store->content_hash();
    const std::string content = slurp(directory.file("s.lmdb"));
    EXPECT_EQ(before, sha256(std::as_bytes(std::span(
                          content.data(), static_cast<std::size_t>(store->bytes_used())))));
    ASSERT_TRUE(append(*store, 2, std::string(5000, 'y')));
    EXPECT_NE(before, *store->content_hash());
}

TEST_F(LmdbVolumeTest, ReplacesSmallFilesAsAWhole) {
    ASSERT_TRUE(volume->write_file_durably("note", bytes_of("one")).has_value());
    ASSERT_TRUE(volume->write_file_durably("note", bytes_of("second")).has_value());
    EXPECT_EQ(*volume->read_file("note"), bytes_of("second"));
    ASSERT_TRUE(volume->write_file("note", bytes_of("third")).has_value());
    EXPECT_EQ(*volume->read_file("note"), bytes_of("third"));
    EXPECT_THAT(*volume->list(), ElementsAre("note"));
    ASSERT_TRUE(volume->remove("note").has_value());
    ASSERT_TRUE(volume->remove("note").has_value());
    EXPECT_EQ(volume->read_file("note").error().error, StoreError::not_found);
    EXPECT_THAT(*volume->list(), IsEmpty());
    EXPECT_GT(*volume->free_bytes(), 0U);
}

TEST_F(LmdbVolumeTest, CallsABrokenTreeDamagedInsteadOfDyingOfIt) {
    {
        const std::shared_ptr<Store> store = make("s.lmdb");
        for (std::uint64_t key = 1; key <= 40; ++key)
            ASSERT_TRUE(append(*store, key, std::string(5000, 'y')));
    }
    EXPECT_TRUE(volume->check_suspect("s.lmdb").has_value());
    // Every page that holds no value becomes garbage, the two meta pages excepted.
    const std::string path = directory.file("s.lmdb");
    const std::string content = slurp(path);
    for (std::size_t page = 2; page * 4096 < content.size(); ++page)
        if (content[page * 4096 + 20] != 'y' && content[page * 4096 + 4095] != 'y')
            poke(path, page * 4096 + 8, std::string(2000, '\xd7'));
    const StoreResult<void> checked = volume->check_suspect("s.lmdb");
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().error, StoreError::damaged);
    EXPECT_THAT(checked.error().detail, HasSubstr("s.lmdb"));
}

// The lock file is written through a map, where a full disk is a signal instead of an error.
TEST(LmdbVolumeOnAFullDisk, SaysSoAndOpensTheStoreOnceThereIsRoom) {
    const TemporaryDirectory directory;
    const SmallDisk disk(directory.file("disk"), "size=1m");
    if (!disk.is_mounted()) GTEST_SKIP() << "a tmpfs cannot be mounted here: " << disk.reason();
    const std::unique_ptr<Volume> volume = open_lmdb_volume(directory.file("disk"));
    const StoreShape shape{.capacity_bytes = capacity, .written_ahead = true};
    ASSERT_TRUE(volume->create_ahead("s.lmdb", shape, bytes_of("header")).has_value());
    {
        std::ofstream rest(directory.file("disk/rest"), std::ios::binary);
        const std::string page(4096, 'x');
        while (rest << page << std::flush) {
        }
    }
    const StoreResult<std::shared_ptr<Store>> refused =
        volume->open("s.lmdb", OpenMode::read_write, capacity);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().error, StoreError::full);
    ASSERT_TRUE(disk.resize("size=2m"));
    EXPECT_TRUE(volume->open("s.lmdb", OpenMode::read_write, capacity).has_value());
}

TEST_F(LmdbVolumeTest, NoticesAFileThatWasCut) {
    {
        const std::shared_ptr<Store> store = make("s.lmdb");
        ASSERT_TRUE(append(*store, 1, std::string(50'000, 'y')));
    }
    for (const std::uint64_t size : {20'000U, 4096U, 0U}) {
        std::filesystem::resize_file(directory.file("s.lmdb"), size);
        EXPECT_EQ(volume->open("s.lmdb", OpenMode::read_write, capacity).error().error,
                  StoreError::damaged)
            << size;
    }
    EXPECT_EQ(volume->open("other", OpenMode::read_write, capacity).error().error,
              StoreError::not_found);
}

}  // namespace
}  // namespace suanpan::storage
