// Orders: settled, confirmed, cancelled, timed out, paid late, refunded.
#include "protocol/limits.h"
#include "tests/unit/ledger/ledger_book.h"

#include <gtest/gtest.h>

#include <string>

namespace suanpan::ledger {
namespace {

constexpr std::int64_t waiting = 1;
constexpr std::int64_t confirmed = 2;
constexpr std::int64_t cancelled = 3;
constexpr std::int64_t refunded = 4;
constexpr std::string_view rules_text = "ten points are a yuan";
const Sha256 rules_hash = sha256(std::as_bytes(std::span(rules_text)));

// A book of points with a shop in front of it, whose quotes are made up.
class Shop : public LedgerBook {
public:
    using LedgerBook::LedgerBook;

    // A quote for lines of (payable, points, value).
    struct Line {
        std::int64_t payable;
        std::int64_t points;
        std::int64_t value;
    };
    OrderTerms quote(const std::vector<Line>& lines) {
        if (ledger.rules().find(program, 1) == nullptr) {
            RuleText rules{.program = program,
                           .version = 1,
                           .hash = rules_hash,
                           .text = std::string(rules_text)};
            ledger.install(std::make_shared<const RuleText>(std::move(rules)));
        }
        OrderTerms terms;
        terms.quote = ++quotes_;
        terms.partner = partner;
        terms.program = program;
        terms.member = member;
        terms.rule_version = 1;
        terms.terms_hash = rules_hash;
        terms.currency = short_text<8>("CNY");
        terms.refundable_days = 400;
        terms.valid_until = now + seconds(600);
        terms.time_out = seconds(1800);
        terms.late_payment = LatePayment::reacquire;
        for (const Line& line : lines) {
            terms.lines.push_back({.list = {line.payable},
                                   .payable = {line.payable},
                                   .points = {line.points},
                                   .value = {line.value}});
            terms.list += Money{line.payable};
            terms.payable += Money{line.payable};
            terms.points += Points{line.points};
            terms.value += Money{line.value};
        }
        EXPECT_TRUE(terms.is_sound());
        return terms;
    }
    Outcome settle(const OrderTerms& terms, std::string_view order) {
        return run(Settle{.terms = &terms, .order = short_text<64>(order)}, CommandKind::settle);
    }
    Outcome confirm(std::string_view order, std::int64_t amount, std::string_view payment = "pay-1",
                    std::string_view currency = "CNY") {
        return run(ConfirmOrder{.order = short_text<64>(order),
                                .payment = short_text<64>(payment),
                                .amount = {amount},
                                .currency = short_text<8>(currency)},
                   CommandKind::confirm);
    }
    Outcome cancel(std::string_view order) {
        return run(CancelOrder{.order = short_text<64>(order)}, CommandKind::cancel);
    }
    Outcome refund_order(std::string_view order, std::int64_t amount = 0,
                         std::vector<LineRefund> lines = {}) {
        CommandPayload payload;
        payload.refunds = std::move(lines);
        return run(
            RefundOrder{.payload = &payload, .order = short_text<64>(order), .amount = {amount}},
            CommandKind::refund_order);
    }
    OrderPtr order(std::string_view name) const {
        std::optional<Account> room;
        return ledger.account_at(member, program, now, room)
            ->find_order(partner, short_text<64>(name), now);
    }

private:
    std::uint64_t quotes_ = 0;
};

// 50 points pay ¥5.00 of ¥20.00.
constexpr Shop::Line card{.payable = 2000, .points = 50, .value = 500};

TEST(Orders, SpendAtOnceWherePointsPayAll) {
    Shop shop;
    shop.earn(80);
    const Outcome settled =
        shop.settle(shop.quote({{.payable = 500, .points = 50, .value = 500}}), "A");
    EXPECT_EQ(settled.code, Code::ok);
    EXPECT_EQ(settled.amount, Points{50});
    EXPECT_EQ(settled.detail, confirmed);
    EXPECT_EQ(settled.balances, (Balances{.available = {30}}));
    EXPECT_EQ(shop.confirm("A", 1).code, Code::order_resolved);
    EXPECT_EQ(shop.cancel("A").code, Code::order_resolved);
}

TEST(Orders, HoldPointsUntilTheCashIsThere) {
    Shop shop;
    shop.earn(80);
    const Outcome settled = shop.settle(shop.quote({card}), "A");
    EXPECT_EQ(settled.detail, waiting);
    EXPECT_EQ(settled.balances, (Balances{.available = {30}, .held = {50}}));
    EXPECT_EQ(shop.refund_order("A").code, Code::order_not_confirmed);
    const Outcome paid = shop.confirm("A", 1500);
    EXPECT_EQ(paid.detail, confirmed);
    EXPECT_EQ(paid.amount, Points{50});
    EXPECT_EQ(paid.balances, (Balances{.available = {30}}));
}

// A debt makes `available` negative, which is less than the order's 0 points.
TEST(Orders, LetAMemberInDebtPayAllInCash) {
    ProgramSpec spec = plain_program();
    spec.revoke = RevokePolicy::allow_debt;
    Shop shop{spec};
    const Outcome earned = shop.earn(80);
    shop.spend(80);
    shop.revoke(earned.entry_id);
    ASSERT_LT(shop.balances().available, Points{0});
    const Outcome settled =
        shop.settle(shop.quote({{.payable = 700, .points = 0, .value = 0}}), "A");
    EXPECT_EQ(settled.code, Code::ok);
    EXPECT_EQ(shop.confirm("A", 700).code, Code::ok);
    EXPECT_EQ(shop.settle(shop.quote({card}), "B").detail,
              static_cast<std::int64_t>(UncoveredLimit::points));
}

TEST(Orders, AreConfirmedByOnePaymentOnly) {
    Shop shop;
    shop.earn(80);
    shop.settle(shop.quote({card}), "A");
    const Outcome wrong = shop.confirm("A", 1499);
    EXPECT_EQ(wrong.code, Code::payment_differs);
    EXPECT_EQ(wrong.detail, 1500);
    EXPECT_EQ(shop.confirm("A", 1500, "pay-1", "USD").code, Code::payment_differs);
    EXPECT_EQ(shop.confirm("A", 1500).code, Code::ok);
    const Outcome again = shop.confirm("A", 1500);
    EXPECT_EQ(again.code, Code::ok);
    EXPECT_EQ(again.amount, Points{0});
    EXPECT_EQ(again.detail, confirmed);
    EXPECT_EQ(shop.confirm("A", 1500, "pay-2").code, Code::order_resolved);  // INV-6
    EXPECT_EQ(shop.confirm("B", 1500).code, Code::order_not_found);
    shop.partner = PartnerId{9};  // whose orders are its own
    EXPECT_EQ(shop.confirm("A", 1500).code, Code::order_not_found);
}

TEST(Orders, AreSettledOncePerNameAndOncePerQuote) {
    Shop shop;
    shop.earn(200);
    const OrderTerms quote = shop.quote({card});
    EXPECT_EQ(shop.settle(quote, "A").code, Code::ok);
    const Outcome again = shop.settle(quote, "A");
    EXPECT_EQ(again.code, Code::order_exists);
    EXPECT_EQ(again.detail, waiting);
    EXPECT_EQ(shop.settle(quote, "B").code, Code::order_exists);
    EXPECT_EQ(shop.settle(shop.quote({card}), "A").code, Code::order_exists);
    EXPECT_EQ(shop.settle(shop.quote({card}), "B").code, Code::ok);
}

// semantics.md: an order_id is unique per partner and member. The member's accounts of other
// programs were not looked at.
TEST(Orders, HaveANameThatIsUniqueForAllAccountsOfAMember) {
    Shop shop;
    shop.earn(200);
    EXPECT_EQ(shop.settle(shop.quote({card}), "A").code, Code::ok);
    ProgramSpec other = plain_program();
    other.id = ProgramId{8};
    EXPECT_EQ(shop.put_program(other, true).code, Code::ok);
    ++other.version;
    EXPECT_EQ(shop.put_program(other, false).code, Code::ok);
    shop.program = other.id;
    shop.earn(200);
    const Outcome same = shop.settle(shop.quote({card}), "A");
    EXPECT_EQ(same.code, Code::order_exists);
    EXPECT_EQ(same.detail, waiting);
    EXPECT_EQ(shop.confirm("A", 1500).code, Code::order_not_found);  // it is the other account's
    EXPECT_EQ(shop.settle(shop.quote({card}), "B").code, Code::ok);
    // What time has done to the other account counts, though nothing has posted it yet.
    shop.now = shop.now + seconds(1800);
    EXPECT_EQ(shop.settle(shop.quote({card}), "A").detail, cancelled);
    shop.partner = PartnerId{9};  // whose orders are its own
    EXPECT_EQ(shop.settle(shop.quote({card}), "A").code, Code::ok);
    shop.partner = till;
    shop.member = bob;
    shop.earn(200);
    EXPECT_EQ(shop.settle(shop.quote({card}), "A").code, Code::ok);
}

TEST(Orders, RefuseAQuoteThatIsOverOrSomebodyElses) {
    Shop shop;
    shop.earn(200);
    OrderTerms quote = shop.quote({card});
    shop.now = quote.valid_until;
    EXPECT_EQ(shop.settle(quote, "A").code, Code::quote_expired);
    quote.valid_until = shop.now + seconds(1);
    quote.member = bob;
    EXPECT_EQ(shop.settle(quote, "A").code, Code::quote_not_authentic);
}

// Terms that were made under rules which this server does not have, whoever sealed them.
TEST(Orders, RefuseTermsOfRulesThatAreNotTheirs) {
    Shop shop;
    shop.earn(200);
    OrderTerms quote = shop.quote({card});
    quote.terms_hash[0] ^= std::byte{1};
    EXPECT_EQ(shop.settle(quote, "A").code, Code::quote_not_authentic);
    quote.terms_hash = rules_hash;
    quote.rule_version = 2;
    EXPECT_EQ(shop.settle(quote, "A").code, Code::quote_not_authentic);
    quote.rule_version = 1;
    EXPECT_EQ(shop.settle(quote, "A").code, Code::ok);
}

TEST(Orders, RefuseWhatIsNoLongerCovered) {
    Shop shop;
    shop.earn(60);
    const OrderTerms first = shop.quote({card});
    const OrderTerms second = shop.quote({card});
    EXPECT_EQ(shop.settle(first, "A").code, Code::ok);
    const Outcome refused = shop.settle(second, "B");
    EXPECT_EQ(refused.code, Code::quote_no_longer_covered);
    EXPECT_EQ(refused.detail, static_cast<std::int64_t>(UncoveredLimit::points));
    shop.earn(60);
    shop.freeze();
    EXPECT_EQ(shop.settle(second, "B").detail, static_cast<std::int64_t>(UncoveredLimit::account));
    shop.freeze(false);
    shop.set_limit(49);
    EXPECT_EQ(shop.settle(second, "B").detail,
              static_cast<std::int64_t>(UncoveredLimit::account_day));
    shop.set_limit(-1);
    EXPECT_EQ(shop.settle(second, "B").code, Code::ok);
}

TEST(Orders, GiveBackWhatTheyHeldWhenCancelled) {
    Shop shop;
    shop.earn(30, at(2027, 2, 2));
    shop.earn(50, at(2027, 2, 9));
    const auto before = shop.lots();
    shop.settle(shop.quote({card}), "A");
    const Outcome undone = shop.cancel("A");
    EXPECT_EQ(undone.amount, Points{50});
    EXPECT_EQ(shop.lots(), before);
    EXPECT_EQ(shop.cancel("A").amount, Points{0});
    EXPECT_EQ(shop.order("A")->step, OrderStep::cancelled);
}

TEST(Orders, TimeOutAndGiveBackWhatTheyHeld) {
    Shop shop;
    shop.earn(80);
    shop.settle(shop.quote({card}), "A");
    shop.now = shop.now + seconds(1800);
    EXPECT_EQ(shop.balances(), (Balances{.available = {80}}));
    EXPECT_EQ(shop.order("A")->state, OrderState::cancelled);  // before anything is posted
    shop.sweep();
    EXPECT_EQ(shop.order("A")->step, OrderStep::timed_out);
    EXPECT_EQ(shop.balances(), (Balances{.available = {80}}));
    EXPECT_EQ(shop.cancel("A").amount, Points{0});
}

TEST(Orders, TakeTheirPointsAgainForALatePayment) {
    Shop shop;
    shop.earn(80);
    shop.settle(shop.quote({card}), "A");
    shop.now = shop.now + hours(2);
    const Outcome paid = shop.confirm("A", 1500);
    EXPECT_EQ(paid.detail, confirmed);
    EXPECT_EQ(paid.amount, Points{50});
    EXPECT_EQ(paid.balances, (Balances{.available = {30}}));
    EXPECT_EQ(shop.order("A")->step, OrderStep::paid_late);
    EXPECT_EQ(shop.refund_order("A").amount, Points{50});
    EXPECT_EQ(shop.balances(), (Balances{.available = {80}}));
}

TEST(Orders, OweTheCashBackWhereALatePaymentFindsNoPoints) {
    Shop shop;
    shop.earn(80);
    shop.settle(shop.quote({card}), "A");
    shop.now = shop.now + hours(2);
    shop.spend(40);
    const Outcome paid = shop.confirm("A", 1500);
    EXPECT_EQ(paid.code, Code::ok);
    EXPECT_EQ(paid.detail, cancelled);
    EXPECT_EQ(paid.amount, Points{0});
    EXPECT_EQ(paid.balances, (Balances{.available = {40}}));
    EXPECT_EQ(shop.order("A")->step, OrderStep::payment_to_return);
    EXPECT_EQ(shop.order("A")->paid, Money{1500});
    EXPECT_EQ(shop.confirm("A", 1500).detail, cancelled);
    EXPECT_EQ(shop.confirm("A", 1500, "pay-2").code, Code::order_resolved);
}

TEST(Orders, OweTheCashBackUnderThePolicyAutoRefund) {
    Shop shop;
    shop.earn(80);
    OrderTerms quote = shop.quote({card});
    quote.late_payment = LatePayment::auto_refund;
    shop.settle(quote, "A");
    shop.cancel("A");
    EXPECT_EQ(shop.confirm("A", 1500).detail, cancelled);
    EXPECT_EQ(shop.order("A")->step, OrderStep::payment_to_return);
    EXPECT_EQ(shop.balances(), (Balances{.available = {80}}));
}

// semantics.md: ¥3.33, ¥4.67, ¥12.00 of ¥20.00 = 50 points (¥5.00) + ¥15.00.
TEST(Orders, AreRefundedByAmountCumulatively) {
    Shop shop;
    shop.earn(50);
    shop.settle(shop.quote({card}), "A");
    shop.confirm("A", 1500);
    Outcome part = shop.refund_order("A", 333);
    EXPECT_EQ(part.amount, Points{8});
    EXPECT_EQ(part.detail, 250);
    part = shop.refund_order("A", 467);
    EXPECT_EQ(part.amount, Points{12});
    EXPECT_EQ(part.detail, 350);
    EXPECT_EQ(shop.refund_order("A", 1201).code, Code::refund_exceeds_order);
    EXPECT_EQ(shop.refund_order("A", 1201).detail, 1200);
    EXPECT_EQ(shop.refund_order("A", 0, {{.line = 0, .amount = {1}}}).code,
              Code::refund_by_amount_only);
    part = shop.refund_order("A", 1200);
    EXPECT_EQ(part.amount, Points{30});
    EXPECT_EQ(part.detail, 900);
    EXPECT_EQ(shop.order("A")->state, OrderState::refunded);
    EXPECT_EQ(shop.refund_order("A").code, Code::refund_exceeds_order);  // INV-6
    EXPECT_EQ(shop.balances(), (Balances{.available = {50}}));
}

TEST(Orders, AreRefundedByLineAndTheRestByAmount) {
    Shop shop;
    shop.earn(100);
    shop.settle(shop.quote({{.payable = 1000, .points = 33, .value = 330},
                            {.payable = 700, .points = 17, .value = 170},
                            {.payable = 300, .points = 0, .value = 0}}),
                "A");
    shop.confirm("A", 1500);
    Outcome part = shop.refund_order("A", 0, {{.line = 1, .amount = {350}}});
    EXPECT_EQ(part.amount, Points{8});
    EXPECT_EQ(part.detail, 350 - 85);
    part = shop.refund_order("A", 0, {{.line = 1, .amount = {}}, {.line = 2, .amount = {100}}});
    EXPECT_EQ(part.amount, Points{9});
    EXPECT_EQ(part.detail, 350 - 85 + 100);
    EXPECT_EQ(shop.refund_order("A", 0, {{.line = 1, .amount = {1}}}).code,
              Code::refund_exceeds_order);
    EXPECT_EQ(shop.refund_order("A", 0, {{.line = 3, .amount = {1}}}).code,
              Code::refund_exceeds_order);
    EXPECT_EQ(shop.order("A")->state, OrderState::confirmed);
    part = shop.refund_order("A", 600);
    EXPECT_EQ(part.amount, Points{16});  // floor(33 x 600 / 1200)
    part = shop.refund_order("A");
    EXPECT_EQ(part.amount, Points{17});
    EXPECT_EQ(shop.order("A")->state, OrderState::refunded);
    EXPECT_EQ(shop.order("A")->refunded_points, Points{50});
    EXPECT_EQ(shop.order("A")->refunded_cash, Money{1500});
    EXPECT_EQ(shop.balances(), (Balances{.available = {100}}));
}

TEST(Orders, GiveRefundsBackToTheirLotsInReverse) {
    Shop shop;
    shop.earn(30, at(2027, 2, 2));
    shop.earn(50, at(2027, 2, 9));
    shop.settle(shop.quote({{.payable = 600, .points = 60, .value = 600}}), "A");
    shop.refund_order("A", 400);
    EXPECT_EQ(shop.lots(), (std::vector<std::pair<Instant, std::int64_t>>{{at(2027, 2, 2), 10},
                                                                          {at(2027, 2, 9), 50}}));
    shop.now = at(2027, 2, 3);
    const Outcome rest = shop.refund_order("A");  // whose lot has expired meanwhile
    EXPECT_EQ(rest.amount, Points{20});
    EXPECT_EQ(shop.balances(), (Balances{.available = {50}}));
}

TEST(Orders, TakeRestrictedPointsOnlyAsFarAsTheirLinesGo) {
    Shop shop;
    shop.earn_restricted(40, 5, at(2027, 2, 2));
    shop.earn_restricted(40, 6, at(2027, 2, 3));
    shop.earn(40, at(2027, 3, 1));
    OrderTerms quote = shop.quote({card});
    quote.restricted = {{.restriction = Restriction{5}, .most = {20}}};
    EXPECT_EQ(shop.settle(quote, "A").code, Code::ok);
    EXPECT_EQ(shop.lots(), (std::vector<std::pair<Instant, std::int64_t>>{
                               {at(2027, 2, 2), 20}, {at(2027, 2, 3), 40}, {at(2027, 3, 1), 10}}));
    OrderTerms more = shop.quote({card});
    more.restricted = quote.restricted;
    EXPECT_EQ(shop.settle(more, "B").detail, static_cast<std::int64_t>(UncoveredLimit::points));
}

TEST(Orders, CountForLimitsPerMemberAndGiveThemBack) {
    Shop shop;
    shop.earn(1000);
    std::vector<OrderTerms> quotes;
    for (int i = 0; i < 5; ++i) {
        OrderTerms quote = shop.quote({card});
        quote.valid_until = shop.now + days(60);
        quote.uses = {{.key = {.kind = UseKind::limit_day, .id = 3},
                       .amount = {.money = {500}, .points = {50}, .count = 1},
                       .most = {.money = {1200}, .points = {-1}, .count = -1}},
                      {.key = {.kind = UseKind::limit_month, .id = 4},
                       .amount = {.money = {500}, .points = {50}, .count = 1},
                       .most = {.money = {-1}, .points = {200}, .count = -1}}};
        quotes.push_back(quote);
    }
    EXPECT_EQ(shop.settle(quotes[0], "0").code, Code::ok);
    EXPECT_EQ(shop.settle(quotes[1], "1").code, Code::ok);
    const Outcome over = shop.settle(quotes[2], "2");
    EXPECT_EQ(over.code, Code::quote_no_longer_covered);
    EXPECT_EQ(over.detail, static_cast<std::int64_t>(UncoveredLimit::limit_day));
    EXPECT_EQ(shop.cancel("1").code, Code::ok);
    EXPECT_EQ(shop.settle(quotes[2], "2").code, Code::ok);  // INV-10
    EXPECT_EQ(shop.confirm("0", 1500).code, Code::ok);
    shop.now = shop.now + days(1);  // 1 February: another day and another month; 2 has timed out
    EXPECT_EQ(shop.settle(quotes[3], "3").code, Code::ok);
    EXPECT_EQ(shop.settle(quotes[4], "4").code, Code::ok);
    shop.now = shop.now + hours(1);  // both time out, and are counted no more
    shop.sweep();
    std::optional<Account> room;
    const Account* account = shop.ledger.account_at(shop.member, shop.program, shop.now, room);
    const LocalDate today{.days =
                              static_cast<std::int32_t>((shop.now.ns + hours(8).ns) / days(1).ns)};
    EXPECT_EQ(account->used({.kind = UseKind::limit_day, .id = 3}, today), UseSum{});
}

// A change of the time zone, and back: three orders wait, and their day's counter has begun anew.
// Together they used to give back more than was in it.
TEST(Orders, GiveBackNoMoreUsesThanTheirCounterHas) {
    Shop shop;
    shop.earn(1000);
    const auto settle = [&shop](std::string_view name) {
        OrderTerms quote = shop.quote({card});
        quote.uses = {{.key = {.kind = UseKind::limit_day, .id = 3},
                       .amount = {.money = {500}, .points = {50}, .count = 1}}};
        return shop.settle(quote, name).code;
    };
    ProgramSpec spec = plain_program();
    const auto move_to = [&](std::string_view zone) {
        ++spec.version;
        spec.time_zone = short_text<40>(zone);
        return shop.put_program(spec, false).code;
    };
    EXPECT_EQ(settle("A"), Code::ok);
    EXPECT_EQ(settle("B"), Code::ok);
    EXPECT_EQ(move_to("Pacific/Honolulu"), Code::ok);  // where it is yesterday
    EXPECT_EQ(settle("C"), Code::ok);
    EXPECT_EQ(move_to("Asia/Shanghai"), Code::ok);
    EXPECT_EQ(settle("D"), Code::ok);
    shop.now = shop.now + hours(1);
    shop.sweep();
    EXPECT_EQ(shop.order("D")->step, OrderStep::timed_out);
    EXPECT_EQ(shop.balances(), (Balances{.available = {1000}}));
}

// Each limit that an order had ever counted for stayed in the account and in every checkpoint.
TEST(Orders, KeepNoUsesOfDaysAndMonthsThatAreOver) {
    Shop shop;
    shop.earn(10'000);
    const auto settle = [&](std::uint32_t id) {
        OrderTerms quote = shop.quote({{.payable = 10, .points = 10, .value = 10}});
        for (const UseKind kind : {UseKind::limit_day, UseKind::limit_month, UseKind::campaign})
            quote.uses.push_back({.key = {.kind = kind, .id = id},
                                  .amount = {.money = {10}, .points = {10}, .count = 1}});
        EXPECT_EQ(shop.settle(quote, std::to_string(id)).code, Code::ok);
    };
    const auto kept = [&] {
        return shop.ledger.account(shop.ledger.find_account(alice, shop.program))
            .rare()
            ->uses.size();
    };
    shop.now = at(2027, 3, 1, 12);
    for (std::uint32_t id = 1; id <= 31; ++id) {
        settle(id);
        shop.now = shop.now + days(1);
    }
    // What campaigns count is for ever; of days the last two, whatever the time zone may become.
    EXPECT_EQ(kept(), 31U + 31U + 2U);
    shop.now = at(2027, 4, 2, 12);
    settle(32);
    EXPECT_EQ(kept(), 32U + 1U + 1U);
    Ledger replayed({.seed = 42});
    replayed.install(plain_program());
    shop.replay_into(replayed);
    EXPECT_EQ(replayed.state_hash(), shop.ledger.state_hash());  // INV-12
}

// After a refund in part it used to be answered payment_differs.
TEST(Orders, ThatPointsPaidTakeNoPaymentAfterARefundEither) {
    Shop shop;
    shop.earn(80);
    shop.settle(shop.quote({{.payable = 500, .points = 50, .value = 500}}), "A");
    EXPECT_EQ(shop.refund_order("A", 100).code, Code::ok);
    EXPECT_EQ(shop.confirm("A", 5).code, Code::order_resolved);
}

// What orders count for counters that all members share lies in the house record, by what the
// entries say. Whether it is there to be had is not the ledger's affair.
TEST(Orders, CountForCountersThatAllMembersShare) {
    Shop shop;
    shop.earn(1000);
    const auto quote = [&] {
        OrderTerms terms = shop.quote({card});
        terms.valid_until = shop.now + days(60);
        terms.uses = {{.key = {.kind = UseKind::campaign_budget, .id = 7},
                       .amount = {.money = {500}, .points = {}, .count = 0},
                       .most = {.money = {1200}, .points = {-1}, .count = -1}},
                      {.key = {.kind = UseKind::coupon_total, .id = 5},
                       .amount = {.money = {}, .points = {}, .count = 1},
                       .most = {.money = {-1}, .points = {-1}, .count = 10}}};
        EXPECT_TRUE(terms.is_sound());
        return terms;
    };
    const auto units = [&](CounterKind kind, std::uint32_t id) {
        CounterMap counters;
        shop.ledger.add_counters_to(counters);
        return counters[{.program = shop.program, .kind = kind, .id = id}];
    };
    const auto expect = [&](std::int64_t issued, std::int64_t reserved) {
        EXPECT_EQ(units(CounterKind::coupon_total, 5), (CounterUnits{issued, reserved}));
        EXPECT_EQ(units(CounterKind::campaign_budget, 7),
                  (CounterUnits{issued * 500, reserved * 500}));
        std::map<CounterKey, ReservedMap> set_aside;
        shop.ledger.add_reserved_to(set_aside);
        std::int64_t sum = 0;
        for (const auto& [key, by_time] : set_aside)
            if (key.kind == CounterKind::coupon_total)
                for (const auto& [until, more] : by_time) sum += more;
        EXPECT_EQ(sum, reserved);
    };
    EXPECT_EQ(shop.settle(quote(), "A").code, Code::ok);
    EXPECT_EQ(shop.settle(quote(), "B").code, Code::ok);
    EXPECT_EQ(shop.settle(quote(), "C").code, Code::ok);
    expect(0, 3);
    EXPECT_EQ(shop.confirm("A", 1500).code, Code::ok);
    expect(1, 2);
    EXPECT_EQ(shop.cancel("B").code, Code::ok);
    expect(1, 1);
    EXPECT_EQ(shop.refund_order("A").code, Code::ok);  // a refund gives back no use
    expect(1, 1);
    shop.now = shop.now + hours(1);
    shop.sweep();
    expect(1, 0);
    EXPECT_EQ(shop.confirm("C", 1500).detail, confirmed);  // late, and taken again
    expect(2, 0);

    Ledger replayed({.seed = 1234});
    replayed.install(plain_program());
    shop.replay_into(replayed);
    CounterMap counters;
    CounterMap replayed_counters;
    shop.ledger.add_counters_to(counters);
    replayed.add_counters_to(replayed_counters);
    EXPECT_EQ(replayed_counters, counters);  // INV-12
}

TEST(Orders, AreRefusedByTheNameOfTheCounterThatIsUsedUp) {
    Shop shop;
    shop.earn(1000);
    OrderTerms terms = shop.quote({card});
    terms.uses = {{.key = {.kind = UseKind::coupon_total, .id = 5},
                   .amount = {.money = {}, .points = {}, .count = 1},
                   .most = {.money = {-1}, .points = {-1}, .count = 10}}};
    const Command command{.head = {.kind = CommandKind::settle,
                                   .partner = shop.partner,
                                   .program = shop.program,
                                   .request_id = {.high = 1, .low = 2},
                                   .member = shop.member},
                          .body = Settle{.terms = &terms, .order = short_text<64>("A")}};
    const CounterKey used_up{.program = shop.program, .kind = CounterKind::coupon_total, .id = 5};
    Entry entry;
    const Decision decision = shop.ledger.decide(command, shop.now, nullptr, entry, &used_up);
    EXPECT_EQ(decision.code, Code::quote_no_longer_covered);
    EXPECT_EQ(decision.detail, static_cast<std::int64_t>(UncoveredLimit::coupon_total));
}

TEST(Orders, KeepTheirHoldsToThemselves) {
    Shop shop;
    shop.earn(80);
    const Outcome settled = shop.settle(shop.quote({card}), "A");
    const auto number = static_cast<std::int64_t>(shop.entry(settled.entry_id).reference);
    EXPECT_EQ(shop.capture(number, 10).code, Code::hold_not_found);
    EXPECT_EQ(shop.release(number).code, Code::hold_not_found);
    // How it ended used to be told to whoever asked for the hold of that number.
    EXPECT_EQ(shop.confirm("A", 1500).code, Code::ok);
    EXPECT_EQ(shop.capture(number, 10).code, Code::hold_not_found);
    EXPECT_EQ(shop.release(number).code, Code::hold_not_found);
    EXPECT_EQ(shop.refund(settled.entry_id).code, Code::original_wrong_kind);
}

TEST(Orders, AreForgottenOnceTheyCannotBeRefunded) {
    Shop shop;
    shop.checks = false;
    shop.earn(200);
    OrderTerms quote = shop.quote({card});
    quote.refundable_days = 10;
    shop.settle(quote, "A");
    shop.confirm("A", 1500);
    shop.now = shop.now + days(10);
    EXPECT_EQ(shop.refund_order("A").code, Code::refund_exceeds_order);
    shop.now = shop.now + hours(1);
    EXPECT_EQ(shop.settle(shop.quote({card}), "B").code, Code::ok);
    EXPECT_EQ(shop.order("A"), nullptr);
    EXPECT_EQ(shop.settle(shop.quote({card}), "A").code, Code::ok);
}

// Eighty orders of 200 lines that timed out together used to make one entry of half a megabyte.
TEST(Orders, TimeOutTogetherInAsManyEntriesAsTheyNeed) {
    Shop shop;
    shop.checks = false;
    shop.earn(80);
    const std::vector<Shop::Line> lines(200, {.payable = 100, .points = 0, .value = 0});
    for (int i = 0; i < 80; ++i)
        ASSERT_EQ(shop.settle(shop.quote(lines), std::to_string(i)).code, Code::ok);
    shop.now = shop.now + days(1);
    const std::uint64_t before = shop.last_lsn();
    shop.sweep();
    EXPECT_EQ(shop.last_lsn() - before, 2U);
    for (int i = 0; i < 80; ++i)
        EXPECT_EQ(shop.order(std::to_string(i))->step, OrderStep::timed_out);
}

TEST(Orders, PostLargeOrdersThatTimedOutBeforeTheRequestInEntriesOfTheirOwn) {
    Shop shop;
    shop.checks = false;
    shop.earn(80);
    const std::vector<Shop::Line> lines(200, {.payable = 100, .points = 0, .value = 0});
    for (int i = 0; i < 64; ++i)
        ASSERT_EQ(shop.settle(shop.quote(lines), std::to_string(i)).code, Code::ok);
    shop.now = shop.now + days(1);
    EXPECT_EQ(shop.spend(30).balances, (Balances{.available = {50}}));
    EXPECT_EQ(shop.order("63")->step, OrderStep::timed_out);
}

// A confirmation that posted its own order's time-out along used to need more than an entry holds.
TEST(Orders, TakeThousandsOfLotsAgainForALatePayment) {
    Shop shop;
    shop.checks = false;
    for (int i = 0; i < 3600; ++i) shop.earn(1, at(2028, 1, 1) + hours(i));
    shop.settle(shop.quote({{.payable = 4000, .points = 3600, .value = 3600}}), "A");
    EXPECT_EQ(shop.balances(), (Balances{.held = {3600}}));
    shop.now = shop.now + seconds(1800);
    const Outcome paid = shop.confirm("A", 400);
    EXPECT_EQ(paid.detail, confirmed);
    EXPECT_EQ(paid.amount, Points{3600});
    EXPECT_EQ(shop.refund_order("A").amount, Points{3600});
}

// The largest order there is, through the largest entry it can ever be in: each piece of each lot
// comes back and repays debt, while as much as may be is due along.
TEST(Orders, TakeNoMoreLotsThanTheirEntriesHaveRoomFor) {
    ProgramSpec spec = plain_program();
    spec.revoke = RevokePolicy::allow_debt;
    Shop shop(spec);
    shop.checks = false;
    const Outcome soon = shop.earn(10'000, at(2027, 6, 1));
    for (int i = 0; i < 4096; ++i) shop.earn(1, at(2028, 1, 1) + hours(i));
    shop.spend(10'000);
    std::vector<Shop::Line> lines(200, {.payable = 100, .points = 0, .value = 0});
    const auto quote_of = [&](std::int64_t points) {
        lines.front() = {.payable = points + 1, .points = points, .value = points};
        OrderTerms terms = shop.quote(lines);
        for (std::uint32_t id = 0; id < limits::order_uses_max; ++id)
            terms.uses.push_back({.key = {.kind = UseKind::limit_day, .id = id},
                                  .amount = {.money = {1}, .points = {1}, .count = 1}});
        return terms;
    };
    EXPECT_EQ(shop.settle(quote_of(3900), "A").detail,
              static_cast<std::int64_t>(UncoveredLimit::lots));
    EXPECT_EQ(shop.settle(quote_of(3840), "A").detail, waiting);
    for (int i = 0; i < 64; ++i) EXPECT_EQ(shop.hold(1, seconds(60)).code, Code::ok);
    EXPECT_EQ(shop.revoke(soon.entry_id).code, Code::ok);
    EXPECT_GT(shop.balances().debt, Points{4000});
    shop.now = shop.now + seconds(60);
    EXPECT_EQ(shop.cancel("A").amount, Points{3840});
    EXPECT_LT(shop.balances().debt, Points{10'000});
}

// Within seven days, paid on the eighth: the order used to be forgotten by the very entry that took
// the points.
TEST(Orders, AreKnownAfterALatePaymentHoweverLateItCame) {
    for (const LatePayment policy : {LatePayment::reacquire, LatePayment::auto_refund}) {
        Shop shop;
        shop.earn(80);
        OrderTerms quote = shop.quote({card});
        quote.refundable_days = 7;
        quote.late_payment = policy;
        shop.settle(quote, "A");
        shop.now = shop.now + hours(1);
        shop.sweep();
        shop.now = shop.now + days(7);
        const std::int64_t detail = shop.confirm("A", 1500).detail;
        EXPECT_EQ(detail, policy == LatePayment::reacquire ? confirmed : cancelled);
        ASSERT_NE(shop.order("A"), nullptr);
        shop.now = shop.now + days(6);
        EXPECT_EQ(shop.confirm("A", 1500).detail, detail);
        EXPECT_EQ(shop.refund_order("A", 100).code,
                  policy == LatePayment::reacquire ? Code::ok : Code::order_not_confirmed);
    }
}

// The server was down for longer than the order was to be known for.
TEST(Orders, AreKnownForALatePaymentWhenTheirTimeOutIsPostedLate) {
    Shop shop;
    shop.earn(80);
    OrderTerms quote = shop.quote({card});
    quote.refundable_days = 7;
    shop.settle(quote, "A");
    shop.now = shop.now + days(9);
    shop.sweep();
    EXPECT_EQ(shop.confirm("A", 1500).detail, confirmed);
    EXPECT_EQ(shop.refund_order("A").amount, Points{50});
}

// Paid on the second day: an order that may be refunded for one day used to be refundable never.
TEST(Orders, CountTheDaysOfRefundFromTheirPayment) {
    Shop shop;
    shop.earn(80);
    OrderTerms late = shop.quote({card});
    late.refundable_days = 1;
    shop.settle(late, "A");
    EXPECT_EQ(shop.order("A")->refundable_until(), Instant{});
    shop.now = shop.now + days(2);
    EXPECT_EQ(shop.confirm("A", 1500).detail, confirmed);
    EXPECT_EQ(shop.order("A")->refundable_until(), shop.now + days(1));
    shop.now = shop.now + days(1) - nanoseconds(1);
    EXPECT_EQ(shop.refund_order("A", 1000).code, Code::ok);
    shop.now = shop.now + nanoseconds(1);
    EXPECT_EQ(shop.refund_order("A", 1000).code, Code::refund_exceeds_order);

    OrderTerms at_once = shop.quote({{.payable = 20, .points = 20, .value = 20}});
    at_once.refundable_days = 1;
    shop.settle(at_once, "B");
    EXPECT_EQ(shop.order("B")->refundable_until(), shop.now + days(1));
}

// Ten thousand orders that nobody could refund any more used to refuse the next one, for ever.
TEST(Orders, AreRefusedForTooManyOnlyWhileThoseAreKnown) {
    Shop shop;
    shop.checks = false;
    shop.earn(10);
    const auto settle = [&shop](const std::string& name) {
        OrderTerms quote = shop.quote({{.payable = 0, .points = 0, .value = 0}});
        quote.refundable_days = 1;
        return shop.settle(quote, name);
    };
    for (std::uint32_t i = 0; i < limits::orders_per_account_max; ++i)
        ASSERT_EQ(settle(std::to_string(i)).code, Code::ok);
    EXPECT_EQ(settle("one more").code, Code::too_many_orders);
    shop.now = shop.now + days(7);
    EXPECT_EQ(settle("one more").code, Code::ok);
    EXPECT_EQ(settle("0").code, Code::ok);
    EXPECT_EQ(shop.order("1"), nullptr);
}

// A name is free from the instant at which its order is forgotten, not from the next entry on.
TEST(Orders, HaveTheirNameForAsLongAsTheyAreKnown) {
    Shop shop;
    shop.earn(80);
    OrderTerms quote = shop.quote({{.payable = 20, .points = 20, .value = 20}});
    quote.refundable_days = 7;
    shop.settle(quote, "A");
    shop.now = shop.now + days(7) - nanoseconds(1);
    EXPECT_EQ(shop.settle(shop.quote({card}), "A").code, Code::order_exists);
    shop.now = shop.now + nanoseconds(1);
    EXPECT_EQ(shop.order("A"), nullptr);
    EXPECT_EQ(shop.settle(shop.quote({card}), "A").code, Code::ok);
}

// INV-12: from zero, and from the records of any moment, on which the later entries are replayed.
TEST(Orders, AreTheSameFromTheJournalAndFromACheckpoint) {
    Shop shop;
    shop.earn(500, at(2027, 3, 1));
    shop.settle(shop.quote({card}), "A");
    shop.settle(shop.quote({card}), "B");
    shop.confirm("A", 1500);
    shop.refund_order("A", 700);

    Ledger loaded({.seed = 42});
    RecordCursor cursor;
    RecordSlice slice;
    bool more = true;
    int slices = 0;
    while (more) {
        slice.clear();
        more = shop.ledger.next_slice(cursor, 1, slice);
        for (const RecordSlice::Place& place : slice.records)
            ASSERT_TRUE(loaded.load_record(slice.record(place)).has_value());
        // The account record is older than the orders'.
        if (++slices == 3) shop.refund_order("A", 100);
    }
    shop.now = shop.now + hours(1);
    shop.refund_order("A");
    shop.sweep();

    Ledger from_zero({.seed = 42});
    from_zero.install(plain_program());
    shop.replay_into(from_zero);
    EXPECT_EQ(from_zero.state_hash(), shop.ledger.state_hash());
    shop.replay_into(loaded);
    EXPECT_EQ(loaded.state_hash(), shop.ledger.state_hash());
}

// An order is known until its time is over, whoever posts what meanwhile.
TEST(Orders, AreForgottenByTheClockAndNotByTheSweeper) {
    for (const bool sweeps : {false, true}) {
        Shop shop;
        shop.earn(200);
        OrderTerms terms = shop.quote({card});
        terms.refundable_days = 7;
        shop.settle(terms, "A");
        shop.confirm("A", 1500);
        shop.now = shop.now + days(7);
        shop.settle(shop.quote({card}), "B");
        shop.now = shop.now + hours(1);  // A's time is over, and B's time-out is due
        if (sweeps) shop.sweep();
        EXPECT_EQ(shop.cancel("A").code, Code::order_not_found);
        EXPECT_EQ(shop.settle(shop.quote({card}), "A").code, Code::ok) << "the name is free again";
        EXPECT_EQ(shop.cancel("A").code, Code::ok);
    }
}

// Thirty days from its time-out: how long it took to post that adds nothing.
TEST(Orders, ThatTimedOutAreKnownFromTheirTimeOutAndNotFromItsPosting) {
    for (const Duration posted_after : {nanoseconds(0), days(9), days(40)}) {
        Shop shop;
        shop.earn(80);
        OrderTerms terms = shop.quote({card});
        terms.refundable_days = 7;
        shop.settle(terms, "A");
        const Instant times_out = shop.now + terms.time_out;
        shop.now = times_out + posted_after;
        shop.sweep();
        shop.now = std::max(shop.now, times_out + days(30) - nanoseconds(1));
        EXPECT_EQ(shop.order("A") != nullptr, posted_after < days(30));
        shop.now = std::max(shop.now, times_out + days(30));
        EXPECT_EQ(shop.order("A"), nullptr);
        EXPECT_EQ(shop.confirm("A", 1500).code, Code::order_not_found);
        EXPECT_EQ(shop.settle(shop.quote({card}), "A").code, Code::ok) << "the name is free again";
    }
}

// What is forgotten does not count: else an account that was full once would be full for ever.
TEST(Orders, AFullAccountTakesOrdersAgainWhenOldOnesAreForgotten) {
    Shop shop;
    shop.checks = false;
    OrderTerms nothing = shop.quote({{.payable = 0, .points = 0, .value = 0}});
    nothing.refundable_days = 7;
    for (std::uint32_t i = 0; i < limits::orders_per_account_max; ++i) {
        ++nothing.quote;
        ASSERT_EQ(shop.settle(nothing, std::to_string(i)).code, Code::ok);
    }
    ++nothing.quote;
    const Outcome refused = shop.settle(nothing, "one more");
    EXPECT_EQ(refused.code, Code::too_many_orders);
    EXPECT_EQ(refused.detail, limits::orders_per_account_max);
    shop.now = shop.now + days(8);
    ++nothing.quote;
    nothing.valid_until = shop.now + seconds(600);
    EXPECT_EQ(shop.settle(nothing, "one more").code, Code::ok);
}

// Debt keeps nobody from buying with cash.
TEST(Orders, WithoutPointsAreSettledForAMemberWhoOwesPoints) {
    ProgramSpec spec = plain_program();
    spec.revoke = RevokePolicy::allow_debt;
    Shop shop(spec);
    const Lsn earning = shop.earn(50).entry_id;
    shop.spend(50);
    EXPECT_EQ(shop.revoke(earning).balances.debt, Points{50});
    EXPECT_EQ(shop.settle(shop.quote({{.payable = 500, .points = 0, .value = 0}}), "A").code,
              Code::ok);
    EXPECT_EQ(shop.confirm("A", 500).detail, confirmed);
}

// The sliding date is that of the last earning or spend; paying with cash is neither.
TEST(Orders, WithoutPointsLengthenNoSlidingLife) {
    ProgramSpec spec = plain_program();
    spec.expiry = ExpiryPolicy::sliding_days;
    spec.expiry_count = 10;
    Shop shop(spec);
    shop.earn(100);
    const auto before = shop.lots();
    shop.now = shop.now + days(5);
    shop.settle(shop.quote({{.payable = 500, .points = 0, .value = 0}}), "A");
    shop.confirm("A", 500);
    shop.settle(shop.quote({{.payable = 0, .points = 0, .value = 0}}), "B");
    EXPECT_EQ(shop.lots(), before);
    shop.settle(shop.quote({card}), "C");
    shop.confirm("C", 1500);
    ASSERT_EQ(shop.lots().size(), 1U);
    EXPECT_GT(shop.lots().front().first, before.front().first);
}

TEST(Orders, RefundSharesCloseForAnyCuts) {
    for (std::int64_t cut = 1; cut < 97; ++cut) {
        Points points;
        Money cash;
        for (std::int64_t given = 0; given < 97; given += cut) {
            const OrderShare part =
                share_of({97}, {31}, {50}, {given}, {std::min(cut, 97 - given)});
            points += part.points;
            cash += part.cash;
            EXPECT_GE(part.points, Points{0});
        }
        EXPECT_EQ(points, Points{31});
        EXPECT_EQ(cash, Money{47});
    }
}

}  // namespace
}  // namespace suanpan::ledger
