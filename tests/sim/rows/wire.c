/* Rows about frames: fragments, IP options, VLANs, padding, checksums, and what ICMP says about segments of
 * ours. */
#include <string.h>

#include "tests/sim/rows/all.h"

/* ---- mangling ---- */

static bool frame_v4(const uint8_t *f)
{
    return f[12] == 0x08;
}

static uint32_t add16(uint32_t a, uint32_t b)
{
    uint32_t s = a + b;
    return (s & 0xffff) + (s >> 16);
}

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* IPv4 header checksum of the frame, whatever its header length. */
static void fix_ip4(uint8_t *f)
{
    uint32_t sum = 0, n = (f[14] & 15u) * 4;
    put16(f + 24, 0);
    for (uint32_t i = 0; i < n; i += 2)
        sum = add16(sum, get16(f + 14 + i));
    put16(f + 24, ~sum & 0xffff);
}

/* Makes n bytes of room behind the IP header; IPv6: as an extension header of that kind, whose first byte
 * names TCP. */
static uint32_t insert(uint8_t *f, uint32_t n, uint32_t room, uint8_t kind6)
{
    uint32_t at = frame_v4(f) ? 34 : 54;
    memmove(f + at + room, f + at, n - at);
    memset(f + at, frame_v4(f) ? 1 : 0, room); /* IPv4: no-operation options */
    if (frame_v4(f)) {
        f[14] = (uint8_t)(0x45 + room / 4);
        put16(f + 16, get16(f + 16) + room);
        fix_ip4(f);
    } else {
        f[at] = f[20];
        f[at + 1] = (uint8_t)(room / 8 - 1);
        f[20] = kind6;
        put16(f + 18, get16(f + 18) + room);
    }
    return n + room;
}

static uint32_t as_fragment(uint8_t *f, uint32_t n)
{
    if (!frame_v4(f))
        return insert(f, n, 8, 44); /* a fragment header, of an "atomic" fragment even */
    put16(f + 20, 0x2000);          /* more fragments */
    fix_ip4(f);
    return n;
}

static uint32_t with_ip_options(uint8_t *f, uint32_t n)
{
    return insert(f, n, 8, 60);
}

static uint32_t with_hop_by_hop(uint8_t *f, uint32_t n)
{
    return insert(f, n, 8, 0);
}

static uint32_t with_fcs(uint8_t *f, uint32_t n)
{
    memcpy(f + n, "\xde\xad\xbe\xef", 4);
    return n + 4;
}

static uint32_t with_bad_sum(uint8_t *f, uint32_t n)
{
    f[n - 1] ^= 1;
    return n;
}

static uint32_t with_bad_ip_sum(uint8_t *f, uint32_t n)
{
    if (frame_v4(f))
        f[24] ^= 1;
    else
        f[18]++; /* IPv6 has no header sum: longer than it is */
    return n;
}

/* Changes the last two bytes so that the TCP checksum becomes 0. The payload must end at an even offset. */
static uint32_t with_zero_sum(uint8_t *f, uint32_t n)
{
    uint8_t *sum = f + (frame_v4(f) ? 34 : 54) + 16;
    put16(f + n - 2, add16(get16(f + n - 2), get16(sum)));
    put16(sum, 0);
    return n;
}

static uint32_t foreign_tag(uint8_t *f, uint32_t n)
{
    memmove(f + 16, f + 12, n - 12);
    memcpy(f + 12, "\x81\x00\x00\x09", 4);
    return n + 4;
}

/* Priority 5, VLAN 0. */
static uint32_t priority_tag(uint8_t *f, uint32_t n)
{
    memmove(f + 16, f + 12, n - 12);
    memcpy(f + 12, "\x81\x00\xa0\x00", 4);
    return n + 4;
}

static uint32_t cut_short(uint8_t *f, uint32_t n)
{
    (void)f;
    return n - 1;
}

/* A request whose frame is mangled is not answered, counts under `why`, and is answered when it comes again.
 */
static void dropped(struct script *s, uint32_t (*mangle)(uint8_t *, uint32_t), const char *why)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    pass_time(s, 5);
    c->mangle = mangle;
    say_at(c, 1, GET0);
    want_silence(c, 50);
    want_true(s, s->unclaimed.n == 0, "no endpoint is asked");
    want_counter(s, why, 1);
    say(c, GET0);
    e = take_request(s);
    answer(e, c);
}

void wire_fragment(struct script *s)
{
    dropped(s, as_fragment, "drop_ip_fragment");
}

void wire_options(struct script *s)
{
    dropped(s, with_ip_options, "drop_ip_options");
}

void wire_hop_by_hop(struct script *s)
{
    families(s, true, true);
    dropped(s, with_hop_by_hop, "drop_ip_options");
}

void wire_bad_sum(struct script *s)
{
    dropped(s, with_bad_sum, "drop_l4_checksum");
}

void wire_bad_ip_sum(struct script *s)
{
    dropped(s, with_bad_ip_sum, s->client_v6 ? "drop_short" : "drop_ip_checksum");
}

void wire_short(struct script *s)
{
    dropped(s, cut_short, "drop_short");
}

void wire_foreign_vlan(struct script *s)
{
    dropped(s, foreign_tag, "drop_vlan");
}

/* ---- frames that are longer than their packets ---- */

void wire_padding(struct script *s)
{
    struct peer *c = client(s), *e;
    s->client_host.pad = true;
    for (unsigned i = 0; i < ROW_ENDPOINTS; i++)
        s->endpoint_host[i].pad = true;
    e = with_request(c, CHUNKED_HEAD);
    say(c, "1\r\n"); /* payloads so short that padding follows them */
    say(c, "x\r\n");
    say(c, "0\r\n\r\n");
    want_text(e, "1\r\nx\r\n0\r\n\r\n");
    say(e, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    want_head(c);
    say(e, "1\r\n");
    say(e, "y\r\n");
    say(e, "0\r\n\r\n");
    want_text(c, "1\r\ny\r\n0\r\n\r\n");
}

void wire_fcs(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    c->mangle = with_fcs;
    say(c, "hello");
    want_text(e, "hello");
    want_true(s, e->got.l3_len == (e->got.v4 ? 45u : 65u), "the trailing bytes are not passed on");
    say(c, "world");
    want_text(e, "world");
}

/* ---- checksums ---- */

void wire_zero_sum_in(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    c->mangle = with_zero_sum;
    say(c, "abcd");
    want_bytes(e, 4);
    want_counter(s, "drop_l4_checksum", 0);
    say(c, "efgh");
    want_text(e, "efgh");
}

static uint8_t out_sum[2]; /* checksum field of what lacon sent; rows run one at a time */

static uint32_t with_zero_sum_out(uint8_t *f, uint32_t n)
{
    uint8_t *sum = f + (frame_v4(f) ? 34 : 54) + 16;
    uint32_t old = get16(f + n - 2), new = add16(old, get16(out_sum));
    put16(f + n - 2, new);
    put16(sum, add16(get16(sum), add16(old, ~new & 0xffff)));
    return n;
}

/* The same bytes' segment again with other ones, chosen so that what lacon sends has the checksum 0. */
void wire_zero_sum_out(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    uint32_t at = c->snd;
    s->lacon.oracle.bytes_may_differ = true;
    e->auto_ack = false;
    say(c, "abcd");
    want_bytes(e, 4);
    memcpy(out_sum, e->got.l4 + 16, 2);
    c->mangle = with_zero_sum_out;
    say_at(c, at, "abcd");
    want(e, "A len=4"); /* the oracle checks the sum */
    want_true(s, e->got.l4[16] == 0 && e->got.l4[17] == 0, "the checksum field is 0");
}

/* ---- VLANs ---- */

static void request_and_response(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, LARGE0 "some");
    want_head(c);
    say_one(e, 'x', 1400);
    want_bytes(c, 1400);
    rst(c, c->snd);
    want_eventually(e, "RA");
}

void wire_vlan_client(struct script *s)
{
    vlan(s, 0, 7);
    request_and_response(s);
}

void wire_vlan_both(struct script *s)
{
    vlan(s, 0, 7);
    vlan(s, 1, 4094);
    request_and_response(s);
}

void wire_vlan_untagged(struct script *s)
{
    struct peer *c;
    vlan(s, 0, 7);
    c = client(s);
    open_conn(c);
    uint64_t before = counter_of(s, "drop_vlan");
    s->client_host.vlan = 0;
    say_at(c, 1, GET0);
    s->client_host.vlan = 8;
    say_at(c, 1, GET0);
    want_silence(c, 50);
    want_counter(s, "drop_vlan", before + 2);
    s->client_host.vlan = 7;
    say(c, GET0);
    want_head(serve(s));
}

/* The tag's priority and DEI bits are not part of the VLAN. */
void wire_vlan_priority(struct script *s)
{
    vlan(s, 0, 7);
    struct peer *c = client(s);
    open_conn(c);
    s->client_host.vlan = 0xf007;
    say(c, GET0);
    want_head(serve(s));
}

void wire_priority_tag(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    c->mangle = priority_tag;
    say(c, GET0);
    want_head(serve(s));
}

/* ---- ICMP ---- */

static void next_endpoint(struct script *s, uint8_t code4, uint8_t code6)
{
    struct peer *c = client(s), *first, *e;
    ask(c, GET0);
    first = take_syn(s);
    unreachable(first, ip_is_v4(&first->local) ? code4 : code6);
    e = serve(s);
    want_true(s, e->host != first->host, "the other endpoint is tried");
    want_true(s, e->got_at - first->got_at < 10 * MS, "at once");
    want_head(e);
    answer(e, c);
    want_counter(s, "close_unreachable", 1);
}

void icmp_host(struct script *s)
{
    next_endpoint(s, 1, 3);
}

void icmp_port(struct script *s)
{
    next_endpoint(s, 3, 4);
}

void icmp_prohibited(struct script *s)
{
    next_endpoint(s, 13, 1);
}

/* Anybody could send one: on an open connection it decides nothing (RFC 5927). */
void icmp_open(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    for (uint8_t code = 0; code < 6; code++)
        if (code != 4) /* IPv4: too big */
            unreachable(e, code);
    say(e, LARGE0 "some");
    want_head(c);
    for (uint8_t code = 0; code < 4; code++)
        unreachable(c, code);
    say(e, "more");
    want_bytes(c, 4);
    say(e, "still");
    want_bytes(c, 5);
    want_counter(s, "close_unreachable", 0);
}

/* The quoted number is not the SYN's: somebody guesses. */
void icmp_wrong_seq(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = take_syn(s);
    uint8_t *quoted = e->last->packet + (e->got.v4 ? 20 : 40) + 4;
    quoted[3] ^= 1;
    unreachable(e, 1);
    pass_time(s, 20);
    want_true(s, s->unclaimed.n == 0, "no other endpoint is tried");
    accept_syn_of(e);
    want_head(e);
}
