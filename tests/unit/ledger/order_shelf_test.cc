#include "server/ledger/order_shelf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>

namespace suanpan::ledger {
namespace {

OrderId name_of(std::int64_t name) {
    OrderId id;
    id.bytes[0] = static_cast<char>('A' + name % 26);
    id.bytes[1] = static_cast<char>('A' + name / 26);
    return id;
}

// The same, by walks through a map.
struct PlainShelf {
    std::map<std::uint32_t, OrderPtr> orders;

    void put(const OrderPtr& order) {
        OrderPtr& at = orders[order->number];
        if (at == nullptr || at->last_ordinal <= order->last_ordinal) at = order;
    }
    void prune(Instant now) {
        std::erase_if(orders, [now](const auto& at) { return !at.second->is_known(now); });
    }
    template <typename Matches>
    OrderPtr find(Instant now, const Matches& matches) const {
        for (const auto& [number, order] : orders)
            if (order->is_known(now) && matches(*order)) return order;
        return nullptr;
    }
};

// Each settle used to walk through all orders of its account three times.
TEST(OrderShelf, FindsCountsAndForgetsAsAWalkThroughAllOrdersDoes) {
    std::mt19937 random(20270202);
    const auto draw = [&](std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random);
    };
    for (int round = 0; round < 60; ++round) {
        OrderShelf shelf;
        PlainShelf plain;
        Instant now{0};
        std::uint32_t ordinal = 0;
        for (int step = 0; step < 150; ++step) {
            const std::int64_t what = draw(0, 9);
            if (what < 8) {
                Order order;
                order.number = ++ordinal;
                order.id = name_of(draw(0, 100));
                order.terms.partner = PartnerId{static_cast<std::uint32_t>(draw(1, 2))};
                order.terms.quote = ordinal;
                if (what < 3 && !plain.orders.empty()) {  // a later, or an older, form of an order
                    auto at = plain.orders.begin();
                    std::advance(at, draw(0, static_cast<std::int64_t>(plain.orders.size()) - 1));
                    order = *at->second;
                    if (draw(0, 9) == 0) order.id = name_of(draw(0, 100));  // a damaged record's
                }
                order.last_ordinal = ordinal - static_cast<std::uint32_t>(draw(0, 1));
                order.state = draw(0, 1) == 0 ? OrderState::waiting : OrderState::confirmed;
                order.keep_until = now + seconds(draw(0, 90));
                const auto put = std::make_shared<const Order>(std::move(order));
                shelf.put(put);
                plain.put(put);
            }
            now = now + seconds(draw(0, 3) == 0 ? draw(0, 40) : 0);
            if (what == 9) {
                shelf.prune(now);
                plain.prune(now);
            }
            ASSERT_EQ(shelf.size(), plain.orders.size());
            ASSERT_TRUE(std::ranges::equal(shelf, plain.orders, {}, {},
                                           &std::pair<const std::uint32_t, OrderPtr>::second));
            ASSERT_EQ(shelf.known(now),
                      static_cast<std::size_t>(std::ranges::count_if(
                          shelf, [now](const OrderPtr& order) { return order->is_known(now); })));
            const OrderId id = name_of(draw(0, 100));
            const PartnerId partner{static_cast<std::uint32_t>(draw(1, 2))};
            const auto is_named = [&](const Order& order) {
                return order.id == id && order.terms.partner == partner;
            };
            // Of several of one name, which only a damaged account has, any will do.
            const OrderPtr named = shelf.find(partner, id, now);
            ASSERT_EQ(named == nullptr, plain.find(now, is_named) == nullptr);
            if (named != nullptr) {
                ASSERT_TRUE(is_named(*named));
            }
            const auto quote = static_cast<std::uint64_t>(draw(1, 150));
            ASSERT_EQ(shelf.find_quote(quote, now), plain.find(now, [quote](const Order& order) {
                return order.terms.quote == quote;
            }));
            const auto number = static_cast<std::uint32_t>(draw(1, 150));
            const auto at = plain.orders.find(number);
            ASSERT_EQ(shelf.find(number), at == plain.orders.end() ? nullptr : at->second);
        }
    }
}

}  // namespace
}  // namespace suanpan::ledger
