// BalanceRow: one line of a CSV of balances.
//
//   member,program,amount,expires_at,restriction,origin,active_from
//
// member: 32 hexadecimal digits. amount: points, above zero. expires_at, active_from: empty (by the
// program's policy; at once), nanoseconds since 1970, `never`, 2027-01-31 or 2027-01-31T10:00:00Z
// (UTC). restriction: empty or a number. origin: empty, granted or purchased. Columns at the end
// may be missing. A first line that begins with `member` is a heading.
#pragma once

#include "protocol/command.h"

#include <expected>
#include <string>
#include <string_view>

namespace suanpan::tools {

struct BalanceRow {
    MemberId member;
    ProgramId program{};
    Earn earn;
    friend bool operator==(const BalanceRow& a, const BalanceRow& b) {
        return a.member == b.member && a.program == b.program && a.earn.amount == b.earn.amount &&
               a.earn.expires_at == b.earn.expires_at && a.earn.active_from == b.earn.active_from &&
               a.earn.restriction == b.earn.restriction && a.earn.origin == b.earn.origin;
    }
};

inline constexpr std::string_view balance_heading =
    "member,program,amount,expires_at,restriction,origin,active_from";

// Reads one line without its line end. The error is a sentence that names the column.
[[nodiscard]] std::expected<BalanceRow, std::string> parse_balance_row(std::string_view line);
// The line that parse_balance_row() reads back to the same row.
[[nodiscard]] std::string text_of(const BalanceRow& row);

}  // namespace suanpan::tools
