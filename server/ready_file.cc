#include "server/ready_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <system_error>

namespace suanpan {

void write_ready_file(const std::filesystem::path& file, const ReadyInfo& info) {
    const std::string text =
        fmt::format("{{\"pid\":{},\"port\":{},\"shard_ports\":[{}],\"metrics_port\":{}}}\n",
                    ::getpid(), info.port, fmt::join(info.shard_ports, ","), info.metrics_port);
    std::filesystem::path temporary = file;
    temporary += ".tmp";
    {
        std::ofstream out(temporary, std::ios::trunc);
        out << text;
        out.close();
        if (!out) {
            throw std::runtime_error(fmt::format(
                "cannot write the ready file {}; name a folder that exists", temporary.string()));
        }
    }
    std::error_code error;
    std::filesystem::rename(temporary, file, error);
    if (error) {
        throw std::runtime_error(fmt::format("cannot rename {} to {}: {}", temporary.string(),
                                             file.string(), error.message()));
    }
}

}  // namespace suanpan
