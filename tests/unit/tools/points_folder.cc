#include "tests/unit/tools/points_folder.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"
#include "server/ledger/entry_format.h"
#include "server/shard/baseline_builder.h"
#include "server/shard/checkpoint_record.h"
#include "server/shard/recovery.h"
#include "storage/checkpoint.h"
#include "storage/lmdb_volume.h"
#include "storage/segment.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

namespace suanpan::tools {
namespace {

constexpr PartnerId partner{1};

storage::JournalOptions small_segments() {
    storage::JournalOptions options;
    options.segment_bytes = 512U << 10U;
    return options;
}

std::string slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

PointsFolder::PointsFolder() {
    volume_ = storage::open_lmdb_volume(path());
    directory_ =
        std::make_unique<storage::DataDirectory>(storage::DataDirectory::open(*volume_, {}));
    journal_ = storage::Journal::open(*directory_, small_segments());
    while (journal_->build_ahead().value_or(false)) {
    }
    ledger_ = std::make_unique<ledger::Ledger>(
        ledger::LedgerOptions{.seed = shard::digest_seed(*directory_)});
    ProgramSpec spec;
    spec.id = lotus;
    spec.version = 1;
    std::memcpy(spec.name.bytes.data(), "Lotus", 5);
    std::memcpy(spec.currency.bytes.data(), "CNY", 3);
    std::memcpy(spec.time_zone.bytes.data(), "Asia/Shanghai", 13);
    run({}, CommandKind::program_create, PutProgram{.spec = spec, .create = true});
    commit();
}

PointsFolder::~PointsFolder() {
    kill();
}

RequestId PointsFolder::last_request_id() const {
    return {.high = static_cast<std::uint64_t>(now_.unix_ms()) << 16U | 0x7000U,
            .low = 0x8000'0000'0000'0000U | requests_made_};
}

Lsn PointsFolder::run(const MemberId& member, CommandKind kind, const CommandBody& body) {
    ++requests_made_;
    now_ = now_ + milliseconds(1);
    Command command;
    command.head.kind = kind;
    command.head.partner = partner;
    command.head.program = lotus;
    command.head.request_id = last_request_id();
    command.head.member = member;
    command.head.body_hash = requests_made_;
    command.body = body;
    ledger::Entry original;
    ledger::Entry entry;
    const ledger::Decision decision = ledger_->decide(command, now_, nullptr, entry);
    EXPECT_TRUE(decision.accepted()) << text_of(decision.code).name;
    return stage(entry, ledger_->apply(entry));
}

void PointsFolder::refuse(const MemberId& member, const RequestId& request_id, Code code,
                          std::int64_t detail) {
    CommandHead head;
    head.partner = partner;
    head.member = member;
    head.request_id = request_id;
    ledger::Entry block;
    block.kind = ledger::EntryKind::refusals;
    block.time = now_;
    block.refusals.push_back(
        ledger::Ledger::refusal_record(head, ledger_->digest_of(head), code, detail,
                                       member_hash(member, directory_->hash_seed())));
    stage(block, ledger::no_account);
}

Lsn PointsFolder::stage(ledger::Entry& entry, ledger::AccountRef ref) {
    const Lsn lsn{next_lsn_++};
    entry.lsn = lsn;
    if (ref != ledger::no_account) entry.prev_lsn = ledger_->exchange_last_lsn(ref, lsn);
    if (tamper_) {
        tamper_(entry);
        tamper_ = nullptr;
    }
    const std::size_t begin = staged_.size();
    lengths_.push_back(static_cast<std::uint32_t>(ledger::encode(entry, staged_)));
    ledger::patch_lsn(std::span(staged_).subspan(begin), entry.lsn, entry.prev_lsn);
    return lsn;
}

void PointsFolder::commit() {
    const storage::Bytes run(staged_);
    const auto done = journal_->append({.first_lsn = journal_->last_lsn().value + 1,
                                        .count = static_cast<std::uint32_t>(lengths_.size()),
                                        .time = now_,
                                        .request_floor_ms = 1},
                                       std::span(&run, 1), lengths_);
    ASSERT_TRUE(done.has_value()) << done.error().sentence;
    staged_.clear();
    lengths_.clear();
    while (journal_->build_ahead().value_or(false)) {
    }
}

void PointsFolder::checkpoint() {
    auto writer = storage::CheckpointWriter::begin(*directory_, journal_->last_lsn());
    ASSERT_TRUE(writer.has_value());
    ledger::RecordSlice slice;
    ledger::RecordCursor cursor;
    ASSERT_FALSE(ledger_->next_slice(cursor, std::numeric_limits<std::size_t>::max() / 2, slice));
    const shard::CheckpointRecordHead head{.shard = 0, .shards = 1};
    for (const ledger::RecordSlice::Place& place : slice.records) {
        const auto record = slice.record(place);
        std::vector<std::byte> bytes(sizeof head + record.size());
        std::memcpy(bytes.data(), &head, sizeof head);
        std::memcpy(bytes.data() + sizeof head, record.data(), record.size());
        const storage::CheckpointRecord one{.lsn = place.lsn, .bytes = bytes};
        ASSERT_TRUE((*writer)->add(std::span(&one, 1)).has_value());
    }
    ASSERT_TRUE((*writer)->finish(journal_->last_lsn()).has_value());
}

void PointsFolder::fill_segment() {
    const auto before = journal_->counters().rotations;
    while (journal_->counters().rotations == before) {
        for (int i = 0; i < 200; ++i) earn(bob, 1);
        commit();
    }
}

void PointsFolder::retire_first_segment() {
    while (true) {  // the trailer, without which a segment stays
        const auto built = journal_->build_ahead();
        ASSERT_TRUE(built.has_value());
        if (!*built) break;
    }
    const Lsn end = journal_->segments().front().last_lsn;
    const auto seal = shard::build_baseline(*directory_, *journal_, end, {.parts = 3});
    ASSERT_TRUE(seal.has_value()) << seal.error();
    const auto retired = journal_->retire_before(end + 1, {.lsn = end, .chain = seal->chain});
    ASSERT_TRUE(retired.has_value() && *retired == 1);
}

std::string PointsFolder::baseline() const {
    for (const auto& file : std::filesystem::directory_iterator(path())) {
        const std::string name = file.path().filename().string();
        if (name.starts_with("baseline-") && name.ends_with(".lmdb")) return file.path().string();
    }
    return "";
}

void PointsFolder::kill() {
    journal_.reset();
    directory_.reset();
    volume_.reset();
}

void PointsFolder::stop() {
    ASSERT_TRUE(journal_->close().has_value());
    kill();
}

std::string PointsFolder::segment(std::uint64_t ordinal) const {
    return path() + "/" + storage::segment_name(ordinal);
}

ToolRun run_tool(const std::string& command) {
    ToolRun run;
    std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return run;
    std::array<char, 4096> chunk{};
    while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe))
        run.output.append(chunk.data(), got);
    const int status = ::pclose(pipe);
    if (WIFEXITED(status)) run.exit_code = WEXITSTATUS(status);
    return run;
}

void flip_bit(const std::string& path, std::uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 1));
}

std::vector<std::uint64_t> offsets_of(const std::string& path, std::string_view bytes) {
    const std::string content = slurp(path);
    std::vector<std::uint64_t> offsets;
    for (std::size_t at = content.find(bytes); at != std::string::npos;
         at = content.find(bytes, at + 1))
        offsets.push_back(at);
    EXPECT_FALSE(offsets.empty()) << path;
    return offsets;
}

std::uint64_t commit_offset(const std::string& path, Lsn lsn) {
    const std::string bytes = slurp(path);
    for (std::size_t page = 0; page + storage::page_bytes <= bytes.size();
         page += storage::page_bytes) {
        storage::CommitHeader header;
        std::memcpy(&header, bytes.data() + page + storage::page_header_bytes, sizeof header);
        if (header.magic == storage::commit_magic && header.first_lsn == lsn.value)
            return page + storage::page_header_bytes;
    }
    ADD_FAILURE() << "no commit begins with LSN " << lsn.value;
    return 0;
}

}  // namespace suanpan::tools
