// ScratchFile: a file for a reader that takes a path, in memory where the system has /dev/shm.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace suanpan::fuzz {

// Has a folder of its own, which goes with it at the end of the process. Readable by its owner
// only.
class ScratchFile {
public:
    explicit ScratchFile(const std::string& name) {
        const std::filesystem::path memory = "/dev/shm";
        const std::filesystem::path root =
            std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
        folder_ = root / ("suanpan-fuzz-" + std::to_string(getpid()) + "-" + name);
        std::filesystem::create_directory(folder_);
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
        path_ = (folder_ / name).string();
    }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;
    ~ScratchFile() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    void write(std::string_view text) const {
        std::ofstream out(path_, std::ios::binary | std::ios::trunc);
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::filesystem::path folder_;
    std::string path_;
};

}  // namespace suanpan::fuzz
