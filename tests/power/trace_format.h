// The trace of a server under write_shim: what it wrote, flushed, renamed and sent, in one order.
#pragma once

#include <cstdint>
#include <type_traits>

namespace suanpan::power {

// A file is known by its inode number, a socket by its descriptor. Names lie in the data directory,
// without a path; "" is the directory itself, ".." the one that holds it.
enum class TraceKind : std::uint32_t {
    made_directory = 1,  // the data directory itself
    opened,              // payload: name; offset: bits of trace_opened_*
    wrote,               // offset, length; payload: the bytes, none where they are zeros
    wrote_through,  // the latest `wrote` of this file went through an O_DSYNC descriptor: flushed
    resized,        // length: the new size
    flush_began,    // offset: a ticket
    flush_ended,    // offset: the ticket of the flush_began before it; the flush succeeded
    renamed,        // payload: from, a zero byte, to
    removed,        // payload: name
    sent,           // socket; payload: what the kernel took of a reply
    closed,         // socket
    violation,      // payload: a sentence; something that this proof cannot follow
};

inline constexpr std::uint64_t trace_opened_created = 1;
inline constexpr std::uint64_t trace_opened_emptied = 2;

// Written by the shim, read by TraceReader on the same machine. A record's payload follows it.
struct TraceRecord {
    TraceKind kind{};
    std::uint32_t payload_bytes = 0;
    std::uint64_t file = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};
static_assert(sizeof(TraceRecord) == 32);
static_assert(std::has_unique_object_representations_v<TraceRecord>);

}  // namespace suanpan::power
