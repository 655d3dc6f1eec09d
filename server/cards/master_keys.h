// MasterKeys: the keys that wrap the keys of batches, as an operator's key file gives them.
#pragma once

#include "server/cards/secret.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::cards {

// Several masters, each under a number; the first of the file is the current one, which wraps from
// now on, the others only open what they wrapped. To rotate: put a new key on top, let the server
// read the file again, rewrap every batch (batch_key.h), then take the old line out.
//
//     suanpan master keys 1
//     # comment
//     7 0123456789abcdef...   64 hexadecimal digits
//     6 ...
//
// Immutable; belongs to whoever seals and opens. Wiped when it goes. The text is the reader's to
// wipe.
class MasterKeys {
public:
    static constexpr std::size_t keys_max = 16;
    struct Key {
        std::uint32_t number = 0;
        Secret<32> secret;
    };

    // The keys of a file, or one sentence that says which line is wrong and never what is in it.
    [[nodiscard]] static std::expected<MasterKeys, std::string> parse(std::string_view text);

    [[nodiscard]] const Key& current() const { return keys_.front(); }
    // nullptr where there is none of this number.
    [[nodiscard]] const Key* find(std::uint32_t number) const;
    [[nodiscard]] std::size_t size() const { return keys_.size(); }

private:
    std::vector<Key> keys_;  // not empty
};

}  // namespace suanpan::cards
