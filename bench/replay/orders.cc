#include "bench/replay/orders.h"

#include <charconv>
#include <fstream>
#include <map>
#include <random>
#include <stdexcept>
#include <string_view>

namespace suanpan::replay {
namespace {

constexpr std::string_view heading =
    "timestamp,member,store,order,product,department,quantity,paid_cents,retail_discount_cents,"
    "coupon_discount_cents";
constexpr std::size_t member_column = 1;
constexpr std::size_t order_column = 3;
constexpr std::size_t paid_column = 7;

// The column of a line, or an empty text. No field of this file is quoted.
std::string_view column(std::string_view line, std::size_t index) {
    for (; index > 0; --index) {
        const std::size_t comma = line.find(',');
        if (comma == std::string_view::npos) return {};
        line.remove_prefix(comma + 1);
    }
    return line.substr(0, line.find(','));
}

// The next line, without its end, which is CR LF in this file.
bool read_line(std::ifstream& file, std::string& line) {
    if (!std::getline(file, line)) return false;
    if (line.ends_with('\r')) line.pop_back();
    return true;
}

template <typename Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Orders read_purchases(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!read_line(file, line)) throw std::runtime_error(path + " cannot be read");
    if (line != heading) throw std::runtime_error(path + ": its first line is not the heading");
    Orders read;
    // By its text: one of the orders is called 4.0128e+10.
    std::map<std::string, std::size_t, std::less<>> place_of_order;
    while (read_line(file, line)) {
        ++read.lines;
        Order order;
        const std::string_view name = column(line, order_column);
        if (!read_number(column(line, member_column), order.member) || name.empty() ||
            !read_number(column(line, paid_column), order.paid_cents) || order.paid_cents < 0) {
            ++read.lines_skipped;
            continue;
        }
        const auto [at, is_new] = place_of_order.try_emplace(std::string(name), read.orders.size());
        if (is_new)
            read.orders.push_back(order);
        else
            read.orders[at->second].paid_cents += order.paid_cents;
    }
    return read;
}

Orders make_up(std::uint64_t count) {
    constexpr std::uint64_t members = 2377;
    std::mt19937_64 random(20170101);
    std::lognormal_distribution<double> cents(6.2, 0.9);
    Orders made;
    for (std::uint64_t i = 0; i < count; ++i)
        made.orders.push_back({.member = 1 + random() % members,
                               .paid_cents = static_cast<std::int64_t>(cents(random))});
    made.lines = count;
    return made;
}

}  // namespace suanpan::replay
