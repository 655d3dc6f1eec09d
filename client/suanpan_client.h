// The library that partners link: every request of the server as a function.
//
//   suanpan::client::Client client({.endpoints = {{"127.0.0.1", 7400}}, .partner = ..., .key =
//   ...}); const auto answer = client.spend({.member = alice, .program = lotus}, {.amount =
//   Points{60}}); if (answer.fate == Fate::unknown) answer = client.resolve(answer);
//
// The library makes a request id per call and keeps it through every retry, so that however often
// the network fails a call is executed at most once.
#pragma once

#include "client/answer.h"
#include "client/options.h"
#include "protocol/command.h"
#include "protocol/offer.h"
#include "protocol/order.h"
#include "protocol/voucher_name.h"

#include <expected>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::client {

// Whom a call concerns.
struct Target {
    MemberId member;
    ProgramId program{};
    PrincipalId principal{};  // who at the partner asks; 0: nobody in particular
    RequestId request_id;     // zero: a fresh one. Pass the old one to repeat a request.
    Duration deadline;        // zero: Options::deadline
};

// What the server said of itself when the connection was made.
struct ServerFacts {
    std::uint64_t uuid_high = 0;
    std::uint64_t uuid_low = 0;
    std::string version;
    std::uint32_t shards = 0;
    std::int64_t request_floor_ms = 0;
    bool sandbox = false;
};

struct ConnectError {
    Code code = Code::ok;  // the server's refusal; ok where it could not be reached at all
    std::string text;
};

using Callback = std::move_only_function<void(Answer)>;

// How a shop uses a voucher.
struct Verification {
    std::string reference;  // the shop's own name of it, 1 to 64 bytes; again: the first answer
    std::uint32_t merchant = 0;
    std::uint32_t store = 0;
    std::int64_t amount = 0;  // uses, or minor units; 0: one use, or all that is left of an amount
    std::uint64_t origin = 0;
};

// A connection pool to one server, with one thread of its own that does all input and output.
//
// Any thread may call any function. Calls that are in flight at the same time have no order among
// each other, even for one member: wait for an answer where order matters. What is in flight
// together is put into common frames and sent straight to the shards of its members.
//
// Memory is bounded by Options. The destructor ends all calls (Trouble::closed) and waits for
// running callbacks.
class Client {
public:
    // Starts to connect and returns at once. Throws std::runtime_error where the options are unfit.
    explicit Client(Options options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Waits for the first greeting. An error as soon as every endpoint has failed once; the client
    // goes on trying all the same.
    std::expected<ServerFacts, ConnectError> connect();

    // Calls that wait for their answer. Not to be used inside callbacks.
    Answer earn(const Target& target, const Earn& earn) { return call(target, earn); }
    Answer spend(const Target& target, const Spend& spend) { return call(target, spend); }
    // The hold's number comes as outcome.detail.
    Answer hold(const Target& target, const PlaceHold& hold) { return call(target, hold); }
    Answer capture(const Target& target, const CaptureHold& part) { return call(target, part); }
    Answer release(const Target& target, HoldId hold) {
        return call(target, ReleaseHold{.hold = hold});
    }
    Answer refund(const Target& target, const Refund& refund) { return call(target, refund); }
    Answer revoke(const Target& target, const Revoke& revoke) { return call(target, revoke); }
    Answer adjust(const Target& target, const Adjust& adjust) { return call(target, adjust); }
    Answer freeze(const Target& target, std::uint16_t reason) {
        return call(target, Freeze{.frozen = true, .reason = reason});
    }
    Answer unfreeze(const Target& target, std::uint16_t reason) {
        return call(target, Freeze{.frozen = false, .reason = reason});
    }
    Answer set_limit(const Target& target, const SetLimit& limit) { return call(target, limit); }
    Answer member_update(const Target& target, const MemberUpdate& update) {
        return call(target, update);
    }
    Answer balance(const Target& target) { return call(target, ReadBalance{}); }
    Answer statement(const Target& target, const ReadStatement& page) { return call(target, page); }
    Answer expiring(const Target& target, Duration within) {
        return call(target, ReadExpiring{.within = within});
    }
    // What became of `target.request_id`: see Answer of lookup in docs/protocol.md.
    Answer lookup(const Target& target) { return call(target, Lookup{}); }
    // The same, with what the request did to lots and limits (Answer::explanation) where it was
    // executed.
    Answer explain(const Target& target) { return call(target, Explain{}); }
    Answer create_program(const ProgramSpec& spec, RequestId request_id = {});
    Answer update_program(const ProgramSpec& spec, RequestId request_id = {});

    // Orders: docs/checkout.md. What quote, order and terms answer stands in the Answer's field of
    // that name; names of orders and payments have at most 64 bytes.
    Answer quote(const Target& target, const AskedOrder& order);
    Answer settle(const Target& target, std::string_view order, std::span<const std::byte> token);
    Answer confirm(const Target& target, std::string_view order, std::string_view payment,
                   Money amount, std::string_view currency);
    Answer cancel(const Target& target, std::string_view order);
    // By amount (0: all that is left), or by lines. outcome.detail: the cash to return.
    Answer refund_order(const Target& target, std::string_view order, Money amount,
                        const std::vector<LineRefund>& lines = {}, std::uint16_t reason = 0,
                        std::uint16_t grace_days = 0);
    Answer order(const Target& target, std::string_view order);
    // Answer::message says what is wrong with a book that is refused as rules_invalid.
    Answer put_rules(ProgramId program, std::string_view text, RequestId request_id = {});
    Answer terms(ProgramId program, std::uint32_t version = 0);

    // Offers and vouchers: docs/cards.md. What they answer stands in Answer::redeemed, revealed,
    // offers, vouchers and codes. Where a redeem or reveal ends as unknown, send it again under its
    // request id: the repeat brings the vouchers and codes, which resolve() does not.
    Answer redeem(const Target& target, std::uint32_t offer, std::int64_t quantity = 1,
                  std::uint64_t origin = 0) {
        return call(target, Redeem{.offer = offer, .quantity = quantity, .origin = origin});
    }
    // With cash: units and points are set aside until Answer::redeemed->held_until, under an order
    // of your own name; confirm() or cancel() it. Where it is paid, reveal() shows the codes.
    Answer redeem_with_cash(const Target& target, std::uint32_t offer, std::int64_t quantity,
                            Money cash, std::string_view order, std::uint64_t origin = 0);
    Answer reveal(const Target& target, const VoucherNumber& voucher, std::uint64_t origin = 0) {
        return call(target, Reveal{.voucher = voucher, .origin = origin});
    }
    // What the member could take now.
    Answer offers(const Target& target, const ReadOffers& page = {}) { return call(target, page); }
    Answer vouchers(const Target& target, const ReadVouchers& page = {}) {
        return call(target, page);
    }
    // A voucher's life: a token for its owner; a shop that uses it, with the token or the code; the
    // same undone. What they answer stands in Answer::shown and verified. Their request ids are the
    // voucher's: where one ends as unknown, send it again under its id; resolve() leaves it
    // unknown.
    Answer show(const Target& target, const VoucherNumber& voucher, Duration life = seconds(60),
                std::uint64_t origin = 0) {
        return call(target, Show{.task = {.voucher = voucher, .asker = {}, .origin = origin},
                                 .life = life});
    }
    // Of the target the program counts, not the member. What the library keeps of a code it wipes.
    Answer verify(const Target& target, const TokenBytes& token, const Verification& asked);
    Answer verify(const Target& target, std::string_view code, const Verification& asked);
    Answer undo_verify(const Target& target, const VoucherNumber& voucher,
                       std::string_view reference);
    // Answer::message says what is wrong with a file that is refused as offer_invalid.
    Answer put_offers(ProgramId program, std::uint32_t version, std::string_view text,
                      RequestId request_id = {});
    // Whole lines of a file of codes, the first being its line `first_line`. What the library keeps
    // of the codes it wipes; `lines` is the caller's.
    Answer import_codes(ProgramId program, std::uint32_t offer, std::uint32_t batch,
                        std::uint64_t first_line, std::string_view lines,
                        RequestId request_id = {});
    // Takes back a batch of codes for good: what is free of it leaves the stock, what was issued of
    // it can no longer be used.
    Answer recall(ProgramId program, std::uint32_t offer, std::uint32_t batch,
                  std::uint16_t reason = 0, RequestId request_id = {});

    Answer advance_clock(Duration by, RequestId request_id = {});  // of a sandbox
    // Asks nothing. The time it takes is the way there and back.
    Answer ping();

    // Turns an unknown answer into a certain one, as far as the server can: done with the first
    // result, or refused with the first code, or refused with not_executed. It stays unknown while
    // the id could still run; sending the request again under its id is safe then.
    Answer resolve(const Answer& unknown);

    // The same with any command. The kind follows from the type of `body`.
    Answer call(const Target& target, const CommandBody& body);
    std::future<Answer> send(const Target& target, const CommandBody& body);
    // `callback` runs on the library's thread, exactly once (on the caller's where the call is
    // refused with queue_full). It must not block and may send again.
    void send(const Target& target, const CommandBody& body, Callback callback);

    // A fresh request id: UUIDv7, rising within the process, by this machine's clock. For callers
    // that write the id down before they send; left to itself the library makes one by the
    // server's clock.
    [[nodiscard]] static RequestId make_request_id();

private:
    class Engine;
    Answer call_as(CommandKind kind, const Target& target, const CommandBody& body);
    std::unique_ptr<Engine> engine_;
};

}  // namespace suanpan::client
