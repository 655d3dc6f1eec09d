// Leaves behind the last commit of a data directory what an interrupted write would leave there.
//
//   damage_tail DATA_DIRECTORY garbage|torn|zeros
//
// The next transaction's pages lie after all pages that the last finished one uses, so that is
// where a write which never got to its flush and its meta page has been. No server may run.
#include "storage/journal_format.h"
#include "storage/lmdb_volume.h"
#include "storage/segment.h"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace suanpan::storage {
namespace {

// Where the newest segment with commits ends, and its last commit.
struct Tail {
    std::string file;
    std::uint64_t offset = 0;
    std::vector<std::byte> last_commit;
};

Tail find_tail(const std::string& directory) {
    const auto volume = open_lmdb_volume(directory);
    std::optional<Tail> tail;
    const std::vector<std::string> names = volume->list().value();
    for (const std::string& name : names) {
        if (!segment_ordinal(name)) continue;
        const auto size = std::filesystem::file_size(directory + "/" + name);
        const auto store = volume->open(name, OpenMode::read_only, size).value();
        std::vector<std::byte> value;
        const auto key = store->read_at_or_before(UINT64_MAX, value).value();
        if (key.value_or(0) == 0) continue;  // holds its header only
        tail = Tail{.file = directory + "/" + name,
                    .offset = store->bytes_used(),
                    .last_commit = std::move(value)};
    }
    if (!tail) throw std::runtime_error("no segment holds a commit");
    return *tail;
}

std::vector<std::byte> random_pages(std::size_t pages, std::mt19937_64& random) {
    std::vector<std::byte> bytes(pages * page_bytes);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

// The start of the commit that would come next: sound header and lengths, and a body that was not
// written to its end.
std::vector<std::byte> torn_commit(const Tail& tail, std::mt19937_64& random) {
    CommitHeader header;
    std::memcpy(&header, tail.last_commit.data(), sizeof header);
    header.first_lsn += header.count;
    header.body_bytes += 3 * page_bytes;
    std::vector<std::byte> bytes = random_pages(2, random);
    std::memset(bytes.data(), 0, page_header_bytes);
    std::memcpy(bytes.data() + page_header_bytes, &header, sizeof header);
    return bytes;
}

void damage(const std::string& directory, const std::string& how) {
    const Tail tail = find_tail(directory);
    std::mt19937_64 random(std::random_device{}());
    std::vector<std::byte> bytes;
    if (how == "garbage")
        bytes = random_pages(1 + random() % 8, random);
    else if (how == "torn")
        bytes = torn_commit(tail, random);
    else if (how == "zeros")
        bytes.resize(4 * page_bytes);
    else
        throw std::runtime_error("unknown word " + how);
    std::fstream file(tail.file, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(tail.offset));
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw std::runtime_error("cannot write " + tail.file);
    fmt::print("{}: {} bytes ({}) at {}\n", tail.file, bytes.size(), how, tail.offset);
}

}  // namespace
}  // namespace suanpan::storage

int main(int argc, char** argv) {
    if (argc != 3) {
        fmt::print(stderr, "usage: damage_tail DATA_DIRECTORY garbage|torn|zeros\n");
        return 2;
    }
    try {
        suanpan::storage::damage(argv[1], argv[2]);
    } catch (const std::exception& error) {
        fmt::print(stderr, "damage_tail: {}\n", error.what());
        return 1;
    }
    return 0;
}
