// Shard: what a turn does with reads, refusals, stalls and slices. JournalReader: walks and
// answers.
#include "server/ledger/entry_format.h"
#include "tests/unit/shard/shard_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace suanpan::shard {
namespace {

TEST(Shard, MakesARaisedFloorDurableForALookupOnAnIdleServer) {
    ShardWorld world;
    world.make_program();
    const Command late = world.command(CommandKind::earn, Earn{.amount = Points{5}},
                                       Duration{limits::request_log_window.ns - seconds(5).ns});
    world.clock.pass(seconds(10));
    world.settle();  // the floor has risen past the id; no commit has carried it
    ASSERT_LE(world.committer().durable_floor_ms(), late.head.request_id.unix_ms());
    ASSERT_EQ(world.ask(late).code, Code::request_too_old);

    Command lookup = late;
    lookup.head.kind = CommandKind::lookup;
    lookup.body = Lookup{};
    EXPECT_EQ(world.ask(lookup).code, Code::not_executed);
    EXPECT_GT(world.committer().durable_floor_ms(), late.head.request_id.unix_ms());
}

TEST(Shard, ExplainsWhichLotsARequestDrainedAndWhy) {
    ShardWorld world;
    world.make_program();
    const Instant soon = world.clock.now() + days(2);
    const Instant later = world.clock.now() + days(9);
    world.ask(world.command(CommandKind::earn, Earn{.amount = Points{50}, .expires_at = later}));
    const Lsn before =
        world.ask(world.command(CommandKind::earn, Earn{.amount = Points{30}, .expires_at = soon}))
            .entry_id;
    const Command spend = world.command(CommandKind::spend, Spend{.amount = Points{60}});
    const Outcome spent = world.ask(spend);
    ASSERT_EQ(spent.code, Code::ok);

    Command ask = spend;
    ask.head.kind = CommandKind::explain;
    ask.body = Explain{};
    const std::uint32_t number = world.send(ask);
    world.settle();
    const Reply* reply = world.reply(number);
    ASSERT_NE(reply, nullptr);
    ASSERT_NE(reply->body, nullptr);
    const auto& told = std::get<Explanation>(*reply->body);
    EXPECT_EQ(told.outcome, spent);
    EXPECT_EQ(told.kind, static_cast<std::uint16_t>(CommandKind::spend));
    EXPECT_EQ(told.previous_entry, before);
    EXPECT_EQ(told.policy_version, 1U);
    EXPECT_NE(told.entry_hash, Sha256{});
    ASSERT_EQ(told.lots.size(), 2U);
    EXPECT_EQ(told.lots[0].expires_at, soon);
    EXPECT_EQ(told.lots[0].delta, Points{-30});
    EXPECT_EQ(told.lots[1].expires_at, later);
    EXPECT_EQ(told.lots[1].delta, Points{-30});

    // What was refused has no entry of its own; what never came has none at all.
    const Command refused = world.command(CommandKind::spend, Spend{.amount = Points{1000}});
    ASSERT_EQ(world.ask(refused).code, Code::insufficient_points);
    ask.head.request_id = refused.head.request_id;
    EXPECT_EQ(world.ask(ask).code, Code::refused);
    ask.head.request_id.low ^= 1U;
    EXPECT_EQ(world.ask(ask).code, Code::unknown_yet);
}

TEST(Shard, RefusesChangesAndAnswersReadsWhileTheClockIsUnsafe) {
    ShardWorld world(2);
    world.make_program();
    ASSERT_EQ(world.ask(world.command(CommandKind::earn, Earn{.amount = Points{5}})).code,
              Code::ok);
    const Lsn before = world.committer().durable();
    world.clock.set_safe(false);
    const Command earn = world.command(CommandKind::earn, Earn{.amount = Points{7}});
    EXPECT_EQ(world.ask(earn).code, Code::clock_unsafe);
    const Outcome balance = world.ask(world.command(CommandKind::balance, ReadBalance{}));
    EXPECT_EQ(balance.code, Code::ok);
    EXPECT_EQ(balance.balances.available, Points{5});
    EXPECT_EQ(world.committer().durable(), before);

    // An operator decides, which the journal remembers.
    world.clock.set_safe(true);
    world.shard(0).journal_clock_decision();
    world.settle();
    ASSERT_EQ(world.committer().durable(), before + 1);
    std::vector<std::byte> bytes;
    ASSERT_TRUE(world.journal().read_entry(before + 1, bytes).has_value());
    ledger::Entry decision;
    ASSERT_TRUE(ledger::decode(bytes, decision).has_value());
    EXPECT_EQ(decision.kind, ledger::EntryKind::clock_decision);
    EXPECT_EQ(world.ask(earn).code, Code::ok);
}

// P5: what waits longer than some commits take shows that more would only wait longer.
TEST(Shard, IsBusyWhileTheOldestInFlightHasWaitedTooLong) {
    ShardWorld world;
    world.make_program();
    const ShardOptions defaults;
    std::vector<std::uint32_t> sent;
    for (std::size_t i = 0; i <= defaults.behind_entries_min; ++i)
        sent.push_back(world.send(world.command(CommandKind::earn, Earn{.amount = Points{1}})));
    world.step_shards();
    ASSERT_EQ(world.answer(sent.front()), nullptr) << "committed already";
    world.clock.pass(Duration{2 * defaults.behind_wait_min.ns});
    const Command late = world.command(CommandKind::earn, Earn{.amount = Points{1}});
    const std::uint32_t refused = world.send(late);
    world.step_shards();
    ASSERT_NE(world.answer(refused), nullptr);
    EXPECT_EQ(world.answer(refused)->code, Code::busy);
    EXPECT_GT(world.answer(refused)->retry_after_ms, 0U);

    world.settle();
    for (const std::uint32_t number : sent) EXPECT_EQ(world.answer(number)->code, Code::ok);
    EXPECT_EQ(world.ask(late).code, Code::ok);
}

TEST(Shard, CommitsNothingForALookupOfAnIdThatCouldStillRun) {
    ShardWorld world;
    world.make_program();
    const Lsn before = world.committer().durable();
    EXPECT_EQ(world.ask(world.command(CommandKind::lookup, Lookup{})).code, Code::unknown_yet);
    EXPECT_EQ(world.committer().durable(), before);
}

TEST(Shard, EmptiesAFullRequestLogThoughItsOwnRefusalsLeaveNothingToCommit) {
    ShardWorld world;
    world.request_log_ids_max = 16;
    world.restart();
    world.make_program();
    const auto earn = [&world] {
        return world.ask(world.command(CommandKind::earn, Earn{.amount = Points{5}})).code;
    };
    for (int i = 0; i < 40; ++i) earn();
    ASSERT_EQ(earn(), Code::busy);
    world.clock.advance(seconds(10));  // the floor may rise past them now
    world.settle();
    world.clock.advance(seconds(1));
    world.settle();
    EXPECT_EQ(earn(), Code::ok);
}

TEST(Shard, GivesARepeatOfARefusalTheTimeOfItsFirstAnswer) {
    ShardWorld world;
    world.make_program();
    const Command spend = world.command(CommandKind::spend, Spend{.amount = Points{5}});
    const std::uint32_t first = world.send(spend);
    // So many that the first is decided, though its batch is open still when the clock goes on.
    for (int i = 0; i < 200; ++i)
        world.send(world.command(CommandKind::spend, Spend{.amount = Points{5}}));
    world.clock.advance(seconds(1));
    world.settle();
    ASSERT_NE(world.answer(first), nullptr);
    ASSERT_EQ(world.answer(first)->code, Code::insufficient_points);
    EXPECT_EQ(world.ask(spend), *world.answer(first));
}

// Its refusal was kept for whichever shard the zero member hashes to; the first shard asked.
TEST(Shard, RemembersARefusalAboutNoMemberAfterARestart) {
    for (std::uint16_t shards = 2; shards < 8; ++shards) {
        ShardWorld world(shards);
        world.make_program();
        ProgramSpec spec;
        spec.id = ProgramId{99};
        spec.version = 2;
        Command update =
            world.command(CommandKind::program_update, PutProgram{.spec = spec, .create = false});
        update.head.member = {};
        const Outcome first = world.ask(update);
        ASSERT_EQ(first.code, Code::program_not_found);
        world.restart();
        EXPECT_EQ(world.ask(update), first) << shards << " shards";
    }
}

// What rules promise of expiry was asked of a program when the rules came, and never again.
TEST(Shard, UpdatesNoProgramAgainstItsRules) {
    ShardWorld world(2);
    world.make_program();
    const auto update = [&](std::uint32_t version, std::uint32_t months) {
        ProgramSpec spec = world.shard(0).ledger().program(shop)->spec();
        spec.version = version;
        spec.expiry = ExpiryPolicy::after_months;
        spec.expiry_count = months;
        Command command =
            world.command(CommandKind::program_update, PutProgram{.spec = spec, .create = false});
        command.head.member = {};
        return world.ask(command);
    };
    EXPECT_EQ(update(2, 24).code, Code::ok);
    const std::string rules =
        "program = 7\nversion = 1\nauthor = \"ops\"\neffective_from = 2027-01-01T00:00:00Z\n"
        "notice_days = 10\n[expiry]\npolicy = \"after_months\"\ncount = 24\n";
    CommandPayload book;
    const auto bytes = std::as_bytes(std::span(rules));
    book.text = {bytes.begin(), bytes.end()};
    Command put = world.command(CommandKind::rules_put, PutRules{.payload = &book});
    put.head.member = {};
    ASSERT_EQ(world.ask(put).code, Code::ok);
    const Outcome refused = update(3, 1);
    EXPECT_EQ(refused.code, Code::rules_adverse);
    EXPECT_EQ(refused.detail, (world.clock.now() + days(10)).ns);
    EXPECT_EQ(world.shard(1).ledger().program(shop)->spec().version, 2U);
    EXPECT_EQ(update(3, 36).code, Code::ok);
}

TEST(Shard, AsksTheFloorAgainAfterAnOriginalWasRead) {
    ShardWorld world;
    world.make_program();
    const Outcome spent = [&] {
        world.ask(world.command(CommandKind::earn, Earn{.amount = Points{50}}));
        return world.ask(world.command(CommandKind::spend, Spend{.amount = Points{20}}));
    }();
    ASSERT_EQ(spent.code, Code::ok);
    const Command refund = world.command(CommandKind::refund, Refund{.original = spent.entry_id});
    const std::uint32_t parked = world.send(refund);
    const std::uint32_t behind =
        world.send(world.command(CommandKind::earn, Earn{.amount = Points{1}}));
    world.step_shards();
    ASSERT_EQ(world.answer(parked), nullptr);

    world.committer().raise_floor(refund.head.request_id.unix_ms() + 1000);
    world.settle();
    ASSERT_NE(world.answer(parked), nullptr);
    EXPECT_EQ(world.answer(parked)->code, Code::request_too_old);
    ASSERT_NE(world.answer(behind), nullptr);
    EXPECT_EQ(world.answer(behind)->code, Code::request_too_old);
}

TEST(Shard, RefusesAReusedIdOnlyOnceTheFirstAttemptIsDurable) {
    ShardWorld world;
    world.make_program();
    const Command first = world.command(CommandKind::earn, Earn{.amount = Points{5}});
    Command other = first;
    other.body = Earn{.amount = Points{6}};
    other.head.body_hash = first.head.body_hash + 1;
    const std::uint32_t earned = world.send(first);
    world.step_shards();
    const std::uint32_t in_flight = world.send(other);
    world.step_shards();
    EXPECT_EQ(world.answer(in_flight), nullptr);
    ASSERT_EQ(world.answer(earned), nullptr);

    world.commit();
    ASSERT_NE(world.answer(in_flight), nullptr);
    EXPECT_EQ(world.answer(in_flight)->code, Code::request_id_reused);
    EXPECT_EQ(world.answer(earned)->code, Code::ok);
}

TEST(Shard, CountsNoStallWhereASandboxsClockIsAdvanced) {
    ShardWorld world;
    world.make_program();
    const std::uint32_t earned =
        world.send(world.command(CommandKind::earn, Earn{.amount = Points{5}}));
    world.step_shards();  // staged, and not durable yet
    world.send(world.command(CommandKind::clock_advance, AdvanceClock{.by = days(31)}));
    world.settle();
    ASSERT_NE(world.answer(earned), nullptr);
    EXPECT_EQ(world.metrics(0).stalls(StallCause::server).count(), 0U);
    EXPECT_EQ(world.metrics(0).stalls(StallCause::flush).count(), 0U);

    world.send(world.command(CommandKind::earn, Earn{.amount = Points{5}}));
    world.step_shards();
    world.clock.pass(seconds(1));  // time that has really passed
    world.settle();
    EXPECT_EQ(world.metrics(0).stalls(StallCause::server).count(), 1U);
}

// A batch is committed as a whole; 64 large entries used to be more than a commit takes.
TEST(Shard, EndsABatchBeforeItIsTooLargeForACommit) {
    ShardWorld world;
    world.make_program();
    constexpr std::uint32_t lots = 2000;
    for (std::uint32_t i = 0; i < lots; ++i)
        world.send(world.command(
            CommandKind::earn,
            Earn{.amount = Points{1}, .expires_at = world.clock.now() + days(30) + hours(i)}));
    world.settle();
    const std::uint64_t before = world.metrics(0).batches.read();
    std::vector<std::uint32_t> sent;
    for (std::uint32_t number = lots + 1; number <= lots + 32; number += 2) {
        sent.push_back(
            world.send(world.command(CommandKind::hold, PlaceHold{.amount = Points{lots}})));
        sent.push_back(
            world.send(world.command(CommandKind::release, ReleaseHold{.hold = HoldId{number}})));
    }
    world.step_shards();
    EXPECT_GT(world.metrics(0).batches.read() - before, 2U);
    world.settle();
    for (const std::uint32_t number : sent) EXPECT_EQ(world.answer(number)->code, Code::ok);
}

// The same for what one turn's sweep posts: here the orders of a day on which nobody swept.
TEST(Shard, SweepsNoMoreAtATimeThanACommitTakes) {
    ShardWorld world;
    world.make_program();
    const std::string rules =
        "program = 7\nversion = 1\nauthor = \"ops\"\neffective_from = 2027-01-01T00:00:00Z\n";
    CommandPayload book;
    const auto bytes = std::as_bytes(std::span(rules));
    book.text = {bytes.begin(), bytes.end()};
    Command put = world.command(CommandKind::rules_put, PutRules{.payload = &book});
    put.head.member = {};
    ASSERT_EQ(world.ask(put).code, Code::ok);
    CommandPayload asked;
    for (std::uint64_t i = 1; i <= limits::order_lines_max; ++i)
        asked.order.lines.push_back({.product = i, .unit_price = {100}, .quantity = 1});
    for (int i = 0; i < 400; ++i) {
        const std::uint32_t number =
            world.send(world.command(CommandKind::quote, AskQuote{.payload = &asked}));
        world.settle();
        CommandPayload quote;
        quote.token = std::get<QuoteAnswer>(*world.reply(number)->body).token;
        Settle settle{.payload = &quote};
        std::ranges::copy(std::to_string(i), settle.order.bytes.begin());
        ASSERT_EQ(world.ask(world.command(CommandKind::settle, settle)).code, Code::ok);
    }
    world.clock.pass(days(1));
    world.step_shards();
    const std::uint64_t at_once = world.metrics(0).expiries_posted.read();
    EXPECT_GT(at_once, 1U);
    world.settle();
    world.clock.pass(seconds(1));
    world.settle();
    EXPECT_GT(world.metrics(0).expiries_posted.read(), at_once);
    EXPECT_EQ(world.ask(world.command(CommandKind::balance, ReadBalance{})).balances.held,
              Points{});
}

// A checkpoint must not have a program whose entry a crash could still take back.
TEST(Shard, HoldsTheSliceWithProgramsBackUntilTheyAreDurable) {
    ShardWorld world;
    PutProgram put;
    put.spec = {.id = shop, .version = 1};
    std::string_view("Shop").copy(put.spec.name.bytes.data(), 4);
    std::string_view("CNY").copy(put.spec.currency.bytes.data(), 3);
    std::string_view("Asia/Shanghai").copy(put.spec.time_zone.bytes.data(), 13);
    Command create = world.command(CommandKind::program_create, put);
    create.head.member = {};
    world.send(create);
    world.step_shards();
    ASSERT_NE(world.shard(0).ledger().program(shop), nullptr);

    SliceLane& lane = world.shard(0).slice_lane();
    ASSERT_TRUE(
        lane.try_ask({.slice = std::make_unique<Slice>(), .bytes = 64U << 10U, .first = true}));
    world.step_shards();
    std::unique_ptr<Slice> slice;
    lane.drain_answers([&](std::unique_ptr<Slice>&& answer) { slice = std::move(answer); });
    ASSERT_NE(slice, nullptr);
    EXPECT_GT(slice->records.highest, world.committer().durable());
}

// Look-ups after a crash come by the thousand, and their entries lie side by side.
TEST(JournalReader, ReadsNeighboursFromTheCommitThatItHasAlready) {
    ShardWorld world;
    world.make_program();
    const std::uint32_t first =
        world.send(world.command(CommandKind::earn, Earn{.amount = Points{5}}));
    const std::uint32_t second =
        world.send(world.command(CommandKind::earn, Earn{.amount = Points{6}}));
    world.settle();
    const Lsn one = world.answer(first)->entry_id;
    const Lsn two = world.answer(second)->entry_id;
    ASSERT_EQ(world.journal().read(one)->view.first_lsn(),
              world.journal().read(two)->view.first_lsn());

    JournalReader reader(world.journal(), 1);
    std::vector<ReadDone> answers;
    const auto read = [&](Lsn lsn) {
        EXPECT_TRUE(reader.try_ask(ShardIndex{0}, {.what = ReadJob::What::entry, .from = lsn}));
        reader.run_once();
        reader.drain(ShardIndex{0}, [&](ReadDone&& done) { answers.push_back(std::move(done)); });
    };
    read(one);
    for (const auto& [name, file] : world.volume.stores) file->values.clear();  // the disk is gone
    read(two);
    read(Lsn{1});
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_EQ(answers[0].code, Code::ok);
    EXPECT_EQ(answers[1].code, Code::ok);
    EXPECT_NE(answers[0].entry, answers[1].entry);
    EXPECT_EQ(answers[2].code, Code::unavailable);
}

// A shard got an answer, asked for the next read and aborted: the ring of jobs still held the one
// that was answered.
TEST(JournalReader, HasRoomForTheNextReadAsSoonAsOneIsAnswered) {
    ShardWorld world;
    world.make_program();
    const Lsn lsn = world.ask(world.command(CommandKind::earn, Earn{.amount = Points{5}})).entry_id;
    JournalReader reader(world.journal(), 1);
    reader.start();
    constexpr int reads = 100'000;
    int asked = 0;
    int answered = 0;
    while (answered < reads) {
        while (asked < reads &&
               reader.try_ask(ShardIndex{0}, {.what = ReadJob::What::entry, .from = lsn}))
            ++asked;
        reader.drain(ShardIndex{0}, [&](ReadDone&& done) {
            EXPECT_EQ(done.code, Code::ok);
            ++answered;
        });
    }
    reader.stop();
    EXPECT_EQ(answered, asked);
}

// An account with a long history, and a reader that walks it back three entries at a turn.
struct LongHistory {
    ShardWorld world;
    std::vector<RequestId> ids;  // of alice's earnings, oldest first
    std::vector<Lsn> entries;    // theirs
    std::vector<Lsn> others;     // behind each of them, an entry of another account
    std::vector<ReadDone> answers;
    std::unique_ptr<JournalReader> reader;

    LongHistory() {
        world.make_program();
        for (int i = 0; i < 40; ++i) {
            const Command earn = world.command(CommandKind::earn, Earn{.amount = Points{1 + i}});
            ids.push_back(earn.head.request_id);
            entries.push_back(world.ask(earn).entry_id);
            Command of_another = world.command(CommandKind::earn, Earn{.amount = Points{1}});
            of_another.head.member.low += 1;
            others.push_back(world.ask(of_another).entry_id);
        }
        reader = std::make_unique<JournalReader>(world.journal(), 1, 3);
    }
    void ask(const ReadJob& job) { ASSERT_TRUE(reader->try_ask(ShardIndex{0}, job)); }
    void turn() {
        reader->run_once();
        reader->drain(ShardIndex{0}, [&](ReadDone&& done) { answers.push_back(std::move(done)); });
    }
    // Turns until so many answers have come, or 100.
    void turn_until(std::size_t count) {
        for (int i = 0; i < 100 && answers.size() < count; ++i) turn();
        ASSERT_EQ(answers.size(), count);
    }
    [[nodiscard]] ReadJob find(const RequestId& id) {
        return {.what = ReadJob::What::find,
                .ticket = 1,
                .from = entries.back(),
                .request_id = id,
                .partner = world.command(CommandKind::ping, {}).head.partner};
    }
};

// It gave up after 100,000 entries, with `unavailable` and nothing in the log.
TEST(JournalReader, FindsARequestHoweverManyEntriesCameAfterIt) {
    LongHistory history;
    history.ask(history.find(history.ids.front()));
    history.turn_until(1);
    EXPECT_EQ(history.answers[0].code, Code::ok);
    ledger::Entry entry;
    ASSERT_TRUE(ledger::decode(history.answers[0].entry, entry).has_value());
    EXPECT_EQ(entry.lsn, history.entries.front());

    RequestId never_sent = history.ids.front();
    never_sent.low += 500;
    history.ask(history.find(never_sent));
    history.turn_until(2);
    EXPECT_EQ(history.answers[1].code, Code::not_executed);
}

TEST(JournalReader, DoesOtherJobsBetweenTheTurnsOfALongWalk) {
    LongHistory history;
    history.ask(history.find(history.ids.front()));
    history.turn();
    EXPECT_TRUE(history.answers.empty()) << "40 entries in one turn of 3";
    history.ask({.what = ReadJob::What::entry, .ticket = 2, .from = history.entries[5]});
    history.turn();
    ASSERT_EQ(history.answers.size(), 1U);
    EXPECT_EQ(history.answers[0].ticket, 2U);
    history.turn_until(2);
    EXPECT_EQ(history.answers[1].ticket, 1U);
}

// A page that began far back ended without a line, and pointed the client forward.
TEST(JournalReader, GivesAPageOfAStatementHoweverFarBackItBegins) {
    LongHistory history;
    // `before` is no entry of alice's, so that the walk begins with her newest.
    history.ask({.what = ReadJob::What::statement,
                 .from = history.entries.back(),
                 .before = history.others[1],
                 .member = alice,
                 .program = shop,
                 .lines_max = 1});
    history.turn_until(1);
    EXPECT_EQ(history.answers[0].code, Code::ok);
    ASSERT_EQ(history.answers[0].lines.size(), 1U);
    EXPECT_EQ(history.answers[0].lines[0].entry_id, history.entries[1]);
    EXPECT_EQ(history.answers[0].next, history.entries[1]);
}

}  // namespace
}  // namespace suanpan::shard
