// DataDirectory: what a data directory is, in the small text file SUANPAN.
#pragma once

#include "protocol/base/hash.h"
#include "storage/open_error.h"
#include "storage/volume.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace suanpan::storage {

using Uuid = std::array<std::byte, 16>;
// 8-4-4-4-12 hexadecimal digits.
[[nodiscard]] std::string to_string(const Uuid& uuid);

// The range of journal formats that this release reads.
inline constexpr std::uint32_t directory_format_oldest = 1;
inline constexpr std::uint32_t directory_format_newest = 1;

// The identity of a data directory, made at the first start and kept for ever.
//
// Owned by main; read-only once opened, so that any thread may read it. Holds the directory's lock
// while it lives, unless opened read-only. `body_hash_key` and `quote_secret` are secrets, which
// stand in the file as they are: they never go into a log.
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
    // Secret that the keys of quote tokens are derived from.
    [[nodiscard]] const Sha256& quote_secret() const { return quote_secret_; }
    [[nodiscard]] bool sandbox() const { return sandbox_; }
    // Made by this open(): the first start.
    [[nodiscard]] bool is_new() const { return is_new_; }
    [[nodiscard]] bool read_only() const { return lock_ == nullptr; }

    // A restore or a copy: raises the incarnation by one and makes another quote secret, durably.
    // Throws OpenError.
    void begin_new_incarnation();

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
    Sha256 quote_secret_{};
    bool sandbox_ = false;
    bool is_new_ = false;
};

}  // namespace suanpan::storage
