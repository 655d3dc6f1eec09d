// The flash sale's own logic: its offers are sound, and its figures say what was counted.
#include "bench/load/flash_sale.h"

#include "server/cards/offer_file.h"

#include <gmock/gmock.h>

namespace suanpan::load {
namespace {

using ::testing::HasSubstr;

TEST(FlashSale, PutsOffersThatTheServerTakes) {
    for (const bool with_codes : {false, true}) {
        const auto parsed = cards::parse_offers(sale_offers(9, 100, 500, with_codes));
        ASSERT_TRUE(parsed.has_value()) << cards::to_text(parsed.error().front());
        ASSERT_EQ(parsed->offers.size(), 100U);
        const cards::Offer& last = parsed->offers.back();
        EXPECT_EQ(static_cast<std::uint32_t>(last.id), 9100U);
        EXPECT_EQ(last.program, ProgramId{9});
        EXPECT_EQ(last.points, Points{1});
        EXPECT_EQ(last.limits.per_order, 999);
    }
}

TEST(FlashSale, ReportsByCode) {
    Histogram latency;
    latency.record(2'000'000, 30);
    SaleReport report;
    report.label = "hot";
    report.elapsed_s = 2;
    report.codes = {{Code::ok, 20}, {Code::sold_out, 10}};
    report.latency = report.latency_ok = latency.snapshot();
    report.double_clicks = 3;
    EXPECT_EQ(report.answers(), 30U);
    const std::string text = print_sale_text(report);
    EXPECT_THAT(text, HasSubstr("10 redemptions/s, 15 answers/s in 2.0 s"));
    EXPECT_THAT(text, HasSubstr("33.3 %  sold_out"));
    EXPECT_THAT(text, HasSubstr("double clicks: 3, with two different answers: 0; unknown: 0"));
    const std::string json = print_sale_json(report);
    EXPECT_THAT(json, HasSubstr("\"ok_per_second\":1E1"));
    EXPECT_THAT(json, HasSubstr("\"codes\":{\"ok\":20,\"sold_out\":10}"));
}

}  // namespace
}  // namespace suanpan::load
