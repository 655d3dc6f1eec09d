#include "bench/load/scratch_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace suanpan::load {

ScratchFolder::ScratchFolder(const std::filesystem::path& parent) {
    std::string pattern = (parent / "suanpan-scratch-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error(
            fmt::format("cannot make a folder in {}: {}", parent.string(), std::strerror(errno)));
    }
    path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;  // what stays behind is visibly ours
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace suanpan::load
