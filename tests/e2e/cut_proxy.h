// CutProxy: passes bytes on between clients and a server, and cuts each connection somewhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace suanpan::e2e {

// Owned by a test. Listens on 127.0.0.1 at a port that the system chooses; one thread accepts, one
// more serves each connection. A connection ends after a random number of bytes, in the middle of a
// frame as a rule, with a reset every other time; after stop_cutting() none does.
class CutProxy {
public:
    CutProxy(std::uint16_t target, std::uint64_t seed);
    ~CutProxy();
    CutProxy(const CutProxy&) = delete;
    CutProxy& operator=(const CutProxy&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // The server has come back somewhere else.
    void set_target(std::uint16_t target) { target_ = target; }
    void stop_cutting() { cutting_ = false; }
    [[nodiscard]] std::uint64_t cuts() const { return cuts_; }

private:
    struct Pair {
        std::unique_ptr<std::atomic<bool>> is_over;
        std::thread thread;
    };
    void accept_all();
    // Joins those that are over, so that clients which connect in vain, again and again, cost no
    // threads.
    void forget_ended_pairs();
    void serve(int client, std::uint64_t bytes_left, bool with_reset);
    [[nodiscard]] static bool pass_on(int from, int to, std::uint64_t& bytes_left);

    std::atomic<std::uint16_t> target_;
    std::atomic<bool> cutting_ = true;
    std::atomic<bool> ending_ = false;
    std::atomic<std::uint64_t> cuts_ = 0;
    std::mt19937_64 random_;  // the accepting thread's
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::vector<Pair> pairs_;  // the accepting thread's, then the destructor's
    std::thread acceptor_;
};

}  // namespace suanpan::e2e
