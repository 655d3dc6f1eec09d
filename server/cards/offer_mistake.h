// OfferMistake: what is wrong at one place of an offer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace suanpan::cards {

struct OfferMistake {
    std::string path;        // offer[2].limits.per_day; offers of a file are counted from 1
    std::uint32_t line = 0;  // of the file, from 1; 0: of no one line
    std::string reason;
    friend bool operator==(const OfferMistake&, const OfferMistake&) = default;
};

// No more than these are told of one file.
inline constexpr std::size_t offer_mistakes_max = 100;
using OfferMistakes = std::vector<OfferMistake>;

// One line for a person: "line 17: offer[2].window.end: must be after the start".
[[nodiscard]] std::string to_text(const OfferMistake& mistake);

}  // namespace suanpan::cards
