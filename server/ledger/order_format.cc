#include "server/ledger/order_format.h"

#include "protocol/limits.h"

#include <algorithm>
#include <array>
#include <span>

namespace suanpan::ledger {
namespace {

struct TermsBytes {
    std::uint64_t quote;
    std::array<std::uint64_t, 2> member;  // high, low
    std::uint32_t partner;
    std::uint32_t program;
    std::uint32_t rule_version;
    std::uint32_t refundable_days;
    std::array<char, 8> currency;
    Sha256 terms_hash;
    std::int64_t valid_until_ns;
    std::int64_t time_out_ns;
    std::int64_t list;
    std::int64_t payable;
    std::int64_t value;
    std::int64_t points;
    std::uint16_t line_count;
    std::uint16_t use_count;
    std::uint16_t restricted_count;
    std::uint16_t grace_days;
    std::uint8_t late_payment;
    std::array<std::uint8_t, 7> zero;
};
static_assert(sizeof(TermsBytes) == 144);
static_assert(std::has_unique_object_representations_v<TermsBytes>);

struct LineBytes {
    std::int64_t list;
    std::int64_t payable;
    std::int64_t points;
    std::int64_t value;
};
struct UseBytes {
    UseKey key;
    std::array<std::int64_t, 3> amount;  // money, points, count
    std::array<std::int64_t, 3> most;
};
static_assert(sizeof(UseBytes) == 56);
struct RestrictedBytes {
    std::uint64_t restriction;
    std::int64_t most;
};

struct OrderBytes {
    std::uint32_t number;
    std::uint32_t last_ordinal;
    std::array<char, 64> id;
    std::array<char, 64> payment;
    std::int64_t settled_at_ns;
    std::int64_t taken_at_ns;
    std::int64_t times_out_ns;
    std::int64_t confirmed_at_ns;
    std::int64_t keep_until_ns;
    std::int64_t paid;
    std::int64_t refunded_points;
    std::int64_t refunded_cash;
    std::int64_t refunded_by_amount;
    std::int64_t by_line_amount;
    std::int64_t by_line_points;
    std::int64_t by_line_value;
    std::int32_t counted_on;
    std::uint8_t state;
    std::uint8_t step;
    std::uint16_t has_line_refunds;
    std::uint32_t taken_count;
    std::uint32_t is_redemption;  // 1: UnitsBytes stand at the end
};
static_assert(sizeof(OrderBytes) == 248);
static_assert(std::has_unique_object_representations_v<OrderBytes>);

struct TakenBytes {
    LotKeyBytes lot;
    std::array<std::uint32_t, 2> amount;  // low, high: keeps the whole at four-byte alignment
};
static_assert(sizeof(TakenBytes) == 36);

struct UnitsBytes {
    std::uint32_t offer;
    std::uint32_t version;
    std::uint64_t ticket;
    std::int64_t quantity;
    std::int64_t stock;
    std::uint64_t origin;
    std::uint32_t voucher_bytes;
    std::uint32_t pinned_bytes;
    std::uint32_t codes_bytes;
    std::uint32_t zero;
};
static_assert(sizeof(UnitsBytes) == 56);
static_assert(std::has_unique_object_representations_v<UnitsBytes>);

struct RulesBytes {
    std::uint32_t program;
    std::uint32_t version;
    std::uint32_t partner;
    std::uint32_t principal;
    std::int64_t effective_from_ns;
    Sha256 hash;
    std::uint64_t text_bytes;
};
static_assert(sizeof(RulesBytes) == 64);
static_assert(std::has_unique_object_representations_v<RulesBytes>);

std::array<std::int64_t, 3> sums_of(const UseSum& sum) {
    return {sum.money.value, sum.points.value, sum.count};
}
UseSum sum_of(const std::array<std::int64_t, 3>& sums) {
    return {.money = {sums[0]}, .points = {sums[1]}, .count = sums[2]};
}

bool is_amount(std::int64_t value) {
    return value >= 0 && value <= amount_points_max;
}

// So long after its settlement an order can be refunded at most: what a rule file may say.
constexpr std::uint32_t refundable_days_max = 3650;

bool is_instant(Instant at) {
    return at >= Instant{} && at <= instant_max;
}

// What was taken and given back of an order, as far as apply() and the next decision rely on it.
bool is_sound(const Order& order) {
    if (order.number == 0 || order.id == OrderId{} || order.last_ordinal < order.number)
        return false;
    for (const Instant at : {order.settled_at, order.taken_at, order.times_out, order.keep_until})
        if (!is_instant(at)) return false;
    for (const Money money : {order.paid, order.refunded_cash, order.refunded_by_amount,
                              order.by_line_amount, order.by_line_value})
        if (!is_amount(money.value)) return false;
    if (!is_amount(order.refunded_points.value) || !is_amount(order.by_line_points.value))
        return false;
    if (order.refunded() > order.terms.payable || order.refunded_points > order.terms.points ||
        order.by_line_points > order.terms.points || order.by_line_value > order.terms.value)
        return false;  // INV-6
    Points taken;
    for (const HoldSlice& slice : order.taken) {
        taken += slice.amount;
        if (taken > order.terms.points) return false;
    }
    Money by_line;
    for (std::size_t i = 0; i < order.line_refunded.size(); ++i) {
        if (order.line_refunded[i] < Money{} ||
            order.line_refunded[i] > order.terms.lines[i].payable)
            return false;
        by_line += order.line_refunded[i];
    }
    const bool is_paid_for =
        order.state == OrderState::confirmed || order.state == OrderState::refunded;
    return by_line == order.by_line_amount &&
           taken == (is_paid_for ? order.terms.points : Points{});
}

void put_units(ByteAppender& to, std::vector<std::byte>& out, const OrderedUnits& units) {
    to.put(UnitsBytes{.offer = units.offer,
                      .version = units.version,
                      .ticket = units.ticket,
                      .quantity = units.quantity,
                      .stock = units.stock,
                      .origin = units.origin,
                      .voucher_bytes = units.voucher_bytes,
                      .pinned_bytes = static_cast<std::uint32_t>(units.pinned.size()),
                      .codes_bytes = static_cast<std::uint32_t>(units.codes.size()),
                      .zero = 0});
    out.insert(out.end(), units.pinned.begin(), units.pinned.end());
    out.insert(out.end(), units.codes.begin(), units.codes.end());
}

std::optional<OrderedUnits> get_units(ByteReader& from) {
    const auto bytes = from.get<UnitsBytes>();
    const bool is_sound =
        from.ok() && bytes.offer != 0 && bytes.version != 0 && bytes.ticket != 0 &&
        bytes.ticket <= static_cast<std::uint64_t>(INT64_MAX) && bytes.quantity > 0 &&
        bytes.quantity <= limits::offer_quantity_max && is_amount(bytes.stock) &&
        bytes.voucher_bytes <= limits::entry_bytes_max && bytes.zero == 0;
    if (!is_sound) return std::nullopt;
    OrderedUnits units{.offer = bytes.offer,
                       .version = bytes.version,
                       .ticket = bytes.ticket,
                       .quantity = bytes.quantity,
                       .stock = bytes.stock,
                       .origin = bytes.origin,
                       .voucher_bytes = bytes.voucher_bytes,
                       .pinned = {},
                       .codes = {}};
    const auto pinned = from.take(bytes.pinned_bytes);
    units.pinned.assign(pinned.begin(), pinned.end());
    const auto codes = from.take(bytes.codes_bytes);
    units.codes.assign(codes.begin(), codes.end());
    if (!from.ok()) return std::nullopt;
    return units;
}

}  // namespace

bool is_use_kind(const UseKey& key) {
    return key.kind <= UseKind::offer && !is_shared(key.kind) &&
           key.zero == std::array<std::uint8_t, 3>{};
}

std::size_t terms_bytes(const OrderTerms& terms) {
    return sizeof(TermsBytes) + terms.lines.size() * sizeof(LineBytes) +
           terms.uses.size() * sizeof(UseBytes) + terms.restricted.size() * sizeof(RestrictedBytes);
}
std::size_t order_bytes(const Order& order) {
    return sizeof(OrderBytes) + terms_bytes(order.terms) +
           order.line_refunded.size() * sizeof(std::int64_t) +
           order.taken.size() * sizeof(TakenBytes) +
           (order.units.any()
                ? sizeof(UnitsBytes) + order.units.pinned.size() + order.units.codes.size()
                : 0);
}
std::size_t rules_bytes(const RuleText& rules) {
    return sizeof(RulesBytes) + rules.text.size();
}

void put_terms(std::vector<std::byte>& out, const OrderTerms& terms) {
    const std::size_t at = out.size();
    out.resize(at + terms_bytes(terms));
    ByteWriter to{std::span(out).subspan(at)};
    to.put(TermsBytes{.quote = terms.quote,
                      .member = {terms.member.high, terms.member.low},
                      .partner = static_cast<std::uint32_t>(terms.partner),
                      .program = static_cast<std::uint32_t>(terms.program),
                      .rule_version = terms.rule_version,
                      .refundable_days = terms.refundable_days,
                      .currency = terms.currency.bytes,
                      .terms_hash = terms.terms_hash,
                      .valid_until_ns = terms.valid_until.ns,
                      .time_out_ns = terms.time_out.ns,
                      .list = terms.list.value,
                      .payable = terms.payable.value,
                      .value = terms.value.value,
                      .points = terms.points.value,
                      .line_count = static_cast<std::uint16_t>(terms.lines.size()),
                      .use_count = static_cast<std::uint16_t>(terms.uses.size()),
                      .restricted_count = static_cast<std::uint16_t>(terms.restricted.size()),
                      .grace_days = terms.grace_days,
                      .late_payment = static_cast<std::uint8_t>(terms.late_payment),
                      .zero = {}});
    for (const QuotedLine& line : terms.lines)
        to.put(LineBytes{.list = line.list.value,
                         .payable = line.payable.value,
                         .points = line.points.value,
                         .value = line.value.value});
    for (const QuotedUse& use : terms.uses)
        to.put(UseBytes{.key = use.key, .amount = sums_of(use.amount), .most = sums_of(use.most)});
    for (const RestrictedMost& most : terms.restricted)
        to.put(RestrictedBytes{.restriction = static_cast<std::uint16_t>(most.restriction),
                               .most = most.most.value});
}

std::optional<OrderTerms> get_terms(ByteReader& from) {
    const auto bytes = from.get<TermsBytes>();
    if (!from.ok() || bytes.line_count > limits::order_lines_max ||
        bytes.use_count > limits::order_uses_max ||
        bytes.restricted_count > limits::order_restrictions_max ||
        bytes.refundable_days > refundable_days_max || !is_instant(Instant{bytes.valid_until_ns}) ||
        bytes.time_out_ns > days(3660).ns ||
        bytes.late_payment > static_cast<std::uint8_t>(LatePayment::reacquire) ||
        bytes.zero != std::array<std::uint8_t, 7>{})
        return std::nullopt;
    OrderTerms terms;
    terms.quote = bytes.quote;
    terms.member = {.high = bytes.member[0], .low = bytes.member[1]};
    terms.partner = PartnerId{bytes.partner};
    terms.program = ProgramId{bytes.program};
    terms.rule_version = bytes.rule_version;
    terms.grace_days = bytes.grace_days;
    terms.refundable_days = bytes.refundable_days;
    terms.late_payment = static_cast<LatePayment>(bytes.late_payment);
    terms.currency.bytes = bytes.currency;
    terms.terms_hash = bytes.terms_hash;
    terms.valid_until.ns = bytes.valid_until_ns;
    terms.time_out.ns = bytes.time_out_ns;
    terms.list.value = bytes.list;
    terms.payable.value = bytes.payable;
    terms.value.value = bytes.value;
    terms.points.value = bytes.points;
    terms.lines.reserve(bytes.line_count);
    for (std::uint32_t i = 0; i < bytes.line_count; ++i) {
        const auto line = from.get<LineBytes>();
        terms.lines.push_back({.list = {line.list},
                               .payable = {line.payable},
                               .points = {line.points},
                               .value = {line.value}});
    }
    terms.uses.reserve(bytes.use_count);
    for (std::uint32_t i = 0; i < bytes.use_count; ++i) {
        const auto use = from.get<UseBytes>();
        const bool is_known =
            use.key.kind <= UseKind::offer && use.key.zero == std::array<std::uint8_t, 3>{};
        if (!is_known) return std::nullopt;
        terms.uses.push_back(
            {.key = use.key, .amount = sum_of(use.amount), .most = sum_of(use.most)});
    }
    for (std::uint32_t i = 0; i < bytes.restricted_count; ++i) {
        const auto most = from.get<RestrictedBytes>();
        if (most.restriction > UINT16_MAX) return std::nullopt;
        terms.restricted.push_back(
            {.restriction = static_cast<Restriction>(most.restriction), .most = {most.most}});
    }
    if (!from.ok() || !terms.is_sound()) return std::nullopt;
    return terms;
}

void put_order(std::vector<std::byte>& out, const Order& order) {
    const bool has_line_refunds = order.by_line_amount > Money{};
    ByteAppender to(out);
    to.put(OrderBytes{.number = order.number,
                      .last_ordinal = order.last_ordinal,
                      .id = order.id.bytes,
                      .payment = order.payment.bytes,
                      .settled_at_ns = order.settled_at.ns,
                      .taken_at_ns = order.taken_at.ns,
                      .times_out_ns = order.times_out.ns,
                      .confirmed_at_ns = order.confirmed_at.ns,
                      .keep_until_ns = order.keep_until.ns,
                      .paid = order.paid.value,
                      .refunded_points = order.refunded_points.value,
                      .refunded_cash = order.refunded_cash.value,
                      .refunded_by_amount = order.refunded_by_amount.value,
                      .by_line_amount = order.by_line_amount.value,
                      .by_line_points = order.by_line_points.value,
                      .by_line_value = order.by_line_value.value,
                      .counted_on = order.counted_on.days,
                      .state = static_cast<std::uint8_t>(order.state),
                      .step = static_cast<std::uint8_t>(order.step),
                      .has_line_refunds = has_line_refunds ? std::uint16_t{1} : std::uint16_t{0},
                      .taken_count = static_cast<std::uint32_t>(order.taken.size()),
                      .is_redemption = order.units.any() ? 1U : 0U});
    put_terms(out, order.terms);
    if (has_line_refunds)
        for (const Money refunded : order.line_refunded) to.put(refunded.value);
    for (const HoldSlice& slice : order.taken) {
        const auto amount = static_cast<std::uint64_t>(slice.amount.value);
        to.put(TakenBytes{.lot = bytes_of(slice.lot),
                          .amount = {static_cast<std::uint32_t>(amount),
                                     static_cast<std::uint32_t>(amount >> 32U)}});
    }
    if (order.units.any()) put_units(to, out, order.units);
}

std::optional<Order> get_order(ByteReader& from) {
    const auto bytes = from.get<OrderBytes>();
    if (!from.ok() || bytes.state < static_cast<std::uint8_t>(OrderState::waiting) ||
        bytes.state > static_cast<std::uint8_t>(OrderState::refunded) ||
        bytes.step < static_cast<std::uint8_t>(OrderStep::settled) ||
        bytes.step > static_cast<std::uint8_t>(OrderStep::refunded) ||
        bytes.taken_count > limits::lots_drained_max || bytes.is_redemption > 1 ||
        bytes.has_line_refunds > 1)
        return std::nullopt;
    auto terms = get_terms(from);
    if (!terms) return std::nullopt;
    Order order;
    order.number = bytes.number;
    order.last_ordinal = bytes.last_ordinal;
    order.id.bytes = bytes.id;
    order.terms = std::move(*terms);
    order.state = static_cast<OrderState>(bytes.state);
    order.step = static_cast<OrderStep>(bytes.step);
    order.settled_at.ns = bytes.settled_at_ns;
    order.taken_at.ns = bytes.taken_at_ns;
    order.times_out.ns = bytes.times_out_ns;
    order.confirmed_at.ns = bytes.confirmed_at_ns;
    order.keep_until.ns = bytes.keep_until_ns;
    order.counted_on.days = bytes.counted_on;
    order.payment.bytes = bytes.payment;
    order.paid.value = bytes.paid;
    order.refunded_points.value = bytes.refunded_points;
    order.refunded_cash.value = bytes.refunded_cash;
    order.refunded_by_amount.value = bytes.refunded_by_amount;
    order.by_line_amount.value = bytes.by_line_amount;
    order.by_line_points.value = bytes.by_line_points;
    order.by_line_value.value = bytes.by_line_value;
    order.line_refunded.resize(order.terms.lines.size());
    if (bytes.has_line_refunds == 1)
        for (Money& refunded : order.line_refunded) refunded.value = from.get<std::int64_t>();
    for (std::uint32_t i = 0; i < bytes.taken_count && from.ok(); ++i) {
        const auto taken = from.get<TakenBytes>();
        const auto amount = static_cast<std::int64_t>(
            taken.amount[0] | (static_cast<std::uint64_t>(taken.amount[1]) << 32U));
        if (!is_sound(taken.lot) || amount <= 0 || amount > amount_points_max) return std::nullopt;
        order.taken.push_back({.lot = lot_key_of(taken.lot), .amount = {amount}});
    }
    if (bytes.is_redemption == 1) {
        auto units = get_units(from);
        if (!units) return std::nullopt;
        order.units = std::move(*units);
    }
    if (!from.ok() || !is_sound(order) ||
        (bytes.has_line_refunds == 1) != (order.by_line_amount > Money{}))
        return std::nullopt;
    return order;
}

void put_rules(std::vector<std::byte>& out, const RuleText& rules) {
    ByteAppender to(out);
    to.put(RulesBytes{.program = static_cast<std::uint32_t>(rules.program),
                      .version = rules.version,
                      .partner = static_cast<std::uint32_t>(rules.partner),
                      .principal = static_cast<std::uint32_t>(rules.principal),
                      .effective_from_ns = rules.effective_from.ns,
                      .hash = rules.hash,
                      .text_bytes = rules.text.size()});
    const auto bytes = std::as_bytes(std::span(rules.text));
    out.insert(out.end(), bytes.begin(), bytes.end());
}

RuleTextPtr get_rules(ByteReader& from) {
    const auto bytes = from.get<RulesBytes>();
    if (!from.ok() || bytes.version == 0 || bytes.text_bytes > limits::rule_book_bytes_max)
        return nullptr;
    RuleText rules{.program = ProgramId{bytes.program},
                   .version = bytes.version,
                   .partner = PartnerId{bytes.partner},
                   .principal = PrincipalId{bytes.principal},
                   .effective_from = {bytes.effective_from_ns},
                   .hash = bytes.hash,
                   .text = {}};
    const std::span<const std::byte> text = from.take(bytes.text_bytes);
    if (!from.ok() || sha256(text) != rules.hash) return nullptr;
    rules.text.assign(reinterpret_cast<const char*>(text.data()), text.size());
    return std::make_shared<const RuleText>(std::move(rules));
}

}  // namespace suanpan::ledger
