// The life of a voucher, step by step. docs/cards.md has the same table in words.
#include "protocol/limits.h"
#include "server/cards/voucher_command.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>

namespace suanpan::cards::testing {
namespace {

// A voucher that changes as its commands are decided, as a shard's record does.
class Life {
public:
    explicit Life(Voucher voucher = plain_voucher()) : voucher_(std::move(voucher)) {}

    VoucherAnswer must(const VoucherCommand& command, Instant now) {
        const auto answer = decide(voucher_, command, now);
        EXPECT_TRUE(answer.has_value()) << text_of(answer.error().code).name;
        if (!answer) return {};
        if (answer->next) {
            EXPECT_EQ(answer->next->revision, voucher_.revision + 1);
            EXPECT_TRUE(answer->next->is_sound());
            voucher_ = *answer->next;
        }
        return *answer;
    }
    Refusal refusal(const VoucherCommand& command, Instant now) const {
        const auto answer = decide(voucher_, command, now);
        return answer ? Refusal{} : answer.error();
    }
    [[nodiscard]] const Voucher& voucher() const { return voucher_; }
    [[nodiscard]] OpenedToken token() const { return token_of(voucher_); }

private:
    Voucher voucher_;
};

Refusal refusal(Code code, std::int64_t detail = 0) {
    return {code, detail};
}
std::int64_t state(VoucherState state) {
    return static_cast<std::int64_t>(state);
}

TEST(Voucher, IsIssuedWithWhatItsOfferSaysAndTheEarliestExpiry) {
    const Voucher voucher = plain_voucher();
    EXPECT_TRUE(voucher.is_sound());
    EXPECT_EQ(voucher.state, VoucherState::issued);
    EXPECT_EQ(voucher.owner, alice);
    EXPECT_EQ(voucher.whole, 3);
    EXPECT_EQ(voucher.expires_at, at(1000));

    Offer offer = plain_offer();
    offer.voucher.valid_until = at(900);
    const IssuedUnit unit{.id = voucher.id, .buyer = alice, .code_expires_at = at(800)};
    EXPECT_EQ(issue_voucher(offer, unit, at(0)).expires_at, at(800));
    EXPECT_EQ(issue_voucher(offer, {.id = voucher.id, .buyer = alice}, at(0)).expires_at, at(900));
    offer.voucher.valid_for = Duration{INT64_MAX};
    offer.voucher.valid_until = instant_never;
    EXPECT_EQ(issue_voucher(offer, {.id = voucher.id, .buyer = alice}, at(0)).expires_at,
              instant_never);
}

// A voucher that nobody could read back would have cost its points and lost its code.
TEST(Voucher, LivesNoLongerThanInstantsThatCanBeRead) {
    Offer offer = plain_offer();
    offer.voucher.valid_for = Duration{INT64_MAX};
    offer.voucher.valid_until = instant_never;
    const Voucher voucher = issue_voucher(
        offer,
        {.id = plain_voucher().id, .buyer = alice, .code_expires_at = instant_max + hours(5)},
        at(0));
    EXPECT_EQ(voucher.expires_at, instant_max);
    EXPECT_TRUE(voucher.is_sound());
}

TEST(Voucher, IsUsedSoManyTimesAndNotOnceMore) {
    Life life;
    EXPECT_EQ(life.must(verify(1), at(1)).units, 1);
    EXPECT_EQ(life.voucher().state, VoucherState::verified);
    EXPECT_EQ(life.refusal(verify(2, 3), at(2)), refusal(Code::voucher_exceeded, 2));
    EXPECT_EQ(life.must(verify(2, 2), at(2)).units, 2);
    EXPECT_TRUE(life.voucher().is_used_up());
    EXPECT_EQ(life.refusal(verify(3), at(3)),
              refusal(Code::voucher_resolved, state(VoucherState::verified)));
}

TEST(Voucher, WithAnAmountIsUsedInPartsAndThenAllThatIsLeft) {
    Offer offer = plain_offer();
    offer.voucher.uses = 1;
    offer.voucher.amount = Money{5000};
    Life life(
        issue_voucher(offer, {.id = plain_voucher().id, .buyer = alice, .code = key_of(1)}, at(0)));
    EXPECT_EQ(life.must(verify(1, 1200), at(1)).units, 1200);
    EXPECT_EQ(life.refusal(verify(2, 3801), at(2)), refusal(Code::voucher_exceeded, 3800));
    EXPECT_EQ(life.must(verify(3), at(3)).units, 3800);
    EXPECT_EQ(life.refusal(verify(4, 1), at(4)).code, Code::voucher_resolved);
}

TEST(Voucher, WithAnAmountIsUsedInAHundredPartsAtMost) {
    Offer offer = plain_offer();
    offer.voucher.uses = 1;
    offer.voucher.amount = Money{5000};
    Life life(
        issue_voucher(offer, {.id = plain_voucher().id, .buyer = alice, .code = key_of(1)}, at(0)));
    for (std::uint64_t i = 0; i < limits::voucher_uses_max; ++i) life.must(verify(i, 1), at(1));
    EXPECT_EQ(life.refusal(verify(1000, 1), at(2)), refusal(Code::voucher_exceeded, 0));
}

TEST(Voucher, SecondCallbackOfOneReferenceTakesNothingAgain) {
    Life life;
    life.must(verify(1), at(1));
    const VoucherAnswer again = life.must(verify(1), at(50));
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.units, 1);
    EXPECT_EQ(life.voucher().left, 2);
    // Not even after the voucher's end: the first answer stands.
    EXPECT_TRUE(life.must(verify(1), at(5000)).repeated);
    EXPECT_EQ(life.refusal(verify(1, 2), at(2)), refusal(Code::verification_differs));
    VerifyVoucher elsewhere = verify(1);
    elsewhere.store = StoreId{702};
    EXPECT_EQ(life.refusal(elsewhere, at(2)), refusal(Code::verification_differs));
    // The same words of another partner are another verification.
    VerifyVoucher foreign = verify(1);
    foreign.partner = PartnerId{8};
    EXPECT_FALSE(life.must(foreign, at(3)).repeated);
}

TEST(Voucher, IsUsedAtItsMerchantAndStoresOnly) {
    Offer offer = plain_offer();
    offer.voucher.merchant = cafe;
    offer.voucher.stores = {corner};
    const Life life(
        issue_voucher(offer, {.id = plain_voucher().id, .buyer = alice, .code = key_of(1)}, at(0)));
    VerifyVoucher elsewhere = verify(1);
    elsewhere.merchant = MerchantId{71};
    EXPECT_EQ(life.refusal(elsewhere, at(1)), refusal(Code::voucher_not_here));
    elsewhere = verify(1);
    elsewhere.store = StoreId{702};
    EXPECT_EQ(life.refusal(elsewhere, at(1)), refusal(Code::voucher_not_here));
    EXPECT_EQ(life.refusal(verify(1), at(1)), Refusal{});
}

TEST(Voucher, AskedWithAnotherCodeIsNotFound) {
    const Life life;
    VerifyVoucher wrong = verify(1);
    wrong.proof = key_of(2);
    EXPECT_EQ(life.refusal(wrong, at(1)), refusal(Code::voucher_not_found));
    Voucher without_code = plain_voucher();
    without_code.code = {};
    wrong.proof = CodeKey{};
    EXPECT_EQ(Life(without_code).refusal(wrong, at(1)), refusal(Code::voucher_not_found));
}

TEST(Voucher, RefusesANegativeAndAnImpossibleAmount) {
    const Life life;
    EXPECT_EQ(life.refusal(verify(1, -1), at(1)).code, Code::amount_not_positive);
    EXPECT_EQ(life.refusal(verify(1, amount_money_max + 1), at(1)).code, Code::amount_out_of_range);
    EXPECT_EQ(life.refusal(verify(1, std::int64_t{1} << 31), at(1)),
              refusal(Code::voucher_exceeded, 3));
}

TEST(Voucher, ShownIsUsedOnceWithThatTokenAndWithinItsMinute) {
    Life life;
    life.must(ShowVoucher{.member = alice}, at(10));
    VerifyVoucher shown = verify(1);
    shown.proof = life.token();
    EXPECT_EQ(life.refusal(shown, at(70)), refusal(Code::token_expired, at(70).ns));
    life.must(shown, at(69));
    shown.reference = reference(2);
    EXPECT_EQ(life.refusal(shown, at(69)), refusal(Code::token_not_valid));
}

TEST(Voucher, ShownAgainForgetsTheFirstToken) {
    Life life;
    life.must(ShowVoucher{.member = alice}, at(10));
    VerifyVoucher first = verify(1);
    first.proof = life.token();
    life.must(ShowVoucher{.member = alice, .life = seconds(5)}, at(11));
    EXPECT_EQ(life.refusal(first, at(12)), refusal(Code::token_not_valid));
    EXPECT_EQ(life.voucher().token_until, at(16));
    EXPECT_EQ(life.refusal(ShowVoucher{.member = alice, .life = seconds(61)}, at(12)).code,
              Code::field_out_of_range);
    EXPECT_EQ(life.refusal(ShowVoucher{.member = bob}, at(12)), refusal(Code::voucher_not_found));
}

TEST(Voucher, GivenIsNobodysUntilItIsClaimedOnce) {
    Life life;
    life.must(GiftVoucher{.member = alice}, at(10));
    EXPECT_EQ(life.voucher().state, VoucherState::gift_pending);
    const OpenedToken token = life.token();
    for (const VoucherCommand& command :
         {VoucherCommand(verify(1)), VoucherCommand(RefundVoucher{alice}),
          VoucherCommand(RevealVoucher{alice}), VoucherCommand(ShowVoucher{.member = alice}),
          VoucherCommand(GiftVoucher{.member = alice})})
        EXPECT_EQ(life.refusal(command, at(11)), refusal(Code::voucher_in_gift, at(210).ns));
    life.must(ClaimVoucher{.member = bob, .token = token}, at(12));
    EXPECT_EQ(life.voucher().owner, bob);
    EXPECT_EQ(life.voucher().hops, 1U);
    EXPECT_EQ(life.refusal(ClaimVoucher{.member = carol, .token = token}, at(13)),
              refusal(Code::token_not_valid));
    EXPECT_EQ(life.refusal(RevealVoucher{alice}, at(13)), refusal(Code::voucher_not_found));
    EXPECT_EQ(life.refusal(RefundVoucher{alice}, at(13)), refusal(Code::voucher_given_away));
    EXPECT_EQ(life.refusal(RefundVoucher{bob}, at(13)), refusal(Code::voucher_not_found));
}

TEST(Voucher, GivenAndNotClaimedInTimeIsItsOwnersAgain) {
    Life life;
    life.must(GiftVoucher{.member = alice, .claim_within = seconds(20)}, at(10));
    const OpenedToken token = life.token();
    EXPECT_EQ(life.refusal(ClaimVoucher{.member = bob, .token = token}, at(30)),
              refusal(Code::token_expired, at(30).ns));
    EXPECT_EQ(life.refusal(verify(1), at(29)).code, Code::voucher_in_gift);
    life.must(verify(1), at(30));
    EXPECT_EQ(life.voucher().owner, alice);
    EXPECT_EQ(life.voucher().hops, 0U);
}

TEST(Voucher, TakenBackByItsGiverHasNotBeenGivenAway) {
    Life life;
    life.must(RevealVoucher{alice}, at(5));
    life.must(GiftVoucher{.member = alice}, at(10));
    life.must(ClaimVoucher{.member = alice, .token = life.token()}, at(11));
    EXPECT_EQ(life.voucher().hops, 0U);
    EXPECT_FALSE(life.voucher().code_known);
    EXPECT_EQ(life.refusal(verify(1), at(12)), Refusal{});
}

TEST(Voucher, IsGivenAwayAsOftenAsItsOfferAllows) {
    Life life;
    life.must(GiftVoucher{.member = alice}, at(1));
    life.must(ClaimVoucher{.member = bob, .token = life.token()}, at(2));
    life.must(GiftVoucher{.member = bob}, at(3));
    life.must(ClaimVoucher{.member = carol, .token = life.token()}, at(4));
    EXPECT_EQ(life.refusal(GiftVoucher{.member = carol}, at(5)),
              refusal(Code::gift_limit_reached, 2));
    EXPECT_EQ(life.refusal(GiftVoucher{.member = carol, .claim_within = seconds(201)}, at(5)).code,
              Code::field_out_of_range);
}

TEST(Voucher, WhoseCodeAnEarlierOwnerSawIsUsedWithATokenOnly) {
    Life life;
    life.must(RevealVoucher{alice}, at(1));
    life.must(GiftVoucher{.member = alice}, at(2));
    life.must(ClaimVoucher{.member = bob, .token = life.token()}, at(3));
    EXPECT_EQ(life.refusal(verify(1), at(4)), refusal(Code::token_required));
    life.must(ShowVoucher{.member = bob}, at(4));
    VerifyVoucher shown = verify(1);
    shown.proof = life.token();
    life.must(shown, at(5));
}

TEST(Voucher, PartlyUsedIsNeitherGivenNorRefunded) {
    Life life;
    life.must(verify(1), at(1));
    EXPECT_EQ(life.refusal(GiftVoucher{.member = alice}, at(2)),
              refusal(Code::voucher_partly_used, 2));
    EXPECT_EQ(life.refusal(RefundVoucher{alice}, at(2)), refusal(Code::voucher_partly_used, 2));
    life.must(UndoVerify{.partner = till, .reference = reference(1)}, at(3));
    life.must(RefundVoucher{alice}, at(4));
    EXPECT_EQ(life.voucher().state, VoucherState::refunded);
}

TEST(Voucher, RefundRestoresStockOnlyWhereNobodySawTheCode) {
    Life unseen;
    EXPECT_TRUE(unseen.must(RefundVoucher{alice}, at(1)).restores_stock);
    const VoucherAnswer again = unseen.must(RefundVoucher{alice}, at(2));
    EXPECT_TRUE(again.repeated);
    EXPECT_FALSE(again.restores_stock);
    Life seen;
    seen.must(RevealVoucher{alice}, at(1));
    EXPECT_FALSE(seen.must(RefundVoucher{alice}, at(2)).restores_stock);
    EXPECT_EQ(seen.refusal(verify(1), at(3)),
              refusal(Code::voucher_resolved, state(VoucherState::refunded)));
}

TEST(Voucher, UndoesAVerificationWithinItsTimeAndCount) {
    Life life;
    life.must(verify(1), at(1));
    life.must(verify(2), at(1));
    life.must(verify(3), at(50));
    const auto undo = [](std::uint64_t number) {
        return UndoVerify{.partner = till, .reference = reference(number)};
    };
    EXPECT_EQ(life.refusal(undo(4), at(2)), refusal(Code::verification_not_found));
    EXPECT_EQ(life.must(undo(1), at(100)).units, 1);
    EXPECT_TRUE(life.must(undo(1), at(100)).repeated);
    EXPECT_EQ(life.refusal(verify(1), at(100)), refusal(Code::verification_undone));
    EXPECT_EQ(life.refusal(undo(2), at(101)), refusal(Code::undo_too_late, at(101).ns));
    life.must(verify(4), at(101));
    life.must(undo(4), at(102));
    EXPECT_EQ(life.refusal(undo(3), at(103)), refusal(Code::undo_limit_reached, 2));
    EXPECT_EQ(life.voucher().left, 1);
}

TEST(Voucher, ExpiresAtItsInstantExclusively) {
    Life life;
    EXPECT_EQ(life.refusal(verify(1), at(999)), Refusal{});
    for (const VoucherCommand& command :
         {VoucherCommand(verify(1)), VoucherCommand(RefundVoucher{alice}),
          VoucherCommand(RevealVoucher{alice}), VoucherCommand(ShowVoucher{.member = alice}),
          VoucherCommand(GiftVoucher{.member = alice}), VoucherCommand(VoidVoucher{})})
        EXPECT_EQ(life.refusal(command, at(1000)), refusal(Code::voucher_expired, at(1000).ns));
    EXPECT_TRUE(life.must(ExpireVoucher{}, at(999)).repeated);
    life.must(ExpireVoucher{}, at(1000));
    EXPECT_EQ(life.voucher().state, VoucherState::expired);
    EXPECT_TRUE(life.must(ExpireVoucher{}, at(1001)).repeated);
}

TEST(Voucher, GivenAwayExpiresAllTheSame) {
    Life life;
    life.must(GiftVoucher{.member = alice}, at(900));
    EXPECT_EQ(life.voucher().token_until, at(1000));
    EXPECT_EQ(life.refusal(ClaimVoucher{.member = bob, .token = life.token()}, at(1000)),
              refusal(Code::voucher_expired, at(1000).ns));
}

TEST(Voucher, UndoneAfterItsTimeIsExpiredAtOnce) {
    Offer offer = plain_offer();
    offer.voucher.uses = 1;
    Life life(
        issue_voucher(offer, {.id = plain_voucher().id, .buyer = alice, .code = key_of(1)}, at(0)));
    life.must(verify(1), at(990));
    life.must(UndoVerify{.partner = till, .reference = reference(1)}, at(1010));
    EXPECT_EQ(life.voucher().state, VoucherState::expired);
    EXPECT_EQ(life.voucher().left, 1);
}

TEST(Voucher, UsedUpDoesNotExpire) {
    Life life;
    life.must(verify(1, 3), at(1));
    EXPECT_TRUE(life.must(ExpireVoucher{}, at(2000)).repeated);
    EXPECT_EQ(life.voucher().state, VoucherState::verified);
}

TEST(Voucher, RecalledIsVoidAndStaysSo) {
    Life life;
    life.must(verify(1), at(1));
    life.must(VoidVoucher{}, at(2));
    EXPECT_EQ(life.refusal(verify(2), at(3)),
              refusal(Code::voucher_resolved, state(VoucherState::voided)));
    EXPECT_EQ(life.refusal(UndoVerify{.partner = till, .reference = reference(1)}, at(3)),
              refusal(Code::voucher_resolved, state(VoucherState::voided)));
    EXPECT_TRUE(life.must(VoidVoucher{}, at(3)).repeated);
    Life given;
    given.must(GiftVoucher{.member = alice}, at(1));
    const OpenedToken token = given.token();
    given.must(VoidVoucher{}, at(2));
    EXPECT_EQ(given.refusal(ClaimVoucher{.member = bob, .token = token}, at(3)),
              refusal(Code::token_not_valid));
}

}  // namespace
}  // namespace suanpan::cards::testing
