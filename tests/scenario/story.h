// Story: a text file of tests/scenario, cut into steps.
#pragma once

#include "protocol/base/time.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::testing {

// One line: at a moment, somebody asks for something, and that is what comes out.
struct Step {
    std::size_t line = 0;  // in the file, from 1
    Instant at;
    std::vector<std::string> words;     // what is asked
    std::vector<std::string> expected;  // what comes out, cut at commas
};

struct Story {
    std::string name;  // of the file, without .txt
    std::vector<Step> steps;
};

// Instants as stories write them: `90s`, `1d2h` (after the story's start) or `2027-01-31 10:00`
// (local time in Shanghai). The start is 2027-01-01 00:00.
inline constexpr std::string_view story_zone = "Asia/Shanghai";
[[nodiscard]] Instant story_start();

// Reads words of a step one after the other. Throws std::runtime_error where one is missing or
// unreadable.
class Words {
public:
    explicit Words(const std::vector<std::string>& words) : words_(words) {}
    [[nodiscard]] bool empty() const { return next_ == words_.size(); }
    [[nodiscard]] const std::string& peek() const;
    std::string take();
    // Takes the next word if it is this one.
    bool take_if(std::string_view word);
    std::int64_t take_number();
    Duration take_duration();
    Instant take_instant();

private:
    const std::vector<std::string>& words_;
    std::size_t next_ = 0;
};

// Throws std::runtime_error with the line where the text is no story.
[[nodiscard]] Story parse_story(const std::string& name, std::string_view text);

}  // namespace suanpan::testing
