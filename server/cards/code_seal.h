// CodeSeal: the codes of one batch, sealed under a key of their own that a master key wraps.
#pragma once

#include "protocol/base/ids.h"
#include "server/cards/aead.h"
#include "server/cards/ids.h"
#include "server/cards/master_keys.h"
#include "server/cards/secret.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <vector>

namespace suanpan::cards {

// What a key and its codes belong to; authenticated with each of them.
struct SealedPlace {
    ProgramId program{};
    OfferId offer{};
    BatchId batch{};
    friend bool operator==(const SealedPlace&, const SealedPlace&) = default;
};

// A batch's key as it is journaled: the master's number, then the key sealed by it.
inline constexpr std::size_t wrapped_key_bytes = 4 + 32 + aead_overhead_bytes;
using WrappedKey = std::array<std::byte, wrapped_key_bytes>;

enum class SealFault : std::uint8_t {
    unknown_master = 1,  // the key file has no key of this number any more
    not_authentic = 2,   // altered, or of another batch
};

// Seals and opens the codes of one batch: AES-256-GCM, the code's index among the authenticated, so
// that neither a foreign batch's nor a neighbour's sealed code opens. Plaintext is wiped as soon as
// it is sealed; what is opened is the caller's, in a ClearCode that wipes itself.
//
// Belongs to one shard or to an import; single-threaded.
class CodeSeal {
public:
    // A new batch: makes its key and wraps it with the current master.
    static CodeSeal make(const MasterKeys& masters, const SealedPlace& place, WrappedKey& wrapped);
    // An old one, wrapped by any master that there still is.
    [[nodiscard]] static std::expected<CodeSeal, SealFault> open(const MasterKeys& masters,
                                                                 const SealedPlace& place,
                                                                 const WrappedKey& wrapped);

    // Appends the sealed code: its length and aead_overhead_bytes.
    void seal(std::uint32_t index, const ClearCode& code, std::vector<std::byte>& out);
    [[nodiscard]] std::expected<ClearCode, SealFault> unseal(std::uint32_t index,
                                                             std::span<const std::byte> sealed);

private:
    CodeSeal(const Secret<32>& key, const SealedPlace& place);

    Aead aead_;
    SealedPlace place_;
};

// The master that wrapped it.
[[nodiscard]] std::uint32_t master_of(const WrappedKey& wrapped);
// The same key wrapped by the current master: rotation without touching a sealed code, batch by
// batch, while both masters are known. Codes stay as they are and open before and after.
[[nodiscard]] std::expected<WrappedKey, SealFault> rewrap(const MasterKeys& masters,
                                                          const SealedPlace& place,
                                                          const WrappedKey& wrapped);

}  // namespace suanpan::cards
