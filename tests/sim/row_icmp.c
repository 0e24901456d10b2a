/* The words of rows about ICMP errors: what routers and hosts say to lacon, and what lacon says to hosts.
 * Shares no code with agent/net, so that each checks the other. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/row.h"

#define QUOTED 8u /* bytes of TCP */

static void wr16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static uint32_t rd16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t rd32(const uint8_t *p)
{
    return rd16(p) << 16 | rd16(p + 2);
}

/* The IP header of a packet from src to dst with `len` bytes behind it; returns its size. */
static uint32_t quote_ip(uint8_t *q, const struct ip_addr *src, const struct ip_addr *dst, uint32_t len)
{
    if (ip_is_v4(src)) {
        memset(q, 0, 20);
        q[0] = 0x45;
        wr16(q + 2, 20 + len);
        q[8] = 63;
        q[9] = 6;
        memcpy(q + 12, src->b + 12, 4);
        memcpy(q + 16, dst->b + 12, 4);
        return 20;
    }
    memset(q, 0, 40);
    q[0] = 0x60;
    wr16(q + 4, len);
    q[6] = 6;
    q[7] = 63;
    memcpy(q + 8, src->b, 16);
    memcpy(q + 24, dst->b, 16);
    return 40;
}

void icmp(struct peer *p, uint8_t type, uint8_t code, uint32_t rest)
{
    uint8_t m[8 + SEG_FRAME] = {type, code}, out[8 + SEG_FRAME];
    struct seg r = seg_tcp();
    /* What a router quotes: 8 bytes of TCP (RFC 792), or all that fits (RFC 4443). */
    uint32_t n = ip_is_v4(&p->local) ? 28 : p->got.l3_len;
    if (p->sc->sim.failed || !p->got.l3)
        return;
    if (p->got.l3_len < n)
        n = p->got.l3_len;
    for (unsigned i = 0; i < 4; i++)
        m[4 + i] = (uint8_t)(rest >> (24 - 8 * i));
    memcpy(m + 8, p->got.l3, n);
    r.v4 = ip_is_v4(&p->local);
    r.src = p->local;
    r.dst = p->got.src;
    host_neigh_send(p->host, &r.dst, out, seg_build_ip(&r, r.v4 ? 1 : 58, m, 8 + n, out));
}

void unreachable(struct peer *p, uint8_t code)
{
    icmp(p, ip_is_v4(&p->local) ? 3 : 1, code, 0);
}

void icmp_too_big(struct peer *p, uint32_t seq, uint16_t mtu)
{
    struct seg g = seg_tcp();
    uint8_t l4[100] = {0}, out[SEG_FRAME], *q = l4 + 8;
    bool v4 = ip_is_v4(&p->local);
    l4[0] = v4 ? 3 : 2;
    l4[1] = v4 ? 4 : 0;
    wr16(l4 + 6, mtu);
    q += quote_ip(q, &p->remote, &p->local, 1480);
    wr16(q, p->rport);
    wr16(q + 2, p->lport);
    wr16(q + 4, (p->irs + seq) >> 16);
    wr16(q + 6, p->irs + seq);
    g.v4 = v4;
    g.src = p->local;
    g.dst = p->remote;
    if (!p->sc->sim.failed)
        host_neigh_send(p->host, &p->remote, out,
                        seg_build_ip(&g, v4 ? 1 : 58, l4, (uint32_t)(q - l4) + QUOTED, out));
}

static struct seen *next_error(struct script *s, uint64_t wait)
{
    uint64_t until = s->sim.now + wait;
    while (!s->errors.n && sim_step(&s->sim, until))
        ;
    if (!s->errors.n && !s->sim.failed)
        s->sim.now = until;
    return inbox_take(&s->errors);
}

/* What an ICMP error of the right kind says, else what is wrong with it. */
static const char *judge_error(const struct peer *p, const struct seg *g, uint32_t seq, uint32_t mtu)
{
    bool v4 = ip_is_v4(&p->local);
    const uint8_t *b = g->l4, *ip = b + 8, *tcp = ip + (v4 ? 20 : 40);
    if (g->l4_len < (uint32_t)(tcp - b) + QUOTED)
        return "it is too short to quote a segment";
    if (b[0] != (v4 ? 3 : 2) || b[1] != (v4 ? 4 : 0))
        return "it is another kind of error";
    if ((v4 ? rd16(b + 6) : rd32(b + 4)) != mtu)
        return "it names another MTU";
    if (ip[v4 ? 9 : 6] != 6 || memcmp(ip + (v4 ? 12 : 8), p->local.b + (v4 ? 12 : 0), v4 ? 4 : 16) != 0 ||
        memcmp(ip + (v4 ? 16 : 24), p->remote.b + (v4 ? 12 : 0), v4 ? 4 : 16) != 0)
        return "it quotes other addresses";
    if (rd16(tcp) != p->lport || rd16(tcp + 2) != p->rport)
        return "it quotes other ports";
    return rd32(tcp + 4) - p->iss == seq ? NULL : "it quotes another sequence number";
}

void want_too_big(struct peer *p, uint32_t seq, uint16_t mtu)
{
    struct seen *m = p->sc->sim.failed ? NULL : next_error(p->sc, SEC);
    const char *why = m ? judge_error(p, &m->s, seq, mtu) : "none came";
    if (why)
        sim_fail(&p->sc->sim, "%s wanted \"packet too big\": %s", p->host->name, why);
    free(m);
}

void want_no_error(struct script *s, unsigned ms)
{
    struct seen *m = s->sim.failed ? NULL : next_error(s, ms * MS);
    if (m)
        sim_fail(&s->sim, "an ICMP error of type %u came", m->s.l4[0]);
    free(m);
}
