#include "protocol/voucher_name.h"

#include <charconv>

namespace suanpan {

std::string name_of(const VoucherNumber& number) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name = std::to_string(number.offer) + '-' + std::to_string(number.ticket) + '-' +
                       std::to_string(number.unit) + '-';
    for (unsigned shift = 64; shift > 0; shift -= 4)
        name += digits[number.home >> (shift - 4) & 15U];
    return name;
}

std::optional<VoucherNumber> voucher_named(std::string_view name) {
    VoucherNumber number;
    const char* at = name.data();
    const char* end = at + name.size();
    bool is_sound = true;
    const auto take = [&](auto& field, int base) {
        const auto [next, error] = std::from_chars(at, end, field, base);
        is_sound = is_sound && error == std::errc{};
        at = next;
    };
    const auto take_dash = [&] {
        is_sound = is_sound && at != end && *at == '-';
        if (is_sound) ++at;
    };
    take(number.offer, 10);
    take_dash();
    take(number.ticket, 10);
    take_dash();
    take(number.unit, 10);
    take_dash();
    take(number.home, 16);
    // One spelling only: no zeros in front, no capitals, nothing behind.
    if (!is_sound || name_of(number) != name) return std::nullopt;
    return number;
}

}  // namespace suanpan
