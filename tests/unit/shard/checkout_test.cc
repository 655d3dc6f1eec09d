// Checkout: quotes by a rule book, tokens, and settlements that take exactly what was quoted.
#include "server/shard/checkout.h"

#include "server/ledger/order_format.h"
#include "tests/unit/shard/till.h"

#include <gtest/gtest.h>

#include <random>

namespace suanpan::shard {
namespace {

constexpr std::string_view ten_points_a_yuan = "[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n";

// The next version of a till's rules, as if it had been loaded to take effect then.
ledger::RuleTextPtr install(Till& till, std::string_view rules, Instant effective_from) {
    ledger::RuleText next = *till.ledger.rules().newest(ProgramId{1});
    const std::string present = "version = " + std::to_string(next.version) + "\n";
    ++next.version;
    next.text = next.text.substr(0, next.text.find("[["));
    next.text.replace(next.text.find(present), present.size(),
                      "version = " + std::to_string(next.version) + "\n");
    next.text += rules;
    next.effective_from = effective_from;
    const auto added = std::make_shared<const ledger::RuleText>(std::move(next));
    till.ledger.install(added);
    return added;
}

constexpr AskedLine card{.product = 1, .unit_price = {2000}, .quantity = 1, .category = 1};

// semantics.md: 10 points = ¥1, balance 50, order ¥20.00.
TEST(Checkout, TakesTheCashAndThePointsOfACard) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    const QuoteAnswer quote = till.quote({card});
    EXPECT_EQ(quote.outcome.code, Code::ok);
    EXPECT_EQ(quote.value, Money{500});
    EXPECT_EQ(quote.points, Points{50});
    EXPECT_EQ(quote.cash, Money{1500});
    EXPECT_EQ(quote.outcome.balances.available, Points{50});  // nothing is reserved
    EXPECT_EQ(till.settle(quote, "A").amount, Points{50});
    EXPECT_EQ(till.balances().held, Points{50});
    EXPECT_EQ(till.confirm("A", 1500).code, Code::ok);
    const OrderAnswer order = till.order("A");
    EXPECT_EQ(order.state, OrderState::confirmed);
    EXPECT_EQ(order.payable, Money{2000});
    EXPECT_EQ(order.terms_hash, till.terms(1).hash);
}

// The tier is chosen by the balance when quoted, and pinned.
TEST(Checkout, PinsTheTierInTheQuote) {
    Till till(
        "[[deduction]]\nid = 1\npoints = 100\nmoney = 100\n"
        "tiers = [{from = 100, to = 1000, percent = 1}, {from = 1000, percent = 5}]\n");
    till.earn(1000);
    const QuoteAnswer quote = till.quote({{.product = 1, .unit_price = {2000}, .quantity = 1}});
    EXPECT_EQ(quote.points, Points{100});
    till.spend(850);
    EXPECT_EQ(till.settle(quote, "A").amount, Points{100});
}

TEST(Checkout, SettlesExactlyAsManyQuotesAsADayAllows) {
    Till till(std::string(ten_points_a_yuan) +
              "[[limit]]\nid = 9\nper = \"day\"\nmoney_max = 1200\n");
    till.earn(1000);
    std::vector<QuoteAnswer> quotes;
    for (int i = 0; i < 5; ++i)
        quotes.push_back(till.quote({{.product = 1, .unit_price = {600}, .quantity = 1}}));
    int settled = 0;
    for (int i = 0; i < 5; ++i) {
        const Outcome outcome = till.settle(quotes[static_cast<std::size_t>(i)], std::to_string(i));
        if (outcome.code == Code::ok)
            ++settled;
        else
            EXPECT_EQ(outcome.detail, static_cast<std::int64_t>(UncoveredLimit::limit_day));
    }
    EXPECT_EQ(settled, 2);  // INV-10
    EXPECT_EQ(till.quote({card}).points, Points{0});
    till.now = till.now + days(1);
    EXPECT_EQ(till.quote({card}).value, Money{1200});
}

TEST(Checkout, RefusesATokenThatIsNotItsOwn) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    const QuoteAnswer quote = till.quote({card});
    for (std::size_t i = 0; i < quote.token.size(); ++i) {
        std::vector<std::byte> altered = quote.token;
        altered[i] ^= std::byte{1};
        EXPECT_EQ(till.checkout.open_token(altered, till.now), std::nullopt) << i;
        EXPECT_EQ(till.checkout.open_token(std::span(quote.token).first(i), till.now), std::nullopt)
            << i;
    }
    EXPECT_NE(till.checkout.open_token(quote.token, till.now), std::nullopt);
    Sha256 other{};
    other[0] = std::byte{1};
    EXPECT_EQ(QuoteSeal(other).open(quote.token, till.now), std::nullopt);
}

// A seal that had not made a key yet used to take one of zeros for the day 2^32 - 1, so that
// anybody could make tokens for a server that had just started.
TEST(QuoteSeal, HasNoKeyThatAnybodyKnows) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    const auto terms = till.checkout.open_token(till.quote({card}).token, till.now);
    ASSERT_TRUE(terms.has_value());
    Sha256 secret{};
    secret[5] = std::byte{7};
    for (const std::uint32_t day :
         {UINT32_MAX, 0U, static_cast<std::uint32_t>(till.now.ns / days(1).ns)}) {
        std::vector<std::byte> token;
        ledger::ByteAppender to(token);
        to.put(std::uint32_t{2});
        to.put(std::uint32_t{1});
        to.put(day);
        ledger::put_terms(token, *terms);
        to.put(hmac_sha256(Sha256{}, token));
        QuoteSeal untouched(secret);
        EXPECT_EQ(untouched.open(token, till.now), std::nullopt) << day;
    }
}

// A key that leaks must not seal quotes for ever.
TEST(QuoteSeal, OpensNothingOfTomorrowAndNoPromiseThatItsDayCouldNotMake) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    auto terms = till.checkout.open_token(till.quote({card}).token, till.now);
    ASSERT_TRUE(terms.has_value());
    QuoteSeal seal(Sha256{});
    const std::vector<std::byte> token = seal.seal(*terms, till.now);
    EXPECT_EQ(seal.open(token, till.now - days(1)), std::nullopt);
    EXPECT_EQ(seal.open(token, till.now + days(30)), terms);  // expired, and said to be
    terms->valid_until = till.now + days(3);
    EXPECT_EQ(seal.open(seal.seal(*terms, till.now), till.now + days(2)), std::nullopt);
}

// Keys rotate every day; a quote of yesterday holds until it says.
TEST(Checkout, HonoursAQuoteAcrossARotation) {
    Till till(ten_points_a_yuan);
    till.now = Instant{(till.now.ns / days(1).ns + 1) * days(1).ns - 1};
    till.earn(50);
    const QuoteAnswer quote = till.quote({card});
    till.now = till.now + seconds(1);
    EXPECT_NE(till.quote({card}).token, quote.token);
    EXPECT_EQ(till.settle(quote, "A").code, Code::ok);
    till.now = quote.valid_until;
    EXPECT_EQ(till.settle(quote, "B").code, Code::order_exists);
}

// A quote used to count for its campaign's budget, which no account counts: settle then refused the
// server's own token.
TEST(Checkout, SettlesAnOrderOfACampaign) {
    Till till(std::string(ten_points_a_yuan) +
              "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\n"
              "end = 2027-02-01T00:00:00Z\nmultiplier = 2\nmember_orders_max = 1\n");
    till.earn(200);
    const QuoteAnswer quote = till.quote({card});
    EXPECT_EQ(quote.campaign, 7U);
    EXPECT_EQ(quote.value, Money{2000});
    const QuoteAnswer second = till.quote({card});
    EXPECT_EQ(till.settle(quote, "A").amount, Points{100});
    const Outcome again = till.settle(second, "B");
    EXPECT_EQ(again.code, Code::quote_no_longer_covered);  // INV-10
    EXPECT_EQ(again.detail, static_cast<std::int64_t>(UncoveredLimit::campaign));
    EXPECT_EQ(till.quote({card}).campaign, 0U);
}

TEST(Checkout, SettlesAnOrderWithACoupon) {
    Till till(std::string(ten_points_a_yuan) + "[[coupon]]\nid = 5\nminus = 300\nmember_max = 1\n");
    till.earn(50);
    const QuoteAnswer quote = till.quote({card}, "", {5});
    EXPECT_EQ(quote.coupons, Money{300});
    EXPECT_EQ(quote.cash, Money{1200});
    EXPECT_EQ(till.settle(quote, "A").amount, Points{50});
    EXPECT_EQ(till.quote({card}, "", {5}).outcome.code, Code::order_not_priceable);
    EXPECT_EQ(till.cancel("A").code, Code::ok);  // gives the coupon back too
    EXPECT_EQ(till.quote({card}, "", {5}).outcome.code, Code::ok);
}

// seal() must write nothing that open() would not read, whatever the terms say.
TEST(QuoteSeal, OpensToTheSameTermsWhatItSealed) {
    std::mt19937 random(20270201);
    const auto draw = [&](std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random);
    };
    int sound = 0;
    for (int round = 0; round < 2000; ++round) {
        OrderTerms terms;
        terms.quote = random();
        terms.member = {.high = random(), .low = random()};
        terms.partner = PartnerId{static_cast<std::uint32_t>(random())};
        terms.program = ProgramId{static_cast<std::uint32_t>(random())};
        terms.rule_version = static_cast<std::uint32_t>(random());
        terms.late_payment = draw(0, 1) == 0 ? LatePayment::auto_refund : LatePayment::reacquire;
        terms.grace_days = static_cast<std::uint16_t>(draw(0, UINT16_MAX));
        terms.refundable_days = static_cast<std::uint32_t>(draw(0, 3650));
        terms.currency.bytes = {'C', 'N', 'Y'};
        fill_random(terms.terms_hash);
        const Instant now{draw(0, 2'000'000'000) * 1'000'000'000};
        terms.valid_until = now + seconds(draw(0, 86'400));
        terms.time_out = seconds(draw(1, 7 * 86'400));
        for (std::int64_t count = draw(1, 200); count > 0; --count) {
            const Money list{draw(0, 1'000'000)};
            const Money payable{draw(0, list.value)};
            const Money value{draw(0, payable.value)};
            const Points points{draw(0, 1'000'000)};
            terms.lines.push_back(
                {.list = list, .payable = payable, .points = points, .value = value});
            terms.list += list;
            terms.payable += payable;
            terms.value += value;
            terms.points += points;
        }
        const auto most = [&](std::int64_t amount) {
            return draw(0, 1) == 0 ? -1 : draw(amount, amount_points_max);
        };
        for (std::int64_t count = draw(0, 3); count > 0; --count) {
            const UseSum amount{
                .money = {draw(0, 1000)}, .points = {draw(0, 9)}, .count = draw(0, 1)};
            terms.uses.push_back({.key = {.kind = static_cast<UseKind>(draw(0, 7)),
                                          .id = static_cast<std::uint32_t>(random())},
                                  .amount = amount,
                                  .most = {.money = {most(amount.money.value)},
                                           .points = {most(amount.points.value)},
                                           .count = most(amount.count)}});
        }
        const std::int64_t sets = draw(0, 200);
        for (std::uint16_t set = 1; set <= sets; ++set)
            terms.restricted.push_back(
                {.restriction = Restriction{set}, .most = {draw(0, amount_points_max)}});
        if (!terms.is_sound()) continue;
        ++sound;
        QuoteSeal seal(Sha256{});
        ASSERT_EQ(seal.open(seal.seal(terms, now), now), terms) << "round " << round;
    }
    EXPECT_GT(sound, 500);
}

// FILL takes one step beyond what finds a place; the bound of restricted points used to leave it
// out, so that no quote under these rules could be settled.
TEST(Checkout, SettlesRestrictedPointsThatFillUpTheLastStep) {
    Till till(
        "[[restriction]]\nid = 1\nproducts = [1]\n"
        "[[deduction]]\nid = 1\npoints = 1\nmoney = 7\nstep = 100\nmode = \"fill\"\n");
    till.earn(200, 1);
    const QuoteAnswer quote = till.quote({{.product = 1, .unit_price = {1000}, .quantity = 1}});
    EXPECT_EQ(quote.points, Points{200});
    EXPECT_EQ(quote.value, Money{1000});
    EXPECT_EQ(till.settle(quote, "A").amount, Points{200});
}

// Points of a set that came in after the quote used to pay for lines that do not take them.
TEST(Checkout, TakesRestrictedPointsOnlyForTheLinesThatTheQuotePutThemOn) {
    Till till(
        "[[restriction]]\nid = 1\nproducts = [1]\n"
        "[[deduction]]\nid = 1\npoints = 1\nmoney = 100\n");
    till.earn(10, 0, till.now + days(30));
    const QuoteAnswer quote = till.quote({{.product = 1, .unit_price = {1000}, .quantity = 1},
                                          {.product = 2, .unit_price = {1000}, .quantity = 1}});
    EXPECT_EQ(quote.lines[0].points, Points{5});
    till.earn(10, 1, till.now + days(3));
    EXPECT_EQ(till.settle(quote, "A").amount, Points{10});
    const auto account = till.ledger.find_account({.high = 1, .low = 0xa11ce}, ProgramId{1});
    for (const ledger::Lot& lot : till.ledger.account(account).lots().all())
        EXPECT_EQ(lot.remaining, Points{5}) << static_cast<int>(lot.key.restriction);
}

TEST(Checkout, AsksForARuleBookAndForTheProgramsCurrency) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    EXPECT_EQ(till.quote({card}, "USD").outcome.code, Code::currency_differs);
    EXPECT_EQ(till.quote({card}, "CNY").outcome.code, Code::ok);
    EXPECT_EQ(till.terms(2).outcome.code, Code::rules_not_found);
    EXPECT_EQ(till.terms(0).version, 1U);
    Till empty("");
    EXPECT_EQ(empty.quote({card}).outcome.code, Code::ok);
    EXPECT_EQ(empty.quote({card}).points, Points{0});
}

TEST(Checkout, SaysWhatAnOrderCannotBePriced) {
    Till till(ten_points_a_yuan);
    till.earn(50);
    const QuoteAnswer quote = till.quote({card}, "", {77});
    EXPECT_EQ(quote.outcome.code, Code::order_not_priceable);
    EXPECT_EQ(quote.outcome.detail, 5000);  // the first coupon is unknown
    AskedLine huge = card;
    huge.quantity = INT64_MAX;
    EXPECT_EQ(till.quote({huge}).outcome.code, Code::amount_out_of_range);
}

TEST(Checkout, LoadsABudgetAndNoRulesThatMakeNoSense) {
    Till till(ten_points_a_yuan);
    const Checkout::Loaded budget =
        till.load(std::string(ten_points_a_yuan) +
                      "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\n"
                      "end = 2027-02-01T00:00:00Z\nmultiplier = 2\nbudget = 1000\n",
                  2);
    ASSERT_NE(budget.book, nullptr) << budget.message;
    EXPECT_EQ(budget.book->spec().campaigns.at(0).budget, Money{1000});
    const Checkout::Loaded broken = till.load("[[deduction]]\nid = 1\npoints = 0\n", 2);
    EXPECT_EQ(broken.book, nullptr);
    EXPECT_NE(broken.message.find("deduction"), std::string::npos);
}

// While a version that is in force at once was being committed, the limits of all versions before
// it held again, and the lowest of them refused (the simulator's seed 323).
TEST(Checkout, BringsNoOldLimitBackWhileANewVersionIsNotDurable) {
    const auto with_total = [](int total) {
        return std::string(ten_points_a_yuan) +
               "[[coupon]]\nid = 5\nminus = 300\ntotal_max = " + std::to_string(total) + "\n";
    };
    Till till(with_total(4));
    const auto add = [&](int total) { return install(till, with_total(total), till.now); };
    const ledger::CounterKey key{
        .program = ProgramId{1}, .kind = ledger::CounterKind::coupon_total, .id = 5};
    add(7);
    EXPECT_EQ(till.checkout.limit_of(key, till.now), 7);
    till.checkout.set_undurable(add(9));
    EXPECT_EQ(till.checkout.limit_of(key, till.now), 7);
    till.checkout.set_undurable(nullptr);
    EXPECT_EQ(till.checkout.limit_of(key, till.now), 9);
}

// Each quote walked through all versions since the first and kept each of them parsed.
TEST(Checkout, KeepsNoRuleBooksOfVersionsThatHaveGoneBy) {
    const auto with_budget = [](int budget) {
        return std::string(ten_points_a_yuan) +
               "[[campaign]]\nid = 7\nstart = 2027-01-01T00:00:00Z\n"
               "end = 2029-01-01T00:00:00Z\nmultiplier = 2\nbudget = " +
               std::to_string(budget) + "\n";
    };
    Till till(with_budget(1));
    till.earn(1000);
    const ledger::CounterKey key{
        .program = ProgramId{1}, .kind = ledger::CounterKind::campaign_budget, .id = 7};
    constexpr int versions = 365;
    for (int i = 2; i <= versions; ++i) install(till, with_budget(1000 * i), till.now + days(i));
    EXPECT_EQ(till.checkout.limit_of(key, till.now), 1);  // all of them count
    EXPECT_EQ(till.checkout.books(), 365U);
    till.now = till.now + days(versions - 1);
    EXPECT_EQ(till.checkout.limit_of(key, till.now), 364'000);
    install(till, with_budget(2'000'000), till.now);  // the first to come takes effect tomorrow
    EXPECT_EQ(till.quote({card}).outcome.code, Code::ok);
    EXPECT_EQ(till.checkout.limit_of(key, till.now), 2'000'000);
    EXPECT_EQ(till.checkout.books(), 1U);
    // After a start none is parsed before it is needed.
    Checkout restarted(till.ledger, QuoteSeal(Sha256{}));
    EXPECT_EQ(restarted.limit_of(key, till.now), 2'000'000);
    EXPECT_EQ(restarted.books(), 1U);
}

// 256 limits read as reason 0, "no line", of the line 256.
TEST(Checkout, SaysThatAnOrderCountsUnderTooManyLimits) {
    std::string rules(ten_points_a_yuan);
    for (std::uint32_t i = 1; i <= limits::order_uses_max + 1; ++i)
        rules += "[[limit]]\nid = " + std::to_string(i) + "\nper = \"day\"\nmoney_max = 100000\n";
    Till till(rules);
    till.earn(50);
    const QuoteAnswer quote = till.quote({card});
    EXPECT_EQ(quote.outcome.code, Code::order_not_priceable);
    EXPECT_EQ(quote.outcome.detail, 12'000);
}

// The program used to be asked for equality alone, and then changed without asking the rules.
TEST(Checkout, TakesNoExpiryThatTheProgramDoesNotKeep) {
    Till till(ten_points_a_yuan);
    const auto program_with = [&](ExpiryPolicy policy, std::uint32_t count) {
        ProgramSpec spec = till.ledger.program(ProgramId{1})->spec();
        ++spec.version;
        spec.expiry = policy;
        spec.expiry_count = count;
        return spec;
    };
    const auto rules_with = [](std::string_view policy, int count) {
        return std::string(ten_points_a_yuan) + "[expiry]\npolicy = \"" + std::string(policy) +
               "\"\ncount = " + std::to_string(count) + "\n";
    };
    till.ledger.install(program_with(ExpiryPolicy::after_months, 24));
    EXPECT_NE(till.load(rules_with("after_years", 2), 2).book, nullptr);
    EXPECT_NE(till.load(rules_with("after_months", 12), 2).book, nullptr);
    EXPECT_NE(till.load(ten_points_a_yuan, 2).book, nullptr);
    EXPECT_EQ(till.load(rules_with("after_months", 25), 2).book, nullptr);
    EXPECT_EQ(till.load(rules_with("after_days", 10), 2).book, nullptr);
}

// 24 months became one at once, while the rules in force went on saying 24.
TEST(Checkout, WantsNoticeOfAnEarlierExpiryOfTheProgram) {
    Till till(ten_points_a_yuan);
    const auto program_with = [&](std::uint32_t months) {
        ProgramSpec spec = till.ledger.program(ProgramId{1})->spec();
        ++spec.version;
        spec.expiry = ExpiryPolicy::after_months;
        spec.expiry_count = months;
        return spec;
    };
    const auto rules_with = [](int months) {
        return std::string(ten_points_a_yuan) +
               "[expiry]\npolicy = \"after_months\"\ncount = " + std::to_string(months) + "\n";
    };
    const auto notice = [&](std::uint32_t months) {
        return till.checkout.notice_ends(program_with(months), till.now);
    };
    EXPECT_EQ(notice(24), std::nullopt);  // no rules say anything of it
    till.ledger.install(program_with(24));
    install(till, rules_with(24), till.now);
    EXPECT_EQ(notice(24), std::nullopt);
    EXPECT_EQ(notice(25), std::nullopt);
    EXPECT_EQ(notice(1), till.now + days(30));
    // Nor do the rules lose their word of it without notice.
    const auto silent = till.load(ten_points_a_yuan, 3);
    ASSERT_NE(silent.book, nullptr) << silent.message;
    EXPECT_EQ(till.checkout.notice_ends(*silent.book, till.now), till.now + days(30));
    // Announced by rules, it may come once these are in force.
    install(till, rules_with(1), till.now + days(30));
    EXPECT_EQ(notice(1), till.now + days(30));
    till.now = till.now + days(30);
    EXPECT_EQ(notice(1), std::nullopt);
}

// One mistyped century, and no version could take effect before it.
TEST(Checkout, RefusesRulesOfACenturyToCome) {
    Till till(ten_points_a_yuan);
    const auto load_at = [&](std::string_view instant) {
        CommandPayload payload;
        const std::string text =
            "program = 1\nversion = 2\nauthor = \"ops\"\neffective_from = " + std::string(instant) +
            "\n" + std::string(ten_points_a_yuan);
        const auto bytes = std::as_bytes(std::span(text));
        payload.text = {bytes.begin(), bytes.end()};
        return till.checkout.load(PutRules{.payload = &payload, .version = 0, .effective_from = {}},
                                  ProgramId{1}, till.now);
    };
    EXPECT_NE(load_at("2028-03-20T08:00:00Z").book, nullptr);  // 430 days ahead
    const Checkout::Loaded late = load_at("2028-03-20T08:00:01Z");
    EXPECT_EQ(late.book, nullptr);
    EXPECT_EQ(late.message,
              "effective_from: lies more than 430 days ahead, the notice and 400; nothing could "
              "take effect before it\n");
    EXPECT_EQ(load_at("2199-01-01T00:00:00Z").book, nullptr);
}

TEST(Checkout, WantsNoticeOfWhatIsAdverse) {
    const std::string limit = "[[limit]]\nid = 9\nper = \"day\"\nmoney_max = ";
    Till till(std::string(ten_points_a_yuan) + limit + "1200\n");
    const auto worse = till.load(std::string(ten_points_a_yuan) + limit + "1100\n", 2);
    const auto better = till.load(ten_points_a_yuan, 2);
    ASSERT_NE(worse.book, nullptr) << worse.message;
    ASSERT_NE(better.book, nullptr) << better.message;
    EXPECT_EQ(till.checkout.notice_ends(*worse.book, till.now), till.now + days(30));
    EXPECT_EQ(till.checkout.notice_ends(*better.book, till.now), std::nullopt);
}

// The next book's own notice used to count where the one before could not be read any more.
TEST(Checkout, WantsTheNoticeThatAnUnreadableBookPromised) {
    Till till(ten_points_a_yuan);
    const auto next = till.load("notice_days = 0\n" + std::string(ten_points_a_yuan), 3);
    ASSERT_NE(next.book, nullptr) << next.message;
    const auto notice_after = [&](std::string_view text, std::uint32_t version) {
        ledger::RuleText unreadable;
        unreadable.program = ProgramId{1};
        unreadable.version = version;
        unreadable.effective_from = till.now;
        unreadable.text = text;
        till.ledger.install(std::make_shared<const ledger::RuleText>(std::move(unreadable)));
        return till.checkout.notice_ends(*next.book, till.now);
    };
    EXPECT_EQ(notice_after("notice_days = 45\nof_a_later_release = 1\n", 2), till.now + days(45));
    EXPECT_EQ(notice_after("of_a_later_release = 1\n", 3), till.now + days(30));
    EXPECT_EQ(notice_after("notice_days = -1\n", 4), till.now + days(3650));
    EXPECT_EQ(notice_after("no rules at all", 5), till.now + days(3650));
    EXPECT_EQ(till.quote({card}).outcome.code, Code::rules_not_found);
}

// Whatever lies in the account: a quote that is settled at once takes exactly its numbers, and a
// complete refund brings every point back.
TEST(Checkout, SettlesWhatItQuotesForRandomAccounts) {
    std::mt19937 random(20270131);
    const auto draw = [&](std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random);
    };
    for (int round = 0; round < 300; ++round) {
        Till till(
            "[[restriction]]\nid = 1\nproducts = [1, 2]\n"
            "[[restriction]]\nid = 2\nproducts = [3]\n"
            "[[deduction]]\nid = 1\npoints = 7\nmoney = 3\nstep = " +
            std::to_string(draw(1, 5)) + "\norder_percent_max = " + std::to_string(draw(10, 100)) +
            "\n");
        for (std::int64_t lots = draw(1, 6); lots > 0; --lots)
            till.earn(draw(1, 900), static_cast<std::uint16_t>(draw(0, 3)),
                      till.now + days(draw(1, 40)));
        std::vector<AskedLine> lines;
        for (std::int64_t count = draw(1, 5); count > 0; --count)
            lines.push_back({.product = static_cast<std::uint64_t>(draw(1, 5)),
                             .unit_price = {draw(0, 300)},
                             .quantity = draw(1, 3)});
        const Points before = till.balances().available;
        const QuoteAnswer quote = till.quote(lines);
        ASSERT_EQ(quote.outcome.code, Code::ok);
        EXPECT_EQ(quote.value + quote.cash, quote.payable);  // INV-8
        const Outcome settled = till.settle(quote, "A");
        ASSERT_EQ(settled.code, Code::ok) << "round " << round << " detail " << settled.detail;
        ASSERT_EQ(settled.amount, quote.points);
        ASSERT_EQ(till.balances().available, before - quote.points);
        if (quote.cash > Money{}) {
            ASSERT_EQ(till.confirm("A", quote.cash.value).code, Code::ok);
        }
        if (quote.payable == Money{}) continue;
        Money cash;
        while (till.order("A").state == OrderState::confirmed) {
            const OrderAnswer order = till.order("A");
            const Money left = order.payable - order.refunded;
            const Outcome part = till.refund("A", draw(1, left.value));
            ASSERT_EQ(part.code, Code::ok);
            cash += Money{part.detail};
        }
        EXPECT_EQ(cash, quote.cash);
        EXPECT_EQ(till.balances().available, before);  // INV-6
    }
}

}  // namespace
}  // namespace suanpan::shard
