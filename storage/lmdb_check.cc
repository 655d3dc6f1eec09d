#include "storage/lmdb_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

namespace suanpan::storage {
namespace {

// The file format of LMDB 0.9 (data version 1) with 8-byte page numbers, as mdb.c declares it.

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t no_page = UINT64_MAX;
constexpr std::uint32_t lmdb_magic = 0xbeefc0de;
constexpr std::uint32_t lmdb_version = 1;

constexpr std::uint16_t branch_page = 0x01;
constexpr std::uint16_t leaf_page = 0x02;
constexpr std::uint16_t overflow_page = 0x04;
constexpr std::uint16_t meta_page = 0x08;

constexpr std::uint16_t big_data = 0x01;     // of a node: its value has pages of its own
constexpr std::uint16_t integer_key = 0x08;  // of a table
constexpr int environment_flag = 0x4000;     // MDB_NOSUBDIR, kept among the first table's flags
constexpr std::uint16_t depth_max = 32;      // of LMDB's cursors
constexpr std::uint64_t map_bytes_max = 1ULL << 46U;

struct PageHeader {
    std::uint64_t number = 0;
    std::uint16_t pad = 0;
    std::uint16_t flags = 0;
    std::uint16_t lower = 0;  // of an overflow page: these two are the number of its pages
    std::uint16_t upper = 0;
};
static_assert(sizeof(PageHeader) == 16);

struct NodeHeader {
    std::uint16_t low = 0;
    std::uint16_t high = 0;
    std::uint16_t flags = 0;
    std::uint16_t key_bytes = 0;
};
static_assert(sizeof(NodeHeader) == 8);

struct Table {
    std::uint32_t pad = 0;  // of the first table: the size of a page
    std::uint16_t flags = 0;
    std::uint16_t depth = 0;
    std::uint64_t branch_pages = 0;
    std::uint64_t leaf_pages = 0;
    std::uint64_t overflow_pages = 0;
    std::uint64_t entries = 0;
    std::uint64_t root = no_page;
};
static_assert(sizeof(Table) == 48);

struct Meta {
    std::uint32_t magic = 0;
    std::uint32_t version = 0;
    std::uint64_t address = 0;
    std::uint64_t map_bytes = 0;
    Table free;
    Table main;
    std::uint64_t last_page = 0;
    std::uint64_t transaction = 0;
};
static_assert(sizeof(Meta) == 136);
static_assert(std::has_unique_object_representations_v<Meta>);

using Page = std::array<std::byte, page_size>;

template <typename T>
T read_at(const Page& page, std::size_t offset) {
    T value;
    std::memcpy(&value, page.data() + offset, sizeof value);
    return value;
}

class LmdbFile {
public:
    LmdbFile(int fd, std::string path, LmdbCheck check)
        : fd_(fd), path_(std::move(path)), check_(check) {}

    [[nodiscard]] StoreResult<void> run() {
        struct stat status{};
        if (::fstat(fd_, &status) != 0)
            return store_failure(StoreError::disk,
                                 path_ + ": cannot be looked at: " + std::strerror(errno));
        pages_in_file_ = static_cast<std::uint64_t>(status.st_size) / page_size;
        if (read_meta() && mark(0, 2, "the meta pages")) {
            // The free pages first: their list names pages that the tables may not use.
            if (walk(meta_.free, true)) static_cast<void>(walk(meta_.main, false));
        }
        if (trouble_.empty()) return {};
        return store_failure(error_, path_ + ": " + trouble_);
    }

private:
    bool fail(std::string what) {
        if (trouble_.empty()) trouble_ = std::move(what);
        return false;
    }
    bool fail(std::uint64_t number, const char* what) {
        return fail("its tree is damaged: page " + std::to_string(number) + " " + what);
    }

    [[nodiscard]] bool read(std::uint64_t offset, void* into, std::size_t size) {
        auto* to = static_cast<std::byte*>(into);
        while (size > 0) {
            const ssize_t got = ::pread(fd_, to, size, static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) {
                error_ = StoreError::disk;
                return fail(std::string("cannot be read: ") + std::strerror(errno));
            }
            if (got == 0) return fail("is shorter than what it holds; somebody has cut it");
            to += got;
            offset += static_cast<std::uint64_t>(got);
            size -= static_cast<std::size_t>(got);
        }
        return true;
    }

    // LMDB takes the meta page of the later transaction.
    [[nodiscard]] bool read_meta() {
        for (std::uint64_t number = 0; number < 2; ++number) {
            Page page;
            if (!read(number * page_size, page.data(), page.size())) return false;
            const auto header = read_at<PageHeader>(page, 0);
            const auto meta = read_at<Meta>(page, sizeof(PageHeader));
            if (meta.magic != lmdb_magic || header.flags != meta_page || header.number != number)
                return fail("is no file of Suanpan's, or meta page " + std::to_string(number) +
                            " is damaged");
            if (meta.version != lmdb_version)
                return fail("is of another version of LMDB, or meta page " +
                            std::to_string(number) + " is damaged");
            if (meta.free.pad != page_size) return fail("its pages are not 4096 bytes");
            if (number == 0 || meta.transaction > meta_.transaction) meta_ = meta;
        }
        if (meta_.last_page == 0 || meta_.last_page >= pages_in_file_)
            return fail(
                "is shorter than what it holds; somebody has cut it, or its meta page is "
                "damaged");
        if ((meta_.free.flags & ~environment_flag) != integer_key ||
            meta_.main.flags != integer_key || meta_.map_bytes > map_bytes_max)
            return fail("is no file of Suanpan's, or its meta page is damaged");
        used_.resize(static_cast<std::size_t>(meta_.last_page) + 1);
        return true;
    }

    // Notes `count` pages from `first` as used; each may be that once.
    [[nodiscard]] bool mark(std::uint64_t first, std::uint64_t count, const char* by) {
        if (first > meta_.last_page || count > meta_.last_page + 1 - first)
            return fail("its tree is damaged: " + std::string(by) + " should lie in page " +
                        std::to_string(first) + ", beyond the last one");
        for (std::uint64_t number = first; number < first + count; ++number) {
            if (used_[static_cast<std::size_t>(number)])
                return fail(number, "is used twice, or used and free");
            used_[static_cast<std::size_t>(number)] = true;
        }
        return true;
    }

    struct Counts {
        std::uint64_t branches = 0;
        std::uint64_t leaves = 0;
        std::uint64_t overflow = 0;
        std::uint64_t entries = 0;
        std::optional<std::uint64_t> last_key;
    };

    [[nodiscard]] bool walk(const Table& table, bool is_free_list) {
        Counts counts;
        least_key_.reset();
        if (table.root == no_page) {
            if (table.depth != 0) return fail("its meta page is damaged: a table without pages");
        } else {
            if (table.depth == 0 || table.depth > depth_max)
                return fail("its meta page is damaged: the depth of a table");
            if (!walk_page(table.root, table.depth, is_free_list, counts)) return false;
        }
        if (counts.branches != table.branch_pages || counts.leaves != table.leaf_pages ||
            counts.overflow != table.overflow_pages || counts.entries != table.entries)
            return fail(
                "its tree is damaged: it holds other pages or entries than its meta page "
                "counts");
        return true;
    }

    [[nodiscard]] bool walk_page(std::uint64_t number, std::uint16_t depth, bool is_free_list,
                                 Counts& counts) {
        if (!mark(number, 1, "a part of it")) return false;
        Page page;
        if (!read(number * page_size, page.data(), page.size())) return false;
        const auto header = read_at<PageHeader>(page, 0);
        const bool is_leaf = depth == 1;
        if (header.number != number || header.flags != (is_leaf ? leaf_page : branch_page))
            return fail(number, "is not what should be there");
        if (header.lower < sizeof(PageHeader) || header.lower % 2 != 0 ||
            header.lower > header.upper || header.upper > page_size)
            return fail(number, "has impossible bounds");
        const std::size_t nodes = (header.lower - sizeof(PageHeader)) / 2;
        // LMDB stops the process at a branch of one node, except in the list of free pages.
        if (nodes == 0 || (!is_leaf && nodes < 2 && !is_free_list)) return fail(number, "is empty");
        ++(is_leaf ? counts.leaves : counts.branches);
        for (std::size_t i = 0; i < nodes; ++i) {
            const auto at = read_at<std::uint16_t>(page, sizeof(PageHeader) + 2 * i);
            if (at < header.upper || at + sizeof(NodeHeader) > page_size)
                return fail(number, "has a node outside itself");
            const auto node = read_at<NodeHeader>(page, at);
            const bool done =
                is_leaf ? take_leaf(page, number, at, node, is_free_list, counts)
                        : take_branch(page, number, at, node, i == 0, depth, is_free_list, counts);
            if (!done) return false;
        }
        return true;
    }

    [[nodiscard]] bool take_branch(const Page& page, std::uint64_t number, std::size_t at,
                                   const NodeHeader& node, bool is_first, std::uint16_t depth,
                                   bool is_free_list, Counts& counts) {
        // The first key of a branch is never looked at.
        if (node.key_bytes != sizeof(std::uint64_t) && !(is_first && node.key_bytes == 0))
            return fail(number, "has a key that is not 8 bytes long");
        if (at + sizeof(NodeHeader) + node.key_bytes > page_size)
            return fail(number, "has a node outside itself");
        if (!is_first) {
            const auto key = read_at<std::uint64_t>(page, at + sizeof(NodeHeader));
            if (counts.last_key && key <= *counts.last_key)
                return fail(number, "has keys that do not rise");
            least_key_ = key;
        }
        const std::uint64_t child =
            node.low | (std::uint64_t{node.high} << 16U) | (std::uint64_t{node.flags} << 32U);
        return walk_page(child, static_cast<std::uint16_t>(depth - 1), is_free_list, counts);
    }

    [[nodiscard]] bool take_leaf(const Page& page, std::uint64_t number, std::size_t at,
                                 const NodeHeader& node, bool is_free_list, Counts& counts) {
        if (node.key_bytes != sizeof(std::uint64_t))
            return fail(number, "has a key that is not 8 bytes long");
        const std::size_t value_at = at + sizeof(NodeHeader) + node.key_bytes;
        const bool is_big = node.flags == big_data;
        const std::uint64_t size = node.low | (std::uint64_t{node.high} << 16U);
        if (node.flags != 0 && !is_big) return fail(number, "has a node of an unknown kind");
        if (value_at + (is_big ? sizeof(std::uint64_t) : size) > page_size)
            return fail(number, "has a node outside itself");
        const auto key = read_at<std::uint64_t>(page, at + sizeof(NodeHeader));
        if ((counts.last_key && key <= *counts.last_key) || (least_key_ && key < *least_key_))
            return fail(number, "has keys that do not rise");
        counts.last_key = key;
        least_key_.reset();
        ++counts.entries;
        std::uint64_t first = 0;
        if (is_big) {
            first = read_at<std::uint64_t>(page, value_at);
            const std::uint64_t pages = (sizeof(PageHeader) + size - 1) / page_size + 1;
            if (!mark(first, pages, "a value")) return false;
            counts.overflow += pages;
            if (check_ == LmdbCheck::every_page && !check_overflow(first, pages)) return false;
        }
        if (!is_free_list) return true;
        std::vector<std::byte> value(static_cast<std::size_t>(size));
        if (is_big) {
            if (!read(first * page_size + sizeof(PageHeader), value.data(), value.size()))
                return false;
        } else if (size > 0) {
            std::memcpy(value.data(), page.data() + value_at, value.size());
        }
        return take_free_pages(value, number);
    }

    [[nodiscard]] bool check_overflow(std::uint64_t first, std::uint64_t pages) {
        PageHeader header;
        if (!read(first * page_size, &header, sizeof header)) return false;
        const std::uint64_t stated = header.lower | (std::uint64_t{header.upper} << 16U);
        if (header.number != first || header.flags != overflow_page || stated != pages)
            return fail(first, "is not the value that should be there");
        return true;
    }

    // A list of free pages: their number, then the pages in falling order.
    [[nodiscard]] bool take_free_pages(const std::vector<std::byte>& value, std::uint64_t number) {
        std::uint64_t count = 0;
        if (value.size() < sizeof count) return fail(number, "has a broken list of free pages");
        std::memcpy(&count, value.data(), sizeof count);
        if (value.size() / sizeof count - 1 < count)
            return fail(number, "has a broken list of free pages");
        std::uint64_t before = no_page;
        for (std::uint64_t i = 1; i <= count; ++i) {
            std::uint64_t free = 0;
            std::memcpy(&free, value.data() + i * sizeof free, sizeof free);
            if (free >= before) return fail(number, "has a broken list of free pages");
            before = free;
            if (!mark(free, 1, "a free page")) return false;
        }
        return true;
    }

    const int fd_;
    const std::string path_;
    const LmdbCheck check_;
    std::uint64_t pages_in_file_ = 0;
    Meta meta_;
    std::vector<bool> used_;
    std::optional<std::uint64_t> least_key_;  // that the next leaf's first key may have
    std::string trouble_;
    StoreError error_ = StoreError::damaged;
};

}  // namespace

StoreResult<void> check_lmdb_file(const std::string& path, LmdbCheck check) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return store_failure(errno == ENOENT ? StoreError::not_found : StoreError::disk,
                             path + ": cannot be opened: " + std::strerror(errno));
    const StoreResult<void> checked = LmdbFile(fd, path, check).run();
    ::close(fd);
    return checked;
}

}  // namespace suanpan::storage
