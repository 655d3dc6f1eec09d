// The kinds of request that carry commands, for the targets that choose one by a byte.
#pragma once

#include "protocol/command.h"

#include <array>
#include <cstdint>

namespace suanpan::fuzz {

inline constexpr std::array command_kinds{
    CommandKind::earn,          CommandKind::spend,          CommandKind::hold,
    CommandKind::capture,       CommandKind::release,        CommandKind::refund,
    CommandKind::revoke,        CommandKind::adjust,         CommandKind::freeze,
    CommandKind::unfreeze,      CommandKind::set_limit,      CommandKind::member_update,
    CommandKind::balance,       CommandKind::statement,      CommandKind::lookup,
    CommandKind::expiring,      CommandKind::program_create, CommandKind::program_update,
    CommandKind::clock_advance, CommandKind::settle,         CommandKind::confirm,
    CommandKind::cancel,        CommandKind::refund_order,   CommandKind::quote,
    CommandKind::order,         CommandKind::terms,          CommandKind::rules_put,
    CommandKind::explain,       CommandKind::redeem,         CommandKind::reveal,
    CommandKind::offers,        CommandKind::vouchers,       CommandKind::offers_put,
    CommandKind::codes_import,  CommandKind::show,           CommandKind::verify,
    CommandKind::undo_verify,   CommandKind::recall,
};

[[nodiscard]] inline CommandKind command_kind_of(std::uint8_t choice) {
    return command_kinds[choice % command_kinds.size()];
}

}  // namespace suanpan::fuzz
