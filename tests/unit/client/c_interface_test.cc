// The C interface, used from C++ the way C would.
#include "client/answer.h"
#include "client/suanpan.h"
#include "tests/unit/client/fake_server.h"

#include <gmock/gmock.h>

#include <cstring>
#include <string>
#include <vector>

// Defined in c99_program.c: what a C program sees of a spend.
extern "C" int spend_from_c99(uint16_t port, uint32_t partner, const void* key, size_t key_bytes,
                              suanpan_answer* answer);
extern "C" int checkout_from_c99(uint16_t port, uint32_t partner, const void* key, size_t key_bytes,
                                 suanpan_quoted* quoted, suanpan_ordered* ordered,
                                 suanpan_terms_text* terms, char* message, size_t message_bytes);

namespace suanpan::client {
namespace {

TEST(CInterface, SpendsFromAProgramInC99) {
    FakeServer server({});
    const Options options = server.options();
    suanpan_answer answer;
    std::memset(&answer, 0, sizeof answer);
    ASSERT_EQ(spend_from_c99(options.endpoints[0].port, 7, options.key.data(), options.key.size(),
                             &answer),
              0);
    EXPECT_EQ(answer.fate, SUANPAN_DONE);
    EXPECT_EQ(answer.amount, 60);
    EXPECT_NE(answer.entry_id, 0U);
    const CommandHead head = server.received().at(0).events.at(0).command.head;
    EXPECT_EQ(head.member, (MemberId{0xa11ce, 1}));
    EXPECT_EQ(head.program, ProgramId{3});
    EXPECT_EQ(head.request_id, (RequestId{answer.request_id.high, answer.request_id.low}));
}

TEST(CInterface, SaysWhyItCannotOpen) {
    char error[128] = "";
    EXPECT_EQ(suanpan_open(nullptr, error, sizeof error), nullptr);
    EXPECT_STRNE(error, "");
    suanpan_options options;
    std::memset(&options, 0, sizeof options);
    options.port = 1;
    error[0] = '\0';
    EXPECT_EQ(suanpan_open(&options, error, sizeof error), nullptr) << "there is no key";
    EXPECT_NE(std::string(error).find("key"), std::string::npos);
    char tiny[4];
    EXPECT_EQ(suanpan_open(&options, tiny, sizeof tiny), nullptr);
    EXPECT_EQ(std::strlen(tiny), 3U);
    suanpan_close(nullptr);
}

TEST(CInterface, KnowsTheCodesInWords) {
    EXPECT_STREQ(suanpan_code_name(302), "capture_exceeds_hold");
    EXPECT_EQ(suanpan_code_text(302), text_of(Code::capture_exceeds_hold).sentence);
    EXPECT_STREQ(suanpan_code_name(299), "unknown_code");
}

TEST(CInterface, HasTheNumbersOfTheCppInterface) {
    EXPECT_EQ(static_cast<int>(SUANPAN_DONE), static_cast<int>(Fate::done));
    EXPECT_EQ(static_cast<int>(SUANPAN_REFUSED), static_cast<int>(Fate::refused));
    EXPECT_EQ(static_cast<int>(SUANPAN_UNKNOWN), static_cast<int>(Fate::unknown));
}

// What a server said of an order, and what it was asked.
struct Counter {
    std::vector<AskedOrder> asked;
    std::vector<CommandBody> bodies;
    std::vector<std::vector<LineRefund>> refunds;
    std::vector<std::byte> settled_with;

    // Payloads live as long as their frame: they are copied here.
    void answer(FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
        const DecodedEvent& event = frame.events.at(0);
        bodies.push_back(event.command.body);
        std::vector<std::byte> bytes;
        if (const auto* quote = std::get_if<AskQuote>(&event.command.body)) {
            asked.push_back(quote->payload->order);
            encode_quote(bytes, header, quoted());
        } else if (frame.kind == CommandKind::order) {
            encode_order(bytes, header, ordered());
        } else if (frame.kind == CommandKind::terms) {
            encode_terms(
                bytes, header,
                {.outcome = {}, .version = 6, .effective_from = {60}, .text = "the rules"});
        } else if (frame.kind == CommandKind::rules_put) {
            encode_rules(
                bytes, header,
                {.outcome = {.code = Code::rules_invalid}, .message = "line 1: no author"});
        } else {
            if (const auto* settle = std::get_if<Settle>(&event.command.body))
                settled_with = settle->payload->token;
            if (const auto* refund = std::get_if<RefundOrder>(&event.command.body))
                refunds.push_back(refund->payload != nullptr ? refund->payload->refunds
                                                             : std::vector<LineRefund>{});
            peer.answer(header, {FakeServer::ok_outcome(event)});
            return;
        }
        peer.send(std::move(bytes));
    }

    static QuoteAnswer quoted() {
        QuoteAnswer quote;
        quote.rule_version = 6;
        quote.campaign = 8;
        quote.valid_until = {77};
        quote.list = {3800};
        quote.discounts = {200};
        quote.coupons = {100};
        quote.payable = {3500};
        quote.eligible = {3400};
        quote.value = {500};
        quote.cash = {3000};
        quote.points = {50};
        quote.points_missing = {12};
        quote.gap = {120};
        quote.lines = {{.list = {3000}, .payable = {2700}, .points = {40}, .value = {400}},
                       {.list = {800}, .payable = {800}, .points = {10}, .value = {100}}};
        quote.limits = {{.kind = 5, .bound = true, .id = 9, .value = 500},
                        {.kind = 33, .bound = false, .id = 0, .value = 62}};
        quote.token = {std::byte{1}, std::byte{2}, std::byte{3}};
        return quote;
    }
    static OrderAnswer ordered() {
        OrderAnswer order;
        order.state = OrderState::confirmed;
        order.step = OrderStep::paid;
        order.rule_version = 6;
        order.terms_hash[31] = std::byte{0xab};
        std::memcpy(order.currency.bytes.data(), "CNY", 3);
        std::memset(order.payment.bytes.data(), 'p', 64);
        order.list = {3800};
        order.payable = {3500};
        order.value = {500};
        order.cash = {3000};
        order.points = {50};
        order.settled_at = {1};
        order.times_out = {2};
        order.refundable_until = {3};
        order.paid = {3000};
        order.refunded = {350};
        order.refunded_points = {5};
        order.refunded_cash = {300};
        order.lines = {{.quoted = {.list = {3000}, .payable = {2700}}, .refunded = {350}}};
        return order;
    }
};

std::string_view text_in(const ShortText<64>& text) {
    return {text.bytes.data()};
}

TEST(CInterface, ChecksOutFromAProgramInC99) {
    Counter counter;
    suanpan_quoted quoted;
    suanpan_ordered ordered;
    suanpan_terms_text terms;
    char message[64];
    {
        FakeServer server({}, [&](FakeServer::Peer& peer, const FrameHeader& header,
                                  const Received& frame) { counter.answer(peer, header, frame); });
        const Options options = server.options();
        ASSERT_EQ(
            checkout_from_c99(options.endpoints[0].port, 7, options.key.data(), options.key.size(),
                              &quoted, &ordered, &terms, message, sizeof message),
            0);
    }
    const AskedOrder& asked = counter.asked.at(0);
    EXPECT_EQ(asked.merchant, 11U);
    EXPECT_EQ(asked.channel, 12U);
    EXPECT_EQ(asked.wanted, Points{-1});
    EXPECT_EQ(std::string_view(asked.currency.bytes.data()), "CNY");
    EXPECT_EQ(asked.coupons, std::vector<std::uint32_t>{5});
    ASSERT_EQ(asked.lines.size(), 2U);
    EXPECT_EQ(asked.lines[0],
              (AskedLine{.product = 7, .unit_price = {1500}, .quantity = 2, .category = 3}));
    EXPECT_EQ(counter.settled_with, Counter::quoted().token);
    EXPECT_EQ(counter.refunds, (std::vector<std::vector<LineRefund>>{{{1, {350}}}, {}}));

    ASSERT_EQ(counter.bodies.size(), 9U);
    const auto& confirm = std::get<ConfirmOrder>(counter.bodies[2]);
    EXPECT_EQ(text_in(confirm.order), "A-1");
    EXPECT_EQ(text_in(confirm.payment), "P-1");
    EXPECT_EQ(confirm.amount, Money{3000});
    const auto& by_line = std::get<RefundOrder>(counter.bodies[3]);
    EXPECT_EQ(by_line.reason, 4);
    EXPECT_EQ(by_line.grace_days, 5);
    EXPECT_EQ(std::get<RefundOrder>(counter.bodies[4]).amount, Money{99});
    EXPECT_EQ(text_in(std::get<CancelOrder>(counter.bodies[5]).order), "A-2");
    EXPECT_EQ(std::get<ReadTerms>(counter.bodies[7]).version, 6U);

    EXPECT_EQ(quoted.rule_version, 6U);
    EXPECT_EQ(quoted.campaign, 8U);
    EXPECT_EQ(quoted.valid_until_ns, 77);
    EXPECT_EQ(quoted.list - quoted.discounts - quoted.coupons, quoted.payable);
    EXPECT_EQ(quoted.value + quoted.cash, 3500);
    EXPECT_EQ(quoted.eligible, 3400);
    EXPECT_EQ(quoted.points, 50);
    EXPECT_EQ(quoted.points_missing, 12);
    EXPECT_EQ(quoted.gap, 120);
    ASSERT_EQ(quoted.line_count, 2U);
    EXPECT_EQ(quoted.lines[0].payable, 2700);
    EXPECT_EQ(quoted.lines[1].points, 10);
    ASSERT_EQ(quoted.limit_count, 2U);
    EXPECT_EQ(quoted.limits[0].kind, 5);
    EXPECT_EQ(quoted.limits[0].bound, 1);
    EXPECT_EQ(quoted.limits[1].value, 62);

    EXPECT_EQ(ordered.state, 2);
    EXPECT_EQ(ordered.step, 3);
    EXPECT_EQ(ordered.terms_hash[31], 0xab);
    EXPECT_STREQ(ordered.currency, "CNY");
    EXPECT_STREQ(ordered.payment, std::string(64, 'p').c_str());
    EXPECT_EQ(ordered.refunded_points, 5);
    EXPECT_EQ(ordered.refunded_cash, 300);
    EXPECT_EQ(ordered.refundable_until_ns, 3);
    ASSERT_EQ(ordered.line_count, 1U);
    EXPECT_EQ(ordered.lines[0].refunded, 350);
    EXPECT_EQ(terms.version, 6U);
    EXPECT_EQ(terms.effective_from_ns, 60);
    EXPECT_STREQ(terms.text, "the rules");
    EXPECT_EQ(terms.text_bytes, 9U);
    EXPECT_STREQ(message, "line 1: no author");

    suanpan_free_quoted(&quoted);
    suanpan_free_quoted(&quoted);
    EXPECT_EQ(quoted.lines, nullptr);
    suanpan_free_ordered(&ordered);
    suanpan_free_terms(&terms);
    suanpan_free_terms(nullptr);
}

}  // namespace
}  // namespace suanpan::client
