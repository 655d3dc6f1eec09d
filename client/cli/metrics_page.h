// The server's metrics page: fetched over HTTP, read, and compared with an earlier one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::cli {

// One reading of /metrics: a value for every series, by its full name with labels.
class MetricsPage {
public:
    // Throws ConnectFailure.
    [[nodiscard]] static MetricsPage fetch(const std::string& host, std::uint16_t port);
    // Reads Prometheus' text format; lines that are none of it are left out.
    [[nodiscard]] static MetricsPage parse(std::string_view text);

    // 0 where there is no such series.
    [[nodiscard]] double value(const std::string& series) const;
    // The sum of all series of a name, whatever their labels.
    [[nodiscard]] double sum(std::string_view name) const;
    // Label values of a series with one label, with the series' value.
    struct Labelled {
        std::string label;
        double value;
    };
    [[nodiscard]] std::vector<Labelled> labelled(std::string_view name) const;

    // The quantile of a histogram's values since `earlier`, by straight lines between its bounds.
    // `labels` are those besides `le`, as in stage="reply"; 0 where nothing came in between.
    [[nodiscard]] double quantile_since(const MetricsPage& earlier, const std::string& name,
                                        const std::string& labels, double fraction) const;

private:
    std::map<std::string, double, std::less<>> values_;
};

}  // namespace suanpan::cli
