// DataFolder: a data directory as an offline tool opens it.
#pragma once

#include "storage/data_directory.h"
#include "storage/journal.h"
#include "storage/volume.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::tools {

// A data directory that no server uses while this lives.
//
// Nothing in it is changed or repaired; only the file LOCK is taken, as a server does, so that none
// starts meanwhile. A directory that a killed server left behind is opened as it is; one on a
// read-only file system is opened without the lock. Owned by main, used on its thread.
class DataFolder {
public:
    // Throws storage::OpenError; its fault `locked` means that a server runs on it.
    explicit DataFolder(const std::string& path);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] storage::Volume& volume() const { return *volume_; }
    [[nodiscard]] const storage::DataDirectory& directory() const { return *directory_; }
    // Opened at the first call. Throws storage::OpenError.
    [[nodiscard]] const storage::Journal& journal();
    // What the operator should know and no problem is, one sentence each.
    [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

private:
    std::string path_;
    std::unique_ptr<storage::Volume> volume_;
    std::unique_ptr<storage::VolumeLock> lock_;
    std::optional<storage::DataDirectory> directory_;
    std::unique_ptr<storage::Journal> journal_;
    std::vector<std::string> notes_;
};

}  // namespace suanpan::tools
