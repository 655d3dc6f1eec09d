// The answers on offers, codes and vouchers, both ways.
#include "protocol/codec/building.h"

namespace suanpan {

using namespace codec;

namespace {

using flatbuffers::Offset;
using flatbuffers::String;
using flatbuffers::Vector;

// False where it is longer than a code may be.
bool take_code(const String* from, ClearCode& to) {
    if (from == nullptr) return true;
    const std::string_view text(from->c_str(), from->size());
    if (text.size() > limits::card_code_bytes_max) return false;
    to = ClearCode(text);
    return true;
}

}  // namespace

void encode_redeem(Bytes& out, FrameHeader header, const RedeemAnswer& redeemed) {
    const std::size_t begin = begin_frame(out);
    const bool has_codes = std::ranges::any_of(
        redeemed.vouchers, [](const RedeemedVoucher& voucher) { return !voucher.code.empty(); });
    SecretBuilder secret(256 + redeemed.vouchers.size() *
                                   (sizeof(wire::RedeemedVoucher) +
                                    (has_codes ? limits::card_code_bytes_max + 16 : 0)));
    auto& into = secret.builder;
    const wire::Result result = wire_of(redeemed.outcome);
    const auto vouchers = structs_of<wire::RedeemedVoucher>(
        into, redeemed.vouchers, [](const RedeemedVoucher& voucher) {
            return wire::RedeemedVoucher{wire_of(voucher.number), voucher.expires_at.ns};
        });
    Offset<Vector<Offset<String>>> codes;
    if (has_codes) {
        std::vector<Offset<String>> each;
        each.reserve(redeemed.vouchers.size());
        for (const RedeemedVoucher& voucher : redeemed.vouchers)
            each.push_back(into.CreateString(voucher.code.view().data(), voucher.code.size()));
        codes = into.CreateVector(each);
    }
    Offset<String> currency;
    if (redeemed.currency != Currency{}) currency = text_of(into, redeemed.currency);
    append_table(
        out, into,
        wire::CreateRedeemReply(into, &result, redeemed.offer, redeemed.ticket, vouchers, codes,
                                redeemed.cash.value, currency, redeemed.held_until.ns));
    finish_frame(out, begin, reply_to(header));
}

void encode_reveal(Bytes& out, FrameHeader header, const RevealAnswer& revealed) {
    const std::size_t begin = begin_frame(out);
    SecretBuilder secret(512);
    auto& into = secret.builder;
    const wire::Result result = wire_of(revealed.outcome);
    const wire::VoucherNumber number = wire_of(revealed.number);
    const auto code = into.CreateString(revealed.code.view().data(), revealed.code.size());
    append_table(out, into, wire::CreateRevealReply(into, &result, &number, code));
    finish_frame(out, begin, reply_to(header));
}

void encode_offers(Bytes& out, FrameHeader header, const OffersAnswer& offers) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(offers.outcome);
    const auto rows = structs_of<wire::OfferRow>(into, offers.rows, [](const OfferRow& row) {
        return wire::OfferRow{row.points.value, row.ends.ns, row.stock_left, row.units_max,
                              row.offer,        row.version, row.kind};
    });
    std::vector<Offset<String>> each;
    each.reserve(offers.rows.size());
    for (const OfferRow& row : offers.rows) each.push_back(into.CreateString(row.name));
    const auto names = into.CreateVector(each);
    Offset<Vector<const wire::OfferCash*>> cash;
    Offset<Vector<Offset<String>>> currencies;
    if (std::ranges::any_of(offers.rows,
                            [](const OfferRow& row) { return row.currency != Currency{}; })) {
        cash = structs_of<wire::OfferCash>(into, offers.rows, [](const OfferRow& row) {
            return wire::OfferCash{row.cash.value, row.cash_now.value};
        });
        each.clear();
        for (const OfferRow& row : offers.rows) each.push_back(text_of(into, row.currency));
        currencies = into.CreateVector(each);
    }
    append_table(
        out, into,
        wire::CreateOffersReply(into, &result, rows, names, offers.next, cash, currencies));
    finish_frame(out, begin, reply_to(header));
}

void encode_vouchers(Bytes& out, FrameHeader header, const VouchersAnswer& vouchers) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(vouchers.outcome);
    const wire::VoucherNumber next = wire_of(vouchers.next);
    const auto rows = structs_of<wire::VoucherRow>(into, vouchers.rows, [](const VoucherRow& row) {
        return wire::VoucherRow{wire_of(row.number),
                                row.whole,
                                row.left,
                                row.issued_at.ns,
                                row.expires_at.ns,
                                row.merchant,
                                static_cast<std::uint8_t>(row.state),
                                row.has_code,
                                row.revealed,
                                row.is_amount};
    });
    append_table(out, into, wire::CreateVouchersReply(into, &result, rows, &next));
    finish_frame(out, begin, reply_to(header));
}

void encode_codes(Bytes& out, FrameHeader header, const CodesAnswer& codes) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(codes.outcome);
    const auto lines = structs_of<wire::RefusedCodeLine>(
        into, codes.refused_lines, [](const RefusedCodeLine& refused) {
            return wire::RefusedCodeLine{refused.line, refused.fault};
        });
    append_table(
        out, into,
        wire::CreateCodesReply(into, &result, codes.lines, codes.taken, codes.refused, lines));
    finish_frame(out, begin, reply_to(header));
}

void encode_recall(Bytes& out, FrameHeader header, const RecallAnswer& recalled) {
    const std::size_t begin = begin_frame(out);
    auto& into = builder();
    const wire::Result result = wire_of(recalled.outcome);
    append_table(out, into,
                 wire::CreateRecallReply(into, &result, recalled.voided, recalled.set_aside,
                                         recalled.issued));
    finish_frame(out, begin, reply_to(header));
}

std::expected<RedeemAnswer, Code> decode_redeem(std::span<const std::byte> body) {
    const auto* from = verified<wire::RedeemReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    const auto* vouchers = from->vouchers();
    const std::size_t count = vouchers == nullptr ? 0 : vouchers->size();
    if (vouchers != nullptr && !is_aligned(vouchers)) return refuse(Code::message_malformed);
    const auto* codes = from->codes();
    const bool has_codes = codes != nullptr && codes->size() > 0;
    if (has_codes && codes->size() != count) return refuse(Code::message_malformed);
    RedeemAnswer redeemed;
    redeemed.outcome = plain_of(*from->result());
    redeemed.offer = from->offer();
    redeemed.ticket = from->ticket();
    redeemed.cash.value = from->cash();
    redeemed.held_until.ns = from->held_until();
    if (!take_text(from->currency(), redeemed.currency)) return refuse(Code::message_malformed);
    redeemed.vouchers.reserve(count);
    for (flatbuffers::uoffset_t i = 0; i < count; ++i) {
        const wire::RedeemedVoucher& each = *vouchers->Get(i);
        RedeemedVoucher voucher{
            .number = plain_of(each.number()), .expires_at = {each.expires_at()}, .code = {}};
        if (has_codes && !take_code(codes->Get(i), voucher.code))
            return refuse(Code::message_malformed);
        redeemed.vouchers.push_back(std::move(voucher));
    }
    return redeemed;
}

std::expected<RevealAnswer, Code> decode_reveal(std::span<const std::byte> body) {
    const auto* from = verified<wire::RevealReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    RevealAnswer revealed;
    revealed.outcome = plain_of(*from->result());
    if (from->voucher() != nullptr) revealed.number = plain_of(*from->voucher());
    if (!take_code(from->code(), revealed.code)) return refuse(Code::message_malformed);
    return revealed;
}

std::expected<OffersAnswer, Code> decode_offers(std::span<const std::byte> body) {
    const auto* from = verified<wire::OffersReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    const auto* rows = from->rows();
    const std::size_t count = rows == nullptr ? 0 : rows->size();
    if (rows != nullptr && !is_aligned(rows)) return refuse(Code::message_malformed);
    const auto* names = from->names();
    if ((names == nullptr ? 0 : names->size()) != count) return refuse(Code::message_malformed);
    const auto* cash = from->cash();
    const auto* currencies = from->currencies();
    const std::size_t with_cash = cash == nullptr ? 0 : cash->size();
    if (with_cash != 0 && (with_cash != count || !is_aligned(cash)))
        return refuse(Code::message_malformed);
    if ((currencies == nullptr ? 0 : currencies->size()) != with_cash)
        return refuse(Code::message_malformed);
    OffersAnswer offers;
    offers.outcome = plain_of(*from->result());
    offers.next = from->next();
    offers.rows.reserve(count);
    for (flatbuffers::uoffset_t i = 0; i < count; ++i) {
        const wire::OfferRow& row = *rows->Get(i);
        offers.rows.push_back({.offer = row.offer(),
                               .version = row.version(),
                               .kind = row.kind(),
                               .name = names->Get(i)->str(),
                               .points = {row.points()},
                               .ends = {row.ends()},
                               .stock_left = row.stock_left(),
                               .units_max = row.units_max(),
                               .cash = {},
                               .cash_now = {},
                               .currency = {}});
        if (with_cash == 0) continue;
        OfferRow& last = offers.rows.back();
        last.cash.value = cash->Get(i)->cash();
        last.cash_now.value = cash->Get(i)->cash_now();
        if (!take_text(currencies->Get(i), last.currency)) return refuse(Code::message_malformed);
    }
    return offers;
}

std::expected<VouchersAnswer, Code> decode_vouchers(std::span<const std::byte> body) {
    const auto* from = verified<wire::VouchersReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    const auto* rows = from->rows();
    if (rows != nullptr && !is_aligned(rows)) return refuse(Code::message_malformed);
    VouchersAnswer vouchers;
    vouchers.outcome = plain_of(*from->result());
    if (from->next() != nullptr) vouchers.next = plain_of(*from->next());
    if (rows == nullptr) return vouchers;
    vouchers.rows.reserve(rows->size());
    for (const wire::VoucherRow* row : *rows)
        vouchers.rows.push_back({.number = plain_of(row->number()),
                                 .state = static_cast<VoucherStateNumber>(row->state()),
                                 .has_code = row->has_code(),
                                 .revealed = row->revealed(),
                                 .is_amount = row->is_amount(),
                                 .whole = row->whole(),
                                 .left = row->left(),
                                 .issued_at = {row->issued_at()},
                                 .expires_at = {row->expires_at()},
                                 .merchant = row->merchant()});
    return vouchers;
}

std::expected<CodesAnswer, Code> decode_codes(std::span<const std::byte> body) {
    const auto* from = verified<wire::CodesReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    const auto* lines = from->refused_lines();
    if (lines != nullptr && !is_aligned(lines)) return refuse(Code::message_malformed);
    CodesAnswer codes;
    codes.outcome = plain_of(*from->result());
    codes.lines = from->lines();
    codes.taken = from->taken();
    codes.refused = from->refused();
    if (lines == nullptr) return codes;
    codes.refused_lines.reserve(lines->size());
    for (const wire::RefusedCodeLine* line : *lines)
        codes.refused_lines.push_back({.line = line->line(), .fault = line->fault()});
    return codes;
}

std::expected<RecallAnswer, Code> decode_recall(std::span<const std::byte> body) {
    const auto* from = verified<wire::RecallReply>(body);
    if (from == nullptr || from->result() == nullptr) return refuse(Code::message_malformed);
    return RecallAnswer{.outcome = plain_of(*from->result()),
                        .voided = from->voided(),
                        .set_aside = from->set_aside(),
                        .issued = from->issued()};
}

}  // namespace suanpan
