// Shelf: the model's offers, stocks, tickets and card codes, in plain maps.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/command.h"
#include "protocol/order.h"
#include "tests/model/recalled.h"
#include "tests/model/voucher.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace suanpan::model {

// What a file says of one offer; -1: no such limit.
struct OfferSpec {
    std::uint32_t id = 0;
    std::uint32_t version = 1;
    bool has_codes = false;
    bool stopped = false;
    std::int64_t stock = 0;  // of a counted one
    std::int64_t points = 1;
    Instant start;
    Instant end = instant_never;
    std::vector<std::uint16_t> levels;  // empty: all
    std::int64_t per_order = 1;
    std::int64_t per_day = -1;
    std::int64_t ever = -1;
    std::int64_t valid_days = -1;
    Instant valid_until = instant_never;
    VoucherTerms voucher;
    std::int64_t cash = 0;  // of a unit; above 0: it is set aside until that is paid
    std::int64_t pay_within_seconds = 900;
    LatePayment late_payment{};
    std::int64_t share_percent = 100;  // of the stock that may stand set aside
    std::int64_t per_member = 10;      // units set aside of one member
    std::int64_t per_origin = -1;
    friend bool operator==(const OfferSpec&, const OfferSpec&) = default;
};
// The whole file of a program.
struct OfferFile {
    ProgramId program{};
    std::uint32_t version = 0;
    std::vector<OfferSpec> offers;
};

// A line of a file of codes. One that has fewer than four characters is none.
struct CodeLine {
    std::string code;
    Instant expires_at = instant_never;
};
struct CodeList {
    ProgramId program{};
    std::uint32_t offer = 0;
    std::uint32_t batch = 0;
    std::vector<CodeLine> lines;
};

// Everything here is durable: a Shelf is told of entries in order of LSN. Whoever tells it
// something that cannot be gets a sentence back, and nothing has happened then.
class Shelf {
public:
    // The next version of a program's file.
    [[nodiscard]] std::string put(const OfferFile& file);
    // Returns the codes that were taken, in the order of their lines; the others are there already,
    // or are no codes.
    std::vector<CodeLine> import(const CodeList& list, Lsn entry);
    // A redemption of `vouchers`, which are units of one offer with their codes (INV-9, INV-10).
    [[nodiscard]] std::string take(ProgramId program, const std::vector<Voucher>& vouchers,
                                   std::uint32_t batch_of_first, Instant now, Lsn entry);

    // The same, but set aside until cash comes.
    [[nodiscard]] std::string set_aside(ProgramId program, const std::vector<Voucher>& vouchers,
                                        std::uint32_t batch_of_first, Instant now);
    // What was set aside under the ticket is issued; or it comes back.
    [[nodiscard]] std::string issue(std::uint32_t offer, std::uint64_t ticket, Lsn entry);
    [[nodiscard]] std::string give_back(std::uint32_t offer, std::uint64_t ticket);

    // Nothing of the batch is taken from the entry on, and nothing goes into it.
    [[nodiscard]] std::string recall(const BatchName& batch, Lsn entry);
    // Everybody knows: by the entry `active` of the recall that was the entry `begun`; or of all of
    // them, after a start that found `last` as the newest entry.
    [[nodiscard]] std::string recall_active(Lsn begun, Lsn active);
    void start(Lsn last);
    // Null where the batch was not recalled.
    [[nodiscard]] const Recalled* recalled(const BatchName& batch) const;
    // The entry that brought the first codes of the batch; 0: none did.
    [[nodiscard]] Lsn imported(const BatchName& batch) const;
    // Where its codes are; of those that were free, expired ones too.
    [[nodiscard]] BatchCounts count(const BatchName& batch) const;
    // Of recalled batches, but still set aside for orders that wait.
    [[nodiscard]] std::int64_t recalled_and_set_aside(ProgramId program, std::uint32_t offer) const;

    // Null where the program has no such offer.
    [[nodiscard]] const OfferSpec* find(ProgramId program, std::uint32_t offer) const;
    [[nodiscard]] std::int64_t issued(std::uint32_t offer) const;
    [[nodiscard]] std::int64_t reserved(std::uint32_t offer) const;
    [[nodiscard]] bool is_set_aside(std::uint32_t offer, std::uint64_t ticket) const;
    // The highest ticket, and whether all below it are taken.
    [[nodiscard]] std::uint64_t last_ticket(std::uint32_t offer) const;
    [[nodiscard]] bool has_ticket(std::uint32_t offer, std::uint64_t ticket) const;
    // When a unit ends that is issued now.
    [[nodiscard]] Instant end_of(const OfferSpec& offer, const std::string& code,
                                 Instant now) const;

    struct Code {
        ProgramId program{};
        std::uint32_t offer = 0;
        std::uint32_t batch = 0;
        Instant expires_at;
        Lsn imported;
        Lsn issued;  // 0: free, set aside or expired
        bool is_set_aside = false;
        [[nodiscard]] BatchName name() const {
            return {.program = program, .offer = offer, .batch = batch};
        }
    };
    // Of one program, by the code itself.
    [[nodiscard]] const std::map<std::string, Code>& codes(ProgramId program) const;

private:
    // Units that wait for their cash.
    struct SetAside {
        ProgramId program{};
        std::int64_t units = 0;
        std::vector<std::string> codes;
    };
    struct Sold {
        std::int64_t issued = 0;
        std::set<std::uint64_t> tickets;
        std::map<std::uint64_t, SetAside> set_aside;
    };
    [[nodiscard]] std::string check_take(ProgramId program, const std::vector<Voucher>& vouchers,
                                         std::uint32_t batch_of_first, Instant now);
    std::map<ProgramId, OfferFile> files_;
    std::map<std::uint32_t, Sold> sold_;
    std::map<ProgramId, std::map<std::string, Code>> codes_;
    std::map<BatchName, Lsn> imported_;
    std::map<BatchName, Recalled> recalled_;
};

}  // namespace suanpan::model
