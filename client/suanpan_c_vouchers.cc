// The C interface to a voucher's life: show, verify, undo_verify.
#include "client/suanpan_c.h"
#include "protocol/limits.h"
#include "protocol/secret_payload.h"

#include <cstring>
#include <string_view>

namespace {

using namespace suanpan;
using client::Answer;
using client::Target;
using client::c::clear;
using client::c::duration_of;
using client::c::guarded;
using client::c::program_of;

static_assert(SUANPAN_TOKEN_BYTES == token_bytes);

VoucherNumber number_of(const suanpan_voucher_number& from) {
    return {.offer = from.offer, .unit = from.unit, .ticket = from.ticket, .home = from.home};
}

void fill(suanpan_shown* to, const Answer& answer) {
    if (to == nullptr || answer.shown == nullptr) return;
    std::memcpy(to->token, answer.shown->token.data(), token_bytes);
    to->until_ns = answer.shown->until.ns;
}

void fill(suanpan_verified* to, const Answer& answer) {
    if (to == nullptr || answer.verified == nullptr) return;
    const VerifyAnswer& from = *answer.verified;
    *to = {.voucher = {.home = from.number.home,
                       .ticket = from.number.ticket,
                       .offer = from.number.offer,
                       .unit = from.number.unit},
           .units = from.units,
           .left = from.left,
           .state = static_cast<std::uint16_t>(from.state),
           .is_amount = from.is_amount ? std::uint16_t{1} : std::uint16_t{0}};
}

client::Verification verification_of(const suanpan_verification* from) {
    client::Verification asked;
    if (from == nullptr) return asked;
    asked.reference = from->reference != nullptr ? from->reference : "";
    asked.merchant = from->merchant;
    asked.store = from->store;
    asked.amount = from->amount;
    asked.origin = from->origin;
    return asked;
}

}  // namespace

suanpan_answer suanpan_show(suanpan_client* client, const suanpan_target* target,
                            suanpan_voucher_number voucher, int64_t life_ms, uint64_t origin,
                            suanpan_shown* shown) {
    clear(shown);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.show(to, number_of(voucher), duration_of(life_ms), origin);
        fill(shown, answer);
        return answer;
    });
}

suanpan_answer suanpan_verify_token(suanpan_client* client, const suanpan_target* target,
                                    const void* token, const suanpan_verification* verification,
                                    suanpan_verified* verified) {
    clear(verified);
    return guarded(target, [&](const Target& to) {
        TokenBytes bytes{};
        if (token != nullptr) std::memcpy(bytes.data(), token, bytes.size());
        Answer answer = client->client.verify(program_of(to), bytes, verification_of(verification));
        fill(verified, answer);
        return answer;
    });
}

suanpan_answer suanpan_verify_code(suanpan_client* client, const suanpan_target* target,
                                   const char* code, const suanpan_verification* verification,
                                   suanpan_verified* verified) {
    clear(verified);
    return guarded(target, [&](const Target& to) {
        Answer answer =
            client->client.verify(program_of(to), std::string_view(code != nullptr ? code : ""),
                                  verification_of(verification));
        fill(verified, answer);
        return answer;
    });
}

suanpan_answer suanpan_undo_verify(suanpan_client* client, const suanpan_target* target,
                                   suanpan_voucher_number voucher, const char* reference,
                                   suanpan_verified* verified) {
    clear(verified);
    return guarded(target, [&](const Target& to) {
        Answer answer = client->client.undo_verify(program_of(to), number_of(voucher),
                                                   reference != nullptr ? reference : "");
        fill(verified, answer);
        return answer;
    });
}
