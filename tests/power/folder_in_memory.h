// folder_in_memory(): where the images of a proof are written.
#pragma once

#include <filesystem>
#include <system_error>

namespace suanpan::power {

// In memory where the system has /dev/shm.
[[nodiscard]] inline std::filesystem::path folder_in_memory() {
    std::error_code ignored;
    return std::filesystem::is_directory("/dev/shm", ignored)
               ? std::filesystem::path("/dev/shm")
               : std::filesystem::temp_directory_path();
}

}  // namespace suanpan::power
