#include "tests/sim/sim_disk.h"

#include "protocol/base/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace suanpan::sim {

using storage::Bytes;
using storage::store_failure;
using storage::StoreError;
using storage::StoreResult;

namespace {

// How much oftener a process dies in a rare operation, and how often at most.
constexpr std::uint64_t rare_times = 3;
constexpr std::uint64_t rare_one_in_min = 12;

std::unexpected<storage::StoreFailure> dead() {
    return store_failure(StoreError::disk, "the process has crashed");
}

class SimLock final : public storage::VolumeLock {
public:
    explicit SimLock(bool& held) : held_(held) { held_ = true; }
    ~SimLock() override { held_ = false; }

private:
    bool& held_;
};

}  // namespace

void SimFile::drop_from(std::map<std::uint64_t, std::vector<std::byte>>::iterator first) {
    for (auto at = first; at != values.end(); ++at) pages_used -= pages(at->second.size());
    values.erase(first, values.end());
}

SimDisk::Fate SimDisk::draw(bool may_fail_flush) {
    if (may_fail_flush && random_.one_in(faults.failed_flush_one_in)) return Fate::flush_fails;
    return random_.one_in(faults.crash_one_in) ? draw_death() : Fate::done;
}

SimDisk::Fate SimDisk::draw_rare() {
    if (faults.crash_one_in == 0) return Fate::done;
    const std::uint64_t one_in = std::max(faults.crash_one_in / rare_times, rare_one_in_min);
    return random_.one_in(one_in) ? draw_death() : Fate::done;
}

SimDisk::Fate SimDisk::draw_death() {
    constexpr std::array deaths{Fate::dies_before, Fate::dies_torn, Fate::dies_unflushed,
                                Fate::dies_after};
    return deaths[random_.below(deaths.size())];
}

void SimDisk::die(const char* step, const std::string& name) {
    is_dead = true;
    ++crashes;
    note_crash(step, name, activity);
    throw Crash(fmt::format("{} {}", step, name.empty() ? "the directory" : name));
}

void SimDisk::end_process() {
    is_dead = false;
    is_locked = false;
    // The process died before it could note that a flush had failed: two faults at once, of which
    // the next one could not know. A machine whose disk does that is given up, and restarts.
    const bool is_unknown =
        !files.contains("FLUSH_FAILED") && std::ranges::any_of(stores, [](const auto& store) {
            return store.first.starts_with("journal-") && store.second->is_lost_in_cache;
        });
    if (is_unknown || random_.one_in(faults.power_loss_one_in)) lose_power();
    if (random_.one_in(faults.rot_one_in)) rot_checkpoint();
}

// One byte of one record's pack: the generation before it, or the journal, has it all as well.
void SimDisk::rot_checkpoint() {
    std::vector<std::vector<std::byte>*> packs;
    for (const auto& [name, file] : stores)
        if (name.starts_with("checkpoint-"))
            for (auto& [key, value] : file->values)
                if (key > 0) packs.push_back(&value);
    if (packs.empty()) return;
    std::vector<std::byte>& pack = *packs[random_.below(packs.size())];
    pack[random_.below(pack.size())] ^= static_cast<std::byte>(1 + random_.below(255));
    ++rotten_bytes;
    SUANPAN_PROBE("a byte of a checkpoint rotted");
}

void SimDisk::begin_change(const std::string& name) {
    Change change{.name = name, .file = {}, .store = {}};
    if (const auto file = files.find(name); file != files.end()) change.file = file->second;
    if (const auto store = stores.find(name); store != stores.end()) change.store = store->second;
    changes_.push_back(std::move(change));
}

// Of what was not flushed, anything may be missing.
void SimDisk::lose_power() {
    ++power_losses;
    // The directory's entries go back in the order in which they came, as far as chance will.
    while (!changes_.empty() && random_.one_in(2)) {
        SUANPAN_PROBE("a power loss took back a change of the directory");
        Change& change = changes_.back();
        files.erase(change.name);
        stores.erase(change.name);
        if (change.file) files[change.name] = std::move(*change.file);
        if (change.store != nullptr) stores[change.name] = std::move(change.store);
        changes_.pop_back();
    }
    changes_.clear();
    for (const auto& [name, file] : stores) lose_values(*file);
}

void SimDisk::lose_values(SimFile& file) {
    for (std::vector<std::byte>& value : file.stray)
        if (!random_.one_in(4)) value = torn(std::move(value), random_);
    const bool had_unflushed = file.unflushed_from != UINT64_MAX;
    const auto first = file.values.lower_bound(file.unflushed_from);
    file.unflushed_from = UINT64_MAX;
    file.is_lost_in_cache = false;
    if (!had_unflushed || random_.one_in(3)) return;  // all of it had reached the disk
    SUANPAN_PROBE("a power loss took or tore values that were not flushed");
    // The index never gets ahead of its values: it is written when they have been flushed.
    file.stray.clear();
    for (auto at = first; at != file.values.end(); ++at)
        file.stray.push_back(random_.one_in(2) ? at->second : torn(at->second, random_));
    file.drop_from(first);
}

StoreResult<std::vector<std::string>> SimVolume::list() const {
    std::vector<std::string> names;
    for (const auto& [name, content] : disk_.files) names.push_back(name);
    for (const auto& [name, store] : disk_.stores) names.push_back(name);
    std::ranges::sort(names);
    return names;
}

StoreResult<void> SimVolume::create_ahead(const std::string& name, const storage::StoreShape&,
                                          Bytes first_value) {
    if (disk_.is_dead) return dead();
    if (disk_.stores.contains(name)) return store_failure(StoreError::exists, name);
    if (disk_.is_full) {
        SUANPAN_PROBE("a full disk had no room for a new store");
        return store_failure(StoreError::full, name);
    }
    auto file = std::make_shared<SimFile>();
    file->values[0].assign(first_value.begin(), first_value.end());
    const SimDisk::Fate fate = disk_.draw_rare();
    if (fate == SimDisk::Fate::dies_before) disk_.die("before the making of", name);
    if (fate == SimDisk::Fate::dies_torn) {
        disk_.stores[name + ".tmp"] = std::move(file);
        disk_.die("in the making of", name);
    }
    disk_.begin_change(name);
    disk_.stores[name] = std::move(file);
    if (fate == SimDisk::Fate::dies_unflushed) disk_.die("before the flush of the name of", name);
    disk_.flush_changes();
    if (fate == SimDisk::Fate::dies_after) disk_.die("after the making of", name);
    return {};
}

StoreResult<std::shared_ptr<storage::Store>> SimVolume::open(const std::string& name,
                                                             storage::OpenMode,
                                                             std::uint64_t capacity_bytes) {
    if (disk_.is_dead) return dead();
    const auto found = disk_.stores.find(name);
    if (found == disk_.stores.end()) return store_failure(StoreError::not_found, name);
    return open_sim_store(disk_, found->second, name, capacity_bytes);
}

StoreResult<void> SimVolume::check_suspect(const std::string& name) {
    if (!disk_.stores.contains(name)) return store_failure(StoreError::not_found, name);
    return {};
}

// The page cache lets go of the file; what the disk has shows.
StoreResult<void> SimVolume::forget_cached(const std::string& name) {
    const auto found = disk_.stores.find(name);
    if (found == disk_.stores.end()) return {};
    SimFile& file = *found->second;
    if (std::exchange(file.is_lost_in_cache, false) && disk_.random().one_in(2))
        file.drop_from(file.values.lower_bound(file.unflushed_from));
    file.unflushed_from = UINT64_MAX;
    return {};
}

StoreResult<void> SimVolume::remove(const std::string& name) {
    if (disk_.is_dead) return dead();
    if (!disk_.files.contains(name) && !disk_.stores.contains(name)) return {};
    const SimDisk::Fate fate = disk_.draw_rare();
    if (fate != SimDisk::Fate::dies_before) {
        disk_.begin_change(name);
        disk_.files.erase(name);
        disk_.stores.erase(name);
        if (fate == SimDisk::Fate::done || fate == SimDisk::Fate::dies_after) disk_.flush_changes();
    }
    if (fate == SimDisk::Fate::done) return {};
    // Destructors remove files too, so this death throws nothing: the simulator sees is_dead.
    disk_.is_dead = true;
    ++disk_.crashes;
    note_crash(
        fate == SimDisk::Fate::dies_before ? "before the removal of" : "after the removal of", name,
        disk_.activity);
    return dead();
}

StoreResult<std::vector<std::byte>> SimVolume::read_file(const std::string& name) const {
    const auto found = disk_.files.find(name);
    if (found == disk_.files.end()) return store_failure(StoreError::not_found, name);
    return found->second;
}

StoreResult<void> SimVolume::write_file_durably(const std::string& name, Bytes content) {
    if (disk_.is_dead) return dead();
    const SimDisk::Fate fate = disk_.draw_rare();
    if (fate == SimDisk::Fate::dies_before) disk_.die("before the writing of", name);
    if (fate == SimDisk::Fate::dies_torn) {
        disk_.files[name + ".tmp"].assign(
            content.begin(), content.begin() + static_cast<std::ptrdiff_t>(content.size() / 2));
        disk_.die("in the writing of", name);
    }
    disk_.begin_change(name);
    disk_.files[name].assign(content.begin(), content.end());
    if (fate == SimDisk::Fate::dies_unflushed)
        disk_.die("before the flush of the new name of", name);
    disk_.flush_changes();
    if (fate == SimDisk::Fate::dies_after) disk_.die("after the writing of", name);
    return {};
}

StoreResult<void> SimVolume::write_file(const std::string& name, Bytes content) {
    if (disk_.is_dead) return dead();
    disk_.begin_change(name);
    disk_.files[name].assign(content.begin(), content.end());
    return {};
}

StoreResult<void> SimVolume::flush_directory() {
    if (disk_.is_dead) return dead();
    const SimDisk::Fate fate = disk_.draw(false);
    if (fate == SimDisk::Fate::dies_before) disk_.die("before a flush of", {});
    disk_.flush_changes();
    if (fate != SimDisk::Fate::done) disk_.die("after a flush of", {});
    return {};
}

StoreResult<std::uint64_t> SimVolume::free_bytes() const {
    return disk_.is_full ? 0 : std::uint64_t{1} << 40U;
}

StoreResult<std::unique_ptr<storage::VolumeLock>> SimVolume::lock() {
    if (disk_.is_locked) return store_failure(StoreError::locked, "simulated: in use");
    return std::make_unique<SimLock>(disk_.is_locked);
}

}  // namespace suanpan::sim
