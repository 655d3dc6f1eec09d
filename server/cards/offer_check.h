// What must hold of an offer before it is taken.
#pragma once

#include "server/cards/offer.h"
#include "server/cards/offer_mistake.h"

#include <string_view>

namespace suanpan::cards {

// Appends everything that is wrong with `offer`: each field's range, and what must hold between
// fields. `path` stands before each mistake's own.
void check_offer(const Offer& offer, std::string_view path, OfferMistakes& mistakes);

}  // namespace suanpan::cards
