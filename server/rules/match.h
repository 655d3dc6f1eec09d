// Match: which lines and orders a rule is for.
#pragma once

#include "protocol/base/time.h"
#include "server/rules/ids.h"

#include <vector>

namespace suanpan::rules {

// Where and by whom an order is placed.
struct OrderPlace {
    MerchantId merchant{};
    ChannelId channel{};
    LevelId level{};
};

// Lists of what a rule is for, each sorted without repeats; an empty one allows everything. A line
// matches where products or categories name it; merchant, channel and level must all match as well.
//
// Belongs to its rule; immutable.
struct Match {
    std::vector<ProductId> products;
    std::vector<CategoryId> categories;
    std::vector<MerchantId> merchants;
    std::vector<ChannelId> channels;
    std::vector<LevelId> levels;

    friend bool operator==(const Match&, const Match&) = default;

    // False where the rule is for whole orders.
    [[nodiscard]] bool names_lines() const { return !products.empty() || !categories.empty(); }
    [[nodiscard]] bool allows(const OrderPlace& place) const;
    // Expects that allows(place) was asked for.
    [[nodiscard]] bool has_line(ProductId product, CategoryId category) const;
};

// [start, end): `end` is exclusive, instant_never for an open one.
struct Window {
    Instant start{INT64_MIN};
    Instant end = instant_never;
    friend bool operator==(const Window&, const Window&) = default;
    [[nodiscard]] bool has(Instant at) const { return start <= at && at < end; }
    [[nodiscard]] bool covers(const Window& other) const {
        return start <= other.start && end >= other.end;
    }
};

}  // namespace suanpan::rules
