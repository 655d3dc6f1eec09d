// CodePool (卡密库): the single-use codes of one offer, without the codes themselves.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/cards/card_code.h"
#include "server/cards/code_batch.h"
#include "server/cards/code_table.h"
#include "server/cards/ids.h"
#include "server/cards/offer.h"
#include "server/cards/refusal.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

namespace suanpan::cards {

// One code of a pool. Good for the pool's life.
enum class CodeRef : std::uint32_t {};

// Where the sealed code lies: the pool hands it back and makes nothing of it.
struct CodeLocator {
    Lsn lsn;                  // of the import's entry; below 2^56
    std::uint32_t index = 0;  // within it
    friend bool operator==(const CodeLocator&, const CodeLocator&) = default;
};

struct PooledCode {
    CodeKey key;
    CodeLocator locator;
    BatchId batch{};
    CodeState state{};
    Instant expires_at;
};

// Which codes there are, whether each is free, and which goes next. A single-use code is issued at
// most once at a time, INV-9 holds of every batch after every call. What a code is, only its sealed
// bytes say, and those lie elsewhere.
//
// Belongs to one shard; on its thread only. At most 64 bytes a code (tests/unit/cards/
// code_pool_test.cc measures it). Taking and giving back cost O(log n), a recall O(1): the codes of
// a recalled batch are void without being touched. Expired codes are passed over when they would be
// taken; expire_some() posts them for whoever counts.
class CodePool {
public:
    explicit CodePool(IssueOrder order) : order_(order) {}

    // ---- import

    [[nodiscard]] Decided<void> check_open(BatchId batch) const;  // batch_exists, busy: too many
    void open_batch(BatchId batch);
    enum class AddRefusal : std::uint8_t { duplicate = 1, full = 2 };
    // Adds a free code. A key that the pool has already, in whichever batch, is refused, and so is
    // what comes after codes_per_pool_max. Expects a batch that check_import() allows.
    std::expected<CodeRef, AddRefusal> add(BatchId batch, const CodeKey& key,
                                           const CodeLocator& locator, Instant expires_at);
    [[nodiscard]] Decided<void> check_import(BatchId batch) const;  // not found, recalled

    // ---- taking

    // Sets `quantity` codes aside that do not expire at or before `now`, in the pool's order, and
    // appends them to `taken`: all of them, or none and false.
    [[nodiscard]] bool take(std::int64_t quantity, Instant now, std::vector<CodeRef>& taken);
    // Set aside -> issued.
    void issue(CodeRef code);
    // Set aside, or issued and never revealed -> available; of a recalled batch: void.
    void give_back(CodeRef code);
    // Set aside or issued -> void: somebody may know it.
    void retire(CodeRef code);
    // For replay: whatever it is now, it is in `state`.
    void restore(CodeRef code, CodeState state);

    // ---- what ends

    [[nodiscard]] Decided<RecallReport> check_recall(BatchId batch) const;  // not found, recalled
    RecallReport recall(BatchId batch);
    // Looks at `count_max` more codes, round and round, and posts those that have expired. Returns
    // how many it posted.
    std::size_t expire_some(std::size_t count_max, Instant now);

    // ---- reading

    [[nodiscard]] std::optional<CodeRef> find(const CodeKey& key) const;
    [[nodiscard]] PooledCode code(CodeRef code) const;
    [[nodiscard]] const CodeCounts& counts() const { return counts_; }  // of the whole pool
    [[nodiscard]] const CodeBatch* batch(BatchId batch) const;
    [[nodiscard]] std::size_t size() const { return table_.size(); }
    // What it keeps in memory.
    [[nodiscard]] std::size_t bytes() const;
    // INV-9 by counting: for tests and slow assertions.
    [[nodiscard]] bool is_whole() const;

private:
    [[nodiscard]] CodeState state_of(const CodeSlot& slot) const;
    void move(CodeSlot& slot, CodeState to);
    void push(std::uint32_t slot);
    [[nodiscard]] bool goes_before(std::uint32_t a, std::uint32_t b) const;
    std::optional<std::uint32_t> pop(Instant now);
    [[nodiscard]] const CodeBatch* find_batch(BatchId batch) const;

    IssueOrder order_;
    CodeTable table_;
    std::vector<CodeBatch> batches_;
    CodeCounts counts_;
    // Slots that may be free, the next one on top. One that is not free any more stays until it
    // comes up; `queued` in the slot says that it is here.
    std::vector<std::uint32_t> queue_;
    std::uint32_t sweep_at_ = 0;
};

}  // namespace suanpan::cards
