// OfferTable: one table of an offer file. The one file here that includes toml++.
#pragma once

#include "protocol/base/one_line.h"
#include "protocol/base/time.h"
#include "server/cards/offer_mistake.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace suanpan::cards {

template <typename Enum>
struct OfferWord {
    std::string_view word;
    Enum value;
};

// Reads the keys of a table, each once, and writes down what is wrong with its path and line. A
// mistake leaves the value as it was and goes on, so that one run finds them all. What was never
// asked for is an unknown key: finish() says so. Ranges are check_offer()'s to say; here a number
// must fit into its type.
//
// Borrows the document and the mistakes for one parse.
class OfferTable {
public:
    OfferTable(const toml::table& table, std::string path, OfferMistakes& mistakes)
        : table_(table), path_(std::move(path)), mistakes_(mistakes) {}

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::uint32_t line() const {
        return static_cast<std::uint32_t>(table_.source().begin.line);
    }
    [[nodiscard]] bool has(std::string_view key) {
        if (std::ranges::find(asked_, key) == asked_.end()) asked_.push_back(key);
        return table_.contains(key);
    }
    void wrong(std::string_view key, std::string reason, const toml::node* node = nullptr) {
        if (mistakes_.size() >= offer_mistakes_max) return;
        if (node == nullptr) node = table_.get(key);
        const toml::source_region& where = node != nullptr ? node->source() : table_.source();
        mistakes_.push_back(
            {path_of(key), static_cast<std::uint32_t>(where.begin.line), std::move(reason)});
    }
    void need(std::string_view key, std::string_view what) {
        if (!has(key)) wrong(key, fmt::format("is missing; give {}", what));
    }

    // A number that fits into `value`'s type, which must not be wider than int64.
    template <typename T>
    void number(std::string_view key, T& value, std::int64_t min, std::int64_t max) {
        if (!has(key)) return;
        const auto* found = table_.get(key)->as_integer();
        if (found == nullptr || found->get() < min || found->get() > max)
            return wrong(key, fmt::format("must be a number from {} to {}", min, max));
        value = static_cast<T>(found->get());
    }
    void number(std::string_view key, std::optional<std::int64_t>& value, std::int64_t min,
                std::int64_t max) {
        std::int64_t found = min;
        if (has(key)) number(key, found, min, max), value = found;
    }
    // A whole number of `unit`s.
    void duration(std::string_view key, Duration& value, Duration unit, std::int64_t max) {
        std::int64_t found = value.ns / unit.ns;
        number(key, found, 0, max);
        if (has(key)) value = Duration{found * unit.ns};
    }
    void flag(std::string_view key, bool& value) {
        if (!has(key)) return;
        const auto* found = table_.get(key)->as_boolean();
        if (found == nullptr) return wrong(key, "must be true or false");
        value = found->get();
    }
    // 1 to `bytes_max` bytes without control characters.
    void text(std::string_view key, std::string& value, std::size_t bytes_max) {
        if (!has(key)) return;
        const auto* found = table_.get(key)->as_string();
        const auto is_control = [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        };
        if (found == nullptr || found->get().empty() || found->get().size() > bytes_max ||
            std::ranges::any_of(found->get(), is_control))
            return wrong(key, fmt::format("must be a text of 1 to {} bytes, one line", bytes_max));
        value = found->get();
    }
    template <typename Enum, std::size_t N>
    void word(std::string_view key, Enum& value, const std::array<OfferWord<Enum>, N>& words) {
        if (!has(key)) return;
        const auto* found = table_.get(key)->as_string();
        std::string allowed;
        for (const OfferWord<Enum>& row : words) {
            if (found != nullptr && found->get() == row.word) {
                value = row.value;
                return;
            }
            allowed += fmt::format("{}\"{}\"", allowed.empty() ? "" : ", ", row.word);
        }
        wrong(key, fmt::format("must be one of {}", allowed));
    }
    // A date-time with its offset, of the years 1970 to 2199.
    void instant(std::string_view key, Instant& value) {
        if (!has(key)) return;
        const auto* found = table_.get(key)->as_date_time();
        if (found == nullptr || !found->get().offset.has_value())
            return wrong(key, "must be a date-time with its offset, 2027-01-01T00:00:00+08:00 say");
        using namespace std::chrono;
        const toml::date_time& at = found->get();
        const sys_days day =
            year_month_day(year(at.date.year), month(at.date.month), std::chrono::day(at.date.day));
        const std::int64_t at_s = std::int64_t{day.time_since_epoch().count()} * 86'400 +
                                  at.time.hour * 3600 + at.time.minute * 60 + at.time.second -
                                  std::int64_t{at.offset->minutes} * 60;
        if (at_s < 0 || at_s >= instant_max.ns / 1'000'000'000)
            return wrong(key, "must be in the years 1970 to 2199");
        value = Instant{at_s * 1'000'000'000 + at.time.nanosecond};
    }
    // Numbers, sorted; a repeat is a mistake.
    template <typename Id>
    void ids(std::string_view key, std::vector<Id>& value, std::int64_t min, std::int64_t max,
             std::size_t count_max) {
        if (!has(key)) return;
        const auto* list = table_.get(key)->as_array();
        const std::string allowed = fmt::format(
            "must be a list of 1 to {} numbers from {} to {}, each once", count_max, min, max);
        if (list == nullptr || list->empty() || list->size() > count_max)
            return wrong(key, allowed);
        std::vector<Id> found;
        for (const toml::node& item : *list) {
            const auto* number = item.as_integer();
            if (number == nullptr || number->get() < min || number->get() > max)
                return wrong(key, allowed, &item);
            found.push_back(static_cast<Id>(number->get()));
        }
        std::ranges::sort(found);
        if (std::ranges::adjacent_find(found) != found.end()) return wrong(key, allowed);
        value = std::move(found);
    }

    // Calls `read(OfferTable&)` for each table of the list under `key`, then finish() for it.
    template <typename Read>
    void each(std::string_view key, std::size_t count_max, Read read) {
        if (!has(key)) return;
        const auto* list = table_.get(key)->as_array();
        if (list == nullptr || !list->is_array_of_tables())
            return wrong(key, "must be a list of tables");
        if (list->size() > count_max)
            return wrong(key, fmt::format("at most {} of them", count_max));
        for (std::size_t i = 0; i < list->size(); ++i) {
            OfferTable item(*list->get(i)->as_table(), fmt::format("{}[{}]", path_of(key), i + 1),
                            mistakes_);
            read(item);
            item.finish();
        }
    }
    // The same for a single table; not called where it is not there.
    template <typename Read>
    void one(std::string_view key, Read read) {
        if (!has(key)) return;
        const auto* table = table_.get(key)->as_table();
        if (table == nullptr) return wrong(key, "must be a table");
        OfferTable item(*table, path_of(key), mistakes_);
        read(item);
        item.finish();
    }
    // Call last: every key that was never asked for is a mistake.
    void finish() {
        for (const auto& [key, node] : table_) {
            if (std::ranges::find(asked_, key.str()) != asked_.end()) continue;
            wrong(one_line(key.str(), 40),
                  fmt::format("is no key here; there are {}", fmt::join(asked_, ", ")), &node);
        }
    }

private:
    [[nodiscard]] std::string path_of(std::string_view key) const {
        return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
    }

    const toml::table& table_;
    std::string path_;
    OfferMistakes& mistakes_;
    std::vector<std::string_view> asked_;
};

}  // namespace suanpan::cards
