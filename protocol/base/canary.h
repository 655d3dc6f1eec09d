// SUANPAN_CANARY(name): a bug, planted where a real one could be, to prove that the tests find such
// bugs.
//
// In ordinary builds it is `false` and nothing. A build with SUANPAN_CANARIES contains all of them
// and is for suanpan-sim --canary=NAME only.
#pragma once

#ifdef SUANPAN_CANARIES

#include <string>
#include <string_view>
#include <vector>

namespace suanpan {

// One place that asks. Registers itself when the program starts, so that all can be listed.
class Canary {
public:
    explicit Canary(std::string_view name);
    [[nodiscard]] bool is_chosen() const { return is_chosen_; }
    [[nodiscard]] std::string_view name() const { return name_; }

    // The one bug that this process is to have. Before anything runs; false: there is no such name.
    static bool choose(std::string_view name);
    // The names of all, sorted.
    [[nodiscard]] static std::vector<std::string> names();

private:
    std::string_view name_;
    bool is_chosen_ = false;
};

template <typename Tag>
inline Canary canary_of{Tag::name()};

}  // namespace suanpan

#define SUANPAN_CANARY(name_word)                           \
    ([]() -> bool {                                         \
        struct CanaryTag {                                  \
            static const char* name() {                     \
                return #name_word;                          \
            }                                               \
        };                                                  \
        return ::suanpan::canary_of<CanaryTag>.is_chosen(); \
    }())

#else
#define SUANPAN_CANARY(name_word) false
#endif
