#include "protocol/hello.h"

#include <cstring>
#include <string_view>

namespace suanpan {
namespace {

constexpr std::string_view mac_label = "suanpan hello 1";

}  // namespace

Challenge make_challenge() {
    Challenge challenge;
    fill_random(challenge.bytes);
    return challenge;
}

Nonce make_nonce() {
    Nonce nonce;
    fill_random(nonce);
    return nonce;
}

Sha256 compute_mac(std::span<const std::byte> key, const Challenge& challenge, const Nonce& nonce,
                   PartnerId partner) {
    // Every part has a fixed length, so that no two inputs give the same bytes.
    std::array<std::byte, mac_label.size() + sizeof challenge.bytes + sizeof nonce + sizeof partner>
        message;
    std::byte* at = message.data();
    std::memcpy(at, mac_label.data(), mac_label.size());
    at += mac_label.size();
    std::memcpy(at, challenge.bytes.data(), challenge.bytes.size());
    at += challenge.bytes.size();
    std::memcpy(at, nonce.data(), nonce.size());
    at += nonce.size();
    std::memcpy(at, &partner, sizeof partner);  // the machine is little-endian: hash.cc asserts it
    return hmac_sha256(key, message);
}

bool mac_matches(std::span<const std::byte> key, const Challenge& challenge,
                 const HelloRequest& hello) {
    return equal_in_constant_time(compute_mac(key, challenge, hello.nonce, hello.partner),
                                  hello.mac);
}

}  // namespace suanpan
