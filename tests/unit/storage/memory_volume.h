// MemoryVolume: a Volume without a disk, for tests of what lies above the seam.
#pragma once

#include "storage/volume.h"
#include "tests/support/store_values.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace suanpan::storage {

// What a MemoryVolume keeps of one store. Tests reach in to damage it.
struct MemoryFile {
    std::mutex mutex;
    std::map<std::uint64_t, std::vector<std::byte>> values;
    // Bytes that lie in the file without being in its index.
    std::vector<std::vector<std::byte>> stray_values;
    std::uint64_t used = 4096;
    bool fail_next_append = false;
};

// Thread-safe. Everything is durable at once, nothing ever fails unless a test says so.
class MemoryStore final : public Store {
public:
    MemoryStore(std::shared_ptr<MemoryFile> file, std::uint64_t capacity_bytes)
        : file_(std::move(file)), capacity_(capacity_bytes) {}

    StoreResult<void> append(std::uint64_t key, Pieces value) override {
        const KeyedValue one{.key = key, .value = value};
        return append_many(std::span(&one, 1));
    }
    StoreResult<void> append_many(std::span<const KeyedValue> values) override {
        const std::lock_guard lock(file_->mutex);
        if (std::exchange(file_->fail_next_append, false))
            return store_failure(StoreError::flush_failed, "the test says so");
        for (const KeyedValue& item : values) {
            if (!file_->values.empty() && item.key <= file_->values.rbegin()->first)
                return store_failure(StoreError::key_not_rising, "key does not rise");
            std::vector<std::byte>& value = file_->values[item.key];
            for (const Bytes piece : item.value)
                value.insert(value.end(), piece.begin(), piece.end());
            file_->used += (value.size() + 4095) / 4096 * 4096;
        }
        return {};
    }
    StoreResult<void> remove_after(std::uint64_t key) override {
        const std::lock_guard lock(file_->mutex);
        file_->values.erase(file_->values.upper_bound(key), file_->values.end());
        return {};
    }
    StoreResult<void> flush() override { return {}; }

    StoreResult<std::optional<std::uint64_t>> visit_at_or_before(
        std::uint64_t key, const ValueVisitor& visitor) const override {
        const std::lock_guard lock(file_->mutex);
        return value_at_or_before(file_->values, key, visitor);
    }
    StoreResult<std::optional<std::uint64_t>> visit_at_or_after(
        std::uint64_t key, const ValueVisitor& visitor) const override {
        const std::lock_guard lock(file_->mutex);
        return value_at_or_after(file_->values, key, visitor);
    }
    [[nodiscard]] StoreResult<std::optional<std::uint64_t>> last_key() const override {
        return visit_at_or_before(UINT64_MAX, [](std::uint64_t, Bytes) {});
    }
    StoreResult<void> scan_raw(std::uint64_t magic,
                               const std::function<std::size_t(Bytes head)>& wanted,
                               const std::function<void(Bytes value)>& found) const override {
        const std::lock_guard lock(file_->mutex);
        for (const auto& [key, value] : file_->values) scan_value(value, magic, wanted, found);
        for (const auto& value : file_->stray_values) scan_value(value, magic, wanted, found);
        return {};
    }
    [[nodiscard]] std::uint64_t bytes_used() const override {
        const std::lock_guard lock(file_->mutex);
        return file_->used;
    }
    [[nodiscard]] std::uint64_t bytes_capacity() const override { return capacity_; }
    [[nodiscard]] std::uint64_t bytes_worst_case(std::uint64_t value_bytes) const override {
        return (value_bytes + 4095) / 4096 * 4096;
    }
    [[nodiscard]] StoreResult<Sha256> content_hash() const override {
        const std::lock_guard lock(file_->mutex);
        std::vector<std::byte> all;
        for (const auto& [key, value] : file_->values)
            all.insert(all.end(), value.begin(), value.end());
        return sha256(all);
    }

private:
    std::shared_ptr<MemoryFile> file_;
    std::uint64_t capacity_;
};

// Copyable in its content: `files` and `stores` survive the Journal that used them, as a disk
// would.
class MemoryVolume final : public Volume {
public:
    bool fail_next_file = false;
    std::map<std::string, std::vector<std::byte>> files;
    std::map<std::string, std::shared_ptr<MemoryFile>> stores;
    std::uint64_t stores_max = UINT64_MAX;  // beyond: the disk is full
    bool locked = false;

    [[nodiscard]] std::string describe() const override { return "memory"; }
    [[nodiscard]] StoreResult<std::vector<std::string>> list() const override {
        std::vector<std::string> names;
        for (const auto& [name, content] : files) names.push_back(name);
        for (const auto& [name, store] : stores) names.push_back(name);
        std::sort(names.begin(), names.end());
        return names;
    }
    StoreResult<void> create_ahead(const std::string& name, const StoreShape&,
                                   Bytes first_value) override {
        if (stores.contains(name)) return store_failure(StoreError::exists, name);
        if (stores.size() >= stores_max) return store_failure(StoreError::full, "no space");
        auto file = std::make_shared<MemoryFile>();
        file->values[0].assign(first_value.begin(), first_value.end());
        stores[name] = std::move(file);
        return {};
    }
    StoreResult<std::shared_ptr<Store>> open(const std::string& name, OpenMode,
                                             std::uint64_t capacity_bytes) override {
        const auto found = stores.find(name);
        if (found == stores.end())
            return store_failure(StoreError::not_found, name + ": no such file");
        return std::make_shared<MemoryStore>(found->second, capacity_bytes);
    }
    StoreResult<void> check_suspect(const std::string&) override { return {}; }
    StoreResult<void> forget_cached(const std::string&) override { return {}; }
    StoreResult<void> remove(const std::string& name) override {
        files.erase(name);
        stores.erase(name);
        return {};
    }
    [[nodiscard]] StoreResult<std::vector<std::byte>> read_file(
        const std::string& name) const override {
        const auto found = files.find(name);
        if (found == files.end())
            return store_failure(StoreError::not_found, name + ": no such file");
        return found->second;
    }
    StoreResult<void> write_file_durably(const std::string& name, Bytes content) override {
        if (std::exchange(fail_next_file, false))
            return store_failure(StoreError::flush_failed, "the test says so");
        files[name].assign(content.begin(), content.end());
        return {};
    }
    StoreResult<void> write_file(const std::string& name, Bytes content) override {
        files[name].assign(content.begin(), content.end());
        return {};
    }
    StoreResult<void> flush_directory() override { return {}; }
    [[nodiscard]] StoreResult<std::uint64_t> free_bytes() const override {
        return std::uint64_t{1} << 40U;
    }
    StoreResult<std::unique_ptr<VolumeLock>> lock() override {
        struct Held final : VolumeLock {
            explicit Held(bool& flag) : held(flag) { held = true; }
            ~Held() override { held = false; }
            bool& held;
        };
        if (locked) return store_failure(StoreError::locked, "memory: is in use by process 1");
        return std::make_unique<Held>(locked);
    }
};

}  // namespace suanpan::storage
