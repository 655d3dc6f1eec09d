#include "client/cli/metrics_page.h"

#include <gmock/gmock.h>

namespace suanpan::cli {
namespace {

constexpr std::string_view earlier_text =
    "# HELP done_total Events.\n"
    "# TYPE done_total counter\n"
    "done_total{kind=\"earn\"} 10\n"
    "done_total{kind=\"spend\"} 20\n"
    "ready 1\n"
    "wait_bucket{stage=\"queue\",le=\"0.001\"} 0\n"
    "wait_bucket{stage=\"queue\",le=\"0.002\"} 0\n"
    "wait_bucket{stage=\"queue\",le=\"+Inf\"} 100\n";
constexpr std::string_view later_text =
    "done_total{kind=\"earn\"} 15\n"
    "done_total{kind=\"spend\"} 40\n"
    "ready 1\n"
    "wait_bucket{stage=\"queue\",le=\"0.001\"} 50\n"
    "wait_bucket{stage=\"queue\",le=\"0.002\"} 100\n"
    "wait_bucket{stage=\"queue\",le=\"+Inf\"} 200\n";

TEST(MetricsPage, ReadsPlainAndLabelledSeries) {
    const MetricsPage page = MetricsPage::parse(earlier_text);
    EXPECT_EQ(page.value("ready"), 1);
    EXPECT_EQ(page.value("done_total{kind=\"spend\"}"), 20);
    EXPECT_EQ(page.sum("done_total"), 30);
    EXPECT_EQ(page.value("nothing"), 0);
    const auto rows = page.labelled("done_total");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].label, "earn");
    EXPECT_EQ(rows[0].value, 10);
}

TEST(MetricsPage, FindsQuantilesOfWhatCameInBetween) {
    const MetricsPage earlier = MetricsPage::parse(earlier_text);
    const MetricsPage later = MetricsPage::parse(later_text);
    const auto at = [&](double fraction) {
        return later.quantile_since(earlier, "wait", "stage=\"queue\"", fraction);
    };
    EXPECT_DOUBLE_EQ(at(0.25), 0.0005);
    EXPECT_DOUBLE_EQ(at(0.5), 0.001);
    EXPECT_DOUBLE_EQ(at(0.75), 0.0015);
    EXPECT_EQ(earlier.quantile_since(earlier, "wait", "stage=\"queue\"", 0.5), 0);
}

TEST(MetricsPage, LeavesOutWhatItCannotRead) {
    EXPECT_EQ(MetricsPage::parse("nonsense\n\n{\n}\n").value("nonsense"), 0);
}

}  // namespace
}  // namespace suanpan::cli
