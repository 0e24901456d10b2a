/* What one received frame is; see wire.h. Every byte read lies inside the frame's len, and every length used
 * comes from a check in the same function or the one that called it: a header's own length fields are claims.
 * No state, any thread; the hot half of the worker's receive path. */
#include "agent/base/bytes.h"
#include "agent/base/csum.h"
#include "agent/base/mutant.h"
#include "agent/wire/proto.h"
#include "agent/wire/wire.h"

/* Ethernet II with at most one 802.1Q tag, which a device may have taken out. An untagged frame and a
 * priority tag (VID 0) are the same. */
static enum reason parse_eth(const struct frame *f, uint16_t vlan, struct pkt *p, uint16_t *type)
{
    if (f->len < ETH_LEN)
        return R_DROP_SHORT;
    bool stripped = f->flags & FRAME_VLAN_STRIPPED && !mutant(tag_stripped_lost);
    uint16_t vid = stripped ? f->flags >> FRAME_VLAN_SHIFT : 0;
    p->dmac = f->data;
    p->smac = f->data + 6;
    p->l3_off = ETH_LEN;
    *type = get_be16(f->data + 12);
    if (*type == ETHERTYPE_VLAN && !stripped) {
        if (f->len < ETH_LEN + VLAN_LEN)
            return R_DROP_SHORT;
        vid = get_be16(f->data + 14) & 0xfff;
        p->l3_off = ETH_LEN + VLAN_LEN;
        *type = get_be16(f->data + 16);
    }
    return vid == vlan ? R_NONE : R_DROP_VLAN;
}

/* Raw sum of a header, IPv4's or TCP's: nearly all have no options. */
static inline uint64_t header_sum(const uint8_t *p, uint32_t hlen)
{
    return hlen == 20 ? csum_raw(p, 5) : csum_raw(p, hlen / 4);
}

/* RFC 791 section 3.1. The frame may be longer than total length says (Ethernet padding), never shorter. */
static enum reason parse_ip4(const struct frame *f, struct pkt *p, uint8_t *proto)
{
    const uint8_t *ip = f->data + p->l3_off;
    uint32_t room = f->len - p->l3_off;
    if (room < IP4_LEN)
        return R_DROP_SHORT;
    uint32_t hlen = (ip[0] & 0xfu) * 4, total = get_be16(ip + 2);
    if (ip[0] >> 4 != 4 || hlen < IP4_LEN || total < hlen)
        return R_DROP_IP_HEADER;
    if (total > room)
        return R_DROP_SHORT;
    if (csum_turn(header_sum(ip, hlen)) != 0xffff)
        return R_DROP_IP_CSUM;
    if (hlen > IP4_LEN)
        return R_DROP_IP_OPTIONS;
    if (get_be16(ip + 6) & IP4_FRAGMENT)
        return R_DROP_IP_FRAGMENT;
    p->v4 = true;
    p->ttl = ip[8];
    p->l4_off = (uint16_t)(p->l3_off + IP4_LEN);
    p->l4_len = total - IP4_LEN;
    p->key.remote = ip_from_v4(ip + 12);
    p->key.local = ip_from_v4(ip + 16);
    *proto = ip[9];
    return *proto == PROTO_TCP || *proto == PROTO_ICMP ? R_NONE : R_DROP_IP_PROTO;
}

/* Which of the next headers that we do not take it is (RFC 7045 lists the extension headers). */
static enum reason ip6_next_header(uint8_t next)
{
    switch (next) {
    case PROTO_TCP:
    case PROTO_ICMP6:
        return R_NONE;
    case 44:
        return R_DROP_IP_FRAGMENT;
    case 0:   /* hop-by-hop options */
    case 43:  /* routing */
    case 50:  /* encapsulating security payload */
    case 51:  /* authentication */
    case 60:  /* destination options */
    case 135: /* mobility */
    case 139: /* host identity */
    case 140: /* shim6 */
        return R_DROP_IP_OPTIONS;
    default:
        return R_DROP_IP_PROTO;
    }
}

/* RFC 8200 section 3. Jumbograms (payload length 0) carry an extension header, so they leave there.
 * IPv4-mapped addresses have no business on the wire (RFC 4942 section 2.2); here they would pass for IPv4 in
 * every table. */
static enum reason parse_ip6(const struct frame *f, struct pkt *p, uint8_t *proto)
{
    const uint8_t *ip = f->data + p->l3_off;
    uint32_t room = f->len - p->l3_off;
    if (room < IP6_LEN)
        return R_DROP_SHORT;
    uint32_t payload = get_be16(ip + 4);
    if (ip[0] >> 4 != 6)
        return R_DROP_IP_HEADER;
    if (payload > room - IP6_LEN)
        return R_DROP_SHORT;
    p->ttl = ip[7];
    p->l4_off = (uint16_t)(p->l3_off + IP6_LEN);
    p->l4_len = payload;
    p->key.remote = ip_from_v6(ip + 8);
    p->key.local = ip_from_v6(ip + 24);
    if (ip_is_v4(&p->key.remote))
        return R_DROP_IP_SOURCE;
    if (ip_is_v4(&p->key.local))
        return R_DROP_NOT_OURS;
    *proto = ip[6];
    return ip6_next_header(*proto);
}

/* No TCP ever sends these; scanners do. */
static bool flags_impossible(uint8_t flags)
{
    return flags == 0 || ((flags & TCP_SYN) && (flags & (TCP_FIN | TCP_RST)));
}

/* Verifies the checksum and sets payload_sum to what the sender's checksum says that the payload must sum up
 * to, not to what it sums up to now: should memory damage the payload before it leaves again, the receiver
 * still notices.
 *
 * A device's word replaces the pass over the payload, if the field can be believed. Frames from the same
 * machine may be marked good with a checksum never filled in: the field then holds the bare pseudo-header sum
 * (what Linux leaves for the transmitting NIC to complete) or 0. For those the payload is summed; a genuine
 * checksum that looks so merely costs the pass. Any other field that the device did not verify gives a wrong
 * sum, which the receiver drops: never wrong bytes that look right. */
static enum reason tcp_checksum(const struct frame *f, struct pkt *p, uint32_t hlen)
{
    const uint8_t *t = f->data + p->l4_off;
    const uint8_t *ip = f->data + p->l3_off;
    uint64_t pseudo = p->v4 ? csum_raw(ip + 12, 2) : csum_raw(ip + 8, 8);
    pseudo += htobe16(PROTO_TCP) + htobe16((uint16_t)p->l4_len);
    uint16_t head = csum_turn(pseudo + header_sum(t, hlen));
    p->payload_sum = csum_final(head);
    if (f->flags & FRAME_L4_CSUM_OK) {
        uint16_t field = get_be16(t + 16);
        if (field == csum_turn(pseudo) || field == 0)
            p->payload_sum = csum_bytes(t + hlen, p->payload_len);
        return R_NONE;
    }
    uint16_t all = csum_add(head, csum_bytes(t + hlen, p->payload_len));
    return all == 0xffff || mutant(csum_unchecked) ? R_NONE : R_DROP_L4_CSUM;
}

/* RFC 9293 section 3.1. */
static enum reason parse_tcp(const struct frame *f, struct pkt *p)
{
    const uint8_t *t = f->data + p->l4_off;
    if (p->l4_len < TCP_LEN)
        return R_DROP_TCP_HEADER;
    uint32_t hlen = (t[12] >> 4) * 4u;
    p->flags = t[13] & TCP_FLAGS;
    if (hlen < TCP_LEN || hlen > p->l4_len || flags_impossible(p->flags))
        return R_DROP_TCP_HEADER;
    p->proto = WIRE_TCP;
    p->payload_off = (uint16_t)(p->l4_off + hlen);
    p->payload_len = p->l4_len - hlen;
    p->key.remote_port = get_be16(t);
    p->key.local_port = get_be16(t + 2);
    p->seq = get_be32(t + 4);
    p->ack = get_be32(t + 8);
    p->wnd = get_be16(t + 14);
    p->opts = span_of(t + TCP_LEN, hlen - TCP_LEN);
    return tcp_checksum(f, p, hlen);
}

/* RFC 792, RFC 4443 section 2.3. A device's word covers TCP alone, so the checksum is always verified. */
static enum reason parse_icmp(const struct frame *f, struct pkt *p)
{
    const uint8_t *m = f->data + p->l4_off;
    if (p->l4_len < ICMP_LEN)
        return R_DROP_ICMP;
    uint16_t sum = csum_bytes(m, p->l4_len);
    if (!p->v4)
        sum = csum_add(sum, csum_pseudo(&p->key.remote, &p->key.local, PROTO_ICMP6, p->l4_len));
    if (sum != 0xffff)
        return R_DROP_L4_CSUM;
    p->proto = p->v4 ? WIRE_ICMP4 : WIRE_ICMP6;
    p->payload_off = (uint16_t)(p->l4_off + ICMP_LEN);
    p->payload_len = p->l4_len - ICMP_LEN;
    return R_NONE;
}

static enum reason parse_arp(const struct frame *f, struct pkt *p)
{
    if (f->len - p->l3_off < ARP_LEN)
        return R_DROP_SHORT;
    p->proto = WIRE_ARP;
    p->l4_off = p->payload_off = p->l3_off;
    p->l4_len = ARP_LEN;
    return R_NONE;
}

enum reason wire_parse(const struct frame *f, uint16_t vlan, struct pkt *p)
{
    uint16_t type;
    uint8_t proto = 0;
    memset(p, 0, sizeof *p);
    enum reason r = parse_eth(f, vlan, p, &type);
    if (r != R_NONE)
        return r;
    switch (type) {
    case ETHERTYPE_IP4:
        r = parse_ip4(f, p, &proto);
        break;
    case ETHERTYPE_IP6:
        r = parse_ip6(f, p, &proto);
        break;
    case ETHERTYPE_ARP:
        return parse_arp(f, p);
    default:
        return R_DROP_ETHERTYPE;
    }
    if (r != R_NONE)
        return r;
    return proto == PROTO_TCP ? parse_tcp(f, p) : parse_icmp(f, p);
}

bool wire_payload_right(const struct frame *f, const struct pkt *p)
{
    uint16_t sum = csum_bytes(f->data + p->payload_off, p->payload_len);
    return csum_sub(sum, p->payload_sum) % 0xffff == 0;
}

static inline uint16_t swap_if(bool odd, uint16_t sum)
{
    return odd && !mutant(csum_odd_offset) ? __builtin_bswap16(sum) : sum;
}

/* A part that starts at an odd offset contributes its own sum with the bytes exchanged (RFC 1071 section 2B).
 */
uint16_t wire_payload_sum(const struct frame *f, const struct pkt *p, uint32_t off, uint32_t len)
{
    const uint8_t *payload = f->data + p->payload_off;
    uint32_t end = off + len, rest = p->payload_len - len;
    if (len <= rest)
        return csum_bytes(payload + off, len);
    uint16_t before = csum_bytes(payload, off);
    uint16_t after = swap_if(end & 1, csum_bytes(payload + end, p->payload_len - end));
    return swap_if(off & 1, csum_sub(csum_sub(p->payload_sum, before), after));
}
