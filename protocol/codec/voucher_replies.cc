// The answers on a voucher's life, both ways: show, verify, undo_verify.
#include "protocol/codec/building.h"

#include <cstring>

namespace suanpan {

using namespace codec;

void encode_show(Bytes& out, FrameHeader header, const ShowAnswer& shown) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(shown.outcome);
    const wire::VoucherNumber number = wire_of(shown.number);
    flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> token;
    if (shown.outcome.code == Code::ok) token = bytes_of(into, shown.token);
    append_table(out, into, wire::CreateShowReply(into, &result, &number, token, shown.until.ns));
    finish_frame(out, begin, reply_to(header));
}

void encode_verify(Bytes& out, FrameHeader header, const VerifyAnswer& verified) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(verified.outcome);
    const wire::VoucherNumber number = wire_of(verified.number);
    append_table(
        out, into,
        wire::CreateVerifyReply(into, &result, &number, verified.units, verified.left,
                                static_cast<std::uint8_t>(verified.state), verified.is_amount));
    finish_frame(out, begin, reply_to(header));
}

std::expected<ShowAnswer, Code> decode_show(std::span<const std::byte> body) {
    const auto* from = verified<wire::ShowReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    ShowAnswer shown;
    shown.outcome = plain_of(*from->result());
    if (from->voucher() != nullptr) shown.number = plain_of(*from->voucher());
    shown.until = {from->until()};
    if (shown.outcome.code != Code::ok) return shown;
    if (from->token() == nullptr || from->token()->size() != token_bytes)
        return refuse(Code::message_malformed);
    std::memcpy(shown.token.data(), from->token()->Data(), token_bytes);
    return shown;
}

std::expected<VerifyAnswer, Code> decode_verify(std::span<const std::byte> body) {
    const auto* from = codec::verified<wire::VerifyReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    VerifyAnswer answer;
    answer.outcome = plain_of(*from->result());
    if (from->voucher() != nullptr) answer.number = plain_of(*from->voucher());
    answer.units = from->units();
    answer.left = from->left();
    answer.state = static_cast<VoucherStateNumber>(from->state());
    answer.is_amount = from->is_amount();
    return answer;
}

}  // namespace suanpan
