// Voucher records and tokens: a damaged one is refused; what is read is sound, is written again as
// it was read, and lets every command be decided at any time.
//
// Input: a voucher's bytes, then a token's and the numbers of a command.
#include "protocol/base/assert.h"
#include "server/cards/voucher_command.h"
#include "server/cards/voucher_format.h"
#include "server/cards/voucher_token.h"
#include "tests/fuzz/input.h"

#include <array>
#include <string_view>
#include <vector>

namespace suanpan::fuzz {
namespace {

using namespace cards;

void decide_everything(const Voucher& voucher, Input& rest) {
    const Instant now{rest.take<std::int64_t>() & INT64_MAX};
    if (now > instant_max) return;
    const OpenedToken token{voucher.id, voucher.token, voucher.token_number};
    const auto units = rest.take<std::int64_t>();
    const VerifyReference reference{.high = rest.take<std::uint64_t>(), .low = 0};
    VerifyVoucher by_code{.reference = reference, .units = units, .proof = voucher.code};
    VerifyVoucher by_token = by_code;
    by_token.proof = token;
    const std::array<VoucherCommand, 10> commands{RevealVoucher{voucher.owner},
                                                  GiftVoucher{.member = voucher.owner},
                                                  ClaimVoucher{voucher.buyer, token},
                                                  ShowVoucher{.member = voucher.owner},
                                                  by_code,
                                                  by_token,
                                                  UndoVerify{.reference = reference},
                                                  RefundVoucher{voucher.buyer},
                                                  VoidVoucher{},
                                                  ExpireVoucher{}};
    for (const VoucherCommand& command : commands) {
        const auto answer = decide(voucher, command, now);
        if (!answer) SUANPAN_ASSERT(answer.error().code != Code::ok);
        if (!answer || !answer->next) continue;
        SUANPAN_ASSERT(answer->next->is_sound());
        SUANPAN_ASSERT(answer->next->whole == answer->next->left + answer->next->used());
        SUANPAN_ASSERT(answer->next->revision == voucher.revision + 1);
    }
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const std::vector<std::byte> bytes = fuzz::copy_of(input.take_rest());
    ByteReader from(bytes);
    const auto voucher = cards::get_voucher(from);
    const std::size_t used = bytes.size() - from.left();
    fuzz::Input rest(data + (voucher ? used : 0), size - (voucher ? used : 0));

    static const cards::VoucherTokens tokens(std::as_bytes(std::span(std::string_view("fuzz"))));
    const auto opened = tokens.open(rest.take_bytes(cards::voucher_token_bytes));
    if (opened) SUANPAN_ASSERT(opened->kind != cards::TokenKind::none);
    if (!voucher) return 0;
    SUANPAN_ASSERT(voucher->is_sound());
    std::vector<std::byte> again;
    cards::put_voucher(again, *voucher);
    SUANPAN_ASSERT(again.size() == cards::voucher_bytes(*voucher));
    SUANPAN_ASSERT(std::ranges::equal(again, std::span(bytes).first(used)));
    if (voucher->revision != UINT32_MAX && voucher->token_number != UINT32_MAX)
        fuzz::decide_everything(*voucher, rest);
    return 0;
}
