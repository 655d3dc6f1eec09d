#include "server/rules/rule_text.h"

#include "server/rules/rule_words.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <string_view>

namespace suanpan::rules {
namespace {

// Writes tables of a rule file, one key a line. What equals its default is left out.
class Writer {
public:
    void table(std::string_view name) { put("\n[{}]\n", name); }
    void rule(std::string_view kind) { put("\n[[{}]]\n", kind); }

    void number(std::string_view key, std::int64_t value) { put("{} = {}\n", key, value); }
    void number_unless(std::int64_t otherwise, std::string_view key, std::int64_t value) {
        if (value != otherwise) number(key, value);
    }
    void money(std::string_view key, const std::optional<Money>& value) {
        if (value.has_value()) number(key, value->value);
    }
    void points(std::string_view key, const std::optional<Points>& value) {
        if (value.has_value()) number(key, value->value);
    }
    void count(std::string_view key, const std::optional<std::int64_t>& value) {
        if (value.has_value()) number(key, *value);
    }
    void percent(std::string_view key, const std::optional<Percent>& value) {
        if (value.has_value()) put("{} = {}\n", key, percent_text(*value));
    }
    void ratio(std::string_view key, Ratio value) {
        if (value == Ratio{}) return;
        if (value.den == 1) return number(key, value.num);
        put("{} = \"{}/{}\"\n", key, value.num, value.den);
    }
    void flag(std::string_view key) { put("{} = true\n", key); }
    void word(std::string_view key, std::string_view value) { put("{} = \"{}\"\n", key, value); }

    // A text in quotes, with what TOML wants escaped.
    void text(std::string_view key, std::string_view value) {
        put("{} = \"", key);
        for (const char c : value) {
            if (c == '"' || c == '\\') {
                text_ += '\\';
                text_ += c;
            } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
                put("\\u{:04x}", static_cast<unsigned>(c));
            } else {
                text_ += c;
            }
        }
        text_ += "\"\n";
    }

    void instant(std::string_view key, Instant at) {
        namespace chrono = std::chrono;
        const chrono::nanoseconds since_1970(at.ns);
        const auto whole = chrono::floor<chrono::seconds>(since_1970);
        const auto day = chrono::floor<chrono::days>(whole);
        const chrono::hh_mm_ss time(whole - day);
        put("{} = {}T{:02}:{:02}:{:02}", key, date_text(day), time.hours().count(),
            time.minutes().count(), time.seconds().count());
        const std::int64_t rest = (since_1970 - whole).count();
        if (rest != 0) put(".{:09}", rest);
        text_ += "Z\n";
    }
    void date(std::string_view key, LocalDate value) {
        put("{} = {}\n", key, date_text(std::chrono::days(value.days)));
    }
    void window(const Window& value) {
        if (value.start != Window{}.start) instant("start", value.start);
        if (value.end != Window{}.end) instant("end", value.end);
    }

    template <typename Id>
    void ids(std::string_view key, const std::vector<Id>& values) {
        if (values.empty()) return;
        put("{} = [", key);
        for (std::size_t i = 0; i < values.size(); ++i) {
            put("{}{}", i == 0 ? "" : ", ", static_cast<std::uint64_t>(values[i]));
        }
        text_ += "]\n";
    }
    void match(const Match& match) {
        ids("products", match.products);
        ids("categories", match.categories);
        ids("merchants", match.merchants);
        ids("channels", match.channels);
        ids("levels", match.levels);
    }

    template <typename Items, typename Line>
    void list(std::string_view key, const Items& items, Line line) {
        if (items.empty()) return;
        put("{} = [", key);
        for (std::size_t i = 0; i < items.size(); ++i) {
            text_ += i == 0 ? "{" : ", {";
            text_ += line(items[i]);
            text_ += '}';
        }
        text_ += "]\n";
    }

    static std::string percent_text(Percent value) {
        const std::int32_t whole = value.hundredths / 100;
        const std::int32_t rest = value.hundredths % 100;
        return rest == 0 ? fmt::format("{}", whole) : fmt::format("\"{}.{:02}\"", whole, rest);
    }

    std::string take() { return std::move(text_); }

private:
    static std::string date_text(std::chrono::days day) {
        const std::chrono::year_month_day date{std::chrono::sys_days(day)};
        return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    }

    template <typename... Args>
    void put(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    }

    std::string text_;
};

void write_head(Writer& out, const RuleSpec& spec) {
    out.number("program", static_cast<std::int64_t>(spec.program));
    out.number("version", spec.version);
    out.text("author", spec.author);
    out.instant("effective_from", spec.effective_from);
    out.number("notice_days", spec.notice_days);
    out.number("quote_valid_seconds", spec.quote_valid.ns / seconds(1).ns);
    out.number("pay_within_seconds", spec.pay_within.ns / seconds(1).ns);

    out.table("expiry");
    out.word("policy", word_of(expiry_words, spec.expiry.policy));
    out.number_unless(0, "count", spec.expiry.count);
    if (spec.expiry.rounding != ExpiryRounding::none) {
        out.word("round_up_to", word_of(rounding_words, spec.expiry.rounding));
    }
    if (spec.expiry.policy == ExpiryPolicy::on_date) out.date("date", spec.expiry.date);

    out.table("refund");
    out.number("grace_days", spec.refund.grace_days);
    out.number("within_days", spec.refund.within_days);
    out.word("late_payment", word_of(late_payment_words, spec.refund.late_payment));
}

void write(Writer& out, const RestrictionSet& set) {
    out.rule("restriction");
    out.number("id", static_cast<std::int64_t>(set.id));
    out.ids("products", set.products);
    out.ids("categories", set.categories);
}

void write(Writer& out, const DeductionRule& rule) {
    out.rule("deduction");
    out.number("id", static_cast<std::int64_t>(rule.id));
    out.match(rule.match);
    out.number("points", rule.ratio.den);
    out.number("money", rule.ratio.num);
    out.number_unless(1, "step", rule.step.value);
    if (rule.mode != DeductionMode::exact) out.word("mode", word_of(mode_words, rule.mode));
    out.number_unless(0, "minimum_order", rule.minimum_order.value);
    out.money("order_money_max", rule.order_money_max);
    out.percent("order_percent_max", rule.order_percent_max);
    out.points("order_points_max", rule.order_points_max);
    out.list("tiers", rule.tiers.rows(), [](const Tier& row) {
        return fmt::format("from = {}, percent = {}", row.from.value,
                           Writer::percent_text(row.percent));
    });
}

void write(Writer& out, const LimitRule& rule) {
    out.rule("limit");
    out.number("id", static_cast<std::int64_t>(rule.id));
    out.word("per", word_of(scope_words, rule.scope));
    out.match(rule.match);
    out.money("money_max", rule.money_max);
    out.percent("percent_max", rule.percent_max);
    out.points("points_max", rule.points_max);
}

void write(Writer& out, const Campaign& campaign) {
    out.rule("campaign");
    out.number("id", static_cast<std::int64_t>(campaign.id));
    out.window(campaign.window);
    out.match(campaign.match);
    std::vector<std::uint32_t> segments;
    for (std::uint32_t bit = 0; bit < 64; ++bit) {
        if ((campaign.segments >> bit & 1U) != 0) segments.push_back(bit);
    }
    out.ids("segments", segments);
    out.ratio("multiplier", campaign.multiplier);
    out.ratio("raise", campaign.raise);
    out.money("order_money_max", campaign.order_money_max);
    out.money("budget", campaign.budget);
    out.money("member_money_max", campaign.member_money_max);
    out.count("member_orders_max", campaign.member_orders_max);
}

void write(Writer& out, const PriceRule& rule) {
    out.rule("price");
    out.number("id", static_cast<std::int64_t>(rule.id));
    out.word("stage", word_of(stage_words, rule.stage));
    out.window(rule.window);
    out.match(rule.match);
    out.number_unless(1, "quantity_from", rule.quantity_from);
    out.money("unit_price", rule.unit_price);
    if (!rule.unit_price.has_value()) out.percent("off", rule.off);
}

void write(Writer& out, const FullReduction& rule) {
    out.rule("full_reduction");
    out.number("id", static_cast<std::int64_t>(rule.id));
    out.window(rule.window);
    out.match(rule.match);
    out.list("steps", rule.steps, [](const ReductionStep& step) {
        return fmt::format("from = {}, minus = {}", step.from.value, step.minus.value);
    });
    if (rule.repeats) out.flag("repeats");
}

void write(Writer& out, const CouponRule& rule) {
    out.rule("coupon");
    out.number("id", static_cast<std::int64_t>(rule.id));
    out.window(rule.window);
    out.match(rule.match);
    out.number_unless(0, "from", rule.from.value);
    out.money("minus", rule.minus);
    if (!rule.minus.has_value()) out.percent("off", rule.off);
    out.money("off_max", rule.off_max);
    out.count("total_max", rule.total_max);
    out.count("member_max", rule.member_max);
}

}  // namespace

std::string text_of(const RuleSpec& spec) {
    Writer out;
    write_head(out, spec);
    for (const auto& set : spec.restrictions) write(out, set);
    for (const auto& rule : spec.deductions) write(out, rule);
    for (const auto& rule : spec.limits) write(out, rule);
    for (const auto& campaign : spec.campaigns) write(out, campaign);
    for (const auto& rule : spec.prices) write(out, rule);
    for (const auto& rule : spec.reductions) write(out, rule);
    for (const auto& rule : spec.coupons) write(out, rule);
    return out.take();
}

}  // namespace suanpan::rules
