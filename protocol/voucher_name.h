// The printable name of a voucher, for people, files and URLs.
#pragma once

#include "protocol/command.h"

#include <optional>
#include <string>
#include <string_view>

namespace suanpan {

// `OFFER-TICKET-UNIT-HOME`: three decimal numbers and sixteen hexadecimal digits, as in
// `5-1234-0-9f3c00d1a2b4e687`. At most 59 characters.
[[nodiscard]] std::string name_of(const VoucherNumber& number);

// The number that has exactly this name; nothing for any other text.
[[nodiscard]] std::optional<VoucherNumber> voucher_named(std::string_view name);

}  // namespace suanpan
