#include "server/cards/offer_check.h"

#include "protocol/limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace suanpan::cards {
namespace {

class Check {
public:
    Check(std::string_view path, OfferMistakes& mistakes) : path_(path), mistakes_(mistakes) {}

    void run(const Offer& offer) {
        in_range("id", static_cast<std::int64_t>(offer.id), 1, UINT32_MAX);
        in_range("version", offer.version, 1, UINT32_MAX);
        in_range("program", static_cast<std::int64_t>(offer.program), 1, UINT32_MAX);
        check_stock(offer);
        check_price(offer);
        check_window(offer.window);
        if (!is_rising(offer.audience.levels))
            wrong("audience.levels", "must rise and name each level once");
        check_limits(offer.limits);
        check_reservations(offer.reservations);
        check_voucher(offer.voucher, offer.kind);
    }

private:
    void wrong(std::string_view key, std::string reason) {
        if (mistakes_.size() >= offer_mistakes_max) return;
        mistakes_.push_back({path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key), 0,
                             std::move(reason)});
    }
    void in_range(std::string_view key, std::int64_t value, std::int64_t min, std::int64_t max) {
        if (value < min || value > max)
            wrong(key, fmt::format("must be a number from {} to {}", min, max));
    }
    void in_range(std::string_view key, const std::optional<std::int64_t>& value, std::int64_t min,
                  std::int64_t max) {
        if (value) in_range(key, *value, min, max);
    }
    template <typename Id>
    static bool is_rising(const std::vector<Id>& ids) {
        return std::ranges::adjacent_find(ids, std::ranges::greater_equal{}) == ids.end();
    }

    void check_stock(const Offer& offer) {
        const bool known = offer.kind >= StockKind::counted && offer.kind <= StockKind::external;
        if (!known) return wrong("kind", "is no kind of stock");
        if (offer.kind == StockKind::code_backed && offer.stock != 0)
            wrong("stock", "its pool's codes are the stock; leave it out");
        if (offer.kind != StockKind::code_backed)
            in_range("stock", offer.stock, 1, stock_units_max);
        if (offer.kind == StockKind::external)
            in_range("deliver_within", offer.deliver_within.ns, seconds(1).ns, days(90).ns);
        else if (offer.deliver_within.ns != 0)
            wrong("deliver_within", "means nothing for this kind of stock");
        if (offer.order > IssueOrder::soonest_expiry_first ||
            (offer.kind != StockKind::code_backed && offer.order != IssueOrder::oldest_first))
            wrong("order", "means nothing for this kind of stock");
        if (offer.code_form > CodeForm::folded ||
            (offer.kind == StockKind::counted && offer.code_form != CodeForm::exact))
            wrong("code_form", "means nothing for this kind of stock");
    }

    // What a whole order costs must stay in range too.
    void check_price(const Offer& offer) {
        const std::int64_t most = amount_points_max / limits::offer_quantity_max;
        in_range("points", offer.points.value, 0, most);
        in_range("cash", offer.cash.value, 0, most);
        if (offer.points.value == 0 && offer.cash.value == 0)
            wrong("points", "give points, cash or both: nothing is free");
        if (offer.top_up && offer.points.value == 0)
            wrong("top_up", "there are no points that cash could stand in for");
    }

    void check_window(const SaleWindow& window) {
        if (window.start < Instant{0} || window.start >= instant_max)
            wrong("window.start", "must be in the years 1970 to 2199");
        if (window.end != instant_never && (window.end < Instant{0} || window.end >= instant_max))
            wrong("window.end", "must be in the years 1970 to 2199");
        if (window.end <= window.start) wrong("window.end", "must be after the start");
    }

    void check_limits(const MemberLimits& limits) {
        in_range("limits.per_order", limits.per_order, 1, limits::offer_quantity_max);
        in_range("limits.per_day", limits.per_day, 1, 1'000'000);
        in_range("limits.ever", limits.ever, 1, 1'000'000);
        if (limits.ever && limits.per_day && *limits.per_day > *limits.ever)
            wrong("limits.per_day", "is more than a member may ever have");
        if (limits.per_day && limits.per_order > *limits.per_day)
            wrong("limits.per_order", "is more than a member may have in a day");
        if (limits.ever && limits.per_order > *limits.ever)
            wrong("limits.per_order", "is more than a member may ever have");
    }

    void check_reservations(const ReservationTerms& terms) {
        in_range("reservations.share_percent", terms.share_percent, 1, 100);
        in_range("reservations.per_member", terms.per_member, 1, 1'000'000);
        in_range("reservations.per_origin", terms.per_origin, 1, 1'000'000);
        if (terms.pay_within < seconds(1) || terms.pay_within > days(7))
            wrong("reservations.pay_within", "must be from 1 s to 7 days");
        if (terms.late_payment != LatePayment::auto_refund &&
            terms.late_payment != LatePayment::reacquire)
            wrong("reservations.late_payment", "is no way to treat a late payment");
    }

    void check_voucher(const VoucherTerms& terms, StockKind kind) {
        if (terms.valid_for.ns != INT64_MAX &&
            (terms.valid_for < seconds(1) || terms.valid_for > days(36'500)))
            wrong("voucher.valid_for", "must be from 1 s to 36,500 days");
        if (terms.valid_until != instant_never &&
            (terms.valid_until < Instant{0} || terms.valid_until >= instant_max))
            wrong("voucher.valid_until", "must be in the years 1970 to 2199");
        if (!is_rising(terms.stores) || terms.stores.size() > limits::voucher_stores_max)
            wrong("voucher.stores", fmt::format("must rise and name each of at most {} stores once",
                                                limits::voucher_stores_max));
        if (!terms.stores.empty() && terms.merchant == MerchantId{})
            wrong("voucher.stores", "are a merchant's; name the merchant");
        in_range("voucher.uses", terms.uses, 1, limits::voucher_uses_max);
        in_range("voucher.amount", terms.amount.value, 0, amount_money_max);
        if (terms.amount.value > 0 && terms.uses != 1)
            wrong("voucher.uses", "a voucher has either uses or an amount");
        if (terms.undo_within < Duration{0} || terms.undo_within > days(365))
            wrong("voucher.undo_within", "must be from 0 to 365 days");
        in_range("voucher.undo_max", terms.undo_max, 0, limits::voucher_uses_max);
        in_range("voucher.hops_max", terms.hops_max, 0, limits::voucher_hops_max);
        if (terms.claim_within < seconds(1) || terms.claim_within > days(30))
            wrong("voucher.claim_within", "must be from 1 s to 30 days");
        if (kind == StockKind::loop_code && terms.hops_max > 0)
            wrong("voucher.hops_max", "everybody has the same code; there is nothing to give");
    }

    std::string path_;
    OfferMistakes& mistakes_;
};

}  // namespace

std::string to_text(const OfferMistake& mistake) {
    const std::string_view path =
        mistake.path.empty() ? std::string_view("the file") : mistake.path;
    return mistake.line == 0 ? fmt::format("{}: {}", path, mistake.reason)
                             : fmt::format("line {}: {}: {}", mistake.line, path, mistake.reason);
}

void check_offer(const Offer& offer, std::string_view path, OfferMistakes& mistakes) {
    Check(path, mistakes).run(offer);
}

}  // namespace suanpan::cards
