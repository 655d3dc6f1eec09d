// OfferBook: the offers that there are, each in its present version.
#pragma once

#include "server/cards/offer.h"
#include "server/cards/refusal.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <memory>

namespace suanpan::cards {

// Offers by their number. A change is a whole new version, which names the one it follows: of two
// operators who change the same version one wins, the other is told which version there is.
//
// Belongs to one shard; on its thread only. Readers may keep a version for as long as they like.
class OfferBook {
public:
    [[nodiscard]] Decided<std::shared_ptr<const Offer>> find(OfferId id) const;
    // Whether `offer` may be the next version: offer_invalid, or version_not_next with the version
    // that the book has (0: none). What an offer sells never changes: its program, kind of stock
    // and form of codes. Then offer_invalid too.
    [[nodiscard]] Decided<void> check_next(const Offer& offer) const;
    // Puts it in. Expects that check_next() has allowed it.
    void put(Offer offer);
    [[nodiscard]] std::size_t size() const { return offers_.size(); }

private:
    boost::unordered_flat_map<std::uint32_t, std::shared_ptr<const Offer>> offers_;
};

}  // namespace suanpan::cards
