// VelocityRule: at most n requests of a kind in any window of a length, as data.
#pragma once

#include "protocol/base/time.h"
#include "server/cards/ids.h"

#include <cstdint>
#include <span>
#include <vector>

namespace suanpan::cards {

enum class VelocityScope : std::uint8_t { member = 0, origin = 1 };
enum class VelocityKind : std::uint8_t { redeem = 0, verify = 1, query = 2 };

// At most `count` requests of `kind` by one member, or from one origin, within any `window`: one at
// t no longer counts at t + window.
struct VelocityRule {
    VelocityRuleId id{};
    VelocityScope scope{};
    VelocityKind kind{};
    std::uint32_t count = 1;
    Duration window = seconds(1);
    friend bool operator==(const VelocityRule&, const VelocityRule&) = default;
};

// Each rule in its range, ids unique, no more of them than velocity_rules_max. What is wrong in
// detail is said where a file is read (offer_file.h).
[[nodiscard]] bool are_sound(std::span<const VelocityRule> rules);

}  // namespace suanpan::cards
