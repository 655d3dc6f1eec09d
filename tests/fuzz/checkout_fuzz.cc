// rules_put: whatever the text is, Checkout::load() says what is wrong with it or makes a rule
// book; what it has made prices an order, and the quote, settled at once, takes exactly its
// numbers.
//
// Input: six bytes that choose prices and points, then the text of a rule file; a head is put
// before it, so that the fuzzer need not find one, unless it begins with '#'.
#include "protocol/base/assert.h"
#include "server/shard/checkout.h"
#include "tests/fuzz/input.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace suanpan::fuzz {
namespace {

constexpr ProgramId program{1};
constexpr PartnerId partner{3};
constexpr MemberId member{.high = 1, .low = 2};
constexpr Instant now{1'800'000'000'000'000'000};
constexpr std::string_view head =
    "program = 1\nversion = 1\nauthor = \"f\"\neffective_from = 2026-01-01T00:00:00Z\n";

template <std::size_t N>
ShortText<N> short_text(std::string_view text) {
    ShortText<N> out;
    std::ranges::copy(text, out.bytes.begin());
    return out;
}

class Shop {
public:
    Shop() {
        ProgramSpec spec;
        spec.id = program;
        spec.version = 1;
        spec.name = short_text<48>("Shop");
        spec.currency = short_text<8>("CNY");
        spec.time_zone = short_text<40>("Asia/Shanghai");
        ledger_.install(spec);
    }

    // Null: refused, and the message says why.
    bool load(std::string_view text) {
        const auto bytes = std::as_bytes(std::span(text));
        payload_.text.assign(bytes.begin(), bytes.end());
        PutRules put{.payload = &payload_};
        const shard::Checkout::Loaded loaded = checkout_.load(put, program, now);
        SUANPAN_ASSERT((loaded.book == nullptr) == !loaded.message.empty());
        if (loaded.book == nullptr) {
            SUANPAN_ASSERT(loaded.message.ends_with('\n'));
            return false;
        }
        SUANPAN_ASSERT(!checkout_.notice_ends(*loaded.book, now));  // there is none before it
        put.version = loaded.book->spec().version;
        put.effective_from = loaded.book->spec().effective_from;
        if (!run(put, CommandKind::rules_put)) return false;
        // The same rules again are nobody's loss.
        SUANPAN_ASSERT(!checkout_.notice_ends(*loaded.book, now));
        return true;
    }

    void earn(std::int64_t points, std::uint16_t restriction) {
        Earn earn{.amount = {points}};
        earn.restriction = Restriction{restriction};
        SUANPAN_ASSERT(run(earn, CommandKind::earn));
    }

    void buy(const std::array<std::int64_t, 3>& prices) {
        CommandPayload asked;
        for (std::size_t i = 0; i < prices.size(); ++i)
            asked.order.lines.push_back({.product = i + 1,
                                         .unit_price = {prices[i]},
                                         .quantity = 1 + static_cast<std::int64_t>(i),
                                         .category = 1});
        const QuoteAnswer quote =
            checkout_.quote(command_of(AskQuote{.payload = &asked}, CommandKind::quote), now);
        if (quote.outcome.code != Code::ok) return;
        SUANPAN_ASSERT(quote.discounts + quote.coupons + quote.value + quote.cash ==
                       quote.list);  // INV-8
        const auto terms = checkout_.open_token(quote.token, now);
        SUANPAN_ASSERT(terms.has_value() && terms->points == quote.points);
        const Settle settle{.payload = nullptr, .terms = &*terms, .order = short_text<64>("A")};
        SUANPAN_ASSERT(run(settle, CommandKind::settle));
        SUANPAN_ASSERT(entry_.amount == quote.points);
        if (quote.cash > Money{})
            SUANPAN_ASSERT(run(ConfirmOrder{.order = short_text<64>("A"),
                                            .payment = short_text<64>("p"),
                                            .amount = quote.cash,
                                            .currency = short_text<8>("CNY")},
                               CommandKind::confirm));
        if (quote.payable == Money{}) return;
        SUANPAN_ASSERT(run(RefundOrder{.payload = nullptr, .order = short_text<64>("A")},
                           CommandKind::refund_order));
        SUANPAN_ASSERT(entry_.amount == quote.points);       // INV-6
        SUANPAN_ASSERT(Money{entry_.detail} == quote.cash);  // INV-6
    }

private:
    Command command_of(const CommandBody& body, CommandKind kind) {
        Command command;
        command.head = {
            .kind = kind,
            .partner = partner,
            .program = program,
            .request_id = {.high = static_cast<std::uint64_t>(now.unix_ms()) << 16U, .low = ++ids_},
            .member = member};
        command.body = body;
        return command;
    }
    bool run(const CommandBody& body, CommandKind kind) {
        const Command command = command_of(body, kind);
        if (!ledger_.decide(command, now, nullptr, entry_).accepted()) return false;
        const ledger::AccountRef ref = ledger_.apply(entry_);
        if (ref != ledger::no_account) ledger_.exchange_last_lsn(ref, Lsn{++lsn_});
        SUANPAN_ASSERT(!ledger_.check_invariants(now).has_value());
        return true;
    }

    ledger::Ledger ledger_{{.seed = 7}};
    shard::Checkout checkout_{ledger_, shard::QuoteSeal{Sha256{}}, 1};
    CommandPayload payload_;
    ledger::Entry entry_;
    std::uint64_t ids_ = 0;
    std::uint64_t lsn_ = 0;
};

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    std::array<std::int64_t, 3> prices{};
    for (std::int64_t& price : prices) price = input.take<std::uint8_t>() * 37;
    const std::int64_t plain = 1 + input.take<std::uint8_t>() * 5;
    const std::int64_t restricted = 1 + input.take<std::uint8_t>() * 5;
    const auto restriction = static_cast<std::uint16_t>(1 + input.take<std::uint8_t>() % 3);
    std::string text(fuzz::text_of(input.take_rest()));
    if (!text.starts_with('#')) text = std::string(fuzz::head) + text;
    fuzz::Shop shop;
    shop.earn(plain, 0);
    shop.earn(restricted, restriction);
    if (shop.load(text)) shop.buy(prices);
    return 0;
}
