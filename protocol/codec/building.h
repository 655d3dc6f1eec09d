// What messages that are tables are built with.
#pragma once

#include "protocol/clear_code.h"
#include "protocol/codec/wire.h"

#include <span>
#include <string>
#include <vector>

namespace suanpan::codec {

// For messages that are no batch: one builder per thread, whose memory is used again.
inline flatbuffers::FlatBufferBuilder& builder() {
    thread_local flatbuffers::FlatBufferBuilder one(4096);
    one.Clear();
    return one;
}
// For messages that have codes in them: a builder with room for all of it, so that it leaves no
// memory behind, and wiped.
struct SecretBuilder {
    explicit SecretBuilder(std::size_t bytes) : builder(bytes) {}
    ~SecretBuilder() {
        wipe(std::as_writable_bytes(
            std::span(builder.GetCurrentBufferPointer(), builder.GetSize())));
    }
    SecretBuilder(const SecretBuilder&) = delete;
    SecretBuilder& operator=(const SecretBuilder&) = delete;

    flatbuffers::FlatBufferBuilder builder;
};

template <typename Table>
void append_table(Bytes& out, flatbuffers::FlatBufferBuilder& from,
                  flatbuffers::Offset<Table> root) {
    from.Finish(root);
    const auto* bytes = reinterpret_cast<const std::byte*>(from.GetBufferPointer());
    out.insert(out.end(), bytes, bytes + from.GetSize());
}

template <std::size_t N>
flatbuffers::Offset<flatbuffers::String> text_of(flatbuffers::FlatBufferBuilder& into,
                                                 const ShortText<N>& text) {
    const auto* end = std::ranges::find(text.bytes, '\0');
    return into.CreateString(text.bytes.data(), static_cast<std::size_t>(end - text.bytes.begin()));
}
inline flatbuffers::Offset<flatbuffers::String> text_of(flatbuffers::FlatBufferBuilder& into,
                                                        const std::string& text,
                                                        std::size_t bytes_max) {
    return into.CreateString(text.data(), std::min(text.size(), bytes_max));
}
inline flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> bytes_of(
    flatbuffers::FlatBufferBuilder& into, std::span<const std::byte> bytes) {
    return into.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

template <typename T, typename Plain, typename ToWire>
flatbuffers::Offset<flatbuffers::Vector<const T*>> structs_of(flatbuffers::FlatBufferBuilder& into,
                                                              const std::vector<Plain>& from,
                                                              ToWire&& to_wire) {
    T* at = nullptr;
    const auto vector = into.CreateUninitializedVectorOfStructs(from.size(), &at);
    for (const Plain& one : from) *at++ = to_wire(one);
    return vector;
}

inline flatbuffers::Offset<flatbuffers::String> string_of(flatbuffers::FlatBufferBuilder& into,
                                                          std::span<const std::byte> text) {
    return into.CreateString(reinterpret_cast<const char*>(text.data()), text.size());
}

}  // namespace suanpan::codec
