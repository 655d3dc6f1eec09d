#include "server/shard/baseline_builder.h"

#include "protocol/base/canary.h"
#include "protocol/base/hash.h"
#include "server/ledger/entry_format.h"
#include "server/shard/checkpoint_record.h"
#include "server/shard/recovery.h"
#include "server/shard/state_digest.h"

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace suanpan::shard {
namespace {

constexpr std::size_t slice_bytes = 1U << 20U;

class BaselineBuilder {
public:
    using Done = std::expected<void, std::string>;

    BaselineBuilder(const storage::DataDirectory& directory, const storage::Journal& journal,
                    Lsn lsn, const BaselineOptions& options)
        : directory_(directory), journal_(journal), lsn_(lsn), options_(options) {}

    std::expected<storage::BaselineSeal, std::string> run() {
        if (Done done = open_base(); !done) return std::unexpected(done.error());
        auto writer = storage::begin_baseline(directory_, lsn_, {});
        if (!writer.has_value()) return std::unexpected(writer.error().detail);
        writer_ = std::move(*writer);
        for (std::uint16_t part = 0; part < options_.parts; ++part)
            if (Done done = take_part(part); !done) return std::unexpected(done.error());
        digest_.house = ledger::Ledger::hash_of_house(house_);
        seal_.state_hash = digest_.text();
        if (const auto finished = writer_->finish(lsn_); !finished.has_value())
            return std::unexpected(finished.error().detail);
        if (const auto sealed = storage::seal_baseline(directory_.volume(), seal_); !sealed)
            return std::unexpected(sealed.error().detail);
        return seal_;
    }

private:
    // What the journal begins after, and the commit that the new one ends with.
    Done open_base() {
        const Lsn oldest = journal_.oldest_lsn();
        if (oldest.value > 1) {
            try {
                base_ = storage::open_baseline(directory_, Lsn{oldest.value - 1});
            } catch (const storage::OpenError& error) {
                return std::unexpected(std::string(error.what()));
            }
        }
        const auto last = journal_.read(lsn_);
        if (!last.has_value()) return std::unexpected(last.error().sentence);
        if (last->view.last_lsn() != lsn_)
            return std::unexpected("LSN " + std::to_string(lsn_.value) + " ends no commit");
        seal_ = {.uuid = directory_.uuid(),
                 .lsn = lsn_,
                 .chain = last->view.chain(),
                 .time = last->view.time(),
                 .request_floor_ms = last->view.header().request_floor_ms,
                 .state_hash = {}};
        return {};
    }

    Done take_part(std::uint16_t part) {
        part_ = part;
        ledger::Ledger ledger(
            {.seed = digest_seed(directory_), .shard = part, .shard_count = options_.parts});
        if (Done done = load_base(ledger); !done) return done;
        if (Done done = replay(ledger); !done) return done;
        if (Done done = write(ledger); !done) return done;
        digest_.accounts.add(ledger.state_hash());
        if (part == 0) digest_.programs = ledger.hash_of_programs();
        ledger.add_house_to(house_);
        return {};
    }

    [[nodiscard]] bool is_mine(const MemberId& member) const {
        return member_hash(member, directory_.hash_seed()) % options_.parts == part_;
    }
    [[nodiscard]] bool is_stopping() const {
        return options_.stopping != nullptr && options_.stopping->load(std::memory_order_relaxed);
    }

    Done load_base(ledger::Ledger& ledger) const {
        if (base_.reader == nullptr) return {};
        bool sound = true;
        const auto load = [&](const storage::CheckpointRecord& stored) {
            const auto record = CheckpointRecordView::of(stored.bytes);
            sound = sound && record.has_value();
            if (!sound) return;
            if (const auto member = ledger::account_record_member(record->bytes)) {
                if (!is_mine(*member)) return;
            } else if (ledger::house_record_info(record->bytes) && part_ != 0 &&
                       !SUANPAN_CANARY(baseline_counts_the_house_twice)) {
                return;  // the counters of all parts before add up on the first
            }
            sound = ledger.load_record(record->bytes).has_value();
        };
        const auto totals = base_.reader->for_each(0, base_.reader->packs(), load);
        if (sound && totals.has_value() && *totals == base_.reader->round().totals) return {};
        return std::unexpected(storage::baseline_name(base_.seal.lsn) +
                               ": is damaged; restore this file from a backup");
    }

    Done replay(ledger::Ledger& ledger) {
        std::string wrong;
        const auto check = part_ == 0 ? storage::CommitCheck::chain : storage::CommitCheck::crc;
        const auto walked = journal_.for_each_commit(
            base_.seal.lsn + 1, check, [&](const storage::CommitView& commit) {
                if (commit.first_lsn() > lsn_) return false;
                if (is_stopping()) wrong = "the server is stopping";
                for (std::uint32_t i = 0; wrong.empty() && i < commit.count(); ++i)
                    wrong = apply(commit.entry(i), commit.first_lsn() + i, ledger);
                return wrong.empty();
            });
        if (!walked.has_value()) return std::unexpected(walked.error().sentence);
        if (!wrong.empty()) return std::unexpected(wrong);
        return {};
    }

    std::string apply(std::span<const std::byte> bytes, Lsn lsn, ledger::Ledger& ledger) {
        const auto header = ledger::EntryHeaderView::of(bytes);
        if (!header || header->lsn() != lsn)
            return "the header of entry " + std::to_string(lsn.value) + " is unreadable";
        const bool has_member = !header->member().is_zero();
        if (has_member && !is_mine(header->member())) return {};
        if (const auto decoded = ledger::decode(bytes, entry_); !decoded.has_value())
            return "entry " + std::to_string(lsn.value) + ": " +
                   std::string(ledger::text_of(decoded.error()));
        if (has_member)
            ledger.apply(entry_);
        else if (entry_.spec)
            ledger.install(*entry_.spec);
        else if (entry_.rules != nullptr)
            ledger.install(entry_.rules);
        else if (entry_.offers != nullptr || entry_.kind == ledger::EntryKind::recall)
            ledger.apply(entry_);
        return {};
    }

    Done write(const ledger::Ledger& ledger) {
        ledger::RecordCursor cursor;
        ledger::RecordSlice slice;
        for (bool more = true; more;) {
            if (is_stopping()) return std::unexpected("the server is stopping");
            slice.clear();
            more = ledger.next_slice(cursor, slice_bytes, slice);
            const auto added =
                add_records(*writer_, {.shard = part_, .shards = options_.parts}, slice, scratch_);
            if (!added.has_value()) return std::unexpected(added.error().detail);
            keep_pace();
        }
        return {};
    }

    // Spares the flushes of commits, which go to the same disk.
    void keep_pace() {
        if (options_.bytes_per_second == 0) return;
        const std::uint64_t bytes = writer_->bytes_written() - paced_bytes_;
        paced_bytes_ += bytes;
        std::this_thread::sleep_for(
            std::chrono::nanoseconds(bytes * 1'000'000'000 / options_.bytes_per_second));
    }

    const storage::DataDirectory& directory_;
    const storage::Journal& journal_;
    const Lsn lsn_;
    const BaselineOptions options_;
    storage::Baseline base_;  // without a reader: everything begins with LSN 1
    storage::BaselineSeal seal_;
    std::unique_ptr<storage::CheckpointWriter> writer_;
    std::uint64_t paced_bytes_ = 0;
    std::uint16_t part_ = 0;
    StateDigest digest_;
    ledger::HouseMap house_;
    ledger::Entry entry_;
    std::vector<std::byte> scratch_;
};

}  // namespace

std::expected<storage::BaselineSeal, std::string> build_baseline(
    const storage::DataDirectory& directory, const storage::Journal& journal, Lsn lsn,
    const BaselineOptions& options) {
    return BaselineBuilder(directory, journal, lsn, options).run();
}

}  // namespace suanpan::shard
