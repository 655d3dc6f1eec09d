// RuleText: one version of a program's rule book, or of its file of offers, as it was loaded.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/command.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace suanpan::ledger {

// Immutable; kept for ever, since orders live under the version they were made under. The ledger
// keeps the text and does not read it.
struct RuleText {
    ProgramId program{};
    std::uint32_t version = 0;
    PartnerId partner{};      // who loaded it
    PrincipalId principal{};  // and for whom: the author
    Instant effective_from;
    Sha256 hash{};  // of the text
    std::string text;
    friend bool operator==(const RuleText&, const RuleText&) = default;
};

using RuleTextPtr = std::shared_ptr<const RuleText>;
// What such a command brings; its `effective_from` is the one that counts.
[[nodiscard]] RuleTextPtr rules_of(const CommandHead& head, const PutRules& command);
// The same of a file of offers, which is in force once every shard has it: it names no instant.
[[nodiscard]] RuleTextPtr offers_of(const CommandHead& head, const PutOffers& command);

// All versions of all programs' rule books, as every shard has them. Few.
class RuleTextTable {
public:
    // Adds a version, or replaces it by an equal one.
    void install(const RuleTextPtr& rules);
    // Puts it in the place of the program's older ones; where there is a newer one, does nothing.
    void install_newest(const RuleTextPtr& rules);
    // That version, or null.
    [[nodiscard]] RuleTextPtr find(ProgramId program, std::uint32_t version) const;
    [[nodiscard]] RuleTextPtr newest(ProgramId program) const;
    // The one in force at `now`: the newest of those that have taken effect; null where none has.
    [[nodiscard]] RuleTextPtr in_force(ProgramId program, Instant now) const;
    // Ordered by (program, version).
    [[nodiscard]] const std::vector<RuleTextPtr>& all() const { return all_; }

private:
    std::vector<RuleTextPtr> all_;
};

}  // namespace suanpan::ledger
