#include "server/cards/voucher_format.h"

#include "protocol/limits.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>

#include <functional>

namespace suanpan::cards::testing {
namespace {

std::vector<std::byte> bytes_of(const Voucher& voucher) {
    std::vector<std::byte> bytes;
    put_voucher(bytes, voucher);
    return bytes;
}
std::optional<Voucher> read(std::span<const std::byte> bytes) {
    ByteReader from(bytes);
    return get_voucher(from);
}

// A voucher in which every field has a value of its own.
Voucher busy_voucher() {
    Offer offer = plain_offer();
    offer.voucher.merchant = cafe;
    offer.voucher.stores = {StoreId{700}, corner};
    Voucher voucher = issue_voucher(offer,
                                    {.id = {OfferId{5}, 2, Ticket{77}},
                                     .buyer = alice,
                                     .code = key_of(1),
                                     .locator = {.lsn = Lsn{10}, .index = 4},
                                     .batch = BatchId{3}},
                                    at(0));
    const auto step = [&](const VoucherCommand& command, std::int64_t s) {
        voucher = *decide(voucher, command, at(s))->next;
    };
    step(RevealVoucher{alice}, 1);
    step(GiftVoucher{.member = alice}, 2);
    step(ClaimVoucher{.member = bob, .token = token_of(voucher)}, 3);
    step(ShowVoucher{.member = bob}, 4);
    VerifyVoucher shown = verify(1);
    shown.proof = token_of(voucher);
    step(shown, 5);
    step(UndoVerify{.partner = till, .reference = reference(1)}, 6);
    step(ShowVoucher{.member = bob}, 7);
    shown.proof = token_of(voucher);
    shown.reference = reference(2);
    step(shown, 8);
    return voucher;
}

TEST(VoucherFormat, GivesBackWhatWasPut) {
    for (const Voucher& voucher : {plain_voucher(), busy_voucher()}) {
        const std::vector<std::byte> bytes = bytes_of(voucher);
        EXPECT_EQ(bytes.size(), voucher_bytes(voucher));
        const auto again = read(bytes);
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(*again, voucher);
    }
}

TEST(VoucherFormat, RefusesEveryPrefix) {
    const std::vector<std::byte> bytes = bytes_of(busy_voucher());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        ASSERT_FALSE(read(std::span(bytes).first(size)).has_value()) << size;
}

TEST(VoucherFormat, RefusesWhatNoVoucherSays) {
    const std::function<void(Voucher&)> damages[] = {
        [](Voucher& v) { v.left = v.whole + 1; },
        [](Voucher& v) { v.left = -1; },
        [](Voucher& v) { v.whole = 0; },
        [](Voucher& v) { v.state = VoucherState::issued; },
        [](Voucher& v) { v.state = VoucherState::gift_pending; },
        [](Voucher& v) { v.state = VoucherState::refunded; },
        [](Voucher& v) { v.state = VoucherState{9}; },
        [](Voucher& v) { v.undone = 0; },
        [](Voucher& v) { v.hops = v.hops_max + 1; },
        [](Voucher& v) { v.token = TokenKind::claim; },
        [](Voucher& v) { v.stores = {corner, corner}; },
        [](Voucher& v) { v.verifications[1].units = 0; },
        [](Voucher& v) { v.expires_at = Instant{-1}; },
        [](Voucher& v) { v.revealed = false; },
    };
    for (const auto& damage : damages) {
        Voucher voucher = busy_voucher();
        damage(voucher);
        EXPECT_FALSE(voucher.is_sound()) << &damage - damages;
    }
}

TEST(VoucherFormat, FitsTheLargestVoucherIntoAnEntry) {
    Voucher voucher = busy_voucher();
    voucher.stores.resize(limits::voucher_stores_max);
    voucher.verifications.resize(limits::voucher_verifications_max);
    EXPECT_LT(voucher_bytes(voucher), limits::entry_bytes_max / 8);
}

}  // namespace
}  // namespace suanpan::cards::testing
