// OfferFacts: what a simulation's files of offers say, as the numbers that they are made of.
#pragma once

#include "protocol/base/time.h"
#include "tests/model/shelf.h"
#include "tests/sim/random.h"

#include <cstdint>
#include <string>

namespace suanpan::sim {

// Each program sells up to three offers: one with a few units, one with codes, and one that is for
// some members, for some time. Now and then one of them costs cash.
struct OfferFacts {
    model::OfferFile file;
    std::uint32_t member_velocity = 0;  // redemptions in ten seconds; 0: no such rule
    std::uint32_t origin_velocity = 0;
    std::uint32_t show_velocity = 0;    // of a member's show and reveal
    std::uint32_t verify_velocity = 0;  // of an origin
};

inline constexpr std::uint32_t offers_per_program = 3;
[[nodiscard]] inline std::uint32_t offer_id(ProgramId program, std::uint32_t place) {
    return static_cast<std::uint32_t>(program) * 10 + place + 1;
}
inline constexpr std::uint32_t place_with_codes = 1;

// The first file of a program.
[[nodiscard]] OfferFacts first_offers(Random& random, ProgramId program, Instant wall,
                                      bool sells_codes);
// A file that somebody might put at `wall`, after `before`: it differs in one offer or two.
[[nodiscard]] OfferFacts next_offers(Random& random, const OfferFacts& before, Instant wall);
// The file, as an operator writes it.
[[nodiscard]] std::string text_of(const OfferFacts& facts);

}  // namespace suanpan::sim
