/* What control threads see of an engine; see engine.h. */
#include "agent/worker/engine_own.h"

#include "agent/exchange/explain.h"
#include "agent/splice/clients.h"

const struct counters *engine_counters(const struct engine *e)
{
    return &e->cnt;
}

uint32_t engine_conn_slots(const struct engine *e)
{
    return ct_capacity(splice_table(e->splice));
}

static const char *state_name(const struct conn_pub *p)
{
    static const char *const names[TCP_STATES] = {
        [TCP_DEAD] = "dead",
        [TCP_SYN_SENT] = "connecting",
        [TCP_OPEN] = "open",
        [TCP_FIN_WAIT_1] = "fin-wait-1",
        [TCP_FIN_WAIT_2] = "fin-wait-2",
        [TCP_CLOSE_WAIT] = "close-wait",
        [TCP_CLOSING] = "closing",
        [TCP_LAST_ACK] = "last-ack",
        [TCP_TIME_WAIT] = "time-wait",
    };
    if (p->idle)
        return "idle";
    return p->state < TCP_STATES ? names[p->state] : "unknown";
}

bool engine_conn_info(const struct engine *e, uint32_t i, uint64_t now_ns, struct engine_conn_info *info)
{
    const struct conntable *t = splice_table(e->splice);
    struct conn_pub p, q;
    struct conn_cold cold;
    memset(info, 0, sizeof *info);
    if (!ct_peek(t, i, &info->key, &p, sizeof p, &cold) || p.state == TCP_DEAD)
        return false;
    info->client = p.side == SIDE_CLIENT;
    info->state = state_name(&p);
    info->cluster = cold.cluster;
    info->endpoint = cold.endpoint;
    info->generation = p.generation;
    info->bytes_in = p.bytes_in;
    info->bytes_out = p.bytes_out;
    info->age_ns = now_ns > cold.opened_s * SEC_NS ? now_ns - cold.opened_s * SEC_NS : 0;
    /* A slot that says it is this one's peer, too: it may have gone to another conn meanwhile. */
    if (p.peer && (!ct_peek(t, (uint32_t)((int64_t)i + p.peer), &info->peer_key, &q, sizeof q, NULL) ||
                   q.peer != -p.peer))
        memset(&info->peer_key, 0, sizeof info->peer_key);
    return true;
}

uint32_t engine_client_slots(const struct engine *e)
{
    return clients_slots(splice_clients(e->splice));
}

bool engine_client_info(const struct engine *e, uint32_t i, struct engine_client_info *info)
{
    struct client_info c;
    if (!clients_peek(splice_clients(e->splice), i, &c))
        return false;
    *info = (struct engine_client_info){c.addr, c.conns, c.bytes};
    return true;
}

void engine_memory(const struct engine *e, struct memory_list *l)
{
    splice_memory(e->splice, l);
    exchanges_memory(e->exchanges, l);
    memory_add(l, "neighbours", net_memory());
    if (e->flow)
        memory_add(l, "flow engine", e->flow_class->memory(e->flow));
    memory_add(l, "engine", sizeof *e);
}

uint64_t engine_kept_bytes(const struct engine *e, uint64_t *total)
{
    if (total)
        *total = kbuf_total(splice_pool(e->splice));
    return kbuf_used(splice_pool(e->splice));
}

const struct splice *engine_splice(const struct engine *e)
{
    return e->splice;
}

void engine_explain(struct engine *e, struct explain *q, uint64_t now_ns)
{
    splice_set_now(e->splice, now_ns);
    exchanges_explain(e->exchanges, q);
}

void engine_neighbours(const struct engine *e, void (*fn)(void *arg, const struct net_neigh_info *i),
                       void *arg)
{
    net_neighbours(e->net, fn, arg);
}
