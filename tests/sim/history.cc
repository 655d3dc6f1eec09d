#include "tests/sim/history.h"

#include "protocol/codec.h"
#include "protocol/frame.h"
#include "server/ledger/entry.h"
#include "server/ledger/entry_format.h"
#include "server/ledger/request_log.h"
#include "server/shard/quote_seal.h"
#include "tests/sim/budget_check.h"
#include "tests/sim/offers_check.h"
#include "tests/sim/read_check.h"
#include "tests/sim/recall_check.h"
#include "tests/sim/rules_check.h"
#include "tests/sim/violation.h"
#include "tests/sim/vouchers_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

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
    Check(const EntryBytes& entries, const Workload& workload, const Secrets& secrets,
          const Restores& restores, model::Model& model)
        : model_(model),
          secrets_(secrets),
          restores_(restores),
          workload_(workload),
          reads_(workload.reads),
          rules_(workload),
          offers_(workload, secrets),
          vouchers_(workload, secrets) {
        for (const Op& op : workload.ops) {
            auto& request = by_id_[op.command.head.request_id];
            if (request == nullptr) request = std::make_shared<Request>();
            request->asked.push_back(
                {.op = &op, .body_hash = body_hash_of(op.command, secrets.body_hash_key)});
            requests_[digest_of(op)] = request;
            if (is_of_a_voucher(op.command.head.kind)) vouchers_.add_request(op);
        }
        for (const auto& bytes : entries) take(bytes);
        reads_.finish(model_);
        rules_.finish();
        offers_.finish(model_);
        vouchers_.finish();
        for (const auto& [id, request] : by_id_)
            for (const Request::Asked& asked : request->asked)
                check_op(*asked.op, *request, asked.body_hash);
    }

private:
    using Digest = std::tuple<std::uint64_t, std::uint64_t>;

    [[nodiscard]] Digest digest_of(const VoucherNumber& voucher, const Op& op) const {
        const Hash128 digest = ledger::voucher_digest(
            op.command.head.partner, voucher, op.command.head.request_id, secrets_.digest_seed);
        return {digest.high, digest.low};
    }
    [[nodiscard]] Digest digest_of(const Op& op) {
        return is_of_a_voucher(op.command.head.kind) ? digest_of(vouchers_.request_owner_of(op), op)
                                                     : digest_of(op.command.head);
    }
    [[nodiscard]] Digest digest_of(const CommandHead& head) const {
        const Hash128 digest = head.kind == CommandKind::codes_import
                                   ? ledger::import_digest(head.partner, head.program,
                                                           head.request_id, secrets_.digest_seed)
                                   : ledger::request_digest(head.partner, head.member,
                                                            head.request_id, secrets_.digest_seed);
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
        if (!entry.refusals.empty()) check_refusals_alone(entry);
        for (const ledger::RefusalRecord& refusal : entry.refusals) {
            const Outcome outcome = ledger::outcome_of_refusal(entry.lsn, entry.time, refusal);
            const Op& op =
                use({refusal.digest.high, refusal.digest.low}, refusal.body_hash, outcome);
            if (is_of_a_voucher(op.command.head.kind)) vouchers_.refused(outcome, op, model_);
            RecallCheck::refused(outcome, op, model_);
            if (outcome.code == Code::too_many_reservations) offers_.refused_as_unpaid(entry, op);
            if (outcome.code == Code::sold_out) offers_.refused(entry.lsn, entry.time, op, model_);
            if (outcome.code == Code::quote_no_longer_covered) take_uncovered(entry, op, outcome);
        }
        if (!entry.member.is_zero()) take_of_account(entry);
        offers_.begin(entry, model_);
        if (ledger::is_client_kind(entry.kind)) take_executed(entry);
        if (!entry.orders.empty()) take_orders(entry);
        offers_.end(entry, model_);
        if (!entry.vouchers.empty()) take_vouchers(entry);
        budgets_.add(entry, std::exchange(sent_after_, Lsn{}));
    }

    // INV-13: what tells of refusals tells of nothing else. That a refusal left nothing behind in
    // memory either is for the digest of the running ledgers to show.
    static void check_refusals_alone(const Entry& entry) {
        const bool is_alone = entry.kind == ledger::EntryKind::refusals && entry.member.is_zero() &&
                              entry.effects.empty() && entry.amount == Points{} && !entry.spec &&
                              entry.orders.empty() && entry.rules == nullptr &&
                              entry.offers == nullptr && entry.vouchers.empty() &&
                              entry.codes == nullptr;
        if (is_alone) return;
        throw Violation(
            fmt::format("INV-13: LSN {} refuses requests and changes something", entry.lsn.value));
    }

    // Nobody is refused for the sake of a budget that had room (INV-11, P3).
    void take_uncovered(const Entry& entry, const Op& op, const Outcome& outcome) {
        const auto limit = static_cast<UncoveredLimit>(outcome.detail);
        const bool is_budget = limit == UncoveredLimit::campaign_budget;
        if (!is_budget && limit != UncoveredLimit::coupon_total) return;
        const auto& settle = std::get<Settle>(op.command.body);
        shard::QuoteSeal seal(std::prev(secrets_.quote_secrets.lower_bound(entry.lsn))->second);
        const auto terms = seal.open(settle.payload->token, entry.time);
        if (!terms) return;
        const UseKind kind = is_budget ? UseKind::campaign_budget : UseKind::coupon_total;
        if (!budgets_.was_used_up(*terms, op.sent_after, entry.lsn, kind))
            throw Violation(
                fmt::format("INV-11: LSN {} refuses an order for a budget or total that "
                            "had room",
                            entry.lsn.value));
    }

    // A code that has an owner: who names it asks for that voucher from now on.
    void take_vouchers(const Entry& entry) {
        const std::vector<std::string> codes = offers_.codes_of(entry);
        vouchers_.add(entry, codes, model_);
        for (std::size_t i = 0; i < codes.size(); ++i)
            for (const Op* op : vouchers_.requests_by(entry.program, codes[i]))
                requests_[digest_of(entry.vouchers[i]->number, *op)] =
                    by_id_.at(op->command.head.request_id);
    }

    // The request-log floor of the last restore before this entry; the newest entry of a copy ran
    // before that copy was restored.
    [[nodiscard]] std::int64_t restored_floor_of(Lsn lsn) const {
        const auto not_before = restores_.lower_bound(lsn);
        return not_before == restores_.begin() ? 0 : std::prev(not_before)->second;
    }

    // The orders as the entry leaves them are the model's (INV-6, INV-8, INV-10).
    void take_orders(const Entry& entry) {
        std::map<std::uint32_t, ledger::OrderPtr> left;  // one entry may end an order and go on
        for (const ledger::OrderPtr& order : entry.orders) left[order->number] = order;
        for (const auto& [number, order] : left) {
            CommandHead head;
            head.partner = order->terms.partner;
            head.member = entry.member;
            head.program = entry.program;
            const OrderAnswer expected = model_.order(head, order->id, entry.time);
            const bool is_same =
                expected.outcome.code == Code::ok && expected.state == order->state &&
                expected.step == order->step && expected.payment == order->payment &&
                expected.paid == order->paid && expected.refunded == order->refunded() &&
                expected.refunded_points == order->refunded_points &&
                expected.refunded_cash == order->refunded_cash &&
                expected.times_out == order->times_out && expected.points == order->terms.points &&
                expected.cash == order->terms.cash() && expected.offer == order->units.offer &&
                expected.ticket == order->units.ticket &&
                expected.quantity == order->units.quantity &&
                expected.terms_hash == order->terms.terms_hash;
            // Its end may have been posted so late that nobody can ask for it any more.
            const bool is_past =
                expected.outcome.code == Code::order_not_found && order->keep_until <= entry.time;
            if (is_same || is_past) continue;
            throw Violation(fmt::format(
                "INV-6: LSN {} leaves an order in state {}, step {}; in the model it is in state "
                "{}, step {}",
                entry.lsn.value, static_cast<int>(order->state), static_cast<int>(order->step),
                static_cast<int>(expected.state), static_cast<int>(expected.step)));
        }
    }

    // What a settlement's token promises: what its client was told, and nothing else (INV-8).
    OrderTerms terms_of(const Entry& entry, const Op& op) {
        const auto& settle = std::get<Settle>(op.command.body);
        shard::QuoteSeal seal(std::prev(secrets_.quote_secrets.lower_bound(entry.lsn))->second);
        const auto terms = seal.open(settle.payload->token, entry.time);
        if (!terms || !op.quote)
            throw Violation(fmt::format("LSN {} settles what was never quoted", entry.lsn.value));
        const QuoteAnswer& told = workload_.quotes[*op.quote].answer;
        const bool is_same = terms->list == told.list && terms->payable == told.payable &&
                             terms->value == told.value && terms->points == told.points &&
                             terms->lines == told.lines && terms->valid_until == told.valid_until &&
                             terms->rule_version == told.rule_version &&
                             terms->payable - terms->value == told.cash;
        if (!is_same || entry.orders.empty() || entry.orders.back()->terms != *terms)
            throw Violation(
                fmt::format("INV-8: LSN {} settles other terms than quoted", entry.lsn.value));
        return *terms;
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
        const Op* op = found == requests_.end() ? nullptr : found->second->find(body_hash);
        if (op == nullptr)
            throw Violation(
                fmt::format("LSN {} answers what nobody has asked for", outcome.entry_id.value));
        Request& request = *found->second;
        if (request.outcome)
            throw Violation(
                fmt::format("INV-7: a request has two outcomes, {} at LSN {} and {} at LSN {}",
                            text_of(request.outcome->code).name, request.outcome->entry_id.value,
                            text_of(outcome.code).name, outcome.entry_id.value));
        request.used_by = body_hash;
        request.outcome = outcome;
        return *op;
    }

    [[nodiscard]] Digest digest_of_voucher(const Entry& entry) const {
        const Hash128 digest = ledger::voucher_digest(entry.partner, entry.vouchers.front()->number,
                                                      entry.request_id, secrets_.digest_seed);
        return {digest.high, digest.low};
    }

    void take_executed(const Entry& entry) {
        const Outcome real = ledger::outcome_of(entry);
        const bool is_import = entry.kind == ledger::EntryKind::codes_import;
        const CommandKind asked_kind = static_cast<CommandKind>(entry.kind);
        if (is_of_a_voucher(asked_kind) && entry.vouchers.empty())
            throw Violation(fmt::format("LSN {} is about no voucher", entry.lsn.value));
        const Digest digest =
            is_of_a_voucher(asked_kind)
                ? digest_of_voucher(entry)
                : digest_of({.kind = is_import ? CommandKind::codes_import : CommandKind::ping,
                             .partner = entry.partner,
                             .program = entry.program,
                             .request_id = entry.request_id,
                             .member = entry.member});
        const Op& op = use(digest, entry.body_hash, real);
        if (op.was_lost && entry.request_id.unix_ms() < restored_floor_of(entry.lsn))
            throw Violation(
                fmt::format("INV-7: LSN {} runs again what ran before a restore", entry.lsn.value));
        sent_after_ = op.sent_after;
        if (entry.rules != nullptr) {
            rules_.add(entry);
            budgets_.add_rules(entry, workload_.rules.at(entry.rules->text));
        }
        const bool settles = op.command.head.kind == CommandKind::settle;
        const bool sets_aside = OffersCheck::units_of(entry) != nullptr;
        const auto made =
            sets_aside ? entry.ordinal
                       : static_cast<std::uint32_t>(
                             settles ? entry.reference : static_cast<std::uint64_t>(entry.detail));
        Command command = op.command;
        OrderTerms terms;
        if (settles) {
            terms = terms_of(entry, op);
            std::get<Settle>(command.body).terms = &terms;
        }
        model::Names names{.entry = entry.lsn, .hold = HoldId{made}};
        names.counts_for_all = false;  // BudgetCheck does
        names.is_used_up = is_payment_to_return(entry, op);
        offers_.name(entry, op, model_, names);
        if (is_of_a_voucher(asked_kind)) vouchers_.name(entry, op, command, names);
        // The model keeps lots with their ends, holds, refunds and debts by itself: what came to
        // the same, to the point and in every balance, keeps INV-3 to INV-6, too.
        const Outcome expected = model_.execute(command, entry.time, names);
        offers_.add(entry, op, model_);
        if (real != expected)
            throw Violation(
                fmt::format("LSN {} came out otherwise than in the model\n  server: "
                            "{}\n  model:  {}",
                            entry.lsn.value, told(real), told(expected)));
    }

    // A late payment that came to nothing, when that may have been for the sake of a budget.
    [[nodiscard]] bool is_payment_to_return(const Entry& entry, const Op& op) {
        if (entry.kind != ledger::EntryKind::confirm || entry.orders.empty()) return false;
        const ledger::Order& order = *entry.orders.back();
        if (order.step != OrderStep::payment_to_return) return false;
        if (order.units.any())
            return offers_.was_set_aside(order.units, entry.time, op.sent_after, model_);
        return budgets_.was_used_up(order.terms, op.sent_after, entry.lsn, std::nullopt);
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
    const Restores& restores_;
    const Workload& workload_;
    ReadCheck reads_;
    RulesCheck rules_;
    OffersCheck offers_;
    BudgetCheck budgets_;
    Lsn sent_after_;  // of the request that the entry executed
    VouchersCheck vouchers_;
    std::map<RequestId, std::shared_ptr<Request>> by_id_;
    // A code's request ids are those of its voucher, too, once it has one.
    std::map<Digest, std::shared_ptr<Request>> requests_;
    std::map<std::tuple<ProgramId, MemberId>, Lsn> last_of_account_;
    std::uint64_t last_lsn_ = 0;
};

}  // namespace

void read_entries(const storage::Journal& journal, EntryBytes& archive, bool compares) {
    if (journal.last_lsn().value == 0) return;
    const Lsn oldest = journal.oldest_lsn();
    if (oldest.value > archive.size() + 1)
        throw Violation(
            fmt::format("P1: the journal begins at LSN {}, and entries before it that "
                        "were never sealed away are gone",
                        oldest.value));
    const std::uint64_t next = archive.size() + 1;
    std::uint64_t lsn = compares ? oldest.value : next;
    if (lsn > journal.last_lsn().value) return;
    const auto read = journal.for_each_commit(
        Lsn{lsn}, storage::CommitCheck::chain, [&](const storage::CommitView& commit) {
            for (std::uint32_t i = 0; i < commit.count(); ++i, ++lsn) {
                const storage::Bytes entry = commit.entry(i);
                if (lsn > archive.size())
                    archive.emplace_back(entry.begin(), entry.end());
                else if (!std::ranges::equal(archive[lsn - 1], entry))
                    throw Violation(fmt::format("P1: LSN {} is not what it was", lsn));
            }
            return true;
        });
    if (!read) throw Violation("INV-2: " + read.error().sentence);
}

void check_history(const EntryBytes& entries, const Workload& workload, const Secrets& secrets,
                   const Restores& restores, model::Model& model) {
    const Check check(entries, workload, secrets, restores, model);
}

}  // namespace suanpan::sim
