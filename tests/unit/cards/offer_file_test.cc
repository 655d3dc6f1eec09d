#include "server/cards/offer_file.h"

#include "protocol/limits.h"
#include "server/cards/offer_book.h"
#include "server/cards/offer_check.h"
#include "tests/unit/cards/card_shop.h"

#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <string>

namespace suanpan::cards::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view head = R"(
[[offer]]
id = 5
program = 1
kind = "counted"
stock = 10
points = 100
start = 2027-01-01T00:00:00Z
)";

std::vector<std::string> mistakes(const std::string& text) {
    const auto file = parse_offers(text);
    std::vector<std::string> lines;
    if (!file)
        for (const OfferMistake& mistake : file.error()) lines.push_back(to_text(mistake));
    return lines;
}
// The mistakes of an offer whose head is followed by `lines`.
std::vector<std::string> with(std::string_view lines) {
    return mistakes(std::string(head) + std::string(lines));
}
// The head with one line in place of another.
std::vector<std::string> without(std::string_view line, std::string_view instead = "") {
    std::string text(head);
    text.replace(text.find(line), line.size(), instead);
    return mistakes(text);
}

TEST(OfferFile, OfTheDocumentationIsRead) {
    std::ifstream page(SUANPAN_SOURCE_DIR "/docs/cards.md");
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    const std::size_t begin = text.find("```toml\n") + 8;
    const auto file = parse_offers(text.substr(begin, text.find("```", begin) - begin));
    ASSERT_TRUE(file.has_value()) << to_text(file.error().front());
    ASSERT_EQ(file->offers.size(), 2U);
    const Offer& offer = file->offers.front();
    EXPECT_EQ(offer.kind, StockKind::code_backed);
    EXPECT_EQ(offer.order, IssueOrder::soonest_expiry_first);
    EXPECT_EQ(offer.code_form, CodeForm::folded);
    EXPECT_EQ(offer.points, Points{5000});
    EXPECT_EQ(offer.cash, Money{990});
    EXPECT_TRUE(offer.top_up);
    EXPECT_THAT(offer.audience.levels, ElementsAre(LevelId{2}, LevelId{3}));
    EXPECT_EQ(offer.audience.segments, 0b1000'0000U);
    EXPECT_EQ(offer.limits, (MemberLimits{.per_order = 2, .per_day = 2, .ever = 5}));
    EXPECT_EQ(offer.reservations.share_percent, 30);
    EXPECT_EQ(offer.reservations.per_origin, 20);
    EXPECT_EQ(offer.reservations.late_payment, LatePayment::reacquire);
    EXPECT_EQ(offer.voucher.valid_for, days(90));
    EXPECT_THAT(offer.voucher.stores, ElementsAre(StoreId{11}, StoreId{12}));
    EXPECT_EQ(offer.voucher.hops_max, 1U);
    EXPECT_EQ(file->offers[1].stock, stock_units_max);
    ASSERT_EQ(file->velocity.size(), 2U);
    EXPECT_EQ(file->velocity[1].scope, VelocityScope::origin);
}

TEST(OfferFile, NeedsLittle) {
    const auto file = parse_offers(head);
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(file->offers.front().window.end, instant_never);
    EXPECT_EQ(file->offers.front().limits.per_order, 1);
    EXPECT_TRUE(parse_offers("")->offers.empty());
}

TEST(OfferFile, NamesPathLineAndReason) {
    EXPECT_THAT(without("id = 5\n"),
                ElementsAre("line 2: offer[1].id: is missing; give its number"));
    EXPECT_THAT(without("stock = 10", "stock = 0"),
                ElementsAre("line 6: offer[1].stock: must be a number from 1 to 1000000000000000"));
    EXPECT_THAT(with("end = 2026-12-31T00:00:00Z\n"),
                ElementsAre("line 2: offer[1].window.end: must be after the start"));
    EXPECT_THAT(with("end = 2027-01-01T00:00:00Z\n"), ::testing::SizeIs(1));
    EXPECT_THAT(with("colour = 1\n"), ElementsAre(HasSubstr("offer[1].colour: is no key here")));
    EXPECT_THAT(without("points = 100", "points = 1.5"), ElementsAre(HasSubstr("offer[1].points")));
    EXPECT_THAT(without("2027-01-01T00:00:00Z", "2027-01-01T00:00:00"),
                ElementsAre(HasSubstr("with its offset")));
    EXPECT_THAT(mistakes("[[offer]"), ElementsAre(HasSubstr("line 1: the file: not valid TOML")));
    EXPECT_THAT(mistakes("offer = 3"), ElementsAre("line 1: offer: must be a list of tables"));
    EXPECT_THAT(mistakes(std::string(limits::offer_file_bytes_max + 1, '#')),
                ElementsAre("the file: has 262145 bytes; at most 262144"));
}

TEST(OfferFile, RefusesQuantitiesThatMakeNoSense) {
    for (const char* line : {"limits = {per_order = 0}",
                             "limits = {per_order = 2147483648}",
                             "limits = {per_day = 0}",
                             "limits = {ever = -1}",
                             "limits = {per_order = 3, per_day = 2}",
                             "limits = {per_order = 1, per_day = 3, ever = 2}",
                             "limits = {per_order = 3, ever = 2}",
                             "reservations = {share_percent = 0}",
                             "reservations = {share_percent = 101}",
                             "reservations = {pay_within_seconds = 0}",
                             "reservations = {per_origin = 0}",
                             "reservations = {late_payment = \"never\"}",
                             "voucher = {uses = 0}",
                             "voucher = {uses = 101}",
                             "voucher = {uses = 2, amount = 100}",
                             "voucher = {stores = [1]}",
                             "voucher = {valid_days = 0}",
                             "voucher = {merchant = 1, stores = [2, 2]}",
                             "voucher = {hops_max = 101}",
                             "voucher = {claim_within_seconds = 0}",
                             "voucher = {undo_within_seconds = 40000000}",
                             "order = \"soonest_expiry_first\"",
                             "deliver_within_seconds = 60",
                             "unlimited = true",
                             "cash = -1",
                             "audience = {segments = [64]}",
                             "audience = {levels = []}",
                             "name = \"a\\nb\"",
                             "currency = \"EUROCENTS\"",
                             "version = 0",
                             "code_form = \"folded\""})
        EXPECT_EQ(with(std::string(line) + "\n").size(), 1U) << line;
    EXPECT_EQ(without("points = 100", "points = 0").size(), 1U);
    EXPECT_EQ(without("points = 100", "points = 1000000000000001").size(), 1U);
    EXPECT_EQ(without("points = 100", "cash = 1\ntop_up = true").size(), 1U);
    EXPECT_EQ(without("\"counted\"", "\"code_backed\"").size(), 1U);  // has a stock
    EXPECT_EQ(without("\"counted\"", "\"external\"").size(), 1U);     // no time to deliver
    EXPECT_EQ(without("\"counted\"", "\"gift\"").size(), 1U);
}

TEST(OfferFile, RefusesNumbersThatAreUsedTwice) {
    EXPECT_THAT(mistakes(std::string(head) + std::string(head)),
                ElementsAre("line 11: offer[2].id: is an earlier offer's"));
    const std::string rule =
        "[[velocity]]\nid = 1\nper = \"member\"\nkind = \"redeem\"\ncount = 1\nwindow_seconds = "
        "1\n";
    EXPECT_THAT(mistakes(rule + rule), ElementsAre("line 8: velocity[2].id: is an earlier rule's"));
    EXPECT_EQ(mistakes("[[velocity]]\nid = 1\n").size(), 4U);
    std::string bad = rule;
    bad.replace(bad.find("window_seconds = 1"), 18, "window_seconds = 0");
    EXPECT_THAT(mistakes(bad),
                ElementsAre("line 6: velocity[1].window_seconds: must be 1 or more"));
}

TEST(OfferFile, TellsAHundredMistakesAtMost) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "[[offer]]\n";
    EXPECT_EQ(mistakes(text).size(), offer_mistakes_max);
}

// What a file cannot say, a wire message could.
TEST(OfferCheck, FindsWhatNoFileCanSay) {
    const std::function<void(Offer&)> damages[] = {
        [](Offer& o) { o.kind = StockKind{0}; },
        [](Offer& o) { o.kind = StockKind{9}; },
        [](Offer& o) { o.id = OfferId{0}; },
        [](Offer& o) { o.order = IssueOrder{7}; },
        [](Offer& o) { o.code_form = CodeForm{7}; },
        [](Offer& o) { o.points.value = INT64_MIN; },
        [](Offer& o) { o.cash.value = INT64_MAX; },
        [](Offer& o) { o.window.start.ns = INT64_MIN; },
        [](Offer& o) { o.window.end.ns = INT64_MAX - 1; },
        [](Offer& o) { o.limits.per_order = INT64_MAX; },
        [](Offer& o) { o.audience.levels = {LevelId{2}, LevelId{1}}; },
        [](Offer& o) { o.reservations.late_payment = LatePayment{7}; },
        [](Offer& o) { o.reservations.pay_within = days(8); },
        [](Offer& o) { o.voucher.valid_for = Duration{-1}; },
        [](Offer& o) { o.voucher.valid_until = Instant{-1}; },
        [](Offer& o) { o.voucher.stores.assign(65, StoreId{1}); },
        [](Offer& o) { o.voucher.undo_within = Duration{-1}; },
    };
    for (const auto& damage : damages) {
        Offer offer = plain_offer();
        damage(offer);
        OfferMistakes found;
        check_offer(offer, "", found);
        EXPECT_FALSE(found.empty()) << &damage - damages;
    }
    OfferMistakes found;
    check_offer(plain_offer(), "", found);
    EXPECT_TRUE(found.empty()) << to_text(found.front());
}

TEST(OfferBook, TakesTheNextVersionOnly) {
    OfferBook book;
    EXPECT_EQ(book.find(OfferId{5}).error().code, Code::offer_not_found);
    Offer offer = plain_offer();
    offer.version = 2;
    EXPECT_EQ(book.check_next(offer).error(), (Refusal{Code::version_not_next, 0}));
    offer.version = 1;
    book.put(offer);
    const auto kept = *book.find(OfferId{5});
    EXPECT_EQ(book.check_next(offer).error(), (Refusal{Code::version_not_next, 1}));
    offer.version = 2;
    offer.stopped = true;
    book.put(offer);
    EXPECT_TRUE((*book.find(OfferId{5}))->stopped);
    EXPECT_FALSE(kept->stopped);
    offer.version = 3;
    offer.code_form = CodeForm::folded;
    EXPECT_EQ(book.check_next(offer).error().code, Code::offer_invalid);
    offer = plain_offer();
    offer.limits.per_order = 0;
    EXPECT_EQ(book.check_next(offer).error().code, Code::offer_invalid);
}

}  // namespace
}  // namespace suanpan::cards::testing
