// The journal's files walked without LMDB: finds the first LSN that is wrong where the tree cannot
// be read.
#pragma once

#include "protocol/base/ids.h"
#include "storage/data_directory.h"

#include <cstdint>
#include <optional>
#include <string>

namespace suanpan::tools {

// Where the chain of sound commits ends although it goes on later, or although something stands
// there that is no sound commit.
struct RawFault {
    Lsn lsn;                   // first one that is wrong or missing
    std::string segment;       // file name
    std::uint64_t offset = 0;  // of the commit in the file; 0: nothing is there
    std::string what;
};

// Follows LSNs and hash chain through the raw segments of `directory`, from the oldest commit on.
// `reached` becomes the last sound LSN. Nothing where the commits simply end. A commit is found by
// its magic at the start of a page, so that a broken tree does not matter.
[[nodiscard]] std::optional<RawFault> find_raw_fault(const storage::DataDirectory& directory,
                                                     Lsn& reached);

}  // namespace suanpan::tools
