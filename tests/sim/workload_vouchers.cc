// What the clients of a simulation want of vouchers that somebody has: to show them, and to use
// them in a shop.
#include "tests/sim/words.h"
#include "tests/sim/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace suanpan::sim {
namespace {

constexpr std::size_t vouchers_reach_back = 12;

}  // namespace

void Workload::note_voucher(const KnownVoucher& voucher) {
    const auto [at, is_new] = known_.try_emplace(voucher.number, vouchers_.size());
    if (is_new) vouchers_.push_back(voucher);
    if (!voucher.code.empty()) vouchers_[at->second].code = voucher.code;
}

const KnownVoucher* Workload::find_voucher(const VoucherNumber& number) const {
    const auto at = known_.find(number);
    return at == known_.end() ? nullptr : &vouchers_[at->second];
}

// One of the latest that anybody has seen; null where there is none that suits.
const KnownVoucher* Workload::draw_voucher(bool wants_code) {
    std::uint64_t skip = random_.below(vouchers_reach_back);
    const KnownVoucher* last = nullptr;
    for (std::size_t i = vouchers_.size();
         i-- > 0 && i + 4 * vouchers_reach_back > vouchers_.size();) {
        if (wants_code && vouchers_[i].code.empty()) continue;
        last = &vouchers_[i];
        if (skip-- == 0) break;
    }
    return last;
}

void Workload::fill_voucher_body(Op& op, Instant wall) {
    if (vouchers_.empty() && code_names_ == 0) {  // it earns what it will pay with, then
        op.command.head.kind = CommandKind::earn;
        return fill_body(op, wall);
    }
    switch (op.command.head.kind) {
        case CommandKind::show:
            return fill_show(op);
        case CommandKind::verify:
            return fill_verify(op);
        default:
            return fill_undo(op);
    }
}

void Workload::fill_show(Op& op) {
    Show show{.task = {.voucher = {.offer = 11, .unit = 0, .ticket = 1, .home = 1}, .asker = {}},
              .life = random_.one_in(2) ? seconds(60) : milliseconds(random_.between(1, 60'000))};
    if (const KnownVoucher* voucher = draw_voucher(false)) {
        show.task.voucher = voucher->number;
        op.command.head.program = voucher->program;
        if (!random_.one_in(20)) op.command.head.member = voucher->member;
    }
    show.task.asker = op.command.head.member;
    show.task.origin = random_.below(4);
    op.command.body = show;
}

VerificationId Workload::draw_reference() {
    return short_text<64>(fmt::format("till {}", ++reference_names_));
}

// Mostly where the voucher can be used.
void Workload::go_to_shop(Verify& verify, ProgramId program, std::uint32_t offer) {
    verify.merchant = static_cast<std::uint32_t>(random_.below(3));
    verify.store = static_cast<std::uint32_t>(random_.below(4));
    const OfferFacts* newest = newest_offers(program);
    if (newest == nullptr || random_.one_in(8)) return;
    for (const model::OfferSpec& spec : newest->file.offers) {
        if (spec.id != offer) continue;
        if (spec.voucher.merchant != 0) verify.merchant = spec.voucher.merchant;
        if (!spec.voucher.stores.empty()) verify.store = spec.voucher.stores.front();
    }
}

void Workload::fill_proof(Op& op, Verify& verify) {
    const Op* shown =
        draw_done(op.client, [](const Op& each) { return each.shown.has_value(); }, true);
    const KnownVoucher* seen = draw_voucher(true);
    if (shown != nullptr && (code_names_ == 0 || random_.one_in(2))) {
        TokenBytes token = shown->shown->token;
        if (random_.one_in(30)) token[random_.below(token.size())] ^= std::byte{1};
        verify.has_token = true;
        std::memcpy(verify.proof.data(), token.data(), token.size());
        op.command.head.program = shown->command.head.program;
        go_to_shop(verify, op.command.head.program, shown->shown->number.offer);
        return;
    }
    std::string code;
    if (seen != nullptr && !random_.one_in(3)) {
        code = seen->code;
        op.command.head.program = seen->program;
        go_to_shop(verify, seen->program, seen->number.offer);
    } else {
        code = fmt::format("CARD{:04}", 1 + random_.below(code_names_ + 1));
        if (random_.one_in(30)) code = "no";
        go_to_shop(verify, op.command.head.program,
                   offer_id(op.command.head.program, place_with_codes));
    }
    op.payload = payload_of(code);
    verify.payload = op.payload.get();
}

void Workload::fill_verify(Op& op) {
    op.command.head.member = {};
    // A till that asks again, under another id; or for something else under its old reference.
    const Op* before = draw_earlier(op.client, CommandKind::verify, CommandKind::verify);
    if (before != nullptr && random_.one_in(12)) {
        Verify verify = std::get<Verify>(before->command.body);
        op.payload = before->payload;
        op.command.head.program = before->command.head.program;
        if (random_.one_in(3)) verify.units = random_.between(0, 3);
        op.command.body = verify;
        return;
    }
    Verify verify;
    fill_proof(op, verify);
    verify.reference = draw_reference();
    verify.task.origin = random_.below(4);
    if (random_.one_in(3)) verify.units = random_.between(1, random_.one_in(2) ? 3 : 60);
    op.command.body = verify;
}

void Workload::fill_undo(Op& op) {
    op.command.head.member = {};
    const Op* used = draw_done(
        op.client,
        [](const Op& each) {
            return each.command.head.kind == CommandKind::verify && each.verified.has_value();
        },
        random_.one_in(10));
    UndoVerification undo{.task = {.voucher = {.offer = 11, .unit = 0, .ticket = 1, .home = 1}},
                          .reference = short_text<64>("none")};
    if (used != nullptr) {
        op.command.head.program = used->command.head.program;
        undo.task.voucher = used->verified->number;
        undo.reference = std::get<Verify>(used->command.body).reference;
        if (random_.one_in(20)) undo.reference = short_text<64>("another");
    }
    op.command.body = undo;
}

}  // namespace suanpan::sim
