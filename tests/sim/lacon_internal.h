/* What the files of lacon.h share among themselves. */
#ifndef SIM_LACON_INTERNAL_H
#define SIM_LACON_INTERNAL_H

#include "tests/sim/lacon.h"

#define WALL_OFFSET (1700000000ll * (int64_t)SEC)

/* ---- lacon.c: around each call of an engine ---- */
void lacon_calling(struct lacon_worker *w);
void lacon_called(struct lacon_worker *w);

/* ---- lacon_frames.c ---- */
void lacon_attach(struct lacon *l, struct lan *const lan[]); /* the interfaces' cables */
void lacon_poll(void *arg);                                  /* a round of a worker's loop: t_poll */
void lacon_give(void *ctx, unsigned owner, struct frame *f); /* engine_params.give */

/* ---- lacon_log.c ---- */
bool lacon_log(void *ctx, const struct access_record *r); /* engine_params.log */

#endif
