/* rig: the real engine with n splices in their steady state (a response of known length under way), driven
 * by frames made here. It stands for all hosts at once: one station answers ARP for everybody, clients sit
 * behind it as behind a gateway, endpoints are on the link.
 *
 * Handshakes and heads go through engine_input as on a wire, so the splices are what they would be; what the
 * engine sends is parsed while splices are opened, and only counted afterwards. One thread; once the splices
 * are open, an engine each for as many as there are workers. */
#ifndef LACON_BENCH_RIG_H
#define LACON_BENCH_RIG_H

#include "accel/steer.h"
#include "agent/wire/wire.h"
#include "agent/worker/engine.h"

#define RIG_MSS     1440u
#define RIG_WORKERS 2u

struct rig;

/* One splice from the outside, in sequence numbers of the wire. */
struct rig_splice {
    struct ip_addr client, endpoint;
    uint16_t client_port, local_port; /* local: lacon's toward the endpoint */
    uint32_t client_seq, client_got;  /* next the client sends; all below was received */
    uint32_t endpoint_seq, endpoint_got;
};

/* Ends the process, saying why, when a splice does not come up. */
struct rig *rig_create(uint32_t nsplices);
/* The same with a worker for each of two engines, of a device that spreads frames as `device` says; `steer`,
 * or NULL, is what the engines know of it. give_away() is called when an engine does that to a frame, on its
 * worker's thread; ctx is rig_ops_ctx(). */
struct rig *rig_create_two(uint32_t nsplices, const struct steer *steer,
                           void (*give_away)(void *ctx, unsigned owner, struct frame *f));
/* With room for nsplices, none open, and one endpoint: who made it plays the hosts, by the four calls below.
 */
struct rig *rig_create_bare(uint32_t nsplices);
/* The frames sent since the last call, at most max (the process ends if there are more); they are the
 * caller's, to be given to rig_free(). */
uint32_t rig_take_sent(struct rig *r, struct frame **f, uint32_t max);
void rig_free(struct rig *r, struct frame *f);
struct frame *rig_frame(struct rig *r, const struct tcp_seg *s, const void *payload, uint32_t n);
/* The answer to an ARP request; NULL when f is none. */
struct frame *rig_arp_answer(struct rig *r, const struct frame *f);
/* Lets time pass. */
void rig_tick(struct rig *r, uint64_t ns);
struct engine *rig_engine(struct rig *r, unsigned worker);
void *rig_ops_ctx(struct rig *r, unsigned worker);
/* Frames that the engine of this worker has sent; its worker's thread. */
uint64_t rig_sent(const struct rig *r, unsigned worker);
/* What all workers have sent is at hand again; while none of them runs. */
void rig_reclaim(struct rig *r);
void rig_destroy(struct rig *r);
struct rig_splice *rig_splice_at(struct rig *r, uint32_t i);

/* A frame with the next n payload bytes of the endpoint's response; as if its checksum was verified by the
 * device when `trusted`. */
struct frame *rig_data(struct rig *r, struct rig_splice *s, uint32_t n, bool trusted);
/* The client's ack of all that was sent to it. */
struct frame *rig_ack(struct rig *r, struct rig_splice *s);

/* Gives n frames to the engine (the first, of several) in bursts. Returns how many frames it sent. */
uint64_t rig_input(struct rig *r, struct frame *const f[], uint32_t n);

#endif
