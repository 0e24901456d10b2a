#include "tests/sim/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/utc.h"
#include "tests/sim/pcapng.h"

#define WAIT (10 * SEC) /* for what is wanted */

/* ---- the stage ---- */

static void inbox_put(struct sim *s, struct inbox *in, const struct seg *g)
{
    struct seen *m = xalloc(sizeof *m);
    m->s = *g;
    m->at = s->now;
    memcpy(m->packet, g->l3, g->l3_len);
    m->s.l3 = m->packet;
    m->s.l4 = m->packet + (g->l4 - g->l3);
    m->s.data = g->kind == SEG_TCP ? m->packet + (g->data - g->l3) : NULL;
    if (in->n == ROW_INBOX) {
        sim_fail(s, "a peer got more segments than a row can hold");
        free(m);
        return;
    }
    in->m[in->n++] = m;
}

struct seen *inbox_take(struct inbox *in)
{
    if (!in->n)
        return NULL;
    struct seen *m = in->m[0];
    memmove(in->m, in->m + 1, --in->n * sizeof *in->m);
    return m;
}

static void inbox_clear(struct inbox *in)
{
    for (struct seen *m; (m = inbox_take(in));)
        free(m);
}

static void raw_input(void *arg, const struct seg *g)
{
    struct script *s = arg;
    if (g->kind != SEG_TCP) {
        inbox_put(&s->sim, &s->errors, g);
        return;
    }
    for (unsigned i = s->npeer; i-- > 0;) { /* the newest first: a four-tuple may come again */
        struct peer *p = &s->peer[i];
        bool same = p->lport == g->dport && p->rport == g->sport && ip_eq(&p->local, &g->dst);
        if (same && (g->flags != SEG_SYN || g->seq == p->irs)) {
            inbox_put(&s->sim, &p->in, g);
            return;
        }
    }
    inbox_put(&s->sim, &s->unclaimed, g);
}

static void add_host(struct script *s, struct host *h, const char *name, unsigned side, unsigned number)
{
    uint8_t mac[6] = {2, 0, 0, (uint8_t)side, (uint8_t)(number >> 8), (uint8_t)number};
    struct link_cfg link = {.delay_ns = 100 * US};
    host_init(h, name, &s->lan[side], mac, &link);
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct ip_addr a = topo_addr(v6, side, number);
        host_add_addr(h, &a);
    }
    h->raw = true;
    h->raw_input = raw_input;
    h->raw_arg = s;
}

static void build(struct script *s, uint64_t seed)
{
    static const char *const name[ROW_ENDPOINTS] = {"c0e0", "c0e1", "c1e0", "c1e1"};
    sim_init(&s->sim, seed);
    lan_init(&s->lan[0], &s->sim);
    lan_init(&s->lan[1], &s->sim);
    s->config = topo_config(false, seed % 4 == 2 || seed % 4 == 3, 1);
    s->client_v6 = seed % 4 == 2 || seed % 4 == 0;
    s->config->listener[0].min_request_rate = s->config->listener[0].min_response_rate = 0;
    s->config->limits = (struct cfg_limits){0};
    s->next_port = 40000;
    add_host(s, &s->client_host, "client", 0, 100);
    for (unsigned i = 0; i < ROW_ENDPOINTS; i++)
        add_host(s, &s->endpoint_host[i], name[i], 1,
                 topo_endpoint_number(i / TOPO_ENDPOINTS, i % TOPO_ENDPOINTS));
}

void start(struct script *s)
{
    struct lan *lan[LACON_PORTS] = {&s->lan[0], &s->lan[1]};
    if (!s->lacon.sim)
        lacon_start(&s->lacon, &s->sim, s->config, lan, NULL, false);
    s->lacon.poll_ns = 0;
}

static void strike(struct script *s)
{
    for (unsigned i = 0; i < s->npeer; i++) {
        inbox_clear(&s->peer[i].in);
        free(s->peer[i].last);
    }
    inbox_clear(&s->unclaimed);
    inbox_clear(&s->errors);
    host_fini(&s->client_host);
    if (s->model.sim)
        host_fini(&s->model);
    for (unsigned i = 0; i < ROW_ENDPOINTS; i++)
        host_fini(&s->endpoint_host[i]);
    if (s->lacon.sim)
        lacon_stop(&s->lacon);
    topo_config_free(s->config);
    topo_config_free(s->next_config);
    sim_fini(&s->sim);
}

static struct peer *add_peer(struct script *s, struct host *h, const struct ip_addr *local)
{
    if (s->npeer == ROW_PEERS) {
        sim_fail(&s->sim, "too many peers in a row");
        s->npeer--;
    }
    struct peer *p = &s->peer[s->npeer++];
    *p = (struct peer){.sc = s,
                       .host = h,
                       .local = *local,
                       .wnd = 65535,
                       .auto_ack = true,
                       .mss = ip_is_v4(local) ? 1460 : 1440,
                       .wscale = -1,
                       .sack = true,
                       .iss = rng_u32(&s->sim.rng)};
    return p;
}

/* ---- sending ---- */

static struct seg segment(struct peer *p, uint8_t f, uint32_t seq, uint32_t ack)
{
    struct seg g = seg_tcp();
    g.v4 = ip_is_v4(&p->local);
    g.src = p->local;
    g.dst = p->remote;
    g.sport = p->lport;
    g.dport = p->rport;
    g.seq = p->iss + seq;
    g.flags = f;
    g.ack = f & SEG_ACK ? p->irs + ack : 0;
    g.wnd = p->wnd;
    return g;
}

static void send_seg(struct peer *p, struct seg *g)
{
    uint8_t frame[SEG_FRAME];
    if (p->sc->sim.failed)
        return;
    if (!p->mangle) {
        host_send(p->host, g);
        return;
    }
    uint32_t n = p->mangle(frame, seg_build(g, frame));
    p->mangle = NULL;
    host_neigh_send(p->host, &g->dst, frame, n);
}

void say_flags(struct peer *p, uint8_t f, uint32_t seq, uint32_t ack, const char *text)
{
    struct seg g = segment(p, f, seq, ack);
    g.data = (const uint8_t *)text;
    g.len = text ? (uint32_t)strlen(text) : 0;
    if (f & SEG_SYN) {
        g.mss = p->mss;
        g.wscale = p->wscale;
        g.sack_ok = p->sack;
        g.timestamp = p->timestamps;
    }
    send_seg(p, &g);
}

void flags(struct peer *p, uint8_t f, uint32_t seq, uint32_t ack)
{
    say_flags(p, f, seq, ack, NULL);
}

void sacks(struct peer *p, uint32_t ack, unsigned n, const uint32_t (*block)[2])
{
    struct seg g = segment(p, SEG_ACK, p->snd, ack);
    g.nsack = (uint8_t)n;
    for (unsigned i = 0; i < n; i++)
        g.sack[i] = (struct seg_sack){p->irs + block[i][0], p->irs + block[i][1]};
    send_seg(p, &g);
}

void sack(struct peer *p, uint32_t ack, uint32_t lo, uint32_t hi)
{
    sacks(p, ack, 1, &(const uint32_t[2]){lo, hi});
}

void say_bytes_at(struct peer *p, uint32_t seq, const void *bytes, uint32_t n)
{
    struct seg g = segment(p, SEG_ACK | SEG_PSH | p->extra_flags, seq, p->rcv);
    g.urgent = p->extra_flags & SEG_URG ? 1 : 0;
    g.data = bytes;
    g.len = n;
    send_seg(p, &g);
}

void say_at(struct peer *p, uint32_t seq, const char *text)
{
    say_bytes_at(p, seq, text, (uint32_t)strlen(text));
}

void say(struct peer *p, const char *text)
{
    say_at(p, p->snd, text);
    p->snd += (uint32_t)strlen(text);
}

void say_n_at(struct peer *p, uint32_t seq, char c, uint32_t n)
{
    char chunk[1000];
    memset(chunk, c, sizeof chunk);
    while (n) {
        uint32_t k = n < sizeof chunk ? n : (uint32_t)sizeof chunk;
        say_bytes_at(p, seq, chunk, k);
        seq += k;
        n -= k;
    }
}

void say_n(struct peer *p, char c, uint32_t n)
{
    say_n_at(p, p->snd, c, n);
    p->snd += n;
}

void say_one(struct peer *p, char c, uint32_t n)
{
    char bytes[SEG_MTU];
    memset(bytes, c, sizeof bytes);
    say_bytes_at(p, p->snd, bytes, n);
    p->snd += n;
}

void ack_all(struct peer *p)
{
    flags(p, SEG_ACK, p->snd, p->rcv);
}

void fin(struct peer *p)
{
    flags(p, SEG_FIN | SEG_ACK, p->snd++, p->rcv);
}

void rst(struct peer *p, uint32_t seq)
{
    flags(p, SEG_RST, seq, 0);
}

/* ---- expecting ---- */

void pass_time(struct script *s, unsigned ms)
{
    uint64_t until = s->sim.now + ms * MS;
    while (sim_step(&s->sim, until))
        ;
    if (!s->sim.failed)
        s->sim.now = until;
}

/* The next segment for p into p->got; false when none comes. */
static bool next(struct peer *p, uint64_t wait)
{
    struct sim *sim = &p->sc->sim;
    uint64_t until = sim->now + wait;
    while (!p->in.n && sim_step(sim, until))
        ;
    if (sim->failed)
        return false;
    if (!p->in.n) {
        sim->now = until;
        return false;
    }
    free(p->last);
    p->last = inbox_take(&p->in);
    p->got = p->last->s;
    p->got_at = p->last->at;
    return true;
}

static const char *relative(const struct peer *p, char *buf, size_t n)
{
    char f[9];
    unsigned k = 0;
    for (unsigned i = 0; i < 8; i++)
        if (p->got.flags & 1u << i)
            f[k++] = "FSRPAUEC"[i];
    f[k] = 0;
    snprintf(buf, n, "[%s seq=%u ack=%u len=%u win=%u] \"%.*s\"", f, p->got.seq - p->irs,
             p->got.flags & SEG_ACK ? p->got.ack - p->iss : 0, p->got.len, p->got.wnd,
             (int)(p->got.len < 60 ? p->got.len : 60), p->got.len ? (const char *)p->got.data : "");
    return buf;
}

static uint8_t flag_bits(const char **s)
{
    static const char letter[] = "FSRPAUEC";
    uint8_t f = 0;
    for (const char *at; **s && **s != ' ' && (at = strchr(letter, **s)); (*s)++)
        f |= (uint8_t)(1u << (at - letter));
    return f;
}

static bool matches(const struct peer *p, const char *want_segment)
{
    const char *s = want_segment;
    const struct seg *g = &p->got;
    if ((flag_bits(&s) & ~SEG_PSH) != (g->flags & ~SEG_PSH))
        return false;
    for (; *s; s += strcspn(s, " ")) {
        s += strspn(s, " ");
        unsigned v;
        if (sscanf(s, "seq=%u", &v) == 1   ? g->seq - p->irs != v
            : sscanf(s, "ack=%u", &v) == 1 ? g->ack - p->iss != v
            : sscanf(s, "len=%u", &v) == 1 ? g->len != v
            : sscanf(s, "win=%u", &v) == 1 ? g->wnd != v
                                           : *s != 0)
            return false;
    }
    return true;
}

/* In-order bytes move p->rcv, so that what p sends acks them. */
static void take(struct peer *p)
{
    uint32_t at = p->got.seq - p->irs;
    uint32_t end = at + p->got.len + (p->got.flags & SEG_FIN ? 1 : 0) + (p->got.flags & SEG_SYN ? 1 : 0);
    if (at <= p->rcv && end > p->rcv && !(p->got.flags & SEG_RST))
        p->rcv = end;
}

void want(struct peer *p, const char *w)
{
    char buf[200];
    if (p->sc->sim.failed)
        return;
    if (!next(p, WAIT))
        sim_fail(&p->sc->sim, "%s wanted \"%s\", nothing came", p->host->name, w);
    else if (!matches(p, w))
        sim_fail(&p->sc->sim, "%s wanted \"%s\", got %s", p->host->name, w, relative(p, buf, sizeof buf));
    else
        take(p);
}

void want_eventually(struct peer *p, const char *w)
{
    uint64_t until = p->sc->sim.now + WAIT;
    char buf[200] = "nothing";
    while (!p->sc->sim.failed && p->sc->sim.now < until) {
        if (!next(p, until - p->sc->sim.now))
            break;
        take(p);
        if (matches(p, w))
            return;
        relative(p, buf, sizeof buf);
    }
    sim_fail(&p->sc->sim, "%s wanted \"%s\" in the end, last got %s", p->host->name, w, buf);
}

/* One segment that continues the stream; its new bytes at *bytes. 0: failed. */
static uint32_t more(struct peer *p, const uint8_t **bytes)
{
    char buf[200];
    while (next(p, WAIT)) {
        uint32_t at = p->got.seq - p->irs, end = at + p->got.len, from = p->rcv;
        if (p->got.flags & SEG_RST) {
            sim_fail(&p->sc->sim, "%s wanted bytes, got %s", p->host->name, relative(p, buf, sizeof buf));
            return 0;
        }
        if (at > from || end <= from)
            continue;
        take(p);
        if (p->auto_ack)
            ack_all(p);
        *bytes = p->got.data + (from - at);
        return end - from;
    }
    sim_fail(&p->sc->sim, "%s wanted bytes from %u on, nothing came", p->host->name, p->rcv);
    return 0;
}

void want_text(struct peer *p, const char *text)
{
    const uint8_t *b = NULL;
    uint32_t n = p->sc->sim.failed ? 0 : more(p, &b);
    while (n && *text) {
        uint32_t k = (uint32_t)strlen(text) < n ? (uint32_t)strlen(text) : n;
        if (memcmp(b, text, k) != 0) {
            sim_fail(&p->sc->sim, "%s wanted \"%.60s\", got \"%.*s\"", p->host->name, text,
                     (int)(n < 60 ? n : 60), (const char *)b);
            return;
        }
        text += k;
        n = *text ? more(p, &b) : 0;
    }
}

void want_reply(struct peer *p, const char *head, const char *rest)
{
    char date[UTC_STRLEN], text[1024];
    const uint8_t *b = NULL;
    uint32_t n = p->sc->sim.failed ? 0 : more(p, &b);
    for (int64_t ago = 0; ago < 2; ago++) {
        utc_http(lacon_wall_s(&p->sc->lacon) - ago, date);
        uint32_t len = (uint32_t)snprintf(text, sizeof text, "%sDate: %s\r\n%s", head, date, rest);
        if (n == len && memcmp(b, text, n) == 0)
            return;
    }
    if (!p->sc->sim.failed)
        sim_fail(&p->sc->sim, "%s wanted \"%s\", got \"%.*s\"", p->host->name, text, (int)n, (const char *)b);
}

void want_bytes(struct peer *p, uint32_t n)
{
    const uint8_t *b;
    uint32_t goal = p->rcv + n;
    while (!p->sc->sim.failed && p->rcv < goal)
        more(p, &b);
}

void want_head(struct peer *p)
{
    const uint8_t *b = NULL;
    uint32_t n, matched = 0;
    while (!p->sc->sim.failed && (n = more(p, &b)))
        for (uint32_t i = 0; i < n; i++) {
            matched = b[i] == "\r\n\r\n"[matched] ? matched + 1 : b[i] == '\r';
            if (matched == 4)
                return;
        }
}

void want_fin(struct peer *p)
{
    if (!(p->got.flags & SEG_FIN))
        want_eventually(p, "FA");
}

void want_sack(struct peer *p, uint32_t lo, uint32_t hi)
{
    char buf[200];
    if (!p->sc->sim.failed &&
        (p->got.nsack != 1 || p->got.sack[0].lo != p->iss + lo || p->got.sack[0].hi != p->iss + hi))
        sim_fail(&p->sc->sim,
                 "%s wanted one SACK block from %u to %u, got %u, the first from %u to %u, with %s",
                 p->host->name, lo, hi, p->got.nsack, p->got.sack[0].lo - p->iss, p->got.sack[0].hi - p->iss,
                 relative(p, buf, sizeof buf));
}

void want_silence(struct peer *p, unsigned ms)
{
    char buf[200];
    if (!p->sc->sim.failed && next(p, ms * MS))
        sim_fail(&p->sc->sim, "%s wanted silence, got %s", p->host->name, relative(p, buf, sizeof buf));
}

void want_true(struct script *s, bool ok, const char *what)
{
    if (!ok)
        sim_fail(&s->sim, "not so: %s", what);
}

void forget(struct peer *p)
{
    while (p->in.n) {
        free(p->last);
        p->last = inbox_take(&p->in);
        p->got = p->last->s;
        p->got_at = p->last->at;
        take(p);
    }
}

void lose(struct peer *p)
{
    inbox_clear(&p->in);
}

void forget_unclaimed(struct script *s)
{
    inbox_clear(&s->unclaimed);
}

/* ---- connections ---- */

struct peer *client(struct script *s)
{
    start(s);
    struct peer *p = add_peer(s, &s->client_host, &s->client_host.addr[s->client_v6]);
    p->remote = topo_addr(s->client_v6, 0, 1);
    p->rport = TOPO_PORT;
    p->lport = s->next_port++;
    return p;
}

/* Takes over the numbers of a SYN or SYN-ACK. */
static void meet(struct peer *p)
{
    p->irs = p->got.seq;
    p->rcv = 1;
    p->snd = 1;
}

void open_conn(struct peer *c)
{
    open_slowly(c, 0);
}

void open_slowly(struct peer *c, unsigned ms)
{
    flags(c, SEG_SYN, 0, 0);
    if (c->sc->sim.failed || !next(c, WAIT) || c->got.flags != (SEG_SYN | SEG_ACK)) {
        sim_fail(&c->sc->sim, "no SYN-ACK came");
        return;
    }
    meet(c);
    if (ms)
        pass_time(c->sc, ms);
    ack_all(c);
}

struct peer *take_syn(struct script *s)
{
    uint64_t until = s->sim.now + WAIT;
    while (!s->unclaimed.n && sim_step(&s->sim, until))
        ;
    struct seen *m = inbox_take(&s->unclaimed);
    struct host *h = &s->endpoint_host[0];
    if (!m || m->s.flags != SEG_SYN)
        sim_fail(&s->sim, "no endpoint got a SYN");
    for (unsigned i = 0; m && i < ROW_ENDPOINTS; i++)
        if (host_has_addr(&s->endpoint_host[i], &m->s.dst))
            h = &s->endpoint_host[i];
    struct peer *p = add_peer(s, h, m ? &m->s.dst : &h->addr[0]);
    if (m) {
        p->got = m->s;
        p->got_at = m->at;
        p->last = m;
        p->remote = m->s.src;
        p->rport = m->s.sport;
        p->lport = m->s.dport;
        meet(p);
    }
    return p;
}

void accept_syn_of(struct peer *e)
{
    flags(e, SEG_SYN | SEG_ACK, 0, 1);
}

void refuse_syn_of(struct peer *e)
{
    flags(e, SEG_RST | SEG_ACK, 0, 1);
}

struct peer *serve(struct script *s)
{
    struct peer *e = take_syn(s);
    accept_syn_of(e);
    return e;
}

struct peer *take_request(struct script *s)
{
    struct peer *e = serve(s);
    want_head(e);
    return e;
}

void ask(struct peer *c, const char *request)
{
    open_conn(c);
    say(c, request);
}

void answer(struct peer *e, struct peer *c)
{
    say(e, OK2);
    want_text(c, OK2);
}

struct host *answered_by(struct peer *c, const char *request)
{
    say(c, request);
    struct peer *e = take_request(c->sc);
    answer(e, c);
    ack_all(e);
    return e->host;
}

struct peer *with_request(struct peer *c, const char *request)
{
    ask(c, request);
    return take_request(c->sc);
}

void begin_large(struct peer *e, struct peer *c)
{
    say(e, LARGE0);
    want_head(c);
}

struct peer *dies(struct peer *c, const char *request)
{
    struct peer *e = with_request(c, request);
    pass_time(c->sc, 10);
    rst(e, e->snd);
    return e;
}

struct peer *pooled(struct peer *c)
{
    struct peer *e = with_request(c, GET0);
    answer(e, c);
    pass_time(c->sc, 10);
    forget(e);
    forget(c);
    want_true(c->sc, LACON_COUNT(&c->sc->lacon, endpoints_idle) == 1, "the endpoint conn is pooled");
    return e;
}

/* ---- running ---- */

void run_row(const struct row *r, uint64_t seed, bool verbose, struct pcapng *trace, struct run_result *out)
{
    struct script *s = xalloc(sizeof *s);
    build(s, seed);
    s->sim.trace = trace;
    s->sim.verbose = verbose;
    r->fn(s);
    if (verbose && s->lacon.sim && s->lacon.worker[0].engine)
        lacon_print_counters(&s->lacon);
    strike(s);
    *out = (struct run_result){.ok = !s->sim.failed, .failed_at = s->sim.failed_at, .stats = s->sim.stats};
    memcpy(out->why, s->sim.why, sizeof out->why);
    free(s);
}
