// Shop: introduces the cards to the ledger. Offers, and what a redemption needs of them.
#pragma once

#include "protocol/offer.h"
#include "server/cards/admission.h"
#include "server/cards/offer.h"
#include "server/cards/offer_file.h"
#include "server/cards/refusal.h"
#include "server/cards/reserved_units.h"
#include "server/cards/velocity_window.h"
#include "server/ledger/ledger.h"
#include "server/shard/card_vault.h"
#include "server/shard/owner_mail.h"
#include "server/shard/reply.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::shard {

// One shard's, on its thread only. Keeps the newest file of each program that its ledger has as
// text, and counts requests under the files' velocity rules: those of members that live here, and
// those of origins that this shard owns. Windows begin anew with the process, and where a file
// changes its rules.
class Shop {
public:
    // What points are worth for whoever buys there, by the rules in force; nothing where they pay
    // nothing.
    struct WorthAsked {
        ProgramId program{};
        cards::MerchantId merchant{};
        cards::LevelId level{};
    };
    using WorthOf = std::function<std::optional<cards::PointWorth>(const WorthAsked&, Instant)>;

    Shop(const ledger::Ledger& ledger, CardVault& vault, WorthOf worth_of, std::uint64_t hash_seed);

    // The ledger may have newer files.
    void refresh();

    // Null where the program has no such offer. The same object as long as nothing of it changes.
    [[nodiscard]] std::shared_ptr<const cards::Offer> find(ProgramId program,
                                                           std::uint32_t offer) const;
    [[nodiscard]] std::optional<std::int64_t> stock_of(const ledger::CounterKey& key) const;
    [[nodiscard]] std::optional<cards::ReservationTerms> terms_of(
        const ledger::CounterKey& key) const;

    // ---- velocity

    using Passed = std::expected<void, cards::VelocityRefusal>;
    // Whether the rules by member let it pass; nothing is counted yet.
    [[nodiscard]] Passed check_member(const CommandHead& head, cards::VelocityKind kind,
                                      Instant now);
    // Counts it, where they do; `busy` where there is no room to remember it.
    [[nodiscard]] Passed count_member(const CommandHead& head, cards::VelocityKind kind,
                                      Instant now);
    [[nodiscard]] bool asks_origin(ProgramId program, cards::VelocityKind kind) const;
    // Counts it, where the rules by origin let it pass.
    [[nodiscard]] Passed count_origin(const OwnerAsk& ask, Instant now);

    // ---- redemptions

    // What a redemption of `offer` would take now, or why it may not.
    [[nodiscard]] std::expected<RedeemTerms, cards::Refusal> admit(const Command& command,
                                                                   const cards::Offer& offer,
                                                                   Instant now) const;
    // The stock of a confirmed redemption whose vouchers would have ended by now: there is nothing
    // left that a late payment could buy.
    [[nodiscard]] std::optional<ledger::CounterKey> ended(const Command& command,
                                                          Instant now) const;
    // Number of the order that a confirmation would pay in time, and whose codes were recalled
    // meanwhile; 0: it pays for none such.
    [[nodiscard]] std::uint32_t withdrawn(const Command& command, Instant now) const;
    // True where every code that was granted opens. Learns the keys of their batches.
    [[nodiscard]] bool can_show(const cards::Offer& offer, const OwnerAnswer& granted);
    // Adds ticket and vouchers to the entry of a redemption, whose units its owner has granted.
    void issue(const cards::Offer& offer, const OwnerAnswer& granted, std::int64_t quantity,
               ledger::Entry& entry) const;
    // Adds ticket and codes to the order of a redemption with cash, whose units are granted.
    void set_aside(const OwnerAnswer& granted, ledger::Entry& entry) const;
    // Adds the vouchers to an entry that confirms the order of a redemption; of any other it
    // changes nothing. `granted`: to a late payment, by the owner of the stock; null: what was set
    // aside is issued. False where they cannot be issued now.
    [[nodiscard]] bool issue_order(const OwnerAnswer* granted, ledger::Entry& entry);
    // The voucher after its owner has seen its code, or why he may not.
    [[nodiscard]] std::expected<std::vector<std::byte>, cards::Refusal> reveal(
        const Command& command, Instant now) const;
    // True where the code of such a voucher, as reveal() gives it, opens.
    [[nodiscard]] bool can_show(std::span<const std::byte> voucher) const;
    // What a request gets beside its outcome, from its entry alone (P2); null where nothing.
    [[nodiscard]] std::unique_ptr<ReplyBody> answer_of(const ledger::Entry& entry);

    // ---- a new file

    // One that somebody wants to put. `code` is ok or says why not, with `detail` and `message`.
    struct Loaded {
        Code code = Code::ok;
        std::int64_t detail = 0;
        std::string message;
        std::vector<OwnerAsk> closes;  // the offers that it changes
    };
    [[nodiscard]] Loaded load(const PutOffers& command, ProgramId program) const;

    // ---- reads

    [[nodiscard]] OffersAnswer offers(const Command& command, Instant now) const;
    [[nodiscard]] VouchersAnswer vouchers(const Command& command, Instant now) const;
    // What an offer's owner has published.
    void set_count(const PublishedCount& count) { counts_[count.key] = count; }

private:
    using OfferPtr = std::shared_ptr<const cards::Offer>;
    struct File {
        std::uint32_t version = 0;
        std::map<std::uint32_t, OfferPtr> offers;
        std::vector<cards::VelocityRule> rules;
        // Those by member, those by origin.
        std::unique_ptr<cards::VelocityWindow> of_members;
        std::unique_ptr<cards::VelocityWindow> of_origins;
    };
    void install(const ledger::RuleText& text);
    [[nodiscard]] const File* file_of(ProgramId program) const;
    [[nodiscard]] std::optional<cards::MemberFacts> facts_of(const CommandHead& head,
                                                             const cards::Offer& offer,
                                                             Instant now) const;
    [[nodiscard]] Currency currency_of(const cards::Offer& offer) const;
    [[nodiscard]] static std::optional<Money> cash_for_one(const cards::Offer& offer,
                                                           const cards::MemberFacts& facts,
                                                           Instant now);
    // Units that an entry issues.
    struct Sold {
        std::int64_t quantity = 0;
        std::uint64_t ticket = 0;
        std::vector<cards::ReservedCode> codes;  // one each, or none
        bool revealed = false;
    };
    void put_vouchers(const cards::Offer& offer, const Sold& sold, ledger::Entry& entry) const;

    [[nodiscard]] ClearCode code_of(const ledger::HeldVoucher& held) const;

    const ledger::Ledger& ledger_;
    CardVault& vault_;
    WorthOf worth_of_;
    std::uint64_t hash_seed_;
    std::map<ProgramId, File> files_;
    std::map<ledger::CounterKey, PublishedCount> counts_;
};

}  // namespace suanpan::shard
