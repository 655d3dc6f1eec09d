#include "server/ledger/order_shelf.h"

#include "protocol/base/hash.h"

#include <algorithm>
#include <span>

namespace suanpan::ledger {
namespace {

// So many at once are dropped one by one; more by a walk through all.
constexpr std::ptrdiff_t dropped_singly_max = 16;

std::uint64_t name_key(PartnerId partner, const OrderId& id) {
    return xxh3_64(std::as_bytes(std::span(id.bytes)), static_cast<std::uint32_t>(partner));
}

std::uint64_t end_key(Instant keep_until) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(keep_until.ns, 0));
}

constexpr auto number_of = [](const OrderPtr& order) { return order->number; };

}  // namespace

OrderPtr OrderShelf::find(std::uint32_t number) const {
    const auto at = std::ranges::lower_bound(by_number_, number, {}, number_of);
    return at != by_number_.end() && (*at)->number == number ? *at : nullptr;
}

template <typename Matches>
OrderPtr OrderShelf::find_marked(const Marks& marks, std::uint64_t key, Instant now,
                                 const Matches& matches) const {
    for (auto at = std::ranges::lower_bound(marks, Mark{.key = key, .number = 0});
         at != marks.end() && at->key == key; ++at) {
        OrderPtr order = find(at->number);
        if (matches(*order) && order->is_known(now)) return order;
    }
    return nullptr;
}

OrderPtr OrderShelf::find(PartnerId partner, const OrderId& id, Instant now) const {
    return find_marked(names_, name_key(partner, id), now, [&](const Order& order) {
        return order.terms.partner == partner && order.id == id;
    });
}

OrderPtr OrderShelf::find_quote(std::uint64_t quote, Instant now) const {
    return find_marked(quotes_, quote, now, [](const Order&) { return true; });
}

std::size_t OrderShelf::known(Instant now) const {
    const auto over = std::ranges::upper_bound(ends_, end_key(now), {}, &Mark::key);
    return by_number_.size() - static_cast<std::size_t>(over - ends_.begin());
}

void OrderShelf::mark_end(const Order& order) {
    if (order.state == OrderState::waiting) return;
    const Mark mark{.key = end_key(order.keep_until), .number = order.number};
    ends_.insert(std::ranges::lower_bound(ends_, mark), mark);
}

void OrderShelf::unmark_end(const Order& order) {
    if (order.state == OrderState::waiting) return;
    const Mark mark{.key = end_key(order.keep_until), .number = order.number};
    ends_.erase(std::ranges::lower_bound(ends_, mark));
}

void OrderShelf::mark(const Order& order) {
    const Mark name{.key = name_key(order.terms.partner, order.id), .number = order.number};
    names_.insert(std::ranges::lower_bound(names_, name), name);
    const Mark quote{.key = order.terms.quote, .number = order.number};
    quotes_.insert(std::ranges::lower_bound(quotes_, quote), quote);
}

void OrderShelf::unmark(const Order& order) {
    names_.erase(std::ranges::lower_bound(
        names_, Mark{.key = name_key(order.terms.partner, order.id), .number = order.number}));
    quotes_.erase(
        std::ranges::lower_bound(quotes_, Mark{.key = order.terms.quote, .number = order.number}));
}

void OrderShelf::put(const OrderPtr& order) {
    const auto at = std::ranges::lower_bound(by_number_, order->number, {}, number_of);
    if (at == by_number_.end() || (*at)->number != order->number) {
        by_number_.insert(at, order);
        mark(*order);
    } else {
        const Order& before = **at;
        if (before.last_ordinal > order->last_ordinal) return;  // one entry may put it twice
        unmark_end(before);
        // Never, but in damaged records: an order keeps its name and its quote.
        const bool is_renamed = before.id != order->id ||
                                before.terms.partner != order->terms.partner ||
                                before.terms.quote != order->terms.quote;
        if (is_renamed) unmark(before);
        if (is_renamed) mark(*order);
        *at = order;
    }
    mark_end(*order);
}

void OrderShelf::drop(std::uint32_t number) {
    const auto at = std::ranges::lower_bound(by_number_, number, {}, number_of);
    unmark(**at);
    by_number_.erase(at);
}

void OrderShelf::prune(Instant now) {
    const auto over = std::ranges::upper_bound(ends_, end_key(now), {}, &Mark::key);
    if (over == ends_.begin()) return;
    if (over - ends_.begin() <= dropped_singly_max) {
        std::for_each(ends_.begin(), over, [this](const Mark& mark) { drop(mark.number); });
    } else {
        std::erase_if(by_number_, [now](const OrderPtr& order) { return !order->is_known(now); });
        const auto is_gone = [this](const Mark& mark) { return find(mark.number) == nullptr; };
        std::erase_if(names_, is_gone);
        std::erase_if(quotes_, is_gone);
    }
    ends_.erase(ends_.begin(), over);
}

}  // namespace suanpan::ledger
