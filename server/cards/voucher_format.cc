#include "server/cards/voucher_format.h"

#include "protocol/base/assert.h"
#include "protocol/limits.h"

#include <array>
#include <cstdint>

namespace suanpan::cards {
namespace {

constexpr std::uint32_t voucher_format = 1;

// Of VoucherBytes::flags.
enum Flag : std::uint8_t { revealed = 1, code_known = 2, is_amount = 4 };
constexpr std::uint8_t flags_all = revealed | code_known | is_amount;

struct VoucherBytes {
    std::uint32_t format;
    std::uint32_t revision;
    std::uint32_t offer;
    std::uint32_t unit;
    std::uint64_t ticket;
    std::array<std::uint64_t, 2> buyer;  // high, low
    std::array<std::uint64_t, 2> owner;
    std::array<std::uint64_t, 2> code;
    std::uint64_t locator_lsn;
    std::uint32_t locator_index;
    std::uint32_t batch;
    std::int64_t issued_at_ns;
    std::int64_t expires_at_ns;
    std::int64_t whole;
    std::int64_t left;
    std::int64_t undo_within_ns;
    std::int64_t claim_within_ns;
    std::int64_t token_until_ns;
    std::uint32_t program;
    std::uint32_t merchant;
    std::uint32_t undo_max;
    std::uint32_t undone;
    std::uint32_t hops_max;
    std::uint32_t hops;
    std::uint32_t token_number;
    std::uint8_t state;
    std::uint8_t token;
    std::uint8_t flags;
    std::uint8_t zero;
    std::uint32_t store_count;
    std::uint32_t verification_count;
};
static_assert(sizeof(VoucherBytes) == 184);
static_assert(std::has_unique_object_representations_v<VoucherBytes>);

struct VerificationBytes {
    std::array<std::uint64_t, 2> reference;
    std::int64_t units;
    std::int64_t at_ns;
    std::uint32_t partner;
    std::uint32_t merchant;
    std::uint32_t store;
    std::uint32_t undone;
};
static_assert(sizeof(VerificationBytes) == 48);

VoucherBytes head_of(const Voucher& voucher) {
    const auto flag = [](bool is_set, Flag bit) { return is_set ? bit : 0; };
    return {.format = voucher_format,
            .revision = voucher.revision,
            .offer = static_cast<std::uint32_t>(voucher.id.offer),
            .unit = voucher.id.unit,
            .ticket = static_cast<std::uint64_t>(voucher.id.ticket),
            .buyer = {voucher.buyer.high, voucher.buyer.low},
            .owner = {voucher.owner.high, voucher.owner.low},
            .code = {voucher.code.high, voucher.code.low},
            .locator_lsn = voucher.locator.lsn.value,
            .locator_index = voucher.locator.index,
            .batch = static_cast<std::uint32_t>(voucher.batch),
            .issued_at_ns = voucher.issued_at.ns,
            .expires_at_ns = voucher.expires_at.ns,
            .whole = voucher.whole,
            .left = voucher.left,
            .undo_within_ns = voucher.undo_within.ns,
            .claim_within_ns = voucher.claim_within.ns,
            .token_until_ns = voucher.token_until.ns,
            .program = static_cast<std::uint32_t>(voucher.program),
            .merchant = static_cast<std::uint32_t>(voucher.merchant),
            .undo_max = voucher.undo_max,
            .undone = voucher.undone,
            .hops_max = voucher.hops_max,
            .hops = voucher.hops,
            .token_number = voucher.token_number,
            .state = static_cast<std::uint8_t>(voucher.state),
            .token = static_cast<std::uint8_t>(voucher.token),
            .flags = static_cast<std::uint8_t>(flag(voucher.revealed, revealed) |
                                               flag(voucher.code_known, code_known) |
                                               flag(voucher.is_amount, is_amount)),
            .zero = 0,
            .store_count = static_cast<std::uint32_t>(voucher.stores.size()),
            .verification_count = static_cast<std::uint32_t>(voucher.verifications.size())};
}

Voucher voucher_of(const VoucherBytes& bytes) {
    Voucher voucher;
    voucher.id = {OfferId{bytes.offer}, bytes.unit, Ticket{bytes.ticket}};
    voucher.revision = bytes.revision;
    voucher.program = ProgramId{bytes.program};
    voucher.buyer = {.high = bytes.buyer[0], .low = bytes.buyer[1]};
    voucher.owner = {.high = bytes.owner[0], .low = bytes.owner[1]};
    voucher.state = static_cast<VoucherState>(bytes.state);
    voucher.code = {.high = bytes.code[0], .low = bytes.code[1]};
    voucher.locator = {.lsn = Lsn{bytes.locator_lsn}, .index = bytes.locator_index};
    voucher.batch = BatchId{bytes.batch};
    voucher.revealed = (bytes.flags & revealed) != 0;
    voucher.code_known = (bytes.flags & code_known) != 0;
    voucher.is_amount = (bytes.flags & is_amount) != 0;
    voucher.issued_at.ns = bytes.issued_at_ns;
    voucher.expires_at.ns = bytes.expires_at_ns;
    voucher.whole = bytes.whole;
    voucher.left = bytes.left;
    voucher.merchant = MerchantId{bytes.merchant};
    voucher.undo_within.ns = bytes.undo_within_ns;
    voucher.undo_max = bytes.undo_max;
    voucher.undone = bytes.undone;
    voucher.hops_max = bytes.hops_max;
    voucher.hops = bytes.hops;
    voucher.claim_within.ns = bytes.claim_within_ns;
    voucher.token = static_cast<TokenKind>(bytes.token);
    voucher.token_number = bytes.token_number;
    voucher.token_until.ns = bytes.token_until_ns;
    return voucher;
}

}  // namespace

std::size_t voucher_bytes(const Voucher& voucher) {
    return sizeof(VoucherBytes) + voucher.stores.size() * sizeof(std::uint32_t) +
           voucher.verifications.size() * sizeof(VerificationBytes);
}

void put_voucher(std::vector<std::byte>& out, const Voucher& voucher) {
    SUANPAN_ASSERT(voucher.is_sound());  // what cannot be read back is never written
    ByteAppender to(out);
    to.put(head_of(voucher));
    for (const StoreId store : voucher.stores) to.put(static_cast<std::uint32_t>(store));
    for (const Verification& one : voucher.verifications)
        to.put(VerificationBytes{.reference = {one.reference.high, one.reference.low},
                                 .units = one.units,
                                 .at_ns = one.at.ns,
                                 .partner = static_cast<std::uint32_t>(one.partner),
                                 .merchant = static_cast<std::uint32_t>(one.merchant),
                                 .store = static_cast<std::uint32_t>(one.store),
                                 .undone = one.undone ? 1U : 0U});
}

std::optional<Voucher> get_voucher(ByteReader& from) {
    const auto head = from.get<VoucherBytes>();
    if (!from.ok() || head.format != voucher_format || head.zero != 0 ||
        (head.flags & ~flags_all) != 0 || head.store_count > limits::voucher_stores_max ||
        head.verification_count > limits::voucher_verifications_max)
        return std::nullopt;
    Voucher voucher = voucher_of(head);
    for (std::uint32_t i = 0; i < head.store_count; ++i)
        voucher.stores.push_back(StoreId{from.get<std::uint32_t>()});
    for (std::uint32_t i = 0; i < head.verification_count; ++i) {
        const auto bytes = from.get<VerificationBytes>();
        if (bytes.undone > 1) return std::nullopt;
        voucher.verifications.push_back(
            {.partner = PartnerId{bytes.partner},
             .reference = {.high = bytes.reference[0], .low = bytes.reference[1]},
             .merchant = MerchantId{bytes.merchant},
             .store = StoreId{bytes.store},
             .units = bytes.units,
             .at = Instant{bytes.at_ns},
             .undone = bytes.undone != 0});
    }
    if (!from.ok() || !voucher.is_sound()) return std::nullopt;
    return voucher;
}

std::optional<Voucher> get_voucher(std::span<const std::byte> bytes) {
    ByteReader from(bytes);
    return get_voucher(from);
}

}  // namespace suanpan::cards
