#include "server/net/partners.h"

#include "tests/support/comes_true.h"
#include "tests/support/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace suanpan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string key_text(64, 'a');
const std::string other_key_text(64, 'b');

std::string partner_text(int id, const std::string& rest = {}) {
    return "[[partner]]\nid = " + std::to_string(id) + "\nname = \"p" + std::to_string(id) +
           "\"\nkey = \"" + key_text + "\"\nkinds = \"all\"\nprograms = \"all\"\n" + rest;
}

class Partners : public ::testing::Test {
protected:
    std::string write(const std::string& text) { return folder_.write("partners.toml", text); }
    std::shared_ptr<const PartnerBook> load(const std::string& text,
                                            const PartnerBook* previous = nullptr) {
        return PartnerBook::load(write(text), previous);
    }
    std::string refusal(const std::string& text) {
        try {
            (void)load(text);
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return {};
    }
    TemporaryFolder folder_;
};

TEST_F(Partners, AreReadWithEverythingTheyMayDo) {
    const auto book = load(
        "[[partner]]\n"
        "id = 7\nname = \"gateway\"\nkey = \"" +
        key_text.substr(0, 62) +
        "0F\"\n"
        "kinds = [\"earn\", \"spend\"]\nprograms = [3, 1, 3]\n"
        "rate_events_per_second = 1000\nrate_burst_events = 50\n" +
        partner_text(2));
    EXPECT_EQ(book->partners().size(), 2U);
    const Partner* partner = book->find(PartnerId{7});
    ASSERT_NE(partner, nullptr);
    EXPECT_EQ(partner->name, "gateway");
    ASSERT_EQ(partner->key.size(), 32U);
    EXPECT_EQ(partner->key.front(), std::byte{0xaa});
    EXPECT_EQ(partner->key.back(), std::byte{0x0f});
    EXPECT_TRUE(partner->allows(CommandKind::earn));
    EXPECT_FALSE(partner->allows(CommandKind::adjust));
    EXPECT_FALSE(partner->allows(static_cast<CommandKind>(60'000)));
    EXPECT_THAT(partner->programs, ElementsAre(ProgramId{1}, ProgramId{3}));
    EXPECT_TRUE(partner->allows(ProgramId{3}));
    EXPECT_FALSE(partner->allows(ProgramId{2}));
    EXPECT_EQ(partner->rate, (RateLimit{.events_per_second = 1000, .burst_events = 50}));

    const Partner* other = book->find(PartnerId{2});
    ASSERT_NE(other, nullptr);
    EXPECT_TRUE(other->allows(CommandKind::adjust));
    EXPECT_TRUE(other->allows(ProgramId{99}));
    EXPECT_EQ(book->find(PartnerId{3}), nullptr);
}

TEST_F(Partners, TakeTheKeyFromAFileBesideTheirs) {
    (void)folder_.write("secret.key", key_text + "\n");
    const auto book = load(
        "[[partner]]\nid = 1\nname = \"a\"\nkey_file = \"secret.key\"\nkinds = []\nprograms = "
        "[]\n");
    EXPECT_EQ(book->find(PartnerId{1})->key.size(), 32U);
    EXPECT_FALSE(book->find(PartnerId{1})->allows(CommandKind::earn));
}

TEST_F(Partners, WarnOfKeysThatOthersCanRead) {
    const std::string file = write(partner_text(1));
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
    EXPECT_THAT(PartnerBook::load(file)->warnings(), ElementsAre(HasSubstr("chmod 600")));
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
    EXPECT_THAT(PartnerBook::load(file)->warnings(), ElementsAre());
}

TEST_F(Partners, RefuseEachMistakeWithItsLine) {
    struct Mistake {
        std::string text;
        std::string line;
        std::string words;
    };
    const std::string good_head = "[[partner]]\nid = 1\nname = \"a\"\n";
    const std::string good_key = "key = \"" + key_text + "\"\n";
    const std::string good_tail = "kinds = \"all\"\nprograms = \"all\"\n";
    const std::vector<Mistake> mistakes{
        {"", ":1:", "[[partner]]"},
        {"partner = 3\n", ":1:", "[[partner]]"},
        {"[server]\nport = 1\n", ":1:", "[[partner]]"},
        {good_head + good_key + good_tail + "color = 1\n", ":7:", "'color'"},
        {"[[partner]]\nname = \"a\"\n" + good_key + good_tail, ":1:", "'id'"},
        {"[[partner]]\nid = 0\nname = \"a\"\n" + good_key + good_tail, ":2:", "1 to 4294967295"},
        {"[[partner]]\nid = -1\nname = \"a\"\n" + good_key + good_tail, ":2:", "'id'"},
        {"[[partner]]\nid = \"1\"\nname = \"a\"\n" + good_key + good_tail, ":2:", "'id'"},
        {"[[partner]]\nid = 1\nname = \"\"\n" + good_key + good_tail, ":3:", "'name'"},
        {good_head + good_tail, ":1:", "'key'"},
        {good_head + good_key + "key_file = \"x\"\n" + good_tail, ":1:", "one of"},
        {good_head + "key = \"abcd\"\n" + good_tail, ":4:", "64 to 2048"},
        {good_head + "key = \"" + std::string(64, 'g') + "\"\n" + good_tail, ":4:", "hex"},
        {good_head + "key = \"" + std::string(65, 'a') + "\"\n" + good_tail, ":4:", "even"},
        {good_head + "key = \"" + std::string(2050, 'a') + "\"\n" + good_tail, ":4:", "2048"},
        {good_head + "key = 7\n" + good_tail, ":4:", "'key'"},
        {good_head + "key_file = \"nowhere\"\n" + good_tail, ":4:", "nowhere"},
        {good_head + good_key + "programs = \"all\"\n", ":1:", "'kinds'"},
        {good_head + good_key + "kinds = [\"earn\",\n \"fly\"]\nprograms = \"all\"\n",
         ":6:", "earn"},
        {good_head + good_key + "kinds = \"every\"\nprograms = \"all\"\n", ":5:", "'kinds'"},
        {good_head + good_key + "kinds = \"all\"\n", ":1:", "'programs'"},
        {good_head + good_key + "kinds = \"all\"\nprograms = [-1]\n", ":6:", "'programs'"},
        {good_head + good_key + "kinds = \"all\"\nprograms = 1\n", ":6:", "'programs'"},
        {good_head + good_key + good_tail + "rate_events_per_second = 0\n", ":7:", "1 to"},
        {good_head + good_key + good_tail + "rate_burst_events = 5\n", ":7:", "means nothing"},
        {partner_text(1) + partner_text(1), ":7:", "second time"},
        {good_head + good_key + good_tail + "x = = 1\n", ":7:", "not valid TOML"},
    };
    for (const Mistake& mistake : mistakes) {
        EXPECT_THAT(refusal(mistake.text), AllOf(HasSubstr("partners.toml" + mistake.line),
                                                 HasSubstr(mistake.words), Not(HasSubstr("\n"))))
            << mistake.text;
    }
    EXPECT_THROW((void)PartnerBook::load("/nowhere/partners.toml"), std::runtime_error);
}

TEST_F(Partners, NeverShowAKeyInARefusal) {
    const std::string head = "[[partner]]\nid = 1\nname = \"a\"\n";
    const std::string tail = "kinds = \"all\"\nprograms = \"all\"\n";
    const std::string secret = "5ec2e7" + std::string(57, 'z');
    for (const std::string& text : {head + "key = \"" + secret + "\"\n" + tail,  // no hex
                                    head + "key = " + secret + "\n" + tail,      // no quotes
                                    head + "key = \"" + secret + "\n" + tail,    // one quote
                                    head + secret + "\n" + tail}) {              // no key either
        EXPECT_THAT(refusal(text), AllOf(Not(HasSubstr("5ec2")), Not(""))) << text;
    }
    (void)folder_.write("secret.key", secret);
    EXPECT_THAT(refusal(head + "key_file = \"secret.key\"\n" + tail),
                AllOf(Not(HasSubstr("5ec2")), HasSubstr("holds no key")));
}

TEST_F(Partners, KeepTheirAllowanceOverAReload) {
    const std::string rate = "rate_events_per_second = 10\nrate_burst_events = 10\n";
    const auto before = load(partner_text(1, rate));
    const Instant now{1'000'000'000'000};
    EXPECT_EQ(before->find(PartnerId{1})->try_take(10, now), 0U);
    const auto after = load(partner_text(1, rate) + partner_text(2, rate), before.get());
    EXPECT_EQ(after->find(PartnerId{1})->try_take(1, now), 100U);
    EXPECT_EQ(after->find(PartnerId{2})->try_take(10, now), 0U);
}

TEST_F(Partners, AreReloadedWholeOrNotAtAll) {
    const std::string file = write(partner_text(1));
    PartnerDirectory directory(file);
    PartnerView view(directory);
    ASSERT_NE(view.find(PartnerId{1}), nullptr);

    (void)write(partner_text(2) + "color = 1\n");
    const auto refused = directory.reload();
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error(), HasSubstr("'color'"));
    EXPECT_NE(view.find(PartnerId{1}), nullptr);
    EXPECT_EQ(view.find(PartnerId{2}), nullptr);

    (void)write(partner_text(2));
    ASSERT_TRUE(directory.reload().has_value());
    EXPECT_EQ(view.find(PartnerId{1}), nullptr);
    EXPECT_NE(view.find(PartnerId{2}), nullptr);
}

TEST_F(Partners, CanBeReloadedWhileOthersLook) {
    PartnerDirectory directory(write(partner_text(1)));
    std::atomic<bool> done{false};
    std::atomic<int> found{0};
    std::atomic<int> missed{0};
    std::thread reader([&] {
        PartnerView view(directory);
        while (!done.load()) {
            const Partner* partner = view.find(PartnerId{1});
            if (partner != nullptr && partner->key.size() == 32U)
                found.fetch_add(1);
            else
                missed.fetch_add(1);
        }
    });
    // Each reload meets a reader that has looked since the one before.
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(directory.reload().has_value());
        const int before = found.load() + missed.load();
        EXPECT_TRUE(comes_true([&] { return found.load() + missed.load() > before; }));
    }
    done.store(true);
    reader.join();
    EXPECT_GE(found.load(), 50);
    EXPECT_EQ(missed.load(), 0);
}

TEST(RateMeter, LetsTheBurstThroughAndThenTheRate) {
    RateMeter meter;
    const RateLimit limit{.events_per_second = 100, .burst_events = 20};
    const Instant start{5'000'000'000};
    for (int i = 0; i < 20; ++i) EXPECT_EQ(meter.try_take(limit, 1, start), 0U) << i;
    EXPECT_EQ(meter.try_take(limit, 1, start), 10U);
    EXPECT_EQ(meter.try_take(limit, 5, start), 50U);
    EXPECT_EQ(meter.try_take(limit, 1, start + milliseconds(9)), 1U);
    EXPECT_EQ(meter.try_take(limit, 1, start + milliseconds(10)), 0U);
    EXPECT_NE(meter.try_take(limit, 1, start + milliseconds(10)), 0U);
    // After a long rest the burst is there again, and no more than that.
    const Instant later = start + seconds(60);
    EXPECT_EQ(meter.try_take(limit, 20, later), 0U);
    EXPECT_NE(meter.try_take(limit, 1, later), 0U);
}

TEST(RateMeter, SucceedsWhenItSaidItWould) {
    RateMeter meter;
    const RateLimit limit{.events_per_second = 7, .burst_events = 3};
    Instant now{1};
    std::uint32_t taken = 0;
    while (taken < 100) {
        const std::uint32_t retry_after_ms = meter.try_take(limit, 2, now);
        if (retry_after_ms == 0) {
            taken += 2;
            continue;
        }
        now = now + milliseconds(retry_after_ms);
        EXPECT_EQ(meter.try_take(limit, 2, now), 0U);
        taken += 2;
    }
    // 100 events, 3 of them at once, at 7 a second: rounding to whole milliseconds adds little.
    EXPECT_GE(now.ns, 97 * 1'000'000'000LL / 7);
    EXPECT_LE(now.ns, 97 * 1'000'000'000LL / 7 + 100'000'000);
}

TEST(RateMeter, LetsABatchLargerThanTheBurstThroughAndHasItPaidOff) {
    RateMeter meter;
    const RateLimit limit{.events_per_second = 1000, .burst_events = 100};
    const Instant start{0};
    EXPECT_EQ(meter.try_take(limit, 1000, start), 0U);
    EXPECT_EQ(meter.try_take(limit, 1, start), 901U);
    EXPECT_EQ(meter.try_take(limit, 1000, start + milliseconds(999)), 1U);
    EXPECT_EQ(meter.try_take(limit, 1000, start + seconds(1)), 0U);
}

TEST(RateMeter, DoesNotHoldAPartnerToALowerRateThatIsNoLongerInForce) {
    RateMeter meter;
    EXPECT_EQ(meter.try_take({.events_per_second = 1, .burst_events = 5000}, 5000, Instant{0}), 0U);
    const RateLimit raised{.events_per_second = 100'000, .burst_events = 1000};
    EXPECT_EQ(meter.try_take(raised, 1, Instant{0} + seconds(1)), 82U);
    EXPECT_EQ(meter.try_take(raised, 1, Instant{0} + milliseconds(1082)), 0U);
}

TEST(RateMeter, CountsNothingWithoutALimit) {
    RateMeter meter;
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(meter.try_take({}, 8192, Instant{0}), 0U);
}

TEST(RateMeter, LetsThreadsTogetherTakeExactlyTheBurst) {
    RateMeter meter;
    const RateLimit limit{.events_per_second = 1, .burst_events = 1000};
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 1000; ++j) {
                if (meter.try_take(limit, 1, Instant{1'000}) == 0) taken.fetch_add(1);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(taken.load(), 1000);
}

}  // namespace
}  // namespace suanpan
