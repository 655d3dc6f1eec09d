// The C interface, used from C++ the way C would.
#include "client/answer.h"
#include "client/suanpan.h"
#include "tests/unit/client/fake_server.h"

#include <gmock/gmock.h>

#include <cstring>

// Defined in c99_program.c: what a C program sees of a spend.
extern "C" int spend_from_c99(uint16_t port, uint32_t partner, const void* key, size_t key_bytes,
                              suanpan_answer* answer);

namespace suanpan::client {
namespace {

TEST(CInterface, SpendsFromAProgramInC99) {
    FakeServer server({});
    const Options options = server.options();
    suanpan_answer answer;
    std::memset(&answer, 0, sizeof answer);
    ASSERT_EQ(spend_from_c99(options.endpoints[0].port, 7, options.key.data(), options.key.size(),
                             &answer),
              0);
    EXPECT_EQ(answer.fate, SUANPAN_DONE);
    EXPECT_EQ(answer.amount, 60);
    EXPECT_NE(answer.entry_id, 0U);
    const CommandHead head = server.received().at(0).events.at(0).command.head;
    EXPECT_EQ(head.member, (MemberId{0xa11ce, 1}));
    EXPECT_EQ(head.program, ProgramId{3});
    EXPECT_EQ(head.request_id, (RequestId{answer.request_id.high, answer.request_id.low}));
}

TEST(CInterface, SaysWhyItCannotOpen) {
    char error[128] = "";
    EXPECT_EQ(suanpan_open(nullptr, error, sizeof error), nullptr);
    EXPECT_STRNE(error, "");
    suanpan_options options;
    std::memset(&options, 0, sizeof options);
    options.port = 1;
    error[0] = '\0';
    EXPECT_EQ(suanpan_open(&options, error, sizeof error), nullptr) << "there is no key";
    EXPECT_NE(std::string(error).find("key"), std::string::npos);
    char tiny[4];
    EXPECT_EQ(suanpan_open(&options, tiny, sizeof tiny), nullptr);
    EXPECT_EQ(std::strlen(tiny), 3U);
    suanpan_close(nullptr);
}

TEST(CInterface, KnowsTheCodesInWords) {
    EXPECT_STREQ(suanpan_code_name(302), "capture_exceeds_hold");
    EXPECT_EQ(suanpan_code_text(302), text_of(Code::capture_exceeds_hold).sentence);
    EXPECT_STREQ(suanpan_code_name(299), "unknown_code");
}

TEST(CInterface, HasTheNumbersOfTheCppInterface) {
    EXPECT_EQ(static_cast<int>(SUANPAN_DONE), static_cast<int>(Fate::done));
    EXPECT_EQ(static_cast<int>(SUANPAN_REFUSED), static_cast<int>(Fate::refused));
    EXPECT_EQ(static_cast<int>(SUANPAN_UNKNOWN), static_cast<int>(Fate::unknown));
}

}  // namespace
}  // namespace suanpan::client
