#include "server/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace suanpan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view time = "2026-11-22T04:07:25.123Z";

TEST(Log, WritesKeysAndValuesAsText) {
    EXPECT_EQ(format_log_line(LogFormat::text, "info", time, "listening",
                              {{"address", "127.0.0.1"}, {"port", 7433}, {"busy_poll", false}}),
              "2026-11-22T04:07:25.123Z info  listening address=127.0.0.1 port=7433 "
              "busy_poll=false");
}

TEST(Log, WritesOneJsonObjectALine) {
    EXPECT_EQ(
        format_log_line(LogFormat::json, "warn", time, "slow",
                        {{"stage", "flush"}, {"ns", -5}, {"big", UINT64_MAX}, {"ready", true}}),
        R"({"time":"2026-11-22T04:07:25.123Z","level":"warn","event":"slow",)"
        R"("stage":"flush","ns":-5,"big":18446744073709551615,"ready":true})");
}

TEST(Log, LetsNoFieldForgeALine) {
    const std::string evil = "x\n2026 error \"forged\" \x01\x1b[2J";
    for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
        const std::string line = format_log_line(format, "info", time, "hello", {{"client", evil}});
        EXPECT_THAT(line,
                    AllOf(Not(HasSubstr("\n")), Not(HasSubstr("\x1b")), Not(HasSubstr("\x01"))));
        EXPECT_THAT(line, HasSubstr(R"(x\n2026 error \"forged\" \u0001\u001b[2J)"));
    }
}

TEST(Log, QuotesTextThatWouldReadAsTwoFields) {
    EXPECT_EQ(format_log_line(LogFormat::text, "info", "t", "e", {{"a", "b c=d"}, {"n", ""}}),
              "t info  e a=\"b c=d\" n=\"\"");
}

TEST(Log, ShowsFourDigitsOfAMember) {
    EXPECT_EQ(masked(MemberId{.high = 0x00ab'cdef'0123'4567, .low = 42}), "00ab...");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
    log_start(LogLevel::warn, LogFormat::text);
    ::testing::internal::CaptureStderr();
    log_info("quiet");
    log_warn("loud", {{"n", 1}});
    const std::string written = ::testing::internal::GetCapturedStderr();
    log_start(LogLevel::info, LogFormat::text);
    EXPECT_THAT(written, AllOf(HasSubstr("warn  loud n=1\n"), Not(HasSubstr("quiet"))));
}

}  // namespace
}  // namespace suanpan
