#include "tests/sim/sim_server.h"

#include "protocol/base/assert.h"
#include "server/shard/quote_secrets.h"
#include "server/shard/start_record.h"
#include "tests/sim/violation.h"

#include <algorithm>
#include <string>
#include <utility>

namespace suanpan::sim {

namespace {

// Whichever is the current one, both are known, as after a rotation.
std::string master_keys_file(bool newer_first) {
    const std::string older = "1 " + std::string(64, 'a') + "\n";
    const std::string newer = "2 " + std::string(64, 'b') + "\n";
    return "suanpan master keys 1\n" + (newer_first ? newer + older : older + newer);
}

}  // namespace

SimServer::SimServer(SimDisk& disk, SimClock& clock, const PartnerDirectory& partners,
                     const ServerShape& shape, bool trust_after_failed_flush)
    : disk_(disk),
      clock_(clock),
      shape_(shape),
      volume_(disk),
      directory_(storage::DataDirectory::open(volume_, {})),
      journal_(storage::Journal::open(directory_,
                                      {.segment_bytes = sim_segment_bytes,
                                       .trust_after_failed_flush = trust_after_failed_flush})),
      recovered_(shard::recover(directory_, *journal_, {.shards = shape.shards, .threads = false})),
      committer_(*journal_, shape.shards, committer_metrics_),
      exchange_(shape.shards, shape.ring_slots),
      owners_(shape.shards, recovered_.ledgers, shape.ring_slots),
      reader_(*journal_, shape.shards) {
    clock_.start_process(journal_->last_time());
    quote_keys_ = shard::open_quote_secrets(directory_, nullptr, clock_.now()).keys;
    committer_.set_hooks({.wake = [](shard::ShardIndex) {},
                          .fail =
                              [this](const std::string&) {
                                  disk_.is_dead = true;
                                  throw Crash("a flush failed");
                              },
                          .wake_commit_thread = [] {}});
    reader_.set_hooks([](shard::ShardIndex) {},
                      [](const std::string& why) { throw Violation("P1: a read failed: " + why); });
    build_shards(partners);
    commit_start_record();
    std::vector<shard::SliceLane*> lanes;
    for (const auto& shard : shards_) lanes.push_back(&shard->slice_lane());
    checkpointer_ = std::make_unique<shard::Checkpointer>(
        directory_, *journal_, committer_, std::move(lanes), storage_metrics_,
        shard::CheckpointerOptions{.every_entries = shape.checkpoint_every_entries,
                                   .slice_bytes = shape.slice_bytes},
        shard::Checkpointer::Hooks{.wake = [](shard::ShardIndex) {},
                                   .complain = [](const std::string&) {}});
    if (shape_.keep == Duration{}) return;
    retainer_ = std::make_unique<shard::Retainer>(
        directory_, *journal_, clock_, storage_metrics_,
        shard::RetainerOptions{.keep = shape_.keep,
                               .every = shape_.keep,
                               .bytes_per_second = 0,
                               .accounts_per_part = shape_.accounts_per_part},
        shard::Retainer::Hooks{.accounts =
                                   [this] {
                                       std::uint64_t accounts = 0;
                                       for (const auto& shard : shards_)
                                           accounts += shard->ledger().account_count();
                                       return accounts;
                                   },
                               .needed_from = [this] { return codes_since(); },
                               .note = [](const std::string&) {},
                               .complain = [](const std::string&) {}});
}

// Sealed codes lie in the journal: what a retention has to leave there.
Lsn SimServer::codes_since() const {
    Lsn first;
    for (const auto& metrics : shard_metrics_)
        if (const Lsn since{metrics->codes_since_lsn.read()};
            since != Lsn{} && (first == Lsn{} || since < first))
            first = since;
    return first;
}

SimServer::~SimServer() = default;

void SimServer::build_shards(const PartnerDirectory& partners) {
    Greeting greeting;
    greeting.shard_ports.assign(shape_.shards, 1);
    greeting.hash_seed = directory_.hash_seed();
    greeting.frame_body_bytes_max = limits::frame_body_bytes_max;
    greeting.batch_events_max = limits::batch_events_max;
    greeting.frames_in_flight_max = shape_.frames_in_flight_max;
    const auto masters = shard::master_keys_of(master_keys_file(shape_.newer_master_key));
    owners_.restore_codes(std::move(recovered_.codes), recovered_.ledgers);
    for (std::uint16_t i = 0; i < shape_.shards; ++i) {
        shard_metrics_.push_back(std::make_unique<ShardMetrics>());
        shards_.push_back(std::make_unique<shard::Shard>(
            shard::ShardIndex{i}, std::move(recovered_.ledgers[i]),
            shard::ShardSurroundings{.committer = committer_,
                                     .clock = clock_,
                                     .reader = reader_,
                                     .exchange = exchange_,
                                     .owners = owners_,
                                     .wake = [](shard::ShardIndex) {}},
            shard::ShardOptions{.hash_seed = directory_.hash_seed(),
                                .quote_keys = quote_keys_,
                                .code_secret = shard::code_secret(directory_),
                                .master_keys = masters,
                                .first_quote = shape_.first_quote + (std::uint64_t{i} << 32U),
                                .request_log_window = shape_.request_log_window,
                                .request_log_ids_max = shape_.request_log_ids_max,
                                .batch_commands_max = shape_.batch_commands_max,
                                .staged_entries_max = shape_.staged_entries_max,
                                .inline_commit_entries_max = shape_.inline_commit_entries_max},
            *shard_metrics_.back()));
        sessions_.push_back(std::make_unique<Sessions>(
            net::SessionEnvironment{.port = *shards_.back(),
                                    .partners = PartnerView(partners),
                                    .clock = clock_,
                                    .metrics = *shard_metrics_.back(),
                                    .greeting = greeting,
                                    .body_hash_key = shard::body_hash_key(directory_),
                                    .frames_in_flight_max = shape_.frames_in_flight_max},
            shard::ShardIndex{i}));
        shards_.back()->adopt_thread(*sessions_.back());
    }
    owners_.forget_codes_at_start();
}

void SimServer::commit_start_record() {
    while (!committer_.has_room())
        if (!step_builder()) return;  // the disk is full: it opens for reads
    shard::commit_start_record(committer_, clock_.now(), directory_.incarnation(), shape_.shards);
}

bool SimServer::step_shard(std::uint16_t shard) {
    shards_[shard]->begin_turn();
    return shards_[shard]->step();
}

bool SimServer::step_builder() {
    const auto built = journal_->build_ahead();
    return built.has_value() && *built;
}

bool SimServer::step_retainer() {
    return retainer_ != nullptr && retainer_->step();
}

SimServer::Connection SimServer::connect(std::uint16_t shard) {
    return {.shard = shard, .place = sessions_[shard]->open()};
}

void SimServer::disconnect(const Connection& connection) {
    sessions_[connection.shard]->close(connection.place);
}

void SimServer::receive(const Connection& connection, std::span<const std::byte> bytes) {
    Sessions& sessions = *sessions_[connection.shard];
    std::vector<std::byte>& input = sessions.input(connection.place);
    input.insert(input.end(), bytes.begin(), bytes.end());
    shards_[connection.shard]->begin_turn();
    const std::size_t taken = sessions.at(connection.place).receive(input);
    input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(taken));
}

std::vector<std::byte> SimServer::take_output(const Connection& connection) {
    return std::exchange(sessions_[connection.shard]->at(connection.place).output(), {});
}

bool SimServer::is_closing(const Connection& connection) const {
    return sessions_[connection.shard]->at(connection.place).is_closing();
}

bool SimServer::is_quiet() const {
    for (const auto& shard : shards_)
        if (!shard->is_quiet() || shard->has_news()) return false;
    return !committer_.has_staged();
}

Secrets SimServer::secrets() const {
    return {.body_hash_key = shard::body_hash_key(directory_),
            .digest_seed = shard::digest_seed(directory_),
            .quote_secrets = {{Lsn{}, quote_keys_.front().secret}},
            .code_secret = shard::code_secret(directory_),
            .master_keys = master_keys_file(true)};
}

bool SimServer::has_takes() const {
    return std::ranges::any_of(shards_, [](const auto& shard) {
        return !shard->stocks().is_quiet() || !shard->counters().is_quiet();
    });
}

void SimServer::stop_in_order() {
    retainer_.reset();
    checkpointer_.reset();
    const auto closed = journal_->close();
    SUANPAN_ASSERT(closed.has_value() || disk_.is_dead);
}

void SimServer::Sessions::deliver(shard::Reply&& reply) {
    Place& place = places_[reply.to.session];
    // The connection may have gone meanwhile.
    if (place.session == nullptr || place.generation != reply.to.generation) {
        std::erase_if(orphans_, [&](const Orphan& orphan) {
            return orphan.place == reply.to.session && orphan.generation == reply.to.generation &&
                   orphan.open.request == reply.to.request;
        });
        return;
    }
    place.session->complete(std::move(reply));
}

std::uint32_t SimServer::Sessions::open() {
    std::uint32_t at = 0;
    while (at < places_.size() && places_[at].session != nullptr) ++at;
    if (at == places_.size()) places_.emplace_back();
    places_[at].session = std::make_unique<net::Session>(
        environment_,
        shard::ReplyTo{.shard = shard_, .session = at, .generation = places_[at].generation});
    return at;
}

void SimServer::Sessions::close(std::uint32_t place) {
    for (net::Session::OpenPayload& open : places_[place].session->take_payloads())
        orphans_.push_back(
            {.place = place, .generation = places_[place].generation, .open = std::move(open)});
    places_[place].session.reset();
    places_[place].input.clear();
    ++places_[place].generation;
}

}  // namespace suanpan::sim
