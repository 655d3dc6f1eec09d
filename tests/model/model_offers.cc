// What the model makes of offers, redemptions and imports.
#include "tests/model/model.h"

#include <utility>

namespace suanpan::model {

// The server has done what cannot be.
Answer Model::complain(std::string complaint) {
    complaint_ = std::move(complaint);
    return {.code = complaint_.empty() ? Code::ok : Code::refused};
}

Answer Model::put_offers(const PutOffers& put, const Names& names) {
    if (find_program(names.offers->program) == nullptr) return {.code = Code::program_not_found};
    Answer answer = complain(shelf_.put(*names.offers));
    answer.detail = put.version;
    return answer;
}

Answer Model::import(const CommandHead& head, const Names& names) {
    const OfferSpec* offer = shelf_.find(head.program, names.codes->offer);
    if (offer == nullptr || !offer->has_codes) return {.code = Code::offer_not_found};
    const auto taken = static_cast<std::int64_t>(shelf_.import(*names.codes, names.entry).size());
    return {.amount = taken,
            .detail = static_cast<std::int64_t>(names.codes->lines.size()) - taken};
}

Answer Model::redeem(const Command& command, Account& account, Instant now, const Names& names) {
    const auto& asked = std::get<Redeem>(command.body);
    const ProgramId program = command.head.program;
    const OfferSpec* offer = shelf_.find(program, asked.offer);
    if (offer == nullptr) return {.code = Code::offer_not_found};
    if (static_cast<std::int64_t>(names.vouchers.size()) != asked.quantity ||
        names.vouchers.front().number.offer != asked.offer)
        return complain("a redemption has other vouchers than were asked for");
    Answer answer =
        account.redeem(*find_program(program), *offer, asked.quantity, now, sums_[program]);
    if (answer.code != Code::ok) return answer;
    if (const Answer wrong =
            complain(shelf_.take(program, names.vouchers, names.batch, now, names.entry));
        wrong.code != Code::ok)
        return wrong;
    for (Voucher voucher : names.vouchers) {
        voucher.issued_at = now;
        voucher.expires_at = shelf_.end_of(*offer, voucher.code, now);
        account.add_voucher(voucher);
    }
    answer.detail = static_cast<std::int64_t>(names.vouchers.front().number.ticket);
    return answer;
}

std::vector<VoucherRow> Model::vouchers(const MemberId& member, ProgramId program,
                                        Instant now) const {
    std::vector<VoucherRow> rows;
    const auto account = accounts_.find({program, member});
    if (account == accounts_.end()) return rows;
    for (const auto& [number, voucher] : account->second.vouchers()) {
        const bool has_code = !voucher.code.empty();
        const bool is_over = voucher.expires_at <= now;
        rows.push_back({.number = number,
                        .state = is_over ? VoucherStateNumber::expired : VoucherStateNumber::issued,
                        .has_code = has_code,
                        .revealed = has_code,  // the answer to its redemption shows it
                        .is_amount = false,
                        .whole = 1,
                        .left = 1,
                        .issued_at = voucher.issued_at,
                        .expires_at = voucher.expires_at,
                        .merchant = 0});
    }
    return rows;
}

UseSum Model::used_by_all(ProgramId program, const UseKey& key, Instant now) {
    UseSum sum;
    for (const auto& [name, account] : accounts_) {
        if (std::get<ProgramId>(name) != program) continue;
        const UseSum of_one = used(std::get<MemberId>(name), program, key, now);
        sum.money.value += of_one.money.value;
        sum.count += of_one.count;
    }
    return sum;
}

}  // namespace suanpan::model
