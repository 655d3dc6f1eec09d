#include "server/shard/checkout.h"

#include "protocol/base/hash.h"
#include "protocol/limits.h"
#include "server/ledger/due.h"
#include "server/rules/rule_diff.h"
#include "server/rules/rule_file.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

namespace suanpan::shard {
namespace {

using ledger::Account;

std::uint64_t random_number() {
    std::array<std::byte, sizeof(std::uint64_t)> bytes{};
    fill_random(bytes);
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), bytes.size());
    return number;
}

// The limit that a book sets to a counter that all members share.
std::optional<std::int64_t> limit_in(const rules::RuleBook& book, ledger::CounterKind kind,
                                     std::uint32_t id) {
    if (kind == ledger::CounterKind::campaign_budget) {
        const rules::Campaign* campaign = book.find_campaign(rules::CampaignId{id});
        if (campaign == nullptr || !campaign->budget) return std::nullopt;
        return campaign->budget->value;
    }
    const rules::CouponRule* coupon = book.find_coupon(rules::CouponId{id});
    return coupon == nullptr ? std::nullopt : coupon->total_max;
}

// What has been used up, as the rules ask for it: by the member, as the account says, and by all
// members together, as the counters' owners have published it.
class AccountUsage final : public rules::Usage {
public:
    AccountUsage(Checkout& checkout, const rules::RuleBook& book, const Account& account,
                 Instant now, LocalDate today)
        : checkout_(checkout), book_(book), account_(account), now_(now), today_(today) {}

    [[nodiscard]] OfMember limit(rules::LimitId id, rules::LimitScope scope) const override {
        const UseKind kind =
            scope == rules::LimitScope::day ? UseKind::limit_day : UseKind::limit_month;
        return of(kind, static_cast<std::uint32_t>(id));
    }
    [[nodiscard]] Money campaign_budget(rules::CampaignId id) const override {
        return {of_all(ledger::CounterKind::campaign_budget, static_cast<std::uint32_t>(id))};
    }
    [[nodiscard]] OfMember campaign(rules::CampaignId id) const override {
        return of(UseKind::campaign, static_cast<std::uint32_t>(id));
    }
    [[nodiscard]] std::int64_t coupon(rules::CouponId id) const override {
        return of_all(ledger::CounterKind::coupon_total, static_cast<std::uint32_t>(id));
    }
    [[nodiscard]] std::int64_t coupon_of_member(rules::CouponId id) const override {
        return of(UseKind::coupon, static_cast<std::uint32_t>(id)).orders;
    }

private:
    [[nodiscard]] OfMember of(UseKind kind, std::uint32_t id) const {
        const UseSum used = account_.used({.kind = kind, .id = id}, today_);
        return {.money = used.money, .points = used.points, .orders = used.count};
    }
    // Where a version to come has a lower limit than this book, what lies above it is gone as well.
    [[nodiscard]] std::int64_t of_all(ledger::CounterKind kind, std::uint32_t id) const {
        const ledger::CounterKey key{.program = book_.spec().program, .kind = kind, .id = id};
        const std::int64_t given = checkout_.given(key);
        const auto mine = limit_in(book_, kind, id);
        const auto lowest = checkout_.limit_of(key, now_);
        if (!mine || !lowest || *lowest >= *mine) return given;
        return given + (*mine - *lowest);
    }
    Checkout& checkout_;
    const rules::RuleBook& book_;
    const Account& account_;
    Instant now_;
    LocalDate today_;
};

// Active points in draining order, neighbours of one restriction as one run.
std::vector<rules::PointRun> runs_of(const Account& account, Instant now) {
    std::vector<rules::PointRun> runs;
    ledger::DrainCursor cursor(account.lots(), account.sliding_expires_at());
    while (const ledger::Lot* lot = cursor.next()) {
        if (lot->key.active_from > now) continue;
        if (!runs.empty() && runs.back().restriction == lot->key.restriction)
            runs.back().points += lot->remaining;
        else
            runs.push_back({.restriction = lot->key.restriction, .points = lot->remaining});
    }
    return runs;
}

// For each set of lines the most points of its restriction that a settlement may take: those that
// the quote says its lines take, whatever else has come into the account since. Where FILL or a
// fraction of a minor unit took more of them than that, as many as it took.
std::vector<RestrictedMost> restricted_of(const AskedOrder& asked, const rules::RuleBook& book,
                                          std::span<const rules::PointRun> runs,
                                          const rules::Quote& quote) {
    struct OfSet {
        Points by_lines;
        Points taken;
    };
    std::map<Restriction, OfSet> sets;
    for (std::size_t i = 0; i < asked.lines.size(); ++i) {
        const Restriction set = book.set_of(rules::ProductId{asked.lines[i].product},
                                            rules::CategoryId{asked.lines[i].category});
        if (set != unrestricted) sets[set].by_lines += quote.lines[i].points;
    }
    for (std::size_t i = 0; i < runs.size(); ++i)
        if (runs[i].restriction != unrestricted && quote.taken[i] > Points{})
            sets[runs[i].restriction].taken += quote.taken[i];
    std::vector<RestrictedMost> restricted;
    for (const auto& [set, points] : sets)
        if (const Points most = std::max(points.by_lines, points.taken); most > Points{})
            restricted.push_back({.restriction = set, .most = most});
    return restricted;
}

// The detail of order_not_priceable, without the place.
std::int64_t detail_of(rules::QuoteRefusal::Why why) {
    return static_cast<std::int64_t>(why) * 1000;
}

// What an order counts for, by what a quote uses up.
UseKind use_kind_of(rules::Counted counted) {
    switch (counted) {
        case rules::Counted::member_day:
            return UseKind::limit_day;
        case rules::Counted::member_month:
            return UseKind::limit_month;
        case rules::Counted::campaign_member:
            return UseKind::campaign;
        case rules::Counted::coupon_member:
            return UseKind::coupon;
        case rules::Counted::campaign_budget:
            return UseKind::campaign_budget;
        case rules::Counted::coupon_total:
            break;
    }
    return UseKind::coupon_total;
}

std::vector<QuotedUse> uses_of(const rules::Quote& quote) {
    std::vector<QuotedUse> uses;
    uses.reserve(quote.consumptions.size());
    for (const rules::Consumption& each : quote.consumptions) {
        const UseKind kind = use_kind_of(each.counted);
        // Without a limit for all members nobody counts them together.
        if (is_shared(kind) && !each.money_max && !each.count_max) continue;
        QuotedUse use;
        use.key = {.kind = kind, .id = each.id};
        use.amount = {.money = each.money, .points = each.points, .count = each.count};
        if (each.money_max) use.most.money = *each.money_max;
        if (each.points_max) use.most.points = *each.points_max;
        if (each.count_max) use.most.count = *each.count_max;
        uses.push_back(use);
    }
    return uses;
}

rules::ExpiryTerms expiry_of(const ProgramSpec& program) {
    return {.policy = program.expiry,
            .rounding = program.expiry_rounding,
            .count = program.expiry_count,
            .date = program.expiry_date};
}

// A book that says nothing of expiry promises nothing; "never" is written the same way.
bool promises_expiry(const rules::RuleSpec& spec) {
    return !(spec.expiry == rules::ExpiryTerms{});
}

// What this version could not hold to: better no rules than half of them.
std::string unsupported(const rules::RuleSpec& spec, const ledger::Program* program) {
    if (program == nullptr || !promises_expiry(spec)) return {};
    if (!rules::expires_no_earlier(spec.expiry, expiry_of(program->spec())))
        return "expiry: the program's own policy is the one that lots follow, and by it points may "
               "expire earlier than this says; leave it out, or say the same or less";
    return {};
}

// A version further ahead than its notice and this could only be a mistyped date; it would keep
// out every version that is to take effect before it.
constexpr std::uint32_t days_ahead_max = 400;

}  // namespace

Checkout::Checkout(const ledger::Ledger& ledger, QuoteSeal seal, std::uint64_t first_quote)
    : ledger_(ledger),
      seal_(std::move(seal)),
      next_quote_(first_quote != 0 ? first_quote : random_number()) {}

std::span<const ledger::RuleTextPtr> Checkout::versions_from(ProgramId program, Instant now) const {
    const std::vector<ledger::RuleTextPtr>& all = ledger_.rules().all();  // by (program, version)
    const auto end = std::ranges::upper_bound(
        all, program, {}, [](const ledger::RuleTextPtr& text) { return text->program; });
    auto begin = end;
    while (begin != all.begin() && (*(begin - 1))->program == program) {
        --begin;
        if (*begin != undurable_ && (*begin)->effective_from <= now) break;
    }
    return {begin, end};
}

const rules::RuleBook* Checkout::book_of(const ledger::RuleText& text, Instant now) {
    const BookKey key{text.program, text.version};
    if (const auto at = books_.find(key); at != books_.end()) return at->second.get();
    // Nobody asks for those before the ones that count now: not even who has a book in hand.
    if (const auto versions = versions_from(text.program, now); !versions.empty())
        books_.erase(books_.lower_bound({text.program, 0}),
                     books_.lower_bound({text.program, versions.front()->version}));
    const auto at = books_.try_emplace(key).first;
    auto spec = rules::parse_rules(text.text);
    // Else a later release is stricter than the one that loaded it, and stays so: null is kept.
    if (spec) at->second = std::make_shared<const rules::RuleBook>(std::move(*spec));
    return at->second.get();
}

std::optional<rules::Ratio> Checkout::worth_at(ProgramId program, const rules::OrderPlace& place,
                                               Instant now) {
    const ledger::RuleTextPtr text = ledger_.rules().in_force(program, now);
    const rules::RuleBook* book = text == nullptr ? nullptr : book_of(*text, now);
    if (book == nullptr) return std::nullopt;
    for (const rules::DeductionRule& deduction : book->spec().deductions)
        if (deduction.match.allows(place)) return deduction.ratio;
    return std::nullopt;
}

std::uint32_t Checkout::promised_notice(const ledger::RuleText& text, Instant now) {
    const rules::RuleBook* book = book_of(text, now);
    // What cannot be read any more still has promised something.
    return book != nullptr ? book->spec().notice_days : rules::promised_notice_days(text.text);
}

Checkout::Loaded Checkout::load(const PutRules& command, ProgramId program, Instant now) {
    const std::vector<std::byte>& bytes = command.payload->text;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    auto spec = rules::parse_rules(text);
    if (!spec) {
        std::string message;
        for (const rules::RuleMistake& mistake : spec.error())
            message += rules::to_text(mistake) + "\n";
        return {.book = nullptr, .message = std::move(message)};
    }
    if (spec->program != program)
        return {.book = nullptr, .message = "program: the file is for another program\n"};
    if (std::string why = unsupported(*spec, ledger_.program(program)); !why.empty())
        return {.book = nullptr, .message = why + "\n"};
    const ledger::RuleTextPtr newest = ledger_.rules().newest(program);
    const std::uint32_t notice =
        newest == nullptr ? spec->notice_days : promised_notice(*newest, now);
    if (const std::uint32_t most = notice + days_ahead_max; spec->effective_from > now + days(most))
        return {.book = nullptr,
                .message = "effective_from: lies more than " + std::to_string(most) +
                           " days ahead, the notice and " + std::to_string(days_ahead_max) +
                           "; nothing could take effect before it\n"};
    return {.book = std::make_shared<const rules::RuleBook>(std::move(*spec)), .message = {}};
}

std::optional<Instant> Checkout::notice_ends(const rules::RuleBook& next, Instant now) {
    const ledger::RuleTextPtr newest = ledger_.rules().newest(next.spec().program);
    if (newest == nullptr) return std::nullopt;
    const rules::RuleBook* before = book_of(*newest, now);
    // What cannot be read any more cannot be compared, and counts as adverse; what it promised
    // holds, and not what the next one says.
    if (before == nullptr) return now + days(promised_notice(*newest, now));
    // Without the promise the program's own policy could be made shorter in the same moment.
    const ledger::Program* program = ledger_.program(next.spec().program);
    if (promises_expiry(before->spec()) && !promises_expiry(next.spec()) && program != nullptr &&
        program->spec().expiry != ExpiryPolicy::never)
        return now + days(before->spec().notice_days);
    return rules::notice_ends(before->spec(), next.spec(), now);
}

std::optional<Instant> Checkout::notice_ends(const ProgramSpec& next, Instant now) {
    const ledger::Program* program = ledger_.program(next.id);
    const rules::ExpiryTerms after = expiry_of(next);
    if (program == nullptr || rules::expires_no_earlier(expiry_of(program->spec()), after))
        return std::nullopt;
    for (const ledger::RuleTextPtr& text : versions_from(next.id, now)) {
        const rules::RuleBook* book = book_of(*text, now);
        if (book != nullptr && (!promises_expiry(book->spec()) ||
                                rules::expires_no_earlier(book->spec().expiry, after)))
            continue;
        return now + days(promised_notice(*ledger_.rules().newest(next.id), now));
    }
    return std::nullopt;
}

std::optional<std::int64_t> Checkout::limit_of(const ledger::CounterKey& key, Instant now) {
    std::optional<std::int64_t> lowest;
    for (const ledger::RuleTextPtr& text : versions_from(key.program, now)) {
        if (text == undurable_) continue;
        const rules::RuleBook* book = book_of(*text, now);
        const auto limit = book == nullptr ? std::nullopt : limit_in(*book, key.kind, key.id);
        if (limit) lowest = std::min(*limit, lowest.value_or(*limit));
    }
    return lowest;
}

Instant Checkout::limits_hold_until(Instant now) const {
    Instant until = instant_never;
    for (const ledger::RuleTextPtr& text : ledger_.rules().all())
        if (text->effective_from > now) until = std::min(until, text->effective_from);
    return until;
}

std::vector<OwnerAsk> Checkout::lowered(const rules::RuleBook& next, Instant now) {
    std::vector<OwnerAsk> asks;
    const ProgramId program = next.spec().program;
    if (ledger_.rules().newest(program) == nullptr) return asks;  // nothing was ever granted
    const auto look_at = [&](ledger::CounterKind kind, std::uint32_t id, std::int64_t limit) {
        const ledger::CounterKey key{.program = program, .kind = kind, .id = id};
        const auto present = limit_of(key, now);
        if (!present || limit < *present)
            asks.push_back({.key = key, .units = limit, .limit = limit, .lowers = true});
    };
    for (const rules::Campaign& campaign : next.spec().campaigns)
        if (campaign.budget)
            look_at(ledger::CounterKind::campaign_budget, static_cast<std::uint32_t>(campaign.id),
                    campaign.budget->value);
    for (const rules::CouponRule& coupon : next.spec().coupons)
        if (coupon.total_max)
            look_at(ledger::CounterKind::coupon_total, static_cast<std::uint32_t>(coupon.id),
                    *coupon.total_max);
    return asks;
}

Code Checkout::price(const AskedOrder& asked, const rules::RuleBook& book,
                     const ledger::Program& program, const Account& account, Instant now,
                     rules::Quote& quote, std::int64_t& detail) {
    const LocalDate today = program.calendar().local_date(now);
    std::vector<rules::OrderLine> lines;
    lines.reserve(asked.lines.size());
    for (const AskedLine& line : asked.lines)
        lines.push_back({.product = rules::ProductId{line.product},
                         .category = rules::CategoryId{line.category},
                         .quantity = line.quantity,
                         .unit_price = line.unit_price});
    std::vector<rules::CouponId> coupons;
    for (const std::uint32_t coupon : asked.coupons) coupons.push_back(rules::CouponId{coupon});
    const rules::Order order{
        .lines = lines,
        .coupons = coupons,
        .merchant = rules::MerchantId{asked.merchant},
        .channel = rules::ChannelId{asked.channel},
        .wanted = asked.wanted < Points{} ? std::nullopt : std::optional(asked.wanted)};
    const std::vector<rules::PointRun> runs = runs_of(account, now);
    const Points available = std::max(account.balances(now).available, Points{});
    const ledger::AccountRare* rare = account.rare();
    const rules::Purse purse{
        .level = rules::LevelId{rare == nullptr ? std::uint16_t{0} : rare->member.level},
        .segments = rare == nullptr ? 0 : rare->member.segments,
        .balance = available,
        .spendable = std::min(
            available,
            account.left_today(program.spec().spend_per_day_max, today).value_or(available)),
        .runs = runs};
    auto priced =
        rules::quote(book, order, purse, AccountUsage(*this, book, account, now, today), now);
    if (!priced) {
        if (priced.error().why == rules::QuoteRefusal::Why::amount_out_of_range)
            return Code::amount_out_of_range;
        detail = detail_of(priced.error().why) + priced.error().place;
        return Code::order_not_priceable;
    }
    quote = std::move(*priced);
    return Code::ok;
}

QuoteAnswer Checkout::quote(const Command& command, Instant now) {
    const CommandHead& head = command.head;
    const AskedOrder& asked = std::get<AskQuote>(command.body).payload->order;
    QuoteAnswer answer;
    answer.outcome = ledger_.balances(head.member, head.program, now);
    if (answer.outcome.code != Code::ok) return answer;
    const auto refused = [&](Code code, std::int64_t detail = 0) {
        answer.outcome = {.code = code, .time = now, .detail = detail};
        return answer;
    };
    const ledger::Program& program = *ledger_.program(head.program);
    const Currency currency = program.spec().currency;
    std::optional<Account> room;
    const Account none(head.member, head.program);
    const Account* found = ledger_.account_at(head.member, head.program, now, room);
    const Account& account = found != nullptr ? *found : none;
    if (account.is_frozen()) return refused(Code::account_frozen);
    const ledger::RuleTextPtr text = ledger_.rules().in_force(head.program, now);
    const rules::RuleBook* book = text == nullptr ? nullptr : book_of(*text, now);
    if (book == nullptr) return refused(Code::rules_not_found);
    if (asked.currency != Currency{} && asked.currency != currency)
        return refused(Code::currency_differs);

    rules::Quote quote;
    std::int64_t detail = 0;
    const Code code = price(asked, *book, program, account, now, quote, detail);
    if (code != Code::ok) return refused(code, detail);

    OrderTerms terms;
    terms.quote = next_quote_++;
    terms.partner = head.partner;
    terms.program = head.program;
    terms.member = head.member;
    terms.rule_version = text->version;
    terms.late_payment = book->spec().refund.late_payment == rules::LatePayment::reacquire
                             ? LatePayment::reacquire
                             : LatePayment::auto_refund;
    terms.grace_days = book->spec().refund.grace_days;
    terms.refundable_days = book->spec().refund.within_days;
    terms.currency = currency;
    terms.terms_hash = text->hash;
    terms.valid_until = std::min(quote.valid_until, now + limits::quote_life_max);
    terms.time_out = book->spec().pay_within;
    terms.list = quote.list;
    terms.payable = quote.payable;
    terms.value = quote.value;
    terms.points = quote.points;
    terms.lines.reserve(quote.lines.size());
    for (const rules::QuotedLine& line : quote.lines)
        terms.lines.push_back({.list = line.price.list,
                               .payable = line.price.payable,
                               .points = line.points,
                               .value = line.value});
    terms.uses = uses_of(quote);
    std::vector<rules::PointRun> runs;
    if (account.lots().has_restricted()) runs = runs_of(account, now);
    terms.restricted = restricted_of(asked, *book, runs, quote);
    // Only a rule book with hundreds of limits for one order comes here.
    if (!terms.is_sound())
        return refused(Code::order_not_priceable,
                       detail_of(rules::QuoteRefusal::Why::too_many_uses));

    answer.token = seal_.seal(terms, now);
    answer.outcome.amount = quote.points;
    answer.rule_version = text->version;
    answer.campaign = static_cast<std::uint32_t>(quote.campaign);
    answer.valid_until = terms.valid_until;
    answer.list = quote.list;
    answer.discounts = quote.discounts;
    answer.coupons = quote.coupons;
    answer.payable = quote.payable;
    answer.eligible = quote.eligible;
    answer.value = quote.value;
    answer.cash = quote.cash;
    answer.points = quote.points;
    answer.points_missing = quote.missing;
    answer.gap = quote.gap;
    answer.lines = std::move(terms.lines);
    answer.limits.reserve(quote.limits.size());
    for (const rules::LimitReport& limit : quote.limits)
        answer.limits.push_back({.kind = static_cast<std::uint8_t>(limit.kind),
                                 .bound = limit.bound,
                                 .id = limit.id,
                                 .value = limit.value});
    return answer;
}

OrderAnswer Checkout::order(const Command& command, Instant now) const {
    const CommandHead& head = command.head;
    OrderAnswer answer;
    answer.outcome = ledger_.balances(head.member, head.program, now);
    if (answer.outcome.code != Code::ok) return answer;
    std::optional<Account> room;
    const Account* account = ledger_.account_at(head.member, head.program, now, room);
    const ledger::OrderPtr order =
        account != nullptr
            ? account->find_order(head.partner, std::get<ReadOrder>(command.body).order, now)
            : nullptr;
    if (order == nullptr) {
        answer.outcome = {.code = Code::order_not_found, .time = now};
        return answer;
    }
    const OrderTerms& terms = order->terms;
    answer.outcome.amount = terms.points;
    answer.outcome.detail = static_cast<std::int64_t>(order->state);
    answer.state = order->state;
    answer.step = order->step;
    answer.rule_version = terms.rule_version;
    answer.terms_hash = terms.terms_hash;
    answer.currency = terms.currency;
    answer.list = terms.list;
    answer.payable = terms.payable;
    answer.value = terms.value;
    answer.cash = terms.cash();
    answer.points = terms.points;
    answer.settled_at = order->settled_at;
    answer.times_out = order->times_out;
    answer.refundable_until = order->refundable_until();
    answer.payment = order->payment;
    answer.paid = order->paid;
    answer.refunded = order->refunded();
    answer.refunded_points = order->refunded_points;
    answer.refunded_cash = order->refunded_cash;
    answer.offer = order->units.offer;
    answer.ticket = order->units.ticket;
    answer.quantity = order->units.quantity;
    for (std::size_t i = 0; i < terms.lines.size(); ++i)
        answer.lines.push_back({.quoted = terms.lines[i], .refunded = order->line_refunded[i]});
    return answer;
}

TermsAnswer Checkout::terms(const Command& command, Instant now) const {
    const ProgramId program = command.head.program;
    const std::uint32_t version = std::get<ReadTerms>(command.body).version;
    TermsAnswer answer;
    answer.outcome.time = now;
    const ledger::RuleTextPtr text = version == 0 ? ledger_.rules().in_force(program, now)
                                                  : ledger_.rules().find(program, version);
    if (ledger_.program(program) == nullptr)
        answer.outcome.code = Code::program_not_found;
    else if (text == nullptr)
        answer.outcome.code = Code::rules_not_found;
    if (answer.outcome.code != Code::ok) return answer;
    answer.outcome.detail = text->version;
    answer.version = text->version;
    answer.effective_from = text->effective_from;
    answer.hash = text->hash;
    answer.text = text->text;
    return answer;
}

}  // namespace suanpan::shard
