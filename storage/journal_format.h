// The commit value: how one commit lies on disk. All integers little-endian.
//
//   CommitHeader (112 bytes) | directory: count x EntryDirectorySlot | the entries' bytes | zeros
//
// The body is directory plus entries; body_bytes does not count the zeros, which fill the value up
// so that it ends with a page. A file can be walked without LMDB: every commit value is larger than
// what LMDB keeps inside its tree pages, so that it lies in pages of its own, 16 bytes after a page
// start.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "storage/volume.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <type_traits>

namespace suanpan::storage {

inline constexpr std::uint64_t commit_magic = 0x31'54'4d'43'4e'41'55'53;  // "SUANCMT1"
inline constexpr std::uint32_t commit_format = 1;

struct CommitHeader {
    std::uint64_t magic = commit_magic;
    std::uint32_t format = commit_format;
    std::uint32_t header_bytes = 112;
    std::uint64_t epoch = 0;        // 0 until there is replication
    std::uint64_t incarnation = 0;  // of the data directory when it was written
    std::uint64_t first_lsn = 0;
    std::uint32_t count = 0;  // entries; their LSNs are first_lsn, first_lsn + 1, ...
    std::uint32_t reserved = 0;
    std::int64_t time_ns = 0;
    std::int64_t request_floor_ms = 0;
    std::uint64_t body_bytes = 0;
    Sha256 chain{};         // SHA-256(previous chain || the 72 bytes above || SHA-256(body))
    std::uint32_t crc = 0;  // CRC-32C of the 104 bytes above and of the body
    std::uint32_t reserved_too = 0;
};
static_assert(sizeof(CommitHeader) == 112);
static_assert(offsetof(CommitHeader, chain) == 72);
static_assert(offsetof(CommitHeader, crc) == 104);
static_assert(std::has_unique_object_representations_v<CommitHeader>);  // no padding on disk

struct EntryDirectorySlot {
    std::uint32_t offset_bytes = 0;  // of the entry, from the start of the commit's body
    std::uint32_t length_bytes = 0;
};
static_assert(sizeof(EntryDirectorySlot) == 8);
static_assert(std::has_unique_object_representations_v<EntryDirectorySlot>);

// Pages of LMDB are 4,096 bytes; a value in pages of its own starts 16 bytes into the first.
inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t page_header_bytes = 16;

// What a commit says about itself, besides its entries.
struct CommitInfo {
    std::uint64_t first_lsn = 0;
    std::uint32_t count = 0;
    Instant time;
    std::int64_t request_floor_ms = 0;
};

// Bytes of the whole value, zeros included, for a body of `body_bytes`.
[[nodiscard]] std::uint64_t commit_value_bytes(std::uint64_t body_bytes);
// Bytes of the body for `count` entries of `entry_bytes` together.
[[nodiscard]] std::uint64_t commit_body_bytes(std::uint32_t count, std::uint64_t entry_bytes);

// Fills in chain and crc. `body` in pieces, directory first.
[[nodiscard]] CommitHeader encode_commit_header(const CommitInfo& info, std::uint64_t incarnation,
                                                const Sha256& previous_chain, Pieces body);

enum class CommitFault : std::uint8_t {
    not_a_commit,    // no magic
    unknown_format,  // a format of a later release
    incomplete,      // shorter than it says
    damaged,         // CRC-32C or a length is wrong
    chain_broken,    // intact, but not what followed the commit before it
};

// A commit whose lengths have been verified. Points into bytes that somebody else owns.
class CommitView {
public:
    CommitView() = default;

    [[nodiscard]] const CommitHeader& header() const { return header_; }
    [[nodiscard]] CommitInfo info() const;
    [[nodiscard]] Lsn first_lsn() const { return Lsn{header_.first_lsn}; }
    [[nodiscard]] Lsn last_lsn() const { return Lsn{header_.first_lsn + header_.count - 1}; }
    [[nodiscard]] Instant time() const { return Instant{header_.time_ns}; }
    [[nodiscard]] std::uint32_t count() const { return header_.count; }
    [[nodiscard]] const Sha256& chain() const { return header_.chain; }
    // Bytes of entry `index`, 0 <= index < count().
    [[nodiscard]] Bytes entry(std::uint32_t index) const;
    [[nodiscard]] Bytes entry(Lsn lsn) const {
        return entry(static_cast<std::uint32_t>(lsn.value - header_.first_lsn));
    }
    // Directory and entries.
    [[nodiscard]] Bytes body() const { return body_; }

private:
    friend std::expected<CommitView, CommitFault> parse_commit(Bytes value);
    CommitHeader header_;
    Bytes body_;
};

[[nodiscard]] const char* describe(CommitFault fault);

// Checks every length and the CRC-32C: all that can be known from the value alone.
[[nodiscard]] std::expected<CommitView, CommitFault> parse_commit(Bytes value);
// The same, and that it continues `previous_chain` (one SHA-256 over the body).
[[nodiscard]] std::expected<CommitView, CommitFault> verify_commit(Bytes value,
                                                                   const Sha256& previous_chain);
// What the value's `chain` ought to be after `previous_chain`.
[[nodiscard]] Sha256 chain_after(const Sha256& previous_chain, const CommitHeader& header,
                                 const Sha256& body_hash);
// How many bytes the commit that starts with `head` has, zeros left out; 0 where it cannot be one.
[[nodiscard]] std::size_t commit_bytes_claimed(Bytes head);
// The chain before the first commit of a data directory.
[[nodiscard]] Sha256 genesis_chain(const std::array<std::byte, 16>& uuid);

}  // namespace suanpan::storage
