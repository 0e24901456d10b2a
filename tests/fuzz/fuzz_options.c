/* TCP options. Two readings of an input: as the option bytes of a received segment, held against a second
 * reader that is written another way; and as what a segment of ours says, which is built, and read again. */
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/csum.h"
#include "agent/wire/wire.h"
#include "tests/fuzz/frames.h"

#define MOST 40u /* option bytes that a TCP header has room for */

static bool same(const struct tcp_opts *a, const struct tcp_opts *b)
{
    if (a->mss != b->mss || a->wscale != b->wscale || a->sack_ok != b->sack_ok || a->nsack != b->nsack)
        return false;
    for (unsigned i = 0; i < a->nsack; i++)
        if (a->sack[i].lo != b->sack[i].lo || a->sack[i].hi != b->sack[i].hi)
            return false;
    return true;
}

/* Where the option at `at` ends: behind it, n at the end of the list, 0 when it does not fit. */
static uint32_t option_end(const uint8_t *p, uint32_t n, uint32_t at)
{
    if (p[at] == 0)
        return n;
    if (p[at] == 1)
        return at + 1;
    return at + 1 < n && p[at + 1] >= 2 && at + p[at + 1] <= n ? at + p[at + 1] : 0;
}

static bool is(const uint8_t *o, uint8_t kind, uint8_t len)
{
    return o[0] == kind && o[1] == len;
}

static bool read_sack(const uint8_t *o, struct tcp_opts *out)
{
    static const uint8_t length[] = {10, 18, 26, 34};
    for (uint8_t k = 0; k < 4; k++) {
        if (o[1] != length[k])
            continue;
        out->nsack = (uint8_t)(k + 1);
        for (unsigned i = 0; i <= k; i++) {
            out->sack[i].lo = get_be32(o + 2 + 8 * i);
            out->sack[i].hi = get_be32(o + 6 + 8 * i);
        }
        return true;
    }
    return false;
}

static bool read_one(const uint8_t *o, struct tcp_opts *out)
{
    if (is(o, 2, 4))
        out->mss = get_be16(o + 2);
    else if (is(o, 3, 3))
        out->wscale = (int8_t)(o[2] < 14 ? o[2] : 14);
    else if (is(o, 4, 2))
        out->sack_ok = true;
    else if (o[0] == 5)
        return read_sack(o, out);
    else
        return o[0] > 4;
    return true;
}

static bool read_again(const uint8_t *p, uint32_t n, struct tcp_opts *out)
{
    *out = (struct tcp_opts){.wscale = -1};
    for (uint32_t at = 0, end; at < n; at = end) {
        end = option_end(p, n, at);
        if (!end || (p[at] > 1 && !read_one(p + at, out)))
            return false;
    }
    return true;
}

/* The bytes stand against the end of their memory. */
static void check_reading(const uint8_t *bytes, size_t n)
{
    struct tcp_opts o, again;
    uint8_t *p = malloc(n ? n : 1);
    PROPERTY(p);
    memcpy(p, bytes, n);
    bool good = wire_tcp_opts(span_of(p, n), &o);
    PROPERTY(good == read_again(p, (uint32_t)n, &again));
    PROPERTY(!good || same(&o, &again));
    free(p);
}

static struct tcp_seg segment_of(const uint8_t b[MOST], bool v4)
{
    struct tcp_seg s = {.sport = 80,
                        .dport = 4711,
                        .seq = get_be32(b),
                        .ack = get_be32(b + 4),
                        .wnd = get_be16(b + 2),
                        .flags = b[0] & 1 ? TCP_SYN : (uint8_t)(TCP_ACK | (b[0] & (TCP_URG | TCP_PSH))),
                        .mss = get_be16(b + 1),
                        .wscale = (int8_t)(b[3] % 16 - 1),
                        .sack_ok = b[0] & 2,
                        .nsack = (uint8_t)(b[0] >> 2 & 7) % 5};
    s.src = v4 ? ip_from_v4(b + 4) : ip_from_v6(b + 4);
    s.dst = v4 ? ip_from_v4(b + 8) : ip_from_v6(b + 12);
    if (!v4)
        s.src.b[0] = s.dst.b[0] = 0xfd; /* mapped ones have no business on the wire */
    for (unsigned i = 0; i < s.nsack; i++) {
        s.sack[i].lo = get_be32(b + 8 + 8 * i);
        s.sack[i].hi = get_be32(b + 4 + 8 * i);
    }
    return s;
}

/* What must be read from the segment: options of SYNs in SYNs alone, blocks in others alone. */
static struct tcp_opts meant(const struct tcp_seg *s)
{
    struct tcp_opts o = {.wscale = -1};
    if (s->flags & TCP_SYN) {
        o.mss = s->mss;
        o.wscale = s->wscale;
        o.sack_ok = s->sack_ok;
        return o;
    }
    o.nsack = s->nsack;
    for (unsigned i = 0; i < s->nsack; i++) {
        o.sack[i].lo = s->sack[i].lo;
        o.sack[i].hi = s->sack[i].hi;
    }
    return o;
}

static void ignore(void *arg, const struct frame *f)
{
    (void)arg;
    (void)f;
}

static void check_building(const uint8_t b[MOST], const uint8_t *payload, uint32_t n, bool v4)
{
    struct frame_box box = {.see = ignore};
    struct tcp_seg s = segment_of(b, v4);
    struct wire_link l = {.vlan = b[39] & 0xf};
    struct tcp_opts want = meant(&s), got;
    struct pkt p;
    struct frame *f = frame_make(&box, n);
    memcpy(frame_put(f, n), payload, n);
    wire_push_tcp(f, &l, &s, csum_bytes(payload, n));
    PROPERTY(wire_parse(f, l.vlan, &p) == R_NONE && p.proto == WIRE_TCP && p.v4 == v4);
    PROPERTY(p.opts.n <= MOST && p.opts.n % 4 == 0 && (s.nsack < 4 || p.opts.n <= 36));
    PROPERTY(wire_tcp_opts(p.opts, &got) && same(&got, &want));
    PROPERTY(p.seq == s.seq && p.ack == s.ack && p.wnd == s.wnd && p.flags == (s.flags & ~TCP_URG));
    PROPERTY(ip_eq(&p.key.remote, &s.src) && ip_eq(&p.key.local, &s.dst) && p.ttl == WIRE_TTL);
    PROPERTY(p.payload_len == n && memcmp(f->data + p.payload_off, payload, n) == 0);
    frame_box_free(&box, f);
    PROPERTY(box.live == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    check_reading(bytes, n < MOST ? n : MOST);
    check_reading(bytes, n < 300 ? n : 300); /* more than any header has: lengths to 255 */
    if (n > MOST && n - MOST < 1400) {
        check_building(bytes, bytes + MOST, (uint32_t)(n - MOST), true);
        check_building(bytes, bytes + MOST, (uint32_t)(n - MOST), false);
    }
    return 0;
}
