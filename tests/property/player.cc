#include "tests/property/player.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <variant>

namespace suanpan::testing {
namespace {

constexpr std::size_t member_count = 5;

template <std::size_t N>
ShortText<N> short_text(std::string_view text) {
    ShortText<N> out;
    std::ranges::copy(text, out.bytes.begin());
    return out;
}

ProgramSpec program(std::uint32_t id) {
    ProgramSpec spec;
    spec.id = ProgramId{id};
    spec.version = 1;
    spec.name = short_text<48>("program");
    spec.currency = short_text<8>("CNY");
    return spec;
}

// Between them they have every way of revoking and merging, and most of expiring: years, fixed
// dates and the roundings to a quarter, half or whole year are left to stories.
std::vector<ProgramSpec> all_programs() {
    std::vector<ProgramSpec> all;
    ProgramSpec days_and_debt = program(1);
    days_and_debt.expiry = ExpiryPolicy::after_days;
    days_and_debt.expiry_count = 3;
    days_and_debt.revoke = RevokePolicy::allow_debt;
    days_and_debt.hold_max = days(10);
    all.push_back(days_and_debt);

    ProgramSpec months_and_limit = program(2);
    months_and_limit.expiry = ExpiryPolicy::after_months;
    months_and_limit.expiry_count = 1;
    months_and_limit.spend_per_day_max = Points{150};
    all.push_back(months_and_limit);

    ProgramSpec sliding = program(3);
    sliding.expiry = ExpiryPolicy::sliding_days;
    sliding.expiry_count = 2;
    sliding.revoke = RevokePolicy::take_what_is_there;
    sliding.hold_grace_days = 1;
    sliding.hold_max = days(10);
    all.push_back(sliding);

    ProgramSpec unmerged = program(4);
    unmerged.merge_lots = false;
    unmerged.revoke = RevokePolicy::allow_debt;
    all.push_back(unmerged);

    ProgramSpec rounded = program(5);
    rounded.expiry = ExpiryPolicy::after_days;
    rounded.expiry_count = 1;
    rounded.expiry_rounding = ExpiryRounding::month_end;
    rounded.time_zone = short_text<40>("Europe/Berlin");
    rounded.hold_grace_days = 2;
    rounded.hold_max = days(40);
    rounded.refundable_days = 5;
    all.push_back(rounded);
    return all;
}

PartnerId partner_of(const Move& move) {
    return PartnerId{1U + (move.partner == 9 ? 1U : 0U)};
}

template <typename T>
const T* newest(const std::vector<T>& all, std::uint8_t pick) {
    return pick < all.size() ? &all[all.size() - 1 - pick] : nullptr;
}

std::string told(const Outcome& outcome) {
    return fmt::format(
        "{} amount {} detail {} available {} held {} pending {} debt {} entry {} time {}",
        text_of(outcome.code).name, outcome.amount.value, outcome.detail,
        outcome.balances.available.value, outcome.balances.held.value,
        outcome.balances.pending.value, outcome.balances.debt.value, outcome.entry_id.value,
        outcome.time.ns);
}

std::string told(const std::vector<ExpiringRow>& rows) {
    std::string text;
    for (const ExpiringRow& row : rows)
        text += fmt::format(" {} at {}", row.points.value, row.expires_at.ns);
    return text;
}

}  // namespace

Player::Player(std::uint16_t shards)
    : world_(std::make_unique<LedgerWorld>(shards)),
      now_{1'800'000'000'000'000'000},
      programs_(all_programs()) {
    for (const ProgramSpec& spec : programs_) {
        Command command;
        command.head.kind = CommandKind::program_create;
        command.head.program = spec.id;
        command.head.request_id = {.high = static_cast<std::uint64_t>(now_.unix_ms()) << 16U,
                                   .low = ++made_};
        command.body = PutProgram{.spec = spec, .create = true};
        send(command);
        put_rules(spec.id);
    }
    desk_.follow(*world_);
}

void Player::put_rules(ProgramId program) {
    Command command;
    command.head.kind = CommandKind::rules_put;
    command.head.program = program;
    command.head.request_id = {.high = static_cast<std::uint64_t>(now_.unix_ms()) << 16U,
                               .low = ++made_};
    command.body =
        PutRules{.payload = &desk_.rules_of(program), .version = 1, .effective_from = {}};
    send(command);
}

MemberId Player::member_of(const Move& move) const {
    return {.high = 77, .low = 1U + move.member % member_count};
}

ProgramId Player::program_of(const Move& move) const {
    // Now and then one that does not exist.
    return ProgramId{move.program == 99 ? 99U : 1U + move.program % 5U};
}

void Player::compare(const Outcome& real, const Outcome& expected, const std::string& about) const {
    if (real == expected) return;
    throw Difference(about + "\n  ledger: " + told(real) + "\n  model:  " + told(expected));
}

// The number of the hold or of the order that a command has made: the ledger's to choose.
std::uint32_t Player::number_made(const Command& command, const Outcome& real) const {
    if (command.head.kind == CommandKind::settle && real.code == Code::ok)
        return static_cast<std::uint32_t>(world_->reference_of(real.entry_id));
    return static_cast<std::uint32_t>(real.detail);
}

void Player::send(const Command& command) {
    const LedgerWorld::Digest before = world_->digest();
    const std::uint64_t last_lsn = world_->last_lsn();
    const Outcome real = world_->submit(command, now_);
    const Outcome expected = model_.submit(
        command, now_, {.entry = real.entry_id, .hold = HoldId{number_made(command, real)}});
    compare(real, expected, "a request is answered differently");
    if (real.code == Code::ok) {
        ++accepted_;
    } else {
        // INV-13: but for the refusal's block, nothing was journaled, so nothing may differ.
        const std::uint64_t own = is_state_refusal(real.code) ? 1 : 0;
        if (world_->last_lsn() == last_lsn + own && world_->digest() != before)
            throw Difference("INV-13: a refused request has changed something");
    }
    requests_.push_back({.command = command, .outcome = real});
}

std::optional<CommandBody> Player::body_of(const Move& move, CommandKind& kind) const {
    using enum Move::What;
    const Points points{1 + move.points % 200};
    const Restriction restriction{static_cast<std::uint16_t>(move.variant % 4 == 3 ? 7 : 0)};
    const auto entry_of = [&](CommandKind one, CommandKind other) -> const Request* {
        std::uint8_t skip = move.pick;
        for (std::size_t i = requests_.size(); i-- > 0;) {
            const Request& request = requests_[i];
            if (request.outcome.code != Code::ok) continue;
            if (request.command.head.kind != one && request.command.head.kind != other) continue;
            if (skip-- == 0) return &request;
        }
        return nullptr;
    };
    switch (move.what) {
        case earn: {
            kind = CommandKind::earn;
            Earn body{.amount = points, .restriction = restriction};
            if (move.variant % 8 == 1) body.active_from = now_ + hours(move.variant);
            if (move.variant % 8 == 2) body.expires_at = now_ + hours(move.variant) - hours(5);
            if (move.variant % 8 == 4) body.active_from = now_ - hours(move.variant);
            if (move.variant % 16 == 5) body.origin = LotOrigin::purchased;
            if (move.variant == 255) body.amount = Points{amount_points_max};
            return body;
        }
        case spend:
            kind = CommandKind::spend;
            return Spend{.amount = points,
                         .min_remaining = Points{move.variant % 8 == 1 ? 30 : 0},
                         .restriction = restriction,
                         .up_to = move.variant % 8 == 2 || move.variant % 8 == 1};
        case hold:
            kind = CommandKind::hold;
            return PlaceHold{.amount = points,
                             .min_remaining = Points{move.variant % 8 == 1 ? 30 : 0},
                             .duration = hours(move.variant % 16 == 0 ? 0 : move.variant),
                             .restriction = restriction,
                             .up_to = move.variant % 8 == 2};
        case capture: {
            kind = CommandKind::capture;
            const Request* request = entry_of(CommandKind::hold, CommandKind::hold);
            if (request == nullptr) return std::nullopt;
            return CaptureHold{.hold = HoldId{static_cast<std::uint32_t>(request->outcome.detail)},
                               .amount = move.variant % 2 == 0 ? request->outcome.amount : points};
        }
        case release: {
            kind = CommandKind::release;
            const Request* request = entry_of(CommandKind::hold, CommandKind::hold);
            if (request == nullptr) return std::nullopt;
            return ReleaseHold{.hold = HoldId{static_cast<std::uint32_t>(request->outcome.detail)}};
        }
        case refund: {
            kind = CommandKind::refund;
            const Request* request = entry_of(
                CommandKind::spend, move.variant == 77 ? CommandKind::earn : CommandKind::capture);
            if (request == nullptr) return std::nullopt;
            return Refund{.original = request->outcome.entry_id,
                          .amount = move.variant % 3 == 0 ? Points{} : points,
                          .reason = 5,
                          .grace_days = static_cast<std::uint16_t>(move.variant % 4 == 1 ? 2 : 0)};
        }
        case revoke: {
            kind = CommandKind::revoke;
            const Request* request = entry_of(
                CommandKind::earn, move.variant == 77 ? CommandKind::spend : CommandKind::earn);
            if (request == nullptr) return std::nullopt;
            return Revoke{.original = request->outcome.entry_id,
                          .amount = move.variant % 3 == 0 ? Points{} : points};
        }
        case adjust: {
            kind = CommandKind::adjust;
            Adjust body{.delta = move.variant % 2 == 0 ? points : -points, .reason = 3};
            if (move.variant % 8 == 2) body.expires_at = now_ + hours(move.variant) - hours(5);
            return body;
        }
        case freeze:
            kind = move.variant % 3 == 0 ? CommandKind::freeze : CommandKind::unfreeze;
            return Freeze{.frozen = move.variant % 3 == 0};
        case limit:
            kind = CommandKind::set_limit;
            return SetLimit{.spend_per_day_max = Points{move.variant % 3 == 0 ? -1 : move.points}};
        case member:
            kind = CommandKind::member_update;
            return MemberUpdate{.source_version = move.variant % 8U,
                                .level = static_cast<std::uint16_t>(move.points % 5)};
        case update_program: {
            kind = CommandKind::program_update;
            PutProgram body{.spec = programs_[move.program % programs_.size()], .create = false};
            ++body.spec.version;
            if (move.variant % 4 == 0) body.spec.hold_grace_days = move.variant % 3;
            if (move.variant % 4 == 1) body.spec.merge_lots = !body.spec.merge_lots;
            if (move.variant % 4 == 2)
                body.spec.spend_per_day_max = Points{move.variant % 8 == 2 ? -1 : 100};
            if (move.variant % 16 == 3) body.spec.currency = {};
            if (move.variant % 16 == 7) ++body.spec.version;
            return body;
        }
        default:
            return std::nullopt;
    }
}

void Player::repeat(const Move& move) {
    const Request* request = newest(requests_, move.pick);
    if (request == nullptr) return;
    Command command = request->command;
    if (move.what == Move::What::repeat_wrong) ++command.head.body_hash;
    const Outcome first = request->outcome;
    const Outcome real = world_->submit(command, now_);
    const Outcome expected = model_.submit(command, now_, {.entry = real.entry_id, .hold = {}});
    compare(real, expected, "a repeat is answered differently");
    const bool floor_has_passed = real.code == Code::request_too_old;
    if (move.what == Move::What::repeat && !floor_has_passed && !leaves_no_trace(first.code))
        compare(real, first, "P2: a repeat does not get the first answer");
}

void Player::take_image() {
    taking_image_ = true;
    image_ = world_->take_image(400, [this] {
        if (left_.empty()) return;
        const Move next = left_.front();
        left_ = left_.subspan(1);
        make(next);
    });
    taking_image_ = false;
}

void Player::restart(const Move& move) {
    if (taking_image_) return;
    const LedgerWorld::Digest before = world_->digest();
    const bool from_image = image_.has_value() && move.variant % 2 == 0;
    world_ = world_->rebuilt(static_cast<std::uint16_t>(1 + move.pick % 4),
                             from_image ? &*image_ : nullptr);
    desk_.follow(*world_);
    if (world_->digest() != before)
        throw Difference(from_image ? "INV-12: a replay from a checkpoint differs"
                                    : "INV-12: a replay from zero differs");
}

std::optional<Command> Player::command_of(const Move& move) {
    Command command;
    command.head.partner = partner_of(move);
    command.head.program = program_of(move);
    command.head.member = member_of(move);
    // Most settlements are of a fresh quote; else of an older one.
    if (move.what == Move::What::settle && move.variant % 4 != 0) {
        const std::string wrong = desk_.quote(*world_, command.head, move, now_);
        if (!wrong.empty()) throw Difference(wrong);
    }
    auto body = body_of(move, command.head.kind);
    if (!body) body = desk_.body_of(move, command.head);
    if (!body) return std::nullopt;
    command.body = *body;
    if (const auto* put = std::get_if<PutProgram>(&command.body)) {
        command.head.member = {};
        command.head.program = put->spec.id;
    }
    command.head.request_id = {.high = static_cast<std::uint64_t>(now_.unix_ms()) << 16U,
                               .low = ++made_};
    command.head.body_hash = made_ * 2;
    return command;
}

void Player::make(const Move& move) {
    now_ = std::max(now_, after_wait(now_, move.wait));
    switch (move.what) {
        case Move::What::sweep:
            world_->sweep(now_);
            break;
        case Move::What::restart:
            restart(move);
            break;
        case Move::What::image:
            if (!taking_image_) take_image();
            break;
        case Move::What::raise_floor: {
            const std::int64_t floor_ms = now_.unix_ms() - 3'600'000 * (move.variant % 64);
            world_->raise_floor(floor_ms);
            model_.raise_floor(floor_ms);
            break;
        }
        case Move::What::repeat:
        case Move::What::repeat_wrong:
            repeat(move);
            break;
        case Move::What::quote: {
            CommandHead head{.partner = partner_of(move)};
            head.program = program_of(move);
            head.member = member_of(move);
            const std::string wrong = desk_.quote(*world_, head, move, now_);
            if (!wrong.empty()) throw Difference(wrong);
            break;
        }
        default: {
            const auto command = command_of(move);
            if (!command) return;
            send(*command);
            if (requests_.back().outcome.code != Code::ok) break;
            if (move.what == Move::What::settle) desk_.note_settled(*command);
            if (const auto* put = std::get_if<PutProgram>(&command->body))
                for (ProgramSpec& spec : programs_)
                    if (spec.id == put->spec.id) spec = put->spec;
        }
    }
    compare_after(move);
}

void Player::compare_after(const Move& move) {
    if (++moves_ % 8 == 0) return compare_everything();
    const std::string broken = world_->broken_invariant(now_);
    if (!broken.empty()) throw Difference(broken);
    compare_account(member_of(move), program_of(move));
}

void Player::compare_account(const MemberId& member, ProgramId program) {
    const std::string name =
        fmt::format("member {} in program {}", member.low, static_cast<std::uint32_t>(program));
    compare(world_->balance(member, program, now_), model_.balance(member, program, now_),
            "the balance differs of " + name);
    const Expiring real = world_->expiring(member, program, days(60), now_);
    const Expiring expected = model_.expiring(member, program, days(60), now_);
    const auto same = [](const ExpiringRow& a, const ExpiringRow& b) {
        return a.expires_at == b.expires_at && a.points == b.points;
    };
    compare(real.outcome, expected.outcome, "the sum of what expires differs of " + name);
    if (!std::ranges::equal(real.rows, expected.rows, same))
        throw Difference("what expires differs of " + name + "\n  ledger:" + told(real.rows) +
                         "\n  model: " + told(expected.rows));
}

void Player::compare_everything() {
    const std::string broken = world_->broken_invariant(now_);
    if (!broken.empty()) throw Difference(broken);
    const std::string wrong = desk_.difference(*world_, model_, now_);
    if (!wrong.empty()) throw Difference(wrong);
    const std::string exceeded = OrderDesk::exceeded(*world_);
    if (!exceeded.empty()) throw Difference(exceeded);
    for (std::uint32_t id = 1; id <= programs_.size(); ++id) {
        for (std::uint64_t member = 1; member <= member_count; ++member)
            compare_account({.high = 77, .low = member}, ProgramId{id});
        const SubjectTotals real = world_->totals(ProgramId{id}, now_);
        const model::Totals expected = model_.totals(ProgramId{id}, now_);
        if (!expected.balance()) throw Difference("INV-3: the model's own sums are wrong");
        if (real.issued != expected.sums.issued || real.spent != expected.sums.spent ||
            real.expired != expected.sums.expired || real.revoked != expected.sums.revoked)
            throw Difference(fmt::format(
                "the totals of program {} differ\n  ledger: issued {} spent {} expired {} revoked "
                "{}\n  model:  issued {} spent {} expired {} revoked {}",
                id, real.issued, real.spent, real.expired, real.revoked, expected.sums.issued,
                expected.sums.spent, expected.sums.expired, expected.sums.revoked));
    }
}

std::size_t Player::answered(Code code) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        requests_, [code](const Request& request) { return request.outcome.code == code; }));
}

void Player::play(std::span<const Move> moves) {
    left_ = moves;
    while (!left_.empty()) {
        const Move next = left_.front();
        left_ = left_.subspan(1);
        make(next);
    }
    compare_everything();
    // Every order ends in exactly one of the three end states, at its time-out at the latest.
    now_ = now_ + hours(2);
    compare_everything();
    const std::string unended = desk_.unended(*world_, now_);
    if (!unended.empty()) throw Difference(unended);
    // INV-12, whatever the moves were.
    for (std::uint16_t shards = 1; shards <= 3; ++shards) {
        if (world_->rebuilt(shards)->digest() != world_->digest())
            throw Difference("INV-12: a replay from zero differs at the end");
        if (image_ && world_->rebuilt(shards, &*image_)->digest() != world_->digest())
            throw Difference("INV-12: a replay from a checkpoint differs at the end");
    }
}

}  // namespace suanpan::testing
