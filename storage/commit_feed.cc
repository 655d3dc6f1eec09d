#include "storage/commit_feed.h"

#include "protocol/limits.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace suanpan::storage {
namespace {

// Small commits are claimed together until they have so many bytes.
constexpr std::uint64_t run_bytes = 128U << 10U;

}  // namespace

CommitFeed::CommitFeed(const Journal& journal, Lsn from)
    : journal_(journal), last_(journal.last_lsn()) {
    if (from > last_) {
        ended_ = true;
        return;
    }
    const JournalResult<void> first = journal_.visit_commit(
        from, [this](Bytes, const CommitView& commit) { expected_ = commit.first_lsn(); });
    if (!first) {
        failure_ = first.error();
        return;
    }
    JournalResult<Sha256> before = journal_.chain_before(expected_);
    if (before)
        chain_ = *before;
    else
        failure_ = std::move(before.error());
}

std::optional<CommitHeader> CommitFeed::peek() const {
    std::optional<CommitHeader> header;
    const auto key =
        store_->visit_at_or_after(expected_.value, [&](std::uint64_t found, Bytes value) {
            if (found != expected_.value || commit_bytes_claimed(value) == 0) return;
            std::memcpy(&header.emplace(), value.data(), sizeof(CommitHeader));
        });
    if (!key || !header || header->count == 0 || header->count > limits::commit_entries_max ||
        header->first_lsn != expected_.value)
        return std::nullopt;
    return header;
}

bool CommitFeed::open_segment(CommitRun& run) {
    if (store_ != nullptr && expected_ <= end_) return true;
    const std::optional<SegmentInfo> segment = journal_.segment_of(expected_);
    if (!segment) {
        run.failure = JournalError{
            .fault = JournalFault::history_ends,
            .sentence = "LSN " + std::to_string(expected_.value) + " has just been retired"};
        return false;
    }
    JournalResult<std::shared_ptr<Store>> store = journal_.reader_of(segment->ordinal);
    if (!store) {
        run.failure = std::move(store.error());
        return false;
    }
    store_ = std::move(*store);
    ordinal_ = segment->ordinal;
    end_ = segment->last_lsn.value == 0 ? last_ : std::min(segment->last_lsn, last_);
    return true;
}

bool CommitFeed::claim(CommitRun& run) {
    if (ended_ || (!failure_ && expected_ > last_)) return false;
    run.commits.clear();
    run.keys.clear();
    run.failure = std::exchange(failure_, std::nullopt);
    if (run.failure || !open_segment(run)) {
        ended_ = true;
        return true;
    }
    run.store = store_;
    run.ordinal = ordinal_;
    run.chain_before = chain_;
    std::uint64_t bytes = 0;
    while (bytes < run_bytes && expected_ <= end_) {
        run.keys.push_back(expected_.value);
        const std::optional<CommitHeader> header = peek();
        if (!header) {
            // fetch() will say what is wrong with it.
            ended_ = true;
            return true;
        }
        bytes += commit_value_bytes(header->body_bytes);
        chain_ = header->chain;
        expected_ = Lsn{header->first_lsn + header->count};
    }
    return true;
}

JournalResult<void> CommitFeed::fetch(CommitRun& run) const {
    if (run.failure) return std::unexpected(*run.failure);
    if (run.values.size() < run.keys.size()) run.values.resize(run.keys.size());
    Sha256 chain = run.chain_before;
    for (std::size_t i = 0; i < run.keys.size(); ++i) {
        const Lsn lsn{run.keys[i]};
        const StoreResult<std::optional<std::uint64_t>> key =
            run.store->read_at_or_after(lsn.value, run.values[i]);
        if (!key) return std::unexpected(journal_.damage(run.ordinal, lsn, key.error().detail));
        if (*key != lsn.value)
            return std::unexpected(
                journal_.damage(run.ordinal, lsn, "the commit that begins here is missing"));
        std::expected<CommitView, CommitFault> commit = verify_commit(run.values[i], chain);
        if (commit && commit->first_lsn() != lsn)
            commit = std::unexpected(CommitFault::not_a_commit);
        if (!commit)
            return std::unexpected(journal_.damage(
                run.ordinal, lsn,
                std::string("the commit that begins here ") + describe(commit.error())));
        chain = commit->chain();
        run.commits.push_back(*commit);
    }
    return {};
}

}  // namespace suanpan::storage
