#include "server/shard/restore.h"

#include "protocol/base/canary.h"
#include "protocol/limits.h"
#include "server/shard/committer.h"
#include "server/shard/start_record.h"
#include "storage/data_directory.h"
#include "storage/journal.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace suanpan::shard {
namespace {

using storage::OpenError;
using storage::OpenFault;

// An empty folder must not become a data directory here.
void check_it_is_one(const storage::Volume& volume) {
    const auto identity = volume.read_file("SUANPAN");
    if (!identity.has_value())
        throw OpenError(OpenFault::missing, volume.describe() +
                                                ": holds no file SUANPAN; name the copy of a data "
                                                "directory");
}

void make_room(const storage::Volume& volume, storage::Journal& journal,
               const Committer& committer) {
    while (!committer.has_room()) {
        const auto built = journal.build_ahead();
        if (!built.has_value())
            throw OpenError(OpenFault::disk, built.error().sentence + "; make room on the disk");
        if (!*built && !committer.has_room())
            throw OpenError(OpenFault::disk, volume.describe() +
                                                 ": the journal has no room for the restore's own "
                                                 "entry; give it larger segments");
    }
}

}  // namespace

RestoreReport restore(storage::Volume& volume, const RestoreOptions& options) {
    check_it_is_one(volume);
    storage::DataDirectory directory = storage::DataDirectory::open(volume, {.any_sandbox = true});
    const storage::JournalOptions journal_options{.segment_bytes = options.segment_bytes};
    {
        // Says what is wrong with the copy before anything in it changes.
        storage::JournalOptions look_only = journal_options;
        look_only.read_only = true;
        static_cast<void>(storage::Journal::open(directory, look_only));
    }
    directory.begin_new_incarnation();
    const auto journal = storage::Journal::open(directory, journal_options);
    RestoreReport report{.incarnation = directory.incarnation(),
                         .last_lsn = journal->last_lsn(),
                         .last_time = journal->last_time(),
                         .request_floor_ms = 0,
                         .notes = journal->open_report().notes};

    CommitterMetrics metrics;
    Committer committer(*journal, 1, metrics);
    committer.set_hooks({.wake = {},
                         .fail =
                             [](const std::string& why) {
                                 throw OpenError(OpenFault::disk,
                                                 why + "; look at the disk, and restore again");
                             },
                         .wake_commit_thread = {}});
    make_room(volume, *journal, committer);
    const Instant now = std::max(options.now, journal->last_time());
    if (!SUANPAN_CANARY(restore_raises_no_floor))
        committer.raise_floor((now + limits::request_future_max).unix_ms());
    commit_start_record(committer, now, directory.incarnation(), 0);
    report.request_floor_ms = committer.durable_floor_ms();
    if (const auto closed = journal->close(); !closed.has_value())
        throw OpenError(OpenFault::disk, closed.error().sentence + "; restore again");
    return report;
}

}  // namespace suanpan::shard
