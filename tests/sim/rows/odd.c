/* Rows about segments that no honest TCP sends, or that honest ones send rarely: impossible flags, malformed
 * options, timestamps and ECN, foreign TTLs; data on connections that are about to end. */
#include "tests/sim/rows/all.h"

static uint8_t *tcp_of(uint8_t *f)
{
    return f + (f[12] == 0x08 ? 34 : 54);
}

static void fix_sum(uint8_t *f, uint32_t old, uint32_t new)
{
    uint8_t *sum = tcp_of(f) + 16;
    uint32_t s = (uint32_t)(sum[0] << 8 | sum[1]) + old + (~new & 0xffff);
    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    sum[0] = (uint8_t)(s >> 8);
    sum[1] = (uint8_t)s;
}

/* A word of the TCP header. */
static void set16(uint8_t *f, uint32_t at, uint32_t value)
{
    uint8_t *t = tcp_of(f);
    fix_sum(f, (uint32_t)(t[at] << 8 | t[at + 1]), value);
    t[at] = (uint8_t)(value >> 8);
    t[at + 1] = (uint8_t)value;
}

static uint32_t no_flags(uint8_t *f, uint32_t n)
{
    set16(f, 12, (uint32_t)tcp_of(f)[12] << 8);
    return n;
}

static uint32_t syn_fin(uint8_t *f, uint32_t n)
{
    set16(f, 12, (uint32_t)tcp_of(f)[12] << 8 | SEG_SYN | SEG_FIN);
    return n;
}

static uint32_t offset_too_far(uint8_t *f, uint32_t n)
{
    set16(f, 12, 0xf000u | tcp_of(f)[13]);
    return n;
}

static uint32_t offset_too_small(uint8_t *f, uint32_t n)
{
    set16(f, 12, 0x4000u | tcp_of(f)[13]);
    return n;
}

static uint32_t option_length_0(uint8_t *f, uint32_t n)
{
    set16(f, 22, 0); /* the MSS option's value and what follows: kind 2, length 4, here 0 */
    set16(f, 20, 0x0200);
    return n;
}

static uint32_t option_past_end(uint8_t *f, uint32_t n)
{
    set16(f, 20, 0x02ff);
    return n;
}

static void not_a_segment(struct script *s, uint32_t (*mangle)(uint8_t *, uint32_t))
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    forget(c);
    pass_time(s, 5);
    forget(c);
    c->mangle = mangle;
    ack_all(c);
    want_silence(c, 50);
    want_counter(s, "drop_tcp_header", 1);
    answer(e, c);
}

void odd_no_flags(struct script *s)
{
    not_a_segment(s, no_flags);
}

void odd_syn_fin(struct script *s)
{
    not_a_segment(s, syn_fin);
}

void odd_offset(struct script *s)
{
    not_a_segment(s, offset_too_far);
}

void odd_offset_small(struct script *s)
{
    not_a_segment(s, offset_too_small);
}

static void bad_syn(struct script *s, uint32_t (*mangle)(uint8_t *, uint32_t))
{
    struct peer *c = client(s);
    c->mangle = mangle;
    flags(c, SEG_SYN, 0, 0);
    want_silence(c, 50);
    want_counter(s, "drop_tcp_options", 1);
    open_conn(c);
}

void odd_option_length_0(struct script *s)
{
    bad_syn(s, option_length_0);
}

void odd_option_past_end(struct script *s)
{
    bad_syn(s, option_past_end);
}

/* ---- S14 ---- */

static uint32_t far_and_marked(uint8_t *f, uint32_t n)
{
    if (f[12] == 0x86) {
        f[15] = (uint8_t)((f[15] & 0x0f) | 0x30); /* congestion experienced */
        f[21] = 1;
        return n;
    }
    uint32_t old = (uint32_t)(f[14] << 8 | f[15]), old2 = (uint32_t)(f[22] << 8 | f[23]), s;
    f[15] = 3;
    f[22] = 1;
    s = (uint32_t)(f[24] << 8 | f[25]) + old + (~(uint32_t)(f[14] << 8 | f[15]) & 0xffff) + old2 +
        (~(uint32_t)(f[22] << 8 | f[23]) & 0xffff);
    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    f[24] = (uint8_t)(s >> 8);
    f[25] = (uint8_t)s;
    return n;
}

/* TTL 1 and a congestion mark: what goes on has our TTL and is Not-ECT (the oracle insists). */
void odd_ttl_ecn(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    c->extra_flags = SEG_CWR | SEG_ECE;
    c->mangle = far_and_marked;
    say(c, "hello");
    want_text(e, "hello");
    want_counter(s, "drop_ip_checksum", 0);
}

/* ---- data at the end ---- */

/* Bytes behind a client's own FIN. */
void odd_data_after_fin(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    fin(c);
    say_at(c, c->snd, "GET /more HTTP/1.1\r\nHost: c0.example\r\n\r\n");
    want_silence(e, 50);
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\n");
    want_fin(c);
    ack_all(c);
    pass_time(s, 50);
    want_counter(s, "requests", 1);
    want_counter(s, "clients_open", 0);
}

/* Two FINs at different places: the first one counts. */
void odd_two_fins(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("10"));
    pass_time(s, 5);
    say_flags(c, SEG_FIN | SEG_ACK, c->snd + 10, c->rcv, NULL);
    say_flags(c, SEG_FIN | SEG_ACK, c->snd + 5, c->rcv, NULL);
    say(c, "helloworld");
    c->snd++;
    want_text(e, "helloworld");
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\n");
    want_fin(c);
    ack_all(c);
    pass_time(s, 50);
    want_counter(s, "clients_open", 0);
}

/* A whole window of single bytes out of order, more ranges than the hold has: nothing is lost for good. */
void odd_many_ranges(struct script *s)
{
    struct peer *c = client(s), *e;
    static const char get[] = GET0;
    open_conn(c);
    for (uint32_t i = sizeof get - 2; i > 0; i -= 2) {
        char one[2] = {get[i], 0};
        say_at(c, 1 + i, one);
        if (i == 1)
            break;
    }
    pass_time(s, 10);
    want_counter(s, "requests", 0);
    say(c, GET0); /* what was dropped comes again */
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\nHost: c0.example\r\n");
    answer(e, c);
}

/* Overlapping parts of a head, each a little further: every byte once. */
void odd_overlaps(struct script *s)
{
    struct peer *c = client(s), *e;
    static const char get[] = GET0;
    open_conn(c);
    for (uint32_t i = 0; i < sizeof get - 1; i += 3) {
        char part[9] = {0};
        for (uint32_t k = 0; k < 8 && i + k < sizeof get - 1; k++)
            part[k] = get[i + k];
        say_at(c, 1 + i, part);
    }
    c->snd = sizeof get;
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\nHost: c0.example\r\n");
    answer(e, c);
    want_counter(s, "requests", 1);
}
