// Ids, durations and instants as people write and read them.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/command.h"

#include <optional>
#include <string>
#include <string_view>

namespace suanpan::cli {

// 32 hex digits (dashes are ignored), or `name:` and a text, which stands for the first 16 bytes of
// the text's SHA-256: the same id in every tool (`printf alice | sha256sum | cut -c1-32`).
// Throws UsageError.
[[nodiscard]] MemberId parse_member(std::string_view text);
// 32 hex digits, with or without the dashes of a UUID. Throws UsageError.
[[nodiscard]] RequestId parse_request_id(std::string_view text);
// A number and a unit: 500ms, 10s, 15m, 24h, 31d. Throws UsageError.
[[nodiscard]] Duration parse_duration(std::string_view text);
// `2027-01-31`, `2027-01-31T10:00:00Z`, or a duration from `now`. Throws UsageError.
[[nodiscard]] Instant parse_instant(std::string_view text, Instant now);
// `2027-01-31` as a calendar day. Throws UsageError.
[[nodiscard]] LocalDate parse_date(std::string_view text);
// The bytes of an even number of hex digits; nothing for anything else.
[[nodiscard]] std::optional<std::string> bytes_of_hex(std::string_view hex);

// What the server counts per address or device is a hash; the text itself stays here. Empty: 0.
[[nodiscard]] std::uint64_t origin_of(const std::string& text);
// Throws UsageError.
[[nodiscard]] VoucherNumber parse_voucher(const std::string& text);

[[nodiscard]] std::string text_of(const MemberId& member);       // 32 hex digits
[[nodiscard]] std::string text_of(const RequestId& request_id);  // with dashes
[[nodiscard]] std::string text_of(Instant instant);              // UTC, to the millisecond
[[nodiscard]] std::string text_of(LocalDate date);
[[nodiscard]] std::string text_of(Duration duration);  // 340 us, 1.25 ms, 31 d
// 1234567 as 1,234,567.
[[nodiscard]] std::string with_commas(std::int64_t number);

}  // namespace suanpan::cli
