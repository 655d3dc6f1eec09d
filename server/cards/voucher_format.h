// Vouchers as bytes, for entries and checkpoint records.
#pragma once

#include "protocol/base/byte_io.h"
#include "server/cards/voucher.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::cards {

// As many bytes as put_voucher() appends.
[[nodiscard]] std::size_t voucher_bytes(const Voucher& voucher);
// Expects a sound voucher.
void put_voucher(std::vector<std::byte>& out, const Voucher& voucher);
// The voucher at the front, which is sound; nothing where the bytes are not what put_voucher()
// makes, whatever they are.
[[nodiscard]] std::optional<Voucher> get_voucher(ByteReader& from);
// The same of bytes that begin with a voucher; what follows it, a sealed code, is left unread.
[[nodiscard]] std::optional<Voucher> get_voucher(std::span<const std::byte> bytes);

}  // namespace suanpan::cards
