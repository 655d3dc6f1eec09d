// Mix: how often each kind of event is sent.
#pragma once

#include "protocol/command.h"

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace suanpan::load {

// Kinds with their weights, as given by --mix spend=80,earn=20. Immutable once parsed.
class Mix {
public:
    // Kinds: earn, spend, hold, capture, release, refund, balance. Throws std::runtime_error with
    // one line that says what is wrong: an unknown kind, a weight that is no positive number, a
    // capture or release without hold, a refund without spend.
    [[nodiscard]] static Mix parse(std::string_view text);

    [[nodiscard]] CommandKind draw(std::mt19937_64& random) const;
    // The kinds that draw() can give, in the order of the text.
    [[nodiscard]] std::vector<CommandKind> kinds() const;
    [[nodiscard]] bool has(CommandKind kind) const;

private:
    struct Part {
        CommandKind kind{};
        std::uint64_t below = 0;  // sum of the weights up to and with this one
    };
    std::vector<Part> parts_;
};

}  // namespace suanpan::load
