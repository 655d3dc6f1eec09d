// Stands in for libFuzzer where there is none: gives a fuzz target every file of its corpus
// folders, and of each every prefix and every single flipped bit, so that old findings stay found
// in all presets.
//
// Files above 2 KiB are given whole only. Fails on a folder without files.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::size_t damaged_bytes_max = 2048;

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(in), {});
}

// A copy of exactly `size` bytes, so that ASan sees a read past its end.
void run(const std::uint8_t* data, std::size_t size) {
    const Bytes copy(data, data + size);
    LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

void replay(Bytes bytes) {
    run(bytes.data(), bytes.size());
    if (bytes.size() > damaged_bytes_max) return;
    for (std::size_t size = 0; size < bytes.size(); size++) run(bytes.data(), size);
    for (std::uint8_t& byte : bytes) {
        for (unsigned bit = 0; bit < 8; bit++) {
            byte = static_cast<std::uint8_t>(byte ^ (1U << bit));
            run(bytes.data(), bytes.size());
            byte = static_cast<std::uint8_t>(byte ^ (1U << bit));
        }
    }
}

}  // namespace

int main(int argc, char** argv) try {
    for (int index = 1; index < argc; index++) {
        std::size_t file_count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(argv[index])) {
            replay(read_file(entry.path()));
            file_count++;
        }
        std::printf("%s: %zu files replayed\n", argv[index], file_count);
        if (file_count == 0) return 1;
    }
    return argc > 1 ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "replay: %s\n", error.what());
    return 1;
}
