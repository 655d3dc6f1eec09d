// Retainer: keeps the journal's history to a length, by putting a baseline in place of old
// segments.
#pragma once

#include "server/shard/clock.h"
#include "server/shard/metrics.h"
#include "storage/data_directory.h"
#include "storage/journal.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace suanpan::shard {

struct RetainerOptions {
    Duration keep;               // history at least as long as this stays
    Duration every = hours(24);  // a baseline is a copy of the state: at most one in this time
    std::uint64_t bytes_per_second = 48ULL << 20U;  // pace of writing one
    std::uint64_t accounts_per_part = 1'000'000;    // bounds the memory that building one takes
};

// Where whole sealed segments are older than the retention: seals a baseline at the end of the last
// of them, then retires them, then removes the baseline before. A crash anywhere in between leaves
// a directory that a start reads, and the next step goes on.
//
// step() is one look; the server runs it on a thread of its own, tests and the simulator between
// two steps of their shards.
class Retainer {
public:
    struct Hooks {
        std::function<std::uint64_t()> accounts;  // how many there are, about
        // The first LSN that must stay; 0: none. May be empty.
        std::function<Lsn()> needed_from;
        std::function<void(const std::string&)> note;
        std::function<void(const std::string&)> complain;  // it failed; the next look tries again
    };
    Retainer(const storage::DataDirectory& directory, storage::Journal& journal, const Clock& clock,
             StorageMetrics& metrics, const RetainerOptions& options, Hooks hooks);
    ~Retainer();
    Retainer(const Retainer&) = delete;
    Retainer& operator=(const Retainer&) = delete;

    // True where segments went.
    bool step();

    void start();
    // Ends the thread; a baseline that is being built is given up.
    void stop();

private:
    [[nodiscard]] std::optional<Lsn> due_end() const;
    [[nodiscard]] std::optional<storage::SealedBaseline> baseline_at(Lsn lsn);
    void fail(const std::string& why);
    void run();

    const storage::DataDirectory& directory_;
    storage::Journal& journal_;
    const Clock& clock_;
    StorageMetrics& metrics_;
    const RetainerOptions options_;
    Hooks hooks_;
    std::optional<Instant> last_done_;
    std::string complained_;

    std::atomic<bool> stopping_{false};
    std::mutex mutex_;  // for the sleep between two looks
    std::condition_variable wake_;
    std::thread thread_;
};

}  // namespace suanpan::shard
