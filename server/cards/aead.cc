#include "server/cards/aead.h"

#include "protocol/base/assert.h"
#include "protocol/base/hash.h"

#include <openssl/evp.h>

namespace suanpan::cards {
namespace {

struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* in(std::span<const std::byte> bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(std::span<std::byte> bytes) {
    return reinterpret_cast<unsigned char*>(bytes.data());
}
int size_of(std::span<const std::byte> bytes) {
    return static_cast<int>(bytes.size());
}

}  // namespace

struct Aead::Contexts {
    Cipher seal{EVP_CIPHER_CTX_new()};
    Cipher open{EVP_CIPHER_CTX_new()};
};

Aead::Aead(std::span<const std::byte, 32> key) : contexts_(std::make_unique<Contexts>()) {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    SUANPAN_ASSERT(cipher != nullptr);
    SUANPAN_ASSERT(EVP_EncryptInit_ex2(contexts_->seal.get(), cipher, in(key), nullptr, nullptr) ==
                   1);
    SUANPAN_ASSERT(EVP_DecryptInit_ex2(contexts_->open.get(), cipher, in(key), nullptr, nullptr) ==
                   1);
}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(std::span<const std::byte> plain, std::span<const std::byte> context,
                std::span<std::byte> sealed) {
    SUANPAN_ASSERT(sealed.size() == plain.size() + aead_overhead_bytes);
    const std::span<std::byte> nonce = sealed.first(aead_nonce_bytes);
    const std::span<std::byte> text = sealed.subspan(aead_nonce_bytes, plain.size());
    const std::span<std::byte> tag = sealed.last(aead_tag_bytes);
    fill_random(nonce);
    EVP_CIPHER_CTX* const cipher = contexts_->seal.get();
    int size = 0;
    int done = EVP_EncryptInit_ex2(cipher, nullptr, nullptr, in(nonce), nullptr);
    done &= EVP_EncryptUpdate(cipher, nullptr, &size, in(context), size_of(context));
    done &= EVP_EncryptUpdate(cipher, out(text), &size, in(plain), size_of(plain));
    done &= EVP_EncryptFinal_ex(cipher, out(tag), &size);  // writes nothing in this mode
    done &= EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, aead_tag_bytes, tag.data());
    SUANPAN_ASSERT(done == 1);
}

bool Aead::open(std::span<const std::byte> sealed, std::span<const std::byte> context,
                std::span<std::byte> plain) {
    SUANPAN_ASSERT(sealed.size() >= aead_overhead_bytes);
    SUANPAN_ASSERT(plain.size() == sealed.size() - aead_overhead_bytes);
    const std::span<const std::byte> nonce = sealed.first(aead_nonce_bytes);
    const std::span<const std::byte> text = sealed.subspan(aead_nonce_bytes, plain.size());
    std::array<std::byte, aead_tag_bytes> tag{};
    std::ranges::copy(sealed.last(aead_tag_bytes), tag.begin());
    EVP_CIPHER_CTX* const cipher = contexts_->open.get();
    int size = 0;
    int done = EVP_DecryptInit_ex2(cipher, nullptr, nullptr, in(nonce), nullptr);
    done &= EVP_DecryptUpdate(cipher, nullptr, &size, in(context), size_of(context));
    done &= EVP_DecryptUpdate(cipher, out(plain), &size, in(text), size_of(text));
    done &= EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, aead_tag_bytes, tag.data());
    SUANPAN_ASSERT(done == 1);
    std::array<std::byte, 16> nothing{};
    if (EVP_DecryptFinal_ex(cipher, out(nothing), &size) == 1) return true;
    wipe(plain);
    return false;
}

}  // namespace suanpan::cards
