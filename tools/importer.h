// Importer: streams a CSV of balances into a server, each line at most once.
#pragma once

#include "client/answer.h"
#include "protocol/base/time.h"
#include "tools/balance_row.h"
#include "tools/import_state.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace suanpan::tools {

// One line on its way.
struct ImportLine {
    std::uint64_t number = 0;
    BalanceRow row;
    RequestId request_id;
};

// The server as an import sees it: the client library, or a test's own.
class ImportServer {
public:
    virtual ~ImportServer() = default;
    // One answer per line, in order; each is done, refused or unknown.
    [[nodiscard]] virtual std::vector<client::Answer> earn(std::span<const ImportLine> lines) = 0;
    [[nodiscard]] virtual std::vector<client::Answer> lookup(std::span<const ImportLine> lines) = 0;
    [[nodiscard]] virtual std::int64_t now_ms() = 0;
};

struct ImportOptions {
    std::string csv;
    std::string state_file;
    bool stop_at_bad_line = false;
    std::uint64_t chunk_lines = 10'000;  // between two writings of the state file
};

struct ImportEnd {
    enum class How : std::uint8_t {
        finished,
        bad_line,  // stop_at_bad_line; mend a line that cannot be read, or go on without stopping
        interrupted,  // the server did not answer for certain; run the same command again
    } how = How::finished;
    ImportState state;
    std::string why;
};

// Streams with memory for one chunk. A line is bad where it cannot be read or the server refuses
// it; `complain(line, why)` hears of each, by number. Throws std::runtime_error where the files
// cannot be used or the CSV is another than the one the state file began with.
class Importer {
public:
    using Complain = std::function<void(std::uint64_t line, const std::string& why)>;
    using Progress = std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_all,
                                        std::uint64_t rows_done)>;
    Importer(ImportServer& server, const ImportOptions& options, Complain complain,
             Progress progress);

    // `fresh` is taken where there is no state file: a random import id, the server's uuid.
    [[nodiscard]] ImportEnd run(const ImportState& fresh);

private:
    struct Chunk {
        std::vector<ImportLine> lines;
        std::uint64_t bytes = 0;
        std::uint64_t line_count = 0;
        std::uint32_t crc = 0;  // of the CSV up to its end
        std::vector<std::pair<std::uint64_t, std::string>> unreadable;
    };
    enum class Settled : std::uint8_t { all, bad_line, interrupted };

    void check_prefix(std::istream& csv) const;
    [[nodiscard]] Chunk read_chunk(std::istream& csv) const;
    Settled settle(Chunk& chunk);
    // What the answers of one round say; the lines that are still open stay in `open`.
    bool take_answers(std::vector<ImportLine>& open, std::vector<client::Answer>& answers,
                      bool are_lookups);
    void bad(std::uint64_t line, const std::string& why);

    ImportServer& server_;
    ImportOptions options_;
    Complain complain_;
    Progress progress_;
    ImportState state_;
    // Of the chunk at work; they join the state's once it is settled.
    std::uint64_t rows_done_ = 0;
    std::uint64_t rows_bad_ = 0;
    std::int64_t points_done_ = 0;
    std::string why_;
};

}  // namespace suanpan::tools
