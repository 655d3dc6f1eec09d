#include "tests/sim/sim_client.h"

#include "protocol/base/probe.h"
#include "protocol/codec.h"
#include "tests/sim/violation.h"

#include <fmt/format.h>

#include <algorithm>

namespace suanpan::sim {
namespace {

constexpr std::size_t batch_ops_max = 6;
constexpr std::size_t asked_again_reach_back = 40;  // ops

bool is_table(CommandKind kind) {
    return kind == CommandKind::program_create || kind == CommandKind::program_update ||
           kind == CommandKind::rules_put || kind == CommandKind::settle ||
           kind == CommandKind::confirm || kind == CommandKind::cancel ||
           kind == CommandKind::refund_order || kind == CommandKind::redeem ||
           kind == CommandKind::reveal || kind == CommandKind::offers_put ||
           kind == CommandKind::codes_import || kind == CommandKind::recall ||
           is_of_a_voucher(kind);
}

}  // namespace

SimClient::SimClient(std::uint32_t number, Workload& workload, Random& random, const Trace& trace)
    : number_(number), workload_(workload), random_(random), trace_(trace) {}

std::vector<std::byte> SimClient::key_of(PartnerId partner) {
    std::vector<std::byte> key(32);
    std::ranges::fill(key, static_cast<std::byte>(partner));
    return key;
}

void SimClient::own(std::uint32_t op) {
    mine_.push_back(op);
    open_.push_back(op);
}

std::size_t SimClient::open_ops() const {
    return static_cast<std::size_t>(std::ranges::count_if(open_, [this](std::uint32_t op) {
        return workload_.ops[op].last_code != Code::request_from_future &&
               workload_.ops[op].last_code != Code::all_set_aside;
    }));
}

void SimClient::connected() {
    decoder_ = {};
    input_.clear();
    output_.clear();
    is_open_ = false;
}

void SimClient::disconnected() {
    for (auto& [correlation, sent] : under_way_)
        for (const std::uint32_t op : sent.ops)
            workload_.ops[op].sends_under_way -= sent.answers_due;
    under_way_.clear();
    is_open_ = false;
}

void SimClient::die() {
    for (const std::uint32_t op : open_) {
        if (workload_.ops[op].is_settled()) continue;
        // Its successor may ask what became of it, and go on from there; or nobody ever does.
        if (workload_.ops[op].can_be_looked_up() && random_.one_in(3))
            workload_.ops[op].wants_lookup = true;
        else
            workload_.ops[op].is_abandoned = true;
    }
}

bool SimClient::is_settled() const {
    if (!last_reads_.empty() || !under_way_.empty()) return false;
    return std::ranges::all_of(open_, [this](std::uint32_t op) {
        return workload_.ops[op].is_settled() && workload_.ops[op].sends_under_way == 0;
    });
}

std::string SimClient::unanswered_read() const {
    if (!last_reads_.empty())
        return fmt::format("client {} has no answer to a read of kind {}", number_,
                           static_cast<int>(last_reads_.back()));
    for (const auto& [correlation, sent] : under_way_)
        if (sent.purpose == Purpose::read)
            return fmt::format("client {} waits for a read of kind {}, sent at step {}", number_,
                               static_cast<int>(sent.read.kind), sent.read.sent_at);
    return {};
}

// ---- what comes in

void SimClient::receive(std::span<const std::byte> bytes, Lsn durable) {
    input_.insert(input_.end(), bytes.begin(), bytes.end());
    std::size_t taken = 0;
    while (true) {
        const FrameDecoder::Step step = decoder_.next(std::span(input_).subspan(taken));
        if (step.error != Code::ok) throw Violation("the server sent bytes that are no frame");
        if (step.consumed == 0) break;
        taken += step.consumed;
        take_frame(step.frame, durable);
    }
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(taken));
}

void SimClient::take_frame(const Frame& frame, Lsn durable) {
    const auto kind = static_cast<CommandKind>(frame.header.kind);
    if (kind == CommandKind::challenge) {
        const auto challenge = decode_challenge(frame.body);
        if (!challenge) throw Violation("the challenge is malformed");
        HelloRequest hello;
        hello.partner = Workload::partner_of(number_);
        hello.mac = compute_mac(key_of(hello.partner), *challenge, hello.nonce, hello.partner);
        hello.client = "sim";
        encode_hello(output_, {.kind = static_cast<std::uint16_t>(CommandKind::hello)}, hello);
        return;
    }
    if (kind == CommandKind::hello) {
        const auto greeting = decode_greeting(frame.body);
        if (!greeting || greeting->outcome.code != Code::ok)
            throw Violation("a good hello was refused");
        is_open_ = true;
        return;
    }
    const auto at = under_way_.find(frame.header.correlation_id);
    if (at == under_way_.end())
        throw Violation("an answer to nothing, or one more than the frame was sent");
    for (const std::uint32_t op : at->second.ops) --workload_.ops[op].sends_under_way;
    const UnderWay sent = at->second;
    if (--at->second.answers_due == 0) under_way_.erase(at);
    if (sent.purpose == Purpose::read)
        take_read(sent.read, frame.body, durable);
    else
        take_results(sent, frame.body);
}

void SimClient::take_results(const UnderWay& sent, std::span<const std::byte> body) {
    std::vector<Outcome> results;
    const CommandKind kind = workload_.ops[sent.ops.front()].command.head.kind;
    const bool is_file = kind == CommandKind::rules_put || kind == CommandKind::offers_put;
    if (sent.purpose == Purpose::ops && is_file) {
        const auto rules = decode_rules(body);
        if (rules) results.push_back(rules->outcome);
        if (rules && (rules->outcome.code == Code::rules_invalid ||
                      rules->outcome.code == Code::offer_invalid))
            throw Violation("a sound file was called invalid: " + rules->message);
    } else if (sent.purpose == Purpose::ops && has_cards(kind)) {
        if (const auto outcome = take_cards(workload_.ops[sent.ops.front()], body))
            results.push_back(*outcome);
    } else if (!decode_results(body, results)) {
        results.clear();
    }
    if (results.empty()) throw Violation("an answer is malformed");
    const bool whole_frame = results.size() == 1;  // one refusal may stand for all
    if (!whole_frame && results.size() != sent.ops.size())
        throw Violation("a batch got another number of results than it has events");
    for (std::size_t i = 0; i < sent.ops.size(); ++i) {
        const Outcome& outcome = results[whole_frame ? 0 : i];
        Op& op = workload_.ops[sent.ops[i]];
        op.last_code = outcome.code;
        trace_.say("client {} op {}: {} {} entry {} detail {}", number_, sent.ops[i],
                   sent.purpose == Purpose::lookup ? "lookup says" : "is told",
                   text_of(outcome.code).name, outcome.entry_id.value, outcome.detail);
        if (sent.purpose == Purpose::lookup)
            take_lookup(op, outcome);
        else
            take_answer(op, outcome);
    }
}

void SimClient::take_read(Read read, std::span<const std::byte> body, Lsn durable) {
    read.answered_at = trace_.step;
    read.durable = durable;
    read.oldest = workload_.oldest;
    if (read.kind == CommandKind::quote) return take_quote(std::move(read), body);
    if (read.kind == CommandKind::order) return take_order(std::move(read), body);
    if (read.kind == CommandKind::terms) return take_terms(std::move(read), body);
    if (read.kind == CommandKind::vouchers) return take_vouchers(std::move(read), body);
    if (read.kind == CommandKind::offers) return take_offers(std::move(read), body);
    if (read.kind == CommandKind::statement) {
        auto statement = decode_statement(body);
        if (!statement) throw Violation("a statement is malformed");
        read.outcome = statement->outcome;
        read.lines = std::move(statement->lines);
    } else if (read.kind == CommandKind::expiring) {
        auto expiring = decode_expiring(body);
        if (!expiring) throw Violation("a list of what expires is malformed");
        read.outcome = expiring->outcome;
        read.rows = std::move(expiring->rows);
    } else {
        std::vector<Outcome> results;
        if (!decode_results(body, results) || results.size() != 1)
            throw Violation("a balance is malformed");
        read.outcome = results[0];
    }
    note_read(read.kind, read.outcome.code);
    trace_.say("client {} reads {} of {}/{}: {} available {} held {}", number_,
               static_cast<int>(read.kind), read.member.low, static_cast<int>(read.program),
               text_of(read.outcome.code).name, read.outcome.balances.available.value,
               read.outcome.balances.held.value);
    const bool is_cut_short = read.outcome.code == Code::history_ends;
    if (read.outcome.code != Code::ok && !is_cut_short) return;
    if (read.before.value == 0 && !read.lines.empty())
        workload_.note_told(read.member, read.program, read.lines.front().entry_id);
    workload_.reads.push_back(std::move(read));
}

void SimClient::note_read(CommandKind kind, Code code) {
    const bool is_for_now = static_cast<std::uint16_t>(code) / 100 == 4;
    if (is_for_now || last_reads_.empty() || last_reads_.back() != kind) return;
    last_reads_.pop_back();
}

// ---- what goes out

bool SimClient::wants_sending(const Op& op, bool wants_all) const {
    if (op.is_settled() || op.wants_lookup) return false;
    if (op.sends_under_way == 0) return wants_all || op.attempts == 0 || random_.one_in(2);
    return !wants_all && op.sends_under_way < 3 && random_.one_in(20);
}

void SimClient::send_frame(UnderWay&& sent, CommandKind kind, std::span<const Command> commands,
                           bool may_be_doubled) {
    const FrameHeader header{.kind = static_cast<std::uint16_t>(kind),
                             .correlation_id = next_correlation_};
    const std::size_t before = output_.size();
    encode_requests(output_, header, commands);
    if (may_be_doubled && random_.one_in(60)) {  // somebody between us repeats it
        SUANPAN_PROBE("a frame was doubled on its way");
        sent.answers_due = 2;
        const std::vector<std::byte> frame(output_.begin() + static_cast<std::ptrdiff_t>(before),
                                           output_.end());
        output_.insert(output_.end(), frame.begin(), frame.end());
    }
    for (const std::uint32_t op : sent.ops) {
        if (workload_.ops[op].attempts == 0) {
            workload_.ops[op].sent_after = workload_.durable;
            workload_.ops[op].first_life = workload_.life;
        }
        workload_.ops[op].sends_under_way += sent.answers_due;
        ++workload_.ops[op].attempts;
        trace_.say("client {} op {}: sends {}{}", number_, op, static_cast<int>(kind),
                   sent.answers_due == 2 ? ", twice" : "");
    }
    under_way_.emplace(next_correlation_++, std::move(sent));
}

void SimClient::send_lookup(std::uint32_t op) {
    Command lookup;
    lookup.head = workload_.ops[op].command.head;
    lookup.head.kind = CommandKind::lookup;
    lookup.body = Lookup{};
    send_frame({.purpose = Purpose::lookup, .ops = {op}, .read = {}}, CommandKind::lookup,
               std::span(&lookup, 1), false);
}

// The op at `first` of open_, with following ones of its kind that want sending too.
void SimClient::send_ops(std::size_t first, bool wants_all) {
    UnderWay batch{.purpose = Purpose::ops, .ops = {open_[first]}, .read = {}};
    std::vector<Command> commands{workload_.ops[open_[first]].command};
    const CommandKind kind = commands[0].head.kind;
    for (std::size_t i = first + 1; i < open_.size() && commands.size() < batch_ops_max; ++i) {
        const Op& other = workload_.ops[open_[i]];
        if (is_table(kind) || other.command.head.kind != kind) break;
        if (other.sends_under_way > 0 || !wants_sending(other, wants_all)) break;
        batch.ops.push_back(open_[i]);
        commands.push_back(other.command);
    }
    send_frame(std::move(batch), kind, commands, !wants_all);
}

void SimClient::send(std::uint32_t frames, bool wants_all) {
    if (!is_open_) return;
    std::erase_if(open_, [this](std::uint32_t op) {
        return workload_.ops[op].is_settled() && workload_.ops[op].sends_under_way == 0;
    });
    for (std::size_t i = 0; i < open_.size() && frames > 0; ++i) {
        const Op& op = workload_.ops[open_[i]];
        const bool asks = !op.is_settled() && op.wants_lookup && op.sends_under_way == 0;
        const bool is_curious =
            !wants_all && op.attempts > 0 && op.can_be_looked_up() && random_.one_in(60);
        if (asks || is_curious)
            send_lookup(open_[i]);
        else if (wants_sending(op, wants_all))
            send_ops(i, wants_all);
        else
            continue;
        --frames;
    }
    if (wants_all || frames == 0 || mine_.empty() || !random_.one_in(15)) return;
    // An answered one again, as an impatient client does.
    const std::size_t back = random_.below(std::min(mine_.size(), asked_again_reach_back));
    const std::uint32_t again = mine_[mine_.size() - 1 - back];
    if (!workload_.ops[again].answer) return;
    if (workload_.ops[again].can_be_looked_up() && random_.one_in(4)) return send_lookup(again);
    send_frame({.purpose = Purpose::ops, .ops = {again}, .read = {}},
               workload_.ops[again].command.head.kind, std::span(&workload_.ops[again].command, 1),
               true);
}

void SimClient::send_read(Read read, const CommandBody& body) {
    read.member = workload_.draw_member();
    read.program = workload_.draw_program();
    send_read_of(std::move(read), body);
}

// Of the account that the read names.
void SimClient::send_read_of(Read read, const CommandBody& body) {
    if (!is_open_) return;
    read.partner = Workload::partner_of(number_);
    read.known_rules = workload_.newest_rules(read.program);
    if (const OfferFacts* offers = workload_.newest_offers(read.program))
        read.known_offers = offers->file;
    read.sent_at = trace_.step;
    read.sent_after = workload_.durable;
    read.known = workload_.newest_told(read.member, read.program);
    Command command;
    command.head.kind = read.kind;
    command.head.member = read.member;
    command.head.program = read.program;
    command.body = body;
    const CommandKind kind = read.kind;
    send_frame({.purpose = Purpose::read, .ops = {}, .read = std::move(read)}, kind,
               std::span(&command, 1), false);
}

void SimClient::send_balance() {
    send_read({.kind = CommandKind::balance}, ReadBalance{});
}

void SimClient::send_expiring() {
    const Duration within = hours(random_.between(1, 60));
    send_read({.kind = CommandKind::expiring, .within = within}, ReadExpiring{.within = within});
}

void SimClient::send_statement() {
    send_read({.kind = CommandKind::statement}, ReadStatement{.before = {}, .lines_max = 20});
}

void SimClient::send_quote() {
    Read read{.kind = CommandKind::quote};
    read.asked = workload_.draw_asked_order();
    const AskQuote body{.payload = read.asked.get()};
    send_read(std::move(read), body);
}

void SimClient::send_order() {
    Read read{.kind = CommandKind::order};
    read.member = workload_.draw_member();
    read.program = workload_.draw_program();
    read.order = workload_.draw_order(number_, read.member, read.program);
    const ReadOrder body{.order = read.order};
    send_read_of(std::move(read), body);
}

void SimClient::send_terms() {
    send_read({.kind = CommandKind::terms}, ReadTerms{});
}

void SimClient::send_vouchers() {
    send_read({.kind = CommandKind::vouchers}, ReadVouchers{});
}

void SimClient::send_offers() {
    send_read({.kind = CommandKind::offers}, ReadOffers{});
}

void SimClient::begin_last_reads() {
    last_reads_ = {CommandKind::balance, CommandKind::expiring, CommandKind::statement,
                   CommandKind::quote,   CommandKind::order,    CommandKind::terms};
    if (workload_.has_offers())
        last_reads_.insert(last_reads_.end(), {CommandKind::vouchers, CommandKind::offers});
}

void SimClient::send_last_read() {
    const bool is_reading = std::ranges::any_of(
        under_way_, [](const auto& sent) { return sent.second.purpose == Purpose::read; });
    if (last_reads_.empty() || is_reading) return;
    switch (last_reads_.back()) {
        case CommandKind::balance:
            return send_balance();
        case CommandKind::expiring:
            return send_expiring();
        case CommandKind::statement:
            return send_statement();
        case CommandKind::quote:
            return send_quote();
        case CommandKind::order:
            return send_order();
        case CommandKind::terms:
            return send_terms();
        case CommandKind::vouchers:
            return send_vouchers();
        default:
            return send_offers();
    }
}

}  // namespace suanpan::sim
