/* Compiled as C99, so that client/suanpan.h stays usable from it. */
#include "client/suanpan.h"

#include <string.h>

static suanpan_client* connected(uint16_t port, uint32_t partner, const void* key,
                                 size_t key_bytes) {
    suanpan_options options;
    suanpan_client* client;
    char error[128];

    memset(&options, 0, sizeof options);
    options.port = port;
    options.partner = partner;
    options.key = key;
    options.key_bytes = key_bytes;
    client = suanpan_open(&options, error, sizeof error);
    if (client != NULL && suanpan_connect(client, error, sizeof error) != 0) {
        suanpan_close(client);
        return NULL;
    }
    return client;
}

static suanpan_target alice(void) {
    suanpan_target target;
    memset(&target, 0, sizeof target);
    target.member.high = 0xa11ce;
    target.member.low = 1;
    target.program = 3;
    return target;
}

int spend_from_c99(uint16_t port, uint32_t partner, const void* key, size_t key_bytes,
                   suanpan_answer* answer) {
    const suanpan_target target = alice();
    suanpan_client* client = connected(port, partner, key, key_bytes);
    if (client == NULL) return -1;
    *answer = suanpan_spend(client, &target, 60, 0, 0);
    suanpan_close(client);
    return 0;
}

/* Choose, confirm, give a line back; then what a customer's service desk looks at. */
int checkout_from_c99(uint16_t port, uint32_t partner, const void* key, size_t key_bytes,
                      suanpan_quoted* quoted, suanpan_ordered* ordered, suanpan_terms_text* terms,
                      char* message, size_t message_bytes) {
    const suanpan_target target = alice();
    const suanpan_asked_line lines[2] = {{7, 1500, 2, 3}, {9, 800, 1, 0}};
    const uint32_t coupon = 5;
    const suanpan_line_refund back = {1, 350};
    const char rules[] = "version = 1";
    suanpan_asked_order asked;
    suanpan_client* client = connected(port, partner, key, key_bytes);
    int failed = 0;

    if (client == NULL) return -1;
    memset(&asked, 0, sizeof asked);
    asked.merchant = 11;
    asked.channel = 12;
    asked.points_wanted = -1;
    asked.currency = "CNY";
    asked.lines = lines;
    asked.line_count = 2;
    asked.coupons = &coupon;
    asked.coupon_count = 1;
    failed |= suanpan_quote(client, &target, &asked, quoted).fate != SUANPAN_DONE;
    failed |= suanpan_settle(client, &target, "A-1", quoted->token, quoted->token_bytes).fate !=
              SUANPAN_DONE;
    failed |=
        suanpan_confirm(client, &target, "A-1", "P-1", quoted->cash, "CNY").fate != SUANPAN_DONE;
    failed |= suanpan_refund_order(client, &target, "A-1", 0, &back, 1, 4, 5).fate != SUANPAN_DONE;
    failed |= suanpan_refund_order(client, &target, "A-1", 99, NULL, 0, 0, 0).fate != SUANPAN_DONE;
    failed |= suanpan_cancel(client, &target, "A-2").fate != SUANPAN_DONE;
    failed |= suanpan_order(client, &target, "A-1", ordered).fate != SUANPAN_DONE;
    failed |= suanpan_terms(client, &target, 6, terms).fate != SUANPAN_DONE;
    failed |=
        suanpan_rules_put(client, &target, rules, sizeof rules - 1, message, message_bytes).fate !=
        SUANPAN_REFUSED;
    suanpan_close(client);
    return failed;
}
