/* lb-policy: which cluster serves a request, and which of its endpoints is next. Plain C, no clock, no EAL.
 *
 * Compiled once from the checked configuration (off the fast path, immutable, shared by all workers) plus one
 * small state per worker (cursors of the algorithms; one writer). */
#ifndef LACON_LB_POLICY_LB_H
#define LACON_LB_POLICY_LB_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/span.h"

#define LB_NONE UINT32_MAX

/* ---- input of the compiler: plain data, so that lb-policy does not include config ---- */

struct lb_match_in {
    const char *path; /* begins with a slash; a prefix's trailing slash is ignored */
    bool exact;       /* else a prefix of whole elements: /a is for /a, /a/ and /a/b, not for /ab */
    uint32_t cluster;
};

struct lb_route_in {
    uint32_t nlistener; /* 0: all */
    const uint32_t *listener;
    uint32_t nhost;          /* 0: all */
    const char *const *host; /* any case; "*.b.example" is for a.b.example and x.a.b.example, not b.example */
    uint32_t nmatch;         /* any of them */
    const struct lb_match_in *match;
};

/* ---- routes ---- */

struct lb_routes;

/* NULL when memory is short. The input may be freed afterwards. Listeners are 0 .. nlistener - 1. The result
 * is immutable: any thread may use it until it is destroyed. */
struct lb_routes *lb_routes_create(const struct lb_route_in *in, uint32_t n, uint32_t nlistener);
void lb_routes_destroy(struct lb_routes *r);

struct lb_route_result {
    uint32_t route;   /* index of the route, LB_NONE when nothing matches (404) */
    uint32_t cluster; /* index */
};

/* Precedence as HTTPRoute (Gateway API v1): exact host, then longest wildcard, then any host; then exact
 * path, then longest prefix; then the order in the file. A host without a matching path does not hide less
 * specific hosts' routes. `host` (no port; empty: only routes for any host) is compared without case and a
 * trailing dot; `path` (no query) byte by byte by whole elements, and one without a leading slash ("*")
 * belongs to prefix / alone. The cost is by labels and elements, not by routes. No allocation; any thread. */
struct lb_route_result lb_route(const struct lb_routes *r, uint32_t listener, struct span host,
                                struct span path);

/* ---- endpoints of one cluster ---- */

struct lb_endpoint_in {
    uint32_t weight;
};

/* An algorithm is one constant table (see round_robin.c); a new one is one new file and one line in policy.c.
 */
struct lb_policy;
const struct lb_policy *lb_policy_find(const char *name); /* "round_robin"; NULL when unknown */

/* One worker's picker over one cluster. `seed` sets workers apart: they shall not all begin at the same
 * endpoint. The input may be freed afterwards. NULL when memory is short; destroy(NULL) is legal. */
struct lb_picker;
struct lb_picker *lb_picker_create(const struct lb_policy *p, const struct lb_endpoint_in *in, uint32_t n,
                                   uint64_t seed);
void lb_picker_destroy(struct lb_picker *p);

/* The next endpoint's index (as in the array given to lb_picker_create), LB_NONE when none is left. Endpoints
 * whose bit is set in `tried` (n bits, may be NULL) and endpoints of weight 0 are not chosen. Endpoints
 * marked down are chosen only when no other is left. No allocation; worker's thread. */
uint32_t lb_pick(struct lb_picker *p, const uint64_t *tried);

/* Passive mark: connecting to endpoint i failed (down) or worked (up). It stays until it is set again: who
 * marks an endpoint down also decides when to try it again. Worker's thread. */
void lb_mark(struct lb_picker *p, uint32_t i, bool down);

#endif
