// The secrets of quote tokens: sealed in the data directory, rotated, and forgotten in time.
#include "server/shard/quote_secrets.h"

#include "protocol/limits.h"
#include "server/shard/card_vault.h"
#include "storage/text_file.h"
#include "tests/unit/shard/till.h"
#include "tests/unit/storage/memory_volume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace suanpan::shard {
namespace {

using storage::DataDirectory;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using Masters = std::shared_ptr<const cards::MasterKeys>;

// Keys by number, the first is current: "2 1".
Masters masters(const std::string& numbers, char digit = 'b') {
    std::string text = "suanpan master keys 1\n";
    for (const char number : numbers)
        if (number != ' ')
            text += std::string(1, number) + " " + std::string(63, digit) + number + "\n";
    return master_keys_of(text);
}

// A data directory, and one start of a server on it after the other.
struct Starts {
    std::vector<QuoteKey> start(const Masters& masters, const QuoteSecretsWish& wish = {}) {
        DataDirectory directory = DataDirectory::open(volume, {});
        return open_quote_secrets(directory, masters.get(), now, wish).keys;
    }
    QuoteSeal seal(const Masters& masters, const QuoteSecretsWish& wish = {}) {
        return QuoteSeal(start(masters, wish));
    }
    std::string refusal(const Masters& masters, const QuoteSecretsWish& wish = {}) {
        const auto before = volume.files.at("SUANPAN");
        try {
            static_cast<void>(start(masters, wish));
        } catch (const std::runtime_error& error) {
            EXPECT_EQ(volume.files.at("SUANPAN"), before);
            return error.what();
        }
        ADD_FAILURE() << "nothing was refused";
        return {};
    }
    std::vector<storage::KeptSecret> kept() {
        return DataDirectory::open(volume, {.read_only = true}).quote_secrets();
    }
    [[nodiscard]] std::string file() const {
        const auto& bytes = volume.files.at("SUANPAN");
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    // What a quote of now promises, for as long as a quote can.
    OrderTerms quote() {
        Till till("[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n");
        till.earn(50);
        const QuoteAnswer answer =
            till.quote({{.product = 1, .unit_price = {2000}, .quantity = 1, .category = 1}});
        OrderTerms terms = till.checkout.open_token(answer.token, till.now).value();
        terms.valid_until = now + limits::quote_life_max;
        return terms;
    }

    storage::MemoryVolume volume;
    Instant now{1'800'000'000'000'000'000};
};

TEST(QuoteSecrets, LieInTheClearWithoutMasterKeysAndStay) {
    Starts server;
    const std::vector<QuoteKey> first = server.start(nullptr);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_NE(first[0].secret, Sha256{});
    EXPECT_THAT(server.file(), HasSubstr(storage::to_hex(first[0].secret)));
    server.now = server.now + days(100);
    const std::vector<QuoteKey> second = server.start(nullptr);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].secret, first[0].secret);
    EXPECT_EQ(second[0].number, first[0].number);
}

TEST(QuoteSecrets, AreNeverOnTheDiskInTheClearWithMasterKeys) {
    Starts server;
    const Masters keys = masters("1");
    const std::vector<QuoteKey> first = server.start(keys);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_THAT(server.file(), Not(HasSubstr(storage::to_hex(first[0].secret))));
    EXPECT_EQ(server.kept().at(0).sealed_by, 1U);
    EXPECT_EQ(server.start(keys).at(0).secret, first[0].secret);
}

// The first start with master keys: a secret that anybody could read is not gone on with, and the
// quotes made with it hold.
TEST(QuoteSecrets, AreSealedAndReplacedAtTheFirstStartWithMasterKeys) {
    Starts server;
    const std::vector<QuoteKey> clear = server.start(nullptr);
    const OrderTerms quote = server.quote();
    const auto token = QuoteSeal(clear).seal(quote, server.now);
    server.now = server.now + hours(1);
    const std::vector<QuoteKey> sealed = server.start(masters("1"));
    ASSERT_EQ(sealed.size(), 2U);
    EXPECT_NE(sealed[0].secret, clear[0].secret);
    EXPECT_EQ(sealed[1].secret, clear[0].secret);
    EXPECT_THAT(server.file(), AllOf(Not(HasSubstr(storage::to_hex(sealed[0].secret))),
                                     Not(HasSubstr(storage::to_hex(sealed[1].secret)))));
    EXPECT_EQ(QuoteSeal(sealed).open(token, server.now), quote);
}

TEST(QuoteSecrets, AreSealedAnewUnderANewerMasterKey) {
    Starts server;
    const std::vector<QuoteKey> first = server.start(masters("1"));
    EXPECT_EQ(server.start(masters("21")).at(0).secret, first[0].secret);
    EXPECT_EQ(server.kept().at(0).sealed_by, 2U);
    // Nothing needs the old line any more.
    EXPECT_EQ(server.start(masters("2")).at(0).secret, first[0].secret);
}

TEST(QuoteSecrets, RefuseAStartWithoutTheKeyTheyNeed) {
    Starts server;
    const std::string secret = storage::to_hex(server.start(masters("1")).at(0).secret);
    EXPECT_THAT(server.refusal(nullptr),
                AllOf(HasSubstr("sealed under master key 1"), HasSubstr("--master-keys-file FILE"),
                      HasSubstr("--forget-quote-secrets")));
    EXPECT_THAT(server.refusal(masters("2")),
                AllOf(HasSubstr("put its line back"), HasSubstr("--forget-quote-secrets")));
    const std::string wrong = server.refusal(masters("1", 'c'));
    EXPECT_THAT(wrong, AllOf(HasSubstr("does not open under master key 1"),
                             HasSubstr("--forget-quote-secrets"), Not(HasSubstr("cccc"))));
    EXPECT_THAT(server.refusal(masters("2"), {.rotate = true}), HasSubstr("put its line back"));
    // The way out that the message names.
    const std::vector<QuoteKey> next = server.start(masters("2"), {.forget = true});
    ASSERT_EQ(next.size(), 1U);
    EXPECT_NE(storage::to_hex(next[0].secret), secret);
    EXPECT_EQ(next[0].number, 2U);
}

TEST(QuoteSecrets, DoNotOpenWhenAnythingOfThemWasAltered) {
    Starts server;
    const Masters keys = masters("1");
    static_cast<void>(server.start(keys));
    static_cast<void>(server.start(keys, {.rotate = true}));
    const std::vector<storage::KeptSecret> kept = server.kept();
    ASSERT_EQ(kept.size(), 2U);
    const auto keep = [&](const std::vector<storage::KeptSecret>& secrets) {
        DataDirectory::open(server.volume, {}).keep_quote_secrets(secrets);
    };
    for (std::size_t i = 0; i < kept[0].bytes.size(); ++i) {
        auto altered = kept;
        altered[0].bytes[i] ^= std::byte{1};
        keep(altered);
        ASSERT_THAT(server.refusal(keys), HasSubstr("does not open")) << i;
    }
    auto shorter = kept;
    shorter[0].bytes.pop_back();
    keep(shorter);
    EXPECT_THAT(server.refusal(keys), HasSubstr("does not open"));
    auto longer_life = kept;
    longer_life[1].ends = kept[1].ends + days(1000);
    keep(longer_life);
    EXPECT_THAT(server.refusal(keys), HasSubstr("does not open"));
    auto another_number = kept;
    another_number[0].number = 9;
    keep(another_number);
    EXPECT_THAT(server.refusal(keys), HasSubstr("does not open"));
    // Of another data directory.
    Starts other;
    static_cast<void>(other.start(keys));
    keep(other.kept());
    EXPECT_THAT(server.refusal(keys), HasSubstr("does not open"));
    keep(kept);
    EXPECT_EQ(server.start(keys).size(), 2U);
}

TEST(QuoteSecrets, OpenWhatTheyMadeUntilItsLastQuoteHasEndedAndNoLonger) {
    for (const Masters& keys : {Masters{}, masters("1")}) {
        Starts server;
        QuoteSeal before = server.seal(keys);
        const OrderTerms quote = server.quote();
        const auto token = before.seal(quote, server.now);
        const Instant rotated = server.now;
        QuoteSeal after = server.seal(keys, {.rotate = true});
        const auto newer = after.seal(quote, server.now);
        EXPECT_NE(newer, token);
        EXPECT_EQ(before.open(newer, server.now), std::nullopt);
        // What it could not have promised before it was rotated is a forgery.
        OrderTerms longer = quote;
        longer.valid_until = rotated + limits::quote_life_max + Duration{1};
        EXPECT_EQ(after.open(before.seal(longer, rotated), rotated), std::nullopt);

        server.now = rotated + limits::quote_life_max - Duration{1};
        EXPECT_EQ(after.open(token, server.now), quote);
        QuoteSeal restarted = server.seal(keys);  // in between
        EXPECT_EQ(restarted.open(token, server.now), quote);
        EXPECT_EQ(restarted.open(newer, server.now), quote);
        EXPECT_EQ(server.kept().size(), 2U);

        server.now = rotated + limits::quote_life_max;
        EXPECT_EQ(restarted.open(token, server.now), std::nullopt);
        EXPECT_EQ(restarted.open(newer, server.now), quote);  // expired, and said to be
        // A clock that stands back does not bring it again.
        EXPECT_EQ(restarted.open(token, rotated), std::nullopt);
        const std::string number = std::to_string(server.kept().at(0).number);
        EXPECT_EQ(server.start(keys).size(), 1U);
        EXPECT_EQ(server.kept().size(), 1U);
        EXPECT_EQ(std::to_string(server.kept().at(0).number), number);
    }
}

TEST(QuoteSecrets, AreForgottenOnTheDiskWhileTheServerRuns) {
    Starts server;
    const Masters keys = masters("1");
    static_cast<void>(server.start(keys));
    static_cast<void>(server.start(keys, {.rotate = true}));
    DataDirectory directory = DataDirectory::open(server.volume, {});
    EXPECT_FALSE(
        forget_ended_quote_secrets(directory, server.now + limits::quote_life_max - Duration{1}));
    EXPECT_EQ(server.kept().size(), 2U);
    EXPECT_TRUE(forget_ended_quote_secrets(directory, server.now + limits::quote_life_max));
    EXPECT_EQ(server.kept().size(), 1U);
    EXPECT_EQ(server.kept().at(0).ends, Instant{});
}

TEST(QuoteSecrets, AreRotatedSevenTimesInAQuotesLifeAndNoMore) {
    Starts server;
    const Masters keys = masters("1");
    const auto token = server.seal(keys).seal(server.quote(), server.now);
    for (int i = 0; i < 7; ++i) static_cast<void>(server.start(keys, {.rotate = true}));
    EXPECT_THAT(server.refusal(keys, {.rotate = true}),
                AllOf(HasSubstr("rotated 7 times"), HasSubstr("without --rotate-quote-secret")));
    EXPECT_NE(server.seal(keys).open(token, server.now), std::nullopt);
    server.now = server.now + limits::quote_life_max;
    EXPECT_EQ(server.start(keys, {.rotate = true}).size(), 2U);
    EXPECT_EQ(server.kept().at(0).number, 9U);
}

TEST(QuoteSecrets, EndAllOpenQuotesWhereTheyAreForgotten) {
    Starts server;
    const Masters keys = masters("1");
    const auto token = server.seal(keys).seal(server.quote(), server.now);
    QuoteSeal after = server.seal(keys, {.forget = true});
    EXPECT_EQ(after.open(token, server.now), std::nullopt);
    EXPECT_EQ(server.kept().size(), 1U);
}

// A backup has its secrets sealed; what begins as a copy of it makes others, and needs no key for
// that.
TEST(QuoteSecrets, OfABackupAreNotThoseOfWhatIsRestoredFromIt) {
    Starts server;
    const Masters keys = masters("1");
    const auto token = server.seal(keys).seal(server.quote(), server.now);
    DataDirectory::open(server.volume, {}).begin_new_incarnation();  // as restore() does
    EXPECT_TRUE(server.kept().empty());
    QuoteSeal restored = server.seal(keys);
    EXPECT_EQ(restored.open(token, server.now), std::nullopt);
    EXPECT_EQ(server.kept().at(0).sealed_by, 1U);
}

// A disk that does not take the new secret: the start is refused, and the one before stands.
TEST(QuoteSecrets, StayAsTheyAreWhereTheDiskTakesNoOthers) {
    Starts server;
    DataDirectory directory = DataDirectory::open(server.volume, {});
    const Masters keys = masters("1");
    static_cast<void>(open_quote_secrets(directory, keys.get(), server.now));
    const auto before = directory.quote_secrets();
    server.volume.fail_next_file = true;
    EXPECT_THROW(open_quote_secrets(directory, keys.get(), server.now, {.rotate = true}),
                 std::runtime_error);
    EXPECT_EQ(directory.quote_secrets(), before);
    EXPECT_EQ(open_quote_secrets(directory, keys.get(), server.now).keys.size(), 1U);
}

}  // namespace
}  // namespace suanpan::shard
