// Records: the ledger's state cut into pieces for a checkpoint.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/command.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace suanpan::ledger {

// First byte of a record.
enum class RecordType : std::uint8_t {
    program = 1,
    house = 2,
    account = 3,
    requests = 4,
    order = 5,
    rules = 6,
    voucher = 7,
    offers = 8,
    codes = 9,  // the shard's own, of pools: no ledger's
    recalled = 10,
};

enum class RecordDamage : std::uint8_t {
    truncated,     // shorter than it says
    unknown_type,  // of a later release
    malformed,     // a value that no record has
};
[[nodiscard]] std::string_view text_of(RecordDamage damage);

// How far a walk over all records has come. A default one stands before the first.
struct RecordCursor {
    std::uint8_t stage = 0;   // program, house, account, order, voucher, rules, requests, done
    std::uint64_t place = 0;  // within the stage
    std::int64_t second = INT64_MIN;
    VoucherNumber voucher;  // the last that was given, of its account
};

// Whole records, one after the other.
struct RecordSlice {
    struct Place {
        std::uint32_t offset = 0;
        std::uint32_t length = 0;
        Lsn lsn;  // of the record
    };
    std::vector<std::byte> bytes;
    std::vector<Place> records;
    Lsn highest;  // write the slice only once this LSN is durable
    // It holds programs or rule books, which carry no LSN: everything so far must be durable.
    bool has_configuration = false;

    void clear();
    [[nodiscard]] std::span<const std::byte> record(const Place& place) const {
        return std::span(bytes).subspan(place.offset, place.length);
    }
};

// What a house record says of itself: counters of one shard out of `shard_count`, applied up to
// `lsn`. Recovery needs it to know which entries' house effects are in it.
struct HouseRecordInfo {
    std::uint32_t program = 0;
    std::uint32_t shard = 0;
    std::uint32_t shard_count = 0;
    Lsn lsn;
};
// Nothing where the record is of another type or damaged.
[[nodiscard]] std::optional<HouseRecordInfo> house_record_info(std::span<const std::byte> record);
// The member of an account's, order's or voucher's record: which shard loads it. Nothing for other
// types.
[[nodiscard]] std::optional<MemberId> account_record_member(std::span<const std::byte> record);

// A commutative sum of 128-bit hashes.
struct HashSum {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    void add(const Hash128& hash) {
        low += hash.low;
        high += hash.high + (low < hash.low ? 1U : 0U);
    }
    void add(const HashSum& other) { add(Hash128{.high = other.high, .low = other.low}); }
    friend bool operator==(const HashSum&, const HashSum&) = default;
};

}  // namespace suanpan::ledger
