#include "tests/model/model.h"

#include "protocol/limits.h"
#include "tests/model/calendar.h"

#include <date/tz.h>

#include <cctype>
#include <exception>
#include <functional>
#include <string>
#include <variant>

namespace suanpan::model {
namespace {

template <std::size_t N>
std::string text_of(const ShortText<N>& text) {
    std::string out;
    for (const char c : text.bytes)
        if (c != '\0') out += c;
    return out;
}

bool is_zone(const std::string& name) {
    try {
        return date::locate_zone(name) != nullptr;
    } catch (const std::exception&) {
        return false;
    }
}

bool is_currency(const std::string& text) {
    if (text.size() != 3) return false;
    for (const char c : text)
        if (c < 'A' || c > 'Z') return false;
    return true;
}

// The number of the first wrong field, or -1. A century is the longest life, ten years the longest
// hold.
std::int64_t wrong_field(const ProgramSpec& spec) {
    const bool by_days =
        spec.expiry == ExpiryPolicy::after_days || spec.expiry == ExpiryPolicy::sliding_days;
    const bool by_months = spec.expiry == ExpiryPolicy::after_months;
    const bool by_years = spec.expiry == ExpiryPolicy::after_years;
    const bool counts = by_days || by_months || by_years;
    const bool rounds = counts && spec.expiry != ExpiryPolicy::sliding_days;
    const std::uint32_t most = by_days ? 36'500 : by_months ? 1200 : 100;
    if (spec.id == ProgramId{}) return 0;
    if (spec.version == 0) return 1;
    if (text_of(spec.name).empty()) return 2;
    if (!is_currency(text_of(spec.currency))) return 3;
    if (!is_zone(zone_of(spec))) return 4;
    if (spec.expiry > ExpiryPolicy::sliding_days) return 5;
    if (spec.expiry_rounding > ExpiryRounding::year_end) return 6;
    if (spec.expiry_rounding != ExpiryRounding::none && !rounds) return 6;
    if (spec.revoke > RevokePolicy::take_what_is_there) return 7;
    if (counts && (spec.expiry_count == 0 || spec.expiry_count > most)) return 9;
    if (spec.expiry == ExpiryPolicy::on_date && spec.expiry_date.days < 0) return 10;
    if (spec.hold_grace_days > 36'500) return 11;
    if (spec.refundable_days > 36'500) return 12;
    if (spec.hold_default.ns <= 0 || spec.hold_default > spec.hold_max) return 13;
    if (spec.hold_max > days(3660)) return 14;
    if (spec.spend_per_day_max.value < -1) return 15;
    return -1;
}

// What is wrong with an earning or a correction whatever the account holds.
Answer check_dates(const Command& command, Instant now) {
    if (const auto* earn = std::get_if<Earn>(&command.body);
        earn != nullptr && earn->expires_at != Instant{} &&
        earn->expires_at <= std::max(now, earn->active_from))
        return {.code = Code::field_out_of_range, .detail = 3};
    if (const auto* adjust = std::get_if<Adjust>(&command.body);
        adjust != nullptr && adjust->delta.value > 0 && adjust->expires_at != Instant{} &&
        adjust->expires_at <= now)
        return {.code = Code::field_out_of_range, .detail = 2};
    return {};
}

}  // namespace

const ProgramSpec* Model::find_program(ProgramId id) const {
    const auto found = programs_.find(id);
    return found == programs_.end() ? nullptr : &found->second.back();
}

void Model::raise_floor(std::int64_t floor_ms) {
    floor_ms_ = std::max(floor_ms_, floor_ms);
    std::erase_if(finished_, [this](const auto& finished) {
        return std::get<RequestId>(finished.first).unix_ms() < floor_ms_;
    });
}

Outcome Model::submit(const Command& command, Instant now, const Names& names) {
    const CommandHead& head = command.head;
    Outcome outcome;
    outcome.time = now;
    if (head.request_id.unix_ms() > now.unix_ms() + 60'000) {
        outcome.code = Code::request_from_future;
        return outcome;
    }
    if (head.request_id.unix_ms() < floor_ms_) {
        outcome.code = Code::request_too_old;
        return outcome;
    }
    const RequestName name{head.partner, head.member, head.request_id};
    if (const auto finished = finished_.find(name); finished != finished_.end()) {
        if (finished->second.body_hash == head.body_hash) return finished->second.outcome;
        outcome.code = Code::request_id_reused;
        return outcome;
    }
    outcome = execute(command, now, names);
    if (!leaves_no_trace(outcome.code))
        finished_[name] = {.body_hash = head.body_hash, .outcome = outcome};
    return outcome;
}

Outcome Model::execute(const Command& command, Instant now, const Names& names) {
    const CommandHead& head = command.head;
    Outcome outcome;
    outcome.time = now;
    complaint_.clear();
    const Answer answer = decide(command, now, names);
    outcome.code = answer.code;
    outcome.detail = answer.detail;
    if (!leaves_no_trace(answer.code)) outcome.entry_id = names.entry;
    if (answer.code != Code::ok) return outcome;
    outcome.amount = Points{answer.amount};
    if (std::holds_alternative<PutProgram>(command.body)) return outcome;
    if (std::holds_alternative<PutRules>(command.body)) return outcome;
    if (std::holds_alternative<PutOffers>(command.body)) return outcome;
    if (std::holds_alternative<ImportCodes>(command.body)) return outcome;
    if (std::holds_alternative<RecallBatch>(command.body)) return outcome;
    Account& account = accounts_[{head.program, head.member}];
    account.name_last(*find_program(head.program), head, now, names.entry, names.hold);
    // A shop is told nothing of a member's points.
    if (head.kind == CommandKind::verify || head.kind == CommandKind::undo_verify) return outcome;
    if (head.kind == CommandKind::hold) outcome.detail = static_cast<std::int64_t>(names.hold);
    outcome.balances = account.balances(now);
    return outcome;
}

Answer Model::put_program(const PutProgram& put) {
    const ProgramSpec* current = find_program(put.spec.id);
    if (!put.create && current == nullptr) return {.code = Code::program_not_found};
    if (put.create && current != nullptr) return {.code = Code::program_exists};
    const std::uint32_t version = current == nullptr ? 0 : current->version;
    if (put.spec.version != version + 1) return {.code = Code::version_not_next, .detail = version};
    if (const std::int64_t field = wrong_field(put.spec); field >= 0)
        return {.code = Code::program_invalid, .detail = field};
    programs_[put.spec.id].push_back(put.spec);
    return {.detail = put.spec.version};
}

Answer Model::put_rules(ProgramId program, const PutRules& put, Instant now) {
    if (find_program(program) == nullptr) return {.code = Code::program_not_found};
    RulesVersion& newest = rules_[program];
    if (put.version != newest.version + 1)
        return {.code = Code::version_not_next, .detail = newest.version};
    const Instant from = std::max(put.effective_from, now);
    if (from < newest.effective_from)
        return {.code = Code::rules_out_of_order, .detail = newest.effective_from.ns};
    newest = {.version = put.version, .effective_from = from};
    return {.detail = put.version};
}

std::optional<Order> Model::order_elsewhere(const CommandHead& head, const OrderId& id,
                                            Instant now) const {
    for (const auto& [program, versions] : programs_) {
        const auto other = accounts_.find({program, head.member});
        if (program == head.program || other == accounts_.end()) continue;
        // Only looked at: for the account itself no time has passed.
        Account account = other->second;
        Sums sums;
        account.pass_time(versions.back(), now, sums);
        if (const Order* order = account.find_order(head.partner, id)) return *order;
    }
    return std::nullopt;
}

Answer Model::decide(const Command& command, Instant now, const Names& names) {
    const CommandHead& head = command.head;
    if (const auto* put = std::get_if<PutProgram>(&command.body)) return put_program(*put);
    if (const auto* put = std::get_if<PutRules>(&command.body))
        return put_rules(head.program, *put, now);
    if (const auto* put = std::get_if<PutOffers>(&command.body)) return put_offers(*put, names);
    if (std::holds_alternative<ImportCodes>(command.body)) return import(head, names);
    if (const auto* asked = std::get_if<RecallBatch>(&command.body))
        return recall(head, *asked, names);
    if (const Answer wrong = check_dates(command, now); wrong.code != Code::ok) return wrong;
    const ProgramSpec* program = find_program(head.program);
    if (program == nullptr) {
        // A hold that nobody could have placed comes before the program that is not there.
        const bool about_hold =
            head.kind == CommandKind::capture || head.kind == CommandKind::release;
        return {.code = about_hold ? Code::hold_not_found : Code::program_not_found};
    }
    Sums& sums = sums_[head.program];
    Account& account = accounts_[{head.program, head.member}];
    account.pass_time(*program, now, sums);
    if (std::holds_alternative<Redeem>(command.body)) return redeem(command, account, now, names);
    struct Decide {
        const Model& model;
        Account& account;
        const ProgramSpec& program;
        const CommandHead& head;
        Instant now;
        Sums& sums;
        const CountAll& of_all;
        const Names& names;
        Answer operator()(const Earn& c) const { return account.earn(program, c, now, sums); }
        Answer operator()(const Spend& c) const { return account.spend(program, c, now, sums); }
        Answer operator()(const PlaceHold& c) const { return account.place(program, c, now); }
        Answer operator()(const CaptureHold& c) const {
            return account.capture(program, c, now, sums);
        }
        Answer operator()(const ReleaseHold& c) const {
            return account.release(program, c, now, sums);
        }
        Answer operator()(const Refund& c) const {
            return account.refund(program, c, head.partner, now, sums);
        }
        Answer operator()(const Revoke& c) const {
            return account.revoke(program, c, head.partner, now, sums);
        }
        Answer operator()(const Adjust& c) const { return account.adjust(program, c, now, sums); }
        Answer operator()(const Freeze& c) const { return account.freeze(c); }
        Answer operator()(const SetLimit& c) const { return account.set_limit(c); }
        Answer operator()(const MemberUpdate& c) const { return account.update_member(c); }
        Answer operator()(const Settle& c) const {
            const bool is_own = c.terms->member == head.member && c.terms->program == head.program;
            if (!is_own) return {.code = Code::quote_not_authentic};
            const auto elsewhere = model.order_elsewhere(head, c.order, now);
            return account.settle(program, c, head.partner, now, sums, of_all,
                                  elsewhere ? &*elsewhere : nullptr);
        }
        Answer operator()(const ConfirmOrder& c) const {
            return account.confirm(program, c, head.partner, now, sums, of_all, names.is_used_up);
        }
        // The entry has the voucher's state in it.
        Answer with_voucher(const VoucherNumber& number, Code otherwise,
                            const std::function<VoucherAnswer(Voucher&)>& change) const {
            Voucher* voucher = model.find_voucher(account, number, head.program, names);
            if (voucher == nullptr) return {.code = otherwise};
            const VoucherAnswer said = change(*voucher);
            voucher->write_down(now);
            return {.code = said.code, .amount = 0, .detail = said.detail};
        }
        Answer operator()(const Reveal& c) const {
            return with_voucher(c.voucher, Code::voucher_not_found,
                                [&](Voucher& voucher) { return voucher.reveal(head.member, now); });
        }
        Answer operator()(const Show& c) const {
            return with_voucher(c.task.voucher, Code::voucher_not_found,
                                [&](Voucher& voucher) { return voucher.show(c, now); });
        }
        Answer operator()(const Verify& c) const {
            return with_voucher(names.voucher,
                                c.has_token ? Code::token_not_valid : Code::voucher_not_found,
                                [&](Voucher& voucher) {
                                    return voucher.verify(c, head.partner, names.proof, now);
                                });
        }
        Answer operator()(const UndoVerification& c) const {
            return with_voucher(c.task.voucher, Code::voucher_not_found, [&](Voucher& voucher) {
                return voucher.undo(c, head.partner, now);
            });
        }
        Answer operator()(const CancelOrder& c) const {
            return account.cancel(program, c, head.partner, now, sums);
        }
        Answer operator()(const RefundOrder& c) const {
            return account.refund_order(program, c, head.partner, now, sums);
        }
    };
    const CountAll of_all = [&](const UseKey& key) {
        OfAll sum;
        for (auto& [name, each] : accounts_) {
            if (!names.counts_for_all || std::get<ProgramId>(name) != head.program) continue;
            each.pass_time(*program, now, sums);
            each.add_to(sum, key);
        }
        return sum;
    };
    const Decide known{*this, account, *program, head, now, sums, of_all, names};
    // Programs stand above; reads and the clock change no account.
    const Answer answer = std::visit(
        [&known](const auto& each) -> Answer {
            if constexpr (requires { known(each); }) return known(each);
            return {.code = Code::unknown_kind};
        },
        command.body);
    const bool has_paid =
        std::holds_alternative<ConfirmOrder>(command.body) && answer.code == Code::ok;
    return has_paid ? issue(command, account, now, names, answer) : answer;
}

Outcome Model::balance(const MemberId& member, ProgramId program, Instant now) {
    Outcome outcome;
    outcome.time = now;
    const ProgramSpec* spec = find_program(program);
    if (spec == nullptr) {
        outcome.code = Code::program_not_found;
        return outcome;
    }
    Account& account = accounts_[{program, member}];
    account.pass_time(*spec, now, sums_[program]);
    outcome.balances = account.balances(now);
    return outcome;
}

Expiring Model::expiring(const MemberId& member, ProgramId program, Duration within, Instant now) {
    Expiring expiring;
    expiring.outcome = balance(member, program, now);
    if (expiring.outcome.code != Code::ok) return expiring;
    expiring.rows = accounts_[{program, member}].expiring(now + within);
    for (const ExpiringRow& row : expiring.rows) expiring.outcome.amount += row.points;
    if (expiring.rows.size() > limits::expiring_rows_max)
        expiring.rows.resize(limits::expiring_rows_max);
    return expiring;
}

OrderAnswer Model::order(const CommandHead& head, const OrderId& id, Instant now) {
    OrderAnswer answer;
    answer.outcome = balance(head.member, head.program, now);
    if (answer.outcome.code != Code::ok) return answer;
    const Order* order = accounts_[{head.program, head.member}].find_order(head.partner, id);
    if (order == nullptr) {
        answer.outcome = {.code = Code::order_not_found, .time = now};
        return answer;
    }
    const OrderTerms& terms = order->terms;
    const Returned returned = order->returned();
    answer.outcome.amount = terms.points;
    answer.outcome.detail = static_cast<std::int64_t>(order->state);
    answer.state = order->state;
    answer.step = order->step;
    answer.rule_version = terms.rule_version;
    answer.terms_hash = terms.terms_hash;
    answer.currency = terms.currency;
    answer.list = terms.list;
    answer.payable = terms.payable;
    answer.value = terms.value;
    answer.cash = terms.payable - terms.value;
    answer.points = terms.points;
    answer.settled_at = order->settled_at;
    answer.times_out = order->times_out;
    if (order->confirmed_at != Instant{})
        answer.refundable_until = order->confirmed_at + days(terms.refundable_days);
    answer.payment = order->payment;
    answer.paid = Money{order->paid};
    answer.refunded = Money{returned.amount};
    answer.refunded_points = Points{returned.share.points};
    answer.refunded_cash = Money{returned.share.cash};
    answer.offer = order->offer.id;
    answer.ticket = order->ticket;
    answer.quantity = static_cast<std::int64_t>(order->units.size());
    for (std::size_t i = 0; i < terms.lines.size(); ++i)
        answer.lines.push_back(
            {.quoted = terms.lines[i], .refunded = Money{order->by_line[i].amount}});
    return answer;
}

UseSum Model::used(const MemberId& member, ProgramId program, const UseKey& key, Instant now) {
    const auto account = accounts_.find({program, member});
    if (account == accounts_.end()) return {};
    account->second.pass_time(*find_program(program), now, sums_[program]);
    return account->second.used(*find_program(program), key, now);
}

Model Model::apart(const MemberId& member, ProgramId program) const {
    Model apart;
    if (const auto specs = programs_.find(program); specs != programs_.end())
        apart.programs_.insert(*specs);
    const auto account = accounts_.find({program, member});
    if (account != accounts_.end()) apart.accounts_.insert(*account);
    return apart;
}

Expiring Model::look(const MemberId& member, ProgramId program, Duration within,
                     Instant now) const {
    return apart(member, program).expiring(member, program, within, now);
}

OrderAnswer Model::look_at_order(const CommandHead& head, const OrderId& order, Instant now) const {
    return apart(head.member, head.program).order(head, order, now);
}

Totals Model::totals(ProgramId program, Instant now) {
    Totals totals;
    const ProgramSpec* spec = find_program(program);
    if (spec == nullptr) return totals;
    for (auto& [name, account] : accounts_) {
        if (std::get<ProgramId>(name) != program) continue;
        account.pass_time(*spec, now, sums_[program]);
        const Balances has = account.balances(now);
        totals.available += has.available.value;
        totals.held += has.held.value;
        totals.pending += has.pending.value;
    }
    totals.sums = sums_[program];
    return totals;
}

}  // namespace suanpan::model
