#include "tools/entry_text.h"

#include "client/cli/words.h"
#include "protocol/base/hash.h"
#include "protocol/kind_name.h"
#include "storage/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

namespace suanpan::tools {
namespace {

using namespace ledger;

std::string_view name_of(Cause cause) {
    constexpr std::array<std::string_view, 4> names{"request", "expiry", "returned", "debt"};
    return names[std::min<std::size_t>(static_cast<std::size_t>(cause), 3)];
}
std::string_view name_of(HoldEnd end) {
    constexpr std::array<std::string_view, 4> names{"?", "captured", "released", "expired"};
    return names[std::min<std::size_t>(static_cast<std::size_t>(end), 3)];
}
std::string_view name_of(HouseCounter counter) {
    constexpr std::array<std::string_view, house_counter_count> names{
        "issued", "adjusted_up", "spent", "expired", "revoked", "adjusted_down"};
    return names[std::min<std::size_t>(static_cast<std::size_t>(counter), names.size() - 1)];
}

std::string_view name_of(OrderState state) {
    constexpr std::array<std::string_view, 5> names{"?", "waiting", "confirmed", "cancelled",
                                                    "refunded"};
    return names[std::min<std::size_t>(static_cast<std::size_t>(state), names.size() - 1)];
}
std::string_view name_of(OrderStep step) {
    constexpr std::array<std::string_view, 9> names{"?",         "settled",           "points_only",
                                                    "paid",      "paid_late",         "cancelled",
                                                    "timed_out", "payment_to_return", "refunded"};
    return names[std::min<std::size_t>(static_cast<std::size_t>(step), names.size() - 1)];
}
std::string_view name_of(UseKind kind) {
    switch (kind) {
        case UseKind::limit_day:
            return "day limit";
        case UseKind::limit_month:
            return "month limit";
        case UseKind::campaign_budget:
            return "budget";
        case UseKind::coupon_total:
            return "total";
        case UseKind::campaign:
            return "campaign";
        case UseKind::coupon:
            return "coupon";
        case UseKind::offer_day:
            return "offer of the day";
        case UseKind::offer:
            return "offer";
    }
    return "?";
}

std::string_view name_of(CounterKind kind) {
    if (kind == CounterKind::offer_stock) return "stock of offer";
    return kind == CounterKind::campaign_budget ? "budget of campaign" : "total of coupon";
}

struct EffectText {
    std::string operator()(const LotDelta& e) const {
        return fmt::format("lot      {:+} ({}), {}", e.delta.value, name_of(e.cause),
                           lot_text(e.lot));
    }
    std::string operator()(const HoldPut& e) const {
        return fmt::format("hold     {} opened, until {}", number(e.hold),
                           instant_text(e.expires_at));
    }
    std::string operator()(const HoldSliceDelta& e) const {
        return fmt::format("hold     {} {:+} ({}), of lot: {}", number(e.hold), e.delta.value,
                           name_of(e.cause), lot_text(e.lot));
    }
    std::string operator()(const HoldResolve& e) const {
        return fmt::format("hold     {} {}", number(e.hold), name_of(e.end));
    }
    std::string operator()(const DebtDelta& e) const {
        return fmt::format("debt     {:+}", e.delta.value);
    }
    std::string operator()(const TallyAdd& e) const {
        return fmt::format("tally    {:+} of entry {}", e.taken_back.value, e.original.value);
    }
    std::string operator()(const AccountFrozen& e) const {
        return fmt::format("account  {}", e.frozen ? "frozen" : "unfrozen");
    }
    std::string operator()(const AccountLimit& e) const {
        return fmt::format("account  may spend {} a day", e.spend_per_day_max.value);
    }
    std::string operator()(const DaySpent& e) const {
        return fmt::format("account  {:+} spent on {}", e.delta.value, cli::text_of(e.date));
    }
    std::string operator()(const MemberSet& e) const {
        return fmt::format("member   level {}, segments {:x}, source version {}", e.level,
                           e.segments, e.source_version);
    }
    std::string operator()(const SlidingMove& e) const {
        return fmt::format("account  sliding points end {}", instant_text(e.expires_at));
    }
    std::string operator()(const HouseDelta& e) const {
        return fmt::format("house    {} {:+}", name_of(e.counter), e.delta.value);
    }
    std::string operator()(const ProgramPut&) const { return "program  installed"; }
    std::string operator()(const OrderPut& e) const { return order_text(*entry.orders[e.place]); }
    std::string operator()(const UseAdd& e) const {
        return fmt::format("used     {} {}: money {:+}, points {:+}, times {:+}, period {}",
                           name_of(e.key.kind), e.key.id, e.delta.money.value, e.delta.points.value,
                           e.delta.count,
                           e.period == LocalDate{} ? "ever" : cli::text_of(e.period));
    }
    std::string operator()(const RulesPut&) const {
        return fmt::format("rules    version {} in force from {}, {} bytes, sha256 {}",
                           entry.rules->version, instant_text(entry.rules->effective_from),
                           entry.rules->text.size(),
                           storage::to_hex(entry.rules->hash).substr(0, 16));
    }
    std::string operator()(const CounterAdd& e) const {
        std::string text = fmt::format("counter  {} {}: issued {:+}, set aside {:+}",
                                       name_of(e.kind), e.id, e.delta.issued, e.delta.reserved);
        if (e.takes()) text += fmt::format(", under a limit of {}", e.limit);
        return text;
    }

    std::string operator()(const OffersPut&) const {
        return fmt::format("offers   version {} of the file, {} bytes, sha256 {}",
                           entry.offers->version, entry.offers->text.size(),
                           storage::to_hex(entry.offers->hash).substr(0, 16));
    }
    std::string operator()(const TicketTaken& e) const {
        return fmt::format("ticket   {} of offer {}; all up to {} were durable", e.ticket, e.offer,
                           e.floor);
    }
    std::string operator()(const VoucherPut& e) const {
        const VoucherNumber& number = entry.vouchers[e.place]->number;
        return fmt::format("voucher  offer {}, ticket {}, unit {}", number.offer, number.ticket,
                           number.unit);
    }

    std::string operator()(const ReservationEnded& e) const {
        return fmt::format("ticket   {} of offer {}: {} units {}", e.ticket, e.offer, e.units,
                           e.is_issued ? "are paid for and issued" : "come back unpaid");
    }

    std::string operator()(const CodesPut&) const {
        return fmt::format("codes    {} for offer {}, batch {}; {} lines refused",
                           entry.amount.value, static_cast<std::uint32_t>(entry.reference),
                           entry.reference >> 32U, entry.detail);
    }

    std::string operator()(const BatchRecalled& e) const {
        return fmt::format(
            "recall   batch {} of offer {}: {} codes were free, {} set aside, {} "
            "with members",
            e.batch, e.offer, e.voided, e.set_aside, e.issued);
    }

    const Entry& entry;

private:
    static std::uint32_t number(HoldId hold) { return static_cast<std::uint32_t>(hold); }
};

std::string spec_text(const ProgramSpec& spec) {
    const auto text = [](const auto& from) {
        return std::string(from.bytes.data(), ::strnlen(from.bytes.data(), from.bytes.size()));
    };
    return fmt::format("  program {} version {}: \"{}\", {}, {}\n",
                       static_cast<std::uint32_t>(spec.id), spec.version, text(spec.name),
                       text(spec.currency), text(spec.time_zone));
}

}  // namespace

std::string_view name_of(EntryKind kind) {
    switch (kind) {
        case EntryKind::start:
            return "start";
        case EntryKind::refusals:
            return "refusals";
        case EntryKind::expire:
            return "expire";
        case EntryKind::clock_decision:
            return "clock_decision";
        case EntryKind::program_prepared:
            return "program_prepared";
        case EntryKind::program_active:
            return "program_active";
        case EntryKind::rules_active:
            return "rules_active";
        case EntryKind::offers_active:
            return "offers_active";
        case EntryKind::recall_active:
            return "recall_active";
        default:
            return suanpan::name_of(static_cast<CommandKind>(kind));
    }
}

std::string instant_text(Instant at) {
    if (at == instant_never) return "never";
    if (at == expires_sliding) return "sliding";
    return cli::text_of(at);
}

std::string order_text(const Order& order) {
    const OrderTerms& terms = order.terms;
    return fmt::format(
        "order    {} {} ({}): {} lines, payable {}, {} points worth {}, cash {}; refunded {} as "
        "{} points and {} cash; rules {}",
        order.number, name_of(order.state), name_of(order.step), terms.lines.size(),
        terms.payable.value, terms.points.value, terms.value.value, terms.cash().value,
        order.refunded().value, order.refunded_points.value, order.refunded_cash.value,
        terms.rule_version);
}

std::string lot_text(const LotKey& key) {
    std::string text =
        fmt::format("expires {}, from {}, of entry number {}", instant_text(key.expires_at),
                    instant_text(key.active_from), key.sequence);
    if (key.restriction != unrestricted)
        text += fmt::format(", restriction {}", static_cast<unsigned>(key.restriction));
    if (key.origin == LotOrigin::purchased) text += ", purchased";
    if (key.own != 0) text += ", a correction";
    return text;
}

std::string EntryText::member(const MemberId& id) const {
    const std::string digits = cli::text_of(id);
    if (named_ && *named_ == id) return digits;
    return digits.substr(0, 4) + "****" + digits.substr(digits.size() - 4);
}

std::string EntryText::of(const Entry& entry, std::span<const std::byte> bytes) const {
    std::string text =
        fmt::format("LSN {}  {}  {}  prev {}  sha256 {}\n", entry.lsn.value, name_of(entry.kind),
                    instant_text(entry.time), entry.prev_lsn.value,
                    storage::to_hex(sha256(bytes)).substr(0, 16));
    if (is_client_kind(entry.kind))
        text += fmt::format(
            "  partner {}  principal {}  request {}\n", static_cast<std::uint32_t>(entry.partner),
            static_cast<std::uint32_t>(entry.principal), cli::text_of(entry.request_id));
    if (!entry.member.is_zero())
        text += fmt::format(
            "  member {}  program {}, version {} of its rules  its entry number {}\n"
            "  amount {}  after it: available {}, held {}, pending {}, debt {}\n",
            member(entry.member), static_cast<std::uint32_t>(entry.program), entry.config_version,
            entry.ordinal, entry.amount.value, entry.balances.available.value,
            entry.balances.held.value, entry.balances.pending.value, entry.balances.debt.value);
    if (entry.reference != 0 || entry.detail != 0 || entry.reason != 0)
        text += fmt::format("  reference {}  detail {}  reason {}\n", entry.reference, entry.detail,
                            entry.reason);
    if (entry.spec) text += spec_text(*entry.spec);
    for (const Effect& effect : entry.effects)
        text += fmt::format("  {}\n", std::visit(EffectText{entry}, effect));
    for (const RefusalRecord& refusal : entry.refusals)
        text +=
            fmt::format("  refused  {} ({}), detail {}, id made {}\n",
                        suanpan::text_of(refusal.code).name, static_cast<unsigned>(refusal.code),
                        refusal.detail, instant_text(Instant{refusal.request_ms * 1'000'000}));
    return text;
}

std::string commit_line(const storage::CommitView& commit) {
    return fmt::format("commit LSN {} to {}  {}  {} bytes  floor {}  chain {}",
                       commit.first_lsn().value, commit.last_lsn().value,
                       instant_text(commit.time()), commit.header().body_bytes,
                       instant_text(Instant{commit.header().request_floor_ms * 1'000'000}),
                       storage::to_hex(commit.chain()).substr(0, 16));
}

}  // namespace suanpan::tools
