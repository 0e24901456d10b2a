/* oracle: looks at every frame that enters and leaves lacon, with a parser of its own, and knows what no
 * frame of lacon's may do: wrong checksums, foreign options or flags (S14), bytes that differ from those sent
 * before (S1), a right edge that retreats (S4), acks of what never arrived (S5), more than the peer's window
 * or MSS. */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "tests/sim/seg.h"
#include "tests/sim/sim.h"

#define ORACLE_TOUCHED 128

struct oracle_flow;

struct oracle {
    struct sim *sim;
    bool engine;    /* there is a flow engine */
    bool others;    /* other workers share a cluster's room, for which requests wait */
    bool by_device; /* a flow engine sends what comes next, not lacon */
    struct oracle_flow *flow[256];
    bool bytes_may_differ; /* a row's peer sends other body bytes on purpose */
    uint64_t in, out;      /* TCP segments */
    uint64_t call;         /* of an engine: its number, */
    unsigned call_acks;    /* and how often it may ack to one peer */
    /* The flows of the segments that went in and out since `ntouched` was last set to 0; what is beyond the
     * array's end was not noted. */
    struct flow_key touched[ORACLE_TOUCHED];
    unsigned ntouched;
};

void oracle_init(struct oracle *o, struct sim *s);
void oracle_fini(struct oracle *o);
/* lacon has crashed: what it will send owes nothing to what was. */
void oracle_forget(struct oracle *o);
/* The highest right edge that lacon may send flow k up to, and the highest ack it has received, as sequence
 * numbers. False when no handshake of k was seen. */
bool oracle_acked(struct oracle *o, const struct flow_key *k, uint32_t *ack, uint32_t *edge);
/* An engine is about to be called, with so many frames (a tick: 1; 0: much is due at a time). */
void oracle_call(struct oracle *o, unsigned frames);
void oracle_ingress(struct oracle *o, const uint8_t *p, uint32_t n);
/* mac: that of the interface it leaves by. */
void oracle_egress(struct oracle *o, const uint8_t mac[6], const uint8_t *p, uint32_t n);

#endif
