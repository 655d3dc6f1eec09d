// Decimal digits of a WideSum, which no standard function prints.
#pragma once

#include "server/ledger/house.h"

#include <algorithm>
#include <string>

namespace suanpan::tools {

[[nodiscard]] inline std::string text_of(ledger::WideSum value) {
    if (value == 0) return "0";
    std::string digits;
    for (ledger::WideSum rest = value; rest != 0; rest /= 10) {
        const auto digit = static_cast<int>(rest % 10);
        digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    }
    if (value < 0) digits += '-';
    std::reverse(digits.begin(), digits.end());
    return digits;
}

}  // namespace suanpan::tools
