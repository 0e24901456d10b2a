/* rig: the real engine with n splices in their steady state (a response of known length under way), driven
 * by frames made here. It stands for all hosts at once: one station answers ARP for everybody, clients sit
 * behind it as behind a gateway, endpoints are on the link.
 *
 * Handshakes and heads go through engine_input as on a wire, so the splices are what they would be; what the
 * engine sends is parsed while splices are opened, and only counted afterwards. One thread. */
#ifndef LACON_BENCH_RIG_H
#define LACON_BENCH_RIG_H

#include "agent/wire/wire.h"
#include "agent/worker/engine.h"

#define RIG_MSS 1440u

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
void rig_destroy(struct rig *r);
struct rig_splice *rig_splice_at(struct rig *r, uint32_t i);

/* A frame with the next n payload bytes of the endpoint's response; as if its checksum was verified by the
 * device when `trusted`. */
struct frame *rig_data(struct rig *r, struct rig_splice *s, uint32_t n, bool trusted);
/* The client's ack of all that was sent to it. */
struct frame *rig_ack(struct rig *r, struct rig_splice *s);

/* Gives n frames to the engine in bursts. Returns how many frames it sent. */
uint64_t rig_input(struct rig *r, struct frame *const f[], uint32_t n);

#endif
