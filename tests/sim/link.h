/* link: one direction of a cable, with what can go wrong on it: delay, jitter, rate and queue, loss,
 * duplication, reordering, and corruption (one flipped bit where a checksum must catch it). Lives as long as
 * the world; owns the packets in flight. */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "tests/sim/sim.h"

/* Chances are in 1/10000. Zero-initialised is a perfect cable. */
struct link_cfg {
    uint64_t delay_ns, jitter_ns; /* jitter alone keeps the order */
    uint64_t reorder_ns;          /* a reordered packet comes up to this much later */
    uint64_t rate_bps;            /* bits per second; 0: infinite */
    uint32_t queue_bytes;         /* tail drop beyond; 0: 256 KiB */
    uint16_t loss, duplicate, reorder, corrupt;
    uint16_t mtu;    /* IP packets beyond are dropped (lan.c); 0: what Ethernet carries */
    bool black_hole; /* without a word: no ICMP says so */
};

struct packet;

struct link {
    struct sim *sim;
    const char *name; /* for the trace; may be NULL */
    struct link_cfg cfg;
    void (*deliver)(void *arg, const uint8_t *p, uint32_t n);
    void *arg;
    uint64_t busy_until, last_at;
    struct packet *flying;
    bool (*drop)(void *arg, const uint8_t *p, uint32_t n); /* tests: a loss by decree; may be NULL */
    void *drop_arg;
};

void link_init(struct link *l, struct sim *s, const struct link_cfg *cfg,
               void (*deliver)(void *arg, const uint8_t *p, uint32_t n), void *arg);
void link_fini(struct link *l);
/* What becomes of the frame that is on its way just now, for the trace. */
void link_tell(const struct link *l, const char *fate);
void link_send(struct link *l, const uint8_t *p, uint32_t n);

#endif
