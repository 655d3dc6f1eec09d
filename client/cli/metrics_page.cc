#include "client/cli/metrics_page.h"

#include "client/cli/exit_code.h"

#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <utility>

namespace suanpan::cli {
namespace {

// The double behind `text`; the format allows +Inf and NaN.
double number_of(const std::string& text) {
    return std::strtod(text.c_str(), nullptr);
}

}  // namespace

MetricsPage MetricsPage::fetch(const std::string& host, std::uint16_t port) {
    boost::asio::ip::tcp::iostream stream;
    stream.expires_after(std::chrono::seconds(5));
    stream.connect(host, std::to_string(port));
    stream << "GET /metrics HTTP/1.1\r\nHost: " << host << "\r\nConnection: close\r\n\r\n"
           << std::flush;
    std::ostringstream whole;
    whole << stream.rdbuf();
    const std::string page = whole.str();
    const std::size_t body = page.find("\r\n\r\n");
    if (body == std::string::npos || page.find(" 200 ") > page.find("\r\n"))
        throw ConnectFailure(fmt::format("no metrics at http://{}:{}/metrics", host, port));
    return parse(std::string_view(page).substr(body + 4));
}

MetricsPage MetricsPage::parse(std::string_view text) {
    MetricsPage page;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#') continue;
        const std::size_t brace = line.find('}');
        const std::size_t space = line.find(' ', brace == std::string_view::npos ? 0 : brace);
        if (space == std::string_view::npos) continue;
        page.values_[std::string(line.substr(0, space))] =
            number_of(std::string(line.substr(space + 1)));
    }
    return page;
}

double MetricsPage::value(const std::string& series) const {
    const auto found = values_.find(series);
    return found == values_.end() ? 0 : found->second;
}

std::vector<MetricsPage::Labelled> MetricsPage::labelled(std::string_view name) const {
    std::vector<Labelled> rows;
    const std::string prefix = std::string(name) + "{";
    for (auto at = values_.lower_bound(prefix); at != values_.end(); ++at) {
        if (!at->first.starts_with(prefix)) break;
        const std::size_t begin = at->first.find('"') + 1;
        rows.push_back({at->first.substr(begin, at->first.find('"', begin) - begin), at->second});
    }
    return rows;
}

double MetricsPage::sum(std::string_view name) const {
    const auto single = values_.find(name);
    double total = single == values_.end() ? 0 : single->second;
    for (const Labelled& row : labelled(name)) total += row.value;
    return total;
}

double MetricsPage::quantile_since(const MetricsPage& earlier, const std::string& name,
                                   const std::string& labels, double fraction) const {
    const std::string prefix = name + "_bucket{" + labels;
    std::map<double, double> counts;  // cumulative, by upper bound
    for (auto at = values_.lower_bound(prefix); at != values_.end(); ++at) {
        if (!at->first.starts_with(prefix)) break;
        const std::size_t begin = at->first.find("le=\"");
        if (begin == std::string::npos) continue;
        const std::size_t end = at->first.find('"', begin + 4);
        const double bound = number_of(at->first.substr(begin + 4, end - begin - 4));
        counts[bound] = at->second - earlier.value(at->first);
    }
    if (counts.empty() || counts.rbegin()->second <= 0) return 0;
    const double wanted = fraction * counts.rbegin()->second;
    double below_bound = 0;
    double below_count = 0;
    for (const auto& [bound, count] : counts) {
        if (count >= wanted && count > below_count) {
            if (std::isinf(bound)) return below_bound;
            return below_bound +
                   (bound - below_bound) * (wanted - below_count) / (count - below_count);
        }
        below_bound = std::isinf(bound) ? below_bound : bound;
        below_count = count;
    }
    return below_bound;
}

}  // namespace suanpan::cli
