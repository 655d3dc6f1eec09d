// Random lives of vouchers against the model, and every interleaving of what may collide on one.
#include "protocol/base/byte_io.h"
#include "server/cards/voucher_command.h"
#include "server/cards/voucher_format.h"
#include "tests/property/voucher_model.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace suanpan::testing {
namespace {

using namespace cards;
using cards::testing::alice;
using cards::testing::at;
using cards::testing::bob;
using cards::testing::carol;

const MemberId members[] = {alice, bob, carol};

// Draws what a test needs from RapidCheck, so that a failing life shrinks.
int draw(int below) {
    return *rc::gen::inRange(0, below);
}
MemberId draw_member() {
    return members[draw(3)];
}

Offer draw_offer() {
    Offer offer = cards::testing::plain_offer();
    offer.voucher.valid_for = seconds(60 + draw(200));
    offer.voucher.uses = static_cast<std::uint32_t>(1 + draw(3));
    if (draw(3) == 0) {
        offer.voucher.uses = 1;
        offer.voucher.amount = Money{1 + draw(20)};
    }
    offer.voucher.undo_within = seconds(draw(60));
    offer.voucher.undo_max = static_cast<std::uint32_t>(draw(3));
    offer.voucher.hops_max = static_cast<std::uint32_t>(draw(3));
    offer.voucher.claim_within = seconds(1 + draw(40));
    if (draw(2) == 0) offer.voucher.merchant = MerchantId{1};
    if (offer.voucher.merchant != MerchantId{} && draw(2) == 0)
        offer.voucher.stores = {StoreId{1}, StoreId{2}};
    return offer;
}

// A token: mostly the last that was made, or one before it, of either kind.
OpenedToken draw_token(const Voucher& voucher, TokenKind kind) {
    OpenedToken token{voucher.id, kind, voucher.token_number};
    if (draw(6) == 0) token.number -= static_cast<std::uint32_t>(draw(2));
    if (draw(8) == 0) token.kind = draw(2) == 0 ? TokenKind::show : TokenKind::claim;
    return token;
}

VoucherCommand draw_command(const Voucher& voucher) {
    switch (draw(10)) {
        case 0:
            return RevealVoucher{draw_member()};
        case 1:
            return GiftVoucher{.member = draw_member(), .claim_within = seconds(draw(30))};
        case 2:
            return ClaimVoucher{draw_member(), draw_token(voucher, TokenKind::claim)};
        case 3:
            return ShowVoucher{.member = draw_member(), .life = seconds(draw(63))};
        case 4:
            return UndoVerify{PartnerId{static_cast<std::uint32_t>(1 + draw(2))},
                              cards::testing::reference(static_cast<std::uint64_t>(draw(5)))};
        case 5:
            return RefundVoucher{draw_member()};
        case 6:
            return draw(4) == 0 ? VoucherCommand(VoidVoucher{}) : ExpireVoucher{};
        default:
            break;
    }
    VerifyVoucher verify{
        .partner = PartnerId{static_cast<std::uint32_t>(1 + draw(2))},
        .reference = cards::testing::reference(static_cast<std::uint64_t>(draw(5))),
        .merchant = MerchantId{draw(5) == 0 ? 2U : 1U},
        .store = StoreId{static_cast<std::uint32_t>(1 + draw(3))},
        .units = draw(4),
        .proof = cards::testing::key_of(draw(9) == 0 ? 2 : 1)};
    if (draw(2) == 0) verify.proof = draw_token(voucher, TokenKind::show);
    return verify;
}

std::string stand_of(const Voucher& voucher, Instant now) {
    const Voucher effective = as_of(voucher, now);
    switch (effective.state) {
        case VoucherState::issued:
            return "free";
        case VoucherState::gift_pending:
            return "given";
        case VoucherState::verified:
            return effective.left == 0 ? "used up" : "free";
        case VoucherState::expired:
            return "over";
        case VoucherState::refunded:
            return "refunded";
        case VoucherState::voided:
            return "void";
    }
    return "?";
}

Voucher round_trip(const Voucher& voucher) {
    std::vector<std::byte> bytes;
    put_voucher(bytes, voucher);
    ByteReader from(bytes);
    const auto again = get_voucher(from);
    RC_ASSERT(again.has_value());
    RC_ASSERT(from.left() == 0U);
    return *again;
}

TEST(VoucherProperty, LivesAsTheModelSays) {
    EXPECT_TRUE(rc::check([] {
        const Offer offer = draw_offer();
        Voucher voucher = issue_voucher(
            offer,
            {.id = {offer.id, 0, Ticket{1}}, .buyer = alice, .code = cards::testing::key_of(1)},
            at(0));
        VoucherModel model(offer, alice, voucher.code, at(0));
        std::int64_t now = 0;
        const int steps = draw(40);
        for (int i = 0; i < steps; ++i) {
            now += draw(3) == 0 ? draw(60) : draw(3);
            const VoucherCommand command = draw_command(voucher);
            const auto answer = decide(voucher, command, at(now));
            RC_ASSERT(answer.has_value() == model.ask(command, at(now)));
            if (answer && answer->next) {
                RC_ASSERT(answer->next->is_sound());
                RC_ASSERT(round_trip(*answer->next) == *answer->next);
                RC_ASSERT(answer->next->revision == voucher.revision + 1);
                voucher = *answer->next;
            }
            RC_ASSERT(stand_of(voucher, at(now)) == model.stand(at(now)));
            RC_ASSERT(voucher.owner == model.owner());
            RC_ASSERT(voucher.left == model.left());
            RC_ASSERT(voucher.whole == voucher.left + voucher.used());
        }
    }));
}

// ---- gift, verify, refund, expiry: exactly one wins

// One way to end: what it does, when, and the state it leaves for good where it wins.
struct Ending {
    std::string name;
    VoucherCommand command;
    std::string stand;
};

// The endings that may meet on a voucher that alice has given: bob's claim and the till's use after
// it are one, since only together do they take the worth away from alice.
std::vector<Ending> endings_of(const OpenedToken& claim_token, const OpenedToken& show_token) {
    VerifyVoucher by_token{.partner = PartnerId{7},
                           .reference = cards::testing::reference(1),
                           .merchant = MerchantId{70},
                           .store = StoreId{701},
                           .proof = show_token};
    VerifyVoucher by_code = by_token;
    by_code.reference = cards::testing::reference(2);
    by_code.proof = cards::testing::key_of(1);
    return {{"claim", ClaimVoucher{bob, claim_token}, "claimed"},
            {"verify by token", by_token, "used up"},
            {"verify by code", by_code, "used up"},
            {"refund", RefundVoucher{alice}, "refunded"},
            {"gift", GiftVoucher{.member = alice}, "given"},
            {"recall", VoidVoucher{}, "void"}};
}

std::string end_of(const Voucher& voucher, Instant now) {
    const std::string stand = stand_of(voucher, now);
    return stand == "free" && voucher.owner == bob ? "claimed" : stand;
}

// Runs all orders of each pair and triple of endings, each at one of the instants around the
// voucher's end, on a voucher in the state that `begin` gives.
template <typename Begin>
int play_all(Begin begin) {
    int played = 0;
    const Voucher start = begin();
    const OpenedToken token = cards::testing::token_of(start);
    std::vector<Ending> endings = endings_of({start.id, TokenKind::claim, token.number},
                                             {start.id, TokenKind::show, token.number});
    const std::size_t count = endings.size();
    for (std::size_t mask = 0; mask < (std::size_t{1} << count); ++mask) {
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < count; ++i)
            if ((mask >> i) & 1U) order.push_back(i);
        if (order.size() < 2 || order.size() > 3) continue;
        do {
            // Expiry comes before the step of this number, or not at all.
            for (std::size_t expiry = 0; expiry <= order.size(); ++expiry) {
                Voucher voucher = start;
                std::vector<std::string> won;
                for (std::size_t step = 0; step < order.size(); ++step) {
                    const Instant now = step >= expiry ? voucher.expires_at : at(12);
                    const auto answer = decide(voucher, endings[order[step]].command, now);
                    if (!answer) continue;
                    EXPECT_TRUE(answer->next.has_value());
                    voucher = *answer->next;
                    won.push_back(endings[order[step]].name);
                    // What an accepted step leads to is there, and nothing else.
                    EXPECT_EQ(end_of(voucher, now), endings[order[step]].stand) << won.back();
                }
                // A gift or a claim moves the voucher on and a recall may follow; of what takes its
                // worth, at most one is accepted.
                const auto takes = std::ranges::count_if(won, [](const std::string& name) {
                    return name.starts_with("verify") || name == "refund" || name == "recall";
                });
                EXPECT_LE(takes, 1);
                EXPECT_TRUE(expiry > 0 || won.empty());
                // In the end everything has one end, and it is the one of who won it.
                const std::string last = stand_of(voucher, voucher.expires_at);
                EXPECT_EQ(takes == 1 ? last != "over" : last == "over", true) << last;
                ++played;
            }
        } while (std::ranges::next_permutation(order).found);
    }
    return played;
}

Voucher single_use() {
    Offer offer = cards::testing::plain_offer();
    offer.voucher.uses = 1;
    return issue_voucher(
        offer, {.id = {offer.id, 0, Ticket{1}}, .buyer = alice, .code = cards::testing::key_of(1)},
        at(0));
}

TEST(VoucherInterleavings, GiftVerifyRefundAndExpiryHaveExactlyOneWinner) {
    // Fresh; shown in a shop; given away.
    EXPECT_EQ(play_all(single_use), 570);
    EXPECT_EQ(
        play_all([] { return *decide(single_use(), ShowVoucher{.member = alice}, at(10))->next; }),
        570);
    EXPECT_EQ(
        play_all([] { return *decide(single_use(), GiftVoucher{.member = alice}, at(10))->next; }),
        570);
}

}  // namespace
}  // namespace suanpan::testing
