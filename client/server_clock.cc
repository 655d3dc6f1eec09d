#include "client/server_clock.h"

#include <chrono>

namespace suanpan::client {

Instant own_wall_clock() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
}

}  // namespace suanpan::client
