/* See plain.h. No state; any thread. */
#include "accel/plain.h"

#include "agent/base/bytes.h"
#include "agent/base/csum.h"

#define ETH       14u
#define TAG       4u
#define IP4       20u
#define IP6       40u
#define TCP       20u
#define PROTO_TCP 6u
#define TTL       64u

/* Not ACK alone, PSH left out. */
#define FLAGS_WANT 0x10u
#define FLAGS_ANY  0x08u

static bool plain_ip4(const uint8_t *ip, uint32_t room, struct plain *p)
{
    if (room < IP4 + TCP || ip[0] != 0x45 || ip[1] != 0 || get_be16(ip + 6) != 0x4000 || ip[9] != PROTO_TCP ||
        csum_bytes(ip, IP4) != 0xffff)
        return false;
    uint32_t total = get_be16(ip + 2);
    if (total > room || total < IP4 + TCP)
        return false;
    p->l4 = (uint16_t)(p->l3 + IP4);
    p->l4_len = total - IP4;
    p->key.remote = ip_from_v4(ip + 12);
    p->key.local = ip_from_v4(ip + 16);
    return true;
}

static bool plain_ip6(const uint8_t *ip, uint32_t room, struct plain *p)
{
    if (room < IP6 + TCP || ip[0] != 0x60 || ip[1] >> 4 != 0 || ip[6] != PROTO_TCP)
        return false;
    p->l4_len = get_be16(ip + 4);
    if (p->l4_len > room - IP6 || p->l4_len < TCP)
        return false;
    p->l4 = (uint16_t)(p->l3 + IP6);
    p->key.remote = ip_from_v6(ip + 8);
    p->key.local = ip_from_v6(ip + 24);
    return !ip_is_v4(&p->key.remote) && !ip_is_v4(&p->key.local);
}

bool plain_parse(const struct frame *f, struct plain *p)
{
    uint32_t off = ETH;
    if (f->len < ETH + IP4 + TCP)
        return false;
    *p = (struct plain){0};
    uint16_t type = get_be16(f->data + 12);
    if (type == 0x8100) {
        p->vlan = get_be16(f->data + 14) & 0xfff;
        type = get_be16(f->data + 16);
        off += TAG;
    }
    p->l3 = (uint16_t)off;
    const uint8_t *ip = f->data + off;
    if (type == 0x0800 ? !plain_ip4(ip, f->len - off, p) : type != 0x86dd || !plain_ip6(ip, f->len - off, p))
        return false;
    const uint8_t *t = f->data + p->l4;
    if (p->l4 + TCP > PLAIN_DEPTH || t[12] != 0x50 || (t[13] & ~FLAGS_ANY) != FLAGS_WANT ||
        get_be16(t + 18) != 0)
        return false;
    p->key.remote_port = get_be16(t);
    p->key.local_port = get_be16(t + 2);
    uint16_t sum = csum_pseudo(&p->key.remote, &p->key.local, PROTO_TCP, p->l4_len);
    return csum_add(sum, csum_bytes(t, p->l4_len)) == 0xffff;
}

/* ---- rewriting ---- */

/* Writes a word in place; *sum gains what the checksum over it gains. */
static void put_word(uint8_t *at, uint32_t v, uint16_t *sum)
{
    uint32_t old = get_be32(at);
    *sum = csum_add(csum_sub(*sum, csum_fold(old)), csum_fold(v));
    put_be32(at, v);
}

/* RFC 1624: the field holds the complement of the sum. */
static void adjust(uint8_t *field, uint16_t gain)
{
    put_be16(field, csum_final(csum_add((uint16_t)~get_be16(field), gain)));
}

static void rewrite_ip4(uint8_t *ip, const struct flow_rule *r, uint16_t *pseudo)
{
    uint16_t all = 0;
    put_word(ip + 12, get_be32(r->out.local.b + 12), pseudo);
    put_word(ip + 16, get_be32(r->out.remote.b + 12), pseudo);
    all = *pseudo;
    put_word(ip + 8, TTL << 24 | (get_be32(ip + 8) & 0xffffff), &all);
    /* The word above holds the checksum field itself, unchanged so far. */
    adjust(ip + 10, all);
}

static void rewrite_ip6(uint8_t *ip, const struct flow_rule *r, uint16_t *pseudo)
{
    for (unsigned i = 0; i < 4; i++) {
        put_word(ip + 8 + 4 * i, get_be32(r->out.local.b + 4 * i), pseudo);
        put_word(ip + 24 + 4 * i, get_be32(r->out.remote.b + 4 * i), pseudo);
    }
    ip[7] = TTL;
}

static void rewrite_tcp(uint8_t *t, const struct flow_rule *r, uint16_t pseudo)
{
    uint16_t gain = pseudo;
    put_word(t, (uint32_t)r->out.local_port << 16 | r->out.remote_port, &gain);
    put_word(t + 4, get_be32(t + 4) + r->seq_add, &gain);
    put_word(t + 8, get_be32(t + 8) + r->ack_add, &gain);
    adjust(t + 16, gain);
}

/* The layer-2 header anew, in front of layer 3. */
static void rewrite_link(struct frame *f, const struct plain *p, const struct flow_rule *r)
{
    bool v4 = ip_is_v4(&r->out.remote);
    frame_pull(f, p->l3);
    uint8_t *e = frame_push(f, r->out_vlan ? ETH + TAG : ETH);
    memcpy(e, r->dmac, 6);
    memcpy(e + 6, r->smac, 6);
    if (r->out_vlan) {
        put_be32(e + 12, 0x81000000u | r->out_vlan);
        e += TAG;
    }
    put_be16(e + 12, v4 ? 0x0800 : 0x86dd);
}

void plain_rewrite(struct frame *f, const struct plain *p, const struct flow_rule *r)
{
    uint16_t pseudo = 0;
    frame_trim(f, p->l4 + p->l4_len); /* Ethernet padding */
    if (ip_is_v4(&r->out.remote))
        rewrite_ip4(f->data + p->l3, r, &pseudo);
    else
        rewrite_ip6(f->data + p->l3, r, &pseudo);
    rewrite_tcp(f->data + p->l4, r, pseudo);
    rewrite_link(f, p, r);
    f->port = r->out_port;
    f->flags &= (uint16_t)~FRAME_L4_CSUM_OK;
}
