// The words of a rule file for what is an enum in a RuleSpec.
#pragma once

#include "protocol/command.h"
#include "server/rules/rule_spec.h"

#include <array>
#include <optional>
#include <string_view>

namespace suanpan::rules {

template <typename Enum>
struct Word {
    Enum value;
    std::string_view word;
};

inline constexpr std::array<Word<DeductionMode>, 2> mode_words{
    {{DeductionMode::exact, "exact"}, {DeductionMode::fill, "fill"}}};
inline constexpr std::array<Word<LimitScope>, 4> scope_words{{{LimitScope::line, "line"},
                                                              {LimitScope::order, "order"},
                                                              {LimitScope::day, "day"},
                                                              {LimitScope::month, "month"}}};
inline constexpr std::array<Word<PriceStage>, 3> stage_words{{{PriceStage::wholesale, "wholesale"},
                                                              {PriceStage::level, "level"},
                                                              {PriceStage::activity, "activity"}}};
inline constexpr std::array<Word<LatePayment>, 2> late_payment_words{
    {{LatePayment::auto_refund, "auto_refund"}, {LatePayment::reacquire, "reacquire"}}};
inline constexpr std::array<Word<ExpiryPolicy>, 6> expiry_words{
    {{ExpiryPolicy::never, "never"},
     {ExpiryPolicy::after_days, "after_days"},
     {ExpiryPolicy::after_months, "after_months"},
     {ExpiryPolicy::after_years, "after_years"},
     {ExpiryPolicy::on_date, "on_date"},
     {ExpiryPolicy::sliding_days, "sliding_days"}}};
inline constexpr std::array<Word<ExpiryRounding>, 5> rounding_words{
    {{ExpiryRounding::none, "none"},
     {ExpiryRounding::month_end, "month_end"},
     {ExpiryRounding::quarter_end, "quarter_end"},
     {ExpiryRounding::half_year_end, "half_year_end"},
     {ExpiryRounding::year_end, "year_end"}}};

template <typename Words, typename Enum>
[[nodiscard]] constexpr std::string_view word_of(const Words& words, Enum value) {
    for (const auto& row : words) {
        if (row.value == value) return row.word;
    }
    return {};
}

template <typename Words>
[[nodiscard]] constexpr auto value_of(const Words& words, std::string_view word)
    -> std::optional<decltype(words.front().value)> {
    for (const auto& row : words) {
        if (row.word == word) return row.value;
    }
    return std::nullopt;
}

}  // namespace suanpan::rules
