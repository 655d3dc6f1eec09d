#include "tests/unit/shard/till.h"

#include "server/ledger/entry_format.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace suanpan::shard {
namespace {

constexpr ProgramId program{1};
constexpr PartnerId partner{3};
constexpr MemberId member{.high = 1, .low = 0xa11ce};

template <std::size_t N>
ShortText<N> short_text(std::string_view text) {
    ShortText<N> out;
    std::ranges::copy(text, out.bytes.begin());
    return out;
}

std::vector<std::byte> rule_file(std::string_view rules, std::uint32_t version) {
    const std::string text = "program = 1\nversion = " + std::to_string(version) +
                             "\nauthor = \"ops\"\neffective_from = 2027-01-01T00:00:00Z\n" +
                             std::string(rules);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

}  // namespace

Till::Till(std::string_view rules)
    : ledger({.seed = 42}),
      checkout(ledger, QuoteSeal(Sha256{})),
      now{1'800'000'000'000'000'000} {  // 2027-01-15T08:00:00Z
    ProgramSpec spec;
    spec.id = program;
    spec.version = 1;
    spec.name = short_text<48>("Shop");
    spec.currency = short_text<8>("CNY");
    spec.time_zone = short_text<40>("Asia/Shanghai");
    ledger.install(spec);
    CommandPayload payload;
    payload.text = rule_file(rules, 1);
    const Outcome put = run(PutRules{.payload = &payload, .version = 1, .effective_from = {}},
                            CommandKind::rules_put);
    EXPECT_EQ(put.code, Code::ok);
}

Command Till::command_of(const CommandBody& body, CommandKind kind) {
    Command command;
    command.head = {
        .kind = kind,
        .partner = partner,
        .program = program,
        .request_id = {.high = static_cast<std::uint64_t>(now.unix_ms()) << 16U, .low = next_id_++},
        .member = member};
    command.body = body;
    return command;
}

Outcome Till::run(const CommandBody& body, CommandKind kind) {
    const Command command = command_of(body, kind);
    for (;;) {
        const ledger::Decision decision = ledger.decide(command, now, nullptr, entry_);
        if (decision.verdict == ledger::Decision::Verdict::refused) return decision.refusal(now);
        if (decision.accepted()) break;
        EXPECT_TRUE(ledger.make_expire_entry(member, program, now, entry_));
        commit();
    }
    return commit();
}

Outcome Till::commit() {
    std::vector<std::byte>& bytes = journal_.emplace_back();
    ledger::encode(entry_, bytes);
    const ledger::AccountRef ref = ledger.apply(entry_);
    const Lsn lsn{journal_.size()};
    Lsn before;
    if (ref != ledger::no_account) before = ledger.exchange_last_lsn(ref, lsn);
    ledger::patch_lsn(bytes, lsn, before);
    EXPECT_EQ(ledger.check_invariants(now), std::nullopt);
    return ledger::outcome_of(entry_);
}

void Till::sweep() {
    ledger.sweep(now, 1000, entry_, [this](ledger::Entry&) {
        commit();
        return true;
    });
}

std::int64_t Till::spent() const {
    return static_cast<std::int64_t>(ledger.posted_totals(program).spent);
}

ledger::HashSum Till::replayed() const {
    ledger::Ledger other({.seed = 42});
    other.install(ledger.program(program)->spec());
    ledger::Entry entry;
    for (const std::vector<std::byte>& bytes : journal_) {
        EXPECT_TRUE(ledger::decode(bytes, entry).has_value());
        other.apply(entry);
    }
    return other.state_hash();
}

Outcome Till::earn(std::int64_t points, std::uint16_t restriction, Instant expires_at) {
    return run(Earn{.amount = {points},
                    .active_from = {},
                    .expires_at = expires_at,
                    .restriction = Restriction{restriction}},
               CommandKind::earn);
}

Outcome Till::spend(std::int64_t points) {
    return run(Spend{.amount = {points}, .min_remaining = {}}, CommandKind::spend);
}

QuoteAnswer Till::quote(const std::vector<AskedLine>& lines, std::string_view currency,
                        const std::vector<std::uint32_t>& coupons) {
    CommandPayload payload;
    payload.order.lines = lines;
    payload.order.currency = short_text<8>(currency);
    payload.order.coupons = coupons;
    return checkout.quote(command_of(AskQuote{.payload = &payload}, CommandKind::quote), now);
}

Outcome Till::settle(const QuoteAnswer& quote, std::string_view order) {
    const auto terms = checkout.open_token(quote.token, now);
    if (!terms) return {.code = Code::quote_not_authentic};
    return run(Settle{.payload = nullptr, .terms = &*terms, .order = short_text<64>(order)},
               CommandKind::settle);
}

Outcome Till::confirm(std::string_view order, std::int64_t amount) {
    return run(ConfirmOrder{.order = short_text<64>(order),
                            .payment = short_text<64>("pay"),
                            .amount = {amount},
                            .currency = short_text<8>("CNY")},
               CommandKind::confirm);
}

Outcome Till::refund(std::string_view order, std::int64_t amount) {
    return run(RefundOrder{.payload = nullptr, .order = short_text<64>(order), .amount = {amount}},
               CommandKind::refund_order);
}

Outcome Till::refund_line(std::string_view order, std::uint32_t line, std::int64_t amount) {
    CommandPayload payload;
    payload.refunds = {{.line = line, .amount = {amount}}};
    return run(RefundOrder{.payload = &payload, .order = short_text<64>(order), .amount = {}},
               CommandKind::refund_order);
}

Outcome Till::cancel(std::string_view order) {
    return run(CancelOrder{.order = short_text<64>(order)}, CommandKind::cancel);
}

OrderAnswer Till::order(std::string_view order) {
    return checkout.order(command_of(ReadOrder{.order = short_text<64>(order)}, CommandKind::order),
                          now);
}

TermsAnswer Till::terms(std::uint32_t version) {
    return checkout.terms(command_of(ReadTerms{.version = version}, CommandKind::terms), now);
}

Checkout::Loaded Till::load(std::string_view rules, std::uint32_t version) {
    CommandPayload payload;
    payload.text = rule_file(rules, version);
    return checkout.load(PutRules{.payload = &payload, .version = 0, .effective_from = {}}, program,
                         now);
}

Balances Till::balances() const {
    return ledger.balances(member, program, now).balances;
}

}  // namespace suanpan::shard
