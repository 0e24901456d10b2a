/* "Packet too big", said by us: an ICMP error that quotes a segment which somebody sent us (rule S13). The
 * quote is the segment's IP header and the first 8 bytes of its TCP header, as RFC 792 has it. The worker's
 * thread; no state. */
#include "agent/base/csum.h"
#include "agent/base/reason.h"
#include "agent/net/net_priv.h"

#define UNREACH4    3
#define FRAG_NEEDED 4
#define TOO_BIG6    2
#define QUOTED_TCP  8u
#define ICMP_LEN    8u
#define IP4_LEN     20u
#define IP6_LEN     40u
#define LEAST4      68u
#define LEAST6      1280u

static void quote_tcp(uint8_t *p, const struct net_too_big *t)
{
    put_be16(p, t->key.remote_port);
    put_be16(p + 2, t->key.local_port);
    put_be32(p + 4, t->seq);
}

static void quote4(uint8_t *ip, const struct net_too_big *t)
{
    memset(ip, 0, IP4_LEN);
    ip[0] = 0x45;
    put_be16(ip + 2, t->length);
    put_be16(ip + 6, 0x4000); /* DF */
    ip[8] = WIRE_TTL;
    ip[9] = IPPROTO_NET_TCP;
    memcpy(ip + 12, v4_bytes(&t->key.remote), 4);
    memcpy(ip + 16, v4_bytes(&t->key.local), 4);
    put_be16(ip + 10, csum_final(csum_bytes(ip, IP4_LEN)));
    quote_tcp(ip + IP4_LEN, t);
}

static void quote6(uint8_t *ip, const struct net_too_big *t)
{
    memset(ip, 0, IP6_LEN);
    ip[0] = 0x60;
    put_be16(ip + 4, (uint16_t)(t->length - IP6_LEN));
    ip[6] = IPPROTO_NET_TCP;
    ip[7] = WIRE_TTL;
    memcpy(ip + 8, t->key.remote.b, 16);
    memcpy(ip + 24, t->key.local.b, 16);
    quote_tcp(ip + IP6_LEN, t);
}

static void write_error(struct frame *f, const struct net_too_big *t, bool v4)
{
    uint32_t n = ICMP_LEN + (v4 ? IP4_LEN : IP6_LEN) + QUOTED_TCP;
    uint8_t *b = frame_put(f, n);
    memset(b, 0, ICMP_LEN);
    if (v4) {
        b[0] = UNREACH4;
        b[1] = FRAG_NEEDED;
        put_be16(b + 6, t->mtu);
        quote4(b + ICMP_LEN, t);
        put_be16(b + 2, csum_final(csum_bytes(b, n)));
    } else {
        b[0] = TOO_BIG6;
        put_be32(b + 4, t->mtu);
        quote6(b + ICMP_LEN, t);
        uint16_t pseudo = csum_pseudo(&t->key.local, &t->key.remote, IPPROTO_NET_ICMP6, n);
        put_be16(b + 2, csum_final(csum_add(pseudo, csum_bytes(b, n))));
    }
}

void net_too_big(struct net *n, struct net_path *path, const struct net_too_big *t, uint64_t now_ns)
{
    bool v4 = ip_is_v4(&t->key.remote);
    struct wire_link l;
    if (t->mtu < (v4 ? LEAST4 : LEAST6))
        return;
    if (!net_link(n, path, &t->key.remote, &l, now_ns)) {
        count(n->counters, R_DROP_NO_NEIGHBOUR);
        return;
    }
    struct frame *f = net_alloc(n);
    if (!f)
        return;
    write_error(f, t, v4);
    wire_push_ip(f, &l, &t->key.local, &t->key.remote, v4 ? IPPROTO_NET_ICMP4 : IPPROTO_NET_ICMP6, WIRE_TTL);
    frame_send(&n->ops, f);
}
