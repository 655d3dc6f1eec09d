#include "server/cards/offer_book.h"

#include "protocol/base/assert.h"
#include "server/cards/offer_check.h"

#include <utility>

namespace suanpan::cards {

Decided<std::shared_ptr<const Offer>> OfferBook::find(OfferId id) const {
    const auto found = offers_.find(static_cast<std::uint32_t>(id));
    if (found == offers_.end()) return refuse_with(Code::offer_not_found);
    return found->second;
}

Decided<void> OfferBook::check_next(const Offer& offer) const {
    OfferMistakes mistakes;
    check_offer(offer, "", mistakes);
    if (!mistakes.empty()) return refuse_with(Code::offer_invalid);
    const auto found = offers_.find(static_cast<std::uint32_t>(offer.id));
    const std::uint32_t version = found == offers_.end() ? 0 : found->second->version;
    if (offer.version != version + 1) return refuse_with(Code::version_not_next, version);
    if (version != 0) {
        const Offer& before = *found->second;
        if (before.program != offer.program || before.kind != offer.kind ||
            before.code_form != offer.code_form)
            return refuse_with(Code::offer_invalid);
    }
    return {};
}

void OfferBook::put(Offer offer) {
    SUANPAN_ASSERT(check_next(offer).has_value());
    const auto id = static_cast<std::uint32_t>(offer.id);
    offers_[id] = std::make_shared<const Offer>(std::move(offer));
}

}  // namespace suanpan::cards
