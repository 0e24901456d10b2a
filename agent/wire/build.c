/* Headers onto payload; see wire.h. wire_push_tcp() runs for every segment that leaves, forwarded or our own:
 * it writes each header word once and sums what it writes, so a checksum never costs a pass over the payload.
 * No state, any thread. */
#include "agent/base/bytes.h"
#include "agent/base/csum.h"
#include "agent/base/mutant.h"
#include "agent/wire/proto.h"
#include "agent/wire/wire.h"

/* Writes a big-endian word and returns it as it lies in memory, to be summed (csum_raw). */
static inline uint64_t put_word(uint8_t *p, uint32_t w)
{
    w = htobe32(w);
    memcpy(p, &w, sizeof w);
    return w;
}

/* Writes the checksum of what adds up to `raw`. */
static inline void put_csum(uint8_t *p, uint64_t raw)
{
    uint16_t sum = csum_final(csum_fold(raw));
    memcpy(p, &sum, sizeof sum);
}

static inline uint32_t eth_len(const struct wire_link *l)
{
    return l->vlan ? ETH_LEN + VLAN_LEN : ETH_LEN;
}

static inline void put_eth(uint8_t *e, const struct wire_link *l, uint16_t type)
{
    memcpy(e, l->dmac, 6);
    memcpy(e + 6, l->smac, 6);
    if (l->vlan) {
        put_be32(e + 12, (uint32_t)ETHERTYPE_VLAN << 16 | l->vlan);
        e += VLAN_LEN;
    }
    put_be16(e + 12, type);
}

/* Identification 0: with DF set it means nothing (RFC 6864 section 4.1). */
static inline void put_ip4(uint8_t *ip, const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto,
                           uint8_t ttl, uint32_t len)
{
    uint64_t sum = put_word(ip, 0x45000000u | ((IP4_LEN + len) & 0xffff)) + put_word(ip + 4, IP4_DF);
    sum += put_word(ip + 8, (uint32_t)ttl << 24 | (uint32_t)proto << 16);
    memcpy(ip + 12, src->b + 12, 4);
    memcpy(ip + 16, dst->b + 12, 4);
    put_csum(ip + 10, sum + csum_raw(src->b + 12, 1) + csum_raw(dst->b + 12, 1));
}

static inline void put_ip6(uint8_t *ip, const struct ip_addr *src, const struct ip_addr *dst, uint8_t next,
                           uint8_t hops, uint32_t len)
{
    put_be32(ip, 0x60000000u);
    put_be32(ip + 4, len << 16 | (uint32_t)next << 8 | hops);
    memcpy(ip + 8, src->b, 16);
    memcpy(ip + 24, dst->b, 16);
}

/* Pushes `hlen` bytes of a layer-4 header, to be written by the caller at the place returned, and what is
 * below them. The frame's own fields are set once, before any byte is: a byte written may be one of theirs,
 * for all that the compiler knows. */
static inline uint8_t *push_below(struct frame *f, const struct wire_link *l, const struct ip_addr *src,
                                  const struct ip_addr *dst, uint8_t proto, uint8_t ttl, uint32_t hlen)
{
    bool v4 = ip_is_v4(src);
    uint32_t len = f->len + hlen, below = eth_len(l) + (v4 ? IP4_LEN : IP6_LEN);
    uint8_t *e = frame_push(f, below + hlen), *ip = e + eth_len(l);
    f->port = l->port;
    /* What a device said of the frame that came in does not hold for the one that goes out. */
    f->flags &= (uint16_t)~FRAME_L4_CSUM_OK;
    put_eth(e, l, v4 ? ETHERTYPE_IP4 : ETHERTYPE_IP6);
    if (v4)
        put_ip4(ip, src, dst, proto, ttl, len);
    else
        put_ip6(ip, src, dst, proto, ttl, len);
    return e + below;
}

/* The raw sum of both addresses of a pseudo-header; IPv4's by their last words alone, since the prefix of a
 * mapped address adds nothing. */
static inline uint64_t address_sum(const struct ip_addr *src, const struct ip_addr *dst)
{
    if (ip_is_v4(src))
        return csum_raw(src->b + 12, 1) + csum_raw(dst->b + 12, 1);
    return csum_raw(src->b, 4) + csum_raw(dst->b, 4);
}

/* The options as whole words, padded in front with NOPs where that aligns them. Returns how many, at most 9.
 */
static unsigned option_words(const struct tcp_seg *s, uint32_t w[10])
{
    unsigned n = 0;
    if (s->flags & TCP_SYN) {
        if (s->mss)
            w[n++] = TCPOPT_MSS << 24 | 4 << 16 | s->mss;
        if (s->sack_ok)
            w[n++] = TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_SACK_OK << 8 | 2;
        if (s->wscale >= 0)
            w[n++] = TCPOPT_NOP << 24 | TCPOPT_WSCALE << 16 | 3 << 8 | (uint32_t)s->wscale;
        return n;
    }
    unsigned blocks = s->nsack < TCP_MAX_SACK ? s->nsack : TCP_MAX_SACK;
    if (blocks)
        w[n++] = TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_SACK << 8 | (2 + 8 * blocks);
    for (unsigned i = 0; i < blocks; i++) {
        w[n++] = s->sack[i].lo;
        w[n++] = s->sack[i].hi;
    }
    return n;
}

void wire_push_tcp(struct frame *f, const struct wire_link *l, const struct tcp_seg *s, uint16_t payload_sum)
{
    uint32_t opt[10];
    unsigned nopt = (s->flags & TCP_SYN) || s->nsack ? option_words(s, opt) : 0;
    uint32_t hlen = TCP_LEN + 4 * nopt;
    uint64_t sum = (uint64_t)htobe16(payload_sum) + htobe16(PROTO_TCP) + htobe16((uint16_t)(hlen + f->len));
    sum += address_sum(&s->src, &s->dst);
    uint8_t *t = push_below(f, l, &s->src, &s->dst, PROTO_TCP, WIRE_TTL - mutant(ttl_not_ours), hlen);
    sum += put_word(t, (uint32_t)s->sport << 16 | s->dport);
    sum += put_word(t + 4, s->seq);
    sum += put_word(t + 8, s->ack);
    sum += put_word(t + 12, hlen << 26 |
                                (uint32_t)(s->flags & TCP_FLAGS & (mutant(urg_kept) ? TCP_FLAGS : ~TCP_URG))
                                    << 16 |
                                s->wnd);
    put_be32(t + 16, 0); /* urgent pointer 0 */
    for (unsigned i = 0; i < nopt; i++)
        sum += put_word(t + TCP_LEN + 4 * i, opt[i]);
    put_csum(t + 16, sum);
}

void wire_again_keep(struct wire_again *h, const struct frame *f, const struct wire_link *l,
                     const struct tcp_seg *s)
{
    uint8_t *t = h->head + WIRE_AGAIN - TCP_LEN, *ip = t - IP4_LEN;
    h->v4 = ip_is_v4(&s->src);
    h->n = eth_len(l) + (h->v4 ? IP4_LEN : IP6_LEN) + TCP_LEN;
    if (f->headroom + h->n < WIRE_AGAIN) {
        h->n = 0;
        return;
    }
    h->ack = s->ack;
    h->wnd = s->wnd;
    h->port = f->port;
    memcpy(h->head, f->data + h->n - WIRE_AGAIN, WIRE_AGAIN);
    h->tcp_sum = csum_raw(t, 1) + htobe16(PROTO_TCP) + address_sum(&s->src, &s->dst);
    if (!h->v4)
        return;
    put_be16(ip + 2, 0);
    put_be16(ip + 10, 0);
    h->ip_sum = csum_raw(ip, IP4_LEN / 4);
}

void wire_again_push(struct frame *f, const struct wire_again *h, uint32_t seq, uint32_t ack, uint16_t wnd,
                     uint8_t flags, uint16_t payload_sum)
{
    uint32_t len = TCP_LEN + f->len;
    uint8_t *payload = f->data, *t = payload - TCP_LEN;
    frame_push(f, h->n);
    f->port = h->port;
    f->flags &= (uint16_t)~FRAME_L4_CSUM_OK;
    memcpy(payload - WIRE_AGAIN, h->head, WIRE_AGAIN);
    if (h->v4) {
        uint16_t total = htobe16((uint16_t)(IP4_LEN + len));
        memcpy(t - IP4_LEN + 2, &total, sizeof total);
        put_csum(t - IP4_LEN + 10, h->ip_sum + total);
    } else {
        put_be16(t - IP6_LEN + 4, (uint16_t)len);
    }
    uint64_t sum = h->tcp_sum + htobe16(payload_sum) + htobe16((uint16_t)len);
    sum += put_word(t + 4, seq);
    sum += put_word(t + 8, ack);
    sum += put_word(t + 12, TCP_LEN << 26 | (uint32_t)flags << 16 | wnd);
    put_csum(t + 16, sum);
}

void wire_push_ip(struct frame *f, const struct wire_link *l, const struct ip_addr *src,
                  const struct ip_addr *dst, uint8_t proto, uint8_t ttl)
{
    push_below(f, l, src, dst, proto, ttl, 0);
}
