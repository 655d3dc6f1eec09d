// Shop: a rule book, a member and an order, for tests that ask for quotes.
#pragma once

#include "server/rules/quote.h"
#include "server/rules/rule_book.h"
#include "server/rules/rule_file.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::rules::testing {

// Counters as plain maps; what is not there is 0.
class TestUsage : public Usage {
public:
    [[nodiscard]] OfMember limit(LimitId id, LimitScope) const override { return of(limits, id); }
    [[nodiscard]] Money campaign_budget(CampaignId id) const override { return of(budgets, id); }
    [[nodiscard]] OfMember campaign(CampaignId id) const override { return of(campaigns, id); }
    [[nodiscard]] std::int64_t coupon(CouponId id) const override { return of(coupons, id); }
    [[nodiscard]] std::int64_t coupon_of_member(CouponId id) const override {
        return of(coupons_of_member, id);
    }

    std::map<LimitId, OfMember> limits;
    std::map<CampaignId, Money> budgets;
    std::map<CampaignId, OfMember> campaigns;
    std::map<CouponId, std::int64_t> coupons;
    std::map<CouponId, std::int64_t> coupons_of_member;

private:
    template <typename Id, typename Value>
    static Value of(const std::map<Id, Value>& values, Id id) {
        const auto it = values.find(id);
        return it != values.end() ? it->second : Value{};
    }
};

// The head of a rule file, as short as it can be.
inline constexpr std::string_view rule_head =
    "program = 1\nversion = 1\nauthor = \"ops\"\neffective_from = 2027-01-01T00:00:00Z\n";

// The book that `rules` makes under rule_head. Throws with the mistakes where it is none.
[[nodiscard]] std::unique_ptr<RuleBook> book_of(std::string_view rules);

// Seconds after 2027-01-01T00:00:00Z.
[[nodiscard]] Instant at(std::int64_t seconds_later);

struct Shop {
    explicit Shop(std::string_view rules) : book(book_of(rules)) {}

    // One unit of a product of category 1 at that price.
    Shop& add(std::int64_t price, std::uint64_t product = 1, std::uint32_t category = 1,
              std::int64_t quantity = 1);
    // Unrestricted points: balance, spendable and the only run.
    Shop& with_balance(std::int64_t points);
    [[nodiscard]] Quoted<Quote> ask() const;
    // The quote; fails the test where there is none.
    [[nodiscard]] Quote quote() const;

    std::unique_ptr<RuleBook> book;
    std::vector<OrderLine> lines;
    std::vector<CouponId> coupons;
    std::vector<PointRun> runs;
    TestUsage usage;
    Purse purse;
    Order order;
    Instant now = at(0);
};

}  // namespace suanpan::rules::testing
