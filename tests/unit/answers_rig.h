/* The admin socket's answers about workers that the test makes up: two of them. The functions of worker.h and
 * engine.h that answers.c calls are the ones below. */
#ifndef LACON_TESTS_UNIT_ANSWERS_RIG_H
#define LACON_TESTS_UNIT_ANSWERS_RIG_H

#include "agent/control/answers/answers.h"
#include "agent/exchange/explain.h"
#include "agent/net/net.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NWORKER 2

struct engine {
    struct counters counters;
    uint32_t slots;
    unsigned every; /* a connection in each slot that this divides; clients in the even ones of these */
};

struct worker {
    struct counters counters;
    struct engine engine;
};

struct workers {
    struct worker worker[NWORKER];
    unsigned calls, syncs;
};

static struct roster *roster;

static struct cfg_endpoint endpoint = {.at = {.port = 8080}};
static struct cfg_cluster cluster = {.name = "app", .nendpoint = 1, .endpoint = &endpoint};
static struct cfg_match match[] = {{.path = (char[]){"/"}},
                                   {.path = (char[]){"/a"}, .method = (char[]){"GET"}}};
static struct cfg_rule rule = {.nmatch = 2, .match = match};
static struct cfg_route route = {.name = "shop", .nrule = 1, .rule = &rule};
static struct cfg_listener listeners[] = {
    {.name = "web", .at = {.port = 80}, .head_limit = 1024},
    {.name = "db", .protocol = CFG_TCP, .at = {.port = 5432}},
    {.name = "secure", .protocol = CFG_TLS, .at = {.port = 443}},
};
static struct explain explained; /* the last question */
static bool stale;
static struct cfg_interface interface = {.name = "front"};
static struct config config = {.ncluster = 1,
                               .cluster = &cluster,
                               .nlistener = 3,
                               .listener = listeners,
                               .nroute = 1,
                               .route = &route,
                               .ninterface = 1,
                               .interface = &interface,
                               .file = "/etc/lacon/lacon.yaml",
                               .logging = {.access_log = "/var/log/access.log"}};
static struct workers workers;
static struct answers answers = {.workers = &workers};

const struct config *workers_config(const struct workers *ws, uint32_t *id)
{
    (void)ws;
    if (id)
        *id = 0;
    return &config;
}

void workers_hold_configs(struct workers *ws)
{
    (void)ws;
}

void workers_release_configs(struct workers *ws)
{
    (void)ws;
}

unsigned workers_count(const struct workers *ws)
{
    (void)ws;
    return NWORKER;
}

struct worker *workers_at(const struct workers *ws, unsigned i)
{
    cr_assert_lt(i, NWORKER);
    return (struct worker *)&ws->worker[i];
}

unsigned workers_port_count(const struct workers *ws)
{
    (void)ws;
    return 1;
}

void workers_port(const struct workers *ws, unsigned i, struct io_port_info *out)
{
    (void)ws;
    (void)i;
    *out = (struct io_port_info){.name = "front",
                                 .target = "eth0",
                                 .driver = "net_af_xdp",
                                 .why = "asked for",
                                 .mac = {2, 0, 0, 0, 0, 0x1f},
                                 .mtu = 1500,
                                 .queues = 2,
                                 .up = true};
}

uint64_t workers_now_ns(void)
{
    return 5500000000;
}

struct engine *worker_engine(const struct worker *w)
{
    return (struct engine *)&w->engine;
}

const struct counters *worker_counters(const struct worker *w)
{
    return &w->counters;
}

void worker_info(const struct worker *w, struct worker_info *out)
{
    (void)w;
    *out = (struct worker_info){.core = -1, .tid = 77, .busy_ns = 250, .idle_ns = 750, .queues = 2};
}

const struct counters *engine_counters(const struct engine *e)
{
    return &e->counters;
}

static struct accel_choices choices;

const struct accel_choices *workers_accel(const struct workers *ws)
{
    (void)ws;
    return &choices;
}

/* The first worker has an engine. */
void engine_flow(const struct engine *e, struct engine_flow_info *out)
{
    static const struct accel_stats stats = {.hits = 30, .misses = 10, .rules = 2, .inserted = 5};
    *out = (struct engine_flow_info){0};
    if (e == &workers.worker[0].engine)
        *out = (struct engine_flow_info){.provider = "emu",
                                         .about = "numbers",
                                         .stats = &stats,
                                         .entries = 64,
                                         .misses = 10,
                                         .emulation_cycles = 7,
                                         .worker_cycles = 9};
}

uint64_t engine_kept_bytes(const struct engine *e, uint64_t *total)
{
    (void)e;
    *total = 1000;
    return 10;
}

uint32_t engine_conn_slots(const struct engine *e)
{
    return e->slots;
}

bool engine_conn_info(const struct engine *e, uint32_t i, uint64_t now_ns, struct engine_conn_info *info)
{
    if (!e->every || i % e->every)
        return false;
    bool client = i / e->every % 2 == 0;
    *info = (struct engine_conn_info){.client = client,
                                      .state = "open",
                                      .cluster = client ? CFG_NONE : 0,
                                      .endpoint = client ? CFG_NONE : 0,
                                      .bytes_in = i,
                                      .bytes_out = 2 * (uint64_t)i,
                                      .age_ns = now_ns / 2};
    info->key.remote = ip_from_v4((const uint8_t[]){192, 0, 2, 1});
    info->key.remote_port = 40000;
    info->key.local = ip_from_v6((const uint8_t[16]){0xfd, [15] = 1});
    info->key.local_port = 80;
    return true;
}

uint32_t engine_client_slots(const struct engine *e)
{
    return e->slots;
}

/* Every second slot is somebody, with more connections the higher it is. */
bool engine_client_info(const struct engine *e, uint32_t i, struct engine_client_info *info)
{
    (void)e;
    *info = (struct engine_client_info){ip_from_v4((const uint8_t[]){10, 0, (uint8_t)(i >> 8), (uint8_t)i}),
                                        i, 256};
    if (i == 6)
        info->addr = ip_from_v6((const uint8_t[16]){0xfd});
    return i % 2 == 0;
}

void worker_memory(const struct worker *w, struct memory_list *l)
{
    (void)w;
    memory_add(l, "all of it", 3 * MEMORY_PAGE);
}

void engine_neighbours(const struct engine *e, void (*fn)(void *arg, const struct net_neigh_info *i),
                       void *arg)
{
    struct net_neigh_info i = {.state = "reachable", .mac = {2, 0, 0, 0, 0, 9}};
    i.addr = ip_from_v4((const uint8_t[]){10, 0, 0, e == &workers.worker[0].engine ? 1 : 2});
    fn(arg, &i);
    i = (struct net_neigh_info){.state = "incomplete", .ifidx = 7};
    fn(arg, &i);
}

int workers_call(struct workers *ws, unsigned i, worker_fn *fn, void *arg, bool wait)
{
    cr_assert(wait);
    ws->calls++;
    fn(&ws->worker[i].engine, arg, workers_now_ns());
    return 0;
}

/* A worker without routes: only the listener's cluster is told. */
void engine_explain(struct engine *e, struct explain *q, uint64_t now_ns)
{
    (void)e;
    cr_assert_eq(now_ns, workers_now_ns());
    q->route = q->cluster = q->endpoint = UINT32_MAX;
    q->stale = stale;
    explained = *q;
    if (q->head && span_eq(q->head->path, span_str("/none")))
        return;
    q->route = 0;
    q->rule = &rule;
    q->cluster = q->endpoint = 0;
    q->nmatch = 2;
    q->match[0] = (struct lb_considered){.to = {.route = 0}, .nth = 1, .verdict = LB_HOLDS};
    q->match[1] = (struct lb_considered){.to = {.route = 0}, .nth = 0, .verdict = LB_HOLDS};
    q->at[0] = (struct explain_endpoint){.down = true, .down_ns = 1500000000, .active = 3};
}

struct roster *workers_roster(const struct workers *ws)
{
    (void)ws;
    return roster;
}

void workers_sync(struct workers *ws)
{
    ws->syncs++;
}

void access_log_stats(const struct access_log *l, struct access_log_stats *out)
{
    (void)l;
    *out = (struct access_log_stats){.lines = 3, .lost = 1, .reopens = 2};
}

/* ---- asking ---- */

static inline json_t *ask(unsigned n, const char *const word[])
{
    char *text = answers_get(&answers, n, (char *const *)(uintptr_t)word);
    cr_assert_not_null(text);
    cr_assert_null(strchr(text, '\n'), "an answer is one line");
    json_t *j = json_loads(text, 0, NULL);
    cr_assert(json_is_object(j), "%s", text);
    free(text);
    return j;
}

#define ASK(...)                                                                                             \
    ask(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

static inline void assert_json(json_t *got, const char *wanted)
{
    json_error_t why;
    json_t *w = json_loads(wanted, JSON_DECODE_ANY, &why);
    cr_assert_not_null(w, "%s", why.text);
    char *text = json_dumps(got, JSON_ENCODE_ANY);
    cr_assert(json_equal(got, w), "%s", text);
    free(text);
    json_decref(w);
}

#endif
