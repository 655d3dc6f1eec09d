// What the model makes of offers, redemptions and imports.
#include "tests/model/model.h"

#include <utility>

namespace suanpan::model {
namespace {

std::uint32_t batch_of(const Shelf& shelf, ProgramId program, const Voucher& voucher) {
    const auto code = shelf.codes(program).find(voucher.code);
    return code == shelf.codes(program).end() ? 0 : code->second.batch;
}

}  // namespace

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
    if (shelf_.recalled(
            {.program = head.program, .offer = names.codes->offer, .batch = names.codes->batch}))
        return {.code = Code::batch_recalled};
    const auto taken = static_cast<std::int64_t>(shelf_.import(*names.codes, names.entry).size());
    return {.amount = taken,
            .detail = static_cast<std::int64_t>(names.codes->lines.size()) - taken};
}

Answer Model::recall(const CommandHead& head, const RecallBatch& asked, const Names& names) {
    const Answer answer = complain(shelf_.recall(
        {.program = head.program, .offer = asked.offer, .batch = asked.batch}, names.entry));
    if (answer.code != Code::ok) return answer;
    return {.amount = names.recalled.voided, .detail = names.recalled.issued};
}

std::string Model::end_wait(const MemberId& member, ProgramId program, std::uint32_t order,
                            Instant now, Lsn lsn) {
    Account& account = accounts_[{program, member}];
    account.pass_time(*find_program(program), now, sums_[program]);
    const Order* waiting = account.find_waiting(order);
    if (waiting == nullptr) return {};  // its time was over
    bool is_recalled = false;
    for (const Voucher& unit : waiting->units) {
        const auto code = shelf_.codes(program).find(unit.code);
        if (code == shelf_.codes(program).end()) continue;
        const Recalled* recalled = shelf_.recalled(code->second.name());
        is_recalled = is_recalled || (recalled != nullptr && recalled->begun < lsn);
    }
    if (!is_recalled) return "an order's wait is ended before its time";
    account.withdraw(*find_program(program), order, now, sums_[program]);
    return {};
}

Voucher* Model::find_voucher(Account& account, const VoucherNumber& number, ProgramId program,
                             const Names& names) const {
    Voucher* voucher = account.find_voucher(number);
    if (voucher == nullptr) return nullptr;
    const Recalled* recalled = recall_of(*voucher, program);
    voucher->is_recalled =
        recalled != nullptr && (names.is_void || recalled->is_known_to(names.entry));
    return voucher;
}

Answer Model::redeem(const Command& command, Account& account, Instant now, const Names& names) {
    const auto& asked = std::get<Redeem>(command.body);
    const ProgramId program = command.head.program;
    const OfferSpec* offer = shelf_.find(program, asked.offer);
    if (offer == nullptr) return {.code = Code::offer_not_found};
    if (static_cast<std::int64_t>(names.vouchers.size()) != asked.quantity ||
        names.vouchers.front().number.offer != asked.offer)
        return complain("a redemption has other vouchers than were asked for");
    if (offer->cash > 0) {
        std::vector<Voucher> units = names.vouchers;
        for (Voucher& unit : units) {
            unit.expires_at = instant_never;
            const auto code = shelf_.codes(program).find(unit.code);
            if (code != shelf_.codes(program).end()) unit.expires_at = code->second.expires_at;
        }
        const auto elsewhere = order_elsewhere(command.head, asked.order, now);
        const Answer answer = account.set_aside(*find_program(program), *offer, command, units, now,
                                                elsewhere ? &*elsewhere : nullptr);
        if (answer.code != Code::ok) return answer;
        const Answer wrong = complain(shelf_.set_aside(program, units, names.batch, now));
        return wrong.code != Code::ok ? wrong : answer;
    }
    Answer answer = account.redeem(*find_program(program), *offer, asked, now, sums_[program]);
    if (answer.code != Code::ok) return answer;
    if (const Answer wrong =
            complain(shelf_.take(program, names.vouchers, names.batch, now, names.entry));
        wrong.code != Code::ok)
        return wrong;
    for (Voucher voucher : names.vouchers) {
        voucher.issued_at = now;
        voucher.batch = batch_of(shelf_, program, voucher);
        voucher.expires_at = shelf_.end_of(*offer, voucher.code, now);
        voucher.owner = command.head.member;
        voucher.terms = offer->voucher;
        voucher.revealed = !voucher.code.empty();  // the answer to its redemption shows it
        account.add_voucher(voucher);
    }
    answer.detail = static_cast<std::int64_t>(names.vouchers.front().number.ticket);
    return answer;
}

Answer Model::issue(const Command& command, Account& account, Instant now, const Names& names,
                    const Answer& paid) {
    const ProgramId program = command.head.program;
    Order* order =
        account.order_to_issue(command.head.partner, std::get<ConfirmOrder>(command.body).order);
    if (order == nullptr)
        return names.vouchers.empty() ? paid : complain("vouchers are issued that nobody paid");
    bool are_same = names.vouchers.size() == order->units.size();
    for (std::size_t i = 0; are_same && i < order->units.size(); ++i) {
        const Voucher& unit = order->units[i];
        are_same = names.vouchers[i].number.offer == unit.number.offer &&
                   names.vouchers[i].number.unit == unit.number.unit;
        // Paid in time: with the ticket and the code that were set aside.
        if (order->step == OrderStep::paid)
            are_same = are_same && names.vouchers[i].number.ticket == order->ticket &&
                       names.vouchers[i].code == unit.code;
    }
    if (!are_same) return complain("INV-9: a payment issues other units than were set aside");
    const Answer wrong =
        complain(order->step == OrderStep::paid
                     ? shelf_.issue(order->offer.id, order->ticket, names.entry)
                     : shelf_.take(program, names.vouchers, names.batch, now, names.entry));
    if (wrong.code != Code::ok) return wrong;
    order->is_issued = true;
    order->ticket = names.vouchers.front().number.ticket;
    for (Voucher voucher : names.vouchers) {
        voucher.issued_at = now;
        voucher.batch = batch_of(shelf_, program, voucher);
        voucher.expires_at = shelf_.end_of(order->offer, voucher.code, now);
        voucher.owner = command.head.member;
        voucher.terms = order->offer.voucher;
        account.add_voucher(voucher);
    }
    return paid;
}

std::vector<Voucher> Model::vouchers(const MemberId& member, ProgramId program) const {
    std::vector<Voucher> all;
    const auto account = accounts_.find({program, member});
    if (account == accounts_.end()) return all;
    for (const auto& [number, voucher] : account->second.vouchers()) all.push_back(voucher);
    return all;
}

const Voucher* Model::voucher(const MemberId& member, ProgramId program,
                              const VoucherNumber& number) const {
    const auto account = accounts_.find({program, member});
    if (account == accounts_.end()) return nullptr;
    const auto found = account->second.vouchers().find(number);
    return found == account->second.vouchers().end() ? nullptr : &found->second;
}

std::int64_t Model::set_aside(ProgramId program, std::uint32_t offer, Instant now) {
    std::int64_t units = 0;
    for (auto& [name, account] : accounts_) {
        if (std::get<ProgramId>(name) != program) continue;
        account.pass_time(*find_program(program), now, sums_[program]);
        units += account.set_aside_of(offer);
    }
    return units;
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
