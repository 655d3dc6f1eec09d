// Stock: how many units of an offer are free, on their way, set aside or issued.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/cards/ids.h"
#include "server/cards/offer.h"
#include "server/cards/refusal.h"
#include "server/cards/stock_effect.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace suanpan::cards {

// What take() says. `wait`: something is on its way that decides it, ask again when durable() has
// moved (or when due() has been posted); it is no answer to a member.
struct StockAnswer {
    enum class Kind : std::uint8_t { taken, wait, all_set_aside, sold_out, too_many } kind{};
    Ticket ticket{};  // of `taken`
    // Of `all_set_aside`: the first return that could change it. Of `wait`: the same where that is
    // due already and not posted, else 0.
    Instant earliest;
    std::int64_t cap = 0;  // of `too_many`: units that may stand set aside
    // all_set_aside, sold_out, too_many_reservations; Code::ok for the other two.
    [[nodiscard]] Refusal refusal() const;
};

// Every unit is in one of four places:
//
//     free -- take --> uncommitted -- durable --> issued            (paid with points)
//                                             \-> reserved          (unpaid) -- paid --> issued
//     reserved -- given back, timed out --> uncommitted -- durable --> free
//
// INV-9: reserved + issued <= stock, always, also after a crash at any instant: what is uncommitted
// is counted as gone until its entry is durable, whether it comes or goes, so that no durable entry
// ever builds on one that is not. INV-10: nothing is refused while something uncommitted could
// still let it pass; what timed out is back once that is durable.
//
// A redemption gets a ticket, its place in the line. Tickets are dense: one that was abandoned, or
// that a crash took with it, goes to the next who asks.
//
// Belongs to the offer's owner shard; on its thread only. Memory: what is reserved or uncommitted,
// never what is issued.
class Stock {
public:
    Stock(std::int64_t total, const ReservationTerms& terms);

    // ---- taking

    [[nodiscard]] StockAnswer take(const StockRequest& request, Instant now);
    // The take is given up, and has no entry: its units are free at once.
    void abandon(Ticket ticket);
    // The take stands in the entry `lsn`.
    void staged(Ticket ticket, Lsn lsn);

    // ---- what becomes of a reservation; each stands in the entry `lsn`

    // Whether it is there to be paid or given back: nothing is under way with it.
    [[nodiscard]] bool is_reserved(Ticket ticket) const;
    void pay(Ticket ticket, Lsn lsn);
    void give_back(Ticket ticket, Lsn lsn);
    // Issued units come back, after a refund of what nobody has seen.
    void restock(std::int64_t units, Lsn lsn);
    // Appends up to `count_max` reservations whose time is over, soonest first. They stay reserved
    // until they are given back. Costs what it appends.
    void due(Instant now, std::size_t count_max, std::vector<Ticket>& tickets);

    // Every entry up to `lsn` can no longer be undone.
    void durable(Lsn lsn);

    // ---- changing the stock itself: close, wait until it is quiet, change, open

    // Of reservations to come.
    void set_terms(const ReservationTerms& terms) { terms_ = terms; }

    void close() { closed_ = true; }
    void open() { closed_ = false; }
    [[nodiscard]] bool is_quiet() const { return uncommitted_ == 0; }
    // stock_differs where there are not `expected`, stock_taken where `total` is less than what is
    // set aside or issued.
    [[nodiscard]] Decided<void> check_resize(std::int64_t expected, std::int64_t total) const;
    void resize(std::int64_t total);
    // Codes have come, or free ones have ended. Expects that nothing taken is among them.
    void set_total(std::int64_t total);

    // ---- replay: what is durable

    // Of a new stock, all at once: units issued, the highest ticket, and those below that nobody
    // has.
    void restore(std::int64_t issued, Ticket last, const std::set<std::uint64_t>& missing);

    // After that: one of the units that are set aside.
    void restore_reserved(Ticket ticket, const StockRequest& request);

    void replay(const StockTaken& taken);
    void replay(const StockPaid& paid);
    void replay(const StockGivenBack& given_back);
    void replay(const StockRestocked& restocked);

    // ---- reading

    [[nodiscard]] std::int64_t total() const { return total_; }
    [[nodiscard]] std::int64_t issued() const { return issued_; }
    [[nodiscard]] std::int64_t reserved() const { return reserved_; }
    [[nodiscard]] std::int64_t uncommitted() const { return uncommitted_; }
    [[nodiscard]] std::int64_t free() const { return total_ - issued_ - reserved_ - uncommitted_; }
    // The highest ticket given out, and those below it that nobody has.
    [[nodiscard]] Ticket last_ticket() const { return Ticket{next_ticket_ - 1}; }
    [[nodiscard]] const std::set<std::uint64_t>& missing_tickets() const { return missing_; }
    // Units that may stand set aside and unpaid at once.
    [[nodiscard]] std::int64_t set_aside_max() const;

private:
    enum class Phase : std::uint8_t { taking, reserved, paying, returning };
    struct Take {
        StockRequest request;
        Phase phase{};
    };
    // Units set aside unpaid by one member or from one origin.
    struct Open {
        std::int64_t units = 0;        // all
        std::int64_t uncommitted = 0;  // of them those that come or go
    };
    struct Pending {
        Lsn lsn;
        Ticket ticket{};  // 0: a restock
        std::int64_t units = 0;
        friend bool operator>(const Pending& a, const Pending& b) { return a.lsn > b.lsn; }
    };
    struct Return {
        Instant at;
        Ticket ticket{};
        friend bool operator>(const Return& a, const Return& b) {
            return a.at != b.at ? a.at > b.at : a.ticket > b.ticket;
        }
    };
    struct MemberHash {
        std::size_t operator()(const MemberId& member) const;
    };

    [[nodiscard]] std::optional<StockAnswer> refused_as_unpaid(const StockRequest& request,
                                                               Instant now);
    [[nodiscard]] StockAnswer set_aside_until(Instant now);
    [[nodiscard]] std::optional<Instant> earliest_return();
    [[nodiscard]] Take& take_of(Ticket ticket);
    void set_phase(Take& take, Phase phase);
    // Adds the take to the sums that its phase counts in, or takes it out of them.
    void count(const Take& take, std::int64_t sign);
    void settle(const Pending& pending);
    void add_pending(const Pending& pending);
    void add_return(Ticket ticket, Instant at);
    void check_sums() const;

    std::int64_t total_;
    ReservationTerms terms_;
    std::int64_t issued_ = 0;
    std::int64_t reserved_ = 0;
    std::int64_t uncommitted_ = 0;
    Open unpaid_;  // of all members together
    boost::unordered_flat_map<MemberId, Open, MemberHash> by_member_;
    boost::unordered_flat_map<std::uint64_t, Open> by_origin_;
    boost::unordered_flat_map<std::uint64_t, Take> takes_;  // by ticket
    std::uint64_t next_ticket_ = 1;
    std::set<std::uint64_t> missing_;
    std::vector<Pending> pending_;  // a heap, the lowest LSN on top
    std::vector<Return> returns_;   // a heap, the soonest on top; may hold what is gone
    bool closed_ = false;
};

}  // namespace suanpan::cards
