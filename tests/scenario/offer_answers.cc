// What comes out of the steps of an OfferTeller.
#include "tests/scenario/offer_teller.h"
#include "tests/scenario/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>

namespace suanpan::testing {
namespace {

constexpr NamedNumber voucher_states[] = {{"issued", 1},  {"gift_pending", 2}, {"verified", 3},
                                          {"expired", 4}, {"refunded", 5},     {"void", 6}};
constexpr NamedNumber line_faults[] = {
    {"too_long", 1},       {"zero_byte", 2},       {"not_ascii", 3},  {"code_too_short", 4},
    {"code_too_long", 5},  {"too_many_fields", 6}, {"quote_open", 7}, {"expiry_unreadable", 8},
    {"wrong_encoding", 9}, {"duplicate", 10},      {"pool_full", 11}};

std::string is(Words& words, std::int64_t value) {
    return amount_in(words.take()) == value ? "" : fmt::format("it is {}", value);
}

std::string is_state(Words& words, std::int64_t state) {
    return number_of(voucher_states, words.take()) == state ? "" : fmt::format("it is {}", state);
}

std::string is_at(Words& words, Instant at) {
    if (words.take_if("never")) return at == instant_never ? "" : "there is an end";
    if (at == instant_never) return "it is never";
    const Instant expected = words.take_instant();
    return at == expected ? "" : fmt::format("it is {} ns later", (at - expected).ns);
}

std::string is_yes(Words& words, bool value) {
    return (words.take() == "yes") == value ? "" : "it is not so";
}

struct Field {
    std::string_view word;
    std::int64_t value;
};

// Nothing where the word is none of them.
std::optional<std::string> is_field(std::span<const Field> fields, const std::string& word,
                                    Words& words) {
    for (const Field& field : fields)
        if (field.word == word) return is(words, field.value);
    return std::nullopt;
}

std::int64_t signed_of(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

std::string compare_redeem(const RedeemAnswer& answer, const std::string& word, Words& words) {
    const auto with_code = std::ranges::count_if(
        answer.vouchers, [](const RedeemedVoucher& voucher) { return !voucher.code.empty(); });
    const Field fields[] = {{"ticket", signed_of(answer.ticket)},
                            {"cash", answer.cash.value},
                            {"units", signed_of(answer.vouchers.size())},
                            {"codes", with_code}};
    if (const auto said = is_field(fields, word, words)) return *said;
    if (word == "until") return is_at(words, answer.held_until);
    if (word == "expires") return is_at(words, answer.vouchers.at(0).expires_at);
    if (word == "code") {  // of the first unit, or of the one that is named
        std::string code = words.take();
        std::size_t unit = 0;
        if (!words.empty()) {
            unit = static_cast<std::size_t>(amount_in(code));
            code = words.take();
        }
        const ClearCode& given = answer.vouchers.at(unit).code;
        return given.view() == code ? "" : "it is " + std::string(given.view());
    }
    throw std::runtime_error("'" + word + "' cannot be expected of a redemption");
}

std::string compare_offers(const OffersAnswer& answer, const std::string& word, Words& words) {
    const Field fields[] = {{"rows", signed_of(answer.rows.size())}, {"next", answer.next}};
    if (const auto said = is_field(fields, word, words)) return *said;
    if (word != "offer" && word != "no")
        throw std::runtime_error("'" + word + "' cannot be expected of offers");
    const auto id = static_cast<std::uint32_t>(words.take_number());
    const auto row = std::ranges::find(answer.rows, id, &OfferRow::offer);
    if (word == "no") return row == answer.rows.end() ? "" : "it is there";
    if (row == answer.rows.end()) return "it is not there";
    if (words.empty()) return {};
    const std::string part = words.take();
    const Field parts[] = {{"stock", row->stock_left},
                           {"max", row->units_max},
                           {"points", row->points.value},
                           {"cash", row->cash.value},
                           {"cash_now", row->cash_now.value},
                           {"version", row->version},
                           {"kind", row->kind}};
    if (const auto said = is_field(parts, part, words)) return *said;
    if (part == "ends") return is_at(words, row->ends);
    throw std::runtime_error("'" + part + "' cannot be expected of an offer");
}

std::string compare_vouchers(const VouchersAnswer& answer, const std::string& word, Words& words) {
    if (word == "rows") return is(words, signed_of(answer.rows.size()));
    if (word == "more") return is_yes(words, answer.next != VoucherNumber{});
    if (word != "row") throw std::runtime_error("'" + word + "' cannot be expected of vouchers");
    const VoucherRow& row = answer.rows.at(static_cast<std::size_t>(words.take_number()));
    const std::string part = words.take();
    const Field parts[] = {{"whole", row.whole},
                           {"left", row.left},
                           {"merchant", row.merchant},
                           {"ticket", signed_of(row.number.ticket)},
                           {"offer", row.number.offer}};
    if (const auto said = is_field(parts, part, words)) return *said;
    if (part == "state") return is_state(words, static_cast<std::int64_t>(row.state));
    if (part == "expires") return is_at(words, row.expires_at);
    if (part == "issued_at") return is_at(words, row.issued_at);
    if (part == "revealed") return is_yes(words, row.revealed);
    if (part == "coded") return is_yes(words, row.has_code);
    throw std::runtime_error("'" + part + "' cannot be expected of a voucher");
}

std::string compare_codes(const CodesAnswer& answer, const std::string& word, Words& words) {
    const Field fields[] = {{"lines", signed_of(answer.lines)},
                            {"taken", signed_of(answer.taken)},
                            {"refused", signed_of(answer.refused)}};
    if (const auto said = is_field(fields, word, words)) return *said;
    if (word != "line") throw std::runtime_error("'" + word + "' cannot be expected of codes");
    const auto line = static_cast<std::uint64_t>(words.take_number());
    const auto row = std::ranges::find(answer.refused_lines, line, &RefusedCodeLine::line);
    if (row == answer.refused_lines.end()) return "it was not refused";
    return number_of(line_faults, words.take()) == row->fault ? ""
                                                              : fmt::format("it is {}", row->fault);
}

}  // namespace

std::string OfferTeller::compare(const WireAnswer& answer, const Step& step) {
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

std::string OfferTeller::compare_one(const WireAnswer& answer, Words& words) {
    const Outcome& outcome = answer.outcome;
    const std::string word = words.take();
    // Of a refusal: each code's detail under the name that it has in docs/protocol.md.
    const Field fields[] = {{"amount", outcome.amount.value},
                            {"available", outcome.balances.available.value},
                            {"held", outcome.balances.held.value},
                            {"detail", outcome.detail},
                            {"missing", outcome.detail},
                            {"allowed", outcome.detail},
                            {"due", outcome.detail},
                            {"rule", outcome.detail},
                            {"there", outcome.detail}};
    if (const auto said = is_field(fields, word, words)) return *said;
    if (word == "opens" || word == "since" || word == "earliest")
        return is_at(words, Instant{outcome.detail});
    if (word == "says") {
        std::string text;
        while (!words.empty()) text += (text.empty() ? "" : " ") + words.take();
        return answer.message.find(text) != std::string::npos ? "" : "it is: " + answer.message;
    }
    if (outcome.code != Code::ok && word == "state") return is_state(words, outcome.detail);
    if (answer.redeemed) return compare_redeem(*answer.redeemed, word, words);
    if (answer.offers) return compare_offers(*answer.offers, word, words);
    if (answer.vouchers) return compare_vouchers(*answer.vouchers, word, words);
    if (answer.codes) return compare_codes(*answer.codes, word, words);
    if (answer.revealed && word == "code") {
        const std::string code = words.take();
        const ClearCode& given = answer.revealed->code;
        return given.view() == code ? "" : "it is " + std::string(given.view());
    }
    if (answer.shown && word == "until") return is_at(words, answer.shown->until);
    if (answer.verified) {
        const Field parts[] = {{"units", answer.verified->units}, {"left", answer.verified->left}};
        if (const auto said = is_field(parts, word, words)) return *said;
        if (word == "state")
            return is_state(words, static_cast<std::int64_t>(answer.verified->state));
    }
    if (answer.recalled) {
        const Field parts[] = {{"void", signed_of(answer.recalled->voided)},
                               {"set_aside", signed_of(answer.recalled->set_aside)},
                               {"issued", signed_of(answer.recalled->issued)}};
        if (const auto said = is_field(parts, word, words)) return *said;
    }
    throw std::runtime_error("'" + word + "' cannot be expected here");
}

// Not over the wire: what the server itself counts.
std::string OfferTeller::compare_stock(Words& words, const Step& step) {
    const std::string what = step.words[0];
    const auto offer = static_cast<std::uint32_t>(words.take_number());
    world_.sweep(step.at);
    std::vector<Field> fields;
    if (what == "stock") {
        const OfferUnits units = world_.units(checkout_.others().home(), offer);
        fields = {{"issued", units.issued},
                  {"set_aside", units.set_aside},
                  {"free", units.free},
                  {"tickets", units.tickets}};
    } else {
        const auto counts = world_.codes(offer);
        if (!counts) return "the offer has no codes";
        fields = {{"imported", signed_of(counts->imported)},
                  {"available", signed_of(counts->of(cards::CodeState::available))},
                  {"set_aside", signed_of(counts->of(cards::CodeState::set_aside))},
                  {"issued", signed_of(counts->of(cards::CodeState::issued))},
                  {"void", signed_of(counts->of(cards::CodeState::voided))},
                  {"expired", signed_of(counts->of(cards::CodeState::expired))}};
    }
    for (const std::string& each : step.expected) {
        const std::vector<std::string> parts = split(each, ' ');
        Words rest(parts);
        const std::string word = rest.take();
        const auto said = is_field(fields, word, rest);
        if (!said) throw std::runtime_error("'" + word + "' cannot be expected here");
        if (!said->empty()) return fmt::format("{} expected, {}", each, *said);
    }
    return {};
}

}  // namespace suanpan::testing
