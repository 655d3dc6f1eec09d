#include "storage/lmdb_env.h"

#include "protocol/base/assert.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

// What is surprising about LMDB 0.9.24, and relied upon or guarded against here:
//
// * An environment may be open only once per process: its lock file is held with fcntl, and closing
//   any descriptor of it would drop the lock of the other. So whoever opens one keeps it in one
//   place.
// * MDB_NOTLS ties a reader's slot to its transaction instead of its thread, so that threads may
// come
//   and go. A process killed with a read transaction open leaves its slot taken; the first process
//   to open the environment alone resets all slots, mdb_reader_check clears those of dead ones
//   otherwise. A slot that stays taken only keeps free pages from being reused: the file grows a
//   little faster.
// * A commit writes the pages, flushes (fdatasync), then writes one of the two meta pages through a
//   descriptor opened with O_DSYNC: two flushes. Any error in it leaves us not knowing what the
//   disk has, and after a failed fsync Linux marks the pages clean, so that trying again would
//   "succeed".
// * A value larger than half a page gets pages of its own ("overflow"), and starts 16 bytes into
// the
//   first. LMDB never moves or rewrites them while the value exists. Smaller ones lie inside tree
//   pages, which are copied at every commit.
// * The unnamed table is used, since a named one costs one more copied page per commit.
// * Without MDB_WRITEMAP dirty pages are malloced and written with pwritev, and the map is
// read-only:
//   a stray pointer of ours cannot damage the file.
// * The map may be larger than the file; LMDB neither extends nor truncates the file, it only
// writes.
//   Reading beyond the end of a file that somebody has cut is SIGBUS, hence the check of the size.
// * The lock file is a sparse file that LMDB writes through a map: on a full disk its first page is
//   SIGBUS instead of an error. reserve_lock_file() takes the space before LMDB does.
// * LMDB has no page checksums and trusts page numbers it reads: a damaged tree can crash the
// process.
// * A page begins with its own number (8 bytes), so that one overflow page tells where the map
// begins
//   (LMDB does not say), and with it where in the file a value lies. read_at_or_after() uses that:
//   a read from the file costs no page faults, and what it has read does not count as resident.

namespace suanpan::storage {
namespace {

constexpr unsigned int readers_max = 510;
constexpr std::size_t lmdb_page_bytes = 4096;
// The header and 64 bytes a reader, in whole pages, and more than LMDB asks for.
constexpr off_t lock_file_bytes = (readers_max / 64 + 2) * lmdb_page_bytes;
constexpr std::size_t value_offset = 16;  // of a value in pages of its own

struct Transaction {
    MDB_txn* handle = nullptr;
    ~Transaction() {
        if (handle != nullptr) mdb_txn_abort(handle);
    }
    int begin(MDB_env* env, unsigned int flags) {
        return mdb_txn_begin(env, nullptr, flags, &handle);
    }
    int commit() { return mdb_txn_commit(std::exchange(handle, nullptr)); }
};

struct Cursor {
    MDB_cursor* handle = nullptr;
    ~Cursor() {
        if (handle != nullptr) mdb_cursor_close(handle);
    }
};

StoreError error_of(int rc) {
    switch (rc) {
        case MDB_MAP_FULL:
        case ENOSPC:
        case EDQUOT:
            return StoreError::full;
        case MDB_KEYEXIST:
            return StoreError::key_not_rising;
        case ENOENT:
            return StoreError::not_found;
        case EACCES:
        case EROFS:
        case EPERM:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case EIO:
        case MDB_READERS_FULL:
            return StoreError::disk;
        default:
            return StoreError::damaged;
    }
}

// Gives the lock file of `path` its space on the disk, unless it has it; 0, or an errno, ENOSPC
// among them. Nobody of this process may have the environment open.
int reserve_lock_file(const std::string& path) {
    const int fd = ::open((path + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return errno;
    const int rc = ::posix_fallocate(fd, 0, lock_file_bytes);
    ::close(fd);
    return rc;
}

}  // namespace

struct LmdbEnv::Handle {
    std::string path;
    MDB_env* env = nullptr;
    MDB_dbi table = 0;
    bool read_only = false;
    bool dead = false;  // a commit failed; the writing thread only

    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() {
        if (env != nullptr) mdb_env_close(env);
    }

    [[nodiscard]] std::unexpected<StoreFailure> failure(int rc, const char* doing) const {
        return store_failure(error_of(rc), path + ": " + doing + ": " + mdb_strerror(rc));
    }

    [[nodiscard]] int fd() const {
        int descriptor = -1;
        mdb_env_get_fd(env, &descriptor);
        return descriptor;
    }
    // Where in the file a value lies that has pages of its own.
    [[nodiscard]] std::uint64_t offset_of(const std::byte* value) const {
        const auto at = reinterpret_cast<std::uintptr_t>(value);
        std::uintptr_t map = map_at.load(std::memory_order_relaxed);
        if (map == 0) {
            std::uint64_t number = 0;
            std::memcpy(&number, value - value_offset, sizeof number);
            map = at - value_offset - number * lmdb_page_bytes;
            map_at.store(map, std::memory_order_relaxed);
        }
        return at - map;
    }
    // Of the map; 0: not known yet. Every thread that works it out gets the same.
    mutable std::atomic<std::uintptr_t> map_at{0};

    enum class Seek { at_or_before, at_or_after };
    StoreResult<std::optional<std::uint64_t>> visit(std::uint64_t key, Seek seek,
                                                    const ValueVisitor& visitor) const;
};

LmdbEnv::LmdbEnv(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
LmdbEnv::~LmdbEnv() = default;

StoreResult<std::unique_ptr<LmdbEnv>> LmdbEnv::open(const std::string& path,
                                                    const LmdbOptions& options) {
    auto handle = std::make_unique<Handle>();
    handle->path = path;
    handle->read_only = options.read_only;
    const bool writes_lock_file = !options.no_lock && !options.read_only;
    int rc = writes_lock_file ? reserve_lock_file(path) : 0;
    if (rc == 0) rc = mdb_env_create(&handle->env);
    if (rc == 0) rc = mdb_env_set_maxreaders(handle->env, readers_max);
    if (rc == 0 && options.map_bytes != 0) rc = mdb_env_set_mapsize(handle->env, options.map_bytes);
    unsigned int flags = MDB_NOSUBDIR | MDB_NOTLS;
    if (options.read_only) flags |= MDB_RDONLY;
    if (options.no_lock) flags |= MDB_NOLOCK;
    if (rc == 0) rc = mdb_env_open(handle->env, path.c_str(), flags, 0640);
    if (rc != 0) return handle->failure(rc, "cannot be opened");

    int dead_readers = 0;
    if (!options.no_lock) mdb_reader_check(handle->env, &dead_readers);

    MDB_envinfo info{};
    mdb_env_info(handle->env, &info);
    int fd = -1;
    mdb_env_get_fd(handle->env, &fd);
    struct stat status{};
    if (fstat(fd, &status) != 0) return handle->failure(errno, "cannot be looked at");
    const auto used = static_cast<std::uint64_t>(info.me_last_pgno + 1) * lmdb_page_bytes;
    if (static_cast<std::uint64_t>(status.st_size) < used)
        return store_failure(StoreError::damaged,
                             path + ": is shorter than what it holds; somebody has cut it");

    // A new environment gets its table's flags here; an old one must have them.
    Transaction transaction;
    rc = transaction.begin(handle->env, options.read_only ? MDB_RDONLY : 0U);
    if (rc == 0)
        rc = mdb_dbi_open(transaction.handle, nullptr,
                          options.read_only ? 0U : MDB_INTEGERKEY | MDB_CREATE, &handle->table);
    unsigned int table_flags = 0;
    if (rc == 0) rc = mdb_dbi_flags(transaction.handle, handle->table, &table_flags);
    MDB_stat table_status{};
    if (rc == 0) rc = mdb_stat(transaction.handle, handle->table, &table_status);
    if (rc != 0) return handle->failure(rc, "its table cannot be opened");
    if ((table_flags & MDB_INTEGERKEY) == 0)
        return store_failure(StoreError::damaged, path + ": is no file of Suanpan's");
    if (table_status.ms_psize != lmdb_page_bytes)
        return store_failure(StoreError::damaged, path + ": its pages are not 4096 bytes");
    rc = transaction.commit();
    if (rc != 0) return handle->failure(rc, "its table cannot be opened");
    return std::unique_ptr<LmdbEnv>(new LmdbEnv(std::move(handle)));
}

StoreResult<void> LmdbEnv::put(std::span<const KeyedValue> values) {
    Handle& h = *handle_;
    if (h.read_only) return store_failure(StoreError::read_only, h.path + ": opened for reading");
    if (h.dead)
        return store_failure(StoreError::flush_failed, h.path + ": an earlier flush has failed");
    Transaction transaction;
    int rc = transaction.begin(h.env, 0);
    if (rc != 0) return h.failure(rc, "no transaction");
    for (const KeyedValue& item : values) {
        std::size_t size = 0;
        for (const Bytes piece : item.value) size += piece.size();
        std::uint64_t key_bytes = item.key;
        MDB_val key{sizeof key_bytes, &key_bytes};
        MDB_val data{size, nullptr};
        rc = mdb_put(transaction.handle, h.table, &key, &data, MDB_RESERVE | MDB_APPEND);
        if (rc != 0) return h.failure(rc, "cannot append");
        auto* to = static_cast<std::byte*>(data.mv_data);
        for (const Bytes piece : item.value) {
            if (piece.empty()) continue;
            std::memcpy(to, piece.data(), piece.size());
            to += piece.size();
        }
    }
    rc = transaction.commit();
    if (rc != 0) {
        h.dead = true;
        const StoreError error =
            error_of(rc) == StoreError::full ? StoreError::full : StoreError::flush_failed;
        return store_failure(error, h.path + ": commit failed: " + mdb_strerror(rc));
    }
    return {};
}

StoreResult<void> LmdbEnv::remove_after(std::uint64_t key) {
    Handle& h = *handle_;
    if (h.read_only) return store_failure(StoreError::read_only, h.path + ": opened for reading");
    Transaction transaction;
    int rc = transaction.begin(h.env, 0);
    if (rc != 0) return h.failure(rc, "no transaction");
    while (true) {
        Cursor cursor;
        rc = mdb_cursor_open(transaction.handle, h.table, &cursor.handle);
        if (rc != 0) return h.failure(rc, "no cursor");
        MDB_val found{};
        MDB_val data{};
        rc = mdb_cursor_get(cursor.handle, &found, &data, MDB_LAST);
        if (rc == MDB_NOTFOUND) break;
        if (rc != 0) return h.failure(rc, "cannot be read");
        std::uint64_t last = 0;
        std::memcpy(&last, found.mv_data, sizeof last);
        if (last <= key) break;
        rc = mdb_cursor_del(cursor.handle, 0);
        if (rc != 0) return h.failure(rc, "cannot remove the last value");
    }
    rc = transaction.commit();
    if (rc != 0)
        return store_failure(StoreError::flush_failed,
                             h.path + ": commit failed: " + mdb_strerror(rc));
    return {};
}

StoreResult<void> LmdbEnv::flush() {
    int fd = -1;
    mdb_env_get_fd(handle_->env, &fd);
    if (fsync(fd) != 0)
        return store_failure(StoreError::flush_failed,
                             handle_->path + ": fsync failed: " + std::strerror(errno));
    return {};
}

StoreResult<std::optional<std::uint64_t>> LmdbEnv::Handle::visit(
    std::uint64_t key, Seek seek, const ValueVisitor& visitor) const {
    Transaction transaction;
    int rc = transaction.begin(env, MDB_RDONLY);
    if (rc != 0) return failure(rc, "no read transaction");
    Cursor cursor;
    rc = mdb_cursor_open(transaction.handle, table, &cursor.handle);
    if (rc != 0) return failure(rc, "no cursor");
    std::uint64_t wanted = key;
    MDB_val found{sizeof wanted, &wanted};
    MDB_val data{};
    rc = mdb_cursor_get(cursor.handle, &found, &data, MDB_SET_RANGE);
    if (seek == Seek::at_or_before) {
        std::uint64_t at = 0;
        if (rc == 0) std::memcpy(&at, found.mv_data, sizeof at);
        if (rc == MDB_NOTFOUND)
            rc = mdb_cursor_get(cursor.handle, &found, &data, MDB_LAST);
        else if (rc == 0 && at != key)
            rc = mdb_cursor_get(cursor.handle, &found, &data, MDB_PREV);
    }
    if (rc == MDB_NOTFOUND) return std::optional<std::uint64_t>{};
    if (rc != 0) return failure(rc, "cannot be read");
    if (found.mv_size != sizeof(std::uint64_t))
        return store_failure(StoreError::damaged, path + ": a key is not 8 bytes long");
    std::uint64_t at = 0;
    std::memcpy(&at, found.mv_data, sizeof at);
    visitor(at, Bytes(static_cast<const std::byte*>(data.mv_data), data.mv_size));
    return std::optional(at);
}

StoreResult<std::optional<std::uint64_t>> LmdbEnv::visit_at_or_before(
    std::uint64_t key, const ValueVisitor& visitor) const {
    return handle_->visit(key, Handle::Seek::at_or_before, visitor);
}

StoreResult<std::optional<std::uint64_t>> LmdbEnv::visit_at_or_after(
    std::uint64_t key, const ValueVisitor& visitor) const {
    return handle_->visit(key, Handle::Seek::at_or_after, visitor);
}

StoreResult<std::optional<std::uint64_t>> LmdbEnv::read_at_or_after(
    std::uint64_t key, std::vector<std::byte>& out) const {
    const Handle& h = *handle_;
    std::optional<StoreFailure> failed;
    auto found = h.visit(key, Handle::Seek::at_or_after, [&](std::uint64_t, Bytes value) {
        if (value.size() <= lmdb_page_bytes / 2) return out.assign(value.begin(), value.end());
        out.resize(value.size());
        const std::uint64_t offset = h.offset_of(value.data());
        for (std::size_t have = 0; have < value.size();) {
            const ssize_t got = pread(h.fd(), out.data() + have, value.size() - have,
                                      static_cast<off_t>(offset + have));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) {
                failed = h.failure(got < 0 ? errno : EIO, "cannot be read").error();
                return;
            }
            have += static_cast<std::size_t>(got);
        }
    });
    if (failed) return std::unexpected(std::move(*failed));
    return found;
}

StoreResult<void> LmdbEnv::walk() const {
    const Handle& h = *handle_;
    Transaction transaction;
    int rc = transaction.begin(h.env, MDB_RDONLY);
    if (rc != 0) return h.failure(rc, "no read transaction");
    Cursor cursor;
    rc = mdb_cursor_open(transaction.handle, h.table, &cursor.handle);
    if (rc != 0) return h.failure(rc, "no cursor");
    MDB_val found{};
    MDB_val data{};
    std::optional<std::uint64_t> before;
    volatile std::byte touched{};
    for (rc = mdb_cursor_get(cursor.handle, &found, &data, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(cursor.handle, &found, &data, MDB_NEXT)) {
        std::uint64_t key = 0;
        if (found.mv_size != sizeof key)
            return store_failure(StoreError::damaged, h.path + ": a key is not 8 bytes long");
        std::memcpy(&key, found.mv_data, sizeof key);
        if (before && key <= *before)
            return store_failure(StoreError::damaged, h.path + ": its keys do not rise");
        before = key;
        const auto* bytes = static_cast<const std::byte*>(data.mv_data);
        for (std::size_t at = 0; at < data.mv_size; at += lmdb_page_bytes) touched = bytes[at];
        if (data.mv_size > 0) touched = bytes[data.mv_size - 1];
    }
    static_cast<void>(touched);
    if (rc != MDB_NOTFOUND) return h.failure(rc, "cannot be walked through");
    return {};
}

std::uint64_t LmdbEnv::pages_used() const {
    MDB_envinfo info{};
    mdb_env_info(handle_->env, &info);
    return info.me_last_pgno + 1;
}

}  // namespace suanpan::storage
