/* halfopen: what is remembered between a client's SYN and the ACK that completes the handshake (rule S11).
 *
 * A fixed table allocated at start. While a bucket has room, a SYN takes an entry. When every entry of its
 * bucket is taken and young, the table overflows: from then, for COOKIE_LIFE_NS, SYN cookies are made for
 * what does not fit, and believed. No flood costs memory beyond the table. A connection that was accepted by
 * a cookie leaves a tombstone when it closes, so that a late duplicate of its ACK cannot open it again and
 * run a POST twice.
 *
 * One worker's thread. */
#ifndef LACON_SPLICE_HALFOPEN_H
#define LACON_SPLICE_HALFOPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/siphash.h"

struct halfopen;

/* What the handshake agreed on. */
struct handshake {
    struct flow_key key;
    uint32_t irs, iss; /* the client's and our initial sequence numbers */
    uint16_t mss;      /* the client's, 536 when it gave none */
    int8_t wscale;     /* the client's, -1: none */
    bool sack_ok;
    bool by_cookie;
    uint32_t rtt_us; /* SYN-ACK to ACK; 0: unknown */
};

struct halfopen *halfopen_create(uint32_t entries, const struct sip_key *key);
void halfopen_destroy(struct halfopen *h);

/* Bytes of the half-open entries and of the tombstones. */
size_t halfopen_memory(const struct halfopen *t, size_t *tombs);

/* Notes a SYN. h->iss is the sequence number to use, replaced by an earlier one when this SYN is a
 * repetition, or by a cookie (then h->by_cookie and mss and wscale are what the cookie can carry). Returns
 * true when an entry was taken or found. */
bool halfopen_syn(struct halfopen *t, struct handshake *h, uint64_t now_ns);

/* A segment with ACK of an unknown flow: does it complete a handshake? ack and seq are the segment's; window
 * is how far beyond irs+1 the segment may start (only with an entry). Fills *out and forgets the entry. */
enum halfopen_result {
    HALF_NONE, /* nothing known of it */
    HALF_OK,
    HALF_TOMBSTONE, /* a cookie that was used before */
};
enum halfopen_result halfopen_ack(struct halfopen *t, const struct flow_key *k, uint32_t seq, uint32_t ack,
                                  uint32_t window, struct handshake *out, uint64_t now_ns);

/* A RST with exactly the next sequence number takes the entry away. */
void halfopen_rst(struct halfopen *t, const struct flow_key *k, uint32_t seq);

/* A connection that a cookie opened has closed. */
void halfopen_tombstone(struct halfopen *t, const struct flow_key *k, uint64_t now_ns);

#endif
