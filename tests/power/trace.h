// Trace: the records that write_shim has left, of one life of a server after the other.
#pragma once

#include "tests/power/trace_format.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace suanpan::power {

struct TraceItem {
    TraceRecord head;
    std::span<const std::byte> payload;  // lies in the Trace

    [[nodiscard]] std::string_view text() const {
        return {reinterpret_cast<const char*>(payload.data()), payload.size()};
    }
};

// Owned by a proof; the files stay mapped while it lives. Tickets of flushes and descriptors of
// sockets are made different from life to life.
class Trace {
public:
    // Reads "trace.0", "trace.1", ... in `folder`. A last record that a kill has cut is left out.
    // Throws std::runtime_error.
    explicit Trace(const std::filesystem::path& folder);
    ~Trace();
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;

    [[nodiscard]] const std::vector<TraceItem>& items() const { return items_; }

private:
    void add_life(const std::filesystem::path& file, std::uint64_t life);

    std::vector<std::span<std::byte>> mapped_;
    std::vector<TraceItem> items_;
};

}  // namespace suanpan::power
