// LmdbEnv: RAII over one LMDB environment with one table of uint64 keys.
//
// lmdb_env.cc is the one file that includes lmdb.h. What is surprising about LMDB is written there.
#pragma once

#include "storage/volume.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace suanpan::storage {

struct LmdbOptions {
    std::uint64_t map_bytes = 0;  // address space; 0: as large as the file says
    bool read_only = false;
    bool no_lock = false;  // nobody else writes, and nobody writes while somebody reads
};

// Owned by one LmdbStore. put() and remove_after(): one thread at a time. visit*(): any thread.
class LmdbEnv {
public:
    [[nodiscard]] static StoreResult<std::unique_ptr<LmdbEnv>> open(const std::string& path,
                                                                    const LmdbOptions& options);
    ~LmdbEnv();
    LmdbEnv(const LmdbEnv&) = delete;
    LmdbEnv& operator=(const LmdbEnv&) = delete;

    // One transaction, flushed when it returns ok.
    StoreResult<void> put(std::span<const KeyedValue> values);
    StoreResult<void> remove_after(std::uint64_t key);
    StoreResult<void> flush();

    StoreResult<std::optional<std::uint64_t>> visit_at_or_before(std::uint64_t key,
                                                                 const ValueVisitor& visitor) const;
    StoreResult<std::optional<std::uint64_t>> visit_at_or_after(std::uint64_t key,
                                                                const ValueVisitor& visitor) const;
    // Like visit_at_or_after(), but copies the value with a read from the file.
    StoreResult<std::optional<std::uint64_t>> read_at_or_after(std::uint64_t key,
                                                               std::vector<std::byte>& out) const;
    // Touches every page of every value, in order of keys, which must rise.
    StoreResult<void> walk() const;

    // Pages up to the last one in use, free ones among them included.
    [[nodiscard]] std::uint64_t pages_used() const;

private:
    struct Handle;
    explicit LmdbEnv(std::unique_ptr<Handle> handle);
    std::unique_ptr<Handle> handle_;
};

}  // namespace suanpan::storage
