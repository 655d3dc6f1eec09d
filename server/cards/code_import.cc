#include "server/cards/code_import.h"

#include "protocol/base/assert.h"

#include <algorithm>
#include <utility>

namespace suanpan::cards {

CodeImport::CodeImport(const CodePool& pool, const CodeHasher& hasher, CodeSeal& seal,
                       EndOfDay end_of_day, IsElsewhere is_elsewhere, std::uint32_t first_index)
    : pool_(pool),
      hasher_(hasher),
      seal_(seal),
      end_of_day_(std::move(end_of_day)),
      is_elsewhere_(std::move(is_elsewhere)),
      next_index_(first_index) {}

void CodeImport::take(CodeLine&& line) {
    const CodeLine one = std::move(line);  // wiped here, whatever happens
    const CodeKey key = hasher_.key_of(one.code);
    if (pool_.find(key) || in_chunk_.contains(key) || (is_elsewhere_ && is_elsewhere_(key)))
        return refuse(one.line, LineFault::duplicate);
    if (pool_.size() + chunk_.codes.size() >= limits::codes_per_pool_max)
        return refuse(one.line, LineFault::pool_full);
    in_chunk_.insert(key);
    SealedCode sealed{
        .key = key, .index = next_index_++, .at = static_cast<std::uint32_t>(chunk_.sealed.size())};
    if (one.expires_at) sealed.expires_at = *one.expires_at;
    if (one.last_day) sealed.expires_at = std::min(end_of_day_(*one.last_day), instant_max);
    seal_.seal(sealed.index, one.code, chunk_.sealed);
    sealed.bytes = static_cast<std::uint32_t>(chunk_.sealed.size()) - sealed.at;
    chunk_.codes.push_back(sealed);
    ++taken_;
}

void CodeImport::refuse(std::uint64_t line, LineFault fault) {
    ++refused_;
    if (refused_lines_.size() < refused_lines_max) refused_lines_.push_back({line, fault});
}

void CodeImport::add_to(CodePool& pool, BatchId batch, Lsn lsn) {
    SUANPAN_ASSERT(&pool == &pool_);
    for (const SealedCode& code : chunk_.codes)
        SUANPAN_ASSERT(
            pool.add(batch, code.key, {.lsn = lsn, .index = code.index}, code.expires_at));
    chunk_.clear();
    in_chunk_.clear();
}

}  // namespace suanpan::cards
