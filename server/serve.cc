#include "server/serve.h"

#include "server/log.h"
#include "server/server.h"

#include <sys/resource.h>

#include <csignal>
#include <ctime>

namespace suanpan {
namespace {

// Signals are taken by sigtimedwait below, so every thread is started with them blocked.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

// Every connection is a file: as many as the system lets us have.
void raise_file_limit() {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int serve(const ServerConfig& config) {
    const sigset_t signals = block_signals();
    raise_file_limit();
    log_start(config.log_level, config.log_format);
    Server server(config);
    while (true) {
        const timespec second{.tv_sec = 1, .tv_nsec = 0};
        const int signal = sigtimedwait(&signals, nullptr, &second);
        server.tick();
        if (signal == SIGHUP) server.reload_partners();
        if (signal == SIGTERM || signal == SIGINT) break;
    }
    server.stop();
    return exit_clean;
}

}  // namespace suanpan
