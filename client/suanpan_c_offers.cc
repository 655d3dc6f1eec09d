// The C interface to offers and vouchers: redeem, reveal, offers, vouchers, offers_put,
// codes_import, recall.
#include "client/suanpan_c.h"
#include "protocol/secret_payload.h"
#include "protocol/voucher_name.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace suanpan;
using client::Answer;
using client::Target;
using client::c::clear;
using client::c::copy_text;
using client::c::free_filled;
using client::c::guarded;
using client::c::program_of;
using client::c::say;

static_assert(SUANPAN_CODE_BYTES_MAX == limits::card_code_bytes_max);

suanpan_voucher_number plain(const VoucherNumber& from) {
    return {.home = from.home, .ticket = from.ticket, .offer = from.offer, .unit = from.unit};
}
VoucherNumber number_of(const suanpan_voucher_number& from) {
    return {.offer = from.offer, .unit = from.unit, .ticket = from.ticket, .home = from.home};
}

void copy_code(const ClearCode& from, char (&to)[SUANPAN_CODE_BYTES_MAX + 1]) {
    std::ranges::copy(from.view(), to);
    to[from.size()] = '\0';
}

// What the arrays of a filled struct point into; its `memory`.
struct RedeemedMemory {
    std::vector<suanpan_redeemed_voucher> vouchers;
    RedeemedMemory() = default;
    RedeemedMemory(const RedeemedMemory&) = delete;
    RedeemedMemory& operator=(const RedeemedMemory&) = delete;
    ~RedeemedMemory() { wipe(std::as_writable_bytes(std::span(vouchers))); }
};
struct OffersMemory {
    std::vector<std::string> names;
    std::vector<suanpan_offer> offers;
};

void fill(suanpan_redeemed& to, const RedeemAnswer& from) {
    auto memory = std::make_unique<RedeemedMemory>();
    memory->vouchers.resize(from.vouchers.size());
    for (std::size_t i = 0; i < from.vouchers.size(); ++i) {
        suanpan_redeemed_voucher& voucher = memory->vouchers[i];
        voucher.number = plain(from.vouchers[i].number);
        voucher.expires_at_ns = from.vouchers[i].expires_at.ns;
        copy_code(from.vouchers[i].code, voucher.code);
    }
    to = {.offer = from.offer,
          .ticket = from.ticket,
          .cash = from.cash.value,
          .currency = {},
          .held_until_ns = from.held_until.ns,
          .vouchers = memory->vouchers.data(),
          .voucher_count = memory->vouchers.size(),
          .memory = memory.get()};
    copy_text(from.currency, to.currency);
    static_cast<void>(memory.release());
}

void fill(suanpan_offer_list& to, const OffersAnswer& from) {
    auto memory = std::make_unique<OffersMemory>();
    memory->names.reserve(from.rows.size());
    for (const OfferRow& row : from.rows) {
        memory->names.push_back(row.name);
        memory->offers.push_back({.offer = row.offer,
                                  .version = row.version,
                                  .kind = row.kind,
                                  .name = memory->names.back().c_str(),
                                  .points = row.points.value,
                                  .ends_ns = row.ends.ns,
                                  .stock_left = row.stock_left,
                                  .units_max = row.units_max,
                                  .cash = row.cash.value,
                                  .cash_now = row.cash_now.value,
                                  .currency = {}});
        copy_text(row.currency, memory->offers.back().currency);
    }
    to = {.offers = memory->offers.data(),
          .offer_count = memory->offers.size(),
          .next = from.next,
          .memory = memory.get()};
    static_cast<void>(memory.release());
}

suanpan_voucher plain(const VoucherRow& from) {
    const auto flag = [](bool is) { return is ? std::uint16_t{1} : std::uint16_t{0}; };
    return {.number = plain(from.number),
            .state = static_cast<std::uint16_t>(from.state),
            .has_code = flag(from.has_code),
            .revealed = flag(from.revealed),
            .is_amount = flag(from.is_amount),
            .whole = from.whole,
            .left = from.left,
            .issued_at_ns = from.issued_at.ns,
            .expires_at_ns = from.expires_at.ns,
            .merchant = from.merchant};
}

std::span<const std::byte> bytes_of(const char* text, std::size_t text_bytes) {
    if (text == nullptr) return {};
    return std::as_bytes(std::span(text, text_bytes));
}

}  // namespace

suanpan_answer suanpan_redeem(suanpan_client* client, const suanpan_target* target, uint32_t offer,
                              int64_t quantity, uint64_t origin, suanpan_redeemed* redeemed) {
    clear(redeemed);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.redeem(to, offer, quantity, origin);
        if (answer.redeemed != nullptr && redeemed != nullptr) fill(*redeemed, *answer.redeemed);
        return answer;
    });
}

suanpan_answer suanpan_redeem_with_cash(suanpan_client* client, const suanpan_target* target,
                                        uint32_t offer, int64_t quantity, int64_t cash,
                                        const char* order, uint64_t origin,
                                        suanpan_redeemed* redeemed) {
    clear(redeemed);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.redeem_with_cash(to, offer, quantity, suanpan::Money{cash},
                                                        order == nullptr ? "" : order, origin);
        if (answer.redeemed != nullptr && redeemed != nullptr) fill(*redeemed, *answer.redeemed);
        return answer;
    });
}

suanpan_answer suanpan_reveal(suanpan_client* client, const suanpan_target* target,
                              suanpan_voucher_number voucher, uint64_t origin, char* code) {
    if (code != nullptr) *code = '\0';
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.reveal(to, number_of(voucher), origin);
        if (answer.revealed != nullptr)
            say(code, SUANPAN_CODE_BYTES_MAX + 1, answer.revealed->code.view());
        return answer;
    });
}

suanpan_answer suanpan_offers(suanpan_client* client, const suanpan_target* target, uint32_t after,
                              suanpan_offer_list* offers) {
    clear(offers);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.offers(to, {.after = after});
        if (answer.offers != nullptr && offers != nullptr) fill(*offers, *answer.offers);
        return answer;
    });
}

suanpan_answer suanpan_vouchers(suanpan_client* client, const suanpan_target* target,
                                const suanpan_voucher_number* after, uint16_t state,
                                suanpan_voucher* vouchers, size_t vouchers_max,
                                size_t* voucher_count, suanpan_voucher_number* next) {
    if (voucher_count != nullptr) *voucher_count = 0;
    clear(next);
    return guarded(target, [&](const Target& to) {
        ReadVouchers page;
        if (after != nullptr) page.after = number_of(*after);
        // No state has so large a number: it is refused as the server refuses it.
        page.state = static_cast<std::uint8_t>(std::min<std::uint16_t>(state, UINT8_MAX));
        page.rows_max =
            static_cast<std::uint16_t>(std::min<size_t>(vouchers_max, limits::voucher_rows_max));
        Answer answer = client->client.vouchers(to, page);
        if (answer.vouchers == nullptr) return answer;
        const auto& rows = answer.vouchers->rows;
        const size_t count = std::min(rows.size(), vouchers_max);
        for (size_t i = 0; i < count; ++i) vouchers[i] = plain(rows[i]);
        if (voucher_count != nullptr) *voucher_count = count;
        if (next != nullptr) *next = plain(answer.vouchers->next);
        return answer;
    });
}

suanpan_answer suanpan_offers_put(suanpan_client* client, const suanpan_target* target,
                                  uint32_t version, const char* text, size_t text_bytes,
                                  char* message, size_t message_bytes) {
    say(message, message_bytes, "");
    return guarded(target, [&](const Target& to) {
        CommandPayload payload;
        const auto bytes = bytes_of(text, text_bytes);
        payload.text.assign(bytes.begin(), bytes.end());
        Answer answer =
            client->client.call(program_of(to), PutOffers{.payload = &payload, .version = version});
        say(message, message_bytes, answer.message);
        return answer;
    });
}

suanpan_answer suanpan_codes_import(suanpan_client* client, const suanpan_target* target,
                                    uint32_t offer, uint32_t batch, uint64_t first_line,
                                    const char* text, size_t text_bytes,
                                    suanpan_refused_line* lines, size_t lines_max,
                                    size_t* line_count) {
    if (line_count != nullptr) *line_count = 0;
    return guarded(target, [&](const Target& to) {
        const auto payload = make_secret_payload();
        const auto bytes = bytes_of(text, text_bytes);
        payload->text.assign(bytes.begin(), bytes.end());
        Answer answer = client->client.call(program_of(to), ImportCodes{.payload = payload.get(),
                                                                        .offer = offer,
                                                                        .batch = batch,
                                                                        .first_line = first_line});
        if (answer.codes == nullptr) return answer;
        const auto& refused = answer.codes->refused_lines;
        const size_t count = lines == nullptr ? 0 : std::min(refused.size(), lines_max);
        for (size_t i = 0; i < count; ++i)
            lines[i] = {.line = refused[i].line, .fault = refused[i].fault};
        if (line_count != nullptr) *line_count = count;
        return answer;
    });
}

suanpan_answer suanpan_recall(suanpan_client* client, const suanpan_target* target, uint32_t offer,
                              uint32_t batch, uint16_t reason, suanpan_recalled* recalled) {
    clear(recalled);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.call(
            program_of(to), RecallBatch{.offer = offer, .batch = batch, .reason = reason});
        if (answer.recalled == nullptr || recalled == nullptr) return answer;
        *recalled = {.voided = answer.recalled->voided,
                     .set_aside = answer.recalled->set_aside,
                     .issued = answer.recalled->issued};
        return answer;
    });
}

void suanpan_voucher_name(suanpan_voucher_number number, char* text, size_t text_bytes) {
    say(text, text_bytes, name_of(number_of(number)));
}

int suanpan_voucher_named(const char* text, suanpan_voucher_number* number) {
    clear(number);
    const auto named = voucher_named(text != nullptr ? text : "");
    if (!named) return -1;
    if (number != nullptr) *number = plain(*named);
    return 0;
}

void suanpan_free_redeemed(suanpan_redeemed* redeemed) {
    free_filled<RedeemedMemory>(redeemed);
}
void suanpan_free_offers(suanpan_offer_list* offers) {
    free_filled<OffersMemory>(offers);
}
