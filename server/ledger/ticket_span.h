// TicketSpan: which tickets of one offer are in the journal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>

namespace suanpan::ledger {

// All up to `floor`, and those in `above`; what lies between is free (INV-9). One shard's part, or
// the parts of several united: a function of the entries alone, in whatever order they come.
//
// Bounded by the redemptions of the offer that are in flight together, since the floor follows.
struct TicketSpan {
    std::uint64_t floor = 0;
    std::set<std::uint64_t> above;  // > floor

    void add(std::uint64_t ticket, std::uint64_t floor_then) {
        raise(floor_then);
        if (ticket > floor) above.insert(ticket);
    }
    void add(const TicketSpan& other) {
        raise(other.floor);
        for (const std::uint64_t ticket : other.above)
            if (ticket > floor) above.insert(ticket);
    }
    [[nodiscard]] std::uint64_t last() const { return above.empty() ? floor : *above.rbegin(); }
    // Those up to last() that nobody has.
    [[nodiscard]] std::set<std::uint64_t> missing() const {
        std::set<std::uint64_t> free;
        std::uint64_t next = floor + 1;
        for (const std::uint64_t ticket : above) {
            for (; next < ticket; ++next) free.insert(free.end(), next);
            next = ticket + 1;
        }
        return free;
    }
    friend bool operator==(const TicketSpan&, const TicketSpan&) = default;

private:
    void raise(std::uint64_t to) {
        floor = std::max(floor, to);
        above.erase(above.begin(), above.upper_bound(floor));
    }
};

}  // namespace suanpan::ledger
