#include "bench/load/raw_disk.h"

#include "bench/load/scratch_folder.h"
#include "storage/lmdb_volume.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

namespace suanpan::load {
namespace {

using storage::Bytes;

std::int64_t monotonic_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Bytes that no disk can compress or find twice.
std::vector<std::byte> noise(std::size_t count) {
    std::vector<std::byte> bytes(count);
    fill_random(bytes);
    return bytes;
}

template <typename T>
T value_or_throw(storage::StoreResult<T>&& result) {
    if (!result) throw std::runtime_error("raw-lmdb: " + result.error().detail);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The stores of one measurement, one after the other, like the journal's segments.
class Stores {
public:
    Stores(const RawLmdbOptions& options, const std::string& path)
        : options_(options), volume_(storage::open_lmdb_volume(path)) {}

    // Makes the next store and removes the one before.
    void next() {
        const std::string before = name_;
        store_.reset();
        if (!before.empty()) value_or_throw(volume_->remove(before));
        name_ = fmt::format("raw-{}.lmdb", ++ordinal_);
        const std::array<std::byte, 8> first{};
        value_or_throw(volume_->create_ahead(
            name_, {.capacity_bytes = options_.segment_bytes, .written_ahead = options_.ahead},
            first));
        store_ = value_or_throw(
            volume_->open(name_, storage::OpenMode::read_write, options_.segment_bytes));
    }
    [[nodiscard]] bool has_room(std::size_t value_bytes) const {
        return store_ != nullptr && store_->bytes_used() + store_->bytes_worst_case(value_bytes) <=
                                        store_->bytes_capacity();
    }
    void append(std::uint64_t key, Bytes value) {
        value_or_throw(store_->append(key, std::span(&value, 1)));
    }

private:
    const RawLmdbOptions& options_;
    std::unique_ptr<storage::Volume> volume_;
    std::shared_ptr<storage::Store> store_;
    std::string name_;
    unsigned ordinal_ = 0;
};

}  // namespace

RawReport measure_raw_lmdb(const RawLmdbOptions& options) {
    const ScratchFolder folder(options.directory);
    Stores stores(options, folder.path().string());
    const std::size_t value_bytes = std::size_t{options.per_commit} * options.entry_bytes;
    const std::vector<std::byte> value = noise(value_bytes);
    const auto run_ns = static_cast<std::int64_t>(options.seconds * 1e9);
    Histogram latency;
    std::int64_t spent_ns = 0;
    std::uint64_t key = 0;
    while (spent_ns < run_ns) {
        if (!stores.has_room(value_bytes)) {
            stores.next();
            if (!stores.has_room(value_bytes)) {
                throw std::runtime_error("raw-lmdb: a commit is larger than the file");
            }
        }
        const std::int64_t begin_ns = monotonic_ns();
        stores.append(++key, value);
        const std::int64_t took_ns = monotonic_ns() - begin_ns;
        latency.record(static_cast<std::uint64_t>(took_ns));
        spent_ns += took_ns;
    }
    RawReport report;
    report.label = fmt::format("LMDB alone, full sync{}: {} records of {} bytes per commit",
                               options.ahead ? ", file written ahead" : "", options.per_commit,
                               options.entry_bytes);
    report.elapsed_s = static_cast<double>(spent_ns) / 1e9;
    report.records = key * options.per_commit;
    report.latency = latency.snapshot();
    return report;
}

RawReport measure_raw_flush(const RawFlushOptions& options) {
    const ScratchFolder folder(options.directory);
    const std::string path = (folder.path() / "flush").string();
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const auto refuse = [&](const char* what) {
        const std::string reason = std::strerror(errno);
        if (file >= 0) ::close(file);
        throw std::runtime_error(fmt::format("raw-flush: {}: cannot {}: {}", path, what, reason));
    };
    if (file < 0) refuse("create");
    constexpr std::uint64_t slots = 4096;
    const std::vector<std::byte> block = noise(options.bytes);
    const auto write_at = [&](std::uint64_t slot) {
        return ::pwrite(file, block.data(), block.size(),
                        static_cast<off_t>((slot % slots) * block.size())) ==
               static_cast<ssize_t>(block.size());
    };
    for (std::uint64_t slot = 0; slot < slots; ++slot) {
        if (!write_at(slot)) refuse("write");
    }
    if (::fsync(file) != 0) refuse("flush");

    Histogram latency;
    const std::int64_t start_ns = monotonic_ns();
    const auto run_ns = static_cast<std::int64_t>(options.seconds * 1e9);
    std::uint64_t count = 0;
    std::int64_t now_ns = start_ns;
    while (now_ns - start_ns < run_ns) {
        if (!write_at(count)) refuse("write");
        if (::fdatasync(file) != 0) refuse("flush");
        const std::int64_t then_ns = now_ns;
        now_ns = monotonic_ns();
        latency.record(static_cast<std::uint64_t>(now_ns - then_ns));
        ++count;
    }
    ::close(file);
    RawReport report;
    report.label =
        fmt::format("the disk's flush alone: pwrite of {} bytes and fdatasync", options.bytes);
    report.elapsed_s = static_cast<double>(now_ns - start_ns) / 1e9;
    report.records = count;
    report.latency = latency.snapshot();
    return report;
}

}  // namespace suanpan::load
