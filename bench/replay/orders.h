// Orders: who bought for how much, from a year of real purchases or made up in the same shape.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace suanpan::replay {

struct Order {
    std::uint64_t member = 0;     // the shop's own number
    std::int64_t paid_cents = 0;  // Σ of the order's lines; 0 where all was given away
};

struct Orders {
    std::vector<Order> orders;  // in time order
    std::uint64_t lines = 0;
    std::uint64_t lines_skipped = 0;  // unreadable
};

// Reads purchases.csv (columns: ../shared/data/README.md). Lines of one order number are one order.
// Throws std::runtime_error where the file or its heading cannot be read; a line that cannot is
// skipped and counted.
[[nodiscard]] Orders read_purchases(const std::string& path);

// `count` orders by 2,377 members with the same spread of amounts, from a fixed seed.
[[nodiscard]] Orders make_up(std::uint64_t count);

}  // namespace suanpan::replay
