/* A first spend in C: 100 points earned, 60 spent, the balance printed.
 *
 *   first_spend_c <port> <partner> <key in hex> <program>
 */
#include "client/suanpan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t bytes_of(const char* hex, unsigned char* bytes, size_t bytes_max) {
    size_t count = 0;
    unsigned value = 0;
    for (; count < bytes_max && sscanf(hex + 2 * count, "%2x", &value) == 1; ++count)
        bytes[count] = (unsigned char)value;
    return count;
}

static void insist(suanpan_answer answer, const char* what) {
    if (answer.fate == SUANPAN_DONE) return;
    fprintf(stderr, "%s: %s\n", what, suanpan_code_text(answer.code));
    exit(1);
}

int main(int argc, char** argv) {
    char error[256];
    unsigned char key[256];
    suanpan_options options;
    suanpan_target alice;
    suanpan_answer spent;
    suanpan_client* client;

    if (argc != 5) {
        fprintf(stderr, "usage: first_spend_c <port> <partner> <key in hex> <program>\n");
        return 2;
    }
    memset(&options, 0, sizeof options);
    options.port = (uint16_t)atoi(argv[1]);
    options.partner = (uint32_t)atoi(argv[2]);
    options.key = key;
    options.key_bytes = bytes_of(argv[3], key, sizeof key);
    client = suanpan_open(&options, error, sizeof error);
    if (client == NULL || suanpan_connect(client, error, sizeof error) != 0) {
        fprintf(stderr, "%s\n", error);
        suanpan_close(client);
        return 1;
    }
    memset(&alice, 0, sizeof alice);
    alice.member.high = 0xa11ce;
    alice.member.low = 2;
    alice.program = (uint32_t)atoi(argv[4]);

    insist(suanpan_earn(client, &alice, 100, 0), "earn");
    spent = suanpan_spend(client, &alice, 60, 0, 0);
    if (spent.fate == SUANPAN_UNKNOWN) spent = suanpan_resolve(client, &alice, &spent);
    insist(spent, "spend");
    printf("spent %lld points as entry %llu; %lld are left\n", (long long)spent.amount,
           (unsigned long long)spent.entry_id, (long long)spent.available);
    suanpan_close(client);
    return 0;
}
