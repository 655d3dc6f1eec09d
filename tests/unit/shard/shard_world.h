// ShardWorld: real shards, committer, journal and reader over a volume in memory, on one thread.
#pragma once

#include "server/shard/checkpointer.h"
#include "server/shard/committer.h"
#include "server/shard/exchange.h"
#include "server/shard/journal_reader.h"
#include "server/shard/recovery.h"
#include "server/shard/shard.h"
#include "storage/journal.h"
#include "tests/unit/storage/memory_volume.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace suanpan::shard {

inline constexpr ProgramId shop{7};
inline constexpr MemberId alice{.high = 1, .low = 0xa11ce};

// Stands still until a test moves it, and is safe until one says otherwise.
class StillClock final : public Clock {
public:
    explicit StillClock(Instant now = Instant{1'800'000'000'000'000'000}) : now_(now) {}
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] bool is_safe() const override { return safe_; }
    void set_safe(bool safe) { safe_ = safe; }
    void advance(Duration by) override {
        pass(by);
        advanced_.ns += by.ns;
    }
    [[nodiscard]] Duration advanced() const override { return advanced_; }
    void pass(Duration by) { now_ = now_ + by; }

private:
    Duration advanced_;
    Instant now_;
    bool safe_ = true;
};

// Nothing happens that a test does not ask for: it steps the shards, the committer, the journal's
// reader and the checkpoint one by one.
class ShardWorld {
public:
    explicit ShardWorld(std::uint16_t shards = 1,
                        const storage::JournalOptions& journal_options = {},
                        Instant start = StillClock().now());

    // A process over the same volume: everything but the volume and the time is built anew. As if
    // the one before had been killed.
    void restart();
    // The same with another number of shards.
    void restart(std::uint16_t shards);
    // As if it had been killed; restart() comes next.
    void stop();

    // Sends to the shard of the member, by way of a session on shard `via`; the answer, when it
    // comes, is answer(number).
    std::uint32_t send(const Command& command, std::uint16_t via = 0);
    // A command of `alice`, with a request id made `made_before_now` earlier.
    [[nodiscard]] Command command(CommandKind kind, const CommandBody& body,
                                  Duration made_before_now = {});
    [[nodiscard]] const Outcome* answer(std::uint32_t number) const;
    [[nodiscard]] const Reply* reply(std::uint32_t number) const;

    // Threads that played the shards have ended: the shards are this thread's again.
    void adopt_shards();
    void step_shards();
    void step_reader() { reader_->run_once(); }
    // One commit of what is staged, then the answers that waited for it.
    void commit();
    // Until nothing happens any more, commits and the reader included.
    void settle();
    // Sends, settles and returns the answer.
    Outcome ask(const Command& command);
    // All of the answer.
    [[nodiscard]] Reply ask_for_reply(const Command& command);
    void make_program();
    // A whole checkpoint round.
    void write_checkpoint();

    StillClock clock;
    storage::MemoryVolume volume;
    // Card codes are sealed under; null: none are imported or shown.
    std::shared_ptr<const cards::MasterKeys> master_keys;
    std::uint64_t request_log_ids_max = limits::request_log_ids_max;  // from the next restart on
    [[nodiscard]] Committer& committer() { return *committer_; }
    [[nodiscard]] storage::Journal& journal() { return *journal_; }
    [[nodiscard]] const storage::DataDirectory& directory() const { return *directory_; }
    [[nodiscard]] const storage::JournalOptions& journal_options() const {
        return journal_options_;
    }
    [[nodiscard]] std::uint64_t accounts() const;
    [[nodiscard]] std::size_t shard_count() const { return shards_.size(); }
    [[nodiscard]] std::int64_t floor_ms() const { return committer_->floor_ms(); }
    [[nodiscard]] Shard& shard(std::size_t index) { return *shards_[index]; }
    [[nodiscard]] const ShardMetrics& metrics(std::size_t index) const { return *metrics_[index]; }
    [[nodiscard]] Recovered& recovered() { return recovered_; }

private:
    struct Answers final : ReplySink {
        std::map<std::uint32_t, Reply> replies;
        void deliver(Reply&& reply) override { replies[reply.to.request] = std::move(reply); }
    };
    void build();

    std::uint16_t shard_count_;
    const storage::JournalOptions journal_options_;
    std::optional<storage::DataDirectory> directory_;
    std::unique_ptr<storage::Journal> journal_;
    Recovered recovered_;
    CommitterMetrics committer_metrics_;
    StorageMetrics storage_metrics_;
    std::vector<std::unique_ptr<ShardMetrics>> metrics_;
    std::unique_ptr<Committer> committer_;
    std::unique_ptr<Exchange> exchange_;
    std::unique_ptr<OwnerLanes> owners_;
    std::unique_ptr<JournalReader> reader_;
    Answers answers_;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::uint32_t next_request_ = 1;
};

}  // namespace suanpan::shard
