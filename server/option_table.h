// The table of options: what flags, files, --help, --check-config and the documentation share.
#pragma once

#include "server/config.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan {

// How a value is written, in a file and on the command line.
enum class Shape : std::uint8_t {
    text,      // "..."
    path,      // "..."; a relative one in a file starts at that file's folder
    number,    // 42
    bytes,     // 65536 or "256MiB"
    duration,  // "15m"
    boolean,   // true, false
};

// One option: everything that flags, files, --help, --check-config and the documentation need.
// `set` takes the text without quotes and returns false where it is not allowed.
struct Option {
    std::string key;
    Shape shape;
    std::string allowed;
    std::string help;
    std::function<bool(ServerConfig&, std::string_view)> set;
    std::function<std::string(const ServerConfig&)> get;  // text without quotes
    bool in_file = true;
    bool hidden = false;
};

// All options, hidden ones too, in the order in which they are shown.
[[nodiscard]] const std::vector<Option>& options();

}  // namespace suanpan
