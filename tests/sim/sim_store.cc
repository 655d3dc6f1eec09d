// One store of the simulated disk, as a process has it open.
#include "protocol/base/probe.h"
#include "storage/journal_format.h"
#include "tests/sim/sim_disk.h"
#include "tests/support/store_values.h"

#include <algorithm>

namespace suanpan::sim {

using storage::Bytes;
using storage::KeyedValue;
using storage::Pieces;
using storage::store_failure;
using storage::StoreError;
using storage::StoreResult;
using storage::ValueVisitor;

namespace {

constexpr std::size_t sector_bytes = 512;

std::vector<std::byte> joined(Pieces pieces) {
    std::vector<std::byte> value;
    for (const Bytes piece : pieces) value.insert(value.end(), piece.begin(), piece.end());
    return value;
}

std::unexpected<storage::StoreFailure> dead() {
    return store_failure(StoreError::disk, "the process has crashed");
}

class SimStore final : public storage::Store {
public:
    SimStore(SimDisk& disk, std::shared_ptr<SimFile> file, std::string name,
             std::uint64_t capacity_bytes)
        : disk_(disk),
          file_(std::move(file)),
          name_(std::move(name)),
          capacity_bytes_(capacity_bytes) {}

    StoreResult<void> append(std::uint64_t key, Pieces value) override {
        const KeyedValue one{.key = key, .value = value};
        return append_many(std::span(&one, 1));
    }

    StoreResult<void> append_many(std::span<const KeyedValue> values) override {
        if (disk_.is_dead) return dead();
        if (failed_) return store_failure(StoreError::flush_failed, name_);
        const bool is_journal = name_.starts_with("journal-");
        if (!is_journal && disk_.is_full) {
            SUANPAN_PROBE("a checkpoint or baseline found the disk full");
            return store_failure(StoreError::full, name_);
        }
        std::vector<std::vector<std::byte>> bytes;
        std::uint64_t last = file_->values.empty() ? 0 : file_->values.rbegin()->first;
        for (const KeyedValue& value : values) {
            if (value.key <= last) return store_failure(StoreError::key_not_rising, name_);
            last = value.key;
            bytes.push_back(joined(value.value));
        }
        if (bytes_used() + bytes_worst_case(bytes[0].size()) > capacity_bytes_ && is_journal)
            return store_failure(StoreError::full, name_);

        const auto put = [&] {
            file_->stray.clear();
            for (std::size_t i = 0; i < values.size(); ++i) {
                file_->pages_used += SimFile::pages(bytes[i].size());
                file_->values[values[i].key] = bytes[i];
            }
        };
        const bool is_rare = name_.starts_with("baseline-");
        switch (is_rare ? disk_.draw_rare() : disk_.draw(true)) {
            case SimDisk::Fate::done:
                put();
                if (!file_->is_lost_in_cache) file_->unflushed_from = UINT64_MAX;
                return {};
            case SimDisk::Fate::dies_before:
                disk_.die("before an append to", name_);
            case SimDisk::Fate::dies_after:
                put();
                if (!file_->is_lost_in_cache) file_->unflushed_from = UINT64_MAX;
                disk_.die("after an append to", name_);
            case SimDisk::Fate::dies_unflushed:
                put();
                file_->unflushed_from = std::min(file_->unflushed_from, values[0].key);
                disk_.die("before the flush of an append to", name_);
            case SimDisk::Fate::dies_torn:
                // Written to their pages, whole or in part, but the index does not know them yet.
                file_->stray.clear();
                for (std::vector<std::byte>& value : bytes)
                    file_->stray.push_back(disk_.random().one_in(2)
                                               ? std::move(value)
                                               : torn(std::move(value), disk_.random()));
                disk_.die("in an append to", name_);
            case SimDisk::Fate::flush_fails:
                failed_ = true;
                ++disk_.failed_flushes;
                if (!is_journal) {
                    SUANPAN_PROBE("the flush of a checkpoint or baseline failed");
                }
                if (!disk_.random().one_in(3)) {
                    SUANPAN_PROBE("a flush failed that left its bytes in the cache");
                    put();
                    file_->unflushed_from = std::min(file_->unflushed_from, values[0].key);
                    file_->is_lost_in_cache = true;
                }
                return store_failure(StoreError::flush_failed, name_ + ": the flush failed");
        }
        return {};
    }

    StoreResult<void> remove_after(std::uint64_t key) override {
        if (disk_.is_dead) return dead();
        const SimDisk::Fate fate = disk_.draw(false);
        if (fate == SimDisk::Fate::dies_before || fate == SimDisk::Fate::dies_torn)
            disk_.die("before values were cut off", name_);
        file_->drop_from(file_->values.upper_bound(key));
        if (fate != SimDisk::Fate::done) disk_.die("after values were cut off", name_);
        return {};
    }

    StoreResult<void> flush() override {
        if (disk_.is_dead) return dead();
        const SimDisk::Fate fate = disk_.draw(false);
        if (fate == SimDisk::Fate::dies_before || fate == SimDisk::Fate::dies_torn)
            disk_.die("before a flush of", name_);
        // What a failed flush left behind is never written by a later one.
        if (!file_->is_lost_in_cache) file_->unflushed_from = UINT64_MAX;
        if (fate != SimDisk::Fate::done) disk_.die("after a flush of", name_);
        return {};
    }

    StoreResult<std::optional<std::uint64_t>> visit_at_or_before(
        std::uint64_t key, const ValueVisitor& visitor) const override {
        return storage::value_at_or_before(file_->values, key, visitor);
    }
    StoreResult<std::optional<std::uint64_t>> visit_at_or_after(
        std::uint64_t key, const ValueVisitor& visitor) const override {
        return storage::value_at_or_after(file_->values, key, visitor);
    }
    [[nodiscard]] StoreResult<std::optional<std::uint64_t>> last_key() const override {
        return visit_at_or_before(UINT64_MAX, [](std::uint64_t, Bytes) {});
    }
    StoreResult<void> scan_raw(std::uint64_t magic,
                               const std::function<std::size_t(Bytes head)>& wanted,
                               const std::function<void(Bytes value)>& found) const override {
        for (const auto& value : file_->stray) storage::scan_value(value, magic, wanted, found);
        for (const auto& [key, value] : file_->values)
            storage::scan_value(value, magic, wanted, found);
        return {};
    }

    [[nodiscard]] std::uint64_t bytes_used() const override {
        return file_->pages_used * disk_.page_bytes;
    }
    [[nodiscard]] std::uint64_t bytes_capacity() const override { return capacity_bytes_; }
    [[nodiscard]] std::uint64_t bytes_worst_case(std::uint64_t value_bytes) const override {
        return (SimFile::pages(value_bytes) + 1) * disk_.page_bytes;
    }
    [[nodiscard]] StoreResult<Sha256> content_hash() const override {
        std::vector<std::byte> all;
        for (const auto& [key, value] : file_->values)
            all.insert(all.end(), value.begin(), value.end());
        return sha256(all);
    }

private:
    SimDisk& disk_;
    std::shared_ptr<SimFile> file_;
    const std::string name_;
    const std::uint64_t capacity_bytes_;
    bool failed_ = false;
};

}  // namespace

// A value begins behind the page header, so that its first sector is that much shorter.
std::vector<std::byte> torn(std::vector<std::byte> value, Random& random) {
    bool any = false;
    for (std::size_t end = sector_bytes - storage::page_header_bytes, at = 0; at < value.size();
         at = end, end += sector_bytes) {
        if (!random.one_in(2)) continue;
        const std::size_t stop = std::min(end, value.size());
        std::fill(value.begin() + static_cast<std::ptrdiff_t>(at),
                  value.begin() + static_cast<std::ptrdiff_t>(stop), std::byte{0});
        any = true;
    }
    if (!any)
        std::fill_n(value.begin(),
                    std::min(value.size(), sector_bytes - storage::page_header_bytes),
                    std::byte{0});
    return value;
}

std::shared_ptr<storage::Store> open_sim_store(SimDisk& disk, std::shared_ptr<SimFile> file,
                                               const std::string& name,
                                               std::uint64_t capacity_bytes) {
    return std::make_shared<SimStore>(disk, std::move(file), name, capacity_bytes);
}

}  // namespace suanpan::sim
