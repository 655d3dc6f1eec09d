#include "client/engine.h"
#include "client/request_id.h"
#include "client/suanpan_client.h"

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

Answer Client::ping() {
    return call_as(CommandKind::ping, {}, ReadBalance{});
}

Answer Client::resolve(const Answer& unknown) {
    if (unknown.fate != Fate::unknown || unknown.request_id.is_zero()) return unknown;
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
