#include "storage/segment.h"

#include "storage/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace suanpan::storage {
namespace {

using ::testing::HasSubstr;

OpenFault fault_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const OpenError& error) {
        return error.fault();
    }
    ADD_FAILURE() << "nothing was refused";
    return OpenFault::disk;
}

TEST(Segment, NamesSortInOrder) {
    EXPECT_EQ(segment_name(1), "journal-0000000001.lmdb");
    EXPECT_LT(segment_name(9), segment_name(10));
    EXPECT_EQ(segment_ordinal(segment_name(123)), 123U);
    EXPECT_EQ(trailer_ordinal(trailer_name(123)), 123U);
    EXPECT_EQ(segment_ordinal(trailer_name(123)), std::nullopt);
    for (const char* name :
         {"journal-.lmdb", "journal-12.lmdb", "journal-00000000x1.lmdb",
          "journal-0000000001.lmdb-lock", "checkpoint-0000000001.lmdb", "journal-0000000000.lmdb"})
        EXPECT_EQ(segment_ordinal(name), std::nullopt) << name;
}

TEST(Segment, HeaderTellsOwnSegmentsFromOthers) {
    const Uuid uuid{std::byte{1}};
    const Uuid other{std::byte{2}};
    SegmentHeader header = make_segment_header(4, uuid);
    const auto check = [&](std::uint64_t ordinal, const Uuid& owner) {
        check_segment_header(std::as_bytes(std::span(&header, 1)), ordinal, owner);
    };
    EXPECT_NO_THROW(check(4, uuid));
    EXPECT_EQ(fault_of([&] { check(4, other); }), OpenFault::foreign);
    EXPECT_EQ(fault_of([&] { check(5, uuid); }), OpenFault::foreign);
    header.reserved = 1;
    EXPECT_EQ(fault_of([&] { check(4, uuid); }), OpenFault::damaged);
    EXPECT_EQ(fault_of([&] { check_segment_header({}, 4, uuid); }), OpenFault::damaged);
}

TEST(SegmentTrailer, RoundTrips) {
    const SegmentTrailer trailer{.ordinal = 3,
                                 .uuid = {std::byte{7}},
                                 .first_lsn = Lsn{100},
                                 .last_lsn = Lsn{200},
                                 .chain = {std::byte{8}},
                                 .content_hash = {std::byte{9}}};
    const std::string text = encode_trailer(trailer);
    const SegmentTrailer back = decode_trailer("t", as_bytes(text));
    EXPECT_EQ(back.ordinal, 3U);
    EXPECT_EQ(back.uuid, trailer.uuid);
    EXPECT_EQ(back.first_lsn, Lsn{100});
    EXPECT_EQ(back.last_lsn, Lsn{200});
    EXPECT_EQ(back.chain, trailer.chain);
    EXPECT_EQ(back.content_hash, trailer.content_hash);
}

TEST(SegmentTrailer, NoticesEveryFlippedByte) {
    const std::string sound =
        encode_trailer({.ordinal = 3, .first_lsn = Lsn{1}, .last_lsn = Lsn{2}});
    for (std::size_t at = 0; at < sound.size(); ++at) {
        std::string text = sound;
        text[at] = static_cast<char>(text[at] ^ 1);
        EXPECT_EQ(fault_of([&] { static_cast<void>(decode_trailer("t", as_bytes(text))); }),
                  OpenFault::damaged)
            << at;
    }
}

}  // namespace
}  // namespace suanpan::storage
