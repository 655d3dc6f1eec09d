#include "tests/power/trace.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string>

namespace suanpan::power {

Trace::Trace(const std::filesystem::path& folder) {
    for (std::uint64_t life = 0;; ++life) {
        const std::filesystem::path file = folder / ("trace." + std::to_string(life));
        if (!std::filesystem::exists(file)) break;
        add_life(file, life);
    }
    if (items_.empty()) throw std::runtime_error(folder.string() + ": holds no trace");
}

Trace::~Trace() {
    for (const auto& each : mapped_) ::munmap(each.data(), each.size());
}

void Trace::add_life(const std::filesystem::path& file, std::uint64_t life) {
    const auto size = static_cast<std::size_t>(std::filesystem::file_size(file));
    if (size == 0) return;
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    void* at = fd < 0 ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0) ::close(fd);
    if (at == MAP_FAILED) throw std::runtime_error(file.string() + ": cannot be read");
    const std::span<std::byte> bytes(static_cast<std::byte*>(at), size);
    mapped_.push_back(bytes);
    constexpr unsigned life_shift = 40;
    for (std::size_t from = 0; from + sizeof(TraceRecord) <= size;) {
        TraceItem item;
        std::memcpy(&item.head, bytes.data() + from, sizeof item.head);
        from += sizeof item.head;
        if (size - from < item.head.payload_bytes) break;
        item.payload = bytes.subspan(from, item.head.payload_bytes);
        from += item.head.payload_bytes;
        switch (item.head.kind) {
            case TraceKind::flush_began:
            case TraceKind::flush_ended:
                item.head.offset |= life << life_shift;
                break;
            case TraceKind::sent:
            case TraceKind::closed:
                item.head.file |= life << life_shift;
                break;
            default:
                break;
        }
        items_.push_back(item);
    }
}

}  // namespace suanpan::power
