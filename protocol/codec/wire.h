// What every message of the codec is read with: verification, and values between wire and plain.
//
// Inside of protocol/codec only, the one door to FlatBuffers (decision 5).
#pragma once

#include "protocol/codec.h"
#include "protocol/limits.h"
#include "suanpan_generated.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

namespace suanpan::codec {

static_assert(std::endian::native == std::endian::little, "structs on the wire are little-endian");

using Bytes = std::vector<std::byte>;

// No message nests deeper than a table in the root, and none has a second one.
inline constexpr flatbuffers::uoffset_t depth_max = 4;
inline constexpr flatbuffers::uoffset_t tables_max = 4;

// The root table of `body`, or null where any offset in it leads astray.
template <typename Table>
const Table* verified(std::span<const std::byte> body) {
    if (body.data() == nullptr || body.size() > limits::frame_body_bytes_max) return nullptr;
    if (reinterpret_cast<std::uintptr_t>(body.data()) % 8 != 0) return nullptr;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(body.data());
    flatbuffers::Verifier verifier(bytes, body.size(), depth_max, tables_max);
    if (!verifier.VerifyBuffer<Table>(nullptr)) return nullptr;
    return flatbuffers::GetRoot<Table>(bytes);
}

// FlatBuffers' verifier aligns the length of a vector of structs, but not its elements. An empty
// one has none, and its builder does not align it.
template <typename Vector>
bool is_aligned(const Vector* vector) {
    return vector->size() == 0 || reinterpret_cast<std::uintptr_t>(vector->Data()) % 8 == 0;
}

inline RequestId request_id_of(const wire::Id128* id) {
    return id == nullptr ? RequestId{} : RequestId{.high = id->high(), .low = id->low()};
}
inline MemberId member_of(const wire::Id128* id) {
    return id == nullptr ? MemberId{} : MemberId{.high = id->high(), .low = id->low()};
}

// False where the text is too long or holds a zero byte, which could not be told from its padding.
template <std::size_t N>
bool take_text(const flatbuffers::String* from, ShortText<N>& to) {
    to = {};
    if (from == nullptr) return true;
    const std::string_view text(from->c_str(), from->size());
    if (text.size() > N || text.find('\0') != std::string_view::npos) return false;
    std::ranges::copy(text, to.bytes.begin());
    return true;
}

inline bool take_hash(const flatbuffers::Vector<std::uint8_t>* from, Sha256& to) {
    to = {};
    if (from == nullptr || from->size() == 0) return true;
    if (from->size() != to.size()) return false;
    std::memcpy(to.data(), from->Data(), to.size());
    return true;
}

inline wire::Id128 wire_of(const RequestId& id) {
    return {id.high, id.low};
}
inline wire::Id128 wire_of(const MemberId& id) {
    return {id.high, id.low};
}
inline wire::VoucherNumber wire_of(const VoucherNumber& number) {
    return {number.home, number.ticket, number.offer, number.unit};
}
inline VoucherNumber plain_of(const wire::VoucherNumber& from) {
    return {
        .offer = from.offer(), .unit = from.unit(), .ticket = from.ticket(), .home = from.home()};
}
inline wire::EventHead wire_of(const CommandHead& head) {
    return {wire_of(head.request_id), wire_of(head.member),
            static_cast<std::uint32_t>(head.program), static_cast<std::uint32_t>(head.principal)};
}
inline std::uint16_t number(Restriction restriction) {
    return static_cast<std::uint16_t>(restriction);
}

inline wire::Result wire_of(const Outcome& from) {
    return {static_cast<std::uint16_t>(from.code),
            0,
            from.retry_after_ms,
            from.entry_id.value,
            from.time.ns,
            from.balances.available.value,
            from.balances.held.value,
            from.balances.pending.value,
            from.balances.debt.value,
            from.amount.value,
            from.detail};
}
inline Outcome plain_of(const wire::Result& from) {
    return {.code = static_cast<Code>(from.code()),
            .retry_after_ms = from.retry_after_ms(),
            .entry_id = {from.entry_id()},
            .time = {from.time()},
            .balances = {.available = {from.available()},
                         .held = {from.held()},
                         .pending = {from.pending()},
                         .debt = {from.debt()}},
            .amount = {from.amount()},
            .detail = from.detail()};
}

inline FrameHeader reply_to(FrameHeader header) {
    header.flags = frame_flag_reply;
    return header;
}
inline FrameHeader request_of(FrameHeader header, CommandKind kind) {
    header.kind = static_cast<std::uint16_t>(kind);
    header.flags = 0;
    return header;
}

}  // namespace suanpan::codec
