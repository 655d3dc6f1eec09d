// Offer (兑换商品): what points and cash buy, as plain data.
#pragma once

#include "protocol/base/money.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/command.h"
#include "protocol/order.h"
#include "server/cards/card_code.h"
#include "server/cards/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::cards {

enum class StockKind : std::uint8_t {
    counted = 1,      // units without a code
    code_backed = 2,  // one single-use code each, out of a pool
    loop_code = 3,    // one code for all, issued n times
    external = 4,     // a partner delivers the code, or fails to
};

// Which of a pool's free codes goes first.
enum class IssueOrder : std::uint8_t { oldest_first = 0, soonest_expiry_first = 1 };

// No offer issues more; what a loop code without a limit has.
inline constexpr std::int64_t stock_units_max = 1'000'000'000'000'000;  // 10^15

// [start, end): `end` is exclusive.
struct SaleWindow {
    Instant start;
    Instant end = instant_never;
    [[nodiscard]] bool has(Instant at) const { return start <= at && at < end; }
    friend bool operator==(const SaleWindow&, const SaleWindow&) = default;
};

// Whose offer it is. Levels: sorted, empty for all; segments: members in any of these, 0 for all.
struct Audience {
    std::vector<LevelId> levels;
    std::uint64_t segments = 0;
    friend bool operator==(const Audience&, const Audience&) = default;
};

// Units of one member that are set aside or issued; nothing: no limit.
struct MemberLimits {
    std::int64_t per_order = 1;
    std::optional<std::int64_t> per_day;
    std::optional<std::int64_t> ever;
    friend bool operator==(const MemberLimits&, const MemberLimits&) = default;
};

// What may stand set aside and unpaid at once; nothing: no limit but the stock.
struct ReservationTerms {
    std::int32_t share_percent = 100;  // of the stock
    std::optional<std::int64_t> per_member = 10;
    std::optional<std::int64_t> per_origin;
    Duration pay_within = seconds(900);
    LatePayment late_payment = LatePayment::auto_refund;
    friend bool operator==(const ReservationTerms&, const ReservationTerms&) = default;
};

// What its vouchers can do. Copied into each voucher when it is issued: pinned for its life.
struct VoucherTerms {
    Duration valid_for{INT64_MAX};        // from issue; INT64_MAX: no such limit
    Instant valid_until = instant_never;  // at the latest; the code's own expiry counts as well
    MerchantId merchant{};                // 0: any
    std::vector<StoreId> stores;          // of the merchant, sorted; empty: all
    std::uint32_t uses = 1;               // verifications; 1 where it has an amount
    Money amount;                         // 0: it is used n times instead
    Duration undo_within{0};              // of its verification; 0: none is undone
    std::uint32_t undo_max = 1;
    std::uint32_t hops_max = 0;  // times that it may be given away
    Duration claim_within = hours(24);
    friend bool operator==(const VoucherTerms&, const VoucherTerms&) = default;
};

// One version of an offer. A value that an OfferBook owns and never changes; vouchers keep what
// they were issued under. check_offer() says what must hold between the fields.
struct Offer {
    OfferId id{};
    std::uint32_t version = 1;
    ProgramId program{};
    std::string name;
    bool stopped = false;

    StockKind kind{};
    std::int64_t stock = 0;      // of a code-backed one its pool says how much there is: 0
    IssueOrder order{};          // of a code-backed one
    CodeForm code_form{};        // of what its codes look like
    Duration deliver_within{0};  // of an external one

    Points points;  // of a unit
    Money cash;     // of a unit
    // 补差: cash may stand in for points that are missing, at the rule book's ratio.
    bool top_up = false;
    Currency currency;  // empty: the program's

    SaleWindow window;
    Audience audience;
    MemberLimits limits;
    ReservationTerms reservations;
    VoucherTerms voucher;

    friend bool operator==(const Offer&, const Offer&) = default;
};

}  // namespace suanpan::cards
