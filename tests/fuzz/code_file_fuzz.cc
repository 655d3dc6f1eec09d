// Files of codes: whatever the bytes are and wherever they are cut, the reader says the same, gives
// each line at most once and in order, and takes only codes in their normal form.
//
// Input: one byte that chooses the form of the codes, one that says where to cut, then the file.
#include "protocol/base/assert.h"
#include "server/cards/code_file.h"
#include "tests/fuzz/input.h"

#include <string>
#include <vector>

namespace suanpan::fuzz {
namespace {

using namespace cards;

// What a file came to, as plain values that can be compared.
class Notes final : public CodeFileSink {
public:
    explicit Notes(CodeForm form) : form_(form) {}

    void take(CodeLine&& line) override {
        next_line(line.line);
        SUANPAN_ASSERT(line.code.size() >= limits::card_code_bytes_min);
        SUANPAN_ASSERT(line.code.size() <= limits::card_code_bytes_max);
        const auto again = normalise_code(line.code.view(), form_);
        SUANPAN_ASSERT(again.has_value());
        SUANPAN_ASSERT(again->view() == line.code.view());
        SUANPAN_ASSERT(!line.expires_at || !line.last_day);
        if (line.expires_at) SUANPAN_ASSERT(*line.expires_at <= instant_max);
        text += std::to_string(line.line) + ' ' + std::string(line.code.view()) + ' ' +
                std::to_string(line.expires_at ? line.expires_at->ns : -1) + ' ' +
                std::to_string(line.last_day ? line.last_day->days : -1) + '\n';
    }
    void refuse(std::uint64_t line, LineFault fault) override {
        next_line(line);
        SUANPAN_ASSERT(!text_of(fault).empty());
        text += std::to_string(line) + " fault " + std::to_string(static_cast<int>(fault)) + '\n';
    }
    std::string text;

private:
    void next_line(std::uint64_t line) {
        SUANPAN_ASSERT(line > last_);
        last_ = line;
    }
    CodeForm form_;
    std::uint64_t last_ = 0;
};

std::string read(std::span<const std::byte> bytes, CodeForm form, std::size_t piece) {
    Notes notes(form);
    CodeFileReader reader(form, notes);
    while (!bytes.empty()) {
        const std::vector<std::byte> front = copy_of(bytes.first(std::min(piece, bytes.size())));
        reader.feed(front);
        bytes = bytes.subspan(front.size());
    }
    reader.finish();
    return notes.text;
}

}  // namespace
}  // namespace suanpan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace suanpan;
    fuzz::Input input(data, size);
    const auto form = static_cast<cards::CodeForm>(input.take<std::uint8_t>() % 2);
    const std::size_t piece = 1 + input.take<std::uint8_t>();
    const auto file = input.take_rest();
    SUANPAN_ASSERT(fuzz::read(file, form, SIZE_MAX) == fuzz::read(file, form, piece));
    return 0;
}
