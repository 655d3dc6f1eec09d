// The check of one image: the server's own recovery starts on it, and nothing promised is missing.
#pragma once

#include "protocol/base/ids.h"
#include "server/config.h"
#include "tests/power/reference.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace suanpan::power {

inline constexpr std::uint64_t small_segment_bytes = 1ULL << 20U;

struct ImageQuestion {
    std::filesystem::path data;  // the image; may be missing where nothing was promised
    Lsn acknowledged;            // the highest entry that had been acknowledged
    std::uint16_t shards = 1;    // of the recovery; any number must do
    std::uint64_t segment_bytes = small_segment_bytes;
    bool start_server = false;  // the whole Server too, which commits and stops, and once more
    std::filesystem::path partners_file;
    std::filesystem::path master_keys_file;
};

// Runs `work` in a child process and returns what it said; a process that ends otherwise is a
// sentence that begins with `crash_words`.
[[nodiscard]] std::string in_child(const std::function<std::string()>& work);
inline constexpr const char* crash_words = "the process ended with";

// Works in a child process, so that a crash is an answer as well. Empty: all is well. Else a
// sentence: what the image lacks, or why it was refused. Changes the image as a start does.
[[nodiscard]] std::string check_image(const ImageQuestion& question, const Reference& reference);

}  // namespace suanpan::power
