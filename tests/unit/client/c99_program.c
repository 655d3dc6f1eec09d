/* Compiled as C99, so that client/suanpan.h stays usable from it. */
#include "client/suanpan.h"

#include <string.h>

int spend_from_c99(uint16_t port, uint32_t partner, const void* key, size_t key_bytes,
                   suanpan_answer* answer) {
    suanpan_options options;
    suanpan_target alice;
    suanpan_client* client;
    char error[128];

    memset(&options, 0, sizeof options);
    options.port = port;
    options.partner = partner;
    options.key = key;
    options.key_bytes = key_bytes;
    client = suanpan_open(&options, error, sizeof error);
    if (client == NULL) return -1;
    if (suanpan_connect(client, error, sizeof error) != 0) {
        suanpan_close(client);
        return -1;
    }
    memset(&alice, 0, sizeof alice);
    alice.member.high = 0xa11ce;
    alice.member.low = 1;
    alice.program = 3;
    *answer = suanpan_spend(client, &alice, 60, 0, 0);
    suanpan_close(client);
    return 0;
}
