// Random imports, takes, give-backs, recalls and expiries of codes against plain lists, and sliding
// windows against all that ever happened.
#include "server/cards/code_pool.h"
#include "server/cards/velocity_window.h"
#include "tests/unit/cards/card_shop.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace suanpan::testing {
namespace {

using namespace cards;
using cards::testing::at;

int draw(int below) {
    return *rc::gen::inRange(0, below);
}

struct PlainCode {
    std::uint64_t number = 0;
    BatchId batch{};
    Instant expires_at;
    CodeState state{};
};

// The pool as a list in the order of import.
class PlainPool {
public:
    explicit PlainPool(IssueOrder order) : order_(order) {}

    bool add(BatchId batch, std::uint64_t number, Instant expires_at) {
        if (find(number) != nullptr) return false;
        codes.push_back({number, batch, expires_at, CodeState::available});
        return true;
    }
    // Which `quantity` codes go next; none where there are fewer. What has expired by then is
    // passed over, and is posted as such only where it stood in the way.
    std::vector<std::uint64_t> next(std::int64_t quantity, Instant now) const {
        std::vector<const PlainCode*> free;
        for (const PlainCode& code : codes)
            if (code.state == CodeState::available && code.expires_at > now) free.push_back(&code);
        if (order_ == IssueOrder::soonest_expiry_first)
            std::ranges::stable_sort(free, {}, &PlainCode::expires_at);
        std::vector<std::uint64_t> numbers;
        if (free.size() < static_cast<std::size_t>(quantity)) return numbers;
        for (std::int64_t i = 0; i < quantity; ++i)
            numbers.push_back(free[static_cast<std::size_t>(i)]->number);
        return numbers;
    }
    PlainCode* find(std::uint64_t number) {
        const auto found = std::ranges::find(codes, number, &PlainCode::number);
        return found == codes.end() ? nullptr : &*found;
    }
    // How many are in `state`, where expired is said of all whose time is over.
    [[nodiscard]] std::uint64_t count(BatchId batch, CodeState state, Instant now) const {
        return static_cast<std::uint64_t>(std::ranges::count_if(codes, [&](const PlainCode& code) {
            const bool is_over = code.state == CodeState::available && code.expires_at <= now;
            return code.batch == batch && (is_over ? CodeState::expired : code.state) == state;
        }));
    }

    std::vector<PlainCode> codes;
    std::set<BatchId> recalled;

private:
    IssueOrder order_;
};

class PoolPlay {
public:
    PoolPlay() : order_(IssueOrder(draw(2))), pool_(order_), plain_(order_) {}

    void step() {
        switch (draw(9)) {
            case 0:
                open();
                break;
            case 1:
            case 2:
                add();
                break;
            case 3:
            case 4:
                take();
                break;
            case 5:
                resolve();
                break;
            case 6:
                recall();
                break;
            case 7:
                now_ += draw(8);
                break;
            default:
                (void)pool_.expire_some(static_cast<std::size_t>(draw(6)), at(now_));
                break;
        }
    }
    // INV-9 of every batch, and each code's own state.
    void check() {
        RC_ASSERT(pool_.is_whole());
        (void)pool_.expire_some(pool_.size(), at(now_));
        for (std::uint32_t id = 1; id <= batches_; ++id) {
            const CodeBatch* batch = pool_.batch(BatchId{id});
            RC_ASSERT(batch != nullptr);
            for (std::size_t i = 0; i < code_states; ++i) {
                const auto state = static_cast<CodeState>(i);
                RC_ASSERT(batch->counts.of(state) == plain_.count(BatchId{id}, state, at(now_)));
            }
        }
    }

private:
    void open() {
        if (batches_ == 4) return;
        pool_.open_batch(BatchId{++batches_});
    }
    BatchId some_batch() { return BatchId{static_cast<std::uint32_t>(1 + draw(int(batches_)))}; }
    void add() {
        if (batches_ == 0) return;
        const BatchId batch = some_batch();
        RC_ASSERT(pool_.check_import(batch).has_value() == !plain_.recalled.contains(batch));
        if (plain_.recalled.contains(batch)) return;
        const auto number = static_cast<std::uint64_t>(1 + draw(30));
        const Instant expires_at = draw(2) == 0 ? instant_never : at(now_ + draw(20));
        const auto added = pool_.add(batch, cards::testing::key_of(number), {}, expires_at);
        RC_ASSERT(added.has_value() == plain_.add(batch, number, expires_at));
        if (added) refs_[number] = *added;
    }
    void take() {
        const std::int64_t quantity = 1 + draw(3);
        const std::vector<std::uint64_t> expected = plain_.next(quantity, at(now_));
        std::vector<CodeRef> taken;
        RC_ASSERT(pool_.take(quantity, at(now_), taken) == !expected.empty());
        RC_ASSERT(taken.size() == expected.size());
        for (std::size_t i = 0; i < taken.size(); ++i) {
            RC_ASSERT(taken[i] == refs_.at(expected[i]));
            plain_.find(expected[i])->state = CodeState::set_aside;
        }
    }
    void resolve() {
        std::vector<PlainCode*> out;
        for (PlainCode& code : plain_.codes)
            if (code.state == CodeState::set_aside || code.state == CodeState::issued)
                out.push_back(&code);
        if (out.empty()) return;
        PlainCode& code = *out[static_cast<std::size_t>(draw(int(out.size())))];
        const CodeRef ref = refs_.at(code.number);
        const int what = draw(3);
        if (what == 0 && code.state == CodeState::set_aside) {
            pool_.issue(ref);
            code.state = CodeState::issued;
        } else if (what == 1) {
            pool_.retire(ref);
            code.state = CodeState::voided;
        } else {
            pool_.give_back(ref);
            code.state =
                plain_.recalled.contains(code.batch) ? CodeState::voided : CodeState::available;
        }
    }
    void recall() {
        if (batches_ == 0 || draw(3) != 0) return;
        const BatchId batch = some_batch();
        const auto report = pool_.check_recall(batch);
        RC_ASSERT(report.has_value() == !plain_.recalled.contains(batch));
        if (!report) return;
        // What has expired and is not posted yet is posted first, as a server would.
        (void)pool_.expire_some(pool_.size(), at(now_));
        const RecallReport done = pool_.recall(batch);
        RC_ASSERT(done.issued == plain_.count(batch, CodeState::issued, at(now_)));
        RC_ASSERT(done.set_aside == plain_.count(batch, CodeState::set_aside, at(now_)));
        RC_ASSERT(done.voided == plain_.count(batch, CodeState::available, at(now_)));
        plain_.recalled.insert(batch);
        for (PlainCode& code : plain_.codes) {
            if (code.batch != batch || code.state != CodeState::available) continue;
            code.state = code.expires_at <= at(now_) ? CodeState::expired : CodeState::voided;
        }
    }

    IssueOrder order_;
    CodePool pool_;
    PlainPool plain_;
    std::map<std::uint64_t, CodeRef> refs_;  // by number
    std::uint32_t batches_ = 0;
    std::int64_t now_ = 0;
};

TEST(CodePoolProperty, KeepsItsBooksAsAPlainListDoes) {
    EXPECT_TRUE(rc::check([] {
        PoolPlay play;
        const int steps = draw(80);
        for (int i = 0; i < steps; ++i) {
            play.step();
            if (draw(4) == 0) play.check();
        }
        play.check();
    }));
}

// ---- velocity

TEST(VelocityProperty, CountsAsAListOfEverythingDoes) {
    EXPECT_TRUE(rc::check([] {
        std::vector<VelocityRule> rules;
        const int rule_count = draw(4);
        for (int i = 0; i < rule_count; ++i)
            rules.push_back({.id = VelocityRuleId{static_cast<std::uint32_t>(i + 1)},
                             .scope = VelocityScope(draw(2)),
                             .kind = VelocityKind(draw(2)),
                             .count = static_cast<std::uint32_t>(1 + draw(4)),
                             .window = seconds(1 + draw(20))});
        VelocityWindow window(rules);
        struct Past {
            VelocityRequest request;
            Instant at;
        };
        std::vector<Past> passed;
        std::int64_t now = 0;
        const int steps = draw(120);
        for (int i = 0; i < steps; ++i) {
            now += draw(4);
            const VelocityRequest request{
                .kind = VelocityKind(draw(2)),
                .member = {.high = static_cast<std::uint64_t>(draw(3)), .low = 0},
                .origin = OriginKey{static_cast<std::uint64_t>(draw(3))}};
            VelocityRuleId refused_by{};
            for (const VelocityRule& rule : rules) {
                const bool by_origin = rule.scope == VelocityScope::origin;
                if (rule.kind != request.kind || (by_origin && request.origin == OriginKey{}))
                    continue;
                const auto count = std::ranges::count_if(passed, [&](const Past& past) {
                    const bool is_same = by_origin ? past.request.origin == request.origin
                                                   : past.request.member == request.member;
                    return past.request.kind == rule.kind && is_same &&
                           at(now) < past.at + rule.window;
                });
                if (count >= static_cast<std::int64_t>(rule.count)) {
                    refused_by = rule.id;
                    break;
                }
            }
            if (draw(5) == 0) {
                const auto asked = window.check(request, at(now));
                RC_ASSERT(asked.has_value() == (refused_by == VelocityRuleId{}));
            }
            const auto counted = window.count(request, at(now));
            RC_ASSERT(counted.has_value() == (refused_by == VelocityRuleId{}));
            if (counted)
                passed.push_back({request, at(now)});
            else
                RC_ASSERT(counted.error().rule == refused_by);
        }
    }));
}

}  // namespace
}  // namespace suanpan::testing
