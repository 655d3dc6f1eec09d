#include "tests/sim/offer_facts.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace suanpan::sim {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::string text_of(Instant instant) {
    const auto second = static_cast<std::time_t>(instant.ns / second_ns);
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(second));
}

Instant whole_second(Instant instant) {
    return Instant{instant.ns / second_ns * second_ns};
}

// What its vouchers can do, from their issue on.
model::VoucherTerms draw_terms(Random& random) {
    model::VoucherTerms terms;
    if (random.one_in(3))
        terms.amount = random.between(10, 200);
    else
        terms.uses = random.one_in(2) ? 1 : random.between(2, 4);
    if (random.one_in(2)) terms.merchant = static_cast<std::uint32_t>(random.between(1, 2));
    if (terms.merchant != 0 && random.one_in(2)) terms.stores = {1, 3};
    if (!random.one_in(3)) {
        terms.undo_within_seconds = random.one_in(2) ? 3600 : random.between(1, 30);
        terms.undo_max = random.between(0, 2);
    }
    return terms;
}

// Whether it costs cash, and how long that may take.
void redraw_price(Random& random, model::OfferSpec& offer) {
    offer.points = random.between(1, 3);
    offer.cash = 0;
    if (!random.one_in(3)) return;
    offer.cash = random.between(1, 20);
    if (random.one_in(3)) offer.points = 0;
    offer.pay_within_seconds = random.one_in(4) ? random.between(1, 90) : random.between(1, 9);
    offer.late_payment = random.one_in(3) ? LatePayment::auto_refund : LatePayment::reacquire;
    offer.share_percent = random.one_in(4) ? random.between(1, 60) : 100;
    offer.per_member = random.one_in(4) ? random.between(1, 4) : 10;
    offer.per_origin = random.one_in(4) ? random.between(1, 6) : -1;
}

// Everything about an offer that may change, but its version.
void redraw(Random& random, model::OfferSpec& offer, Instant wall) {
    if (!offer.has_codes)
        offer.stock = std::max<std::int64_t>(1, offer.stock + random.between(-2, 5));
    redraw_price(random, offer);
    offer.voucher = draw_terms(random);
    offer.stopped = random.one_in(8);
    offer.per_order = random.between(1, 3);
    offer.per_day = random.one_in(4) ? random.between(offer.per_order, 6) : -1;
    offer.ever =
        random.one_in(4) ? random.between(std::max(offer.per_order, offer.per_day), 9) : -1;
    offer.valid_days = random.one_in(3) ? random.between(1, 2) : -1;
    offer.valid_until =
        random.one_in(8) ? whole_second(wall + hours(random.between(10, 90))) : instant_never;
    const bool is_for_some = offer.id % 10 == offers_per_program;
    offer.start = is_for_some && random.one_in(3)
                      ? whole_second(wall + seconds(random.between(-60, 600)))
                      : Instant{1'798'761'600 * second_ns};
    offer.end =
        is_for_some && random.one_in(3)
            ? std::max(whole_second(wall + hours(random.between(1, 40))), offer.start + seconds(1))
            : instant_never;
    offer.levels.clear();
    if (is_for_some && random.one_in(2)) offer.levels = {0, 2, 3, 5, 8};
}

void redraw_velocity(Random& random, OfferFacts& facts) {
    const auto draw = [&random] {
        return random.one_in(5) ? static_cast<std::uint32_t>(random.between(2, 6)) : 0U;
    };
    facts.member_velocity = draw();
    facts.origin_velocity = draw();
    facts.show_velocity = draw();
    facts.verify_velocity = draw();
}

std::string reservations_text_of(const model::OfferSpec& offer) {
    if (offer.cash == 0) return {};
    std::string text = fmt::format(
        "[offer.reservations]\nshare_percent = {}\nper_member = {}\npay_within_seconds = {}\n"
        "late_payment = \"{}\"\n",
        offer.share_percent, offer.per_member, offer.pay_within_seconds,
        offer.late_payment == LatePayment::reacquire ? "reacquire" : "auto_refund");
    if (offer.per_origin >= 0) text += fmt::format("per_origin = {}\n", offer.per_origin);
    return text;
}

std::string terms_text_of(const model::VoucherTerms& terms) {
    std::string text = terms.amount > 0 ? fmt::format("amount = {}\n", terms.amount)
                                        : fmt::format("uses = {}\n", terms.uses);
    if (terms.merchant != 0) text += fmt::format("merchant = {}\n", terms.merchant);
    if (!terms.stores.empty())
        text += fmt::format("stores = [{}]\n", fmt::join(terms.stores, ", "));
    if (terms.undo_within_seconds > 0)
        text += fmt::format("undo_within_seconds = {}\nundo_max = {}\n", terms.undo_within_seconds,
                            terms.undo_max);
    return text;
}

}  // namespace

OfferFacts first_offers(Random& random, ProgramId program, Instant wall, bool sells_codes) {
    OfferFacts facts;
    facts.file = {.program = program, .version = 1, .offers = {}};
    for (std::uint32_t place = 0; place < offers_per_program; ++place) {
        const bool has_codes = place == place_with_codes;
        if (has_codes && !sells_codes) continue;
        model::OfferSpec offer;
        offer.id = offer_id(program, place);
        offer.has_codes = has_codes;
        offer.stock = has_codes          ? 0
                      : random.one_in(2) ? random.between(1, 6)
                                         : random.between(10, 50);
        redraw(random, offer, wall);
        offer.stopped = false;
        facts.file.offers.push_back(offer);
    }
    return facts;
}

OfferFacts next_offers(Random& random, const OfferFacts& before, Instant wall) {
    OfferFacts facts = before;
    ++facts.file.version;
    for (std::uint64_t changes = 1 + random.below(2); changes > 0; --changes) {
        const std::size_t place = random.below(facts.file.offers.size());
        model::OfferSpec& offer = facts.file.offers[place];
        redraw(random, offer, wall);
        offer.version = before.file.offers[place].version + 1;
    }
    if (random.one_in(3)) redraw_velocity(random, facts);
    return facts;
}

std::string text_of(const OfferFacts& facts) {
    std::string text;
    for (const model::OfferSpec& offer : facts.file.offers) {
        text += fmt::format(
            "[[offer]]\nid = {}\nversion = {}\nprogram = {}\nname = \"card\"\nkind = \"{}\"\n"
            "points = {}\nstart = {}\n",
            offer.id, offer.version, static_cast<std::uint32_t>(facts.file.program),
            offer.has_codes ? "code_backed" : "counted", offer.points, text_of(offer.start));
        if (!offer.has_codes) text += fmt::format("stock = {}\n", offer.stock);
        if (offer.cash > 0) text += fmt::format("cash = {}\n", offer.cash);
        if (offer.stopped) text += "stopped = true\n";
        if (offer.end != instant_never) text += fmt::format("end = {}\n", text_of(offer.end));
        if (!offer.levels.empty())
            text += fmt::format("[offer.audience]\nlevels = [{}]\n", fmt::join(offer.levels, ", "));
        text += fmt::format("[offer.limits]\nper_order = {}\n", offer.per_order);
        if (offer.per_day >= 0) text += fmt::format("per_day = {}\n", offer.per_day);
        if (offer.ever >= 0) text += fmt::format("ever = {}\n", offer.ever);
        text += reservations_text_of(offer);
        text += "[offer.voucher]\n";
        if (offer.valid_days >= 0) text += fmt::format("valid_days = {}\n", offer.valid_days);
        if (offer.valid_until != instant_never)
            text += fmt::format("valid_until = {}\n", text_of(offer.valid_until));
        text += terms_text_of(offer.voucher);
    }
    const auto velocity = [&text](int id, const char* per, const char* kind, std::uint32_t count) {
        if (count == 0) return;
        text += fmt::format(
            "[[velocity]]\nid = {}\nper = \"{}\"\nkind = \"{}\"\ncount = {}\n"
            "window_seconds = 10\n",
            id, per, kind, count);
    };
    velocity(1, "member", "redeem", facts.member_velocity);
    velocity(2, "origin", "redeem", facts.origin_velocity);
    velocity(3, "member", "query", facts.show_velocity);
    velocity(4, "origin", "verify", facts.verify_velocity);
    return text;
}

}  // namespace suanpan::sim
