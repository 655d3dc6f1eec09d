// Baseline: the state at one LSN, complete. What a retention keeps in place of the segments that
// went.
//
//   baseline-<lsn>.lmdb   a store like a checkpoint's generation (checkpoint.h), at one LSN
//   baseline-<lsn>.seal   a small text file, written last: without it the baseline does not count
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "storage/checkpoint.h"
#include "storage/data_directory.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::storage {

// What a seal says.
struct BaselineSeal {
    Uuid uuid{};
    Lsn lsn;         // an end of a commit; every entry up to it is in the records, none after it
    Sha256 chain{};  // of that commit
    Instant time;    // of that commit
    std::int64_t request_floor_ms = 0;
    std::string state_hash;  // 32 hexadecimal digits: what the records come to
};

// "baseline-00000000000000000042.lmdb"; twenty digits, so that names sort as their LSNs.
[[nodiscard]] std::string baseline_name(Lsn lsn);
[[nodiscard]] std::string seal_name(Lsn lsn);

[[nodiscard]] std::string encode_seal(const BaselineSeal& seal);
// Throws OpenError(damaged | unknown_format | foreign), naming `name`.
[[nodiscard]] BaselineSeal decode_seal(std::string_view name, Bytes content, const Uuid& uuid);

// The LSNs of all sealed baselines, the newest first.
[[nodiscard]] StoreResult<std::vector<Lsn>> list_baselines(const Volume& volume);

// Begins to write a baseline; add() and finish(lsn) as for a checkpoint, then seal_baseline(). One
// of the same LSN that was not sealed goes.
[[nodiscard]] StoreResult<std::unique_ptr<CheckpointWriter>> begin_baseline(
    const DataDirectory& directory, Lsn lsn, const CheckpointWriter::Options& options);
// From here on it counts.
StoreResult<void> seal_baseline(Volume& volume, const BaselineSeal& seal);
// Removes every baseline but the one of `kept` (0: all of them), unsealed ones too.
StoreResult<void> remove_baselines_but(Volume& volume, Lsn kept);

struct Baseline {
    BaselineSeal seal;
    std::unique_ptr<CheckpointReader> reader;
};
// Opens a sealed one. Throws OpenError.
[[nodiscard]] Baseline open_baseline(const DataDirectory& directory, Lsn lsn);

}  // namespace suanpan::storage
