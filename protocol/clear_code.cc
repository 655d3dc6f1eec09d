#include "protocol/clear_code.h"

#include <openssl/crypto.h>

namespace suanpan {

void wipe(std::span<std::byte> bytes) {
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

}  // namespace suanpan
