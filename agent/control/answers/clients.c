/* clients: the addresses with the most connections, by worker. */
#include "agent/control/answers/answer.h"

#include <string.h>

struct top_client {
    struct engine_client_info info;
    unsigned worker;
};

/* Those with the most connections, then the most kept bytes, first. */
static bool is_more(const struct engine_client_info *a, const struct engine_client_info *b)
{
    return a->conns != b->conns ? a->conns > b->conns : a->kept > b->kept;
}

static void note_client(struct top_client top[ANSWERS_CLIENTS], unsigned *n, const struct top_client *c)
{
    unsigned at = *n;
    while (at > 0 && is_more(&c->info, &top[at - 1].info))
        at--;
    if (at == ANSWERS_CLIENTS)
        return;
    *n += *n < ANSWERS_CLIENTS;
    memmove(&top[at + 1], &top[at], (*n - at - 1) * sizeof *top);
    top[at] = *c;
}

json_t *answer_clients(const struct answers *a)
{
    const struct workers *ws = a->workers;
    struct top_client top[ANSWERS_CLIENTS];
    unsigned n = 0;
    json_t *list = json_array();
    for (unsigned w = 0; w < workers_count(ws); w++) {
        const struct engine *e = worker_engine(workers_at(ws, w));
        struct top_client c = {.worker = w};
        for (uint32_t i = 0; i < engine_client_slots(e); i++)
            if (engine_client_info(e, i, &c.info))
                note_client(top, &n, &c);
    }
    for (unsigned i = 0; i < n; i++) {
        char ip[IP_STRLEN];
        const struct engine_client_info *c = &top[i].info;
        json_array_append_new(
            list,
            json_pack("{s:o, s:I, s:I, s:i}", "address",
                      json_sprintf(ip_is_v4(&c->addr) ? "%s" : "%s/64", ip_str(&c->addr, ip)), "connections",
                      (json_int_t)c->conns, "kept_bytes", (json_int_t)c->kept, "worker", (int)top[i].worker));
    }
    return json_pack("{s:o}", "clients", list);
}
