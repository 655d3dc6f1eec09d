#include "storage/journal_format.h"

#include "protocol/base/assert.h"
#include "protocol/limits.h"
#include "storage/sha256_stream.h"

#include <cstring>

namespace suanpan::storage {
namespace {

constexpr std::size_t chained_bytes = offsetof(CommitHeader, chain);
constexpr std::size_t summed_bytes = offsetof(CommitHeader, crc);

// No commit is larger; a length above it is damage, whatever the checksum says.
constexpr std::uint64_t body_bytes_max =
    limits::commit_bytes_max + limits::entry_bytes_max +
    std::uint64_t{limits::commit_entries_max} * sizeof(EntryDirectorySlot);

Bytes header_bytes_of(const CommitHeader& header, std::size_t size) {
    return std::as_bytes(std::span(&header, 1)).first(size);
}

}  // namespace

std::uint64_t commit_body_bytes(std::uint32_t count, std::uint64_t entry_bytes) {
    return std::uint64_t{count} * sizeof(EntryDirectorySlot) + entry_bytes;
}

std::uint64_t commit_value_bytes(std::uint64_t body_bytes) {
    const std::uint64_t with_page_header = page_header_bytes + sizeof(CommitHeader) + body_bytes;
    return (with_page_header + page_bytes - 1) / page_bytes * page_bytes - page_header_bytes;
}

Sha256 chain_after(const Sha256& previous_chain, const CommitHeader& header,
                   const Sha256& body_hash) {
    std::array<std::byte, sizeof(Sha256) + chained_bytes + sizeof(Sha256)> all;
    std::memcpy(all.data(), previous_chain.data(), sizeof(Sha256));
    std::memcpy(all.data() + sizeof(Sha256), &header, chained_bytes);
    std::memcpy(all.data() + sizeof(Sha256) + chained_bytes, body_hash.data(), sizeof(Sha256));
    return sha256(all);
}

CommitHeader encode_commit_header(const CommitInfo& info, std::uint64_t incarnation,
                                  const Sha256& previous_chain, Pieces body) {
    thread_local Sha256Stream stream;
    CommitHeader header;
    header.incarnation = incarnation;
    header.first_lsn = info.first_lsn;
    header.count = info.count;
    header.time_ns = info.time.ns;
    header.request_floor_ms = info.request_floor_ms;
    for (const Bytes piece : body) {
        header.body_bytes += piece.size();
        stream.add(piece);
    }
    header.chain = chain_after(previous_chain, header, stream.finish());
    std::uint32_t crc = crc32c(header_bytes_of(header, summed_bytes));
    for (const Bytes piece : body) crc = crc32c(piece, crc);
    header.crc = crc;
    return header;
}

CommitInfo CommitView::info() const {
    return {.first_lsn = header_.first_lsn,
            .count = header_.count,
            .time = Instant{header_.time_ns},
            .request_floor_ms = header_.request_floor_ms};
}

Bytes CommitView::entry(std::uint32_t index) const {
    SUANPAN_ASSERT(index < header_.count);
    EntryDirectorySlot slot;
    std::memcpy(&slot, body_.data() + std::size_t{index} * sizeof slot, sizeof slot);
    return body_.subspan(slot.offset_bytes, slot.length_bytes);
}

const char* describe(CommitFault fault) {
    switch (fault) {
        case CommitFault::not_a_commit:
            return "is no commit";
        case CommitFault::unknown_format:
            return "has a format that this release does not know";
        case CommitFault::incomplete:
            return "is incomplete";
        case CommitFault::damaged:
            return "is damaged (its checksum or a length is wrong)";
        case CommitFault::chain_broken:
            return "does not continue the hash chain of the commit before it";
    }
    return "is damaged";
}

std::size_t commit_bytes_claimed(Bytes head) {
    CommitHeader header;
    if (head.size() < sizeof header) return 0;
    std::memcpy(&header, head.data(), sizeof header);
    if (header.magic != commit_magic || header.body_bytes > body_bytes_max) return 0;
    return sizeof header + static_cast<std::size_t>(header.body_bytes);
}

std::expected<CommitView, CommitFault> parse_commit(Bytes value) {
    CommitView view;
    CommitHeader& header = view.header_;
    if (value.size() < sizeof header) return std::unexpected(CommitFault::not_a_commit);
    std::memcpy(&header, value.data(), sizeof header);
    if (header.magic != commit_magic) return std::unexpected(CommitFault::not_a_commit);
    if (header.format != commit_format) return std::unexpected(CommitFault::unknown_format);
    if (header.header_bytes != sizeof header || header.body_bytes > body_bytes_max ||
        header.reserved != 0 || header.reserved_too != 0)
        return std::unexpected(CommitFault::damaged);
    if (value.size() - sizeof header < header.body_bytes)
        return std::unexpected(CommitFault::incomplete);
    view.body_ = value.subspan(sizeof header, static_cast<std::size_t>(header.body_bytes));
    if (crc32c(view.body_, crc32c(value.first(summed_bytes))) != header.crc)
        return std::unexpected(CommitFault::damaged);
    for (const std::byte filler : value.subspan(sizeof header + view.body_.size()))
        if (filler != std::byte{0}) return std::unexpected(CommitFault::damaged);

    // The checksum is right, so these are what a release of ours wrote; a bug there must not become
    // a read beyond the value here.
    if (header.count == 0 || header.first_lsn == 0 || header.count > limits::commit_entries_max ||
        header.first_lsn > UINT64_MAX - header.count)
        return std::unexpected(CommitFault::damaged);
    const std::uint64_t directory_bytes = std::uint64_t{header.count} * sizeof(EntryDirectorySlot);
    if (directory_bytes > header.body_bytes) return std::unexpected(CommitFault::damaged);
    std::uint64_t expected_offset = directory_bytes;
    for (std::uint32_t i = 0; i < header.count; ++i) {
        EntryDirectorySlot slot;
        std::memcpy(&slot, view.body_.data() + std::size_t{i} * sizeof slot, sizeof slot);
        if (slot.offset_bytes != expected_offset) return std::unexpected(CommitFault::damaged);
        expected_offset += slot.length_bytes;
        if (expected_offset > header.body_bytes) return std::unexpected(CommitFault::damaged);
    }
    if (expected_offset != header.body_bytes) return std::unexpected(CommitFault::damaged);
    return view;
}

std::expected<CommitView, CommitFault> verify_commit(Bytes value, const Sha256& previous_chain) {
    std::expected<CommitView, CommitFault> view = parse_commit(value);
    if (view && chain_after(previous_chain, view->header(), sha256(view->body())) != view->chain())
        return std::unexpected(CommitFault::chain_broken);
    return view;
}

Sha256 genesis_chain(const std::array<std::byte, 16>& uuid) {
    constexpr std::string_view words = "suanpan journal ";
    std::array<std::byte, words.size() + 16> all;
    std::memcpy(all.data(), words.data(), words.size());
    std::memcpy(all.data() + words.size(), uuid.data(), uuid.size());
    return sha256(all);
}

}  // namespace suanpan::storage
