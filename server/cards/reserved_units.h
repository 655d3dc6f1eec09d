// What an order keeps of the offer whose units wait for its cash: terms of its vouchers, and codes.
#pragma once

#include "protocol/base/byte_io.h"
#include "server/cards/code_pool.h"
#include "server/cards/ids.h"
#include "server/cards/offer.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::cards {

// A code that is set aside for an order. Sealed: nobody sees it before its voucher is issued.
struct ReservedCode {
    CodeKey key;
    CodeLocator locator;
    BatchId batch{};
    Instant expires_at = instant_never;
    std::vector<std::byte> sealed;
    friend bool operator==(const ReservedCode&, const ReservedCode&) = default;
};

// Appends what issue_voucher() needs of the offer: its id, program, version, kind and the terms of
// its vouchers. So what was promised when the units were set aside is what is issued, whatever the
// offer has become meanwhile.
void put_pinned(std::vector<std::byte>& out, const Offer& offer);
// An offer with these fields and no others; nothing where the bytes are not what put_pinned()
// makes.
[[nodiscard]] std::optional<Offer> get_pinned(std::span<const std::byte> bytes);

void put_reserved_code(std::vector<std::byte>& out, const ReservedCode& code);
// All of them; nothing where the bytes are not what put_reserved_code() makes.
[[nodiscard]] std::optional<std::vector<ReservedCode>> get_reserved_codes(
    std::span<const std::byte> bytes);

}  // namespace suanpan::cards
