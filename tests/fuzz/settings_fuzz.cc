// The partners file and the configuration file: a wrong one is refused in one line, a right one is
// read the same again.
//
// Input: one byte that chooses the file, then its text. The readers take a path, so the text goes
// through a file in a folder of this process's own, in memory where the system has /dev/shm.
#include "protocol/base/assert.h"
#include "server/config.h"
#include "server/net/partners.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch_file.h"

#include <stdexcept>
#include <string>

namespace suanpan::fuzz {
namespace {

void expect_one_line(const std::exception& error) {
    const std::string_view sentence = error.what();
    SUANPAN_ASSERT(!sentence.empty());
    SUANPAN_ASSERT(sentence.find('\n') == std::string_view::npos);
}

void fuzz_partners(std::string_view text) {
    // A key file is another file: what the fuzzer could name is not to be opened.
    if (text.find("key_file") != std::string_view::npos) return;
    static ScratchFile file("partners.toml");
    file.write(text);
    try {
        const auto book = PartnerBook::load(file.path());
        SUANPAN_ASSERT(book->partners().size() <= PartnerBook::partners_max);
        const Partner* before = nullptr;
        for (const Partner& partner : book->partners()) {
            SUANPAN_ASSERT(before == nullptr || before->id < partner.id);
            SUANPAN_ASSERT(partner.key.size() >= PartnerBook::key_bytes_min);
            SUANPAN_ASSERT(partner.key.size() <= PartnerBook::key_bytes_max);
            SUANPAN_ASSERT(partner.rate.events_per_second <= PartnerBook::events_per_second_max);
            SUANPAN_ASSERT(book->find(partner.id) == &partner);
            (void)partner.allows(ProgramId{1});
            (void)partner.try_take(1, Instant{1'700'000'000'000'000'000});
            before = &partner;
        }
        const auto again = PartnerBook::load(file.path(), book.get());
        SUANPAN_ASSERT(again->partners().size() == book->partners().size());
    } catch (const std::runtime_error& error) {
        expect_one_line(error);
    }
}

ServerConfig config_of(const std::string& path) {
    const char* const argv[] = {"suanpand", "--config", path.c_str()};
    const CommandLine line = parse_command_line(3, argv);
    SUANPAN_ASSERT(line.action == CommandLine::Action::serve);
    return line.config;
}

void fuzz_config(std::string_view text) {
    static ScratchFile file("suanpand.toml");
    static ScratchFile printed_file("printed.toml");
    file.write(text);
    std::string printed;
    try {
        printed = print_config(config_of(file.path()));
    } catch (const std::runtime_error& error) {
        expect_one_line(error);
        return;
    }
    // What is printed is read back to the same values, whatever the paths and texts hold.
    printed_file.write(printed);
    SUANPAN_ASSERT(print_config(config_of(printed_file.path())) == printed);
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const bool is_config = input.take<std::uint8_t>() % 2 == 1;
    const std::string_view text = fuzz::text_of(input.take_rest());
    if (is_config)
        fuzz::fuzz_config(text);
    else
        fuzz::fuzz_partners(text);
    return 0;
}
