#include "tests/e2e/server_process.h"

#include "tests/e2e/socket.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace suanpan::e2e {
namespace {

using Clock = std::chrono::steady_clock;

// SUANPAND in the environment overrules the server of the same build.
std::string binary() {
    const char* chosen = ::getenv("SUANPAND");
    return chosen != nullptr ? chosen : SUANPAN_SERVER_PATH;
}

std::string content_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

std::uint16_t number_behind(const std::string& text, const std::string& key) {
    const std::size_t at = text.find(key);
    if (at == std::string::npos) throw std::runtime_error("the ready file lacks " + key);
    return static_cast<std::uint16_t>(std::stoul(text.substr(at + key.size())));
}

int exit_code_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string hex_of(const std::vector<std::byte>& bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4U];
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15U];
    }
    return text;
}

}  // namespace

std::vector<std::byte> key_of(PartnerId partner) {
    return std::vector<std::byte>(32, static_cast<std::byte>(partner));
}

ServerProcess::ServerProcess() : own_folder_(std::in_place), folder_(own_folder_->path()) {
    write_partners({{.id = PartnerId{1}}});
}

ServerProcess::ServerProcess(std::filesystem::path folder) : folder_(std::move(folder)) {
    write_partners({{.id = PartnerId{1}}});
}

ServerProcess::~ServerProcess() {
    // What the server said, where a test ends by an exception, is gone with its folder otherwise.
    if (std::uncaught_exceptions() > 0) std::cerr << log();
    if (pid_ > 0) kill();
}

void ServerProcess::write_partners(const std::vector<TestPartner>& partners) const {
    const std::filesystem::path file = folder_ / "partners.toml";
    std::ofstream text(file, std::ios::trunc);
    for (const TestPartner& partner : partners) {
        const auto number = static_cast<std::uint32_t>(partner.id);
        text << "[[partner]]\nid = " << number << "\nname = \"partner " << number << "\"\nkey = \""
             << hex_of(key_of(partner.id)) << "\"\n"
             << partner.rest;
    }
    text.close();
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

pid_t ServerProcess::spawn(const Words& flags) const {
    Words words{binary(),
                "--data-dir",
                folder_ / "data",
                "--partners-file",
                folder_ / "partners.toml",
                "--ready-file",
                folder_ / "ready.json",
                "--port",
                "0",
                "--metrics-port",
                "0",
                "--segment-bytes",
                "64MiB"};
    words.insert(words.end(), flags.begin(), flags.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::filesystem::remove(folder_ / "ready.json");
    const int log = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                           S_IRUSR | S_IWUSR);
    // A small quarantine, so that what the process holds says something under ASan too.
    ::setenv("ASAN_OPTIONS", "quarantine_size_mb=8:malloc_context_size=2", 0);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child == 0) {
        ::dup2(log, STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
        ::execv(arguments.front(), arguments.data());
        ::_exit(127);
    }
    ::close(log);
    return child;
}

void ServerProcess::start(const Words& flags) {
    pid_ = spawn(flags);
    const auto until = Clock::now() + patience;
    while (!std::filesystem::exists(folder_ / "ready.json")) {
        if (!is_running()) throw std::runtime_error("suanpand did not start:\n" + log());
        if (Clock::now() > until) throw std::runtime_error("suanpand is not ready:\n" + log());
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const std::string ready = content_of(folder_ / "ready.json");
    port_ = number_behind(ready, "\"port\":");
    metrics_port_ = number_behind(ready, "\"metrics_port\":");
}

int ServerProcess::run_refused(const Words& flags) {
    const pid_t child = spawn(flags);
    const auto until = Clock::now() + patience;
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        if (Clock::now() > until) {
            ::kill(child, SIGKILL);
            ::waitpid(child, &status, 0);
            throw std::runtime_error("suanpand went on running:\n" + log());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return exit_code_of(status);
}

void ServerProcess::signal(int number) const {
    // kill() takes -1 for every process of the machine.
    if (pid_ <= 0) throw std::runtime_error("no server runs:\n" + log());
    ::kill(pid_, number);
}

int ServerProcess::wait() {
    int status = 0;
    const auto until = Clock::now() + patience;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
        if (Clock::now() > until) throw std::runtime_error("suanpand does not end:\n" + log());
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    pid_ = -1;
    return exit_code_of(status);
}

int ServerProcess::stop() {
    signal(SIGTERM);
    return wait();
}

void ServerProcess::kill() {
    signal(SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
}

bool ServerProcess::is_running() {
    if (pid_ <= 0) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

std::string ServerProcess::log() const {
    return content_of(folder_ / "log");
}

std::string ServerProcess::page(const std::string& path) const {
    Socket socket(metrics_port_);
    socket.send_text("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return socket.read_to_end();
}

std::optional<double> ServerProcess::metric(const std::string& name) const {
    const std::string metrics = page("/metrics");
    const std::size_t at = metrics.find("\n" + name + " ");
    if (at == std::string::npos) return std::nullopt;
    return std::stod(metrics.substr(at + name.size() + 2));
}

std::string ServerProcess::readiness() const {
    const std::string answer = page("/readyz");
    const std::size_t status_at = answer.find(' ') + 1;
    const std::size_t text_at = answer.find("\r\n\r\n") + 4;
    return answer.substr(status_at, 4) +
           answer.substr(text_at, answer.find('\n', text_at) - text_at);
}

double ServerProcess::refused(Code code) const {
    const auto count =
        metric("suanpan_events_refused_total{code=\"" + std::string(text_of(code).name) + "\"}");
    if (!count) throw std::runtime_error("/metrics does not count the code");
    return *count;
}

std::uint64_t ServerProcess::resident_bytes() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    file >> all >> resident;
    return resident * 4096;
}

std::chrono::milliseconds ServerProcess::cpu_time() const {
    const std::string stat = content_of("/proc/" + std::to_string(pid_) + "/stat");
    // Behind the name, which may hold anything: the 12th and 13th field (proc(5)).
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    std::int64_t user = 0;
    std::int64_t system = 0;
    fields >> user >> system;
    return std::chrono::milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

std::size_t ServerProcess::open_files() const {
    const std::filesystem::directory_iterator files("/proc/" + std::to_string(pid_) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace suanpan::e2e
