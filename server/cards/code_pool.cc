#include "server/cards/code_pool.h"

#include "protocol/base/assert.h"
#include "protocol/limits.h"

#include <algorithm>

namespace suanpan::cards {
namespace {

std::uint32_t slot_of(CodeRef code) {
    return static_cast<std::uint32_t>(code);
}

}  // namespace

const CodeBatch* CodePool::find_batch(BatchId batch) const {
    const auto found = std::ranges::find(batches_, batch, &CodeBatch::id);
    return found == batches_.end() ? nullptr : &*found;
}
const CodeBatch* CodePool::batch(BatchId batch) const {
    return find_batch(batch);
}

Decided<void> CodePool::check_open(BatchId batch) const {
    if (find_batch(batch) != nullptr) return refuse_with(Code::batch_exists);
    if (batches_.size() >= limits::code_batches_max) return refuse_with(Code::busy);
    return {};
}
void CodePool::open_batch(BatchId batch) {
    SUANPAN_ASSERT(check_open(batch).has_value());
    batches_.push_back({.id = batch, .recalled = false, .counts = {}});
}
Decided<void> CodePool::check_import(BatchId batch) const {
    const CodeBatch* found = find_batch(batch);
    if (found == nullptr) return refuse_with(Code::batch_not_found);
    if (found->recalled) return refuse_with(Code::batch_recalled);
    return {};
}

std::expected<CodeRef, CodePool::AddRefusal> CodePool::add(BatchId batch, const CodeKey& key,
                                                           const CodeLocator& locator,
                                                           Instant expires_at) {
    SUANPAN_ASSERT(locator.lsn.value < (std::uint64_t{1} << 56U));
    // Imports go batch by batch: the one looked for is nearly always the last.
    const auto found = std::ranges::find(batches_.rbegin(), batches_.rend(), batch, &CodeBatch::id);
    SUANPAN_ASSERT(found != batches_.rend());
    SUANPAN_ASSERT(!found->recalled);
    if (table_.find(key)) return std::unexpected(AddRefusal::duplicate);
    if (table_.size() >= limits::codes_per_pool_max) return std::unexpected(AddRefusal::full);
    CodeSlot slot;
    slot.key = key;
    slot.expires_at_ns = expires_at.ns;
    slot.lsn = locator.lsn.value & ((std::uint64_t{1} << 56U) - 1);
    slot.index = locator.index;
    slot.batch = static_cast<std::uint32_t>(&*found - batches_.data());
    const std::uint32_t at = table_.add(slot);
    found->counts.add(CodeState::available);
    counts_.add(CodeState::available);
    push(at);
    return CodeRef{at};
}

CodeState CodePool::state_of(const CodeSlot& slot) const {
    const auto state = static_cast<CodeState>(slot.state);
    const bool lies_in_recalled = state == CodeState::available && batches_[slot.batch].recalled;
    return lies_in_recalled ? CodeState::voided : state;
}

void CodePool::move(CodeSlot& slot, CodeState to) {
    const CodeState from = state_of(slot);
    CodeBatch& batch = batches_[slot.batch];
    batch.counts.move(from, to);
    counts_.move(from, to);
    slot.state = static_cast<std::uint8_t>(to) & 0x7FU;
    SUANPAN_ASSERT(batch.counts.is_whole());  // INV-9
}

bool CodePool::goes_before(std::uint32_t a, std::uint32_t b) const {
    if (order_ == IssueOrder::soonest_expiry_first) {
        const std::int64_t of_a = table_.slot(a).expires_at_ns;
        const std::int64_t of_b = table_.slot(b).expires_at_ns;
        if (of_a != of_b) return of_a < of_b;
    }
    return a < b;  // slots are numbered as they were imported
}

void CodePool::push(std::uint32_t at) {
    CodeSlot& slot = table_.slot(at);
    if (slot.queued != 0) return;
    slot.queued = 1;
    // By a quarter, not to twice: at 64 bytes a code there is no room for the other half.
    if (queue_.size() == queue_.capacity())
        queue_.reserve(std::max<std::size_t>(1024, queue_.size() + queue_.size() / 4));
    queue_.push_back(at);
    std::ranges::push_heap(queue_, [&](auto a, auto b) { return goes_before(b, a); });
}

std::optional<std::uint32_t> CodePool::pop(Instant now) {
    while (!queue_.empty()) {
        std::ranges::pop_heap(queue_, [&](auto a, auto b) { return goes_before(b, a); });
        const std::uint32_t at = queue_.back();
        queue_.pop_back();
        CodeSlot& slot = table_.slot(at);
        slot.queued = 0;
        if (state_of(slot) != CodeState::available) continue;
        if (slot.expires_at_ns <= now.ns) {
            move(slot, CodeState::expired);
            continue;
        }
        return at;
    }
    return std::nullopt;
}

bool CodePool::take(std::int64_t quantity, Instant now, std::vector<CodeRef>& taken) {
    SUANPAN_ASSERT(quantity > 0);
    const std::size_t before = taken.size();
    for (std::int64_t i = 0; i < quantity; ++i) {
        const std::optional<std::uint32_t> at = pop(now);
        if (!at) {
            for (std::size_t k = before; k < taken.size(); ++k) give_back(taken[k]);
            taken.resize(before);
            return false;
        }
        move(table_.slot(*at), CodeState::set_aside);
        taken.push_back(CodeRef{*at});
    }
    return true;
}

void CodePool::issue(CodeRef code) {
    CodeSlot& slot = table_.slot(slot_of(code));
    SUANPAN_ASSERT(state_of(slot) == CodeState::set_aside);  // INV-9: at most once
    move(slot, CodeState::issued);
}

void CodePool::give_back(CodeRef code) {
    CodeSlot& slot = table_.slot(slot_of(code));
    const CodeState state = state_of(slot);
    SUANPAN_ASSERT(state == CodeState::set_aside || state == CodeState::issued);
    if (batches_[slot.batch].recalled) return move(slot, CodeState::voided);
    move(slot, CodeState::available);
    push(slot_of(code));
}

void CodePool::retire(CodeRef code) {
    CodeSlot& slot = table_.slot(slot_of(code));
    const CodeState state = state_of(slot);
    SUANPAN_ASSERT(state == CodeState::set_aside || state == CodeState::issued);
    move(slot, CodeState::voided);
}

void CodePool::restore(CodeRef code, CodeState state) {
    CodeSlot& slot = table_.slot(slot_of(code));
    if (state == CodeState::available && batches_[slot.batch].recalled) state = CodeState::voided;
    if (state_of(slot) == state) return;
    move(slot, state);
    if (state == CodeState::available) push(slot_of(code));
}

Decided<RecallReport> CodePool::check_recall(BatchId batch) const {
    const CodeBatch* found = find_batch(batch);
    if (found == nullptr) return refuse_with(Code::batch_not_found);
    if (found->recalled) return refuse_with(Code::batch_recalled);
    return RecallReport{.voided = found->counts.of(CodeState::available),
                        .set_aside = found->counts.of(CodeState::set_aside),
                        .issued = found->counts.of(CodeState::issued)};
}

RecallReport CodePool::recall(BatchId batch) {
    const auto report = check_recall(batch);
    SUANPAN_ASSERT(report.has_value());
    CodeBatch& found = *std::ranges::find(batches_, batch, &CodeBatch::id);
    found.recalled = true;
    found.counts.move(CodeState::available, CodeState::voided, report->voided);
    counts_.move(CodeState::available, CodeState::voided, report->voided);
    SUANPAN_ASSERT(found.counts.is_whole());  // INV-9
    return *report;
}

std::size_t CodePool::expire_some(std::size_t count_max, Instant now) {
    std::size_t posted = 0;
    const std::size_t count = std::min<std::size_t>(count_max, table_.size());
    for (std::size_t i = 0; i < count; ++i) {
        if (sweep_at_ >= table_.size()) sweep_at_ = 0;
        CodeSlot& slot = table_.slot(sweep_at_++);
        if (state_of(slot) != CodeState::available || slot.expires_at_ns > now.ns) continue;
        move(slot, CodeState::expired);
        ++posted;
    }
    return posted;
}

std::optional<CodeRef> CodePool::find(const CodeKey& key) const {
    const std::optional<std::uint32_t> at = table_.find(key);
    if (!at) return std::nullopt;
    return CodeRef{*at};
}

PooledCode CodePool::code(CodeRef code) const {
    const CodeSlot& slot = table_.slot(slot_of(code));
    return {.key = slot.key,
            .locator = {.lsn = Lsn{slot.lsn}, .index = slot.index},
            .batch = batches_[slot.batch].id,
            .state = state_of(slot),
            .expires_at = Instant{slot.expires_at_ns}};
}

std::size_t CodePool::bytes() const {
    return table_.bytes() + queue_.capacity() * sizeof(std::uint32_t) +
           batches_.capacity() * sizeof(CodeBatch);
}

bool CodePool::is_whole() const {
    std::vector<CodeCounts> counted(batches_.size());
    for (std::uint32_t at = 0; at < table_.size(); ++at) {
        const CodeSlot& slot = table_.slot(at);
        counted[slot.batch].add(state_of(slot));
    }
    CodeCounts all;
    for (std::size_t i = 0; i < batches_.size(); ++i) {
        if (!(counted[i] == batches_[i].counts) || !counted[i].is_whole()) return false;
        all.imported += counted[i].imported;
        for (std::size_t k = 0; k < code_states; ++k) all.in[k] += counted[i].in[k];
    }
    return all == counts_;
}

}  // namespace suanpan::cards
