#include "tools/balance_row.h"

#include "client/cli/exit_code.h"
#include "client/cli/words.h"
#include "protocol/base/one_line.h"
#include "protocol/base/points.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <vector>

namespace suanpan::tools {
namespace {

std::vector<std::string_view> split(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::vector<std::string_view> cells;
    while (true) {
        const std::size_t comma = line.find(',');
        std::string_view cell = line.substr(0, comma);
        while (cell.starts_with(' ')) cell.remove_prefix(1);
        while (cell.ends_with(' ')) cell.remove_suffix(1);
        cells.push_back(cell);
        if (comma == std::string_view::npos) return cells;
        line.remove_prefix(comma + 1);
    }
}

template <typename Number>
std::optional<Number> number_of(std::string_view cell) {
    Number number = 0;
    const char* end = cell.data() + cell.size();
    const auto parsed = std::from_chars(cell.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end || cell.empty()) return std::nullopt;
    return number;
}

// Nothing where the cell is no instant. On the wire "never" is the policy's business, so it is the
// last instant that the server accepts.
std::optional<Instant> instant_of(std::string_view cell) {
    if (cell.empty()) return Instant{};
    if (cell == "never") return instant_max;
    if (const auto ns = number_of<std::int64_t>(cell)) return Instant{*ns};
    if (cell.size() < 10 || cell[4] != '-') return std::nullopt;
    try {
        return cli::parse_instant(cell, Instant{});
    } catch (const cli::UsageError&) {
        return std::nullopt;
    }
}

std::optional<LotOrigin> origin_of(std::string_view cell) {
    if (cell.empty() || cell == "granted") return LotOrigin::granted;
    if (cell == "purchased") return LotOrigin::purchased;
    return std::nullopt;
}

// Of a cell that is wrong; fewer than the digits of a member's id, which may stand in any of them.
constexpr std::size_t shown_max = 24;

std::unexpected<std::string> wrong(std::string_view column, std::string_view cell,
                                   std::string_view wanted) {
    return std::unexpected(
        fmt::format("{} '{}' is not {}", column, one_line(cell, shown_max), wanted));
}

}  // namespace

std::expected<BalanceRow, std::string> parse_balance_row(std::string_view line) {
    std::vector<std::string_view> cells = split(line);
    if (cells.size() < 3 || cells.size() > 7)
        return std::unexpected(
            fmt::format("has {} columns; wanted are {}", cells.size(), balance_heading));
    cells.resize(7);
    BalanceRow row;
    try {
        if (cells[0].starts_with("name:")) throw cli::UsageError("");
        row.member = cli::parse_member(cells[0]);
    } catch (const cli::UsageError&) {
        return std::unexpected(std::string("member is not 32 hexadecimal digits"));  // never shown
    }
    if (row.member.is_zero()) return std::unexpected(std::string("member is zero, which is none"));
    const auto program = number_of<std::uint32_t>(cells[1]);
    if (!program) return wrong("program", cells[1], "a number");
    row.program = ProgramId{*program};
    const auto amount = number_of<std::int64_t>(cells[2]);
    if (!amount || *amount <= 0 || *amount > amount_points_max)
        return wrong("amount", cells[2], "a number of points from 1 to 10^18");
    row.earn.amount = Points{*amount};
    const auto expires_at = instant_of(cells[3]);
    if (!expires_at || *expires_at < Instant{} || *expires_at > instant_max)
        return wrong("expires_at", cells[3], "an instant");
    row.earn.expires_at = *expires_at;
    const auto restriction = cells[4].empty() ? 0 : number_of<std::uint16_t>(cells[4]);
    if (!restriction) return wrong("restriction", cells[4], "a number from 0 to 65535");
    row.earn.restriction = Restriction{*restriction};
    const auto origin = origin_of(cells[5]);
    if (!origin) return wrong("origin", cells[5], "granted or purchased");
    row.earn.origin = *origin;
    const auto active_from = instant_of(cells[6]);
    if (!active_from || *active_from < Instant{} || *active_from > instant_max)
        return wrong("active_from", cells[6], "an instant");
    row.earn.active_from = *active_from;
    return row;
}

std::string text_of(const BalanceRow& row) {
    const auto instant = [](Instant at) {
        if (at == Instant{}) return std::string();
        return at >= instant_max ? std::string("never") : std::to_string(at.ns);
    };
    return fmt::format("{},{},{},{},{},{},{}", cli::text_of(row.member),
                       static_cast<std::uint32_t>(row.program), row.earn.amount.value,
                       instant(row.earn.expires_at), static_cast<unsigned>(row.earn.restriction),
                       row.earn.origin == LotOrigin::purchased ? "purchased" : "granted",
                       instant(row.earn.active_from));
}

}  // namespace suanpan::tools
