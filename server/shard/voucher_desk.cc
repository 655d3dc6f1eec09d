#include "server/shard/voucher_desk.h"

#include "protocol/base/byte_io.h"
#include "protocol/base/hash.h"
#include "server/cards/voucher.h"
#include "server/cards/voucher_command.h"
#include "server/cards/voucher_format.h"
#include "server/shard/recalled.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace suanpan::shard {
namespace {

// A token is the voucher's home, then what VoucherTokens makes. The home is not authenticated: with
// another one the voucher is not found.
constexpr std::size_t home_bytes = sizeof(std::uint64_t);
static_assert(home_bytes + cards::voucher_token_bytes == token_bytes);

std::span<const std::byte> bytes_of(const Verify& verify) {
    return std::as_bytes(std::span(verify.proof));
}

cards::VerifyReference digest_of(const VerificationId& reference) {
    const Sha256 digest = sha256(std::as_bytes(std::span(reference.bytes)));
    cards::VerifyReference first;
    std::memcpy(&first.high, digest.data(), sizeof first.high);
    std::memcpy(&first.low, digest.data() + sizeof first.high, sizeof first.low);
    return first;
}

std::string_view text_of(const CommandPayload& payload) {
    return {reinterpret_cast<const char*>(payload.text.data()), payload.text.size()};
}

}  // namespace

void VoucherDesk::prepare(Command& command) {
    auto* verify = std::get_if<Verify>(&command.body);
    if (verify == nullptr) return;
    if (verify->has_token) {
        ByteReader from(bytes_of(*verify));
        verify->task.voucher.home = from.get<std::uint64_t>();
        verify->task.voucher.offer = from.get<std::uint32_t>();
        verify->task.voucher.unit = from.get<std::uint32_t>();
        verify->task.voucher.ticket = from.get<std::uint64_t>();
        return;
    }
    if (verify->payload == nullptr) return;
    const auto key_of = [&](cards::CodeForm form) -> cards::CodeKey {
        const auto normal = cards::normalise_code(text_of(*verify->payload), form);
        if (!normal) return {};
        return vault_.hasher(command.head.program).key_of(*normal);
    };
    const cards::CodeKey exact = key_of(cards::CodeForm::exact);
    const cards::CodeKey folded = key_of(cards::CodeForm::folded);
    verify->proof = {exact.high, exact.low, folded.high, folded.low, 0, 0};
    verify->payload = nullptr;
}

std::expected<VoucherNext, cards::Refusal> VoucherDesk::decide(const Command& command,
                                                               Instant now) const {
    const CommandHead& head = command.head;
    const VoucherTask& task = *voucher_task_of(command);
    const auto* verify = std::get_if<Verify>(&command.body);
    std::optional<cards::OpenedToken> token;
    if (verify != nullptr && verify->has_token) {
        const auto opened = tokens_.open(bytes_of(*verify).subspan(home_bytes));
        if (!opened) return std::unexpected(opened.error());
        token = *opened;
    }
    const auto not_found = [&] {
        return cards::refuse_with(token ? Code::token_not_valid : Code::voucher_not_found);
    };
    const ledger::AccountRef ref = index_.account_of(task.voucher, head.program);
    if (ref == ledger::no_account) return not_found();
    const ledger::VoucherPtr held = ledger_.account(ref).find_voucher(task.voucher);
    ByteReader from(held->bytes);
    auto voucher = cards::get_voucher(from);
    if (!voucher) return not_found();
    voucher = as_recalled(*std::move(voucher), ledger_, now);

    cards::VoucherCommand asked = cards::ExpireVoucher{};
    if (const auto* show = std::get_if<Show>(&command.body))
        asked = cards::ShowVoucher{.member = task.asker, .life = show->life};
    else if (const auto* undo = std::get_if<UndoVerification>(&command.body))
        asked = cards::UndoVerify{.partner = head.partner, .reference = digest_of(undo->reference)};
    else if (verify != nullptr)
        asked = cards::VerifyVoucher{
            .partner = head.partner,
            .reference = digest_of(verify->reference),
            .merchant = cards::MerchantId{verify->merchant},
            .store = cards::StoreId{verify->store},
            .units = verify->units,
            .proof = token ? decltype(cards::VerifyVoucher::proof)(*token)
                           : cards::CodeKey{.high = verify->proof[0], .low = verify->proof[1]}};
    auto answer = cards::decide(*voucher, asked, now);
    if (!answer) return std::unexpected(answer.error());

    // What is undone of a recalled one comes back to nobody.
    const cards::Voucher after =
        as_recalled(answer->next ? *std::move(answer->next) : *voucher, ledger_, now);
    VoucherNext next{.bytes = {}, .detail = answer->units};
    if (std::holds_alternative<Show>(command.body)) next.detail = after.token_until.ns;
    cards::put_voucher(next.bytes, after);
    // Its sealed code stays behind the voucher.
    const auto sealed = from.take(from.left());
    next.bytes.insert(next.bytes.end(), sealed.begin(), sealed.end());
    return next;
}

std::unique_ptr<ReplyBody> VoucherDesk::answer_of(const ledger::Entry& entry) const {
    if (!is_of_a_voucher(static_cast<CommandKind>(entry.kind)) || entry.vouchers.empty())
        return nullptr;
    const ledger::HeldVoucher& held = *entry.vouchers.front();
    const auto voucher = cards::get_voucher(held.bytes);
    if (!voucher) return nullptr;
    const Outcome outcome = ledger::outcome_of(entry);
    if (entry.kind == ledger::EntryKind::show) {
        if (voucher->token == cards::TokenKind::none) return nullptr;
        ShowAnswer shown{.outcome = outcome, .number = held.number, .until = voucher->token_until};
        std::memcpy(shown.token.data(), &held.number.home, home_bytes);
        std::ranges::copy(tokens_.token_of(*voucher), shown.token.begin() + home_bytes);
        return std::make_unique<ReplyBody>(shown);
    }
    const cards::Voucher now = cards::as_of(*voucher, entry.time);
    return std::make_unique<ReplyBody>(
        VerifyAnswer{.outcome = outcome,
                     .number = held.number,
                     .units = entry.detail,
                     .left = now.left,
                     .state = static_cast<VoucherStateNumber>(now.state),
                     .is_amount = now.is_amount});
}

}  // namespace suanpan::shard
