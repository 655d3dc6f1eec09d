#include "bench/load/ack_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace suanpan::load {
namespace {

void write_all(int file, const void* bytes, std::size_t count, const std::string& path) {
    const auto* at = static_cast<const char*>(bytes);
    while (count > 0) {
        const ssize_t written = ::write(file, at, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            throw std::runtime_error(
                fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
        }
        at += written;
        count -= static_cast<std::size_t>(written);
    }
}

}  // namespace

AckWriter::AckWriter(const std::string& path, ProgramId program)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (file_ < 0) {
        throw std::runtime_error(
            fmt::format("--acks: cannot write {}: {}", path, std::strerror(errno)));
    }
    buffer_.reserve(buffered_max);
    AckFileHeader header;
    header.program = static_cast<std::uint32_t>(program);
    write_all(file_, &header, sizeof header, path_);
}

AckWriter::~AckWriter() {
    try {
        flush();
    } catch (const std::runtime_error& error) {
        fmt::print(stderr, "{}\n", error.what());
    }
    ::close(file_);
}

void AckWriter::flush() {
    if (buffer_.empty()) return;
    write_all(file_, buffer_.data(), buffer_.size() * sizeof(AckRecord), path_);
    buffer_.clear();
}

AckReader::AckReader(const std::string& path) : file_(std::fopen(path.c_str(), "rb")) {
    if (file_ == nullptr) {
        throw std::runtime_error(
            fmt::format("--check-acks: cannot read {}: {}", path, std::strerror(errno)));
    }
    const AckFileHeader expected;
    AckFileHeader header;
    if (std::fread(&header, sizeof header, 1, file_) != 1 || header.magic != expected.magic ||
        header.record_bytes != expected.record_bytes) {
        std::fclose(file_);
        throw std::runtime_error(
            fmt::format("--check-acks: {} is no file that --acks has written", path));
    }
    program_ = ProgramId{header.program};
}

AckReader::~AckReader() {
    std::fclose(file_);
}

std::optional<AckRecord> AckReader::next() {
    AckRecord record;
    if (std::fread(&record, sizeof record, 1, file_) != 1) return std::nullopt;
    return record;
}

std::string ack_path_of(const std::string& path, unsigned index) {
    return index == 0 ? path : fmt::format("{}.{}", path, index);
}

std::vector<std::string> ack_paths(const std::string& path) {
    std::vector<std::string> paths{path};
    for (unsigned index = 1; std::filesystem::exists(ack_path_of(path, index)); ++index) {
        paths.push_back(ack_path_of(path, index));
    }
    return paths;
}

}  // namespace suanpan::load
