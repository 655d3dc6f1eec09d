// The handshake: challenge, hello, greeting (docs/protocol.md, "Handshake").
//
// The server speaks first and sends 32 random bytes. The client answers with its partner number, a
// nonce of its own and an HMAC over both under the partner's key, which never travels itself. A
// hello that was recorded elsewhere fails, since every connection has its own challenge.
#pragma once

#include "protocol/base/hash.h"
#include "protocol/base/ids.h"
#include "protocol/command.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace suanpan {

inline constexpr std::uint16_t protocol_version = 1;
inline constexpr std::size_t client_name_bytes_max = 64;
inline constexpr std::size_t server_version_bytes_max = 64;

// The server's first words on a connection: bytes that were never used before.
struct Challenge {
    std::array<std::byte, 32> bytes{};
    friend bool operator==(const Challenge&, const Challenge&) = default;
};
using Nonce = std::array<std::byte, 16>;

struct HelloRequest {
    PartnerId partner{};
    Nonce nonce{};
    Sha256 mac{};
    std::string client;  // name and version, for the server's log
};

struct ServerUuid {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend bool operator==(const ServerUuid&, const ServerUuid&) = default;
};

// The answer to hello. With another outcome.code than ok the other fields say nothing.
struct Greeting {
    Outcome outcome;
    std::uint16_t version = protocol_version;
    std::vector<std::uint16_t>
        shard_ports;  // a member's shard is member_hash(id, hash_seed) % size
    std::uint64_t hash_seed = 0;
    std::int64_t request_floor_ms = 0;
    std::uint32_t frame_body_bytes_max = 0;
    std::uint32_t batch_events_max = 0;
    std::uint32_t frames_in_flight_max = 0;
    ServerUuid server_uuid;
    bool sandbox = false;
    std::string server_version;
};

// A fresh challenge, or a nonce, from the operating system's generator.
[[nodiscard]] Challenge make_challenge();
[[nodiscard]] Nonce make_nonce();

// HMAC-SHA256(key, "suanpan hello 1" ‖ challenge ‖ nonce ‖ partner as 4 bytes, little-endian).
[[nodiscard]] Sha256 compute_mac(std::span<const std::byte> key, const Challenge& challenge,
                                 const Nonce& nonce, PartnerId partner);

// True where hello.mac is the right one; takes the same time wherever it differs. For an unknown
// partner call it with a random key, so that the answer's time does not tell who exists.
[[nodiscard]] bool mac_matches(std::span<const std::byte> key, const Challenge& challenge,
                               const HelloRequest& hello);

}  // namespace suanpan
