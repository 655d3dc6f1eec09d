#include "tests/sim/vouchers_check.h"

#include "protocol/base/byte_io.h"
#include "protocol/base/hash.h"
#include "server/cards/voucher_format.h"
#include "tests/sim/violation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace suanpan::sim {
namespace {

using ledger::Entry;
using ledger::EntryKind;

constexpr std::size_t home_bytes = sizeof(std::uint64_t);

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
    throw Violation(fmt::format(text, std::forward<Args>(args)...));
}

std::string code_named_by(const Op& op) {
    if (op.payload == nullptr) return {};
    return {reinterpret_cast<const char*>(op.payload->text.data()), op.payload->text.size()};
}

// The voucher that a token says that it is of, authentic or not.
VoucherNumber named_by_token(const Verify& verify) {
    ByteReader from(std::as_bytes(std::span(verify.proof)));
    VoucherNumber number;
    number.home = from.get<std::uint64_t>();
    number.offer = from.get<std::uint32_t>();
    number.unit = from.get<std::uint32_t>();
    number.ticket = from.get<std::uint64_t>();
    return number;
}

Hash128 digest_of(const VerificationId& reference) {
    const Sha256 digest = sha256(std::as_bytes(std::span(reference.bytes)));
    Hash128 first;
    std::memcpy(&first.high, digest.data(), sizeof first.high);
    std::memcpy(&first.low, digest.data() + sizeof first.high, sizeof first.low);
    return first;
}

bool same_use(const cards::Verification& real, const model::Use& use) {
    return real.partner == use.partner && real.reference == digest_of(use.reference) &&
           static_cast<std::uint32_t>(real.merchant) == use.merchant &&
           static_cast<std::uint32_t>(real.store) == use.store && real.units == use.units &&
           real.at == use.at && real.undone == use.undone;
}

bool same_terms(const cards::Voucher& real, const model::VoucherTerms& terms) {
    return real.is_amount == (terms.amount > 0) &&
           static_cast<std::uint32_t>(real.merchant) == terms.merchant &&
           std::ranges::equal(real.stores, terms.stores, {},
                              [](cards::StoreId id) { return static_cast<std::uint32_t>(id); }) &&
           real.undo_within == seconds(terms.undo_within_seconds) &&
           real.undo_max == static_cast<std::uint32_t>(terms.undo_max);
}

}  // namespace

VouchersCheck::VouchersCheck(const Workload& workload, const Secrets& secrets)
    : workload_(workload),
      vault_(shard::master_keys_of(secrets.master_keys), secrets.code_secret),
      tokens_(secrets.code_secret) {}

// ---- who asks for what

VoucherNumber VouchersCheck::request_owner_of(const Op& op) {
    const auto* verify = std::get_if<Verify>(&op.command.body);
    if (verify == nullptr) return voucher_task_of(op.command)->voucher;
    if (verify->has_token) return named_by_token(*verify);
    const auto normal = cards::normalise_code(code_named_by(op), cards::CodeForm::exact);
    if (!normal) return {};
    const cards::CodeKey key = vault_.hasher(op.command.head.program).key_of(*normal);
    return {.offer = 0, .unit = 0, .ticket = key.high, .home = key.low};
}

void VouchersCheck::add_request(const Op& op) {
    const auto* verify = std::get_if<Verify>(&op.command.body);
    if (verify != nullptr && !verify->has_token)
        asked_[{op.command.head.program, code_named_by(op)}].push_back(&op);
}

std::vector<const Op*> VouchersCheck::requests_by(ProgramId program,
                                                  const std::string& code) const {
    const auto asked = asked_.find({program, code});
    return asked == asked_.end() ? std::vector<const Op*>{} : asked->second;
}

// Nothing where it is a code that nobody has.
std::optional<VoucherNumber> VouchersCheck::number_of(const Op& op) const {
    const auto* verify = std::get_if<Verify>(&op.command.body);
    if (verify == nullptr) return voucher_task_of(op.command)->voucher;
    if (verify->has_token) return named_by_token(*verify);
    const auto code = by_code_.find({op.command.head.program, code_named_by(op)});
    if (code == by_code_.end()) return std::nullopt;
    return code->second;
}

model::Proof VouchersCheck::proof_of(const Op& op) const {
    const auto* verify = std::get_if<Verify>(&op.command.body);
    if (verify == nullptr || !verify->has_token) return {};
    const auto opened = tokens_.open(std::as_bytes(std::span(verify->proof)).subspan(home_bytes));
    return {
        .is_token = true, .is_authentic = opened.has_value(), .token = opened ? opened->number : 0};
}

// ---- what was done

void VouchersCheck::name(const Entry& entry, const Op& op, Command& command, model::Names& names) {
    const auto number = number_of(op);
    if (entry.vouchers.size() != 1 || !number || entry.vouchers.front()->number != *number)
        fail("LSN {} is about another voucher than was asked for", entry.lsn.value);
    command.head.member = entry.member;
    names.voucher = *number;
    const auto stored = cards::get_voucher(entry.vouchers.front()->bytes);
    names.is_void = stored && stored->state == cards::VoucherState::voided;
    names.proof = proof_of(op);
}

// The record is the model's, field by field: what was used, what is left, and by whom (INV-9).
void VouchersCheck::check_stored(const Entry& entry, const ledger::HeldVoucher& held,
                                 const model::Voucher& expected) const {
    ByteReader from(held.bytes);
    const auto real = cards::get_voucher(from);
    if (!real) fail("LSN {} has an unreadable voucher", entry.lsn.value);
    // That its time is over need not be written down.
    const auto state = static_cast<VoucherStateNumber>(real->state);
    const bool is_same_state =
        state == expected.state(entry.time) || state == expected.state(expected.issued_at);
    const bool is_same =
        is_same_state && real->owner == expected.owner && real->buyer == expected.owner &&
        real->revealed == expected.revealed && real->issued_at == expected.issued_at &&
        real->expires_at == expected.expires_at && real->whole == expected.whole() &&
        real->left == expected.left() && same_terms(*real, expected.terms) &&
        std::ranges::equal(real->verifications, expected.uses, same_use);
    const bool is_over = expected.state(entry.time) == VoucherStateNumber::expired;
    const bool is_shown = real->token == cards::TokenKind::show;
    const bool is_same_token =
        real->token_number == expected.tokens &&
        (is_over || (is_shown == expected.has_token &&
                     (!is_shown || real->token_until == expected.token_until)));
    if (!is_same || !is_same_token)
        fail(
            "INV-9: LSN {} leaves a voucher in state {} with {} of {} after {} uses; in the model "
            "it is in state {} with {} of {} after {}{}",
            entry.lsn.value, static_cast<int>(real->state), real->left, real->whole,
            real->verifications.size(), static_cast<int>(expected.state(entry.time)),
            expected.left(), expected.whole(), expected.uses.size(),
            is_same_token ? "" : ", and another token");
}

void VouchersCheck::note_answer(const Entry& entry, const model::Voucher& voucher) {
    const Outcome outcome = ledger::outcome_of(entry);
    Answered& answered = answers_[entry.lsn];
    if (entry.kind == EntryKind::show) {
        cards::Voucher shown;
        shown.id = {cards::OfferId{voucher.number.offer}, voucher.number.unit,
                    cards::Ticket{voucher.number.ticket}};
        shown.token = cards::TokenKind::show;
        shown.token_number = voucher.tokens;
        ShowAnswer answer{
            .outcome = outcome, .number = voucher.number, .until = voucher.token_until};
        std::memcpy(answer.token.data(), &voucher.number.home, home_bytes);
        std::ranges::copy(tokens_.token_of(shown), answer.token.begin() + home_bytes);
        answered.shown = answer;
        return;
    }
    answered.verified = {.outcome = outcome,
                         .number = voucher.number,
                         .units = entry.detail,
                         .left = voucher.left(),
                         .state = voucher.state(entry.time),
                         .is_amount = voucher.terms.amount > 0};
}

void VouchersCheck::add(const Entry& entry, const std::vector<std::string>& codes,
                        const model::Model& model) {
    for (std::size_t i = 0; i < entry.vouchers.size(); ++i) {
        const ledger::HeldVoucher& held = *entry.vouchers[i];
        const model::Voucher* voucher = model.voucher(entry.member, entry.program, held.number);
        if (voucher == nullptr)
            fail("LSN {} has a voucher that its member has not", entry.lsn.value);
        check_stored(entry, held, *voucher);
        moments_[{entry.program, held.number}].push_back({.lsn = entry.lsn, .voucher = *voucher});
        if (i < codes.size() && !codes[i].empty())
            by_code_[{entry.program, codes[i]}] = held.number;
        if (is_of_a_voucher(static_cast<CommandKind>(entry.kind))) note_answer(entry, *voucher);
    }
}

// ---- what was refused

bool VouchersCheck::would_refuse(const Op& op, const model::Voucher* voucher,
                                 const Outcome& outcome) const {
    model::VoucherAnswer answer{.code = Code::voucher_not_found};
    const PartnerId partner = op.command.head.partner;
    if (const auto* verify = std::get_if<Verify>(&op.command.body)) {
        if (verify->has_token) answer.code = Code::token_not_valid;
        if (voucher != nullptr)
            answer = model::Voucher(*voucher).verify(*verify, partner, proof_of(op), outcome.time);
    } else if (const auto* show = std::get_if<Show>(&op.command.body)) {
        if (voucher != nullptr) answer = model::Voucher(*voucher).show(*show, outcome.time);
    } else if (const auto* undo = std::get_if<UndoVerification>(&op.command.body)) {
        if (voucher != nullptr)
            answer = model::Voucher(*voucher).undo(*undo, partner, outcome.time);
    }
    return answer.code == outcome.code && answer.detail == outcome.detail;
}

bool VouchersCheck::could_refuse(const Op& op, const model::Voucher& voucher,
                                 const Outcome& outcome, const model::Model& model) const {
    const model::Recalled* recalled = model.recall_of(voucher, op.command.head.program);
    model::Voucher seen = voucher;
    const bool must_know = recalled != nullptr && recalled->is_known_after(op.sent_after);
    if (!must_know && would_refuse(op, &seen, outcome)) return true;
    seen.is_recalled = true;
    return recalled != nullptr && would_refuse(op, &seen, outcome);
}

void VouchersCheck::refused(const Outcome& outcome, const Op& op, const model::Model& model) {
    if (outcome.code == Code::risk_refused) return;
    const auto number = number_of(op);
    const auto found = number ? moments_.find({op.command.head.program, *number}) : moments_.end();
    bool was_there_before = false;  // when it was asked, at the latest
    if (found != moments_.end()) {
        for (auto at = found->second.rbegin(); at != found->second.rend(); ++at) {
            if (could_refuse(op, at->voucher, outcome, model)) return;
            was_there_before = at->lsn <= op.sent_after;
            if (was_there_before) break;
        }
    }
    if (!was_there_before && would_refuse(op, nullptr, outcome)) return;
    fail("LSN {} refuses a {} as {} (detail {}), and no state of the voucher does",
         outcome.entry_id.value, static_cast<int>(op.command.head.kind), text_of(outcome.code).name,
         outcome.detail);
}

// ---- at the end

// What a shop or a member was told is what the model's voucher says after that entry (P1, P2).
void VouchersCheck::finish() const {
    for (const Op& op : workload_.ops) {
        if (!op.answer || op.answer->code != Code::ok) continue;
        if (!is_of_a_voucher(op.command.head.kind)) continue;
        const auto answered = answers_.find(op.answer->entry_id);
        if (answered == answers_.end() || answered->second.shown != op.shown ||
            answered->second.verified != op.verified)
            fail("P1: LSN {} leaves a voucher otherwise than its client was told",
                 op.answer->entry_id.value);
    }
}

}  // namespace suanpan::sim
