#include "tests/unit/shard/shard_world.h"

#include "server/shard/start_record.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace suanpan::shard {

namespace {

std::shared_ptr<const cards::MasterKeys> some_master_keys() {
    return master_keys_of("suanpan master keys 1\n7 " + std::string(64, 'b') + "\n");
}

}  // namespace

ShardWorld::ShardWorld(std::uint16_t shards, const storage::JournalOptions& journal_options,
                       Instant start)
    : clock(start),
      master_keys(some_master_keys()),
      shard_count_(shards),
      journal_options_(journal_options) {
    build();
}

void ShardWorld::restart() {
    stop();
    build();
}

void ShardWorld::restart(std::uint16_t shards) {
    shard_count_ = shards;
    restart();
}

void ShardWorld::stop() {
    shards_.clear();
    reader_.reset();
    owners_.reset();
    exchange_.reset();
    committer_.reset();
    metrics_.clear();
    recovered_ = {};
    journal_.reset();
    directory_.reset();
}

void ShardWorld::build() {
    directory_.emplace(storage::DataDirectory::open(volume, {}));
    journal_ = storage::Journal::open(*directory_, journal_options_);
    recovered_ = recover(*directory_, *journal_, {.shards = shard_count_, .threads = false});
    committer_ = std::make_unique<Committer>(*journal_, shard_count_, committer_metrics_);
    committer_->set_hooks({.wake = [](ShardIndex) {},
                           .fail = [](const std::string& why) { throw std::runtime_error(why); },
                           .wake_commit_thread = {}});
    exchange_ = std::make_unique<Exchange>(shard_count_);
    owners_ = std::make_unique<OwnerLanes>(shard_count_, recovered_.ledgers);
    owners_->restore_codes(std::move(recovered_.codes), recovered_.ledgers);
    reader_ = std::make_unique<JournalReader>(*journal_, shard_count_);
    for (std::uint16_t i = 0; i < shard_count_; ++i) {
        metrics_.push_back(std::make_unique<ShardMetrics>());
        shards_.push_back(
            std::make_unique<Shard>(ShardIndex{i}, std::move(recovered_.ledgers[i]),
                                    ShardSurroundings{.committer = *committer_,
                                                      .clock = clock,
                                                      .reader = *reader_,
                                                      .exchange = *exchange_,
                                                      .owners = *owners_,
                                                      .wake = [](ShardIndex) {}},
                                    ShardOptions{.hash_seed = directory_->hash_seed(),
                                                 .code_secret = code_secret(*directory_),
                                                 .master_keys = master_keys,
                                                 .request_log_ids_max = request_log_ids_max,
                                                 .inline_commit_entries_max = 0},
                                    *metrics_.back()));
        shards_.back()->adopt_thread(answers_);
    }
    owners_->forget_codes_at_start();
    while (true) {
        const auto built = journal_->build_ahead();
        if (!built.has_value() || !*built) break;
    }
    commit_start_record(*committer_, clock.now(), directory_->incarnation(), shard_count_);
}

Command ShardWorld::command(CommandKind kind, const CommandBody& body, Duration made_before_now) {
    const std::int64_t made_ms = (clock.now() - made_before_now).unix_ms();
    const std::uint64_t low = next_request_ + 1000;
    return {.head = {.kind = kind,
                     .partner = PartnerId{3},
                     .principal = {},
                     .program = shop,
                     .request_id = {.high = static_cast<std::uint64_t>(made_ms) << 16U, .low = low},
                     .member = alice,
                     .body_hash = low * 77},
            .body = body};
}

std::uint32_t ShardWorld::send(const Command& command, std::uint16_t via) {
    const std::uint32_t request = next_request_++;
    shards_[via]->begin_turn();
    shards_[via]->submit(command, {.shard = ShardIndex{via}, .request = request});
    return request;
}

std::uint64_t ShardWorld::accounts() const {
    std::uint64_t accounts = 0;
    for (const auto& shard : shards_) accounts += shard->ledger().account_count();
    return accounts;
}

const Reply* ShardWorld::reply(std::uint32_t number) const {
    const auto found = answers_.replies.find(number);
    return found == answers_.replies.end() ? nullptr : &found->second;
}

const Outcome* ShardWorld::answer(std::uint32_t number) const {
    const Reply* found = reply(number);
    return found == nullptr ? nullptr : &found->outcome;
}

void ShardWorld::adopt_shards() {
    for (const auto& shard : shards_) shard->adopt_thread(answers_);
}

void ShardWorld::step_shards() {
    for (const auto& shard : shards_) {
        shard->begin_turn();
        shard->step();
    }
}

void ShardWorld::commit() {
    while (committer_->try_commit()) {
    }
    step_shards();
}

void ShardWorld::settle() {
    for (int quiet = 0; quiet < 3;) {
        bool busy = false;
        for (const auto& shard : shards_) {
            shard->begin_turn();
            busy = shard->step() || busy;
        }
        while (committer_->try_commit()) busy = true;
        busy = reader_->run_once() > 0 || busy;
        quiet = busy ? 0 : quiet + 1;
    }
}

Outcome ShardWorld::ask(const Command& command) {
    const std::uint32_t number = send(command);
    settle();
    const Outcome* found = answer(number);
    if (found == nullptr) {
        ADD_FAILURE() << "no answer came";
        return {};
    }
    return *found;
}

Reply ShardWorld::ask_for_reply(const Command& command) {
    const std::uint32_t number = send(command);
    settle();
    const auto found = answers_.replies.find(number);
    if (found == answers_.replies.end()) throw std::runtime_error("no answer came");
    Reply reply = std::move(found->second);
    answers_.replies.erase(found);
    return reply;
}

void ShardWorld::make_program() {
    PutProgram put;
    put.spec.id = shop;
    put.spec.version = 1;
    std::string_view("Shop").copy(put.spec.name.bytes.data(), 4);
    std::string_view("CNY").copy(put.spec.currency.bytes.data(), 3);
    std::string_view("Asia/Shanghai").copy(put.spec.time_zone.bytes.data(), 13);
    Command create = command(CommandKind::program_create, put);
    create.head.member = {};
    ASSERT_EQ(ask(create).code, Code::ok);
}

void ShardWorld::write_checkpoint() {
    std::vector<SliceLane*> lanes;
    for (const auto& shard : shards_) lanes.push_back(&shard->slice_lane());
    std::string complaint;
    Checkpointer checkpointer(
        *directory_, *journal_, *committer_, std::move(lanes), storage_metrics_, {},
        {.wake = [](ShardIndex) {}, .complain = [&](const std::string& why) { complaint = why; }});
    checkpointer.ask_for_round();
    for (int i = 0; i < 10'000 && checkpointer.rounds() == 0 && complaint.empty(); ++i) {
        checkpointer.step();
        settle();
    }
    EXPECT_EQ(complaint, "");
    EXPECT_EQ(checkpointer.rounds(), 1U);
}

}  // namespace suanpan::shard
