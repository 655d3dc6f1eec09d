// The C interface to members and programs, used from C++ the way C would.
#include "client/suanpan.h"
#include "tests/unit/client/fake_server.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <variant>
#include <vector>

namespace suanpan::client {
namespace {

Explanation some_explanation() {
    Explanation explanation;
    explanation.previous_entry = {41};
    explanation.reference = 42;
    explanation.local_date = {20'000};
    explanation.partner = PartnerId{7};
    explanation.principal = PrincipalId{8};
    explanation.kind = 3;
    explanation.reason = 4;
    explanation.policy_version = 5;
    explanation.rule_version = 6;
    explanation.terms_hash[0] = std::byte{0xab};
    explanation.entry_hash[31] = std::byte{0xcd};
    explanation.lots = {{.expires_at = {900},
                         .active_from = {100},
                         .delta = {-30},
                         .rule_version = 6,
                         .hold = 2,
                         .restriction = Restriction{9},
                         .origin = LotOrigin::purchased,
                         .cause = MovementCause::expiry},
                        {.expires_at = instant_never, .active_from = {}, .delta = {-10}}};
    explanation.limits = {
        {.kind = 5, .id = 11, .period = {19'999}, .money = {1500}, .points = {150}, .count = 2}};
    return explanation;
}

class CMembers : public ::testing::Test {
protected:
    CMembers() {
        const Options options = server_.options();
        suanpan_options plain;
        std::memset(&plain, 0, sizeof plain);
        plain.port = options.endpoints[0].port;
        plain.partner = 7;
        plain.key = options.key.data();
        plain.key_bytes = options.key.size();
        client_ = suanpan_open(&plain, nullptr, 0);
        std::memset(&target_, 0, sizeof target_);
        target_.member = {.high = 0xa11ce, .low = 1};
        target_.program = 3;
        std::memset(&program_, 0, sizeof program_);
        program_.id = 4;
        program_.version = 1;
        program_.name = "Tea";
        program_.currency = "CNY";
        program_.time_zone = "Asia/Urumqi";
    }
    ~CMembers() override { suanpan_close(client_); }

    void answer(FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
        bodies_.push_back(frame.events.at(0).command.body);
        std::vector<std::byte> bytes;
        if (frame.kind == CommandKind::expiring) {
            encode_expiring(bytes, header, {.outcome = {}, .rows = {{{500}, {40}}, {{600}, {2}}}});
        } else if (frame.kind == CommandKind::explain) {
            encode_explanation(bytes, header, some_explanation());
        } else {
            FakeServer::answer_ok(peer, header, frame);
            return;
        }
        peer.send(std::move(bytes));
    }

    std::vector<CommandBody> bodies_;  // what the server was asked
    FakeServer server_{
        {}, [this](FakeServer::Peer& peer, const FrameHeader& header, const Received& frame) {
            answer(peer, header, frame);
        }};
    suanpan_client* client_ = nullptr;
    suanpan_target target_;
    suanpan_program program_;
};

TEST_F(CMembers, HaveALimitADay) {
    EXPECT_EQ(suanpan_set_limit(client_, &target_, 5000).fate, SUANPAN_DONE);
    EXPECT_EQ(std::get<SetLimit>(bodies_.at(0)).spend_per_day_max, Points{5000});
}

TEST_F(CMembers, AreUpdated) {
    const suanpan_member_facts facts = {.segments = 0x81,
                                        .source_version = 12,
                                        .level = 3,
                                        .birthday_month = 2,
                                        .birthday_day = 29};
    EXPECT_EQ(suanpan_member_update(client_, &target_, &facts).fate, SUANPAN_DONE);
    const auto& update = std::get<MemberUpdate>(bodies_.at(0));
    EXPECT_EQ(update.segments, 0x81U);
    EXPECT_EQ(update.source_version, 12U);
    EXPECT_EQ(update.level, 3);
    EXPECT_EQ(update.birthday_month, 2);
    EXPECT_EQ(update.birthday_day, 29);
}

TEST_F(CMembers, SeeWhatExpires) {
    suanpan_expiring_row rows[1];
    std::size_t count = 9;
    EXPECT_EQ(suanpan_expiring(client_, &target_, 86'400'000, rows, 1, &count).fate, SUANPAN_DONE);
    EXPECT_EQ(count, 1U) << "there is room for no more";
    EXPECT_EQ(rows[0].expires_at_ns, 500);
    EXPECT_EQ(rows[0].points, 40);
    EXPECT_EQ(std::get<ReadExpiring>(bodies_.at(0)).within, hours(24));
}

TEST_F(CMembers, SeeWhatARequestDid) {
    target_.request_id = {.high = 1, .low = 2};
    suanpan_explained explained;
    EXPECT_EQ(suanpan_explain(client_, &target_, &explained).fate, SUANPAN_DONE);
    EXPECT_EQ(explained.previous_entry, 41U);
    EXPECT_EQ(explained.reference, 42U);
    EXPECT_EQ(explained.local_date_days, 20'000);
    EXPECT_EQ(explained.partner, 7U);
    EXPECT_EQ(explained.principal, 8U);
    EXPECT_EQ(explained.kind, 3);
    EXPECT_EQ(explained.reason, 4);
    EXPECT_EQ(explained.policy_version, 5U);
    EXPECT_EQ(explained.rule_version, 6U);
    EXPECT_EQ(explained.terms_hash[0], 0xab);
    EXPECT_EQ(explained.entry_hash[31], 0xcd);
    ASSERT_EQ(explained.lot_count, 2U);
    const suanpan_lot_movement& lot = explained.lots[0];
    EXPECT_EQ(lot.expires_at_ns, 900);
    EXPECT_EQ(lot.active_from_ns, 100);
    EXPECT_EQ(lot.delta, -30);
    EXPECT_EQ(lot.rule_version, 6U);
    EXPECT_EQ(lot.hold, 2U);
    EXPECT_EQ(lot.restriction, 9);
    EXPECT_EQ(lot.origin, 1);
    EXPECT_EQ(lot.cause, 1);
    EXPECT_EQ(explained.lots[1].expires_at_ns, INT64_MAX);
    ASSERT_EQ(explained.limit_count, 1U);
    EXPECT_EQ(explained.limits[0].id, 11U);
    EXPECT_EQ(explained.limits[0].period_days, 19'999);
    EXPECT_EQ(explained.limits[0].money, 1500);
    EXPECT_EQ(explained.limits[0].points, 150);
    EXPECT_EQ(explained.limits[0].count, 2);
    EXPECT_EQ(explained.limits[0].kind, 5);
    suanpan_free_explained(&explained);
    EXPECT_EQ(explained.lots, nullptr);
    suanpan_free_explained(nullptr);
}

TEST_F(CMembers, HaveProgramsThatAreCreatedAndUpdated) {
    program_.expiry = 2;
    program_.expiry_rounding = 4;
    program_.expiry_count = 24;
    program_.revoke = 1;
    program_.merge_lots = 1;
    program_.refundable_days = 90;
    program_.hold_default_ms = 60'000;
    program_.hold_max_ms = 120'000;
    program_.spend_per_day_max = -1;
    EXPECT_EQ(suanpan_program_create(client_, &target_, &program_).fate, SUANPAN_DONE);
    const auto& created = std::get<PutProgram>(bodies_.at(0));
    EXPECT_TRUE(created.create);
    EXPECT_EQ(created.spec.id, ProgramId{4});
    EXPECT_STREQ(created.spec.name.bytes.data(), "Tea");
    EXPECT_STREQ(created.spec.time_zone.bytes.data(), "Asia/Urumqi");
    EXPECT_EQ(created.spec.expiry, ExpiryPolicy::after_months);
    EXPECT_EQ(created.spec.expiry_rounding, ExpiryRounding::year_end);
    EXPECT_EQ(created.spec.expiry_count, 24U);
    EXPECT_EQ(created.spec.revoke, RevokePolicy::allow_debt);
    EXPECT_TRUE(created.spec.merge_lots);
    EXPECT_EQ(created.spec.refundable_days, 90U);
    EXPECT_EQ(created.spec.hold_default, seconds(60));
    EXPECT_EQ(created.spec.hold_max, seconds(120));
    EXPECT_EQ(created.spec.spend_per_day_max, Points{-1});

    program_.version = 2;
    EXPECT_EQ(suanpan_program_update(client_, &target_, &program_).fate, SUANPAN_DONE);
    const auto& updated = std::get<PutProgram>(bodies_.at(1));
    EXPECT_FALSE(updated.create);
    EXPECT_EQ(updated.spec.version, 2U);
}

TEST_F(CMembers, HaveNoProgramOfANameThatIsTooLong) {
    const std::string name(49, 'n');
    const std::string zone(41, 'z');
    program_.name = name.c_str();
    program_.time_zone = zone.c_str();
    EXPECT_EQ(suanpan_program_create(client_, &target_, &program_).fate, SUANPAN_DONE);
    const auto& created = std::get<PutProgram>(bodies_.at(0));
    EXPECT_STREQ(created.spec.name.bytes.data(), "") << "which the server refuses";
    EXPECT_STREQ(created.spec.time_zone.bytes.data(), "?") << "not the default one";
}

TEST_F(CMembers, AdvanceASandboxsClock) {
    EXPECT_EQ(suanpan_clock_advance(client_, &target_, 3000).fate, SUANPAN_DONE);
    EXPECT_EQ(std::get<AdvanceClock>(bodies_.at(0)).by, seconds(3));
}

}  // namespace
}  // namespace suanpan::client
