#include "server/ledger/record.h"

#include "protocol/base/canary.h"
#include "server/ledger/byte_io.h"
#include "server/ledger/ledger.h"
#include "server/ledger/order_format.h"
#include "server/ledger/program_format.h"

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>

namespace suanpan::ledger {
namespace {

// Stages of a RecordCursor, in the order in which a walk gives records.
enum Stage : std::uint8_t {
    stage_program,
    stage_house,
    stage_account,
    stage_order,
    stage_voucher,
    stage_rules,
    stage_requests,
    stage_done
};

// The last second that a request id's 48 bits of milliseconds can name.
constexpr std::int64_t seconds_max = (std::int64_t{1} << 48U) / 1000;

// Ids in one record of the request log.
constexpr std::uint32_t requests_per_record = 256;

struct RecordHead {
    std::uint8_t type;
    std::uint8_t flags;
    std::uint16_t level;
    std::uint32_t program;
    std::uint64_t lsn;
};
static_assert(sizeof(RecordHead) == 16);
static_assert(std::has_unique_object_representations_v<RecordHead>);

constexpr std::uint8_t flag_rare = 1;
constexpr std::uint8_t flag_frozen = 2;
constexpr std::uint8_t flag_member = 4;

struct HouseBytes {
    std::uint32_t shard;
    std::uint32_t shard_count;
    std::array<std::array<std::uint64_t, 2>, house_counter_count> counters;  // low, high
};
static_assert(std::has_unique_object_representations_v<HouseBytes>);

// Behind them, up to the record's end: its part of the counters that all members share.
struct SharedCounterBytes {
    std::uint16_t kind;
    std::uint16_t reserved_bits;
    std::uint32_t id;
    std::int64_t issued;
    std::int64_t reserved;
};
static_assert(sizeof(SharedCounterBytes) == 24);
// Rows of the same shape behind the counters: the tickets of an offer, `issued` the number.
constexpr std::uint16_t row_ticket_floor = 0x8001;
constexpr std::uint16_t row_ticket = 0x8002;  // above the floor
static_assert(std::has_unique_object_representations_v<SharedCounterBytes>);

struct AccountBytes {
    std::array<std::uint64_t, 2> member;  // high, low
    std::uint32_t ordinal;
    std::uint32_t lot_count;
};
static_assert(sizeof(AccountBytes) == 24);

struct RareBytes {
    std::int64_t debt;
    std::int64_t spend_per_day_max;
    std::int64_t day_spent;
    std::int64_t sliding_expires_at_ns;
    std::int64_t sliding_since_ns;
    std::uint64_t segments;
    std::uint64_t source_version;
    std::int32_t day;
    std::uint8_t birthday_month;
    std::uint8_t birthday_day;
    std::uint16_t reserved;
    std::uint32_t hold_count;
    std::uint32_t resolved_count;
    std::uint32_t tally_count;
    std::uint32_t use_count;
};
static_assert(sizeof(RareBytes) == 80);
static_assert(std::has_unique_object_representations_v<RareBytes>);

struct HoldBytes {
    std::uint32_t id;
    std::int32_t local_date;
    std::int64_t placed_at_ns;
    std::int64_t expires_at_ns;
    std::int64_t amount;
    std::uint32_t slice_count;
    std::uint32_t is_order;
};
static_assert(sizeof(HoldBytes) == 40);

struct ResolvedBytes {
    std::uint32_t id;
    std::uint32_t end;
    std::int64_t amount;
    std::int64_t keep_until_ns;
};
static_assert(sizeof(ResolvedBytes) == 24);

struct TallyBytes {
    std::uint64_t original;
    std::int64_t taken_back;
    std::int64_t keep_until_ns;
};
static_assert(sizeof(TallyBytes) == 24);

struct UseCountBytes {
    UseKey key;
    std::int32_t period;
    std::uint32_t reserved;
    std::int64_t money;
    std::int64_t points;
    std::int64_t count;
};
static_assert(sizeof(UseCountBytes) == 40);

// In front of an order: whose it is.
struct OrderOwnerBytes {
    std::array<std::uint64_t, 2> member;  // high, low
};

// In front of a voucher.
struct VoucherHeadBytes {
    VoucherNumber number;
    std::uint32_t last_ordinal;
    std::uint32_t zero;
};
static_assert(sizeof(VoucherHeadBytes) == 32);

struct RequestsBytes {
    std::int64_t second;
    std::uint64_t count;
};
struct RequestBytes {
    std::uint64_t digest_a;
    std::uint32_t digest_b;
    std::uint32_t body_bits;
    std::uint64_t value;
};
static_assert(sizeof(RequestBytes) == 24);

// The top bit of a request's value says that it was refused (request_log.h).
constexpr std::uint64_t refused_bit = std::uint64_t{1} << 63U;

Lsn lsn_of(const RequestBytes& request) {
    return Lsn{request.value & ~refused_bit};
}

// What put_amount() writes.
constexpr std::size_t amount_bytes = sizeof(LotKeyBytes) + 8;

void put_amount(ByteAppender& to, const LotKey& key, Points amount) {
    to.put(bytes_of(key));
    to.put(static_cast<std::uint32_t>(amount.value & 0xffffffff));  // keeps the four-byte alignment
    to.put(static_cast<std::uint32_t>(static_cast<std::uint64_t>(amount.value) >> 32U));
}

void put_rare(ByteAppender& to, const AccountRare& rare) {
    to.put(RareBytes{.debt = rare.debt.value,
                     .spend_per_day_max = rare.spend_per_day_max.value,
                     .day_spent = rare.day_spent.value,
                     .sliding_expires_at_ns = rare.sliding_expires_at.ns,
                     .sliding_since_ns = rare.sliding_since.ns,
                     .segments = rare.member.segments,
                     .source_version = rare.member.source_version,
                     .day = rare.day.days,
                     .birthday_month = rare.member.birthday_month,
                     .birthday_day = rare.member.birthday_day,
                     .reserved = 0,
                     .hold_count = static_cast<std::uint32_t>(rare.holds.size()),
                     .resolved_count = static_cast<std::uint32_t>(rare.resolved.size()),
                     .tally_count = static_cast<std::uint32_t>(rare.tallies.size()),
                     .use_count = static_cast<std::uint32_t>(rare.uses.size())});
    for (const Hold& hold : rare.holds) {
        to.put(HoldBytes{.id = static_cast<std::uint32_t>(hold.id),
                         .local_date = hold.local_date.days,
                         .placed_at_ns = hold.placed_at.ns,
                         .expires_at_ns = hold.expires_at.ns,
                         .amount = hold.amount.value,
                         .slice_count = static_cast<std::uint32_t>(hold.slices.size()),
                         .is_order = hold.is_order ? 1U : 0U});
        for (const HoldSlice& slice : hold.slices) put_amount(to, slice.lot, slice.amount);
    }
    for (const ResolvedHold& hold : rare.resolved)
        to.put(ResolvedBytes{.id = static_cast<std::uint32_t>(hold.id),
                             .end = static_cast<std::uint32_t>(hold.end),
                             .amount = hold.amount.value,
                             .keep_until_ns = hold.keep_until.ns});
    for (const Tally& tally : rare.tallies)
        to.put(TallyBytes{.original = tally.original.value,
                          .taken_back = tally.taken_back.value,
                          .keep_until_ns = tally.keep_until.ns});
    for (const UseCount& use : rare.uses)
        to.put(UseCountBytes{.key = use.key,
                             .period = use.period.days,
                             .reserved = 0,
                             .money = use.used.money.value,
                             .points = use.used.points.value,
                             .count = use.used.count});
}

void put_account(std::vector<std::byte>& out, const Account& account) {
    const AccountRare* rare = account.rare();
    const std::span<const Lot> lots = account.lots().all();
    std::uint8_t flags = 0;
    if (rare != nullptr)
        flags = static_cast<std::uint8_t>(flag_rare | (rare->frozen ? flag_frozen : 0U) |
                                          (rare->has_member ? flag_member : 0U));
    const std::uint64_t too_high = SUANPAN_CANARY(record_one_lsn_too_high) ? 1 : 0;
    ByteAppender to(out);
    to.put(RecordHead{.type = static_cast<std::uint8_t>(RecordType::account),
                      .flags = flags,
                      .level = rare == nullptr ? std::uint16_t{0} : rare->member.level,
                      .program = static_cast<std::uint32_t>(account.program()),
                      .lsn = account.last_lsn().value + too_high});
    to.put(AccountBytes{.member = {account.member().high, account.member().low},
                        .ordinal = account.ordinal(),
                        .lot_count = static_cast<std::uint32_t>(lots.size())});
    for (const Lot& lot : lots) put_amount(to, lot.key, lot.remaining);
    if (rare != nullptr) put_rare(to, *rare);
}

void put_order_record(std::vector<std::byte>& out, const Account& account, const Order& order,
                      Lsn lsn) {
    ByteAppender to(out);
    to.put(RecordHead{.type = static_cast<std::uint8_t>(RecordType::order),
                      .flags = 0,
                      .level = 0,
                      .program = static_cast<std::uint32_t>(account.program()),
                      .lsn = lsn.value});
    to.put(OrderOwnerBytes{.member = {account.member().high, account.member().low}});
    put_order(out, order);
}

void put_voucher_record(std::vector<std::byte>& out, const Account& account,
                        const HeldVoucher& voucher, Lsn lsn) {
    ByteAppender to(out);
    to.put(RecordHead{.type = static_cast<std::uint8_t>(RecordType::voucher),
                      .flags = 0,
                      .level = 0,
                      .program = static_cast<std::uint32_t>(account.program()),
                      .lsn = lsn.value});
    to.put(OrderOwnerBytes{.member = {account.member().high, account.member().low}});
    to.put(VoucherHeadBytes{
        .number = voucher.number, .last_ordinal = voucher.last_ordinal, .zero = 0});
    out.insert(out.end(), voucher.bytes.begin(), voucher.bytes.end());
}

// `type`: rules or offers.
void put_rules_record(std::vector<std::byte>& out, const RuleText& rules, RecordType type) {
    ByteAppender to(out);
    to.put(RecordHead{.type = static_cast<std::uint8_t>(type),
                      .flags = 0,
                      .level = 0,
                      .program = static_cast<std::uint32_t>(rules.program),
                      .lsn = 0});
    put_rules(out, rules);
}

void put_recalled(std::vector<std::byte>& out, const RecalledBatch& recalled) {
    ByteAppender to(out);
    to.put(RecordHead{.type = static_cast<std::uint8_t>(RecordType::recalled),
                      .flags = 0,
                      .level = 0,
                      .program = static_cast<std::uint32_t>(recalled.program),
                      .lsn = 0});
    to.put(recalled.offer);
    to.put(recalled.batch);
}

void put_house(std::vector<std::byte>& out, ProgramId program, const House& house,
               const LedgerOptions& options) {
    ByteAppender to(out);
    to.put(RecordHead{.type = static_cast<std::uint8_t>(RecordType::house),
                      .flags = 0,
                      .level = 0,
                      .program = static_cast<std::uint32_t>(program),
                      .lsn = house.last_lsn.value});
    HouseBytes bytes{.shard = options.shard, .shard_count = options.shard_count, .counters = {}};
    for (std::size_t i = 0; i < house_counter_count; ++i)
        bytes.counters[i] = {static_cast<std::uint64_t>(house.counters[i]),
                             static_cast<std::uint64_t>(house.counters[i] >> 64U)};
    to.put(bytes);
    for (const auto& [key, units] : house.shared)
        to.put(SharedCounterBytes{.kind = static_cast<std::uint16_t>(key.first),
                                  .reserved_bits = 0,
                                  .id = key.second,
                                  .issued = units.issued,
                                  .reserved = units.reserved});
    const auto put_ticket = [&](std::uint16_t row, std::uint32_t offer, std::uint64_t ticket) {
        to.put(SharedCounterBytes{.kind = row,
                                  .reserved_bits = 0,
                                  .id = offer,
                                  .issued = static_cast<std::int64_t>(ticket),
                                  .reserved = 0});
    };
    for (const auto& [offer, span] : house.tickets) {
        put_ticket(row_ticket_floor, offer, span.floor);
        for (const std::uint64_t ticket : span.above) put_ticket(row_ticket, offer, ticket);
    }
}

void put_program(std::vector<std::byte>& out, const ProgramSpec& spec) {
    ByteAppender to(out);
    to.put(RecordHead{.type = static_cast<std::uint8_t>(RecordType::program),
                      .flags = 0,
                      .level = 0,
                      .program = static_cast<std::uint32_t>(spec.id),
                      .lsn = 0});
    to.put(bytes_of(spec));
}

// Closes the record that was appended to `out.bytes` from `start` on.
void close_record(RecordSlice& out, std::size_t start, Lsn lsn) {
    out.records.push_back({.offset = static_cast<std::uint32_t>(start),
                           .length = static_cast<std::uint32_t>(out.bytes.size() - start),
                           .lsn = lsn});
    out.highest = std::max(out.highest, lsn);
}

Hash128 hash_of(std::span<const std::byte> bytes) {
    return xxh3_128(bytes, 0);
}

struct SlicePoints {
    LotKey lot;
    Points amount;
};

// No account's lots or holds add up to more, so that the sum of both fits into int64.
constexpr Points sum_max{4 * amount_points_max};
// No house counter is as large: 2^60 times amount_points_max comes first.
constexpr WideSum counter_max = static_cast<WideSum>(1) << 120U;

// A shared counter's part on one shard is at most its limit, above or below zero.
constexpr std::int64_t shared_count_max = 2 * amount_points_max;

bool is_counter(WideSum points) {
    return points >= -counter_max && points <= counter_max;
}

bool is_shared_count(std::int64_t units) {
    return units >= -shared_count_max && units <= shared_count_max;
}

// Reads what follows the fixed part of a house record, and adds it to `to`; false where it is none
// of ours. The sum of several shards' parts has the same bound as each of them.
bool get_shared_counters(ByteReader& from, House& to) {
    while (from.left() > 0) {
        const auto row = from.get<SharedCounterBytes>();
        if (from.ok() && (row.kind == row_ticket_floor || row.kind == row_ticket)) {
            if (row.reserved_bits != 0 || row.reserved != 0 || row.issued < 0) return false;
            TicketSpan part;
            const auto ticket = static_cast<std::uint64_t>(row.issued);
            if (row.kind == row_ticket_floor)
                part.floor = ticket;
            else
                part.above.insert(ticket);
            to.tickets[row.id].add(part);
            continue;
        }
        const auto kind = static_cast<CounterKind>(row.kind);
        if (!from.ok() || row.reserved_bits != 0 || !is_counter_kind(kind) ||
            !is_shared_count(row.issued) || !is_shared_count(row.reserved))
            return false;
        to.add(kind, row.id, {.issued = row.issued, .reserved = row.reserved});
        const auto at = to.shared.find({kind, row.id});
        if (at != to.shared.end() &&
            (!is_shared_count(at->second.issued) || !is_shared_count(at->second.reserved)))
            return false;
    }
    return true;
}

bool is_amount_or_zero(std::int64_t points) {
    return points >= 0 && points <= amount_points_max;
}

// Reads what put_amount() wrote; nothing where the key or the amount is none that a lot has.
std::optional<SlicePoints> get_amount(ByteReader& from) {
    const auto key = from.get<LotKeyBytes>();
    const std::uint64_t low = from.get<std::uint32_t>();
    const std::uint64_t high = from.get<std::uint32_t>();
    const Points amount{static_cast<std::int64_t>(low | (high << 32U))};
    if (!is_sound(key) || amount <= Points{} || amount > Points{amount_points_max})
        return std::nullopt;
    return SlicePoints{.lot = lot_key_of(key), .amount = amount};
}

bool get_hold(ByteReader& from, AccountRare& rare) {
    const auto bytes = from.get<HoldBytes>();
    if (!rare.holds.empty() && rare.holds.back().id >= HoldId{bytes.id}) return false;
    Hold& hold = rare.holds.emplace_back();
    hold.id = HoldId{bytes.id};
    hold.local_date.days = bytes.local_date;
    hold.placed_at.ns = bytes.placed_at_ns;
    hold.expires_at.ns = bytes.expires_at_ns;
    hold.amount.value = bytes.amount;
    hold.is_order = bytes.is_order != 0;
    if (!is_amount_or_zero(bytes.amount) || bytes.is_order > 1) return false;
    for (std::uint32_t i = 0; i < bytes.slice_count; ++i) {
        const auto slice = get_amount(from);
        if (!slice || rare.held + hold.left > sum_max) return false;
        hold.slices.push_back({.lot = slice->lot, .amount = slice->amount});
        hold.left += slice->amount;
    }
    if (rare.held + hold.left > sum_max) return false;
    rare.held += hold.left;
    rare.hold_expires_next = std::min(rare.hold_expires_next, hold.expires_at);
    return true;
}

bool get_rare(ByteReader& from, const RecordHead& head, AccountRare& rare) {
    const auto bytes = from.get<RareBytes>();
    if (!is_amount_or_zero(bytes.debt)) return false;
    // Only what a daily limit counts is counted, and no limit is larger.
    if (bytes.day_spent < -amount_points_max || bytes.day_spent > amount_points_max) return false;
    rare.debt.value = bytes.debt;
    rare.spend_per_day_max.value = bytes.spend_per_day_max;
    rare.day_spent.value = bytes.day_spent;
    rare.sliding_expires_at.ns = bytes.sliding_expires_at_ns;
    rare.sliding_since.ns = bytes.sliding_since_ns;
    rare.day.days = bytes.day;
    rare.frozen = (head.flags & flag_frozen) != 0;
    rare.has_member = (head.flags & flag_member) != 0;
    rare.member = {.segments = bytes.segments,
                   .source_version = bytes.source_version,
                   .level = head.level,
                   .birthday_month = bytes.birthday_month,
                   .birthday_day = bytes.birthday_day};
    for (std::uint32_t i = 0; i < bytes.hold_count; ++i)
        if (!get_hold(from, rare)) return false;
    for (std::uint32_t i = 0; i < bytes.resolved_count && from.ok(); ++i) {
        const auto hold = from.get<ResolvedBytes>();
        if (hold.end < 1 || hold.end > static_cast<std::uint32_t>(HoldEnd::expired)) return false;
        rare.resolved.push_back({.id = HoldId{hold.id},
                                 .end = static_cast<HoldEnd>(hold.end),
                                 .amount = {hold.amount},
                                 .keep_until = {hold.keep_until_ns}});
        rare.prune_next = std::min(rare.prune_next, rare.resolved.back().keep_until);
    }
    for (std::uint32_t i = 0; i < bytes.tally_count && from.ok(); ++i) {
        const auto tally = from.get<TallyBytes>();
        if (!rare.tallies.empty() && rare.tallies.back().original.value >= tally.original)
            return false;
        rare.tallies.push_back({.original = {tally.original},
                                .taken_back = {tally.taken_back},
                                .keep_until = {tally.keep_until_ns}});
        rare.prune_next = std::min(rare.prune_next, rare.tallies.back().keep_until);
    }
    for (std::uint32_t i = 0; i < bytes.use_count && from.ok(); ++i) {
        const auto use = from.get<UseCountBytes>();
        if (!is_use_kind(use.key) || use.reserved != 0 || use.money < 0 || use.points < 0 ||
            use.count < 0 || (!rare.uses.empty() && rare.uses.back().key >= use.key))
            return false;
        rare.uses.push_back(
            {.key = use.key,
             .period = {use.period},
             .used = {.money = {use.money}, .points = {use.points}, .count = use.count}});
    }
    return from.ok();
}

// Reads the body of an account record; nothing where it is not sound.
std::optional<Account> get_account(ByteReader& from, const RecordHead& head) {
    const auto bytes = from.get<AccountBytes>();
    Account account({.high = bytes.member[0], .low = bytes.member[1]}, ProgramId{head.program});
    account.set_last_lsn({head.lsn});
    account.set_ordinal(bytes.ordinal);
    // A wrong count shows below; it must not ask for more memory than the record's own size.
    account.lots().reserve(std::min<std::size_t>(bytes.lot_count, from.left() / amount_bytes));
    const Lot* before = nullptr;
    for (std::uint32_t i = 0; i < bytes.lot_count; ++i) {
        const auto lot = get_amount(from);
        if (!lot || (before != nullptr && !(before->key < lot->lot)) ||
            account.lots().sum() > sum_max)
            return std::nullopt;
        account.lots().change(lot->lot, lot->amount);
        before = &account.lots().all().back();
    }
    if ((head.flags & flag_rare) != 0 && !get_rare(from, head, account.make_rare()))
        return std::nullopt;
    if (!from.ok() || from.left() != 0) return std::nullopt;
    return account;
}

}  // namespace

std::string_view text_of(RecordDamage damage) {
    switch (damage) {
        case RecordDamage::truncated:
            return "the record ends before a length inside it says";
        case RecordDamage::unknown_type:
            return "the record's type is of a later release";
        case RecordDamage::malformed:
            return "a value in the record is none that a record has";
    }
    return "unknown damage";
}

void RecordSlice::clear() {
    bytes.clear();
    records.clear();
    highest = Lsn{};
    has_configuration = false;
}

std::optional<HouseRecordInfo> house_record_info(std::span<const std::byte> record) {
    ByteReader from(record);
    const auto head = from.get<RecordHead>();
    const auto bytes = from.get<HouseBytes>();
    if (!from.ok() || head.type != static_cast<std::uint8_t>(RecordType::house))
        return std::nullopt;
    return HouseRecordInfo{.program = head.program,
                           .shard = bytes.shard,
                           .shard_count = bytes.shard_count,
                           .lsn = {head.lsn}};
}

std::optional<MemberId> account_record_member(std::span<const std::byte> record) {
    ByteReader from(record);
    const auto head = from.get<RecordHead>();
    static_assert(sizeof(OrderOwnerBytes) == sizeof(MemberId));  // an account's stands there too
    const auto bytes = from.get<OrderOwnerBytes>();
    if (!from.ok() || (head.type != static_cast<std::uint8_t>(RecordType::account) &&
                       head.type != static_cast<std::uint8_t>(RecordType::order) &&
                       head.type != static_cast<std::uint8_t>(RecordType::voucher)))
        return std::nullopt;
    return MemberId{.high = bytes.member[0], .low = bytes.member[1]};
}

bool Ledger::next_slice(RecordCursor& cursor, std::size_t byte_budget, RecordSlice& out) const {
    const auto has_room = [&] { return out.bytes.size() < byte_budget; };
    if (cursor.stage == stage_program) {
        for (; has_room() && cursor.place < programs_.all().size(); ++cursor.place) {
            const std::size_t start = out.bytes.size();
            put_program(out.bytes, programs_.all()[cursor.place]->spec());
            close_record(out, start, {});
            out.has_configuration = true;
        }
        if (!has_room()) return true;
        cursor = {.stage = stage_house};
    }
    if (cursor.stage == stage_house) {
        // Few, and a record each: given at once, whatever the budget.
        for (const auto& [program, house] : houses_) {
            const std::size_t start = out.bytes.size();
            put_house(out.bytes, program, house, options_);
            close_record(out, start, house.last_lsn);
        }
        cursor = {.stage = stage_account};
    }
    if (cursor.stage == stage_account) {
        for (; has_room() && cursor.place < accounts_.size(); ++cursor.place) {
            const Account& account =
                accounts_[AccountRef{static_cast<std::uint32_t>(cursor.place)}];
            const std::size_t start = out.bytes.size();
            put_account(out.bytes, account);
            close_record(out, start, account.last_lsn());
        }
        if (cursor.place < accounts_.size()) return true;
        cursor = {.stage = stage_order};
    }
    if (cursor.stage == stage_order) {
        if (!slice_orders(cursor, byte_budget, out)) return true;
        cursor = {.stage = stage_voucher};
    }
    if (cursor.stage == stage_voucher) {
        if (!slice_vouchers(cursor, byte_budget, out)) return true;
        cursor = {.stage = stage_rules};
    }
    if (cursor.stage == stage_rules) {
        for (; has_room() && cursor.place < rules_.all().size(); ++cursor.place) {
            const std::size_t start = out.bytes.size();
            put_rules_record(out.bytes, *rules_.all()[cursor.place], RecordType::rules);
            close_record(out, start, {});
            out.has_configuration = true;
        }
        if (cursor.place < rules_.all().size()) return true;
        // One for each program: given at once, whatever the budget.
        for (const RuleTextPtr& offers : offers_.all()) {
            const std::size_t start = out.bytes.size();
            put_rules_record(out.bytes, *offers, RecordType::offers);
            close_record(out, start, {});
            out.has_configuration = true;
        }
        // As few.
        for (const RecalledBatch& recalled : recalled_) {
            const std::size_t start = out.bytes.size();
            put_recalled(out.bytes, recalled);
            close_record(out, start, {});
            out.has_configuration = true;
        }
        cursor = {.stage = stage_requests};
    }
    while (cursor.stage == stage_requests) {
        if (!has_room()) return true;
        slice_requests(cursor, out);
    }
    return false;
}

// The cursor's `second` is the number of the order that was given last, within its account. False:
// the budget is used up.
bool Ledger::slice_orders(RecordCursor& cursor, std::size_t byte_budget, RecordSlice& out) const {
    for (; cursor.place < accounts_.size(); ++cursor.place, cursor.second = INT64_MIN) {
        const Account& account = accounts_[AccountRef{static_cast<std::uint32_t>(cursor.place)}];
        if (account.rare() == nullptr) continue;
        for (const OrderPtr& order : account.rare()->orders) {
            if (order->number <= cursor.second) continue;
            if (SUANPAN_CANARY(waiting_orders_not_in_checkpoints) &&
                order->state == OrderState::waiting)
                continue;
            if (out.bytes.size() >= byte_budget) return false;
            const std::size_t start = out.bytes.size();
            // Written only once the account's newest entry is durable, which is not older.
            put_order_record(out.bytes, account, *order, account.last_lsn());
            close_record(out, start, account.last_lsn());
            cursor.second = order->number;
        }
    }
    return true;
}

// As slice_orders(); the cursor's `voucher` was given last.
bool Ledger::slice_vouchers(RecordCursor& cursor, std::size_t byte_budget, RecordSlice& out) const {
    for (; cursor.place < accounts_.size(); ++cursor.place, cursor.voucher = {}) {
        const Account& account = accounts_[AccountRef{static_cast<std::uint32_t>(cursor.place)}];
        const std::span<const VoucherPtr> vouchers = account.vouchers();
        if (vouchers.empty()) continue;
        auto at = std::ranges::upper_bound(vouchers, cursor.voucher, {},
                                           [](const VoucherPtr& each) { return each->number; });
        for (; at != vouchers.end(); ++at) {
            if (out.bytes.size() >= byte_budget) return false;
            const std::size_t start = out.bytes.size();
            put_voucher_record(out.bytes, account, **at, account.last_lsn());
            close_record(out, start, account.last_lsn());
            cursor.voucher = (*at)->number;
        }
    }
    return true;
}

void Ledger::slice_requests(RecordCursor& cursor, RecordSlice& out) const {
    const auto second = request_log_.next_second(cursor.second);
    if (!second) {
        cursor.stage = stage_done;
        return;
    }
    if (*second != cursor.second) cursor = {.stage = stage_requests, .place = 0, .second = *second};
    std::vector<RequestSlot> taken;
    Lsn highest;
    const auto next = request_log_.walk(
        *second, static_cast<std::uint32_t>(cursor.place), [&](const RequestSlot& slot) {
            if (taken.size() == requests_per_record) return false;
            taken.push_back(slot);
            highest = std::max(highest, Lsn{slot.value & ~refused_bit});
            return true;
        });
    if (!taken.empty()) {
        const std::size_t start = out.bytes.size();
        ByteAppender to(out.bytes);
        to.put(RecordHead{.type = static_cast<std::uint8_t>(RecordType::requests),
                          .flags = 0,
                          .level = 0,
                          .program = 0,
                          .lsn = highest.value});
        to.put(RequestsBytes{.second = *second, .count = taken.size()});
        for (const RequestSlot& slot : taken)
            to.put(RequestBytes{.digest_a = slot.digest_a,
                                .digest_b = slot.digest_b,
                                .body_bits = slot.body_bits,
                                .value = slot.value});
        close_record(out, start, highest);
    }
    if (next)
        cursor.place = *next;
    else
        cursor = {.stage = stage_requests, .place = 0, .second = *second + 1};
}

void Ledger::warm_record(std::span<const std::byte> record) const {
    ByteReader from(record);
    const auto head = from.get<RecordHead>();
    const auto bytes = from.get<AccountBytes>();
    if (from.ok() && head.type == static_cast<std::uint8_t>(RecordType::account))
        accounts_.prefetch({.high = bytes.member[0], .low = bytes.member[1]},
                           ProgramId{head.program});
}

std::expected<void, RecordDamage> Ledger::load_record(std::span<const std::byte> record) {
    ByteReader from(record);
    const auto head = from.get<RecordHead>();
    if (!from.ok()) return std::unexpected(RecordDamage::truncated);
    const auto malformed = std::unexpected(RecordDamage::malformed);
    switch (static_cast<RecordType>(head.type)) {
        case RecordType::program: {
            const auto spec = program_spec_of(from.get<ProgramSpecBytes>());
            if (!from.ok() || !spec || invalid_field(*spec)) return malformed;
            install(*spec);
            return {};
        }
        case RecordType::house: {
            const auto bytes = from.get<HouseBytes>();
            if (!from.ok()) return std::unexpected(RecordDamage::truncated);
            std::array<WideSum, house_counter_count> counters{};
            for (std::size_t i = 0; i < house_counter_count; ++i) {
                const auto high =
                    static_cast<WideSum>(static_cast<std::int64_t>(bytes.counters[i][1]));
                counters[i] = (high << 64U) | static_cast<WideSum>(bytes.counters[i][0]);
                if (!is_counter(counters[i])) return malformed;
            }
            // Records of several shards add up here; their sum has the same bound as each of them.
            House& to = house(ProgramId{head.program});
            for (std::size_t i = 0; i < house_counter_count; ++i) {
                counters[i] += to.counters[i];
                if (!is_counter(counters[i])) return malformed;
            }
            to.counters = counters;
            if (!get_shared_counters(from, to)) return malformed;
            to.last_lsn = std::max(to.last_lsn, Lsn{head.lsn});
            return {};
        }
        case RecordType::account: {
            std::optional<Account> account = get_account(from, head);
            if (!account) return malformed;
            const AccountRef ref = accounts_.find_or_make(account->member(), account->program());
            lot_count_ -= accounts_[ref].lots().all().size();
            accounts_[ref] = std::move(*account);
            lot_count_ += accounts_[ref].lots().all().size();
            if (const AccountRare* rare = accounts_[ref].rare(); rare != nullptr)
                for (const Hold& hold : rare->holds)
                    hold_expiries_.push({.at = hold.expires_at, .account = ref});
            return {};
        }
        case RecordType::order: {
            const auto owner = from.get<OrderOwnerBytes>();
            auto order = get_order(from);
            if (!order || from.left() != 0) return malformed;
            const AccountRef ref = accounts_.find_or_make(
                {.high = owner.member[0], .low = owner.member[1]}, ProgramId{head.program});
            accounts_[ref].put_order(std::make_shared<const Order>(std::move(*order)));
            return {};
        }
        case RecordType::voucher: {
            const auto owner = from.get<OrderOwnerBytes>();
            const auto bytes = from.get<VoucherHeadBytes>();
            if (!from.ok() || bytes.zero != 0 || bytes.number.ticket == 0) return malformed;
            auto voucher = std::make_shared<HeldVoucher>();
            voucher->number = bytes.number;
            voucher->last_ordinal = bytes.last_ordinal;
            const auto rest = from.take(from.left());
            voucher->bytes.assign(rest.begin(), rest.end());
            const AccountRef ref = accounts_.find_or_make(
                {.high = owner.member[0], .low = owner.member[1]}, ProgramId{head.program});
            accounts_[ref].put_voucher(voucher);
            return {};
        }
        case RecordType::rules:
        case RecordType::offers: {
            const RuleTextPtr rules = get_rules(from);
            if (rules == nullptr || from.left() != 0) return malformed;
            if (head.type == static_cast<std::uint8_t>(RecordType::rules))
                rules_.install(rules);
            else
                offers_.install_newest(rules);
            return {};
        }
        case RecordType::codes:
            return {};
        case RecordType::recalled: {
            const auto offer = from.get<std::uint32_t>();
            const auto batch = from.get<std::uint32_t>();
            if (!from.ok() || from.left() != 0 || offer == 0 || batch == 0) return malformed;
            install(
                RecalledBatch{.program = ProgramId{head.program}, .offer = offer, .batch = batch});
            return {};
        }
        case RecordType::requests: {
            const auto bytes = from.get<RequestsBytes>();
            if (!from.ok() || bytes.count != from.left() / sizeof(RequestBytes) ||
                bytes.second < 0 || bytes.second > seconds_max)
                return malformed;
            std::vector<RequestSlot> slots;
            slots.reserve(bytes.count);
            for (std::uint64_t i = 0; i < bytes.count; ++i) {
                const auto slot = from.get<RequestBytes>();
                // Without an LSN nothing is durable, and nothing was written.
                if (lsn_of(slot) == Lsn{}) return malformed;
                slots.push_back({.digest_a = slot.digest_a,
                                 .digest_b = slot.digest_b,
                                 .body_bits = slot.body_bits,
                                 .value = slot.value});
            }
            request_log_.restore(bytes.second, slots);
            return {};
        }
    }
    return std::unexpected(RecordDamage::unknown_type);
}

HashSum Ledger::state_hash() const {
    HashSum sum;
    std::vector<std::byte> bytes;
    for (std::uint32_t slot = 0; slot < accounts_.size(); ++slot) {
        bytes.clear();
        const Account& account = accounts_[AccountRef{slot}];
        put_account(bytes, account);
        sum.add(hash_of(bytes));
        if (account.rare() == nullptr) continue;
        for (const OrderPtr& order : account.rare()->orders) {
            bytes.clear();
            put_order_record(bytes, account, *order, {});
            sum.add(hash_of(bytes));
        }
        for (const VoucherPtr& voucher : account.vouchers()) {
            bytes.clear();
            put_voucher_record(bytes, account, *voucher, {});
            sum.add(hash_of(bytes));
        }
    }
    return sum;
}

HashSum Ledger::hash_of_programs() const {
    HashSum sum;
    std::vector<std::byte> bytes;
    for (const std::unique_ptr<Program>& program : programs_.all()) {
        bytes.clear();
        put_program(bytes, program->spec());
        sum.add(hash_of(bytes));
    }
    for (const RuleTextPtr& rules : rules_.all()) {
        bytes.clear();
        put_rules_record(bytes, *rules, RecordType::rules);
        sum.add(hash_of(bytes));
    }
    for (const RuleTextPtr& offers : offers_.all()) {
        bytes.clear();
        put_rules_record(bytes, *offers, RecordType::offers);
        sum.add(hash_of(bytes));
    }
    for (const RecalledBatch& recalled : recalled_) {
        bytes.clear();
        put_recalled(bytes, recalled);
        sum.add(hash_of(bytes));
    }
    return sum;
}

HashSum Ledger::hash_of_house(const HouseMap& summed) {
    HashSum sum;
    std::vector<std::byte> bytes;
    for (const auto& [program, house] : summed) {
        bytes.clear();
        House without_lsn = house;  // which differs with the number of shards
        without_lsn.last_lsn = {};
        put_house(bytes, program, without_lsn, {.seed = 0, .shard = 0, .shard_count = 0});
        sum.add(hash_of(bytes));
    }
    return sum;
}

}  // namespace suanpan::ledger
