// suanpan-small-server: suanpand with segments of 1 MiB and a checkpoint every 256 KiB, which an
// operator cannot choose, so that seconds of load have rotations and checkpoints in them and an
// image of its disk is written in a millisecond.
#include "server/config.h"
#include "server/serve.h"
#include "server/server.h"
#include "tests/power/image_check.h"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    try {
        suanpan::ServerConfig config = suanpan::parse_command_line(argc, argv).config;
        config.segment_bytes = suanpan::power::small_segment_bytes;
        config.checkpoint_every_bytes = 256U << 10U;
        return suanpan::serve(config);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "suanpan-small-server: %s\n", error.what());
        return suanpan::exit_start_refused;
    }
}
