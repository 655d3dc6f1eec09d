// Journal: reading.
#include "protocol/base/assert.h"
#include "storage/journal.h"

#include <algorithm>

namespace suanpan::storage {

JournalError Journal::damage(std::uint64_t ordinal, Lsn lsn, const std::string& what) const {
    return {.fault = JournalFault::damaged,
            .sentence = volume_.describe() + "/" + segment_name(ordinal) + ": LSN " +
                        std::to_string(lsn.value) + ": " + what +
                        "; restore this segment from a backup, and see what suanpan-verify says"};
}

std::optional<SegmentInfo> Journal::segment_of(Lsn lsn) const {
    const std::lock_guard lock(mutex_);
    auto after = std::upper_bound(
        segments_.begin(), segments_.end(), lsn,
        [](Lsn wanted, const SegmentInfo& segment) { return wanted < segment.first_lsn; });
    if (after == segments_.begin()) return std::nullopt;
    return *--after;
}

JournalResult<std::shared_ptr<Store>> Journal::reader_of(std::uint64_t ordinal) const {
    {
        const std::lock_guard lock(mutex_);
        if (ordinal == active_ordinal_) return active_;
        for (const OpenSegment& open : freshly_sealed_)
            if (open.ordinal == ordinal) return open.store;
    }
    const std::lock_guard lock(readers_mutex_);
    const auto found = std::find_if(readers_.begin(), readers_.end(), [&](const OpenSegment& open) {
        return open.ordinal == ordinal;
    });
    if (found != readers_.end()) {
        readers_.splice(readers_.begin(), readers_, found);
        return readers_.front().store;
    }
    std::shared_ptr<Store> store = known_[ordinal].lock();
    if (store == nullptr) {
        StoreResult<std::shared_ptr<Store>> opened =
            volume_.open(segment_name(ordinal), OpenMode::read_only, options_.segment_bytes);
        if (!opened && opened.error().error == StoreError::not_found)
            return std::unexpected(JournalError{
                .fault = JournalFault::damaged,
                .sentence = opened.error().detail + "; restore this segment from a backup"});
        if (!opened)
            return std::unexpected(JournalError{.fault = opened.error().error == StoreError::damaged
                                                             ? JournalFault::damaged
                                                             : JournalFault::disk,
                                                .sentence = opened.error().detail});
        store = std::move(*opened);
        // Opened lazily, so this is the first look at it.
        try {
            std::vector<std::byte> header;
            const auto key = store->read_at_or_before(0, header);
            if (!key)
                return std::unexpected(
                    JournalError{.fault = JournalFault::damaged, .sentence = key.error().detail});
            check_segment_header(header, ordinal, uuid_);
        } catch (const OpenError& error) {
            return std::unexpected(
                JournalError{.fault = JournalFault::damaged, .sentence = error.what()});
        }
        known_[ordinal] = store;
    }
    readers_.push_front({.ordinal = ordinal, .store = store});
    while (readers_.size() > options_.open_segments_max) readers_.pop_back();
    std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
    return store;
}

JournalResult<void> Journal::visit_commit(
    Lsn lsn, const std::function<void(Bytes value, const CommitView&)>& fn) const {
    if (lsn.value == 0 || lsn > last_lsn())
        return std::unexpected(
            JournalError{.fault = JournalFault::not_found,
                         .sentence = "there is no LSN " + std::to_string(lsn.value)});
    const std::optional<SegmentInfo> segment = segment_of(lsn);
    if (!segment)
        return std::unexpected(JournalError{
            .fault = JournalFault::history_ends,
            .sentence = "LSN " + std::to_string(lsn.value) + " is older than what is kept"});
    JournalResult<std::shared_ptr<Store>> store = reader_of(segment->ordinal);
    if (!store) {
        // A retention may have removed it just now.
        if (!segment_of(lsn))
            return std::unexpected(JournalError{
                .fault = JournalFault::history_ends,
                .sentence = "LSN " + std::to_string(lsn.value) + " has just been retired"});
        return std::unexpected(std::move(store.error()));
    }

    std::expected<CommitView, CommitFault> commit = std::unexpected(CommitFault::not_a_commit);
    const StoreResult<std::optional<std::uint64_t>> key =
        (*store)->visit_at_or_before(lsn.value, [&](std::uint64_t found, Bytes value) {
            if (found == 0) return;  // the segment's header
            commit = parse_commit(value);
            if (commit && (commit->header().first_lsn != found || commit->last_lsn() < lsn))
                commit = std::unexpected(CommitFault::not_a_commit);
            if (commit) fn(value, *commit);
        });
    if (!key) return std::unexpected(damage(segment->ordinal, lsn, key.error().detail));
    if (!commit)
        return std::unexpected(
            damage(segment->ordinal, lsn,
                   commit.error() == CommitFault::not_a_commit
                       ? std::string("the commit that should hold it is not there")
                       : std::string("the commit that holds it ") + describe(commit.error())));
    return {};
}

JournalResult<CommitCopy> Journal::read(Lsn lsn) const {
    CommitCopy copy;
    JournalResult<void> read = visit_commit(lsn, [&copy](Bytes value, const CommitView&) {
        copy.bytes.assign(value.begin(), value.end());
    });
    if (!read) return std::unexpected(std::move(read.error()));
    // The checksum was right a moment ago; this finds the same lengths in the copy.
    const std::expected<CommitView, CommitFault> view = parse_commit(copy.bytes);
    SUANPAN_ASSERT(view.has_value());
    copy.view = *view;
    return copy;
}

JournalResult<void> Journal::read_entry(Lsn lsn, std::vector<std::byte>& out) const {
    return visit_commit(lsn, [&](Bytes, const CommitView& commit) {
        const Bytes entry = commit.entry(lsn);
        out.assign(entry.begin(), entry.end());
    });
}

JournalResult<Sha256> Journal::chain_before(Lsn first_lsn) const {
    {
        const std::lock_guard lock(mutex_);
        if (first_lsn == oldest_lsn_) return chain_before_oldest_;
    }
    Sha256 chain{};
    JournalResult<void> read =
        visit_commit(Lsn{first_lsn.value - 1},
                     [&chain](Bytes, const CommitView& commit) { chain = commit.chain(); });
    if (!read) return std::unexpected(std::move(read.error()));
    return chain;
}

JournalResult<void> Journal::for_each_commit(
    Lsn from, CommitCheck check, const std::function<bool(const CommitView&)>& fn) const {
    const Lsn last = last_lsn();
    if (from > last) return {};
    Lsn expected;
    JournalResult<void> first = visit_commit(
        from, [&expected](Bytes, const CommitView& commit) { expected = commit.first_lsn(); });
    if (!first) return first;
    Sha256 chain{};
    if (check == CommitCheck::chain) {
        JournalResult<Sha256> before = chain_before(expected);
        if (!before) return std::unexpected(std::move(before.error()));
        chain = *before;
    }

    std::vector<std::byte> copy;
    while (expected <= last) {
        const std::optional<SegmentInfo> segment = segment_of(expected);
        if (!segment)
            return std::unexpected(JournalError{
                .fault = JournalFault::history_ends,
                .sentence = "LSN " + std::to_string(expected.value) + " has just been retired"});
        JournalResult<std::shared_ptr<Store>> store = reader_of(segment->ordinal);
        if (!store) return std::unexpected(std::move(store.error()));
        const bool sealed = segment->last_lsn.value != 0;
        const Lsn end = sealed ? std::min(segment->last_lsn, last) : last;
        while (expected <= end) {
            std::expected<CommitView, CommitFault> commit =
                std::unexpected(CommitFault::not_a_commit);
            bool go_on = true;
            const auto look = [&](Bytes value) {
                commit =
                    check == CommitCheck::chain ? verify_commit(value, chain) : parse_commit(value);
                if (commit && commit->first_lsn() != expected)
                    commit = std::unexpected(CommitFault::not_a_commit);
                if (commit) go_on = fn(*commit);
            };
            // The active segment is being written, so its bytes are copied out first.
            const StoreResult<std::optional<std::uint64_t>> key =
                sealed ? (*store)->visit_at_or_after(expected.value,
                                                     [&](std::uint64_t found, Bytes value) {
                                                         if (found == expected.value) look(value);
                                                     })
                       : (*store)->read_at_or_after(expected.value, copy);
            if (!key)
                return std::unexpected(damage(segment->ordinal, expected, key.error().detail));
            if (!sealed && *key == expected.value) look(copy);
            if (*key != expected.value)
                return std::unexpected(
                    damage(segment->ordinal, expected, "the commit that begins here is missing"));
            if (!commit)
                return std::unexpected(
                    damage(segment->ordinal, expected,
                           std::string("the commit that begins here ") + describe(commit.error())));
            if (!go_on) return {};
            chain = commit->chain();
            expected = commit->last_lsn() + 1;
        }
    }
    return {};
}

std::vector<FileRange> Journal::files_from(Lsn from) const {
    std::vector<FileRange> files;
    const std::lock_guard lock(mutex_);
    for (const SegmentInfo& segment : segments_) {
        const bool sealed = segment.last_lsn.value != 0;
        const Lsn last = sealed ? segment.last_lsn : last_lsn();
        if (last < from) continue;
        FileRange file{.name = segment_name(segment.ordinal),
                       .to = sealed ? options_.segment_bytes : active_->bytes_used()};
        // As if all entries were of one size.
        if (from > segment.first_lsn) {
            const auto part = static_cast<double>(from.value - segment.first_lsn.value) /
                              static_cast<double>(last.value - segment.first_lsn.value + 1);
            file.from = static_cast<std::uint64_t>(part * static_cast<double>(file.to));
        }
        files.push_back(std::move(file));
    }
    return files;
}

}  // namespace suanpan::storage
