#include "tools/audit.h"

#include "server/ledger/entry_format.h"
#include "server/shard/recovery.h"
#include "storage/baseline.h"
#include "storage/checkpoint.h"
#include "storage/open_error.h"
#include "storage/segment.h"
#include "tools/raw_walk.h"
#include "tools/wide_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

namespace suanpan::tools {
namespace {

using storage::OpenError;
using storage::OpenFault;
using Stage = AuditPlace::Stage;

constexpr const char* segment_advice =
    "restore this segment from a backup; the server does not start on it, and nothing was repaired";
constexpr const char* entry_advice =
    "keep a copy of the directory, restore it from a backup, and report this: a release of "
    "Suanpan wrote a wrong entry";
constexpr const char* checkpoint_advice =
    "stop the server, move this file away and start again: the state is built from the checkpoint "
    "before it or from the journal, and a new checkpoint is written";
constexpr const char* baseline_advice =
    "restore this file from a backup; a server starts from its checkpoints meanwhile, and no "
    "longer "
    "once they are lost too";
constexpr std::uint64_t progress_every = 1U << 17U;

// True where the fault says something about the bytes, false where nothing could be read at all.
bool is_about_bytes(OpenFault fault) {
    return fault == OpenFault::damaged || fault == OpenFault::missing ||
           fault == OpenFault::foreign;
}

class Auditor {
public:
    Auditor(DataFolder& folder, const AuditOptions& options, AuditPlace& place)
        : folder_(folder), options_(options), place_(place) {}

    AuditReport run() {
        check_structure();
        check_trailers();
        walk_journal();
        if (journal_ != nullptr && report_.problems.empty() && report_.balances_derived)
            check_ledgers();
        for (AuditProblem& problem : file_problems_) report_.problems.push_back(std::move(problem));
        if (journal_ != nullptr && report_.problems.empty()) check_checkpoint();
        for (const std::string& note : folder_.notes()) report_.notes.push_back(note);
        return std::move(report_);
    }

private:
    void problem(Lsn lsn, std::string file, std::string what, std::string advice) {
        report_.problems.push_back({.lsn = lsn,
                                    .file = std::move(file),
                                    .what = std::move(what),
                                    .advice = std::move(advice)});
    }
    void file_problem(std::string file, std::string what, std::string advice) {
        file_problems_.push_back({.lsn = {},
                                  .file = std::move(file),
                                  .what = std::move(what),
                                  .advice = std::move(advice)});
    }

    // Walks every tree in a child process, so that one that leads astray becomes a sentence.
    void check_structure() {
        place_.stage = Stage::files;
        const auto names = folder_.volume().list();
        if (!names) throw OpenError(OpenFault::disk, names.error().detail);
        for (const std::string& name : *names) {
            const bool is_segment = storage::segment_ordinal(name).has_value();
            const bool is_baseline = name.starts_with("baseline-") && name.ends_with(".lmdb");
            const bool is_checkpoint =
                is_baseline || (name.starts_with("checkpoint-") && name.ends_with(".lmdb"));
            if (is_segment) ++report_.segments;
            if (!is_segment && !is_checkpoint) continue;
            show("files", report_.segments, 0);
            const auto walked = folder_.volume().check_suspect(name);
            if (walked.has_value()) continue;
            if (is_segment) broken_trees_.insert(name);
            file_problem(name, walked.error().detail,
                         is_segment    ? segment_advice
                         : is_baseline ? baseline_advice
                                       : checkpoint_advice);
        }
    }

    // A sealed segment's bytes are those that its trailer was written for.
    void check_trailers() {
        const auto names = folder_.volume().list();
        for (const std::string& name : names.value_or(std::vector<std::string>{})) {
            const auto ordinal = storage::trailer_ordinal(name);
            const std::string segment = ordinal ? storage::segment_name(*ordinal) : "";
            if (!ordinal || broken_trees_.contains(segment)) continue;
            try {
                check_trailer(name, segment);
            } catch (const OpenError& error) {
                file_problem(name, error.what(), "restore this file from a backup");
            }
        }
    }

    void check_trailer(const std::string& name, const std::string& segment) {
        const auto content = folder_.volume().read_file(name);
        if (!content) throw OpenError(OpenFault::damaged, content.error().detail);
        const storage::SegmentTrailer trailer = storage::decode_trailer(name, *content);
        const auto store = folder_.volume().open(segment, storage::OpenMode::read_only, 0);
        if (!store) return;  // the journal's opening says that it is missing
        show("trailer of segment", *storage::trailer_ordinal(name), 0);
        const auto hash = (*store)->content_hash();
        if (!hash)
            file_problem(segment, hash.error().detail, segment_advice);
        else if (*hash != trailer.content_hash)
            file_problem(segment,
                         "its bytes are not those that it was sealed with (SHA-256 in its trailer)",
                         segment_advice);
    }

    void walk_journal() {
        place_.stage = Stage::journal;
        try {
            if (broken_trees_.empty()) journal_ = &folder_.journal();
        } catch (const OpenError& error) {
            if (!is_about_bytes(error.fault())) throw;
            return name_first_wrong(error.what());
        }
        if (journal_ == nullptr) return name_first_wrong("");
        report_.first_lsn = journal_->oldest_lsn();
        report_.balances_derived = true;
        replay_.emplace(folder_.directory(), options_.shards);
        if (report_.first_lsn > Lsn{1}) load_baseline();
        const auto walked = journal_->for_each_commit(
            report_.first_lsn, storage::CommitCheck::chain,
            [this](const storage::CommitView& commit) { return take_commit(commit); });
        if (walked.has_value() || !report_.problems.empty()) return;
        problem(report_.last_lsn + 1, segment_of(report_.last_lsn + 1), walked.error().sentence,
                segment_advice);
        journal_ = nullptr;
    }

    // The history begins after a retention's baseline: from there on balances are derived.
    void load_baseline() {
        const Lsn lsn{report_.first_lsn.value - 1};
        report_.balances_derived = false;
        show("baseline", lsn.value, 0);
        try {
            const storage::Baseline baseline = storage::open_baseline(folder_.directory(), lsn);
            // Its house counters come as one sum, which only one ledger can hold.
            replay_.emplace(folder_.directory(), 1);
            if (!replay_->load(*baseline.reader))
                return file_problem(storage::baseline_name(lsn), "a record in it is damaged",
                                    baseline_advice);
            const std::string found = digest_of(replay_->ledgers()).text();
            if (found != baseline.seal.state_hash)
                return file_problem(
                    storage::baseline_name(lsn),
                    fmt::format("INV-12: its records come to the state {}, its seal "
                                "says {}",
                                found, baseline.seal.state_hash),
                    baseline_advice);
            if (baseline.seal.chain != journal_->chain_before_oldest())
                return file_problem(storage::seal_name(lsn),
                                    "INV-2: its chain is not the one that the journal goes on from",
                                    baseline_advice);
            floor_ms_ = baseline.seal.request_floor_ms;
            report_.baseline_lsn = lsn;
            report_.balances_derived = true;
        } catch (const OpenError& error) {
            if (!is_about_bytes(error.fault())) throw;
            file_problem(storage::baseline_name(lsn), error.what(), baseline_advice);
        }
    }

    // The tree cannot be used: the commits themselves say how far the journal is sound.
    void name_first_wrong(const std::string& why) {
        journal_ = nullptr;
        std::optional<RawFault> fault;
        try {
            fault = find_raw_fault(folder_.directory(), report_.last_lsn);
        } catch (const OpenError& error) {
            return problem({}, "JOURNAL", error.what(), "restore it from a backup");
        }
        if (fault) {
            const std::string where =
                fault->offset == 0 ? "" : fmt::format(" (byte {} of the file)", fault->offset);
            problem(fault->lsn, fault->segment, fault->what + where, segment_advice);
        } else if (!why.empty()) {
            problem(report_.last_lsn + 1, "", why, "do what the sentence says");
        } else {
            report_.notes.push_back(fmt::format(
                "every commit up to LSN {} is sound in the raw files; only the trees are broken",
                report_.last_lsn.value));
        }
    }

    bool take_commit(const storage::CommitView& commit) {
        const storage::CommitHeader& header = commit.header();
        if (header.request_floor_ms < floor_ms_)
            return wrong_commit(commit.first_lsn(), "INV-7: the request floor has fallen");
        if (report_.balances_derived) replay_->raise_floor(floor_ms_);
        for (std::uint32_t i = 0; i < commit.count(); ++i) {
            const Lsn lsn = commit.first_lsn() + i;
            if (lsn < report_.first_lsn) continue;
            place_.lsn.store(lsn.value, std::memory_order_relaxed);
            const auto wrong = report_.balances_derived
                                   ? replay_->take(commit.entry(i), lsn, floor_ms_)
                                   : check_alone(commit.entry(i), lsn);
            if (wrong) return wrong_commit(lsn, "the entry: " + *wrong);
            report_.last_lsn = lsn;
            ++report_.entries;
            if (report_.entries % progress_every == 0)
                show("LSN", lsn.value, journal_->last_lsn().value);
        }
        // Shards read the clock for themselves, so that times of commits are close, not in order.
        report_.last_time = std::max(report_.last_time, commit.time());
        floor_ms_ = header.request_floor_ms;
        ++report_.commits;
        return true;
    }

    // Where the beginning is gone, an entry can still be read and its postings added up.
    [[nodiscard]] std::optional<std::string> check_alone(std::span<const std::byte> bytes,
                                                         Lsn lsn) {
        if (const auto decoded = ledger::decode(bytes, entry_); !decoded.has_value())
            return "cannot be read: " + std::string(ledger::text_of(decoded.error()));
        if (entry_.lsn != lsn) return fmt::format("INV-2: it says LSN {}", entry_.lsn.value);
        if (ledger::sum_of_postings(entry_) != Points{})
            return std::string("INV-1: its postings do not sum to zero");
        return std::nullopt;
    }

    bool wrong_commit(Lsn lsn, std::string what) {
        problem(lsn, segment_of(lsn), std::move(what), entry_advice);
        return false;
    }

    [[nodiscard]] std::string segment_of(Lsn lsn) const {
        for (const storage::SegmentInfo& segment : journal_->segments())
            if (segment.first_lsn <= lsn &&
                (segment.last_lsn.value == 0 || lsn <= segment.last_lsn))
                return storage::segment_name(segment.ordinal);
        return "";
    }

    void check_ledgers() {
        place_.stage = Stage::ledgers;
        show("invariants of LSN", report_.last_lsn.value, 0);
        std::set<ProgramId> programs;
        for (const auto& each : replay_->ledgers()) {
            report_.accounts += each->account_count();
            if (const auto broken = each->check_invariants(report_.last_time))
                problem({}, "", *broken, entry_advice);
            for (const auto& program : each->programs().all()) programs.insert(program->spec().id);
        }
        for (const ProgramId program : programs) {
            ProgramAudit line{.program = program};
            ledger::Totals posted;
            for (const auto& each : replay_->ledgers()) {
                line.totals.add(each->effective_totals(program, report_.last_time));
                posted.add(each->posted_totals(program));
            }
            line.effective_holds = line.totals.balance();
            line.posted_holds = posted.balance();
            if (!line.effective_holds || !line.posted_holds)
                problem({}, "",
                        fmt::format("INV-3: program {}: points are not accounted for",
                                    static_cast<std::uint32_t>(program)),
                        entry_advice);
            report_.programs.push_back(line);
        }
        if (const auto wrong = replay_->counters().compare(replay_->ledgers()))
            problem({}, "", *wrong, entry_advice);
        report_.counters = replay_->counters().counters();
        digest_ = digest_of(replay_->ledgers());
        report_.state_hash = digest_->text();
        replay_.reset();  // the checkpoint's ledgers need the memory
    }

    void check_checkpoint() {
        place_.stage = Stage::checkpoint;
        show("checkpoint", 0, 0);
        const auto newest = read_checkpoint(UINT64_MAX);
        if (!newest) {
            if (report_.problems.empty()) report_.notes.emplace_back("there is no checkpoint yet");
            return;
        }
        const storage::CheckpointRound& round = *newest;
        const std::string name = checkpoint_name(round.generation);
        // The one before it is what a start falls back on.
        for (auto older = newest; older && older->generation > 0;)
            older = read_checkpoint(older->generation);
        if (!report_.problems.empty()) return;
        report_.checkpoint = CheckpointAudit{.generation = round.generation,
                                             .start_lsn = round.start_lsn,
                                             .end_lsn = round.end_lsn,
                                             .records = round.totals.count};
        // INV-12: from the checkpoint as from zero, on this number of shards as on another.
        const auto other = static_cast<std::uint16_t>(options_.shards + 2);
        report_.checkpoint->same_state =
            same_from_checkpoint(options_.shards, name) && same_from_checkpoint(other, name);
    }

    static std::string checkpoint_name(std::uint64_t generation) {
        return fmt::format("checkpoint generation {}", generation);
    }

    // Reads every record of the newest finished generation below `before`. Nothing where there is
    // none, or where it is damaged, which is then a problem.
    std::optional<storage::CheckpointRound> read_checkpoint(std::uint64_t before) {
        std::vector<std::string> notes;
        std::unique_ptr<storage::CheckpointReader> reader;
        try {
            reader = storage::CheckpointReader::open_newest(folder_.directory(), notes, before);
        } catch (const OpenError& error) {
            if (!is_about_bytes(error.fault())) throw;
            problem({}, "", error.what(), "do what the sentence says");
            return std::nullopt;
        }
        for (const std::string& note : notes) problem({}, "", note, checkpoint_advice);
        if (reader == nullptr) return std::nullopt;
        const storage::CheckpointRound round = reader->round();
        const auto totals = reader->for_each(0, reader->packs(), [](const auto&) {});
        if (totals.has_value() && *totals == round.totals) return round;
        problem({}, checkpoint_name(round.generation),
                totals.has_value() ? "its records are not those that it was ended with"
                                   : totals.error().detail,
                checkpoint_advice);
        return std::nullopt;
    }

    bool same_from_checkpoint(std::uint16_t shards, const std::string& name) {
        show("checkpoint, shards", shards, 0);
        try {
            const shard::Recovered recovered =
                shard::recover(folder_.directory(), *journal_, {.shards = shards});
            const StateDigest digest = digest_of(recovered.ledgers);
            if (!digest_) {  // no history from zero: the two numbers of shards must agree
                digest_ = digest;
                report_.state_hash = digest.text();
            }
            if (digest == *digest_) return true;
            problem({}, name,
                    fmt::format("INV-12: loaded on {} shard(s) and replayed it gives the state {}, "
                                "the journal from zero gives {}",
                                shards, digest.text(), digest_->text()),
                    checkpoint_advice);
        } catch (const OpenError& error) {
            problem({}, name, error.what(), checkpoint_advice);
        }
        return false;
    }

    void show(const char* what, std::uint64_t at, std::uint64_t of) const {
        if (!options_.progress) return;
        if (of == 0)
            fmt::print(stderr, "\r\033[Kchecking {} {}", what, at);
        else
            fmt::print(stderr, "\r\033[Kchecking {} {} of {}", what, at, of);
        std::fflush(stderr);
    }

    DataFolder& folder_;
    const AuditOptions options_;
    AuditPlace& place_;
    AuditReport report_;
    std::vector<AuditProblem> file_problems_;
    std::set<std::string> broken_trees_;
    const storage::Journal* journal_ = nullptr;  // null: cannot be used
    std::optional<Replay> replay_;
    std::optional<StateDigest> digest_;
    std::int64_t floor_ms_ = 0;
    ledger::Entry entry_;
};

}  // namespace

AuditReport audit(DataFolder& folder, const AuditOptions& options, AuditPlace& place) {
    AuditReport report = Auditor(folder, options, place).run();
    if (options.progress) fmt::print(stderr, "\r\033[K");
    return report;
}

// A journal in which one does not hold has a problem, and no such lines.
std::string counter_line(const ledger::CounterKey& key, const ledger::CounterUnits& units) {
    return fmt::format("{} {}: {} granted, {} of them set aside: holds",
                       key.kind == ledger::CounterKind::offer_stock ? "INV-9" : "INV-11",
                       text_of(key), units.given(), units.reserved);
}

std::string identity_line(const ProgramAudit& program) {
    const ledger::Totals& t = program.totals;
    return fmt::format(
        "INV-3 program {}: issued {} = available {} + held {} + pending {} + spent {} + expired {} "
        "+ revoked {}: {}",
        static_cast<std::uint32_t>(program.program), text_of(t.issued), text_of(t.available),
        text_of(t.held), text_of(t.pending), text_of(t.spent), text_of(t.expired),
        text_of(t.revoked), program.effective_holds && program.posted_holds ? "holds" : "BROKEN");
}

}  // namespace suanpan::tools
