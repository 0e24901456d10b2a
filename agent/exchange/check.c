/* Active checks of endpoints: at each interval a connection is opened to the endpoint as for a request, from
 * the same addresses, by the same splice, and closed again when what came of it is known.
 *
 * Each endpoint of a cluster that has checks is checked by one worker, told by its address: the same one
 * always, so a run of passed or failed checks (roster_entry.run) has one writer, and goes on under another
 * configuration. What changes an endpoint's state is written into the roster, and so told to all workers.
 * Checks are made under the current generation alone; when another one is adopted, what is under way is
 * broken off, and says nothing. Where only endpoints have changed it goes on: an endpoint that does not
 * answer would never be found out while addresses change faster than a check waits.
 *
 * A check has at most one conn, whose user_check is set and whose user it is. Bytes that come in are judged
 * (verdict.h) and thrown away: a head waits in the hold until it is whole, a body passes through the matcher.
 * That bounds what an endpoint can make us keep. A check that lacon itself could not make (no port, no
 * memory) says nothing of the endpoint. The worker's thread, but for making and freeing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"
#include "agent/exchange/verdict.h"

#define REQUEST_ROOM  2048u
#define FIRST_SPREAD  SEC_NS /* the first checks are spread over an interval, or so long */
#define CHECK_SOON_NS MS_NS

struct check {
    struct tw_node timer; /* the next one; not armed while one is under way */
    struct exchanges *w;
    struct cluster_state *cs;
    uint32_t cluster, endpoint;
    struct splice_remote *remote;
    uint64_t begun_ns;
    struct conn *e; /* NULL: none is under way */
    struct check_answer answer;
};

/* ---- making: any thread ---- */

static uint64_t address_hash(const struct ip_port *at)
{
    uint64_t h = lb_hash(span_of(at->addr.b, sizeof at->addr.b)) + at->port;
    return lb_hash(span_of(&h, sizeof h));
}

static bool is_ours(const struct generation *g, const struct ip_port *at, unsigned worker)
{
    return address_hash(at) % g->cfg->dpdk.workers == worker;
}

static int checks_of_cluster(struct generation *g, uint32_t cluster, unsigned worker)
{
    struct cluster_state *cs = &g->cluster[cluster];
    struct matcher *m = NULL;
    if (cs->cfg->check.protocol == CFG_CHECK_NONE)
        return 0;
    if (cs->cfg->check.body_contains) {
        m = cs->matcher = matcher_make(cs->cfg->check.body_contains);
        if (!m)
            return -ENOMEM;
    }
    for (uint32_t i = 0; i < cs->cfg->nendpoint; i++)
        if (is_ours(g, &cs->cfg->endpoint[i].at, worker))
            g->check[g->nchecks++] =
                (struct check){.cs = cs, .cluster = cluster, .endpoint = i, .answer.matcher = m};
    return 0;
}

int checks_make(struct generation *g, unsigned worker)
{
    size_t n = 0;
    for (uint32_t i = 0; i < g->cfg->ncluster; i++)
        n += g->cfg->cluster[i].check.protocol == CFG_CHECK_NONE ? 0 : g->cfg->cluster[i].nendpoint;
    if (n == 0)
        return 0;
    g->check = calloc(n, sizeof *g->check);
    if (!g->check)
        return -ENOMEM;
    for (uint32_t i = 0; i < g->cfg->ncluster; i++)
        if (checks_of_cluster(g, i, worker) < 0)
            return -ENOMEM;
    return 0;
}

void checks_free(struct generation *g)
{
    for (uint32_t i = 0; g->cluster && i < g->cfg->ncluster; i++)
        free(g->cluster[i].matcher);
    free(g->check);
}

/* ---- from here on: the worker's thread ---- */

static struct roster_entry *entry_of(const struct check *k)
{
    return k->cs->endpoint[k->endpoint].entry;
}

static struct ip_port checked_at(const struct check *k)
{
    struct ip_port at = k->cs->cfg->endpoint[k->endpoint].at;
    if (k->cs->cfg->check.port)
        at.port = (uint16_t)k->cs->cfg->check.port;
    return at;
}

int checks_bind(struct exchanges *w, struct generation *g)
{
    for (uint32_t i = 0; i < g->nchecks; i++) {
        struct ip_port at = checked_at(&g->check[i]);
        g->check[i].w = w;
        g->check[i].remote = splice_remote_get(w->s, &at);
        if (!g->check[i].remote)
            return -ENOMEM;
    }
    return 0;
}

void checks_unbind(struct exchanges *w, struct generation *g)
{
    for (uint32_t i = 0; i < g->nchecks; i++) {
        if (g->check[i].remote)
            splice_remote_put(w->s, g->check[i].remote);
        g->check[i].remote = NULL;
    }
}

/* A number below n, another one each time. */
static uint64_t draw(struct exchanges *w, uint64_t n)
{
    uint64_t x = ++w->check_draws + ((uint64_t)w->worker << 48);
    return n ? lb_hash(span_of(&x, sizeof x)) % n : 0;
}

/* Among its generation's, which is the present one. */
static uint32_t place_of(const struct check *k)
{
    return (uint32_t)(k - k->w->gen->check);
}

static void arm(struct check *k, uint64_t due_ns)
{
    entry_of(k)->run.due_ns = due_ns;
    tw_add(&k->w->check_wheel, place_of(k), due_ns);
}

static void arm_next(struct check *k)
{
    const struct cfg_health_check *h = &k->cs->cfg->check;
    uint64_t spread = h->interval_ns / 100 * h->jitter, now = splice_now(k->w->s);
    uint64_t due = k->begun_ns + h->interval_ns - spread + draw(k->w, 2 * spread);
    arm(k, due > now + CHECK_SOON_NS ? due : now + CHECK_SOON_NS);
}

void checks_begin(struct exchanges *w, struct generation *g)
{
    uint64_t now = splice_now(w->s);
    if (g->nchecks)
        tw_nodes(&w->check_wheel, &g->check->timer, sizeof *g->check);
    for (uint32_t i = 0; i < g->nchecks; i++) {
        struct check *k = &g->check[i];
        if (k->e)
            continue; /* it goes on */
        uint64_t interval = k->cs->cfg->check.interval_ns, due = entry_of(k)->run.due_ns;
        if (due == 0)
            due = now + draw(w, interval < FIRST_SPREAD ? interval : FIRST_SPREAD);
        else if (due > now + interval)
            due = now + interval; /* the interval has become shorter */
        arm(k, due);
    }
}

/* e goes its own way: closed, and what still comes is thrown away. */
static void let_go(struct check *k)
{
    struct conn *e = k->e;
    k->e = NULL;
    conn_set_user(e, NULL);
    e->user_check = false;
}

static struct check *check_in(struct generation *g, const struct check *k)
{
    for (uint32_t i = 0; i < g->nchecks; i++)
        if (g->check[i].cluster == k->cluster && entry_of(&g->check[i]) == entry_of(k))
            return &g->check[i];
    return NULL;
}

/* k, which is under way, goes on as `next`, which asks the same. */
static void carry(struct check *k, struct check *next, const struct generation *g)
{
    next->begun_ns = k->begun_ns;
    next->e = k->e;
    k->answer.matcher = next->answer.matcher;
    next->answer = k->answer;
    conn_set_user(next->e, next);
    conn_serves(next->w, next->e, g, next->cluster, next->endpoint);
    k->e = NULL;
}

void checks_end(struct exchanges *w, struct generation *g, struct generation *to)
{
    bool same = config_same_file(g->cfg, to->cfg);
    for (uint32_t i = 0; i < g->nchecks; i++) {
        struct check *k = &g->check[i];
        tw_del(&w->check_wheel, i);
        if (!k->e)
            continue;
        struct check *next = same ? check_in(to, k) : NULL;
        if (next && !next->e) {
            carry(k, next, to);
            continue;
        }
        struct conn *e = k->e;
        let_go(k);
        entry_of(k)->run.due_ns = splice_now(w->s) + CHECK_SOON_NS;
        splice_reset(w->s, e, R_CLOSE_DRAIN);
    }
}

/* ---- what a check has found ---- */

static void conclude(struct check *k, enum finding f, uint16_t status)
{
    struct exchanges *w = k->w;
    struct roster_entry *e = entry_of(k);
    const struct cfg_health_check *h = &k->cs->cfg->check;
    struct roster_check c = roster_check_of(e);
    bool passed = f == FINDING_PASSED;
    e->run.passed = passed ? e->run.passed + 1 : 0;
    e->run.failed = passed ? 0 : e->run.failed + 1;
    stat_add(passed ? &w->cnt->checks_passed : &w->cnt->checks_failed, 1);
    uint32_t run = passed ? e->run.passed : e->run.failed, needed = passed ? h->healthy : h->unhealthy;
    if (c.health == ROSTER_UNKNOWN || run >= needed || mutant(check_threshold))
        c.health = passed ? ROSTER_UP : ROSTER_DOWN;
    /* Why it is as it is: one failed check more or less does not change that. */
    if ((c.health == ROSTER_UP) == passed) {
        c.why = f;
        c.status = status;
    }
    roster_set_check(w->roster, e, c, splice_now(w->s));
    arm_next(k);
    exchanges_sync(w);
}

/* The answer is known while the conn is open: it is closed in an orderly way. */
static void finish(struct check *k, enum finding f, uint16_t status)
{
    struct conn *e = k->e;
    struct splice *s = k->w->s;
    let_go(k);
    splice_sink(s, e);
    if (conn_in_fin(e) && e->fin_told)
        splice_take_fin(s, e);
    splice_fin(s, e, R_CLOSE_CHECKED);
    if (!conn_is_dead(e) && e->pub.state != TCP_TIME_WAIT)
        splice_set_timer(s, e, splice_now(s) + LINGER_NS);
    conclude(k, f, status);
}

/* It ends at once: nothing is to be expected of the endpoint. */
static void give_up(struct check *k, enum finding f)
{
    struct conn *e = k->e;
    let_go(k);
    splice_reset(k->w->s, e, R_CLOSE_CHECKED);
    conclude(k, f, 0);
}

/* ---- asking ---- */

#define HOST_ROOM 280 /* a name or an address, and a port */

static struct span host_of(const struct check *k, char buf[HOST_ROOM])
{
    const char *host = k->cs->cfg->check.host;
    struct ip_port at = checked_at(k);
    char ip[IP_STRLEN];
    if (host)
        return span_str(host);
    const char *name = k->cs->cfg->endpoint[k->endpoint].host;
    if (name)
        return span_of(buf, (size_t)snprintf(buf, HOST_ROOM, "%s:%u", name, at.port));
    int n = snprintf(buf, HOST_ROOM, ip_is_v4(&at.addr) ? "%s:%u" : "[%s]:%u", ip_str(&at.addr, ip), at.port);
    return span_of(buf, (size_t)n);
}

static const char *method_of(const struct check *k)
{
    static const char *const name[] = {
        [CFG_CHECK_GET] = "GET", [CFG_CHECK_HEAD] = "HEAD", [CFG_CHECK_OPTIONS] = "OPTIONS"};
    return name[k->cs->cfg->check.method];
}

/* Puts the request where it is sent from as soon as the conn is open. */
static bool ask(struct check *k)
{
    char buf[HOST_ROOM];
    struct span host = host_of(k, buf);
    uint32_t cap;
    uint8_t *out = splice_buf(k->w->s, k->e, REQUEST_ROOM, &cap);
    if (!out)
        return false;
    uint32_t proxy = identity_of_check(k->cs->cfg->proxy_protocol, out);
    int n = snprintf((char *)out + proxy, cap - proxy,
                     "%s %s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: lacon/" LACON_VERSION
                     "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                     method_of(k), k->cs->cfg->check.path, (int)host.n, (const char *)host.p);
    return splice_map_kept(k->w->s, NULL, k->e, 0, out, cap, proxy + (uint32_t)n, EXT_OWNED, false) == 0;
}

/* lacon has no means to check now. */
static void skip(struct check *k)
{
    stat_add(&k->w->cnt->checks_skipped, 1);
    arm_next(k);
}

static void start(void *arg, uint32_t i, uint64_t now_ns)
{
    struct exchanges *w = arg;
    struct check *k = &w->gen->check[i];
    const struct cfg_health_check *h = &k->cs->cfg->check;
    enum reason why = R_NONE;
    k->begun_ns = now_ns;
    k->e = splice_connect(w->s, k->remote, NULL, 0, &why);
    if (!k->e) {
        count(w->cnt, why);
        skip(k);
        return;
    }
    conn_set_user(k->e, k);
    k->e->user_check = true;
    conn_serves(w, k->e, w->gen, k->cluster, k->endpoint);
    k->answer = (struct check_answer){.matcher = k->answer.matcher};
    if (h->protocol == CFG_CHECK_HTTP && !ask(k)) {
        struct conn *e = k->e;
        let_go(k);
        conn_end(w->s, e, R_CLOSE_NO_MEMORY);
        skip(k);
        return;
    }
    splice_set_timer(w->s, k->e, now_ns + h->timeout_ns);
}

void checks_tick(struct exchanges *w)
{
    tw_advance(&w->check_wheel, splice_now(w->s), start, w);
}

/* ---- what its conn has to say ---- */

void check_connected(struct conn *e)
{
    struct check *k = conn_user(e);
    if (k->cs->cfg->check.protocol == CFG_CHECK_TCP)
        finish(k, FINDING_PASSED, 0);
}

void check_judge(struct conn *e, struct span bytes)
{
    struct check *k = conn_user(e);
    struct verdict v = verdict_of(&k->answer, &k->cs->cfg->check, bytes, &e->user_scan, &k->w->head);
    if (v.taken)
        splice_skip(k->w->s, e, v.taken);
    if (v.known)
        finish(k, v.finding, v.status);
}

void check_fin(struct conn *e)
{
    struct check *k = conn_user(e);
    finish(k, verdict_at_end(&k->answer), 0);
}

void check_timeout(struct conn *e)
{
    struct check *k = conn_user(e);
    give_up(k, e->pub.state == TCP_SYN_SENT ? FINDING_NO_ANSWER : FINDING_TIMEOUT);
}

void check_ended(struct conn *e, enum reason why)
{
    struct check *k = conn_user(e);
    let_go(k);
    switch (why) {
    case R_CLOSE_CONNECT_REFUSED:
        conclude(k, FINDING_REFUSED, 0);
        break;
    case R_CLOSE_UNREACHABLE:
        conclude(k, FINDING_UNREACHABLE, 0);
        break;
    case R_CLOSE_PEER_RESET:
        conclude(k, FINDING_RESET, 0);
        break;
    case R_CLOSE_RETRANSMIT:
        conclude(k, FINDING_TIMEOUT, 0);
        break;
    default:
        skip(k);
    }
}
