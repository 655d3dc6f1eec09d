// A command's payload that is wiped when nobody needs it any more: a piece of a file of codes.
#pragma once

#include "protocol/clear_code.h"
#include "protocol/order.h"

#include <memory>
#include <utility>

namespace suanpan {

// Whoever lets go of it last wipes its text; any thread. Its text must not be grown, since the
// memory that it leaves behind then is not wiped.
[[nodiscard]] inline std::shared_ptr<CommandPayload> make_secret_payload(
    CommandPayload&& content = {}) {
    return {new CommandPayload(std::move(content)), [](CommandPayload* payload) {
                wipe(payload->text);
                delete payload;
            }};
}

}  // namespace suanpan
