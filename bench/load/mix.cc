#include "bench/load/mix.h"

#include "protocol/kind_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace suanpan::load {
namespace {

constexpr std::array kinds_that_can_be_sent{
    CommandKind::earn,    CommandKind::spend,  CommandKind::hold,    CommandKind::capture,
    CommandKind::release, CommandKind::refund, CommandKind::balance,
};
constexpr std::uint64_t weight_max = 1'000'000;

CommandKind kind_of(std::string_view name) {
    const std::optional<CommandKind> kind = kind_named(name);
    if (kind && std::ranges::find(kinds_that_can_be_sent, *kind) != kinds_that_can_be_sent.end()) {
        return *kind;
    }
    throw std::runtime_error(fmt::format(
        "--mix: \"{}\" is no kind of event here; use earn, spend, hold, capture, release, refund, "
        "balance",
        name));
}

std::uint64_t weight_of(std::string_view text) {
    std::uint64_t weight = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
    if (error != std::errc{} || end != text.data() + text.size() || weight == 0 ||
        weight > weight_max) {
        throw std::runtime_error(fmt::format(
            "--mix: \"{}\" is no weight; use a whole number from 1 to {}", text, weight_max));
    }
    return weight;
}

}  // namespace

Mix Mix::parse(std::string_view text) {
    Mix mix;
    std::uint64_t sum = 0;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        const std::size_t equals = part.find('=');
        const CommandKind kind = kind_of(part.substr(0, equals));
        if (mix.has(kind)) {
            throw std::runtime_error(fmt::format("--mix: {} stands there twice", name_of(kind)));
        }
        sum += equals == std::string_view::npos ? 1 : weight_of(part.substr(equals + 1));
        mix.parts_.push_back({.kind = kind, .below = sum});
    }
    if (mix.parts_.empty()) throw std::runtime_error("--mix: name at least one kind of event");
    if ((mix.has(CommandKind::capture) || mix.has(CommandKind::release)) &&
        !mix.has(CommandKind::hold)) {
        throw std::runtime_error("--mix: capture and release need hold, which makes their holds");
    }
    if (mix.has(CommandKind::refund) && !mix.has(CommandKind::spend)) {
        throw std::runtime_error("--mix: refund needs spend, which makes its originals");
    }
    return mix;
}

CommandKind Mix::draw(std::mt19937_64& random) const {
    if (parts_.size() == 1) return parts_.front().kind;
    __extension__ using Wide = unsigned __int128;
    const auto at = static_cast<std::uint64_t>((Wide{random()} * parts_.back().below) >> 64U);
    return std::ranges::find_if(parts_, [at](const Part& part) { return at < part.below; })->kind;
}

std::vector<CommandKind> Mix::kinds() const {
    std::vector<CommandKind> kinds;
    for (const Part& part : parts_) kinds.push_back(part.kind);
    return kinds;
}

bool Mix::has(CommandKind kind) const {
    return std::ranges::any_of(parts_, [kind](const Part& part) { return part.kind == kind; });
}

}  // namespace suanpan::load
