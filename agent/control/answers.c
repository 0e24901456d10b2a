/* One function per request of the admin socket; see answers.h.
 *
 * A json_t that could not be made is NULL; jansson's *_new functions accept NULL and fail, so a shortage of
 * memory ends as a missing value or a NULL answer, never as a crash. */
#include "agent/control/answers.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/counters.h"
#include "agent/control/answer_parts.h"
#include "agent/control/endpoints.h"
#include "agent/control/explain.h"
#include "agent/control/process.h"
#include "agent/net/net.h"

#define NS_PER_S 1e9

static json_t *integer(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *mac_text(const uint8_t m[6])
{
    return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* ---- counters ---- */

/* Adds up one counter of the loop and of the engine over all workers. `offset` is its place in struct
 * counters. */
static uint64_t total(const struct workers *ws, size_t offset)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < workers_count(ws); i++) {
        const struct worker *w = workers_at(ws, i);
        const char *loop = (const char *)worker_counters(w);
        const char *engine = (const char *)engine_counters(worker_engine(w));
        sum += counter_read((const uint64_t *)(loop + offset));
        sum += counter_read((const uint64_t *)(engine + offset));
    }
    return sum;
}

static json_t *one_counter(const char *name, const char *text, uint64_t value)
{
    return json_pack("{s:s, s:I, s:s}", "name", name, "value", (json_int_t)value, "text", text);
}

static json_t *get_counters(const struct workers *ws)
{
    json_t *list = json_array();
#define X(field, name, text)                                                                                 \
    json_array_append_new(list, one_counter(name, text, total(ws, offsetof(struct counters, field))));
    STATS(X)
#undef X
    for (unsigned r = R_NONE + 1; r < R_MAX; r++)
        json_array_append_new(
            list, one_counter(reason_name((enum reason)r), reason_text((enum reason)r),
                              total(ws, offsetof(struct counters, reason) + r * sizeof(uint64_t))));
    return json_pack("{s:o}", "counters", list);
}

/* ---- status ---- */

static json_t *one_worker(const struct workers *ws, unsigned i)
{
    struct worker *w = workers_at(ws, i);
    const struct engine *e = worker_engine(w);
    const struct counters *c = engine_counters(e);
    struct worker_info info;
    uint64_t kept_total = 0;
    uint64_t kept = engine_kept_bytes(e, &kept_total);
    worker_info(w, &info);
    uint64_t age = info.busy_ns + info.idle_ns;
    json_t *o = json_pack("{s:i, s:i, s:i, s:i}", "worker", (int)i, "core", info.core, "tid", info.tid,
                          "queues", (int)info.queues);
    json_object_set_new(o, "busy", json_real(age ? (double)info.busy_ns / (double)age : 0));
    json_object_set_new(o, "busy_cycles", integer(info.busy_cycles));
    json_object_set_new(o, "sleeps", integer(info.sleeps));
    json_object_set_new(o, "clients", integer(counter_read(&c->clients_open)));
    json_object_set_new(o, "endpoints", integer(counter_read(&c->endpoints_open)));
    json_object_set_new(o, "endpoints_idle", integer(counter_read(&c->endpoints_idle)));
    json_object_set_new(o, "exchanges", integer(counter_read(&c->exchanges_open)));
    json_object_set_new(o, "requests", integer(counter_read(&c->requests)));
    json_object_set_new(o, "kept_bytes", integer(kept));
    json_object_set_new(o, "kept_bytes_max", integer(kept_total));
    return o;
}

static json_t *one_port(const struct workers *ws, unsigned i)
{
    struct io_port_info p;
    workers_port(ws, i, &p);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:i, s:i, s:b}", "name", p.name, "target", p.target, "driver",
                     p.driver, "why", p.why, "mac", mac_text(p.mac), "mtu", p.mtu, "queues", p.queues, "up",
                     p.up);
}

static json_t *access_log_state(const struct answers *a)
{
    struct access_log_stats s;
    if (!a->log)
        return json_null();
    access_log_stats(a->log, &s);
    return json_pack("{s:s, s:I, s:I, s:I}", "path", workers_config(a->workers, NULL)->logging.access_log,
                     "lines", (json_int_t)s.lines, "lost", (json_int_t)s.lost, "reopens",
                     (json_int_t)s.reopens);
}

static json_t *get_status(const struct answers *a)
{
    const struct workers *ws = a->workers;
    json_t *workers = json_array(), *ports = json_array();
    for (unsigned i = 0; i < workers_count(ws); i++)
        json_array_append_new(workers, one_worker(ws, i));
    for (unsigned i = 0; i < workers_port_count(ws); i++)
        json_array_append_new(ports, one_port(ws, i));
    double uptime = (double)(workers_now_ns() - a->start_ns) / NS_PER_S;
    return json_pack("{s:s, s:i, s:f, s:o?, s:o, s:o, s:o}", "version", LACON_VERSION, "pid", (int)getpid(),
                     "uptime_s", uptime, "config", json_string(workers_config(ws, NULL)->file), "workers",
                     workers, "interfaces", ports, "access_log", access_log_state(a));
}

/* ---- connections ---- */

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

static json_t *get_connections(const struct workers *ws, enum side side, uint32_t w, uint32_t slot)
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

/* ---- clients ---- */

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

static json_t *get_clients(const struct workers *ws)
{
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

/* ---- memory ---- */

static json_t *get_memory(const struct answers *a)
{
    struct memory_list l;
    json_t *parts = json_array();
    process_memory(a->workers, a->start_bytes, &l);
    for (unsigned i = 0; i < l.n; i++)
        json_array_append_new(
            parts, json_pack("{s:s, s:I}", "part", l.part[i].name, "bytes", (json_int_t)l.part[i].bytes));
    return json_pack("{s:o, s:o, s:o}", "parts", parts, "bytes_max", integer(memory_total(&l)), "resident",
                     integer(process_resident()));
}

/* ---- neighbours ---- */

/* ---- accel ---- */

static json_t *one_hook(const struct accel_choice *c, enum accel_hook h)
{
    return json_pack("{s:s, s:s, s:s}", "hook", accel_hook_name(h), "provider",
                     c->provider ? c->provider->name : "none", "why", c->why);
}

static json_t *one_engine(const struct workers *ws, unsigned i)
{
    struct engine_flow_info f;
    struct worker_info w;
    engine_flow(worker_engine(workers_at(ws, i)), &f);
    if (!f.provider)
        return NULL;
    worker_info(workers_at(ws, i), &w);
    json_t *o = json_pack("{s:i, s:s, s:s, s:i}", "worker", (int)i, "provider", f.provider, "about", f.about,
                          "entries", (int)f.entries);
#define X(field, text) json_object_set_new(o, #field, integer(counter_read(&f.stats->field)));
    ACCEL_STATS(X)
#undef X
    json_object_set_new(o, "misses", integer(f.misses));
    json_object_set_new(o, "lived_ns", integer(w.busy_ns + w.idle_ns));
    json_object_set_new(o, "emulation_cycles", integer(f.emulation_cycles));
    json_object_set_new(o, "worker_cycles", integer(f.worker_cycles));
    return o;
}

static json_t *all_hooks(const struct accel_choice c[ACCEL_HOOK_COUNT])
{
    json_t *hooks = json_array();
    for (enum accel_hook h = 0; h < ACCEL_HOOK_COUNT; h++)
        json_array_append_new(hooks, one_hook(&c[h], h));
    return hooks;
}

/* Who does what with frames that come in by each interface. */
static json_t *all_ports(const struct workers *ws)
{
    const struct accel_choices *c = workers_accel(ws);
    json_t *ports = json_array();
    for (unsigned i = 0; i < c->nports; i++) {
        struct io_port_info info;
        workers_port(ws, i, &info);
        json_array_append_new(ports, json_pack("{s:s, s:s, s:o}", "interface", info.name, "driver",
                                               info.driver, "hooks", all_hooks(c->port[i])));
    }
    return ports;
}

static json_t *get_accel(const struct workers *ws)
{
    json_t *engines = json_array();
    for (unsigned i = 0; i < workers_count(ws); i++) {
        json_t *o = one_engine(ws, i);
        if (o)
            json_array_append_new(engines, o);
    }
    return json_pack("{s:o, s:o, s:o}", "hooks", all_hooks(workers_accel(ws)->hook), "interfaces",
                     all_ports(ws), "engines", engines);
}

/* What a worker fills in on its own thread: memory is there beforehand, so that it holds up no traffic. */
struct neighbours {
    unsigned n;
    struct net_neigh_info at[NET_MAX_NEIGH];
};

static void note_neighbour(void *arg, const struct net_neigh_info *i)
{
    struct neighbours *list = arg;
    if (list->n < NET_MAX_NEIGH)
        list->at[list->n++] = *i;
}

static void note_neighbours(struct engine *e, void *arg, uint64_t now_ns)
{
    (void)now_ns;
    engine_neighbours(e, note_neighbour, arg);
}

static json_t *one_neighbour(const struct config *config, unsigned worker, const struct net_neigh_info *i)
{
    static const uint8_t unknown[6];
    char ip[IP_STRLEN];
    bool known = memcmp(i->mac, unknown, sizeof unknown) != 0;
    const char *name = i->ifidx < config->ninterface ? config->interface[i->ifidx].name : "-";
    return json_pack("{s:s, s:o, s:s, s:s, s:i}", "address", ip_str(&i->addr, ip), "mac",
                     known ? mac_text(i->mac) : json_null(), "interface", name, "state", i->state, "worker",
                     (int)worker);
}

static json_t *get_neighbours(struct workers *ws)
{
    struct neighbours *found = malloc(sizeof *found);
    json_t *list = json_array();
    for (unsigned w = 0; found && w < workers_count(ws); w++) {
        found->n = 0;
        if (workers_call(ws, w, note_neighbours, found, true) != 0)
            continue;
        for (unsigned i = 0; i < found->n; i++)
            json_array_append_new(list, one_neighbour(workers_config(ws, NULL), w, &found->at[i]));
    }
    free(found);
    return json_pack("{s:o}", "neighbours", list);
}

/* ---- reload ---- */

static void ask_main(void)
{
    kill(getpid(), SIGHUP);
}

static json_t *get_reload(struct reload_desk *desk)
{
    int rc;
    char *complaints = reload_desk_wait(desk, ask_main, &rc);
    json_t *answer = rc           ? answer_error(strerror(-rc))
                     : complaints ? answer_error(complaints)
                                  : json_pack("{s:b}", "reloaded", 1);
    free(complaints);
    return answer;
}

/* ---- the request ---- */

static json_t *answer(const struct answers *a, unsigned nword, char *const word[])
{
    const char *what = word[0];
    if (nword == 1 && strcmp(what, "status") == 0)
        return get_status(a);
    if (nword == 1 && strcmp(what, "counters") == 0)
        return get_counters(a->workers);
    if (nword == 1 && strcmp(what, "clients") == 0)
        return get_clients(a->workers);
    if (nword == 1 && strcmp(what, "memory") == 0)
        return get_memory(a);
    if (nword == 1 && strcmp(what, "accel") == 0)
        return get_accel(a->workers);
    if (nword == 1 && strcmp(what, "neighbours") == 0)
        return get_neighbours(a->workers);
    if (nword == 1 && strcmp(what, "endpoints") == 0)
        return endpoints_list(a->workers);
    if (nword == 2 && (strcmp(what, "drain") == 0 || strcmp(what, "enable") == 0))
        return endpoints_drain(a->workers, word[1], strcmp(what, "drain") == 0);
    if (nword == 4 && strcmp(what, "connections") == 0) {
        enum side side = parse_side(word[1]);
        uint32_t worker, slot;
        if (side == SIDE_BAD || !parse_u32(word[2], &worker) || !parse_u32(word[3], &slot))
            return answer_error("connections: wanted SIDE WORKER SLOT");
        return get_connections(a->workers, side, worker, slot);
    }
    if (strcmp(what, "explain") == 0)
        return explain_answer(a->workers, nword, word);
    return answer_error("unknown request");
}

static json_t *get_weight(const struct answers *a, const char *which, const char *weight)
{
    int rc;
    workers_hold_configs(a->workers);
    json_t *answer = endpoints_weigh(a->workers, which, weight);
    workers_release_configs(a->workers);
    if (!answer || json_object_get(answer, "error"))
        return answer;
    char *complaints = reload_desk_wait(a->refresh_desk, a->ask_refresh, &rc);
    if (rc || complaints) {
        json_decref(answer);
        answer = answer_error(rc ? strerror(-rc) : complaints);
    }
    free(complaints);
    return answer;
}

/* A reload is waited for without holding up the main thread, which may have a configuration to free. */
static json_t *answer_held(const struct answers *a, unsigned nword, char *const word[])
{
    if (nword == 1 && strcmp(word[0], "reload") == 0)
        return get_reload(a->desk);
    if (nword == 3 && strcmp(word[0], "weight") == 0)
        return get_weight(a, word[1], word[2]);
    workers_hold_configs(a->workers);
    json_t *j = answer(a, nword, word);
    workers_release_configs(a->workers);
    return j;
}

char *answers_get(void *ctx, unsigned nword, char *const word[])
{
    json_t *j = answer_held(ctx, nword, word);
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return text;
}
