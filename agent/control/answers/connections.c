/* connections: a page of those of one side, or both. */
#include "agent/control/answers/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum side {
    SIDE_ALL,
    SIDE_CLIENT,
    SIDE_ENDPOINT,
    SIDE_BAD,
};

static enum side parse_side(const char *s)
{
    static const char *const name[] = {"all", "client", "endpoint"};
    for (unsigned i = 0; i < SIDE_BAD; i++)
        if (strcmp(s, name[i]) == 0)
            return (enum side)i;
    return SIDE_BAD;
}

static bool parse_u32(const char *s, uint32_t *out)
{
    char *end;
    if (*s < '0' || *s > '9')
        return false;
    errno = 0;
    unsigned long n = strtoul(s, &end, 10);
    if (*end || errno || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

/* Names are told where the connection is of the newest configuration. */
static json_t *one_conn(const struct workers *ws, unsigned worker, const struct engine_conn_info *c)
{
    uint32_t id;
    const struct config *config = workers_config(ws, &id);
    json_t *cluster = json_null(), *endpoint = json_null();
    if (c->generation == (uint8_t)id && c->cluster < config->ncluster) {
        const struct cfg_cluster *k = &config->cluster[c->cluster];
        cluster = json_string(k->name);
        if (c->endpoint < k->nendpoint) {
            const struct ip_port *at = &k->endpoint[c->endpoint].at;
            endpoint = answer_address(&at->addr, at->port);
        }
    }
    return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:f}", "side",
                     c->client ? "client" : "endpoint", "worker", (int)worker, "state", c->state, "remote",
                     answer_address(&c->key.remote, c->key.remote_port), "local",
                     answer_address(&c->key.local, c->key.local_port), "peer",
                     answer_address(&c->peer_key.remote, c->peer_key.remote_port), "cluster", cluster,
                     "endpoint", endpoint, "bytes_in", (json_int_t)c->bytes_in, "bytes_out",
                     (json_int_t)c->bytes_out, "age_s", (double)c->age_ns / NS_PER_S);
}

static json_t *page(const struct workers *ws, enum side side, uint32_t w, uint32_t slot)
{
    uint64_t now_ns = workers_now_ns();
    unsigned found = 0, looked = 0;
    json_t *list = json_array();
    for (; w < workers_count(ws); w++, slot = 0) {
        const struct engine *e = worker_engine(workers_at(ws, w));
        for (; slot < engine_conn_slots(e); slot++) {
            struct engine_conn_info c;
            if (found == ANSWERS_PAGE || looked++ == ANSWERS_PAGE_SLOTS)
                return json_pack("{s:o, s:[I,I]}", "connections", list, "next", (json_int_t)w,
                                 (json_int_t)slot);
            if (!engine_conn_info(e, slot, now_ns, &c) ||
                (side != SIDE_ALL && c.client != (side == SIDE_CLIENT)))
                continue;
            json_array_append_new(list, one_conn(ws, w, &c));
            found++;
        }
    }
    return json_pack("{s:o}", "connections", list);
}

json_t *answer_connections(const struct answers *a, char *const word[])
{
    enum side side = parse_side(word[1]);
    uint32_t worker, slot;
    if (side == SIDE_BAD || !parse_u32(word[2], &worker) || !parse_u32(word[3], &slot))
        return answer_error("connections: wanted SIDE WORKER SLOT");
    return page(a->workers, side, worker, slot);
}
