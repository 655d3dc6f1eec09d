// docs/operations.md against the code: every flag, key, default and metric stands there, and
// nothing else does.
#include "server/config.h"
#include "server/net/metrics_exposition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace suanpan {
namespace {

std::string operations_text() {
    std::ifstream in(SUANPAN_SOURCE_DIR "/docs/operations.md");
    return {std::istreambuf_iterator<char>(in), {}};
}

// Every word of `word_characters` that stands right behind `before`.
std::set<std::string> words_after(const std::string& text, const std::string& before,
                                  const std::string& word_characters) {
    std::set<std::string> found;
    for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
        at += before.size();
        const std::size_t end = std::min(text.find_first_not_of(word_characters, at), text.size());
        if (end > at) found.insert(text.substr(at, end - at));
    }
    return found;
}

const std::string letters = "abcdefghijklmnopqrstuvwxyz";

std::string help_text() {
    const std::vector<const char*> argv{"suanpand", "--help"};
    return parse_command_line(static_cast<int>(argv.size()), argv.data()).text;
}

TEST(OperationsDoc, HasARowForEveryOptionWithDefaultAndRange) {
    const std::string text = operations_text();
    for (const OptionRow& row : option_rows()) {
        const std::string key = row.key.empty() ? "flag only" : "`" + row.key + "`";
        const std::string line = "\n| `" + row.flag + "` | " + key + " | `" + row.default_value +
                                 "` | " + row.allowed + " | ";
        EXPECT_NE(text.find(line), std::string::npos) << "no row begins with" << line;
    }
}

TEST(OperationsDoc, NamesTheFlagsOfHelpAndNoOthers) {
    const std::set<std::string> in_help = words_after(help_text(), " --", letters + "-");
    std::set<std::string> in_help_too = words_after(help_text(), ",--", letters + "-");
    in_help_too.insert(in_help.begin(), in_help.end());
    EXPECT_EQ(words_after(operations_text(), "\n| `--", letters + "-"), in_help_too);
    for (const std::string& flag : words_after(operations_text(), "`--", letters + "-")) {
        EXPECT_TRUE(in_help_too.contains(flag)) << flag;
    }
}

TEST(OperationsDoc, NamesEveryMetricAndNoOthers) {
    const ShardMetrics shard;
    const CommitterMetrics committer;
    const StorageMetrics storage;
    const ProcessMetrics process;
    const std::string page = expose_metrics({.shards = {&shard},
                                             .committer = &committer,
                                             .storage = &storage,
                                             .process = &process,
                                             .version = "0"});
    EXPECT_EQ(words_after(operations_text(), "\n| `suanpan_", letters + "_"),
              words_after(page, "# TYPE suanpan_", letters + "_"));
}

}  // namespace
}  // namespace suanpan
