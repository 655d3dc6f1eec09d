#include "tests/scenario/wire_world.h"

#include "protocol/base/byte_io.h"
#include "protocol/frame.h"
#include "server/cards/voucher_format.h"
#include "tests/scenario/story.h"
#include "tests/support/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <utility>

namespace suanpan::testing {
namespace {

std::string partners_file() {
    std::string text;
    for (const unsigned id : {1U, 2U})
        text += fmt::format(
            "[[partner]]\nid = {0}\nname = \"partner {0}\"\nkey = \"{1}\"\nkinds = \"all\"\n"
            "programs = \"all\"\n",
            id, fmt::format("{:02x}", id).append(62, '0'));
    return text;
}

template <typename T>
T sound(std::expected<T, Code>&& decoded) {
    if (!decoded) throw std::runtime_error("an answer is malformed");
    return *std::move(decoded);
}

// Takes the answer of a kind of its own apart.
template <typename T>
void take(std::expected<T, Code>&& decoded, std::optional<T>& part, Outcome& outcome) {
    part = sound(std::move(decoded));
    outcome = part->outcome;
}

}  // namespace

// A partner's side of its session.
struct WireWorld::Partner {
    net::Session session;
    PartnerId id{};
    std::uint64_t correlation = 0;

    Partner(net::SessionEnvironment& environment, PartnerId partner)
        : session(environment, {}), id(partner) {
        const auto challenge = sound(decode_challenge(take_frame().body));
        HelloRequest hello;
        hello.partner = id;
        std::vector<std::byte> key(32);
        key[0] = static_cast<std::byte>(id);
        hello.mac = compute_mac(key, challenge, hello.nonce, id);
        hello.client = "story";
        std::vector<std::byte> bytes;
        encode_hello(bytes, {.kind = static_cast<std::uint16_t>(CommandKind::hello)}, hello);
        give(bytes);
        if (sound(decode_greeting(take_frame().body)).outcome.code != Code::ok)
            throw std::runtime_error("a good hello was refused");
    }

    void give(std::span<const std::byte> bytes) {
        if (session.receive(bytes) != bytes.size())
            throw std::runtime_error("the session left a part of a frame");
    }

    // What the session has to send: one frame, whose bytes stay in `output`.
    Frame take_frame() {
        output = std::exchange(session.output(), {});
        const FrameDecoder::Step step = FrameDecoder().next(output);
        if (step.error != Code::ok || step.consumed != output.size())
            throw std::runtime_error("the session did not send one frame");
        return step.frame;
    }
    std::vector<std::byte> output;
};

WireWorld::WireWorld(std::uint16_t shards)
    : world_(shards, {}, story_start()),
      directory_(folder_.write("partners.toml", partners_file())),
      environment_{.port = *this,
                   .partners = PartnerView(directory_),
                   .clock = world_.clock,
                   .metrics = metrics_,
                   .greeting = {},
                   .body_hash_key = 7} {}

WireWorld::~WireWorld() = default;

WireWorld::Partner& WireWorld::partner(PartnerId id) {
    auto& partner = partners_[id];
    if (partner == nullptr) partner = std::make_unique<Partner>(environment_, id);
    return *partner;
}

std::int64_t WireWorld::request_floor_ms() const {
    return world_.floor_ms();
}

void WireWorld::submit(const Command& command, const shard::ReplyTo& to) {
    shard::Reply reply = world_.ask_for_reply(command);
    reply.to = to;
    asking_->complete(std::move(reply));
}

void WireWorld::advance(Instant now) {
    if (now > world_.clock.now()) world_.clock.pass(now - world_.clock.now());
    world_.settle();  // what is due may be posted
}

WireAnswer WireWorld::ask(const Command& command, Instant now) {
    advance(now);
    const LedgerWorld::Digest before = digest();
    Partner& from = partner(command.head.partner);
    asking_ = &from.session;
    std::vector<std::byte> bytes;
    const FrameHeader header{.kind = static_cast<std::uint16_t>(command.head.kind),
                             .correlation_id = ++from.correlation};
    encode_requests(bytes, header, {&command, 1});
    from.give(bytes);
    const Frame frame = from.take_frame();
    if (frame.header.correlation_id != from.correlation)
        throw std::runtime_error("an answer to another request");

    WireAnswer answer;
    switch (command.head.kind) {
        case CommandKind::quote:
            take(decode_quote(frame.body), answer.quote, answer.outcome);
            break;
        case CommandKind::order:
            take(decode_order(frame.body), answer.order, answer.outcome);
            break;
        case CommandKind::terms:
            take(decode_terms(frame.body), answer.terms, answer.outcome);
            break;
        case CommandKind::redeem:
            take(decode_redeem(frame.body), answer.redeemed, answer.outcome);
            break;
        case CommandKind::reveal:
            take(decode_reveal(frame.body), answer.revealed, answer.outcome);
            break;
        case CommandKind::show:
            take(decode_show(frame.body), answer.shown, answer.outcome);
            break;
        case CommandKind::verify:
        case CommandKind::undo_verify:
            take(decode_verify(frame.body), answer.verified, answer.outcome);
            break;
        case CommandKind::offers:
            take(decode_offers(frame.body), answer.offers, answer.outcome);
            break;
        case CommandKind::vouchers:
            take(decode_vouchers(frame.body), answer.vouchers, answer.outcome);
            break;
        case CommandKind::codes_import:
            take(decode_codes(frame.body), answer.codes, answer.outcome);
            break;
        case CommandKind::recall:
            take(decode_recall(frame.body), answer.recalled, answer.outcome);
            break;
        case CommandKind::rules_put:
        case CommandKind::offers_put: {
            const RulesAnswer put = sound(decode_rules(frame.body));
            answer.outcome = put.outcome;
            answer.message = put.message;
            break;
        }
        default: {
            std::vector<Outcome> results;
            if (!decode_results(frame.body, results) || results.size() != 1)
                throw std::runtime_error("an answer is malformed");
            answer.outcome = results.front();
        }
    }
    const bool may_change = answer.outcome.code == Code::ok && !is_read(command.head.kind);
    if (!may_change && digest() != before)
        changed_by_refusal_ = "INV-13: a refused request, or a read, has changed something";
    return answer;
}

Outcome WireWorld::balance(const MemberId& member, ProgramId program, Instant now) {
    return ask({.head = {.kind = CommandKind::balance,
                         .partner = PartnerId{1},
                         .program = program,
                         .member = member},
                .body = ReadBalance{}},
               now)
        .outcome;
}

Expiring WireWorld::expiring(const MemberId& member, ProgramId program, Duration within,
                             Instant now) {
    advance(now);
    for (const ledger::Ledger* ledger : ledgers()) {
        Expiring expiring = ledger->expiring(member, program, within, now);
        if (!expiring.rows.empty()) return expiring;
    }
    return {};
}

SubjectTotals WireWorld::totals(ProgramId program, Instant now) {
    advance(now);
    ledger::Totals sum;
    for (const ledger::Ledger* ledger : ledgers()) sum.add(ledger->effective_totals(program, now));
    const auto narrow = [](ledger::WideSum wide) { return static_cast<std::int64_t>(wide); };
    return {.issued = narrow(sum.issued),
            .available = narrow(sum.available),
            .held = narrow(sum.held),
            .pending = narrow(sum.pending),
            .spent = narrow(sum.spent),
            .expired = narrow(sum.expired),
            .revoked = narrow(sum.revoked)};
}

std::string WireWorld::broken_invariant(Instant now) {
    if (!changed_by_refusal_.empty()) return changed_by_refusal_;
    if (std::string broken = broken_offer(); !broken.empty()) return broken;
    return testing::broken_invariant(ledgers(), now);
}

// INV-9: of each offer as many vouchers as units are issued, none twice, no code twice, and its
// codes where its units are; what is given out and what is free are its stock.
std::string WireWorld::broken_offer() {
    ledger::CounterMap sum;
    std::map<ledger::CounterKey, std::int64_t> vouchers;
    std::map<ledger::CounterKey, std::uint64_t> with_code;
    std::set<VoucherNumber> numbers;
    std::set<std::pair<std::uint64_t, std::uint64_t>> keys;
    for (const ledger::Ledger* ledger : ledgers()) {
        ledger->add_counters_to(sum);
        for (std::uint32_t i = 0; i < ledger->account_count(); ++i)
            for (const auto& held : ledger->account(ledger::AccountRef{i}).vouchers()) {
                ByteReader from(held->bytes);
                const auto voucher = cards::get_voucher(from);
                if (!voucher) return "a voucher cannot be read";
                const ledger::CounterKey key{.program = voucher->program,
                                             .kind = ledger::CounterKind::offer_stock,
                                             .id = held->number.offer};
                ++vouchers[key];
                if (!numbers.insert(held->number).second) return "INV-9: a voucher is there twice";
                if (!voucher->has_code()) continue;
                ++with_code[key];
                if (!keys.emplace(voucher->code.high, voucher->code.low).second)
                    return "INV-9: a code was issued twice";
            }
    }
    for (const auto& [key, counted] : sum) {
        if (key.kind != ledger::CounterKind::offer_stock) continue;
        const auto wrong = [&](std::string_view what) {
            return fmt::format("INV-9: offer {}: {} issued, {} set aside: {}", key.id,
                               counted.issued, counted.reserved, what);
        };
        if (counted.issued < 0 || counted.reserved < 0) return wrong("below zero");
        if (counted.issued != vouchers[key])
            return wrong(fmt::format("there are {} vouchers", vouchers[key]));
        const OfferUnits known = units(key.program, key.id);
        if (known.free < 0) return wrong("more than the stock");
        if (known.given != counted.given()) return wrong("the owner of the stock knows otherwise");
        const auto pooled = codes(key.id);
        if (!pooled) continue;
        if (!pooled->is_whole()) return wrong("its codes do not add up");
        if (pooled->of(cards::CodeState::issued) != with_code[key])
            return wrong("other codes are issued");
        if (pooled->of(cards::CodeState::set_aside) != static_cast<std::uint64_t>(counted.reserved))
            return wrong("other codes are set aside");
    }
    return {};
}

OfferUnits WireWorld::units(ProgramId program, std::uint32_t offer) {
    const ledger::CounterKey key{
        .program = program, .kind = ledger::CounterKind::offer_stock, .id = offer};
    ledger::CounterMap sum;
    std::map<ledger::CounterKey, ledger::TicketSpan> tickets;
    for (const ledger::Ledger* ledger : ledgers()) {
        ledger->add_counters_to(sum);
        ledger->add_tickets_to(tickets);
    }
    OfferUnits units{.issued = sum[key].issued,
                     .set_aside = sum[key].reserved,
                     .given = 0,
                     .free = 0,
                     .tickets = static_cast<std::int64_t>(tickets[key].last())};
    for (std::size_t i = 0; i < world_.shard_count(); ++i) {
        const shard::StockTable& stocks = world_.shard(i).stocks();
        units.given += stocks.given(key);
        units.free += stocks.total(key) - stocks.given(key);
    }
    return units;
}

std::optional<cards::CodeCounts> WireWorld::codes(std::uint32_t offer) {
    for (std::size_t i = 0; i < world_.shard_count(); ++i)
        if (const cards::CodePool* pool = world_.shard(i).pools().find(offer))
            return pool->counts();
    return std::nullopt;
}

std::vector<const ledger::Ledger*> WireWorld::ledgers() {
    std::vector<const ledger::Ledger*> all;
    for (std::size_t i = 0; i < world_.shard_count(); ++i) all.push_back(&world_.shard(i).ledger());
    return all;
}

LedgerWorld::Digest WireWorld::digest() {
    LedgerWorld::Digest digest;
    ledger::HouseMap house;
    for (const ledger::Ledger* ledger : ledgers()) {
        digest.accounts.add(ledger->state_hash());
        ledger->add_house_to(house);
    }
    digest.programs = ledgers().front()->hash_of_programs();
    digest.house = ledger::Ledger::hash_of_house(house);
    return digest;
}

void WireWorld::restart(std::uint16_t shards) {
    world_.restart(shards);
}

}  // namespace suanpan::testing
