/* routes: what listener, host, path and the rest of a request's head are compiled to (routes_compile.c), so
 * that a route's rule is found with HTTPRoute's precedence (routes.c).
 *
 * Compiled while a configuration is loaded, then immutable and read by all workers; it lives as long as the
 * configuration's snapshot.
 *
 * Two kinds of trie in one table (trie.h). Each listener has one over host labels, from the right:
 *
 *     listener --- "example" --- "www"        exact: path trie of www.example
 *         |            |
 *         |            under: path trie of *.example
 *         under: path trie of routes for any host
 *
 * and each host has one over path elements, from the left:
 *
 *     root --- "a" --- "b"                    exact: list of exactly /a/b, under: list of prefix /a/b
 *       |       |
 *       |       under: list of prefix /a      "/a/" is the elements "a" and "": below prefix /a, not exactly
 *       |                                     /a
 *       exact: list of the host's regular expressions, since no path is exactly a root
 *       under: list of prefix /
 *
 * A list holds the matches that ask for the same host and path, most specific first (match.h). A request
 * walks its host down as far as names are known, then asks the path tries it passed, deepest first; in each
 * the exact list, the expressions (all in one pass over the path), then the prefixes it passed, deepest
 * first: the first match that holds is taken. The cost is its labels and elements, not the number of routes.
 * A route for several listeners or hosts is entered for each of them.
 *
 * Where one match takes all that a listener is asked, whatever the host and the path, lb_route_only() knows
 * it without a walk. */
#ifndef LACON_LB_POLICY_ROUTES_H
#define LACON_LB_POLICY_ROUTES_H

#include <string.h>

#include "agent/base/regex.h"
#include "lb-policy/match.h"
#include "lb-policy/trie.h"

/* While routes are compiled: one match in one list. */
struct entry {
    uint32_t list, match;
};

/* A list is a run of `order`. */
struct list {
    uint32_t first, n;
    struct regex *regex; /* of a list of expressions: one for each of its matches, in their order */
};

struct lb_routes {
    struct lb_trie trie; /* host tries' roots are the nodes 0 .. nlistener - 1 */
    uint32_t nlistener;
    uint32_t *only; /* of each listener: the match that takes every request; LB_NONE: there is none such */
    uint32_t nmatch, capmatch;
    struct lb_match *match;  /* in the order of the file */
    const char **expression; /* of each match; while compiling, from the input */
    uint32_t nlist, nentry, capentry;
    struct entry *entry; /* while compiling */
    struct list *list;
    uint32_t *order;  /* indexes of matches, list by list */
    uint32_t longest; /* list of expressions */
};

/* ---- names to labels ---- */

/* Without a trailing dot; an absent host is a NULL one: no labels at all. */
static inline struct span plain_host(struct span host)
{
    if (host.n && host.p[host.n - 1] == '.')
        host.n--;
    return host.n ? host : span_of(NULL, 0);
}

/* Takes the last label off `host`; host->p is NULL after the first one. */
static inline struct span pop_label(struct span *host)
{
    size_t i = host->n;
    while (i > 0 && host->p[i - 1] != '.')
        i--;
    struct span label = span_of(host->p + i, host->n - i);
    *host = i > 0 ? span_of(host->p, i - 1) : span_of(NULL, 0);
    return label;
}

/* Takes the first element off `path` (which has lost its leading slash); path->p is NULL after the last one.
 */
static inline struct span pop_element(struct span *path)
{
    const uint8_t *slash = memchr(path->p, '/', path->n);
    size_t n = slash ? (size_t)(slash - path->p) : path->n;
    struct span element = span_of(path->p, n);
    *path = slash ? span_from(*path, n + 1) : span_of(NULL, 0);
    return element;
}

#endif
