/* resolver: the addresses of endpoints that are given by name, by c-ares, off the workers' threads.
 *
 * Each name is asked for (A and AAAA) and again when its answer's time to live is over, which is kept within
 * dns.min_ttl and dns.max_ttl. As long as there is no answer the last one stays, whatever the reason: that a
 * name server is gone, or has lost a name, takes no endpoint away. Queries go out by the kernel, from the
 * network namespace of the process. Main thread alone. */
#ifndef LACON_CONTROL_RESOLVER_H
#define LACON_CONTROL_RESOLVER_H

#include <poll.h>

#include "config/config.h"

#define RESOLVER_FDS 16u

struct resolver;

/* 0 or -errno; the reason is logged. */
int resolver_create(struct resolver **out);
void resolver_destroy(struct resolver *r); /* NULL is legal */

/* From now on the names of this configuration are asked for, of its name servers. What is known of them
 * stays; those that are in it no more are forgotten. 0 or -errno, the reason is logged: names are then as
 * they were. */
int resolver_configure(struct resolver *r, const struct config *c, uint64_t now_ns);

/* What to poll for, at most RESOLVER_FDS; and how long, in ms, at most `most`. */
unsigned resolver_poll(struct resolver *r, struct pollfd fds[], uint64_t now_ns, int most, int *timeout);
/* After the poll. True: the addresses of a name have changed. */
bool resolver_process(struct resolver *r, const struct pollfd fds[], unsigned n, uint64_t now_ns);
/* Has every name been answered, or failed, at least once? */
bool resolver_settled(const struct resolver *r);

/* The addresses of a name, in order, *addr theirs until the next call of resolver_process() or
 * resolver_configure(); 0 when none are known. */
uint32_t resolver_addresses(const struct resolver *r, const char *host, const struct ip_addr **addr);

#endif
