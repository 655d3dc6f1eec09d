// Acknowledgements: which entries the server had answered for at a moment of its trace.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/frame.h"
#include "tests/power/trace.h"

#include <cstdint>
#include <map>
#include <vector>

namespace suanpan::power {

// Reads the frames that the server sent, connection by connection. A result that names an entry
// acknowledges it, and every entry before it: one commit follows the other.
//
// Owned by one proof, used on its thread. Takes the records of a trace in their order.
class Acknowledgements {
public:
    // Throws std::runtime_error where the bytes are no frames of ours.
    void take(const TraceItem& item);

    // The highest entry that has been acknowledged so far.
    [[nodiscard]] Lsn highest() const { return highest_; }
    // Results that named an entry, so far.
    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    struct Connection {
        std::vector<std::byte> input;
        FrameDecoder decoder;
    };
    void take_frame(const Frame& frame);

    std::map<std::uint64_t, Connection> connections_;
    Lsn highest_;
    std::uint64_t count_ = 0;
};

}  // namespace suanpan::power
