// SimServer: one life of the real server, on one thread, over simulated disk, clock and network.
#pragma once

#include "server/net/partners.h"
#include "server/net/session.h"
#include "server/shard/checkpointer.h"
#include "server/shard/committer.h"
#include "server/shard/exchange.h"
#include "server/shard/journal_reader.h"
#include "server/shard/recovery.h"
#include "server/shard/retainer.h"
#include "server/shard/shard.h"
#include "storage/data_directory.h"
#include "storage/journal.h"
#include "tests/sim/history.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_disk.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::sim {

// What an operator could have chosen; in a simulation mostly tiny.
struct ServerShape {
    std::uint16_t shards = 1;
    std::size_t ring_slots = 64;
    std::size_t inline_commit_entries_max = 16;
    std::size_t batch_commands_max = 16;
    std::size_t staged_entries_max = 256;
    Duration request_log_window = limits::request_log_window;
    std::uint64_t request_log_ids_max = limits::request_log_ids_max;
    std::uint64_t checkpoint_every_entries = 200;
    std::size_t slice_bytes = 512;
    std::uint32_t frames_in_flight_max = 16;
    std::uint64_t first_quote = 1;  // numbers of quotes: a server draws them
    Duration keep;                  // of history; 0: all of it
    std::uint64_t accounts_per_part = 1;
    bool newer_master_key = false;  // the second one is the current one
};

inline constexpr std::uint64_t sim_segment_bytes = 128U << 20U;

// The threads of a real server become steps here, and the simulator says who goes next. Everything
// it is made of is the server's own but for sockets; a Crash out of any call ends this life.
class SimServer {
public:
    // Recovers, commits the start record and opens. Throws storage::OpenError, Crash.
    SimServer(SimDisk& disk, SimClock& clock, const PartnerDirectory& partners,
              const ServerShape& shape, bool trust_after_failed_flush);
    ~SimServer();

    // Steps. Each returns whether it did anything.
    bool step_shard(std::uint16_t shard);
    bool step_committer() { return committer_.try_commit(); }
    bool step_reader() { return reader_.run_once() > 0; }
    bool step_checkpointer() { return checkpointer_->step(); }
    bool step_builder();
    // One look of the retainer: true where segments went.
    bool step_retainer();

    // Connections: a place on a shard's thread, good until disconnect().
    struct Connection {
        std::uint16_t shard = 0;
        std::uint32_t place = 0;
        friend bool operator==(const Connection&, const Connection&) = default;
    };
    Connection connect(std::uint16_t shard);
    void disconnect(const Connection& connection);
    // Bytes that arrive; and those that the server has to send, taken away.
    void receive(const Connection& connection, std::span<const std::byte> bytes);
    [[nodiscard]] std::vector<std::byte> take_output(const Connection& connection);
    [[nodiscard]] bool is_closing(const Connection& connection) const;

    // An operator has accepted the wall clock.
    void journal_clock_decision() { shards_[0]->journal_clock_decision(); }
    // Stops in order; nothing may be called afterwards but the destructor.
    void stop_in_order();
    [[nodiscard]] bool is_quiet() const;

    [[nodiscard]] const ServerShape& shape() const { return shape_; }
    [[nodiscard]] ledger::Ledger& ledger(std::uint16_t shard) { return shards_[shard]->ledger(); }
    [[nodiscard]] const storage::Journal& journal() const { return *journal_; }
    [[nodiscard]] const shard::Recovered& recovered() const { return recovered_; }
    [[nodiscard]] Secrets secrets() const;
    [[nodiscard]] const shard::Shard& shard(std::uint16_t shard) const { return *shards_[shard]; }
    // Units of an offer, a budget or a total were given, and are not durable yet.
    [[nodiscard]] bool has_takes() const;
    [[nodiscard]] Lsn durable() const { return committer_.durable(); }
    [[nodiscard]] std::uint64_t checkpoint_rounds() const {
        return checkpointer_ == nullptr ? 0 : checkpointer_->rounds();
    }

private:
    // One shard's sessions: what a ShardThread does with sockets.
    class Sessions final : public shard::ReplySink {
    public:
        Sessions(net::SessionEnvironment environment, shard::ShardIndex shard)
            : environment_(std::move(environment)), shard_(shard) {}
        void deliver(shard::Reply&& reply) override;
        std::uint32_t open();
        void close(std::uint32_t place);
        [[nodiscard]] net::Session& at(std::uint32_t place) { return *places_[place].session; }
        // Bytes that came but are no whole frame yet.
        [[nodiscard]] std::vector<std::byte>& input(std::uint32_t place) {
            return places_[place].input;
        }
        net::SessionEnvironment& environment() { return environment_; }

    private:
        struct Place {
            std::unique_ptr<net::Session> session;
            std::vector<std::byte> input;
            std::uint32_t generation = 0;
        };
        // A payload that outlives its session until its command is answered.
        struct Orphan {
            std::uint32_t place = 0;
            std::uint32_t generation = 0;
            net::Session::OpenPayload open;
        };
        net::SessionEnvironment environment_;
        shard::ShardIndex shard_;
        std::vector<Place> places_;
        std::vector<Orphan> orphans_;
    };
    void build_shards(const PartnerDirectory& partners);
    void commit_start_record();
    [[nodiscard]] Lsn codes_since() const;

    SimDisk& disk_;
    SimClock& clock_;
    const ServerShape shape_;
    SimVolume volume_;
    storage::DataDirectory directory_;
    std::vector<shard::QuoteKey> quote_keys_;
    std::unique_ptr<storage::Journal> journal_;
    shard::Recovered recovered_;
    CommitterMetrics committer_metrics_;
    StorageMetrics storage_metrics_;
    std::vector<std::unique_ptr<ShardMetrics>> shard_metrics_;
    shard::Committer committer_;
    shard::Exchange exchange_;
    shard::OwnerLanes owners_;
    shard::JournalReader reader_;
    std::vector<std::unique_ptr<shard::Shard>> shards_;
    std::vector<std::unique_ptr<Sessions>> sessions_;
    std::unique_ptr<shard::Checkpointer> checkpointer_;
    std::unique_ptr<shard::Retainer> retainer_;  // null: nothing goes
};

}  // namespace suanpan::sim
