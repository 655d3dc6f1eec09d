#include "server/server.h"

#include "protocol/clear_code.h"
#include "server/log.h"
#include "server/net/admin_http.h"
#include "server/net/metrics_exposition.h"
#include "server/net/shard_thread.h"
#include "server/ready_file.h"
#include "server/shard/checkpointer.h"
#include "server/shard/commit_thread.h"
#include "server/shard/quote_secrets.h"
#include "server/shard/recovery.h"
#include "server/shard/retainer.h"
#include "server/shard/shard.h"
#include "server/shard/start_record.h"
#include "storage/lmdb_volume.h"
#include "storage/segment_builder.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace suanpan {
namespace {

constexpr auto drain_patience = std::chrono::seconds(10);
constexpr auto checkpoint_patience = std::chrono::seconds(300);
// How late commits come where replies do not wait for them.
constexpr auto unsafe_lag = std::chrono::milliseconds(100);
constexpr auto poll_every = std::chrono::milliseconds(5);

storage::JournalOptions journal_options(const ServerConfig& config) {
    storage::JournalOptions options;
    options.segment_bytes = config.segment_bytes;
    options.trust_after_failed_flush = config.trust_after_failed_flush;
    options.drop_damaged_last_commit = config.drop_damaged_last_commit;
    return options;
}

// A sandbox's clock goes on from where advances had taken it.
Duration sandbox_offset(const ServerConfig& config, Instant journal_last) {
    if (!config.sandbox) return {};
    const shard::RealClock wall{Instant{}};
    const Duration ahead = journal_last - wall.now();
    return ahead.ns > 0 ? ahead : Duration{};
}

void log_partner_warnings(const PartnerBook& book) {
    for (const std::string& warning : book.warnings())
        log_warn("partners file", {{"note", warning}});
}

// The most memory that the process has had so far.
std::int64_t resident_peak_mib() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

// Waits until `done` says so; false when `patience` is over.
template <typename Done>
bool wait_for(std::chrono::steady_clock::duration patience, Done&& done) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(poll_every);
    }
    return true;
}

// Throws std::runtime_error. What was read is wiped.
std::shared_ptr<const cards::MasterKeys> read_master_keys(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    const auto forget = [&] { wipe(std::as_writable_bytes(std::span(text))); };
    try {
        if (!file) throw std::runtime_error("it cannot be read");
        auto keys = shard::master_keys_of(text);
        forget();
        return keys;
    } catch (const std::runtime_error& error) {
        forget();
        throw std::runtime_error("master keys file " + path.string() + ": " + error.what());
    }
}

}  // namespace

// In order of construction: what stands lower uses what stands higher.
struct Server::Parts {
    explicit Parts(const ServerConfig& config);

    ServerConfig config;
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
    PartnerDirectory partners;
    std::unique_ptr<storage::Volume> volume;
    storage::DataDirectory directory;
    std::unique_ptr<storage::Journal> journal;
    shard::Recovered recovered;
    shard::RealClock clock;
    std::vector<std::unique_ptr<ShardMetrics>> shard_metrics;
    CommitterMetrics committer_metrics;
    StorageMetrics storage_metrics;
    ProcessMetrics process_metrics;
    shard::Committer committer;
    shard::Exchange exchange;
    shard::OwnerLanes owners;
    shard::JournalReader reader;
    net::ConnectionCount connections;
    std::vector<std::unique_ptr<shard::Shard>> shards;
    std::vector<std::unique_ptr<net::ShardThread>> threads;
    std::unique_ptr<shard::CommitThread> commit_thread;
    std::unique_ptr<storage::SegmentBuilder> builder;
    std::unique_ptr<shard::Checkpointer> checkpointer;
    std::unique_ptr<shard::Retainer> retainer;
    std::unique_ptr<AdminHttp> admin;
    ReadyInfo ready;
    std::uint64_t ticks = 0;
    std::uint32_t next_thread = 0;  // of connections that came to the common port; shard 0's thread

    void wake(shard::ShardIndex index) { threads[static_cast<std::size_t>(index)]->wake(); }
    void build_shards();
    void connect_hooks();
    void listen();
    void commit_start_record();
    void start_threads();
    void start_retainer();
    void start_admin();
    void publish_metrics();
    [[nodiscard]] shard::QuoteSecretsAtStart open_quote_secrets(const cards::MasterKeys* masters);
    void forget_ended_quote_secrets();
    [[nodiscard]] std::uint16_t shard_count() const {
        return static_cast<std::uint16_t>(config.shards);
    }
    [[nodiscard]] std::uint64_t room_bytes() const {
        return std::min(shard::Committer::room_bytes_usual, config.segment_bytes / 2);
    }
};

Server::Parts::Parts(const ServerConfig& config_)
    : config(config_),
      partners(config.partners_file),
      volume(storage::open_lmdb_volume(config.data_dir.string())),
      directory(storage::DataDirectory::open(*volume, {.sandbox = config.sandbox})),
      journal(storage::Journal::open(directory, journal_options(config))),
      recovered(shard::recover(directory, *journal, {.shards = shard_count()})),
      clock(journal->last_time(), sandbox_offset(config, journal->last_time()),
            config.clock_tolerance),
      committer(*journal, shard_count(), committer_metrics, room_bytes()),
      exchange(shard_count()),
      owners(shard_count(), recovered.ledgers),
      reader(*journal, shard_count()),
      connections(config.connections_max) {
    for (const std::string& note : journal->open_report().notes)
        log_warn("journal", {{"note", note}});
    for (const std::string& note : recovered.notes) log_warn("recovery", {{"note", note}});
    log_partner_warnings(*partners.current());
    build_shards();
    connect_hooks();
    listen();
    commit_start_record();
    start_threads();
    start_admin();
}

void Server::Parts::build_shards() {
    std::shared_ptr<const cards::MasterKeys> master_keys;
    if (!config.master_keys_file.empty()) master_keys = read_master_keys(config.master_keys_file);
    if (master_keys == nullptr && !recovered.codes.empty())
        throw std::runtime_error(
            "the data directory has sealed card codes; start with --master-keys-file FILE");
    const shard::QuoteSecretsAtStart quotes = open_quote_secrets(master_keys.get());
    owners.restore_codes(std::move(recovered.codes), recovered.ledgers);
    for (std::uint16_t i = 0; i < shard_count(); ++i) {
        shard_metrics.push_back(std::make_unique<ShardMetrics>());
        shards.push_back(std::make_unique<shard::Shard>(
            shard::ShardIndex{i}, std::move(recovered.ledgers[i]),
            shard::ShardSurroundings{.committer = committer,
                                     .clock = clock,
                                     .reader = reader,
                                     .exchange = exchange,
                                     .owners = owners,
                                     .wake = [this](shard::ShardIndex index) { wake(index); }},
            shard::ShardOptions{
                .hash_seed = directory.hash_seed(),
                .quote_keys = quotes.keys,
                .code_secret = shard::code_secret(directory),
                .master_keys = master_keys,
                .request_log_window = config.request_log_window,
                .request_log_ids_max = config.request_log_ids_max,
                .staged_bytes_max = shard::Committer::staged_bytes_max(room_bytes(), shard_count()),
                .unsafe_reply_before_commit = config.unsafe_reply_before_commit},
            *shard_metrics.back()));
        net::SessionEnvironment environment{.port = *shards.back(),
                                            .partners = PartnerView(partners),
                                            .clock = clock,
                                            .metrics = *shard_metrics.back(),
                                            .greeting = {},
                                            .body_hash_key = shard::body_hash_key(directory),
                                            .frames_in_flight_max = config.frames_in_flight_max,
                                            .frame_body_bytes_max = config.frame_body_bytes_max};
        const unsigned cpus = std::max(1U, std::thread::hardware_concurrency());
        threads.push_back(std::make_unique<net::ShardThread>(
            *shards.back(), std::move(environment), connections,
            net::ShardThread::Options{
                .busy_poll = config.busy_poll,
                .pin_to_cpu = config.pin_threads ? static_cast<int>(i % cpus) : -1}));
    }
    owners.forget_codes_at_start();
}

shard::QuoteSecretsAtStart Server::Parts::open_quote_secrets(const cards::MasterKeys* masters) {
    auto quotes = shard::open_quote_secrets(
        directory, masters, clock.now(),
        {.rotate = config.rotate_quote_secret, .forget = config.forget_quote_secrets});
    for (const std::string& note : quotes.notes) log_info("quotes", {{"note", note}});
    if (masters == nullptr)
        log_warn("quotes", {{"note",
                             "without master keys the quote secret lies in the clear in SUANPAN: "
                             "whoever reads it can make quotes; see --master-keys-file"}});
    return quotes;
}

// The shards have forgotten them by themselves; what lies on the disk goes within a minute.
void Server::Parts::forget_ended_quote_secrets() {
    try {
        if (shard::forget_ended_quote_secrets(directory, clock.now()))
            log_info("quotes", {{"note", "a quote secret of before has ended and was forgotten"}});
    } catch (const std::runtime_error& error) {
        log_error("quotes", {{"why", error.what()}});
    }
}

void Server::Parts::connect_hooks() {
    committer.set_hooks({.wake = [this](shard::ShardIndex index) { wake(index); },
                         .fail =
                             [](const std::string& why) {
                                 log_error("flush failed",
                                           {{"why", why}, {"exit", exit_flush_failed}});
                                 // Nothing may run any more that could answer a request.
                                 std::_Exit(exit_flush_failed);
                             },
                         .wake_commit_thread = [this] { commit_thread->wake(); }});
    reader.set_hooks([this](shard::ShardIndex index) { wake(index); },
                     [](const std::string& why) { log_error("journal read", {{"why", why}}); });
}

void Server::Parts::listen() {
    // The common port's connections are dealt out in turn; each shard's own port is its own.
    ready.port = threads[0]->listen(config.listen, config.port, [this](auto&& socket) {
        threads[next_thread++ % threads.size()]->adopt(std::move(socket));
    });
    for (std::uint16_t i = 0; i < shard_count(); ++i) {
        const auto wanted = static_cast<std::uint16_t>(
            config.shard_port_base == 0 ? 0 : config.shard_port_base + i);
        ready.shard_ports.push_back(threads[i]->listen(config.listen, wanted));
    }
    Greeting greeting;
    greeting.shard_ports = ready.shard_ports;
    greeting.hash_seed = directory.hash_seed();
    greeting.frame_body_bytes_max = config.frame_body_bytes_max;
    greeting.batch_events_max = limits::batch_events_max;
    greeting.frames_in_flight_max = config.frames_in_flight_max;
    std::memcpy(&greeting.server_uuid, directory.uuid().data(), sizeof greeting.server_uuid);
    greeting.sandbox = directory.sandbox();
    greeting.server_version = SUANPAN_VERSION;
    for (const auto& thread : threads) thread->set_greeting(greeting);
}

// The first answer may rest on what was read: so what was read is made durable by a commit of ours.
void Server::Parts::commit_start_record() {
    builder =
        std::make_unique<storage::SegmentBuilder>(*journal, [](const storage::JournalError& error) {
            log_error("segment", {{"why", error.sentence}});
        });
    // A first start fills whole segments with zeros, which an operator should not have to guess.
    if (!committer.has_room())
        log_info("writing segments ahead", {{"segment_bytes", config.segment_bytes}});
    if (!wait_for(std::chrono::seconds(60), [this] { return committer.has_room(); })) {
        log_warn("no room in the journal; changes are refused as storage_full until there is");
        return;
    }
    shard::commit_start_record(committer, clock.now(), directory.incarnation(), config.shards);
}

void Server::Parts::start_threads() {
    commit_thread = std::make_unique<shard::CommitThread>(
        committer, config.unsafe_reply_before_commit ? unsafe_lag : std::chrono::milliseconds{});
    reader.start();
    std::vector<shard::SliceLane*> lanes;
    lanes.reserve(shards.size());
    for (const auto& each : shards) lanes.push_back(&each->slice_lane());
    checkpointer = std::make_unique<shard::Checkpointer>(
        directory, *journal, committer, std::move(lanes), storage_metrics,
        shard::CheckpointerOptions{.every_bytes = config.checkpoint_every_bytes,
                                   .every_entries = config.checkpoint_every_entries},
        shard::Checkpointer::Hooks{
            .wake = [this](shard::ShardIndex index) { wake(index); },
            .complain = [](const std::string& why) { log_error("checkpoint", {{"why", why}}); }});
    for (const auto& thread : threads) thread->start();
    checkpointer->start();
    start_retainer();
}

void Server::Parts::start_retainer() {
    storage_metrics.baseline_lsn.set(journal->oldest_lsn().value - 1);
    if (config.retention_days == 0) return;
    shard::Retainer::Hooks hooks;
    hooks.accounts = [this] {
        std::uint64_t accounts = 0;
        for (const auto& metrics : shard_metrics) accounts += metrics->accounts.read();
        return accounts;
    };
    // A retention removes no entry that may still be asked for a sealed code.
    hooks.needed_from = [this] {
        std::uint64_t lsn = 0;
        for (const auto& metrics : shard_metrics)
            if (const std::uint64_t since = metrics->codes_since_lsn.read();
                since != 0 && (lsn == 0 || since < lsn))
                lsn = since;
        return Lsn{lsn};
    };
    hooks.note = [](const std::string& what) { log_info("retention", {{"note", what}}); };
    hooks.complain = [](const std::string& why) { log_error("retention", {{"why", why}}); };
    retainer = std::make_unique<shard::Retainer>(
        directory, *journal, clock, storage_metrics,
        shard::RetainerOptions{.keep = hours(24LL * config.retention_days)}, std::move(hooks));
    retainer->start();
}

void Server::Parts::start_admin() {
    const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - started;
    process_metrics.recovery_ns.set(static_cast<std::uint64_t>(took.count()));
    process_metrics.recovered_entries.set(recovered.replayed);
    process_metrics.shards.set(config.shards);
    process_metrics.started_unix.set(static_cast<std::uint64_t>(std::time(nullptr)));
    publish_metrics();
    process_metrics.ready.set(1);
    AdminHandlers handlers;
    handlers.metrics = [this] {
        MetricsSources sources;
        for (const auto& metrics : shard_metrics) sources.shards.push_back(metrics.get());
        sources.committer = &committer_metrics;
        sources.storage = &storage_metrics;
        sources.process = &process_metrics;
        sources.version = SUANPAN_VERSION;
        return expose_metrics(sources);
    };
    handlers.healthy = [] { return AdminReply{.status = 200, .text = "ok\n"}; };
    handlers.ready = [this] {
        if (process_metrics.ready.read() == 0) return AdminReply{503, "stopping\n"};
        if (!clock.is_safe()) return AdminReply{503, "clock_unsafe\n"};
        if (!committer.has_room()) return AdminReply{503, "storage_full\n"};
        return AdminReply{200, "ready\n"};
    };
    handlers.accept_clock = [this] {
        clock.accept_wall_clock();
        shards[0]->journal_clock_decision();
        wake(shard::ShardIndex{0});
        log_warn("the wall clock was accepted by an operator");
        return AdminReply{200, "accepted\n"};
    };
    admin = std::make_unique<AdminHttp>(
        AdminOptions{.address = config.metrics_listen, .port = config.metrics_port},
        std::move(handlers));
    ready.metrics_port = admin->port();
    log_info("ready", {{"address", config.listen},
                       {"port", ready.port},
                       {"metrics_port", ready.metrics_port},
                       {"shards", config.shards},
                       {"lsn", committer.durable().value},
                       {"replayed", recovered.replayed},
                       {"recovery_ms", static_cast<std::int64_t>(took.count() / 1'000'000)},
                       {"resident_peak_mib", resident_peak_mib()}});
    if (!config.ready_file.empty()) write_ready_file(config.ready_file, ready);
}

Server::Server(const ServerConfig& config) : parts_(std::make_unique<Parts>(config)) {}

Server::~Server() {
    Parts& parts = *parts_;
    parts.admin.reset();
    parts.retainer.reset();
    parts.checkpointer.reset();
    for (const auto& thread : parts.threads) thread->stop();
    parts.reader.stop();
    parts.commit_thread.reset();
    parts.builder.reset();
}

void Server::tick() {
    parts_->clock.watch();
    parts_->process_metrics.clock_unsafe.set(parts_->clock.is_safe() ? 0 : 1);
    if (parts_->ticks % 60 == 0) parts_->forget_ended_quote_secrets();
    parts_->publish_metrics();
}

// Once a second; what asks the file system, once a minute.
void Server::Parts::publish_metrics() {
    const Duration ahead = clock.wall_ahead();
    process_metrics.clock_offset_ns_max.raise_to(
        static_cast<std::uint64_t>(ahead.ns < 0 ? -ahead.ns : ahead.ns));
    const bool room = committer.has_room();
    if (!room && storage_metrics.room.read() != 0) storage_metrics.storage_full.add();
    storage_metrics.room.set(room ? 1 : 0);
    storage_metrics.bytes_free.set(journal->bytes_free());
    storage_metrics.segments.set(journal->segments().size());
    const storage::Journal::Counters counters = journal->counters();
    storage_metrics.rotations.set(counters.rotations);
    storage_metrics.commit_disk_bytes.set(counters.disk_bytes);
    if (ticks++ % 60 != 0) return;
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(config.data_dir, error);
    if (!error) storage_metrics.disk_bytes_free.set(space.available);
    std::uint64_t bytes = 0;
    std::filesystem::directory_iterator files(config.data_dir, error);
    for (; !error && files != std::filesystem::directory_iterator(); files.increment(error)) {
        const std::string name = files->path().filename().string();
        if (!name.starts_with("journal-") || !name.ends_with(".lmdb")) continue;
        std::error_code gone;  // a segment that was being built has got its final name
        const std::uintmax_t size = std::filesystem::file_size(files->path(), gone);
        if (!gone) bytes += size;
    }
    storage_metrics.journal_bytes.set(bytes);
}

void Server::reload_partners() {
    const auto reloaded = parts_->partners.reload();
    if (reloaded.has_value()) {
        parts_->process_metrics.partner_reloads.add();
        log_partner_warnings(**reloaded);
        log_info("partners reloaded", {{"partners", (*reloaded)->partners().size()}});
    } else {
        parts_->process_metrics.partner_reload_failures.add();
        log_error("partners file refused, the old one stays", {{"why", reloaded.error()}});
    }
}

bool Server::stop() {
    Parts& parts = *parts_;
    log_info("stopping");
    parts.process_metrics.ready.set(0);
    for (const auto& thread : parts.threads) thread->drain();
    const bool drained = wait_for(drain_patience, [&parts] {
        return std::ranges::all_of(parts.threads,
                                   [](const auto& thread) { return thread->is_drained(); });
    });
    if (!drained) log_warn("some connections did not take their answers in time");
    const std::uint64_t rounds = parts.checkpointer->rounds();
    parts.checkpointer->ask_for_last_round();
    if (!wait_for(checkpoint_patience, [&] { return parts.checkpointer->rounds() > rounds; }))
        log_warn("the last checkpoint did not finish in time; the next start replays more");
    parts.admin.reset();
    parts.retainer.reset();
    parts.checkpointer.reset();
    for (const auto& thread : parts.threads) thread->stop();
    parts.reader.stop();
    parts.commit_thread.reset();
    parts.builder.reset();
    if (const auto closed = parts.journal->close(); !closed.has_value())
        log_error("journal", {{"why", closed.error().sentence}});
    log_info("stopped", {{"lsn", parts.committer.durable().value}});
    return drained;
}

}  // namespace suanpan
