// DataDirectory: what a data directory is, in the small text file SUANPAN.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/time.h"
#include "storage/open_error.h"
#include "storage/volume.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace suanpan::storage {

using Uuid = std::array<std::byte, 16>;
// 8-4-4-4-12 hexadecimal digits.
[[nodiscard]] std::string to_string(const Uuid& uuid);

// The range of journal formats that this release reads.
inline constexpr std::uint32_t directory_format_oldest = 1;
inline constexpr std::uint32_t directory_format_newest = 1;

// A secret that quote tokens are made with, as SUANPAN keeps it: in the clear, or sealed by
// somebody who knows how (server/shard/quote_secrets.h).
struct KeptSecret {
    std::uint32_t number = 0;     // which one it is; tokens name it
    std::uint32_t sealed_by = 0;  // number of the master key; 0: in the clear
    Instant ends;                 // no token of it lives longer; 0: the current one
    std::vector<std::byte> bytes;
    friend bool operator==(const KeptSecret&, const KeptSecret&) = default;
};

// The identity of a data directory, made at the first start and kept for ever.
//
// Owned by main; but for the quote secrets, which are main's alone, it is read-only once opened, so
// that any thread may read it. Holds the directory's lock while it lives, unless opened read-only.
// `body_hash_key` is a secret that stands in the file as it is: it never goes into a log, nor does
// a quote secret in the clear.
class DataDirectory {
public:
    struct Options {
        bool sandbox = false;      // at the first start: makes a sandbox; later: must agree
        bool any_sandbox = false;  // offline tools read both kinds
        bool read_only = false;    // takes no lock and creates nothing
    };
    // Reads SUANPAN, or makes it where the directory is empty. Throws OpenError.
    [[nodiscard]] static DataDirectory open(Volume& volume, const Options& options);

    [[nodiscard]] Volume& volume() const { return *volume_; }
    [[nodiscard]] const Uuid& uuid() const { return uuid_; }
    // Counts the restores and copies of the directory; from 1.
    [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
    [[nodiscard]] std::uint32_t format() const { return format_; }
    // Seed of member_hash().
    [[nodiscard]] std::uint64_t hash_seed() const { return hash_seed_; }
    // Key of the body hashes of requests.
    [[nodiscard]] const Sha256& body_hash_key() const { return body_hash_key_; }
    // The current one first, then those before it; empty where none has been made yet.
    [[nodiscard]] const std::vector<KeptSecret>& quote_secrets() const { return quote_secrets_; }
    static constexpr std::size_t quote_secrets_max = 8;
    static constexpr std::size_t quote_secret_bytes_max = 128;
    [[nodiscard]] bool sandbox() const { return sandbox_; }
    // Made by this open(): the first start.
    [[nodiscard]] bool is_new() const { return is_new_; }
    [[nodiscard]] bool read_only() const { return lock_ == nullptr; }

    // A restore or a copy: raises the incarnation by one and forgets the quote secrets, durably.
    // Throws OpenError.
    void begin_new_incarnation();
    // Keeps these from now on, durably, and no others. Throws OpenError, and nothing has changed.
    void keep_quote_secrets(std::vector<KeptSecret> secrets);

private:
    DataDirectory() = default;
    void write();

    Volume* volume_ = nullptr;
    std::unique_ptr<VolumeLock> lock_;
    Uuid uuid_{};
    std::uint64_t incarnation_ = 1;
    std::uint32_t format_ = directory_format_newest;
    std::uint64_t hash_seed_ = 0;
    Sha256 body_hash_key_{};
    std::vector<KeptSecret> quote_secrets_;
    bool sandbox_ = false;
    bool is_new_ = false;
};

}  // namespace suanpan::storage
