// Offers over the wire, against a real server: what docs/protocol.md says of redeem, offers,
// vouchers and offers_put, with real sockets, real commits and kill -9.
#include "tests/e2e/raw_client.h"
#include "tests/e2e/server_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace suanpan::e2e {
namespace {

constexpr PartnerId partner{1};
constexpr std::int64_t price = 100;

std::string offer_text(std::uint32_t id, std::int64_t stock, const std::string& more = {},
                       std::uint32_t version = 1) {
    return "[[offer]]\nid = " + std::to_string(id) + "\nversion = " + std::to_string(version) +
           "\nprogram = 1\nname = \"card " + std::to_string(id) +
           "\"\nkind = \"counted\"\nstock = " + std::to_string(stock) +
           "\npoints = " + std::to_string(price) + "\nstart = 2026-01-01T00:00:00Z\n" + more;
}

Command command_of(CommandKind kind, MemberId member, const CommandBody& body) {
    Command command;
    command.head.kind = kind;
    command.head.program = test_program;
    command.head.member = member;
    if (!is_read(kind)) command.head.request_id = fresh_request_id();
    command.body = body;
    return command;
}
Command redeem(MemberId member, std::uint32_t offer, std::int64_t quantity = 1) {
    return command_of(CommandKind::redeem, member, Redeem{.offer = offer, .quantity = quantity});
}

// A server with the test's program, and a connection to it.
class Offers : public ::testing::TestWithParam<int> {
protected:
    void SetUp() override {
        server_.write_partners({{.id = partner}});
        std::ofstream(keys_) << "suanpan master keys 1\n1 " << std::string(64, 'a') << '\n';
        start();
        ASSERT_EQ(client_->call(create_test_program()).code, Code::ok);
    }
    void start() {
        server_.start(
            {"--shards", std::to_string(GetParam()), "--master-keys-file", keys_.string()});
        client_.emplace(server_.port(), partner);
    }
    void restart_after_kill() {
        client_.reset();
        server_.kill();
        start();
    }

    Received ask(const Command& command) {
        client_->send(frame_of(command));
        auto reply = client_->receive();
        if (!reply) throw std::runtime_error("the server closed the connection");
        return std::move(*reply);
    }
    // Many at once on one connection; replies by the place of their command.
    std::vector<Received> ask_all(const std::vector<Command>& commands) {
        for (std::size_t i = 0; i < commands.size(); ++i)
            client_->send(frame_of(commands[i], 1000 + i));
        std::vector<Received> replies(commands.size());
        for (std::size_t i = 0; i < commands.size(); ++i) {
            auto reply = client_->receive();
            if (!reply) throw std::runtime_error("the server closed the connection");
            const std::size_t place = reply->header.correlation_id - 1000;
            replies.at(place) = std::move(*reply);
        }
        return replies;
    }
    RulesAnswer put(const std::string& text, std::uint32_t version) {
        CommandPayload payload;
        const auto bytes = std::as_bytes(std::span(text));
        payload.text.assign(bytes.begin(), bytes.end());
        const Received reply = ask(command_of(CommandKind::offers_put, {},
                                              PutOffers{.payload = &payload, .version = version}));
        return decode_rules(reply.body()).value();
    }
    RedeemAnswer take(const Command& command) { return decode_redeem(ask(command).body()).value(); }
    OffersAnswer offers(MemberId member, const ReadOffers& page = {}) {
        return decode_offers(ask(command_of(CommandKind::offers, member, page)).body()).value();
    }
    VouchersAnswer vouchers(MemberId member, const ReadVouchers& page = {}) {
        return decode_vouchers(ask(command_of(CommandKind::vouchers, member, page)).body()).value();
    }
    void give(std::uint64_t members, std::int64_t points) {
        std::vector<Command> earnings;
        for (std::uint64_t i = 0; i < members; ++i) earnings.push_back(earn(member(i), points));
        for (const Outcome& outcome : client_->call(earnings)) ASSERT_EQ(outcome.code, Code::ok);
    }

    CodesAnswer import(const std::string& lines, std::uint64_t first_line = 1,
                       RequestId id = fresh_request_id(), std::uint32_t batch = 1) {
        CommandPayload payload;
        const auto bytes = std::as_bytes(std::span(lines));
        payload.text.assign(bytes.begin(), bytes.end());
        Command command = command_of(
            CommandKind::codes_import, {},
            ImportCodes{.payload = &payload, .offer = 5, .batch = batch, .first_line = first_line});
        command.head.request_id = id;
        return decode_codes(ask(command).body()).value();
    }
    RevealAnswer reveal(MemberId member, const VoucherNumber& number) {
        return decode_reveal(
                   ask(command_of(CommandKind::reveal, member, Reveal{.voucher = number})).body())
            .value();
    }
    static Verify use(std::string_view bill, const TokenBytes* token, const CommandPayload* code) {
        Verify verify{.payload = code, .merchant = 4};
        std::ranges::copy(bill, verify.reference.bytes.begin());
        verify.has_token = token != nullptr;
        if (token != nullptr) std::memcpy(verify.proof.data(), token->data(), token->size());
        return verify;
    }
    // Everything that the server has written: its files, and its log.
    [[nodiscard]] std::string all_it_wrote() const {
        std::string all = server_.log();
        for (const auto& entry : std::filesystem::recursive_directory_iterator(server_.data_dir()))
            if (entry.is_regular_file()) {
                std::ifstream file(entry.path(), std::ios::binary);
                all.append(std::istreambuf_iterator<char>(file), {});
            }
        return all;
    }

    ServerProcess server_;
    TemporaryFolder secrets_;
    const std::filesystem::path keys_ = secrets_.path() / "master-keys";
    std::optional<RawClient> client_;
};

std::string code_backed_text(const std::string& more = {}) {
    return "[[offer]]\nid = 5\nversion = 1\nprogram = 1\nname = \"card\"\n"
           "kind = \"code_backed\"\npoints = " +
           std::to_string(price) + "\nstart = 2026-01-01T00:00:00Z\n" + more;
}

TEST_P(Offers, SellOutToExactlyAsManyAsThereAreUnits) {
    constexpr std::uint64_t units = 40;
    constexpr std::uint64_t members = 150;
    ASSERT_EQ(put(offer_text(5, units), 1).outcome.code, Code::ok);
    give(members, price);
    std::vector<Command> commands;
    for (std::uint64_t i = 0; i < members; ++i) commands.push_back(redeem(member(i), 5));
    std::set<std::uint64_t> tickets;
    std::map<Code, std::size_t> codes;
    const std::vector<Received> replies = ask_all(commands);
    for (const Received& reply : replies) {
        const RedeemAnswer answer = decode_redeem(reply.body()).value();
        ++codes[answer.outcome.code];
        if (answer.outcome.code != Code::ok) {
            EXPECT_TRUE(answer.vouchers.empty());
            continue;
        }
        tickets.insert(answer.ticket);
        EXPECT_EQ(answer.outcome.amount, Points{price});
        EXPECT_EQ(answer.outcome.detail, static_cast<std::int64_t>(answer.ticket));
        ASSERT_EQ(answer.vouchers.size(), 1U);
        EXPECT_EQ(answer.vouchers[0].number.ticket, answer.ticket);
        EXPECT_EQ(answer.vouchers[0].number.offer, 5U);
    }
    EXPECT_EQ(codes,
              (std::map<Code, std::size_t>{{Code::ok, units}, {Code::sold_out, members - units}}));
    EXPECT_EQ(tickets.size(), units);
    EXPECT_EQ(*tickets.begin(), 1U);
    EXPECT_EQ(*tickets.rbegin(), units);

    // After a crash every one of them gets the same again, and nobody else anything.
    restart_after_kill();
    const std::vector<Received> again = ask_all(commands);
    for (std::size_t i = 0; i < members; ++i) {
        const bool is_same = std::ranges::equal(again[i].body(), replies[i].body());
        EXPECT_TRUE(is_same) << i;
    }
    EXPECT_EQ(take(redeem(member(members), 5)).outcome.code, Code::insufficient_points);
    give(members + 1, price);
    EXPECT_EQ(take(redeem(member(members), 5)).outcome.code, Code::sold_out);
}

TEST_P(Offers, TakeAllUnitsOfARedemptionOrNone) {
    ASSERT_EQ(put(offer_text(5, 10, "[offer.limits]\nper_order = 5\never = 7\n"), 1).outcome.code,
              Code::ok);
    give(3, 10 * price);
    const RedeemAnswer four = take(redeem(member(0), 5, 4));
    ASSERT_EQ(four.outcome.code, Code::ok);
    EXPECT_EQ(four.outcome.amount, Points{4 * price});
    ASSERT_EQ(four.vouchers.size(), 4U);
    for (std::uint32_t unit = 0; unit < 4; ++unit) EXPECT_EQ(four.vouchers[unit].number.unit, unit);
    const RedeemAnswer over = take(redeem(member(0), 5, 4));
    EXPECT_EQ(over.outcome.code, Code::offer_limit_exceeded);
    EXPECT_EQ(over.outcome.detail, 3);
    EXPECT_EQ(take(redeem(member(1), 5, 5)).outcome.code, Code::ok);
    EXPECT_EQ(take(redeem(member(2), 5, 2)).outcome.code, Code::sold_out);
    EXPECT_EQ(take(redeem(member(2), 5, 1)).ticket, 3U);
    EXPECT_EQ(client_->call(read_balance(member(2))).balances.available, Points{9 * price});
}

TEST_P(Offers, RefuseInTheOrderOfThePage) {
    ASSERT_EQ(put(offer_text(5, 10) + offer_text(6, 10, "end = 2026-02-01T00:00:00Z\n") +
                      offer_text(7, 10, "[offer.audience]\nlevels = [9]\n"),
                  1)
                  .outcome.code,
              Code::ok);
    give(1, price - 1);
    const auto refusal = [&](const Command& command) {
        const RedeemAnswer answer = take(command);
        EXPECT_EQ(answer.ticket, 0U);
        return std::pair(answer.outcome.code, answer.outcome.detail);
    };
    for (const std::int64_t quantity : {std::int64_t{0}, std::int64_t{1} << 31U, std::int64_t{-1}})
        EXPECT_EQ(refusal(redeem(member(0), 5, quantity)),
                  std::pair(Code::quantity_out_of_range, limits::offer_quantity_max));
    EXPECT_EQ(refusal(redeem(member(0), 0)), std::pair(Code::field_out_of_range, std::int64_t{4}));
    EXPECT_EQ(refusal(redeem(member(0), 99)).first, Code::offer_not_found);
    EXPECT_EQ(refusal(redeem(member(0), 5, 2)),
              std::pair(Code::offer_limit_exceeded, std::int64_t{1}));
    EXPECT_EQ(refusal(redeem(member(0), 6, 2)).first, Code::offer_over);
    EXPECT_EQ(refusal(redeem(member(0), 7)).first, Code::offer_not_for_member);
    EXPECT_EQ(refusal(redeem(member(0), 5)), std::pair(Code::insufficient_points, std::int64_t{1}));
    EXPECT_EQ(refusal(redeem({}, 5)).first, Code::member_missing);
    // A refusal consumes its id, and changes nothing else.
    EXPECT_EQ(client_->call(read_balance(member(0))).balances.available, Points{price - 1});
}

TEST_P(Offers, AreListedWithWhatTheMemberCouldTake) {
    ASSERT_EQ(put(offer_text(5, 2, "[offer.limits]\nper_order = 10\n") +
                      offer_text(6, 10, "end = 2026-02-01T00:00:00Z\n") +
                      offer_text(8, 50, "[offer.limits]\nper_order = 10\n"),
                  1)
                  .outcome.code,
              Code::ok);
    give(2, 5 * price);
    const OffersAnswer all = offers(member(0));
    ASSERT_EQ(all.outcome.code, Code::ok);
    EXPECT_EQ(all.outcome.balances.available, Points{5 * price});
    ASSERT_EQ(all.rows.size(), 2U);
    EXPECT_EQ(all.rows[0].offer, 5U);
    EXPECT_EQ(all.rows[0].name, "card 5");
    EXPECT_EQ(all.rows[0].kind, 1);
    EXPECT_EQ(all.rows[0].points, Points{price});
    EXPECT_EQ(all.rows[0].units_max, 2);
    EXPECT_EQ(all.rows[1].units_max, 5);
    EXPECT_EQ(all.next, 0U);
    const OffersAnswer first = offers(member(0), {.rows_max = 1});
    EXPECT_EQ(first.next, 5U);
    EXPECT_EQ(offers(member(0), {.after = first.next}).rows.at(0).offer, 8U);
    EXPECT_TRUE(offers(member(77)).rows.empty());  // without points
}

TEST_P(Offers, GiveVouchersThatAreListedPageByPage) {
    ASSERT_EQ(put(offer_text(5, 100,
                             "[offer.limits]\nper_order = 5\n[offer.voucher]\nvalid_days = 30\n"
                             "merchant = 4\n"),
                  1)
                  .outcome.code,
              Code::ok);
    give(1, 10 * price);
    const RedeemAnswer taken = take(redeem(member(0), 5, 5));
    ASSERT_EQ(taken.outcome.code, Code::ok);
    std::vector<VoucherNumber> listed;
    ReadVouchers page{.rows_max = 2};
    for (int pages = 1;; ++pages) {
        const VouchersAnswer answer = vouchers(member(0), page);
        ASSERT_EQ(answer.outcome.code, Code::ok);
        for (const VoucherRow& row : answer.rows) {
            listed.push_back(row.number);
            EXPECT_EQ(row.state, VoucherStateNumber::issued);
            EXPECT_EQ(row.left, row.whole);
            EXPECT_EQ(row.merchant, 4U);
            EXPECT_EQ(row.expires_at, row.issued_at + days(30));
            EXPECT_FALSE(row.has_code);
        }
        if (answer.next.ticket == 0) {
            EXPECT_EQ(pages, 3);
            break;
        }
        page.after = answer.next;
    }
    std::vector<VoucherNumber> issued;
    for (const RedeemedVoucher& voucher : taken.vouchers) issued.push_back(voucher.number);
    EXPECT_EQ(listed, issued);
    EXPECT_TRUE(vouchers(member(0), {.state = 3}).rows.empty());
    EXPECT_TRUE(vouchers(member(1)).rows.empty());
    const Received wrong =
        ask(command_of(CommandKind::vouchers, member(0), ReadVouchers{.state = 7}));
    EXPECT_EQ(decode_vouchers(wrong.body())->outcome.code, Code::field_out_of_range);
}

TEST_P(Offers, FilesAreComparedAndSet) {
    EXPECT_EQ(put(offer_text(5, 10), 2).outcome.code, Code::version_not_next);
    const RulesAnswer wrong = put("[[offer]]\nid = 5\n", 1);
    EXPECT_EQ(wrong.outcome.code, Code::offer_invalid);
    EXPECT_NE(wrong.message.find("offer"), std::string::npos) << wrong.message;
    ASSERT_EQ(put(offer_text(5, 10), 1).outcome.code, Code::ok);
    const RulesAnswer again = put(offer_text(5, 20, {}, 2), 1);
    EXPECT_EQ(again.outcome.code, Code::version_not_next);
    EXPECT_EQ(again.outcome.detail, 1);
    give(6, price);
    for (std::uint64_t i = 0; i < 6; ++i)
        ASSERT_EQ(take(redeem(member(i), 5)).outcome.code, Code::ok);
    const RulesAnswer taken = put(offer_text(5, 5, {}, 2), 2);
    EXPECT_EQ(taken.outcome.code, Code::stock_taken);
    EXPECT_EQ(taken.outcome.detail, 6);
    // What was refused left everything as it was.
    ASSERT_EQ(put(offer_text(5, 7, {}, 2), 2).outcome.code, Code::ok);
    restart_after_kill();
    give(8, price);
    EXPECT_EQ(take(redeem(member(6), 5)).ticket, 7U);
    EXPECT_EQ(take(redeem(member(7), 5)).outcome.code, Code::sold_out);
}

TEST_P(Offers, AreCountedByTheirVelocityRules) {
    ASSERT_EQ(put(offer_text(5, 100) +
                      "[[velocity]]\nid = 3\nper = \"member\"\nkind = \"redeem\"\ncount = 2\n"
                      "window_seconds = 3600\n"
                      "[[velocity]]\nid = 4\nper = \"origin\"\nkind = \"redeem\"\ncount = 3\n"
                      "window_seconds = 3600\n",
                  1)
                  .outcome.code,
              Code::ok);
    give(5, 10 * price);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(take(redeem(member(0), 5)).outcome.code, Code::ok);
    const RedeemAnswer third = take(redeem(member(0), 5));
    EXPECT_EQ(third.outcome.code, Code::risk_refused);
    EXPECT_EQ(third.outcome.detail, 3);
    const auto from_one_place = [&](std::uint64_t of_member) {
        Command command = redeem(member(of_member), 5);
        std::get<Redeem>(command.body).origin = 99;
        return take(command).outcome;
    };
    for (std::uint64_t i = 1; i < 4; ++i) EXPECT_EQ(from_one_place(i).code, Code::ok);
    EXPECT_EQ(from_one_place(4).code, Code::risk_refused);
    EXPECT_EQ(from_one_place(4).detail, 4);
    EXPECT_EQ(take(redeem(member(4), 5)).outcome.code, Code::ok);
}

TEST_P(Offers, ImportTakesGoodLinesAndNamesTheOthers) {
    ASSERT_EQ(put(code_backed_text(), 1).outcome.code, Code::ok);
    const std::string lines = "code,expires_at\r\nAAAA-0001\r\n\nAAAA-0002,2099-12-31\nabc\n" +
                              std::string(300, 'x') + "\nAAAA-0001\nAAAA-0003,never\nAAAA-0004";
    const RequestId id = fresh_request_id();
    const CodesAnswer answer = import(lines, 1, id);
    ASSERT_EQ(answer.outcome.code, Code::ok);
    EXPECT_EQ(answer.outcome.amount, Points{3});
    EXPECT_EQ(answer.lines, 9U);
    EXPECT_EQ(answer.taken, 3U);
    EXPECT_EQ(answer.refused, 4U);
    EXPECT_EQ(answer.refused_lines, (std::vector<RefusedCodeLine>{{.line = 5, .fault = 4},
                                                                  {.line = 6, .fault = 1},
                                                                  {.line = 7, .fault = 10},
                                                                  {.line = 8, .fault = 8}}));
    // The same piece again: under its id the first answer, under another one all is there already.
    EXPECT_EQ(import(lines, 1, id), answer);
    const CodesAnswer other = import("AAAA-0001\nAAAA-0004\n", 101);
    EXPECT_EQ(other.taken, 0U);
    EXPECT_EQ(other.refused_lines, (std::vector<RefusedCodeLine>{{.line = 101, .fault = 10},
                                                                 {.line = 102, .fault = 10}}));
    EXPECT_EQ(import("x\n", 1, id).outcome.code, Code::request_id_reused);
    EXPECT_EQ(import("\xff\xfe" + std::string("A\0\n\0", 4)).refused_lines.at(0).fault, 9);
    EXPECT_EQ(import(std::string(3000, '\n')).outcome.code, Code::batch_too_large);
    restart_after_kill();
    EXPECT_EQ(import(lines, 1, id), answer);
    EXPECT_EQ(import("AAAA-0002\n").taken, 0U);
}

TEST_P(Offers, GiveEachMemberACodeOfItsOwnAndShowItToNobodyElse) {
    constexpr std::uint64_t units = 20;
    constexpr std::uint64_t members = 50;
    ASSERT_EQ(put(code_backed_text(), 1).outcome.code, Code::ok);
    give(members, price);
    EXPECT_EQ(take(redeem(member(0), 5)).outcome.code, Code::sold_out);  // there are no codes yet
    std::string lines;
    for (std::uint64_t i = 0; i < units; ++i)
        lines += "PLAINTEXT-" + std::to_string(1000 + i) + "\n";
    ASSERT_EQ(import(lines).taken, units);
    std::vector<Command> commands;
    for (std::uint64_t i = 0; i < members; ++i) commands.push_back(redeem(member(i), 5));
    const std::vector<Received> replies = ask_all(commands);
    std::set<std::string> codes;
    std::map<std::uint64_t, RedeemedVoucher> owned;  // by member
    for (std::uint64_t i = 0; i < members; ++i) {
        RedeemAnswer answer = decode_redeem(replies[i].body()).value();
        if (answer.outcome.code != Code::ok) {
            EXPECT_EQ(answer.outcome.code, Code::sold_out);
            continue;
        }
        codes.emplace(answer.vouchers.at(0).code.view());
        owned.emplace(i, std::move(answer.vouchers[0]));
    }
    EXPECT_EQ(owned.size(), units);
    EXPECT_EQ(codes.size(), units);
    for (const std::string& code : codes) EXPECT_NE(lines.find(code + "\n"), std::string::npos);

    const auto& [first, voucher] = *owned.begin();
    EXPECT_TRUE(vouchers(member(first)).rows.at(0).has_code);
    const RevealAnswer shown = reveal(member(first), voucher.number);
    EXPECT_EQ(shown.outcome.code, Code::ok);
    EXPECT_EQ(shown.code, voucher.code);
    EXPECT_TRUE(vouchers(member(first)).rows.at(0).revealed);
    EXPECT_EQ(reveal(member(first + 1), voucher.number).outcome.code, Code::voucher_not_found);
    VoucherNumber nobodys = voucher.number;
    nobodys.ticket = 999;
    EXPECT_EQ(reveal(member(first), nobodys).outcome.code, Code::voucher_not_found);

    restart_after_kill();
    const std::vector<Received> again = ask_all(commands);
    for (std::size_t i = 0; i < members; ++i) {
        const bool is_same = std::ranges::equal(again[i].body(), replies[i].body());
        EXPECT_TRUE(is_same) << i;
    }
    EXPECT_EQ(reveal(member(first), voucher.number).code, voucher.code);
    client_.reset();
    EXPECT_EQ(server_.stop(), 0);
    EXPECT_EQ(all_it_wrote().find("PLAINTEXT-10"), std::string::npos);
    start();
    EXPECT_EQ(reveal(member(first), voucher.number).code, voucher.code);
}

// Set aside, killed, paid for twice, killed again: one voucher, whose code its owner alone sees.
TEST_P(Offers, ForCashAreIssuedOnceTheyArePaidHoweverOftenTheServerIsKilled) {
    ASSERT_EQ(
        put(code_backed_text("cash = 990\n[offer.reservations]\nper_member = 1\n"), 1).outcome.code,
        Code::ok);
    ASSERT_EQ(import("CASH-1111-2222-3333\n").taken, 1U);
    give(2, price);
    const OrderId name{{'o', '1'}};
    const Command reserve =
        command_of(CommandKind::redeem, member(0),
                   Redeem{.offer = 5, .quantity = 1, .cash = {990}, .order = name});
    EXPECT_EQ(take(redeem(member(0), 5)).outcome.code, Code::payment_differs);
    const RedeemAnswer reserved = take(reserve);
    ASSERT_EQ(reserved.outcome.code, Code::ok);
    EXPECT_EQ(reserved.cash, Money{990});
    EXPECT_GT(reserved.held_until, reserved.outcome.time);
    EXPECT_TRUE(reserved.vouchers.empty());
    const RedeemAnswer other =
        take(command_of(CommandKind::redeem, member(1),
                        Redeem{.offer = 5, .quantity = 1, .cash = {990}, .order = name}));
    EXPECT_EQ(other.outcome.code, Code::all_set_aside);
    EXPECT_EQ(other.outcome.detail, reserved.held_until.ns);
    restart_after_kill();
    EXPECT_EQ(take(reserve), reserved);
    EXPECT_TRUE(vouchers(member(0)).rows.empty());
    const Command confirm = command_of(CommandKind::confirm, member(0),
                                       ConfirmOrder{.order = name,
                                                    .payment = PaymentId{{'p', '1'}},
                                                    .amount = {990},
                                                    .currency = Currency{{'C', 'N', 'Y'}}});
    const Outcome paid = client_->call(confirm);
    EXPECT_EQ(paid.code, Code::ok);
    restart_after_kill();
    EXPECT_EQ(client_->call(confirm), paid);
    const VouchersAnswer owned = vouchers(member(0));
    ASSERT_EQ(owned.rows.size(), 1U);
    EXPECT_FALSE(owned.rows[0].revealed);
    EXPECT_EQ(reveal(member(0), owned.rows[0].number).code.view(), "CASH-1111-2222-3333");
    EXPECT_EQ(all_it_wrote().find("CASH-1111-2222"), std::string::npos);
}

// A voucher's life over the wire: every use once, whoever repeats it, through kill -9, and no code
// in any file or log.
TEST_P(Offers, VouchersAreVerifiedByTokenAndByCodeThroughKills) {
    ASSERT_EQ(put(code_backed_text("[offer.voucher]\nuses = 3\nundo_within_seconds = 600\n"
                                   "undo_max = 1\nmerchant = 4\n"),
                  1)
                  .outcome.code,
              Code::ok);
    give(8, price);
    std::string lines;
    for (int i = 0; i < 8; ++i) lines += "PLAINTEXT-" + std::to_string(2000 + i) + "\n";
    ASSERT_EQ(import(lines).taken, 8U);
    for (std::uint64_t i = 0; i < 8; ++i) {
        const RedeemAnswer bought = take(redeem(member(i), 5));
        ASSERT_EQ(bought.outcome.code, Code::ok);
        const RedeemedVoucher& voucher = bought.vouchers.at(0);
        const ShowAnswer shown =
            decode_show(ask(command_of(CommandKind::show, member(i),
                                       Show{.task = {.voucher = voucher.number}}))
                            .body())
                .value();
        ASSERT_EQ(shown.outcome.code, Code::ok);
        const Command by_token =
            command_of(CommandKind::verify, {}, use("bill 1", &shown.token, nullptr));
        const Received first = ask(by_token);
        ASSERT_EQ(decode_verify(first.body()).value().left, 2);
        if (i == 2 || i == 5) restart_after_kill();
        EXPECT_TRUE(std::ranges::equal(ask(by_token).body(), first.body()));
        CommandPayload code;
        const auto bytes = std::as_bytes(std::span(voucher.code.view()));
        code.text.assign(bytes.begin(), bytes.end());
        const auto verify = [&](const char* bill, std::uint32_t merchant = 4) {
            Verify asked = use(bill, nullptr, &code);
            asked.merchant = merchant;
            return decode_verify(ask(command_of(CommandKind::verify, {}, asked)).body()).value();
        };
        EXPECT_EQ(verify("bill 2", 9).outcome.code, Code::voucher_not_here);
        EXPECT_EQ(verify("bill 2").left, 1);
        EXPECT_EQ(verify("bill 2").left, 1);  // another id, the same reference
        UndoVerification undo{.task = {.voucher = voucher.number}, .reference = {}};
        undo.reference = use("bill 1", nullptr, nullptr).reference;
        const VerifyAnswer undone =
            decode_verify(ask(command_of(CommandKind::undo_verify, {}, undo)).body()).value();
        EXPECT_EQ(undone.outcome.code, Code::ok);
        EXPECT_EQ(undone.left, 2);
        EXPECT_EQ(vouchers(member(i)).rows.at(0).left, 2);
    }
    CommandPayload nobodys;
    const auto bytes = std::as_bytes(std::span(std::string_view("PLAINTEXT-2999")));
    nobodys.text.assign(bytes.begin(), bytes.end());
    EXPECT_EQ(
        decode_verify(ask(command_of(CommandKind::verify, {}, use("b", nullptr, &nobodys))).body())
            .value()
            .outcome.code,
        Code::voucher_not_found);
    client_.reset();
    EXPECT_EQ(server_.stop(), 0);
    EXPECT_EQ(all_it_wrote().find("PLAINTEXT-2"), std::string::npos);
}

// Killed at whatever moment: the recall is there as a whole, or it is not and is asked for again.
TEST_P(Offers, ABatchIsRecalledAsAWholeThroughKills) {
    constexpr std::uint64_t kills = 4;
    ASSERT_EQ(put(code_backed_text(), 1).outcome.code, Code::ok);
    give(kills, price);
    for (std::uint64_t i = 0; i < kills; ++i) {
        const auto batch = static_cast<std::uint32_t>(i + 1);
        std::string lines;
        for (int k = 0; k < 20; ++k)
            lines += "RECALLED-" + std::to_string(1000 * batch + static_cast<unsigned>(k)) + "\n";
        ASSERT_EQ(import(lines, 1, fresh_request_id(), batch).taken, 20U);
        const RedeemAnswer bought = take(redeem(member(i), 5));
        ASSERT_EQ(bought.outcome.code, Code::ok);
        const VoucherNumber voucher = bought.vouchers.at(0).number;
        const Command recall =
            command_of(CommandKind::recall, {}, RecallBatch{.offer = 5, .batch = batch});
        client_->send(frame_of(recall));
        const bool was_told = i % 2 == 1 && client_->receive().has_value();
        restart_after_kill();
        const VouchersAnswer listed = vouchers(member(i));
        const bool is_recalled = listed.rows.at(0).state == VoucherStateNumber::voided;
        EXPECT_TRUE(is_recalled || !was_told);
        EXPECT_EQ(reveal(member(i), voucher).outcome.code,
                  is_recalled ? Code::voucher_resolved : Code::ok);
        const auto recalled = decode_recall(ask(recall).body()).value();
        EXPECT_EQ(recalled.outcome.code, Code::ok);
        EXPECT_EQ(recalled.voided, 19U);
        EXPECT_EQ(recalled.issued, 1U);
        EXPECT_EQ(decode_recall(ask(recall).body()).value(), recalled);
    }
    give(1, price);
    EXPECT_EQ(take(redeem(member(0), 5)).outcome.code, Code::sold_out);
}

INSTANTIATE_TEST_SUITE_P(OnShards, Offers, ::testing::Values(1, 4));

}  // namespace
}  // namespace suanpan::e2e
