// Reference: the journal that a traced server has left in the end, and the state after each commit.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "tools/replay.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace suanpan::power {

// What any image of the same trace must be a beginning of: no commit that was whole on the disk at
// some moment is gone in the end, since a server that is killed appends it again when it starts.
//
// Made once; read by every check. The balances are derived from zero, without a checkpoint.
class Reference {
public:
    struct Commit {
        Sha256 chain{};
        tools::StateDigest state;
    };
    // Reads the data directory of a server that has stopped. Throws std::runtime_error.
    explicit Reference(const std::filesystem::path& data);

    // The commit that ends with `last`; null where none does.
    [[nodiscard]] const Commit* find(Lsn last) const {
        const auto found = commits_.find(last.value);
        return found == commits_.end() ? nullptr : &found->second;
    }
    [[nodiscard]] Lsn last_lsn() const { return Lsn{commits_.rbegin()->first}; }
    [[nodiscard]] std::size_t commits() const { return commits_.size(); }

private:
    std::map<std::uint64_t, Commit> commits_;  // by last LSN
};

}  // namespace suanpan::power
