// RuleMistake: what is wrong at one place of a rule file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace suanpan::rules {

struct RuleMistake {
    std::string path;        // limit[2].money_max; rules of a kind are counted from 1
    std::uint32_t line = 0;  // of the file, from 1; 0: of no one line
    std::string reason;
    friend bool operator==(const RuleMistake&, const RuleMistake&) = default;
};

// No more than these are told of one file.
inline constexpr std::size_t rule_mistakes_max = 100;
using RuleMistakes = std::vector<RuleMistake>;

// One line for a person: "line 17: limit[2].money_max: must be a number from 0 to 10".
[[nodiscard]] std::string to_text(const RuleMistake& mistake);

}  // namespace suanpan::rules
