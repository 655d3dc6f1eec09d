// What the clients of a simulation want of offers, vouchers and card codes.
#include "tests/sim/words.h"
#include "tests/sim/workload.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace suanpan::sim {

std::uint32_t Workload::add_offers(std::uint32_t id, Instant wall) {
    const ProgramId program{id};
    Op op;
    op.command.head.kind = CommandKind::offers_put;
    op.command.head.partner = partner_of(0);
    op.command.head.program = program;
    op.command.head.request_id = new_id(wall);
    put_offers(op, first_offers(random_, program, wall, shape_.sells_codes));
    ops.push_back(op);
    return static_cast<std::uint32_t>(ops.size() - 1);
}

std::uint32_t Workload::add_final(std::uint32_t client, Instant wall, CommandKind kind,
                                  const MemberId& member, std::uint32_t offer) {
    Op op;
    op.client = client;
    CommandHead& head = op.command.head;
    head.kind = kind;
    head.partner = partner_of(client);
    head.member = member;
    head.program = ProgramId{offer / 10};
    head.request_id = new_id(wall);
    if (kind == CommandKind::redeem) {
        Redeem redeem{.offer = offer, .quantity = 1};
        if (const OfferFacts* newest = newest_offers(head.program))
            for (const model::OfferSpec& spec : newest->file.offers)
                if (spec.id == offer) redeem.cash = {spec.cash};
        if (redeem.cash > Money{})
            redeem.order = short_text<64>(fmt::format("cash {}", ++cash_names_));
        op.command.body = redeem;
    } else {
        op.command.body = Earn{.amount = Points{20}};
    }
    ops.push_back(op);
    return static_cast<std::uint32_t>(ops.size() - 1);
}

void Workload::put_offers(Op& op, const OfferFacts& facts) {
    for (const model::OfferSpec& offer : facts.file.offers) {
        note_instant(offer.start);
        if (offer.end != instant_never) note_instant(offer.end);
        if (offer.valid_until != instant_never) note_instant(offer.valid_until);
    }
    op.command.head.member = {};
    op.payload = payload_of(text_of(facts));
    op.offers = std::make_shared<const OfferFacts>(facts);
    op.command.body = PutOffers{.payload = op.payload.get(), .version = facts.file.version};
}

void Workload::note_offers(const OfferFacts& facts) {
    OfferFacts& newest = told_offers_[facts.file.program];
    if (newest.file.version < facts.file.version) newest = facts;
}

const OfferFacts* Workload::newest_offers(ProgramId program) const {
    const auto found = told_offers_.find(program);
    return found == told_offers_.end() ? nullptr : &found->second;
}

void Workload::fill_offer_body(Op& op, Instant wall) {
    const OfferFacts* newest = newest_offers(op.command.head.program);
    const bool has_codes =
        newest != nullptr && std::ranges::any_of(newest->file.offers, &model::OfferSpec::has_codes);
    const bool needs_codes = op.command.head.kind == CommandKind::codes_import ||
                             op.command.head.kind == CommandKind::recall;
    if (newest == nullptr || (needs_codes && !has_codes)) {  // it earns what it will pay with, then
        op.command.head.kind = CommandKind::earn;
        return fill_body(op, wall);
    }
    switch (op.command.head.kind) {
        case CommandKind::redeem:
            return fill_redeem(op, *newest);
        case CommandKind::reveal:
            return fill_reveal(op);
        case CommandKind::codes_import:
            return fill_import(op, wall);
        case CommandKind::recall:
            return fill_recall(op);
        default:
            return put_offers(op, next_offers(random_, *newest, wall));
    }
}

void Workload::fill_redeem(Op& op, const OfferFacts& newest) {
    const auto& offers = newest.file.offers;
    // What an operator may take back is asked for more than the rest.
    const auto coded = std::ranges::find(offers, true, &model::OfferSpec::has_codes);
    const model::OfferSpec& offer =
        coded != offers.end() && random_.one_in(3) ? *coded : offers[random_.below(offers.size())];
    Redeem redeem{.offer = random_.one_in(60) ? 99 : offer.id,
                  .quantity = random_.one_in(4) ? random_.between(2, 3) : 1,
                  .origin = random_.one_in(3) ? 0 : 1 + random_.below(3)};
    redeem.cash = {offer.cash * redeem.quantity};
    if (random_.one_in(40)) redeem.cash.value += 1;
    if (redeem.cash > Money{}) {
        const bool is_old = cash_names_ > 0 && random_.one_in(20);
        redeem.order = short_text<64>(
            fmt::format("cash {}", is_old ? 1 + random_.below(cash_names_) : ++cash_names_));
    }
    op.command.body = redeem;
}

void Workload::fill_reveal(Op& op) {
    const KnownVoucher* voucher = draw_voucher(false);
    Reveal reveal{.voucher = {.offer = 11, .unit = 0, .ticket = 1, .home = 1}};
    if (voucher != nullptr) {
        reveal.voucher = voucher->number;
        op.command.head.program = voucher->program;
        if (!random_.one_in(20)) op.command.head.member = voucher->member;
    }
    op.command.body = reveal;
}

// One of three that are in use; now and then one that somebody wants back.
std::uint32_t Workload::draw_batch(ProgramId program) {
    const std::set<std::uint32_t>& gone = wanted_back_[program];
    if (!gone.empty() && random_.one_in(12)) return *gone.rbegin();
    std::uint64_t skip = random_.below(3);
    std::uint32_t batch = 1;
    for (; skip > 0 || gone.contains(batch); ++batch)
        if (!gone.contains(batch)) --skip;
    return batch;
}

// A batch that may have codes; now and then one that was wanted back before, or one that there is
// not.
void Workload::fill_recall(Op& op) {
    CommandHead& head = op.command.head;
    std::uint32_t offer = offer_id(head.program, place_with_codes);
    std::set<std::uint32_t>& gone = wanted_back_[head.program];
    std::uint32_t batch = draw_batch(head.program);
    if (!gone.empty() && random_.one_in(6)) {
        auto old = gone.begin();
        std::advance(old, random_.below(gone.size()));
        batch = *old;
    } else if (random_.one_in(15)) {
        batch = 1000;
    } else if (random_.one_in(30)) {
        offer = offer_id(head.program, 0);
    } else {
        gone.insert(batch);
    }
    head.member = {};
    op.command.body = RecallBatch{.offer = offer, .batch = batch, .reason = 7};
}

// Some new codes, now and then one that was imported before, or none at all.
void Workload::fill_import(Op& op, Instant wall) {
    CommandHead& head = op.command.head;
    model::CodeList list{.program = head.program,
                         .offer = offer_id(head.program, place_with_codes),
                         .batch = draw_batch(head.program),
                         .lines = {}};
    std::string text;
    for (std::uint64_t lines = 1 + random_.below(5); lines > 0; --lines) {
        model::CodeLine line;
        const bool is_old = code_names_ > 0 && random_.one_in(6);
        line.code =
            fmt::format("CARD{:04}", is_old ? 1 + random_.below(code_names_) : ++code_names_);
        if (random_.one_in(12)) line.code = "no";
        text += line.code;
        if (random_.one_in(4)) {
            const auto second =
                static_cast<std::time_t>((wall + hours(random_.between(1, 40))).ns / 1'000'000'000);
            line.expires_at = Instant{second * std::int64_t{1'000'000'000}};
            note_instant(line.expires_at);
            text += fmt::format(",{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(second));
        }
        text += '\n';
        list.lines.push_back(line);
    }
    head.member = {};
    op.payload = payload_of(text);
    op.command.body =
        ImportCodes{.payload = op.payload.get(), .offer = list.offer, .batch = list.batch};
    op.codes = std::make_shared<const model::CodeList>(std::move(list));
}

}  // namespace suanpan::sim
