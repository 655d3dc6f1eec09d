// ServerProcess: a real suanpand in a folder of its own, for tests that speak to it over TCP.
#pragma once

#include "protocol/command.h"
#include "tests/support/temporary_folder.h"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace suanpan::e2e {

using Words = std::vector<std::string>;

// One partner of the server's partners file; its key is its number in every byte.
struct TestPartner {
    PartnerId id{};
    std::string rest = "kinds = \"all\"\nprograms = \"all\"\n";  // further lines of its table
};
[[nodiscard]] std::vector<std::byte> key_of(PartnerId partner);

// Owned by a test and used on one thread. The folder outlives restarts and goes with the object,
// which also kills what still runs.
class ServerProcess {
public:
    ServerProcess();
    // In a folder of the caller's, which stays.
    explicit ServerProcess(std::filesystem::path folder);
    ~ServerProcess();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    void write_partners(const std::vector<TestPartner>& partners) const;
    // Returns once requests are answered. Throws std::runtime_error with the log otherwise.
    void start(const Words& flags = {});
    // Starts a server that must end by itself; its exit code. The log has what it said.
    [[nodiscard]] int run_refused(const Words& flags = {});

    void signal(int number) const;
    // Waits for the process to end: its exit code, or 128 + the signal that ended it.
    int wait();
    // SIGTERM and wait.
    int stop();
    void kill();
    [[nodiscard]] bool is_running();

    [[nodiscard]] std::filesystem::path data_dir() const { return folder_ / "data"; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string log() const;
    // The number behind `name` (labels included) on /metrics; nothing where the page lacks it.
    [[nodiscard]] std::optional<double> metric(const std::string& name) const;
    // What /readyz says: its status, a space, and its line.
    [[nodiscard]] std::string readiness() const;
    // suanpan_events_refused_total of `code`.
    [[nodiscard]] double refused(Code code) const;
    [[nodiscard]] std::uint64_t resident_bytes() const;
    // Of all its threads, user and system.
    [[nodiscard]] std::chrono::milliseconds cpu_time() const;
    // File handles of the process: files, sockets and all else.
    [[nodiscard]] std::size_t open_files() const;

    static constexpr auto patience = std::chrono::seconds(120);

private:
    [[nodiscard]] std::string page(const std::string& path) const;
    [[nodiscard]] pid_t spawn(const Words& flags) const;

    std::optional<TemporaryFolder> own_folder_;
    std::filesystem::path folder_;
    pid_t pid_ = -1;
    std::uint16_t port_ = 0;
    std::uint16_t metrics_port_ = 0;
};

}  // namespace suanpan::e2e
