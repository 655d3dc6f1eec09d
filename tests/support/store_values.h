// Reading a store whose values lie in a map: for the Stores that tests have instead of files.
#pragma once

#include "storage/volume.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace suanpan::storage {

using StoreValues = std::map<std::uint64_t, std::vector<std::byte>>;

// What Store says of visit_at_or_before() and visit_at_or_after(). Nothing is locked here.
[[nodiscard]] inline std::optional<std::uint64_t> value_at_or_before(const StoreValues& values,
                                                                     std::uint64_t key,
                                                                     const ValueVisitor& visitor) {
    auto after = values.upper_bound(key);
    if (after == values.begin()) return std::nullopt;
    --after;
    visitor(after->first, after->second);
    return after->first;
}

[[nodiscard]] inline std::optional<std::uint64_t> value_at_or_after(const StoreValues& values,
                                                                    std::uint64_t key,
                                                                    const ValueVisitor& visitor) {
    const auto found = values.lower_bound(key);
    if (found == values.end()) return std::nullopt;
    visitor(found->first, found->second);
    return found->first;
}

// One value as a walk over the raw file would come by it.
inline void scan_value(Bytes value, std::uint64_t magic,
                       const std::function<std::size_t(Bytes head)>& wanted,
                       const std::function<void(Bytes value)>& found) {
    std::uint64_t here = 0;
    if (value.size() < sizeof here) return;
    std::memcpy(&here, value.data(), sizeof here);
    if (here != magic) return;
    if (const std::size_t size = wanted(value); size > 0)
        found(value.first(std::min(size, value.size())));
}

}  // namespace suanpan::storage
