// Quotes, orders and terms on the terminal.
#pragma once

#include "client/answer.h"

#include <boost/json/object.hpp>

namespace suanpan::cli {

// Prints what a done quote, order or terms answered, or a done change of an order. False for
// answers of other kinds.
bool print_order_answer(const client::Answer& answer);
// Adds it to the object that --json prints.
void add_order_answer(const client::Answer& answer, boost::json::object& object);

}  // namespace suanpan::cli
