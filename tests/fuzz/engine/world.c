/* How the world begins and ends, its clock, and what must hold of the engine whatever peers do. */
#include <stdlib.h>

#include "tests/fuzz/engine/world.h"

#define PAST   8u /* frames kept to come a second time */
#define RECORD 8u

static const char text[] =
    "dpdk: {connections: 64, buffers: 1MiB, syn_ring: 16, local_ports: 20000-20031}\n"
    "interfaces: [{name: i, vdev: v, addresses: [10.0.0.1/16, \"fd00::1/64\"]}]\n"
    "listeners:\n"
    "  - {name: l, address: \"*:80\", head_limit: 2KiB, max_body: 50000, head_timeout: 1s,\n"
    "     idle_timeout: 3s, stall_timeout: 4s, tunnel_timeout: 5s}\n"
    "  - {name: m, address: \"*:81\", head_timeout: 2s, idle_timeout: 3s, stall_timeout: 4s, tunnel_timeout: "
    "5s}\n"
    "routes:\n"
    "  - {name: a, hostnames: [a.example], rules: [{cluster: a}]}\n"
    "  - {name: b, hostnames: [b.example], rules: [{cluster: b}]}\n"
    "clusters:\n"
    "  - {name: a, response_timeout: 2s, pool_idle_timeout: 3s, pool_size: 2,\n"
    "     endpoints: [{address: \"10.0.1.1:8080\"}, {address: \"10.0.1.2:8080\"}]}\n"
    "  - {name: b, response_timeout: 3s, pool_idle_timeout: 3s, endpoints: [{address: "
    "\"[fd00::1:1]:8080\"}]}\n";
struct world w;

static struct config *config;
static bool story;

void tell_story(const char *whose, const uint8_t *p, uint32_t n)
{
    struct seg s;
    char line[SEG_STR];
    if (story && !seg_parse(p, n, &s))
        fprintf(stderr, "%12.6f %s %s\n", (double)w.sim.now / 1e9, whose,
                s.kind == SEG_TCP   ? seg_str(&s, line)
                : s.kind == SEG_ARP ? "arp"
                                    : "icmp");
}

static void tell_counters(void)
{
    static const char *const name[] = {
#define X(field, label, what) label,
        STATS(X)
#undef X
    };
    const struct counters *c = engine_counters(w.engine);
    const uint64_t *stat = c->reason + R_MAX;
    for (unsigned i = 0; story && i < R_MAX; i++)
        if (c->reason[i])
            fprintf(stderr, "%s %llu\n", reason_name((enum reason)i), (unsigned long long)c->reason[i]);
    for (unsigned i = 0; story && i < sizeof name / sizeof *name; i++)
        if (stat[i])
            fprintf(stderr, "%s %llu\n", name[i], (unsigned long long)stat[i]);
}
void check(void)
{
    if (w.sim.failed)
        fprintf(stderr, "at %.6f s: %s\n", (double)w.sim.now / 1e9, w.sim.why);
    PROPERTY(!w.sim.failed);
}

void loosen(void)
{
    w.loose = true;
    w.oracle.bytes_may_differ = w.lied;
}
/* A neighbour is found or given up; with seconds between the ticks it takes three of them. Each tick is
 * looked at: one that is given up may be sought again at the next. */
static void see_neighbour(void *arg, const struct net_neigh_info *i)
{
    const bool *seconds = arg;
    uint8_t *n = &w.sought[i->addr.b[15] % 4 + (ip_is_v4(&i->addr) ? 4 : 0)];
    if (i->addr.b[14] == 2 || i->addr.b[13] == 2)
        return; /* a client's */
    *n = strcmp(i->state, "incomplete") == 0 ? (uint8_t)(*n + *seconds) : 0;
    PROPERTY(*n < 6);
}

void pass(uint64_t ns)
{
    flush();
    w.sim.now += ns;
    oracle_call(&w.oracle, 0);
    engine_tick(w.engine, w.sim.now);
    PROPERTY(engine_next_ns(w.engine) > w.sim.now);
    bool seconds = ns >= SEC;
    engine_neighbours(w.engine, see_neighbour, &seconds);
    check();
    settle();
}

static uint64_t kept(void)
{
    uint64_t total;
    return engine_kept_bytes(w.engine, &total);
}

/* What control threads see agrees with the counters. */
static void look(void)
{
    const struct counters *c = engine_counters(w.engine);
    uint64_t listed = 0;
    for (uint32_t i = 0; i < engine_conn_slots(w.engine); i++) {
        struct engine_conn_info info;
        listed += engine_conn_info(w.engine, i, w.sim.now, &info);
    }
    PROPERTY(listed >= c->clients_open + c->endpoints_open && c->clients_open >= c->exchanges_open);
    PROPERTY(c->endpoints_open >= c->endpoints_idle);
}

/* Everybody falls silent. Nothing may be left when every timer has run out. */
static void silence(void)
{
    const struct counters *c = engine_counters(w.engine);
    uint64_t until = w.sim.now + 900 * SEC;
    flush();
    look();
    w.hold = true;
    w.box.refuse = 0;
    engine_set_link(w.engine, 0, true, w.sim.now);
    while (w.sim.now < until && !(engine_idle(w.engine) && !kept() && !c->endpoints_open)) {
        uint64_t next = engine_next_ns(w.engine), soon = w.sim.now + 100 * MS;
        w.sim.now = next > soon ? next : soon;
        oracle_call(&w.oracle, 0);
        engine_tick(w.engine, w.sim.now);
        PROPERTY(engine_next_ns(w.engine) > w.sim.now);
        w.nout = 0;
        check();
    }
    PROPERTY(engine_idle(w.engine));
    PROPERTY(c->clients_open == 0 && c->exchanges_open == 0);
    PROPERTY(c->endpoints_open == 0 && c->endpoints_idle == 0);
    PROPERTY(kept() == 0);
    PROPERTY(c->exchanges == w.logs);
}

static void start_engine(void)
{
    struct engine_port port = {.mtu = 1500, .up = true};
    memcpy(port.mac, peer_lacon_mac, 6);
    struct engine_params p = {.config = config,
                              .port = &port,
                              .nworkers = 1,
                              .secret = "thirty-two bytes that are known",
                              .ops = frame_box_ops(&w.box),
                              .log = {.put = on_log},
                              .now_ns = w.sim.now};
    w.engine = engine_create(&p);
    PROPERTY(w.engine);
}

void world_begin(void)
{
    struct cfg_errors errors;
    if (!config) {
        story = getenv("FUZZ_STORY");
        config = config_parse("fuzz", text, sizeof text - 1, &errors);
        cfg_errors_print(&errors, stderr);
        cfg_errors_free(&errors);
        PROPERTY(config);
    }
    memset(&w, 0, offsetof(struct world, syn));
    w.npast = w.nout = w.nlate = w.nlog = w.nseen = w.npost = 0;
    w.logs = 0;
    w.next_port = 3000;
    w.box.see = see;
    sim_init(&w.sim, 1);
    oracle_init(&w.oracle, &w.sim);
    start_engine();
    settle();
}

/* Peers keep their streams and learn of it by a reset. What they received was never logged, and nobody knows
 * any more what was acked: the checks let go of them. */
void world_restart(void)
{
    flush();
    engine_destroy(w.engine);
    PROPERTY(w.box.live == 0);
    oracle_fini(&w.oracle);
    oracle_init(&w.oracle, &w.sim);
    w.oracle.bytes_may_differ = w.lied && w.loose;
    w.logs = 0;
    w.nout = 0;
    w.npost = w.nseen = 0;
    memset(w.sought, 0, sizeof w.sought);
    for (unsigned i = 0; i < PEERS; i++)
        w.peer[i].unknown = true;
    start_engine();
    settle();
}

void world_end(void)
{
    silence();
    tell_counters();
    check_streams();
    engine_destroy(w.engine);
    PROPERTY(w.box.live == 0);
    oracle_fini(&w.oracle);
    sim_fini(&w.sim);
    for (unsigned i = 0; i < PEERS; i++)
        peer_free(&w.peer[i]);
    buf_free(&w.old_first);
    buf_free(&w.old_mark);
}
