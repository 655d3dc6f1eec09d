// rules diff: what changes between two versions, and whether anyone could come out worse.
#pragma once

#include "protocol/base/time.h"
#include "server/rules/rule_spec.h"

#include <optional>
#include <string>
#include <vector>

namespace suanpan::rules {

struct RuleChange {
    std::string path;    // "limit 7", "deduction 1.step"
    std::string change;  // what it was and is, or what cannot be compared
    std::string who;     // whom it is for: "members of level 2", "all members"
    bool adverse = false;
    friend bool operator==(const RuleChange&, const RuleChange&) = default;
};

struct RuleDiff {
    std::vector<RuleChange> changes;
    [[nodiscard]] bool is_adverse() const;
};

// Every difference between two versions of one program's rules.
//
// A change is adverse where someone could get less: pay more cash for an order, or more points for
// the same cash, lose points earlier, or use them for less. What cannot be compared counts as
// adverse. A rule whose window has ended when `after` takes effect may go. Where no change is
// adverse, no order and no lot comes out worse (tests/property/quote_property_test.cc).
[[nodiscard]] RuleDiff compare(const RuleSpec& before, const RuleSpec& after);

// By `after` no points expire earlier than by `before`, as far as it can be told.
[[nodiscard]] bool expires_no_earlier(const ExpiryTerms& before, const ExpiryTerms& after);

// The earliest instant at which `after` may take effect when it is published at `now`; nothing
// where it is not adverse. The notice period is that of the version it replaces; a file that names
// an instant before `now` takes effect at `now`.
[[nodiscard]] std::optional<Instant> notice_ends(const RuleSpec& before, const RuleSpec& after,
                                                 Instant now);

}  // namespace suanpan::rules
