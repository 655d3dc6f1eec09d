// SmallDisk: a file system of a test's own that is soon full; needs the right to mount.
#pragma once

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

namespace suanpan {

// A tmpfs at `folder`, which is made, with the room that `size` ("size=5m") names.
class SmallDisk {
public:
    SmallDisk(std::string folder, const char* size) : folder_(std::move(folder)) {
        std::filesystem::create_directories(folder_);
        is_mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, size) == 0;
        reason_ = std::strerror(errno);
    }
    ~SmallDisk() {
        if (is_mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    [[nodiscard]] bool is_mounted() const { return is_mounted_; }
    [[nodiscard]] const std::string& reason() const { return reason_; }
    [[nodiscard]] bool resize(const char* size) const {
        return ::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, size) == 0;
    }

private:
    std::string folder_;
    bool is_mounted_ = false;
    std::string reason_;
};

}  // namespace suanpan
