// What the files of the C interface share: the client behind the handle, and translation.
//
// Plain functions, any thread. No exception passes guarded().
#pragma once

#include "client/suanpan.h"
#include "client/suanpan_client.h"

#include <cstdint>
#include <cstring>
#include <string_view>

struct suanpan_client {
    suanpan::client::Client client;
};

namespace suanpan::client::c {

[[nodiscard]] inline suanpan_id plain(RequestId id) {
    return {id.high, id.low};
}
// Clamped to what a Duration holds; negative: 0.
[[nodiscard]] Duration duration_of(std::int64_t ms);
[[nodiscard]] Target target_of(const suanpan_target& from);
[[nodiscard]] suanpan_answer plain(const Answer& from);
// As much of `text` as there is room for, with a zero behind it.
void say(char* error, size_t error_bytes, std::string_view text) noexcept;
// Of a call that ended in a throw: it may have been sent.
[[nodiscard]] suanpan_answer unknown_answer(const suanpan_target* target) noexcept;

template <std::size_t N>
void copy_text(const ShortText<N>& from, char (&to)[N + 1]) {
    std::memcpy(to, from.bytes.data(), N);
    to[N] = '\0';
}

// Runs `work`, which gives an Answer. Memory may run out anywhere, so a throw leaves it unknown.
template <typename Work>
suanpan_answer guarded(const suanpan_target* target, Work work) noexcept {
    try {
        return plain(work(target != nullptr ? target_of(*target) : Target{}));
    } catch (...) {
        return unknown_answer(target);
    }
}

template <typename Filled>
void clear(Filled* filled) {
    if (filled != nullptr) std::memset(filled, 0, sizeof *filled);
}

// Of a struct whose arrays lie in a Memory of its own.
template <typename Memory, typename Filled>
void free_filled(Filled* filled) {
    if (filled == nullptr) return;
    delete static_cast<Memory*>(filled->memory);
    clear(filled);
}

// A command about a program has no member.
[[nodiscard]] inline Target program_of(Target target) {
    target.member = {};
    return target;
}

}  // namespace suanpan::client::c
