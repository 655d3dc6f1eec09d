#include "client/cli/offer_output.h"

#include "client/cli/words.h"
#include "protocol/voucher_name.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace suanpan::cli {
namespace {

std::string until_text(Instant end) {
    return end == instant_never ? std::string("never") : text_of(end);
}
boost::json::value instant_json(Instant end) {
    return end == instant_never ? boost::json::value(nullptr) : boost::json::value(text_of(end));
}

std::string_view kind_name(std::uint8_t kind) {
    constexpr std::array<std::string_view, 4> names{"?", "counted", "code_backed", "loop_code"};
    return names[std::min<std::size_t>(kind, names.size() - 1)];
}

std::string currency_text(const Currency& currency) {
    const auto* end = std::ranges::find(currency.bytes, '\0');
    return {currency.bytes.data(), static_cast<std::size_t>(end - currency.bytes.begin())};
}
std::string name_with_cash(const OfferRow& row) {
    if (row.cash_now == Money{}) return row.name;
    return fmt::format("{} (and {} {})", row.name, currency_text(row.currency),
                       with_commas(row.cash_now.value));
}

void print_redemption(const client::Answer& answer) {
    const RedeemAnswer& redeemed = *answer.redeemed;
    if (redeemed.cash > Money{}) {
        fmt::print(
            "set aside: ticket {} of offer {}, with {} points, as entry {}\n"
            "cash due {} {} until {}\navailable {}\nrequest {}\n",
            redeemed.ticket, redeemed.offer, with_commas(answer.outcome.amount.value),
            answer.outcome.entry_id.value, currency_text(redeemed.currency),
            with_commas(redeemed.cash.value), text_of(redeemed.held_until),
            with_commas(answer.outcome.balances.available.value), text_of(answer.request_id));
        return;
    }
    fmt::print("done: ticket {} of offer {}, {} unit{} for {} points as entry {}\n",
               redeemed.ticket, redeemed.offer, redeemed.vouchers.size(),
               redeemed.vouchers.size() == 1 ? "" : "s", with_commas(answer.outcome.amount.value),
               answer.outcome.entry_id.value);
    for (const RedeemedVoucher& voucher : redeemed.vouchers)
        fmt::print("voucher {}  code {}  expires {}\n", suanpan::name_of(voucher.number),
                   voucher.code.empty() ? "none" : voucher.code.view(),
                   until_text(voucher.expires_at));
    fmt::print("available {}\nrequest {}\n", with_commas(answer.outcome.balances.available.value),
               text_of(answer.request_id));
}

void print_offers(const OffersAnswer& offers) {
    fmt::print("{:>10}  {:>12}  {:>10}  {:>8}  {:<11}  {:<24}  {}\n", "offer", "points", "left",
               "you take", "kind", "ends", "name");
    for (const OfferRow& row : offers.rows)
        fmt::print("{:>10}  {:>12}  {:>10}  {:>8}  {:<11}  {:<24}  {}\n", row.offer,
                   with_commas(row.points.value), with_commas(row.stock_left), row.units_max,
                   kind_name(row.kind), until_text(row.ends), name_with_cash(row));
    if (offers.rows.empty()) fmt::print("nothing that this member could take now\n");
    if (offers.next != 0) fmt::print("more: --after {}\n", offers.next);
}

void print_vouchers(const VouchersAnswer& vouchers) {
    for (const VoucherRow& row : vouchers.rows)
        fmt::print("{}  {}{}  {} of {} {} left, issued {}, expires {}{}\n",
                   suanpan::name_of(row.number), name_of(row.state), row.revealed ? ", seen" : "",
                   with_commas(row.left), with_commas(row.whole),
                   row.is_amount ? "minor units" : "uses", text_of(row.issued_at),
                   until_text(row.expires_at),
                   row.merchant == 0 ? "" : fmt::format(", merchant {}", row.merchant));
    if (vouchers.rows.empty()) fmt::print("no vouchers\n");
    if (vouchers.next.ticket != 0)
        fmt::print("more: --after {}\n", suanpan::name_of(vouchers.next));
}

std::string hex_of(const TokenBytes& token) {
    std::string text;
    for (const std::byte byte : token) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

void print_verification(const client::Answer& answer) {
    const VerifyAnswer& verified = *answer.verified;
    const std::string_view unit = verified.is_amount ? "minor units" : "uses";
    fmt::print("done: {} {} {}, {} left, as entry {}\nvoucher {}  {}\nrequest {}\n",
               with_commas(verified.units), unit,
               answer.kind == CommandKind::verify ? "used" : "given back",
               with_commas(verified.left), answer.outcome.entry_id.value,
               suanpan::name_of(verified.number), name_of(verified.state),
               text_of(answer.request_id));
}

boost::json::object json_of(const RedeemAnswer& redeemed) {
    boost::json::array vouchers;
    for (const RedeemedVoucher& voucher : redeemed.vouchers)
        vouchers.push_back(
            {{"voucher", suanpan::name_of(voucher.number)},
             {"expires_at", instant_json(voucher.expires_at)},
             {"code", voucher.code.empty() ? boost::json::value(nullptr)
                                           : boost::json::value(voucher.code.view())}});
    boost::json::object object{
        {"offer", redeemed.offer}, {"ticket", redeemed.ticket}, {"vouchers", std::move(vouchers)}};
    if (redeemed.cash > Money{}) {
        object["cash"] = redeemed.cash.value;
        object["currency"] = currency_text(redeemed.currency);
        object["held_until"] = text_of(redeemed.held_until);
    }
    return object;
}

boost::json::object json_of(const OffersAnswer& offers) {
    boost::json::array rows;
    for (const OfferRow& row : offers.rows)
        rows.push_back({{"offer", row.offer},
                        {"version", row.version},
                        {"kind", kind_name(row.kind)},
                        {"name", row.name},
                        {"points", row.points.value},
                        {"ends", instant_json(row.ends)},
                        {"stock_left", row.stock_left},
                        {"units_max", row.units_max},
                        {"cash", row.cash.value},
                        {"cash_now", row.cash_now.value},
                        {"currency", currency_text(row.currency)}});
    return {{"rows", std::move(rows)}, {"next", offers.next}};
}

boost::json::object json_of(const VouchersAnswer& vouchers) {
    boost::json::array rows;
    for (const VoucherRow& row : vouchers.rows)
        rows.push_back({{"voucher", suanpan::name_of(row.number)},
                        {"state", name_of(row.state)},
                        {"has_code", row.has_code},
                        {"revealed", row.revealed},
                        {"is_amount", row.is_amount},
                        {"whole", row.whole},
                        {"left", row.left},
                        {"issued_at", text_of(row.issued_at)},
                        {"expires_at", instant_json(row.expires_at)},
                        {"merchant", row.merchant}});
    return {
        {"rows", std::move(rows)},
        {"next", vouchers.next.ticket == 0 ? boost::json::value(nullptr)
                                           : boost::json::value(suanpan::name_of(vouchers.next))}};
}

}  // namespace

std::string_view text_of_fault(std::uint8_t fault) {
    constexpr std::array<std::string_view, 12> texts{
        "it is not said why",
        "it is longer than 256 bytes",
        "it has a zero byte",
        "the code has characters that are not printable ASCII",
        "the code has fewer than 4 characters",
        "the code has more than 64 characters",
        "it has more than two fields",
        "a quote is not closed",
        "the expiry is no date and no instant",
        "the file is UTF-16: save it as UTF-8",
        "the code is there already",
        "the pool is full",
    };
    return texts[fault < texts.size() ? fault : 0];
}

std::string_view name_of(VoucherStateNumber state) {
    constexpr std::array<std::string_view, 7> names{
        "?", "issued", "gift_pending", "verified", "expired", "refunded", "void"};
    const auto number = static_cast<std::size_t>(state);
    return names[number < names.size() ? number : 0];
}

bool print_offer_answer(const client::Answer& answer) {
    if (answer.redeemed != nullptr) return print_redemption(answer), true;
    if (answer.revealed != nullptr) {
        fmt::print("{}\n", answer.revealed->code.view());
        return true;
    }
    if (answer.shown != nullptr) {
        fmt::print("{}\n", hex_of(answer.shown->token));
        return true;
    }
    if (answer.verified != nullptr) return print_verification(answer), true;
    if (answer.offers != nullptr) return print_offers(*answer.offers), true;
    if (answer.vouchers != nullptr) return print_vouchers(*answer.vouchers), true;
    if (answer.kind != CommandKind::offers_put) return false;
    fmt::print("done: version {} of the offers as entry {}\n", answer.outcome.detail,
               answer.outcome.entry_id.value);
    return true;
}

void add_offer_answer(const client::Answer& answer, boost::json::object& object) {
    if (answer.redeemed != nullptr) object["redeemed"] = json_of(*answer.redeemed);
    if (answer.revealed != nullptr)
        object["revealed"] = {{"voucher", suanpan::name_of(answer.revealed->number)},
                              {"code", answer.revealed->code.view()}};
    if (answer.shown != nullptr)
        object["shown"] = {{"voucher", suanpan::name_of(answer.shown->number)},
                           {"token", hex_of(answer.shown->token)},
                           {"until", text_of(answer.shown->until)}};
    if (answer.verified != nullptr)
        object["verified"] = {{"voucher", suanpan::name_of(answer.verified->number)},
                              {"units", answer.verified->units},
                              {"left", answer.verified->left},
                              {"state", name_of(answer.verified->state)},
                              {"is_amount", answer.verified->is_amount}};
    if (answer.offers != nullptr) object["offers"] = json_of(*answer.offers);
    if (answer.vouchers != nullptr) object["vouchers"] = json_of(*answer.vouchers);
}

}  // namespace suanpan::cli
