// The C interface: translates, and lets no exception pass.
#include "client/suanpan_c.h"

#include <algorithm>
#include <exception>
#include <string>

namespace {

using namespace suanpan;
using client::Answer;
using client::Target;
using client::c::duration_of;
using client::c::guarded;
using client::c::plain;
using client::c::say;

client::Options options_of(const suanpan_options& from) {
    client::Options options;
    options.endpoints = {
        {.host = from.host != nullptr ? from.host : "127.0.0.1", .port = from.port}};
    options.partner = PartnerId{from.partner};
    const auto* key = static_cast<const std::byte*>(from.key);
    if (key != nullptr) options.key.assign(key, key + from.key_bytes);
    options.name = from.name != nullptr ? from.name : "suanpan-c";
    if (from.deadline_ms > 0) options.deadline = duration_of(from.deadline_ms);
    if (from.connections_per_shard > 0) options.connections_per_shard = from.connections_per_shard;
    return options;
}

}  // namespace

namespace suanpan::client::c {

Duration duration_of(std::int64_t ms) {
    constexpr std::int64_t ms_max = INT64_MAX / 1'000'000;
    return milliseconds(std::clamp<std::int64_t>(ms, 0, ms_max));
}

void say(char* error, size_t error_bytes, std::string_view text) noexcept {
    if (error == nullptr || error_bytes == 0) return;
    const size_t length = std::min(text.size(), error_bytes - 1);
    std::memcpy(error, text.data(), length);
    error[length] = '\0';
}

Target target_of(const suanpan_target& from) {
    return {.member = {.high = from.member.high, .low = from.member.low},
            .program = ProgramId{from.program},
            .principal = PrincipalId{from.principal},
            .request_id = {.high = from.request_id.high, .low = from.request_id.low},
            .deadline = duration_of(from.deadline_ms)};
}

suanpan_answer plain(const Answer& from) {
    const Outcome& outcome = from.outcome;
    suanpan_answer to;
    std::memset(&to, 0, sizeof to);
    to.fate = static_cast<suanpan_fate>(from.fate);
    to.code = static_cast<std::uint16_t>(outcome.code);
    to.trouble = static_cast<std::uint16_t>(from.trouble);
    to.attempts = from.attempts;
    to.retry_after_ms = outcome.retry_after_ms;
    to.request_id = plain(from.request_id);
    to.entry_id = outcome.entry_id.value;
    to.time_ns = outcome.time.ns;
    to.available = outcome.balances.available.value;
    to.held = outcome.balances.held.value;
    to.pending = outcome.balances.pending.value;
    to.debt = outcome.balances.debt.value;
    to.amount = outcome.amount.value;
    to.detail = outcome.detail;
    return to;
}

suanpan_answer unknown_answer(const suanpan_target* target) noexcept {
    suanpan_answer unknown;
    std::memset(&unknown, 0, sizeof unknown);
    unknown.fate = SUANPAN_UNKNOWN;
    unknown.code = static_cast<std::uint16_t>(Code::unknown_yet);
    unknown.trouble = static_cast<std::uint16_t>(Trouble::closed);
    if (target != nullptr) unknown.request_id = target->request_id;
    return unknown;
}

}  // namespace suanpan::client::c

suanpan_client* suanpan_open(const suanpan_options* options, char* error, size_t error_bytes) {
    if (options == nullptr) {
        say(error, error_bytes, "suanpan client: no options given");
        return nullptr;
    }
    try {
        return new suanpan_client{client::Client(options_of(*options))};
    } catch (const std::exception& problem) {
        say(error, error_bytes, problem.what());
    } catch (...) {
        say(error, error_bytes, "suanpan client: could not be made");
    }
    return nullptr;
}

int suanpan_connect(suanpan_client* client, char* error, size_t error_bytes) {
    try {
        const auto connected = client->client.connect();
        if (connected.has_value()) return 0;
        say(error, error_bytes, connected.error().text);
    } catch (...) {
        say(error, error_bytes, "suanpan client: out of memory");
    }
    return -1;
}

void suanpan_close(suanpan_client* client) {
    delete client;
}

suanpan_answer suanpan_earn(suanpan_client* client, const suanpan_target* target, int64_t amount,
                            int64_t expires_at_ns) {
    return guarded(target, [&](const Target& to) {
        return client->client.earn(to, {.amount = {amount}, .expires_at = {expires_at_ns}});
    });
}

suanpan_answer suanpan_spend(suanpan_client* client, const suanpan_target* target, int64_t amount,
                             int64_t min_remaining, int up_to) {
    return guarded(target, [&](const Target& to) {
        return client->client.spend(
            to, {.amount = {amount}, .min_remaining = {min_remaining}, .up_to = up_to != 0});
    });
}

suanpan_answer suanpan_hold(suanpan_client* client, const suanpan_target* target, int64_t amount,
                            int64_t duration_ms) {
    return guarded(target, [&](const Target& to) {
        return client->client.hold(to, {.amount = {amount}, .duration = duration_of(duration_ms)});
    });
}

suanpan_answer suanpan_capture(suanpan_client* client, const suanpan_target* target, uint32_t hold,
                               int64_t amount) {
    return guarded(target, [&](const Target& to) {
        return client->client.capture(to, {.hold = HoldId{hold}, .amount = {amount}});
    });
}

suanpan_answer suanpan_release(suanpan_client* client, const suanpan_target* target,
                               uint32_t hold) {
    return guarded(target,
                   [&](const Target& to) { return client->client.release(to, HoldId{hold}); });
}

suanpan_answer suanpan_refund(suanpan_client* client, const suanpan_target* target,
                              uint64_t original, int64_t amount, uint16_t reason) {
    return guarded(target, [&](const Target& to) {
        return client->client.refund(
            to, {.original = {original}, .amount = {amount}, .reason = reason});
    });
}

suanpan_answer suanpan_revoke(suanpan_client* client, const suanpan_target* target,
                              uint64_t original, int64_t amount) {
    return guarded(target, [&](const Target& to) {
        return client->client.revoke(to, {.original = {original}, .amount = {amount}});
    });
}

suanpan_answer suanpan_adjust(suanpan_client* client, const suanpan_target* target, int64_t delta,
                              uint16_t reason) {
    return guarded(target, [&](const Target& to) {
        return client->client.adjust(to, {.delta = {delta}, .reason = reason});
    });
}

suanpan_answer suanpan_freeze(suanpan_client* client, const suanpan_target* target,
                              uint16_t reason) {
    return guarded(target, [&](const Target& to) { return client->client.freeze(to, reason); });
}

suanpan_answer suanpan_unfreeze(suanpan_client* client, const suanpan_target* target,
                                uint16_t reason) {
    return guarded(target, [&](const Target& to) { return client->client.unfreeze(to, reason); });
}

suanpan_answer suanpan_balance(suanpan_client* client, const suanpan_target* target) {
    return guarded(target, [&](const Target& to) { return client->client.balance(to); });
}

suanpan_answer suanpan_lookup(suanpan_client* client, const suanpan_target* target) {
    return guarded(target, [&](const Target& to) { return client->client.lookup(to); });
}

suanpan_answer suanpan_statement(suanpan_client* client, const suanpan_target* target,
                                 uint64_t before, suanpan_line* lines, size_t lines_max,
                                 size_t* line_count, uint64_t* next) {
    if (line_count != nullptr) *line_count = 0;
    if (next != nullptr) *next = 0;
    return guarded(target, [&](const Target& to) {
        const auto wanted = static_cast<std::uint16_t>(std::min<size_t>(lines_max, UINT16_MAX));
        Answer answer = client->client.statement(to, {.before = {before}, .lines_max = wanted});
        const size_t count = std::min(answer.lines.size(), lines_max);
        for (size_t i = 0; i < count; ++i) {
            const StatementLine& from = answer.lines[i];
            lines[i] = {.entry_id = from.entry_id.value,
                        .time_ns = from.time.ns,
                        .request_id = plain(from.request_id),
                        .amount = from.amount.value,
                        .available = from.balances.available.value,
                        .held = from.balances.held.value,
                        .pending = from.balances.pending.value,
                        .debt = from.balances.debt.value,
                        .reference = from.reference,
                        .partner = static_cast<std::uint32_t>(from.partner),
                        .principal = static_cast<std::uint32_t>(from.principal),
                        .kind = from.kind,
                        .reason = from.reason};
        }
        if (line_count != nullptr) *line_count = count;
        if (next != nullptr) *next = answer.next.value;
        return answer;
    });
}

suanpan_answer suanpan_ping(suanpan_client* client) {
    return guarded(nullptr, [&](const Target&) { return client->client.ping(); });
}

suanpan_answer suanpan_resolve(suanpan_client* client, const suanpan_target* target,
                               const suanpan_answer* unknown) {
    return guarded(target, [&](const Target& to) {
        Answer answer;
        answer.fate = static_cast<client::Fate>(unknown->fate);
        answer.outcome.code = static_cast<Code>(unknown->code);
        answer.trouble = static_cast<client::Trouble>(unknown->trouble);
        answer.attempts = unknown->attempts;
        answer.member = to.member;
        answer.program = to.program;
        answer.request_id = {.high = unknown->request_id.high, .low = unknown->request_id.low};
        return client->client.resolve(answer);
    });
}

suanpan_id suanpan_make_request_id(void) {
    return plain(client::Client::make_request_id());
}

// The tables' texts are literals, so they end with a zero.
const char* suanpan_code_name(uint16_t code) {
    return suanpan::text_of(static_cast<Code>(code)).name.data();
}
const char* suanpan_code_text(uint16_t code) {
    return suanpan::text_of(static_cast<Code>(code)).sentence.data();
}
