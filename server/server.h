// Server: all parts of suanpand, built in order and taken down in the other one.
#pragma once

#include "server/config.h"
#include "server/net/partners.h"

#include <memory>
#include <string>

namespace suanpan {

// Owned by main and used on its thread. The constructor returns once requests are answered; until
// then it throws std::runtime_error (or storage::OpenError) with one line that says what to change.
class Server {
public:
    explicit Server(const ServerConfig& config);
    // Ends at once what stop() has not ended in order.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Call about once a second: watches the clock.
    void tick();
    // SIGHUP: takes a changed partners file over, or logs why not.
    void reload_partners();
    // SIGTERM: refuses new work, finishes what was accepted, writes a checkpoint, closes the
    // journal. False where connections did not come to rest in time; the journal is sound anyway.
    bool stop();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// Exit codes of suanpand; docs/operations.md says what to do about each.
inline constexpr int exit_clean = 0;
inline constexpr int exit_start_refused = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_flush_failed = 70;

}  // namespace suanpan
