// Offer files and master key files: a wrong one is refused with a sentence of one line for each
// mistake, a right one is sound through and through.
//
// Input: the text of a file; one that begins as a key file does is read as one.
#include "protocol/base/assert.h"
#include "server/cards/admission.h"
#include "server/cards/master_keys.h"
#include "server/cards/offer_check.h"
#include "server/cards/offer_file.h"
#include "server/cards/velocity_window.h"
#include "server/cards/voucher.h"
#include "tests/fuzz/input.h"

#include <string>

namespace suanpan::fuzz {
namespace {

using namespace cards;

void expect_one_line(const std::string& sentence) {
    SUANPAN_ASSERT(!sentence.empty());
    SUANPAN_ASSERT(sentence.find('\n') == std::string::npos);
}

void read_keys(std::string_view text) {
    const auto keys = MasterKeys::parse(text);
    if (!keys) return expect_one_line(keys.error());
    SUANPAN_ASSERT(keys->size() >= 1);
    SUANPAN_ASSERT(keys->size() <= MasterKeys::keys_max);
    SUANPAN_ASSERT(keys->find(keys->current().number) == &keys->current());
}

void use(const Offer& offer) {
    OfferMistakes mistakes;
    check_offer(offer, "", mistakes);
    SUANPAN_ASSERT(mistakes.empty());
    const MemberFacts member{.level = LevelId{1},
                             .segments = UINT64_MAX,
                             .available = Points{amount_points_max / 2},
                             .worth = PointWorth{.points = 3, .money = 7}};
    for (const std::int64_t quantity : {std::int64_t{1}, offer.limits.per_order}) {
        const auto cost = admits(offer, member, {.quantity = quantity}, offer.window.start);
        if (cost) SUANPAN_ASSERT(cost->points <= member.available);
        if (cost || !cost.error().gap) continue;
        // The gap that was named does close it, as long as the limits allow the order at all.
        const auto with_gap = admits(
            offer, member, {.quantity = quantity, .cash = *cost.error().gap}, offer.window.start);
        SUANPAN_ASSERT(with_gap.has_value());
    }
    const Voucher voucher = issue_voucher(offer, {}, offer.window.start);
    SUANPAN_ASSERT(voucher.is_sound());
}

void read_offers(std::string_view text) {
    const auto file = parse_offers(text);
    if (!file) {
        SUANPAN_ASSERT(!file.error().empty());
        SUANPAN_ASSERT(file.error().size() <= offer_mistakes_max);
        for (const OfferMistake& mistake : file.error()) expect_one_line(to_text(mistake));
        return;
    }
    for (const Offer& offer : file->offers) use(offer);
    SUANPAN_ASSERT(are_sound(file->velocity));
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const std::string text(fuzz::text_of(input.take_rest()));
    if (text.starts_with("suanpan"))
        fuzz::read_keys(text);
    else
        fuzz::read_offers(text);
    return 0;
}
