#include "tests/scenario/wire_world.h"

#include "protocol/frame.h"
#include "tests/scenario/story.h"
#include "tests/support/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
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
            answer.quote = sound(decode_quote(frame.body));
            answer.outcome = answer.quote->outcome;
            break;
        case CommandKind::order:
            answer.order = sound(decode_order(frame.body));
            answer.outcome = answer.order->outcome;
            break;
        case CommandKind::terms:
            answer.terms = sound(decode_terms(frame.body));
            answer.outcome = answer.terms->outcome;
            break;
        case CommandKind::rules_put: {
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
    return testing::broken_invariant(ledgers(), now);
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
