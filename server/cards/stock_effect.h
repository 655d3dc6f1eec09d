// What entries say about an offer's stock; complete enough to be replayed without anything else.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/cards/ids.h"

#include <cstdint>

namespace suanpan::cards {

// Who takes how much. What is unpaid is set aside, and comes back at `return_at`.
struct StockRequest {
    std::int64_t quantity = 1;
    bool unpaid = false;
    MemberId member;
    OriginKey origin{};  // 0: the gateway did not say
    Instant return_at = instant_never;
    friend bool operator==(const StockRequest&, const StockRequest&) = default;
};

struct StockTaken {
    Ticket ticket{};
    StockRequest request;
    friend bool operator==(const StockTaken&, const StockTaken&) = default;
};
struct StockPaid {
    Ticket ticket{};
    friend bool operator==(const StockPaid&, const StockPaid&) = default;
};
struct StockGivenBack {
    Ticket ticket{};
    friend bool operator==(const StockGivenBack&, const StockGivenBack&) = default;
};
struct StockRestocked {
    std::int64_t units = 0;
    friend bool operator==(const StockRestocked&, const StockRestocked&) = default;
};

}  // namespace suanpan::cards
