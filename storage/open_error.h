// OpenError: why a data directory, journal or checkpoint cannot be used at a start.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace suanpan::storage {

enum class OpenFault : std::uint8_t {
    locked,          // another process uses the directory
    foreign,         // bytes of another data directory (uuid)
    unknown_format,  // written by a release that this one does not read
    missing,         // a file that must be there is not
    damaged,       // bytes that fail their check, where dropping them could lose what was promised
    failed_flush,  // the last process could not flush; see OpenOptions::trust_after_failed_flush
    sandbox,       // a sandbox directory and a server without --sandbox, or the reverse
    disk,          // the operating system refused (permission, no space, input/output error)
};

// Thrown by the functions that open things, and only by them: once threads run, nothing here
// throws. what() is one line: what is wrong, in which file, at which LSN, and what to do.
class OpenError : public std::runtime_error {
public:
    OpenError(OpenFault fault, const std::string& sentence)
        : std::runtime_error(sentence), fault_(fault) {}
    [[nodiscard]] OpenFault fault() const { return fault_; }

private:
    OpenFault fault_;
};

}  // namespace suanpan::storage
