// Aead: AES-256-GCM, authenticated encryption of small pieces. The one file here that includes EVP.
#pragma once

#include "server/cards/secret.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace suanpan::cards {

inline constexpr std::size_t aead_nonce_bytes = 12;
inline constexpr std::size_t aead_tag_bytes = 16;
inline constexpr std::size_t aead_overhead_bytes = aead_nonce_bytes + aead_tag_bytes;

// One key, ready for many pieces. A sealed piece is nonce ‖ ciphertext ‖ tag; nonces are drawn from
// the operating system's generator, so one key is good for 2^32 pieces. `context` is authenticated
// and not in the piece: what was sealed under another one does not open.
//
// Keeps the expanded key, which OpenSSL wipes when it goes. Single-threaded.
class Aead {
public:
    explicit Aead(std::span<const std::byte, 32> key);
    ~Aead();
    Aead(Aead&&) noexcept;
    Aead& operator=(Aead&&) noexcept;

    // Expects room for plain.size() + aead_overhead_bytes.
    void seal(std::span<const std::byte> plain, std::span<const std::byte> context,
              std::span<std::byte> sealed);
    // False, and `plain` wiped, where `sealed` was not made with this key and context. Expects room
    // for sealed.size() - aead_overhead_bytes, which must not be negative.
    [[nodiscard]] bool open(std::span<const std::byte> sealed, std::span<const std::byte> context,
                            std::span<std::byte> plain);

private:
    struct Contexts;
    std::unique_ptr<Contexts> contexts_;
};

}  // namespace suanpan::cards
