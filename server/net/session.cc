#include "server/net/session.h"

#include "protocol/base/assert.h"

namespace suanpan::net {
namespace {

// A request's list of outcomes keeps its memory for the next one up to this many.
constexpr std::size_t outcomes_kept_max = 64;

// A frame that answers `header`.
FrameHeader reply_header(const FrameHeader& header) {
    return {
        .kind = header.kind, .flags = frame_flag_reply, .correlation_id = header.correlation_id};
}

bool closes_session(Code code) {
    const auto number = static_cast<std::uint16_t>(code);
    return (number >= 100 && number < 200) || code == Code::too_many_connections;
}

// True for kinds whose reply is no ResultBatch.
bool has_own_reply(CommandKind kind) {
    switch (kind) {
        case CommandKind::statement:
        case CommandKind::expiring:
        case CommandKind::quote:
        case CommandKind::order:
        case CommandKind::terms:
        case CommandKind::explain:
        case CommandKind::rules_put:
        case CommandKind::redeem:
        case CommandKind::reveal:
        case CommandKind::offers:
        case CommandKind::vouchers:
        case CommandKind::offers_put:
        case CommandKind::codes_import:
        case CommandKind::show:
        case CommandKind::verify:
        case CommandKind::undo_verify:
        case CommandKind::recall:
            return true;
        default:
            return false;
    }
}

void encode_body(std::vector<std::byte>& out, const FrameHeader& header,
                 const shard::ReplyBody& body) {
    struct Encode {
        std::vector<std::byte>& out;
        const FrameHeader& header;
        void operator()(const Statement& answer) const { encode_statement(out, header, answer); }
        void operator()(const Expiring& answer) const { encode_expiring(out, header, answer); }
        void operator()(const QuoteAnswer& answer) const { encode_quote(out, header, answer); }
        void operator()(const OrderAnswer& answer) const { encode_order(out, header, answer); }
        void operator()(const TermsAnswer& answer) const { encode_terms(out, header, answer); }
        void operator()(const RulesAnswer& answer) const { encode_rules(out, header, answer); }
        void operator()(const Explanation& answer) const {
            encode_explanation(out, header, answer);
        }
        void operator()(const RedeemAnswer& answer) const { encode_redeem(out, header, answer); }
        void operator()(const RevealAnswer& answer) const { encode_reveal(out, header, answer); }
        void operator()(const OffersAnswer& answer) const { encode_offers(out, header, answer); }
        void operator()(const VouchersAnswer& answer) const {
            encode_vouchers(out, header, answer);
        }
        void operator()(const CodesAnswer& answer) const { encode_codes(out, header, answer); }
        void operator()(const ShowAnswer& answer) const { encode_show(out, header, answer); }
        void operator()(const VerifyAnswer& answer) const { encode_verify(out, header, answer); }
        void operator()(const RecallAnswer& answer) const { encode_recall(out, header, answer); }
    };
    std::visit(Encode{out, header}, body);
}

}  // namespace

Session::Session(SessionEnvironment& environment, const shard::ReplyTo& address)
    : environment_(environment), address_(address), challenge_(make_challenge()) {
    encode_challenge(output_, challenge_);
}

std::size_t Session::receive(std::span<const std::byte> bytes) {
    std::size_t taken = 0;
    while (phase_ != Phase::closing) {
        const FrameDecoder::Step step = decoder_.next(bytes.subspan(taken));
        if (step.error != Code::ok) {
            refuse_frame(step.frame.header, step.error);
            break;
        }
        if (step.consumed == 0) break;
        taken += step.consumed;
        take_frame(step.frame);
    }
    return taken;
}

void Session::take_frame(const Frame& frame) {
    environment_.metrics.frames_received.add();
    if (frame.header.body_bytes > environment_.frame_body_bytes_max)
        return refuse_frame(frame.header, Code::frame_too_large);
    const auto kind = static_cast<CommandKind>(frame.header.kind);
    if (kind == CommandKind::ping) {
        const Outcome pong{.time = environment_.clock.now()};
        if (!decode_ping(frame.body).has_value())
            refuse_frame(frame.header, Code::message_malformed);
        else
            encode_results(output_, reply_header(frame.header), {&pong, 1});
    } else if (kind == CommandKind::hello) {
        take_hello(frame);
    } else if (phase_ != Phase::open) {
        refuse_frame(frame.header, Code::hello_required);
    } else {
        take_request(frame, kind);
    }
}

void Session::take_hello(const Frame& frame) {
    if (phase_ == Phase::open) return refuse_frame(frame.header, Code::hello_repeated);
    const auto hello = decode_hello(frame.body);
    if (!hello.has_value()) return refuse_frame(frame.header, hello.error());
    const Partner* partner = environment_.partners.find(hello->partner);
    // An unknown partner is checked against a random key, so that the time it takes tells nothing.
    const Challenge decoy = make_challenge();
    const std::span<const std::byte> key =
        partner != nullptr ? std::span<const std::byte>(partner->key) : decoy.bytes;
    const bool matches = mac_matches(key, challenge_, *hello);
    if (partner == nullptr || !matches)
        return refuse_frame(frame.header, Code::authentication_failed);
    partner_ = hello->partner;
    phase_ = Phase::open;
    Greeting greeting = environment_.greeting;
    greeting.outcome = {.time = environment_.clock.now()};
    greeting.request_floor_ms = environment_.port.request_floor_ms();
    encode_greeting(output_, reply_header(frame.header), greeting);
}

void Session::take_request(const Frame& frame, CommandKind kind) {
    const Partner* partner = environment_.partners.find(*partner_);
    // The partner was taken out of the file while connected.
    if (partner == nullptr) return refuse_frame(frame.header, Code::authentication_failed);
    if (!is_request_kind(frame.header.kind)) return refuse_frame(frame.header, Code::unknown_kind);
    // Overload is over the sooner, the less is done for what is refused.
    if (!is_read(kind) && environment_.port.is_behind())
        return refuse_frame(frame.header, Code::busy, shard::busy_retry_ms);
    const auto decoded =
        decode_request(kind, frame.body, *partner_, environment_.body_hash_key, decoded_);
    if (!decoded.has_value()) return refuse_frame(frame.header, decoded.error());
    const auto events = static_cast<std::uint32_t>(decoded_.size());
    // Only kinds with a single event carry a payload.
    const CommandPayload* payload = decoded_.front().payload.get();
    const std::size_t payload_bytes = payload == nullptr ? 0 : payload->bytes();
    if (frames_in_flight_ >= environment_.frames_in_flight_max ||
        events_in_flight_ + events > environment_.events_in_flight_max ||
        payload_bytes_ + payload_bytes > environment_.payload_bytes_in_flight_max)
        return refuse_events(frame.header, Code::too_many_in_flight, 1);
    if (const std::uint32_t wait_ms = partner->try_take(events, environment_.clock.now());
        wait_ms > 0)
        return refuse_events(frame.header, Code::rate_limited, wait_ms);
    submit_events(frame, kind, *partner);
}

void Session::submit_events(const Frame& frame, CommandKind kind, const Partner& partner) {
    const bool kind_allowed = partner.allows(kind);
    const Instant now = environment_.clock.now();
    const auto events = static_cast<std::uint32_t>(decoded_.size());
    const std::uint32_t place = open_request(frame.header, events);
    shard::ReplyTo to = address_;
    to.request = place;
    // The request owns it until it is answered.
    requests_[place].payload = std::move(decoded_.front().payload);
    if (requests_[place].payload != nullptr) payload_bytes_ += requests_[place].payload->bytes();
    for (std::uint32_t i = 0; i < events; ++i) {
        const DecodedEvent& event = decoded_[i];
        to.event = static_cast<std::uint16_t>(i);
        const Code code = first_refusal(event, partner, kind_allowed, now);
        if (code == Code::ok) {
            environment_.port.submit(event.command, to);
        } else {
            complete(
                {.to = to,
                 .outcome = {
                     .code = code, .time = now, .detail = code == event.code ? event.detail : 0}});
        }
    }
}

// What can be said without the ledger, in the order of Code.
Code Session::first_refusal(const DecodedEvent& event, const Partner& partner, bool kind_allowed,
                            Instant now) const {
    if (event.code != Code::ok && event.code < Code::kind_not_allowed) return event.code;
    if (!kind_allowed) return Code::kind_not_allowed;
    const CommandHead& head = event.command.head;
    const bool names_program = head.kind != CommandKind::clock_advance;
    if (names_program && !partner.allows(head.program)) return Code::program_not_allowed;
    if (event.code != Code::ok && event.code < Code::request_from_future) return event.code;
    if (!is_read(head.kind)) {
        const std::int64_t id_ms = head.request_id.unix_ms();
        if (id_ms > (now + limits::request_future_max).unix_ms()) return Code::request_from_future;
        if (id_ms < environment_.port.request_floor_ms()) return Code::request_too_old;
    }
    if (event.code != Code::ok) return event.code;
    if (head.kind == CommandKind::clock_advance && !environment_.greeting.sandbox)
        return Code::sandbox_only;
    return Code::ok;
}

std::uint32_t Session::open_request(const FrameHeader& header, std::uint32_t events) {
    if (free_requests_.empty()) {
        free_requests_.push_back(static_cast<std::uint32_t>(requests_.size()));
        requests_.emplace_back();
    }
    const std::uint32_t place = free_requests_.back();
    free_requests_.pop_back();
    Request& request = requests_[place];
    request.header = header;
    request.events_left = events;
    request.outcomes.assign(events, Outcome{});
    ++frames_in_flight_;
    events_in_flight_ += events;
    return place;
}

void Session::complete(shard::Reply&& reply) {
    const std::uint32_t place = reply.to.request;
    SUANPAN_ASSERT(place < requests_.size());
    Request& request = requests_[place];
    SUANPAN_ASSERT(request.events_left > 0);
    SUANPAN_ASSERT(reply.to.event < request.outcomes.size());
    environment_.metrics.note_answer(static_cast<CommandKind>(request.header.kind),
                                     reply.outcome.code);
    request.outcomes[reply.to.event] = reply.outcome;
    if (reply.body != nullptr) {
        encode_body(output_, reply_header(request.header), *reply.body);
        return finish(place);
    }
    if (--request.events_left > 0) return;
    const auto kind = static_cast<CommandKind>(request.header.kind);
    if (has_own_reply(kind))  // without more than an outcome, but in its own shape
        encode_refusal(output_, reply_header(request.header), request.outcomes.front());
    else
        encode_results(output_, reply_header(request.header), request.outcomes);
    finish(place);
}

void Session::finish(std::uint32_t place) {
    Request& request = requests_[place];
    request.events_left = 0;
    if (request.payload != nullptr) payload_bytes_ -= request.payload->bytes();
    request.payload.reset();
    events_in_flight_ -= static_cast<std::uint32_t>(request.outcomes.size());
    --frames_in_flight_;
    if (request.outcomes.capacity() > outcomes_kept_max)
        std::vector<Outcome>().swap(request.outcomes);
    free_requests_.push_back(place);
}

std::vector<Session::OpenPayload> Session::take_payloads() {
    std::vector<OpenPayload> open;
    for (std::uint32_t place = 0; place < requests_.size(); ++place)
        if (requests_[place].payload != nullptr)
            open.push_back({.request = place, .payload = std::move(requests_[place].payload)});
    return open;
}

void Session::refuse_frame(const FrameHeader& header, Code code, std::uint32_t retry_after_ms) {
    environment_.metrics.note_answer(static_cast<CommandKind>(header.kind), code);
    encode_refusal(
        output_, reply_header(header),
        {.code = code, .retry_after_ms = retry_after_ms, .time = environment_.clock.now()});
    if (!closes_session(code)) return;
    environment_.metrics.connections_dropped.add();
    phase_ = Phase::closing;
}

void Session::refuse_events(const FrameHeader& header, Code code, std::uint32_t retry_after_ms) {
    const auto kind = static_cast<CommandKind>(header.kind);
    if (has_own_reply(kind)) return refuse_frame(header, code, retry_after_ms);
    environment_.metrics.note_refused(code, decoded_.size());
    const std::vector<Outcome> outcomes(
        decoded_.size(),
        {.code = code, .retry_after_ms = retry_after_ms, .time = environment_.clock.now()});
    encode_results(output_, reply_header(header), outcomes);
}

void Session::refuse(Code code) {
    refuse_frame({}, code);
}

}  // namespace suanpan::net
