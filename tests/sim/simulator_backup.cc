// How a simulation keeps a history, copies a data directory and gets it back.
#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "protocol/limits.h"
#include "server/shard/restore.h"
#include "storage/open_error.h"
#include "storage/text_file.h"
#include "tests/sim/simulator.h"
#include "tests/sim/violation.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace suanpan::sim {
namespace {

// A copy that nobody else writes to, all of it on the disk.
SimDisk::Stores copy_of(const SimDisk::Stores& stores) {
    SimDisk::Stores copy;
    for (const auto& [name, file] : stores) {
        auto own = std::make_shared<SimFile>(*file);
        own->unflushed_from = UINT64_MAX;
        copy.emplace(name, std::move(own));
    }
    return copy;
}

}  // namespace

const EntryBytes& Simulator::entries() {
    read_entries(server_->journal(), archive_, true);
    return archive_;
}

void Simulator::archive_entries() {
    read_entries(server_->journal(), archive_, false);
}

void Simulator::step_retainer() {
    // What the retainer removes is known from here on to the archive alone.
    archive_entries();
    const bool is_retired = server_->step_retainer();
    workload_.oldest = server_->journal().oldest_lsn();
    if (!is_retired) return;
    ++report_.retired;
    trace_.say("history before LSN {} has gone", server_->journal().oldest_lsn().value);
    // The process may have died in a removal, of which nobody is told; act() looks at that.
    if (!disk_.is_dead) static_cast<void>(entries());
}

// The server has just stopped in order.
void Simulator::take_backup() {
    if (disk_.files.contains("FLUSH_FAILED")) return;  // nobody copies a disk that has failed
    backup_ = Backup{.files = disk_.files,
                     .stores = copy_of(disk_.stores),
                     .last = Lsn{archive_.size()},
                     .told = workload_.told()};
    trace_.say("a backup is made, up to LSN {}", backup_->last.value);
}

// The machine is gone with its disk; the copy comes back on another one, through suanpan-restore.
void Simulator::restore_backup() {
    ++report_.restores;
    end_life("with its machine");
    while (!try_restore()) disk_.end_process();
    archive_.resize(backup_->last.value);
    restores_.erase(restores_.upper_bound(backup_->last), restores_.end());
    quote_secrets_.erase(quote_secrets_.lower_bound(backup_->last), quote_secrets_.end());
    for (const std::uint32_t op : workload_.undo_after(backup_->last, backup_->told))
        lines_[workload_.ops[op].client].client->own(op);
}

// False: the restore has died or failed on the way.
bool Simulator::try_restore() {
    disk_.files = backup_->files;
    disk_.stores = copy_of(backup_->stores);
    disk_.flush_changes();
    disk_.is_full = false;
    disk_.activity = Activity::restoring;
    // Dies on the way, now and then; then it is done again, with what has come of it or afresh.
    for (bool again = true; again; again = random_.one_in(2)) {
        try {
            SimVolume volume(disk_);
            const shard::RestoreReport report =
                shard::restore(volume, {.segment_bytes = sim_segment_bytes, .now = clock_.wall()});
            if (report.last_lsn < backup_->last)
                throw Violation("P1: a restore has lost entries of its copy");
            // What a restore promises, whatever this one says that it has done.
            restores_[backup_->last] = (clock_.wall() + limits::request_future_max).unix_ms();
            trace_.say("a backup is restored, up to LSN {}, as incarnation {}",
                       report.last_lsn.value, report.incarnation);
            disk_.is_locked = false;
            draw_quote_secret();
            return true;
        } catch (const Crash& crash) {
            trace_.say("a restore dies: {}", crash.what());
            disk_.end_process();
        } catch (const storage::OpenError& error) {
            trace_.say("a restore does not work: {}", error.what());
            if (!disk_.is_dead && disk_.faults.failed_flush_one_in == 0)
                throw Violation(std::string("a restore does not work: ") + error.what());
            return false;  // its disk has failed: the copy comes back once more
        }
    }
    return false;
}

// A new incarnation makes its quote secret of real randomness; here it comes from the seed, by way
// of the other secret, so that tokens are the same in every run.
void Simulator::draw_quote_secret() {
    std::vector<std::byte>& content = disk_.files.at("SUANPAN");
    const auto made = storage::TextFile::decode(content);
    SUANPAN_ASSERT(made.has_value());
    storage::TextFile file;
    std::string drawn_from;
    for (const std::string_view key :
         {"format", "uuid", "incarnation", "hash_seed", "body_hash_key", "sandbox"}) {
        const std::string value = made->text(key).value();
        file.set(key, value);
        drawn_from += value;
    }
    file.set("quote_secret", storage::Bytes(sha256(storage::as_bytes(drawn_from))));
    const std::string text = file.encode();
    const storage::Bytes bytes = storage::as_bytes(text);
    content.assign(bytes.begin(), bytes.end());
}

}  // namespace suanpan::sim
