#include "tests/sim/history.h"

#include "protocol/codec.h"
#include "protocol/frame.h"
#include "server/ledger/entry.h"
#include "server/ledger/entry_format.h"
#include "server/ledger/request_log.h"
#include "tests/sim/read_check.h"
#include "tests/sim/violation.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <span>
#include <tuple>

namespace suanpan::sim {
namespace {

using ledger::Entry;

std::string told(const Outcome& outcome) {
    return fmt::format("{} amount {} detail {} available {} held {} pending {} debt {} entry {}",
                       text_of(outcome.code).name, outcome.amount.value, outcome.detail,
                       outcome.balances.available.value, outcome.balances.held.value,
                       outcome.balances.pending.value, outcome.balances.debt.value,
                       outcome.entry_id.value);
}

// The body hash that the server gives this command: by the way it comes, through a frame.
std::uint64_t body_hash_of(const Command& command, std::uint64_t key) {
    std::vector<std::byte> bytes;
    encode_requests(bytes, {.kind = static_cast<std::uint16_t>(command.head.kind)},
                    std::span(&command, 1));
    FrameDecoder decoder;
    const FrameDecoder::Step step = decoder.next(bytes);
    std::vector<DecodedEvent> events;
    if (!decode_request(command.head.kind, step.frame.body, command.head.partner, key, events))
        throw Violation("a request of the simulator's own is malformed");
    return events.front().command.head.body_hash;
}

// One request id with everything that was asked under it, and what became of it.
struct Request {
    struct Asked {
        const Op* op = nullptr;
        std::uint64_t body_hash = 0;
    };
    std::vector<Asked> asked;
    std::uint64_t used_by = 0;       // the body hash that ran or was refused
    std::optional<Outcome> outcome;  // of that one

    [[nodiscard]] const Op* find(std::uint64_t body_hash) const {
        for (const Asked& each : asked)
            if (each.body_hash == body_hash) return each.op;
        return nullptr;
    }
};

class Check {
public:
    Check(const std::vector<std::vector<std::byte>>& entries, const Workload& workload,
          const Secrets& secrets, model::Model& model)
        : model_(model), secrets_(secrets), reads_(workload.reads) {
        for (const Op& op : workload.ops)
            requests_[digest_of(op.command.head)].asked.push_back(
                {.op = &op, .body_hash = body_hash_of(op.command, secrets.body_hash_key)});
        for (const auto& bytes : entries) take(bytes);
        reads_.finish(model_);
        for (const auto& [digest, request] : requests_)
            for (const Request::Asked& asked : request.asked)
                check_op(*asked.op, request, asked.body_hash);
    }

private:
    using Digest = std::tuple<std::uint64_t, std::uint64_t>;

    [[nodiscard]] Digest digest_of(const CommandHead& head) const {
        const Hash128 digest = ledger::request_digest(head.partner, head.member, head.request_id,
                                                      secrets_.digest_seed);
        return {digest.high, digest.low};
    }

    void take(const std::vector<std::byte>& bytes) {
        Entry entry;
        if (!ledger::decode(bytes, entry)) throw Violation("an entry of the journal is unreadable");
        if (entry.lsn.value != ++last_lsn_)
            throw Violation(
                fmt::format("INV-2: entry {} says that it is LSN {}", last_lsn_, entry.lsn.value));
        if (ledger::sum_of_postings(entry) != Points{})
            throw Violation("INV-1: an entry's postings do not sum to zero");
        for (const ledger::RefusalRecord& refusal : entry.refusals)
            use({refusal.digest.high, refusal.digest.low}, refusal.body_hash,
                ledger::outcome_of_refusal(entry.lsn, entry.time, refusal));
        if (!entry.member.is_zero()) take_of_account(entry);
        if (ledger::is_client_kind(entry.kind)) take_executed(entry);
    }

    void take_of_account(const Entry& entry) {
        Lsn& last = last_of_account_[{entry.program, entry.member}];
        if (entry.prev_lsn != last)
            throw Violation(fmt::format("LSN {} names LSN {} as its account's entry before, not {}",
                                        entry.lsn.value, entry.prev_lsn.value, last.value));
        last = entry.lsn;
        reads_.add_entry(entry.program, entry.member, ledger::statement_line_of(entry), model_);
    }

    // The id is used up; returns who asked for it.
    const Op& use(const Digest& digest, std::uint64_t body_hash, const Outcome& outcome) {
        const auto found = requests_.find(digest);
        const Op* op = found == requests_.end() ? nullptr : found->second.find(body_hash);
        if (op == nullptr)
            throw Violation(
                fmt::format("LSN {} answers what nobody has asked for", outcome.entry_id.value));
        Request& request = found->second;
        if (request.outcome)
            throw Violation(
                fmt::format("INV-7: a request has two outcomes, {} at LSN {} and {} at LSN {}",
                            text_of(request.outcome->code).name, request.outcome->entry_id.value,
                            text_of(outcome.code).name, outcome.entry_id.value));
        request.used_by = body_hash;
        request.outcome = outcome;
        return *op;
    }

    void take_executed(const Entry& entry) {
        const Outcome real = ledger::outcome_of(entry);
        const Digest digest = digest_of({.kind = CommandKind::ping,
                                         .partner = entry.partner,
                                         .request_id = entry.request_id,
                                         .member = entry.member});
        const Op& op = use(digest, entry.body_hash, real);
        const Outcome expected = model_.execute(
            op.command, entry.time,
            {.entry = entry.lsn, .hold = HoldId{static_cast<std::uint32_t>(entry.detail)}});
        if (real != expected)
            throw Violation(
                fmt::format("LSN {} came out otherwise than in the model\n  server: "
                            "{}\n  model:  {}",
                            entry.lsn.value, told(real), told(expected)));
    }

    static void check_op(const Op& op, const Request& request, std::uint64_t body_hash) {
        const bool is_used = request.outcome.has_value();
        const bool is_mine = is_used && request.used_by == body_hash;
        if (op.answer) {
            const Outcome& answer = *op.answer;
            const bool is_done = is_mine && request.outcome->code == Code::ok;
            if (answer.code == Code::request_id_reused) {
                if (!is_used || is_mine)
                    throw Violation(
                        "INV-7: an id was called reused, but no other body has used it");
            } else if (answer.code == Code::ok || is_state_refusal(answer.code)) {
                if (!is_mine)
                    throw Violation(
                        fmt::format("P1: what a client was told is lost: {}", told(answer)));
                if (answer != *request.outcome)
                    throw Violation(fmt::format(
                        "P1: what a client was told differs from the journal\n  told:    {}\n"
                        "  journal: {}",
                        told(answer), told(*request.outcome)));
            } else if (is_done) {
                throw Violation(fmt::format("a refused request was done: {}", told(answer)));
            }
        }
        if (!op.looked_up) return;
        const Outcome& word = *op.looked_up;
        const bool is_right =
            word.code == Code::ok ? is_used && *request.outcome == word
            : word.code == Code::refused
                ? is_used && request.outcome->entry_id == word.entry_id &&
                      word.detail == static_cast<std::int64_t>(request.outcome->code)
                : !is_used || request.outcome->code != Code::ok;
        if (!is_right)
            throw Violation(
                fmt::format("P2: a lookup said {}, which is not what became of it", told(word)));
    }

    model::Model& model_;
    const Secrets secrets_;
    ReadCheck reads_;
    std::map<Digest, Request> requests_;
    std::map<std::tuple<ProgramId, MemberId>, Lsn> last_of_account_;
    std::uint64_t last_lsn_ = 0;
};

}  // namespace

std::vector<std::vector<std::byte>> read_entries(const storage::Journal& journal) {
    std::vector<std::vector<std::byte>> entries;
    if (journal.last_lsn().value == 0) return entries;
    const auto read = journal.for_each_commit(
        Lsn{1}, storage::CommitCheck::chain, [&](const storage::CommitView& commit) {
            for (std::uint32_t i = 0; i < commit.count(); ++i) {
                const storage::Bytes entry = commit.entry(i);
                entries.emplace_back(entry.begin(), entry.end());
            }
            return true;
        });
    if (!read) throw Violation("INV-2: " + read.error().sentence);
    return entries;
}

void check_history(const std::vector<std::vector<std::byte>>& entries, const Workload& workload,
                   const Secrets& secrets, model::Model& model) {
    const Check check(entries, workload, secrets, model);
}

}  // namespace suanpan::sim
