// The names of command kinds, for configuration files, metrics, logs and tools.
#pragma once

#include "protocol/command.h"

#include <array>
#include <optional>
#include <string_view>

namespace suanpan {

struct KindName {
    CommandKind kind;
    std::string_view name;
};

// Every kind that has a number, in order of number.
inline constexpr std::array<KindName, 41> all_kinds{{
    {CommandKind::challenge, "challenge"},
    {CommandKind::hello, "hello"},
    {CommandKind::ping, "ping"},
    {CommandKind::earn, "earn"},
    {CommandKind::spend, "spend"},
    {CommandKind::hold, "hold"},
    {CommandKind::capture, "capture"},
    {CommandKind::release, "release"},
    {CommandKind::refund, "refund"},
    {CommandKind::revoke, "revoke"},
    {CommandKind::adjust, "adjust"},
    {CommandKind::freeze, "freeze"},
    {CommandKind::unfreeze, "unfreeze"},
    {CommandKind::set_limit, "set_limit"},
    {CommandKind::member_update, "member_update"},
    {CommandKind::settle, "settle"},
    {CommandKind::confirm, "confirm"},
    {CommandKind::cancel, "cancel"},
    {CommandKind::refund_order, "refund_order"},
    {CommandKind::redeem, "redeem"},
    {CommandKind::reveal, "reveal"},
    {CommandKind::show, "show"},
    {CommandKind::verify, "verify"},
    {CommandKind::balance, "balance"},
    {CommandKind::statement, "statement"},
    {CommandKind::lookup, "lookup"},
    {CommandKind::expiring, "expiring"},
    {CommandKind::quote, "quote"},
    {CommandKind::order, "order"},
    {CommandKind::terms, "terms"},
    {CommandKind::explain, "explain"},
    {CommandKind::offers, "offers"},
    {CommandKind::vouchers, "vouchers"},
    {CommandKind::program_create, "program_create"},
    {CommandKind::program_update, "program_update"},
    {CommandKind::rules_put, "rules_put"},
    {CommandKind::offers_put, "offers_put"},
    {CommandKind::codes_import, "codes_import"},
    {CommandKind::undo_verify, "undo_verify"},
    {CommandKind::recall, "recall"},
    {CommandKind::clock_advance, "clock_advance"},
}};

// The kind's name; "unknown" for a number that is no kind.
[[nodiscard]] constexpr std::string_view name_of(CommandKind kind) {
    for (const KindName& row : all_kinds) {
        if (row.kind == kind) return row.name;
    }
    return "unknown";
}

[[nodiscard]] constexpr std::optional<CommandKind> kind_named(std::string_view name) {
    for (const KindName& row : all_kinds) {
        if (row.name == name) return row.kind;
    }
    return std::nullopt;
}

}  // namespace suanpan
