#include "server/ledger/entry_format.h"

#include "protocol/base/assert.h"
#include "protocol/limits.h"
#include "server/ledger/byte_io.h"
#include "server/ledger/order_format.h"
#include "server/ledger/program_format.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <variant>

namespace suanpan::ledger {
namespace {

// First in every effect. `small` is the effect's small field: a cause, a counter, a level.
struct EffectHead {
    std::uint16_t tag;
    std::uint16_t small;
};
static_assert(sizeof(EffectHead) == 4);

// The largest effect of a fixed size but ProgramPut, which an entry has at most once.
constexpr std::size_t effect_bytes_max = 44;

enum Tag : std::uint16_t {
    tag_lot = 1,
    tag_hold_put = 2,
    tag_hold_slice = 3,
    tag_hold_resolve = 4,
    tag_debt = 5,
    tag_tally = 6,
    tag_frozen = 7,
    tag_limit = 8,
    tag_day_spent = 9,
    tag_member = 10,
    tag_sliding = 11,
    tag_house = 12,
    tag_program = 13,
    tag_order = 14,
    tag_use = 15,
    tag_rules = 16,
    tag_counter = 17,
    tag_offers = 18,
    tag_ticket = 19,
    tag_voucher = 20,
    tag_codes = 21,
    tag_reservation = 22,
    tag_recall = 23,
};
static_assert(std::variant_size_v<Effect> == tag_recall);

// An upper bound of the bytes of what has no fixed size: orders, vouchers, a rule book or an offer
// file, each behind its length.
std::size_t outsized_bytes(const Entry& entry) {
    std::size_t bytes = entry.rules == nullptr ? 0 : rules_bytes(*entry.rules);
    for (const OrderPtr& order : entry.orders) bytes += order_bytes(*order);
    if (entry.offers != nullptr) bytes += rules_bytes(*entry.offers);
    if (entry.codes != nullptr) bytes += entry.codes->bytes.size();
    for (const VoucherPtr& voucher : entry.vouchers)
        bytes += sizeof(VoucherNumber) + voucher->bytes.size();
    return bytes;
}

struct EncodeEffect {
    ByteWriter& to;
    const Entry& entry;

    void head(Tag tag, auto small) const {
        to.put(EffectHead{.tag = tag, .small = static_cast<std::uint16_t>(small)});
    }
    void operator()(const LotDelta& e) const {
        head(tag_lot, e.cause);
        to.put(bytes_of(e.lot));
        to.put(e.delta.value);
    }
    void operator()(const HoldPut& e) const {
        head(tag_hold_put, e.is_order ? 1 : 0);
        to.put(static_cast<std::uint32_t>(e.hold));
        to.put(e.local_date.days);
        to.put(e.expires_at.ns);
    }
    void operator()(const HoldSliceDelta& e) const {
        head(tag_hold_slice, e.cause);
        to.put(static_cast<std::uint32_t>(e.hold));
        to.put(bytes_of(e.lot));
        to.put(e.delta.value);
    }
    void operator()(const HoldResolve& e) const {
        head(tag_hold_resolve, e.end);
        to.put(static_cast<std::uint32_t>(e.hold));
        to.put(e.keep_until.ns);
    }
    void operator()(const DebtDelta& e) const {
        head(tag_debt, 0);
        to.put(e.delta.value);
    }
    void operator()(const TallyAdd& e) const {
        head(tag_tally, 0);
        to.put(e.original.value);
        to.put(e.taken_back.value);
        to.put(e.keep_until.ns);
    }
    void operator()(const AccountFrozen& e) const { head(tag_frozen, e.frozen ? 1 : 0); }
    void operator()(const AccountLimit& e) const {
        head(tag_limit, 0);
        to.put(e.spend_per_day_max.value);
    }
    void operator()(const DaySpent& e) const {
        head(tag_day_spent, 0);
        to.put(e.date.days);
        to.put(e.delta.value);
    }
    void operator()(const MemberSet& e) const {
        head(tag_member, e.level);
        to.put(e.segments);
        to.put(e.source_version);
        to.put(e.birthday_month);
        to.put(e.birthday_day);
        to.put(std::uint16_t{0});
    }
    void operator()(const SlidingMove& e) const {
        head(tag_sliding, 0);
        to.put(e.expires_at.ns);
        to.put(e.since.ns);
    }
    void operator()(const HouseDelta& e) const {
        head(tag_house, e.counter);
        to.put(e.delta.value);
    }
    void operator()(const ProgramPut&) const {
        SUANPAN_ASSERT(entry.spec.has_value());
        head(tag_program, 0);
        to.put(bytes_of(*entry.spec));
    }
    void operator()(const OrderPut& e) const {
        const Order& order = *entry.orders[e.place];
        std::vector<std::byte> bytes;
        bytes.reserve(order_bytes(order));
        put_order(bytes, order);
        outsized(tag_order, bytes);
    }
    void operator()(const UseAdd& e) const {
        head(tag_use, 0);
        to.put(e.key);
        to.put(e.period.days);
        to.put(e.delta.money.value);
        to.put(e.delta.points.value);
        to.put(e.delta.count);
    }
    void operator()(const RulesPut&) const {
        SUANPAN_ASSERT(entry.rules != nullptr);
        std::vector<std::byte> bytes;
        put_rules(bytes, *entry.rules);
        outsized(tag_rules, bytes);
    }
    void operator()(const CounterAdd& e) const {
        head(tag_counter, e.kind);
        to.put(e.id);
        to.put(e.delta.issued);
        to.put(e.delta.reserved);
        to.put(e.times_out.ns);
        to.put(e.limit);
    }

    void operator()(const OffersPut&) const {
        SUANPAN_ASSERT(entry.offers != nullptr);
        std::vector<std::byte> bytes;
        put_rules(bytes, *entry.offers);
        outsized(tag_offers, bytes);
    }
    void operator()(const TicketTaken& e) const {
        head(tag_ticket, 0);
        to.put(e.offer);
        to.put(e.ticket);
        to.put(e.floor);
    }
    void operator()(const VoucherPut& e) const {
        const HeldVoucher& voucher = *entry.vouchers[e.place];
        head(tag_voucher, 0);
        to.put(static_cast<std::uint32_t>(sizeof(VoucherNumber) + voucher.bytes.size()));
        to.put(voucher.number);
        to.put_bytes(voucher.bytes);
    }
    void operator()(const CodesPut&) const {
        SUANPAN_ASSERT(entry.codes != nullptr);
        outsized(tag_codes, entry.codes->bytes);
    }
    void operator()(const ReservationEnded& e) const {
        head(tag_reservation, e.is_issued ? 1 : 0);
        to.put(e.offer);
        to.put(e.ticket);
        to.put(e.units);
    }
    void operator()(const BatchRecalled& e) const {
        head(tag_recall, 0);
        to.put(e.offer);
        to.put(e.batch);
        to.put(e.voided);
        to.put(e.set_aside);
        to.put(e.issued);
    }

private:
    void outsized(Tag tag, std::span<const std::byte> bytes) const {
        head(tag, 0);
        to.put(static_cast<std::uint32_t>(bytes.size()));
        to.put_bytes(bytes);
    }
};

void encode_refusal(const RefusalRecord& refusal, ByteWriter& to) {
    to.put(refusal.digest.high);
    to.put(refusal.digest.low);
    to.put(refusal.body_hash);
    to.put((static_cast<std::uint64_t>(refusal.request_ms) << 16U) |
           static_cast<std::uint16_t>(refusal.code));
    to.put(refusal.detail);
    to.put(refusal.member_hash);
}

RefusalRecord decode_refusal(ByteReader& from) {
    RefusalRecord refusal;
    refusal.digest.high = from.get<std::uint64_t>();
    refusal.digest.low = from.get<std::uint64_t>();
    refusal.body_hash = from.get<std::uint64_t>();
    const auto packed = from.get<std::uint64_t>();
    refusal.request_ms = static_cast<std::int64_t>(packed >> 16U);
    refusal.code = static_cast<Code>(packed & 0xffffU);
    refusal.detail = from.get<std::int64_t>();
    refusal.member_hash = from.get<std::uint64_t>();
    return refusal;
}

bool is_known_kind(std::uint16_t kind, std::uint16_t version) {
    return version == entry_kind_version &&
           ((kind >= 10 && kind <= 29) || (kind >= 40 && kind <= 44) || kind == 47 || kind == 48 ||
            kind == 50 || (kind >= 100 && kind <= 108));
}

bool is_sound_amount(std::int64_t value) {
    return value >= -amount_points_max && value <= amount_points_max;
}

// Reads one effect; every failure is one of EntryDamage's.
class EffectDecoder {
public:
    EffectDecoder(ByteReader& from, Entry& out) : from_(from), out_(out) {}

    std::expected<void, EntryDamage> decode_one() {
        const auto head = from_.get<EffectHead>();
        if (!from_.ok()) return std::unexpected(EntryDamage::truncated);
        if (head.tag < tag_lot || head.tag > tag_recall)
            return std::unexpected(EntryDamage::unknown_effect);
        read_body(head);
        if (!from_.ok()) return std::unexpected(EntryDamage::truncated);
        if (!sound_) return std::unexpected(EntryDamage::malformed);
        return {};
    }

private:
    Points points() {
        const auto value = from_.get<std::int64_t>();
        require(is_sound_amount(value));
        return Points{value};
    }
    Instant instant() { return Instant{from_.get<std::int64_t>()}; }
    HoldId hold() { return HoldId{from_.get<std::uint32_t>()}; }
    LotKey lot() {
        const auto bytes = from_.get<LotKeyBytes>();
        require(is_sound(bytes));
        return lot_key_of(bytes);
    }
    void require(bool condition) { sound_ = sound_ && condition; }
    template <typename T>
    T small_as(EffectHead head, T largest) {
        require(head.small <= static_cast<std::uint16_t>(largest));
        return static_cast<T>(head.small);
    }

    // Reserved, where an effect has nothing small to say.
    static constexpr bool has_small(std::uint16_t tag) {
        switch (tag) {
            case tag_debt:
            case tag_tally:
            case tag_limit:
            case tag_day_spent:
            case tag_sliding:
            case tag_program:
            case tag_order:
            case tag_use:
            case tag_rules:
                return false;
            default:
                return true;
        }
    }

    void read_body(EffectHead head) {
        require(has_small(head.tag) || head.small == 0);
        switch (head.tag) {
            case tag_lot: {
                LotDelta e;
                e.cause = small_as(head, Cause::debt);
                e.lot = lot();
                e.delta = points();
                return out_.add(e);
            }
            case tag_hold_put: {
                HoldPut e;
                require(head.small <= 1);
                e.is_order = head.small == 1;
                e.hold = hold();
                e.local_date.days = from_.get<std::int32_t>();
                e.expires_at = instant();
                return out_.add(e);
            }
            case tag_hold_slice: {
                HoldSliceDelta e;
                e.cause = small_as(head, Cause::request_lapsed);
                e.hold = hold();
                e.lot = lot();
                e.delta = points();
                return out_.add(e);
            }
            case tag_hold_resolve: {
                HoldResolve e;
                e.end = small_as(head, HoldEnd::expired);
                require(head.small != 0);
                e.hold = hold();
                e.keep_until = instant();
                return out_.add(e);
            }
            case tag_debt:
                return out_.add(DebtDelta{.delta = points()});
            case tag_tally: {
                TallyAdd e;
                e.original.value = from_.get<std::uint64_t>();
                e.taken_back = points();
                e.keep_until = instant();
                return out_.add(e);
            }
            case tag_frozen: {
                require(head.small <= 1);
                return out_.add(AccountFrozen{.frozen = head.small != 0});
            }
            case tag_limit:
                return out_.add(AccountLimit{.spend_per_day_max = points()});
            case tag_day_spent: {
                DaySpent e;
                e.date.days = from_.get<std::int32_t>();
                e.delta = points();
                return out_.add(e);
            }
            case tag_member: {
                MemberSet e;
                e.level = head.small;
                e.segments = from_.get<std::uint64_t>();
                e.source_version = from_.get<std::uint64_t>();
                e.birthday_month = from_.get<std::uint8_t>();
                e.birthday_day = from_.get<std::uint8_t>();
                require(from_.get<std::uint16_t>() == 0);
                return out_.add(e);
            }
            case tag_sliding: {
                SlidingMove e;
                e.expires_at = instant();
                e.since = instant();
                return out_.add(e);
            }
            case tag_house: {
                HouseDelta e;
                e.counter = small_as(head, HouseCounter::adjusted_down);
                e.delta = points();
                return out_.add(e);
            }
            case tag_program: {
                require(!out_.spec.has_value());
                out_.spec = program_spec_of(from_.get<ProgramSpecBytes>());
                require(out_.spec.has_value());
                return out_.add(ProgramPut{});
            }
            case tag_order: {
                ByteReader body = outsized();
                auto order = get_order(body);
                require(order.has_value() && body.left() == 0);
                if (!order) return;
                require(order->last_ordinal == out_.ordinal);
                return out_.put(std::move(*order));
            }
            case tag_use: {
                UseAdd e;
                e.key = from_.get<UseKey>();
                require(is_use_kind(e.key));
                e.period.days = from_.get<std::int32_t>();
                e.delta.money.value = points().value;
                e.delta.points = points();
                e.delta.count = points().value;
                return out_.add(e);
            }
            case tag_rules: {
                require(out_.rules == nullptr);
                ByteReader body = outsized();
                out_.rules = get_rules(body);
                require(out_.rules != nullptr && body.left() == 0);
                return out_.add(RulesPut{});
            }
            case tag_counter: {
                CounterAdd e;
                e.kind = static_cast<CounterKind>(head.small);
                require(is_counter_kind(e.kind));
                e.id = from_.get<std::uint32_t>();
                e.delta.issued = points().value;
                e.delta.reserved = points().value;
                e.times_out = instant();
                e.limit = points().value;
                return out_.add(e);
            }
            case tag_offers: {
                require(out_.offers == nullptr && head.small == 0);
                ByteReader body = outsized();
                out_.offers = get_rules(body);
                require(out_.offers != nullptr && body.left() == 0);
                return out_.add(OffersPut{});
            }
            case tag_ticket: {
                TicketTaken e;
                require(head.small == 0);
                e.offer = from_.get<std::uint32_t>();
                e.ticket = from_.get<std::uint64_t>();
                e.floor = from_.get<std::uint64_t>();
                require(e.floor < e.ticket && e.ticket <= static_cast<std::uint64_t>(INT64_MAX));
                return out_.add(e);
            }
            case tag_codes: {
                require(out_.codes == nullptr && head.small == 0);
                ByteReader body = outsized();
                const auto bytes = body.take(body.left());
                auto codes = std::make_shared<HeldCodes>();
                codes->bytes.assign(bytes.begin(), bytes.end());
                out_.codes = std::move(codes);
                return out_.add(CodesPut{});
            }
            case tag_reservation: {
                ReservationEnded e;
                require(head.small <= 1);
                e.is_issued = head.small == 1;
                e.offer = from_.get<std::uint32_t>();
                e.ticket = from_.get<std::uint64_t>();
                e.units = points().value;
                require(e.units > 0 && e.ticket <= static_cast<std::uint64_t>(INT64_MAX));
                return out_.add(e);
            }
            case tag_recall: {
                BatchRecalled e;
                require(head.small == 0);
                e.offer = from_.get<std::uint32_t>();
                e.batch = from_.get<std::uint32_t>();
                e.voided = from_.get<std::uint64_t>();
                e.set_aside = from_.get<std::uint64_t>();
                e.issued = from_.get<std::uint64_t>();
                constexpr auto most = static_cast<std::uint64_t>(amount_points_max);
                require(e.offer != 0 && e.batch != 0 && e.voided <= most && e.set_aside <= most &&
                        e.issued <= most);
                return out_.add(e);
            }
            default: {  // tag_voucher
                ByteReader body = outsized();
                HeldVoucher voucher;
                require(head.small == 0);
                voucher.number = body.get<VoucherNumber>();
                require(body.ok());
                const auto bytes = body.take(body.left());
                voucher.bytes.assign(bytes.begin(), bytes.end());
                return out_.put(std::move(voucher));
            }
        }
    }
    ByteReader outsized() { return ByteReader(from_.take(from_.get<std::uint32_t>())); }

    ByteReader& from_;
    Entry& out_;
    bool sound_ = true;
};

EntryHeaderBytes header_bytes_of(const Entry& entry, std::size_t length_bytes) {
    const bool is_block = entry.kind == EntryKind::refusals;
    return {.kind = static_cast<std::uint16_t>(entry.kind),
            .kind_version = entry.kind_version,
            .length_bytes = static_cast<std::uint32_t>(length_bytes),
            .lsn = entry.lsn.value,
            .prev_lsn = entry.prev_lsn.value,
            .time_ns = entry.time.ns,
            .request_id = {entry.request_id.high, entry.request_id.low},
            .member = {entry.member.high, entry.member.low},
            .body_hash = entry.body_hash,
            .partner = static_cast<std::uint32_t>(entry.partner),
            .principal = static_cast<std::uint32_t>(entry.principal),
            .program = static_cast<std::uint32_t>(entry.program),
            .local_date = entry.local_date.days,
            .config_version = entry.config_version,
            .ordinal = entry.ordinal,
            .reason = entry.reason,
            .reserved = 0,
            .effect_count =
                static_cast<std::uint32_t>(is_block ? entry.refusals.size() : entry.effects.size()),
            .available = entry.balances.available.value,
            .held = entry.balances.held.value,
            .pending = entry.balances.pending.value,
            .debt = entry.balances.debt.value,
            .amount = entry.amount.value,
            .detail = entry.detail,
            .reference = entry.reference};
}

void read_header(const EntryHeaderBytes& header, Entry& out) {
    out.kind = static_cast<EntryKind>(header.kind);
    out.kind_version = header.kind_version;
    out.reason = header.reason;
    out.local_date.days = header.local_date;
    out.lsn.value = header.lsn;
    out.prev_lsn.value = header.prev_lsn;
    out.time.ns = header.time_ns;
    out.request_id = {.high = header.request_id[0], .low = header.request_id[1]};
    out.member = {.high = header.member[0], .low = header.member[1]};
    out.body_hash = header.body_hash;
    out.partner = PartnerId{header.partner};
    out.principal = PrincipalId{header.principal};
    out.program = ProgramId{header.program};
    out.config_version = header.config_version;
    out.ordinal = header.ordinal;
    out.balances = {.available = {header.available},
                    .held = {header.held},
                    .pending = {header.pending},
                    .debt = {header.debt}};
    out.amount.value = header.amount;
    out.detail = header.detail;
    out.reference = header.reference;
}

}  // namespace

std::string_view text_of(EntryDamage damage) {
    switch (damage) {
        case EntryDamage::truncated:
            return "the entry ends before a length inside it says";
        case EntryDamage::unknown_kind:
            return "the entry's kind or kind version is of a later release";
        case EntryDamage::unknown_effect:
            return "an effect of the entry is of a later release";
        case EntryDamage::malformed:
            return "a value in the entry is none that an entry has";
    }
    return "unknown damage";
}

namespace {

// Entries of up to this size are written here first: a vector would fill the room with zeros
// before.
constexpr std::size_t usual_entry_bytes = 1024;

// Writes the whole entry into `room`; returns its length.
std::size_t encode_into(const Entry& entry, std::span<std::byte> room) {
    ByteWriter body{room.subspan(sizeof(EntryHeaderBytes))};
    if (entry.kind == EntryKind::refusals)
        for (const RefusalRecord& refusal : entry.refusals) encode_refusal(refusal, body);
    else
        for (const Effect& effect : entry.effects) std::visit(EncodeEffect{body, entry}, effect);
    const std::size_t length_bytes = sizeof(EntryHeaderBytes) + body.used();
    SUANPAN_ASSERT(length_bytes <= limits::entry_bytes_max);
    const EntryHeaderBytes header = header_bytes_of(entry, length_bytes);
    std::memcpy(room.data(), &header, sizeof(header));
    return length_bytes;
}

}  // namespace

std::size_t encode(const Entry& entry, std::vector<std::byte>& out) {
    const std::size_t room_bytes =
        sizeof(EntryHeaderBytes) + entry.effects.size() * effect_bytes_max +
        (entry.spec ? sizeof(ProgramSpecBytes) : 0) + outsized_bytes(entry) +
        entry.refusals.size() * refusal_record_bytes;
    if (room_bytes <= usual_entry_bytes) {
        std::array<std::byte, usual_entry_bytes> room;
        const std::size_t length_bytes = encode_into(entry, room);
        out.insert(out.end(), room.begin(), room.begin() + length_bytes);
        return length_bytes;
    }
    const std::size_t start = out.size();
    out.resize(start + room_bytes);
    const std::size_t length_bytes = encode_into(entry, std::span<std::byte>(out).subspan(start));
    out.resize(start + length_bytes);
    return length_bytes;
}

void patch_lsn(std::span<std::byte> entry_bytes, Lsn lsn, Lsn prev_lsn) {
    SUANPAN_ASSERT(entry_bytes.size() >= sizeof(EntryHeaderBytes));
    std::memcpy(entry_bytes.data() + offsetof(EntryHeaderBytes, lsn), &lsn.value, 8);
    std::memcpy(entry_bytes.data() + offsetof(EntryHeaderBytes, prev_lsn), &prev_lsn.value, 8);
}

std::expected<void, EntryDamage> decode(std::span<const std::byte> bytes, Entry& out) {
    out.reset();
    ByteReader from(bytes);
    const auto header = from.get<EntryHeaderBytes>();
    if (!from.ok() || header.length_bytes > bytes.size())
        return std::unexpected(EntryDamage::truncated);
    if (!is_known_kind(header.kind, header.kind_version))
        return std::unexpected(EntryDamage::unknown_kind);
    // The smallest number has no opposite, which a statement shows for what an account lost.
    if (header.length_bytes != bytes.size() || header.reserved != 0 ||
        header.amount == std::numeric_limits<std::int64_t>::min())
        return std::unexpected(EntryDamage::malformed);
    read_header(header, out);
    if (out.kind == EntryKind::refusals) {
        if (header.effect_count != from.left() / refusal_record_bytes)
            return std::unexpected(EntryDamage::malformed);
        for (std::uint32_t i = 0; i < header.effect_count; ++i)
            out.refusals.push_back(decode_refusal(from));
    } else {
        EffectDecoder decoder(from, out);
        for (std::uint32_t i = 0; i < header.effect_count; ++i)
            if (const auto done = decoder.decode_one(); !done) return done;
    }
    if (from.left() != 0) return std::unexpected(EntryDamage::malformed);
    return {};
}

std::optional<EntryHeaderView> EntryHeaderView::of(std::span<const std::byte> bytes) {
    ByteReader from(bytes);
    const auto header = from.get<EntryHeaderBytes>();
    if (!from.ok() || header.length_bytes < sizeof(EntryHeaderBytes) ||
        header.length_bytes > bytes.size())
        return std::nullopt;
    return EntryHeaderView(header);
}

}  // namespace suanpan::ledger
