/* seg: the simulator's own reading and writing of Ethernet, IP and TCP. It shares no code with agent/wire, so
 * that each checks the other. Numbers are in host byte order. */
#ifndef SIM_SEG_H
#define SIM_SEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"

enum seg_flag {
    SEG_FIN = 0x01,
    SEG_SYN = 0x02,
    SEG_RST = 0x04,
    SEG_PSH = 0x08,
    SEG_ACK = 0x10,
    SEG_URG = 0x20,
    SEG_ECE = 0x40,
    SEG_CWR = 0x80,
};

enum seg_kind {
    SEG_OTHER,
    SEG_ARP,
    SEG_ICMP4,
    SEG_ICMP6,
    SEG_TCP,
};

#define SEG_MTU   1500
#define SEG_FRAME 2048 /* a buffer that holds any frame */

struct seg_sack {
    uint32_t lo, hi;
};

/* One frame. For ARP only the MACs and l3/l3_len are filled; for ICMP everything up to l4/l4_len. */
struct seg {
    enum seg_kind kind;
    uint8_t dmac[6], smac[6];
    uint16_t vlan; /* as parsed: the whole tag, priority included; 0: untagged */
    const uint8_t *l3, *l4;
    uint32_t l3_len, l4_len;
    bool v4, df;
    uint8_t ttl, tos;
    uint16_t ip_id;
    struct ip_addr src, dst;
    uint16_t sport, dport;
    uint32_t seq, ack;
    uint8_t flags;
    uint8_t reserved; /* the four bits between data offset and flags */
    uint16_t wnd, urgent;
    uint16_t mss;    /* 0: none */
    int8_t wscale;   /* -1: none */
    bool sack_ok;    /* SACK-permitted */
    bool timestamp;  /* a timestamp option (parsed: seen; built: offered) */
    uint8_t unknown; /* options of another kind */
    uint8_t nsack;
    struct seg_sack sack[4];
    const uint8_t *data;
    uint32_t len; /* of data */
};

/* An empty TCP segment: no options, TTL 64, DF. */
struct seg seg_tcp(void);

/* Reads a whole frame and checks every length and checksum. NULL when it is right, else what is wrong. */
const char *seg_parse(const uint8_t *p, uint32_t n, struct seg *s);

/* Writes a TCP frame into out (SEG_FRAME bytes) and returns its size. */
uint32_t seg_build(const struct seg *s, uint8_t *out);

/* Writes Ethernet and IP headers around n bytes of layer 4 and returns the frame's size; proto 58 gets its
 * checksum at offset 2 filled in, proto 1 too. */
uint32_t seg_build_ip(const struct seg *s, uint8_t proto, const uint8_t *l4, uint32_t n, uint8_t *out);

/* Is it an ICMP message about somebody else's packet? */
static inline bool seg_is_error(const struct seg *s)
{
    return (s->kind == SEG_ICMP4 && (s->l4[0] == 3 || s->l4[0] == 11)) ||
           (s->kind == SEG_ICMP6 && s->l4[0] < 128);
}

/* A router's answer to a frame of n bytes that is larger than its next hop's MTU: ICMP "fragmentation needed"
 * or ICMPv6 "packet too big" with as much of the packet as RFC 792 (`brief`) or RFC 4443 has it. Written into
 * out (SEG_FRAME bytes); returns its size, 0 when such a frame gets no answer. */
uint32_t seg_too_big(const uint8_t *p, uint32_t n, uint16_t mtu, bool brief, uint8_t *out);
/* A received ICMP error of that kind: its MTU, 0 when it is none. *quoted is the TCP segment it quotes, of
 * which only addresses, ports and seq are filled. */
uint16_t seg_told_mtu(const struct seg *s, struct seg *quoted);

/* "A 10.0.1.1:4000 > 10.0.0.1:80 ..." for messages; returns buf. */
#define SEG_STR 400
const char *seg_str(const struct seg *s, char buf[SEG_STR]);
const char *sim_ip(const struct ip_addr *a, char buf[48]);

#endif
