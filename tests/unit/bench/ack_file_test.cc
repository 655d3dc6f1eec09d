#include "bench/load/ack_file.h"

#include "bench/load/scratch_folder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace suanpan::load {
namespace {

AckRecord record(std::uint64_t number) {
    return {.request_id = {.high = number << 16U, .low = ~number},
            .member = {.high = number, .low = 5},
            .entry_id = number + 1};
}

class AckFile : public testing::Test {
protected:
    AckFile() : folder_("."), path_((folder_.path() / "acks").string()) {}

    ScratchFolder folder_;
    std::string path_;
};

TEST_F(AckFile, GivesBackWhatWasWritten) {
    constexpr std::uint64_t count = AckWriter::buffered_max * 2 + 3;
    {
        AckWriter writer(path_, ProgramId{8});
        for (std::uint64_t i = 0; i < count; ++i) writer.add(record(i));
    }
    AckReader reader(path_);
    EXPECT_EQ(reader.program(), ProgramId{8});
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_EQ(reader.next(), record(i));
    EXPECT_EQ(reader.next(), std::nullopt);
}

TEST_F(AckFile, IsCompleteAfterAFlushWhileTheWriterLives) {
    AckWriter writer(path_, ProgramId{1});
    writer.add(record(1));
    EXPECT_EQ(AckReader(path_).next(), std::nullopt);
    writer.flush();
    EXPECT_EQ(AckReader(path_).next(), record(1));
}

TEST_F(AckFile, LeavesOutARecordThatWasCutOff) {
    {
        AckWriter writer(path_, ProgramId{1});
        writer.add(record(1));
        writer.add(record(2));
    }
    std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 1);
    AckReader reader(path_);
    EXPECT_EQ(reader.next(), record(1));
    EXPECT_EQ(reader.next(), std::nullopt);
}

TEST_F(AckFile, StartsWithAHeaderAndHasRecordsOfFortyBytes) {
    {
        AckWriter(path_, ProgramId{3}).add(record(9));
    }
    std::ifstream file(path_, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    ASSERT_EQ(bytes.size(), 16U + 40U);
    EXPECT_EQ(bytes.substr(0, 8), "SSNACKS1");
    AckRecord read;
    std::memcpy(&read, bytes.data() + 16, sizeof read);
    EXPECT_EQ(read, record(9));
}

TEST_F(AckFile, RefusesAnotherFile) {
    EXPECT_THROW(AckReader{path_}, std::runtime_error);
    std::ofstream(path_) << "something else, long enough for a header";
    EXPECT_THROW(AckReader{path_}, std::runtime_error);
}

TEST_F(AckFile, FindsTheFilesOfAllWorkers) {
    for (unsigned i = 0; i < 3; ++i) AckWriter(ack_path_of(path_, i), ProgramId{1}).flush();
    EXPECT_EQ(ack_paths(path_), (std::vector<std::string>{path_, path_ + ".1", path_ + ".2"}));
}

}  // namespace
}  // namespace suanpan::load
