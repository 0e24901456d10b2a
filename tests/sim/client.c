/* Sends requests by its own style, checks responses in order, and knows which failures the plan permits. */
#include "tests/sim/client.h"
#include "tests/sim/edits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct plan *current(struct client *c)
{
    return c->rx < c->n ? c->plan[c->rx] : NULL;
}

#define PATIENCE (600 * SEC)

/* ---- what is permitted ---- */

static bool excused_by_events(const struct client *c, const struct plan *p)
{
    return c->cfg.excuses && c->cfg.excuses(c->cfg.arg, p);
}

static bool may_fail(const struct client *c, const struct plan *p)
{
    return p->may_fail || excused_by_events(c, p);
}

/* ---- sending ---- */

static void send_later(void *arg)
{
    struct client *c = arg;
    sim_disarm(c->sim, &c->t_later);
    if (!c->later.n || !c->tcb || c->tcb->end != TCB_OPEN)
        return;
    buf_put(&c->pump.bytes, c->later.p, c->later.n);
    c->later.n = 0;
    pump_start(&c->pump, c->tcb, c->cfg.cut);
}

/* A byte of the target comes a second time as another one, in a segment of its own, where it can the one that
 * decides about the route: what lacon judged first is what the endpoint must get (S1). */
static void send_other(void *arg)
{
    struct client *c = arg;
    if (c->tcb->end != TCB_OPEN || !c->other_left)
        return;
    if (tcb_send_old(c->tcb, c->other_pos, c->other_value)) {
        c->other_left--;
        c->other_sent = true;
        c->excused = true; /* lacon may reset the connection for it at any time */
    }
    sim_arm(c->sim, &c->t_other, c->sim->now + rng_below(&c->sim->rng, 100 * MS));
}

static void plan_other(struct client *c, const struct plan *p, size_t at)
{
    bool routed = strcmp(p->host, "mix.example") == 0; /* METHOD /c<cluster>/... */
    c->other_pos = tcb_end_pos(c->tcb) + at + strlen(p->method) + (routed ? 3 : 2);
    c->other_value = routed ? (uint8_t)('0' + (p->cluster + 1) % 2) : 'y';
    c->other_left = 3;
    sim_arm(c->sim, &c->t_other, c->sim->now + rng_below(&c->sim->rng, 50 * MS));
}

/* Appends the next request; false when its body has to wait. */
static bool write_request(struct client *c, struct plan *p)
{
    p->client = c->host->addr[c->cfg.which];
    struct buf *body = p->expect ? &c->later : &c->pump.bytes;
    struct buf head = {0}, text = {0};
    plan_write_request(p, &c->sim->rng, &head, &text);
    if (p->other_content && !c->other_left)
        plan_other(c, p, c->pump.bytes.n);
    if (p->quit && p->quit_upload && c->pump.stop == SIZE_MAX)
        c->pump.stop = c->pump.bytes.n + p->quit_at % (head.n + (p->expect ? 0 : text.n));
    buf_put(&c->pump.bytes, head.p, head.n);
    buf_put(body, text.p, text.n);
    buf_free(&head);
    buf_free(&text);
    return !p->expect;
}

static void send_more(void *arg)
{
    struct client *c = arg;
    if (c->tcb->end != TCB_OPEN || c->ending || pump_busy(&c->pump) || c->later.n)
        return;
    bool any = false;
    while (c->tx < c->n && c->tx - c->rx < c->cfg.depth) {
        struct plan *p = c->plan[c->tx];
        if (p->expect && any)
            break;
        any = true;
        c->tx++;
        p->sent_ns = c->sim->now;
        sim_say(c->sim, "%s:%u sends %u %s %s%s", c->host->name, c->tcb->lport, p->id, p->method, p->host,
                p->target);
        if (!write_request(c, p)) {
            sim_arm(c->sim, &c->t_later, c->sim->now + 1 * SEC);
            break;
        }
        if (plan_ends_conn(p))
            break;
    }
    if (any)
        pump_start(&c->pump, c->tcb, c->cfg.cut);
    if (any && !sim_armed(&c->t_patience))
        sim_arm(c->sim, &c->t_patience, c->sim->now + PATIENCE);
}

/* When a permitted failure's reset was lost, nothing more may come: an application gives up then. */
static void out_of_patience(void *arg)
{
    struct client *c = arg;
    const struct plan *p = current(c);
    if (c->done)
        return;
    if (c->excused || (p && may_fail(c, p)))
        tcb_abort(c->tcb);
    else if (p)
        sim_arm(c->sim, &c->t_patience, c->sim->now + PATIENCE);
}

static void quit(struct client *c, enum quit how);

static void all_written(void *arg)
{
    struct client *c = arg;
    if (c->pump.stop != SIZE_MAX) {
        unsigned i = c->rx;
        while (i + 1 < c->tx && !(c->plan[i]->quit && c->plan[i]->quit_upload))
            i++;
        quit(c, c->plan[i]->quit);
        return;
    }
    if (c->later.n)
        return;
    for (unsigned i = 0; i < c->tx; i++)
        c->plan[i]->sent = true;
    if (c->tx == c->n && c->cfg.half_close)
        tcb_shutdown(c->tcb);
    else if (c->rx == c->tx && current(c) && !sim_armed(&c->t_send))
        sim_arm(c->sim, &c->t_send, c->sim->now); /* it was answered before it was all said */
}

/* ---- judging ---- */

static void settle(struct client *c, enum outcome o)
{
    struct plan *p = current(c);
    if (o == EX_OK && p->must_fail)
        sim_fail(c->sim, "%s:%u exchange %u must not succeed", c->host->name, c->tcb->lport, p->id);
    p->outcome = o;
    p->got_body = c->reader.off;
    p->beside_other = c->other_sent;
    c->rx++;
    if (o == EX_OK)
        c->sim->stats.exchanges_ok++;
    else
        c->sim->stats.exchanges_failed++;
    p->got_ns = o == EX_OK ? c->sim->now : 0;
    sim_say(c->sim, "%s:%u %s %u", c->host->name, c->tcb->lport, o == EX_OK ? "finished" : "gave up", p->id);
}

/* May lacon itself answer so, because an endpoint could not? */
static bool may_answer(const struct client *c, const struct plan *p, unsigned status)
{
    if (p->own_status == status)
        return true;
    if (status < 502 || status > 504)
        return false;
    return (p->may_fail && (!p->fail_status || p->fail_status == status)) || excused_by_events(c, p);
}

/* The connection is over: what is open has failed. */
static void give_up(struct client *c, const char *why)
{
    while (current(c)) {
        const struct plan *p = current(c);
        if (may_fail(c, p))
            c->excused = true;
        if (!c->excused)
            sim_fail(c->sim, "%s:%u exchange %u (%s %s%s) must succeed, but %s after %llu body bytes",
                     c->host->name, c->tcb->lport, p->id, p->method, p->host, p->target, why,
                     (unsigned long long)c->reader.off);
        settle(c, EX_FAILED);
        reader_reset(&c->reader);
    }
    c->done = true;
    sim_disarm(c->sim, &c->t_close);
    sim_disarm(c->sim, &c->t_patience);
    sim_disarm(c->sim, &c->t_send);
    sim_disarm(c->sim, &c->t_later);
    sim_disarm(c->sim, &c->t_other);
    sim_disarm(c->sim, &c->pump.timer);
}

void client_lost(struct client *c)
{
    if (!c->tcb)
        return;
    c->excused |= !c->done;
    for (unsigned i = 0; i < c->n; i++)
        c->plan[i]->may_lack_log |= !c->plan[i]->logged;
}

static const char *check_connection(struct client *c, const struct plan *p)
{
    char v[100];
    head_field(&c->reader, "Connection", v, sizeof v);
    bool close = strcasestr(v, "close") != NULL, last_half_closed = c->rx + 1 == c->n && c->cfg.half_close;
    if (c->cfg.direct) {
        c->ending = plan_ends_conn(p);
        return NULL;
    }
    if (p->early) { /* unless the upload was complete before the endpoint answered */
        c->ending = close;
        return NULL;
    }
    c->ending = close || plan_ends_conn(p);
    if (last_half_closed || c->cfg.may_close) {
        c->excused |= close && c->cfg.may_close;
        return NULL;
    }
    if (close != plan_ends_conn(p))
        return close ? "response says close where the connection must stay"
                     : "response lacks Connection: close";
    if (p->minor == 0 && p->keep10 && !strcasestr(v, "keep-alive"))
        return "HTTP/1.0 response lacks Connection: keep-alive";
    if (!close && head_field(&c->reader, "Keep-Alive", v, sizeof v) && p->minor == 1)
        return "the endpoint's Keep-Alive field was not removed";
    return NULL;
}

static const char *interim(struct client *c, struct plan *p, unsigned status)
{
    c->reader.interim = true;
    if (p->minor == 0)
        return "interim response to an HTTP/1.0 client";
    if (status == 100) {
        if (!p->expect)
            return "100 Continue that nobody asked for";
        send_later(c);
    } else if (status != 103 || !p->hints) {
        return "unexpected interim response";
    }
    return NULL;
}

static const char *own_reply(struct client *c, const struct plan *p, unsigned status)
{
    struct reader *r = &c->reader;
    char v[100];
    if (!may_answer(c, p, status)) {
        snprintf(r->why, sizeof r->why, "lacon itself answered %u to exchange %u", status, p->id);
        return r->why;
    }
    if (!head_field(r, "Content-Length", v, sizeof v))
        return "own reply without Content-Length";
    r->kind = p->head ? BODY_NONE : BODY_LENGTH;
    r->length = strtoull(v, NULL, 10);
    r->compare = false;
    head_field(r, "Connection", v, sizeof v);
    c->ending = strcasestr(v, "close") != NULL;
    return NULL;
}

static const char *framing(struct reader *r, const struct plan *p)
{
    char v[100];
    r->kind = BODY_NONE;
    r->compare = true;
    r->id = p->id;
    r->dir = DIR_RESPONSE;
    if (p->garbage) { /* a sound head before a broken body */
        r->kind = p->garbage == GARBAGE_SHORT ? BODY_LENGTH : BODY_CHUNKED;
        r->length = p->resp_len;
        return NULL;
    }
    unsigned cl = head_field(r, "Content-Length", v, sizeof v);
    r->length = strtoull(v, NULL, 10);
    if (cl != (p->status != 204 && (p->resp_kind == BODY_LENGTH || p->early) ? 1u : 0u))
        return "Content-Length fields changed in number";
    if (cl && r->length != p->resp_len)
        return "Content-Length changed";
    if (plan_resp_body(p))
        r->kind = p->early ? BODY_LENGTH : p->resp_kind;
    return NULL;
}

static const char *check_edits(const struct client *c, const struct plan *p, const struct reader *r)
{
    char v[2 * EDITS_RESPONSE];
    if (p->other_content)
        return NULL; /* whose answer it is, is another's matter */
    v[0] = 0;
    unsigned grown = head_field(r, EDITS_GROW, v, sizeof v);
    return edits_check(c->cfg.direct, p->cluster, grown, head_field(r, EDITS_GONE, NULL, 0), strlen(v),
                       EDITS_RESPONSE);
}

static const char *on_head(void *arg, struct reader *r)
{
    struct client *c = arg;
    struct plan *p = current(c);
    char v[100];
    if (r->head.n < 13 || memcmp(r->head.p, "HTTP/1.", 7) != 0)
        return "not a response";
    unsigned status = (unsigned)atoi((char *)r->head.p + 9);
    if (status < 200)
        return interim(c, p, status);
    p->got_status = (uint16_t)status;
    if (head_field(r, "X-Id", v, sizeof v) != 1)
        return own_reply(c, p, status);
    if (p->own_status)
        return "an endpoint answered what lacon had to answer itself";
    if (strtoul(v, NULL, 10) != p->id) {
        snprintf(r->why, sizeof r->why, "response %s arrived for exchange %u", v, p->id);
        return r->why;
    }
    if (status != p->status)
        return "another status than the endpoint sent";
    const char *why = check_connection(c, p);
    why = why ? why : check_edits(c, p, r);
    return why ? why : framing(r, p);
}

/* Lacon throws away so much of a request that it has answered itself; behind more it closes, and of chunks it
 * cannot say so before. A byte in a chunk of its own takes six, and some for an extension. */
#define DISCARD_MOST 65536u

static bool may_be_cut_off(const struct plan *p)
{
    return p->req_kind == BODY_CHUNKED && p->req_len > DISCARD_MOST / 8;
}

static void response_done(struct client *c)
{
    struct plan *p = current(c);
    struct reader *r = &c->reader;
    if (r->compare && r->kind != BODY_NONE && r->off != p->resp_len)
        sim_fail(c->sim, "response %u ended cleanly after %llu of %u bytes", p->id,
                 (unsigned long long)r->off, p->resp_len);
    c->sim->stats.bytes += r->off;
    c->excused |= !r->compare && (c->ending || may_be_cut_off(p));
    settle(c, r->compare || p->own_status ? EX_OK : EX_FAILED);
    reader_reset(r);
    if (c->later.n && c->rx == c->tx) { /* answered before the body was asked for */
        c->later.n = 0;
        sim_disarm(c->sim, &c->t_later);
    }
    if (c->ending)
        return;
    if (current(c))
        sim_arm(c->sim, &c->t_send, c->sim->now + rng_below(&c->sim->rng, c->cfg.think_ns + 1));
    else
        sim_arm(c->sim, &c->t_close, c->sim->now + rng_below(&c->sim->rng, c->cfg.linger_ns + 1));
}

static void close_now(void *arg)
{
    struct client *c = arg;
    tcb_shutdown(c->tcb);
}

/* ---- reading ---- */

static void quit(struct client *c, enum quit how)
{
    static const char *const says[] = {"", "resets", "vanishes", "turns deaf"};
    sim_say(c->sim, "%s:%u %s", c->host->name, c->tcb->lport, says[how]);
    c->excused = true;
    for (unsigned i = 0; i < c->rx; i++)
        c->plan[i]->may_log_short |= !c->plan[i]->logged;
    if (how == QUIT_RESET) {
        tcb_abort(c->tcb);
    } else if (how == QUIT_VANISH) {
        tcb_vanish(c->tcb);
    } else {
        c->deaf = true;
        sim_disarm(c->sim, &c->t_read);
        sim_arm(c->sim, &c->t_patience, c->sim->now + 2 * PATIENCE);
    }
}

static bool quits_here(struct client *c)
{
    const struct plan *p = current(c);
    if (!p || !p->quit || p->quit_upload || c->reader.state == READ_HEAD || c->reader.off < p->quit_at)
        return false;
    quit(c, p->quit);
    return true;
}

/* Feeds up to `allowance` bytes; what the reader does not want belongs to the next response. */
static void drain(struct client *c, size_t allowance)
{
    const uint8_t *p;
    size_t n;
    while (allowance && !c->sim->failed && (n = tcb_peek(c->tcb, &p)) > 0) {
        n = n < allowance ? n : allowance;
        if (!current(c)) {
            sim_fail(c->sim, "%s:%u got %zu bytes after its last response", c->host->name, c->tcb->lport, n);
            return;
        }
        n = reader_feed(&c->reader, p, n);
        allowance -= n;
        if (quits_here(c))
            return;
        tcb_consume(c->tcb, n);
        if (c->reader.state == READ_BAD)
            sim_fail(c->sim, "%s:%u response to %u: %s", c->host->name, c->tcb->lport, current(c)->id,
                     c->reader.why);
        if (c->reader.state == READ_DONE)
            response_done(c);
    }
}

static void at_eof(struct client *c)
{
    if (current(c) && reader_eof(&c->reader) && c->reader.state == READ_DONE)
        response_done(c);
    else if (current(c) && !c->cfg.direct && (c->reader.state != READ_HEAD || c->reader.head.n))
        sim_fail(c->sim, "%s:%u response %u was cut short and ended cleanly after %llu body bytes",
                 c->host->name, c->tcb->lport, current(c)->id, (unsigned long long)c->reader.off);
    tcb_shutdown(c->tcb);
}

#define READ_TICK (10 * MS)

static void read_some(void *arg)
{
    struct client *c = arg;
    const uint8_t *p;
    uint64_t per_tick = c->cfg.read_rate * (READ_TICK / 1000) / (SEC / 1000);
    drain(c, c->cfg.read_rate ? per_tick + 1 : SIZE_MAX);
    if (c->deaf)
        return;
    if (tcb_peek(c->tcb, &p) && !c->done)
        sim_arm(c->sim, &c->t_read, c->sim->now + READ_TICK);
    else if (tcb_eof(c->tcb) && !c->done)
        at_eof(c);
}

static const char *end_name(enum tcb_end e)
{
    static const char *const name[] = {"open",      "closed cleanly", "was refused",
                                       "was reset", "timed out",      "was aborted"};
    return name[e];
}

static void on_event(void *arg, struct tcb *t, enum tcb_event ev)
{
    struct client *c = arg;
    char why[60];
    switch (ev) {
    case TCB_EV_CONNECTED:
        send_more(c);
        break;
    case TCB_EV_READABLE:
    case TCB_EV_EOF:
        if (!sim_armed(&c->t_read) && !c->deaf)
            read_some(c);
        break;
    case TCB_EV_ENDED:
        sim_disarm(c->sim, &c->t_read);
        if (t->end == TCB_END_CLOSED && !c->deaf) {
            drain(c, SIZE_MAX);
            if (tcb_eof(t) && current(c))
                at_eof(c);
        }
        snprintf(why, sizeof why, "the connection %s", end_name(t->end));
        give_up(c, why);
        break;
    case TCB_EV_ACKED:
        break;
    }
}

static void start(void *arg)
{
    struct client *c = arg;
    c->tcb = host_connect(c->host, c->cfg.which, &c->cfg.to, c->cfg.port);
    c->tcb->event = on_event;
    c->tcb->arg = c;
}

void client_init(struct client *c, struct host *h, const struct client_cfg *cfg)
{
    memset(c, 0, sizeof *c);
    c->sim = h->sim;
    c->host = h;
    c->cfg = *cfg;
    c->t_start = (struct sim_timer){.fn = start, .arg = c};
    c->t_send = (struct sim_timer){.fn = send_more, .arg = c};
    c->t_read = (struct sim_timer){.fn = read_some, .arg = c};
    c->t_later = (struct sim_timer){.fn = send_later, .arg = c};
    c->t_patience = (struct sim_timer){.fn = out_of_patience, .arg = c};
    c->t_close = (struct sim_timer){.fn = close_now, .arg = c};
    c->t_other = (struct sim_timer){.fn = send_other, .arg = c};
    pump_init(&c->pump, all_written, c);
    c->reader.on_head = on_head;
    c->reader.arg = c;
    sim_arm(c->sim, &c->t_start, c->sim->now + cfg->start_ns);
}

void client_add(struct client *c, struct plan *p)
{
    c->plan = xrealloc(c->plan, (c->n + 1) * sizeof(struct plan *));
    c->plan[c->n++] = p;
}

void client_free(struct client *c)
{
    sim_disarm(c->sim, &c->t_start);
    sim_disarm(c->sim, &c->t_send);
    sim_disarm(c->sim, &c->t_read);
    sim_disarm(c->sim, &c->t_later);
    sim_disarm(c->sim, &c->t_close);
    sim_disarm(c->sim, &c->t_patience);
    sim_disarm(c->sim, &c->t_other);
    free(c->plan);
    pump_free(&c->pump, c->sim);
    reader_free(&c->reader);
    buf_free(&c->later);
}
