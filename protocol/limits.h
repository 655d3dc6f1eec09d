// Every bound, in one place. docs/operations.md says which of them an operator can change.
#pragma once

#include "protocol/base/time.h"

#include <cstddef>
#include <cstdint>

namespace suanpan::limits {

// Frames
inline constexpr std::uint32_t frame_body_bytes_max = 1U << 20U;  // 1 MiB
inline constexpr std::uint32_t batch_events_max = 8192;
inline constexpr std::uint32_t frames_in_flight_max = 1024;    // per connection
inline constexpr std::uint32_t events_in_flight_max = 16'384;  // per connection
// Per connection: of unanswered orders, tokens and rule books.
inline constexpr std::size_t payload_bytes_in_flight_max = 4U << 20U;
inline constexpr std::size_t reply_backlog_bytes_max = 4U << 20U;  // unread replies per connection
inline constexpr std::uint32_t connections_max = 20'000;           // per process
inline constexpr Duration hello_timeout = seconds(5);

// Requests
inline constexpr Duration request_future_max = seconds(60);
inline constexpr std::uint32_t repeat_waiters_max = 4;
inline constexpr std::uint32_t statement_lines_max = 200;
inline constexpr std::uint32_t expiring_rows_max = 64;
// Entries that one look-up or one page of a statement walks back before others have their turn.
inline constexpr std::uint32_t walk_turn_max = 10'000;

// Accounts
inline constexpr std::uint32_t lots_drained_max = 4096;   // by one request
inline constexpr std::uint32_t due_items_max = 64;        // posted along with one request
inline constexpr std::size_t due_bytes_max = 12U << 10U;  // of them: its own need the rest
inline constexpr std::uint32_t holds_per_account_max = 1000;

// Orders
inline constexpr std::uint32_t order_lines_max = 200;
inline constexpr std::uint32_t order_coupons_max = 16;
inline constexpr std::uint32_t order_uses_max = 256;  // limits per member that one order counts for
inline constexpr std::uint32_t order_restrictions_max = 200;
inline constexpr std::size_t quote_token_bytes_max = 32U << 10U;
inline constexpr Duration quote_life_max = hours(24);
inline constexpr std::uint32_t orders_per_account_max = 10'000;
// A version of the rules, as it is written and in its canonical form: fits into one frame and one
// journal entry.
inline constexpr std::size_t rule_book_bytes_max = 256U << 10U;

// Offers, cards and vouchers
inline constexpr std::int64_t offer_quantity_max = 1000;  // units that one order may take
inline constexpr std::size_t offers_per_file_max = 1000;
inline constexpr std::size_t offer_file_bytes_max = 256U << 10U;
inline constexpr std::size_t card_code_bytes_min = 4;
inline constexpr std::size_t card_code_bytes_max = 64;
inline constexpr std::size_t code_line_bytes_max = 256;           // of a file of codes
inline constexpr std::size_t code_chunk_bytes_max = 256U << 10U;  // of one codes_import
inline constexpr std::size_t code_chunk_lines_max = 2048;         // likewise; more: batch_too_large
inline constexpr std::size_t code_refusals_max = 1000;            // lines told of one codes_import
inline constexpr std::uint32_t offer_rows_max = 200;              // of one answer
inline constexpr std::uint32_t voucher_rows_max = 1000;           // likewise
inline constexpr std::uint32_t vouchers_per_account_max = 100'000;
inline constexpr std::uint32_t code_batches_max = 65'535;  // of one pool
inline constexpr std::uint32_t codes_per_pool_max = 100'000'000;
inline constexpr std::uint32_t voucher_uses_max = 100;
inline constexpr std::uint32_t voucher_verifications_max = 2 * voucher_uses_max;  // undone ones too
inline constexpr std::uint32_t voucher_hops_max = 100;
inline constexpr std::size_t voucher_stores_max = 64;
inline constexpr Duration show_token_life_max = seconds(60);
inline constexpr std::size_t velocity_rules_max = 64;
inline constexpr std::uint32_t velocity_count_max = 1000;  // of one rule
inline constexpr Duration velocity_window_max = hours(24);
inline constexpr std::size_t velocity_instants_max = 4'000'000;  // remembered by one shard

// Queues between threads
inline constexpr std::size_t mailbox_slots = 8192;           // per direction and pair of shards
inline constexpr std::size_t batch_commands_max = 64;        // of one shard, staged together
inline constexpr std::size_t staged_entries_max = 65'536;    // per shard, not yet durable
inline constexpr std::size_t staged_bytes_max = 64U << 20U;  // the same in bytes
inline constexpr std::size_t parked_reads_max = 4096;        // per shard, waiting for the journal

// Commits
inline constexpr std::uint32_t commit_entries_max = 8192;
inline constexpr std::size_t commit_bytes_max = 8U << 20U;
inline constexpr std::size_t entry_bytes_max = 512U << 10U;

// Request log
inline constexpr Duration request_log_window = seconds(15 * 60);
inline constexpr std::uint64_t request_log_ids_max = 64'000'000;

}  // namespace suanpan::limits
