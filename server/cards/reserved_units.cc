#include "server/cards/reserved_units.h"

#include "protocol/limits.h"

#include <algorithm>
#include <array>
#include <functional>

namespace suanpan::cards {
namespace {

constexpr std::uint32_t pinned_format = 1;
// A code and what sealing adds to it; more is none of ours.
constexpr std::uint32_t sealed_bytes_max = 256;

struct PinnedBytes {
    std::uint32_t format;
    std::uint32_t offer;
    std::uint32_t version;
    std::uint32_t program;
    std::int64_t valid_for_ns;
    std::int64_t valid_until_ns;
    std::int64_t amount;
    std::int64_t undo_within_ns;
    std::int64_t claim_within_ns;
    std::uint32_t merchant;
    std::uint32_t uses;
    std::uint32_t undo_max;
    std::uint32_t hops_max;
    std::uint32_t kind;
    std::uint32_t store_count;
};
static_assert(sizeof(PinnedBytes) == 80);
static_assert(std::has_unique_object_representations_v<PinnedBytes>);

struct CodeBytes {
    std::array<std::uint64_t, 2> key;
    std::uint64_t lsn;
    std::int64_t expires_at_ns;
    std::uint32_t index;
    std::uint32_t batch;
    std::uint32_t sealed_bytes;
    std::uint32_t zero;
};
static_assert(sizeof(CodeBytes) == 48);
static_assert(std::has_unique_object_representations_v<CodeBytes>);

// As check_offer() lets them be; a voucher that is issued under them is sound.
bool is_sound(const VoucherTerms& terms) {
    const auto is_end = [](Instant at) {
        return at == instant_never || (at >= Instant{0} && at <= instant_max);
    };
    return terms.valid_for > Duration{0} && is_end(terms.valid_until) && terms.amount >= Money{} &&
           terms.amount <= Money{amount_money_max} && terms.uses >= 1 &&
           terms.uses <= limits::voucher_uses_max && terms.undo_within >= Duration{0} &&
           terms.undo_within <= days(365) && terms.undo_max <= limits::voucher_uses_max &&
           terms.hops_max <= limits::voucher_hops_max && terms.claim_within >= Duration{0} &&
           terms.claim_within <= days(30) &&
           std::ranges::adjacent_find(terms.stores, std::ranges::greater_equal{}) ==
               terms.stores.end();
}

}  // namespace

void put_pinned(std::vector<std::byte>& out, const Offer& offer) {
    const VoucherTerms& terms = offer.voucher;
    ByteAppender to(out);
    to.put(PinnedBytes{.format = pinned_format,
                       .offer = static_cast<std::uint32_t>(offer.id),
                       .version = offer.version,
                       .program = static_cast<std::uint32_t>(offer.program),
                       .valid_for_ns = terms.valid_for.ns,
                       .valid_until_ns = terms.valid_until.ns,
                       .amount = terms.amount.value,
                       .undo_within_ns = terms.undo_within.ns,
                       .claim_within_ns = terms.claim_within.ns,
                       .merchant = static_cast<std::uint32_t>(terms.merchant),
                       .uses = terms.uses,
                       .undo_max = terms.undo_max,
                       .hops_max = terms.hops_max,
                       .kind = static_cast<std::uint32_t>(offer.kind),
                       .store_count = static_cast<std::uint32_t>(terms.stores.size())});
    for (const StoreId store : terms.stores) to.put(static_cast<std::uint32_t>(store));
}

std::optional<Offer> get_pinned(std::span<const std::byte> bytes) {
    ByteReader from(bytes);
    const auto head = from.get<PinnedBytes>();
    if (!from.ok() || head.format != pinned_format || head.offer == 0 ||
        head.kind < static_cast<std::uint32_t>(StockKind::counted) ||
        head.kind > static_cast<std::uint32_t>(StockKind::external) ||
        head.store_count > limits::voucher_stores_max)
        return std::nullopt;
    Offer offer;
    offer.id = OfferId{head.offer};
    offer.version = head.version;
    offer.program = ProgramId{head.program};
    offer.kind = static_cast<StockKind>(head.kind);
    VoucherTerms& terms = offer.voucher;
    terms.valid_for.ns = head.valid_for_ns;
    terms.valid_until.ns = head.valid_until_ns;
    terms.amount.value = head.amount;
    terms.undo_within.ns = head.undo_within_ns;
    terms.claim_within.ns = head.claim_within_ns;
    terms.merchant = MerchantId{head.merchant};
    terms.uses = head.uses;
    terms.undo_max = head.undo_max;
    terms.hops_max = head.hops_max;
    for (std::uint32_t i = 0; i < head.store_count; ++i)
        terms.stores.push_back(StoreId{from.get<std::uint32_t>()});
    if (!from.ok() || from.left() != 0 || !is_sound(terms)) return std::nullopt;
    return offer;
}

void put_reserved_code(std::vector<std::byte>& out, const ReservedCode& code) {
    ByteAppender to(out);
    to.put(CodeBytes{.key = {code.key.high, code.key.low},
                     .lsn = code.locator.lsn.value,
                     .expires_at_ns = code.expires_at.ns,
                     .index = code.locator.index,
                     .batch = static_cast<std::uint32_t>(code.batch),
                     .sealed_bytes = static_cast<std::uint32_t>(code.sealed.size()),
                     .zero = 0});
    out.insert(out.end(), code.sealed.begin(), code.sealed.end());
}

std::optional<std::vector<ReservedCode>> get_reserved_codes(std::span<const std::byte> bytes) {
    std::vector<ReservedCode> codes;
    ByteReader from(bytes);
    while (from.ok() && from.left() > 0) {
        const auto head = from.get<CodeBytes>();
        if (!from.ok() || head.zero != 0 || head.sealed_bytes > sealed_bytes_max)
            return std::nullopt;
        const auto sealed = from.take(head.sealed_bytes);
        codes.push_back({.key = {.high = head.key[0], .low = head.key[1]},
                         .locator = {.lsn = {head.lsn}, .index = head.index},
                         .batch = BatchId{head.batch},
                         .expires_at = {head.expires_at_ns},
                         .sealed = {sealed.begin(), sealed.end()}});
        if (codes.back().key.is_zero()) return std::nullopt;
    }
    if (!from.ok()) return std::nullopt;
    return codes;
}

}  // namespace suanpan::cards
