// LedgerWorld: real ledgers with a journal in memory, and nothing else of a server.
#pragma once

#include "server/ledger/entry.h"
#include "server/ledger/ledger.h"
#include "tests/support/subject.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace suanpan::testing {

// One Ledger for each shard, members routed by hash as the server does; each accepted entry and
// each refusal is encoded, numbered and kept, so that it can be replayed.
//
// Does what a shard does around its ledger in the plainest way: one command at a time, durable at
// once. Single-threaded.
class LedgerWorld final : public Subject {
public:
    static constexpr std::uint64_t hash_seed = 0x5eed;

    explicit LedgerWorld(std::uint16_t shards);

    Outcome submit(const Command& command, Instant now) override;
    Outcome balance(const MemberId& member, ProgramId program, Instant now) override;
    Expiring expiring(const MemberId& member, ProgramId program, Duration within,
                      Instant now) override;
    SubjectTotals totals(ProgramId program, Instant now) override;
    void raise_floor(std::int64_t floor_ms) override;
    void sweep(Instant now) override;
    std::string broken_invariant(Instant now) override;

    // The account's entries, newest first, by its chain of previous LSNs.
    [[nodiscard]] std::vector<StatementLine> statement(const MemberId& member, ProgramId program);

    // Equal states have equal digests, on any number of shards (INV-12).
    struct Digest {
        ledger::HashSum accounts;
        ledger::HashSum programs;
        ledger::HashSum house;
        friend bool operator==(const Digest&, const Digest&) = default;
    };
    [[nodiscard]] Digest digest() const;
    [[nodiscard]] std::uint16_t shards() const {
        return static_cast<std::uint16_t>(ledgers_.size());
    }
    [[nodiscard]] std::uint64_t last_lsn() const { return journal_.size(); }
    [[nodiscard]] const ledger::Ledger& ledger(std::size_t shard) const { return *ledgers_[shard]; }

    [[nodiscard]] std::size_t shard_of(const MemberId& member) const;

    // What an accepted command's entry refers to: the number of the order, say.
    [[nodiscard]] std::uint64_t reference_of(Lsn lsn) const;

    // What all members' orders of a program have of a counter that they share.
    [[nodiscard]] std::int64_t given(const ledger::CounterKey& key) const;

    // All records of all shards as a checkpoint would have them, each with its own LSN.
    struct Image {
        std::vector<std::vector<std::byte>> records;
        std::vector<Lsn> lsns;
        std::uint16_t shards = 0;  // that it was taken with
        Lsn replay_after;          // every entry up to here is in all records
        std::int64_t floor_ms = 0;
    };
    // Takes an image in small slices; `between` runs after each, and may submit commands.
    template <typename Between>
    Image take_image(std::size_t slice_bytes, Between&& between);

    // A world made by replaying encoded entries, LSN 1 first.
    [[nodiscard]] static std::unique_ptr<LedgerWorld> replayed(
        std::uint16_t shards, std::vector<std::vector<std::byte>> entries);
    // A world with another number of shards and the same history: replayed from the first entry, or
    // from `image` and what came after it.
    [[nodiscard]] std::unique_ptr<LedgerWorld> rebuilt(std::uint16_t shards,
                                                       const Image* image = nullptr) const;

private:
    // Adds a slice of one shard's records to the image; false where that shard is done.
    bool add_slice(std::size_t shard, std::size_t slice_bytes, ledger::RecordCursor& cursor,
                   Image& image) const;
    [[nodiscard]] bool load(Lsn lsn, ledger::Entry& out) const;
    Outcome repeat_of(const ledger::RequestFound& found, const Hash128& digest) const;
    // A counter that has too few units for an entry; and when enough may come back, or 0.
    struct Shortage {
        ledger::CounterKey key;
        Instant back;
    };
    [[nodiscard]] std::optional<Shortage> shortage(const ledger::Entry& entry) const;
    Lsn append(ledger::Entry& entry);
    Outcome refuse_with_state(std::size_t shard, const Command& command,
                              const ledger::Decision& decision, Instant now);
    void apply_and_append(std::size_t shard, ledger::Entry& entry);

    std::vector<std::unique_ptr<ledger::Ledger>> ledgers_;
    std::vector<std::vector<std::byte>> journal_;  // LSN 1 first
    std::int64_t floor_ms_ = 0;
};

template <typename Between>
LedgerWorld::Image LedgerWorld::take_image(std::size_t slice_bytes, Between&& between) {
    Image image{.records = {},
                .lsns = {},
                .shards = shards(),
                .replay_after = Lsn{last_lsn()},
                .floor_ms = floor_ms_};
    for (std::size_t shard = 0; shard < ledgers_.size(); ++shard) {
        ledger::RecordCursor cursor;
        while (add_slice(shard, slice_bytes, cursor, image)) between();
    }
    return image;
}

}  // namespace suanpan::testing
