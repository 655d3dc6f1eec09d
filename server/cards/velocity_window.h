// VelocityWindow: counts requests under velocity rules, exactly.
#pragma once

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/code.h"
#include "protocol/limits.h"
#include "server/cards/velocity_rule.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <vector>

namespace suanpan::cards {

// Who asks, what for.
struct VelocityRequest {
    VelocityKind kind{};
    MemberId member;
    OriginKey origin{};  // 0: the gateway did not say; rules by origin pass it
};

// risk_refused: `rule` is its detail. busy: there is no room to count, and nothing was done.
struct VelocityRefusal {
    Code code{};
    VelocityRuleId rule{};
    Instant again_at;  // the earliest instant that the rule would let it pass
    friend bool operator==(const VelocityRefusal&, const VelocityRefusal&) = default;
};

// Remembers, per rule and member or origin, the instants of the last `count` requests: the window
// slides, there are no buckets whose edges let twice as many pass. A request is counted under all
// of its rules or, where one refuses it, under none.
//
// Belongs to one shard; on its thread only. What one rule remembers of somebody is forgotten once
// it has left the window: a few at each request. Bounded by `instants_max` instants and half as
// many members and origins; beyond them the answer is `busy`, never an unlimited pass.
class VelocityWindow {
public:
    // Expects are_sound(rules).
    explicit VelocityWindow(std::vector<VelocityRule> rules,
                            std::size_t instants_max = limits::velocity_instants_max);

    // Counts the request, unless a rule refuses it: the first in their order. `now` never goes
    // back; an earlier one is taken for the last.
    [[nodiscard]] std::expected<void, VelocityRefusal> count(const VelocityRequest& request,
                                                             Instant now);
    // The same question, and nothing counted.
    [[nodiscard]] std::expected<void, VelocityRefusal> check(const VelocityRequest& request,
                                                             Instant now) const;

    [[nodiscard]] const std::vector<VelocityRule>& rules() const { return rules_; }
    // Instants that there is room for in what is remembered now.
    [[nodiscard]] std::size_t instants() const { return instants_; }
    [[nodiscard]] std::size_t subjects() const { return subject_count_; }

private:
    struct Subject {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        friend bool operator==(const Subject&, const Subject&) = default;
    };
    struct SubjectHash {
        using is_avalanching = void;
        std::size_t operator()(const Subject& subject) const;
    };
    // The last instants of one subject, a ring in order once it is full; linked by last use.
    struct Track {
        std::vector<Instant> instants;
        std::uint32_t oldest = 0;  // its place, once the ring is full
        Subject before;            // the one used before it, and the one after
        Subject after;
    };
    struct Rule {
        boost::unordered_flat_map<Subject, Track, SubjectHash> tracks;
        Subject least;  // the one whose last use is longest ago
        Subject most;
    };

    static bool concerns(const VelocityRule& rule, const VelocityRequest& request);
    static Subject subject_of(const VelocityRule& rule, const VelocityRequest& request);
    void add(std::size_t rule, const Subject& subject, Instant now);
    void link(Rule& rule, const Subject& subject, Track& track);
    void unlink(Rule& rule, const Track& track);
    void forget(std::size_t rule, Instant now, std::size_t count_max);
    [[nodiscard]] bool has_room() const;

    std::vector<VelocityRule> rules_;
    std::vector<Rule> kept_;  // of each rule
    std::size_t instants_max_;
    std::size_t instants_per_request_ = 0;  // at most, of all rules together
    std::size_t instants_ = 0;
    std::size_t subject_count_ = 0;
    Instant last_{INT64_MIN};
};

}  // namespace suanpan::cards
