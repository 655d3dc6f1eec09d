// The printable name of a voucher: one spelling each, both ways.
#include "protocol/voucher_name.h"

#include <gmock/gmock.h>

namespace suanpan {
namespace {

constexpr VoucherNumber some_voucher{
    .offer = 5, .unit = 0, .ticket = 1234, .home = 0x0f3c'00d1'a2b4'e687};

TEST(VoucherName, IsOfferTicketUnitAndHome) {
    EXPECT_EQ(name_of(some_voucher), "5-1234-0-0f3c00d1a2b4e687");
}

TEST(VoucherName, GivesTheNumberBack) {
    constexpr VoucherNumber largest{
        .offer = UINT32_MAX, .unit = UINT32_MAX, .ticket = UINT64_MAX, .home = UINT64_MAX};
    for (const VoucherNumber& number : {some_voucher, largest, VoucherNumber{}})
        EXPECT_EQ(voucher_named(name_of(number)), number);
    EXPECT_LE(name_of(largest).size(), 59U);
}

TEST(VoucherName, HasOneSpelling) {
    for (const char* text :
         {"", "5", "5-1234-0", "5-1234-0-", "5-1234-0-f3c00d1a2b4e687", "5-1234-0-0F3C00D1A2B4E687",
          "05-1234-0-0f3c00d1a2b4e687", "+5-1234-0-0f3c00d1a2b4e687", "5-1234-0-0f3c00d1a2b4e687 ",
          " 5-1234-0-0f3c00d1a2b4e687", "5--1234-0-0f3c00d1a2b4e687",
          "4294967296-1234-0-0f3c00d1a2b4e687", "5-18446744073709551616-0-0f3c00d1a2b4e687",
          "5-1234-0-0f3c00d1a2b4e6871", "5_1234_0_0f3c00d1a2b4e687"})
        EXPECT_EQ(voucher_named(text), std::nullopt) << text;
}

}  // namespace
}  // namespace suanpan
