// WireWorld: frames in, frames out; real sessions, shards, committer and journal behind them.
#pragma once

#include "protocol/codec.h"
#include "server/ledger/counter.h"
#include "server/net/session.h"
#include "tests/support/ledger_world.h"
#include "tests/support/subject.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/shard/shard_world.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::testing {

// All that a server answered to one command. One of the optional parts, where the kind has such.
struct WireAnswer {
    Outcome outcome;
    std::optional<QuoteAnswer> quote;
    std::optional<OrderAnswer> order;
    std::optional<TermsAnswer> terms;
    std::string message;  // of rules_put, offers_put
    std::optional<RedeemAnswer> redeemed;
    std::optional<RevealAnswer> revealed;
    std::optional<ShowAnswer> shown;
    std::optional<VerifyAnswer> verified;  // of undo_verify too
    std::optional<OffersAnswer> offers;
    std::optional<VouchersAnswer> vouchers;
    std::optional<CodesAnswer> codes;
    std::optional<RecallAnswer> recalled;
};

// An offer's units, as the journal has them and as their owner does.
struct OfferUnits {
    std::int64_t issued = 0;
    std::int64_t set_aside = 0;
    std::int64_t given = 0;    // issued and set aside, as the owner of the stock has it
    std::int64_t free = 0;     // likewise; 0 as long as nobody has asked for any
    std::int64_t tickets = 0;  // the last one
};

// One session for each partner, 1 and 2, on the first of several shards; whatever is asked is
// encoded, framed, decoded, routed, decided, committed and answered the same way back. Nothing is
// missing of a server but its sockets and its disk. Single-threaded.
class WireWorld final : public Subject, private shard::CommandPort {
public:
    explicit WireWorld(std::uint16_t shards);
    ~WireWorld() override;

    [[nodiscard]] WireAnswer ask(const Command& command, Instant now);

    Outcome submit(const Command& command, Instant now) override {
        return ask(command, now).outcome;
    }
    Outcome balance(const MemberId& member, ProgramId program, Instant now) override;
    Expiring expiring(const MemberId& member, ProgramId program, Duration within,
                      Instant now) override;
    SubjectTotals totals(ProgramId program, Instant now) override;
    void raise_floor(std::int64_t) override {}  // it rises by itself
    void sweep(Instant now) override { advance(now); }
    // INV-13 as well: whether the last command was refused and has changed something all the same;
    // and INV-9 of every offer.
    std::string broken_invariant(Instant now) override;
    [[nodiscard]] OfferUnits units(ProgramId program, std::uint32_t offer);
    // Of all batches of an offer together; nothing where it never had codes.
    [[nodiscard]] std::optional<cards::CodeCounts> codes(std::uint32_t offer);

    // As if the process had been killed, and started with another number of shards: what it then
    // makes of its journal.
    void restart(std::uint16_t shards);
    [[nodiscard]] LedgerWorld::Digest digest();

private:
    struct Partner;

    void submit(const Command& command, const shard::ReplyTo& to) override;
    [[nodiscard]] bool is_behind() const override { return false; }
    [[nodiscard]] std::int64_t request_floor_ms() const override;
    void advance(Instant now);
    [[nodiscard]] Partner& partner(PartnerId id);
    [[nodiscard]] std::vector<const ledger::Ledger*> ledgers();
    [[nodiscard]] std::string broken_offer();

    shard::ShardWorld world_;
    TemporaryFolder folder_;
    PartnerDirectory directory_;
    ShardMetrics metrics_;
    net::SessionEnvironment environment_;
    std::map<PartnerId, std::unique_ptr<Partner>> partners_;
    net::Session* asking_ = nullptr;  // whose command is under way
    std::string changed_by_refusal_;
};

}  // namespace suanpan::testing
