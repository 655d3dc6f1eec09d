#include "tools/data_folder.h"

#include "storage/lmdb_volume.h"

#include <filesystem>
#include <utility>

namespace suanpan::tools {

using storage::OpenError;
using storage::OpenFault;

DataFolder::DataFolder(const std::string& path) : path_(path) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error))
        throw OpenError(OpenFault::missing,
                        path + ": is no directory; name the data directory of a server");
    if (!std::filesystem::exists(path + "/SUANPAN", error))
        throw OpenError(OpenFault::missing,
                        path +
                            ": holds no file SUANPAN, so it is no data directory of ours; name "
                            "another one, or restore SUANPAN from a backup");
    volume_ = storage::open_lmdb_volume(path);
    auto lock = volume_->lock();
    if (lock.has_value()) {
        lock_ = std::move(*lock);
    } else if (lock.error().error == storage::StoreError::locked) {
        throw OpenError(
            OpenFault::locked,
            lock.error().detail + "; stop that process first, or name a copy of the directory");
    } else {
        notes_.push_back(lock.error().detail + "; read without the lock");
    }
    directory_ = storage::DataDirectory::open(*volume_, {.any_sandbox = true, .read_only = true});
    if (directory_->sandbox()) notes_.push_back("this is a sandbox's journal");
}

const storage::Journal& DataFolder::journal() {
    if (journal_ == nullptr) {
        journal_ = storage::Journal::open(*directory_, {.read_only = true});
        for (const std::string& note : journal_->open_report().notes) notes_.push_back(note);
    }
    return *journal_;
}

}  // namespace suanpan::tools
