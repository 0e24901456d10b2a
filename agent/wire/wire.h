/* wire: Ethernet, VLAN, IPv4, IPv6 and TCP on bytes: parse what came, build what goes. No state, any thread.
 * All numbers in structs are in host byte order; the frame's bytes are in network order. */
#ifndef LACON_WIRE_WIRE_H
#define LACON_WIRE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/frame.h"
#include "agent/base/reason.h"
#include "agent/base/span.h"

enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
};

enum wire_proto {
    WIRE_ARP,
    WIRE_ICMP4,
    WIRE_ICMP6,
    WIRE_TCP,
};

/* What one received frame is. Offsets are from frame.data. */
struct pkt {
    uint8_t proto; /* enum wire_proto */
    bool v4;
    uint8_t ttl;
    uint8_t flags; /* TCP flags, enum tcp_flag alone: ECN's are masked out */
    uint16_t l3_off, l4_off, payload_off;
    uint32_t l4_len;      /* bytes of the layer-4 part, Ethernet padding excluded */
    uint32_t payload_len; /* TCP payload bytes; ICMP: what follows its 8-byte header */
    struct flow_key key;  /* TCP: remote = source, local = destination. Others: addresses only */
    uint32_t seq, ack;
    uint16_t wnd;         /* as on the wire, unscaled */
    uint16_t payload_sum; /* one's-complement sum of the payload, derived from the verified checksum */
    struct span opts;     /* TCP option bytes */
    const uint8_t *smac, *dmac;
};

/* Finds offsets, checks lengths and checksums (that of TCP trusting FRAME_L4_CSUM_OK). `vlan` is the tag that
 * this interface carries, 0 for none (a priority tag, VID 0, is accepted on untagged interfaces). IP-level
 * checks that need our addresses are net's. Returns R_NONE or why the frame must be dropped; *p is then
 * undefined. Does not consume f; the pointers in *p borrow its bytes.
 *
 * When it returns R_NONE: ARP has the 28 bytes of RFC 826 at l3_off, unchecked; ICMP has at least its 8-byte
 * header at l4_off and a right checksum; IP has no options, extension headers or fragments, and an IPv6
 * address is never IPv4-mapped. */
enum reason wire_parse(const struct frame *f, uint16_t vlan, struct pkt *p);

/* Whether the payload of p, which wire_parse() took on a device's word, is what the segment's checksum says.
 */
bool wire_payload_right(const struct frame *f, const struct pkt *p);

#define TCP_MAX_SACK 4

struct tcp_opts {
    uint16_t mss;  /* 0: absent */
    int8_t wscale; /* -1: absent; clamped to 14 (RFC 7323) */
    bool sack_ok;
    uint8_t nsack;
    struct {
        uint32_t lo, hi;
    } sack[TCP_MAX_SACK];
};

/* False when the options are malformed (length 0 or 1, past the end, wrong length of a known one). Unknown
 * ones are skipped, the last of a kind given twice counts, bytes after end-of-list are not looked at. */
bool wire_tcp_opts(struct span opts, struct tcp_opts *out);

/* Layer-2 header and what else is per next hop. */
struct wire_link {
    uint8_t dmac[6], smac[6];
    uint16_t vlan; /* 0: untagged */
    uint16_t port; /* interface index, becomes frame.port */
};

/* One TCP segment to build. */
struct tcp_seg {
    struct ip_addr src, dst; /* of one family */
    uint16_t sport, dport;
    uint32_t seq, ack;
    uint16_t wnd; /* as on the wire */
    uint8_t flags;
    /* With SYN only, as RFC 9293, 7323 and 2018 have it; without it these three are not looked at. */
    uint16_t mss;  /* != 0: MSS option */
    int8_t wscale; /* >= 0: window scale option */
    bool sack_ok;  /* SACK-permitted option */
    /* Without SYN only. */
    uint8_t nsack; /* SACK blocks, at most 4 */
    struct {
        uint32_t lo, hi;
    } sack[TCP_MAX_SACK];
};

#define WIRE_TTL 64

/* Turns f, which holds just the payload (headroom of at least WIRE_MAX_HEADERS bytes), into a whole frame by
 * pushing TCP, IP and Ethernet (and VLAN) headers; DF set, TTL 64, Not-ECT, URG never. payload_sum is the sum
 * of the payload's bytes (csum_bytes or pkt.payload_sum). Frames shorter than 60 bytes are not padded. Sets
 * f->port. Overwrites the headroom: the option bytes and MAC addresses that a struct pkt found there are
 * gone. */
#define WIRE_MAX_HEADERS (14 + 4 + 40 + 60)
void wire_push_tcp(struct frame *f, const struct wire_link *l, const struct tcp_seg *s, uint16_t payload_sum);

/* The headers of a segment without TCP options, for the segments of its flow that come behind it. */
#define WIRE_AGAIN 80u
struct wire_again {
    uint8_t head[WIRE_AGAIN]; /* the last `n` bytes are the headers, those before them anything */
    uint64_t tcp_sum, ip_sum; /* raw, of what stays (wire_again_push()) */
    uint32_t n;               /* 0: nothing was kept */
    uint32_t ack;
    uint16_t wnd, port;
    bool v4;
};
/* Keeps those of f, which wire_push_tcp() has just built of l and s; nothing where there are no WIRE_AGAIN
 * bytes before its payload. */
void wire_again_keep(struct wire_again *h, const struct frame *f, const struct wire_link *l,
                     const struct tcp_seg *s);
/* wire_push_tcp() with the same link and segment, but for these numbers. Headroom: WIRE_AGAIN bytes. */
void wire_again_push(struct frame *f, const struct wire_again *h, uint32_t seq, uint32_t ack, uint16_t wnd,
                     uint8_t flags, uint16_t payload_sum);

/* Sum of payload bytes [off, off+len) of p, inside the payload: equals csum_bytes(payload + off, len) (0 and
 * 0xffff being equal), from those bytes or from payload_sum less the other bytes, whichever are fewer. Odd
 * offsets are handled. f is as it was parsed. */
uint16_t wire_payload_sum(const struct frame *f, const struct pkt *p, uint32_t off, uint32_t len);

/* Pushes IP and Ethernet headers in front of a complete layer-4 part (ICMP), its checksum included. Sets
 * f->port. */
void wire_push_ip(struct frame *f, const struct wire_link *l, const struct ip_addr *src,
                  const struct ip_addr *dst, uint8_t proto, uint8_t ttl);

#endif
