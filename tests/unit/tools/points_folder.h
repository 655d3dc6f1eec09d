// PointsFolder: a real data directory made with a real ledger, for tests of the offline tools; and
// a way to run those tools.
#pragma once

#include "protocol/command.h"
#include "server/ledger/entry.h"
#include "server/ledger/ledger.h"
#include "storage/data_directory.h"
#include "storage/journal.h"
#include "tests/support/temporary_folder.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::tools {

inline constexpr ProgramId lotus{1};
inline constexpr MemberId alice{.high = 0x1111222233334444, .low = 0xa11ce};
inline constexpr MemberId bob{.high = 0x5555666677778888, .low = 0xb0b};

// A directory under /tmp, gone with the object. Entries are decided by a Ledger as a shard does,
// collected, and appended by commit(). Program 1 exists from the start, in a commit of its own.
class PointsFolder {
public:
    PointsFolder();
    ~PointsFolder();
    PointsFolder(const PointsFolder&) = delete;
    PointsFolder& operator=(const PointsFolder&) = delete;

    // The LSN of the entry that the command becomes. Expects that it is accepted.
    Lsn run(const MemberId& member, CommandKind kind, const CommandBody& body);
    Lsn earn(const MemberId& member, std::int64_t points) {
        return run(member, CommandKind::earn, Earn{.amount = {points}});
    }
    Lsn spend(const MemberId& member, std::int64_t points) {
        return run(member, CommandKind::spend, Spend{.amount = {points}});
    }
    // Puts a refusal into a block of its own.
    void refuse(const MemberId& member, const RequestId& request_id, Code code,
                std::int64_t detail);
    // Changes the next entry's bytes, not what the ledger applies: a wrong entry, well sealed.
    void tamper_next(std::function<void(ledger::Entry&)> change) { tamper_ = std::move(change); }
    [[nodiscard]] RequestId last_request_id() const;

    void commit();
    void checkpoint();
    // Goes on in a new segment.
    void fill_segment();
    // Seals a baseline where the first segment ends, and removes that segment, as a retention does.
    void retire_first_segment();
    // As if the process had been killed: nothing is closed in order. Nothing more may follow.
    void kill();
    // Stops in order.
    void stop();

    [[nodiscard]] std::string path() const { return folder_.path().string(); }
    [[nodiscard]] std::string segment(std::uint64_t ordinal) const;
    [[nodiscard]] std::string baseline() const;  // the file of the one that there is
    [[nodiscard]] Lsn last_lsn() const { return Lsn{next_lsn_ - 1}; }
    [[nodiscard]] storage::DataDirectory& directory() { return *directory_; }

private:
    Lsn stage(ledger::Entry& entry, ledger::AccountRef ref);

    TemporaryFolder folder_;
    std::unique_ptr<storage::Volume> volume_;
    std::unique_ptr<storage::DataDirectory> directory_;
    std::unique_ptr<storage::Journal> journal_;
    std::unique_ptr<ledger::Ledger> ledger_;
    std::function<void(ledger::Entry&)> tamper_;
    std::vector<std::byte> staged_;
    std::vector<std::uint32_t> lengths_;
    std::uint64_t next_lsn_ = 1;
    std::uint64_t requests_made_ = 0;
    Instant now_{1'800'000'000'000'000'000};
};

// What a tool printed (both streams) and how it ended.
struct ToolRun {
    int exit_code = -1;
    std::string output;
};
// Runs `command`, which may use the shell's quotes.
[[nodiscard]] ToolRun run_tool(const std::string& command);

// Flips the lowest bit of the byte at `offset`.
void flip_bit(const std::string& file, std::uint64_t offset);
// Every place where `bytes` occur in the file; fails the test where they do not.
[[nodiscard]] std::vector<std::uint64_t> offsets_of(const std::string& file,
                                                    std::string_view bytes);
// Where the commit that begins with `lsn` lies in a segment.
[[nodiscard]] std::uint64_t commit_offset(const std::string& file, Lsn lsn);

}  // namespace suanpan::tools
