#include "storage/data_directory.h"

#include "storage/text_file.h"
#include "tests/unit/storage/memory_volume.h"
#include "tests/unit/storage/storage_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace suanpan::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::optional<OpenError> refusal_of(Volume& volume, const DataDirectory::Options& options = {}) {
    try {
        static_cast<void>(DataDirectory::open(volume, options));
    } catch (const OpenError& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was refused";
    return std::nullopt;
}

TEST(DataDirectory, KeepsItsIdentity) {
    const TemporaryDirectory temporary;
    const std::unique_ptr<Volume> volume = open_lmdb_volume(temporary.file("new/data"));
    Uuid uuid{};
    std::uint64_t seed = 0;
    Sha256 key{};
    {
        const DataDirectory data = DataDirectory::open(*volume, {});
        EXPECT_TRUE(data.is_new());
        EXPECT_EQ(data.incarnation(), 1U);
        EXPECT_FALSE(data.sandbox());
        uuid = data.uuid();
        seed = data.hash_seed();
        key = data.body_hash_key();
        EXPECT_NE(uuid, Uuid{});
        EXPECT_NE(key, Sha256{});
    }
    DataDirectory data = DataDirectory::open(*volume, {});
    EXPECT_FALSE(data.is_new());
    EXPECT_EQ(data.uuid(), uuid);
    EXPECT_EQ(data.hash_seed(), seed);
    EXPECT_EQ(data.body_hash_key(), key);
    data.begin_new_incarnation();
    EXPECT_EQ(data.incarnation(), 2U);
    EXPECT_EQ(DataDirectory::open(*volume, {.read_only = true}).incarnation(), 2U);
}

TEST(DataDirectory, IsASandboxForEver) {
    MemoryVolume sandbox;
    static_cast<void>(DataDirectory::open(sandbox, {.sandbox = true}));
    EXPECT_EQ(refusal_of(sandbox)->fault(), OpenFault::sandbox);
    EXPECT_TRUE(DataDirectory::open(sandbox, {.sandbox = true}).sandbox());
    EXPECT_TRUE(DataDirectory::open(sandbox, {.any_sandbox = true}).sandbox());
    MemoryVolume real;
    static_cast<void>(DataDirectory::open(real, {}));
    EXPECT_EQ(refusal_of(real, {.sandbox = true})->fault(), OpenFault::sandbox);
}

TEST(DataDirectory, NamesTheProcessThatUsesIt) {
    const TemporaryDirectory temporary;
    int ready[2];
    int leave[2];
    ASSERT_EQ(::pipe(ready), 0);
    ASSERT_EQ(::pipe(leave), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::close(leave[1]);  // so that the parent's end, or its end, is seen below
        const std::unique_ptr<Volume> volume = open_lmdb_volume(temporary.path());
        const DataDirectory data = DataDirectory::open(*volume, {});
        char byte = 'r';
        if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
        static_cast<void>(!::read(leave[0], &byte, 1));
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    const std::unique_ptr<Volume> volume = open_lmdb_volume(temporary.path());
    const std::optional<OpenError> refusal = refusal_of(*volume);
    EXPECT_EQ(refusal->fault(), OpenFault::locked);
    EXPECT_THAT(refusal->what(), HasSubstr("process " + std::to_string(child)));
    EXPECT_THAT(refusal->what(), HasSubstr("stop that one first"));
    // A tool that only reads may look.
    EXPECT_TRUE(DataDirectory::open(*volume, {.read_only = true}).read_only());
    ::close(leave[1]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_FALSE(DataDirectory::open(*volume, {}).is_new());
    for (const int fd : {ready[0], ready[1], leave[0]}) ::close(fd);
}

TEST(DataDirectory, RefusesALaterFormat) {
    MemoryVolume volume;
    TextFile later;
    later.set("format", std::uint64_t{2});
    later.set("something", "else");
    const std::string text = later.encode();
    volume.files["SUANPAN"].assign(as_bytes(text).begin(), as_bytes(text).end());
    const std::optional<OpenError> refusal = refusal_of(volume);
    EXPECT_EQ(refusal->fault(), OpenFault::unknown_format);
    EXPECT_THAT(refusal->what(), HasSubstr("use the release that wrote it"));
}

TEST(DataDirectory, RefusesDamageWithoutTellingItsKey) {
    MemoryVolume volume;
    const std::string key = to_hex(DataDirectory::open(volume, {}).body_hash_key());
    const std::vector<std::byte> sound = volume.files.at("SUANPAN");
    for (std::size_t at = 0; at < sound.size(); ++at) {
        volume.files["SUANPAN"] = sound;
        volume.files["SUANPAN"][at] ^= std::byte{1};
        const std::optional<OpenError> refusal = refusal_of(volume);
        ASSERT_TRUE(refusal.has_value());
        ASSERT_EQ(refusal->fault(), OpenFault::damaged) << at;
        ASSERT_THAT(refusal->what(), Not(HasSubstr(key.substr(0, 8))));
    }
}

std::vector<KeptSecret> two_secrets() {
    return {{.number = 4, .sealed_by = 7, .ends = {}, .bytes = std::vector(60, std::byte{0xab})},
            {.number = 3, .sealed_by = 0, .ends = {9}, .bytes = std::vector(32, std::byte{0xcd})}};
}

// A secret that could not be read used to be replaced without a word, and all quotes ended.
TEST(DataDirectory, ReplacesNoQuoteSecretThatItCannotRead) {
    MemoryVolume volume;
    EXPECT_TRUE(DataDirectory::open(volume, {}).quote_secrets().empty());
    const auto rewrite = [&](const std::vector<std::string>& lines) {
        const auto before = TextFile::decode(volume.files.at("SUANPAN"));
        ASSERT_TRUE(before.has_value());
        TextFile file;
        for (const char* key :
             {"format", "uuid", "incarnation", "hash_seed", "body_hash_key", "sandbox"})
            file.set(key, before->text(key).value_or(""));
        for (std::size_t i = 0; i < lines.size(); ++i)
            file.set("quote_secret" + (i == 0 ? "" : "_" + std::to_string(i)), lines[i]);
        const std::string text = file.encode();
        const Bytes bytes = as_bytes(text);
        volume.files["SUANPAN"] = {bytes.begin(), bytes.end()};
    };
    const std::string clear(64, 'a');
    const std::string sealed(120, 'b');
    for (const std::vector<std::string>& lines :
         std::vector<std::vector<std::string>>{{clear.substr(2)},
                                               {clear + "aa"},
                                               {clear.substr(1) + "g"},
                                               {""},
                                               {"0 0 0 " + clear},
                                               {"1 0 " + clear},
                                               {"1 0 -1 " + clear},
                                               {"1 x 0 " + clear},
                                               {"1 0 0 " + sealed},
                                               {"1 7 0 " + std::string(258, 'b')},
                                               {"2 7 0 " + sealed, "2 7 9 " + sealed},
                                               {"2 7 0 " + sealed, "1 7 0 " + sealed},
                                               {"2 7 0 " + sealed, "1 7 9 " + sealed.substr(1)}}) {
        rewrite(lines);
        const std::optional<OpenError> refusal = refusal_of(volume);
        ASSERT_TRUE(refusal.has_value()) << lines.back();
        EXPECT_EQ(refusal->fault(), OpenFault::damaged);
        EXPECT_THAT(refusal->what(), HasSubstr("the line quote_secret"));
        EXPECT_THAT(refusal->what(), Not(HasSubstr("aaaa")));
        EXPECT_THAT(refusal->what(), Not(HasSubstr("bbbb")));
    }
    // As a release before the numbers wrote it.
    rewrite({clear});
    const KeptSecret old{
        .number = 1, .sealed_by = 0, .ends = {}, .bytes = std::vector(32, std::byte{0xaa})};
    EXPECT_THAT(DataDirectory::open(volume, {}).quote_secrets(), ElementsAre(old));
    rewrite({});  // of a release that had none
    EXPECT_TRUE(DataDirectory::open(volume, {}).quote_secrets().empty());
}

TEST(DataDirectory, KeepsQuoteSecretsAsTheyWereGiven) {
    MemoryVolume volume;
    DataDirectory data = DataDirectory::open(volume, {});
    data.keep_quote_secrets(two_secrets());
    EXPECT_EQ(data.quote_secrets(), two_secrets());
    data = DataDirectory::open(volume, {.read_only = true});
    EXPECT_EQ(data.quote_secrets(), two_secrets());
}

// A staging copy's quotes used to settle in production, and the other way round.
TEST(DataDirectory, TakesNoQuoteSecretIntoItsNextIncarnation) {
    MemoryVolume volume;
    DataDirectory data = DataDirectory::open(volume, {});
    data.keep_quote_secrets(two_secrets());
    data.begin_new_incarnation();
    EXPECT_TRUE(data.quote_secrets().empty());
    data = DataDirectory::open(volume, {.read_only = true});
    EXPECT_TRUE(data.quote_secrets().empty());
    EXPECT_EQ(data.incarnation(), 2U);
}

TEST(DataDirectory, MakesNoneAmongOtherFiles) {
    const TemporaryDirectory temporary;
    std::ofstream(temporary.file("photos.zip")) << "holiday";
    const std::unique_ptr<Volume> volume = open_lmdb_volume(temporary.path());
    EXPECT_EQ(refusal_of(*volume)->fault(), OpenFault::missing);
    EXPECT_EQ(refusal_of(*volume, {.read_only = true})->fault(), OpenFault::missing);
    EXPECT_FALSE(std::filesystem::exists(temporary.file("SUANPAN")));
}

}  // namespace
}  // namespace suanpan::storage
