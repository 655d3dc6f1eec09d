#include "storage/journal_format.h"

#include "storage/segment.h"
#include "storage/text_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace suanpan::storage {
namespace {

const Sha256 previous_chain = genesis_chain(Uuid{});

// A whole commit value of two entries, "first" and "the second".
std::vector<std::byte> small_commit(const CommitInfo& info = {.first_lsn = 41,
                                                              .count = 2,
                                                              .time = Instant{1234},
                                                              .request_floor_ms = 99}) {
    const std::string entries = "firstthe second";
    const std::vector<EntryDirectorySlot> directory = {{.offset_bytes = 16, .length_bytes = 5},
                                                       {.offset_bytes = 21, .length_bytes = 10}};
    const Bytes body[] = {std::as_bytes(std::span(directory)), std::as_bytes(std::span(entries))};
    const CommitHeader header = encode_commit_header(info, 7, previous_chain, body);
    std::vector<std::byte> value(
        static_cast<std::size_t>(commit_value_bytes(commit_body_bytes(2, entries.size()))));
    std::memcpy(value.data(), &header, sizeof header);
    std::memcpy(value.data() + sizeof header, directory.data(), 16);
    std::memcpy(value.data() + sizeof header + 16, entries.data(), entries.size());
    return value;
}

std::string text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(CommitFormat, RoundTrips) {
    const std::vector<std::byte> value = small_commit();
    const auto commit = verify_commit(value, previous_chain);
    ASSERT_TRUE(commit.has_value());
    EXPECT_EQ(commit->first_lsn(), Lsn{41});
    EXPECT_EQ(commit->last_lsn(), Lsn{42});
    EXPECT_EQ(commit->time(), Instant{1234});
    EXPECT_EQ(commit->header().request_floor_ms, 99);
    EXPECT_EQ(commit->header().incarnation, 7U);
    EXPECT_EQ(text_of(commit->entry(0)), "first");
    EXPECT_EQ(text_of(commit->entry(Lsn{42})), "the second");
    EXPECT_EQ(commit_bytes_claimed(value), 112U + 31U);
}

TEST(CommitFormat, FillsWholePages) {
    EXPECT_EQ(commit_value_bytes(1), 4080U);
    EXPECT_EQ(commit_value_bytes(4080 - 112), 4080U);
    EXPECT_EQ(commit_value_bytes(4080 - 111), 8176U);
}

TEST(CommitFormat, NoticesEveryFlippedBit) {
    const std::vector<std::byte> sound = small_commit();
    for (std::size_t at = 0; at < sound.size(); ++at)
        for (const int bit : {0, 3, 7}) {
            std::vector<std::byte> value = sound;
            value[at] ^= static_cast<std::byte>(1 << bit);
            ASSERT_FALSE(verify_commit(value, previous_chain).has_value()) << "byte " << at;
        }
}

TEST(CommitFormat, NoticesEveryCut) {
    const std::vector<std::byte> sound = small_commit();
    const Bytes all(sound);
    for (std::size_t size = 0; size < 112 + 31; ++size) {
        const std::vector<std::byte> exact(all.begin(), all.begin() + static_cast<long>(size));
        ASSERT_FALSE(parse_commit(exact).has_value()) << size;
    }
    EXPECT_TRUE(parse_commit(all.first(112 + 31)).has_value());
}

TEST(CommitFormat, ChainsToTheCommitBeforeIt) {
    const std::vector<std::byte> value = small_commit();
    Sha256 other = previous_chain;
    other[31] ^= std::byte{1};
    const auto commit = verify_commit(value, other);
    ASSERT_FALSE(commit.has_value());
    EXPECT_EQ(commit.error(), CommitFault::chain_broken);
    EXPECT_TRUE(parse_commit(value).has_value());
}

TEST(CommitFormat, CallsALaterFormatByItsName) {
    std::vector<std::byte> value = small_commit();
    value[8] = std::byte{2};
    EXPECT_EQ(parse_commit(value).error(), CommitFault::unknown_format);
}

// Lengths that a checksum vouches for must not be believed either.
TEST(CommitFormat, RefusesADirectoryThatDoesNotFit) {
    for (const EntryDirectorySlot second :
         {EntryDirectorySlot{21, 11}, EntryDirectorySlot{20, 11}, EntryDirectorySlot{21, 9},
          EntryDirectorySlot{21, 0xffffffffU}, EntryDirectorySlot{0xfffffff0U, 10}}) {
        const std::string entries = "firstthe second";
        const std::vector<EntryDirectorySlot> directory = {{16, 5}, second};
        const Bytes body[] = {std::as_bytes(std::span(directory)),
                              std::as_bytes(std::span(entries))};
        const CommitHeader header =
            encode_commit_header({.first_lsn = 1, .count = 2}, 1, previous_chain, body);
        std::vector<std::byte> value(sizeof header + 31);
        std::memcpy(value.data(), &header, sizeof header);
        std::memcpy(value.data() + sizeof header, directory.data(), 16);
        std::memcpy(value.data() + sizeof header + 16, entries.data(), entries.size());
        EXPECT_FALSE(parse_commit(value).has_value()) << second.offset_bytes;
    }
}

// Golden values, computed by another program: what lies on disks must not change its meaning.
TEST(CommitFormat, KeepsItsBytes) {
    const std::vector<std::byte> value = small_commit();
    EXPECT_EQ(text_of(Bytes(value).first(8)), "SUANCMT1");
    CommitHeader header;
    std::memcpy(&header, value.data(), sizeof header);
    EXPECT_EQ(header.body_bytes, 31U);
    EXPECT_EQ(header.crc, 0xc172ee26U);
    EXPECT_EQ(to_hex(header.chain),
              "5d05f681f6116b369f62c43a01d2bccf68fb5f65cfc375a4c82f1c33f1cc8b2d");
}

}  // namespace
}  // namespace suanpan::storage
