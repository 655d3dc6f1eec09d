// The secrets that quote tokens are made with: how a start gets them out of the data directory.
#pragma once

#include "protocol/base/time.h"
#include "server/cards/master_keys.h"
#include "server/shard/quote_seal.h"
#include "storage/data_directory.h"

#include <string>
#include <vector>

namespace suanpan::shard {

// What the operator wants of one start.
struct QuoteSecretsWish {
    // Another secret from now on. The one before it, and those before that, stay good until the
    // last quote made with them has ended, and are then forgotten.
    bool rotate = false;
    // Another secret, and none of those before: open quotes end. For one that has leaked, or that
    // nobody can open any more.
    bool forget = false;
};

struct QuoteSecretsAtStart {
    std::vector<QuoteKey> keys;      // the current one first
    std::vector<std::string> notes;  // sentences for the log
};

// Opens the secrets that the directory keeps, and makes one where there is none.
//
// With master keys the directory keeps none in the clear: each is sealed with AES-256-GCM by the
// current master, together with its number, its end and the directory's uuid, so that neither an
// altered byte nor a longer life nor another directory's secret opens. One that was sealed by an
// earlier master is sealed anew; one that lay in the clear is rotated, since whoever could read it
// could make quotes. Without master keys they lie in the clear, and what is sealed is refused.
//
// What changes is on the disk when this returns. Throws std::runtime_error with one line that says
// what is wrong and what to do, and then nothing has changed. Main thread only.
[[nodiscard]] QuoteSecretsAtStart open_quote_secrets(storage::DataDirectory& directory,
                                                     const cards::MasterKeys* masters, Instant now,
                                                     const QuoteSecretsWish& wish = {});

// Removes those whose last quote has ended from the directory; false where there is none. Throws as
// above. Main thread only.
bool forget_ended_quote_secrets(storage::DataDirectory& directory, Instant now);

}  // namespace suanpan::shard
