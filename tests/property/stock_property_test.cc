// Random takes, payments, returns and crashes: the stock is never oversold and never undersold, and
// nobody is refused for what a crash could still undo.
#include "server/cards/stock.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace suanpan::testing {
namespace {

using namespace cards;
using cards::testing::at;
using Kind = StockAnswer::Kind;

int draw(int below) {
    return *rc::gen::inRange(0, below);
}

using Effect = std::variant<StockTaken, StockPaid, StockGivenBack, StockRestocked>;

// What a prefix of the journal says, worked out from its beginning each time.
struct Books {
    std::int64_t issued = 0;
    std::map<Ticket, StockRequest> reserved;
    std::set<Ticket> tickets;

    void add(const Effect& effect) {
        if (const auto* taken = std::get_if<StockTaken>(&effect)) {
            RC_ASSERT(tickets.insert(taken->ticket).second);  // nobody has a place twice
            if (taken->request.unpaid)
                reserved[taken->ticket] = taken->request;
            else
                issued += taken->request.quantity;
        } else if (const auto* paid = std::get_if<StockPaid>(&effect)) {
            RC_ASSERT(reserved.contains(paid->ticket));
            issued += reserved[paid->ticket].quantity;
            reserved.erase(paid->ticket);
        } else if (const auto* back = std::get_if<StockGivenBack>(&effect)) {
            RC_ASSERT(reserved.erase(back->ticket) == 1U);
        } else {
            issued -= std::get<StockRestocked>(effect).units;
        }
    }
    [[nodiscard]] std::int64_t set_aside() const {
        std::int64_t units = 0;
        for (const auto& [ticket, request] : reserved) units += request.quantity;
        return units;
    }
    template <typename IsIt>
    [[nodiscard]] std::int64_t open_of(IsIt is_it) const {
        std::int64_t units = 0;
        for (const auto& [ticket, request] : reserved)
            if (is_it(request)) units += request.quantity;
        return units;
    }
};

// The owner of an offer with a journal under it, where anything not durable may vanish.
class Shop {
public:
    Shop(std::int64_t total, const ReservationTerms& terms) : total_(total), terms_(terms) {
        stock_ = std::make_unique<Stock>(total, terms);
    }

    void take(bool unpaid) {
        StockRequest request{.quantity = 1 + draw(3),
                             .unpaid = unpaid,
                             .member = {.high = 1 + static_cast<std::uint64_t>(draw(3)), .low = 0},
                             .origin = OriginKey{static_cast<std::uint64_t>(draw(3))}};
        if (unpaid) request.return_at = now_ + seconds(1 + draw(20));
        take(request);
    }
    Kind take(const StockRequest& request) {
        const StockAnswer answer = stock_->take(request, now_);
        if (answer.kind == Kind::taken)
            unstaged_.push_back({answer.ticket, request});
        else
            check_refusal(answer, request);
        return answer.kind;
    }
    void stage() {
        if (unstaged_.empty()) return;
        const auto place = unstaged_.begin() + draw(static_cast<int>(unstaged_.size()));
        stock_->staged(place->ticket, journal(*place));
        unstaged_.erase(place);
    }
    void abandon() {
        if (unstaged_.empty()) return;
        const auto place = unstaged_.begin() + draw(static_cast<int>(unstaged_.size()));
        stock_->abandon(place->ticket);
        unstaged_.erase(place);
    }
    void resolve(bool pays) {
        const Books books = books_at(durable_);
        std::vector<Ticket> open;
        for (const auto& [ticket, request] : books.reserved)
            if (stock_->is_reserved(ticket)) open.push_back(ticket);
        if (open.empty()) return;
        const Ticket ticket = open[static_cast<std::size_t>(draw(static_cast<int>(open.size())))];
        if (pays)
            stock_->pay(ticket, journal(StockPaid{ticket}));
        else
            stock_->give_back(ticket, journal(StockGivenBack{ticket}));
    }
    void restock() {
        const std::int64_t units = stock_->issued();
        if (units == 0) return;
        const std::int64_t count = 1 + draw(static_cast<int>(units));
        stock_->restock(count, journal(StockRestocked{count}));
    }
    void flush(bool all) {
        const std::size_t more = journal_.size() - durable_;
        durable_ += all ? more : static_cast<std::size_t>(draw(static_cast<int>(more) + 1));
        stock_->durable(Lsn{durable_});
    }
    void sweep() {
        std::vector<Ticket> due;
        stock_->due(now_, 2, due);
        for (const Ticket ticket : due) {
            RC_ASSERT(books_at(durable_).reserved.at(ticket).return_at <= now_);
            stock_->give_back(ticket, journal(StockGivenBack{ticket}));
        }
    }
    void wait(std::int64_t s) { now_ = now_ + seconds(s); }
    // Of what was staged and is not known to be durable, any beginning may have reached the disk.
    void crash() {
        flush(false);
        journal_.resize(durable_);
        unstaged_.clear();
        stock_ = std::make_unique<Stock>(total_, terms_);
        for (const Effect& effect : journal_)
            std::visit([&](const auto& one) { stock_->replay(one); }, effect);
    }

    // INV-9 at every LSN that a crash could leave us at, and the live sums against the journal.
    void check() const {
        Books books;
        for (std::size_t i = 0; i < journal_.size(); ++i) {
            books.add(journal_[i]);
            if (i + 1 < durable_) continue;
            RC_ASSERT(books.issued >= 0);
            RC_ASSERT(books.issued + books.set_aside() <= total_);
        }
        RC_ASSERT(stock_->issued() + stock_->reserved() + stock_->uncommitted() + stock_->free() ==
                  total_);
        if (!unstaged_.empty() || durable_ != journal_.size()) return;
        RC_ASSERT(stock_->issued() == books.issued);
        RC_ASSERT(stock_->reserved() == books.set_aside());
        RC_ASSERT(stock_->uncommitted() == 0);
        // Tickets: each that was given out is in the journal or goes to the next.
        const auto last = static_cast<std::uint64_t>(stock_->last_ticket());
        RC_ASSERT(books.tickets.size() + stock_->missing_tickets().size() == last);
    }

    // Everything that is open ends, and then all that is left is sold, one by one.
    void sell_out() {
        while (!unstaged_.empty()) stage();
        flush(true);
        wait(1000);
        while (stock_->reserved() > 0) {
            sweep();
            flush(true);
        }
        StockRequest one{.quantity = 1, .member = {.high = 1, .low = 0}};
        Kind kind = Kind::taken;
        while ((kind = take(one)) == Kind::taken) {
            stage();
            flush(true);
        }
        RC_ASSERT(kind == Kind::sold_out);
        RC_ASSERT(books_at(durable_).issued == total_);  // INV-10
    }

private:
    Lsn journal(const Effect& effect) {
        journal_.push_back(effect);
        return Lsn{journal_.size()};
    }
    [[nodiscard]] Books books_at(std::size_t lsn) const {
        Books books;
        for (std::size_t i = 0; i < lsn; ++i) books.add(journal_[i]);
        return books;
    }

    // A refusal must stand on what is durable alone; waiting, on something that will end.
    void check_refusal(const StockAnswer& answer, const StockRequest& request) const {
        const Books books = books_at(durable_);
        const std::int64_t set_aside = books.set_aside();
        Instant earliest = instant_never;
        for (const auto& [ticket, open] : books.reserved)
            earliest = std::min(earliest, open.return_at);
        switch (answer.kind) {
            case Kind::sold_out:
                RC_ASSERT(books.issued + request.quantity > total_);
                break;
            case Kind::all_set_aside:
                RC_ASSERT(answer.earliest > now_);
                RC_ASSERT(earliest <= answer.earliest);
                RC_ASSERT(books.issued + set_aside + request.quantity > total_ ||
                          set_aside + request.quantity > stock_->set_aside_max());
                break;
            case Kind::too_many: {
                RC_ASSERT(request.unpaid);
                const std::int64_t of_member = books.open_of(
                    [&](const StockRequest& r) { return r.member == request.member; });
                const std::int64_t of_origin = books.open_of([&](const StockRequest& r) {
                    return r.origin == request.origin && r.origin != OriginKey{};
                });
                RC_ASSERT(
                    (terms_.per_member && of_member + request.quantity > *terms_.per_member) ||
                    (terms_.per_origin && of_origin + request.quantity > *terms_.per_origin) ||
                    request.quantity > stock_->set_aside_max());
                break;
            }
            case Kind::wait:
                RC_ASSERT(stock_->uncommitted() > 0 || earliest <= now_);
                break;
            case Kind::taken:
                break;
        }
    }

    std::int64_t total_;
    ReservationTerms terms_;
    std::unique_ptr<Stock> stock_;
    std::vector<Effect> journal_;  // LSN i + 1 at i
    std::size_t durable_ = 0;
    std::vector<StockTaken> unstaged_;
    Instant now_ = at(0);
};

TEST(StockProperty, IsNeverOversoldNorUndersoldUnderCrashes) {
    EXPECT_TRUE(rc::check([] {
        ReservationTerms terms{.share_percent = 1 + draw(100), .per_member = std::nullopt};
        if (draw(2) == 0) terms.per_member = 1 + draw(4);
        if (draw(2) == 0) terms.per_origin = 1 + draw(4);
        Shop shop(1 + draw(12), terms);
        const int steps = draw(80);
        for (int i = 0; i < steps; ++i) {
            switch (draw(13)) {
                case 0:
                case 1:
                case 2:
                    shop.take(false);
                    break;
                case 3:
                case 4:
                    shop.take(true);
                    break;
                case 5:
                case 6:
                    shop.stage();
                    break;
                case 7:
                    shop.resolve(draw(2) == 0);
                    break;
                case 8:
                    shop.flush(draw(2) == 0);
                    break;
                case 9:
                    shop.wait(draw(10));
                    break;
                case 10:
                    shop.sweep();
                    break;
                case 11:
                    draw(2) == 0 ? shop.abandon() : shop.restock();
                    break;
                default:
                    if (draw(3) == 0) shop.crash();
                    break;
            }
            shop.check();
        }
        shop.sell_out();
        shop.check();
    }));
}

}  // namespace
}  // namespace suanpan::testing
