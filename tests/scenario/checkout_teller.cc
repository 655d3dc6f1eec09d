#include "tests/scenario/checkout_teller.h"

#include "tests/scenario/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

namespace suanpan::testing {
namespace {

struct Verb {
    std::string_view word;
    CommandKind kind;
};
constexpr Verb verbs[] = {
    {"rules", CommandKind::rules_put}, {"quote", CommandKind::quote},
    {"settle", CommandKind::settle},   {"confirm", CommandKind::confirm},
    {"cancel", CommandKind::cancel},   {"return", CommandKind::refund_order},
    {"order", CommandKind::order},     {"terms", CommandKind::terms},
};

constexpr NamedNumber limit_kinds[] = {
    {"payable", 1},         {"lines", 2},         {"minimum_order", 3},    {"order_money", 4},
    {"order_percent", 5},   {"tier_percent", 6},  {"campaign_maximum", 7}, {"campaign_budget", 8},
    {"campaign_member", 9}, {"member_day", 10},   {"member_month", 11},    {"no_deduction", 12},
    {"wanted", 32},         {"spendable", 33},    {"placeable", 34},       {"order_points", 35},
    {"day_points", 36},     {"month_points", 37},
};
constexpr NamedNumber uncovered_limits[] = {
    {"points", 1},          {"account", 2},       {"account_day", 3}, {"limit_day", 4},
    {"limit_month", 5},     {"campaign", 6},      {"coupon", 7},      {"lots", 8},
    {"campaign_budget", 9}, {"coupon_total", 10}, {"offer", 11},
};
constexpr NamedNumber order_states[] = {
    {"waiting", 1}, {"confirmed", 2}, {"cancelled", 3}, {"refunded", 4}};
constexpr NamedNumber order_steps[] = {{"settled", 1},   {"points_only", 2}, {"paid", 3},
                                       {"paid_late", 4}, {"cancelled", 5},   {"timed_out", 6},
                                       {"to_return", 7}, {"refunded", 8}};

// "2*7/3x4@15.00": twice the line of product 7, category 3, four of it at ¥15.00.
void add_lines(std::string_view word, std::vector<AskedLine>& lines) {
    std::int64_t times = 1;
    if (const auto star = word.find('*'); star != std::string_view::npos) {
        times = amount_in(word.substr(0, star));
        word.remove_prefix(star + 1);
    }
    const auto at = word.find('@');
    AskedLine line{.quantity = 1};
    line.unit_price = {amount_in(word.substr(at + 1))};
    word = word.substr(0, at);
    if (const auto x = word.find('x'); x != std::string_view::npos) {
        line.quantity = amount_in(word.substr(x + 1));
        word = word.substr(0, x);
    }
    if (const auto slash = word.find('/'); slash != std::string_view::npos) {
        line.category = static_cast<std::uint32_t>(amount_in(word.substr(slash + 1)));
        word = word.substr(0, slash);
    }
    line.product = static_cast<std::uint64_t>(amount_in(word));
    for (; times > 0; --times) lines.push_back(line);
}

}  // namespace

std::set<Code> CheckoutTeller::codes() const {
    std::set<Code> all = codes_;
    all.insert(others_.codes().begin(), others_.codes().end());
    return all;
}

void CheckoutTeller::know_order(const std::string& name, const CommandHead& head, Money cash) {
    Named& named = orders_[name];
    named = {.partner = head.partner, .member = head.member, .program = head.program, .quote = {}};
    named.quote.cash = cash;
}

std::string CheckoutTeller::tell(const Step& step) {
    const auto verb = std::ranges::find(verbs, step.words[0], &Verb::word);
    if (verb == std::end(verbs) && step.words[0] != "times") return others_.tell(step);
    others_.begin(step);
    Words words(step.words);
    std::string asked = words.take();
    if (asked != "times") return send(asked, words, step);
    const std::int64_t times = words.take_number();
    asked = words.take();
    if (std::ranges::find(verbs, asked, &Verb::word) == std::end(verbs)) return others_.tell(step);
    for (std::int64_t i = 0; i < times; ++i) {
        Words again(step.words);
        for (int skip = 0; skip < 3; ++skip) again.take();
        const std::string wrong = send(asked, again, step);
        if (!wrong.empty()) return fmt::format("{} (time {} of {})", wrong, i + 1, times);
    }
    return {};
}

std::string CheckoutTeller::send(const std::string& verb, Words& words, const Step& step) {
    Command command;
    command.head.kind = std::ranges::find(verbs, verb, &Verb::word)->kind;
    command.head.partner = PartnerId{1};
    command.head.program = others_.home();
    command.head.request_id = {
        .high = static_cast<std::uint64_t>(step.at.unix_ms()) << 16U | 0x7000U,
        .low = 1'000'000 + ++sent_};
    payload_ = {};
    quote_name_.clear();
    order_name_.clear();
    switch (command.head.kind) {
        case CommandKind::rules_put:
            read_rules(words, command, step);
            break;
        case CommandKind::quote:
            read_quote(words, command);
            break;
        case CommandKind::settle:
            read_settle(words, command);
            break;
        case CommandKind::terms: {
            ReadTerms terms;
            if (words.take_if("version"))
                terms.version = static_cast<std::uint32_t>(words.take_number());
            command.body = terms;
            break;
        }
        default:
            read_about_order(verb, words, command);
    }
    while (!words.empty())
        if (!read_common(words, command, step))
            throw std::runtime_error("'" + words.peek() + "' was not expected");
    const WireAnswer answer = world_.ask(command, step.at);
    const Named named{.partner = command.head.partner,
                      .member = command.head.member,
                      .program = command.head.program,
                      .quote = answer.quote.value_or(QuoteAnswer{})};
    if (answer.outcome.code == Code::ok) {
        if (command.head.kind == CommandKind::quote && !quote_name_.empty())
            quotes_[quote_name_] = named;
        if (command.head.kind == CommandKind::settle) {
            orders_[order_name_] = named;
            if (const auto quoted = quotes_.find(quote_name_); quoted != quotes_.end())
                orders_[order_name_].quote = quoted->second.quote;
        }
        if (command.head.kind == CommandKind::rules_put) ++versions_[command.head.program];
    }
    return compare(answer, step);
}

// Words that any command may have at its end.
bool CheckoutTeller::read_common(Words& words, Command& command, const Step& step) {
    if (words.take_if("by")) {
        command.head.partner = PartnerId{static_cast<std::uint32_t>(words.take_number())};
    } else if (words.take_if("of")) {
        take_owner(words.take(), command);
    } else if (words.take_if("id")) {
        const std::string name = words.take();
        command.head.request_id =
            request_ids_
                .try_emplace(name,
                             RequestId{.high = static_cast<std::uint64_t>(step.at.unix_ms()) << 16U,
                                       .low = 2'000'000 + request_ids_.size()})
                .first->second;
    } else {
        return false;
    }
    return true;
}

void CheckoutTeller::take_owner(const std::string& word, Command& command) {
    if (word == "nobody") {
        command.head.member = {};
        return;
    }
    const Storyteller::Account account = others_.account_named(word);
    command.head.member = account.member;
    command.head.program = account.program;
}

// ';' ends a line of the file. The head is written here, but for what the story says itself.
void CheckoutTeller::read_rules(Words& words, Command& command, const Step& step) {
    Instant from = step.at;
    std::uint32_t version = 0;
    ProgramId named_in_file{};
    for (;;) {
        if (words.take_if("from"))
            from = words.take_instant();
        else if (words.take_if("version"))
            version = static_cast<std::uint32_t>(words.take_number());
        else if (words.take_if("for"))
            command.head.program = others_.program_named(words.take());
        else if (words.take_if("naming"))
            named_in_file = others_.program_named(words.take());
        else
            break;
    }
    if (version == 0) version = versions_[command.head.program] + 1;
    if (named_in_file == ProgramId{}) named_in_file = command.head.program;
    std::string text =
        fmt::format("program = {}\nversion = {}\nauthor = \"story\"\neffective_from = {}\n",
                    static_cast<std::uint32_t>(named_in_file), version, toml_instant(from));
    while (!words.empty()) {
        std::string word = words.take();
        const bool ends = word.back() == ';';
        if (ends) word.pop_back();
        text += word + (ends ? '\n' : ' ');
    }
    const auto bytes = std::as_bytes(std::span(text));
    payload_.text.assign(bytes.begin(), bytes.end());
    command.body = PutRules{.payload = &payload_, .version = 0, .effective_from = {}};
}

void CheckoutTeller::read_quote(Words& words, Command& command) {
    take_owner(words.take(), command);
    AskedOrder& order = payload_.order;
    while (!words.empty()) {
        if (words.take_if("using")) {
            order.wanted = Points{words.take_number()};
        } else if (words.take_if("merchant")) {
            order.merchant = static_cast<std::uint32_t>(words.take_number());
        } else if (words.take_if("channel")) {
            order.channel = static_cast<std::uint32_t>(words.take_number());
        } else if (words.take_if("coupons")) {
            for (const std::string& coupon : split(words.take(), ','))
                order.coupons.push_back(static_cast<std::uint32_t>(amount_in(coupon)));
        } else if (words.take_if("in")) {
            order.currency = name_of<Currency>(words.take());
        } else if (words.take_if("as")) {
            quote_name_ = words.take();
        } else if (words.peek().find('@') != std::string::npos) {
            add_lines(words.take(), order.lines);
        } else {
            break;
        }
    }
    command.body = AskQuote{.payload = &payload_};
}

void CheckoutTeller::read_settle(Words& words, Command& command) {
    quote_name_ = words.take();
    if (quote_name_ == "forged") {  // bytes that never were a token
        take_owner("alice", command);
        for (int i = 0; i < 200; ++i) {
            random_ = random_ * 6364136223846793005U + 1442695040888963407U;
            payload_.token.push_back(static_cast<std::byte>(random_ >> 56U));
        }
    } else {
        const auto quoted = quotes_.find(quote_name_);
        if (quoted == quotes_.end()) throw std::runtime_error("no quote is called " + quote_name_);
        const Named& quote = quoted->second;
        command.head.partner = quote.partner;
        command.head.member = quote.member;
        command.head.program = quote.program;
        payload_.token = quote.quote.token;
    }
    while (!words.empty()) {
        if (words.take_if("as")) {
            order_name_ = words.take();
        } else if (words.take_if("altered")) {
            payload_.token.at(static_cast<std::size_t>(words.take_number())) ^= std::byte{1};
        } else if (words.take_if("cut")) {
            payload_.token.resize(payload_.token.size() -
                                  static_cast<std::size_t>(words.take_number()));
        } else if (words.take_if("empty")) {
            payload_.token.clear();
        } else {
            break;
        }
    }
    command.body =
        Settle{.payload = &payload_, .terms = nullptr, .order = name_of<OrderId>(order_name_)};
}

void CheckoutTeller::read_about_order(const std::string& verb, Words& words, Command& command) {
    const std::string name = words.take();
    const auto order_id = name_of<OrderId>(name);
    const auto known = orders_.find(name);
    if (known != orders_.end()) {
        command.head.partner = known->second.partner;
        command.head.member = known->second.member;
        command.head.program = known->second.program;
    } else {
        take_owner("alice", command);
    }
    if (verb == "order") command.body = ReadOrder{.order = order_id};
    if (verb == "cancel") command.body = CancelOrder{.order = order_id};
    if (verb == "confirm") {
        ConfirmOrder confirm{.order = order_id,
                             .payment = name_of<PaymentId>("payment"),
                             .amount = known != orders_.end() ? known->second.quote.cash : Money{1},
                             .currency = name_of<Currency>("CNY")};
        while (!words.empty()) {
            if (words.take_if("pay"))
                confirm.payment = name_of<PaymentId>(words.take());
            else if (words.take_if("in"))
                confirm.currency = name_of<Currency>(words.take());
            else if (words.take_if("with"))
                confirm.amount = {amount_in(words.take())};
            else
                break;
        }
        command.body = confirm;
    }
    if (verb == "return") {
        RefundOrder refund{.order = order_id};
        while (!words.empty()) {
            if (words.take_if("all")) {
                refund.amount = {};
            } else if (words.take_if("line")) {
                const std::vector<std::string> parts = split(words.take(), '@');
                payload_.refunds.push_back(
                    {.line = static_cast<std::uint32_t>(amount_in(parts[0])),
                     .amount = {parts.size() > 1 ? amount_in(parts[1]) : 0}});
            } else if (words.take_if("lines")) {
                payload_.refunds.resize(static_cast<std::size_t>(words.take_number()));
            } else if (words.take_if("grace")) {
                refund.grace_days =
                    static_cast<std::uint16_t>(words.take_duration().ns / days(1).ns);
            } else if (words.peek()[0] == '-' ||
                       (words.peek()[0] >= '0' && words.peek()[0] <= '9')) {
                refund.amount = {amount_in(words.take())};
            } else {
                break;
            }
        }
        refund.payload = &payload_;
        command.body = refund;
    }
}

// ---- what comes out

std::string CheckoutTeller::compare(const WireAnswer& answer, const Step& step) {
    std::span<const std::string> expected = step.expected;
    const std::optional<Code> named = code_named(expected[0]);
    const Code code = named.value_or(Code::ok);
    if (answer.outcome.code != code)
        return fmt::format("{} expected, it is {} (detail {}) {}", text_of(code).name,
                           text_of(answer.outcome.code).name, answer.outcome.detail,
                           answer.message);
    codes_.insert(code);
    for (const std::string& each : expected.subspan(named.has_value() ? 1 : 0)) {
        const std::vector<std::string> parts = split(each, ' ');
        Words words(parts);
        const std::string wrong = compare_one(answer, words);
        if (!wrong.empty()) return fmt::format("{} expected, {}", each, wrong);
    }
    return {};
}

std::string CheckoutTeller::compare_one(const WireAnswer& answer, Words& words) {
    const Outcome& outcome = answer.outcome;
    const std::string word = words.take();
    const auto is = [&](std::int64_t value) {
        return amount_in(words.take()) == value ? "" : fmt::format("it is {}", value);
    };
    const auto is_named = [&](const auto& table, std::int64_t number) {
        return number_of(table, words.take()) == number ? "" : fmt::format("it is {}", number);
    };
    if (word == "state")
        return is_named(order_states, answer.order ? static_cast<std::int64_t>(answer.order->state)
                                                   : outcome.detail);
    if (word == "uncovered") return is_named(uncovered_limits, outcome.detail);
    if (word == "earliest" || word == "until") {
        const Instant at =
            word == "until" ? answer.quote.value().valid_until : Instant{outcome.detail};
        const Instant expected = words.take_instant();
        return at == expected ? "" : fmt::format("it is {} ns later", (at - expected).ns);
    }
    if (word == "says") {
        std::string text;
        while (!words.empty()) text += (text.empty() ? "" : " ") + words.take();
        return answer.message.find(text) != std::string::npos ? "" : "it is: " + answer.message;
    }
    if (word == "detail" || word == "missing" || word == "due" || word == "left")
        return is(outcome.detail);
    if (word == "available") return is(outcome.balances.available.value);
    if (word == "held") return is(outcome.balances.held.value);
    if (word == "debt") return is(outcome.balances.debt.value);
    if (word == "amount") return is(outcome.amount.value);
    if (answer.terms && word == "version") return is(answer.terms->version);
    if (answer.terms && word == "text") {
        std::string text;
        while (!words.empty()) text += (text.empty() ? "" : " ") + words.take();
        return answer.terms->text.find(text) != std::string::npos ? "" : answer.terms->text;
    }
    if (word == "expired" || word == "cash_back") return is(outcome.detail);
    if (word == "points_back") return is(outcome.amount.value);
    if (answer.quote) {
        const QuoteAnswer& quote = *answer.quote;
        const struct {
            std::string_view word;
            std::int64_t value;
        } fields[] = {{"points", quote.points.value},
                      {"value", quote.value.value},
                      {"cash", quote.cash.value},
                      {"payable", quote.payable.value},
                      {"eligible", quote.eligible.value},
                      {"list", quote.list.value},
                      {"discounts", quote.discounts.value},
                      {"coupons", quote.coupons.value},
                      {"short", quote.points_missing.value},
                      {"gap", quote.gap.value},
                      {"campaign", quote.campaign},
                      {"version", quote.rule_version}};
        for (const auto& field : fields)
            if (field.word == word) return is(field.value);
        if (word == "line") {
            const auto& line = quote.lines.at(static_cast<std::size_t>(words.take_number()));
            const std::string part = words.take();
            if (part == "value") return is(line.value.value);
            if (part == "points") return is(line.points.value);
            if (part == "payable") return is(line.payable.value);
        }
        if (word == "bound" || word == "free" || word == "limit") {
            const std::int64_t kind = number_of(limit_kinds, words.take());
            const auto limit = std::ranges::find(quote.limits, kind, &QuotedLimit::kind);
            if (limit == quote.limits.end()) return "there is no such limit";
            if (word == "bound" && !limit->bound) return "it did not bind";
            if (word == "free" && limit->bound) return "it bound";
            return words.empty() ? "" : is(limit->value);
        }
    }
    if (answer.order) {
        const OrderAnswer& order = *answer.order;
        if (word == "step") return is_named(order_steps, static_cast<std::int64_t>(order.step));
        const struct {
            std::string_view word;
            std::int64_t value;
        } fields[] = {{"points", order.points.value},
                      {"value", order.value.value},
                      {"cash", order.cash.value},
                      {"payable", order.payable.value},
                      {"paid", order.paid.value},
                      {"refunded", order.refunded.value},
                      {"refunded_points", order.refunded_points.value},
                      {"refunded_cash", order.refunded_cash.value},
                      {"version", order.rule_version},
                      {"offer", order.offer},
                      {"ticket", static_cast<std::int64_t>(order.ticket)},
                      {"units", order.quantity}};
        for (const auto& field : fields)
            if (field.word == word) return is(field.value);
        if (word == "line") {
            const auto& line = order.lines.at(static_cast<std::size_t>(words.take_number()));
            return is(line.refunded.value);
        }
        if (word == "hash") {  // that of the terms in force under its version
            WireAnswer terms = world_.ask({.head = {.kind = CommandKind::terms,
                                                    .partner = PartnerId{1},
                                                    .program = others_.home()},
                                           .body = ReadTerms{.version = order.rule_version}},
                                          outcome.time);
            return terms.terms->hash == order.terms_hash ? "" : "it is another";
        }
    }
    throw std::runtime_error("'" + word + "' cannot be expected here");
}

}  // namespace suanpan::testing
