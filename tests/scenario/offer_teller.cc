#include "tests/scenario/offer_teller.h"

#include "tests/scenario/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
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
    {"offer", CommandKind::offers_put}, {"stop", CommandKind::offers_put},
    {"drop", CommandKind::offers_put},  {"velocity", CommandKind::offers_put},
    {"file", CommandKind::offers_put},  {"import", CommandKind::codes_import},
    {"recall", CommandKind::recall},    {"redeem", CommandKind::redeem},
    {"reveal", CommandKind::reveal},    {"show", CommandKind::show},
    {"verify", CommandKind::verify},    {"undo", CommandKind::undo_verify},
    {"offers", CommandKind::offers},    {"vouchers", CommandKind::vouchers},
};

constexpr NamedNumber voucher_states[] = {{"any", 0},      {"issued", 1},    {"gift_pending", 2},
                                          {"verified", 3}, {"expired", 4},   {"refunded", 5},
                                          {"void", 6},     {"unheard_of", 7}};

bool is_verb(const std::string& word) {
    return std::ranges::find(verbs, word, &Verb::word) != std::end(verbs);
}

std::uint32_t small(std::int64_t number) {
    return static_cast<std::uint32_t>(number);
}

// The rest of the words; ';' ends a line.
std::string toml_lines(Words& words) {
    std::string text;
    while (!words.empty()) {
        std::string word = words.take();
        const bool ends = word.back() == ';';
        if (ends) word.pop_back();
        text += word + (ends ? '\n' : ' ');
    }
    return text + '\n';
}

// `\_` is a blank, `\xE4` a byte, `\t` a tab, `\r` a carriage return.
std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\' || at + 1 == text.size()) {
            plain += text[at];
            continue;
        }
        switch (text[++at]) {
            case '_':
                plain += ' ';
                break;
            case 't':
                plain += '\t';
                break;
            case 'r':
                plain += '\r';
                break;
            case 'x':
                plain +=
                    static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
                at += 2;
                break;
            default:
                throw std::runtime_error("an escape that nobody knows");
        }
    }
    return plain;
}

// "CODE-{1..3}" is three lines; another word is one.
void add_code_lines(const std::string& word, std::string& text) {
    const auto open = word.find('{');
    const auto dots = word.find("..", open == std::string::npos ? 0 : open);
    if (open == std::string::npos || dots == std::string::npos || word.back() != '}') {
        text += unescaped(word) + '\n';
        return;
    }
    const auto number = [&](std::size_t from, std::size_t to) {
        return amount_in(std::string_view(word).substr(from, to - from));
    };
    const std::string before = unescaped(word.substr(0, open));
    const std::int64_t last = number(dots + 2, word.size() - 1);
    for (std::int64_t i = number(open + 1, dots); i <= last; ++i)
        text += before + std::to_string(i) + '\n';
}

}  // namespace

std::set<Code> OfferTeller::codes() const {
    std::set<Code> all = codes_;
    all.merge(checkout_.codes());
    return all;
}

std::string OfferTeller::tell(const Step& step) {
    Words words(step.words);
    std::string asked = words.take();
    if (asked == "restart") {
        world_.restart(static_cast<std::uint16_t>(words.take_number()));
        return {};
    }
    if (asked == "stock" || asked == "codes") {
        checkout_.others().begin(step);
        return compare_stock(words, step);
    }
    if (asked != "times") return is_verb(asked) ? send(asked, words, step) : checkout_.tell(step);
    const std::int64_t times = words.take_number();
    asked = words.take();
    if (!is_verb(asked)) return checkout_.tell(step);
    for (std::int64_t i = 0; i < times; ++i) {
        Words again(step.words);
        for (int skip = 0; skip < 3; ++skip) again.take();
        const std::string wrong = send(asked, again, step);
        if (!wrong.empty()) return fmt::format("{} (time {} of {})", wrong, i + 1, times);
    }
    return {};
}

std::string OfferTeller::send(const std::string& verb, Words& words, const Step& step) {
    checkout_.others().begin(step);
    Command command;
    command.head.kind = std::ranges::find(verbs, verb, &Verb::word)->kind;
    command.head.partner = PartnerId{1};
    command.head.program = checkout_.others().home();
    command.head.request_id = {
        .high = static_cast<std::uint64_t>(step.at.unix_ms()) << 16U | 0x7000U,
        .low = 3'000'000 + ++sent_};
    payload_ = {};
    name_.clear();
    order_name_.clear();
    switch (command.head.kind) {
        case CommandKind::offers_put:
            read_file(verb, words, command, step);
            break;
        case CommandKind::codes_import:
            read_import(words, command);
            break;
        case CommandKind::recall: {
            RecallBatch recall{.offer = small(words.take_number()), .batch = 1};
            if (words.take_if("batch")) recall.batch = small(words.take_number());
            command.body = recall;
            break;
        }
        case CommandKind::redeem:
            read_redeem(words, command);
            break;
        case CommandKind::verify:
            read_verify(words, command);
            break;
        case CommandKind::offers:
        case CommandKind::vouchers:
            read_list(verb, words, command);
            break;
        default:
            read_of_voucher(verb, words, command);
    }
    while (read_common(words, command, step)) {
    }
    if (!words.empty()) throw std::runtime_error("'" + words.peek() + "' was not expected");
    const WireAnswer answer = world_.ask(command, step.at);
    if (answer.outcome.code == Code::ok) remember(answer, command);
    return compare(answer, step);
}

void OfferTeller::remember(const WireAnswer& answer, const Command& command) {
    const CommandHead& head = command.head;
    const auto unit_name = [&](std::size_t unit) {
        return unit == 0 ? name_ : fmt::format("{}.{}", name_, unit);
    };
    if (head.kind == CommandKind::offers_put) files_[head.program] = std::move(file_);
    if (answer.redeemed) {
        if (!order_name_.empty())
            checkout_.know_order(order_name_, head, std::get<Redeem>(command.body).cash);
        for (std::size_t i = 0; i < answer.redeemed->vouchers.size() && !name_.empty(); ++i) {
            const RedeemedVoucher& voucher = answer.redeemed->vouchers[i];
            vouchers_[unit_name(i)] = {.number = voucher.number,
                                       .member = head.member,
                                       .program = head.program,
                                       .code = std::string(voucher.code.view())};
        }
    }
    if (answer.vouchers && !name_.empty())
        for (std::size_t i = 0; i < answer.vouchers->rows.size(); ++i)
            vouchers_[unit_name(i)] = {.number = answer.vouchers->rows[i].number,
                                       .member = head.member,
                                       .program = head.program,
                                       .code = {}};
    if (answer.revealed)
        for (auto& [name, named] : vouchers_)
            if (named.number == answer.revealed->number)
                named.code = std::string(answer.revealed->code.view());
    if (answer.shown && !name_.empty()) tokens_[name_] = answer.shown->token;
}

// Words that any command may have at its end.
bool OfferTeller::read_common(Words& words, Command& command, const Step& step) {
    if (words.take_if("by")) {
        command.head.partner = PartnerId{small(words.take_number())};
    } else if (words.take_if("of")) {
        take_owner(words.take(), command);
        if (auto* show = std::get_if<Show>(&command.body)) show->task.asker = command.head.member;
    } else if (words.take_if("in")) {
        command.head.program = checkout_.others().program_named(words.take());
    } else if (words.take_if("id")) {
        const std::string name = words.take();
        Instant made = step.at;
        if (words.take_if("made")) made = words.take_instant();
        command.head.request_id =
            request_ids_
                .try_emplace(name,
                             RequestId{.high = static_cast<std::uint64_t>(made.unix_ms()) << 16U,
                                       .low = 4'000'000 + request_ids_.size()})
                .first->second;
    } else {
        return false;
    }
    return true;
}

void OfferTeller::take_owner(const std::string& word, Command& command) {
    if (word == "nobody") {
        command.head.member = {};
        return;
    }
    const Storyteller::Account account = checkout_.others().account_named(word);
    command.head.member = account.member;
    command.head.program = account.program;
}

OfferTeller::Named OfferTeller::voucher_named(const std::string& name) const {
    if (name == "unnamed") return {};
    if (name == "made_up")
        return {.number = {.offer = 5, .unit = 0, .ticket = 999, .home = 7},
                .member = {},
                .program = {},
                .code = {}};
    const auto found = vouchers_.find(name);
    if (found == vouchers_.end()) throw std::runtime_error("no voucher is called " + name);
    return found->second;
}

void OfferTeller::set_text(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    payload_.text.assign(bytes.begin(), bytes.end());
}

// ---- files of offers

std::string OfferTeller::text_of_file(const File& file) const {
    std::string text;
    for (const auto& [id, offer] : file.offers)
        text += fmt::format(
            "[[offer]]\nid = {}\nversion = {}\nprogram = {}\nname = \"offer {}\"\nkind = \"{}\"\n"
            "start = {}\n{}",
            id, offer.version, static_cast<std::uint32_t>(naming_), id, offer.kind,
            toml_instant(offer.from), offer.text);
    for (const auto& [id, rule] : file.velocity) text += rule;
    return text;
}

void OfferTeller::read_file(const std::string& verb, Words& words, Command& command,
                            const Step& step) {
    std::uint32_t version = 0;
    naming_ = {};
    for (;;) {
        if (words.take_if("file_version"))
            version = small(words.take_number());
        else if (words.take_if("for"))
            command.head.program = checkout_.others().program_named(words.take());
        else if (words.take_if("naming"))
            naming_ = checkout_.others().program_named(words.take());
        else if (!read_common(words, command, step))
            break;
    }
    if (naming_ == ProgramId{}) naming_ = command.head.program;
    file_ = files_[command.head.program];
    ++file_.version;
    command.body =
        PutOffers{.payload = &payload_, .version = version != 0 ? version : file_.version};
    if (verb == "file") {
        if (words.take_if("bytes"))
            set_text(std::string(static_cast<std::size_t>(words.take_number()), '#'));
        else
            set_text(unescaped(toml_lines(words)));
        return;
    }
    if (verb == "drop") {
        file_.offers.erase(small(words.take_number()));
    } else if (verb == "stop") {
        ToldOffer& offer = file_.offers.at(small(words.take_number()));
        offer.text = "stopped = true\n" + offer.text;
        ++offer.version;
    } else if (verb == "velocity") {
        const std::uint32_t id = small(words.take_number());
        const std::string scope = words.take();
        const std::string kind = words.take();
        const std::int64_t count = words.take_number();
        file_.velocity[id] = fmt::format(
            "[[velocity]]\nid = {}\nper = \"{}\"\nkind = \"{}\"\ncount = {}\n"
            "window_seconds = {}\n",
            id, scope, kind, count, words.take_duration().ns / seconds(1).ns);
    } else {
        read_offer(words, file_, step.at);
    }
    set_text(text_of_file(file_));
}

void OfferTeller::read_offer(Words& words, File& file, Instant now) {
    ToldOffer& offer = file.offers[small(words.take_number())];
    ++offer.version;
    // From now on, or as before.
    if (offer.version == 1) offer.from = now;
    offer.kind = words.take();
    std::string end;
    for (;;) {
        if (words.take_if("version"))
            offer.version = small(words.take_number());
        else if (words.take_if("from"))
            offer.from = words.take_instant();
        else if (words.take_if("until"))
            end = fmt::format("end = {}\n", toml_instant(words.take_instant()));
        else
            break;
    }
    offer.text = end + toml_lines(words);
}

// ---- codes

void OfferTeller::read_import(Words& words, Command& command) {
    ImportCodes import{
        .payload = &payload_, .offer = small(words.take_number()), .batch = 1, .first_line = 1};
    std::string text;
    while (!words.empty()) {
        if (words.take_if("batch"))
            import.batch = small(words.take_number());
        else if (words.take_if("first"))
            import.first_line = static_cast<std::uint64_t>(words.take_number());
        else if (words.take_if("bytes"))
            text.append(static_cast<std::size_t>(words.take_number()), 'x');
        else if (words.peek() == "id" || words.peek() == "by" || words.peek() == "in")
            break;
        else
            add_code_lines(words.take(), text);
    }
    set_text(text);
    command.body = import;
}

// ---- redemptions and vouchers

void OfferTeller::read_redeem(Words& words, Command& command) {
    take_owner(words.take(), command);
    Redeem redeem{.offer = small(words.take_number()), .quantity = 1, .order = {}};
    while (!words.empty()) {
        if (words.take_if("units")) {
            redeem.quantity = words.take_number();
        } else if (words.take_if("with")) {
            redeem.cash = {amount_in(words.take())};
        } else if (words.take_if("order")) {
            order_name_ = words.take();
            redeem.order = name_of<OrderId>(order_name_);
        } else if (words.take_if("from")) {
            redeem.origin = static_cast<std::uint64_t>(words.take_number());
        } else if (words.take_if("as")) {
            name_ = words.take();
        } else {
            break;
        }
    }
    command.body = redeem;
}

void OfferTeller::read_verify(Words& words, Command& command) {
    Verify verify;
    const auto take_code = [&](const std::string& code) {
        set_text(unescaped(code));
        verify.payload = &payload_;
    };
    // Every use has a name of its own, unless the story gives it one.
    verify.reference = name_of<VerificationId>(fmt::format("use {}", sent_));
    while (!words.empty()) {
        if (words.take_if("token")) {
            const auto token = tokens_.find(words.take());
            if (token == tokens_.end()) throw std::runtime_error("there is no such token");
            verify.has_token = true;
            std::memcpy(verify.proof.data(), token->second.data(), token_bytes);
        } else if (words.take_if("code")) {
            take_code(words.take());
        } else if (words.take_if("code_of")) {
            take_code(voucher_named(words.take()).code);
        } else if (words.take_if("code_bytes")) {
            take_code(std::string(static_cast<std::size_t>(words.take_number()), 'x'));
        } else if (words.take_if("altered")) {
            std::as_writable_bytes(std::span(
                verify.proof))[static_cast<std::size_t>(words.take_number())] ^= std::byte{1};
        } else if (words.take_if("ref")) {
            verify.reference = name_of<VerificationId>(words.take());
        } else if (words.take_if("at")) {
            const std::vector<std::string> place = split(words.take(), '/');
            verify.merchant = small(amount_in(place[0]));
            if (place.size() > 1) verify.store = small(amount_in(place[1]));
        } else if (words.take_if("use")) {
            verify.units = amount_in(words.take());
        } else if (words.take_if("from")) {
            verify.task.origin = static_cast<std::uint64_t>(words.take_number());
        } else {
            break;
        }
    }
    command.body = verify;
}

// reveal, show, undo
void OfferTeller::read_of_voucher(const std::string& verb, Words& words, Command& command) {
    const Named voucher = voucher_named(words.take());
    if (voucher.program != ProgramId{}) command.head.program = voucher.program;
    if (voucher.member.is_zero())
        take_owner("alice", command);
    else
        command.head.member = voucher.member;
    std::uint64_t origin = 0;
    Duration life = seconds(60);
    VerificationId reference;
    while (!words.empty()) {
        if (words.take_if("from"))
            origin = static_cast<std::uint64_t>(words.take_number());
        else if (words.take_if("life"))
            life = words.take_duration();
        else if (words.take_if("ref"))
            reference = name_of<VerificationId>(words.take());
        else if (words.take_if("as"))
            name_ = words.take();
        else
            break;
    }
    const VoucherTask task{
        .voucher = voucher.number, .asker = command.head.member, .origin = origin};
    if (verb == "reveal") {
        command.body = Reveal{.voucher = voucher.number, .origin = origin};
    } else if (verb == "show") {
        command.body = Show{.task = task, .life = life};
    } else {
        command.head.member = {};
        command.body = UndoVerification{.task = {.voucher = voucher.number, .asker = {}},
                                        .reference = reference};
    }
}

void OfferTeller::read_list(const std::string& verb, Words& words, Command& command) {
    take_owner(words.take(), command);
    ReadOffers offers;
    ReadVouchers vouchers;
    while (!words.empty()) {
        if (words.take_if("rows")) {
            vouchers.rows_max = static_cast<std::uint16_t>(words.take_number());
            offers.rows_max = vouchers.rows_max;
        } else if (verb == "offers" && words.take_if("after")) {
            offers.after = small(words.take_number());
        } else if (verb == "vouchers" && words.take_if("after")) {
            vouchers.after = voucher_named(words.take()).number;
        } else if (words.take_if("state")) {
            vouchers.state = static_cast<std::uint8_t>(number_of(voucher_states, words.take()));
        } else if (words.take_if("as")) {
            name_ = words.take();
        } else {
            break;
        }
    }
    if (verb == "offers")
        command.body = offers;
    else
        command.body = vouchers;
}

}  // namespace suanpan::testing
