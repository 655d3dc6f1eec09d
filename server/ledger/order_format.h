// Order format: the bytes of orders, their terms and rule books in journal, checkpoint and token.
#pragma once

#include "protocol/order.h"
#include "server/ledger/byte_io.h"
#include "server/ledger/order.h"
#include "server/ledger/rule_text.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace suanpan::ledger {

// Little-endian, without padding; vectors behind the fixed part, each at the length that it names.
void put_terms(std::vector<std::byte>& out, const OrderTerms& terms);
void put_order(std::vector<std::byte>& out, const Order& order);
void put_rules(std::vector<std::byte>& out, const RuleText& rules);

// False for a number that no counter of an account has.
[[nodiscard]] bool is_use_kind(const UseKey& key);

// How many bytes these write; of an order, at most.
[[nodiscard]] std::size_t terms_bytes(const OrderTerms& terms);
[[nodiscard]] std::size_t order_bytes(const Order& order);
[[nodiscard]] std::size_t rules_bytes(const RuleText& rules);

// Nothing where a length leads astray, or a value is none that one of ours has (INV-8).
[[nodiscard]] std::optional<OrderTerms> get_terms(ByteReader& from);
[[nodiscard]] std::optional<Order> get_order(ByteReader& from);
[[nodiscard]] RuleTextPtr get_rules(ByteReader& from);  // null instead of nothing

}  // namespace suanpan::ledger
