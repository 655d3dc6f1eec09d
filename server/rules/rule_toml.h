// RuleTable: one table of a rule file. The one file here that includes toml++.
#pragma once

#include "protocol/base/one_line.h"
#include "protocol/base/time.h"
#include "server/rules/exchange.h"
#include "server/rules/rule_mistake.h"
#include "server/rules/rule_words.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace suanpan::rules {

// Reads the keys of a table, each once, and writes down what is wrong with its path and line. A
// mistake gives the default and goes on, so that one run finds them all; whoever reads looks at the
// mistakes before the values. What was never asked for is an unknown key: finish() says so.
//
// Borrows the document and the mistakes for one parse.
class RuleTable {
public:
    RuleTable(const toml::table& table, std::string path, RuleMistakes& mistakes)
        : table_(table), path_(std::move(path)), mistakes_(mistakes) {}

    [[nodiscard]] bool has(std::string_view key) {
        if (std::ranges::find(asked_, key) == asked_.end()) asked_.push_back(key);
        return table_.contains(key);
    }

    void wrong(std::string_view key, std::string reason, const toml::node* node = nullptr) {
        if (mistakes_.size() >= rule_mistakes_max) return;
        if (node == nullptr) node = table_.get(key);
        const toml::source_region& where = node != nullptr ? node->source() : table_.source();
        mistakes_.push_back(
            {path_of(key), static_cast<std::uint32_t>(where.begin.line), std::move(reason)});
    }

    // A number that must be there.
    std::int64_t number(std::string_view key, std::int64_t min, std::int64_t max) {
        if (!has(key)) {
            wrong(key, fmt::format("is missing; give a number from {} to {}", min, max));
            return min;
        }
        return number_in(key, *table_.get(key), min, max).value_or(min);
    }
    std::int64_t number_or(std::int64_t otherwise, std::string_view key, std::int64_t min,
                           std::int64_t max) {
        return optional_number(key, min, max).value_or(otherwise);
    }
    std::optional<std::int64_t> optional_number(std::string_view key, std::int64_t min,
                                                std::int64_t max) {
        if (!has(key)) return std::nullopt;
        return number_in(key, *table_.get(key), min, max);
    }

    bool flag_or(bool otherwise, std::string_view key) {
        if (!has(key)) return otherwise;
        const auto* value = table_.get(key)->as_boolean();
        if (value == nullptr) wrong(key, "must be true or false");
        return value != nullptr ? value->get() : otherwise;
    }

    // A text that must be there, of 1 to `bytes_max` bytes without control characters.
    std::string text(std::string_view key, std::size_t bytes_max) {
        const std::string allowed = fmt::format("a text of 1 to {} bytes, one line", bytes_max);
        if (!has(key)) {
            wrong(key, fmt::format("is missing; give {}", allowed));
            return {};
        }
        const auto* value = table_.get(key)->as_string();
        if (value == nullptr || value->get().empty() || value->get().size() > bytes_max ||
            std::ranges::any_of(value->get(), [](char c) {
                return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
            })) {
            wrong(key, fmt::format("must be {}", allowed));
            return {};
        }
        return value->get();
    }

    // One of `words`. Where it may be left out, `otherwise` says what that means.
    template <typename Words, typename Enum>
    Enum word(std::string_view key, const Words& words, std::optional<Enum> otherwise) {
        std::string allowed;
        for (const auto& row : words) {
            allowed += fmt::format("{}\"{}\"", allowed.empty() ? "" : ", ", row.word);
        }
        if (!has(key)) {
            if (!otherwise) wrong(key, fmt::format("is missing; give one of {}", allowed));
            return otherwise.value_or(words.front().value);
        }
        const auto* value = table_.get(key)->as_string();
        const auto found = value != nullptr ? value_of(words, value->get()) : std::optional<Enum>{};
        if (!found) wrong(key, fmt::format("must be one of {}", allowed));
        return found.value_or(words.front().value);
    }

    // A whole number of percent, or a text with up to two decimals.
    std::optional<Percent> percent(std::string_view key, Percent min) {
        if (!has(key)) return std::nullopt;
        const toml::node& node = *table_.get(key);
        std::optional<Percent> value;
        if (const auto* whole = node.as_integer()) {
            if (whole->get() >= 0 && whole->get() <= 100) {
                value = Percent{static_cast<std::int32_t>(whole->get() * 100)};
            }
        } else if (const auto* text = node.as_string()) {
            value = percent_in(text->get());
        }
        if (!value || *value < min) {
            wrong(key, fmt::format("must be a percent from {} to 100: a whole number, or a text "
                                   "with up to two decimals, \"2.5\" say",
                                   min == Percent{} ? "0" : "0.01"));
            return std::nullopt;
        }
        return value;
    }

    // A whole number from 1, or a text like "3/2".
    Ratio ratio_or_one(std::string_view key) {
        if (!has(key)) return {};
        const toml::node& node = *table_.get(key);
        std::optional<Ratio> value;
        if (const auto* whole = node.as_integer()) {
            if (whole->get() >= 1 && whole->get() <= ratio_term_max) {
                value = Ratio{whole->get(), 1};
            }
        } else if (const auto* text = node.as_string()) {
            value = ratio_in(text->get());
        }
        if (!value) {
            wrong(key, fmt::format("must be a number from 1 to {0}, or a fraction of two such in "
                                   "quotes, \"3/2\" say",
                                   ratio_term_max));
        }
        return value.value_or(Ratio{});
    }

    // A date-time with its offset, from 1970 to 2200.
    std::optional<Instant> instant(std::string_view key) {
        if (!has(key)) return std::nullopt;
        const auto* value = table_.get(key)->as_date_time();
        if (value == nullptr || !value->get().offset.has_value()) {
            wrong(key, "must be a date-time with its offset, 2027-01-01T00:00:00+08:00 say");
            return std::nullopt;
        }
        const toml::date_time& at = value->get();
        const std::int64_t seconds_of_day =
            std::int64_t{at.time.hour} * 3600 + at.time.minute * 60 + at.time.second;
        const std::int64_t seconds = days_of(at.date).count() * 86'400 + seconds_of_day -
                                     std::int64_t{at.offset->minutes} * 60;
        if (seconds < 0 || seconds >= instant_max.ns / 1'000'000'000) {
            wrong(key, "must be in the years 1970 to 2199");
            return std::nullopt;
        }
        return Instant{seconds * 1'000'000'000 + at.time.nanosecond};
    }
    std::optional<LocalDate> date(std::string_view key) {
        if (!has(key)) return std::nullopt;
        const auto* value = table_.get(key)->as_date();
        if (value == nullptr || value->get().year < 1970 || value->get().year > 2199) {
            wrong(key, "must be a date of the years 1970 to 2199, 2027-12-31 say");
            return std::nullopt;
        }
        return LocalDate{static_cast<std::int32_t>(days_of(value->get()).count())};
    }

    // Numbers from `min` to `max`, sorted; none where the key is not there.
    template <typename Id>
    std::vector<Id> ids(std::string_view key, std::int64_t min, std::int64_t max,
                        std::size_t count_max) {
        if (!has(key)) return {};
        const auto* list = table_.get(key)->as_array();
        if (list == nullptr || list->empty() || list->size() > count_max) {
            wrong(key, fmt::format("must be a list of 1 to {} numbers; leave it out for all",
                                   count_max));
            return {};
        }
        std::vector<Id> ids;
        ids.reserve(list->size());
        for (const toml::node& item : *list) {
            const auto number = number_in(key, item, min, max);
            if (!number) return {};
            ids.push_back(static_cast<Id>(*number));
        }
        std::ranges::sort(ids);
        const auto repeat = std::ranges::adjacent_find(ids);
        if (repeat != ids.end()) {
            wrong(key, fmt::format("{} stands there twice", static_cast<std::int64_t>(*repeat)));
        }
        return ids;
    }

    // Calls `read(RuleTable&, index)` for each table of the list under `key`, then finish() for it.
    template <typename Read>
    void each(std::string_view key, std::size_t count_max, Read read) {
        if (!has(key)) return;
        const auto* list = table_.get(key)->as_array();
        if (list == nullptr || !list->is_array_of_tables()) {
            return wrong(key, "must be a list of tables");
        }
        if (list->size() > count_max) {
            return wrong(key, fmt::format("at most {} of them", count_max));
        }
        for (std::size_t i = 0; i < list->size(); ++i) {
            RuleTable item(*list->get(i)->as_table(), fmt::format("{}[{}]", path_of(key), i + 1),
                           mistakes_);
            read(item, i);
            item.finish();
        }
    }
    // The same for a single table; not called where it is not there.
    template <typename Read>
    void one(std::string_view key, Read read) {
        if (!has(key)) return;
        const auto* table = table_.get(key)->as_table();
        if (table == nullptr) return wrong(key, "must be a table");
        RuleTable item(*table, path_of(key), mistakes_);
        read(item);
        item.finish();
    }

    // Call last: every key that was never asked for is a mistake.
    void finish() {
        for (const auto& [key, node] : table_) {
            if (std::ranges::find(asked_, key.str()) != asked_.end()) continue;
            std::string allowed;
            for (const std::string_view name : asked_) {
                allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", name);
            }
            wrong(one_line(key.str(), 40), fmt::format("is no key here; there are {}", allowed),
                  &node);
        }
    }

private:
    static std::chrono::days days_of(const toml::date& date) {
        using namespace std::chrono;
        return sys_days(year_month_day(year(date.year), month(date.month), day(date.day)))
            .time_since_epoch();
    }

    std::optional<std::int64_t> number_in(std::string_view key, const toml::node& node,
                                          std::int64_t min, std::int64_t max) {
        const auto* value = node.as_integer();
        if (value == nullptr || value->get() < min || value->get() > max) {
            wrong(key, fmt::format("must be a number from {} to {}", min, max), &node);
            return std::nullopt;
        }
        return value->get();
    }

    // All of `text` as a number without sign, of at most 7 digits.
    static std::optional<std::int64_t> digits(std::string_view text) {
        if (text.empty() || text.size() > 7) return std::nullopt;
        std::int64_t number = 0;
        for (const char c : text) {
            if (c < '0' || c > '9') return std::nullopt;
            number = number * 10 + (c - '0');
        }
        return number;
    }

    static std::optional<Percent> percent_in(std::string_view text) {
        const std::size_t dot = text.find('.');
        const auto whole = digits(text.substr(0, dot));
        if (!whole || *whole > 100) return std::nullopt;
        std::int64_t hundredths = *whole * 100;
        if (dot != std::string_view::npos) {
            const std::string_view rest = text.substr(dot + 1);
            const auto part = digits(rest);
            if (!part || rest.size() > 2) return std::nullopt;
            hundredths += rest.size() == 1 ? *part * 10 : *part;
        }
        if (hundredths > percent_whole.hundredths) return std::nullopt;
        return Percent{static_cast<std::int32_t>(hundredths)};
    }

    static std::optional<Ratio> ratio_in(std::string_view text) {
        const std::size_t slash = text.find('/');
        if (slash == std::string_view::npos) return std::nullopt;
        const auto num = digits(text.substr(0, slash));
        const auto den = digits(text.substr(slash + 1));
        if (!num || !den || *num < 1 || *den < 1) return std::nullopt;
        if (*num > ratio_term_max || *den > ratio_term_max) return std::nullopt;
        const std::int64_t common = std::gcd(*num, *den);
        return Ratio{*num / common, *den / common};
    }

    [[nodiscard]] std::string path_of(std::string_view key) const {
        if (path_.empty()) return std::string(key);
        return key.empty() ? path_ : fmt::format("{}.{}", path_, key);
    }

    const toml::table& table_;
    std::string path_;
    RuleMistakes& mistakes_;
    std::vector<std::string_view> asked_;
};

}  // namespace suanpan::rules
