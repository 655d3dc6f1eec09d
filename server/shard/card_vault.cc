#include "server/shard/card_vault.h"

#include <stdexcept>
#include <utility>

namespace suanpan::shard {

std::shared_ptr<const cards::MasterKeys> master_keys_of(std::string_view text) {
    auto keys = cards::MasterKeys::parse(text);
    if (!keys) throw std::runtime_error(keys.error());
    return std::make_shared<const cards::MasterKeys>(std::move(*keys));
}

void CardVault::learn(const cards::SealedPlace& place, const cards::WrappedKey& wrapped) {
    wrapped_[place] = wrapped;
}

const cards::WrappedKey* CardVault::find(const cards::SealedPlace& place) const {
    const auto at = wrapped_.find(place);
    return at == wrapped_.end() ? nullptr : &at->second;
}

cards::CodeSeal* CardVault::seal_of(const cards::SealedPlace& place, bool make) {
    if (const auto at = seals_.find(place); at != seals_.end()) return &at->second;
    if (masters_ == nullptr) return nullptr;
    if (seals_.size() >= seals_max) seals_.clear();
    if (const cards::WrappedKey* wrapped = find(place); wrapped != nullptr) {
        auto opened = cards::CodeSeal::open(*masters_, place, *wrapped);
        if (!opened) return nullptr;
        return &seals_.emplace(place, std::move(*opened)).first->second;
    }
    if (!make) return nullptr;
    cards::WrappedKey wrapped{};
    cards::CodeSeal made = cards::CodeSeal::make(*masters_, place, wrapped);
    learn(place, wrapped);
    return &seals_.emplace(place, std::move(made)).first->second;
}

ClearCode CardVault::open(const cards::SealedPlace& place, std::uint32_t index,
                          std::span<const std::byte> sealed) {
    cards::CodeSeal* seal = seal_of(place);
    if (seal == nullptr) return {};
    auto code = seal->unseal(index, sealed);
    return code ? std::move(*code) : ClearCode{};
}

const cards::CodeHasher& CardVault::hasher(ProgramId program) {
    return hashers_.try_emplace(program, secret_, program).first->second;
}

}  // namespace suanpan::shard
