// write_shim: a library for LD_PRELOAD that records what a server does to its data directory.
//
//   SUANPAN_POWER_ROOT    the data directory, absolute, without a slash at its end
//   SUANPAN_POWER_TRACE   the file to write (trace_format.h)
//   SUANPAN_POWER_KILL_AT end the process with SIGKILL before this many records (0: never)
//
// Every call that concerns the directory is made and recorded under one lock, so that the trace has
// the order in which things happened; a flush alone is outside it, as one record before and one
// after. A reply is sent and recorded under the same lock: where it stands behind a flush's end in
// the trace, it was sent after it. The process is killed while it holds the lock, so that the trace
// ends with what the page cache has.
//
// Compiled without sanitizers: it is loaded before their runtime.
#include "tests/power/trace_format.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace suanpan::power {
namespace {

constexpr int descriptors_max = 1 << 16;

enum class Known : std::uint8_t { nothing, other, data_file, socket };

struct Descriptor {
    std::uint64_t inode = 0;
    Known known = Known::nothing;
    bool is_synced = false;  // O_DSYNC or O_SYNC
    bool is_lock = false;    // LMDB's lock file, which it maps for writing
};

// Everything below is guarded by `mutex` except `is_on`.
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<bool> is_on{false};
std::array<Descriptor, descriptors_max> descriptors;
std::string_view root;
int trace = -1;
std::uint64_t tickets = 0;
std::uint64_t records = 0;
std::uint64_t kill_at = 0;

template <typename Function>
Function* real(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

[[noreturn]] void die() {
    ::syscall(SYS_kill, ::syscall(SYS_getpid), SIGKILL);
    while (true) ::pause();
}

class Guard {
public:
    Guard() { ::pthread_mutex_lock(&mutex); }
    ~Guard() { ::pthread_mutex_unlock(&mutex); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
};

void record(TraceRecord header, const void* payload = nullptr, std::size_t bytes = 0) {
    header.payload_bytes = static_cast<std::uint32_t>(bytes);
    const iovec parts[] = {{&header, sizeof header}, {const_cast<void*>(payload), bytes}};
    const long written = ::syscall(SYS_writev, trace, parts, bytes == 0 ? 1 : 2);
    if (written != static_cast<long>(sizeof header + bytes)) ::abort();  // no room for the trace
}

// Before each call that changes something: the moment at which the process may be made to die.
void count() {
    if (++records == kill_at) die();
}

void violation(const char* what) {
    record({.kind = TraceKind::violation}, what, std::strlen(what));
}

bool all_zero(const char* bytes, std::size_t size) {
    return size > 0 && bytes[0] == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0;
}

// The name within the data directory; false for everything else.
bool name_of(const char* path, std::string_view& name) {
    const std::string_view all(path);
    if (all == root) {
        name = "";
        return true;
    }
    const std::size_t slash = root.rfind('/');
    if (all == root.substr(0, slash)) {
        name = "..";
        return true;
    }
    if (all.size() <= root.size() + 1 || !all.starts_with(root) || all[root.size()] != '/')
        return false;
    name = all.substr(root.size() + 1);
    return true;
}

Descriptor* known(int fd) {
    if (fd < 0 || fd >= descriptors_max) return nullptr;
    Descriptor& found = descriptors[static_cast<std::size_t>(fd)];
    if (found.known != Known::nothing) return &found;
    struct stat status{};
    const bool is_socket = ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
    found.known = is_socket ? Known::socket : Known::other;
    return &found;
}

Descriptor* data_file(int fd) {
    if (fd < 0 || fd >= descriptors_max) return nullptr;
    Descriptor& found = descriptors[static_cast<std::size_t>(fd)];
    return found.known == Known::data_file ? &found : nullptr;
}

int open_recorded(const char* path, int flags, mode_t mode) {
    static const auto real_open = real<int(const char*, int, ...)>("open");
    std::string_view name;
    if (!is_on || !name_of(path, name)) {
        const int fd = real_open(path, flags, mode);
        if (is_on && fd >= 0 && fd < descriptors_max) {
            const Guard guard;
            descriptors[static_cast<std::size_t>(fd)] = {};
        }
        return fd;
    }
    const Guard guard;
    count();
    const bool was_there = ::access(path, F_OK) == 0;
    const int fd = real_open(path, flags, mode);
    if (fd < 0) return fd;
    const int error = errno;
    struct stat status{};
    ::fstat(fd, &status);
    if (fd >= descriptors_max) ::abort();
    descriptors[static_cast<std::size_t>(fd)] = {.inode = status.st_ino,
                                                 .known = Known::data_file,
                                                 .is_synced = (flags & O_DSYNC) != 0,
                                                 .is_lock = name.ends_with("-lock")};
    record({.kind = TraceKind::opened,
            .file = status.st_ino,
            .offset = (was_there ? 0 : trace_opened_created) |
                      ((flags & O_TRUNC) != 0 ? trace_opened_emptied : 0)},
           name.data(), name.size());
    errno = error;
    return fd;
}

void record_write(const Descriptor& file, const char* bytes, std::size_t size,
                  std::uint64_t offset) {
    const bool is_zeros = all_zero(bytes, size);
    record({.kind = TraceKind::wrote, .file = file.inode, .offset = offset, .length = size}, bytes,
           is_zeros ? 0 : size);
}

// `call` writes all of `parts` at `offset`, or says how many bytes. Under the lock.
template <typename Call>
ssize_t write_recorded(const Descriptor& file, const iovec* parts, int part_count,
                       std::uint64_t offset, Call&& call) {
    count();
    ssize_t size = 0;
    for (int i = 0; i < part_count; ++i) {
        record_write(file, static_cast<const char*>(parts[i].iov_base), parts[i].iov_len,
                     offset + static_cast<std::uint64_t>(size));
        size += static_cast<ssize_t>(parts[i].iov_len);
    }
    const ssize_t written = call();
    const int error = errno;
    if (written != size) violation("a write took less than it was given");
    if (file.is_synced && part_count == 1)
        record({.kind = TraceKind::wrote_through, .file = file.inode});
    else if (file.is_synced)
        violation("several parts were written through at once");
    errno = error;
    return written;
}

std::uint64_t position_of(int fd) {
    return static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_CUR));
}

template <typename Call>
ssize_t send_recorded(int fd, const iovec* parts, std::size_t part_count, Call&& call) {
    const ssize_t taken = call();
    const int error = errno;
    auto rest = static_cast<std::size_t>(taken > 0 ? taken : 0);
    for (std::size_t i = 0; i < part_count && rest > 0; ++i) {
        const std::size_t size = parts[i].iov_len < rest ? parts[i].iov_len : rest;
        if (size == 0) continue;
        record({.kind = TraceKind::sent, .file = static_cast<std::uint64_t>(fd)}, parts[i].iov_base,
               size);
        rest -= size;
    }
    errno = error;
    return taken;
}

template <typename Call>
int flush_recorded(int fd, Call&& call) {
    std::uint64_t inode = 0;
    std::uint64_t ticket = 0;
    if (is_on) {
        const Guard guard;
        if (const Descriptor* file = data_file(fd); file != nullptr) {
            count();
            inode = file->inode;
            ticket = ++tickets;
            record({.kind = TraceKind::flush_began, .file = inode, .offset = ticket});
        }
    }
    const int result = call();
    if (ticket != 0 && result == 0) {
        const int error = errno;
        const Guard guard;
        record({.kind = TraceKind::flush_ended, .file = inode, .offset = ticket});
        errno = error;
    }
    return result;
}

void switch_off() {
    is_on = false;
}

__attribute__((constructor)) void switch_on() {
    const char* wanted_root = ::getenv("SUANPAN_POWER_ROOT");
    const char* wanted_trace = ::getenv("SUANPAN_POWER_TRACE");
    if (wanted_root == nullptr || wanted_trace == nullptr) return;
    if (const char* at = ::getenv("SUANPAN_POWER_KILL_AT"); at != nullptr)
        kill_at = ::strtoull(at, nullptr, 10);
    root = wanted_root;
    trace = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, wanted_trace,
                                       O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    if (trace < 0) ::abort();
    ::pthread_atfork(nullptr, nullptr, switch_off);  // a child only looks
    is_on = true;
}

}  // namespace
}  // namespace suanpan::power

// ---- the calls themselves

using namespace suanpan::power;

#define SHIM extern "C" __attribute__((visibility("default")))

namespace {

mode_t mode_in(int flags, va_list arguments) {
    return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned int)) : 0;
}

}  // namespace

SHIM int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_in(flags, arguments);
    va_end(arguments);
    return open_recorded(path, flags, mode);
}

SHIM int open64(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_in(flags, arguments);
    va_end(arguments);
    return open_recorded(path, flags | O_LARGEFILE, mode);
}

SHIM int close(int fd) {
    static const auto real_close = real<int(int)>("close");
    if (!is_on || fd < 0 || fd >= descriptors_max) return real_close(fd);
    const Guard guard;
    Descriptor& file = descriptors[static_cast<std::size_t>(fd)];
    if (file.known == Known::socket)
        record({.kind = TraceKind::closed, .file = static_cast<std::uint64_t>(fd)});
    file = {};
    return real_close(fd);
}

namespace {

ssize_t pwrite_recorded(int fd, const void* bytes, std::size_t size, off_t offset) {
    static const auto real_pwrite = real<ssize_t(int, const void*, std::size_t, off_t)>("pwrite");
    if (!is_on) return real_pwrite(fd, bytes, size, offset);
    const Guard guard;
    const Descriptor* file = data_file(fd);
    if (file == nullptr) return real_pwrite(fd, bytes, size, offset);
    const iovec part{const_cast<void*>(bytes), size};
    return write_recorded(*file, &part, 1, static_cast<std::uint64_t>(offset),
                          [&] { return real_pwrite(fd, bytes, size, offset); });
}

ssize_t pwritev_recorded(int fd, const iovec* parts, int count_of, off_t offset) {
    static const auto real_pwritev = real<ssize_t(int, const iovec*, int, off_t)>("pwritev");
    if (!is_on) return real_pwritev(fd, parts, count_of, offset);
    const Guard guard;
    const Descriptor* file = data_file(fd);
    if (file == nullptr) return real_pwritev(fd, parts, count_of, offset);
    return write_recorded(*file, parts, count_of, static_cast<std::uint64_t>(offset),
                          [&] { return real_pwritev(fd, parts, count_of, offset); });
}

int ftruncate_recorded(int fd, off_t size) {
    static const auto real_ftruncate = real<int(int, off_t)>("ftruncate");
    if (!is_on) return real_ftruncate(fd, size);
    const Guard guard;
    const Descriptor* file = data_file(fd);
    if (file == nullptr) return real_ftruncate(fd, size);
    count();
    record({.kind = TraceKind::resized,
            .file = file->inode,
            .length = static_cast<std::uint64_t>(size)});
    return real_ftruncate(fd, size);
}

void* mmap_recorded(void* at, std::size_t length, int protection, int flags, int fd, off_t offset) {
    static const auto real_mmap = real<void*(void*, std::size_t, int, int, int, off_t)>("mmap");
    if (is_on && fd >= 0 && (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0) {
        const Guard guard;
        const Descriptor* file = data_file(fd);
        if (file != nullptr && !file->is_lock) violation("a data file was mapped for writing");
    }
    return real_mmap(at, length, protection, flags, fd, offset);
}

// A lock file's content is lost with its process: its room on the disk concerns no image.
void fallocate_recorded(const char* name, int fd) {
    if (!is_on) return;
    const Guard guard;
    const Descriptor* file = data_file(fd);
    if (file != nullptr && !file->is_lock) violation(name);
}

}  // namespace

SHIM ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) {
    return pwrite_recorded(fd, bytes, size, offset);
}
SHIM ssize_t pwrite64(int fd, const void* bytes, std::size_t size, off_t offset) {
    return pwrite_recorded(fd, bytes, size, offset);
}
SHIM ssize_t pwritev(int fd, const iovec* parts, int count_of, off_t offset) {
    return pwritev_recorded(fd, parts, count_of, offset);
}
SHIM ssize_t pwritev64(int fd, const iovec* parts, int count_of, off_t offset) {
    return pwritev_recorded(fd, parts, count_of, offset);
}
SHIM int ftruncate(int fd, off_t size) noexcept {
    return ftruncate_recorded(fd, size);
}
SHIM int ftruncate64(int fd, off_t size) noexcept {
    return ftruncate_recorded(fd, size);
}
SHIM void* mmap(void* at, std::size_t length, int protection, int flags, int fd,
                off_t offset) noexcept {
    return mmap_recorded(at, length, protection, flags, fd, offset);
}
SHIM void* mmap64(void* at, std::size_t length, int protection, int flags, int fd,
                  off_t offset) noexcept {
    return mmap_recorded(at, length, protection, flags, fd, offset);
}
SHIM int posix_fallocate(int fd, off_t offset, off_t length) {
    static const auto real_call = real<int(int, off_t, off_t)>("posix_fallocate");
    fallocate_recorded("posix_fallocate of a data file", fd);
    return real_call(fd, offset, length);
}
SHIM int fallocate(int fd, int mode, off_t offset, off_t length) {
    static const auto real_call = real<int(int, int, off_t, off_t)>("fallocate");
    fallocate_recorded("fallocate of a data file", fd);
    return real_call(fd, mode, offset, length);
}

SHIM ssize_t write(int fd, const void* bytes, std::size_t size) {
    static const auto real_write = real<ssize_t(int, const void*, std::size_t)>("write");
    if (!is_on) return real_write(fd, bytes, size);
    const Guard guard;
    const Descriptor* file = known(fd);
    const iovec part{const_cast<void*>(bytes), size};
    const auto call = [&] { return real_write(fd, bytes, size); };
    if (file != nullptr && file->known == Known::data_file)
        return write_recorded(*file, &part, 1, position_of(fd), call);
    if (file != nullptr && file->known == Known::socket) return send_recorded(fd, &part, 1, call);
    return call();
}

SHIM ssize_t writev(int fd, const iovec* parts, int count_of) {
    static const auto real_writev = real<ssize_t(int, const iovec*, int)>("writev");
    if (!is_on) return real_writev(fd, parts, count_of);
    const Guard guard;
    const Descriptor* file = known(fd);
    const auto call = [&] { return real_writev(fd, parts, count_of); };
    if (file != nullptr && file->known == Known::data_file)
        return write_recorded(*file, parts, count_of, position_of(fd), call);
    if (file != nullptr && file->known == Known::socket)
        return send_recorded(fd, parts, static_cast<std::size_t>(count_of), call);
    return call();
}

SHIM ssize_t send(int fd, const void* bytes, std::size_t size, int flags) {
    static const auto real_send = real<ssize_t(int, const void*, std::size_t, int)>("send");
    if (!is_on) return real_send(fd, bytes, size, flags);
    const Guard guard;
    known(fd);
    const iovec part{const_cast<void*>(bytes), size};
    return send_recorded(fd, &part, 1, [&] { return real_send(fd, bytes, size, flags); });
}

SHIM ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static const auto real_sendmsg = real<ssize_t(int, const msghdr*, int)>("sendmsg");
    if (!is_on) return real_sendmsg(fd, message, flags);
    const Guard guard;
    known(fd);
    return send_recorded(fd, message->msg_iov, message->msg_iovlen,
                         [&] { return real_sendmsg(fd, message, flags); });
}

SHIM int fsync(int fd) {
    static const auto real_fsync = real<int(int)>("fsync");
    return flush_recorded(fd, [&] { return real_fsync(fd); });
}

SHIM int fdatasync(int fd) {
    static const auto real_fdatasync = real<int(int)>("fdatasync");
    return flush_recorded(fd, [&] { return real_fdatasync(fd); });
}

SHIM int mkdir(const char* path, mode_t mode) noexcept {
    static const auto real_mkdir = real<int(const char*, mode_t)>("mkdir");
    std::string_view name;
    if (!is_on || !name_of(path, name) || !name.empty()) return real_mkdir(path, mode);
    const Guard guard;
    count();
    const int result = real_mkdir(path, mode);
    if (result == 0) record({.kind = TraceKind::made_directory});
    return result;
}

SHIM int rename(const char* from, const char* to) noexcept {
    static const auto real_rename = real<int(const char*, const char*)>("rename");
    std::string_view from_name;
    std::string_view to_name;
    if (!is_on || !name_of(from, from_name) || !name_of(to, to_name)) return real_rename(from, to);
    const Guard guard;
    count();
    const int result = real_rename(from, to);
    const int error = errno;
    std::array<char, 512> names{};
    const std::size_t size = from_name.size() + 1 + to_name.size();
    if (size > names.size()) ::abort();
    std::memcpy(names.data(), from_name.data(), from_name.size());
    std::memcpy(names.data() + from_name.size() + 1, to_name.data(), to_name.size());
    if (result == 0) record({.kind = TraceKind::renamed}, names.data(), size);
    errno = error;
    return result;
}

SHIM int unlink(const char* path) noexcept {
    static const auto real_unlink = real<int(const char*)>("unlink");
    std::string_view name;
    if (!is_on || !name_of(path, name)) return real_unlink(path);
    const Guard guard;
    count();
    const int result = real_unlink(path);
    const int error = errno;
    if (result == 0) record({.kind = TraceKind::removed}, name.data(), name.size());
    errno = error;
    return result;
}

SHIM int link(const char* from, const char* to) noexcept {
    static const auto real_link = real<int(const char*, const char*)>("link");
    std::string_view name;
    if (is_on && name_of(to, name)) {
        const Guard guard;
        violation("a link was made in the data directory");
    }
    return real_link(from, to);
}
