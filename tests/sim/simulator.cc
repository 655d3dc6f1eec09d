#include "tests/sim/simulator.h"

#include "protocol/base/probe.h"
#include "storage/open_error.h"
#include "storage/text_file.h"
#include "tests/model/model.h"
#include "tests/sim/violation.h"

#include <algorithm>
#include <array>
#include <utility>

namespace suanpan::sim {
namespace {

constexpr Instant beginning{1'800'000'000'000'000'000};
// Steps after which faults have left too little room for the requests that were to be made.
constexpr std::uint64_t steps_max_per_event = 400;
// Steps without faults until everything must have an answer.
constexpr std::uint64_t settling_steps_max = 300'000;
constexpr std::size_t frames_under_way_max = 6;
constexpr std::uint64_t check_one_in = 400;  // steps
constexpr std::uint64_t stall_steps_max = 400;
constexpr std::uint64_t standing_steps_max = 300;
constexpr std::uint64_t slow_turns = 60;

// Takes up to `count` bytes from the front.
std::vector<std::byte> take_front(std::deque<std::byte>& bytes, std::size_t count) {
    count = std::min(count, bytes.size());
    const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<std::byte> taken(bytes.begin(), end);
    bytes.erase(bytes.begin(), end);
    return taken;
}

void append(std::deque<std::byte>& to, const std::vector<std::byte>& bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace

Simulator::Simulator(const SimOptions& options, const PartnerDirectory& partners)
    : options_(options),
      partners_(partners),
      trace_{.is_on = options.traces},
      random_(options.seed),
      world_(draw_world(random_)),
      disk_(random_),
      clock_(beginning),
      workload_(world_.workload, random_) {
    lines_.resize(world_.clients);
    for (std::uint32_t i = 0; i < world_.clients; ++i)
        lines_[i].client = std::make_unique<SimClient>(i, workload_, random_, trace_);
    for (std::uint32_t id = 1; id <= Workload::programs; ++id)
        lines_[0].client->own(workload_.add_program(id, clock_.wall()));
    disk_.page_bytes = world_.page_bytes;
    disk_.faults = world_.disk;
    prepare_disk();
}

Simulator::~Simulator() = default;

// A data directory whose secrets come from the seed, so that routing does too.
void Simulator::prepare_disk() {
    storage::TextFile file;
    std::array<std::byte, 16> uuid{};
    std::array<std::byte, 32> key{};
    std::array<std::byte, 32> quote_secret{};
    for (std::byte& byte : uuid) byte = static_cast<std::byte>(random_.next());
    for (std::byte& byte : key) byte = static_cast<std::byte>(random_.next());
    for (std::byte& byte : quote_secret) byte = static_cast<std::byte>(random_.next());
    file.set("format", storage::directory_format_newest);
    file.set("uuid", storage::Bytes(uuid));
    file.set("incarnation", std::uint64_t{1});
    file.set("hash_seed", random_.next());
    file.set("body_hash_key", storage::Bytes(key));
    file.set("quote_secret", storage::Bytes(quote_secret));
    file.set("sandbox", "no");
    const std::string text = file.encode();
    const storage::Bytes bytes = storage::as_bytes(text);
    disk_.files["SUANPAN"].assign(bytes.begin(), bytes.end());
}

void Simulator::start_server() {
    while (server_ == nullptr)
        if (!try_start()) disk_.end_process();
    trusts_disk_ = false;
}

// False: the process has died on the way, or would not start as things are.
bool Simulator::try_start() {
    ++report_.lives;
    ++workload_.life;
    const std::uint64_t failed_flushes = disk_.failed_flushes;
    disk_.activity = Activity::starting;
    try {
        ServerShape shape = draw_server(random_);
        if (world_.keeps_all) shape.keep = {};
        server_ = std::make_unique<SimServer>(disk_, clock_, partners_, shape, trusts_disk_);
        trace_.say("server starts with {} shards at LSN {}, from a checkpoint of LSN {}",
                   server_->shape().shards, server_->journal().last_lsn().value,
                   server_->recovered().checkpoint_lsn.value);
        disk_.activity = Activity::serving;
        note_shards();
        workload_.oldest = server_->journal().oldest_lsn();
        workload_.starts.insert(server_->journal().last_lsn());
        quote_secrets_.try_emplace(quote_secrets_.empty() ? Lsn{} : server_->journal().last_lsn(),
                                   server_->secrets().quote_secrets.at(Lsn{}));
        return true;
    } catch (const Crash& crash) {
        trace_.say("server dies while it starts: {}", crash.what());
    } catch (const storage::OpenError& error) {
        trace_.say("server does not start: {}", error.what());
        if (disk_.is_dead || disk_.failed_flushes > failed_flushes) return false;
        // What an operator may do: look at the disk, make room.
        if (error.fault() == storage::OpenFault::failed_flush && !trusts_disk_)
            trusts_disk_ = true;
        else if (error.fault() == storage::OpenFault::disk && disk_.is_full)
            disk_.is_full = false;
        else
            throw Violation(std::string("the server does not start: ") + error.what());
    }
    return false;
}

void Simulator::note_shards() {
    const std::uint16_t shards = server_->shape().shards;
    if (last_shards_ > 0 && shards > last_shards_) {
        SUANPAN_PROBE("a server started with more shards than before");
    } else if (shards < last_shards_) {
        SUANPAN_PROBE("a server started with fewer shards than before");
    }
    if (server_->recovered().checkpoint_lsn.value > 0 && shards != last_shards_) {
        SUANPAN_PROBE("a server started from a checkpoint of another number of shards");
    }
    last_shards_ = shards;
}

void Simulator::end_life(const char* how) {
    trace_.say("server ends: {}", how);
    if (server_ != nullptr && server_->has_takes()) {
        SUANPAN_PROBE("a server died between a take and its commit");
    }
    report_.checkpoints += server_ == nullptr ? 0 : server_->checkpoint_rounds();
    disk_.is_dead = true;  // whatever destructors do has no effect
    for (Line& line : lines_) {
        if (line.is_connected) line.client->disconnected();
        line.is_connected = false;
        line.to_server.clear();
        line.to_client.clear();
    }
    server_.reset();
    disk_.end_process();
}

void Simulator::cut(Line& line, const char* why) {
    if (line.is_split_to_server) {
        SUANPAN_PROBE("a connection was cut within what its client had sent");
    }
    if (line.is_split_to_client) {
        SUANPAN_PROBE("a connection was cut within what the server had sent");
    }
    trace_.say("a connection is cut: {}", why);
    ++report_.cuts;
    server_->disconnect(line.connection);
    line.client->disconnected();
    line.is_connected = false;
    line.is_split_to_server = line.is_split_to_client = false;
    line.to_server.clear();
    line.to_client.clear();
}

void Simulator::network_step(Line& line) {
    if (line.stalled_until > report_.steps) {
        if (!line.to_server.empty() || !line.to_client.empty()) {
            SUANPAN_PROBE("a connection stood still with frames on their way");
        }
        return;
    }
    if (!line.is_connected) {
        line.connection =
            server_->connect(static_cast<std::uint16_t>(random_.below(server_->shape().shards)));
        line.is_connected = true;
        line.client->connected();
    }
    carry(line);
    if (has_faults_ && random_.one_in(world_.cut_one_in)) return cut(line, "chance");
    if (has_faults_ && random_.one_in(world_.stall_one_in))
        line.stalled_until = report_.steps + random_.below(stall_steps_max);
    if (has_faults_ && random_.one_in(world_.client_death_one_in)) {
        ++report_.client_deaths;
        cut(line, "its client dies");
        return line.client->die();
    }
    if (!server_->is_closing(line.connection)) return;
    append(line.to_client, server_->take_output(line.connection));
    if (line.to_client.empty()) cut(line, "the server closes it");
}

// Frames arrive in pieces: few bytes, some, or all that there are.
void Simulator::carry(Line& line) {
    append(line.to_server, std::exchange(line.client->output(), {}));
    append(line.to_client, server_->take_output(line.connection));
    const std::size_t most = random_.one_in(4) ? 1 + random_.below(40) : SIZE_MAX;
    if (random_.one_in(2)) {
        const auto bytes = take_front(line.to_server, most);
        if (!bytes.empty()) server_->receive(line.connection, bytes);
        line.is_split_to_server = !bytes.empty() && !line.to_server.empty();
        if (line.is_split_to_server) {
            SUANPAN_PROBE("a server got what a client had sent in pieces");
        }
    } else {
        const auto bytes = take_front(line.to_client, most);
        if (!bytes.empty()) line.client->receive(bytes, server_->durable());
        line.is_split_to_client = !bytes.empty() && !line.to_client.empty();
        if (line.is_split_to_client) {
            SUANPAN_PROBE("a client got what the server had sent in pieces");
        }
    }
}

void Simulator::make_requests(std::size_t number) {
    SimClient& client = *lines_[number].client;
    const auto owner = static_cast<std::uint32_t>(number);
    if (random_.one_in(12)) {
        if (const auto op = workload_.add_rival(owner)) client.own(*op);
        return;
    }
    // Now and then several of one kind, which become a batch.
    const std::uint64_t count = random_.one_in(4) ? 3 : 1;
    std::optional<CommandKind> kind;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint32_t op = workload_.add(owner, clock_.wall(), kind);
        kind = workload_.ops[op].command.head.kind;
        client.own(op);
    }
}

void Simulator::client_step(std::size_t number) {
    workload_.durable = std::max(workload_.durable, server_->durable());
    SimClient& client = *lines_[number].client;
    if (!client.is_open() || client.frames_under_way() >= frames_under_way_max) return;
    if (!are_programs_made_) {
        are_programs_made_ =
            std::all_of(workload_.ops.begin(), workload_.ops.begin() + Workload::programs,
                        [](const Op& op) { return op.is_settled(); });
        if (number == 0) client.send(1, true);
        if (!are_programs_made_) return;
        for (std::uint32_t id = 1; id <= Workload::programs; ++id) {
            if (workload_.has_orders())
                lines_[0].client->own(workload_.add_rules(id, clock_.wall()));
            if (workload_.has_offers())
                lines_[0].client->own(workload_.add_offers(id, clock_.wall()));
        }
        return;
    }
    if (has_faults_) {
        if (workload_.ops.size() < options_.events && client.open_ops() < world_.open_ops_max)
            make_requests(number);
        if (random_.one_in(40)) client.send_balance();
        if (random_.one_in(200)) client.send_expiring();
        if (random_.one_in(200)) client.send_statement();
        if (workload_.has_orders()) {
            if (random_.one_in(4)) client.send_quote();
            if (random_.one_in(40)) client.send_order();
            if (random_.one_in(200)) client.send_terms();
        }
        if (workload_.has_offers()) {
            if (random_.one_in(40)) client.send_vouchers();
            if (random_.one_in(60)) client.send_offers();
        }
    }
    client.send(2, !has_faults_);
    if (!has_faults_) client.send_last_read();
}

void Simulator::step_any_shard() {
    server_->step_shard(static_cast<std::uint16_t>(random_.below(server_->shape().shards)));
}

void Simulator::server_step() {
    switch (random_.below(8 + world_.slow_journal)) {
        case 0:
            if (turns_since_commit_ > slow_turns && server_->step_committer()) {
                SUANPAN_PROBE("a commit came after many turns of the shards, as of a slow disk");
            } else {
                server_->step_committer();
            }
            turns_since_commit_ = 0;
            break;
        case 1:
            server_->step_reader();
            break;
        case 2:
            for (std::uint64_t i = random_.below(40); i > 0; --i)
                if (!server_->step_checkpointer()) step_any_shard();
            break;
        case 3:
            server_->step_builder();
            if (random_.one_in(20)) step_retainer();
            break;
        default:
            ++turns_since_commit_;
            step_any_shard();
            break;
    }
}

void Simulator::pass_time() {
    if (!clock_.is_safe() && random_.one_in(60)) {
        clock_.accept_wall();
        if (clock_.behind() > Duration{}) {
            SUANPAN_PROBE("the server's time stood still until the wall clock had caught up");
        }
        if (server_ != nullptr) server_->journal_clock_decision();
    }
    // Programs are made in good time; at the end, ids from the future must become the present.
    if (!are_programs_made_) return clock_.pass(nanoseconds(random_.between(0, 20'000)));
    if (!has_faults_) {
        const Duration most = random_.one_in(20) ? seconds(4) : milliseconds(20);
        return clock_.pass(nanoseconds(random_.between(0, most.ns)));
    }
    if (report_.steps < clock_stands_until_) return;
    if (random_.one_in(world_.exact_one_in)) {
        const Instant now = clock_.now();
        clock_.pass(workload_.next_instant(now) - now);
        clock_stands_until_ = report_.steps + random_.below(standing_steps_max);
        return;
    }
    clock_.pass(nanoseconds(random_.between(0, world_.step_max.ns)));
    if (random_.one_in(world_.long_pause_one_in)) clock_.pass(hours(random_.between(1, 30)));
    if (random_.one_in(world_.clock_jump_one_in)) jump_clock();
}

void Simulator::jump_clock() {
    const Duration by = seconds(random_.between(-3600, 3600));
    if (by.ns > seconds(1800).ns) {
        SUANPAN_PROBE("the wall clock jumped ahead by more than half an hour");
    } else if (by.ns < -seconds(1800).ns) {
        SUANPAN_PROBE("the wall clock jumped back by more than half an hour");
    }
    clock_.jump(by);
}

// Replays from the first entry grow longer as the journal does.
bool Simulator::compares_states() {
    return random_.one_in(4 + report_.lives / 16);
}

void Simulator::act() {
    if (has_faults_ && random_.one_in(world_.disk_full_one_in)) disk_.is_full = true;
    if (disk_.is_full && random_.one_in(world_.disk_full_ends_one_in)) disk_.is_full = false;
    if (has_faults_ && random_.one_in(world_.clean_stop_one_in) && server_->is_quiet()) {
        archive_entries();
        if (compares_states()) check_running_state();
        disk_.activity = Activity::stopping;
        server_->stop_in_order();
        const bool is_copied = are_programs_made_ && random_.one_in(world_.backup_one_in);
        if (is_copied && !disk_.is_dead) take_backup();
        return end_life("in order");
    }
    if (has_faults_ && random_.one_in(world_.kill_one_in)) {
        ++disk_.crashes;
        throw Crash("killed");
    }
    if (has_faults_ && backup_ && random_.one_in(world_.restore_one_in)) return restore_backup();
    if (random_.one_in(2)) return server_step();
    const std::size_t number = random_.below(lines_.size());
    network_step(lines_[number]);
    client_step(number);
}

void Simulator::step() {
    trace_.step = ++report_.steps;
    pass_time();
    try {
        if (server_ == nullptr) {
            start_server();
            if (compares_states()) check_restart();
        }
        act();
        if (disk_.is_dead) throw Crash("in a removal");
        if (random_.one_in(check_one_in)) {
            check_running();
            if (server_ != nullptr && server_->is_quiet() && compares_states())
                check_running_state();
        }
    } catch (const Crash& crash) {
        end_life(crash.what());
    }
}

bool Simulator::is_settled() const {
    return server_ != nullptr && server_->is_quiet() &&
           std::ranges::all_of(lines_, [](const Line& line) { return line.client->is_settled(); });
}

// The first request without an answer, in words.
std::string Simulator::unsettled() const {
    for (std::size_t i = 0; i < workload_.ops.size(); ++i) {
        const Op& op = workload_.ops[i];
        if (op.is_settled() && op.sends_under_way == 0) continue;
        return fmt::format("op {}, kind {} of client {}, {} attempts, {} under way, last told {}{}",
                           i, static_cast<int>(op.command.head.kind), op.client, op.attempts,
                           op.sends_under_way, text_of(op.last_code).name,
                           op.wants_lookup ? ", wants a lookup" : "");
    }
    for (const Line& line : lines_)
        if (std::string read = line.client->unanswered_read(); !read.empty()) return read;
    return server_ == nullptr ? "the server is down" : "the server is not quiet";
}

void Simulator::run_until_settled() {
    trace_.say("no more faults");
    has_faults_ = false;
    workload_.is_calm = true;
    disk_.faults = {};
    disk_.is_full = false;
    if (!clock_.is_safe()) clock_.accept_wall();
    // Where the server's time stands until the wall clock has caught up, nothing runs out.
    clock_.pass(clock_.behind());
    // An id that was made when the clock was ahead by hours waits for its time, and so does its
    // client.
    for (const Op& op : workload_.ops) {
        if (op.is_settled()) continue;
        const Duration ahead =
            milliseconds(op.command.head.request_id.unix_ms() - clock_.now().unix_ms());
        if (ahead > limits::request_future_max) clock_.pass(ahead);
    }
    for (Line& line : lines_) line.stalled_until = 0;
    const std::uint64_t steps_max = report_.steps + settling_steps_max;
    while (!is_settled()) {
        if (report_.steps > steps_max)
            throw Violation("liveness: without faults, requests or reads have no answer: " +
                            unsettled());
        step();
    }
}

SimReport Simulator::run() {
    while (workload_.ops.size() < options_.events &&
           report_.steps < steps_max_per_event * (options_.events + 1000))
        step();
    for (Line& line : lines_) line.client->begin_last_reads();
    run_until_settled();
    if (workload_.has_offers()) final_sale();
    check_running();
    check_running_state();
    check_history();
    return report_;
}

void SimReport::add(const SimReport& other) {
    steps += other.steps;
    requests += other.requests;
    entries += other.entries;
    lives += other.lives;
    crashes += other.crashes;
    power_losses += other.power_losses;
    failed_flushes += other.failed_flushes;
    rotten_bytes += other.rotten_bytes;
    retired += other.retired;
    restores += other.restores;
    cuts += other.cuts;
    client_deaths += other.client_deaths;
    checkpoints += other.checkpoints;
    replays += other.replays;
    repeats += other.repeats;
    reads += other.reads;
    looked_up += other.looked_up;
    history_hash ^= other.history_hash;
}

}  // namespace suanpan::sim
