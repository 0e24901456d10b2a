/* Counters of one worker: one writer (the worker), any number of readers. Each counter is an aligned 64-bit
 * word, written with one relaxed store and read with one relaxed load; readers may see counters of one
 * instant apart. */
#ifndef LACON_BASE_COUNTERS_H
#define LACON_BASE_COUNTERS_H

#include <stdint.h>

#include "agent/base/reason.h"

/* X(field, "name", "what it counts") */
#define STATS(X)                                                                                             \
    X(rx_frames, "rx_frames", "frames received")                                                             \
    X(tx_frames, "tx_frames", "frames handed to the I/O layer")                                              \
    X(rx_bytes, "rx_bytes", "bytes received, Ethernet header included")                                      \
    X(tx_bytes, "tx_bytes", "bytes sent, Ethernet header included")                                          \
    X(forwarded, "forwarded", "segments spliced: the frame that came in went out")                           \
    X(clients_accepted, "clients_accepted", "client connections accepted")                                   \
    X(clients_open, "clients_open", "client connections open now")                                           \
    X(endpoints_open, "endpoints_open", "endpoint connections open now, idle ones included")                 \
    X(endpoints_idle, "endpoints_idle", "endpoint connections idle in the pool now")                         \
    X(connects, "connects", "connections to endpoints begun")                                                \
    X(connect_failures, "connect_failures", "connections to endpoints that did not come up")                 \
    X(pool_hits, "pool_hits", "requests sent on a pooled endpoint connection")                               \
    X(retries, "retries", "requests moved to another endpoint connection (S7)")                              \
    X(retries_refused, "retries_refused", "requests not tried again: more retries than may be")              \
    X(requests, "requests", "request heads accepted")                                                        \
    X(queued, "queued", "requests that had to wait for room at an endpoint")                                 \
    X(waiting, "waiting", "requests that wait for room at an endpoint now")                                  \
    X(queue_full, "queue_full", "requests answered 503: as many waited as may")                              \
    X(queue_timeouts, "queue_timeouts", "requests that waited for room for too long")                        \
    X(requests_refused, "requests_refused", "requests answered 503 because memory runs short")               \
    X(requests_limited, "requests_limited", "requests answered 429: beyond a limit")                         \
    X(responses, "responses", "final response heads spliced from endpoints")                                 \
    X(edits_refused, "edits_refused", "messages refused since edits made their heads too long (431, 502)")   \
    X(own_replies, "own_replies", "replies made by lacon itself")                                            \
    X(exchanges, "exchanges", "exchanges ended")                                                             \
    X(exchanges_open, "exchanges_open", "exchanges open now")                                                \
    X(adopted, "adopted", "responses adopted (S8)")                                                          \
    X(kept_resends, "kept_resends", "segments of kept bytes sent again")                                     \
    X(rto_fired, "rto_fired", "retransmission timeouts of kept bytes")                                       \
    X(syn_cookies, "syn_cookies", "SYNs answered with a cookie")                                             \
    X(room_waits, "room_waits", "times that an exchange in flight had to wait for memory")                   \
    X(challenge_acks, "challenge_acks", "challenge acknowledgements sent (RFC 5961)")                        \
    X(checks_passed, "checks_passed", "checks of endpoints that were passed")                                \
    X(checks_failed, "checks_failed", "checks of endpoints that failed")                                     \
    X(checks_skipped, "checks_skipped", "checks of endpoints that lacon had no means to make")               \
    X(ejections, "ejections", "endpoints ejected for what they did with requests")                           \
    X(ejections_withheld, "ejections_withheld", "not ejected: too few would be left")                        \
    X(handed_over, "handed_over", "frames handed to another worker")                                         \
    X(device_wrong, "device_wrong", "checksums of which the device said the wrong thing")                    \
    X(offload_asked, "offload_asked", "flows that a flow engine was asked to carry")                         \
    X(offload_rules, "offload_rules", "flows that it may be carrying now")                                   \
    X(offload_refused, "offload_refused", "times that it had no room or time for a flow")                    \
    X(offload_evicted, "offload_evicted", "flows taken off it for faster ones")                              \
    X(offload_frames, "offload_frames", "frames that it has carried, of flows that it no longer has")        \
    X(offload_bytes, "offload_bytes", "bytes of these, Ethernet header included")                            \
    X(mirrored, "mirrored", "requests that were copied to a second cluster")                                 \
    X(mirrors_skipped, "mirrors_skipped", "requests that were not, being too large, in chunks, or too many") \
    X(log_dropped, "log_dropped", "access-log records lost because the log thread was behind")

struct counters {
    uint64_t reason[R_MAX];
#define X(field, name, text) uint64_t field;
    STATS(X)
#undef X
};

/* The one writer's addition: no locked instruction, but never torn for a reader. */
static inline void stat_add(uint64_t *c, uint64_t n)
{
    __atomic_store_n(c, *c + n, __ATOMIC_RELAXED); /* partner: counter_read() */
}

static inline void count(struct counters *c, enum reason r)
{
    stat_add(&c->reason[r], 1);
}

static inline uint64_t counter_read(const uint64_t *c)
{
    return __atomic_load_n(c, __ATOMIC_RELAXED);
}

#endif
