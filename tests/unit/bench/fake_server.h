// FakeServer: answers the harness as a server would, with a ledger that knows request ids only.
#pragma once

#include "bench/load/dial.h"
#include "protocol/base/ids.h"
#include "protocol/command.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace suanpan::load {

// One thread per connection, on 127.0.0.1 and a port that the system chose. What it executed
// survives cut(), as a journal would.
class FakeServer {
public:
    struct Behaviour {
        std::uint64_t cut_after_events =
            0;                         // executes so many, then breaks all connections; 0: never
        std::uint64_t busy_first = 0;  // answers so many events with `busy` before anything else
        bool forgets = false;          // lookups find nothing
        bool repeats_differ = false;   // a repeat gets another entry id
    };
    explicit FakeServer(const Behaviour& behaviour);
    ~FakeServer();
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    [[nodiscard]] Target target() const;
    // Events executed, repeats left out.
    [[nodiscard]] std::uint64_t executed() const;
    [[nodiscard]] std::uint64_t count_of(CommandKind kind) const;

private:
    void accept_all();
    void serve(int file);
    void converse(int file);
    [[nodiscard]] Outcome answer(const Command& command);

    const Behaviour behaviour_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::map<std::pair<MemberId, RequestId>, Outcome> executed_;
    std::map<CommandKind, std::uint64_t> kinds_;
    std::uint64_t busy_given_ = 0;
    bool was_cut_ = false;
    std::uint64_t repeats_ = 0;  // each differs from the one before, with repeats_differ
    std::vector<int> open_;
    std::vector<std::thread> threads_;
    std::thread accepting_;
};

}  // namespace suanpan::load
