// CardVault: seals and opens card codes. The only place of the server where a stored code becomes
// readable.
#pragma once

#include "protocol/clear_code.h"
#include "server/cards/card_code.h"
#include "server/cards/code_seal.h"
#include "server/cards/master_keys.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace suanpan::shard {

// The keys of an operator's file (server/cards/master_keys.h). Throws std::runtime_error with one
// sentence that says which line is wrong, and never what is in it.
[[nodiscard]] std::shared_ptr<const cards::MasterKeys> master_keys_of(std::string_view text);

// Knows the wrapped key of every batch whose codes this shard has to do with, and opens it with a
// master key when it is first needed. Belongs to one shard; on its thread only. Neither keys nor
// codes go into a log.
class CardVault {
public:
    // Without master keys nothing is sealed and nothing opens. `secret`: of the data directory, for
    // the keyed hashes.
    CardVault(std::shared_ptr<const cards::MasterKeys> masters, std::span<const std::byte> secret)
        : masters_(std::move(masters)), secret_(secret.begin(), secret.end()) {}

    [[nodiscard]] bool has_keys() const { return masters_ != nullptr; }
    void learn(const cards::SealedPlace& place, const cards::WrappedKey& wrapped);
    // Null where the batch is not known.
    [[nodiscard]] const cards::WrappedKey* find(const cards::SealedPlace& place) const;
    // What codes of the batch are sealed and opened with; a new one, with its key, where `make`.
    // Null where it cannot be had. Until the next call.
    [[nodiscard]] cards::CodeSeal* seal_of(const cards::SealedPlace& place, bool make = false);
    // Empty where it does not open.
    [[nodiscard]] ClearCode open(const cards::SealedPlace& place, std::uint32_t index,
                                 std::span<const std::byte> sealed);
    [[nodiscard]] const cards::CodeHasher& hasher(ProgramId program);

private:
    struct ByPlace {
        bool operator()(const cards::SealedPlace& a, const cards::SealedPlace& b) const {
            return a.offer != b.offer ? a.offer < b.offer : a.batch < b.batch;
        }
    };
    // Opened ones that are kept.
    static constexpr std::size_t seals_max = 64;

    std::shared_ptr<const cards::MasterKeys> masters_;
    std::vector<std::byte> secret_;
    std::map<cards::SealedPlace, cards::WrappedKey, ByPlace> wrapped_;
    std::map<cards::SealedPlace, cards::CodeSeal, ByPlace> seals_;
    std::map<ProgramId, cards::CodeHasher> hashers_;
};

}  // namespace suanpan::shard
