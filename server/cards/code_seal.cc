#include "server/cards/code_seal.h"

#include "protocol/base/hash.h"
#include "protocol/limits.h"

#include <cstring>
#include <string_view>

namespace suanpan::cards {
namespace {

// What is authenticated with a piece; the label keeps keys and codes apart.
struct Context {
    std::array<char, 16> label;
    SealedPlace place;
    std::uint32_t number;  // of the master; of the code
};
static_assert(sizeof(Context) == 32);
static_assert(std::has_unique_object_representations_v<Context>);

Context context_of(std::string_view label, const SealedPlace& place, std::uint32_t number) {
    Context context{.label = {}, .place = place, .number = number};
    std::ranges::copy(label, context.label.begin());
    return context;
}
std::span<const std::byte> bytes_of(const Context& context) {
    return std::as_bytes(std::span(&context, 1));
}

constexpr std::string_view key_label = "suanpan key 1";
constexpr std::string_view code_label = "suanpan code 1";

WrappedKey wrap(const MasterKeys::Key& master, const SealedPlace& place, const Secret<32>& key) {
    WrappedKey wrapped;
    std::memcpy(wrapped.data(), &master.number, sizeof master.number);
    const Context context = context_of(key_label, place, master.number);
    Aead(master.secret.bytes())
        .seal(key.bytes(), bytes_of(context), std::span(wrapped).subspan(sizeof master.number));
    return wrapped;
}

std::expected<Secret<32>, SealFault> unwrap(const MasterKeys& masters, const SealedPlace& place,
                                            const WrappedKey& wrapped) {
    const MasterKeys::Key* master = masters.find(master_of(wrapped));
    if (master == nullptr) return std::unexpected(SealFault::unknown_master);
    Secret<32> key;
    const Context context = context_of(key_label, place, master->number);
    if (!Aead(master->secret.bytes())
             .open(std::span(wrapped).subspan(sizeof master->number), bytes_of(context),
                   key.room()))
        return std::unexpected(SealFault::not_authentic);
    return key;
}

}  // namespace

CodeSeal::CodeSeal(const Secret<32>& key, const SealedPlace& place)
    : aead_(key.bytes()), place_(place) {}

CodeSeal CodeSeal::make(const MasterKeys& masters, const SealedPlace& place, WrappedKey& wrapped) {
    Secret<32> key;
    fill_random(key.room());
    wrapped = wrap(masters.current(), place, key);
    return {key, place};
}

std::expected<CodeSeal, SealFault> CodeSeal::open(const MasterKeys& masters,
                                                  const SealedPlace& place,
                                                  const WrappedKey& wrapped) {
    const auto key = unwrap(masters, place, wrapped);
    if (!key) return std::unexpected(key.error());
    return CodeSeal(*key, place);
}

void CodeSeal::seal(std::uint32_t index, const ClearCode& code, std::vector<std::byte>& out) {
    const std::size_t at = out.size();
    out.resize(at + code.size() + aead_overhead_bytes);
    const Context context = context_of(code_label, place_, index);
    aead_.seal(std::as_bytes(std::span(code.view())), bytes_of(context),
               std::span(out).subspan(at));
}

std::expected<ClearCode, SealFault> CodeSeal::unseal(std::uint32_t index,
                                                     std::span<const std::byte> sealed) {
    if (sealed.size() < aead_overhead_bytes ||
        sealed.size() > limits::card_code_bytes_max + aead_overhead_bytes)
        return std::unexpected(SealFault::not_authentic);
    ClearCode code;
    const std::size_t size = sealed.size() - aead_overhead_bytes;
    const Context context = context_of(code_label, place_, index);
    if (!aead_.open(sealed, bytes_of(context), std::as_writable_bytes(code.room().first(size))))
        return std::unexpected(SealFault::not_authentic);
    code.set_size(size);
    return code;
}

std::uint32_t master_of(const WrappedKey& wrapped) {
    std::uint32_t number = 0;
    std::memcpy(&number, wrapped.data(), sizeof number);
    return number;
}

std::expected<WrappedKey, SealFault> rewrap(const MasterKeys& masters, const SealedPlace& place,
                                            const WrappedKey& wrapped) {
    const auto key = unwrap(masters, place, wrapped);
    if (!key) return std::unexpected(key.error());
    return wrap(masters.current(), place, *key);
}

}  // namespace suanpan::cards
