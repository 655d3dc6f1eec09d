#include "server/shard/code_pools.h"

#include "protocol/base/assert.h"
#include "protocol/base/byte_io.h"
#include "protocol/base/canary.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace suanpan::shard {
namespace {

// Codes in one record.
constexpr std::uint32_t codes_per_record = 512;

// As the head of a ledger's record.
struct RecordBytes {
    std::uint8_t type;
    std::uint8_t flags;
    std::uint16_t zero;
    std::uint32_t program;
    std::uint64_t lsn;
    std::uint32_t offer;
    std::uint32_t batch;
    std::uint32_t count;
    std::uint32_t zero_too;
    cards::WrappedKey wrapped;
};
static_assert(std::has_unique_object_representations_v<RecordBytes>);

struct CodeRow {
    std::array<std::uint64_t, 2> key;
    std::uint64_t lsn;
    std::int64_t expires_at_ns;
    std::uint32_t index;
    std::uint32_t zero;
};
static_assert(sizeof(CodeRow) == 40);

constexpr auto codes_type = static_cast<std::uint8_t>(ledger::RecordType::codes);

}  // namespace

bool is_codes_record(std::span<const std::byte> record) {
    return !record.empty() && record.front() == std::byte{codes_type};
}

void CodesAtStart::take(const CodeChunk& chunk, Lsn lsn) {
    const auto offer = static_cast<std::uint32_t>(chunk.place.offer);
    batches[{offer, chunk.place.batch}] = {.place = chunk.place, .wrapped = chunk.wrapped};
    std::vector<Code>& of_offer = codes[offer];
    for (const cards::SealedCode& code : chunk.codes)
        of_offer.push_back({.batch = chunk.place.batch,
                            .key = code.key,
                            .locator = {.lsn = lsn, .index = code.index},
                            .expires_at = code.expires_at});
}

bool CodesAtStart::take_record(std::span<const std::byte> record) {
    ByteReader from(record);
    const auto head = from.get<RecordBytes>();
    if (!from.ok() || head.type != codes_type || head.flags != 0 || head.zero != 0 ||
        head.zero_too != 0 || head.offer == 0 || head.count != from.left() / sizeof(CodeRow))
        return false;
    const cards::BatchId batch{head.batch};
    batches[{head.offer, batch}] = {.place = {.program = ProgramId{head.program},
                                              .offer = cards::OfferId{head.offer},
                                              .batch = batch},
                                    .wrapped = head.wrapped};
    std::vector<Code>& of_offer = codes[head.offer];
    for (std::uint32_t i = 0; i < head.count; ++i) {
        const auto row = from.get<CodeRow>();
        if (row.zero != 0 || row.lsn == 0 || row.lsn >= (std::uint64_t{1} << 56U)) return false;
        of_offer.push_back({.batch = batch,
                            .key = {.high = row.key[0], .low = row.key[1]},
                            .locator = {.lsn = {row.lsn}, .index = row.index},
                            .expires_at = {row.expires_at_ns}});
    }
    return from.ok() && from.left() == 0;
}

cards::CodePool& CodePools::find_or_make(std::uint32_t offer, ProgramId program,
                                         cards::IssueOrder order) {
    return owned_.try_emplace(offer, program, order).first->second.pool;
}

cards::CodePool* CodePools::find(std::uint32_t offer) const {
    const auto at = owned_.find(offer);
    return at == owned_.end() ? nullptr : &at->second.pool;
}

bool CodePools::is_elsewhere(ProgramId program, std::uint32_t offer,
                             const cards::CodeKey& key) const {
    return std::ranges::any_of(owned_, [&](const auto& each) {
        return each.first != offer && each.second.program == program &&
               each.second.pool.find(key).has_value();
    });
}

std::int64_t CodePools::usable(std::uint32_t offer) const {
    const auto at = owned_.find(offer);
    if (at == owned_.end()) return 0;
    const cards::CodeCounts& counts = at->second.pool.counts();
    return static_cast<std::int64_t>(counts.imported - counts.of(cards::CodeState::voided) -
                                     counts.of(cards::CodeState::expired));
}

void CodePools::restore(const CodesAtStart& start, std::uint32_t offer, ProgramId program,
                        cards::IssueOrder order, std::uint16_t shards) {
    cards::CodePool& pool = find_or_make(offer, program, order);
    Owned& owned = owned_.at(offer);
    for (const auto& [key, batch] : start.batches) {
        if (key.first != offer) continue;
        owned.wrapped[key.second] = batch.wrapped;
        pool.open_batch(key.second);
    }
    if (const auto codes = start.codes.find(offer); codes != start.codes.end())
        for (const CodesAtStart::Code& code : codes->second) {
            // A checkpoint and the journal after it may both have it: it is the same one.
            (void)pool.add(code.batch, code.key, code.locator, code.expires_at);
            if (first_lsn_ == Lsn{} || code.locator.lsn < first_lsn_) first_lsn_ = code.locator.lsn;
        }
    const auto issued = start.issued.find(offer);
    if (issued == start.issued.end() || SUANPAN_CANARY(code_issued_twice_after_recovery)) return;
    for (const CodesAtStart::Issued& each : issued->second)
        if (const auto code = pool.find(each.key)) {
            pool.restore(*code, cards::CodeState::issued);
            set_home(offer, *code, ShardIndex{static_cast<std::uint16_t>(each.home % shards)});
        }
}

void CodePools::restore_recalled(std::uint32_t offer, cards::BatchId batch) {
    cards::CodePool* pool = find(offer);
    if (pool == nullptr || !pool->check_recall(batch)) return;
    pool->recall(batch);
}

void CodePools::set_home(std::uint32_t offer, cards::CodeRef code, ShardIndex home) {
    Owned& owned = owned_.at(offer);
    const auto at = static_cast<std::size_t>(code);
    if (owned.homes.size() <= at) owned.homes.resize(owned.pool.size());
    owned.homes[at] = home;
}

std::optional<CodePools::HeldCode> CodePools::find_held(
    ProgramId program, const cards::CodeKey& exact, const cards::CodeKey& folded,
    const std::function<bool(std::uint32_t offer)>& is_folded) const {
    for (const auto& [offer, owned] : owned_) {
        if (owned.program != program) continue;
        const cards::CodeKey& key = is_folded(offer) ? folded : exact;
        const auto ref = key.is_zero() ? std::nullopt : owned.pool.find(key);
        if (!ref) continue;
        const cards::CodeState state = owned.pool.code(*ref).state;
        const auto at = static_cast<std::size_t>(*ref);
        if ((state == cards::CodeState::set_aside || state == cards::CodeState::issued) &&
            at < owned.homes.size())
            return HeldCode{.key = key, .home = owned.homes[at]};
    }
    return std::nullopt;
}

void CodePools::add(const ChunkPtr& chunk, Lsn lsn) {
    Owned& owned = owned_.at(static_cast<std::uint32_t>(chunk->place.offer));
    if (!owned.wrapped.contains(chunk->place.batch)) owned.pool.open_batch(chunk->place.batch);
    owned.wrapped[chunk->place.batch] = chunk->wrapped;
    for (const cards::SealedCode& code : chunk->codes) {
        const auto added = owned.pool.add(chunk->place.batch, code.key,
                                          {.lsn = lsn, .index = code.index}, code.expires_at);
        SUANPAN_ASSERT(added.has_value());  // INV-9: decided without anything in between
    }
    if (chunk->codes.empty()) return;
    keep(chunk, lsn);
    if (first_lsn_ == Lsn{}) first_lsn_ = lsn;
}

ChunkPtr CodePools::chunk(Lsn lsn) const {
    const auto at = chunks_.find(lsn);
    return at == chunks_.end() ? nullptr : at->second;
}

void CodePools::keep(const ChunkPtr& chunk, Lsn lsn) {
    if (!chunks_.emplace(lsn, chunk).second) return;
    kept_.push_back(lsn);
    chunk_bytes_ += chunk->sealed.size() + chunk->codes.size() * sizeof(cards::SealedCode);
    while (chunk_bytes_ > chunk_bytes_max && kept_.size() > 1) {
        const auto oldest = chunks_.find(kept_.front());
        chunk_bytes_ -= oldest->second->sealed.size() +
                        oldest->second->codes.size() * sizeof(cards::SealedCode);
        chunks_.erase(oldest);
        kept_.pop_front();
    }
}

bool CodePools::next_slice(PoolCursor& cursor, std::size_t byte_budget,
                           ledger::RecordSlice& out) const {
    while (true) {
        const auto at = owned_.lower_bound(cursor.offer);
        if (at == owned_.end()) {
            cursor.is_done = true;
            return false;
        }
        if (at->first != cursor.offer) cursor = {.offer = at->first, .slot = 0};
        const cards::CodePool& pool = at->second.pool;
        while (cursor.slot < pool.size()) {
            if (out.bytes.size() >= byte_budget) return true;
            // A record has codes of one batch, as they lie.
            const cards::BatchId batch = pool.code(cards::CodeRef{cursor.slot}).batch;
            const std::size_t start = out.bytes.size();
            RecordBytes head{.type = codes_type,
                             .flags = 0,
                             .zero = 0,
                             .program = static_cast<std::uint32_t>(at->second.program),
                             .lsn = 0,
                             .offer = at->first,
                             .batch = static_cast<std::uint32_t>(batch),
                             .count = 0,
                             .zero_too = 0,
                             .wrapped = at->second.wrapped.at(batch)};
            ByteAppender to(out.bytes);
            to.put(head);
            for (; cursor.slot < pool.size() && head.count < codes_per_record; ++cursor.slot) {
                const cards::PooledCode code = pool.code(cards::CodeRef{cursor.slot});
                if (code.batch != batch) break;
                to.put(CodeRow{.key = {code.key.high, code.key.low},
                               .lsn = code.locator.lsn.value,
                               .expires_at_ns = code.expires_at.ns,
                               .index = code.locator.index,
                               .zero = 0});
                head.lsn = std::max(head.lsn, code.locator.lsn.value);
                ++head.count;
            }
            std::memcpy(out.bytes.data() + start, &head, sizeof head);
            out.records.push_back({.offset = static_cast<std::uint32_t>(start),
                                   .length = static_cast<std::uint32_t>(out.bytes.size() - start),
                                   .lsn = {head.lsn}});
            out.highest = std::max(out.highest, Lsn{head.lsn});
        }
        if (cursor.offer == UINT32_MAX) {
            cursor.is_done = true;
            return false;
        }
        cursor = {.offer = cursor.offer + 1, .slot = 0};
    }
}

}  // namespace suanpan::shard
