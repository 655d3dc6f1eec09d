#include "storage/baseline.h"

#include "storage/text_file.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

namespace suanpan::storage {
namespace {

constexpr std::string_view name_prefix = "baseline-";
constexpr std::string_view store_suffix = ".lmdb";
constexpr std::string_view seal_suffix = ".seal";
constexpr std::size_t name_digits = 20;
constexpr std::size_t state_hash_digits = 32;
constexpr std::uint64_t seal_format = 1;

std::string name_of(Lsn lsn, std::string_view suffix) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%020llu", static_cast<unsigned long long>(lsn.value));
    return std::string(name_prefix) + digits + std::string(suffix);
}

std::optional<Lsn> lsn_in(std::string_view name, std::string_view suffix) {
    if (!name.starts_with(name_prefix) || !name.ends_with(suffix) ||
        name.size() != name_prefix.size() + name_digits + suffix.size())
        return std::nullopt;
    const char* begin = name.data() + name_prefix.size();
    Lsn lsn;
    const auto [stop, error] = std::from_chars(begin, begin + name_digits, lsn.value);
    if (error != std::errc{} || stop != begin + name_digits || lsn.value == 0) return std::nullopt;
    return lsn;
}

}  // namespace

std::string baseline_name(Lsn lsn) {
    return name_of(lsn, store_suffix);
}
std::string seal_name(Lsn lsn) {
    return name_of(lsn, seal_suffix);
}

std::string encode_seal(const BaselineSeal& seal) {
    TextFile file;
    file.remark("Seal of a baseline: the journal's history begins after it. Do not edit.");
    file.set("format", seal_format);
    file.set("uuid", Bytes(seal.uuid));
    file.set("lsn", seal.lsn.value);
    file.set("chain", Bytes(seal.chain));
    file.set("time_ns", static_cast<std::uint64_t>(seal.time.ns));
    file.set("request_floor_ms", static_cast<std::uint64_t>(seal.request_floor_ms));
    file.set("state_hash", seal.state_hash);
    return file.encode();
}

BaselineSeal decode_seal(std::string_view name, Bytes content, const Uuid& uuid) {
    const std::string file_name(name);
    const std::expected<TextFile, std::string> file = TextFile::decode(content);
    if (!file)
        throw OpenError(OpenFault::damaged,
                        file_name + ": " + file.error() + "; restore it from a backup");
    if (file->number("format") != seal_format)
        throw OpenError(OpenFault::unknown_format,
                        file_name +
                            ": has a format that this release does not know; use the release "
                            "that wrote it, or a later one");
    BaselineSeal seal;
    const std::optional<std::uint64_t> lsn = file->number("lsn");
    const std::optional<std::uint64_t> time_ns = file->number("time_ns");
    const std::optional<std::uint64_t> floor_ms = file->number("request_floor_ms");
    const std::optional<std::string> state_hash = file->text("state_hash");
    if (!lsn || *lsn == 0 || !time_ns || !floor_ms || !state_hash ||
        state_hash->size() != state_hash_digits || !file->bytes("uuid", seal.uuid) ||
        !file->bytes("chain", seal.chain) || seal_name(Lsn{*lsn}) != file_name)
        throw OpenError(OpenFault::damaged,
                        file_name + ": a line is missing or wrong; restore it from a backup");
    if (seal.uuid != uuid)
        throw OpenError(OpenFault::foreign, file_name + ": belongs to data directory " +
                                                to_string(seal.uuid) + ", not to this one (" +
                                                to_string(uuid) +
                                                "); put the right file in its place");
    seal.lsn = Lsn{*lsn};
    seal.time = Instant{static_cast<std::int64_t>(*time_ns)};
    seal.request_floor_ms = static_cast<std::int64_t>(*floor_ms);
    seal.state_hash = *state_hash;
    return seal;
}

StoreResult<std::vector<Lsn>> list_baselines(const Volume& volume) {
    StoreResult<std::vector<std::string>> names = volume.list();
    if (!names) return std::unexpected(std::move(names.error()));
    std::vector<Lsn> sealed;
    for (const std::string& name : *names)
        if (const auto lsn = lsn_in(name, seal_suffix)) sealed.push_back(*lsn);
    std::ranges::sort(sealed, std::greater<>());
    return sealed;
}

StoreResult<std::unique_ptr<CheckpointWriter>> begin_baseline(
    const DataDirectory& directory, Lsn lsn, const CheckpointWriter::Options& options) {
    // What a process left that ended before the seal; the seal comes off first.
    for (const std::string& name : {seal_name(lsn), baseline_name(lsn)})
        if (StoreResult<void> removed = directory.volume().remove(name); !removed)
            return std::unexpected(std::move(removed.error()));
    return CheckpointWriter::begin_named(directory, baseline_name(lsn), lsn, options);
}

StoreResult<void> seal_baseline(Volume& volume, const BaselineSeal& seal) {
    return volume.write_file_durably(seal_name(seal.lsn), as_bytes(encode_seal(seal)));
}

StoreResult<void> remove_baselines_but(Volume& volume, Lsn kept) {
    StoreResult<std::vector<std::string>> names = volume.list();
    if (!names) return std::unexpected(std::move(names.error()));
    // Seals first: a store without one is a left-over, a seal without its store is damage.
    for (const std::string_view suffix : {seal_suffix, store_suffix}) {
        for (const std::string& name : *names) {
            const auto lsn = lsn_in(name, suffix);
            if (!lsn || *lsn == kept) continue;
            if (StoreResult<void> removed = volume.remove(name); !removed) return removed;
        }
    }
    return {};
}

Baseline open_baseline(const DataDirectory& directory, Lsn lsn) {
    Baseline baseline;
    const std::string name = seal_name(lsn);
    const StoreResult<std::vector<std::byte>> content = directory.volume().read_file(name);
    if (!content)
        throw OpenError(
            content.error().error == StoreError::not_found ? OpenFault::missing : OpenFault::disk,
            content.error().detail + "; restore this file from a backup");
    baseline.seal = decode_seal(name, *content, directory.uuid());
    std::string why;
    baseline.reader = CheckpointReader::open_file(directory, baseline_name(lsn), 0, why);
    if (baseline.reader != nullptr &&
        (baseline.reader->round().start_lsn != lsn || baseline.reader->round().end_lsn != lsn)) {
        baseline.reader.reset();
        why = "is not at the LSN of its name";
    }
    if (baseline.reader == nullptr)
        throw OpenError(OpenFault::damaged,
                        baseline_name(lsn) + ": " + why + "; restore this file from a backup");
    return baseline;
}

}  // namespace suanpan::storage
