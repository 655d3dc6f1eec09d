// A line of a CSV of balances: a wrong one is refused in one line, a right one is read the same
// again from what is written for it.
#include "protocol/base/assert.h"
#include "protocol/base/points.h"
#include "protocol/limits.h"
#include "tests/fuzz/input.h"
#include "tools/balance_row.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace suanpan::fuzz {
namespace {

std::size_t longest_run_of_digits(std::string_view text) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = std::isxdigit(static_cast<unsigned char>(c)) != 0 ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const std::string_view line = fuzz::text_of(input.take_rest());
    const auto row = tools::parse_balance_row(line);
    if (!row.has_value()) {
        SUANPAN_ASSERT(!row.error().empty());
        SUANPAN_ASSERT(row.error().find('\n') == std::string::npos);
        SUANPAN_ASSERT(row.error().find('\0') == std::string::npos);
        // A member's id, 32 hexadecimal digits, is never shown whole.
        SUANPAN_ASSERT(fuzz::longest_run_of_digits(row.error()) < 32);
        return 0;
    }
    SUANPAN_ASSERT(!row->member.is_zero());
    SUANPAN_ASSERT(row->earn.amount.value > 0);
    SUANPAN_ASSERT(row->earn.amount.value <= amount_points_max);
    SUANPAN_ASSERT(row->earn.expires_at <= instant_max);
    const auto again = tools::parse_balance_row(tools::text_of(*row));
    SUANPAN_ASSERT(again.has_value());
    SUANPAN_ASSERT(*again == *row);
    return 0;
}
