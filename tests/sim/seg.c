/* Plain and slow on purpose: each checksum is summed over all its bytes. */
#include "tests/sim/seg.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static uint16_t rd16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t rd32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void wr16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void wr32(uint8_t *p, uint32_t v)
{
    wr16(p, v >> 16);
    wr16(p + 2, v & 0xffff);
}

static uint32_t sum(const uint8_t *p, uint32_t n, uint32_t acc)
{
    for (uint32_t i = 0; i < n; i++)
        acc += i & 1 ? p[i] : (uint32_t)p[i] << 8;
    return acc;
}

static uint16_t fold(uint32_t acc)
{
    while (acc >> 16)
        acc = (acc & 0xffff) + (acc >> 16);
    return (uint16_t)acc;
}

/* 0xffff when the transport checksum inside l4 is right; what to complement when it is still zero. */
static uint16_t l4_sum(const struct seg *s, uint8_t proto, const uint8_t *l4, uint32_t n)
{
    uint32_t acc = 0;
    if (!s->v4 || proto == 6) {
        acc =
            s->v4 ? sum(s->src.b + 12, 4, sum(s->dst.b + 12, 4, 0)) : sum(s->src.b, 16, sum(s->dst.b, 16, 0));
        acc += proto + (n & 0xffff) + (n >> 16);
    }
    return fold(sum(l4, n, acc));
}

struct seg seg_tcp(void)
{
    return (struct seg){.kind = SEG_TCP, .df = true, .ttl = 64, .wscale = -1};
}

static const char *parse_option(const uint8_t *o, uint32_t n, struct seg *s)
{
    switch (o[0]) {
    case 2:
        s->mss = rd16(o + 2);
        return n == 4 ? NULL : "MSS option of another length than 4";
    case 3:
        s->wscale = (int8_t)o[2];
        return n == 3 && o[2] <= 14 ? NULL : "bad window scale option";
    case 4:
        s->sack_ok = true;
        return n == 2 ? NULL : "SACK-permitted option of another length than 2";
    case 5:
        if ((n - 2) % 8 != 0 || n < 10 || n > 34)
            return "SACK option of a bad length";
        s->nsack = (uint8_t)((n - 2) / 8);
        for (unsigned i = 0; i < s->nsack; i++)
            s->sack[i] = (struct seg_sack){rd32(o + 2 + 8 * i), rd32(o + 6 + 8 * i)};
        return NULL;
    case 8:
        s->timestamp = true;
        return n == 10 ? NULL : "timestamp option of another length than 10";
    default:
        s->unknown++;
        return NULL;
    }
}

static const char *parse_options(const uint8_t *o, uint32_t n, struct seg *s)
{
    while (n > 0 && o[0] != 0) {
        uint32_t len = o[0] == 1 ? 1 : n >= 2 ? o[1] : 0;
        if (len == 0 || len > n || (len == 1 && o[0] != 1))
            return "TCP option runs past the header";
        const char *bad = o[0] == 1 ? NULL : parse_option(o, len, s);
        if (bad)
            return bad;
        o += len;
        n -= len;
    }
    return NULL;
}

static const char *parse_tcp(struct seg *s)
{
    const uint8_t *t = s->l4;
    uint32_t off = s->l4_len >= 20 ? (t[12] >> 4) * 4u : 0;
    if (off < 20 || off > s->l4_len)
        return "bad TCP data offset";
    if (l4_sum(s, 6, t, s->l4_len) != 0xffff)
        return "wrong TCP checksum";
    s->kind = SEG_TCP;
    s->sport = rd16(t);
    s->dport = rd16(t + 2);
    s->seq = rd32(t + 4);
    s->ack = rd32(t + 8);
    s->reserved = t[12] & 0xf;
    s->flags = t[13];
    s->wnd = rd16(t + 14);
    s->urgent = rd16(t + 18);
    s->data = t + off;
    s->len = s->l4_len - off;
    return parse_options(t + 20, off - 20, s);
}

static const char *parse_l4(struct seg *s, uint8_t proto)
{
    if (proto == 6)
        return parse_tcp(s);
    if (proto != (s->v4 ? 1 : 58))
        return NULL;
    if (s->l4_len < 8)
        return "short ICMP";
    s->kind = s->v4 ? SEG_ICMP4 : SEG_ICMP6;
    return l4_sum(s, proto, s->l4, s->l4_len) == 0xffff ? NULL : "wrong ICMP checksum";
}

static const char *parse_v4(struct seg *s)
{
    const uint8_t *h = s->l3;
    uint32_t total = s->l3_len >= 20 ? rd16(h + 2) : 0;
    if (total < 20 || total > s->l3_len || h[0] != 0x45)
        return "bad IPv4 header";
    if (fold(sum(h, 20, 0)) != 0xffff)
        return "wrong IPv4 header checksum";
    if (rd16(h + 6) & 0x3fff)
        return "IPv4 fragment";
    s->v4 = true;
    s->tos = h[1];
    s->ip_id = rd16(h + 4);
    s->df = (h[6] & 0x40) != 0;
    s->ttl = h[8];
    s->src = ip_from_v4(h + 12);
    s->dst = ip_from_v4(h + 16);
    s->l4 = h + 20;
    s->l4_len = total - 20;
    return parse_l4(s, h[9]);
}

static const char *parse_v6(struct seg *s)
{
    const uint8_t *h = s->l3;
    if (s->l3_len < 40 || h[0] >> 4 != 6 || rd16(h + 4) + 40u > s->l3_len)
        return "bad IPv6 header";
    s->df = true;
    s->tos = (uint8_t)(h[0] << 4 | h[1] >> 4);
    s->ttl = h[7];
    s->src = ip_from_v6(h + 8);
    s->dst = ip_from_v6(h + 24);
    s->l4 = h + 40;
    s->l4_len = rd16(h + 4);
    return parse_l4(s, h[6]);
}

const char *seg_parse(const uint8_t *p, uint32_t n, struct seg *s)
{
    memset(s, 0, sizeof *s);
    s->wscale = -1;
    if (n < 14)
        return "short frame";
    memcpy(s->dmac, p, 6);
    memcpy(s->smac, p + 6, 6);
    if (rd16(p + 12) == 0x8100 && n >= 18) {
        s->vlan = rd16(p + 14);
        p += 4;
        n -= 4;
    }
    s->l3 = p + 14;
    s->l3_len = n - 14;
    switch (rd16(p + 12)) {
    case 0x0806:
        s->kind = SEG_ARP;
        return n >= 42 ? NULL : "short ARP";
    case 0x0800:
        return parse_v4(s);
    case 0x86dd:
        return parse_v6(s);
    default:
        return NULL;
    }
}

uint32_t seg_build_ip(const struct seg *s, uint8_t proto, const uint8_t *l4, uint32_t n, uint8_t *out)
{
    memcpy(out, s->dmac, 6);
    memcpy(out + 6, s->smac, 6);
    uint8_t *h = out + 14, *t = h + (s->v4 ? 20 : 40);
    memset(h, 0, s->v4 ? 20 : 40);
    memmove(t, l4, n);
    if (proto != 6) {
        wr16(t + 2, 0);
        wr16(t + 2, (uint16_t)~l4_sum(s, proto, t, n));
    }
    if (s->v4) {
        wr16(out + 12, 0x0800);
        h[0] = 0x45;
        h[1] = s->tos;
        wr16(h + 2, 20 + n);
        wr16(h + 4, s->ip_id);
        h[6] = s->df ? 0x40 : 0;
        h[8] = s->ttl;
        h[9] = proto;
        memcpy(h + 12, s->src.b + 12, 4);
        memcpy(h + 16, s->dst.b + 12, 4);
        wr16(h + 10, (uint16_t)~fold(sum(h, 20, 0)));
        return 34 + n;
    }
    wr16(out + 12, 0x86dd);
    h[0] = (uint8_t)(0x60 | s->tos >> 4);
    h[1] = (uint8_t)(s->tos << 4);
    wr16(h + 4, n);
    h[6] = proto;
    h[7] = s->ttl;
    memcpy(h + 8, s->src.b, 16);
    memcpy(h + 24, s->dst.b, 16);
    return 54 + n;
}

static uint32_t put_options(const struct seg *s, uint8_t *o)
{
    uint8_t *start = o;
    if (s->mss) {
        *o++ = 2;
        *o++ = 4;
        wr16(o, s->mss);
        o += 2;
    }
    if (s->sack_ok) {
        *o++ = 4;
        *o++ = 2;
    }
    if (s->timestamp) {
        memcpy(o, "\x08\x0a\x12\x34\x56\x78\0\0\0", 10);
        o += 10;
    }
    if (s->wscale >= 0) {
        *o++ = 3;
        *o++ = 3;
        *o++ = (uint8_t)s->wscale;
    }
    if (s->nsack) {
        *o++ = 5;
        *o++ = (uint8_t)(2 + 8 * s->nsack);
        for (unsigned i = 0; i < s->nsack; i++, o += 8) {
            wr32(o, s->sack[i].lo);
            wr32(o + 4, s->sack[i].hi);
        }
    }
    while ((o - start) & 3)
        *o++ = 1;
    return (uint32_t)(o - start);
}

uint32_t seg_build(const struct seg *s, uint8_t *out)
{
    uint8_t t[SEG_FRAME];
    memset(t, 0, 20);
    uint32_t off = 20 + put_options(s, t + 20);
    wr16(t, s->sport);
    wr16(t + 2, s->dport);
    wr32(t + 4, s->seq);
    wr32(t + 8, s->ack);
    t[12] = (uint8_t)(off / 4 << 4);
    t[13] = s->flags;
    wr16(t + 14, s->wnd);
    wr16(t + 18, s->urgent);
    if (s->len)
        memcpy(t + off, s->data, s->len);
    wr16(t + 16, (uint16_t)~l4_sum(s, 6, t, off + s->len));
    return seg_build_ip(s, 6, t, off + s->len, out);
}

uint32_t seg_too_big(const uint8_t *p, uint32_t n, uint16_t mtu, bool brief, uint8_t *out)
{
    static const uint8_t mac[6] = {2, 0xbb, 0, 0, 0, 1};
    struct seg s, r = seg_tcp();
    uint8_t l4[SEG_MTU] = {0};
    if (seg_parse(p, n, &s) || s.kind != SEG_TCP)
        return 0;
    uint32_t quote = brief ? (s.v4 ? 28 : 48) : 500;
    quote = quote < s.l3_len ? quote : s.l3_len;
    memcpy(r.dmac, s.smac, 6);
    memcpy(r.smac, mac, 6);
    r.v4 = s.v4;
    r.df = false;
    r.vlan = s.vlan;
    r.dst = s.src;
    r.src = s.dst; /* a router on the way, with an address of the far side's network */
    r.src.b[15] = 254;
    l4[0] = s.v4 ? 3 : 2;
    l4[1] = s.v4 ? 4 : 0;
    wr32(l4 + 4, mtu);
    memcpy(l4 + 8, s.l3, quote);
    return seg_build_ip(&r, s.v4 ? 1 : 58, l4, 8 + quote, out);
}

uint16_t seg_told_mtu(const struct seg *s, struct seg *quoted)
{
    const uint8_t *ip = s->l4 + 8;
    uint32_t head = s->v4 ? 20 : 40;
    if (s->kind != (s->v4 ? SEG_ICMP4 : SEG_ICMP6) || s->l4_len < 8 + head + 8 ||
        s->l4[0] != (s->v4 ? 3 : 2) || s->l4[1] != (s->v4 ? 4 : 0) || ip[s->v4 ? 9 : 6] != 6)
        return 0;
    memset(quoted, 0, sizeof *quoted);
    quoted->src = s->v4 ? ip_from_v4(ip + 12) : ip_from_v6(ip + 8);
    quoted->dst = s->v4 ? ip_from_v4(ip + 16) : ip_from_v6(ip + 24);
    quoted->sport = rd16(ip + head);
    quoted->dport = rd16(ip + head + 2);
    quoted->seq = rd32(ip + head + 4);
    return rd16(s->l4 + 6);
}

const char *sim_ip(const struct ip_addr *a, char buf[48])
{
    if (ip_is_v4(a))
        snprintf(buf, 48, "%u.%u.%u.%u", a->b[12], a->b[13], a->b[14], a->b[15]);
    else
        inet_ntop(AF_INET6, a->b, buf, 48);
    return buf;
}

const char *seg_str(const struct seg *s, char buf[SEG_STR])
{
    char a[48], b[48], f[9];
    int n = 0;
    for (unsigned i = 0; i < 8; i++)
        if (s->flags & 1u << i)
            f[n++] = "FSRPAUEC"[i];
    f[n] = 0;
    n = snprintf(buf, SEG_STR, "%s:%u > %s:%u [%s] seq %u len %u ack %u win %u", sim_ip(&s->src, a), s->sport,
                 sim_ip(&s->dst, b), s->dport, f, s->seq, s->len, s->ack, s->wnd);
    for (unsigned i = 0; i < s->nsack && n < SEG_STR - 40; i++)
        n += snprintf(buf + n, (size_t)(SEG_STR - n), " sack %u-%u", s->sack[i].lo, s->sack[i].hi);
    if (s->mss && n < SEG_STR - 40)
        snprintf(buf + n, (size_t)(SEG_STR - n), " mss %u ws %d%s", s->mss, s->wscale,
                 s->sack_ok ? " sackok" : "");
    return buf;
}
