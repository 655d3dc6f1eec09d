#include "server/shard/retainer.h"

#include "protocol/base/probe.h"
#include "server/shard/baseline_builder.h"
#include "storage/baseline.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace suanpan::shard {
namespace {

constexpr std::chrono::seconds look_every{10};
constexpr int nice_value = 10;
constexpr std::uint64_t parts_max = 1024;

}  // namespace

Retainer::Retainer(const storage::DataDirectory& directory, storage::Journal& journal,
                   const Clock& clock, StorageMetrics& metrics, const RetainerOptions& options,
                   Hooks hooks)
    : directory_(directory),
      journal_(journal),
      clock_(clock),
      metrics_(metrics),
      options_(options),
      hooks_(std::move(hooks)) {}

Retainer::~Retainer() {
    stop();
}

bool Retainer::step() {
    const Instant now = clock_.now();
    if (last_done_ && now - *last_done_ < options_.every) return false;
    const std::optional<Lsn> end = due_end();
    if (!end) return false;
    const std::optional<storage::SealedBaseline> baseline = baseline_at(*end);
    if (!baseline) return false;
    const auto retired = journal_.retire_before(*end + 1, *baseline);
    if (!retired.has_value()) {
        fail(retired.error().sentence);
        return false;
    }
    if (const auto removed = storage::remove_baselines_but(directory_.volume(), *end); !removed)
        fail(removed.error().detail);
    last_done_ = now;
    complained_.clear();
    metrics_.segments_retired.add(*retired);
    metrics_.baseline_lsn.set(end->value);
    hooks_.note(std::to_string(*retired) + " segments up to LSN " + std::to_string(end->value) +
                " are gone, the baseline there stands for them");
    return true;
}

// The last LSN of the newest sealed segment whose every entry is older than the retention.
std::optional<Lsn> Retainer::due_end() const {
    const Instant before = clock_.now() - options_.keep;
    const Lsn needed = hooks_.needed_from ? hooks_.needed_from() : Lsn{};
    std::optional<Lsn> end;
    for (const storage::SegmentInfo& segment : journal_.segments()) {
        if (segment.last_lsn.value == 0 || !segment.has_trailer) break;
        if (needed != Lsn{} && segment.last_lsn >= needed) break;
        const auto last = journal_.read(segment.last_lsn);
        if (!last.has_value() || last->view.time() >= before) break;
        end = segment.last_lsn;
    }
    return end;
}

std::optional<storage::SealedBaseline> Retainer::baseline_at(Lsn lsn) {
    storage::Volume& volume = directory_.volume();
    const auto sealed = storage::list_baselines(volume);
    if (!sealed.has_value()) {
        fail(sealed.error().detail);
        return std::nullopt;
    }
    if (std::ranges::find(*sealed, lsn) != sealed->end()) {
        SUANPAN_PROBE("a baseline was sealed already, its segments had not gone");
        const auto last = journal_.read(lsn);
        if (last.has_value())
            return storage::SealedBaseline{.lsn = lsn, .chain = last->view.chain()};
        fail(last.error().sentence);
        return std::nullopt;
    }
    // What the journal begins after stays until the new one is sealed; left-overs do not.
    const Lsn base{journal_.oldest_lsn().value - 1};
    if (const auto removed = storage::remove_baselines_but(volume, base); !removed) {
        fail(removed.error().detail);
        return std::nullopt;
    }
    const std::uint64_t parts = hooks_.accounts() / options_.accounts_per_part + 1;
    const auto built =
        build_baseline(directory_, journal_, lsn,
                       {.parts = static_cast<std::uint16_t>(std::min(parts, parts_max)),
                        .bytes_per_second = options_.bytes_per_second,
                        .stopping = &stopping_});
    if (built.has_value()) return storage::SealedBaseline{.lsn = lsn, .chain = built->chain};
    if (!stopping_.load(std::memory_order_relaxed)) fail("baseline: " + built.error());
    return std::nullopt;
}

void Retainer::fail(const std::string& why) {
    if (why == complained_) return;
    complained_ = why;
    hooks_.complain(why);
}

void Retainer::start() {
    thread_ = std::thread([this] { run(); });
}

void Retainer::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_.store(true, std::memory_order_relaxed);
        wake_.notify_one();
    }
    thread_.join();
}

void Retainer::run() {
    // A replay must not take a core from the shards. On Linux this concerns the thread only.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice_value));
    std::unique_lock lock(mutex_);
    while (!stopping_.load(std::memory_order_relaxed)) {
        lock.unlock();
        step();
        lock.lock();
        wake_.wait_for(lock, look_every,
                       [this] { return stopping_.load(std::memory_order_relaxed); });
    }
}

}  // namespace suanpan::shard
