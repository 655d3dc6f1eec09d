// The messages of the codec, by family: what codec.cc deals out.
//
// decode_*_request() fill an event that is empty but for kind and partner; the error concerns the
// whole frame. append_request() writes the body of one request that is a table.
#pragma once

#include "protocol/codec.h"
#include "protocol/codec/wire.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <span>

namespace suanpan::codec {

// Batches of events: batches.cc. Nothing where the kind is no batch.
[[nodiscard]] std::optional<std::expected<void, Code>> decode_batch_request(
    CommandKind kind, std::span<const std::byte> body, PartnerId partner,
    std::uint64_t body_hash_key, std::vector<DecodedEvent>& out);
// False where their kind is no batch; nothing has been written then.
[[nodiscard]] bool append_batch_request(Bytes& out, std::span<const Command> commands);
// The body of a message without fields.
[[nodiscard]] std::span<const std::byte> empty_body();

using RequestBytes = std::span<const std::byte>;
using Decoded = std::expected<void, Code>;

// Statements, expiries, programs, the sandbox's clock: points_messages.cc
[[nodiscard]] Decoded decode_statement_request(RequestBytes body, DecodedEvent& event);
[[nodiscard]] Decoded decode_expiring_request(RequestBytes body, DecodedEvent& event);
[[nodiscard]] Decoded decode_program_request(RequestBytes body, std::uint64_t body_hash_key,
                                             DecodedEvent& event);
[[nodiscard]] Decoded decode_clock_advance(RequestBytes body, std::uint64_t body_hash_key,
                                           DecodedEvent& event);
void append_request(Bytes& out, const CommandHead& head, const ReadStatement& body);
void append_request(Bytes& out, const CommandHead& head, const ReadExpiring& body);
void append_request(Bytes& out, const CommandHead& head, const PutProgram& body);
void append_request(Bytes& out, const CommandHead& head, const AdvanceClock& body);

// explain: explanation.cc
[[nodiscard]] Decoded decode_explain_request(RequestBytes body, DecodedEvent& event);
void append_request(Bytes& out, const CommandHead& head, const Explain& body);

// Orders and rules: order_requests.cc
[[nodiscard]] Decoded decode_quote_request(RequestBytes body, DecodedEvent& event);
[[nodiscard]] Decoded decode_settle(RequestBytes body, std::uint64_t body_hash_key,
                                    DecodedEvent& event);
[[nodiscard]] Decoded decode_confirm(RequestBytes body, std::uint64_t body_hash_key,
                                     DecodedEvent& event);
[[nodiscard]] Decoded decode_cancel(RequestBytes body, std::uint64_t body_hash_key,
                                    DecodedEvent& event);
[[nodiscard]] Decoded decode_refund_order(RequestBytes body, std::uint64_t body_hash_key,
                                          DecodedEvent& event);
[[nodiscard]] Decoded decode_order_request(RequestBytes body, DecodedEvent& event);
[[nodiscard]] Decoded decode_rules_request(RequestBytes body, std::uint64_t body_hash_key,
                                           DecodedEvent& event);
[[nodiscard]] Decoded decode_terms_request(RequestBytes body, DecodedEvent& event);
void append_request(Bytes& out, const CommandHead& head, const AskQuote& body);
void append_request(Bytes& out, const CommandHead& head, const Settle& body);
void append_request(Bytes& out, const CommandHead& head, const ConfirmOrder& body);
void append_request(Bytes& out, const CommandHead& head, const CancelOrder& body);
void append_request(Bytes& out, const CommandHead& head, const RefundOrder& body);
void append_request(Bytes& out, const CommandHead& head, const ReadOrder& body);
void append_request(Bytes& out, const CommandHead& head, const PutRules& body);
void append_request(Bytes& out, const CommandHead& head, const ReadTerms& body);

// Offers, codes and vouchers: offer_requests.cc
[[nodiscard]] Decoded decode_redeem_request(RequestBytes body, std::uint64_t body_hash_key,
                                            DecodedEvent& event);
[[nodiscard]] Decoded decode_reveal_request(RequestBytes body, std::uint64_t body_hash_key,
                                            DecodedEvent& event);
[[nodiscard]] Decoded decode_offers_request(RequestBytes body, DecodedEvent& event);
[[nodiscard]] Decoded decode_vouchers_request(RequestBytes body, DecodedEvent& event);
[[nodiscard]] Decoded decode_offers_put(RequestBytes body, std::uint64_t body_hash_key,
                                        DecodedEvent& event);
[[nodiscard]] Decoded decode_codes_import(RequestBytes body, std::uint64_t body_hash_key,
                                          DecodedEvent& event);
[[nodiscard]] Decoded decode_recall_request(RequestBytes body, std::uint64_t body_hash_key,
                                            DecodedEvent& event);
void append_request(Bytes& out, const CommandHead& head, const Redeem& body);
void append_request(Bytes& out, const CommandHead& head, const Reveal& body);
void append_request(Bytes& out, const CommandHead& head, const ReadOffers& body);
void append_request(Bytes& out, const CommandHead& head, const ReadVouchers& body);
void append_request(Bytes& out, const CommandHead& head, const PutOffers& body);
void append_request(Bytes& out, const CommandHead& head, const ImportCodes& body);
void append_request(Bytes& out, const CommandHead& head, const RecallBatch& body);

// A voucher's life: voucher_requests.cc
[[nodiscard]] Decoded decode_show_request(RequestBytes body, std::uint64_t body_hash_key,
                                          DecodedEvent& event);
[[nodiscard]] Decoded decode_verify_request(RequestBytes body, std::uint64_t body_hash_key,
                                            DecodedEvent& event);
[[nodiscard]] Decoded decode_undo_verify(RequestBytes body, std::uint64_t body_hash_key,
                                         DecodedEvent& event);
void append_request(Bytes& out, const CommandHead& head, const Show& body);
void append_request(Bytes& out, const CommandHead& head, const Verify& body);
void append_request(Bytes& out, const CommandHead& head, const UndoVerification& body);

}  // namespace suanpan::codec
