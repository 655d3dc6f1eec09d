// Usage: what has been used so far of what the rules count.
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "server/rules/ids.h"
#include "server/rules/rule_spec.h"

#include <cstdint>

namespace suanpan::rules {

// What a member has had so far of what the rules count. The shard answers from its counters;
// budgets and coupon totals come from a published copy. Read during one call of quote().
class Usage {
public:
    struct OfMember {
        Money money;
        Points points;
        std::int64_t orders = 0;
    };
    virtual ~Usage() = default;
    // Of a limit per day or month, in the member's present local day or month.
    [[nodiscard]] virtual OfMember limit(LimitId id, LimitScope scope) const = 0;
    [[nodiscard]] virtual Money campaign_budget(CampaignId id) const = 0;
    [[nodiscard]] virtual OfMember campaign(CampaignId id) const = 0;
    [[nodiscard]] virtual std::int64_t coupon(CouponId id) const = 0;
    [[nodiscard]] virtual std::int64_t coupon_of_member(CouponId id) const = 0;
};

// Nothing has been used yet: for trying rules out.
class NoUsage final : public Usage {
public:
    [[nodiscard]] OfMember limit(LimitId, LimitScope) const override { return {}; }
    [[nodiscard]] Money campaign_budget(CampaignId) const override { return {}; }
    [[nodiscard]] OfMember campaign(CampaignId) const override { return {}; }
    [[nodiscard]] std::int64_t coupon(CouponId) const override { return 0; }
    [[nodiscard]] std::int64_t coupon_of_member(CouponId) const override { return 0; }
};

}  // namespace suanpan::rules
