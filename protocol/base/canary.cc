#include "protocol/base/canary.h"

#ifdef SUANPAN_CANARIES

#include <set>

namespace suanpan {
namespace {

std::vector<Canary*>& registry() {
    static std::vector<Canary*> canaries;
    return canaries;
}

}  // namespace

Canary::Canary(std::string_view name) : name_(name) {
    registry().push_back(this);
}

bool Canary::choose(std::string_view name) {
    bool found = false;
    for (Canary* canary : registry()) {
        canary->is_chosen_ = canary->name_ == name;
        found = found || canary->is_chosen_;
    }
    return found;
}

std::vector<std::string> Canary::names() {
    std::set<std::string> names;
    for (const Canary* canary : registry()) names.emplace(canary->name_);
    return {names.begin(), names.end()};
}

}  // namespace suanpan

#endif
