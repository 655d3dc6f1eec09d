// The file of acknowledged events: what the server has promised, kept outside of the server.
#pragma once

#include "protocol/base/ids.h"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace suanpan::load {

// One acknowledged event. Little-endian, fixed size, one after the other behind the header.
struct AckRecord {
    RequestId request_id;
    MemberId member;
    std::uint64_t entry_id = 0;
    friend bool operator==(const AckRecord&, const AckRecord&) = default;
};
static_assert(sizeof(AckRecord) == 40);
static_assert(std::has_unique_object_representations_v<AckRecord>);  // no padding on disk

struct AckFileHeader {
    std::uint64_t magic = 0x31'53'4b'43'41'4e'53'53;  // "SSNACKS1"
    std::uint32_t record_bytes = sizeof(AckRecord);
    std::uint32_t program = 0;
};
static_assert(sizeof(AckFileHeader) == 16);
static_assert(std::has_unique_object_representations_v<AckFileHeader>);

// Appends records. Owned by one worker (every worker has a file of its own: "<path>", "<path>.1",
// ...). Buffers at most `buffered_max` records; flush() hands them to the operating system, which
// is enough: it is the server that gets killed, not this process.
class AckWriter {
public:
    // Replaces what stands at `path`. Throws std::runtime_error where that cannot be written.
    AckWriter(const std::string& path, ProgramId program);
    ~AckWriter();
    AckWriter(const AckWriter&) = delete;
    AckWriter& operator=(const AckWriter&) = delete;

    void add(const AckRecord& record) {
        buffer_.push_back(record);
        if (buffer_.size() == buffered_max) flush();
    }
    // Throws std::runtime_error where the disk refuses.
    void flush();

    static constexpr std::size_t buffered_max = 4096;

private:
    std::string path_;
    int file_ = -1;
    std::vector<AckRecord> buffer_;
};

// Reads records back, in order. An incomplete last record (the writer was killed) is left out.
class AckReader {
public:
    // Throws std::runtime_error where `path` is missing or is no such file.
    explicit AckReader(const std::string& path);
    ~AckReader();
    AckReader(const AckReader&) = delete;
    AckReader& operator=(const AckReader&) = delete;

    [[nodiscard]] ProgramId program() const { return program_; }
    [[nodiscard]] std::optional<AckRecord> next();

private:
    std::FILE* file_ = nullptr;
    ProgramId program_{};
};

// The path of worker `index`'s file.
[[nodiscard]] std::string ack_path_of(const std::string& path, unsigned index);
// All files that belong to `path`: itself and "<path>.1", "<path>.2", ... as far as they exist.
[[nodiscard]] std::vector<std::string> ack_paths(const std::string& path);

}  // namespace suanpan::load
