// Client: each call as one command to the engine, which answers when the server has.
#include "client/engine.h"
#include "client/name_of.h"
#include "client/request_id.h"
#include "client/suanpan_client.h"
#include "protocol/secret_payload.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <stdexcept>
#include <utility>

namespace suanpan::client {
namespace {

Answer answer_with(Trouble trouble, CommandKind kind, const Target& target) {
    Answer answer;
    answer.fate = Fate::refused;
    answer.trouble = trouble;
    answer.outcome.code = Code::busy;
    answer.kind = kind;
    answer.member = target.member;
    answer.program = target.program;
    answer.request_id = target.request_id;
    return answer;
}

Verify verify_of(const Verification& asked) {
    Verify verify;
    verify.task.origin = asked.origin;
    verify.reference = name_of<VerificationId>(asked.reference);
    verify.merchant = asked.merchant;
    verify.store = asked.store;
    verify.units = asked.amount;
    return verify;
}

}  // namespace

Client::Client(Options options) : engine_(std::make_unique<Engine>(std::move(options))) {}
Client::~Client() = default;

std::expected<ServerFacts, ConnectError> Client::connect() {
    if (engine_->is_own_thread()) {
        return std::unexpected(ConnectError{
            .code = Code::ok, .text = std::string(text_of(Trouble::called_inside_callback))});
    }
    return engine_->connect().get();
}

Answer Client::call_as(CommandKind kind, const Target& target, const CommandBody& body) {
    if (engine_->is_own_thread()) return answer_with(Trouble::called_inside_callback, kind, target);
    std::promise<Answer> promise;
    auto future = promise.get_future();
    engine_->submit(engine_->make_call(
        kind, target, body, [&promise](Answer answer) { promise.set_value(std::move(answer)); }));
    return future.get();
}

Answer Client::call(const Target& target, const CommandBody& body) {
    return call_as(kind_of(body), target, body);
}

std::future<Answer> Client::send(const Target& target, const CommandBody& body) {
    std::promise<Answer> promise;
    auto future = promise.get_future();
    send(target, body, [promise = std::move(promise)](Answer answer) mutable {
        promise.set_value(std::move(answer));
    });
    return future;
}

void Client::send(const Target& target, const CommandBody& body, Callback callback) {
    engine_->submit(engine_->make_call(kind_of(body), target, body, std::move(callback)));
}

Answer Client::create_program(const ProgramSpec& spec, RequestId request_id) {
    return call({.program = spec.id, .request_id = request_id},
                PutProgram{.spec = spec, .create = true});
}

Answer Client::update_program(const ProgramSpec& spec, RequestId request_id) {
    return call({.program = spec.id, .request_id = request_id},
                PutProgram{.spec = spec, .create = false});
}

Answer Client::advance_clock(Duration by, RequestId request_id) {
    return call({.request_id = request_id}, AdvanceClock{.by = by});
}

Answer Client::quote(const Target& target, const AskedOrder& order) {
    CommandPayload payload;
    payload.order = order;
    return call(target, AskQuote{.payload = &payload});
}

Answer Client::settle(const Target& target, std::string_view order,
                      std::span<const std::byte> token) {
    CommandPayload payload;
    payload.token.assign(token.begin(), token.end());
    return call(target, Settle{.payload = &payload, .order = name_of<OrderId>(order)});
}

Answer Client::redeem_with_cash(const Target& target, std::uint32_t offer, std::int64_t quantity,
                                Money cash, std::string_view order, std::uint64_t origin) {
    return call(target, Redeem{.offer = offer,
                               .quantity = quantity,
                               .origin = origin,
                               .cash = cash,
                               .order = name_of<OrderId>(order)});
}

Answer Client::confirm(const Target& target, std::string_view order, std::string_view payment,
                       Money amount, std::string_view currency) {
    return call(target, ConfirmOrder{.order = name_of<OrderId>(order),
                                     .payment = name_of<PaymentId>(payment),
                                     .amount = amount,
                                     .currency = name_of<Currency>(currency)});
}

Answer Client::cancel(const Target& target, std::string_view order) {
    return call(target, CancelOrder{.order = name_of<OrderId>(order)});
}

Answer Client::refund_order(const Target& target, std::string_view order, Money amount,
                            const std::vector<LineRefund>& lines, std::uint16_t reason,
                            std::uint16_t grace_days) {
    CommandPayload payload;
    payload.refunds = lines;
    return call(target, RefundOrder{.payload = &payload,
                                    .order = name_of<OrderId>(order),
                                    .amount = amount,
                                    .reason = reason,
                                    .grace_days = grace_days});
}

Answer Client::order(const Target& target, std::string_view order) {
    return call(target, ReadOrder{.order = name_of<OrderId>(order)});
}

Answer Client::put_rules(ProgramId program, std::string_view text, RequestId request_id) {
    CommandPayload payload;
    const auto bytes = std::as_bytes(std::span(text));
    payload.text.assign(bytes.begin(), bytes.end());
    return call({.program = program, .request_id = request_id}, PutRules{.payload = &payload});
}

Answer Client::terms(ProgramId program, std::uint32_t version) {
    return call({.program = program}, ReadTerms{.version = version});
}

Answer Client::put_offers(ProgramId program, std::uint32_t version, std::string_view text,
                          RequestId request_id) {
    CommandPayload payload;
    const auto bytes = std::as_bytes(std::span(text));
    payload.text.assign(bytes.begin(), bytes.end());
    return call({.program = program, .request_id = request_id},
                PutOffers{.payload = &payload, .version = version});
}

Answer Client::import_codes(ProgramId program, std::uint32_t offer, std::uint32_t batch,
                            std::uint64_t first_line, std::string_view lines,
                            RequestId request_id) {
    const auto payload = make_secret_payload();
    const auto bytes = std::as_bytes(std::span(lines));
    payload->text.assign(bytes.begin(), bytes.end());
    return call(
        {.program = program, .request_id = request_id},
        ImportCodes{
            .payload = payload.get(), .offer = offer, .batch = batch, .first_line = first_line});
}

Answer Client::recall(ProgramId program, std::uint32_t offer, std::uint32_t batch,
                      std::uint16_t reason, RequestId request_id) {
    return call({.program = program, .request_id = request_id},
                RecallBatch{.offer = offer, .batch = batch, .reason = reason});
}

Answer Client::ping() {
    return call_as(CommandKind::ping, {}, ReadBalance{});
}

Answer Client::verify(const Target& target, const TokenBytes& token, const Verification& asked) {
    Verify verify = verify_of(asked);
    verify.has_token = true;
    std::memcpy(verify.proof.data(), token.data(), token.size());
    return call(target, verify);
}

Answer Client::verify(const Target& target, std::string_view code, const Verification& asked) {
    const auto payload = make_secret_payload();
    const auto bytes = std::as_bytes(std::span(code));
    payload->text.assign(bytes.begin(), bytes.end());
    Verify verify = verify_of(asked);
    verify.payload = payload.get();
    return call(target, verify);
}

Answer Client::undo_verify(const Target& target, const VoucherNumber& voucher,
                           std::string_view reference) {
    return call(target, UndoVerification{.task = {.voucher = voucher, .asker = {}},
                                         .reference = name_of<VerificationId>(reference)});
}

Answer Client::resolve(const Answer& unknown) {
    if (unknown.fate != Fate::unknown || unknown.request_id.is_zero()) return unknown;
    // Its id is the voucher's: a lookup, which names a member, does not find it.
    if (is_of_a_voucher(unknown.kind)) return unknown;
    const Answer found = lookup(
        {.member = unknown.member, .program = unknown.program, .request_id = unknown.request_id});
    if (found.fate != Fate::done) return unknown;
    Answer resolved = unknown;
    switch (found.outcome.code) {
        case Code::ok:
            resolved.fate = Fate::done;
            resolved.outcome = found.outcome;
            break;
        case Code::refused:
            resolved.fate = Fate::refused;
            resolved.outcome = found.outcome;
            resolved.outcome.code = static_cast<Code>(found.outcome.detail);
            break;
        case Code::not_executed:
            resolved.fate = Fate::refused;
            resolved.outcome = found.outcome;
            break;
        default:
            return unknown;
    }
    resolved.trouble = Trouble::none;
    return resolved;
}

RequestId Client::make_request_id() {
    static RequestIdMaker maker;
    return maker.make();
}

}  // namespace suanpan::client
