/* internal: what the files of the generator's TCP share. */
#ifndef LOADGEN_INTERNAL_H
#define LOADGEN_INTERNAL_H

#include "bench/loadgen/tcp.h"

static inline bool seq_lt(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

/* ---- output.c ---- */

/* What window and congestion allow. */
void conn_output(struct side *s, struct conn *c);
/* One segment from the oldest unacknowledged byte. */
void conn_resend(struct side *s, struct conn *c);
/* A segment without data. */
void conn_control(struct side *s, struct conn *c, uint8_t flags, uint32_t seq);
static inline void conn_ack(struct side *s, struct conn *c)
{
    conn_control(s, c, SEG_ACK, c->snd_nxt);
}
/* Takes MSS, window and window scale of a SYN; returns the scale, -1 for none. */
int conn_syn_options(struct conn *c, const struct segment *g);
/* A watched conn a timeout later: sends again what was not acknowledged in that time. */
void conn_timeout(struct side *s, struct conn *c);

/* ---- side.c ---- */

void conn_watch(struct side *s, struct conn *c);
void conn_owe_ack(struct side *s, struct conn *c);
void conn_block(struct side *s, struct conn *c);
/* Memory for the pieces of a head, NULL when all is in use. */
struct held *conn_hold(struct side *s, struct conn *c);
void conn_release_held(struct side *s, struct conn *c);
/* Notes bytes [lo, hi) behind a gap; false when there is no place. */
bool conn_note_range(struct side *s, struct conn *c, uint32_t lo, uint32_t hi);
/* How far what has come reaches without a gap, rcv_nxt at least; forgets the ranges below that. */
uint32_t conn_take_range(struct side *s, struct conn *c);
void conn_release_gaps(struct side *s, struct conn *c);

#endif
