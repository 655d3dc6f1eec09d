// LmdbVolume: a real directory, whose stores are LMDB environments.
#pragma once

#include "storage/volume.h"

#include <memory>
#include <string>

namespace suanpan::storage {

// Opens `path`, which is created (with its parents) where it is missing. Throws OpenError.
[[nodiscard]] std::unique_ptr<Volume> open_lmdb_volume(const std::string& path);

}  // namespace suanpan::storage
