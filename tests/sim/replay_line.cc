#include "tests/sim/replay_line.h"

#include "tests/sim/run.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <utility>

namespace suanpan::sim {
namespace {

std::string line;

void tell() {
    const std::string told = std::exchange(line, {});  // once, whoever else asks
    static_cast<void>(write(STDOUT_FILENO, told.data(), told.size()));
}

void tell_signal(int signal) {
    tell();
    std::signal(signal, SIG_DFL);
    static_cast<void>(raise(signal));
}

// Sanitizers end a process by themselves; each brings a runtime of its own, or none is there.
bool listen_to_sanitizers() {
    using SetCallback = void (*)(void (*)());
    bool any = false;
    for (const char* runtime : {static_cast<const char*>(nullptr), "libubsan.so.1"}) {
        void* library = dlopen(runtime, RTLD_LAZY | RTLD_NOLOAD);
        void* found =
            library == nullptr ? nullptr : dlsym(library, "__sanitizer_set_death_callback");
        if (found == nullptr) continue;
        reinterpret_cast<SetCallback>(found)(tell);
        any = true;
    }
    return any;
}

// Returns whether it did, so that a constant can hold it.
bool listen() {
    std::signal(SIGABRT, tell_signal);
    if (listen_to_sanitizers()) return true;  // theirs is the report about a bad access
    for (const int signal : std::array{SIGSEGV, SIGBUS, SIGFPE, SIGILL})
        std::signal(signal, tell_signal);
    return true;
}

}  // namespace

ReplayLine::ReplayLine(const SimOptions& options, std::string_view more) {
    static const bool listens = listen();
    static_cast<void>(listens);
    line = fmt::format("replay: {}{}\n", replay_line(options), more);
}

ReplayLine::~ReplayLine() {
    line.clear();
}

std::string_view ReplayLine::text() {
    return line;
}

}  // namespace suanpan::sim
