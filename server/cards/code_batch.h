// CodeBatch: codes that were imported together, and how many of them are where.
#pragma once

#include "protocol/base/assert.h"
#include "server/cards/ids.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace suanpan::cards {

enum class CodeState : std::uint8_t {
    available = 0,
    set_aside = 1,  // taken, and not issued yet
    issued = 2,
    voided = 3,
    expired = 4,
};
inline constexpr std::size_t code_states = 5;

// INV-9: imported = available + set aside + issued + void + expired.
struct CodeCounts {
    std::uint64_t imported = 0;
    std::array<std::uint64_t, code_states> in{};

    [[nodiscard]] std::uint64_t of(CodeState state) const {
        return in[static_cast<std::size_t>(state)];
    }
    void add(CodeState state) {
        ++imported;
        ++in[static_cast<std::size_t>(state)];
    }
    void move(CodeState from, CodeState to, std::uint64_t count = 1) {
        SUANPAN_ASSERT(in[static_cast<std::size_t>(from)] >= count);  // INV-9
        in[static_cast<std::size_t>(from)] -= count;
        in[static_cast<std::size_t>(to)] += count;
    }
    [[nodiscard]] bool is_whole() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t count : in) sum += count;
        return sum == imported;
    }
    friend bool operator==(const CodeCounts&, const CodeCounts&) = default;
};

// One import. Once recalled, what is available in it is void, and nothing becomes available again.
struct CodeBatch {
    BatchId id{};
    bool recalled = false;
    CodeCounts counts;
};

// What a recall found: what it voided at once, and what is with members or on its way to them.
struct RecallReport {
    std::uint64_t voided = 0;
    std::uint64_t set_aside = 0;
    std::uint64_t issued = 0;
    friend bool operator==(const RecallReport&, const RecallReport&) = default;
};

}  // namespace suanpan::cards
