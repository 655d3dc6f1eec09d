// A line of a CSV of balances: a wrong one is refused in one line, a right one is read the same
// again from what is written for it.
#include "protocol/base/assert.h"
#include "protocol/base/points.h"
#include "protocol/limits.h"
#include "tests/fuzz/input.h"
#include "tools/balance_row.h"

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const std::string_view line = fuzz::text_of(input.take_rest());
    const auto row = tools::parse_balance_row(line);
    if (!row.has_value()) {
        SUANPAN_ASSERT(!row.error().empty());
        SUANPAN_ASSERT(row.error().find('\n') == std::string::npos);
        SUANPAN_ASSERT(row.error().find('\0') == std::string::npos);
        // A member's id is never shown whole.
        SUANPAN_ASSERT(line.size() < 32 ||
                       row.error().find(line.substr(0, 32)) == std::string::npos);
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
