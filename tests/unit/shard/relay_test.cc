#include "server/shard/relay.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace suanpan::shard {
namespace {

// Numbers from 0; `bad` and those above it throw when they are fetched.
struct Numbers {
    struct Piece {
        std::uint64_t number = 0;
        std::uint64_t square = 0;
    };
    explicit Numbers(std::uint64_t count_, std::uint64_t bad_ = UINT64_MAX)
        : count(count_), bad(bad_) {}

    bool claim(Piece& piece) {
        if (next == count) return false;
        piece.number = next++;
        return true;
    }
    void fetch(Piece& piece) {
        fetched.fetch_add(1, std::memory_order_relaxed);
        if (piece.number >= bad) throw std::runtime_error(std::to_string(piece.number));
        piece.square = piece.number * piece.number;
    }

    const std::uint64_t count;
    const std::uint64_t bad;
    std::uint64_t next = 0;
    std::atomic<std::uint64_t> fetched{0};
};

class RelayTest : public testing::TestWithParam<std::pair<int, int>> {
protected:
    [[nodiscard]] std::uint16_t shards() const {
        return static_cast<std::uint16_t>(GetParam().first);
    }
    [[nodiscard]] std::uint16_t threads() const {
        return static_cast<std::uint16_t>(GetParam().second);
    }
};

TEST_P(RelayTest, GivesEveryPieceToEveryShardInOrder) {
    Numbers numbers(5000);
    std::vector<std::vector<std::uint64_t>> taken(shards());
    Relay<Numbers>(numbers, shards(), threads(), 8)
        .run([&](std::uint16_t shard, const Numbers::Piece& piece) {
            taken[shard].push_back(piece.square);
        });
    for (const auto& squares : taken) {
        ASSERT_EQ(squares.size(), 5000U);
        for (std::uint64_t i = 0; i < 5000; ++i) ASSERT_EQ(squares[i], i * i);
    }
    EXPECT_EQ(numbers.fetched, 5000U) << "each piece is read and checked once";
}

TEST_P(RelayTest, ThrowsWhatTheFirstBadPieceThrew) {
    for (int round = 0; round < 20; ++round) {
        Numbers numbers(1000, 321);
        std::vector<std::uint64_t> taken(shards());
        try {
            Relay<Numbers>(numbers, shards(), threads(), 8)
                .run([&](std::uint16_t shard, const Numbers::Piece&) { ++taken[shard]; });
            FAIL() << "nothing was thrown";
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "321");
        }
        for (const std::uint64_t count : taken) EXPECT_EQ(count, 321U) << "what came before it";
    }
}

TEST_P(RelayTest, EndsWhenAShardCannotTakeAPiece) {
    Numbers numbers(1000);
    EXPECT_THROW(Relay<Numbers>(numbers, shards(), threads(), 8)
                     .run([&](std::uint16_t shard, const Numbers::Piece& piece) {
                         if (piece.number == 77 && shard + 1 == shards())
                             throw std::runtime_error("no");
                     }),
                 std::runtime_error);
    EXPECT_LT(numbers.next, 1000U);
}

TEST_P(RelayTest, HasNothingToDoWithoutPieces) {
    Numbers numbers(0);
    Relay<Numbers>(numbers, shards(), threads(), 8).run([&](std::uint16_t, const Numbers::Piece&) {
        FAIL();
    });
    EXPECT_EQ(numbers.fetched, 0U);
}

INSTANTIATE_TEST_SUITE_P(ShardsAndThreads, RelayTest,
                         testing::Values(std::pair(1, 0), std::pair(3, 0), std::pair(1, 1),
                                         std::pair(1, 3), std::pair(2, 2), std::pair(4, 6)));

}  // namespace
}  // namespace suanpan::shard
