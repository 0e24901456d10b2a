/* routes: from listener, host and path to a route's cluster, with HTTPRoute's precedence.
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
 *     root --- "a" --- "b"                    exact: target of exactly /a/b, under: target of prefix /a/b
 *       |       |
 *       |       under: target of prefix /a    "/a/" is the elements "a" and "": below prefix /a, not exactly
 * /a under: target of prefix /
 *
 * A request walks its host down as far as names are known, then asks the path tries it passed, deepest first.
 * The cost is its labels and elements, not the number of routes. A route for several listeners or hosts is
 * entered for each of them. */
#include <stdlib.h>

#include "lb-policy/lb.h"
#include "lb-policy/trie.h"

struct lb_routes {
    struct lb_trie trie; /* host tries' roots are the nodes 0 .. nlistener - 1 */
    uint32_t nlistener;
    uint32_t ntarget, captarget;
    struct lb_route_result *target;
};

/* ---- names to labels ---- */

/* Without a trailing dot; an absent host is a NULL one: no labels at all. */
static struct span plain_host(struct span host)
{
    if (host.n && host.p[host.n - 1] == '.')
        host.n--;
    return host.n ? host : span_of(NULL, 0);
}

/* Takes the last label off `host`; host->p is NULL after the first one. */
static struct span pop_label(struct span *host)
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
static struct span pop_element(struct span *path)
{
    const uint8_t *slash = memchr(path->p, '/', path->n);
    size_t n = slash ? (size_t)(slash - path->p) : path->n;
    struct span element = span_of(path->p, n);
    *path = slash ? span_from(*path, n + 1) : span_of(NULL, 0);
    return element;
}

/* ---- compile ---- */

static uint32_t add_host(struct lb_trie *t, uint32_t at, struct span host)
{
    host = plain_host(host);
    while (host.p && at != LB_NONE)
        at = lb_trie_add(t, at, pop_label(&host), true);
    return at;
}

/* Path elements below `at`; an empty rest adds nothing. */
static uint32_t add_path(struct lb_trie *t, uint32_t at, struct span path)
{
    while (path.p && at != LB_NONE)
        at = lb_trie_add(t, at, pop_element(&path), false);
    return at;
}

/* The path trie of one host (NULL: any) of one listener. */
static uint32_t host_paths(struct lb_trie *t, uint32_t listener, const char *host)
{
    bool under = !host || strncmp(host, "*.", 2) == 0;
    uint32_t id = add_host(t, listener, host ? span_from(span_str(host), under ? 2 : 0) : span_of(NULL, 0));
    if (id == LB_NONE)
        return LB_NONE;
    uint32_t root = under ? t->node[id].under : t->node[id].exact;
    if (root != LB_NONE || (root = lb_trie_root(t)) == LB_NONE)
        return root;
    if (under)
        t->node[id].under = root;
    else
        t->node[id].exact = root;
    return root;
}

/* The first in the file wins a tie: a target that is there already stays. */
static bool add_match(struct lb_trie *t, uint32_t root, const struct lb_match_in *m, uint32_t target)
{
    struct span path = span_str(m->path);
    if (!m->exact && path.n && path.p[path.n - 1] == '/')
        path.n--; /* a prefix's trailing slash says nothing */
    path = path.n ? span_from(path, path.p[0] == '/') : span_of(NULL, 0);
    uint32_t id = add_path(t, root, path);
    if (id == LB_NONE)
        return false;
    uint32_t *kept = m->exact ? &t->node[id].exact : &t->node[id].under;
    if (*kept == LB_NONE)
        *kept = target;
    return true;
}

static bool add_targets(struct lb_routes *r, uint32_t route, const struct lb_route_in *in)
{
    if (in->nmatch > r->captarget - r->ntarget) {
        uint32_t cap = (r->captarget + in->nmatch) * 2;
        struct lb_route_result *target = realloc(r->target, cap * sizeof *target);
        if (!target)
            return false;
        r->target = target;
        r->captarget = cap;
    }
    for (uint32_t i = 0; i < in->nmatch; i++)
        r->target[r->ntarget++] = (struct lb_route_result){.route = route, .cluster = in->match[i].cluster};
    return true;
}

static bool add_to_host(struct lb_routes *r, uint32_t listener, const char *host,
                        const struct lb_route_in *in)
{
    uint32_t root = host_paths(&r->trie, listener, host);
    if (root == LB_NONE)
        return false;
    uint32_t target = r->ntarget - in->nmatch; /* this route's are the last */
    for (uint32_t i = 0; i < in->nmatch; i++)
        if (!add_match(&r->trie, root, &in->match[i], target + i))
            return false;
    return true;
}

static bool add_to_listener(struct lb_routes *r, uint32_t listener, const struct lb_route_in *in)
{
    if (in->nhost == 0)
        return add_to_host(r, listener, NULL, in);
    for (uint32_t i = 0; i < in->nhost; i++)
        if (!add_to_host(r, listener, in->host[i], in))
            return false;
    return true;
}

static bool add_route(struct lb_routes *r, uint32_t route, const struct lb_route_in *in)
{
    if (!add_targets(r, route, in))
        return false;
    uint32_t n = in->nlistener ? in->nlistener : r->nlistener;
    for (uint32_t i = 0; i < n; i++)
        if (!add_to_listener(r, in->nlistener ? in->listener[i] : i, in))
            return false;
    return true;
}

static bool compile(struct lb_routes *r, const struct lb_route_in *in, uint32_t n)
{
    for (uint32_t i = 0; i < r->nlistener; i++)
        if (lb_trie_root(&r->trie) != i)
            return false;
    for (uint32_t i = 0; i < n; i++)
        if (!add_route(r, i, &in[i]))
            return false;
    return true;
}

struct lb_routes *lb_routes_create(const struct lb_route_in *in, uint32_t n, uint32_t nlistener)
{
    struct lb_routes *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->nlistener = nlistener;
    if (!compile(r, in, n)) {
        lb_routes_destroy(r);
        return NULL;
    }
    return r;
}

void lb_routes_destroy(struct lb_routes *r)
{
    if (!r)
        return;
    lb_trie_free(&r->trie);
    free(r->target);
    free(r);
}

/* ---- lookup ---- */

/* The target of the best match in the path trie `root` (LB_NONE: there is no such trie), or LB_NONE. A path
 * that does not begin with a slash ("*") is matched by prefix / alone. */
static uint32_t match_path(const struct lb_trie *t, uint32_t root, struct span path)
{
    if (root == LB_NONE)
        return LB_NONE;
    uint32_t best = t->node[root].under;
    if (path.n == 0 || path.p[0] != '/')
        return best;
    path = span_from(path, 1);
    for (uint32_t at = root; path.p;) {
        at = lb_trie_find(t, at, pop_element(&path), false);
        if (at == LB_NONE)
            return best;
        if (t->node[at].under != LB_NONE)
            best = t->node[at].under;
        if (!path.p && t->node[at].exact != LB_NONE)
            best = t->node[at].exact;
    }
    return best;
}

/* Walks down from `root` as far as names are known. *whole: the host's own node was reached. */
static uint32_t walk_host(const struct lb_trie *t, uint32_t root, struct span host, bool *whole)
{
    uint32_t at = root;
    *whole = false;
    while (host.p) {
        uint32_t child = lb_trie_find(t, at, pop_label(&host), true);
        if (child == LB_NONE)
            return at;
        at = child;
    }
    *whole = true;
    return at;
}

static uint32_t match_host(const struct lb_trie *t, uint32_t root, struct span host, struct span path)
{
    bool whole;
    uint32_t at = walk_host(t, root, host, &whole);
    uint32_t target = LB_NONE;
    if (whole && at != root) { /* *.a.example is for hosts below a.example, not for itself */
        target = match_path(t, t->node[at].exact, path);
        at = t->node[at].parent;
    }
    for (; target == LB_NONE && at != LB_NONE; at = t->node[at].parent)
        target = match_path(t, t->node[at].under, path);
    return target;
}

struct lb_route_result lb_route(const struct lb_routes *r, uint32_t listener, struct span host,
                                struct span path)
{
    uint32_t target =
        listener < r->nlistener ? match_host(&r->trie, listener, plain_host(host), path) : LB_NONE;
    return target == LB_NONE ? (struct lb_route_result){LB_NONE, LB_NONE} : r->target[target];
}
