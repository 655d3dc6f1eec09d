// OwnerTable: never more granted than the limit, nothing refused that a crash could bring back.
#include "server/shard/owner_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <vector>

namespace suanpan::shard {
namespace {

constexpr ledger::CounterKey budget{
    .program = ProgramId{1}, .kind = ledger::CounterKind::campaign_budget, .id = 7};

// A table whose one counter has the limit that a test says.
class Desk {
public:
    explicit Desk(std::int64_t limit, std::size_t line_max = 100)
        : limit_(limit),
          table([this](const ledger::CounterKey&) { return std::optional(limit_); }, line_max) {}

    std::optional<OwnerVerdict> take(std::int64_t units) {
        const auto answer = table.ask({.key = budget, .step = ++steps, .units = units});
        return answer ? std::optional(answer->verdict) : std::nullopt;
    }
    std::optional<OwnerVerdict> lower(std::int64_t limit) {
        const auto answer =
            table.ask({.key = budget, .step = ++steps, .units = limit, .lowers = true});
        return answer ? std::optional(answer->verdict) : std::nullopt;
    }
    void staged(std::int64_t issued, std::int64_t reserved, std::uint64_t lsn,
                Instant times_out = {}) {
        table.tell({.what = OwnerNotice::What::staged,
                    .key = budget,
                    .delta = {.issued = issued, .reserved = reserved},
                    .times_out = times_out,
                    .lsn = {lsn}});
    }
    void give_back(std::int64_t units) {
        table.tell(
            {.what = OwnerNotice::What::given_back, .key = budget, .delta = {.issued = units}});
    }
    // What those who waited are told, in the order of the line.
    std::vector<OwnerAnswer> answers() {
        std::vector<OwnerAnswer> all;
        table.take_answers([&](const OwnerAnswer& answer) { all.push_back(answer); });
        return all;
    }
    void set_limit(std::int64_t limit) {
        limit_ = limit;
        table.refresh_limits(budget.program);
    }

private:
    std::int64_t limit_;

public:
    OwnerTable table;
    std::uint64_t steps = 0;
};

TEST(OwnerTable, GrantsExactlyTheLimit) {
    Desk desk(3);
    EXPECT_EQ(desk.take(2), OwnerVerdict::taken);
    EXPECT_EQ(desk.take(1), OwnerVerdict::taken);
    desk.staged(2, 0, 1);
    desk.staged(1, 0, 2);
    desk.table.advance({2});
    EXPECT_EQ(desk.take(1), OwnerVerdict::exhausted);
    EXPECT_EQ(desk.table.given(budget), 3);
}

// P4: what is uncommitted may be gone after a crash, so nobody is refused because of it.
TEST(OwnerTable, LetsARequestWaitForWhatIsNotDurable) {
    Desk desk(1);
    EXPECT_EQ(desk.take(1), OwnerVerdict::taken);
    EXPECT_EQ(desk.take(1), std::nullopt);
    desk.staged(1, 0, 5);
    desk.table.advance({4});
    EXPECT_TRUE(desk.answers().empty());
    desk.table.advance({5});
    const auto answers = desk.answers();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].step, 2U);
    EXPECT_EQ(answers[0].verdict, OwnerVerdict::exhausted);
}

TEST(OwnerTable, GivesWhatComesBackToTheFirstInLine) {
    Desk desk(1);
    EXPECT_EQ(desk.take(1), OwnerVerdict::taken);
    EXPECT_EQ(desk.take(1), std::nullopt);
    EXPECT_EQ(desk.take(1), std::nullopt);
    desk.give_back(1);
    auto answers = desk.answers();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].step, 2U);
    EXPECT_EQ(answers[0].verdict, OwnerVerdict::taken);
    desk.staged(1, 0, 1);
    desk.table.advance({1});
    answers = desk.answers();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].step, 3U);
    EXPECT_EQ(answers[0].verdict, OwnerVerdict::exhausted);
}

TEST(OwnerTable, LetsNobodyPassAnotherInTheLine) {
    Desk desk(10);
    EXPECT_EQ(desk.take(6), OwnerVerdict::taken);
    EXPECT_EQ(desk.take(6), std::nullopt);  // 4 are free
    EXPECT_EQ(desk.take(4), std::nullopt);  // so this one would fit
    desk.staged(6, 0, 1);
    desk.table.advance({1});
    const auto answers = desk.answers();
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0].verdict, OwnerVerdict::exhausted);
    EXPECT_EQ(answers[1].verdict, OwnerVerdict::taken);
}

TEST(OwnerTable, SaysWhenWhatIsSetAsideTimesOut) {
    Desk desk(2);
    EXPECT_EQ(desk.take(1), OwnerVerdict::taken);
    EXPECT_EQ(desk.take(1), OwnerVerdict::taken);
    desk.staged(0, 1, 1, Instant{900});
    desk.staged(0, 1, 2, Instant{800});
    desk.table.advance({2});
    const auto answer = desk.table.ask({.key = budget, .step = 9, .units = 1});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->verdict, OwnerVerdict::all_set_aside);
    EXPECT_EQ(answer->detail, 800);
    EXPECT_EQ(desk.take(3), OwnerVerdict::exhausted);  // so many there never were
    desk.staged(1, -1, 3, Instant{800});               // it was paid
    desk.table.advance({3});
    EXPECT_EQ(desk.table.ask({.key = budget, .step = 9, .units = 1})->detail, 900);
}

// P3: what a cancellation gives back is there once the cancellation is durable, and not before.
TEST(OwnerTable, LetsARequestWaitForWhatIsOnItsWayBack) {
    Desk desk(1);
    EXPECT_EQ(desk.take(1), OwnerVerdict::taken);
    desk.staged(0, 1, 1, Instant{900});
    desk.table.advance({1});
    desk.staged(0, -1, 2, Instant{900});
    EXPECT_EQ(desk.take(1), std::nullopt);
    desk.table.advance({2});
    const auto answers = desk.answers();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].verdict, OwnerVerdict::taken);
}

TEST(OwnerTable, AnswersBusyWhereTheLineIsFull) {
    Desk desk(1, 2);
    EXPECT_EQ(desk.take(1), OwnerVerdict::taken);
    EXPECT_EQ(desk.take(1), std::nullopt);
    EXPECT_EQ(desk.take(1), std::nullopt);
    EXPECT_EQ(desk.take(1), OwnerVerdict::busy);
    desk.give_back(1);
    EXPECT_EQ(desk.answers().size(), 1U);
    EXPECT_EQ(desk.take(1), std::nullopt);  // one has left
}

// INV-11: lowering a limit below what is granted is refused.
TEST(OwnerTable, LowersALimitOnlyDownToWhatIsGranted) {
    Desk desk(10);
    EXPECT_EQ(desk.take(4), OwnerVerdict::taken);
    EXPECT_EQ(desk.lower(3), std::nullopt);  // the 4 may still come back
    EXPECT_EQ(desk.take(1), std::nullopt);   // closed to takes meanwhile
    desk.staged(4, 0, 1);
    desk.table.advance({1});
    const auto answers = desk.answers();
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0].verdict, OwnerVerdict::exhausted);
    EXPECT_EQ(answers[0].detail, 4);
    EXPECT_EQ(answers[1].verdict, OwnerVerdict::taken);
    EXPECT_EQ(desk.lower(5), OwnerVerdict::taken);
}

// P4: as long as the rules that lower it are not durable, the old limit may be the true one.
TEST(OwnerTable, RefusesNobodyForALimitThatIsNotDurable) {
    Desk desk(10);
    EXPECT_EQ(desk.lower(5), OwnerVerdict::taken);
    EXPECT_EQ(desk.take(6), std::nullopt);
    desk.table.tell({.what = OwnerNotice::What::uncapped, .key = budget});
    EXPECT_EQ(desk.answers().at(0).verdict, OwnerVerdict::taken);
    desk.give_back(6);
    EXPECT_EQ(desk.lower(5), OwnerVerdict::taken);
    EXPECT_EQ(desk.take(6), std::nullopt);
    desk.set_limit(5);
    EXPECT_EQ(desk.answers().at(0).verdict, OwnerVerdict::exhausted);
    EXPECT_EQ(desk.take(5), OwnerVerdict::taken);
}

TEST(OwnerTable, GoesOnFromWhatTheJournalSays) {
    Desk desk(10);
    desk.table.restore(budget, {.issued = 4, .reserved = 3}, {{Instant{700}, 3}});
    EXPECT_EQ(desk.take(3), OwnerVerdict::taken);
    desk.give_back(3);
    const auto answer = desk.table.ask({.key = budget, .step = 1, .units = 4});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->verdict, OwnerVerdict::all_set_aside);
    EXPECT_EQ(answer->detail, 700);
}

// Whatever happens in whichever order: the durable sum never exceeds the limit, those who are
// refused could not have had their units even if all that was in memory had been lost, and in the
// end nothing is left over that somebody was refused.
TEST(OwnerTable, KeepsItsPromisesForRandomHistories) {
    struct Taken {
        std::int64_t units;
        bool is_staged = false;
    };
    struct Set {
        std::int64_t units;
        Instant times_out;
    };
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto draw = [&](std::int64_t from, std::int64_t to) {
            return std::uniform_int_distribution<std::int64_t>(from, to)(random);
        };
        const std::int64_t limit = draw(0, 40);
        Desk desk(limit, 1000);
        std::map<std::uint64_t, std::int64_t> waiting;  // step: units
        std::vector<std::int64_t> taken;                // units, not staged
        std::vector<Set> aside;                         // durable
        struct Entry {
            std::uint64_t lsn;
            std::int64_t issued;
            std::int64_t reserved;
            Instant times_out;
        };
        std::deque<Entry> staged;
        std::uint64_t lsn = 0;
        std::int64_t issued = 0;  // durable
        std::int64_t reserved = 0;
        const auto note = [&](std::int64_t units, OwnerVerdict verdict) {
            if (verdict == OwnerVerdict::taken) return taken.push_back(units);
            // INV-10, P4: a crash now would leave the durable counts, and still no room.
            EXPECT_GT(units, limit - issued - reserved);
            if (verdict == OwnerVerdict::exhausted) {
                EXPECT_GT(units, limit - issued);
            }
        };
        const auto hear = [&] {
            for (const OwnerAnswer& answer : desk.answers()) {
                ASSERT_TRUE(waiting.contains(answer.step));
                note(waiting[answer.step], answer.verdict);
                waiting.erase(answer.step);
            }
        };
        const auto make_durable = [&](std::uint64_t up_to) {
            for (; !staged.empty() && staged.front().lsn <= up_to; staged.pop_front()) {
                const Entry& entry = staged.front();
                issued += entry.issued;
                reserved += entry.reserved;
                ASSERT_LE(issued + reserved, limit);  // INV-11
                ASSERT_GE(issued, 0);
                ASSERT_GE(reserved, 0);
                if (entry.reserved > 0) aside.push_back({entry.reserved, entry.times_out});
            }
            desk.table.advance({up_to});
            hear();
            EXPECT_EQ(desk.table.given(budget), issued + reserved);
        };
        for (int i = 0; i < 400; ++i) {
            const std::int64_t what = draw(0, 9);
            if (what <= 3) {
                const std::int64_t units = draw(1, 8);
                if (const auto verdict = desk.take(units))
                    note(units, *verdict);
                else
                    waiting[desk.steps] = units;
            } else if (what <= 5 && !taken.empty()) {
                const auto at =
                    taken.begin() + draw(0, static_cast<std::int64_t>(taken.size()) - 1);
                const std::int64_t units = *at;
                taken.erase(at);
                if (draw(0, 4) == 0) {
                    desk.give_back(units);
                    hear();
                    continue;
                }
                const bool waits = draw(0, 1) == 0;
                const Entry entry{.lsn = ++lsn,
                                  .issued = waits ? 0 : units,
                                  .reserved = waits ? units : 0,
                                  .times_out = Instant{draw(1, 1000)}};
                staged.push_back(entry);
                desk.staged(entry.issued, entry.reserved, lsn, entry.times_out);
            } else if (what <= 7 && !aside.empty()) {
                const Set set = aside.back();
                aside.pop_back();
                const bool is_paid = draw(0, 2) == 0;
                const Entry entry{.lsn = ++lsn,
                                  .issued = is_paid ? set.units : 0,
                                  .reserved = -set.units,
                                  .times_out = set.times_out};
                staged.push_back(entry);
                desk.staged(entry.issued, entry.reserved, lsn, entry.times_out);
            } else if (what >= 8) {
                make_durable(static_cast<std::uint64_t>(
                    draw(static_cast<std::int64_t>(staged.empty() ? lsn : staged.front().lsn - 1),
                         static_cast<std::int64_t>(lsn))));
            }
            ASSERT_FALSE(::testing::Test::HasFatalFailure());
        }
        for (const std::int64_t units : taken) desk.give_back(units);
        taken.clear();
        make_durable(lsn);
        for (const std::int64_t units : taken) desk.give_back(units);
        taken.clear();
        for (int i = 0; i < 1000 && !waiting.empty(); ++i) {
            hear();
            for (const std::int64_t units : taken) desk.give_back(units);
            taken.clear();
        }
        EXPECT_TRUE(waiting.empty());  // nobody waits for ever
        EXPECT_TRUE(desk.table.is_quiet());
        const std::int64_t left = limit - issued - reserved;
        if (left > 0) {
            EXPECT_EQ(desk.take(left), OwnerVerdict::taken);
        }
    }
}

}  // namespace
}  // namespace suanpan::shard
