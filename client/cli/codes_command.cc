// codes import: a file of codes into the pool of an offer; codes recall: a batch of them back.
#include "client/cli/code_chunks.h"
#include "client/cli/context.h"
#include "client/cli/offer_output.h"
#include "client/cli/output.h"
#include "client/cli/words.h"
#include "protocol/clear_code.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

namespace suanpan::cli {
namespace {

// A UTF-16 mark: nothing of the file can be read.
constexpr std::uint8_t wrong_encoding = 9;
// Lines that --json names; the rest is counted.
constexpr std::size_t lines_named_max = 10'000;

struct Flags {
    std::string file;
    std::uint32_t program = 1;
    std::uint32_t offer = 0;
    std::uint32_t batch = 0;
    std::uint64_t from_line = 1;
    std::uint16_t reason = 0;
};

// What became of the lines so far. On the terminal, refused ones are told as they come.
class Tally {
public:
    explicit Tally(bool is_json) : is_json_(is_json), shows_progress_(!is_json && isatty(2) == 1) {}

    void add(const CodeChunk& chunk, const client::Answer& answer) {
        // A repeat of an old request may have its outcome alone.
        const CodesAnswer* codes = answer.codes.get();
        const bool has_body = codes != nullptr && codes->lines > 0;
        lines_ += chunk.lines;
        next_line_ = chunk.first_line + chunk.lines;
        taken_ += has_body ? codes->taken : static_cast<std::uint64_t>(answer.outcome.amount.value);
        if (!has_body) return;
        refused_ += codes->refused;
        for (const RefusedCodeLine& refused : codes->refused_lines) tell(refused);
        if (codes->refused > codes->refused_lines.size() && !is_json_)
            fmt::print("lines {} to {}: {} more were refused\n", chunk.first_line, next_line_ - 1,
                       codes->refused - codes->refused_lines.size());
    }

    void show_progress() {
        const auto now = std::chrono::steady_clock::now();
        if (!shows_progress_ || now - shown_at_ < std::chrono::milliseconds(200)) return;
        shown_at_ = now;
        has_shown_ = true;
        fmt::print(stderr, "\r{}", summary());
        std::fflush(stderr);
    }
    void end_progress() const {
        if (has_shown_) fmt::print(stderr, "\r\x1b[K");
    }

    [[nodiscard]] std::string summary() const {
        return fmt::format("{} lines, {} codes taken, {} lines refused",
                           with_commas(static_cast<std::int64_t>(lines_)),
                           with_commas(static_cast<std::int64_t>(taken_)),
                           with_commas(static_cast<std::int64_t>(refused_)));
    }
    [[nodiscard]] boost::json::object json() const {
        return {{"lines", lines_},
                {"taken", taken_},
                {"refused", refused_},
                {"refused_lines", named_},
                {"next_line", next_line_}};
    }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    [[nodiscard]] bool is_unreadable() const { return is_unreadable_; }

private:
    void tell(const RefusedCodeLine& refused) {
        is_unreadable_ = is_unreadable_ || refused.fault == wrong_encoding;
        if (!is_json_) fmt::print("line {}: {}\n", refused.line, text_of_fault(refused.fault));
        if (is_json_ && named_.size() < lines_named_max)
            named_.push_back({{"line", refused.line},
                              {"fault", refused.fault},
                              {"reason", text_of_fault(refused.fault)}});
    }

    const bool is_json_;
    const bool shows_progress_;
    bool has_shown_ = false;
    bool is_unreadable_ = false;
    std::uint64_t lines_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t next_line_ = 1;
    boost::json::array named_;
    std::chrono::steady_clock::time_point shown_at_;
};

// One piece, under an id that a repeat would have too.
client::Answer send(client::Client& client, const Flags& f, const CodeChunk& chunk, Instant now) {
    const ProgramId program{f.program};
    const RequestId id = import_request_id(program, f.offer, f.batch, chunk, now);
    const client::Answer answer =
        client.import_codes(program, f.offer, f.batch, chunk.first_line, chunk.text, id);
    if (answer.outcome.code != Code::request_too_old) return answer;
    // The server remembers for a short time only today. Codes that an earlier try brought are
    // refused one by one, since they are there already.
    return client.import_codes(program, f.offer, f.batch, chunk.first_line, chunk.text);
}

ExitCode stop(const Context& context, const client::Answer& answer, const CodeChunk& chunk,
              const Tally& tally) {
    tally.end_progress();
    if (context.flags.is_json) {
        boost::json::object object = json_of(answer);
        object["codes"] = tally.json();
        print_json(object);
        return exit_code_of(answer);
    }
    const ExitCode code = report(context, answer);
    fmt::print(stderr, "stopped before line {}: {}\n", chunk.first_line, tally.summary());
    fmt::print(stderr, "to go on, run it again with --from-line {}; no code is imported twice\n",
               chunk.first_line);
    return code;
}

ExitCode import_codes(Context& context, const Flags& f) {
    std::ifstream file(f.file, std::ios::binary);
    if (!file) throw UsageError(fmt::format("{} cannot be read", f.file));
    CodeChunks chunks(file, f.from_line);
    CodeChunk chunk;
    Tally tally(context.flags.is_json);
    Instant now = context.server_now();
    client::Answer answer;
    bool is_empty = true;
    while (!tally.is_unreadable() && chunks.next(chunk)) {
        is_empty = false;
        answer = send(context.client(), f, chunk, now);
        wipe(std::as_writable_bytes(std::span(chunk.text)));
        if (!answer.is_done()) return stop(context, answer, chunk, tally);
        now = std::max(now, answer.outcome.time);
        tally.add(chunk, answer);
        tally.show_progress();
    }
    if (is_empty) throw UsageError(fmt::format("{} has no line {}", f.file, f.from_line));
    tally.end_progress();
    if (context.flags.is_json) {
        boost::json::object object = json_of(answer);
        object["codes"] = tally.json();
        print_json(object);
    } else {
        fmt::print("done: {}\n", tally.summary());
    }
    return tally.refused() == 0 ? ExitCode::done : ExitCode::refused;
}

ExitCode recall_codes(Context& context, const Flags& f) {
    const client::Answer answer =
        context.client().recall(ProgramId{f.program}, f.offer, f.batch, f.reason);
    if (!answer.is_done()) return report(context, answer);
    const RecallAnswer* recalled = answer.recalled.get();
    if (context.flags.is_json) {
        boost::json::object object = json_of(answer);
        if (recalled != nullptr)
            object["codes"] = boost::json::object{{"voided", recalled->voided},
                                                  {"set_aside", recalled->set_aside},
                                                  {"issued", recalled->issued}};
        print_json(object);
    } else {
        fmt::print("done: batch {} of offer {} is recalled", f.batch, f.offer);
        if (recalled != nullptr)
            fmt::print(": {} codes were free, {} set aside, {} with members", recalled->voided,
                       recalled->set_aside, recalled->issued);
        fmt::print("\n");
    }
    return ExitCode::done;
}

void add_program(CLI::App& command, Flags& f) {
    command.add_option("-p,--program", f.program, "The program's number")
        ->envname("SUANPAN_PROGRAM")
        ->capture_default_str();
}

void add_recall(Commands& commands, CLI::App* codes) {
    const auto f = std::make_shared<Flags>();
    CLI::App* command = commands.add(
        "recall", "Take a batch of codes back, for good",
        [f](Context& context) { return recall_codes(context, *f); }, codes);
    add_program(*command, *f);
    command->add_option("--offer", f->offer, "The offer that the codes are for")->required();
    command->add_option("--batch", f->batch, "The batch, as it was imported")->required();
    command->add_option("--reason", f->reason, "A number of your own, for the journal");
    command->footer(
        "For codes that leaked, or that their supplier does not honour. What is free of the batch\n"
        "leaves the stock. What members have can be shown, revealed and verified no longer; what\n"
        "they used stays used. A payment for codes that were set aside gets others, where there "
        "are\n"
        "any and the offer says reacquire; else it is to be returned. Nothing undoes a recall.");
}

}  // namespace

void add_codes_command(Commands& commands) {
    const auto f = std::make_shared<Flags>();
    CLI::App* codes = commands.app().add_subcommand("codes", "Codes of offers");
    codes->require_subcommand(1);
    CLI::App* command = commands.add(
        "import", "Put a file of codes into an offer's pool",
        [f](Context& context) { return import_codes(context, *f); }, codes);
    command->add_option("file", f->file, "One code a line, or CODE,EXPIRY (docs/cards.md)")
        ->required();
    add_program(*command, *f);
    command->add_option("--offer", f->offer, "The offer that the codes are for")->required();
    command->add_option("--batch", f->batch, "Your own number of this delivery, not 0")->required();
    command->add_option("--from-line", f->from_line, "Begin there; what an interrupted run printed")
        ->capture_default_str();
    command->footer(
        "The file goes in pieces of whole lines, each on disk before the next. A line that is\n"
        "refused is told by its number and reason, never by what stands in it, and spoils no "
        "other.\n"
        "Interrupted, run it again: a code that is there already is refused as such, so nothing "
        "is\n"
        "imported twice; within five minutes a piece that was sent before is recognized and gets\n"
        "its first answer. Exit code 0: every line was taken; 1: some were refused, or it "
        "stopped.\n"
        "Empty lines and a heading are passed over. Delete the file when it is in: from then on "
        "the\n"
        "codes lie sealed, and only their owners see them.");
    add_recall(commands, codes);
}

}  // namespace suanpan::cli
