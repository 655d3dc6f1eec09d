#include "tests/unit/cards/card_shop.h"

#include "protocol/base/assert.h"

#include <sstream>
#include <string>

namespace suanpan::cards::testing {

Offer plain_offer() {
    Offer offer;
    offer.id = OfferId{5};
    offer.program = ProgramId{1};
    offer.name = "coffee";
    offer.kind = StockKind::code_backed;
    offer.points = Points{100};
    offer.window = {.start = at(0), .end = at(1'000'000)};
    offer.limits = {.per_order = 3, .per_day = 5, .ever = 8};
    offer.voucher.valid_for = seconds(1000);
    offer.voucher.uses = 3;
    offer.voucher.undo_within = seconds(100);
    offer.voucher.undo_max = 2;
    offer.voucher.hops_max = 2;
    offer.voucher.claim_within = seconds(200);
    return offer;
}

CodeKey key_of(std::uint64_t number) {
    // Spread as a hash is: the pool's index goes by both ends of it.
    return {.high = number * 0x9e3779b97f4a7c15U, .low = number * 0xc2b2ae3d27d4eb4fU + 1};
}

Voucher plain_voucher() {
    return issue_voucher(plain_offer(),
                         {.id = {OfferId{5}, 0, Ticket{1}},
                          .buyer = alice,
                          .code = key_of(1),
                          .locator = {.lsn = Lsn{10}, .index = 4},
                          .batch = BatchId{3}},
                         at(0));
}

VerifyReference reference(std::uint64_t number) {
    return {.high = number, .low = 99};
}

VerifyVoucher verify(std::uint64_t reference_number, std::int64_t units) {
    return {.partner = till,
            .reference = reference(reference_number),
            .merchant = cafe,
            .store = corner,
            .units = units,
            .proof = key_of(1)};
}

OpenedToken token_of(const Voucher& voucher) {
    return {.voucher = voucher.id, .kind = voucher.token, .number = voucher.token_number};
}

MasterKeys masters(std::string_view numbers) {
    std::string text = "suanpan master keys 1\n";
    std::istringstream words{std::string(numbers)};
    for (unsigned number = 0; words >> number;)
        text += std::to_string(number) + " " +
                std::string(64, static_cast<char>('0' + number % 10)) + "\n";
    auto keys = MasterKeys::parse(text);
    SUANPAN_ASSERT(keys.has_value());
    return std::move(*keys);
}

}  // namespace suanpan::cards::testing
