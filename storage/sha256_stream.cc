#include "storage/sha256_stream.h"

#include "protocol/base/assert.h"

#include <openssl/evp.h>

namespace suanpan::storage {

struct Sha256Stream::Context {
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* state = EVP_MD_CTX_new();

    void start() const {
        const int done = EVP_DigestInit_ex2(state, algorithm, nullptr);
        SUANPAN_ASSERT(done == 1);
    }
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {
    SUANPAN_ASSERT(context_->algorithm != nullptr);
    SUANPAN_ASSERT(context_->state != nullptr);
    context_->start();
}

Sha256Stream::~Sha256Stream() {
    EVP_MD_CTX_free(context_->state);
    EVP_MD_free(context_->algorithm);
}

void Sha256Stream::add(Bytes bytes) {
    const int done = EVP_DigestUpdate(context_->state, bytes.data(), bytes.size());
    SUANPAN_ASSERT(done == 1);
}

Sha256 Sha256Stream::finish() {
    Sha256 digest;
    const int done = EVP_DigestFinal_ex(context_->state,
                                        reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    SUANPAN_ASSERT(done == 1);
    context_->start();
    return digest;
}

}  // namespace suanpan::storage
