// suanpand: reads the configuration and serves.
#include "server/config.h"
#include "server/serve.h"
#include "server/server.h"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    try {
        const suanpan::CommandLine line = suanpan::parse_command_line(argc, argv);
        if (line.action == suanpan::CommandLine::Action::print) {
            std::fputs(line.text.c_str(), stdout);
            return suanpan::exit_clean;
        }
        return suanpan::serve(line.config);
    } catch (const suanpan::UsageError& error) {
        std::fprintf(stderr, "suanpand: %s\n", error.what());
        return suanpan::exit_usage;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "suanpand: %s\n", error.what());
        return suanpan::exit_start_refused;
    }
}
