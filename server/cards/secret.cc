#include "server/cards/secret.h"

#include <openssl/crypto.h>

namespace suanpan::cards {

void wipe(std::span<std::byte> bytes) {
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

}  // namespace suanpan::cards
