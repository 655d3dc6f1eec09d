#include "server/net/partners.h"

#include "protocol/base/one_line.h"
#include "protocol/kind_name.h"
#include "protocol/limits.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace suanpan {
namespace {

// How long `events` last at the limit's rate, rounded up, so that the rate is never exceeded.
std::int64_t cost_ns(const RateLimit& limit, std::uint32_t events) {
    const std::uint64_t product = std::uint64_t{events} * 1'000'000'000U;
    const std::uint64_t rate = limit.events_per_second;
    return static_cast<std::int64_t>((product + rate - 1) / rate);
}

// One line that says what is wrong at a place of the file. Never give it a value of `key`.
[[noreturn]] void refuse_file(const std::filesystem::path& file, const toml::source_region& where,
                              std::string_view what) {
    throw std::runtime_error(
        fmt::format("{}:{}: {}", one_line(file.string()), where.begin.line, one_line(what)));
}

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.pop_back();
    }
    return text;
}

std::optional<std::byte> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::byte>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::byte>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::byte>(c - 'A' + 10);
    return std::nullopt;
}

// The bytes of a key; nothing where the text is no hex or the length is not allowed.
std::optional<std::vector<std::byte>> parse_key(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    if (text.size() / 2 < PartnerBook::key_bytes_min) return std::nullopt;
    if (text.size() / 2 > PartnerBook::key_bytes_max) return std::nullopt;
    std::vector<std::byte> key;
    key.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const std::optional<std::byte> high = hex_digit(text[i]);
        const std::optional<std::byte> low = hex_digit(text[i + 1]);
        if (!high.has_value() || !low.has_value()) return std::nullopt;
        key.push_back((*high << 4U) | *low);
    }
    return key;
}

bool others_may_read(const std::filesystem::path& file) {
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

// Reads one [[partner]] table. Lives for one load.
class PartnerReader {
public:
    PartnerReader(const std::filesystem::path& file, std::vector<std::string>& warnings)
        : file_(file), warnings_(warnings) {}

    Partner read(const toml::table& table) {
        check_keys(table);
        Partner partner;
        partner.id =
            PartnerId{static_cast<std::uint32_t>(number(table, "id", 1, UINT32_MAX, std::nullopt))};
        partner.name = name(table);
        partner.key = key(table);
        partner.kinds = kinds(table);
        read_programs(table, partner);
        partner.rate = rate(table);
        return partner;
    }

private:
    void check_keys(const toml::table& table) const {
        static constexpr std::array<std::string_view, 8> known{"id",
                                                               "name",
                                                               "key",
                                                               "key_file",
                                                               "rate_events_per_second",
                                                               "programs",
                                                               "kinds",
                                                               "rate_burst_events"};
        for (const auto& [key, node] : table) {
            if (std::ranges::find(known, key.str()) != known.end()) continue;
            refuse_file(file_, key.source(),
                        fmt::format("unknown key '{}'; allowed: id, name, key, key_file, kinds, "
                                    "programs, rate_events_per_second, rate_burst_events",
                                    one_line(key.str(), 64)));
        }
    }

    const toml::node& required(const toml::table& table, std::string_view key,
                               std::string_view allowed) const {
        const toml::node* node = table.get(key);
        if (node == nullptr) {
            refuse_file(file_, table.source(),
                        fmt::format("a partner needs '{}': {}", key, allowed));
        }
        return *node;
    }

    std::uint64_t number(const toml::table& table, std::string_view key, std::uint64_t min,
                         std::uint64_t max, std::optional<std::uint64_t> otherwise) const {
        const std::string allowed = fmt::format("a number from {} to {}", min, max);
        if (otherwise.has_value() && !table.contains(key)) return *otherwise;
        const toml::node& node = required(table, key, allowed);
        const auto* value = node.as_integer();
        if (value == nullptr || value->get() < 0 ||
            static_cast<std::uint64_t>(value->get()) < min ||
            static_cast<std::uint64_t>(value->get()) > max) {
            refuse_file(file_, node.source(),
                        fmt::format("bad value for '{}'; allowed: {}", key, allowed));
        }
        return static_cast<std::uint64_t>(value->get());
    }

    std::string name(const toml::table& table) const {
        const toml::node& node = required(table, "name", "a text of 1 to 64 characters");
        const auto* value = node.as_string();
        if (value == nullptr || value->get().empty() || value->get().size() > 64) {
            refuse_file(file_, node.source(),
                        "bad value for 'name'; allowed: a text of 1 to 64 characters");
        }
        return value->get();
    }

    std::vector<std::byte> key(const toml::table& table) const {
        static constexpr std::string_view allowed = "64 to 2048 hex digits, an even number";
        const toml::node* text = table.get("key");
        const toml::node* path = table.get("key_file");
        if ((text == nullptr) == (path == nullptr)) {
            refuse_file(file_, table.source(),
                        fmt::format("a partner needs one of 'key' ({}) and 'key_file' (a file that "
                                    "holds the same)",
                                    allowed));
        }
        const toml::node& node = text != nullptr ? *text : *path;
        const auto* value = node.as_string();
        if (value == nullptr) {
            refuse_file(file_, node.source(),
                        fmt::format("bad value for '{}'; allowed: a text in quotes",
                                    text != nullptr ? "key" : "key_file"));
        }
        if (text != nullptr) {
            std::optional<std::vector<std::byte>> bytes = parse_key(value->get());
            if (!bytes.has_value()) {
                refuse_file(file_, node.source(),
                            fmt::format("bad value for 'key'; allowed: {}", allowed));
            }
            return *std::move(bytes);
        }
        return key_in_file(node, value->get(), allowed);
    }

    std::vector<std::byte> key_in_file(const toml::node& node, const std::string& path,
                                       std::string_view allowed) const {
        const std::filesystem::path key_file = file_.parent_path() / path;
        std::ifstream in(key_file);
        // One byte more than the longest key with its line end, so that a longer file is noticed.
        std::string content(PartnerBook::key_bytes_max * 2 + 3, '\0');
        in.read(content.data(), static_cast<std::streamsize>(content.size()));
        content.resize(static_cast<std::size_t>(in.gcount()));
        if (content.empty()) {
            refuse_file(file_, node.source(),
                        fmt::format("cannot read key_file {}", key_file.string()));
        }
        std::optional<std::vector<std::byte>> bytes = parse_key(trimmed(std::move(content)));
        if (!bytes.has_value()) {
            refuse_file(
                file_, node.source(),
                fmt::format("key_file {} holds no key; allowed: {}", key_file.string(), allowed));
        }
        if (others_may_read(key_file)) {
            warnings_.push_back(fmt::format("key_file {} can be read by others; chmod 600 it",
                                            one_line(key_file.string())));
        }
        return *std::move(bytes);
    }

    std::bitset<Partner::kind_slots> kinds(const toml::table& table) const {
        static constexpr std::string_view allowed =
            "\"all\" or a list of kinds, [\"earn\", \"spend\"] say";
        const toml::node& node = required(table, "kinds", allowed);
        std::bitset<Partner::kind_slots> kinds;
        if (const auto* word = node.as_string(); word != nullptr && word->get() == "all") {
            kinds.set();
            return kinds;
        }
        const auto* list = node.as_array();
        if (list == nullptr) {
            refuse_file(file_, node.source(),
                        fmt::format("bad value for 'kinds'; allowed: {}", allowed));
        }
        for (const toml::node& item : *list) {
            const auto* word = item.as_string();
            const std::optional<CommandKind> kind =
                word != nullptr ? kind_named(word->get()) : std::nullopt;
            if (!kind.has_value()) {
                refuse_file(file_, item.source(),
                            fmt::format("unknown kind in 'kinds'; allowed: {}", kind_list()));
            }
            kinds.set(static_cast<std::size_t>(*kind));
        }
        return kinds;
    }

    static std::string kind_list() {
        std::string text;
        for (const KindName& row : all_kinds) {
            if (row.kind == CommandKind::challenge) continue;
            if (!text.empty()) text += ", ";
            text += row.name;
        }
        return text;
    }

    void read_programs(const toml::table& table, Partner& partner) const {
        static constexpr std::string_view allowed =
            "\"all\" or a list of program numbers, [1, 2] say";
        const toml::node& node = required(table, "programs", allowed);
        if (const auto* word = node.as_string(); word != nullptr && word->get() == "all") {
            partner.all_programs = true;
            return;
        }
        const auto* list = node.as_array();
        if (list == nullptr) {
            refuse_file(file_, node.source(),
                        fmt::format("bad value for 'programs'; allowed: {}", allowed));
        }
        for (const toml::node& item : *list) {
            const auto* value = item.as_integer();
            if (value == nullptr || value->get() < 0 || value->get() > UINT32_MAX) {
                refuse_file(file_, item.source(),
                            fmt::format("bad value in 'programs'; allowed: {}", allowed));
            }
            partner.programs.push_back(ProgramId{static_cast<std::uint32_t>(value->get())});
        }
        std::ranges::sort(partner.programs);
        const auto repeats = std::ranges::unique(partner.programs);
        partner.programs.erase(repeats.begin(), repeats.end());
    }

    RateLimit rate(const toml::table& table) const {
        const auto max = PartnerBook::events_per_second_max;
        if (!table.contains("rate_events_per_second")) {
            if (const toml::node* burst = table.get("rate_burst_events")) {
                refuse_file(file_, burst->source(),
                            "'rate_burst_events' means nothing without 'rate_events_per_second'; "
                            "add that or remove this");
            }
            return {};
        }
        RateLimit limit;
        limit.events_per_second = static_cast<std::uint32_t>(
            number(table, "rate_events_per_second", 1, max, std::nullopt));
        limit.burst_events = static_cast<std::uint32_t>(
            number(table, "rate_burst_events", 1, max, limit.events_per_second));
        return limit;
    }

    const std::filesystem::path& file_;
    std::vector<std::string>& warnings_;
};

}  // namespace

std::uint32_t RateMeter::try_take(const RateLimit& limit, std::uint32_t events, Instant now) {
    if (limit.events_per_second == 0 || events == 0) return 0;
    const std::int64_t burst_ns = cost_ns(limit, limit.burst_events);
    const std::int64_t wanted_ns = cost_ns(limit, std::min(events, limit.burst_events));
    const std::int64_t taken_ns = cost_ns(limit, events);
    // What a reload with a lower rate, or a clock that was ahead, may have left behind counts as an
    // empty allowance and no less.
    const std::int64_t debt_ns_max = burst_ns + cost_ns(limit, limits::batch_events_max);

    std::int64_t full_at = full_at_ns_.load(std::memory_order_relaxed);
    while (true) {
        const std::int64_t from = std::clamp(full_at, now.ns, now.ns + debt_ns_max);
        const std::int64_t wait_ns = from + wanted_ns - burst_ns - now.ns;
        if (wait_ns > 0) {
            // Keeps a cut, so that the wait ends.
            if (full_at > from) {
                full_at_ns_.compare_exchange_strong(full_at, from, std::memory_order_relaxed);
            }
            const std::int64_t wait_ms = (wait_ns + 999'999) / 1'000'000;
            return static_cast<std::uint32_t>(
                std::min<std::int64_t>(wait_ms, std::numeric_limits<std::uint32_t>::max()));
        }
        if (full_at_ns_.compare_exchange_weak(full_at, from + taken_ns,
                                              std::memory_order_relaxed)) {
            return 0;
        }
    }
}

bool Partner::allows(CommandKind kind) const {
    const auto number = static_cast<std::size_t>(kind);
    return number < kind_slots && kinds.test(number);
}

bool Partner::allows(ProgramId program) const {
    return all_programs || std::ranges::binary_search(programs, program);
}

std::uint32_t Partner::try_take(std::uint32_t events, Instant now) const {
    return meter->try_take(rate, events, now);
}

std::shared_ptr<const PartnerBook> PartnerBook::load(const std::filesystem::path& file,
                                                     const PartnerBook* previous) {
    toml::table table;
    if (!std::filesystem::is_regular_file(file)) {
        throw std::runtime_error(
            fmt::format("{}: no such partners file; tools/partners.toml shows how one looks",
                        one_line(file.string())));
    }
    try {
        table = toml::parse_file(file.string());
    } catch (const toml::parse_error& error) {
        // The description may quote the text around the mistake, and with it a key.
        refuse_file(file, error.source(),
                    "not valid TOML: a missing quote or bracket, most likely");
    }

    const auto book = std::make_shared<PartnerBook>();
    for (const auto& [key, node] : table) {
        if (key.str() != "partner" || !node.is_array_of_tables()) {
            refuse_file(file, key.source(),
                        "unknown here; the file consists of [[partner]] tables");
        }
    }
    PartnerReader reader(file, book->warnings_);
    std::set<std::string> names;
    std::set<PartnerId> ids;
    const toml::array* list = table.get_as<toml::array>("partner");
    if (list == nullptr || list->size() > partners_max) {
        throw std::runtime_error(fmt::format("{}:1: the file needs 1 to {} [[partner]] tables",
                                             one_line(file.string()), partners_max));
    }
    for (const toml::node& node : *list) {
        Partner partner = reader.read(*node.as_table());
        if (!ids.insert(partner.id).second) {
            refuse_file(file, node.source(),
                        fmt::format("partner id {} stands here a second time; ids are unique",
                                    static_cast<std::uint32_t>(partner.id)));
        }
        if (!names.insert(partner.name).second) {
            refuse_file(file, node.source(),
                        fmt::format("partner name '{}' stands here a second time; names are unique",
                                    partner.name));
        }
        const Partner* before = previous != nullptr ? previous->find(partner.id) : nullptr;
        partner.meter = before != nullptr ? before->meter : std::make_shared<RateMeter>();
        const bool key_inside = node.as_table()->contains("key");
        if (key_inside && book->warnings_.empty() && others_may_read(file)) {
            book->warnings_.push_back(fmt::format(
                "{} holds keys and can be read by others; chmod 600 it", one_line(file.string())));
        }
        book->partners_.push_back(std::move(partner));
    }
    std::ranges::sort(book->partners_, {}, &Partner::id);
    return book;
}

const Partner* PartnerBook::find(PartnerId id) const {
    const auto found = std::ranges::lower_bound(partners_, id, {}, &Partner::id);
    return found != partners_.end() && found->id == id ? &*found : nullptr;
}

PartnerDirectory::PartnerDirectory(std::filesystem::path file)
    : file_(std::move(file)), book_(PartnerBook::load(file_)) {}

std::expected<std::shared_ptr<const PartnerBook>, std::string> PartnerDirectory::reload() {
    const std::shared_ptr<const PartnerBook> before = current();
    try {
        std::shared_ptr<const PartnerBook> book = PartnerBook::load(file_, before.get());
        const std::scoped_lock lock(mutex_);
        book_ = book;
        // Release: who sees the new number finds the new book.
        generation_.fetch_add(1, std::memory_order_release);
        return book;
    } catch (const std::exception& error) {
        return std::unexpected(std::string(error.what()));
    }
}

std::shared_ptr<const PartnerBook> PartnerDirectory::current() const {
    const std::scoped_lock lock(mutex_);
    return book_;
}

const Partner* PartnerView::find(PartnerId id) {
    const std::uint64_t generation = directory_->generation();
    if (generation != generation_) {
        book_ = directory_->current();
        generation_ = generation;
    }
    return book_->find(id);
}

}  // namespace suanpan
