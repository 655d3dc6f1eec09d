// Ledger: the points of one shard. Decides commands and applies entries; knows no clock, no disk.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/points.h"
#include "protocol/base/time.h"
#include "protocol/code.h"
#include "protocol/command.h"
#include "server/ledger/account_table.h"
#include "server/ledger/entry.h"
#include "server/ledger/house.h"
#include "server/ledger/program.h"
#include "server/ledger/recalled_batch.h"
#include "server/ledger/record.h"
#include "server/ledger/request_log.h"
#include "server/ledger/rule_text.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace suanpan::ledger {

struct LedgerOptions {
    std::uint64_t seed = 0;   // secret, of the data directory: request digests and tables
    std::uint32_t shard = 0;  // written into house records; means nothing else to the ledger
    std::uint32_t shard_count = 1;
};

// How decide() ended.
struct Decision {
    enum class Verdict : std::uint8_t {
        accepted,      // the entry is complete but for its LSNs: apply() it
        refused,       // `code` and `detail`; nothing changes (INV-13)
        needs_expire,  // too much is due: make_expire_entry() and apply it, then decide again
    } verdict = Verdict::refused;
    Code code = Code::ok;
    std::int64_t detail = 0;

    [[nodiscard]] bool accepted() const { return verdict == Verdict::accepted; }
    // The refusal's answer: exactly code, time and detail, until the shard adds the block's LSN.
    [[nodiscard]] Outcome refusal(Instant now) const {
        Outcome outcome;
        outcome.code = code;
        outcome.time = now;
        outcome.detail = detail;
        return outcome;
    }
};

// Which records apply() changes. In a replay, those whose record has not got the entry yet.
struct ApplyParts {
    bool account = true;
    bool house = true;
};

// Points of one program on one shard. Posted: as the journal has it. Effective: what is due at the
// instant counted as if it were posted (INV-3 holds for both).
struct Totals {
    WideSum issued = 0;  // earned and adjusted up
    WideSum available = 0;
    WideSum held = 0;
    WideSum pending = 0;
    WideSum debt = 0;   // contained in `available`, which it lessens
    WideSum spent = 0;  // net of refunds; adjusted down included
    WideSum expired = 0;
    WideSum revoked = 0;
    std::uint64_t accounts = 0;
    std::uint64_t lots = 0;
    std::uint64_t open_holds = 0;

    void add(const Totals& other);
    // issued = available + held + pending + spent + expired + revoked (INV-3).
    [[nodiscard]] bool balance() const {
        return issued == available + held + pending + spent + expired + revoked;
    }
};

// The accounts, programs, house counters and request log of one shard.
//
// decide() reads and refuses; apply() must succeed and is all that changes anything, live and in a
// replay alike. Owned by its shard and used on that shard's thread only. Time comes in as `now`.
class Ledger {
public:
    explicit Ledger(const LedgerOptions& options);
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    // The LSN of the entry that the command is about (refund, revoke), else 0. The caller fetches
    // that entry and passes it to decide(); null where the journal has none.
    [[nodiscard]] static Lsn needs_original(const Command& command);
    // Decides a command that changes something. Request log, clock and partner have been asked
    // before. Fills `out` where accepted; leaves it in any state where not. Codes come in the order
    // that protocol/code.h declares.
    //
    // An entry may have a CounterAdd that takes(): those units are to be taken from the counter's
    // owner before it is applied. Where the owner has too few, decide again, with that counter as
    // `used_up`: now the command is refused, or does without.
    [[nodiscard]] Decision decide(const Command& command, Instant now, const Entry* original,
                                  Entry& out, const CounterKey* used_up = nullptr);
    // Posts as many due items of the account as one entry takes. False where nothing is due.
    bool make_expire_entry(const MemberId& member, ProgramId program, Instant now, Entry& out);

    // Ends an order that waits for its cash before its time, since what was set aside for it is not
    // there any more: an entry as of a time-out that comes now, with what is due beside it. False
    // where it does not wait, or has timed out.
    bool make_withdrawal_entry(const MemberId& member, ProgramId program, std::uint32_t order,
                               Instant now, Entry& out);

    // Applies an entry. In live mode its LSN is still 0 and exchange_last_lsn() follows, in order,
    // before the next entry of this account leaves the shard. With an LSN (replay) the account and
    // house records take it. Returns the account it touched, or no_account.
    AccountRef apply(const Entry& entry, ApplyParts parts = {});
    // Sets the account's newest LSN, and that of its house record; returns the account's one
    // before.
    Lsn exchange_last_lsn(AccountRef ref, Lsn lsn);
    // True where the entry's account record does not have the entry yet (replay after a
    // checkpoint). Takes entry.account_hint, where there is one, for its place.
    [[nodiscard]] bool account_lacks(const Entry& entry) const;

    // Programs
    void install(const ProgramSpec& spec) { programs_.install(spec); }
    [[nodiscard]] const Program* program(ProgramId id) const { return programs_.find(id); }
    [[nodiscard]] const ProgramTable& programs() const { return programs_; }
    void install(const RuleTextPtr& rules) { rules_.install(rules); }
    [[nodiscard]] const RuleTextTable& rules() const { return rules_; }
    // Of each program the newest file of offers; an older one changes nothing.
    void install_offers(const RuleTextPtr& offers) { offers_.install_newest(offers); }
    [[nodiscard]] const RuleTextTable& offers() const { return offers_; }
    // Batches of card codes that were recalled; a second time is nothing.
    void install(const RecalledBatch& batch) { recalled_.insert(batch); }
    [[nodiscard]] const std::set<RecalledBatch>& recalled() const { return recalled_; }

    // Reads, in the effective form. An account that never was has zero of everything.
    [[nodiscard]] Outcome balances(const MemberId& member, ProgramId program, Instant now) const;
    [[nodiscard]] Expiring expiring(const MemberId& member, ProgramId program, Duration within,
                                    Instant now) const;
    [[nodiscard]] Lsn last_lsn(const MemberId& member, ProgramId program) const;
    [[nodiscard]] AccountRef find_account(const MemberId& member, ProgramId program) const {
        return accounts_.find(member, program);
    }
    // The account as it is at `now`, with everything due posted; null where it never was. Where
    // something is due, `room` holds the copy that was made.
    [[nodiscard]] const Account* account_at(const MemberId& member, ProgramId program, Instant now,
                                            std::optional<Account>& room) const;
    // What a command's decision reads lies a few cache misses away, one after the other. Called for
    // all commands of a batch before the first is decided, first the one and then the other, these
    // let the misses overlap.
    void prefetch_indexes(const CommandHead& head) const;
    void prefetch_account(const CommandHead& head) const {
        accounts_.prefetch_account(head.member, head.program);
    }
    // The same in steps that do not wait, for long rows of entries: each step for all of them
    // before the next. warm_account() finds the account, or no_account where there is none yet.
    void warm_index(const MemberId& member, ProgramId program) const {
        accounts_.prefetch(member, program);
    }
    [[nodiscard]] AccountRef warm_account(const MemberId& member, ProgramId program) const;
    void warm_tail(AccountRef ref) const;
    void warm_lots(AccountRef ref) const;
    [[nodiscard]] const Account& account(AccountRef ref) const { return accounts_[ref]; }
    [[nodiscard]] std::uint32_t account_count() const { return accounts_.size(); }
    // Lots of all accounts, those included that are due and not posted yet.
    [[nodiscard]] std::uint64_t lot_count() const { return lot_count_; }

    // Request log
    [[nodiscard]] RequestLog& request_log() { return request_log_; }
    [[nodiscard]] const RequestLog& request_log() const { return request_log_; }
    [[nodiscard]] Hash128 digest_of(const CommandHead& head) const {
        return head.kind == CommandKind::codes_import
                   ? import_digest(head.partner, head.program, head.request_id, options_.seed)
                   : request_digest(head.partner, head.member, head.request_id, options_.seed);
    }
    [[nodiscard]] Hash128 digest_of(const Command& command) const {
        return is_of_a_voucher(command.head.kind)
                   ? voucher_digest(command.head.partner, request_owner_of(command),
                                    command.head.request_id, options_.seed)
                   : digest_of(command.head);
    }
    [[nodiscard]] Hash128 digest_of(const Entry& entry) const {
        if (is_of_a_voucher(static_cast<CommandKind>(entry.kind)))
            return voucher_digest(
                entry.partner,
                entry.vouchers.empty() ? VoucherNumber{} : entry.vouchers.front()->number,
                entry.request_id, options_.seed);
        return entry.kind == EntryKind::codes_import
                   ? import_digest(entry.partner, entry.program, entry.request_id, options_.seed)
                   : request_digest(entry.partner, entry.member, entry.request_id, options_.seed);
    }
    [[nodiscard]] static RefusalRecord refusal_record(const CommandHead& head,
                                                      const Hash128& digest, Code code,
                                                      std::int64_t detail,
                                                      std::uint64_t member_hash);
    // Replay: remembers the entry's request id, or those of a block's refusals that `mine` says
    // yes to (by member hash), where they are not older than `floor_ms`.
    void remember(const Entry& entry, std::int64_t floor_ms,
                  const std::function<bool(std::uint64_t member_hash)>& mine);

    // Posts what is due and nobody came for: looks at most at `accounts_max` accounts, goes on
    // where the last call ended, and first serves holds that have expired. `post` gets each entry
    // filled but for LSNs; it applies and stages it, or returns false to stop. Returns accounts
    // looked at. Members that `is_busy` says yes to are left alone, until a later call.
    std::size_t sweep(Instant now, std::size_t accounts_max, Entry& entry,
                      const std::function<bool(Entry&)>& post,
                      const std::function<bool(const MemberId&)>& is_busy = {});

    // Audit
    [[nodiscard]] Totals posted_totals(ProgramId program) const;
    [[nodiscard]] Totals effective_totals(ProgramId program, Instant now) const;
    void add_house_to(HouseMap& sum) const;
    // Adds this shard's part of the counters that all members share.
    void add_counters_to(CounterMap& sum) const;
    // Gives every voucher to `take`.
    void for_each_voucher(const std::function<void(const HeldVoucher&)>& take) const;
    // Adds this shard's part of the tickets of offers; by the counter of their stock.
    void add_tickets_to(std::map<CounterKey, TicketSpan>& sum) const;
    // Adds the units that this shard's waiting orders have set aside, by time-out. Costs a look at
    // each account with an open hold.
    void add_reserved_to(std::map<CounterKey, ReservedMap>& sum) const;
    // Gives each order that waits for its cash to `take`; costs the same.
    void for_each_waiting(const std::function<void(const Account&, const Order&)>& take) const;

    // Checkpoint. Copies whole records into `out` until `byte_budget` is used up; false where the
    // cursor has reached the end. Accounts made meanwhile come along or are replayed.
    bool next_slice(RecordCursor& cursor, std::size_t byte_budget, RecordSlice& out) const;
    // Before a load of so many accounts.
    void reserve_accounts(std::uint32_t accounts) { accounts_.reserve(accounts); }
    // Fetches what load_record() of it will look at first, without waiting for it.
    void warm_record(std::span<const std::byte> record) const;
    // Puts one record back, as next_slice() gave it. A house record adds to the program's counters.
    std::expected<void, RecordDamage> load_record(std::span<const std::byte> record);

    // Commutative sum of the hashes of all account records: add up shards with HashSum. Programs
    // and house counters are not in it (every shard has the one, part of the other); the caller
    // adds hash_of_programs() once and hash_of_house() of the summed counters (INV-12).
    [[nodiscard]] HashSum state_hash() const;
    [[nodiscard]] HashSum hash_of_programs() const;
    [[nodiscard]] static HashSum hash_of_house(const HouseMap& sum);

    // Slow and complete: the first invariant that does not hold, by its name and in a sentence, or
    // nothing. Needs the house counters of this shard alone to match its accounts.
    [[nodiscard]] std::optional<std::string> check_invariants(Instant now) const;

    // Bytes of slots and indexes of accounts, without tails.
    [[nodiscard]] std::size_t account_bytes() const { return accounts_.bytes(); }

private:
    friend class Decider;
    struct HoldExpiry {
        Instant at;
        AccountRef account;
        friend bool operator>(const HoldExpiry& a, const HoldExpiry& b) { return a.at > b.at; }
    };
    // `withdrawn`: number of the order whose hold ends now, whenever it was to; 0: none.
    bool fill_expire_entry(AccountRef ref, Instant now, Entry& out,
                           std::uint32_t withdrawn = 0) const;
    static void put_orders(const Entry& entry, Account& account);
    void take_house_effects(const Entry& entry);
    House& house(ProgramId program);
    void watch_holds(const Account& account, AccountRef ref);
    [[nodiscard]] std::vector<AccountRef> accounts_with_holds() const;
    bool slice_vouchers(RecordCursor& cursor, std::size_t byte_budget, RecordSlice& out) const;
    bool slice_orders(RecordCursor& cursor, std::size_t byte_budget, RecordSlice& out) const;
    void slice_requests(RecordCursor& cursor, RecordSlice& out) const;
    // The account as it would be with everything due posted; adds what expired to `expired`.
    [[nodiscard]] Account settled(const Account& account, Instant now, WideSum& expired) const;

    LedgerOptions options_;
    ProgramTable programs_;
    RuleTextTable rules_;
    RuleTextTable offers_;
    std::set<RecalledBatch> recalled_;
    AccountTable accounts_;
    HouseMap houses_;
    ProgramId last_house_id_{};
    House* last_house_ = nullptr;  // of last_house_id_: nearly every entry is of one program
    RequestLog request_log_;
    // Every account with an open hold is in it; `all` lets a walk see them without popping.
    struct HoldQueue : std::priority_queue<HoldExpiry, std::vector<HoldExpiry>, std::greater<>> {
        [[nodiscard]] const std::vector<HoldExpiry>& all() const { return c; }
    };
    HoldQueue hold_expiries_;
    std::uint32_t sweep_next_ = 0;
    std::uint64_t lot_count_ = 0;
};

}  // namespace suanpan::ledger
