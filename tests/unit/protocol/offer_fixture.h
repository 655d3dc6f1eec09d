// Commands and answers about offers, codes and vouchers for the codec's tests.
#pragma once

#include "protocol/offer.h"
#include "tests/unit/protocol/codec_fixture.h"

#include <vector>

namespace suanpan::codec_fixture {

inline constexpr VoucherNumber some_voucher{
    .offer = 5, .unit = 6, .ticket = 7, .home = 0x9f3c'00d1'a2b4'e687};

// A shop's use of a voucher, by token and by code.
inline Verify some_use() {
    Verify verify{.reference = short_text<64>("bill 4711"), .merchant = 4, .store = 11, .units = 3};
    verify.task.origin = 96;
    verify.has_token = true;
    verify.proof = {1, 2, 3, 4, 5, 6};
    return verify;
}
inline Verify some_use_by_code() {
    Verify verify = some_use();
    verify.has_token = false;
    verify.proof = {};
    verify.payload = &some_payload();
    return verify;
}

// One sound command of each of these kinds.
inline std::vector<Command> every_offer_command() {
    return {
        command_of(CommandKind::redeem, Redeem{.offer = 5,
                                               .quantity = 2,
                                               .origin = 99,
                                               .cash = {1'980},
                                               .order = OrderId{{'o', '-', '1'}}}),
        command_of(CommandKind::reveal, Reveal{.voucher = some_voucher, .origin = 98}),
        command_of(CommandKind::offers, ReadOffers{.after = 4, .rows_max = 10}),
        command_of(CommandKind::vouchers,
                   ReadVouchers{.after = some_voucher, .state = 1, .rows_max = 20}),
        command_of(CommandKind::offers_put, PutOffers{.payload = &some_payload(), .version = 3}),
        command_of(
            CommandKind::codes_import,
            ImportCodes{.payload = &some_payload(), .offer = 5, .batch = 8, .first_line = 2049}),
        command_of(CommandKind::show, Show{.task = {.voucher = some_voucher, .origin = 97},
                                           .life = milliseconds(30'000)}),
        command_of(CommandKind::verify, some_use()),
        command_of(CommandKind::verify, some_use_by_code()),
        command_of(CommandKind::undo_verify,
                   UndoVerification{.task = {.voucher = some_voucher},
                                    .reference = short_text<64>("bill 4711")}),
        command_of(CommandKind::recall, RecallBatch{.offer = 5, .batch = 8, .reason = 9}),
    };
}

inline RedeemAnswer some_redemption(int units = 2, bool has_codes = true) {
    RedeemAnswer redeemed;
    redeemed.outcome = some_outcome();
    redeemed.offer = 5;
    redeemed.ticket = 7;
    for (int i = 0; i < units; ++i) {
        RedeemedVoucher voucher;
        voucher.number = some_voucher;
        voucher.number.unit = static_cast<std::uint32_t>(i);
        voucher.expires_at = Instant{1'000 + i};
        if (has_codes) voucher.code = ClearCode("ABCD-EFGH-" + std::to_string(i));
        redeemed.vouchers.push_back(std::move(voucher));
    }
    return redeemed;
}

// Set aside, and not paid yet.
inline RedeemAnswer some_reservation() {
    RedeemAnswer reserved = some_redemption(0, false);
    reserved.cash = Money{1'980};
    reserved.currency = Currency{{'C', 'N', 'Y'}};
    reserved.held_until = Instant{1'000};
    return reserved;
}

inline RevealAnswer some_revelation() {
    RevealAnswer revealed;
    revealed.outcome = some_outcome();
    revealed.number = some_voucher;
    revealed.code = ClearCode("ABCD-EFGH");
    return revealed;
}

inline ShowAnswer some_show() {
    ShowAnswer shown{.outcome = some_outcome(), .number = some_voucher, .until = {17}};
    shown.outcome.code = Code::ok;  // a refusal has no token
    shown.token.fill(std::byte{0x5a});
    return shown;
}

inline VerifyAnswer some_verification() {
    return {.outcome = some_outcome(),
            .number = some_voucher,
            .units = 3,
            .left = 4,
            .state = VoucherStateNumber::verified,
            .is_amount = true};
}

inline OffersAnswer some_offers(int count = 2) {
    OffersAnswer offers{.outcome = some_outcome(), .rows = {}, .next = 77};
    for (int i = 0; i < count; ++i)
        offers.rows.push_back({.offer = 5 + static_cast<std::uint32_t>(i),
                               .version = 2,
                               .kind = 3,
                               .name = "coffee card " + std::to_string(i),
                               .points = {5'000},
                               .ends = instant_never,
                               .stock_left = 11,
                               .units_max = 12});
    return offers;
}

inline OffersAnswer some_offers_with_cash() {
    OffersAnswer offers = some_offers(2);
    offers.rows[1].cash = Money{990};
    offers.rows[1].cash_now = Money{1'000};
    offers.rows[1].currency = Currency{{'C', 'N', 'Y'}};
    return offers;
}

inline VouchersAnswer some_vouchers(int count = 2) {
    VouchersAnswer vouchers{.outcome = some_outcome(), .rows = {}, .next = some_voucher};
    for (int i = 0; i < count; ++i) {
        VoucherRow row{.number = some_voucher,
                       .state = VoucherStateNumber::verified,
                       .has_code = true,
                       .revealed = i % 2 == 0,
                       .is_amount = i % 2 == 1,
                       .whole = 100,
                       .left = 60,
                       .issued_at = {13},
                       .expires_at = {14},
                       .merchant = 15};
        row.number.ticket += static_cast<std::uint64_t>(i);
        vouchers.rows.push_back(row);
    }
    return vouchers;
}

inline CodesAnswer some_codes(int refused = 2) {
    CodesAnswer codes{.outcome = some_outcome(),
                      .lines = 2'048,
                      .taken = 2'000,
                      .refused = 48,
                      .refused_lines = {}};
    for (int i = 0; i < refused; ++i)
        codes.refused_lines.push_back({.line = 2'050U + static_cast<unsigned>(i), .fault = 10});
    return codes;
}

inline RecallAnswer some_recall() {
    return {.outcome = some_outcome(), .voided = 1'000'000, .set_aside = 12, .issued = 345};
}

}  // namespace suanpan::codec_fixture
