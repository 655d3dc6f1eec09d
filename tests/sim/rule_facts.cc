#include "tests/sim/rule_facts.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <ctime>

namespace suanpan::sim {
namespace {

template <std::size_t N>
std::int64_t pick(Random& random, const std::array<std::int64_t, N>& choices) {
    return choices[random.below(N)];
}

bool is_lower(std::int64_t before, std::int64_t after) {
    return after >= 0 && (before < 0 || after < before);
}

}  // namespace

RuleFacts draw_rules(Random& random, const RuleFacts& before, std::int64_t points_max,
                     Instant wall) {
    RuleFacts facts = before;
    ++facts.version;
    const std::int64_t ahead = random.one_in(3)   ? random.between(1, 7200)
                               : random.one_in(6) ? random.between(86'000, 100'000)
                                                  : -1;
    facts.effective_from = Instant{(wall.ns / 1'000'000'000 + ahead) * 1'000'000'000};
    facts.notice_days = random.one_in(4) ? 1 : 0;
    facts.quote_valid_seconds = pick(random, std::array<std::int64_t, 3>{2, 60, 3600});
    facts.pay_within_seconds = pick(random, std::array<std::int64_t, 3>{2, 30, 1800});
    facts.refund_days = static_cast<std::uint32_t>(random.between(1, 3));
    facts.grace_days = static_cast<std::uint32_t>(random.below(2));
    if (random.one_in(2))
        facts.late_payment = random.one_in(3) ? LatePayment::auto_refund : LatePayment::reacquire;
    facts.step = pick(random, std::array<std::int64_t, 3>{1, 1, 5});
    facts.day_points_max = random.one_in(2) ? -1 : random.between(points_max, 3 * points_max);
    facts.month_money_max = random.one_in(2) ? -1 : random.between(points_max, 9 * points_max);
    facts.campaign_orders_max = random.one_in(2) ? -1 : random.between(1, 4);
    facts.coupon_uses_max = random.one_in(2) ? -1 : random.between(1, 4);
    // Mostly one that may grow: what was granted stays granted.
    const auto redraw = [&random](std::int64_t& limit, std::int64_t most) {
        if (random.one_in(4))
            limit = -1;
        else if (limit < 0 || random.one_in(3))
            limit = random.between(1, most);
        else
            limit += random.between(0, most);
    };
    redraw(facts.campaign_budget, 2 * points_max);
    redraw(facts.coupon_total, 4);
    return facts;
}

std::string text_of(const RuleFacts& facts) {
    const auto second = static_cast<std::time_t>(facts.effective_from.ns / 1'000'000'000);
    std::string text = fmt::format(
        "program = {}\nversion = {}\nauthor = \"sim\"\neffective_from = {:%Y-%m-%dT%H:%M:%SZ}\n"
        "notice_days = {}\nquote_valid_seconds = {}\npay_within_seconds = {}\n"
        "[refund]\ngrace_days = {}\nwithin_days = {}\nlate_payment = \"{}\"\n"
        "[[restriction]]\nid = 1\nproducts = [1]\n[[restriction]]\nid = 2\nproducts = [2]\n"
        "[[deduction]]\nid = 1\npoints = 10\nmoney = 7\nstep = {}\n",
        static_cast<std::uint32_t>(facts.program), facts.version, fmt::gmtime(second),
        facts.notice_days, facts.quote_valid_seconds, facts.pay_within_seconds, facts.grace_days,
        facts.refund_days,
        facts.late_payment == LatePayment::reacquire ? "reacquire" : "auto_refund", facts.step);
    if (facts.day_points_max >= 0)
        text += fmt::format("[[limit]]\nid = {}\nper = \"day\"\npoints_max = {}\n", rule_day_limit,
                            facts.day_points_max);
    if (facts.month_money_max >= 0)
        text += fmt::format("[[limit]]\nid = {}\nper = \"month\"\nmoney_max = {}\n",
                            rule_month_limit, facts.month_money_max);
    if (facts.has_campaign())
        text += fmt::format(
            "[[campaign]]\nid = {}\nstart = 2027-01-01T00:00:00Z\nend = 2030-01-01T00:00:00Z\n"
            "multiplier = 2\n",
            rule_campaign);
    if (facts.campaign_orders_max >= 0)
        text += fmt::format("member_orders_max = {}\n", facts.campaign_orders_max);
    if (facts.campaign_budget >= 0) text += fmt::format("budget = {}\n", facts.campaign_budget);
    text += fmt::format("[[coupon]]\nid = {}\nfrom = 2\nminus = 1\n", rule_coupon);
    if (facts.coupon_uses_max >= 0) text += fmt::format("member_max = {}\n", facts.coupon_uses_max);
    if (facts.coupon_total >= 0) text += fmt::format("total_max = {}\n", facts.coupon_total);
    return text;
}

bool lowers_a_limit(const RuleFacts& before, const RuleFacts& after) {
    return is_lower(before.day_points_max, after.day_points_max) ||
           is_lower(before.month_money_max, after.month_money_max) ||
           is_lower(before.coupon_uses_max, after.coupon_uses_max) ||
           is_lower(before.coupon_total, after.coupon_total) ||
           (before.has_campaign() && is_lower(before.campaign_budget, after.campaign_budget));
}

}  // namespace suanpan::sim
