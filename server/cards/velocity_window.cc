#include "server/cards/velocity_window.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "protocol/limits.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

namespace suanpan::cards {
namespace {

constexpr std::size_t forgotten_per_request = 4;  // of each rule

}  // namespace

bool are_sound(std::span<const VelocityRule> rules) {
    if (rules.size() > limits::velocity_rules_max) return false;
    std::set<VelocityRuleId> ids;
    return std::ranges::all_of(rules, [&](const VelocityRule& rule) {
        return rule.id != VelocityRuleId{} && ids.insert(rule.id).second &&
               rule.scope <= VelocityScope::origin && rule.kind <= VelocityKind::query &&
               rule.count >= 1 && rule.count <= limits::velocity_count_max &&
               rule.window > Duration{0} && rule.window <= limits::velocity_window_max;
    });
}

std::size_t VelocityWindow::SubjectHash::operator()(const Subject& subject) const {
    const std::array<std::uint64_t, 2> words{subject.high, subject.low};
    return xxh3_64(std::as_bytes(std::span(words)), 0);
}

VelocityWindow::VelocityWindow(std::vector<VelocityRule> rules, std::size_t instants_max)
    : rules_(std::move(rules)), kept_(rules_.size()), instants_max_(instants_max) {
    SUANPAN_ASSERT(are_sound(rules_));
    for (const VelocityRule& rule : rules_) instants_per_request_ += rule.count;
}

bool VelocityWindow::concerns(const VelocityRule& rule, const VelocityRequest& request) {
    return rule.kind == request.kind &&
           (rule.scope == VelocityScope::member || request.origin != OriginKey{});
}

VelocityWindow::Subject VelocityWindow::subject_of(const VelocityRule& rule,
                                                   const VelocityRequest& request) {
    if (rule.scope == VelocityScope::member) return {request.member.high, request.member.low};
    return {0, static_cast<std::uint64_t>(request.origin)};
}

std::expected<void, VelocityRefusal> VelocityWindow::check(const VelocityRequest& request,
                                                           Instant now) const {
    now = std::max(now, last_);
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const VelocityRule& rule = rules_[i];
        if (!concerns(rule, request)) continue;
        const auto found = kept_[i].tracks.find(subject_of(rule, request));
        if (found == kept_[i].tracks.end()) continue;
        const Track& track = found->second;
        if (track.instants.size() < rule.count) continue;
        const Instant again_at = track.instants[track.oldest] + rule.window;
        if (now < again_at)
            return std::unexpected(VelocityRefusal{Code::risk_refused, rule.id, again_at});
    }
    return {};
}

std::expected<void, VelocityRefusal> VelocityWindow::count(const VelocityRequest& request,
                                                           Instant now) {
    now = std::max(now, last_);
    last_ = now;
    for (std::size_t i = 0; i < rules_.size(); ++i) forget(i, now, forgotten_per_request);
    const auto passes = check(request, now);
    if (!passes) return passes;
    if (!has_room()) {
        for (std::size_t i = 0; i < rules_.size(); ++i) forget(i, now, SIZE_MAX);
        if (!has_room()) return std::unexpected(VelocityRefusal{Code::busy, VelocityRuleId{}, now});
    }
    for (std::size_t i = 0; i < rules_.size(); ++i)
        if (concerns(rules_[i], request)) add(i, subject_of(rules_[i], request), now);
    return {};
}

// One request may let each of its rules begin a ring, or grow one.
bool VelocityWindow::has_room() const {
    return instants_ + instants_per_request_ <= instants_max_ &&
           subject_count_ + rules_.size() <= instants_max_ / 2;
}

void VelocityWindow::add(std::size_t rule, const Subject& subject, Instant now) {
    Rule& kept = kept_[rule];
    const auto [found, is_new] = kept.tracks.try_emplace(subject);
    Track& track = found->second;
    const std::size_t room_before = track.instants.capacity();
    if (is_new)
        ++subject_count_;
    else
        unlink(kept, track);
    const std::uint32_t count = rules_[rule].count;
    if (track.instants.size() < count) {
        if (track.instants.size() == room_before)
            track.instants.reserve(
                std::min<std::size_t>(count, std::max<std::size_t>(1, 2 * room_before)));
        track.instants.push_back(now);
    } else {
        track.instants[track.oldest] = now;
        track.oldest = track.oldest + 1 == count ? 0 : track.oldest + 1;
    }
    instants_ += track.instants.capacity() - room_before;
    link(kept, subject, track);
}

void VelocityWindow::link(Rule& rule, const Subject& subject, Track& track) {
    const bool is_first = rule.tracks.size() == 1;
    track.before = is_first ? subject : rule.most;  // the ends of the list name themselves
    track.after = subject;
    if (is_first)
        rule.least = subject;
    else
        rule.tracks.find(rule.most)->second.after = subject;
    rule.most = subject;
}

void VelocityWindow::unlink(Rule& rule, const Track& track) {
    // `track` may be the only one: then there is nothing to mend, link() or erase follows.
    if (rule.tracks.size() == 1) return;
    const Subject before = track.before;
    const Subject after = track.after;
    const auto at_before = rule.tracks.find(before);
    const auto at_after = rule.tracks.find(after);
    const bool is_least = &at_before->second == &track;
    const bool is_most = &at_after->second == &track;
    if (is_least) {
        rule.least = after;
        at_after->second.before = after;
    } else if (is_most) {
        rule.most = before;
        at_before->second.after = before;
    } else {
        at_before->second.after = after;
        at_after->second.before = before;
    }
}

void VelocityWindow::forget(std::size_t rule, Instant now, std::size_t count_max) {
    Rule& kept = kept_[rule];
    for (std::size_t i = 0; i < count_max && !kept.tracks.empty(); ++i) {
        const auto found = kept.tracks.find(kept.least);
        const Track& track = found->second;
        const std::size_t newest = track.oldest == 0 ? track.instants.size() - 1 : track.oldest - 1;
        if (now < track.instants[newest] + rules_[rule].window) return;
        instants_ -= track.instants.capacity();
        --subject_count_;
        unlink(kept, track);
        kept.tracks.erase(found);
    }
}

}  // namespace suanpan::cards
