// RequestLog: which request ids were executed or refused, for a window bounded by time and memory.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/command.h"
#include "server/ledger/slab_index.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>

namespace suanpan::ledger {

// Identity of a request under the data directory's secret seed. The log keeps its first 96 bits.
[[nodiscard]] Hash128 request_digest(PartnerId partner, const MemberId& member,
                                     const RequestId& request_id, std::uint64_t seed);
// The same of an import of codes, which has no member: its id is one of the program's offers',
// whose shard executes it (design.md §4, "the owner object's reserved one").
[[nodiscard]] Hash128 import_digest(PartnerId partner, ProgramId program,
                                    const RequestId& request_id, std::uint64_t seed);

// The same of a command on a voucher, whoever asks: its id is one of the voucher's, whose home
// executes it (docs/decisions/0017).
[[nodiscard]] Hash128 voucher_digest(PartnerId partner, const VoucherNumber& voucher,
                                     const RequestId& request_id, std::uint64_t seed);

struct RequestKey {
    std::uint64_t a = 0;
    std::uint32_t b = 0;
    friend bool operator==(const RequestKey&, const RequestKey&) = default;
};

// One remembered id. `value` is an LSN; its top bit says refused. Value 0: not patched yet.
struct RequestSlot {
    std::uint64_t digest_a = 0;
    std::uint32_t digest_b = 0;
    std::uint32_t body_bits = 0;  // low half of the body hash
    std::uint64_t value = 0;
};
static_assert(sizeof(RequestSlot) == 24);

// Where an id was inserted. Good until its second is dropped.
struct RequestRef {
    std::int64_t second = -1;
    std::uint32_t slot = 0;
};

// What the log knows of an id.
struct RequestFound {
    enum class Kind : std::uint8_t { absent, same, other_body } kind = Kind::absent;
    bool refused = false;  // then `lsn` is the block that holds the refusal
    Lsn lsn;               // 0: decided, but its LSN is not known yet
    RequestRef ref;
};

// Tables by the second that an id was made in, dropped whole; at most 40 bytes an id (INV-7).
// Single-threaded; part of journal, checkpoint and backup, but not of the state hash: how long it
// reaches back is a matter of memory.
class RequestLog {
public:
    [[nodiscard]] RequestFound find(const Hash128& digest, std::int64_t request_ms,
                                    std::uint64_t body_hash) const;
    // Fetches what find() reads first, without waiting for it (Ledger::prefetch_indexes).
    void prefetch(const Hash128& digest, std::int64_t request_ms) const;
    // Expects that find() said absent.
    RequestRef insert(const Hash128& digest, std::int64_t request_ms, std::uint64_t body_hash);
    void set_lsn(RequestRef ref, Lsn lsn, bool refused);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::size_t bytes() const;
    // The oldest second that has ids, or nothing.
    [[nodiscard]] std::optional<std::int64_t> oldest_second() const;
    // Ids in the oldest second: what dropping it would free.
    [[nodiscard]] std::uint64_t oldest_size() const;
    // Forgets every second that ends at or before `floor_ms`. The floor has been raised before.
    void drop_below(std::int64_t floor_ms);

    // For checkpoints: ids of `second` from `slot` on, as long as `take` returns true. Ids without
    // an LSN are left out. Returns the slot to go on from, or nothing where the second is done.
    std::optional<std::uint32_t> walk(std::int64_t second, std::uint32_t slot,
                                      const std::function<bool(const RequestSlot&)>& take) const;
    // The first second at or after `second` that has ids.
    [[nodiscard]] std::optional<std::int64_t> next_second(std::int64_t second) const;
    // Puts back what a checkpoint had; an id that is there already stays as it is.
    void restore(std::int64_t second, std::span<const RequestSlot> slots);

private:
    struct Traits {
        using Item = RequestSlot;
        using Key = RequestKey;
        static RequestKey key_of(const RequestSlot& slot) { return {slot.digest_a, slot.digest_b}; }
        // The digest is a keyed hash already.
        static std::uint64_t hash(const RequestKey& key) { return key.a; }
    };
    using Table = SlabIndex<Traits, 64>;

    [[nodiscard]] Table* table_of(std::int64_t second) const;
    [[nodiscard]] Table& make_table(std::int64_t second);

    std::map<std::int64_t, std::unique_ptr<Table>> tables_;
    mutable std::int64_t last_second_ = INT64_MIN;  // the table that was used last
    mutable Table* last_table_ = nullptr;
    std::uint64_t size_ = 0;
};

}  // namespace suanpan::ledger
