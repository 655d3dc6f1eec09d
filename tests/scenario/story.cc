#include "tests/scenario/story.h"

#include <date/tz.h>

#include <charconv>
#include <sstream>
#include <stdexcept>

namespace suanpan::testing {
namespace {

using std::chrono::nanoseconds;

Instant local_instant(int year, unsigned month, unsigned day, std::int64_t seconds_of_day) {
    const date::local_days midnight{date::year{year} / static_cast<int>(month) /
                                    static_cast<int>(day)};
    const auto local = midnight + std::chrono::seconds(seconds_of_day);
    const auto time = date::locate_zone(story_zone)->to_sys(local, date::choose::earliest);
    return {.ns = nanoseconds(time.time_since_epoch()).count()};
}

bool is_date(const std::string& word) {
    return word.size() == 10 && word[4] == '-' && word[7] == '-';
}

int number_at(const std::string& word, std::size_t at, std::size_t length) {
    int value = 0;
    const auto* first = word.data() + at;
    if (std::from_chars(first, first + length, value).ptr != first + length)
        throw std::runtime_error("'" + word + "' is no date or time");
    return value;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream{std::string(text)};
    std::string part;
    while (std::getline(stream, part, separator)) {
        const auto first = part.find_first_not_of(' ');
        if (first == std::string::npos) continue;
        parts.push_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
    }
    return parts;
}

Step parse_step(std::string_view text) {
    const auto arrow = text.find("->");
    if (arrow == std::string_view::npos) throw std::runtime_error("a step without '->'");
    Step step;
    const std::vector<std::string> all = split(text.substr(0, arrow), ' ');
    Words words(all);
    if (!words.take_if("at")) throw std::runtime_error("a step begins with 'at'");
    step.at = words.take_instant();
    while (!words.empty()) step.words.push_back(words.take());
    step.expected = split(text.substr(arrow + 2), ',');
    if (step.words.empty()) throw std::runtime_error("nothing is asked");
    if (step.expected.empty()) throw std::runtime_error("nothing is expected");
    return step;
}

}  // namespace

Instant story_start() {
    return local_instant(2027, 1, 1, 0);
}

const std::string& Words::peek() const {
    if (empty()) throw std::runtime_error("a word is missing at the end");
    return words_[next_];
}

std::string Words::take() {
    std::string word = peek();
    ++next_;
    return word;
}

bool Words::take_if(std::string_view word) {
    if (empty() || words_[next_] != word) return false;
    ++next_;
    return true;
}

std::int64_t Words::take_number() {
    const std::string word = take();
    const char* first = word.data() + (word[0] == '+' ? 1 : 0);
    std::int64_t value = 0;
    if (std::from_chars(first, word.data() + word.size(), value).ptr != word.data() + word.size())
        throw std::runtime_error("'" + word + "' is no number");
    return value;
}

Duration Words::take_duration() {
    const std::string word = take();
    Duration sum;
    for (std::size_t at = 0; at < word.size();) {
        std::int64_t value = 0;
        const auto [end, error] =
            std::from_chars(word.data() + at, word.data() + word.size(), value);
        at = static_cast<std::size_t>(end - word.data());
        if (error != std::errc() || at == word.size())
            throw std::runtime_error("'" + word + "' is no duration");
        switch (word[at++]) {
            case 's':
                sum.ns += seconds(value).ns;
                break;
            case 'm':
                sum.ns += seconds(value * 60).ns;
                break;
            case 'h':
                sum.ns += hours(value).ns;
                break;
            case 'd':
                sum.ns += days(value).ns;
                break;
            default:
                throw std::runtime_error("'" + word + "' is no duration");
        }
    }
    return sum;
}

Instant Words::take_instant() {
    if (!is_date(peek())) return story_start() + take_duration();
    const std::string day = take();
    std::int64_t seconds_of_day = 0;
    if (!empty() && peek().size() >= 5 && peek()[2] == ':') {
        const std::string time = take();
        seconds_of_day = number_at(time, 0, 2) * 3600 + number_at(time, 3, 2) * 60;
        if (time.size() == 8) seconds_of_day += number_at(time, 6, 2);
    }
    return local_instant(number_at(day, 0, 4), static_cast<unsigned>(number_at(day, 5, 2)),
                         static_cast<unsigned>(number_at(day, 8, 2)), seconds_of_day);
}

Story parse_story(const std::string& name, std::string_view text) {
    Story story{.name = name, .steps = {}};
    std::istringstream stream{std::string(text)};
    std::string line;
    for (std::size_t number = 1; std::getline(stream, line); ++number) {
        // A step may go on in the next line.
        for (std::string more; line.ends_with('\\') && std::getline(stream, more); ++number)
            line.replace(line.size() - 1, 1, more);
        const std::string_view content = std::string_view(line).substr(0, line.find('#'));
        if (content.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        try {
            Step step = parse_step(content);
            step.line = number;
            if (!story.steps.empty() && step.at < story.steps.back().at)
                throw std::runtime_error("time goes back");
            story.steps.push_back(std::move(step));
        } catch (const std::runtime_error& error) {
            throw std::runtime_error(name + ".txt:" + std::to_string(number) + ": " + error.what());
        }
    }
    return story;
}

}  // namespace suanpan::testing
