#include "tools/raw_walk.h"

#include "storage/journal_files.h"
#include "storage/journal_format.h"
#include "storage/segment.h"

#include <cstring>
#include <fstream>
#include <map>
#include <vector>

namespace suanpan::tools {
namespace {

using storage::CommitHeader;

struct Place {
    std::uint64_t offset = 0;
    std::size_t bytes = 0;
};

// Every place of the file where a commit may begin, by its first LSN; old copies come along.
std::multimap<std::uint64_t, Place> list_commits(std::ifstream& file) {
    std::multimap<std::uint64_t, Place> places;
    std::vector<char> page(storage::page_bytes);
    file.clear();
    for (std::uint64_t offset = 0;; offset += storage::page_bytes) {
        file.seekg(static_cast<std::streamoff>(offset));
        if (!file.read(page.data(), static_cast<std::streamsize>(page.size()))) break;
        const auto head = std::as_bytes(std::span(page)).subspan(storage::page_header_bytes);
        const std::size_t bytes = storage::commit_bytes_claimed(head);
        if (bytes == 0) continue;
        CommitHeader header;
        std::memcpy(&header, head.data(), sizeof header);
        places.emplace(header.first_lsn,
                       Place{.offset = offset + storage::page_header_bytes, .bytes = bytes});
    }
    file.clear();
    return places;
}

std::vector<std::byte> read_at(std::ifstream& file, const Place& place) {
    std::vector<std::byte> bytes(place.bytes);
    file.seekg(static_cast<std::streamoff>(place.offset));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    file.clear();
    return bytes;
}

// Follows the chain through one segment.
class SegmentWalk {
public:
    SegmentWalk(const std::string& path, std::string name)
        : file_(path, std::ios::binary), name_(std::move(name)), places_(list_commits(file_)) {}

    [[nodiscard]] std::optional<RawFault> follow(std::uint64_t& due, Sha256& chain) {
        while (true) {
            auto [at, end] = places_.equal_range(due);
            if (at == end) return missing(due);
            std::optional<RawFault> fault;
            bool moved = false;
            for (; at != end && !moved; ++at) {
                const std::vector<std::byte> bytes = read_at(file_, at->second);
                const auto commit = storage::verify_commit(bytes, chain);
                if (!commit) {
                    fault = RawFault{.lsn = Lsn{due},
                                     .segment = name_,
                                     .offset = at->second.offset,
                                     .what = std::string("the commit that begins here ") +
                                             storage::describe(commit.error())};
                    continue;
                }
                chain = commit->chain();
                due = commit->last_lsn().value + 1;
                moved = true;
            }
            if (!moved) return fault;
        }
    }

private:
    [[nodiscard]] std::optional<RawFault> missing(std::uint64_t due) const {
        if (places_.upper_bound(due) == places_.end()) return std::nullopt;
        return RawFault{.lsn = Lsn{due},
                        .segment = name_,
                        .what = "the commit that begins here is missing, though later ones follow"};
    }

    std::ifstream file_;
    std::string name_;
    std::multimap<std::uint64_t, Place> places_;
};

}  // namespace

std::optional<RawFault> find_raw_fault(const storage::DataDirectory& directory, Lsn& reached) {
    const storage::Volume& volume = directory.volume();
    Sha256 chain = storage::genesis_chain(directory.uuid());
    std::uint64_t due = 1;
    if (const auto content = volume.read_file(storage::state_file_name)) {
        const storage::JournalState state = storage::decode_state(*content, directory.uuid());
        chain = state.chain_before;
        due = state.oldest_lsn.value;
    }
    reached = Lsn{due - 1};
    const auto names = volume.list();
    if (!names) return std::nullopt;
    std::optional<RawFault> fault;
    std::uint64_t ordinal_before = 0;  // 0: none yet
    for (const std::string& name : *names) {
        const auto ordinal = storage::segment_ordinal(name);
        if (!ordinal) continue;
        const std::uint64_t first_due = due;
        SegmentWalk walk(volume.describe() + "/" + name, name);
        fault = walk.follow(due, chain);
        reached = Lsn{due - 1};
        if (fault && fault->offset == 0 && due == first_due && ordinal_before != 0) {
            // It begins too late: what is missing belongs to the segment before.
            const bool is_gap = *ordinal != ordinal_before + 1;
            fault->segment = storage::segment_name(ordinal_before + (is_gap ? 1 : 0));
            fault->what = is_gap ? "this segment is missing"
                                 : "the commit that begins here is missing at the file's end";
        }
        if (fault) break;
        ordinal_before = *ordinal;
    }
    return fault;
}

}  // namespace suanpan::tools
