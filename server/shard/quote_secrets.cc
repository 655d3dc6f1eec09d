#include "server/shard/quote_secrets.h"

#include "protocol/base/assert.h"
#include "protocol/limits.h"
#include "server/cards/aead.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace suanpan::shard {
namespace {

using storage::DataDirectory;
using storage::KeptSecret;

constexpr std::size_t sealed_bytes = sizeof(Sha256) + cards::aead_overhead_bytes;
static_assert(sealed_bytes <= DataDirectory::quote_secret_bytes_max);
constexpr std::string_view give_up =
    "or, giving up the quotes that are open, start once with --forget-quote-secrets";

// What is authenticated with a sealed secret.
struct Context {
    std::array<char, 16> label;
    storage::Uuid uuid;
    std::int64_t ends_ns;
    std::uint32_t number;
    std::uint32_t master;
};
static_assert(sizeof(Context) == 48);
static_assert(std::has_unique_object_representations_v<Context>);

Context context_of(const DataDirectory& directory, const KeptSecret& kept) {
    constexpr std::string_view label = "suanpan quotes 1";
    Context context{.label = {},
                    .uuid = directory.uuid(),
                    .ends_ns = kept.ends.ns,
                    .number = kept.number,
                    .master = kept.sealed_by};
    static_assert(label.size() == sizeof context.label);
    std::ranges::copy(label, context.label.begin());
    return context;
}

// As the directory is to keep it. `masters` null: in the clear.
KeptSecret kept_of(const DataDirectory& directory, const cards::MasterKeys* masters,
                   const QuoteKey& key) {
    KeptSecret kept{.number = key.number,
                    .sealed_by = masters == nullptr ? 0 : masters->current().number,
                    .ends = key.ends == no_end ? Instant{} : key.ends,
                    .bytes = {key.secret.begin(), key.secret.end()}};
    if (masters == nullptr) return kept;
    kept.bytes.resize(sealed_bytes);
    const Context context = context_of(directory, kept);
    cards::Aead(masters->current().secret.bytes())
        .seal(key.secret, std::as_bytes(std::span(&context, 1)), kept.bytes);
    return kept;
}

QuoteKey key_of(const DataDirectory& directory, const cards::MasterKeys* masters,
                const KeptSecret& kept) {
    QuoteKey key{
        .number = kept.number, .secret = {}, .ends = kept.ends == Instant{} ? no_end : kept.ends};
    if (kept.sealed_by == 0) {
        SUANPAN_ASSERT(kept.bytes.size() == key.secret.size());  // the directory has seen to it
        std::ranges::copy(kept.bytes, key.secret.begin());
        return key;
    }
    if (masters == nullptr)
        throw std::runtime_error(fmt::format(
            "the quote secret is sealed under master key {}; start with --master-keys-file FILE, "
            "{}",
            kept.sealed_by, give_up));
    const cards::MasterKeys::Key* master = masters->find(kept.sealed_by);
    if (master == nullptr)
        throw std::runtime_error(
            fmt::format("the quote secret is sealed under master key {}, which the master keys "
                        "file does not have; put its line back, {}",
                        kept.sealed_by, give_up));
    const Context context = context_of(directory, kept);
    if (kept.bytes.size() != sealed_bytes ||
        !cards::Aead(master->secret.bytes())
             .open(kept.bytes, std::as_bytes(std::span(&context, 1)), key.secret))
        throw std::runtime_error(fmt::format(
            "the quote secret does not open under master key {}: the file has another key under "
            "this number, or SUANPAN was altered; put the right one back, {}",
            kept.sealed_by, give_up));
    return key;
}

QuoteKey new_key(std::uint32_t number) {
    QuoteKey key{.number = number, .secret = {}, .ends = no_end};
    fill_random(key.secret);
    return key;
}

bool has_ended(const KeptSecret& kept, Instant now) {
    return kept.ends != Instant{} && kept.ends <= now;
}

}  // namespace

QuoteSecretsAtStart open_quote_secrets(DataDirectory& directory, const cards::MasterKeys* masters,
                                       Instant now, const QuoteSecretsWish& wish) {
    const std::vector<KeptSecret>& before = directory.quote_secrets();
    QuoteSecretsAtStart result;
    bool was_clear = false;
    for (const KeptSecret& kept : before) {
        if (wish.forget || has_ended(kept, now)) continue;
        result.keys.push_back(key_of(directory, masters, kept));
        was_clear = was_clear || kept.sealed_by == 0;
    }
    const bool seals_first = masters != nullptr && was_clear;
    if (result.keys.empty() || wish.rotate || seals_first) {
        if (result.keys.size() == DataDirectory::quote_secrets_max)
            throw std::runtime_error(
                fmt::format("the quote secret was rotated {} times within a quote's life; start "
                            "without --rotate-quote-secret, {}",
                            result.keys.size() - 1, give_up));
        // No token made with it until now holds any longer.
        if (!result.keys.empty()) result.keys.front().ends = now + limits::quote_life_max;
        const std::uint32_t number = before.empty() ? 0 : before.front().number;
        if (number == UINT32_MAX)
            throw std::runtime_error("SUANPAN: quote secrets have no number left; restore it");
        result.keys.insert(result.keys.begin(), new_key(number + 1));
        if (wish.forget && !before.empty())
            result.notes.emplace_back("the quote secrets were forgotten: open quotes have ended");
        else if (result.keys.size() > 1)
            result.notes.push_back(
                seals_first ? "the quote secret lay in the clear; there is another one now, and "
                              "both are sealed"
                            : "the quote secret was rotated; quotes made before stay good");
    }
    const bool is_same =
        std::ranges::equal(before, result.keys, [&](const KeptSecret& kept, const QuoteKey& key) {
            return kept.number == key.number &&
                   kept.ends == (key.ends == no_end ? Instant{} : key.ends) &&
                   kept.sealed_by == (masters == nullptr ? 0 : masters->current().number);
        });
    if (is_same) return result;
    std::vector<KeptSecret> kept;
    kept.reserve(result.keys.size());
    for (const QuoteKey& key : result.keys) kept.push_back(kept_of(directory, masters, key));
    directory.keep_quote_secrets(std::move(kept));
    return result;
}

bool forget_ended_quote_secrets(DataDirectory& directory, Instant now) {
    std::vector<KeptSecret> kept = directory.quote_secrets();
    if (std::erase_if(kept, [&](const KeptSecret& each) { return has_ended(each, now); }) == 0)
        return false;
    directory.keep_quote_secrets(std::move(kept));
    return true;
}

}  // namespace suanpan::shard
