/* The admin socket's answers about workers that the test makes up: what is added up, what is paged, what is
 * refused. The functions of worker.h and engine.h that answers.c calls are the ones below. */
#include "agent/control/answers.h"
#include "agent/exchange/explain.h"
#include "agent/net/net.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- the made-up process: two workers ---- */

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

static json_t *ask(unsigned n, const char *const word[])
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

static void assert_json(json_t *got, const char *wanted)
{
    json_error_t why;
    json_t *w = json_loads(wanted, JSON_DECODE_ANY, &why);
    cr_assert_not_null(w, "%s", why.text);
    char *text = json_dumps(got, JSON_ENCODE_ANY);
    cr_assert(json_equal(got, w), "%s", text);
    free(text);
    json_decref(w);
}

static long long value_of(const json_t *answer, const char *counter)
{
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(answer, "counters"), i,
                       o) if (strcmp(json_string_value(json_object_get(o, "name")), counter) ==
                              0) return json_integer_value(json_object_get(o, "value"));
    cr_assert_fail("no counter %s", counter);
    return -1;
}

/* ---- tests ---- */

Test(answers, counters_add_loop_and_engine_of_every_worker)
{
    workers.worker[0].counters.handed_over = 1;
    workers.worker[1].counters.handed_over = 20;
    workers.worker[0].engine.counters.handed_over = 300;
    workers.worker[1].engine.counters.handed_over = 4000;
    workers.worker[1].engine.counters.reason[R_DROP_ARP] = 5;
    json_t *a = ASK("counters");
    cr_assert_eq(value_of(a, "handed_over"), 4321);
    cr_assert_eq(value_of(a, "drop_arp"), 5);
    cr_assert_eq(value_of(a, "rx_frames"), 0);
    size_t n = R_MAX - 1;
#define X(field, name, text) n++;
    STATS(X)
#undef X
    cr_assert_eq(json_array_size(json_object_get(a, "counters")), n, "each counter once");
    json_decref(a);
}

Test(answers, status)
{
    workers.worker[1].engine.counters.clients_open = 12;
    answers.start_ns = 4000000000;
    json_t *a = ASK("status");
    assert_json(json_object_get(a, "uptime_s"), "1.5");
    assert_json(json_object_get(a, "config"), "\"/etc/lacon/lacon.yaml\"");
    assert_json(json_object_get(a, "access_log"), "null");
    assert_json(json_object_get(a, "interfaces"),
                "[{\"name\": \"front\", \"target\": \"eth0\", \"driver\": \"net_af_xdp\", \"why\": \"asked "
                "for\", \"mac\": \"02:00:00:00:00:1f\", \"mtu\": 1500, \"queues\": 2, \"up\": true}]");
    json_t *w = json_object_get(a, "workers");
    cr_assert_eq(json_array_size(w), 2);
    assert_json(
        json_array_get(w, 1),
        "{\"worker\": 1, \"core\": -1, \"tid\": 77, \"queues\": 2, \"busy\": 0.25, \"busy_cycles\": 0, "
        "\"sleeps\": 0, "
        "\"clients\": 12, \"endpoints\": 0, \"endpoints_idle\": 0, \"exchanges\": 0, \"requests\": 0, "
        "\"kept_bytes\": 10, \"kept_bytes_max\": 1000}");
    json_decref(a);
}

Test(answers, status_of_the_access_log)
{
    answers.log = (const struct access_log *)&answers; /* looked at by access_log_stats() alone */
    json_t *a = ASK("status");
    assert_json(json_object_get(a, "access_log"),
                "{\"path\": \"/var/log/access.log\", \"lines\": 3, \"lost\": 1, \"reopens\": 2}");
    json_decref(a);
}

Test(answers, status_survives_a_path_that_is_no_utf8)
{
    config.file = "\xff\xfe";
    json_t *a = ASK("status");
    assert_json(json_object_get(a, "config"), "null");
    json_decref(a);
}

Test(answers, connections)
{
    workers.worker[1].engine = (struct engine){.slots = 4, .every = 2};
    json_t *a = ASK("connections", "all", "0", "0");
    assert_json(a, "{\"connections\": ["
                   "{\"side\": \"client\", \"worker\": 1, \"state\": \"open\", \"remote\": "
                   "\"192.0.2.1:40000\", \"local\": \"[fd00::1]:80\", \"peer\": null, \"cluster\": null, "
                   "\"endpoint\": null, \"bytes_in\": 0, \"bytes_out\": 0, \"age_s\": 2.75},"
                   "{\"side\": \"endpoint\", \"worker\": 1, \"state\": \"open\", \"remote\": "
                   "\"192.0.2.1:40000\", \"local\": \"[fd00::1]:80\", \"peer\": null, \"cluster\": \"app\", "
                   "\"endpoint\": \"[::]:8080\", \"bytes_in\": 2, \"bytes_out\": 4, \"age_s\": 2.75}]}");
    json_decref(a);
}

/* Follows "next" to the end; returns how many connections there were, over how many pages. */
static unsigned walk(const char *side, unsigned *pages)
{
    unsigned found = 0;
    char w[16] = "0", s[16] = "0";
    for (*pages = 0;;) {
        json_t *a = ASK("connections", side, w, s), *next = json_object_get(a, "next");
        size_t n = json_array_size(json_object_get(a, "connections"));
        cr_assert_leq(n, ANSWERS_PAGE);
        found += (unsigned)n;
        ++*pages;
        cr_assert_lt(*pages, 100, "no end");
        if (!next) {
            json_decref(a);
            return found;
        }
        snprintf(w, sizeof w, "%lld", json_integer_value(json_array_get(next, 0)));
        snprintf(s, sizeof s, "%lld", json_integer_value(json_array_get(next, 1)));
        json_decref(a);
    }
}

Test(answers, pages_lose_and_double_nothing)
{
    unsigned pages;
    workers.worker[0].engine = (struct engine){.slots = 3 * ANSWERS_PAGE + 1, .every = 1};
    workers.worker[1].engine = (struct engine){.slots = 10, .every = 3};
    cr_assert_eq(walk("all", &pages), 3 * ANSWERS_PAGE + 1 + 4);
    cr_assert_eq(pages, 4);
    cr_assert_eq(walk("client", &pages) + walk("endpoint", &pages), 3 * ANSWERS_PAGE + 1 + 4);
}

Test(answers, a_page_ends_also_in_an_empty_table)
{
    unsigned pages;
    workers.worker[0].engine = (struct engine){.slots = 2 * ANSWERS_PAGE_SLOTS + 1, .every = 0};
    workers.worker[1].engine = (struct engine){.slots = 1, .every = 1};
    cr_assert_eq(walk("all", &pages), 1);
    cr_assert_eq(pages, 3);
}

Test(answers, clients_with_the_most_connections_come_first)
{
    workers.worker[0].engine = (struct engine){.slots = 7};
    workers.worker[1].engine = (struct engine){.slots = 1000};
    json_t *a = ASK("clients"), *list = json_object_get(a, "clients");
    cr_assert_eq(json_array_size(list), ANSWERS_CLIENTS);
    assert_json(json_array_get(list, 0),
                "{\"address\": \"10.0.3.230\", \"connections\": 998, \"kept_bytes\": 256, \"worker\": 1}");
    assert_json(json_array_get(list, 99),
                "{\"address\": \"10.0.3.32\", \"connections\": 800, \"kept_bytes\": 256, \"worker\": 1}");
    json_decref(a);
    workers.worker[1].engine = (struct engine){.slots = 0};
    a = ASK("clients");
    list = json_object_get(a, "clients");
    cr_assert_eq(json_array_size(list), 4);
    assert_json(json_array_get(list, 0),
                "{\"address\": \"fd00::/64\", \"connections\": 6, \"kept_bytes\": 256, \"worker\": 0}");
    json_decref(a);
}

Test(answers, hooks_and_engines)
{
    for (enum accel_hook h = 0; h < ACCEL_HOOK_COUNT; h++)
        choices.hook[h] =
            (struct accel_choice){.provider = h == ACCEL_FLOW ? NULL : &accel_soft, .why = "so"};
    choices.nports = 1;
    memcpy(choices.port[0], choices.hook, sizeof choices.hook);
    json_t *a = ASK("accel"), *ports = json_object_get(a, "interfaces"), *hooks = json_object_get(a, "hooks"),
           *engines = json_object_get(a, "engines");
    cr_assert_eq(json_array_size(hooks), ACCEL_HOOK_COUNT);
    assert_json(json_array_get(hooks, 0),
                "{\"hook\": \"checksum\", \"provider\": \"soft\", \"why\": \"so\"}");
    assert_json(json_array_get(hooks, 2), "{\"hook\": \"flow\", \"provider\": \"none\", \"why\": \"so\"}");
    cr_assert_eq(json_array_size(ports), 1);
    cr_expect(json_equal(json_object_get(json_array_get(ports, 0), "hooks"), hooks));
    cr_assert_eq(json_array_size(engines), 1);
    assert_json(
        json_array_get(engines, 0),
        "{\"worker\": 0, \"provider\": \"emu\", \"about\": \"numbers\", \"entries\": 64, \"hits\": 30, "
        "\"hit_bytes\": 0, \"misses\": 10, \"rules\": 2, \"inserted\": 5, \"removed\": 0, \"full\": 0, "
        "\"refused\": 0, \"aged\": 0, \"lost\": 0, \"insert_ns\": 0, \"lived_ns\": 1000, "
        "\"emulation_cycles\": 7, "
        "\"worker_cycles\": 9}");
    json_decref(a);
}

Test(answers, memory_is_added_up)
{
    roster = roster_create(NWORKER);
    uint64_t endpoints = (roster_memory(roster) + MEMORY_PAGE - 1) / MEMORY_PAGE * MEMORY_PAGE + MEMORY_PAGE;
    config.dpdk.memory_bytes = 10 * MEMORY_PAGE;
    answers.start_bytes = 5 * MEMORY_PAGE;
    json_t *a = ASK("memory"), *parts = json_object_get(a, "parts");
    cr_assert_eq(json_array_size(parts), 5);
    assert_json(json_array_get(parts, 0), "{\"part\": \"all of it\", \"bytes\": 32768}"); /* of two workers */
    assert_json(json_array_get(parts, 1), "{\"part\": \"packet buffers\", \"bytes\": 45056}");
    assert_json(json_array_get(parts, 4), "{\"part\": \"program at start\", \"bytes\": 24576}");
    cr_assert_eq(json_integer_value(json_object_get(a, "bytes_max")),
                 32768 + 45056 + (8 << 20) + 4096 + 24576 + (long long)endpoints);
    cr_assert_gt(json_integer_value(json_object_get(a, "resident")), 0);
    json_decref(a);
    roster_destroy(roster);
    roster = NULL;
}

Test(answers, neighbours_of_each_worker)
{
    json_t *a = ASK("neighbours");
    json_t *list = json_object_get(a, "neighbours");
    cr_assert_eq(json_array_size(list), 4);
    assert_json(json_array_get(list, 2),
                "{\"address\": \"10.0.0.2\", \"mac\": \"02:00:00:00:00:09\", "
                "\"interface\": \"front\", \"state\": \"reachable\", \"worker\": 1}");
    assert_json(json_array_get(list, 3), "{\"address\": \"::\", \"mac\": null, \"interface\": \"-\", "
                                         "\"state\": \"incomplete\", \"worker\": 1}");
    cr_assert_eq(workers.calls, 2);
    json_decref(a);
}

Test(answers, what_is_refused)
{
    static const struct {
        unsigned n;
        const char *word[4];
    } rows[] = {
        {1, {"reboot"}},
        {1, {"Status"}},
        {2, {"status", "now"}},
        {1, {"connections"}},
        {4, {"connections", "both", "0", "0"}},
        {4, {"connections", "all", "-1", "0"}},
        {4, {"connections", "all", "0", "4294967296"}},
        {4, {"connections", "all", "0", "99999999999999999999"}},
        {4, {"connections", "all", "1x", "0"}},
        {4, {"connections", "all", "+1", "0"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *a = ask(rows[i].n, rows[i].word);
        cr_assert(json_is_string(json_object_get(a, "error")), "row %zu", i);
        json_decref(a);
    }
}

Test(answers, places_beyond_the_end)
{
    json_t *a = ASK("connections", "all", "4294967295", "4294967295");
    assert_json(a, "{\"connections\": []}");
    json_decref(a);
}

static json_t *explain(const char *listener, const char *protocol, const char *port, const char *source,
                       const char *subject)
{
    char *text = strdup(subject); /* it is decoded in place */
    cr_assert_not_null(text);
    json_t *a = ASK("explain", listener, protocol, port, source, text);
    free(text);
    return a;
}

#define GET_SLASH "GET%20/%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a"

Test(answers, explain_a_request)
{
    json_t *a = explain("-", "http", "80", "192.0.2.1", GET_SLASH);
    assert_json(json_object_get(a, "listener"), "\"web\"");
    assert_json(json_object_get(a, "action"), "\"cluster\"");
    assert_json(json_object_get(a, "status"), "null");
    assert_json(
        json_object_get(a, "considered"),
        "[{\"route\": \"shop\", \"rule\": 0, \"match\": 1, \"asks_for\": \"exact host, path prefix /a, "
        "method GET\", \"verdict\": \"taken\"}, {\"route\": \"shop\", \"rule\": 0, \"match\": 0, "
        "\"asks_for\": \"exact host, path prefix /\", \"verdict\": \"no: the one taken has a longer "
        "path\"}]");
    cr_assert_eq(json_array_size(json_object_get(a, "workers")), NWORKER);
    assert_json(json_array_get(json_object_get(a, "workers"), 1),
                "{\"worker\": 1, \"cluster\": \"app\", \"endpoint\": \"[::]:8080\", \"endpoints\": "
                "[{\"address\": \"[::]:8080\", \"state\": \"down\", \"down_for_s\": 1.5, \"weight\": 0, "
                "\"priority\": 0, \"exchanges\": 3, \"picked\": true}]}");
    json_decref(a);
}

Test(answers, explain_what_no_endpoint_answers)
{
    json_t *a = explain("web", "http", "0", "-", "GET%20/none%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a");
    assert_json(json_object_get(a, "action"), "\"none\"");
    assert_json(json_object_get(a, "status"), "404");
    json_decref(a);
    a = explain("web", "http", "0", "-", "GET%20/%20HTTP/1.1%0d%0aHost:%20a%0d%0aHost:%20b%0d%0a%0d%0a");
    assert_json(json_object_get(a, "action"), "\"refuse\"");
    assert_json(json_object_get(a, "status"), "400");
    json_decref(a);
}

Test(answers, explain_streams)
{
    json_t *a = explain("-", "tls", "443", "-", "Shop.example");
    cr_assert(span_eq(explained.name, span_str("Shop.example")) || explained.name.n == 12);
    cr_assert_null(explained.head);
    cr_assert_eq(explained.listener, 2);
    json_decref(a);
    char subject[] = "x.example";
    a = ASK("explain", "-", "tls", "443", "-", subject, "h2,http/1.1");
    cr_assert_eq(explained.alpn.n, 12);
    json_decref(a);
    a = explain("db", "tcp", "0", "-", "-");
    cr_assert_eq(explained.listener, 1);
    json_decref(a);
}

Test(answers, explain_refuses)
{
    static const char *const rows[][5] = {
        {"-", "http", "81", "-", GET_SLASH},       {"nobody", "http", "80", "-", GET_SLASH},
        {"db", "http", "80", "-", GET_SLASH},      {"-", "ftp", "80", "-", GET_SLASH},
        {"-", "http", "80", "nowhere", GET_SLASH}, {"-", "http", "80", "-", "GET%2"},
        {"-", "http", "80", "-", "GET%zz"},        {"-", "http", "80", "-", "GET%20/%20HTTP/1.1%0d%0a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *a = explain(rows[i][0], rows[i][1], rows[i][2], rows[i][3], rows[i][4]);
        cr_assert(json_is_string(json_object_get(a, "error")), "row %zu", i);
        json_decref(a);
    }
    json_t *a = ASK("explain", "-", "http", "80");
    cr_assert(json_is_string(json_object_get(a, "error")));
    json_decref(a);
    stale = true;
    a = explain("-", "http", "80", "-", GET_SLASH);
    assert_json(json_object_get(a, "error"), "\"a reload is under way: ask again\"");
    json_decref(a);
}

/* ---- endpoints ---- */

static void with_roster(void)
{
    roster = roster_create(NWORKER);
    cr_assert_not_null(roster);
    endpoint.at.addr = ip_from_v4((const uint8_t[]){10, 0, 0, 9});
    endpoint.weight = 3;
}

static void without_roster(void)
{
    roster_destroy(roster);
    roster = NULL;
}

/* The only endpoint's state, since when, and why. */
static void assert_endpoint(const char *state, double since_s, const char *reason)
{
    json_t *a = ASK("endpoints"), *o = json_array_get(json_object_get(a, "endpoints"), 0);
    assert_json(json_object_get(o, "endpoint"), "\"10.0.0.9:8080\"");
    cr_expect_str_eq(json_string_value(json_object_get(o, "state")), state);
    cr_expect_float_eq(json_number_value(json_object_get(o, "since_s")), since_s, 1e-6, "%s", state);
    cr_expect_str_eq(json_string_value(json_object_get(o, "reason")), reason);
    json_decref(a);
}

Test(answers, endpoint_states, .init = with_roster, .fini = without_roster)
{
    struct roster_entry *e = roster_get(roster, "app", &endpoint.at);
    uint64_t now = workers_now_ns();
    assert_endpoint("up", 0, "");
    e->use[1].down_until_ns = now + 1;
    assert_endpoint("up", 0, "1 of 2 workers could not connect");
    e->use[0].down_until_ns = now + 1;
    assert_endpoint("down", 0, "2 of 2 workers could not connect");
    e->use[0].down_until_ns = e->use[1].down_until_ns = now;
    assert_endpoint("up", 0, "");
    cluster.check = (struct cfg_health_check){.protocol = CFG_CHECK_HTTP};
    assert_endpoint("up", 0, "not checked yet");
    cluster.check.initial = CFG_CHECK_DOWN;
    assert_endpoint("down", 0, "not checked yet");
    roster_set_check(roster, e, (struct roster_check){ROSTER_DOWN, FINDING_STATUS, 503}, now - 2000000000);
    assert_endpoint("down", 2, "answers with status 503");
    roster_set_check(roster, e, (struct roster_check){ROSTER_DOWN, FINDING_REFUSED, 0}, now - 1000000000);
    assert_endpoint("down", 2, "refuses connections");
    roster_set_check(roster, e, (struct roster_check){ROSTER_UP, FINDING_PASSED, 0}, now - 1000000000);
    assert_endpoint("up", 1, "passes its checks");
    cluster.check = (struct cfg_health_check){0};
    endpoint.weight = 0;
    assert_endpoint("disabled", 0, "has weight 0");
    roster_put(roster, e);
}

Test(answers, endpoint_use_is_summed, .init = with_roster, .fini = without_roster)
{
    struct roster_entry *e = roster_get(roster, "app", &endpoint.at);
    e->use[0] = (struct roster_use){.requests = 10, .failures = 1, .active = 2};
    e->use[1] = (struct roster_use){.requests = 300, .failures = 20, .active = 3};
    json_t *a = ASK("endpoints");
    assert_json(
        json_object_get(a, "endpoints"),
        "[{\"cluster\": \"app\", \"endpoint\": \"10.0.0.9:8080\", \"state\": \"up\", \"since_s\": null, "
        "\"reason\": \"\", \"active\": 5, \"requests\": 310, \"failures\": 21, \"weight\": 3}]");
    json_decref(a);
    roster_put(roster, e);
}

Test(answers, orders_to_endpoints, .init = with_roster, .fini = without_roster)
{
    struct roster_entry *e = roster_get(roster, "app", &endpoint.at);
    json_t *a = ASK("drain", "app/10.0.0.9:8080");
    assert_json(a, "{\"endpoints\": 1}");
    json_decref(a);
    cr_expect_eq(workers.syncs, 1, "the workers have taken it");
    e->use[1].active = 1;
    assert_endpoint("draining", 0, "told so by laconctl");
    e->use[1].active = 0;
    assert_endpoint("drained", 0, "told so by laconctl");
    a = ASK("enable", "10.0.0.9:8080");
    assert_json(a, "{\"endpoints\": 1}");
    json_decref(a);
    assert_endpoint("up", 0, "");
    static const char *const none[] = {"ap/10.0.0.9:8080", "appp/10.0.0.9:8080", "app/10.0.0.9", "app", "/"};
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
        a = ASK("drain", none[i]);
        cr_expect_not_null(json_object_get(a, "error"), "%s", none[i]);
        json_decref(a);
    }
    assert_endpoint("up", 0, "");
    roster_put(roster, e);
}
