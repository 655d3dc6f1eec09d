#include "tools/importer.h"

#include "protocol/base/hash.h"
#include "protocol/code.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace suanpan::tools {
namespace {

using client::Answer;
using client::Fate;

std::uint32_t crc_of(const std::string& text, std::uint32_t crc) {
    return crc32c(std::as_bytes(std::span(text.data(), text.size())), crc);
}

// The id is too old to run: only a lookup tells what became of it.
bool is_below_floor(const Answer& answer) {
    return answer.fate == Fate::refused && answer.outcome.code == Code::request_too_old;
}
// Certainly not done now, and the same request may be done later.
bool is_not_now(const Answer& answer) {
    const auto code = static_cast<unsigned>(answer.outcome.code);
    return answer.fate == Fate::refused && code >= 400 && code < 500;
}

std::string sentence_of(Code code, std::int64_t detail) {
    const CodeText& text = text_of(code);
    return fmt::format("{} ({}, detail {}): {}", text.name, static_cast<unsigned>(code), detail,
                       text.sentence);
}

}  // namespace

Importer::Importer(ImportServer& server, const ImportOptions& options, Complain complain,
                   Progress progress)
    : server_(server),
      options_(options),
      complain_(std::move(complain)),
      progress_(std::move(progress)) {}

ImportEnd Importer::run(const ImportState& fresh) {
    state_ = fresh;
    if (load_import_state(options_.state_file, state_) &&
        (state_.server_high != fresh.server_high || state_.server_low != fresh.server_low))
        throw std::runtime_error(options_.state_file +
                                 ": this import began on another server; name that one, or import "
                                 "into this one with another --state file");
    if (state_.finished) return {.state = state_, .why = {}};
    std::ifstream csv(options_.csv, std::ios::binary);
    if (!csv) throw std::runtime_error(options_.csv + ": cannot be read; name the CSV to import");
    const std::uint64_t bytes_all = std::filesystem::file_size(options_.csv);
    check_prefix(csv);
    while (true) {
        Chunk chunk = read_chunk(csv);
        if (chunk.line_count == 0) break;
        if (state_.epochs_ms.empty()) {
            state_.chunk_lines = chunk.line_count;
            state_.epochs_ms.push_back(server_.now_ms());
            save_import_state(options_.state_file, state_);
        }
        rows_done_ = rows_bad_ = 0;
        points_done_ = 0;
        const Settled settled = settle(chunk);
        if (settled != Settled::all)
            return {.how = settled == Settled::bad_line ? ImportEnd::How::bad_line
                                                        : ImportEnd::How::interrupted,
                    .state = state_,
                    .why = why_};
        state_.offset += chunk.bytes;
        state_.prefix_crc = chunk.crc;
        state_.line += chunk.line_count;
        state_.chunk_lines = 0;
        state_.epochs_ms.clear();
        state_.rows_done += rows_done_;
        state_.rows_bad += rows_bad_;
        state_.points_done += points_done_;
        save_import_state(options_.state_file, state_);
        progress_(state_.offset, bytes_all, state_.rows_done);
    }
    state_.finished = true;
    save_import_state(options_.state_file, state_);
    return {.state = state_, .why = {}};
}

// What was imported must still stand there, or line numbers would mean other lines.
void Importer::check_prefix(std::istream& csv) const {
    std::string piece;
    std::uint32_t crc = 0;
    for (std::uint64_t left = state_.offset; left > 0; left -= piece.size()) {
        piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, 1U << 20U)));
        if (!csv.read(piece.data(), static_cast<std::streamsize>(piece.size()))) break;
        crc = crc_of(piece, crc);
    }
    if (!csv || crc != state_.prefix_crc)
        throw std::runtime_error(options_.csv +
                                 ": its first lines are not those that were imported; put the file "
                                 "back, or begin a new import with another --state file");
}

Importer::Chunk Importer::read_chunk(std::istream& csv) const {
    // A chunk that was begun keeps its lines: a shorter one would be sent under other ids.
    const std::uint64_t wanted =
        state_.epochs_ms.empty() ? options_.chunk_lines : state_.chunk_lines;
    Chunk chunk;
    chunk.crc = state_.prefix_crc;
    std::string line;
    while (chunk.line_count < wanted && std::getline(csv, line)) {
        const std::uint64_t number = state_.line + chunk.line_count++;
        const std::string whole = csv.eof() ? line : line + '\n';
        chunk.bytes += whole.size();
        chunk.crc = crc_of(whole, chunk.crc);
        const bool is_heading = number == 1 && line.starts_with("member");
        if (is_heading || line.find_first_not_of(" \r") == std::string::npos) continue;
        if (auto row = parse_balance_row(line))
            chunk.lines.push_back({.number = number, .row = *row, .request_id = {}});
        else
            chunk.unreadable.emplace_back(number, std::move(row.error()));
    }
    return chunk;
}

Importer::Settled Importer::settle(Chunk& chunk) {
    for (const auto& [line, why] : chunk.unreadable) {
        bad(line, why);
        if (options_.stop_at_bad_line) return Settled::bad_line;
    }
    std::vector<ImportLine> open = std::move(chunk.lines);
    // Ids of earlier epochs are below the floor for good: what ran under them is known by lookup.
    for (std::size_t epoch = 0; !open.empty(); ++epoch) {
        const std::int64_t epoch_ms = state_.epochs_ms[epoch];
        for (ImportLine& line : open)
            line.request_id = import_request_id(state_, line.number, epoch_ms);
        const bool is_last = epoch + 1 == state_.epochs_ms.size();
        std::vector<Answer> answers = is_last ? server_.earn(open) : server_.lookup(open);
        if (!take_answers(open, answers, !is_last)) return Settled::interrupted;
        if (rows_bad_ > 0 && options_.stop_at_bad_line) return Settled::bad_line;
        if (!is_last || open.empty()) continue;
        answers = server_.lookup(open);
        if (!take_answers(open, answers, true)) return Settled::interrupted;
        if (open.empty()) break;
        // None of these ran, and none ever will under its id: a later time, written down first.
        state_.epochs_ms.push_back(std::max(server_.now_ms(), epoch_ms + 1));
        save_import_state(options_.state_file, state_);
    }
    return Settled::all;
}

bool Importer::take_answers(std::vector<ImportLine>& open, std::vector<Answer>& answers,
                            bool are_lookups) {
    std::vector<ImportLine> still_open;
    for (std::size_t i = 0; i < open.size(); ++i) {
        const Answer& answer = answers[i];
        const Outcome& outcome = answer.outcome;
        const ImportLine& line = open[i];
        if (answer.fate == Fate::done && outcome.code == Code::ok) {
            ++rows_done_;
            points_done_ += line.row.earn.amount.value;
        } else if (are_lookups && outcome.code == Code::refused) {
            bad(line.number, sentence_of(static_cast<Code>(outcome.detail), 0));
        } else if (are_lookups ? outcome.code == Code::not_executed : is_below_floor(answer)) {
            still_open.push_back(line);
        } else if (!are_lookups && answer.fate == Fate::refused && !is_not_now(answer)) {
            bad(line.number, sentence_of(outcome.code, outcome.detail));
        } else {
            why_ = fmt::format("line {}: no certain answer: {}", line.number, answer.text());
            return false;
        }
    }
    open = std::move(still_open);
    return true;
}

void Importer::bad(std::uint64_t line, const std::string& why) {
    ++rows_bad_;
    complain_(line, why);
}

}  // namespace suanpan::tools
