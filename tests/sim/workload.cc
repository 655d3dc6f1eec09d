#include "tests/sim/workload.h"

#include "tests/sim/words.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace suanpan::sim {
namespace {

constexpr std::size_t rivals_reach_back = 30;  // ops
constexpr std::size_t earlier_reach_back = 400;

constexpr std::array all_kinds{
    CommandKind::earn,     CommandKind::earn,     CommandKind::earn,         CommandKind::spend,
    CommandKind::spend,    CommandKind::spend,    CommandKind::hold,         CommandKind::hold,
    CommandKind::capture,  CommandKind::release,  CommandKind::refund,       CommandKind::refund,
    CommandKind::revoke,   CommandKind::adjust,   CommandKind::set_limit,    CommandKind::freeze,
    CommandKind::unfreeze, CommandKind::unfreeze, CommandKind::member_update};
constexpr std::array common_kinds{CommandKind::earn, CommandKind::spend};
constexpr std::array order_kinds{
    CommandKind::settle,       CommandKind::settle,      CommandKind::settle,  CommandKind::settle,
    CommandKind::confirm,      CommandKind::confirm,     CommandKind::confirm, CommandKind::cancel,
    CommandKind::refund_order, CommandKind::refund_order};
constexpr std::array offer_kinds{
    CommandKind::redeem,       CommandKind::redeem,       CommandKind::redeem,
    CommandKind::redeem,       CommandKind::redeem,       CommandKind::redeem,
    CommandKind::redeem,       CommandKind::redeem,       CommandKind::redeem,
    CommandKind::redeem,       CommandKind::redeem,       CommandKind::redeem,
    CommandKind::confirm,      CommandKind::confirm,      CommandKind::confirm,
    CommandKind::cancel,       CommandKind::reveal,       CommandKind::reveal,
    CommandKind::show,         CommandKind::show,         CommandKind::show,
    CommandKind::verify,       CommandKind::verify,       CommandKind::verify,
    CommandKind::verify,       CommandKind::verify,       CommandKind::verify,
    CommandKind::undo_verify,  CommandKind::undo_verify,  CommandKind::earn,
    CommandKind::earn,         CommandKind::earn,         CommandKind::earn,
    CommandKind::codes_import, CommandKind::codes_import, CommandKind::codes_import,
    CommandKind::codes_import, CommandKind::codes_import, CommandKind::recall,
    CommandKind::recall,       CommandKind::recall,       CommandKind::offers_put};
constexpr std::uint64_t rules_one_in = 60;  // of the orders' kinds

// The same lines for another batch.
std::shared_ptr<const model::CodeList> with_next_batch(const model::CodeList& list,
                                                       ImportCodes& import) {
    auto other = std::make_shared<model::CodeList>(list);
    other->batch = import.batch = list.batch + 1;
    return other;
}

}  // namespace

RequestId Workload::new_id(Instant made) {
    return {.high = static_cast<std::uint64_t>(std::max<std::int64_t>(made.unix_ms(), 1)) << 16U |
                    0x7000U,
            .low = ++ids_};
}

MemberId Workload::draw_member() {
    const std::uint64_t which =
        random_.one_in(shape_.hot_one_in) ? 0 : random_.below(shape_.members);
    return member(which);
}

ProgramId Workload::draw_program() {
    return ProgramId{static_cast<std::uint32_t>(1 + random_.below(programs))};
}

std::uint32_t Workload::add_program(std::uint32_t id, Instant wall) {
    Op op;
    ProgramSpec spec;
    spec.id = ProgramId{id};
    spec.version = 1;
    spec.name = short_text<48>("simulated");
    spec.currency = short_text<8>("CNY");
    spec.time_zone = short_text<40>("Asia/Shanghai");
    if (id == 2) {
        spec.expiry = ExpiryPolicy::after_days;
        spec.expiry_count = 1;
        spec.revoke = RevokePolicy::allow_debt;
        spec.hold_default = hours(1);
    }
    if (id == 3) {
        spec.expiry = ExpiryPolicy::sliding_days;
        spec.expiry_count = 1;
        spec.revoke = RevokePolicy::take_what_is_there;
        spec.hold_grace_days = 1;
        spec.merge_lots = false;
        spec.spend_per_day_max = Points{500};
    }
    op.command.head.kind = CommandKind::program_create;
    op.command.head.partner = partner_of(0);
    op.command.head.program = spec.id;
    op.command.head.request_id = new_id(wall);
    op.command.body = PutProgram{.spec = spec, .create = true};
    ops.push_back(op);
    return static_cast<std::uint32_t>(ops.size() - 1);
}

// One of this client's latest that was done and is of one of two kinds, or null.
const Op* Workload::draw_earlier(std::uint32_t client, CommandKind kind, CommandKind other) {
    return draw_done(client, [kind, other](const Op& op) {
        return op.command.head.kind == kind || op.command.head.kind == other;
    });
}

const Op* Workload::draw_done(std::uint32_t client, const std::function<bool(const Op&)>& suits,
                              bool any_partner) {
    std::uint64_t skip = random_.below(4);
    const Op* last = nullptr;
    for (std::size_t i = ops.size(); i-- > 0 && i + earlier_reach_back > ops.size();) {
        const Op& op = ops[i];
        if (!op.answer || op.answer->code != Code::ok || !suits(op)) continue;
        if (!any_partner && op.command.head.partner != partner_of(client)) continue;
        last = &op;
        if (skip-- == 0) break;
    }
    return last;
}

std::uint32_t Workload::add(std::uint32_t client, Instant wall, std::optional<CommandKind> kind) {
    Op op;
    op.client = client;
    CommandHead& head = op.command.head;
    head.kind =
        kind ? *kind
        : random_.one_in(shape_.orders_one_in)
            ? random_.one_in(rules_one_in) ? CommandKind::rules_put
                                           : order_kinds[random_.below(order_kinds.size())]
        : random_.one_in(shape_.offers_one_in)  ? offer_kinds[random_.below(offer_kinds.size())]
        : random_.one_in(shape_.changes_one_in) ? all_kinds[random_.below(all_kinds.size())]
                                                : common_kinds[random_.below(common_kinds.size())];
    head.partner = partner_of(client);
    head.principal = PrincipalId{static_cast<std::uint32_t>(random_.below(5))};
    head.member = draw_member();
    head.program = draw_program();
    if (random_.one_in(shape_.skewed_clock_one_in))
        wall = wall + seconds(random_.between(-3600, 120));
    head.request_id = new_id(wall);
    fill_body(op, wall);
    ops.push_back(op);
    return static_cast<std::uint32_t>(ops.size() - 1);
}

void Workload::fill_body(Op& op, Instant wall) {
    CommandHead& head = op.command.head;
    const Points points{random_.between(1, shape_.points_max)};
    const Points all_or_some{random_.one_in(2) ? 0 : points.value};
    const auto about = [&](CommandKind one, CommandKind other) {
        const Op* earlier = draw_earlier(op.client, one, other);
        if (earlier != nullptr && !random_.one_in(20)) {
            head.member = earlier->command.head.member;
            head.program = earlier->command.head.program;
        }
        return earlier;
    };
    switch (head.kind) {
        case CommandKind::earn: {
            Earn body{.amount = points};
            if (random_.one_in(8)) body.active_from = wall + hours(random_.between(0, 30));
            if (has_orders() && random_.one_in(6))
                body.restriction = static_cast<Restriction>(1 + random_.below(2));
            if (random_.one_in(8)) body.expires_at = wall + hours(random_.between(31, 60));
            note_instant(body.active_from);
            note_instant(body.expires_at);
            op.command.body = body;
            break;
        }
        case CommandKind::spend:
            op.command.body = Spend{.amount = points, .up_to = random_.one_in(4)};
            break;
        case CommandKind::hold:
            op.command.body = PlaceHold{
                .amount = points,
                .duration = random_.one_in(3) ? Duration{} : seconds(random_.between(1, 3600)),
                .up_to = random_.one_in(4)};
            break;
        case CommandKind::capture: {
            const Op* hold = about(CommandKind::hold, CommandKind::hold);
            CaptureHold body{.hold = HoldId{1}, .amount = points};
            if (hold != nullptr) {
                body.hold = HoldId{static_cast<std::uint32_t>(hold->answer->detail)};
                if (random_.one_in(2)) body.amount = hold->answer->amount;
            }
            op.command.body = body;
            break;
        }
        case CommandKind::release: {
            const Op* hold = about(CommandKind::hold, CommandKind::hold);
            op.command.body = ReleaseHold{
                .hold = HoldId{hold == nullptr ? 1U
                                               : static_cast<std::uint32_t>(hold->answer->detail)}};
            break;
        }
        case CommandKind::refund: {
            const Op* spend = about(CommandKind::spend, CommandKind::capture);
            op.command.body =
                Refund{.original = spend == nullptr ? Lsn{1} : spend->answer->entry_id,
                       .amount = all_or_some,
                       .reason = 2,
                       .grace_days = static_cast<std::uint16_t>(random_.below(2))};
            break;
        }
        case CommandKind::revoke: {
            const Op* earn = about(CommandKind::earn, CommandKind::earn);
            op.command.body = Revoke{.original = earn == nullptr ? Lsn{1} : earn->answer->entry_id,
                                     .amount = all_or_some};
            break;
        }
        case CommandKind::adjust:
            op.command.body =
                Adjust{.delta = random_.one_in(2) ? points : Points{-points.value}, .reason = 9};
            break;
        case CommandKind::set_limit:
            op.command.body = SetLimit{.spend_per_day_max = Points{random_.one_in(3) ? 300 : -1}};
            break;
        case CommandKind::freeze:
        case CommandKind::unfreeze:
            op.command.body = Freeze{.frozen = head.kind == CommandKind::freeze};
            break;
        case CommandKind::settle:
        case CommandKind::confirm:
        case CommandKind::cancel:
        case CommandKind::refund_order:
        case CommandKind::rules_put:
            fill_order_body(op, wall);
            break;
        case CommandKind::redeem:
        case CommandKind::reveal:
        case CommandKind::codes_import:
        case CommandKind::recall:
        case CommandKind::offers_put:
            fill_offer_body(op, wall);
            break;
        case CommandKind::show:
        case CommandKind::verify:
        case CommandKind::undo_verify:
            fill_voucher_body(op, wall);
            break;
        default:
            op.command.body = MemberUpdate{.source_version = random_.below(50),
                                           .level = static_cast<std::uint16_t>(random_.below(9))};
            break;
    }
}

std::optional<std::uint32_t> Workload::add_rival(std::uint32_t client) {
    if (ops.size() <= programs) return std::nullopt;
    const std::size_t back = random_.below(std::min(ops.size() - programs, rivals_reach_back));
    Op& earlier = ops[ops.size() - 1 - back];
    if (earlier.has_rival || earlier.command.head.partner != partner_of(client))
        return std::nullopt;
    Op op;
    op.command = earlier.command;
    op.payload = earlier.payload;
    op.quote = earlier.quote;
    op.codes = earlier.codes;
    op.client = client;
    op.has_rival = true;
    if (auto* spend = std::get_if<Spend>(&op.command.body))
        spend->amount += Points{1};
    else if (auto* earn = std::get_if<Earn>(&op.command.body))
        earn->amount += Points{1};
    else if (auto* refund = std::get_if<Refund>(&op.command.body))
        refund->reason = 3;
    else if (auto* confirm = std::get_if<ConfirmOrder>(&op.command.body))
        confirm->payment = short_text<64>("rival");
    else if (auto* settle = std::get_if<Settle>(&op.command.body))
        settle->order = short_text<64>("rival");
    else if (auto* redeem = std::get_if<Redeem>(&op.command.body))
        redeem->quantity += 1;
    else if (auto* verify = std::get_if<Verify>(&op.command.body))
        verify->units += 1;
    else if (auto* import = std::get_if<ImportCodes>(&op.command.body))
        op.codes = with_next_batch(*op.codes, *import);
    else if (auto* recall = std::get_if<RecallBatch>(&op.command.body))
        recall->batch += 1;
    else
        return std::nullopt;
    earlier.has_rival = true;
    ops.push_back(op);
    return static_cast<std::uint32_t>(ops.size() - 1);
}

Instant Workload::next_instant(Instant now) const {
    // Points of days end at midnight in Shanghai.
    const Duration ahead = hours(8);
    const Instant midnight{((now + ahead).ns / days(1).ns + 1) * days(1).ns - ahead.ns};
    const auto found = instants_.upper_bound(now);
    return found == instants_.end() ? midnight : std::min(midnight, *found);
}

std::vector<std::uint32_t> Workload::undo_after(Lsn last, const Told& then) {
    // The floor behind a not_executed may be lost as well; no entry tells.
    const auto is_undone = [last](const std::optional<Outcome>& outcome) {
        return outcome && (outcome->entry_id > last || outcome->code == Code::not_executed);
    };
    std::vector<std::uint32_t> undone;
    for (std::uint32_t i = 0; i < ops.size(); ++i) {
        Op& op = ops[i];
        const bool rests_on_another = op.answer && op.answer->code == Code::request_id_reused;
        if (!is_undone(op.answer) && !is_undone(op.looked_up) && !rests_on_another) continue;
        op.was_lost = op.was_lost || is_undone(op.answer) || is_undone(op.looked_up);
        op.answer.reset();
        op.looked_up.reset();
        op.wants_lookup = false;
        op.cards.clear();
        op.lines.clear();
        op.cash = {};
        op.held_until = {};
        op.shown.reset();
        op.verified.reset();
        op.recalled.reset();
        undone.push_back(i);
    }
    durable = std::min(durable, last);
    starts.erase(starts.upper_bound(last), starts.end());
    for (Op& op : ops) op.sent_after = std::min(op.sent_after, last);
    std::erase_if(reads, [last](const Read& read) { return read.durable > last; });
    std::erase_if(rule_reads, [last](const Read& read) { return read.durable > last; });
    told_ = then.entries;
    std::erase_if(offer_reads, [last](const Read& read) { return read.durable > last; });
    told_rules_ = then.rules;
    told_offers_ = then.offers;
    // Tokens of before settle nothing any more; their holders throw them away with the rest.
    quotes_begin_ = quotes.size();
    return undone;
}

void Workload::note_told(const MemberId& member, ProgramId program, Lsn entry) {
    Lsn& newest = told_[{program, member}];
    newest = std::max(newest, entry);
}

Lsn Workload::newest_told(const MemberId& member, ProgramId program) const {
    const auto found = told_.find({program, member});
    return found == told_.end() ? Lsn{} : found->second;
}

}  // namespace suanpan::sim
