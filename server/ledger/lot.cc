#include "server/ledger/lot.h"

#include "protocol/base/assert.h"
#include "protocol/base/canary.h"
#include "server/ledger/account.h"

#include <algorithm>

namespace suanpan::ledger {
namespace {

// Emptied places before `head` are given back once they are this many and most of the vector.
constexpr std::uint32_t empty_places_max = 32;

bool key_less(const Lot& lot, const LotKey& key) {
    return lot.key < key;
}

}  // namespace

LotTail::LotTail() = default;
LotTail::~LotTail() = default;
LotTail::LotTail(const LotTail& other)
    : lots(other.lots.begin() + other.head, other.lots.end()),
      restricted_count(other.restricted_count),
      sum(other.sum),
      pending_until(other.pending_until),
      rare(other.rare == nullptr ? nullptr : std::make_unique<AccountRare>(*other.rare)) {}

LotBook::LotBook(const LotBook& other)
    : first_(other.first_),
      tail_(other.tail_ == nullptr ? nullptr : std::make_unique<LotTail>(*other.tail_)) {}

LotTail& LotBook::make_tail() {
    if (tail_ == nullptr) tail_ = std::make_unique<LotTail>();
    return *tail_;
}

void LotBook::reserve(std::size_t lots) {
    if (lots > 1) make_tail().lots.reserve(lots);
}

std::span<const Lot> LotBook::all() const {
    if (tail_ != nullptr && !tail_->lots.empty())
        return std::span<const Lot>(tail_->lots).subspan(tail_->head);
    return {&first_, first_.remaining > Points{} ? 1U : 0U};
}

Points LotBook::sum() const {
    if (tail_ != nullptr && !tail_->lots.empty()) return tail_->sum;
    return first_.remaining;
}

Points LotBook::pending(Instant now) const {
    if (tail_ == nullptr || tail_->lots.empty())
        return first_.key.active_from > now ? first_.remaining : Points{};
    Points sum;
    if (tail_->pending_until <= now) return sum;
    for (const Lot& lot : all())
        if (lot.key.active_from > now) sum += lot.remaining;
    return sum;
}

bool LotBook::has_restricted() const {
    if (tail_ != nullptr && !tail_->lots.empty()) return tail_->restricted_count > 0;
    return first_.remaining > Points{} && first_.key.restriction != unrestricted;
}

const Lot* LotBook::find(const LotKey& key) const {
    const std::span<const Lot> lots = all();
    const auto at = std::lower_bound(lots.begin(), lots.end(), key, key_less);
    return at != lots.end() && at->key == key ? &*at : nullptr;
}

const Lot* LotBook::find_same(const LotKey& key, bool merge) const {
    if (!merge) return find(key);
    LotKey oldest = key;
    oldest.sequence = 0;
    oldest.rule_version = 0;
    oldest.restriction = unrestricted;
    oldest.origin = LotOrigin::granted;
    const std::span<const Lot> lots = all();
    const Lot* same = nullptr;
    for (auto at = std::lower_bound(lots.begin(), lots.end(), oldest, key_less); at != lots.end();
         ++at) {
        if (at->key.expires_at != key.expires_at || at->key.active_from != key.active_from) break;
        if (at->key == key) return &*at;
        if (same == nullptr && at->key.merges_with(key)) same = &*at;
    }
    return same;
}

void LotBook::change(const LotKey& key, Points delta) {
    if (tail_ == nullptr || tail_->lots.empty()) {
        if (first_.remaining == Points{}) {
            SUANPAN_ASSERT(delta > Points{});  // INV-5: nothing is taken out of a lot that is gone
            first_ = Lot{.key = key, .remaining = delta};
        } else if (first_.key == key) {
            first_.remaining += delta;
            SUANPAN_ASSERT(first_.remaining >= Points{});  // INV-4
            if (first_.remaining == Points{}) first_ = Lot{};
        } else {
            LotTail& tail = make_tail();
            tail.lots.reserve(2);
            tail.lots.push_back(first_);
            tail.head = 0;
            tail.sum = first_.remaining;
            tail.restricted_count = first_.key.restriction != unrestricted ? 1 : 0;
            tail.pending_until = first_.key.active_from;
            first_ = Lot{};
            insert(key, delta);
        }
        return;
    }
    LotTail& tail = *tail_;
    const auto begin = tail.lots.begin() + tail.head;
    // Draining meets the first lot nearly always, earning the last.
    const auto at =
        begin->key == key ? begin : std::lower_bound(begin, tail.lots.end(), key, key_less);
    if (at == tail.lots.end() || at->key != key) return insert(key, delta);
    at->remaining += delta;
    tail.sum += delta;
    SUANPAN_ASSERT(at->remaining >= Points{});  // INV-4
    if (at->remaining > Points{}) return;
    if (key.restriction != unrestricted) --tail.restricted_count;
    if (at != begin) {
        tail.lots.erase(at);
        return;
    }
    ++tail.head;
    if (tail.head == tail.lots.size()) {
        std::vector<Lot>().swap(tail.lots);
        tail.head = 0;
        tail.pending_until = Instant{};
    } else if (tail.head > empty_places_max && tail.head > tail.lots.size() / 2) {
        tail.lots.erase(tail.lots.begin(), tail.lots.begin() + tail.head);
        tail.head = 0;
    }
}

void LotBook::insert(const LotKey& key, Points amount) {
    SUANPAN_ASSERT(amount > Points{});  // INV-5
    LotTail& tail = *tail_;
    const auto at = std::lower_bound(tail.lots.begin() + tail.head, tail.lots.end(), key, key_less);
    const auto inserted = tail.lots.insert(at, Lot{.key = key, .remaining = amount});
    SUANPAN_ASSERT(inserted->key == key);
    tail.sum += amount;
    if (key.restriction != unrestricted) ++tail.restricted_count;
    tail.pending_until = std::max(tail.pending_until, key.active_from);
}

DrainCursor::DrainCursor(const LotBook& book, Instant sliding_expires_at)
    : sliding_expires_at_(sliding_expires_at) {
    const std::span<const Lot> lots = book.all();
    // Sliding lots stand together at the end, before those that never expire.
    if (lots.empty() || lots.back().key.expires_at < expires_sliding) {
        dated_ = lots;
        return;
    }
    const auto expires_before = [](const Lot& lot, Instant at) { return lot.key.expires_at < at; };
    const auto sliding =
        std::lower_bound(lots.begin(), lots.end(), expires_sliding, expires_before);
    const auto never = std::lower_bound(sliding, lots.end(), instant_never, expires_before);
    dated_ = {lots.begin(), sliding};
    sliding_ = {sliding, never};
    never_ = {never, lots.end()};
}

const Lot* DrainCursor::next() {
    std::span<const Lot>* from = &never_;
    if (!dated_.empty() && !sliding_.empty()) {
        LotKey sliding = sliding_.front().key;
        sliding.expires_at = sliding_expires_at_;
        from = sliding < dated_.front().key ? &sliding_ : &dated_;
    } else if (!dated_.empty()) {
        from = &dated_;
    } else if (!sliding_.empty()) {
        from = &sliding_;
    }
    if (SUANPAN_CANARY(lot_order_swapped) && !never_.empty()) from = &never_;
    if (from->empty()) return nullptr;
    const Lot* lot = &from->front();
    *from = from->subspan(1);
    return lot;
}

}  // namespace suanpan::ledger
