// What a code costs: taking and issuing one, sealing and opening it, verifying its voucher, asking
// velocity rules; and the memory of a pool.
#include "bench/micro/resident.h"
#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "server/cards/card_code.h"
#include "server/cards/code_pool.h"
#include "server/cards/code_seal.h"
#include "server/cards/stock.h"
#include "server/cards/velocity_window.h"
#include "server/cards/voucher_command.h"
#include "server/cards/voucher_format.h"
#include "server/cards/voucher_token.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace suanpan::bench {
namespace {

using namespace cards;

constexpr Instant now{1'800'000'000'000'000'000};
constexpr BatchId batch{1};
constexpr MemberId member{.high = 1, .low = 2};

CodeKey key_of(std::uint64_t number) {
    const std::array<std::uint64_t, 2> words{number, ~number};
    const Hash128 hash = xxh3_128(std::as_bytes(std::span(words)), 5);
    return {.high = hash.high, .low = hash.low};
}
std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::unique_ptr<CodePool> pool_of(std::uint64_t codes, IssueOrder order) {
    auto pool = std::make_unique<CodePool>(order);
    pool->open_batch(batch);
    for (std::uint64_t i = 0; i < codes; ++i) {
        // Expiries in no order, as many batches together have them.
        const auto expires_at = now + days(1 + static_cast<std::int64_t>(key_of(i).low % 400));
        SUANPAN_ASSERT(pool->add(batch, key_of(i), {.lsn = Lsn{i}, .index = 0}, expires_at));
    }
    return pool;
}

Offer offer() {
    Offer offer;
    offer.id = OfferId{1};
    offer.program = ProgramId{1};
    offer.kind = StockKind::code_backed;
    offer.points = Points{100};
    offer.voucher.uses = 100;
    offer.voucher.undo_within = hours(1);
    return offer;
}

// Stock, code and voucher of one redemption; when the pool is empty the next one is taken.
void TakeAndIssue(benchmark::State& state) {
    const auto codes = static_cast<std::uint64_t>(state.range(0));
    const auto order = static_cast<IssueOrder>(state.range(1));
    const Offer sold = offer();
    std::unique_ptr<CodePool> pool = pool_of(codes, order);
    auto stock = std::make_unique<Stock>(static_cast<std::int64_t>(codes), sold.reservations);
    std::vector<CodeRef> taken;
    std::uint64_t lsn = 0;
    for (auto _ : state) {
        if (stock->free() == 0) {
            state.PauseTiming();
            pool = pool_of(codes, order);
            stock = std::make_unique<Stock>(static_cast<std::int64_t>(codes), sold.reservations);
            state.ResumeTiming();
        }
        const StockAnswer answer = stock->take({.quantity = 1, .member = member}, now);
        SUANPAN_ASSERT(answer.kind == StockAnswer::Kind::taken);
        taken.clear();
        SUANPAN_ASSERT(pool->take(1, now, taken));
        pool->issue(taken.front());
        const PooledCode code = pool->code(taken.front());
        benchmark::DoNotOptimize(issue_voucher(sold,
                                               {.id = {sold.id, 0, answer.ticket},
                                                .buyer = member,
                                                .code = code.key,
                                                .locator = code.locator,
                                                .batch = code.batch,
                                                .code_expires_at = code.expires_at},
                                               now));
        stock->staged(answer.ticket, Lsn{++lsn});
        if (lsn % 64 == 0) stock->durable(Lsn{lsn});
        if (stock->free() == 0) stock->durable(Lsn{lsn});
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(TakeAndIssue)
    ->Args({1'000'000, static_cast<int>(IssueOrder::oldest_first)})
    ->Args({1'000'000, static_cast<int>(IssueOrder::soonest_expiry_first)});

// From the code that a shop types to the next voucher's bytes.
void VerifyByCode(benchmark::State& state) {
    const CodeHasher hasher(bytes_of("secret"), ProgramId{1});
    const auto normal = normalise_code("ABCD-EFGH-1234-5678", CodeForm::folded);
    const Voucher voucher = issue_voucher(
        offer(),
        {.id = {OfferId{1}, 0, Ticket{1}}, .buyer = member, .code = hasher.key_of(*normal)}, now);
    std::vector<std::byte> bytes;
    std::uint64_t reference = 0;
    for (auto _ : state) {
        const auto typed = normalise_code("abcd-efgh-1234-5678", CodeForm::folded);
        const auto answer = decide(voucher,
                                   VerifyVoucher{.partner = PartnerId{1},
                                                 .reference = {.high = ++reference, .low = 0},
                                                 .proof = hasher.key_of(*typed)},
                                   now);
        SUANPAN_ASSERT(answer.has_value());
        bytes.clear();
        put_voucher(bytes, *answer->next);
        benchmark::DoNotOptimize(bytes.data());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(VerifyByCode);

void VerifyByToken(benchmark::State& state) {
    const VoucherTokens tokens(bytes_of("secret"));
    const Voucher issued =
        issue_voucher(offer(), {.id = {OfferId{1}, 0, Ticket{1}}, .buyer = member}, now);
    const Voucher shown = *decide(issued, ShowVoucher{.member = member}, now)->next;
    const VoucherToken token = tokens.token_of(shown);
    std::uint64_t reference = 0;
    for (auto _ : state) {
        const auto opened = tokens.open(token);
        SUANPAN_ASSERT(opened.has_value());
        const auto answer = decide(shown,
                                   VerifyVoucher{.partner = PartnerId{1},
                                                 .reference = {.high = ++reference, .low = 0},
                                                 .proof = *opened},
                                   now);
        SUANPAN_ASSERT(answer.has_value());
        benchmark::DoNotOptimize(answer);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(VerifyByToken);

// Hash and seal: what an import does to each line beside reading it.
void HashAndSeal(benchmark::State& state) {
    const auto masters = MasterKeys::parse("suanpan master keys 1\n1 " + std::string(64, 'a'));
    WrappedKey wrapped{};
    CodeSeal seal = CodeSeal::make(*masters, {.batch = batch}, wrapped);
    const CodeHasher hasher(bytes_of("secret"), ProgramId{1});
    const ClearCode code("ABCDEFGH12345678");
    std::vector<std::byte> sealed;
    std::uint32_t index = 0;
    for (auto _ : state) {
        sealed.clear();
        benchmark::DoNotOptimize(hasher.key_of(code));
        seal.seal(index++, code, sealed);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(HashAndSeal);

void Unseal(benchmark::State& state) {
    const auto masters = MasterKeys::parse("suanpan master keys 1\n1 " + std::string(64, 'a'));
    WrappedKey wrapped{};
    CodeSeal seal = CodeSeal::make(*masters, {.batch = batch}, wrapped);
    std::vector<std::byte> sealed;
    seal.seal(7, ClearCode("ABCDEFGH12345678"), sealed);
    for (auto _ : state) {
        const auto code = seal.unseal(7, sealed);
        SUANPAN_ASSERT(code.has_value());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Unseal);

// A million members under a rule by member and one by origin.
void CountVelocity(benchmark::State& state) {
    VelocityWindow window({{.id = VelocityRuleId{1}, .count = 5, .window = seconds(10)},
                           {.id = VelocityRuleId{2},
                            .scope = VelocityScope::origin,
                            .count = 50,
                            .window = seconds(60)}});
    std::uint64_t number = 0;
    for (auto _ : state) {
        const std::uint64_t mixed = key_of(number).low;
        benchmark::DoNotOptimize(
            window.count({.kind = VelocityKind::redeem,
                          .member = {.high = mixed % 1'000'000, .low = 1},
                          .origin = OriginKey{1 + mixed % 50'000}},
                         now + microseconds(10 * static_cast<std::int64_t>(number))));
        ++number;
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["subjects"] = static_cast<double>(window.subjects());
}
BENCHMARK(CountVelocity);

// Bytes per code: goal <= 64.
void MemoryOfCodes(benchmark::State& state) {
    const auto codes = static_cast<std::uint64_t>(state.range(0));
    const std::size_t before = resident_bytes();
    for (auto _ : state) {
        const auto pool = pool_of(codes, IssueOrder::soonest_expiry_first);
        const auto count = static_cast<double>(codes);
        state.counters["bytes_per_code"] = static_cast<double>(pool->bytes()) / count;
        state.counters["resident_per_code"] =
            static_cast<double>(resident_bytes() - before) / count;
    }
}
BENCHMARK(MemoryOfCodes)
    ->Arg(1'000'000)
    ->Arg(1'300'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace suanpan::bench
