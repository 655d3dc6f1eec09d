// Identifiers of what a rule book names; numbers of the brand's own systems.
#pragma once

#include <cstdint>

namespace suanpan::rules {

enum class ProductId : std::uint64_t {};
enum class CategoryId : std::uint32_t {};
enum class MerchantId : std::uint32_t {};
enum class ChannelId : std::uint32_t {};
// A member's standing, as `member_update` sets it (会员等级).
enum class LevelId : std::uint16_t {};

// Numbers that a rule file gives its rules; unique among the rules of one kind.
enum class DeductionId : std::uint32_t {};
enum class LimitId : std::uint32_t {};
enum class CampaignId : std::uint32_t {};
enum class PriceRuleId : std::uint32_t {};
enum class ReductionId : std::uint32_t {};
enum class CouponId : std::uint32_t {};

}  // namespace suanpan::rules
