#include "tests/scenario/storyteller.h"

#include "protocol/base/hash.h"
#include "tests/support/ledger_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>

namespace suanpan::testing {
namespace {

struct Verb {
    std::string_view word;
    CommandKind kind;
};
constexpr Verb verbs[] = {
    {"earn", CommandKind::earn},
    {"spend", CommandKind::spend},
    {"hold", CommandKind::hold},
    {"capture", CommandKind::capture},
    {"release", CommandKind::release},
    {"refund", CommandKind::refund},
    {"revoke", CommandKind::revoke},
    {"adjust", CommandKind::adjust},
    {"freeze", CommandKind::freeze},
    {"unfreeze", CommandKind::unfreeze},
    {"limit", CommandKind::set_limit},
    {"member", CommandKind::member_update},
    {"program", CommandKind::program_create},
    {"update", CommandKind::program_update},
};

CommandKind kind_of(const std::string& verb) {
    for (const Verb& row : verbs)
        if (row.word == verb) return row.kind;
    throw std::runtime_error("'" + verb + "' is no command");
}

std::string_view word_of(std::uint16_t entry_kind) {
    for (const Verb& row : verbs)
        if (static_cast<std::uint16_t>(row.kind) == entry_kind) return row.word;
    return entry_kind == 102 ? "expire" : "another";
}

Code code_named(const std::string& name) {
    for (const CodeText& row : all_codes())
        if (row.name == name) return row.code;
    throw std::runtime_error("'" + name + "' is no code");
}

template <std::size_t N>
ShortText<N> short_text(std::string_view text) {
    ShortText<N> out;
    std::ranges::copy(text.substr(0, N), out.bytes.begin());
    return out;
}

std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
    return xxh3_64(std::as_bytes(std::span(text)), seed);
}

RequestId request_id_at(Instant made, std::uint64_t low) {
    return {.high = static_cast<std::uint64_t>(made.unix_ms()) << 16U | 0x7000U, .low = low};
}

LocalDate date_of(Instant at) {
    return {.days = static_cast<std::int32_t>((at.ns + hours(8).ns) / days(1).ns)};  // Shanghai
}

// The number behind `word` in "word 12".
std::optional<std::int64_t> number_behind(std::string_view word, const std::string& text) {
    if (!text.starts_with(word) || text.size() <= word.size() || text[word.size()] != ' ')
        return std::nullopt;
    return std::stoll(text.substr(word.size() + 1));
}

struct Field {
    std::string_view word;
    std::int64_t value;
};

// The first of `expected` that is not so.
std::string compare_fields(std::span<const Field> fields, std::span<const std::string> expected) {
    for (const std::string& text : expected) {
        bool known = false;
        for (const Field& field : fields) {
            const auto number = number_behind(field.word, text);
            if (!number) continue;
            known = true;
            if (*number != field.value)
                return fmt::format("{} expected, it is {}", text, field.value);
        }
        if (!known) throw std::runtime_error("'" + text + "' cannot be expected here");
    }
    return {};
}

}  // namespace

ProgramId Storyteller::program_named(const std::string& name) {
    const auto number = static_cast<std::uint32_t>(programs_.size() + 1);
    return programs_.try_emplace(name, ProgramId{number}).first->second;
}

void Storyteller::read_account(const std::string& word) {
    const auto at = word.find('@');
    const std::string name = word.substr(0, at);
    member_ = members_.try_emplace(name, MemberId{0x57'04'11, members_.size() + 1}).first->second;
    if (at == std::string::npos && !home_.has_value())
        throw std::runtime_error("the story has no program yet");
    program_ = at == std::string::npos ? *home_ : program_named(word.substr(at + 1));
}

const Storyteller::Named& Storyteller::named(const std::string& name) const {
    const auto found = names_.find(name);
    if (found == names_.end()) throw std::runtime_error("nothing is called " + name);
    return found->second;
}

Storyteller::Account Storyteller::account_named(const std::string& word) {
    read_account(word);
    return {.member = member_, .program = program_};
}

void Storyteller::begin(const Step& step) {
    if (!started_) start(step);
}

// A story that begins without a program gets one whose points never expire.
void Storyteller::start(const Step& step) {
    started_ = true;
    if (step.words[0] == "program") return;
    PutProgram put;
    put.spec.id = program_named("points");
    home_ = put.spec.id;
    put.spec.version = 1;
    put.spec.name = short_text<48>("points");
    put.spec.currency = short_text<8>("CNY");
    Command command{.head = {.kind = CommandKind::program_create,
                             .partner = PartnerId{1},
                             .program = put.spec.id,
                             .request_id = request_id_at(step.at, ++sent_)},
                    .body = put};
    if (subject_.submit(command, step.at).code != Code::ok)
        throw std::runtime_error("the program of the story was refused");
}

PutProgram Storyteller::read_program(bool create, Words& words) {
    PutProgram put;
    put.create = create;
    ProgramSpec& spec = put.spec;
    const std::string name = words.take();
    spec.id = name == "zero" ? ProgramId{} : program_named(name);
    if (!home_) home_ = spec.id;
    program_ = spec.id;
    spec.version = 1;
    spec.name = short_text<48>(name);
    spec.currency = short_text<8>("CNY");
    while (!words.empty() && words.peek().find('=') != std::string::npos) {
        const std::string word = words.take();
        const std::string key = word.substr(0, word.find('='));
        const std::vector<std::string> value{word.substr(word.find('=') + 1)};
        Words rest(value);
        const auto count = [&](ExpiryPolicy policy) {
            spec.expiry = policy;
            spec.expiry_count = static_cast<std::uint32_t>(rest.take_number());
        };
        if (key == "after_days")
            count(ExpiryPolicy::after_days);
        else if (key == "after_months")
            count(ExpiryPolicy::after_months);
        else if (key == "after_years")
            count(ExpiryPolicy::after_years);
        else if (key == "sliding_days")
            count(ExpiryPolicy::sliding_days);
        else if (key == "on_date") {
            spec.expiry = ExpiryPolicy::on_date;
            spec.expiry_date = date_of(rest.take_instant());
        } else if (key == "rounding") {
            constexpr std::string_view roundings[] = {"none", "month", "quarter", "half_year",
                                                      "year"};
            const auto at = std::ranges::find(roundings, value[0]);
            spec.expiry_rounding = static_cast<ExpiryRounding>(at - std::begin(roundings));
        } else if (key == "revoke") {
            if (value[0] == "debt") spec.revoke = RevokePolicy::allow_debt;
            if (value[0] == "what_is_there") spec.revoke = RevokePolicy::take_what_is_there;
        } else if (key == "merge")
            spec.merge_lots = value[0] != "off";
        else if (key == "zone")
            spec.time_zone = short_text<40>(value[0]);
        else if (key == "currency")
            spec.currency = short_text<8>(value[0]);
        else if (key == "version")
            spec.version = static_cast<std::uint32_t>(rest.take_number());
        else if (key == "daily")
            spec.spend_per_day_max = Points{rest.take_number()};
        else if (key == "hold")
            spec.hold_default = rest.take_duration();
        else if (key == "hold_max")
            spec.hold_max = rest.take_duration();
        else if (key == "grace")
            spec.hold_grace_days = static_cast<std::uint16_t>(rest.take_number());
        else if (key == "refundable")
            spec.refundable_days = static_cast<std::uint32_t>(rest.take_number());
        else
            throw std::runtime_error("'" + key + "' is no policy");
    }
    return put;
}

CommandBody Storyteller::read_body(const std::string& verb, Words& words) {
    if (verb == "program" || verb == "update") return read_program(verb == "program", words);
    if (verb == "capture" || verb == "release") {
        HoldId hold{9999};
        const std::string name = words.take();
        if (!words.take_if("of")) {
            member_ = named(name).member;
            program_ = named(name).program;
            hold = HoldId{static_cast<std::uint32_t>(named(name).outcome.detail)};
        } else {
            read_account(words.take());
            if (names_.contains(name))
                hold = HoldId{static_cast<std::uint32_t>(named(name).outcome.detail)};
        }
        if (verb == "release") return ReleaseHold{.hold = hold};
        return CaptureHold{.hold = hold, .amount = Points{words.take_number()}};
    }
    if (verb == "refund" || verb == "revoke") {
        Lsn original{9999};
        const std::string name = words.take();
        if (names_.contains(name)) {
            member_ = named(name).member;
            program_ = named(name).program;
            original = named(name).outcome.entry_id;
        }
        if (words.take_if("of")) read_account(words.take());
        const Points amount{words.take_if("all") ? 0 : words.take_number()};
        if (verb == "revoke") return Revoke{.original = original, .amount = amount};
        Refund refund{.original = original, .amount = amount};
        if (words.take_if("grace"))
            refund.grace_days = static_cast<std::uint16_t>(words.take_duration().ns / days(1).ns);
        return refund;
    }
    read_account(words.take());
    if (verb == "freeze" || verb == "unfreeze") return Freeze{.frozen = verb == "freeze"};
    if (verb == "limit")
        return SetLimit{.spend_per_day_max =
                            Points{words.take_if("none") ? -1 : words.take_number()}};
    if (verb == "member") {
        MemberUpdate update;
        if (words.take_if("level")) update.level = static_cast<std::uint16_t>(words.take_number());
        if (words.take_if("segment")) update.segments = std::uint64_t{1} << words.take_number();
        if (words.take_if("version"))
            update.source_version = static_cast<std::uint64_t>(words.take_number());
        return update;
    }
    const Points amount{words.take_number()};
    if (verb == "adjust") {
        Adjust adjust{.delta = amount};
        if (words.take_if("until")) adjust.expires_at = words.take_instant();
        return adjust;
    }
    if (verb == "earn") {
        Earn earn{.amount = amount};
        while (!words.empty()) {
            if (words.take_if("until"))
                earn.expires_at = words.take_instant();
            else if (words.take_if("from"))
                earn.active_from = words.take_instant();
            else if (words.take_if("purchased"))
                earn.origin = LotOrigin::purchased;
            else if (words.take_if("for"))
                earn.restriction = Restriction{static_cast<std::uint16_t>(words.take_number())};
            else
                break;
        }
        return earn;
    }
    PlaceHold wish{.amount = amount};
    while (!words.empty()) {
        if (words.take_if("up_to"))
            wish.up_to = true;
        else if (words.take_if("leaving"))
            wish.min_remaining = Points{words.take_number()};
        else if (words.take_if("on"))
            wish.restriction = Restriction{static_cast<std::uint16_t>(words.take_number())};
        else if (verb == "hold" && words.take_if("for"))
            wish.duration = words.take_duration();
        else
            break;
    }
    if (verb == "hold") return wish;
    return Spend{.amount = wish.amount,
                 .min_remaining = wish.min_remaining,
                 .restriction = wish.restriction,
                 .up_to = wish.up_to};
}

Command Storyteller::read_command(const std::string& verb, Words& words, const Step& step) {
    Command command;
    command.head.kind = kind_of(verb);
    command.head.partner = PartnerId{1};
    command.head.request_id = request_id_at(step.at, ++sent_);
    member_ = {};
    command.body = read_body(verb, words);
    while (!words.empty()) {
        if (words.take_if("by")) {
            command.head.partner = PartnerId{static_cast<std::uint32_t>(words.take_number())};
        } else if (words.take_if("id")) {
            const std::string name = words.take();
            Instant made = step.at;
            if (words.take_if("made")) made = words.take_instant();
            command.head.request_id =
                request_ids_.try_emplace(name, request_id_at(made, 500'000 + request_ids_.size()))
                    .first->second;
        } else {
            throw std::runtime_error("'" + words.peek() + "' was not expected");
        }
    }
    command.head.member = member_;
    command.head.program = program_;
    return command;
}

std::string Storyteller::compare(const Outcome& outcome, const Step& step) {
    std::span<const std::string> expected = step.expected;
    const bool names_code = expected[0].find(' ') == std::string::npos;
    const Code code = names_code ? code_named(expected[0]) : Code::ok;
    if (outcome.code != code)
        return fmt::format("{} expected, it is {} (detail {})", text_of(code).name,
                           text_of(outcome.code).name, outcome.detail);
    codes_.insert(code);
    was_refused_ = code != Code::ok;
    const Field fields[] = {
        {"amount", outcome.amount.value},
        {"detail", outcome.detail},
        {"missing", outcome.detail},
        {"left", outcome.detail},
        {"repaid", outcome.detail},
        {"expired", outcome.detail},
        {"available", outcome.balances.available.value},
        {"held", outcome.balances.held.value},
        {"pending", outcome.balances.pending.value},
        {"debt", outcome.balances.debt.value},
    };
    return compare_fields(fields, expected.subspan(names_code ? 1 : 0));
}

std::string Storyteller::compare_totals(const SubjectTotals& totals, const Step& step) const {
    const Field fields[] = {
        {"issued", totals.issued},   {"available", totals.available}, {"held", totals.held},
        {"pending", totals.pending}, {"spent", totals.spent},         {"expired", totals.expired},
        {"revoked", totals.revoked},
    };
    return compare_fields(fields, step.expected);
}

std::string Storyteller::compare_expiring(const Expiring& expiring, const Step& step) const {
    if (step.expected[0] == "nothing")
        return expiring.rows.empty() ? "" : "nothing expected, but something expires";
    if (step.expected.size() != expiring.rows.size())
        return fmt::format("{} rows expected, there are {}", step.expected.size(),
                           expiring.rows.size());
    for (std::size_t i = 0; i < expiring.rows.size(); ++i) {
        std::vector<std::string> row;
        std::string rest = step.expected[i];
        for (auto space = rest.find(' '); space != std::string::npos; space = rest.find(' ')) {
            row.push_back(rest.substr(0, space));
            rest.erase(0, space + 1);
        }
        row.push_back(rest);
        Words words(row);
        const std::int64_t points = words.take_number();
        if (!words.take_if("at")) throw std::runtime_error("'at' is missing");
        if (points != expiring.rows[i].points.value)
            return fmt::format("{} expected, {} points expire", step.expected[i],
                               expiring.rows[i].points.value);
        if (words.take_instant() != expiring.rows[i].expires_at)
            return fmt::format("{} expected, it is {} ns after the start", step.expected[i],
                               (expiring.rows[i].expires_at - story_start()).ns);
    }
    return {};
}

// The model keeps no statement.
std::string Storyteller::compare_statement(const Step& step) const {
    auto* world = dynamic_cast<LedgerWorld*>(&subject_);
    if (world == nullptr) return {};
    std::vector<std::string> lines;
    for (const StatementLine& line : world->statement(member_, program_))
        lines.push_back(fmt::format("{} {}", word_of(line.kind), line.amount.value));
    if (lines == step.expected) return {};
    return "the statement is: " + fmt::format("{}", fmt::join(lines, ", "));
}

std::string Storyteller::tell(const Step& step) {
    begin(step);
    was_refused_ = false;
    now_ = step.at;
    Words words(step.words);
    const std::string verb = words.take();
    if (verb == "sweep") {
        subject_.sweep(step.at);
        return {};
    }
    if (verb == "floor") {
        subject_.raise_floor(words.take_instant().unix_ms());
        return {};
    }
    if (verb == "totals")
        return compare_totals(
            subject_.totals(words.empty() ? *home_ : program_named(words.take()), step.at), step);
    if (verb == "balance") {
        read_account(words.take());
        return compare(subject_.balance(member_, program_, step.at), step);
    }
    if (verb == "expiring") {
        read_account(words.take());
        const Duration within = words.take_if("within") ? words.take_duration() : days(400);
        return compare_expiring(subject_.expiring(member_, program_, within, step.at), step);
    }
    if (verb == "statement") {
        read_account(words.take());
        return compare_statement(step);
    }

    std::vector<std::string> asked(step.words.begin() + 1, step.words.end());
    if (verb != "times") {
        std::string name;
        if (const auto as = std::ranges::find(asked, "as");
            as != asked.end() && as + 1 != asked.end()) {
            name = *(as + 1);
            asked.erase(as, as + 2);
        }
        return send(verb, asked, name, step);
    }
    for (std::int64_t times = words.take_number(); times > 0; --times) {
        const std::string wrong = send(asked[1], {asked.begin() + 2, asked.end()}, {}, step);
        if (!wrong.empty()) return wrong;
    }
    return {};
}

std::string Storyteller::send(const std::string& verb, const std::vector<std::string>& asked,
                              const std::string& name, const Step& step) {
    Words rest(asked);
    Command command = read_command(verb, rest, step);
    // The body is what the line says without its request id.
    std::string body = verb;
    for (std::size_t i = 0; i < asked.size() && asked[i] != "id"; ++i) body += ' ' + asked[i];
    command.head.body_hash = hash_of(body, 7);
    const Outcome outcome = subject_.submit(command, step.at);
    if (!name.empty())
        names_[name] = {
            .member = command.head.member, .program = command.head.program, .outcome = outcome};
    return compare(outcome, step);
}

}  // namespace suanpan::testing
