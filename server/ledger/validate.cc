#include "server/ledger/validate.h"

#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/limits.h"
#include "protocol/order.h"

#include <array>

namespace suanpan::ledger {
namespace {

using Checked = std::optional<Fault>;

Fault field(std::int64_t number) {
    return {.code = Code::field_out_of_range, .detail = number};
}

bool is_instant(Instant at) {
    return at >= Instant{} && at <= instant_max;
}

bool is_birthday(std::uint8_t month, std::uint8_t day) {
    if (month == 0) return day == 0;
    constexpr std::array<std::uint8_t, 12> days_of_month = {31, 29, 31, 30, 31, 30,
                                                            31, 31, 30, 31, 30, 31};
    return month <= 12 && day >= 1 && day <= days_of_month[month - 1U];
}

// The amount alone: amount_not_positive stands before the ids, amount_out_of_range behind them.
struct AmountOf {
    Points least{1};  // some amounts may be 0: all that is left
    Points operator()(const Earn& c) { return c.amount; }
    Points operator()(const Spend& c) { return c.amount; }
    Points operator()(const PlaceHold& c) { return c.amount; }
    Points operator()(const CaptureHold& c) { return c.amount; }
    Points operator()(const Adjust& c) { return c.delta == Points{} ? c.delta : Points{1}; }
    Points operator()(const Refund& c) {
        least = Points{0};
        return c.amount;
    }
    Points operator()(const ConfirmOrder& c) { return Points{c.amount.value}; }
    Points operator()(const RefundOrder& c) {
        least = Points{0};
        return Points{c.amount.value};
    }
    Points operator()(const Revoke& c) {
        least = Points{0};
        return c.amount;
    }
    template <typename T>
    Points operator()(const T&) {
        return Points{1};
    }
};

struct FieldsOf {
    Checked operator()(const Earn& c) const {
        if (!is_instant(c.active_from)) return field(2);
        if (!is_instant(c.expires_at)) return field(3);
        if (c.expires_at != Instant{} && c.expires_at <= c.active_from) return field(3);
        if (c.origin > LotOrigin::purchased) return field(5);
        return std::nullopt;
    }
    Checked operator()(const Spend& c) const { return min_remaining(c.min_remaining); }
    Checked operator()(const PlaceHold& c) const {
        if (const Checked fault = min_remaining(c.min_remaining)) return fault;
        if (c.duration < Duration{}) return field(3);
        return std::nullopt;
    }
    Checked operator()(const Adjust& c) const {
        if (!is_instant(c.expires_at)) return field(2);
        return std::nullopt;
    }
    Checked operator()(const SetLimit& c) const {
        if (c.spend_per_day_max < Points{-1} || c.spend_per_day_max > Points{amount_points_max})
            return field(1);
        return std::nullopt;
    }
    Checked operator()(const MemberUpdate& c) const {
        if (!is_birthday(c.birthday_month, c.birthday_day)) return field(4);
        return std::nullopt;
    }
    Checked operator()(const Settle& c) const {
        if (c.terms == nullptr) return Fault{.code = Code::quote_not_authentic};
        return order(c.order);
    }
    Checked operator()(const ConfirmOrder& c) const {
        if (const Checked fault = order(c.order)) return fault;
        if (c.payment == PaymentId{}) return field(5);
        if (c.currency == Currency{}) return field(7);
        return std::nullopt;
    }
    Checked operator()(const CancelOrder& c) const { return order(c.order); }
    Checked operator()(const RefundOrder& c) const {
        if (const Checked fault = order(c.order)) return fault;
        if (c.payload == nullptr) return std::nullopt;
        if (c.payload->refunds.size() > limits::order_lines_max)
            return Fault{.code = Code::too_many_lines, .detail = limits::order_lines_max};
        if (!c.payload->refunds.empty() && c.amount != Money{}) return field(5);
        for (const LineRefund& line : c.payload->refunds)
            if (line.amount < Money{} || line.amount > Money{amount_money_max}) return field(6);
        return std::nullopt;
    }
    Checked operator()(const PutRules& c) const {
        if (c.payload == nullptr || c.payload->text.empty() ||
            c.payload->text.size() > limits::rule_book_bytes_max)
            return field(3);
        return std::nullopt;
    }
    Checked operator()(const PutOffers& c) const {
        if (c.payload == nullptr || c.payload->text.empty() ||
            c.payload->text.size() > limits::offer_file_bytes_max)
            return field(3);
        if (c.version == 0) return field(4);
        return std::nullopt;
    }
    Checked operator()(const Reveal& c) const {
        if (c.voucher.ticket == 0) return field(3);
        return std::nullopt;
    }
    Checked operator()(const Redeem& c) const {
        if (c.quantity < 1 || c.quantity > limits::offer_quantity_max)
            return Fault{.code = Code::quantity_out_of_range, .detail = limits::offer_quantity_max};
        if (c.cash < Money{} || c.cash > Money{amount_money_max})
            return Fault{.code = Code::amount_out_of_range, .detail = 0};
        if ((c.cash > Money{}) != (c.order != OrderId{})) return field(8);
        return std::nullopt;
    }
    template <typename T>
    Checked operator()(const T&) const {
        return std::nullopt;
    }

private:
    static Checked order(const OrderId& id) {
        if (id == OrderId{}) return field(4);
        return std::nullopt;
    }
    static Checked min_remaining(Points points) {
        if (points < Points{} || points > Points{amount_points_max}) return field(2);
        return std::nullopt;
    }
};

bool is_out_of_range(Points amount) {
    return amount > Points{amount_points_max};
}

}  // namespace

std::optional<Fault> validate(const Command& command) {
    AmountOf rule;
    const Points amount = std::visit(rule, command.body);
    if (amount < rule.least) return Fault{.code = Code::amount_not_positive};
    const bool has_member = !std::holds_alternative<PutProgram>(command.body) &&
                            !std::holds_alternative<PutRules>(command.body) &&
                            !std::holds_alternative<PutOffers>(command.body) &&
                            !std::holds_alternative<ImportCodes>(command.body) &&
                            !std::holds_alternative<RecallBatch>(command.body) &&
                            !std::holds_alternative<AdvanceClock>(command.body);
    if (has_member && command.head.member.is_zero()) return Fault{.code = Code::member_missing};
    if (command.head.request_id.is_zero()) return Fault{.code = Code::request_id_missing};
    if (is_out_of_range(amount)) return Fault{.code = Code::amount_out_of_range};
    if (const auto* adjust = std::get_if<Adjust>(&command.body);
        adjust != nullptr &&
        (adjust->delta < Points{-amount_points_max} || is_out_of_range(adjust->delta)))
        return Fault{.code = Code::amount_out_of_range};
    return std::visit(FieldsOf{}, command.body);
}

}  // namespace suanpan::ledger
