#include "storage/data_directory.h"

#include "protocol/base/assert.h"
#include "storage/text_file.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace suanpan::storage {
namespace {

constexpr const char* file_name = "SUANPAN";

[[noreturn]] void refuse_start(OpenFault fault, const Volume& volume, const std::string& sentence) {
    throw OpenError(fault, volume.describe() + ": " + sentence);
}

// The current secret's line; those before it have theirs with a number behind it, from 1.
constexpr std::string_view secret_key = "quote_secret";

std::string key_of_secret(std::size_t index) {
    return std::string(secret_key) + (index == 0 ? "" : "_" + std::to_string(index));
}

// "NUMBER MASTER ENDS HEX".
std::string line_of(const KeptSecret& secret) {
    return std::to_string(secret.number) + " " + std::to_string(secret.sealed_by) + " " +
           std::to_string(secret.ends.ns) + " " + to_hex(secret.bytes);
}

template <typename T>
bool take_number(std::string_view& text, T& number) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || stop == text.data() + text.size() || *stop != ' ') return false;
    text.remove_prefix(static_cast<std::size_t>(stop + 1 - text.data()));
    return true;
}

// A release before the numbers wrote the digits alone, in the clear.
std::optional<KeptSecret> secret_of(std::string_view line) {
    KeptSecret secret{.number = 1, .sealed_by = 0, .ends = {}, .bytes = {}};
    if (line.find(' ') != std::string_view::npos &&
        (!take_number(line, secret.number) || !take_number(line, secret.sealed_by) ||
         !take_number(line, secret.ends.ns)))
        return std::nullopt;
    if (secret.number == 0 || secret.ends < Instant{} || line.size() < 2 * sizeof(Sha256) ||
        line.size() > 2 * DataDirectory::quote_secret_bytes_max ||
        (secret.sealed_by == 0 && line.size() != 2 * sizeof(Sha256)))
        return std::nullopt;
    secret.bytes.resize(line.size() / 2);
    if (!from_hex(line, secret.bytes)) return std::nullopt;
    return secret;
}

}  // namespace

std::string to_string(const Uuid& uuid) {
    std::string text = to_hex(uuid);
    for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, "-");
    return text;
}

DataDirectory DataDirectory::open(Volume& volume, const Options& options) {
    DataDirectory directory;
    directory.volume_ = &volume;
    if (!options.read_only) {
        StoreResult<std::unique_ptr<VolumeLock>> lock = volume.lock();
        if (!lock && lock.error().error == StoreError::locked)
            throw OpenError(OpenFault::locked, lock.error().detail +
                                                   "; stop that one first, or name another data "
                                                   "directory");
        if (!lock)
            refuse_start(OpenFault::disk, volume, "cannot be locked: " + lock.error().detail);
        directory.lock_ = std::move(*lock);
    }

    const StoreResult<std::vector<std::byte>> content = volume.read_file(file_name);
    if (!content && content.error().error != StoreError::not_found)
        refuse_start(OpenFault::disk, volume, "SUANPAN cannot be read: " + content.error().detail);
    if (!content) {
        const StoreResult<std::vector<std::string>> names = volume.list();
        if (!names)
            refuse_start(OpenFault::disk, volume, "cannot be listed: " + names.error().detail);
        for (const std::string& name : *names)
            if (name != std::string(file_name) + ".tmp" && name != "lost+found")
                refuse_start(
                    OpenFault::missing, volume,
                    "holds " + name +
                        " but no file SUANPAN, so it is no data directory of ours or has "
                        "lost it; restore SUANPAN from a backup or name an empty directory");
        if (options.read_only)
            refuse_start(OpenFault::missing, volume,
                         "is empty; name the data directory of a server");
        directory.sandbox_ = options.sandbox;
        directory.is_new_ = true;
        fill_random(directory.uuid_);
        fill_random(directory.body_hash_key_);
        std::array<std::byte, 8> seed{};
        fill_random(seed);
        std::memcpy(&directory.hash_seed_, seed.data(), seed.size());
        directory.write();
        return directory;
    }

    const std::expected<TextFile, std::string> file = TextFile::decode(*content);
    if (!file)
        refuse_start(OpenFault::damaged, volume,
                     "SUANPAN: " + file.error() + "; restore it from a backup");
    // The range comes first: a later release may have changed the other lines.
    const std::optional<std::uint64_t> format = file->number("format");
    if (!format || *format < directory_format_oldest || *format > directory_format_newest)
        refuse_start(OpenFault::unknown_format, volume,
                     "has format " + file->text("format").value_or("?") + ", this release reads " +
                         std::to_string(directory_format_oldest) + " to " +
                         std::to_string(directory_format_newest) +
                         "; use the release that wrote it, or a later one");
    const std::optional<std::uint64_t> incarnation = file->number("incarnation");
    const std::optional<std::uint64_t> seed = file->number("hash_seed");
    const std::optional<std::string> sandbox = file->text("sandbox");
    if (!incarnation || *incarnation == 0 || !seed || (sandbox != "yes" && sandbox != "no") ||
        !file->bytes("uuid", directory.uuid_) ||
        !file->bytes("body_hash_key", directory.body_hash_key_))
        refuse_start(OpenFault::damaged, volume,
                     "SUANPAN: a line is missing or wrong; restore it from a backup");
    directory.format_ = static_cast<std::uint32_t>(*format);
    directory.incarnation_ = *incarnation;
    directory.hash_seed_ = *seed;
    directory.sandbox_ = sandbox == "yes";
    // One that is there and damaged is not replaced in silence: all quotes would end with it.
    for (std::size_t i = 0; i < quote_secrets_max; ++i) {
        const std::optional<std::string> line = file->text(key_of_secret(i));
        if (!line) break;
        std::optional<KeptSecret> secret = secret_of(*line);
        if (!secret || (i > 0 && (secret->number >= directory.quote_secrets_.back().number ||
                                  secret->ends == Instant{})))
            refuse_start(
                OpenFault::damaged, volume,
                "SUANPAN: the line " + key_of_secret(i) + " is wrong; restore it from a backup");
        directory.quote_secrets_.push_back(std::move(*secret));
    }
    if (!options.any_sandbox && directory.sandbox_ && !options.sandbox)
        refuse_start(OpenFault::sandbox, volume,
                     "is a sandbox, for ever; start with --sandbox or name another data directory");
    if (!options.any_sandbox && !directory.sandbox_ && options.sandbox)
        refuse_start(OpenFault::sandbox, volume,
                     "holds real points, no sandbox; start without --sandbox or name another data "
                     "directory");
    return directory;
}

void DataDirectory::begin_new_incarnation() {
    ++incarnation_;
    // What the directory that this one is a copy of has promised, or a later life of it did, is not
    // this one's promise.
    quote_secrets_.clear();
    write();
}

void DataDirectory::keep_quote_secrets(std::vector<KeptSecret> secrets) {
    SUANPAN_ASSERT(secrets.size() <= quote_secrets_max);
    std::swap(quote_secrets_, secrets);
    try {
        write();
    } catch (const OpenError&) {
        quote_secrets_ = std::move(secrets);
        throw;
    }
}

void DataDirectory::write() {
    TextFile file;
    file.remark("A data directory of Suanpan. Do not edit, keep it secret: it holds a key.");
    file.set("format", format_);
    file.set("uuid", Bytes(uuid_));
    file.set("incarnation", incarnation_);
    file.set("hash_seed", hash_seed_);
    file.set("body_hash_key", Bytes(body_hash_key_));
    for (std::size_t i = 0; i < quote_secrets_.size(); ++i)
        file.set(key_of_secret(i), line_of(quote_secrets_[i]));
    file.set("sandbox", sandbox_ ? "yes" : "no");
    const StoreResult<void> written =
        volume_->write_file_durably(file_name, as_bytes(file.encode()));
    if (!written)
        refuse_start(OpenFault::disk, *volume_,
                     "SUANPAN cannot be written: " + written.error().detail);
}

}  // namespace suanpan::storage
