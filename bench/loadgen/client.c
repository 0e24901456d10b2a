/* The clients; see client.h. */
#include "bench/loadgen/client.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/loadgen/pattern.h"

#define PORT_FIRST  1024u
#define PORT_BITS   15
#define MANY_ERRORS 1000u /* a run with so many need not go on */
#define BACKLOG     (1u << 20)
#define CLOSE_NS    1000000000ull
#define OPEN_BATCH  64u
#define CLOSE_BATCH 64u

static struct client *client_of(struct side *s)
{
    return s->owner;
}

/* ---- addresses: a slot and its turn make a number, the number makes address and port ---- */

static void set_addresses(const struct client *k, struct conn *c, uint32_t slot)
{
    uint64_t n = ((uint64_t)c->turn << k->slots_log2) + slot;
    uint32_t ip = k->net.ip + (uint32_t)((n >> PORT_BITS) % k->net.addresses);
    uint16_t port = (uint16_t)(PORT_FIRST + (n & ((1u << PORT_BITS) - 1)));

    c->lip = htonl(ip);
    c->rip = k->job.target_ip;
    c->ports = (uint32_t)htons(port) | (uint32_t)k->job.target_port << 16;
}

struct conn *client_conn(const struct client *k, const struct segment *g)
{
    uint32_t ip = ntohl(g->dip) - k->net.ip;
    uint32_t port = (uint32_t)ntohs((uint16_t)(g->ports >> 16)) - PORT_FIRST;

    if (ip >= k->net.addresses || port >= 1u << PORT_BITS)
        return NULL;
    uint64_t n = ((uint64_t)ip << PORT_BITS) + port;
    return &k->side.conn[n & ((1u << k->slots_log2) - 1)];
}

/* ---- exchanges ---- */

static uint32_t slot_of(const struct client *k, const struct conn *c)
{
    return (uint32_t)(c - k->side.conn);
}

static void make_ready(struct client *k, struct conn *c)
{
    c->place = k->nready;
    k->ready[k->nready++] = slot_of(k, c);
}

static struct conn *take_ready(struct client *k, uint32_t place)
{
    struct conn *c = &k->side.conn[k->ready[place]], *last = &k->side.conn[k->ready[--k->nready]];

    k->ready[place] = slot_of(k, last);
    last->place = place;
    c->place = UINT32_MAX;
    return c;
}

static void not_ready(struct client *k, struct conn *c)
{
    if (c->place != UINT32_MAX)
        take_ready(k, c->place);
}

static void ask(struct client *k, struct conn *c)
{
    struct side *s = &k->side;

    c->id = rng_next(&s->rng);
    c->start = pattern_start(c->id);
    c->want = sizes_draw(&k->job.response, &s->rng);
    c->upload = sizes_draw(&k->job.request, &s->rng);
    c->close = k->job.close;
    conn_expect(s, c);
    conn_send(s, c, c->upload);
}

static void open_conn(struct client *k, struct conn *c)
{
    c->turn++;
    c->close = false;
    set_addresses(k, c, slot_of(k, c));
    k->connecting++;
    conn_connect(&k->side, c);
}

/* An exchange begins that should have begun at `since`. */
static void begin(struct client *k, uint64_t since)
{
    struct conn *c = take_ready(k, k->nready > 1 ? rng_below(&k->side.rng, k->nready) : 0);

    k->busy++;
    c->busy = true;
    c->since = since;
    if (k->job.close)
        open_conn(k, c);
    else
        ask(k, c);
}

/* An exchange is over, well or not. */
static void end(struct client *k, struct conn *c)
{
    if (!c->busy)
        return;
    c->busy = false;
    k->busy--;
}

static void opened(struct side *s, struct conn *c)
{
    struct client *k = client_of(s);

    k->connecting--;
    k->open++;
    if (c->busy)
        ask(k, c);
    else
        make_ready(k, c);
}

static int64_t take_head(struct side *s, struct conn *c, const uint8_t *p, uint32_t n, struct head *h, int rc)
{
    (void)p;
    (void)n;
    if (rc < 0)
        s->count.bad_head++;
    else if (h->status != 200)
        s->count.bad_status++;
    else if (!h->has_id || h->id != c->id)
        s->count.wrong_id++;
    else if (!h->has_length || h->body != c->want)
        s->count.wrong_length++;
    else {
        c->close |= h->close;
        return h->body;
    }
    return -1;
}

static void take_message(struct side *s, struct conn *c)
{
    struct client *k = client_of(s);

    if (k->phase == PHASE_MEASURE) {
        k->result.requests++;
        k->result.body_bytes += c->want;
        hist_add(&k->result.latency, s->now - c->since);
    }
    end(k, c);
    if (!c->close)
        make_ready(k, c);
}

static void take_fin(struct side *s, struct conn *c)
{
    struct client *k = client_of(s);

    if (c->busy)
        s->count.cut_off++;
    else if (!c->close && k->phase < PHASE_CLOSE)
        s->count.closed_idle++;
    end(k, c);
    not_ready(k, c);
    conn_finish(s, c);
}

static void gone(struct side *s, struct conn *c, enum gone how)
{
    struct client *k = client_of(s);

    if (how == GONE_REFUSED)
        k->connecting--;
    else
        k->open--;
    if (how == GONE_RESET && c->busy)
        s->count.reset++;
    else if (how == GONE_RESET && !(c->flags & CONN_PEER_FIN) && !c->close && k->phase < PHASE_CLOSE)
        s->count.closed_idle++;
    end(k, c);
    if (c->place != UINT32_MAX)
        not_ready(k, c);
    if (k->job.close)
        make_ready(k, c);
}

static void late(struct side *s, struct conn *c)
{
    struct client *k = client_of(s);

    if (!c->busy || s->now - c->since < k->job.timeout_ns)
        return;
    if (c->state == CONN_SYN_SENT) {
        s->count.not_connected++;
        conn_free(s, c);
        gone(s, c, GONE_REFUSED);
        return;
    }
    s->count.unanswered++;
    conn_abort(s, c);
    gone(s, c, GONE_WRECKED);
}

static uint32_t put_head(const struct conn *c, uint8_t *to)
{
    return head_put_request(to, c->id, c->want, c->upload, c->close);
}

static const struct role role = {
    .opened = opened,
    .head = take_head,
    .message = take_message,
    .fin = take_fin,
    .gone = gone,
    .late = late,
    .put_head = put_head,
    .parse = head_parse_response,
};

void client_input(struct client *k, const struct segment *g)
{
    struct conn *c = client_conn(k, g);

    if (!c || c->state == CONN_FREE || c->lip != g->dip || c->rip != g->sip ||
        c->ports != (g->ports << 16 | g->ports >> 16)) {
        k->side.count.stray++;
        return;
    }
    conn_input(&k->side, c, g);
}

/* ---- the job ---- */

bool client_init(struct client *k, struct wire *wire, const struct client_net *net, uint32_t max_conns)
{
    memset(k, 0, sizeof *k);
    k->net = *net;
    if (!side_init(&k->side, &role, wire, max_conns, 1))
        return false;
    k->side.owner = k;
    k->ready = calloc(max_conns, sizeof *k->ready);
    k->backlog = calloc(BACKLOG, sizeof *k->backlog);
    k->backlog_mask = BACKLOG - 1;
    k->phase = PHASE_DONE;
    return k->ready && k->backlog;
}

void client_fini(struct client *k)
{
    side_free(&k->side);
    free(k->ready);
    free(k->backlog);
}

bool client_start(struct client *k, const struct job *job, uint64_t now)
{
    /* One per request: a slot is in use until the connection is wholly closed. */
    uint32_t need = job->close ? 4 * job->connections + 1024 : job->connections;

    for (k->slots_log2 = 0; 1u << k->slots_log2 < need; k->slots_log2++)
        if (k->slots_log2 == 30)
            return false;
    if (1u << k->slots_log2 > k->side.nconn || (uint64_t)need > (uint64_t)k->net.addresses << PORT_BITS)
        return false;
    k->job = *job;
    k->side.now = now;
    k->side.rng.s = job->seed;
    k->side.count = (struct counts){0};
    memset(&k->result, 0, sizeof k->result);
    k->nready = k->open = k->connecting = k->busy = k->next_conn = k->swept = 0;
    k->backlog_head = k->backlog_tail = 0;
    k->stopped_early = false;
    k->result.start = now;
    for (uint32_t i = 0; i < 1u << k->slots_log2; i++) {
        struct conn *c = &k->side.conn[i];

        c->busy = false;
        c->place = UINT32_MAX;
        c->turn = (uint32_t)(k->turn + 1);
        if (job->close)
            make_ready(k, c);
    }
    k->phase = PHASE_CONNECT;
    k->phase_end = now + 60000000000ull;
    return true;
}

uint64_t client_errors(const struct counts *c)
{
    uint64_t n = 0;

#define ADD(name, text) n += c->name;
    LOADGEN_ERRORS(ADD)
#undef ADD
    return n;
}

static void go_to(struct client *k, enum phase phase, uint64_t lasts)
{
    k->phase = phase;
    k->phase_end = k->side.now + lasts;
}

/* Connections that are to be open and are not: at first all, later those that were lost. */
static void open_more(struct client *k)
{
    uint32_t batch = OPEN_BATCH;

    if (k->job.close)
        return;
    while (batch > 0 && k->open + k->connecting < k->job.connections && k->connecting < k->job.connecting) {
        struct conn *c = &k->side.conn[k->next_conn];

        if (++k->next_conn == k->job.connections)
            k->next_conn = 0;
        if (c->state == CONN_FREE) {
            c->busy = false;
            c->since = k->side.now;
            open_conn(k, c);
        }
        batch--;
    }
}

/* Connections that do not come about outside of an exchange: after a while that is an error. */
static void connect_phase(struct client *k)
{
    if (k->job.close || k->open == k->job.connections) {
        k->result.connected_ns = k->side.now - k->result.start;
        k->next_at = k->side.now;
        go_to(k, PHASE_WARMUP, k->job.warmup_ns);
    } else if (k->side.now >= k->phase_end) {
        k->side.count.not_connected += k->job.connections - k->open;
        go_to(k, PHASE_CLOSE, CLOSE_NS);
    }
}

static uint64_t gap(struct client *k)
{
    double mean = 1e9 / k->job.rate;

    return (uint64_t)(k->job.poisson ? -log(rng_unit(&k->side.rng)) * mean : mean);
}

static void run_open_loop(struct client *k)
{
    while (k->next_at <= k->side.now) {
        if (k->backlog_tail - k->backlog_head <= k->backlog_mask)
            k->backlog[k->backlog_tail++ & k->backlog_mask] = k->next_at;
        k->next_at += gap(k);
    }
    while (k->backlog_head != k->backlog_tail && k->nready > 0)
        begin(k, k->backlog[k->backlog_head++ & k->backlog_mask]);
}

static void run_closed_loop(struct client *k)
{
    uint32_t want = k->job.outstanding ? k->job.outstanding : k->job.connections;

    while (k->busy < want && k->nready > 0)
        begin(k, k->side.now);
}

static void run_phase(struct client *k)
{
    if (k->side.now >= k->phase_end) {
        if (k->phase == PHASE_WARMUP) {
            go_to(k, PHASE_MEASURE, k->job.duration_ns);
            k->result.start = k->side.now;
            k->result.received_bytes = k->side.count.body_bytes;
        } else {
            k->result.end = k->side.now;
            k->result.received_bytes = k->side.count.body_bytes - k->result.received_bytes;
            go_to(k, PHASE_DRAIN, k->job.timeout_ns + 1000000000ull);
            return;
        }
    }
    if (k->job.rate > 0)
        run_open_loop(k);
    else
        run_closed_loop(k);
}

/* Closes what is idle, resets what does not end. */
static void close_phase(struct client *k)
{
    uint32_t slots = 1u << k->slots_log2, batch = CLOSE_BATCH;

    while (batch-- > 0 && k->nready > 0 && !k->job.close)
        conn_finish(&k->side, take_ready(k, k->nready - 1));
    if (k->open > 0 && k->side.now < k->phase_end)
        return;
    for (batch = CLOSE_BATCH; batch > 0 && k->swept < slots; k->swept++) {
        struct conn *c = &k->side.conn[k->swept];

        if (c->state == CONN_FREE)
            continue;
        conn_abort(&k->side, c);
        batch--;
    }
    if (k->swept == slots)
        k->phase = PHASE_DONE;
}

/* The next job's connections have other addresses and ports than any of this one's. */
static void remember_turn(struct client *k)
{
    uint32_t slots = 1u << k->slots_log2;
    uint64_t most = 0;

    for (uint32_t i = 0; i < slots; i++)
        if (k->side.conn[i].turn > most)
            most = k->side.conn[i].turn;
    k->turn = most;
}

void client_round(struct client *k)
{
    if (k->phase < PHASE_DRAIN && client_errors(&k->side.count) >= MANY_ERRORS) {
        k->stopped_early = true;
        k->result.end = k->side.now;
        go_to(k, PHASE_CLOSE, CLOSE_NS);
    }
    switch (k->phase) {
    case PHASE_CONNECT:
        open_more(k);
        connect_phase(k);
        break;
    case PHASE_WARMUP:
    case PHASE_MEASURE:
        open_more(k);
        run_phase(k);
        break;
    case PHASE_DRAIN:
        if (k->busy == 0 || k->side.now >= k->phase_end) {
            k->side.count.unanswered += k->busy;
            go_to(k, PHASE_CLOSE, CLOSE_NS);
        }
        break;
    case PHASE_CLOSE:
        close_phase(k);
        if (k->phase == PHASE_DONE)
            remember_turn(k);
        break;
    case PHASE_DONE:
        break;
    }
}

uint64_t client_next(const struct client *k)
{
    uint64_t next = side_next(&k->side);

    if (k->phase_end < next)
        next = k->phase_end;
    if ((k->phase == PHASE_WARMUP || k->phase == PHASE_MEASURE) && k->job.rate > 0 && k->next_at < next)
        next = k->next_at;
    return k->phase == PHASE_CLOSE || k->phase == PHASE_DONE ? 0 : next;
}
