#include "server/ledger/request_log.h"

#include "protocol/base/assert.h"

#include <algorithm>
#include <array>
#include <bit>

namespace suanpan::ledger {
namespace {

constexpr std::uint64_t refused_bit = std::uint64_t{1} << 63U;

RequestKey key_of(const Hash128& digest) {
    return {.a = digest.high, .b = static_cast<std::uint32_t>(digest.low)};
}

std::int64_t second_of(std::int64_t request_ms) {
    return request_ms / 1000;
}

}  // namespace

Hash128 request_digest(PartnerId partner, const MemberId& member, const RequestId& request_id,
                       std::uint64_t seed) {
    const std::array<std::uint64_t, 5> words = {member.high, member.low, request_id.high,
                                                request_id.low,
                                                static_cast<std::uint64_t>(partner)};
    return xxh3_128(std::as_bytes(std::span(words)), seed);
}

Hash128 import_digest(PartnerId partner, ProgramId program, const RequestId& request_id,
                      std::uint64_t seed) {
    // One word less than of a member's, so that none of these is one of those.
    const std::array<std::uint64_t, 4> words = {static_cast<std::uint64_t>(program),
                                                request_id.high, request_id.low,
                                                static_cast<std::uint64_t>(partner)};
    return xxh3_128(std::as_bytes(std::span(words)), seed);
}

Hash128 voucher_digest(PartnerId partner, const VoucherNumber& voucher, const RequestId& request_id,
                       std::uint64_t seed) {
    // One word more than of a member's.
    const std::array<std::uint64_t, 6> words = {
        voucher.offer | (std::uint64_t{voucher.unit} << 32U),
        voucher.ticket,
        voucher.home,
        request_id.high,
        request_id.low,
        static_cast<std::uint64_t>(partner)};
    return xxh3_128(std::as_bytes(std::span(words)), seed);
}

RequestLog::Table* RequestLog::table_of(std::int64_t second) const {
    if (second == last_second_) return last_table_;
    const auto at = tables_.find(second);
    if (at == tables_.end()) return nullptr;
    last_second_ = second;
    last_table_ = at->second.get();
    return last_table_;
}

RequestLog::Table& RequestLog::make_table(std::int64_t second) {
    if (Table* table = table_of(second); table != nullptr) return *table;
    auto table = std::make_unique<Table>();
    // A second usually brings about as many ids as the one before; growing to that size step by
    // step would hash each of them once more.
    if (const auto before = tables_.find(second - 1); before != tables_.end())
        table->reserve(before->second->size());
    return *(tables_[second] = std::move(table));
}

void RequestLog::prefetch(const Hash128& digest, std::int64_t request_ms) const {
    if (const Table* table = table_of(second_of(request_ms)); table != nullptr)
        table->prefetch(key_of(digest));
}

RequestFound RequestLog::find(const Hash128& digest, std::int64_t request_ms,
                              std::uint64_t body_hash) const {
    RequestFound found;
    const std::int64_t second = second_of(request_ms);
    const Table* table = table_of(second);
    if (table == nullptr) return found;
    const auto slot = table->find(key_of(digest));
    if (!slot) return found;
    const RequestSlot& item = (*table)[*slot];
    found.kind = item.body_bits == static_cast<std::uint32_t>(body_hash)
                     ? RequestFound::Kind::same
                     : RequestFound::Kind::other_body;
    found.refused = (item.value & refused_bit) != 0;
    found.lsn = Lsn{item.value & ~refused_bit};
    found.ref = {.second = second, .slot = *slot};
    return found;
}

RequestRef RequestLog::insert(const Hash128& digest, std::int64_t request_ms,
                              std::uint64_t body_hash) {
    const std::int64_t second = second_of(request_ms);
    const RequestKey key = key_of(digest);
    const std::uint32_t slot =
        make_table(second).insert({.digest_a = key.a,
                                   .digest_b = key.b,
                                   .body_bits = static_cast<std::uint32_t>(body_hash),
                                   .value = 0});
    ++size_;
    return {.second = second, .slot = slot};
}

void RequestLog::set_lsn(RequestRef ref, Lsn lsn, bool refused) {
    Table* table = table_of(ref.second);
    if (table == nullptr) return;  // dropped meanwhile
    SUANPAN_ASSERT(lsn.value != 0 && lsn.value < refused_bit);
    (*table)[ref.slot].value = lsn.value | (refused ? refused_bit : 0U);
}

std::size_t RequestLog::bytes() const {
    std::size_t bytes = 0;
    for (const auto& [second, table] : tables_) bytes += table->bytes() + sizeof(Table);
    return bytes;
}

std::optional<std::int64_t> RequestLog::oldest_second() const {
    if (tables_.empty()) return std::nullopt;
    return tables_.begin()->first;
}

std::uint64_t RequestLog::oldest_size() const {
    return tables_.empty() ? 0 : tables_.begin()->second->size();
}

void RequestLog::drop_below(std::int64_t floor_ms) {
    while (!tables_.empty() && (tables_.begin()->first + 1) * 1000 <= floor_ms) {
        size_ -= tables_.begin()->second->size();
        tables_.erase(tables_.begin());
    }
    last_second_ = INT64_MIN;
    last_table_ = nullptr;
}

std::optional<std::uint32_t> RequestLog::walk(
    std::int64_t second, std::uint32_t slot,
    const std::function<bool(const RequestSlot&)>& take) const {
    const Table* table = table_of(second);
    if (table == nullptr) return std::nullopt;
    for (; slot < table->size(); ++slot) {
        const RequestSlot& item = (*table)[slot];
        if (item.value != 0 && !take(item)) return slot;
    }
    return std::nullopt;
}

std::optional<std::int64_t> RequestLog::next_second(std::int64_t second) const {
    const auto at = tables_.lower_bound(second);
    if (at == tables_.end()) return std::nullopt;
    return at->first;
}

void RequestLog::restore(std::int64_t second, std::span<const RequestSlot> slots) {
    if (slots.empty()) return;
    Table& table = make_table(second);
    // Far enough ahead for memory to answer, not so far that it is pushed out again.
    constexpr std::size_t ahead = 16;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        if (i + ahead < slots.size()) table.prefetch(Traits::key_of(slots[i + ahead]));
        if (table.find(Traits::key_of(slots[i]))) continue;
        table.insert(RequestSlot{slots[i]});
        ++size_;
    }
}

}  // namespace suanpan::ledger
