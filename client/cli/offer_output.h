// Offers, redemptions and vouchers on the terminal.
#pragma once

#include "client/answer.h"

#include <boost/json/object.hpp>

#include <string_view>

namespace suanpan::cli {

// Prints what a done redeem, reveal, offers, vouchers or offers_put answered. False for answers of
// other kinds.
bool print_offer_answer(const client::Answer& answer);
// Adds it to the object that --json prints.
void add_offer_answer(const client::Answer& answer, boost::json::object& object);

// Why a line of a file of codes was refused, for a person; by the table of docs/protocol.md.
[[nodiscard]] std::string_view text_of_fault(std::uint8_t fault);
// The name of a voucher's state.
[[nodiscard]] std::string_view name_of(VoucherStateNumber state);

}  // namespace suanpan::cli
