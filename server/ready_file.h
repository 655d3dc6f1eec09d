// The ready file: where a server that chose its own ports says which, once it answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace suanpan {

struct ReadyInfo {
    std::uint16_t port = 0;
    std::vector<std::uint16_t> shard_ports;
    std::uint16_t metrics_port = 0;
};

// Writes {"pid":1,"port":7433,"shard_ports":[40001],"metrics_port":7434} under a temporary name and
// renames it, so that a reader sees either nothing or all of it. Throws std::runtime_error.
void write_ready_file(const std::filesystem::path& file, const ReadyInfo& info);

}  // namespace suanpan
