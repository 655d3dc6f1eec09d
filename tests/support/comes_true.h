// comes_true: waits for what another thread does, and not for ever.
#pragma once

#include <chrono>
#include <thread>

namespace suanpan {

// True as soon as `condition` is; false where it is not within a minute, which is for the test to
// report. It looks again and again, giving way in between.
template <typename Condition>
[[nodiscard]] bool comes_true(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > give_up) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace suanpan
