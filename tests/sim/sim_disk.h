// The simulated disk: what survives a crash, and everything that can go wrong with it.
#pragma once

#include "storage/volume.h"
#include "tests/sim/crash_probes.h"
#include "tests/sim/random.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace suanpan::sim {

// The process has died. Thrown out of the step in which it happened, caught by the simulator, which
// throws the whole server away.
struct Crash : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// How often things go wrong, once in so many operations that write; 0: never.
struct DiskFaults {
    std::uint64_t crash_one_in = 0;
    std::uint64_t failed_flush_one_in = 0;
    std::uint64_t power_loss_one_in = 0;  // of the process's ends
    std::uint64_t rot_one_in = 0;         // of those: a byte of a checkpoint has changed
};

// One store's bytes.
struct SimFile {
    std::map<std::uint64_t, std::vector<std::byte>> values;  // as a process sees them
    // Values from this key on lie in the page cache only: their transaction was not flushed.
    std::uint64_t unflushed_from = UINT64_MAX;
    // Their flush has failed: the kernel calls them clean, and no later flush will write them.
    bool is_lost_in_cache = false;
    // What a crash has left in the raw file without an entry in its index: whole or torn values.
    // The next transaction writes to the same pages, so it takes their place.
    std::vector<std::vector<std::byte>> stray;
    std::uint64_t pages_used = 1;

    // Pages of 4096 bytes that a value takes.
    static std::uint64_t pages(std::uint64_t bytes) { return (bytes + 4095) / 4096; }
    // The values from `first` on have never been there.
    void drop_from(std::map<std::uint64_t, std::vector<std::byte>>::iterator first);
};

// The content of the directory, over all lives of the server.
//
// Each operation that writes is a point where the process may die: before it, in the middle of it
// or after it. What it had not flushed stays in the page cache, where the next process sees it;
// when the power goes too, any of it may be missing, or torn at 512-byte sectors. A flush may fail,
// with the bytes on the disk or not. Single-threaded.
class SimDisk {
public:
    explicit SimDisk(Random& random) : random_(random) {}

    using Files = std::map<std::string, std::vector<std::byte>>;
    using Stores = std::map<std::string, std::shared_ptr<SimFile>>;
    Files files;
    Stores stores;
    DiskFaults faults;
    bool is_full = false;    // no new store, no growing checkpoint
    bool is_locked = false;  // a process holds the directory
    bool is_dead = false;    // that process has crashed: nothing it still does has an effect
    Activity activity = Activity::starting;  // of that process
    std::uint64_t page_bytes = 4096;  // that a page counts for; large ones make segments rotate

    // For the report of a run.
    std::uint64_t crashes = 0;
    std::uint64_t power_losses = 0;
    std::uint64_t failed_flushes = 0;
    std::uint64_t rotten_bytes = 0;

    // What becomes of an operation that writes.
    enum class Fate : std::uint8_t {
        done,
        dies_before,
        dies_torn,       // half written
        dies_unflushed,  // written, but not flushed
        dies_after,
        flush_fails,
    };
    Fate draw(bool may_fail_flush);
    // Of one that happens seldom, as the making of a file: it is died in all the more often.
    Fate draw_rare();
    // `step` of what, in words; and the file's name, or nothing for the directory.
    [[noreturn]] void die(const char* step, const std::string& name);
    // The process is gone, however it ended. Now and then the power goes with it.
    void end_process();
    Random& random() { return random_; }

    // The directory's entries: a change of `name` begins; what has begun is flushed.
    void begin_change(const std::string& name);
    void flush_changes() { changes_.clear(); }

private:
    // How a name was before a change that is not flushed yet.
    struct Change {
        std::string name;
        std::optional<std::vector<std::byte>> file;
        std::shared_ptr<SimFile> store;
    };
    Fate draw_death();
    void lose_power();
    void rot_checkpoint();
    void lose_values(SimFile& file);

    Random& random_;
    std::vector<Change> changes_;
};

// Some of the 512-byte sectors of a value were never written; the file was zeros before.
[[nodiscard]] std::vector<std::byte> torn(std::vector<std::byte> value, Random& random);

// A store as one process has it open.
[[nodiscard]] std::shared_ptr<storage::Store> open_sim_store(SimDisk& disk,
                                                             std::shared_ptr<SimFile> file,
                                                             const std::string& name,
                                                             std::uint64_t capacity_bytes);

// The Volume that one life of the server sees. The disk outlives it.
class SimVolume final : public storage::Volume {
public:
    explicit SimVolume(SimDisk& disk) : disk_(disk) {}

    [[nodiscard]] std::string describe() const override { return "simulated"; }
    [[nodiscard]] storage::StoreResult<std::vector<std::string>> list() const override;
    storage::StoreResult<void> create_ahead(const std::string& name,
                                            const storage::StoreShape& shape,
                                            storage::Bytes first_value) override;
    storage::StoreResult<std::shared_ptr<storage::Store>> open(
        const std::string& name, storage::OpenMode mode, std::uint64_t capacity_bytes) override;
    storage::StoreResult<void> check_suspect(const std::string& name) override;
    storage::StoreResult<void> forget_cached(const std::string& name) override;
    storage::StoreResult<void> remove(const std::string& name) override;
    [[nodiscard]] storage::StoreResult<std::vector<std::byte>> read_file(
        const std::string& name) const override;
    storage::StoreResult<void> write_file_durably(const std::string& name,
                                                  storage::Bytes content) override;
    storage::StoreResult<void> write_file(const std::string& name, storage::Bytes content) override;
    storage::StoreResult<void> flush_directory() override;
    [[nodiscard]] storage::StoreResult<std::uint64_t> free_bytes() const override;
    storage::StoreResult<std::unique_ptr<storage::VolumeLock>> lock() override;

private:
    SimDisk& disk_;
};

}  // namespace suanpan::sim
