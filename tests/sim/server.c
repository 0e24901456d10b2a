#include "tests/sim/server.h"
#include "tests/sim/edits.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/pump.h"
#include "tests/sim/reader.h"

#define READ_TICK (10 * MS)

/* One connection. */
struct session {
    struct server *server;
    struct session *next;
    struct tcb *tcb;
    struct reader reader;
    struct pump pump;
    struct plan *plan; /* the exchange in progress */
    struct sim_timer t_think, t_idle, t_linger, t_read;
    bool answering, closing;
    bool silent;   /* stalled for good */
    bool poisoned; /* has sent more than it announced: what comes next on this connection may fail */
};

/* ---- checking a request ---- */

static const char *check_forwarded(const struct session *se, const struct plan *p)
{
    char v[200], want[200], ip[48];
    unsigned n = head_field(&se->reader, "X-Forwarded-For", v, sizeof v);
    if (se->server->direct)
        return n == (p->xff ? 1u : 0u) ? NULL : "X-Forwarded-For changed";
    snprintf(want, sizeof want, "%s%s", p->xff ? "192.0.2.9, " : "", sim_ip(&p->client, ip));
    return n == 1 && strcmp(v, want) == 0 ? NULL : "X-Forwarded-For is not the client's address";
}

static const char *check_hop_by_hop(const struct session *se, const struct plan *p)
{
    static const char *const gone[] = {"X-Hop", "TE", "Proxy-Connection", "Keep-Alive"};
    char v[200];
    if (se->server->direct)
        return NULL;
    for (unsigned i = 0; i < sizeof gone / sizeof *gone; i++)
        if (head_field(&se->reader, gone[i], NULL, 0))
            return "a hop-by-hop field was passed on";
    unsigned n = head_field(&se->reader, "Connection", v, sizeof v);
    if (p->keep10)
        return n == 1 && strcasecmp(v, "keep-alive") == 0 ? NULL : "HTTP/1.0 keep-alive was not asked for";
    return n == 0 ? NULL : "the client's Connection field was passed on";
}

static const char *check_blob(const struct session *se, const struct plan *p)
{
    static char v[70000];
    if (!p->blob)
        return NULL;
    if (head_field(&se->reader, "X-Blob", v, sizeof v) != 1 || strlen(v) != p->blob)
        return "X-Blob has another length";
    for (uint32_t i = 0; i < p->blob; i++)
        if (v[i] != (char)('a' + body_byte(p->id, DIR_REQUEST, i) % 26))
            return "X-Blob has other bytes";
    return NULL;
}

static const char *check_line(const struct session *se, const struct plan *p)
{
    char want[PLAN_LINE], v[200];
    (void)snprintf(want, sizeof want, "%s %s HTTP/1.%u", p->method, p->target, p->minor);
    if (strcmp(p->line, want) != 0 && !p->other_content)
        return "request line changed";
    if (head_field(&se->reader, "Host", v, sizeof v) != 1 || strcasecmp(v, p->host) != 0)
        return "Host changed";
    if (p->other_content && strcmp(p->host, "mix.example") == 0) /* the route is that of what was delivered */
        return p->line[strlen(p->method) + 3] - '0' == (int)se->server->cluster
                   ? NULL
                   : "request went to another cluster than its path says (S1)";
    if (p->cluster != se->server->cluster)
        return "request went to an endpoint of another cluster";
    return NULL;
}

static const char *check_framing(const struct session *se, const struct plan *p)
{
    char cl[50], te[50];
    unsigned ncl = head_field(&se->reader, "Content-Length", cl, sizeof cl);
    unsigned nte = head_field(&se->reader, "Transfer-Encoding", te, sizeof te);
    if (ncl != (p->req_kind == BODY_LENGTH) || nte != (p->req_kind == BODY_CHUNKED))
        return "framing fields changed";
    if (ncl && strtoul(cl, NULL, 10) != p->req_len)
        return "Content-Length changed";
    if (head_field(&se->reader, "Expect", NULL, 0) != p->expect)
        return "Expect changed";
    return NULL;
}

static const char *check_edits(const struct session *se, const struct plan *p)
{
    char v[2 * EDITS_REQUEST];
    (void)p;
    v[0] = 0;
    unsigned grown = head_field(&se->reader, EDITS_GROW, v, sizeof v);
    return edits_check(se->server->direct, se->server->cluster, grown,
                       head_field(&se->reader, EDITS_GONE, NULL, 0), strlen(v), EDITS_REQUEST);
}

static void answer(void *arg);

static void note_line(struct plan *p, const struct reader *r)
{
    size_t n = strcspn((const char *)r->head.p, "\r");
    snprintf(p->line, sizeof p->line, "%.*s", (int)n, (const char *)r->head.p);
}

static const char *on_head(void *arg, struct reader *r)
{
    struct session *se = arg;
    static const char *(*const check[])(const struct session *, const struct plan *) = {
        check_line, check_forwarded, check_hop_by_hop, check_blob, check_framing, check_edits};
    char v[50];
    if (head_field(r, "X-Id", v, sizeof v) != 1)
        return "request without X-Id";
    struct plan *p = book_find(se->server->book, (uint32_t)strtoul(v, NULL, 10));
    if (!p)
        return "request with an unknown X-Id";
    note_line(p, r);
    p->may_fail |= se->poisoned;
    for (unsigned i = 0; i < sizeof check / sizeof *check; i++) {
        const char *why = check[i](se, p);
        if (why)
            return why;
    }
    se->plan = p;
    r->kind = p->req_kind;
    r->length = p->req_len;
    r->id = p->id;
    r->dir = DIR_REQUEST;
    r->compare = true;
    if (p->expect && !p->early)
        tcb_write(se->tcb, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return NULL;
}

/* ---- answering ---- */

static bool ends_here(const struct session *se)
{
    const struct plan *p = se->plan;
    return p->endpoint_close || p->early || p->resp_kind == BODY_CLOSE || (p->minor == 0 && !p->keep10) ||
           p->garbage || (se->server->direct && p->close);
}

static void linger_over(void *arg)
{
    struct session *se = arg;
    tcb_abort(se->tcb);
}

static void finish_conn(struct session *se)
{
    se->closing = true;
    tcb_shutdown(se->tcb);
    if (se->tcb->end == TCB_OPEN)
        sim_arm(se->server->sim, &se->t_linger, se->server->sim->now + 600 * SEC);
}

static void idle_over(void *arg)
{
    struct session *se = arg;
    se->closing = true;
    sim_say(se->server->sim, "%s closes an idle connection (port %u)", se->server->host->name,
            se->tcb->rport);
    tcb_close(se->tcb);
}

/* It closes while the next request is under way: what arrives meets a closed socket. */
static void close_on_arrival(void *arg, struct tcb *c)
{
    struct session *se = arg;
    c->arriving = NULL;
    if (se->answering || se->plan || se->reader.head.n || c->end != TCB_OPEN || c->fin_queued)
        return;
    se->closing = true;
    sim_say(se->server->sim, "%s closes a connection just when a request arrives (port %u)",
            se->server->host->name, c->rport);
    tcb_close(c);
}

static void read_some(void *arg);

static void written(void *arg)
{
    struct session *se = arg;
    struct sim *s = se->server->sim;
    if (se->silent) {
        sim_say(s, "%s falls silent in the middle of %u", se->server->host->name, se->plan->id);
        return;
    }
    if (se->pump.stop != SIZE_MAX) {
        sim_say(s, "%s resets in the middle of %u", se->server->host->name, se->plan->id);
        tcb_abort(se->tcb);
        return;
    }
    if (ends_here(se)) {
        finish_conn(se);
        return;
    }
    se->answering = false;
    se->poisoned |= se->plan->surplus > 0;
    se->server->surplus |= se->poisoned;
    se->plan = NULL;
    reader_reset(&se->reader);
    se->tcb->arriving = rng_permille(&s->rng, se->server->cross_close) ? close_on_arrival : NULL;
    if (rng_permille(&s->rng, se->server->idle_close))
        sim_arm(s, &se->t_idle, s->now + rng_below(&s->rng, se->server->idle_close_ns));
    read_some(se);
}

static void answer(void *arg)
{
    struct session *se = arg;
    struct sim *s = se->server->sim;
    if (se->tcb->end != TCB_OPEN)
        return;
    plan_write_response(se->plan, &s->rng, &se->pump.bytes);
    if (se->plan->reset_at != UINT32_MAX && se->plan->executed <= 1)
        se->pump.stop = se->plan->reset_at;
    if (se->plan->stall_at != UINT32_MAX) {
        se->pump.stop = se->plan->stall_at;
        se->silent = true;
    }
    if (se->pump.stop != SIZE_MAX && se->pump.stop >= se->pump.bytes.n)
        se->pump.stop = se->pump.bytes.n - 1;
    pump_start(&se->pump, se->tcb, se->server->cut);
}

static void start_answer(struct session *se)
{
    struct sim *s = se->server->sim;
    se->answering = true;
    sim_arm(s, &se->t_think, s->now + se->plan->think_ns);
}

static void request_done(struct session *se)
{
    struct plan *p = se->plan;
    struct sim *s = se->server->sim;
    se->server->requests++;
    s->stats.bytes += se->reader.off;
    if (se->reader.off != p->req_len && p->req_kind != BODY_NONE)
        sim_fail(s, "request %u ended after %llu of %u body bytes", p->id, (unsigned long long)se->reader.off,
                 p->req_len);
    if (p->executed++ && !p->idempotent)
        sim_fail(s, "%s %u was carried out twice", p->method, p->id);
    start_answer(se);
}

/* ---- reading ---- */

static void refuse_pipelining(struct session *se, const uint8_t *p, size_t n)
{
    sim_fail(se->server->sim, "%s got %zu bytes (\"%.*s\") while it still answers %u", se->server->host->name,
             n, (int)(n < 40 ? n : 40), (const char *)p, se->plan->id);
}

static void feed(struct session *se, const uint8_t *p, size_t n)
{
    struct sim *s = se->server->sim;
    sim_disarm(s, &se->t_idle);
    size_t used = reader_feed(&se->reader, p, n);
    tcb_consume(se->tcb, used);
    if (se->reader.state == READ_BAD)
        sim_fail(s, "%s got a bad request: %s", se->server->host->name, se->reader.why);
    else if (se->reader.state == READ_DONE)
        request_done(se);
    else if (se->plan && se->plan->early && se->reader.off >= se->plan->early_at)
        start_answer(se);
}

static void read_some(void *arg)
{
    struct session *se = arg;
    struct server *sv = se->server;
    const uint8_t *p;
    size_t n, allowance = sv->read_rate ? (size_t)(sv->read_rate / 100 + 1) : SIZE_MAX;
    while (allowance && !sv->sim->failed && (n = tcb_peek(se->tcb, &p)) > 0) {
        n = n < allowance ? n : allowance;
        allowance -= n;
        if (se->closing || (se->answering && se->plan->early)) {
            tcb_consume(se->tcb, n);
        } else if (!se->answering) {
            feed(se, p, n);
        } else if (sv->direct) {
            return;
        } else {
            refuse_pipelining(se, p, n);
        }
    }
    if (tcb_peek(se->tcb, &p) && se->tcb->end == TCB_OPEN)
        sim_arm(sv->sim, &se->t_read, sv->sim->now + READ_TICK);
    else if (tcb_eof(se->tcb) && !se->answering)
        tcb_shutdown(se->tcb);
}

static void stop(struct session *se)
{
    struct sim *s = se->server->sim;
    sim_disarm(s, &se->t_think);
    sim_disarm(s, &se->t_idle);
    sim_disarm(s, &se->t_linger);
    sim_disarm(s, &se->t_read);
    sim_disarm(s, &se->pump.timer);
}

static void on_event(void *arg, struct tcb *c, enum tcb_event ev)
{
    struct session *se = arg;
    (void)c;
    if ((ev == TCB_EV_READABLE || ev == TCB_EV_EOF) && !sim_armed(&se->t_read))
        read_some(se);
    else if (ev == TCB_EV_ENDED)
        stop(se);
}

static void accept_conn(void *arg, struct tcb *c)
{
    struct server *s = arg;
    struct session *se = xalloc(sizeof *se);
    se->server = s;
    se->tcb = c;
    se->next = s->sessions;
    s->sessions = se;
    s->accepted++;
    c->event = on_event;
    c->arg = se;
    se->reader.on_head = on_head;
    se->reader.arg = se;
    pump_init(&se->pump, written, se);
    se->t_think = (struct sim_timer){.fn = answer, .arg = se};
    se->t_idle = (struct sim_timer){.fn = idle_over, .arg = se};
    se->t_linger = (struct sim_timer){.fn = linger_over, .arg = se};
    se->t_read = (struct sim_timer){.fn = read_some, .arg = se};
}

void server_init(struct server *s, struct host *h, struct book *b, unsigned cluster, uint16_t port)
{
    memset(s, 0, sizeof *s);
    s->sim = h->sim;
    s->host = h;
    s->book = b;
    s->cluster = cluster;
    h->listen = (struct listen){.port = port, .accept = accept_conn, .arg = s};
}

void server_free(struct server *s)
{
    while (s->sessions) {
        struct session *se = s->sessions;
        s->sessions = se->next;
        stop(se);
        pump_free(&se->pump, s->sim);
        reader_free(&se->reader);
        free(se);
    }
}

uint64_t server_open(const struct server *s)
{
    uint64_t n = 0;
    for (const struct session *se = s->sessions; se; se = se->next)
        n += se->tcb->state != TCB_CLOSED && se->tcb->state != TCB_TIME_WAIT;
    return n;
}
