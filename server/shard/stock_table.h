// StockTable: the stocks of offers, as the shard that owns them knows them.
#pragma once

#include "protocol/base/time.h"
#include "server/cards/stock.h"
#include "server/ledger/counter.h"
#include "server/ledger/ticket_span.h"
#include "server/shard/code_pools.h"
#include "server/shard/owner_mail.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <vector>

namespace suanpan::shard {

// What a start knows of units that are set aside for an order.
struct ReservedUnits {
    std::uint64_t ticket = 0;
    cards::StockRequest request;
    ShardIndex home;  // whose order it is
    std::vector<cards::CodeKey> codes;
};

// Puts a line in front of each cards::Stock, and says what tickets are durable
// (docs/decisions/0016). As of an OwnerTable, no answer rests on what a crash could undo (P4), and
// whoever cannot be answered yet waits in the offer's line, first come first served, for some
// commits at most.
//
// An offer that is to be changed is closed: what is on its way becomes durable, nothing more is
// taken, and everybody waits until it is open again.
//
// Pure: knows no clock, no ring, no journal. One shard's, on its thread only. Bounded by the offers
// that files name, by what is in flight, and by line_max.
class StockTable {
public:
    // Units of the offer, by the file that is installed here; nothing where that has none.
    using TotalOf = std::function<std::optional<std::int64_t>(const ledger::CounterKey&)>;
    // What may stand set aside and unpaid, by the same file.
    using TermsOf =
        std::function<std::optional<cards::ReservationTerms>(const ledger::CounterKey&)>;
    // Requests in all lines together.
    static constexpr std::size_t line_max = 16'384;

    // Asks for a chunk of sealed codes that the journal has; chunk_came() or chunk_failed()
    // follows, or it is asked for again.
    using Want = std::function<void(Lsn)>;

    StockTable(TotalOf total_of, TermsOf terms_of, CodePools& pools, Want want,
               std::size_t waiting_max = line_max)
        : total_of_(std::move(total_of)),
          terms_of_(std::move(terms_of)),
          pools_(pools),
          want_(std::move(want)),
          waiting_max_(waiting_max) {}

    // Before anything is asked: what the journal says of an offer.
    void restore(const ledger::CounterKey& key, const ledger::CounterUnits& units,
                 const ledger::TicketSpan& tickets, std::span<const ReservedUnits> reserved = {});

    // The answer, or nothing where it will come through take_answers().
    [[nodiscard]] std::optional<OwnerAnswer> ask(const OwnerAsk& ask, Instant now);
    void tell(const OwnerNotice& notice, Instant now);
    // Entries up to here are durable.
    void advance(Lsn durable, Instant now);
    // True from the moment that somebody wants to recall the batch until it is done or given up:
    // nothing may go into it.
    [[nodiscard]] bool is_recalling(const ledger::CounterKey& key, cards::BatchId batch) const;
    // The offer has more codes than before.
    void grow(const ledger::CounterKey& key, Instant now);
    // A chunk that was wanted: `pools` keeps it now; or it cannot be read.
    void chunk_came();
    void chunk_failed(Lsn lsn, Instant now);
    // Asks again for chunks that are still wanted.
    void want_again();

    // As of OwnerTable.
    template <typename Take>
    std::size_t take_answers(Take&& take) {
        std::size_t count = 0;
        for (; !answers_.empty(); ++count) {
            const OwnerAnswer answer = answers_.front();
            answers_.pop_front();
            take(answer);
        }
        return count;
    }
    template <typename Publish>
    void take_changed(Publish&& publish) {
        for (auto at = changed_.begin(); at != changed_.end();) {
            const bool done =
                publish(PublishedCount{.key = *at, .given = given(*at), .total = total(*at)});
            at = done ? changed_.erase(at) : std::next(at);
        }
    }

    // Issued and set aside, durably.
    [[nodiscard]] std::int64_t given(const ledger::CounterKey& key) const;
    [[nodiscard]] std::int64_t total(const ledger::CounterKey& key) const;
    // True where advance(durable) or take_answers() has something to do.
    [[nodiscard]] bool has_news(Lsn durable) const {
        return !answers_.empty() || (!staged_.empty() && staged_.top().lsn <= durable);
    }
    // True where nothing is taken without being durable, and nobody waits.
    [[nodiscard]] bool is_quiet() const;

private:
    struct Owned {
        explicit Owned(std::int64_t total) : stock(total, cards::ReservationTerms{}) {}
        cards::Stock stock;
        std::set<std::uint64_t> undurable;  // tickets that were granted
        std::deque<OwnerAsk> line;
        std::optional<OwnerAsk> closer;  // whoever waits until it is quiet
        cards::BatchId recalling{};      // what it is closed for; 0: no recall
        // Of tickets that are not durable, or that nobody has paid for.
        std::map<std::uint64_t, std::vector<cards::CodeRef>> codes;
    };
    enum class Staging : std::uint8_t { take, payment, give_back };
    struct Staged {
        Lsn lsn;
        ledger::CounterKey key;
        std::uint64_t ticket = 0;
        Staging what{};
        friend bool operator>(const Staged& a, const Staged& b) { return a.lsn > b.lsn; }
    };
    Owned& owned(const ledger::CounterKey& key, std::int64_t total_otherwise);
    // An answer that waits for sealed codes from the journal.
    struct Fetching {
        ledger::CounterKey key;
        OwnerAnswer answer;
        Lsn missing;
    };
    enum class Taken : std::uint8_t { answered, fetching, waits };
    [[nodiscard]] Taken take(Owned& owned, const OwnerAsk& ask, Instant now, OwnerAnswer& answer);
    // `until`: when what is set aside comes back.
    [[nodiscard]] cards::StockAnswer take_units(Owned& owned, const OwnerAsk& ask, Instant now,
                                                Instant& until);
    void settle(const Staged& staged);
    // Adds the sealed codes of its ticket to the answer; else the chunk that is missing.
    [[nodiscard]] std::optional<Lsn> add_codes(const ledger::CounterKey& key, OwnerAnswer& answer);
    void abandon(const ledger::CounterKey& key, std::uint64_t ticket);
    [[nodiscard]] std::optional<OwnerAnswer> close(Owned& owned, const OwnerAsk& ask) const;
    void recall(const ledger::CounterKey& key, Owned& owned);
    void serve(const ledger::CounterKey& key, Instant now);

    TotalOf total_of_;
    TermsOf terms_of_;
    CodePools& pools_;
    Want want_;
    std::size_t waiting_max_;
    std::map<ledger::CounterKey, Owned> owned_;
    std::priority_queue<Staged, std::vector<Staged>, std::greater<>> staged_;
    std::size_t waiting_ = 0;
    std::deque<OwnerAnswer> answers_;
    std::deque<Fetching> fetching_;
    std::set<ledger::CounterKey> changed_;
};

}  // namespace suanpan::shard
