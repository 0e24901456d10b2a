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

enum lb_path {
    LB_PATH_PREFIX, /* whole elements: /a is for /a, /a/ and /a/b, not for /ab; a trailing slash is ignored */
    LB_PATH_EXACT,
    LB_PATH_REGEX, /* the whole path */
};

enum lb_test {
    LB_IS,
    LB_PRESENT,
    LB_MATCHES, /* a regular expression matches all of the value */
};

/* What a header field or query parameter has to be. */
struct lb_condition_in {
    const char *name;
    enum lb_test test;
    const char *value; /* of LB_IS and LB_MATCHES */
};

struct lb_prefix_in {
    struct ip_addr addr;
    uint8_t bits; /* of the 16-byte form */
};

/* All of it has to hold. */
struct lb_match_in {
    const char *path; /* begins with a slash, or is an expression */
    enum lb_path kind;
    uint32_t rule;      /* for lb_route_result */
    const char *method; /* NULL: any */
    uint32_t nalpn;     /* a TLS client offers one of these protocols; 0: whatever it offers */
    const char *const *alpn;
    uint32_t nheader, nquery;
    const struct lb_condition_in *header, *query;
    uint32_t nsource;
    const struct lb_prefix_in *source; /* the client is in one of these; none: any */
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

/* NULL when memory is short, or an expression is refused (config has checked them). The input may be freed
 * afterwards. Listeners are 0 .. nlistener - 1. The result is immutable: any thread may use it until it is
 * destroyed. */
struct lb_routes *lb_routes_create(const struct lb_route_in *in, uint32_t n, uint32_t nlistener);
void lb_routes_destroy(struct lb_routes *r);

/* One thread's memory for looking up in these routes. NULL when memory is short. */
struct lb_route_scratch;
struct lb_route_scratch *lb_route_scratch_create(const struct lb_routes *r);
void lb_route_scratch_destroy(struct lb_route_scratch *s);

/* How a request's head is asked, so that lb-policy knows nothing of HTTP. */
struct lb_head {
    /* The nth field (from 0) of that name, in any case; false: there are no more. */
    bool (*header)(const void *head, struct span name, uint32_t nth, struct span *value);
    /* The first query parameter of that name. */
    bool (*query)(const void *head, struct span name, struct span *value);
};

struct lb_route_request {
    uint32_t listener;
    struct span host;   /* without port; empty: only routes for any host */
    struct span path;   /* without query */
    struct span method; /* as sent */
    struct ip_addr source;
    struct span alpn; /* what a TLS client offers, each behind a byte with its length */
    const struct lb_head *ask;
    const void *head; /* first argument of ask's calls */
};

struct lb_route_result {
    uint32_t route;  /* index of the route, LB_NONE when nothing matches (404) */
    uint32_t rule;   /* lb_match_in's */
    uint32_t prefix; /* bytes of the path that were matched as prefix, without trailing slash; else 0 */
};

/* Where all requests of a listener go, so that none need be asked about; NULL: it depends. lb_route() says
 * the same of any. */
const struct lb_route_result *lb_route_only(const struct lb_routes *r, uint32_t listener);

/* Precedence as HTTPRoute (Gateway API v1): exact host, then longest wildcard, then any host; then exact
 * path, then (left to implementations) longest regular expression, then longest prefix; then a match with
 * method before one without, then (ours) one with alpn before one without, then more headers, then more query
 * parameters; then the order in the file. A source has no say in that. A host or path none of whose matches
 * holds does not hide less specific ones.
 *
 * The host is compared without case and a trailing dot; the path byte by byte by whole elements, and one
 * without a leading slash ("*") belongs to prefix / alone. A repeated header field fulfils a condition by any
 * of its values. The cost is by labels and elements, and by the matches that share one host and path up to
 * the one that holds. No allocation; any thread, with a scratch of its own. */
struct lb_route_result lb_route(const struct lb_routes *r, struct lb_route_scratch *s,
                                const struct lb_route_request *q);

/* ---- why: for people, off the fast path ---- */

enum lb_verdict {
    LB_HOLDS,
    LB_OTHER_METHOD,
    LB_OTHER_ALPN,
    LB_OTHER_SOURCE,
    LB_OTHER_HEADER,
    LB_OTHER_QUERY,
};

/* How a match came to be asked: by which kind of host. */
enum lb_host {
    LB_HOST_EXACT,
    LB_HOST_WILDCARD,
    LB_HOST_ANY,
};

/* A match whose host and path fit a request. */
struct lb_considered {
    struct lb_route_result to;
    uint32_t nth; /* of the route's matches, in the order of lb_route_in */
    enum lb_host host;
    uint32_t labels; /* of the route's host, without a wildcard's star */
    enum lb_verdict verdict;
    uint32_t which; /* LB_OTHER_HEADER, LB_OTHER_QUERY: the first such condition that does not hold */
};

/* Tells every match whose host and path fit, in the order in which lb_route() asks them; so the first one
 * that holds is lb_route()'s result. */
void lb_route_each(const struct lb_routes *r, struct lb_route_scratch *s, const struct lb_route_request *q,
                   void (*fn)(void *ctx, const struct lb_considered *c), void *ctx);

/* ---- endpoints of one cluster ---- */

/* An algorithm is one constant table (see round_robin.c), and one line in agent/base/lb_policies.h. */
struct lb_policy;
const struct lb_policy *lb_policy_find(const char *name); /* "round_robin"; NULL when unknown */
const struct lb_policy *lb_policy_nth(unsigned i);        /* of LB_POLICIES; NULL beyond its end */

/* Does it pick by lb_request.hash? */
bool lb_policy_hashes(const struct lb_policy *p);

/* What hash keys and endpoints are hashed with, for affinity: the same in every worker, after a restart, and
 * in every lacon, so it has no secret. None is needed: who wants all of his requests on one endpoint can as
 * well send the same key again and again. Any thread. */
uint64_t lb_hash(struct span bytes);

struct lb_endpoint_in {
    uint32_t weight;   /* 0: takes no requests */
    uint32_t priority; /* 0 comes first */
    bool far;          /* in another zone than the preferred one */
    uint64_t id;       /* lb_hash() of its name wherever it is known: ring_hash and maglev place it by that */
};

struct lb_cluster_in {
    const struct lb_policy *policy;
    const struct lb_endpoint_in *endpoint;
    uint32_t n;
    uint32_t
        overprovisioning;   /* percent, at least 100: of endpoints that a group has beyond its need; 0: 140 */
    uint32_t panic_percent; /* with fewer of the endpoints up, down marks do not count; 0: while one is up */
    uint32_t table_size;    /* ring_hash: points; maglev: a prime; 0: their defaults */
    uint64_t slow_start_ns; /* until an endpoint that comes back has its full share; 0: at once */
    uint32_t subset;        /* endpoints of a group that this worker keeps to, at least; 0: all */
    uint32_t worker, nworkers; /* for subset; nworkers 0 is 1 */
    uint64_t seed;             /* sets workers apart: they shall not march in step */
};

/* One worker's picker over one cluster. The input may be freed afterwards. NULL when memory is short;
 * destroy(NULL) is legal. */
struct lb_picker;
struct lb_picker *lb_picker_create(const struct lb_cluster_in *in);
void lb_picker_destroy(struct lb_picker *p);

/* What a pick is made for. */
struct lb_request {
    const uint64_t *tried; /* bit set over all endpoints, may be NULL: not chosen again */
    uint64_t hash;         /* lb_hash() of the request's hash key; used where lb_policy_hashes() */
    uint64_t now_ns;       /* never goes back */
};

/* The next endpoint's index (as in lb_cluster_in.endpoint), LB_NONE when none is left. Endpoints that are
 * tried, closed or of weight 0 are not chosen. Endpoints marked down are chosen only in panic, or when no
 * other of any group is left. No allocation; worker's thread, as all below. */
uint32_t lb_pick(struct lb_picker *p, const struct lb_request *q);

/* What lb_pick() would choose now. Nothing that later picks go by is changed. */
uint32_t lb_peek(struct lb_picker *p, const struct lb_request *q);

/* Is endpoint i marked down? */
bool lb_is_down(const struct lb_picker *p, uint32_t i);

/* Exchanges in flight on this worker: one more, one less at endpoint i. Whoever picks and goes there says so.
 */
void lb_begin(struct lb_picker *p, uint32_t i);
void lb_end(struct lb_picker *p, uint32_t i);
uint32_t lb_active(const struct lb_picker *p, uint32_t i);

/* Endpoint i took so long to answer. `whole`: it did answer; otherwise it was given up after so long, which
 * is what it took at least. */
void lb_sample(struct lb_picker *p, uint32_t i, uint64_t latency_ns, bool whole, uint64_t now_ns);

/* Endpoint i of `to` is endpoint j of `from`, a picker of the same cluster before a change: what was learned
 * of it holds, its latency and its slow start; what is in flight stays counted where it began. Marks are the
 * caller's to set, before. */
void lb_carry(struct lb_picker *to, uint32_t i, const struct lb_picker *from, uint32_t j);
bool lb_has_learned(const struct lb_picker *from); /* may there be anything to carry? */

/* Endpoint i is to be passed over (down), or no more. It stays so until it is set again: who marks an
 * endpoint also decides when to try it again. */
void lb_mark(struct lb_picker *p, uint32_t i, bool down, uint64_t now_ns);

/* Endpoint i takes no requests at all, as if it had weight 0, or does so again: drained or disabled. */
void lb_close(struct lb_picker *p, uint32_t i, bool closed, uint64_t now_ns);

/* Neither down nor closed nor of weight 0: may who belongs to it stay with it? */
bool lb_usable(const struct lb_picker *p, uint32_t i);

#endif
