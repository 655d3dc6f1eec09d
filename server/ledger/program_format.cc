#include "server/ledger/program_format.h"

namespace suanpan::ledger {

ProgramSpecBytes bytes_of(const ProgramSpec& spec) {
    return {.id = static_cast<std::uint32_t>(spec.id),
            .version = spec.version,
            .name = spec.name.bytes,
            .currency = spec.currency.bytes,
            .time_zone = spec.time_zone.bytes,
            .expiry = static_cast<std::uint8_t>(spec.expiry),
            .expiry_rounding = static_cast<std::uint8_t>(spec.expiry_rounding),
            .revoke = static_cast<std::uint8_t>(spec.revoke),
            .merge_lots = static_cast<std::uint8_t>(spec.merge_lots ? 1 : 0),
            .expiry_count = spec.expiry_count,
            .expiry_date = spec.expiry_date.days,
            .hold_grace_days = spec.hold_grace_days,
            .reserved = 0,
            .refundable_days = spec.refundable_days,
            .reserved2 = 0,
            .hold_default_ns = spec.hold_default.ns,
            .hold_max_ns = spec.hold_max.ns,
            .spend_per_day_max = spec.spend_per_day_max.value};
}

std::optional<ProgramSpec> program_spec_of(const ProgramSpecBytes& bytes) {
    if (bytes.id == 0 || bytes.version == 0 || bytes.merge_lots > 1 ||
        bytes.expiry > static_cast<std::uint8_t>(ExpiryPolicy::sliding_days) ||
        bytes.expiry_rounding > static_cast<std::uint8_t>(ExpiryRounding::year_end) ||
        bytes.revoke > static_cast<std::uint8_t>(RevokePolicy::take_what_is_there))
        return std::nullopt;
    ProgramSpec spec;
    spec.id = static_cast<ProgramId>(bytes.id);
    spec.version = bytes.version;
    spec.name.bytes = bytes.name;
    spec.currency.bytes = bytes.currency;
    spec.time_zone.bytes = bytes.time_zone;
    spec.expiry = static_cast<ExpiryPolicy>(bytes.expiry);
    spec.expiry_rounding = static_cast<ExpiryRounding>(bytes.expiry_rounding);
    spec.revoke = static_cast<RevokePolicy>(bytes.revoke);
    spec.merge_lots = bytes.merge_lots != 0;
    spec.expiry_count = bytes.expiry_count;
    spec.expiry_date.days = bytes.expiry_date;
    spec.hold_grace_days = bytes.hold_grace_days;
    spec.refundable_days = bytes.refundable_days;
    spec.hold_default.ns = bytes.hold_default_ns;
    spec.hold_max.ns = bytes.hold_max_ns;
    spec.spend_per_day_max.value = bytes.spend_per_day_max;
    return spec;
}

}  // namespace suanpan::ledger
