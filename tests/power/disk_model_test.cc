// DiskModel by itself: what a flush keeps, what a power cut may take, and what it may not.
#include "tests/power/disk_model.h"

#include "tests/support/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <memory>
#include <set>
#include <sstream>

namespace suanpan::power {
namespace {

using ::testing::AllOf;
using ::testing::Contains;

constexpr std::uint64_t root = 1;
constexpr std::uint64_t parent = 2;
constexpr std::uint64_t file = 3;
const std::string gone = "(gone)";

class DiskModelTest : public ::testing::Test {
protected:
    DiskModelTest() {
        model_ = std::make_unique<DiskModel>(folder_.path());
        take(TraceKind::made_directory, 0);
        take(TraceKind::opened, parent, 0, 0, "..");
        take(TraceKind::opened, root, 0, 0, "");
        flush(parent);
    }

    void take(TraceKind kind, std::uint64_t inode, std::uint64_t offset = 0,
              std::uint64_t length = 0, std::string text = "") {
        texts_.push_back(std::make_unique<std::string>(std::move(text)));
        model_->take({.head = {.kind = kind, .file = inode, .offset = offset, .length = length},
                      .payload = std::as_bytes(std::span(*texts_.back()))});
    }
    void create(std::uint64_t inode, const std::string& name) {
        take(TraceKind::opened, inode, trace_opened_created, 0, name);
    }
    void write(std::uint64_t inode, std::uint64_t offset, const std::string& text) {
        take(TraceKind::wrote, inode, offset, text.size(), text);
    }
    void flush(std::uint64_t inode) {
        take(TraceKind::flush_began, inode, ++ticket_);
        take(TraceKind::flush_ended, inode, ticket_);
    }

    // Everything that `name` may hold when the power goes now.
    std::set<std::string> images(const std::string& name) {
        std::set<std::string> found;
        for (std::uint64_t i = 0; i < 200; ++i) {
            std::mt19937_64 random(i);
            model_->write_image(static_cast<Loss>(i % losses), random);
            std::ifstream in(folder_.path() / "data" / name, std::ios::binary);
            std::ostringstream text;
            if (in) text << in.rdbuf();
            found.insert(in ? text.str() : gone);
            std::filesystem::remove_all(folder_.path() / "data");
        }
        return found;
    }

    TemporaryFolder folder_;
    std::vector<std::unique_ptr<std::string>> texts_;
    std::unique_ptr<DiskModel> model_;
    std::uint64_t ticket_ = 0;
};

TEST_F(DiskModelTest, KeepsWhatWasFlushedWithItsName) {
    create(file, "a");
    write(file, 0, "one");
    flush(file);
    flush(root);
    EXPECT_EQ(images("a"), std::set<std::string>{"one"});
}

TEST_F(DiskModelTest, AFlushedFileWithoutAFlushedNameMayBeGone) {
    create(file, "a");
    write(file, 0, "one");
    flush(file);
    EXPECT_EQ(images("a"), (std::set<std::string>{"one", gone}));
}

TEST_F(DiskModelTest, AWriteAfterTheFlushBeganIsNotCoveredByIt) {
    create(file, "a");
    write(file, 0, "one");
    flush(root);
    take(TraceKind::flush_began, file, 99);
    write(file, 0, "two");
    take(TraceKind::flush_ended, file, 99);
    EXPECT_EQ(images("a"), (std::set<std::string>{"one", "two"}));
}

TEST_F(DiskModelTest, SectorsOfOneWriteAreLostOneByOne) {
    create(file, "a");
    write(file, 0, std::string(1024, 'x'));
    flush(file);
    flush(root);
    write(file, 0, std::string(1024, 'y'));
    const auto torn = std::string(512, 'x') + std::string(512, 'y');
    EXPECT_THAT(images("a"), AllOf(Contains(torn), Contains(std::string(1024, 'x')),
                                   Contains(std::string(1024, 'y'))));
}

TEST_F(DiskModelTest, WhatWasWrittenThroughStaysAndWinsOverAnEarlierWrite) {
    create(file, "a");
    write(file, 0, "......");
    flush(file);
    flush(root);
    write(file, 0, "aaaaaa");
    write(file, 2, "BB");
    take(TraceKind::wrote_through, file);
    EXPECT_EQ(images("a"), (std::set<std::string>{"..BB..", "aaBBaa"}));
    flush(file);
    EXPECT_EQ(images("a"), std::set<std::string>{"aaBBaa"});
}

TEST_F(DiskModelTest, ARenameHappensAsAWholeOrNotAtAll) {
    create(file, "a.tmp");
    write(file, 0, "new");
    flush(file);
    flush(root);
    take(TraceKind::renamed, 0, 0, 0, std::string("a.tmp\0a", 7));
    EXPECT_EQ(images("a"), (std::set<std::string>{"new", gone}));
    EXPECT_EQ(images("a.tmp"), (std::set<std::string>{"new", gone}));
    flush(root);
    EXPECT_EQ(images("a"), std::set<std::string>{"new"});
    EXPECT_EQ(images("a.tmp"), std::set<std::string>{gone});
}

TEST_F(DiskModelTest, TheDirectoryItselfIsGoneUntilItsParentWasFlushed) {
    model_ = std::make_unique<DiskModel>(folder_.path());
    take(TraceKind::made_directory, 0);
    take(TraceKind::opened, root, 0, 0, "");
    create(file, "a");
    write(file, 0, "one");
    flush(file);
    flush(root);
    EXPECT_EQ(images("a"), (std::set<std::string>{"one", gone}));
}

TEST_F(DiskModelTest, RefusesATraceThatItCannotFollow) {
    EXPECT_THROW(take(TraceKind::violation, 0, 0, 0, "mapped for writing"), std::runtime_error);
    EXPECT_THROW(take(TraceKind::opened, 77, 0, 0, "never-made"), std::runtime_error);
}

}  // namespace
}  // namespace suanpan::power
