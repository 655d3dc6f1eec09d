// DiskModel: what the disk of a traced server may hold when the power goes.
#pragma once

#include "tests/power/trace.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace suanpan::power {

inline constexpr std::size_t sector_bytes = 512;

// How an image treats what had not been flushed.
enum class Loss : std::uint8_t {
    everything,  // all of it is missing
    nothing,     // all of it is there
    tail,        // what came after some moment is missing
    writes,      // each write and each change of a name is there or not
    sectors,     // each sector of each write is there or not
};
inline constexpr std::uint32_t losses = 5;
[[nodiscard]] const char* text_of(Loss loss);

// Takes the records of a trace in their order and keeps, for each file and for the directory, what
// is durable and what is pending.
//
// The rules are those of POSIX, which promise less than a journaling file system does: a flush of a
// file makes its bytes and its size durable, not its name; a flush of the directory makes names
// durable; pending changes reach the disk in any order, bytes of a file sector by sector; a write
// through O_DSYNC makes only itself durable. A rename happens as a whole.
//
// Owned by one proof, used on its thread.
class DiskModel {
public:
    explicit DiskModel(std::filesystem::path folder_of_images)
        : folder_(std::move(folder_of_images)) {}

    // For the self-test: a flush of a file (not that of a directory) makes nothing durable.
    void forget_flushes_of_files() { flushes_count_ = false; }

    // Throws std::runtime_error at a violation.
    void take(const TraceItem& item);

    // Writes an image of the data directory as `folder_of_images`/data, which must not be there;
    // where the directory's own name was not durable, there may be none. Returns how many pending
    // changes were left out or torn.
    std::size_t write_image(Loss loss, std::mt19937_64& random) const;

    [[nodiscard]] std::size_t pending() const;

private:
    struct Range {
        std::uint64_t from = 0;
        std::uint64_t to = 0;
    };
    struct Change {
        std::uint64_t order = 0;
        bool is_resize = false;
        std::uint64_t offset = 0;
        std::uint64_t length = 0;          // of a write; the new size of a resize
        std::span<const std::byte> bytes;  // empty: zeros
        std::vector<Range> overtaken;      // written through by a later write
    };
    struct File {
        std::vector<std::byte> durable;
        std::vector<Change> pending;
    };
    using FilePtr = std::shared_ptr<File>;
    struct NameChange {
        std::uint64_t order = 0;
        std::string gone;  // empty: none
        std::string come;  // empty: none
        FilePtr file;
    };
    struct Flush {
        FilePtr file;  // null: a directory
        bool is_parent = false;
        std::uint64_t order = 0;
    };
    enum class Place : std::uint8_t { file, root, parent };

    static void apply(std::vector<std::byte>& content, const Change& change, const Range& part);
    static void apply(std::vector<std::byte>& content, const Change& change);
    static void apply(std::map<std::string, FilePtr>& names, const NameChange& change);
    void open(const TraceItem& item);
    void end_flush(std::uint64_t ticket);
    void write_through(File& file);
    [[nodiscard]] std::vector<std::byte> content_of(const File& file, Loss loss, std::uint64_t cut,
                                                    std::mt19937_64& random,
                                                    std::size_t& lost) const;
    static void write_file(const std::filesystem::path& path, std::span<const std::byte> content);

    const std::filesystem::path folder_;
    bool flushes_count_ = true;
    std::uint64_t order_ = 0;
    bool root_made_ = false;
    bool root_durable_ = false;
    std::uint64_t root_order_ = 0;
    std::map<std::uint64_t, Place> places_;  // by inode
    std::map<std::uint64_t, FilePtr> files_;
    std::map<std::string, FilePtr> names_now_;  // as the server sees them
    std::map<std::string, FilePtr> names_durable_;
    std::vector<NameChange> names_pending_;
    std::map<std::uint64_t, Flush> flushes_;  // by ticket
};

}  // namespace suanpan::power
