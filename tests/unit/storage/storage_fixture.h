// What the tests of storage share: a temporary directory, entries made from numbers, a journal
// opened over a volume.
#pragma once

#include "storage/data_directory.h"
#include "storage/journal.h"
#include "storage/lmdb_volume.h"
#include "tests/support/temporary_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace suanpan::storage {

// A temporary folder with paths as text, as storage takes them.
class TemporaryDirectory {
public:
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    TemporaryFolder folder_;
    std::string path_ = folder_.path().string();
};

// The bytes of entry `lsn`: different for every LSN, and of different lengths.
inline std::vector<std::byte> entry_of(std::uint64_t lsn, std::size_t bytes = 100) {
    std::vector<std::byte> entry(bytes + lsn % 7);
    for (std::size_t i = 0; i < entry.size(); ++i)
        entry[i] = static_cast<std::byte>(lsn * 31 + i * 7 + 1);
    return entry;
}

// Appends entries [last + 1, last + count] as one commit.
inline JournalResult<void> append_entries(Journal& journal, std::uint32_t count,
                                          std::size_t bytes = 100) {
    const std::uint64_t first = journal.last_lsn().value + 1;
    std::vector<std::byte> run;
    std::vector<std::uint32_t> lengths;
    for (std::uint64_t lsn = first; lsn < first + count; ++lsn) {
        const std::vector<std::byte> entry = entry_of(lsn, bytes);
        run.insert(run.end(), entry.begin(), entry.end());
        lengths.push_back(static_cast<std::uint32_t>(entry.size()));
    }
    // Two runs, so that more than one piece is always at work.
    const std::size_t half = run.size() / 2;
    const Bytes all(run);
    const Bytes runs[] = {all.first(half), all.subspan(half)};
    return journal.append({.first_lsn = first,
                           .count = count,
                           .time = Instant{static_cast<std::int64_t>(first) * 1000},
                           .request_floor_ms = static_cast<std::int64_t>(first)},
                          runs, lengths);
}

// Builds whatever is missing ahead.
inline void build_all(Journal& journal) {
    while (true) {
        const JournalResult<bool> built = journal.build_ahead();
        if (!built || !*built) return;
    }
}

inline JournalOptions small_segments() {
    JournalOptions options;
    options.segment_bytes = 512U << 10U;
    return options;
}

// Overwrites bytes of a file in place.
inline void poke(const std::string& path, std::uint64_t offset, std::string_view bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// One data directory on a real disk, opened again and again.
class RealJournal {
public:
    explicit RealJournal(JournalOptions options = small_segments()) : options_(options) { open(); }

    void open() {
        kill();  // what an earlier, refused open() has left
        volume_ = open_lmdb_volume(directory_.path());
        data_ = std::make_unique<DataDirectory>(DataDirectory::open(*volume_, {}));
        journal_ = Journal::open(*data_, options_);
    }
    // As if the process had been killed: no orderly close.
    void kill() {
        journal_.reset();
        data_.reset();
        volume_.reset();
    }
    void kill_and_open() {
        kill();
        open();
    }
    void stop() {
        ASSERT_TRUE(journal_->close().has_value());
        kill();
    }

    [[nodiscard]] Journal& journal() { return *journal_; }
    [[nodiscard]] DataDirectory& data() { return *data_; }
    [[nodiscard]] Volume& volume() { return *volume_; }
    [[nodiscard]] JournalOptions& options() { return options_; }
    [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }
    [[nodiscard]] std::string segment(std::uint64_t ordinal) const {
        return directory_.file(segment_name(ordinal));
    }

private:
    TemporaryDirectory directory_;
    JournalOptions options_;
    std::unique_ptr<Volume> volume_;
    std::unique_ptr<DataDirectory> data_;
    std::unique_ptr<Journal> journal_;
};

}  // namespace suanpan::storage
