// Offer files: TOML text -> offers and velocity rules. docs/cards.md describes every key.
#pragma once

#include "server/cards/offer.h"
#include "server/cards/offer_mistake.h"
#include "server/cards/velocity_rule.h"

#include <expected>
#include <string_view>
#include <vector>

namespace suanpan::cards {

struct OfferFile {
    std::vector<Offer> offers;  // in the order of the file
    std::vector<VelocityRule> velocity;
    friend bool operator==(const OfferFile&, const OfferFile&) = default;
};

// What `text` says, checked completely, or all its mistakes (at least one, at most
// offer_mistakes_max). Never throws, whatever the text is.
[[nodiscard]] std::expected<OfferFile, OfferMistakes> parse_offers(std::string_view text);

}  // namespace suanpan::cards
