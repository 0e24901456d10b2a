/* in_use: what the workers go by: the file as it was read, with names resolved and weights as ordered; and
 * how another one takes its place. Main thread. */
#ifndef LACON_LACON_IN_USE_H
#define LACON_LACON_IN_USE_H

#include <poll.h>

#include "agent/lacon/process.h"

/* What `base` becomes with the addresses and weights of now; the caller's. NULL when memory is short. */
struct config *in_use_derive(struct process *p, struct config *base);

/* The names of c are asked for; returns when each was answered or has failed, or when the time is over. 0 or
 * -errno. */
int in_use_resolve(struct process *p, const struct config *c);

/* One wait for whatever comes first, on the caller's two descriptors and those of names; true: addresses of
 * names have changed. */
bool in_use_wait(struct process *p, struct pollfd own[2], int most_ms);

/* The same file, with other addresses or weights, is put into use. */
void in_use_refresh(struct process *p);

/* The file is read again and put into use, or complained about. */
void in_use_reload(struct process *p);

#endif
