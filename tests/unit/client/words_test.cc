#include "client/cli/words.h"

#include "client/cli/exit_code.h"

#include <gmock/gmock.h>

namespace suanpan::cli {
namespace {

TEST(Words, ReadMembersInHexOrByName) {
    EXPECT_EQ(parse_member("00000000000000010000000000000002"), (MemberId{1, 2}));
    // printf alice | sha256sum | cut -c1-32
    EXPECT_EQ(text_of(parse_member("name:alice")), "2bd806c97f0e00af1a1fc3328fa763a9");
    for (const char* wrong : {"", "1", "name:", "g0000000000000010000000000000002"})
        EXPECT_THROW(static_cast<void>(parse_member(wrong)), UsageError) << wrong;
}

TEST(Words, ReadAndWriteRequestIds) {
    const RequestId id = parse_request_id("01928c3e-1234-7abc-8def-0123456789ab");
    EXPECT_EQ(id, (RequestId{0x01928c3e12347abc, 0x8def0123456789ab}));
    EXPECT_EQ(text_of(id), "01928c3e-1234-7abc-8def-0123456789ab");
    EXPECT_EQ(parse_request_id("01928c3e12347abc8def0123456789ab"), id);
    EXPECT_THROW(static_cast<void>(parse_request_id("01928c3e")), UsageError);
}

TEST(Words, ReadDurations) {
    EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
    EXPECT_EQ(parse_duration("15m"), seconds(900));
    EXPECT_EQ(parse_duration("31d"), days(31));
    for (const char* wrong : {"", "d", "5", "5w", "-1d", "99999999999999d", "1.5h"})
        EXPECT_THROW(static_cast<void>(parse_duration(wrong)), UsageError) << wrong;
}

TEST(Words, ReadInstants) {
    const Instant now{5};
    EXPECT_EQ(parse_instant("1970-01-02", now), Instant{days(1).ns});
    EXPECT_EQ(parse_instant("1970-01-01T00:01:02Z", now), Instant{seconds(62).ns});
    EXPECT_EQ(parse_instant("10s", now), now + seconds(10));
    for (const char* wrong : {"", "1970-02-30", "1970-01-01T24:00:00Z", "tomorrow"})
        EXPECT_THROW(static_cast<void>(parse_instant(wrong, now)), UsageError) << wrong;
}

TEST(Words, RefuseAnInstantBeyondNanosecondsIn64Bits) {
    for (const char* wrong : {"3027-01-31", "2262-04-12", "9999-12-31T00:00:00Z", "99999999d"})
        EXPECT_THROW(static_cast<void>(parse_instant(wrong, Instant{5})), UsageError) << wrong;
    EXPECT_EQ(parse_instant("2199-12-31", Instant{5}), Instant{days(84'005).ns});
}

TEST(Words, WriteInstantsAndNumbers) {
    EXPECT_EQ(text_of(Instant{seconds(62).ns + 123'000'000}), "1970-01-01T00:01:02.123Z");
    EXPECT_EQ(text_of(parse_date("2027-01-31")), "2027-01-31");
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(-1000), "-1,000");
    EXPECT_EQ(with_commas(1'234'567), "1,234,567");
    EXPECT_EQ(text_of(microseconds(340)), "340 us");
    EXPECT_EQ(text_of(days(31)), "31.0 d");
}

}  // namespace
}  // namespace suanpan::cli
