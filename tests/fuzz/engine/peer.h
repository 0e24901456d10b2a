/* peer: the far end of one TCP connection as the engine's fuzz target plays it: it knows where both streams
 * stand, so that segments can be right, or wrong by a chosen distance. It sends only when told to. Positions
 * count from the SYN (0), so a stream's first byte is 1. */
#ifndef LACON_TESTS_FUZZ_ENGINE_PEER_H
#define LACON_TESTS_FUZZ_ENGINE_PEER_H

#include "tests/sim/buf.h"
#include "tests/sim/seg.h"

/* lacon's own address on the wire. */
static const uint8_t peer_lacon_mac[6] = {2, 0, 0, 0, 0, 1};

#define PEER_STREAM 131072u /* more than this of a stream is neither sent nor looked at */

enum peer_state {
    PEER_FREE,
    PEER_SYN_SENT, /* a client that waits for the SYN-ACK */
    PEER_SYN_SEEN, /* an endpoint that has not answered */
    PEER_OPEN,
    PEER_GONE, /* was reset */
};

enum arrival {
    ARRIVED_NOT,
    ARRIVED,           /* with one value */
    ARRIVED_AMBIGUOUS, /* with several: which of them lacon took cannot be told */
    PROMISED = 4,      /* acked or SACKed: another value that comes later must change nothing */
};

struct peer {
    uint8_t state;
    bool client, v4;
    bool quiet;   /* acks only when told to */
    bool owes;    /* something came that an ack is due for */
    bool fin;     /* has sent its FIN, at fin_at */
    bool unknown; /* its four-tuple was used twice, or lacon has forgotten it: the log does not tell its story
                   */
    bool over;    /* a RST or FIN went to or fro: what it acks from now on tells lacon nothing new */
    bool sack_ok; /* this side's, then both sides' */
    int8_t wscale, their_wscale;
    uint16_t mss, wnd;
    struct ip_addr addr, lacon;
    uint16_t port, lacon_port;
    uint8_t mac[6];

    uint32_t iss;
    struct buf say;          /* what it has to say */
    uint64_t una, nxt, edge; /* acked; highest sent; right edge that was offered */
    uint64_t fin_at;
    struct buf first, mark; /* what of it came to lacon first, byte by byte, and enum arrival of each */

    uint32_t irs;
    struct buf got, have; /* what came, and which of it */
    uint64_t rcv_nxt;
    uint64_t their_fin; /* position, 0: none */
    unsigned heads;     /* empty lines seen in the stream */
    uint64_t told;      /* highest position that lacon was told was acked */
    unsigned life;      /* which this is */
};

void peer_start(struct peer *p, uint32_t iss); /* an earlier life's memory is kept for the next */
void peer_free(struct peer *p);

/* A segment to lacon at position `at`, with what the peer would truly ack and offer; no payload yet. */
struct seg peer_seg(const struct peer *p, uint64_t at, uint8_t flags);
/* Bytes of the stream from position `at`, at most n, into the segment. */
void peer_payload(const struct peer *p, struct seg *s, uint64_t at, uint32_t n);
/* SACK blocks for what came behind a gap. */
void peer_sack(const struct peer *p, struct seg *s);
/* Its segment has come to lacon. */
void peer_arrived(struct peer *p, const struct seg *s);
/* lacon says that it has positions [lo, hi). */
void peer_promised(struct peer *p, uint32_t lo, uint32_t hi);
/* First position behind what it has to say. */
static inline uint64_t peer_end(const struct peer *p)
{
    return 1 + p->say.n;
}

/* Takes in a segment of lacon's; one that is no RST and fits the present state. */
void peer_take(struct peer *p, const struct seg *s);
/* How many bytes came without a gap. */
static inline size_t peer_got(const struct peer *p)
{
    size_t n = p->rcv_nxt > 0 ? (size_t)p->rcv_nxt - 1 : 0;
    return n < p->got.n ? n : p->got.n;
}

#endif
