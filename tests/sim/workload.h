// Workload: what the clients of a simulation want, and what they have been told.
#pragma once

#include "protocol/command.h"
#include "protocol/offer.h"
#include "protocol/order.h"
#include "tests/model/shelf.h"
#include "tests/sim/offer_facts.h"
#include "tests/sim/random.h"
#include "tests/sim/rule_facts.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace suanpan::sim {

// A voucher as its buyer was told of it.
struct Card {
    VoucherNumber number;
    Instant expires_at;
    std::string code;
    friend bool operator==(const Card&, const Card&) = default;
};

// A voucher that somebody has seen, as its owner or in an answer.
struct KnownVoucher {
    VoucherNumber number;
    MemberId member;
    ProgramId program{};
    std::string code;  // empty: none, or not seen
};

// One request under one id, over all the times it is sent.
struct Op {
    Command command;
    std::shared_ptr<const CommandPayload> payload;  // that the command points to
    std::optional<std::size_t> quote;               // that a settlement names
    std::shared_ptr<const OfferFacts> offers;       // that a file puts
    std::shared_ptr<const model::CodeList> codes;   // that an import brings
    std::uint32_t client = 0;
    std::uint32_t sends_under_way = 0;  // answers that are still to come
    std::uint32_t attempts = 0;
    bool has_rival = false;     // the same id was given to another body as well
    bool is_abandoned = false;  // its client died and will not ask again
    bool was_lost = false;      // what it came to was undone by a restore
    bool wants_lookup = false;  // request_too_old, or no wish to send it again: a lookup can say
    Code last_code = Code::ok;  // of the newest answer, for messages
    std::vector<Card> cards;    // of the answer to a redemption, or to a reveal
    std::vector<std::uint64_t> lines;  // of the answer to an import: taken, and refused by number
    Money cash;                        // of the answer to a redemption: what is due
    Instant held_until;                // and until when
    std::optional<ShowAnswer> shown;
    std::optional<VerifyAnswer> verified;  // or undone
    std::optional<RecallAnswer> recalled;
    Lsn sent_after;                      // durable when it was first sent
    std::uint64_t first_life = 0;        // of the server, likewise
    std::optional<Outcome> answer;       // ok, 3xx, or a 2xx that leaves no trace
    std::optional<Outcome> looked_up;    // the lookup's final word
    std::uint64_t repeats_compared = 0;  // answers beyond the first, equal to it (P2)

    // A lookup names a member, and what concerns a whole program or a voucher has none.
    [[nodiscard]] bool can_be_looked_up() const {
        return !command.head.member.is_zero() && !is_of_a_voucher(command.head.kind);
    }
    // The order that it has made, waiting for this cash.
    [[nodiscard]] bool sets_aside() const { return cash > Money{}; }
    [[nodiscard]] bool is_settled() const {
        return answer.has_value() || looked_up.has_value() || is_abandoned;
    }
};

// A read and its answer, with what bounds the states that it may show.
struct Read {
    CommandKind kind{};
    MemberId member;
    ProgramId program{};
    Duration within;        // expiring
    Lsn before;             // statement: a page further back
    std::uint64_t sent_at;  // step
    std::uint64_t answered_at = 0;
    Lsn sent_after;  // durable when it was sent
    Lsn known;       // newest entry of the account that anybody had been told of when it was sent
    Lsn durable;     // last durable entry when it was answered
    Lsn oldest;      // entry that was not removed by then
    Outcome outcome;
    std::vector<StatementLine> lines;
    std::vector<ExpiringRow> rows;
    PartnerId partner{};  // who asks: an order is known to its partner only
    OrderId order;
    OrderAnswer shown;
    std::vector<VoucherRow> vouchers;
    std::vector<OfferRow> offers;
    std::uint32_t known_rules = 0;  // newest version that anybody had been told of when it was sent
    model::OfferFile known_offers;  // likewise
    std::uint32_t rule_version = 0;               // quote, terms: what it goes by
    std::string rule_text;                        // terms
    std::shared_ptr<const CommandPayload> asked;  // quote
};

// A quote that somebody has got, and may settle.
struct Quoted {
    PartnerId partner{};
    MemberId member;
    ProgramId program{};
    QuoteAnswer answer;
};

// Which kinds, whose, how large: drawn once per seed.
struct WorkloadShape {
    std::uint64_t members = 4;
    std::uint64_t hot_one_in = 2;  // the first member gets one in so many
    std::int64_t points_max = 100;
    std::uint64_t skewed_clock_one_in = 40;
    std::uint64_t changes_one_in = 1;  // else an earning or a spend
    std::uint64_t orders_one_in = 0;   // of the requests
    std::uint64_t offers_one_in = 0;   // of the others
    bool sells_codes = false;
};

// Makes ops out of chance and of what earlier ones came to; keeps what anybody was told.
// Single-threaded.
class Workload {
public:
    Workload(const WorkloadShape& shape, Random& random) : shape_(shape), random_(random) {}

    static constexpr std::uint32_t programs = 3;

    std::vector<Op> ops;           // by number, which is also their place in time
    std::vector<Read> reads;       // of accounts
    std::vector<Read> rule_reads;  // quotes and terms, which rest on a version of the rules
    std::vector<Quoted> quotes;
    std::map<std::string, RuleFacts> rules;  // every text that was ever sent
    std::vector<Read> offer_reads;
    Lsn oldest{1};           // entry that no retention of this server has removed
    Lsn durable;             // last entry known to be, at any rate
    std::uint64_t life = 0;  // of the server, counted
    std::set<Lsn> starts;    // last entries that its starts have found
    // From its entry on nothing was under way, and nothing went wrong; then came `add_final`.
    Lsn calm_after;
    bool is_calm = false;  // clients wait for an answer, however long that takes

    // Appends the creation of program `id` (1..programs), to be sent before anything else.
    std::uint32_t add_program(std::uint32_t id, Instant wall);
    // Appends the first rule book of program `id`.
    std::uint32_t add_rules(std::uint32_t id, Instant wall);
    // Appends the first file of offers of program `id`.
    std::uint32_t add_offers(std::uint32_t id, Instant wall);
    // Appends an earning, or a redemption of one unit.
    std::uint32_t add_final(std::uint32_t client, Instant wall, CommandKind kind,
                            const MemberId& member, std::uint32_t offer);
    // Appends a random request of `client`, made at `wall`; of kind `kind` where one is given.
    std::uint32_t add(std::uint32_t client, Instant wall, std::optional<CommandKind> kind);
    // Appends the id of one of this client's latest requests with another body; nothing where there
    // is none that suits.
    std::optional<std::uint32_t> add_rival(std::uint32_t client);

    // The member of that place, from 0.
    [[nodiscard]] static MemberId member(std::uint64_t place) {
        return {.high = 0xabcd, .low = place + 1};
    }
    [[nodiscard]] MemberId draw_member();
    [[nodiscard]] ProgramId draw_program();
    [[nodiscard]] static PartnerId partner_of(std::uint32_t client) {
        return PartnerId{1U + client % 2U};
    }

    // An order of somewhat more lines than points, mostly.
    [[nodiscard]] std::shared_ptr<const CommandPayload> draw_asked_order();
    // The name of one of this partner's latest orders.
    [[nodiscard]] OrderId draw_order(std::uint32_t client, MemberId& member, ProgramId& program);
    [[nodiscard]] bool has_orders() const { return shape_.orders_one_in > 0; }

    [[nodiscard]] bool has_offers() const { return shape_.offers_one_in > 0; }
    // Somebody has seen it.
    void note_voucher(const KnownVoucher& voucher);
    // Null where nobody has.
    [[nodiscard]] const KnownVoucher* find_voucher(const VoucherNumber& number) const;

    // Somebody was told that this file is there.
    void note_offers(const OfferFacts& facts);
    // Null where nobody was told of any.
    [[nodiscard]] const OfferFacts* newest_offers(ProgramId program) const;

    // Somebody was told that this version of a program's rules is there.
    void note_rules(ProgramId program, std::uint32_t version);
    [[nodiscard]] std::uint32_t newest_rules(ProgramId program) const;

    // Somebody was told of this entry of the account: no later read may be without it (P4).
    void note_told(const MemberId& member, ProgramId program, Lsn entry);
    [[nodiscard]] Lsn newest_told(const MemberId& member, ProgramId program) const;

    // What anybody had been told, up to a moment.
    struct Told {
        std::map<std::tuple<ProgramId, MemberId>, Lsn> entries;
        std::map<ProgramId, std::uint32_t> rules;
        std::map<ProgramId, OfferFacts> offers;
    };
    [[nodiscard]] Told told() const {
        return {.entries = told_, .rules = told_rules_, .offers = told_offers_};
    }
    // A restore of a copy with `last` as its newest entry, made when `then` had been told: what
    // came later is undone, and whoever knows of it must find out. Returns the ops to be asked
    // again.
    std::vector<std::uint32_t> undo_after(Lsn last, const Told& then);

    // An instant at which something ends or begins: worth being looked at on the dot.
    void note_instant(Instant instant) { instants_.insert(instant); }
    // The first of them after `now`.
    [[nodiscard]] Instant next_instant(Instant now) const;

private:
    [[nodiscard]] const Op* draw_earlier(std::uint32_t client, CommandKind kind, CommandKind other);
    // The same of those that `suits` says yes to; `any_partner`: of other partners' too.
    [[nodiscard]] const Op* draw_done(std::uint32_t client,
                                      const std::function<bool(const Op&)>& suits,
                                      bool any_partner = false);
    [[nodiscard]] RequestId new_id(Instant made);
    void fill_body(Op& op, Instant wall);
    // workload_orders.cc
    void fill_order_body(Op& op, Instant wall);
    void fill_settle(Op& op);
    void fill_confirm(Op& op);
    void fill_refund_order(Op& op);
    void fill_rules(Op& op, Instant wall);
    // workload_offers.cc
    void fill_offer_body(Op& op, Instant wall);
    void fill_redeem(Op& op, const OfferFacts& newest);
    void fill_reveal(Op& op);
    void fill_import(Op& op, Instant wall);
    void fill_recall(Op& op);
    [[nodiscard]] std::uint32_t draw_batch(ProgramId program);
    void put_offers(Op& op, const OfferFacts& facts);
    // workload_vouchers.cc
    void fill_voucher_body(Op& op, Instant wall);
    void fill_show(Op& op);
    void fill_verify(Op& op);
    void fill_proof(Op& op, Verify& verify);
    void fill_undo(Op& op);
    [[nodiscard]] const KnownVoucher* draw_voucher(bool wants_code);
    void go_to_shop(Verify& verify, ProgramId program, std::uint32_t offer);
    [[nodiscard]] VerificationId draw_reference();
    [[nodiscard]] const Op* draw_settled(Op& op);
    [[nodiscard]] static OrderId order_of(const Op& settled);
    // What the order costs in money, less what points are worth.
    [[nodiscard]] Money due_of(const Op& settled) const;
    [[nodiscard]] bool has_subject(const Op& op);

    const WorkloadShape shape_;
    Random& random_;
    std::uint64_t ids_ = 0;
    std::map<std::tuple<ProgramId, MemberId>, Lsn> told_;
    std::set<Instant> instants_;
    std::map<ProgramId, std::uint32_t> told_rules_;
    std::map<ProgramId, RuleFacts> newest_facts_;  // of what was sent
    std::uint64_t order_names_ = 0;
    std::map<ProgramId, OfferFacts> told_offers_;
    std::uint64_t code_names_ = 0;
    std::map<ProgramId, std::set<std::uint32_t>> wanted_back_;  // batches, by those who recall
    std::uint64_t reference_names_ = 0;
    std::uint64_t cash_names_ = 0;
    std::vector<KnownVoucher> vouchers_;          // the latest at the end
    std::map<VoucherNumber, std::size_t> known_;  // where in that list
    std::size_t quotes_begin_ = 0;  // of `quotes`; those before are from before a restore
};

}  // namespace suanpan::sim
