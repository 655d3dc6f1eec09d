#include "server/cards/reserved_units.h"

#include "server/cards/voucher.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>

#include <span>
#include <vector>

namespace suanpan::cards::testing {
namespace {

Offer some_offer() {
    Offer offer = plain_offer();
    offer.voucher.merchant = cafe;
    offer.voucher.stores = {StoreId{700}, StoreId{900}};
    offer.voucher.undo_within = seconds(60);
    offer.voucher.hops_max = 2;
    return offer;
}

std::vector<std::byte> pinned(const Offer& offer) {
    std::vector<std::byte> bytes;
    put_pinned(bytes, offer);
    return bytes;
}

TEST(ReservedUnits, IssueTheVoucherThatTheOfferPromised) {
    const Offer offer = some_offer();
    const auto again = get_pinned(pinned(offer));
    ASSERT_TRUE(again.has_value());
    const IssuedUnit unit{.id = {offer.id, 2, Ticket{77}}, .buyer = alice};
    EXPECT_EQ(issue_voucher(*again, unit, at(9)), issue_voucher(offer, unit, at(9)));
}

TEST(ReservedUnits, RefuseEveryPrefixAndWhatNoOfferSays) {
    const std::vector<std::byte> bytes = pinned(some_offer());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        ASSERT_FALSE(get_pinned(std::span(bytes).first(size)).has_value()) << size;
    Offer unsorted = some_offer();
    unsorted.voucher.stores = {StoreId{9}, StoreId{7}};
    EXPECT_FALSE(get_pinned(pinned(unsorted)).has_value());
    Offer unused = some_offer();
    unused.voucher.uses = 0;
    EXPECT_FALSE(get_pinned(pinned(unused)).has_value());
}

TEST(ReservedUnits, GiveCodesBackInTheirOrder) {
    std::vector<std::byte> bytes;
    std::vector<ReservedCode> codes;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        codes.push_back({.key = key_of(i),
                         .locator = {.lsn = Lsn{i}, .index = 4},
                         .batch = BatchId{3},
                         .expires_at = at(5),
                         .sealed = std::vector<std::byte>(40 + i, std::byte{1})});
        put_reserved_code(bytes, codes.back());
    }
    EXPECT_EQ(get_reserved_codes(bytes), codes);
    EXPECT_EQ(get_reserved_codes({}), std::vector<ReservedCode>{});
    EXPECT_FALSE(get_reserved_codes(std::span(bytes).first(bytes.size() - 1)).has_value());
}

}  // namespace
}  // namespace suanpan::cards::testing
