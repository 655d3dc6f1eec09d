#include "server/ready_file.h"

#include "tests/support/temporary_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace suanpan {
namespace {

TEST(ReadyFile, HoldsTheRealPorts) {
    const TemporaryFolder folder;
    const std::string file = folder.write("ready.json", "left over from another start");
    write_ready_file(file, {.port = 40'000, .shard_ports = {40'001, 40'002}, .metrics_port = 9});
    std::ifstream in(file);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    EXPECT_EQ(text, "{\"pid\":" + std::to_string(::getpid()) +
                        ",\"port\":40000,\"shard_ports\":[40001,40002],\"metrics_port\":9}\n");
    EXPECT_FALSE(std::filesystem::exists(file + ".tmp"));
}

TEST(ReadyFile, SaysSoWhereItCannotBeWritten) {
    EXPECT_THROW(write_ready_file("/nowhere/at/all/ready.json", {}), std::runtime_error);
}

}  // namespace
}  // namespace suanpan
