// Who may call what, with which key and how often: the partners file, re-read on SIGHUP.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/command.h"

#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace suanpan {

// How many events a partner may send: `events_per_second` in the long run, and at once no more than
// `burst_events`.
struct RateLimit {
    std::uint32_t events_per_second = 0;  // 0: no limit
    std::uint32_t burst_events = 0;
    friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

// The state of one partner's rate limit: GCRA on one atomic, shared by all shards without a lock.
//
// It belongs to the partner id and not to a PartnerBook, so that a reload neither refills nor
// empties anybody's allowance. Bound: eight bytes.
class RateMeter {
public:
    // Takes `events` out of the allowance: 0. Or takes nothing, where there is too little: the
    // milliseconds (at least 1) after which the same call could succeed. A batch larger than the
    // burst is let through when the allowance is full, and paid off in the time that follows.
    // `now` comes from a clock that all callers share; a step back costs at most one full
    // allowance.
    [[nodiscard]] std::uint32_t try_take(const RateLimit& limit, std::uint32_t events, Instant now);

private:
    // When the allowance will be full again. Relaxed: it guards no other memory.
    std::atomic<std::int64_t> full_at_ns_{INT64_MIN};
};

// One partner as the file describes it. Immutable but for its meter; owned by its PartnerBook.
class Partner {
public:
    static constexpr std::size_t kind_slots = 64;

    PartnerId id{};
    std::string name;
    std::vector<std::byte> key;  // of the HMAC in `hello`; never printed
    std::bitset<kind_slots> kinds;
    bool all_programs = false;
    std::vector<ProgramId> programs;  // rising; meaningless with all_programs
    RateLimit rate;
    std::shared_ptr<RateMeter> meter;

    // ping and hello are everybody's and are not asked here.
    [[nodiscard]] bool allows(CommandKind kind) const;
    [[nodiscard]] bool allows(ProgramId program) const;
    // RateMeter::try_take under this partner's limit; 0 where it has none.
    [[nodiscard]] std::uint32_t try_take(std::uint32_t events, Instant now) const;
};

// All partners of one version of the file. Immutable, so any thread may read it.
class PartnerBook {
public:
    static constexpr std::size_t key_bytes_min = 32;
    static constexpr std::size_t key_bytes_max = 1024;
    static constexpr std::size_t partners_max = 10'000;
    static constexpr std::uint32_t events_per_second_max = 1'000'000'000;

    // Reads `file`. Throws std::runtime_error with one line "file:line: what is wrong; what is
    // allowed"; no message holds a key or a part of one. Meters of partners that `previous` knows
    // are taken over.
    [[nodiscard]] static std::shared_ptr<const PartnerBook> load(
        const std::filesystem::path& file, const PartnerBook* previous = nullptr);

    [[nodiscard]] const Partner* find(PartnerId id) const;
    [[nodiscard]] const std::vector<Partner>& partners() const { return partners_; }
    // Sentences for the log: a key file that others can read, say.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

private:
    std::vector<Partner> partners_;  // by rising id
    std::vector<std::string> warnings_;
};

// The book in force. One for the process, owned by main; reload() on the main thread, the rest on
// any.
//
// Readers keep a PartnerView, which costs one atomic load a look while nothing changes; the mutex
// is only met in the moment of a change.
class PartnerDirectory {
public:
    // Throws as PartnerBook::load does: a server without a sound file does not start.
    explicit PartnerDirectory(std::filesystem::path file);

    // SIGHUP. Takes the new file over, whole, or keeps the old book and says why.
    [[nodiscard]] std::expected<std::shared_ptr<const PartnerBook>, std::string> reload();

    [[nodiscard]] std::shared_ptr<const PartnerBook> current() const;
    // Rises with every change. The acquire pairs with the release in reload().
    [[nodiscard]] std::uint64_t generation() const {
        return generation_.load(std::memory_order_acquire);
    }

private:
    const std::filesystem::path file_;
    mutable std::mutex mutex_;
    std::shared_ptr<const PartnerBook> book_;  // under mutex_
    std::atomic<std::uint64_t> generation_{1};
};

// A reader's hold on the book in force; one per shard, used on its thread.
//
// A Partner pointer is good until the next call of find(). A session therefore keeps the PartnerId
// and asks for each frame; nothing found means that the partner was removed, and its session
// closes.
class PartnerView {
public:
    explicit PartnerView(const PartnerDirectory& directory) : directory_(&directory) {}

    [[nodiscard]] const Partner* find(PartnerId id);

private:
    const PartnerDirectory* directory_;
    std::shared_ptr<const PartnerBook> book_;
    std::uint64_t generation_ = 0;
};

}  // namespace suanpan
