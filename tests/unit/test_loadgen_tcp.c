/* The load generator's two sides against each other over a wire of the test's own, in virtual time: what a
 * lossy network does is survived and counted, what a lying proxy does is an error. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#include "bench/loadgen/client.h"
#include "bench/loadgen/endpoint.h"
#include "bench/loadgen/pattern.h"
#include "bench/loadgen/sum.h"

#define MS    1000000ull
#define QUEUE 8192u
#define STEP  50000ull /* virtual nanoseconds per round */
#define HEADS 54u

struct parcel {
    uint32_t len;
    bool gone;
    uint8_t b[1600];
};

/* One direction. */
struct line {
    struct wire wire; /* first */
    struct parcel *q;
    uint32_t head, tail;
};

struct rig {
    struct line up, down; /* to the endpoint, to the client */
    struct client client;
    struct endpoint endpoint;
    struct rng rng;
    unsigned lose, swap, twice; /* per thousand frames */
    uint64_t now;
    bool stalled; /* nothing is delivered */
    /* May change a frame to the client, or to the endpoint (lie_up), or drop it (false). */
    bool (*lie)(struct rig *r, struct parcel *p), (*lie_up)(struct rig *r, struct parcel *p);
    unsigned seen;
};

static struct rig rig;

static uint8_t *room(struct wire *w, bool data)
{
    struct line *l = (struct line *)w;

    if (l->tail - l->head >= (data ? QUEUE - 512 : QUEUE))
        return NULL;
    return l->q[l->tail % QUEUE].b;
}

static void enqueue(struct wire *w, uint32_t len)
{
    struct line *l = (struct line *)w;

    cr_assert_leq(len, 1514);
    l->q[l->tail % QUEUE].len = len;
    l->tail++;
}

static struct rig *set_up(void)
{
    struct client_net net = {0x0a800000, 4};
    struct rig *r = &rig;

    pattern_init();
    memset(r, 0, sizeof *r);
    r->rng.s = 11;
    r->now = 1;
    r->up.wire = r->down.wire = (struct wire){room, enqueue};
    r->up.q = calloc(QUEUE, sizeof *r->up.q);
    r->down.q = calloc(QUEUE, sizeof *r->down.q);
    cr_assert(client_init(&r->client, &r->up.wire, &net, 2048));
    cr_assert(endpoint_init(&r->endpoint, &r->down.wire, 0x0a63000b, 1, htons(80), 2048));
    r->client.side.verify = r->endpoint.side.verify = VERIFY_ALL;
    r->client.side.eth[12] = r->endpoint.side.eth[12] = 8;
    r->client.side.rto_ns = r->endpoint.side.rto_ns = 10 * MS;
    return r;
}

static void tear_down(struct rig *r)
{
    client_fini(&r->client);
    endpoint_fini(&r->endpoint);
    free(r->up.q);
    free(r->down.q);
}

static bool chance(struct rig *r, unsigned per_thousand)
{
    return per_thousand && rng_below(&r->rng, 1000) < per_thousand;
}

static void deliver(struct rig *r, struct line *l, const struct parcel *p)
{
    struct side *s = l == &r->up ? &r->endpoint.side : &r->client.side;
    struct segment g;

    if (!segment_parse(s, p->b, p->len, false, &g))
        return;
    if (l == &r->up)
        endpoint_input(&r->endpoint, &g);
    else
        client_input(&r->client, &g);
}

/* Delivers what was queued when it began. */
static void carry(struct rig *r, struct line *l)
{
    bool (*lie)(struct rig *, struct parcel *) = l == &r->down ? r->lie : r->lie_up;
    static struct parcel p, t;
    uint32_t end = l->tail;

    for (; l->head != end; l->head++) {
        if (l->head + 1 != end && chance(r, r->swap)) {
            t = l->q[l->head % QUEUE];
            l->q[l->head % QUEUE] = l->q[(l->head + 1) % QUEUE];
            l->q[(l->head + 1) % QUEUE] = t;
        }
        p = l->q[l->head % QUEUE];
        if (chance(r, r->lose) || (lie && !lie(r, &p)))
            continue;
        deliver(r, l, &p);
        if (chance(r, r->twice))
            deliver(r, l, &p);
    }
}

static void step(struct rig *r)
{
    r->now += STEP;
    r->client.side.now = r->endpoint.side.now = r->now;
    if (!r->stalled) {
        carry(r, &r->up);
        carry(r, &r->down);
    }
    client_round(&r->client);
    side_round(&r->client.side);
    side_round(&r->endpoint.side);
}

static struct job job(const char *request, const char *response)
{
    struct job j = {.connections = 10,
                    .warmup_ns = 5 * MS,
                    .duration_ns = 100 * MS,
                    .timeout_ns = 2000 * MS,
                    .seed = 5,
                    .connecting = 8,
                    .poisson = true,
                    .target_ip = htonl(0x0a63000b),
                    .target_port = htons(80)};

    cr_assert(sizes_parse(request, &j.request) && sizes_parse(response, &j.response));
    return j;
}

static uint64_t run(struct rig *r, const struct job *j)
{
    cr_assert(client_start(&r->client, j, r->now));
    for (unsigned i = 0; r->client.phase != PHASE_DONE; i++) {
        cr_assert_lt(i, 2000000, "the job does not end");
        step(r);
    }
    return client_errors(&r->client.side.count) + client_errors(&r->endpoint.side.count);
}

/* ---- networks ---- */

static const struct {
    const char *request, *response;
    bool close;
} traffic[] = {{"0", "100", false},          {"0", "0", false},
               {"0", "1447", false},         {"uniform:1:5000", "0", false},
               {"0", "log:1:200000", false}, {"log:1:100000", "300", true},
               {"0", "100", true},           {"0", "uniform:0:30000", true}};
#define TRAFFIC (sizeof traffic / sizeof traffic[0])

Test(loadgen_tcp, a_good_network_gives_no_error_and_no_loss)
{
    for (unsigned i = 0; i < TRAFFIC; i++) {
        struct rig *r = set_up();
        struct job j = job(traffic[i].request, traffic[i].response);

        j.close = traffic[i].close;
        cr_expect_eq(run(r, &j), 0, "traffic %u", i);
        cr_expect_gt(r->client.result.requests, 100, "traffic %u", i);
        cr_expect_eq(r->client.result.latency.n, r->client.result.requests);
        cr_expect_eq(r->client.side.count.retransmits + r->endpoint.side.count.retransmits, 0, "traffic %u",
                     i);
        cr_expect_eq(r->client.side.count.checked_bytes, r->client.side.count.body_bytes);
        cr_expect_eq(r->client.busy, 0);
        uint64_t bytes = r->client.result.body_bytes, received = r->client.result.received_bytes;
        cr_expect(received <= bytes + 10 * 200000 && bytes <= received + 10 * 200000, "traffic %u", i);
        tear_down(r);
    }
}

Test(loadgen_tcp, a_bad_network_is_survived_and_counted)
{
    for (unsigned i = 0; i < TRAFFIC; i++) {
        struct rig *r = set_up();
        struct job j = job(traffic[i].request, traffic[i].response);

        j.close = traffic[i].close;
        j.timeout_ns = 20000 * MS;
        r->lose = 20;
        r->swap = 30;
        r->twice = 10;
        cr_expect_eq(run(r, &j), 0, "traffic %u", i);
        cr_expect_gt(r->client.result.requests, 5, "traffic %u", i);
        cr_expect_gt(r->client.side.count.retransmits + r->endpoint.side.count.retransmits +
                         r->client.side.count.timeouts + r->endpoint.side.count.timeouts,
                     0, "traffic %u", i);
        tear_down(r);
    }
}

/* ISNs are taken from the clock. */
Test(loadgen_tcp, sequence_numbers_wrap)
{
    struct rig *r = set_up();
    struct job j = job("0", "300000");

    r->now = ((1ull << 32) - 40000) << 10;
    r->lose = 5;
    j.timeout_ns = 20000 * MS;
    cr_expect_eq(run(r, &j), 0);
    cr_expect_gt(r->client.result.requests, 5);
    tear_down(r);
}

Test(loadgen_tcp, small_windows_and_segments)
{
    struct rig *r = set_up();
    struct job j = job("3000", "20000");

    r->client.side.rwnd = r->endpoint.side.rwnd = 2048;
    r->client.side.mss = 100;
    cr_expect_eq(run(r, &j), 0);
    cr_expect_gt(r->client.result.requests, 5);
    tear_down(r);
}

Test(loadgen_tcp, jobs_follow_each_other_on_new_connections)
{
    struct rig *r = set_up();
    struct job j = job("0", "100");

    for (unsigned i = 0; i < 6; i++) {
        j.close = i % 2;
        j.connections = 10 + 20 * i;
        cr_expect_eq(run(r, &j), 0, "job %u", i);
        cr_expect_gt(r->client.result.requests, 100, "job %u", i);
    }
    for (unsigned i = 0; i < 100000 && r->endpoint.open; i++)
        step(r);
    cr_expect_eq(r->endpoint.open, 0);
    tear_down(r);
}

/* ---- latency ---- */

static bool stall_once(struct rig *r, struct parcel *p)
{
    (void)p;
    (void)r;
    return true;
}

/* Nothing answers for half of the time: an open loop's latencies say so, requests that could not be sent
 * meanwhile included (no coordinated omission). */
Test(loadgen_tcp, an_open_loop_counts_from_the_intended_time)
{
    struct rig *r = set_up();
    struct job j = job("0", "100");

    r->lie = stall_once;
    r->client.side.rto_ns = r->endpoint.side.rto_ns = 500 * MS;
    j.rate = 10000;
    j.connections = 8;
    j.duration_ns = 1000 * MS;
    cr_assert(client_start(&r->client, &j, r->now));
    while (r->client.phase != PHASE_DONE) {
        uint64_t since = r->now - r->client.result.start;

        r->stalled = r->client.phase == PHASE_MEASURE && since > 200 * MS && since < 600 * MS;
        step(r);
    }
    cr_expect_eq(client_errors(&r->client.side.count), 0);
    cr_expect_float_eq((double)r->client.result.requests, 10000, 400);
    cr_expect_geq(r->client.result.latency.max, 390 * MS);
    uint64_t p75 = hist_percentile(&r->client.result.latency, 0.75);
    cr_expect(p75 > 100 * MS && p75 < 250 * MS, "p75 %llu", (unsigned long long)p75);
    cr_expect_lt(hist_percentile(&r->client.result.latency, 0.5), 20 * MS);
    tear_down(r);
}

Test(loadgen_tcp, an_open_loop_keeps_its_rate)
{
    struct rig *r = set_up();
    struct job j = job("0", "100");

    j.rate = 5000;
    j.duration_ns = 2000 * MS;
    for (unsigned i = 0; i < 2; i++) {
        j.poisson = i;
        cr_expect_eq(run(r, &j), 0);
        cr_expect_float_eq((double)r->client.result.requests, 10000, i ? 400 : 5);
    }
    tear_down(r);
}

/* ---- lies ---- */

static uint32_t payload(const struct parcel *p)
{
    return (uint32_t)(p->b[16] << 8 | p->b[17]) - 40;
}

/* Makes length and checksums right again, as a proxy's kernel would. */
static void seal(struct parcel *p, uint32_t len)
{
    uint8_t *ip = p->b + 14, *t = ip + 20;
    uint32_t words[2];
    uint16_t sum, be = htons((uint16_t)(40 + len));

    memcpy(ip + 2, &be, 2);
    memset(ip + 10, 0, 2);
    sum = (uint16_t)~sum_fold(sum_bytes(ip, 20));
    memcpy(ip + 10, &sum, 2);
    memset(t + 16, 0, 2);
    memcpy(words, ip + 12, 8);
    sum = (uint16_t)~sum_fold(sum_bytes(t, 20 + len) + words[0] + words[1] + htons(6) +
                              htons((uint16_t)(20 + len)));
    memcpy(t + 16, &sum, 2);
    p->len = HEADS + len;
}

/* The one frame that is lied about: the 30th that carries data. */
static bool is_the_one(struct rig *r, const struct parcel *p)
{
    return payload(p) > 0 && ++r->seen == 30;
}

static bool flip_a_bit(struct rig *r, struct parcel *p)
{
    if (is_the_one(r, p)) {
        p->b[HEADS + payload(p) - 3] ^= 4;
        seal(p, payload(p));
    }
    return true;
}

static bool flip_on_the_wire(struct rig *r, struct parcel *p)
{
    if (is_the_one(r, p))
        p->b[HEADS + payload(p) - 3] ^= 4;
    return true;
}

static bool drop_a_byte(struct rig *r, struct parcel *p)
{
    uint32_t n = payload(p);

    if (is_the_one(r, p)) {
        memmove(p->b + HEADS + n - 20, p->b + HEADS + n - 19, 19);
        seal(p, n - 1);
    }
    return true;
}

static bool add_a_byte(struct rig *r, struct parcel *p)
{
    uint32_t n = payload(p);

    if (is_the_one(r, p)) {
        p->b[HEADS + n] = 'x';
        seal(p, n + 1);
    }
    return true;
}

static bool close_early(struct rig *r, struct parcel *p)
{
    if (is_the_one(r, p)) {
        p->b[47] |= SEG_FIN;
        seal(p, payload(p) / 2);
    }
    return true;
}

static bool reset_it(struct rig *r, struct parcel *p)
{
    if (is_the_one(r, p)) {
        p->b[47] = SEG_RST | SEG_ACK;
        seal(p, 0);
    }
    return true;
}

static bool never_answer(struct rig *r, struct parcel *p)
{
    return payload(p) == 0 || ++r->seen < 30;
}

/* The bytes of one response in another's segments. */
static bool answer_with_another(struct rig *r, struct parcel *p)
{
    static struct parcel before;
    uint32_t n = payload(p);

    if (n > 0) {
        r->seen++;
        if (r->seen == 29)
            before = *p;
        if (r->seen == 30 && payload(&before) == n) {
            memcpy(p->b + HEADS, before.b + HEADS, n);
            seal(p, n);
        }
    }
    return true;
}

/* A whole response twice: at once, or one of before in the place of a later one of the same connection. */
static bool answer_twice(struct rig *r, struct parcel *p)
{
    uint32_t n = payload(p);

    if (is_the_one(r, p)) {
        memcpy(p->b + HEADS + n, p->b + HEADS, n);
        seal(p, 2 * n);
    }
    return true;
}

static bool answer_once_more(struct rig *r, struct parcel *p)
{
    static struct parcel stale;
    uint32_t n = payload(p);

    if (n == 0)
        return true;
    if (++r->seen <= 20 && memcmp(p->b + HEADS, "HTTP", 4) == 0)
        stale = *p;
    if (r->seen > 30 && payload(&stale) == n && memcmp(stale.b + 34, p->b + 34, 4) == 0) {
        memcpy(p->b + HEADS, stale.b + HEADS, n);
        seal(p, n);
    }
    return true;
}

/* Replaces a word of the one frame's head by another of the same length. */
static bool replace(struct rig *r, struct parcel *p, const char *word, const char *by)
{
    uint8_t *at;

    if (is_the_one(r, p)) {
        at = memmem(p->b + HEADS, payload(p), word, strlen(word));
        cr_assert_not_null(at);
        memcpy(at, by, strlen(by));
        seal(p, payload(p));
    }
    return true;
}

static bool announce_less(struct rig *r, struct parcel *p)
{
    return replace(r, p, "Content-Length: 100", "Content-Length: 099");
}

static bool announce_more(struct rig *r, struct parcel *p)
{
    return replace(r, p, "Content-Length: 100", "Content-Length: 101");
}

static bool garble_the_head(struct rig *r, struct parcel *p)
{
    return replace(r, p, "HTTP/1.1", "HTTQ/1.1");
}

static bool cut_short(struct rig *r, struct parcel *p)
{
    if (payload(p) > 0 && ++r->seen >= 30)
        seal(p, payload(p) / 2); /* and what comes again is cut again */
    return true;
}

/* What an endpoint is told. */
static bool ask_for_another(struct rig *r, struct parcel *p)
{
    if (is_the_one(r, p)) {
        p->b[HEADS + 16] = p->b[HEADS + 16] == '0' ? '1' : '0'; /* a digit of the id */
        seal(p, payload(p));
    }
    return true;
}

static bool ask_for_more(struct rig *r, struct parcel *p)
{
    return replace(r, p, "/00000064/", "/00000065/");
}

static bool garble_the_request(struct rig *r, struct parcel *p)
{
    return replace(r, p, "/00000064/", "/0000zz64/");
}

static bool another_status(struct rig *r, struct parcel *p)
{
    if (is_the_one(r, p) && memcmp(p->b + HEADS, "HTTP/1.1 200", 12) == 0) {
        memcpy(p->b + HEADS + 9, "502", 3);
        seal(p, payload(p));
    }
    return true;
}

static bool ack_the_future(struct rig *r, struct parcel *p)
{
    uint32_t ack;

    if (is_the_one(r, p)) {
        memcpy(&ack, p->b + 42, 4);
        ack = htonl(ntohl(ack) + 100);
        memcpy(p->b + 42, &ack, 4);
        seal(p, payload(p));
    }
    return true;
}

#define LIE(lie, name, up, request)                                                                          \
    {                                                                                                        \
        lie, offsetof(struct counts, name), #name, up, request                                               \
    }
#define TO_CLIENT(lie, name)            LIE(lie, name, false, "0")
#define TO_ENDPOINT(lie, name, request) LIE(lie, name, true, request)

static const struct {
    bool (*lie)(struct rig *r, struct parcel *p);
    size_t counter;
    const char *name;
    bool up;
    const char *request; /* its size */
} lies[] = {TO_CLIENT(flip_a_bit, wrong_content),
            TO_CLIENT(flip_on_the_wire, bad_checksum),
            TO_CLIENT(drop_a_byte, wrong_content),
            TO_CLIENT(add_a_byte, surplus),
            TO_CLIENT(close_early, cut_off),
            TO_CLIENT(reset_it, reset),
            TO_CLIENT(never_answer, unanswered),
            TO_CLIENT(answer_with_another, wrong_id),
            TO_CLIENT(another_status, bad_status),
            TO_CLIENT(ack_the_future, bad_ack),
            TO_CLIENT(answer_twice, surplus),
            TO_CLIENT(answer_once_more, wrong_id),
            TO_CLIENT(announce_less, wrong_length),
            TO_CLIENT(announce_more, wrong_length),
            TO_CLIENT(garble_the_head, bad_head),
            TO_CLIENT(cut_short, unanswered),
            TO_ENDPOINT(never_answer, unanswered, "0"),
            TO_ENDPOINT(ask_for_another, wrong_id, "0"),
            TO_ENDPOINT(ask_for_more, wrong_length, "0"),
            TO_ENDPOINT(garble_the_request, bad_request, "0"),
            TO_ENDPOINT(answer_twice, surplus, "0"),
            TO_ENDPOINT(flip_a_bit, wrong_content, "300"),
            TO_ENDPOINT(flip_on_the_wire, bad_checksum, "300"),
            TO_ENDPOINT(add_a_byte, surplus, "0")};

#define LIES (sizeof lies / sizeof lies[0])

Test(loadgen_tcp, every_lie_is_an_error_of_its_name)
{
    for (unsigned i = 0; i < LIES; i++) {
        struct rig *r = set_up();
        struct job j = job(lies[i].request, "100");
        uint64_t n, m;

        if (lies[i].up)
            r->lie_up = lies[i].lie;
        else
            r->lie = lies[i].lie;
        r->client.side.verify = VERIFY_HEADS; /* small bodies are compared all the same */
        j.timeout_ns = 300 * MS;
        cr_expect_gt(run(r, &j), 0, "%s: no error", lies[i].name);
        memcpy(&n, (const char *)&r->client.side.count + lies[i].counter, sizeof n);
        memcpy(&m, (const char *)&r->endpoint.side.count + lies[i].counter, sizeof m);
        cr_expect_gt(n + m, 0, "lie %u: %s is not counted", i, lies[i].name);
        tear_down(r);
    }
}
