// Names as requests carry them: of bounded length, zeros behind.
#pragma once

#include <algorithm>
#include <string_view>

namespace suanpan::client {

// A name that is too long becomes none, which the server refuses as field_out_of_range. Pure.
template <typename Name>
[[nodiscard]] Name name_of(std::string_view text) {
    Name name;
    if (text.size() <= name.bytes.size()) std::ranges::copy(text, name.bytes.begin());
    return name;
}

}  // namespace suanpan::client
