// ScratchFolder: a temporary folder that goes with its owner.
#pragma once

#include <filesystem>
#include <string>

namespace suanpan::load {

// Made inside `parent`, which decides the disk that is measured: /tmp may be memory.
class ScratchFolder {
public:
    // Throws std::runtime_error where `parent` cannot be written to.
    explicit ScratchFolder(const std::filesystem::path& parent);
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace suanpan::load
