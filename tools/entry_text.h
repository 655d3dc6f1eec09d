// Entries, effects and commits as text that a person reads.
#pragma once

#include "protocol/base/ids.h"
#include "server/ledger/entry.h"
#include "storage/journal_format.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace suanpan::tools {

// Writes entries as a few lines each. Member ids are masked (first and last four digits), but for
// the one that the user has named himself.
class EntryText {
public:
    explicit EntryText(std::optional<MemberId> named = std::nullopt) : named_(named) {}

    // `bytes`: the entry as it stands in the journal, whose hash is printed.
    [[nodiscard]] std::string of(const ledger::Entry& entry,
                                 std::span<const std::byte> bytes) const;
    [[nodiscard]] std::string member(const MemberId& id) const;

private:
    std::optional<MemberId> named_;
};

[[nodiscard]] std::string_view name_of(ledger::EntryKind kind);
[[nodiscard]] std::string commit_line(const storage::CommitView& commit);
// An order in one line; not its name, which is the partner's own and may say who bought.
[[nodiscard]] std::string order_text(const ledger::Order& order);
// A lot's key: expiry, activation, and what is not the usual.
[[nodiscard]] std::string lot_text(const ledger::LotKey& key);
// "never", "sliding", or UTC to the millisecond.
[[nodiscard]] std::string instant_text(Instant at);

}  // namespace suanpan::tools
