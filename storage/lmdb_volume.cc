#include "storage/lmdb_volume.h"

#include "protocol/base/assert.h"
#include "storage/lmdb_check.h"
#include "storage/lmdb_env.h"
#include "storage/open_error.h"
#include "storage/sha256_stream.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

namespace suanpan::storage {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::size_t value_offset = 16;                // of a value in pages of its own
constexpr std::size_t chunk_bytes = 1U << 20U;          // of sequential reading and writing
constexpr std::uint64_t fill_flush_bytes = 2U << 20U;   // zeros written between two flushes
constexpr std::uint64_t scan_zeros_bytes = 32U << 20U;  // zeros that end a raw scan
constexpr std::uint64_t spare_map_bytes = 256U << 20U;  // the map is this much larger than a store
constexpr std::uint64_t spare_pages = 32;               // tree pages one transaction may copy
constexpr unsigned int suspect_seconds_max = 900;

class File {
public:
    File(const std::string& path, int flags, mode_t mode = 0640)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] bool ok() const { return fd_ >= 0; }
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

StoreError error_of_errno(int error) {
    if (error == ENOENT) return StoreError::not_found;
    if (error == ENOSPC || error == EDQUOT) return StoreError::full;
    return StoreError::disk;
}

std::unexpected<StoreFailure> errno_failure(const std::string& path, const char* doing) {
    const int error = errno;
    return store_failure(error_of_errno(error), path + ": " + doing + ": " + std::strerror(error));
}

bool write_all(int fd, const std::byte* from, std::size_t size, std::uint64_t offset) {
    while (size > 0) {
        const ssize_t written = ::pwrite(fd, from, size, static_cast<off_t>(offset));
        if (written < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        from += written;
        size -= static_cast<std::size_t>(written);
        offset += static_cast<std::uint64_t>(written);
    }
    return true;
}

// Reads up to `size` bytes; fewer only at the end of the file. -1: error.
ssize_t read_up_to(int fd, std::byte* into, std::size_t size, std::uint64_t offset) {
    std::size_t have = 0;
    while (have < size) {
        const ssize_t got =
            ::pread(fd, into + have, size - have, static_cast<off_t>(offset + have));
        if (got < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    return static_cast<ssize_t>(have);
}

StoreResult<void> flush_path(const std::string& path, int flags) {
    const File file(path, flags);
    if (!file.ok()) return errno_failure(path, "cannot be opened");
    if (::fsync(file.fd()) != 0)
        return store_failure(StoreError::flush_failed,
                             path + ": fsync failed: " + std::strerror(errno));
    return {};
}

bool all_zero(const std::byte* bytes, std::size_t size) {
    return bytes[0] == std::byte{0} && std::memcmp(bytes, bytes + 1, size - 1) == 0;
}

class LmdbStore final : public Store {
public:
    LmdbStore(std::string path, std::uint64_t capacity_bytes, std::unique_ptr<LmdbEnv> env)
        : path_(std::move(path)), capacity_(capacity_bytes), env_(std::move(env)) {
        used_.store(env_->pages_used() * page, std::memory_order_relaxed);
    }

    StoreResult<void> append(std::uint64_t key, Pieces value) override {
        const KeyedValue one{.key = key, .value = value};
        return append_many(std::span(&one, 1));
    }
    StoreResult<void> append_many(std::span<const KeyedValue> values) override {
        StoreResult<void> done = env_->put(values);
        note_use();
        return done;
    }
    StoreResult<void> remove_after(std::uint64_t key) override {
        StoreResult<void> done = env_->remove_after(key);
        note_use();
        return done;
    }
    StoreResult<void> flush() override { return env_->flush(); }

    StoreResult<std::optional<std::uint64_t>> visit_at_or_before(
        std::uint64_t key, const ValueVisitor& visitor) const override {
        return env_->visit_at_or_before(key, visitor);
    }
    StoreResult<std::optional<std::uint64_t>> visit_at_or_after(
        std::uint64_t key, const ValueVisitor& visitor) const override {
        return env_->visit_at_or_after(key, visitor);
    }
    StoreResult<std::optional<std::uint64_t>> read_at_or_after(
        std::uint64_t key, std::vector<std::byte>& out) const override {
        return env_->read_at_or_after(key, out);
    }
    [[nodiscard]] StoreResult<std::optional<std::uint64_t>> last_key() const override {
        return env_->visit_at_or_before(UINT64_MAX, [](std::uint64_t, Bytes) {});
    }

    StoreResult<void> scan_raw(std::uint64_t magic,
                               const std::function<std::size_t(Bytes head)>& wanted,
                               const std::function<void(Bytes value)>& found) const override;

    // Relaxed: a hint for has_room(); whoever appends reads what its own thread, or the thread that
    // handed it the commit token, has stored.
    [[nodiscard]] std::uint64_t bytes_used() const override {
        return used_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t bytes_capacity() const override { return capacity_; }
    [[nodiscard]] std::uint64_t bytes_worst_case(std::uint64_t value_bytes) const override {
        return ((value_bytes + value_offset) / page + 1 + spare_pages) * page;
    }
    [[nodiscard]] StoreResult<Sha256> content_hash() const override;

private:
    void note_use() { used_.store(env_->pages_used() * page, std::memory_order_relaxed); }

    const std::string path_;
    const std::uint64_t capacity_;
    const std::unique_ptr<LmdbEnv> env_;
    std::atomic<std::uint64_t> used_{0};
};

StoreResult<void> LmdbStore::scan_raw(std::uint64_t magic,
                                      const std::function<std::size_t(Bytes head)>& wanted,
                                      const std::function<void(Bytes value)>& found) const {
    const File file(path_, O_RDONLY);
    if (!file.ok()) return errno_failure(path_, "cannot be opened");
    ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_SEQUENTIAL);
    const std::uint64_t used = bytes_used();
    std::vector<std::byte> chunk(chunk_bytes);
    std::vector<std::byte> value;
    std::uint64_t zeros = 0;
    // Beyond the pages in use there are zeros, and whatever transactions that LMDB does not know of
    // have written; these began right behind the used pages, so that a long run of zeros ends them.
    for (std::uint64_t at = 0; at < used || zeros < scan_zeros_bytes; at += chunk_bytes) {
        const ssize_t got = read_up_to(file.fd(), chunk.data(), chunk.size(), at);
        if (got < 0) return errno_failure(path_, "cannot be read");
        const auto size = static_cast<std::size_t>(got);
        for (std::size_t start = 0; start + page <= size; start += page) {
            const std::byte* bytes = chunk.data() + start;
            if (all_zero(bytes, page)) {
                zeros += page;
                continue;
            }
            zeros = 0;
            std::uint64_t here = 0;
            std::memcpy(&here, bytes + value_offset, sizeof here);
            if (here != magic) continue;
            const std::size_t bytes_wanted =
                wanted(Bytes(bytes + value_offset, page - value_offset));
            if (bytes_wanted == 0) continue;
            value.resize(bytes_wanted);
            const ssize_t have =
                read_up_to(file.fd(), value.data(), value.size(), at + start + value_offset);
            if (have < 0) return errno_failure(path_, "cannot be read");
            found(Bytes(value.data(), static_cast<std::size_t>(have)));
        }
        if (size < chunk_bytes) break;
    }
    return {};
}

StoreResult<Sha256> LmdbStore::content_hash() const {
    const File file(path_, O_RDONLY);
    if (!file.ok()) return errno_failure(path_, "cannot be opened");
    std::vector<std::byte> chunk(chunk_bytes);
    Sha256Stream stream;
    const std::uint64_t used = bytes_used();
    for (std::uint64_t at = 0; at < used;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, used - at));
        const ssize_t got = read_up_to(file.fd(), chunk.data(), size, at);
        if (got < 0) return errno_failure(path_, "cannot be read");
        if (static_cast<std::size_t>(got) != size)
            return store_failure(StoreError::damaged, path_ + ": is shorter than what it holds");
        stream.add(Bytes(chunk.data(), size));
        at += size;
    }
    return stream.finish();
}

class DirectoryLock final : public VolumeLock {
public:
    explicit DirectoryLock(std::unique_ptr<File> file, std::atomic<bool>& held)
        : file_(std::move(file)), held_(held) {
        held_ = true;
    }
    ~DirectoryLock() override { held_ = false; }
    DirectoryLock(const DirectoryLock&) = delete;
    DirectoryLock& operator=(const DirectoryLock&) = delete;

private:
    std::unique_ptr<File> file_;  // its closing gives up the lock
    std::atomic<bool>& held_;
};

class LmdbVolume final : public Volume {
public:
    explicit LmdbVolume(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] std::string describe() const override { return path_; }
    [[nodiscard]] StoreResult<std::vector<std::string>> list() const override;
    StoreResult<void> create_ahead(const std::string& name, const StoreShape& shape,
                                   Bytes first_value) override;
    StoreResult<std::shared_ptr<Store>> open(const std::string& name, OpenMode mode,
                                             std::uint64_t capacity_bytes) override;
    StoreResult<void> check_suspect(const std::string& name) override;
    void read_ahead(const std::string& name, std::uint64_t offset, std::uint64_t bytes) override;
    StoreResult<void> forget_cached(const std::string& name) override;
    StoreResult<void> remove(const std::string& name) override;
    StoreResult<std::vector<std::byte>> read_file(const std::string& name) const override;
    StoreResult<void> write_file_durably(const std::string& name, Bytes content) override;
    StoreResult<void> write_file(const std::string& name, Bytes content) override;
    StoreResult<void> flush_directory() override {
        return flush_path(path_, O_RDONLY | O_DIRECTORY);
    }
    [[nodiscard]] StoreResult<std::uint64_t> free_bytes() const override;
    StoreResult<std::unique_ptr<VolumeLock>> lock() override;

private:
    [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] StoreResult<void> replace_file(const std::string& name, Bytes content,
                                                 bool flushed) const;
    static StoreResult<void> fill_with_zeros(const std::string& path, std::uint64_t from,
                                             const StoreShape& shape);

    const std::string path_;
    // Our process alone uses the directory, so that sealed stores need no lock file.
    std::atomic<bool> locked_{false};
};

constexpr const char* lock_file_name = "LOCK";
constexpr const char* store_helper_suffix = "-lock";  // LMDB's, beside each store

StoreResult<std::vector<std::string>> LmdbVolume::list() const {
    DIR* directory = ::opendir(path_.c_str());
    if (directory == nullptr) return errno_failure(path_, "cannot be listed");
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == ".." || name == lock_file_name) continue;
        if (name.ends_with(store_helper_suffix)) continue;
        names.emplace_back(name);
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
}

// Writes every byte of the file once. Unwritten extents (fallocate) are not enough: turning one
// into a written one makes the file system journal metadata within the commit's flush.
StoreResult<void> LmdbVolume::fill_with_zeros(const std::string& path, std::uint64_t from,
                                              const StoreShape& shape) {
    const File file(path, O_WRONLY);
    if (!file.ok()) return errno_failure(path, "cannot be opened");
    const std::vector<std::byte> zeros(chunk_bytes);
    const auto started = std::chrono::steady_clock::now();
    std::uint64_t unflushed = 0;
    std::uint64_t done = 0;
    for (std::uint64_t offset = from; offset < shape.capacity_bytes;) {
        const auto size = static_cast<std::size_t>(
            std::min<std::uint64_t>(chunk_bytes, shape.capacity_bytes - offset));
        if (!write_all(file.fd(), zeros.data(), size, offset))
            return errno_failure(path, "cannot be written ahead");
        offset += size;
        unflushed += size;
        done += size;
        // Small flushes, so that a commit's flush never queues behind a gigabyte of zeros.
        if (unflushed >= fill_flush_bytes) {
            if (::fdatasync(file.fd()) != 0) return errno_failure(path, "cannot be flushed");
            unflushed = 0;
        }
        if (shape.pace_bytes_per_second != 0) {
            const double seconds =
                static_cast<double>(done) / static_cast<double>(shape.pace_bytes_per_second);
            std::this_thread::sleep_until(
                started + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                              std::chrono::duration<double>(seconds)));
        }
    }
    if (::fsync(file.fd()) != 0) return errno_failure(path, "cannot be flushed");
    return {};
}

StoreResult<void> LmdbVolume::create_ahead(const std::string& name, const StoreShape& shape,
                                           Bytes first_value) {
    const std::string final_path = at(name);
    if (::access(final_path.c_str(), F_OK) == 0)
        return store_failure(StoreError::exists, final_path + ": is there already");
    const std::string path = final_path + ".tmp";
    ::unlink(path.c_str());
    const auto give_up = [&path](StoreFailure failure) {
        ::unlink(path.c_str());
        return std::unexpected(std::move(failure));
    };
    std::uint64_t used = 0;
    {
        StoreResult<std::unique_ptr<LmdbEnv>> env = LmdbEnv::open(
            path, {.map_bytes = shape.capacity_bytes + spare_map_bytes, .no_lock = true});
        if (!env) return give_up(std::move(env.error()));
        const Bytes pieces[] = {first_value};
        const KeyedValue value{.key = 0, .value = pieces};
        if (StoreResult<void> put = (*env)->put(std::span(&value, 1)); !put)
            return give_up(std::move(put.error()));
        used = (*env)->pages_used() * page;
    }
    if (shape.written_ahead)
        if (StoreResult<void> filled = fill_with_zeros(path, used, shape); !filled)
            return give_up(std::move(filled.error()));
    if (StoreResult<void> flushed = flush_path(path, O_RDONLY); !flushed)
        return give_up(std::move(flushed.error()));
    if (::rename(path.c_str(), final_path.c_str()) != 0) {
        StoreFailure failure = errno_failure(path, "cannot be renamed").error();
        return give_up(std::move(failure));
    }
    return flush_directory();
}

StoreResult<std::shared_ptr<Store>> LmdbVolume::open(const std::string& name, OpenMode mode,
                                                     std::uint64_t capacity_bytes) {
    const std::string path = at(name);
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return errno_failure(path, "cannot be opened");
    // LMDB would make a new environment out of an empty file.
    if (static_cast<std::uint64_t>(status.st_size) < 2 * page)
        return store_failure(StoreError::damaged, path + ": is shorter than its own header");
    if (StoreResult<void> sound = check_lmdb_file(path, LmdbCheck::tree); !sound)
        return std::unexpected(std::move(sound.error()));
    const bool read_only = mode == OpenMode::read_only;
    StoreResult<std::unique_ptr<LmdbEnv>> env = LmdbEnv::open(
        path, {.map_bytes = capacity_bytes == 0 ? 0 : capacity_bytes + spare_map_bytes,
               .read_only = read_only,
               .no_lock = read_only && locked_});
    if (!env) return std::unexpected(std::move(env.error()));
    return std::make_shared<LmdbStore>(path, capacity_bytes, std::move(*env));
}

StoreResult<void> LmdbVolume::check_suspect(const std::string& name) {
    const std::string path = at(name);
    if (StoreResult<void> sound = check_lmdb_file(path, LmdbCheck::every_page); !sound)
        return sound;
    // And LMDB itself, in a process that it may end.
    const pid_t child = ::fork();
    if (child < 0) return errno_failure(path, "no process to check it in");
    if (child == 0) {
        // Whatever the sanitizers or the server have installed: die by the signal itself, silently.
        for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM})
            ::signal(signal, SIG_DFL);
        const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        ::alarm(suspect_seconds_max);
        const StoreResult<std::unique_ptr<LmdbEnv>> env =
            LmdbEnv::open(path, {.read_only = true, .no_lock = locked_});
        if (env) read_ahead(name, 0, (*env)->pages_used() * page);
        ::_exit(env && (*env)->walk() ? 0 : 1);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return errno_failure(path, "the process that checked it is gone");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    if (WIFSIGNALED(status))
        return store_failure(StoreError::damaged,
                             path + ": its tree is damaged (reading it ended with signal " +
                                 std::to_string(WTERMSIG(status)) + ")");
    return store_failure(StoreError::damaged, path + ": its tree is damaged");
}

void LmdbVolume::read_ahead(const std::string& name, std::uint64_t offset, std::uint64_t bytes) {
    const File file(at(name), O_RDONLY);
    if (file.ok())
        ::posix_fadvise(file.fd(), static_cast<off_t>(offset), static_cast<off_t>(bytes),
                        POSIX_FADV_WILLNEED);
}

StoreResult<void> LmdbVolume::forget_cached(const std::string& name) {
    const std::string path = at(name);
    const File file(path, O_RDONLY);
    if (!file.ok()) return errno_failure(path, "cannot be opened");
    // The kernel drops clean pages only; after a failed fsync Linux has marked the lost ones clean.
    if (const int error = ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED); error != 0)
        return store_failure(StoreError::disk,
                             path + ": cache cannot be dropped: " + std::strerror(error));
    return {};
}

StoreResult<void> LmdbVolume::remove(const std::string& name) {
    const std::string path = at(name);
    ::unlink((path + store_helper_suffix).c_str());
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return errno_failure(path, "cannot be removed");
    return flush_directory();
}

StoreResult<std::vector<std::byte>> LmdbVolume::read_file(const std::string& name) const {
    const std::string path = at(name);
    const File file(path, O_RDONLY);
    if (!file.ok()) return errno_failure(path, "cannot be opened");
    std::vector<std::byte> content;
    while (true) {
        const std::size_t have = content.size();
        content.resize(have + page);
        const ssize_t got = read_up_to(file.fd(), content.data() + have, page, have);
        if (got < 0) return errno_failure(path, "cannot be read");
        content.resize(have + static_cast<std::size_t>(got));
        if (static_cast<std::uint64_t>(got) < page) return content;
    }
}

StoreResult<void> LmdbVolume::write_file_durably(const std::string& name, Bytes content) {
    const StoreResult<void> replaced = replace_file(name, content, true);
    return replaced ? flush_directory() : replaced;
}

StoreResult<void> LmdbVolume::write_file(const std::string& name, Bytes content) {
    return replace_file(name, content, false);
}

StoreResult<void> LmdbVolume::replace_file(const std::string& name, Bytes content,
                                           bool flushed) const {
    const std::string final_path = at(name);
    const std::string path = final_path + ".tmp";
    {
        // 0600: SUANPAN holds a key.
        const File file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (!file.ok()) return errno_failure(path, "cannot be written");
        if (!write_all(file.fd(), content.data(), content.size(), 0))
            return errno_failure(path, "cannot be written");
        if (flushed && ::fsync(file.fd()) != 0)
            return store_failure(StoreError::flush_failed,
                                 path + ": fsync failed: " + std::strerror(errno));
    }
    if (::rename(path.c_str(), final_path.c_str()) != 0)
        return errno_failure(path, "cannot be renamed");
    return {};
}

StoreResult<std::uint64_t> LmdbVolume::free_bytes() const {
    struct statvfs status{};
    if (::statvfs(path_.c_str(), &status) != 0) return errno_failure(path_, "cannot be looked at");
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

StoreResult<std::unique_ptr<VolumeLock>> LmdbVolume::lock() {
    const std::string path = at(lock_file_name);
    auto file = std::make_unique<File>(path, O_RDWR | O_CREAT);
    if (!file->ok()) return errno_failure(path, "cannot be opened");
    if (::flock(file->fd(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return errno_failure(path, "cannot be locked");
        std::array<std::byte, 32> text{};
        const ssize_t got = read_up_to(file->fd(), text.data(), text.size(), 0);
        std::string pid(reinterpret_cast<const char*>(text.data()),
                        static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
        return store_failure(StoreError::locked,
                             path_ + ": is in use by process " + (pid.empty() ? "?" : pid));
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file->fd(), 0) != 0 ||
        !write_all(file->fd(), reinterpret_cast<const std::byte*>(pid.data()), pid.size(), 0))
        return errno_failure(path, "cannot be written");
    return std::make_unique<DirectoryLock>(std::move(file), locked_);
}

}  // namespace

std::unique_ptr<Volume> open_lmdb_volume(const std::string& path) {
    std::error_code error;
    // A new directory is not there after a power cut before its parent has been flushed, and with
    // it everything that was flushed inside.
    std::vector<std::filesystem::path> parents;
    for (std::filesystem::path each = std::filesystem::absolute(path, error).lexically_normal();
         !error && !std::filesystem::exists(each, error) && each.has_relative_path();
         each = each.parent_path())
        parents.push_back(each.parent_path());
    std::filesystem::create_directories(path, error);
    if (error || !std::filesystem::is_directory(path, error))
        throw OpenError(OpenFault::disk, "data directory " + path +
                                             " cannot be made: " + error.message() +
                                             "; name another one or change its permissions");
    for (const std::filesystem::path& parent : parents)
        if (const StoreResult<void> flushed = flush_path(parent.string(), O_RDONLY | O_DIRECTORY);
            !flushed)
            throw OpenError(OpenFault::disk, "data directory " + path + " was made, but " +
                                                 flushed.error().detail +
                                                 "; change the permissions there and start again");
    return std::make_unique<LmdbVolume>(path);
}

}  // namespace suanpan::storage
