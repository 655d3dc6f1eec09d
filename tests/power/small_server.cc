// suanpan-small-server: suanpand with segments of 1 MiB and a checkpoint every 256 KiB, which an
// operator cannot choose, so that a trace of seconds has rotations and checkpoints in it and an
// image of its disk is written in a millisecond.
#include "server/config.h"
#include "server/log.h"
#include "server/server.h"
#include "tests/power/image_check.h"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>

namespace {

constexpr std::uint64_t small_checkpoint_bytes = 256U << 10U;

int serve(suanpan::ServerConfig config) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    config.segment_bytes = suanpan::power::small_segment_bytes;
    config.checkpoint_every_bytes = small_checkpoint_bytes;
    suanpan::log_start(config.log_level, config.log_format);
    suanpan::Server server(config);
    const timespec second{.tv_sec = 1, .tv_nsec = 0};
    while (sigtimedwait(&signals, nullptr, &second) < 0) server.tick();
    server.stop();
    return suanpan::exit_clean;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return serve(suanpan::parse_command_line(argc, argv).config);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "suanpan-small-server: %s\n", error.what());
        return suanpan::exit_start_refused;
    }
}
