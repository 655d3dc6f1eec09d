#include "server/config.h"

#include "tests/support/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace suanpan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

CommandLine parse(const std::vector<std::string>& flags) {
    std::vector<const char*> argv{"suanpand"};
    for (const std::string& flag : flags) argv.push_back(flag.c_str());
    return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

// The message of the exception of type E that parsing throws; empty where it throws none.
template <typename E>
std::string refusal(const std::vector<std::string>& flags) {
    try {
        (void)parse(flags);
    } catch (const E& error) {
        return error.what();
    }
    return {};
}

class ConfigFile : public ::testing::Test {
protected:
    std::string write(const std::string& text) { return folder_.write("suanpand.toml", text); }
    TemporaryFolder folder_;
};

TEST(Config, HasDefaultsWithoutFlagsAndFile) {
    const CommandLine line = parse({});
    EXPECT_EQ(line.action, CommandLine::Action::serve);
    EXPECT_EQ(line.config.listen, "127.0.0.1");
    EXPECT_EQ(line.config.metrics_listen, "127.0.0.1");
    EXPECT_EQ(line.config.port, 7433);
    EXPECT_EQ(line.config.shards, 1U);
    EXPECT_FALSE(line.config.sandbox);
    EXPECT_FALSE(line.config.unsafe_reply_before_commit);
    EXPECT_EQ(line.config.request_log_window, limits::request_log_window);
}

TEST(Config, TakesEveryShapeOfFlag) {
    const ServerConfig config =
        parse({"--port", "0", "--listen=::1", "--segment-bytes", "1GiB", "--sandbox", "--data-dir",
               "/tmp/x", "--request-log-window", "90s", "--log-format", "json", "--log-level",
               "warn", "--busy-poll=false", "--frame-body-bytes-max", "65536"})
            .config;
    EXPECT_EQ(config.port, 0);
    EXPECT_EQ(config.listen, "::1");
    EXPECT_EQ(config.segment_bytes, 1ULL << 30U);
    EXPECT_TRUE(config.sandbox);
    EXPECT_FALSE(config.busy_poll);
    EXPECT_EQ(config.data_dir, "/tmp/x");
    EXPECT_EQ(config.request_log_window, seconds(90));
    EXPECT_EQ(config.log_format, LogFormat::json);
    EXPECT_EQ(config.log_level, LogLevel::warn);
    EXPECT_EQ(config.frame_body_bytes_max, 65536U);
}

TEST(Config, RefusesAFlagThatDoesNotExist) {
    EXPECT_THAT(refusal<UsageError>({"--prot", "1"}), HasSubstr("--prot"));
    EXPECT_THAT(refusal<UsageError>({"stray"}), HasSubstr("stray"));
}

TEST(Config, RefusesABadFlagAndSaysWhatIsAllowed) {
    EXPECT_THAT(refusal<UsageError>({"--port", "65536"}),
                AllOf(HasSubstr("--port"), HasSubstr("65536"), HasSubstr("0 to 65535")));
    EXPECT_THAT(refusal<UsageError>({"--shards", "0"}), HasSubstr("1 to 32"));
    EXPECT_THAT(refusal<UsageError>({"--shards", "two"}), HasSubstr("1 to 32"));
    EXPECT_THAT(refusal<UsageError>({"--shards", "-1"}), HasSubstr("1 to 32"));
    EXPECT_THAT(refusal<UsageError>({"--segment-bytes", "1MiB"}), HasSubstr("64MiB to 64GiB"));
    EXPECT_THAT(refusal<UsageError>({"--segment-bytes", "99999999TiB"}),
                HasSubstr("64MiB to 64GiB"));
    EXPECT_THAT(refusal<UsageError>({"--request-log-window", "900"}), HasSubstr("10s to 24h"));
    EXPECT_THAT(refusal<UsageError>({"--listen", "localhost"}), HasSubstr("IPv4 or IPv6"));
    EXPECT_THAT(refusal<UsageError>({"--log-format", "xml"}), HasSubstr("text, json"));
    EXPECT_THAT(refusal<UsageError>({"--sandbox=maybe"}), HasSubstr("sandbox"));
    EXPECT_THAT(refusal<UsageError>({"--data-dir", ""}), HasSubstr("--data-dir"));
}

TEST(Config, SaysEachRefusalInOneLine) {
    for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
             {"--prot"}, {"--port", "x"}, {"--sandbox=maybe"}, {"--port"}, {"a", "b"}}) {
        EXPECT_THAT(refusal<UsageError>(flags), AllOf(Not(HasSubstr("\n")), Not(""))) << flags[0];
    }
}

TEST_F(ConfigFile, IsReadAndFlagsWin) {
    const std::string file = write(
        "port = 7000\nshards = 4\nsandbox = true\nsegment_bytes = \"128MiB\"\n"
        "clock_tolerance = \"500ms\"\n");
    const ServerConfig config =
        parse({"--port", "7001", "--config", file, "--sandbox=false"}).config;
    EXPECT_EQ(config.port, 7001);
    EXPECT_EQ(config.shards, 4U);
    EXPECT_FALSE(config.sandbox);
    EXPECT_EQ(config.segment_bytes, 128ULL << 20U);
    EXPECT_EQ(config.clock_tolerance, milliseconds(500));
}

TEST_F(ConfigFile, StartsRelativePathsAtItsOwnFolder) {
    const ServerConfig config =
        parse({"--config", write("data_dir = \"data\"\npartners_file = \"/etc/p.toml\"\n")}).config;
    EXPECT_EQ(config.data_dir, folder_.path() / "data");
    EXPECT_EQ(config.partners_file, "/etc/p.toml");
}

TEST_F(ConfigFile, RefusesAnUnknownKeyWithItsLineAndTheNearestKnownOne) {
    const std::string file = write("port = 7000\n\nshard = 2\n");
    EXPECT_THAT(refusal<std::runtime_error>({"--config", file}),
                AllOf(HasSubstr(file + ":3:"), HasSubstr("'shard'"), HasSubstr("'shards'")));
}

TEST_F(ConfigFile, RefusesABadValueWithItsLineAndWhatIsAllowed) {
    const std::string file = write("\nport = 70000\n");
    EXPECT_THAT(refusal<std::runtime_error>({"--config", file}),
                AllOf(HasSubstr(file + ":2:"), HasSubstr("'port'"), HasSubstr("0 to 65535")));
    for (const char* text : {"port = \"7000\"", "port = -1", "port = 1.5", "sandbox = 1",
                             "sandbox = \"true\"", "data_dir = 7", "segment_bytes = true",
                             "shards = [1]", "log_level = \"loud\"", "request_log_window = 900"}) {
        EXPECT_THAT(refusal<std::runtime_error>({"--config", write(text)}), HasSubstr(":1:"))
            << text;
    }
}

TEST_F(ConfigFile, RefusesWhatIsNoToml) {
    const std::string file = write("port = 7000\nport = 7001\n");
    EXPECT_THAT(refusal<std::runtime_error>({"--config", file}), HasSubstr(file + ":2:"));
    EXPECT_THAT(refusal<std::runtime_error>({"--config", write("[listen\n")}), HasSubstr(":1:"));
    EXPECT_THAT(refusal<std::runtime_error>({"--config", "/nowhere/x.toml"}),
                HasSubstr("/nowhere/x.toml"));
}

TEST_F(ConfigFile, MayNotHoldADecisionForOneStart) {
    EXPECT_THAT(
        refusal<std::runtime_error>({"--config", write("trust_after_failed_flush = true\n")}),
        HasSubstr("--trust-after-failed-flush"));
    EXPECT_THAT(
        refusal<std::runtime_error>({"--config", write("unsafe_reply_before_commit = true\n")}),
        HasSubstr("unknown key"));
    EXPECT_TRUE(parse({"--trust-after-failed-flush"}).config.trust_after_failed_flush);
}

TEST(Config, RefusesPortsThatCollide) {
    EXPECT_THAT(refusal<std::runtime_error>(
                    {"--shard-port-base", "7430", "--shards", "4", "--port", "7433"}),
                HasSubstr("7433"));
    EXPECT_THAT(refusal<std::runtime_error>({"--shard-port-base", "65530", "--shards", "8"}),
                HasSubstr("65528"));
    EXPECT_THAT(refusal<std::runtime_error>({"--port", "7434"}), HasSubstr("metrics_port"));
    EXPECT_EQ(parse({"--port", "0", "--metrics-port", "0"}).config.metrics_port, 0);
}

// A remembered id's answer is rebuilt from the journal, so its entry must still be there.
TEST(Config, RefusesARetentionThatTheRequestLogOutlives) {
    const std::string why =
        refusal<std::runtime_error>({"--retention-days", "1", "--request-log-window", "13h"});
    EXPECT_THAT(why, AllOf(HasSubstr("retention_days 1"), HasSubstr("at least 2")));
    EXPECT_EQ(parse({"--retention-days", "1", "--request-log-window", "12h"}).config.retention_days,
              1U);
}

TEST_F(ConfigFile, IsPrintedSoThatItReadsBackToTheSame) {
    const std::vector<std::string> flags{
        "--port",        "7001",         "--data-dir", "/tmp/a\"b\\c",         "--shards", "3",
        "--pin-threads", "--log-format", "json",       "--request-log-window", "1500ms"};
    std::vector<std::string> changed = flags;
    changed.back() = "90m";
    const std::string printed = print_config(parse(changed).config);
    EXPECT_EQ(print_config(parse({"--config", write(printed)}).config), printed);

    changed.emplace_back("--check-config");
    const CommandLine line = parse(changed);
    EXPECT_EQ(line.action, CommandLine::Action::print);
    EXPECT_EQ(line.text, printed);
}

TEST(Config, PrintsHelpWithEveryOptionButTheHiddenOne) {
    const CommandLine line = parse({"--help"});
    EXPECT_EQ(line.action, CommandLine::Action::print);
    for (const OptionRow& row : option_rows()) {
        EXPECT_THAT(line.text, HasSubstr(row.flag));
    }
    EXPECT_THAT(line.text, Not(HasSubstr("unsafe")));
    EXPECT_TRUE(parse({"--unsafe-reply-before-commit"}).config.unsafe_reply_before_commit);
    EXPECT_THAT(parse({"--version"}).text, HasSubstr("suanpand 0."));
}

TEST(Config, TheExampleFileHoldsEveryKeyWithItsDefault) {
    const std::string example = SUANPAN_SOURCE_DIR "/tools/suanpand.toml";
    const ServerConfig config = parse({"--config", example}).config;
    ServerConfig expected;
    expected.data_dir = config.data_dir;
    expected.partners_file = config.partners_file;
    EXPECT_EQ(print_config(config), print_config(expected));
    std::ifstream in(example);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    for (const OptionRow& row : option_rows()) {
        if (row.key.empty()) continue;
        EXPECT_THAT(text, HasSubstr("\n" + row.key + " = ")) << row.key;
    }
}

}  // namespace
}  // namespace suanpan
