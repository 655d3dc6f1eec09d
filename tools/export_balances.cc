#include "tools/export_balances.h"

#include "server/shard/recovery.h"
#include "tools/balance_row.h"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

namespace suanpan::tools {
namespace {

BalanceRow row_of(const ledger::Account& account, const ledger::LotKey& key, Points amount,
                  Instant at) {
    BalanceRow row;
    row.member = account.member();
    row.program = account.program();
    row.earn.amount = amount;
    row.earn.expires_at = std::min(account.expires_at(key), instant_max);
    row.earn.restriction = key.restriction;
    row.earn.origin = key.origin;
    if (key.active_from > at) row.earn.active_from = key.active_from;
    return row;
}

class Export {
public:
    Export(const ExportOptions& options, std::FILE* out) : options_(options), out_(out) {
        put(std::string(balance_heading));
    }

    void take(const ledger::Account& account) {
        if (options_.program && account.program() != *options_.program) return;
        const std::uint64_t rows_before = summary_.rows;
        for (const ledger::Lot& lot : account.lots().all()) take(account, lot.key, lot.remaining);
        summary_.debt_points += account.debt().value;
        if (account.rare() != nullptr) take_holds(account, *account.rare());
        if (summary_.rows != rows_before) ++summary_.accounts;
    }

    ExportSummary finish() {
        if (std::fflush(out_) != 0) fail();
        return summary_;
    }

private:
    void take_holds(const ledger::Account& account, const ledger::AccountRare& rare) {
        for (const ledger::Hold& hold : rare.holds) {
            // A hold that has expired has given its points back, whether posted or not.
            const bool is_open = hold.expires_at > options_.at;
            if (is_open) summary_.held_points += hold.left.value;
            if (is_open && !options_.with_held) continue;
            for (const ledger::HoldSlice& slice : hold.slices)
                take(account, slice.lot, slice.amount);
        }
    }

    void take(const ledger::Account& account, const ledger::LotKey& key, Points amount) {
        if (account.expires_at(key) <= options_.at) return;
        put(text_of(row_of(account, key, amount, options_.at)));
        ++summary_.rows;
        summary_.points += amount.value;
    }

    void put(const std::string& line) {
        if (std::fwrite(line.data(), 1, line.size(), out_) != line.size() ||
            std::fputc('\n', out_) == EOF)
            fail();
    }

    [[noreturn]] static void fail() {
        throw std::runtime_error(fmt::format(
            "the CSV cannot be written: {}; make room or name another file", std::strerror(errno)));
    }

    const ExportOptions options_;
    std::FILE* out_;
    ExportSummary summary_;
};

}  // namespace

ExportSummary export_balances(DataFolder& folder, const ExportOptions& options, std::FILE* out) {
    const storage::Journal& journal = folder.journal();
    const shard::Recovered recovered = shard::recover(folder.directory(), journal, {.shards = 1});
    Export writer(options, out);
    const ledger::Ledger& ledger = *recovered.ledgers.front();
    for (std::uint32_t slot = 0; slot < ledger.account_count(); ++slot)
        writer.take(ledger.account(ledger::AccountRef{slot}));
    ExportSummary summary = writer.finish();
    summary.last_lsn = journal.last_lsn();
    return summary;
}

}  // namespace suanpan::tools
