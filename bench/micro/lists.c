/* Allow and deny lists: agent/base/networks beside DPDK's rte_lpm, rte_fib (DIR24_8) and rte_acl, with ten, a
 * thousand and a hundred thousand networks of IPv4 (two fifths single addresses, two fifths /24, the rest /16
 * to /23, as block lists are), looked up with addresses half of which are in the list, in random order; and
 * what each list takes: bytes, and the time to build it, which a reload pays.
 *
 * Bytes of the others are what their heap says; rte_lpm's tables for the last 8 bits are counted as given:
 * one for each /24 that holds a longer network. All answer the same, which is checked. In a process of its
 * own: it starts an EAL for itself. */
#include <rte_acl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_lpm.h>
#include <rte_malloc.h>
#include <rte_rib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/networks.h"
#include "bench/micro/micro.h"

#define SAMPLE 4096u
#define BULK   32u

struct prefix {
    uint32_t ip;
    uint8_t bits;
};

struct lists {
    uint32_t n;
    struct prefix *prefix;
    uint32_t *ask;                   /* addresses */
    struct ip_addr addr[SAMPLE];     /* the same */
    uint8_t tuple[SAMPLE][8];        /* the same, for rte_acl */
    const uint8_t *tuple_of[SAMPLE]; /* and where each is */
    struct networks ours;
    struct rte_lpm *lpm;
    struct rte_fib *fib;
    struct rte_acl_ctx *acl;
};

RTE_ACL_RULE_DEF(list_rule, 2);

static void fail(const char *what)
{
    fprintf(stderr, "bench_micro: %s: %s\n", what, rte_strerror(rte_errno));
    exit(1);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static size_t heap_bytes(void)
{
    struct rte_malloc_socket_stats s;
    return rte_malloc_get_socket_stats(0, &s) == 0 ? s.heap_allocsz_bytes : 0;
}

static void draw(struct lists *t, uint32_t n)
{
    uint64_t seed = n;
    t->n = n;
    t->prefix = micro_alloc(n * sizeof *t->prefix);
    t->ask = micro_alloc(SAMPLE * sizeof *t->ask);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t kind = (uint32_t)(micro_rnd(&seed) % 5);
        uint8_t bits = kind < 2 ? 32 : kind < 4 ? 24 : (uint8_t)(16 + micro_rnd(&seed) % 8);
        uint32_t ip = (uint32_t)micro_rnd(&seed);
        t->prefix[i] = (struct prefix){bits == 32 ? ip : ip & ~(UINT32_MAX >> bits), bits};
    }
    for (uint32_t i = 0; i < SAMPLE; i++) {
        const struct prefix *p = &t->prefix[micro_rnd(&seed) % n];
        uint32_t ip = (uint32_t)micro_rnd(&seed);
        if (i % 2)
            ip = p->bits == 32 ? p->ip : p->ip | (ip & (UINT32_MAX >> p->bits));
        uint8_t b[4] = {(uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip};
        t->ask[i] = ip;
        t->addr[i] = ip_from_v4(b);
        memcpy(t->tuple[i] + 4, b, 4);
        t->tuple_of[i] = t->tuple[i];
    }
}

/* ---- building: bytes taken ---- */

static size_t build_ours(struct lists *t)
{
    struct network *in = micro_alloc(t->n * sizeof *in);
    t->ours.run = micro_alloc(NETWORKS_RUNS(t->n) * sizeof *t->ours.run);
    for (uint32_t i = 0; i < t->n; i++) {
        uint32_t ip = t->prefix[i].ip;
        in[i] = (struct network){ip_from_v4((uint8_t[]){(uint8_t)(ip >> 24), (uint8_t)(ip >> 16),
                                                        (uint8_t)(ip >> 8), (uint8_t)ip}),
                                 (uint8_t)(96 + t->prefix[i].bits), 1};
    }
    networks_build(&t->ours, in, t->n);
    free(in);
    return t->ours.n * sizeof *t->ours.run;
}

static size_t build_lpm(struct lists *t)
{
    struct rte_lpm_config c = {.max_rules = t->n + 1, .number_tbl8s = t->n + 1};
    size_t before = heap_bytes();
    t->lpm = rte_lpm_create("bench", 0, &c);
    if (!t->lpm)
        fail("rte_lpm_create");
    for (uint32_t i = 0; i < t->n; i++)
        if (rte_lpm_add(t->lpm, t->prefix[i].ip, t->prefix[i].bits, 1) < 0)
            fail("rte_lpm_add");
    return heap_bytes() - before;
}

static size_t build_fib(struct lists *t)
{
    struct rte_fib_conf c = {
        .type = RTE_FIB_DIR24_8,
        .max_routes = (int)t->n + 1,
        .dir24_8 = {.nh_sz = RTE_FIB_DIR24_8_2B, .num_tbl8 = t->n < 32000 ? t->n + 1 : 32000}};
    size_t before = heap_bytes();
    t->fib = rte_fib_create("bench", 0, &c);
    if (!t->fib)
        fail("rte_fib_create");
    for (uint32_t i = 0; i < t->n; i++)
        if (rte_fib_add(t->fib, t->prefix[i].ip, t->prefix[i].bits, 1) < 0) {
            rte_fib_free(t->fib); /* its number of tables is bounded by its entries' width */
            t->fib = NULL;
            return 0;
        }
    return heap_bytes() - before;
}

static const struct rte_acl_field_def field[] = {
    {.type = RTE_ACL_FIELD_TYPE_BITMASK, .size = 1, .field_index = 0, .input_index = 0, .offset = 0},
    {.type = RTE_ACL_FIELD_TYPE_MASK, .size = 4, .field_index = 1, .input_index = 1, .offset = 4}};

static size_t build_acl(struct lists *t)
{
    struct rte_acl_param p = {.name = "bench", .rule_size = RTE_ACL_RULE_SZ(2), .max_rule_num = t->n};
    struct rte_acl_config c = {.num_categories = 1, .num_fields = 2};
    size_t before = heap_bytes();
    memcpy(c.defs, field, sizeof field);
    t->acl = rte_acl_create(&p);
    if (!t->acl)
        fail("rte_acl_create");
    for (uint32_t i = 0; i < t->n; i++) {
        struct list_rule r = {.data = {.category_mask = 1, .priority = 1, .userdata = 1}};
        r.field[1].value.u32 = t->prefix[i].ip;
        r.field[1].mask_range.u32 = t->prefix[i].bits;
        if (rte_acl_add_rules(t->acl, (struct rte_acl_rule *)&r, 1) < 0)
            fail("rte_acl_add_rules");
    }
    if (rte_acl_build(t->acl, &c) < 0)
        fail("rte_acl_build");
    return heap_bytes() - before;
}

/* ---- looking up ---- */

static void run_ours(void *ctx, struct micro_sample *s)
{
    const struct lists *t = ctx;
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i++)
        micro_use(networks_find(&t->ours, &t->addr[i]));
    micro_end(s, SAMPLE);
}

static void run_lpm(void *ctx, struct micro_sample *s)
{
    const struct lists *t = ctx;
    uint32_t hop;
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i++)
        micro_use(rte_lpm_lookup(t->lpm, t->ask[i], &hop) == 0);
    micro_end(s, SAMPLE);
}

static void run_fib(void *ctx, struct micro_sample *s)
{
    const struct lists *t = ctx;
    uint64_t hop[1];
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i++) {
        rte_fib_lookup_bulk(t->fib, &t->ask[i], hop, 1);
        micro_use(hop[0]);
    }
    micro_end(s, SAMPLE);
}

/* One at a time, as for a SYN; and 32 at once, what it is made for. */
static void run_acl(void *ctx, struct micro_sample *s)
{
    struct lists *t = ctx;
    uint32_t result;
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i++) {
        rte_acl_classify(t->acl, &t->tuple_of[i], &result, 1, 1);
        micro_use(result);
    }
    micro_end(s, SAMPLE);
}

static void run_acl_bulk(void *ctx, struct micro_sample *s)
{
    struct lists *t = ctx;
    uint32_t result[BULK];
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i += BULK) {
        rte_acl_classify(t->acl, &t->tuple_of[i], result, BULK, 1);
        micro_use(result[0]);
    }
    micro_end(s, SAMPLE);
}

static void expect_agreement(struct lists *t)
{
    for (uint32_t i = 0; i < SAMPLE; i++) {
        uint32_t hop, result = 0;
        uint64_t next = 0;
        bool ours = networks_find(&t->ours, &t->addr[i]) != 0;
        rte_acl_classify(t->acl, &t->tuple_of[i], &result, 1, 1);
        if (t->fib)
            rte_fib_lookup_bulk(t->fib, &t->ask[i], &next, 1);
        if (ours != (rte_lpm_lookup(t->lpm, t->ask[i], &hop) == 0) || ours != (result != 0) ||
            (t->fib && ours != (next != 0))) {
            fprintf(stderr, "bench_micro: lists: answers differ\n");
            exit(1);
        }
    }
}

static void say(const char *who, uint32_t n, size_t bytes, double ms)
{
    char name[96];
    snprintf(name, sizeof name, "lists/bytes/%u/%s", n, who);
    micro_value(name, (double)bytes, "bytes");
    snprintf(name, sizeof name, "lists/build/%u/%s", n, who);
    micro_value(name, ms, "ms");
}

static void at_size(const struct micro *m, struct lists *t, uint32_t n)
{
    static const struct {
        const char *name;
        size_t (*build)(struct lists *t);
        void (*run)(void *ctx, struct micro_sample *s);
    } who[] = {{"networks", build_ours, run_ours},
               {"rte_lpm", build_lpm, run_lpm},
               {"rte_fib", build_fib, run_fib},
               {"rte_acl", build_acl, run_acl},
               {"rte_acl_bulk", NULL, run_acl_bulk}};
    struct micro_case c[sizeof who / sizeof *who];
    unsigned k = 0;
    draw(t, n);
    for (unsigned i = 0; i < sizeof who / sizeof *who; i++) {
        double start = now_ms();
        size_t bytes = who[i].build ? who[i].build(t) : 1;
        if (who[i].build && bytes)
            say(who[i].name, n, bytes, now_ms() - start);
        if (!bytes)
            continue;
        c[k] = (struct micro_case){.unit = "op", .run = who[i].run, .ctx = t};
        snprintf(c[k++].name, sizeof c->name, "lists/find/%u/%s", n, who[i].name);
    }
    expect_agreement(t);
    micro_run(m, c, k);
    rte_acl_free(t->acl);
    rte_fib_free(t->fib);
    rte_lpm_free(t->lpm);
    free(t->ours.run);
    free(t->ask);
    free(t->prefix);
}

static void measure(struct micro *m)
{
    static const uint32_t size[] = {10, 1000, 100000};
    char *argv[] = {"bench_micro",
                    "--no-huge",
                    "-m",
                    "2048",
                    "--no-shconf",
                    "--no-pci",
                    "--no-telemetry",
                    "--log-level=lib.eal:error"};
    struct lists *t = micro_alloc(sizeof *t);
    if (m->scale == MICRO_SMOKE)
        argv[3] = "256";
    if (rte_eal_init(sizeof argv / sizeof *argv, argv) < 0)
        fail("rte_eal_init");
    for (unsigned i = 0; i < (m->scale == MICRO_SMOKE ? 1 : 3); i++)
        at_size(m, t, size[i]);
    free(t);
}

void micro_lists(struct micro *m)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        micro_open(m, m->scale);
        measure(m);
        fflush(stdout);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
        fprintf(stderr, "bench_micro: lists: failed\n");
        exit(1);
    }
}
