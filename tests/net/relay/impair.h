/* impair: what a bad network does to the frames of one direction, and when each of them comes out of it.
 *
 *   in ---> lost? -> damaged? -> doubled? ---> rate and its queue ---> delay, jitter ---> order ---> out
 *
 * Whether frame number n is lost, damaged, doubled or overtaken, and how long its jitter is, follows from the
 * seed, the direction and n alone: the same frames in meet the same fate in every run. Only what depends on
 * when a frame comes (the rate's queue, a burst of losses that a pause ends) can differ.
 *
 * Damage is such as the checksums of IPv4 and TCP always find: one aligned 16-bit word is changed, and never
 * from all zeros to all ones. Only IPv4 and IPv6 packets are damaged: nothing protects ARP. */
#ifndef LACON_TESTS_NET_IMPAIR_H
#define LACON_TESTS_NET_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/net/relay/packets.h"

/* One direction's settings; all zeros: a good network. Chances are of 2^32. */
struct impair_spec {
    uint32_t loss, duplicate, reorder, corrupt;
    uint32_t burst;     /* mean length of a loss in frames; 0 and 1: each frame by itself */
    uint32_t depth;     /* at most so many frames overtake one */
    uint64_t delay_ns;  /* each frame, */
    uint64_t jitter_ns; /* and 0 to this more; the order stays */
    uint64_t rate_bits; /* a second; 0: no limit */
    uint32_t queue;     /* bytes that may wait for the rate */
};

struct impair_counts {
    uint64_t in, out, lost, duplicated, reordered, corrupted, queue_full;
};

struct impair;

/* Reads "loss=1,delay=20,rate=50": loss, duplicate, reorder, corrupt in percent; burst, depth in frames;
 * delay, jitter in ms; rate in Mbit/s; queue in KiB. False: *bad names what is not understood. */
bool impair_parse(struct impair_spec *spec, char *text, const char **bad);

/* direction: tells the two of one seed apart. Exits when there is no memory. */
struct impair *impair_new(const struct impair_spec *spec, uint64_t seed, unsigned direction);

/* With all that waits in it. */
void impair_delete(struct impair *im);

/* Takes a frame (copied). */
void impair_in(struct impair *im, const struct packet *p, uint64_t now_ns);

/* The next frame that is due, or NULL; the caller gives it to impair_free(). */
struct packet *impair_out(struct impair *im, uint64_t now_ns);
void impair_free(struct packet *p);

/* When impair_out() may have something; UINT64_MAX: not before a frame comes in. */
uint64_t impair_next_ns(const struct impair *im);

const struct impair_counts *impair_counts(const struct impair *im);

#endif
