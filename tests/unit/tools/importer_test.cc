// The importer against a server in memory that loses answers, dies, and forgets old ids.
#include "tools/importer.h"

#include "tests/support/temporary_folder.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <utility>

namespace suanpan::tools {
namespace {

using client::Answer;
using client::Fate;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Keeps balances and ids as a server does: an id runs once, and not below the floor.
class FakeServer final : public ImportServer {
public:
    std::vector<Answer> earn(std::span<const ImportLine> lines) override {
        std::vector<Answer> answers;
        for (const ImportLine& line : lines) answers.push_back(earn_one(line));
        return answers;
    }
    std::vector<Answer> lookup(std::span<const ImportLine> lines) override {
        std::vector<Answer> answers;
        for (const ImportLine& line : lines) {
            ++lookups;
            const auto done = executed.find(line.request_id);
            if (done != executed.end())
                answers.push_back(with(Fate::done, Code::ok));
            else if (line.request_id.unix_ms() >= floor_ms)
                answers.push_back(with(Fate::done, Code::unknown_yet));
            else
                answers.push_back(with(Fate::refused, Code::not_executed));
        }
        return answers;
    }
    std::int64_t now_ms() override { return clock_ms; }

    std::int64_t clock_ms = 1'800'000'000'000;
    std::int64_t floor_ms = 0;
    std::uint64_t dies_after = UINT64_MAX;  // earnings that still run; their answers are lost
    std::uint64_t lookups = 0;
    std::map<RequestId, std::int64_t> executed;
    std::map<MemberId, std::int64_t> points;

private:
    static Answer with(Fate fate, Code code) {
        Answer answer;
        answer.fate = fate;
        answer.outcome.code = code;
        return answer;
    }
    Answer earn_one(const ImportLine& line) {
        if (executed.contains(line.request_id) && line.request_id.unix_ms() >= floor_ms)
            return with(Fate::done, Code::ok);
        if (line.request_id.unix_ms() < floor_ms) return with(Fate::refused, Code::request_too_old);
        if (line.row.program != ProgramId{1}) return with(Fate::refused, Code::program_not_found);
        if (dies_after == 0) return with(Fate::unknown, Code::unknown_yet);
        executed[line.request_id] = line.row.earn.amount.value;
        points[line.row.member] += line.row.earn.amount.value;
        if (dies_after != UINT64_MAX && --dies_after == 0)
            return with(Fate::unknown, Code::unknown_yet);  // it ran, and nobody was told
        return with(Fate::done, Code::ok);
    }
};

class ImporterTest : public ::testing::Test {
protected:
    ImporterTest() {
        options_ = {.csv = folder_.path() / "balances.csv",
                    .state_file = folder_.path() / "state",
                    .chunk_lines = 4};
        fresh_ = {.id_high = 11, .id_low = 12, .server_high = 13, .server_low = 14};
    }

    void write(const std::string& text) const { std::ofstream(options_.csv) << text; }
    // `count` members with i points each, after a heading.
    void write_members(int count) const {
        std::string text = std::string(balance_heading) + "\n";
        for (int i = 1; i <= count; ++i) text += row(i);
        write(text);
    }
    static std::string row(int i) {
        BalanceRow row;
        row.member = {.high = 7, .low = static_cast<std::uint64_t>(i)};
        row.program = ProgramId{1};
        row.earn.amount = Points{i};
        return text_of(row) + "\n";
    }
    ImportEnd run() {
        bad_.clear();
        return Importer(
                   server_, options_,
                   [this](std::uint64_t line, const std::string& why) {
                       bad_.emplace_back(line, why);
                   },
                   [](std::uint64_t, std::uint64_t, std::uint64_t) {})
            .run(fresh_);
    }
    [[nodiscard]] std::int64_t all_points() const {
        std::int64_t sum = 0;
        for (const auto& [member, points] : server_.points) sum += points;
        return sum;
    }

    TemporaryFolder folder_;
    ImportOptions options_;
    ImportState fresh_;
    FakeServer server_;
    std::vector<std::pair<std::uint64_t, std::string>> bad_;
};

TEST_F(ImporterTest, ImportsEveryLineOnce) {
    write_members(10);
    const ImportEnd end = run();
    EXPECT_EQ(end.how, ImportEnd::How::finished);
    EXPECT_EQ(end.state.rows_done, 10U);
    EXPECT_EQ(end.state.points_done, 55);
    EXPECT_EQ(all_points(), 55);
}

TEST_F(ImporterTest, DoesNothingWhenItHasFinished) {
    write_members(3);
    EXPECT_EQ(run().how, ImportEnd::How::finished);
    const auto ran = server_.executed.size();
    const ImportEnd again = run();
    EXPECT_EQ(again.state.rows_done, 3U);
    EXPECT_EQ(server_.executed.size(), ran);
}

TEST_F(ImporterTest, AppliesNothingTwiceWhereverItIsCut) {
    for (std::uint64_t cut = 1; cut <= 10; ++cut) {
        server_ = {};
        std::filesystem::remove(options_.state_file);
        write_members(10);
        server_.dies_after = cut;
        EXPECT_EQ(run().how, ImportEnd::How::interrupted) << cut;
        server_.dies_after = UINT64_MAX;
        const ImportEnd end = run();
        EXPECT_EQ(end.how, ImportEnd::How::finished) << cut;
        EXPECT_EQ(end.state.points_done, 55) << cut;
        EXPECT_EQ(all_points(), 55) << cut;
    }
}

// The server has forgotten the ids of the chunk that was cut: each line is looked up first.
TEST_F(ImporterTest, AppliesNothingTwiceWhenItGoesOnBehindTheFloor) {
    for (std::uint64_t cut = 1; cut <= 10; ++cut) {
        server_ = {};
        std::filesystem::remove(options_.state_file);
        write_members(10);
        server_.dies_after = cut;
        EXPECT_EQ(run().how, ImportEnd::How::interrupted);
        server_.dies_after = UINT64_MAX;
        server_.clock_ms += 3'600'000;
        server_.floor_ms = server_.clock_ms - 900'000;
        const ImportEnd end = run();
        EXPECT_EQ(end.how, ImportEnd::How::finished) << cut << ": " << end.why;
        EXPECT_EQ(end.state.rows_done, 10U) << cut;
        EXPECT_EQ(all_points(), 55) << cut;
        EXPECT_GT(server_.lookups, 0U) << cut;
    }
}

// Cut again after the ids got a later time: now two times have to be asked.
TEST_F(ImporterTest, RemembersEveryTimeThatItsIdsHad) {
    options_.chunk_lines = 10;
    write_members(9);
    server_.dies_after = 3;
    EXPECT_EQ(run().how, ImportEnd::How::interrupted);
    for (int round = 0; round < 3; ++round) {
        server_.clock_ms += 3'600'000;
        server_.floor_ms = server_.clock_ms - 900'000;
        server_.dies_after = 2;
        EXPECT_EQ(run().how, ImportEnd::How::interrupted) << round;
    }
    server_.clock_ms += 3'600'000;
    server_.floor_ms = server_.clock_ms - 900'000;
    server_.dies_after = UINT64_MAX;
    EXPECT_EQ(run().how, ImportEnd::How::finished);
    EXPECT_EQ(all_points(), 45);
    EXPECT_EQ(server_.executed.size(), 9U);
}

TEST_F(ImporterTest, NamesBadLinesByNumberAndGoesOn) {
    BalanceRow elsewhere;
    elsewhere.member = {.high = 7, .low = 99};
    elsewhere.program = ProgramId{2};
    elsewhere.earn.amount = Points{1};
    write(row(1) + "nonsense\n" + "\n" + text_of(elsewhere) + "\n" + row(5));
    const ImportEnd end = run();
    EXPECT_EQ(end.how, ImportEnd::How::finished);
    EXPECT_EQ(end.state.rows_done, 2U);
    EXPECT_EQ(end.state.rows_bad, 2U);
    ASSERT_EQ(bad_.size(), 2U);
    EXPECT_EQ(bad_[0].first, 2U);
    EXPECT_EQ(bad_[1].first, 4U);
    EXPECT_THAT(bad_[1].second, HasSubstr("program_not_found (305"));
}

TEST_F(ImporterTest, StopsAtABadLineWhereItIsToldTo) {
    options_.stop_at_bad_line = true;
    write(row(1) + "nonsense\n" + row(3));
    EXPECT_EQ(run().how, ImportEnd::How::bad_line);
    EXPECT_EQ(all_points(), 0);  // nothing of its chunk was sent
    write(row(1) + row(2) + row(3));
    EXPECT_EQ(run().how, ImportEnd::How::finished);
    EXPECT_EQ(all_points(), 6);
}

TEST_F(ImporterTest, NoticesThatTheFileIsAnother) {
    write_members(6);
    server_.dies_after = 5;
    EXPECT_EQ(run().how, ImportEnd::How::interrupted);
    write(row(9) + row(9) + row(9) + row(9) + row(9) + row(9) + row(9));
    EXPECT_THROW((void)run(), std::runtime_error);
}

TEST_F(ImporterTest, NoticesThatTheServerIsAnother) {
    write_members(6);
    server_.dies_after = 5;
    EXPECT_EQ(run().how, ImportEnd::How::interrupted);
    fresh_.server_low = 99;
    EXPECT_THROW((void)run(), std::runtime_error);
}

TEST_F(ImporterTest, RefusesADamagedStateFile) {
    write_members(6);
    server_.dies_after = 5;
    EXPECT_EQ(run().how, ImportEnd::How::interrupted);
    std::ofstream(options_.state_file, std::ios::app) << "offset = 0\n";
    EXPECT_THROW((void)run(), std::runtime_error);
}

TEST(ImportRequestId, DependsOnImportLineAndTimeAlone) {
    const ImportState state{.id_high = 1, .id_low = 2};
    const RequestId id = import_request_id(state, 17, 1'800'000'000'000);
    EXPECT_EQ(id, import_request_id(state, 17, 1'800'000'000'000));
    EXPECT_EQ(id.unix_ms(), 1'800'000'000'000);
    EXPECT_EQ(id.high >> 12U & 15U, 7U);
    EXPECT_EQ(id.low >> 62U, 2U);
    std::set<RequestId> ids;
    for (std::uint64_t line = 0; line < 10'000; ++line)
        ids.insert(import_request_id(state, line, 1'800'000'000'000));
    EXPECT_EQ(ids.size(), 10'000U);
    EXPECT_NE(id, import_request_id({.id_high = 1, .id_low = 3}, 17, 1'800'000'000'000));
}

}  // namespace
}  // namespace suanpan::tools
