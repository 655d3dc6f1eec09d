// CommitFeed: the journal's commits for several threads at once, each one read and checked once.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "storage/journal.h"
#include "storage/journal_format.h"
#include "storage/volume.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace suanpan::storage {

// Some commits, one right after the other. Reused: what it has allocated stays.
struct CommitRun {
    std::vector<CommitView> commits;  // into `values`, once fetched

    // The feed's own.
    std::shared_ptr<Store> store;
    std::uint64_t ordinal = 0;
    std::vector<std::uint64_t> keys;  // first LSNs
    Sha256 chain_before{};            // as the commit before says it
    std::optional<JournalError> failure;
    std::vector<std::vector<std::byte>> values;
};

// Hands out the commits from the one that contains `from` to the last one there was at the
// beginning: claim() gives the next run, and costs a look at a header for each commit in it;
// fetch() copies and checks that run, with CRC-32C and hash chain (INV-2).
//
// claim(): one thread at a time, which the caller sees to. fetch(): any thread, each run by itself.
// A run is checked against the chain that the commit before it *says* it has; that commit lies in
// an earlier run and is checked itself, so that all runs up to one being sound means that the chain
// holds up to there. The journal outlives the feed.
class CommitFeed {
public:
    CommitFeed(const Journal& journal, Lsn from);

    // False: there is no commit left.
    [[nodiscard]] bool claim(CommitRun& run);
    // After an error in one run nothing that a later run says is to be believed.
    [[nodiscard]] JournalResult<void> fetch(CommitRun& run) const;

private:
    // The header of the commit under `expected_`, not checked; nothing where there is none.
    [[nodiscard]] std::optional<CommitHeader> peek() const;
    [[nodiscard]] bool open_segment(CommitRun& run);

    const Journal& journal_;
    const Lsn last_;
    Lsn expected_;  // first LSN of the next commit to claim
    Sha256 chain_{};
    std::shared_ptr<Store> store_;
    std::uint64_t ordinal_ = 0;
    Lsn end_;  // the last LSN in store_
    bool ended_ = false;
    std::optional<JournalError> failure_;  // met at the beginning; the first claim hands it on
};

}  // namespace suanpan::storage
