// Redemptions with and without cash, confirmations, cancellations, time-outs, imports, recalls and
// files of offers, at random, over shards that are killed at any moment and start again in another
// number: whatever happens, the journal keeps INV-9 at every LSN, and in the end exactly the stock
// is sold.
#include "tests/unit/shard/sale.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace suanpan::shard {
namespace {

constexpr std::uint64_t members = 12;
constexpr std::int64_t limit_ever = 9;
// Offers with cash: a counted one, and one with codes.
constexpr std::int64_t cash = 100;
constexpr std::int64_t cash_stock = 15;
constexpr std::int64_t cash_codes = 12;

class Lives {
public:
    explicit Lives(std::uint32_t seed, bool recalls = false)
        : random_(seed),
          recalls_(recalls),
          sale_(static_cast<std::uint16_t>(draw(1, 4)), offers()) {
        for (std::uint64_t i = 0; i < members; ++i) sale_.earn(i, draw(5, 60));
        sale_.world.settle();
        EXPECT_EQ(sale_.import(Sale::codes(9000, cash_codes), 8).taken,
                  static_cast<std::uint64_t>(cash_codes));
        if (recalls_) sale_.import(Sale::codes(9500, cash_codes), 8, 2);
    }

    void live(int steps) {
        for (int i = 0; i < steps; ++i) step();
        sale_.world.settle();
        sell_the_rest();
        sell_the_rest_for_cash();
        sale_.check();
        count();
        sale_.audit();
        const std::string state = sale_.state();
        sale_.world.restart(static_cast<std::uint16_t>(draw(1, 4)));
        EXPECT_EQ(sale_.state(), state);  // INV-12
        EXPECT_EQ(sale_.redeem(rich, 5).code, Code::sold_out);
        EXPECT_EQ(sale_.redeem(rich, 6).code, Code::sold_out);
    }
    [[nodiscard]] int redeemed() const { return redeemed_; }
    [[nodiscard]] int sold_out() const { return sold_out_; }
    // Codes of recalled batches that nobody got, and of those that somebody has.
    [[nodiscard]] std::uint64_t voided() const { return voided_; }
    [[nodiscard]] std::uint64_t recalled_vouchers() const { return recalled_vouchers_; }

private:
    static constexpr std::uint64_t rich = 1000;

    std::int64_t draw(std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
    }
    [[nodiscard]] std::string offers() const {
        const std::string limits = "[offer.limits]\nper_order = 3\n";
        return Sale::counted(5, stock_, price_, limits, version_) +
               Sale::coded(6, 2, "[offer.limits]\nper_order = 3\never = 9\n") +
               Sale::counted(7, cash_stock, 1, reservations) + Sale::coded(8, 0, reservations);
    }
    static constexpr const char* reservations =
        "cash = 100\n[offer.limits]\nper_order = 3\n[offer.reservations]\n"
        "share_percent = 80\nper_member = 4\npay_within_seconds = 60\n"
        "late_payment = \"reacquire\"\n";

    // An order of units for cash; its name is its place in the list.
    struct Ordered {
        std::uint64_t member = 0;
        std::int64_t units = 0;
    };
    [[nodiscard]] static std::string name_of(std::size_t order) {
        return "order-" + std::to_string(order);
    }
    std::uint32_t send_reserve(std::uint64_t member, std::uint32_t offer, std::int64_t units) {
        ordered_.push_back({.member = member, .units = units});
        return sale_.send(sale_.reserve_command(member, offer, units * cash,
                                                name_of(ordered_.size() - 1), units));
    }
    void send_confirm(std::size_t at) {
        sale_.send(sale_.confirm_command(ordered_[at].member, name_of(at),
                                         ordered_[at].units * cash, "pay-" + std::to_string(at)));
    }
    void step_of_cash() {
        const std::int64_t what = draw(0, 9);
        if (what < 4 || ordered_.empty()) {
            send_reserve(static_cast<std::uint64_t>(draw(0, members - 1)), draw(0, 1) == 0 ? 7 : 8,
                         draw(1, 3));
            return;
        }
        const auto at =
            static_cast<std::size_t>(draw(0, static_cast<std::int64_t>(ordered_.size()) - 1));
        if (what < 7)
            send_confirm(at);
        else if (what < 9)
            sale_.send(sale_.cancel_command(ordered_[at].member, name_of(at)));
        else
            sale_.world.clock.pass(seconds(draw(5, 40)));
    }

    void recall() {
        const std::uint32_t offer = draw(0, 2) == 0 ? 8 : 6;
        const auto batch = static_cast<std::uint32_t>(draw(1, offer == 8 ? 2 : 3));
        Command command =
            sale_.world.command(CommandKind::recall, RecallBatch{.offer = offer, .batch = batch});
        command.head.member = {};
        sale_.send(command);
        if (draw(0, 3) == 0) sale_.send(command);
    }

    void step() {
        if (recalls_ && draw(0, 39) == 0) return recall();
        const std::int64_t what = draw(0, 99);
        if (what < 25) {
            step_of_cash();
        } else if (what < 55) {
            const auto member = static_cast<std::uint64_t>(draw(0, members - 1));
            const std::uint32_t offer = draw(0, 1) == 0 ? 5 : 6;
            const Command command = sale_.redeem_command(member, offer, draw(1, 3));
            asked_.push_back(sale_.send(command));
            if (draw(0, 9) == 0) asked_.push_back(sale_.send(command));  // a double click
        } else if (what < 62) {
            sale_.send(sale_.import_command(Sale::codes(next_code_, 7), 6,
                                            static_cast<std::uint32_t>(draw(1, 3))));
            if (draw(0, 3) > 0) next_code_ += 5;  // some are repeated
        } else if (what < 68) {
            put();
        } else if (what < 90) {
            sale_.world.step_shards();
        } else if (what < 96) {
            sale_.world.commit();
        } else if (what < 98) {
            sale_.world.settle();
            if (draw(0, 3) == 0) sale_.world.write_checkpoint();
        } else {
            sale_.world.restart(static_cast<std::uint16_t>(draw(1, 4)));
            file_ = newest_file();
        }
    }

    // Stock and price change; often to a stock that has been given out already.
    void put() {
        sale_.world.settle();
        const std::int64_t stock_before = stock_;
        const std::int64_t price_before = price_;
        stock_ = std::max<std::int64_t>(1, stock_ + draw(-8, 12));
        price_ = draw(1, 3);
        if (stock_ == stock_before && price_ == price_before) return;
        ++version_;
        const std::int64_t given = sale_.units(5).issued;
        const Code code = sale_.put(offers(), file_ + 1).outcome.code;
        EXPECT_EQ(code, stock_ < given ? Code::stock_taken : Code::ok);
        if (code == Code::ok) {
            ++file_;
            return;
        }
        --version_;
        stock_ = stock_before;
        price_ = price_before;
    }
    [[nodiscard]] std::uint32_t newest_file() {
        return sale_.world.shard(0).ledger().offers().newest(shop)->version;
    }

    // P3: what nobody was refused can be sold, to the last unit.
    void sell_the_rest() {
        for (std::uint64_t i = 0; i < 200; ++i) sale_.earn(rich + i, 100);
        sale_.world.settle();
        for (std::uint64_t i = 0; i < 200; ++i) {
            asked_.push_back(sale_.send_redeem(rich + i, 5));
            asked_.push_back(sale_.send_redeem(rich + i, 6));
        }
        sale_.world.settle();
    }

    // When all that was set aside and not paid for is back, the rest can be sold, to the last unit.
    void sell_the_rest_for_cash() {
        sale_.world.clock.pass(seconds(61));
        for (int slice = 0; slice < 20; ++slice) {
            sale_.world.clock.pass(milliseconds(10));
            sale_.world.settle();
        }
        EXPECT_EQ(sale_.units(7).reserved, 0);
        EXPECT_EQ(sale_.units(8).reserved, 0);
        for (std::uint64_t i = 0; i < 30; ++i)
            for (const std::uint32_t offer : {7U, 8U}) {
                const std::uint32_t request = send_reserve(rich + i, offer, 1);
                sale_.world.settle();
                sold_out_ += sale_.world.answer(request)->code == Code::sold_out ? 1 : 0;
                send_confirm(ordered_.size() - 1);
                sale_.world.settle();
            }
    }

    void count() {
        std::set<VoucherNumber> issued;
        std::set<std::string> codes;
        for (const std::uint32_t request : asked_) {
            const Outcome* outcome = sale_.world.answer(request);
            if (outcome == nullptr) continue;  // a kill took the question
            sold_out_ += outcome->code == Code::sold_out ? 1 : 0;
            const RedeemAnswer* answer = sale_.redeemed(request);
            if (answer == nullptr) continue;
            ++redeemed_;
            for (const RedeemedVoucher& voucher : answer->vouchers) {
                const bool is_new = issued.insert(voucher.number).second;
                if (voucher.number.offer != 6) continue;
                EXPECT_FALSE(voucher.code.empty());
                const bool is_new_code = codes.insert(std::string(voucher.code.view())).second;
                EXPECT_EQ(is_new, is_new_code);  // a double click gets the same, nobody else does
            }
        }
        EXPECT_EQ(sale_.units(5).issued, stock_);  // INV-10: exactly n
        EXPECT_EQ(sale_.units(7), (ledger::CounterUnits{.issued = cash_stock}));
        if (!recalls_) {
            EXPECT_EQ(sale_.units(8), (ledger::CounterUnits{.issued = cash_codes}));
        }
        for (const std::uint32_t offer : {6U, 8U}) count_codes(offer);
        for (const std::uint32_t offer : {5U, 6U, 7U, 8U}) {
            const ledger::TicketSpan tickets = sale_.tickets(offer);
            EXPECT_TRUE(tickets.missing().empty()) << offer;  // INV-9
        }
        for (std::uint64_t i = 0; i < members; ++i) {
            const VouchersAnswer owned = sale_.vouchers(i);
            std::int64_t coded = 0;
            for (const VoucherRow& row : owned.rows) {
                coded += row.number.offer == 6 ? 1 : 0;
                EXPECT_EQ(row.has_code, row.number.offer % 2 == 0);
                recalled_vouchers_ += row.state == VoucherStateNumber::voided ? 1 : 0;
            }
            EXPECT_LE(coded, limit_ever);  // INV-10
        }
    }

    // INV-9: every code is somebody's or void; INV-10: what was for sale is sold.
    void count_codes(std::uint32_t offer) {
        for (std::size_t i = 0; i < sale_.world.shard_count(); ++i) {
            const cards::CodePool* pool = sale_.world.shard(i).pools().find(offer);
            if (pool == nullptr) continue;
            EXPECT_TRUE(pool->is_whole());
            const cards::CodeCounts& counts = pool->counts();
            EXPECT_EQ(counts.of(cards::CodeState::available), 0U) << offer;
            EXPECT_EQ(counts.of(cards::CodeState::set_aside), 0U) << offer;
            EXPECT_EQ(static_cast<std::int64_t>(counts.of(cards::CodeState::issued)),
                      sale_.units(offer).issued);
            voided_ += counts.of(cards::CodeState::voided);
        }
    }

    std::mt19937 random_;
    bool recalls_ = false;
    std::int64_t stock_ = 20;
    std::int64_t price_ = 1;
    std::uint32_t version_ = 1;  // of offer 5
    std::uint32_t file_ = 1;
    std::uint64_t next_code_ = 1;
    Sale sale_;
    std::vector<std::uint32_t> asked_;
    std::vector<Ordered> ordered_;
    int redeemed_ = 0;
    int sold_out_ = 0;
    std::uint64_t voided_ = 0;
    std::uint64_t recalled_vouchers_ = 0;
};

TEST(SaleLives, SellEachUnitOnceThroughCrashesImportsAndChangesOfOffers) {
    int redeemed = 0;
    int sold_out = 0;
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
        SCOPED_TRACE(seed);
        Lives lives(seed);
        lives.live(300);
        redeemed += lives.redeemed();
        sold_out += lives.sold_out();
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(redeemed, 100);
    EXPECT_GT(sold_out, 100);
}

TEST(SaleLives, LoseNoCodeWhereBatchesAreRecalledThroughCrashes) {
    std::uint64_t voided = 0;
    std::uint64_t recalled_vouchers = 0;
    for (std::uint32_t seed = 101; seed <= 112; ++seed) {
        SCOPED_TRACE(seed);
        Lives lives(seed, true);
        lives.live(300);
        voided += lives.voided();
        recalled_vouchers += lives.recalled_vouchers();
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(voided, 50U);
    EXPECT_GT(recalled_vouchers, 20U);
}

}  // namespace
}  // namespace suanpan::shard
