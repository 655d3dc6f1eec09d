#include "tools/import_state.h"

#include "protocol/base/hash.h"
#include "storage/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace suanpan::tools {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& doing) {
    throw std::runtime_error(
        fmt::format("{}: {}: {}; the import can go on from its state file once that is mended",
                    path, doing, std::strerror(errno)));
}

void flush(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail(path, "cannot be opened");
    const int failed = ::fsync(fd);
    ::close(fd);
    if (failed != 0) fail(path, "cannot be flushed");
}

std::vector<std::int64_t> numbers_in(std::string_view text) {
    std::vector<std::int64_t> numbers;
    const char* at = text.data();
    const char* end = at + text.size();
    while (at < end) {
        std::int64_t number = 0;
        const auto parsed = std::from_chars(at, end, number);
        if (parsed.ec != std::errc{}) break;
        numbers.push_back(number);
        at = parsed.ptr < end ? parsed.ptr + 1 : end;
    }
    return numbers;
}

}  // namespace

RequestId import_request_id(const ImportState& state, std::uint64_t line, std::int64_t epoch_ms) {
    const std::array<std::uint64_t, 4> words{state.id_high, state.id_low, line,
                                             static_cast<std::uint64_t>(epoch_ms)};
    const Hash128 hash = xxh3_128(std::as_bytes(std::span(words)), 0);
    return {.high = static_cast<std::uint64_t>(epoch_ms) << 16U | 0x7000U | (hash.high & 0xfffU),
            .low = 0x8000'0000'0000'0000U | hash.low >> 2U};
}

void save_import_state(const std::string& path, const ImportState& state) {
    storage::TextFile file;
    file.remark("How far an import has come. Keep it beside its CSV until the import has ended.");
    file.set("id_high", state.id_high);
    file.set("id_low", state.id_low);
    file.set("server_high", state.server_high);
    file.set("server_low", state.server_low);
    file.set("offset", state.offset);
    file.set("prefix_crc", std::uint64_t{state.prefix_crc});
    file.set("line", state.line);
    file.set("chunk_lines", state.chunk_lines);
    file.set("epochs_ms", fmt::format("{}", fmt::join(state.epochs_ms, " ")));
    file.set("rows_done", state.rows_done);
    file.set("rows_bad", state.rows_bad);
    file.set("points_done", static_cast<std::uint64_t>(state.points_done));
    file.set("finished", state.finished ? "yes" : "no");
    const std::string temporary = path + ".tmp";
    {
        std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
        out << file.encode();
        out.close();
        if (!out) fail(temporary, "cannot be written");
    }
    flush(temporary);
    if (std::rename(temporary.c_str(), path.c_str()) != 0) fail(temporary, "cannot be renamed");
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    flush(folder.empty() ? "." : folder.string());
}

bool load_import_state(const std::string& path, ImportState& state) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return false;
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    const auto file = storage::TextFile::decode(storage::as_bytes(content));
    const auto damaged = [&](const std::string& why) {
        return std::runtime_error(fmt::format(
            "{}: {}; without it nobody can say which lines were applied. Restore it", path, why));
    };
    if (!file) throw damaged(file.error());
    const auto number = [&](std::string_view key) {
        const auto value = file->number(key);
        if (!value) throw damaged(fmt::format("has no line {}", key));
        return *value;
    };
    state.id_high = number("id_high");
    state.id_low = number("id_low");
    state.server_high = number("server_high");
    state.server_low = number("server_low");
    state.offset = number("offset");
    state.prefix_crc = static_cast<std::uint32_t>(number("prefix_crc"));
    state.line = number("line");
    state.chunk_lines = number("chunk_lines");
    state.epochs_ms = numbers_in(file->text("epochs_ms").value_or(""));
    state.rows_done = number("rows_done");
    state.rows_bad = number("rows_bad");
    state.points_done = static_cast<std::int64_t>(number("points_done"));
    state.finished = file->text("finished") == "yes";
    return true;
}

}  // namespace suanpan::tools
