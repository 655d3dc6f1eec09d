#include "storage/lmdb_check.h"

#include "storage/lmdb_volume.h"
#include "storage/text_file.h"
#include "tests/unit/storage/storage_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

// What LMDB would follow blindly is refused before LMDB sees it.

namespace suanpan::storage {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t capacity = 4U << 20U;
constexpr std::size_t page = 4096;
constexpr std::uint64_t last_key = 260;

class LmdbCheckTest : public testing::Test {
protected:
    LmdbCheckTest()
        : volume_(open_lmdb_volume(directory_.path())), path_(directory_.file("s.lmdb")) {
        const Bytes first = as_bytes(std::string_view("first"));
        EXPECT_TRUE(volume_->create_ahead("s.lmdb", {.capacity_bytes = capacity}, first));
        const auto store = volume_->open("s.lmdb", OpenMode::read_write, capacity);
        // Small values inside the tree's pages and large ones beside them, in many transactions, so
        // that there are branches and a list of free pages.
        for (std::uint64_t key = 1; key <= 300; key += 20) append(**store, key, 20);
        EXPECT_TRUE((*store)->remove_after(250));
        append(**store, 251, 10);
    }

    static std::vector<std::byte> value_of(std::uint64_t key) {
        return std::vector<std::byte>(key % 5 == 0 ? 3000 + key : 1 + key % 60,
                                      static_cast<std::byte>(key));
    }
    // `count` values from `key` on, in one transaction.
    static void append(Store& store, std::uint64_t key, std::uint64_t count) {
        std::vector<std::vector<std::byte>> values;
        for (std::uint64_t i = 0; i < count; ++i) values.push_back(value_of(key + i));
        const std::vector<Bytes> pieces(values.begin(), values.end());
        std::vector<KeyedValue> keyed;
        for (std::uint64_t i = 0; i < count; ++i)
            keyed.push_back({.key = key + i, .value = Pieces(&pieces[i], 1)});
        EXPECT_TRUE(store.append_many(keyed));
    }
    // What LMDB itself reads; in a process that lives on, since the check has let it through.
    [[nodiscard]] static bool reads_the_same(const Store& store) {
        std::uint64_t next = 1;
        while (next <= last_key) {
            bool same = false;
            const auto key = store.visit_at_or_after(next, [&](std::uint64_t found, Bytes value) {
                const std::vector<std::byte> wanted = value_of(found);
                same = found == next && std::ranges::equal(wanted, value);
            });
            if (!key || !same) return false;
            ++next;
        }
        const auto last = store.last_key();
        return last && *last == last_key;
    }

    TemporaryDirectory directory_;
    std::unique_ptr<Volume> volume_;
    std::string path_;
};

TEST_F(LmdbCheckTest, FindsASoundFileSound) {
    for (const LmdbCheck check : {LmdbCheck::tree, LmdbCheck::every_page}) {
        const StoreResult<void> checked = check_lmdb_file(path_, check);
        EXPECT_TRUE(checked.has_value()) << checked.error().detail;
    }
}

TEST_F(LmdbCheckTest, FindsAnEmptyStoreSound) {
    EXPECT_TRUE(volume_->create_ahead("empty.lmdb", {.capacity_bytes = capacity}, Bytes{}));
    const StoreResult<void> checked =
        check_lmdb_file(directory_.file("empty.lmdb"), LmdbCheck::every_page);
    EXPECT_TRUE(checked.has_value()) << checked.error().detail;
}

TEST_F(LmdbCheckTest, SaysThatAFileIsNotThere) {
    const StoreResult<void> checked = check_lmdb_file(directory_.file("none"), LmdbCheck::tree);
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().error, StoreError::not_found);
}

TEST_F(LmdbCheckTest, RefusesAFileThatWasCut) {
    const std::uint64_t size = std::filesystem::file_size(path_);
    for (std::uint64_t left = page; left < size; left += 16 * page) {
        std::filesystem::resize_file(path_, left);
        const StoreResult<void> checked = check_lmdb_file(path_, LmdbCheck::tree);
        ASSERT_FALSE(checked.has_value()) << left;
        EXPECT_EQ(checked.error().error, StoreError::damaged);
    }
}

TEST_F(LmdbCheckTest, ADamagedPageBecomesASentenceAndNotACrash) {
    const std::string sound = slurp(path_);
    std::uint64_t found = 0;
    std::uint64_t harmless = 0;
    for (std::size_t at = 0; at < sound.size(); at += page) {
        std::uint16_t flags = 0;
        std::memcpy(&flags, sound.data() + at + 10, sizeof flags);
        const bool is_of_tree = at < 2 * page || (flags == 1 || flags == 2);
        // Every byte of LMDB's own pages, the headers of the others.
        for (std::size_t i = 0; i < (is_of_tree ? page : 16);
             i += is_of_tree && i >= 160 ? 61 : 1) {
            const char damaged = static_cast<char>(sound[at + i] ^ (1 << (i % 8)));
            poke(path_, at + i, std::string_view(&damaged, 1));
            const auto store = volume_->open("s.lmdb", OpenMode::read_only, capacity);
            if (!store) {
                EXPECT_EQ(store.error().error, StoreError::damaged) << store.error().detail;
                EXPECT_THAT(store.error().detail, HasSubstr("s.lmdb"));
                ++found;
            } else {
                // In the value of a small node, say, which has a checksum of its own elsewhere.
                harmless += reads_the_same(**store) ? 1 : 0;
            }
            poke(path_, at + i, sound.substr(at + i, 1));
        }
    }
    EXPECT_GT(found, 100U);
    EXPECT_GT(harmless, 100U);
}

TEST_F(LmdbCheckTest, FindsADamagedHeaderOfAValueWhereEveryPageIsRead) {
    const std::string sound = slurp(path_);
    bool is_found = false;
    for (std::size_t at = 2 * page; at < sound.size() && !is_found; at += page) {
        std::uint16_t flags = 0;
        std::memcpy(&flags, sound.data() + at + 10, sizeof flags);
        if (flags != 4) continue;
        poke(path_, at + 12, "\x7f");
        is_found = !check_lmdb_file(path_, LmdbCheck::every_page);
        EXPECT_TRUE(check_lmdb_file(path_, LmdbCheck::tree));
        poke(path_, at + 12, sound.substr(at + 12, 1));
    }
    EXPECT_TRUE(is_found);
}

}  // namespace
}  // namespace suanpan::storage
