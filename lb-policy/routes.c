/* routes: from listener, host, path and the rest of a request's head to a route's rule, with HTTPRoute's
 * precedence.
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
 * A route for several listeners or hosts is entered for each of them. */
#include <stdlib.h>

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
    uint32_t nmatch, capmatch;
    struct lb_match *match;  /* in the order of the file */
    const char **expression; /* of each match; while compiling, from the input */
    uint32_t nlist, nentry, capentry;
    struct entry *entry; /* while compiling */
    struct list *list;
    uint32_t *order;  /* indexes of matches, list by list */
    uint32_t longest; /* list of expressions */
};

struct lb_route_scratch {
    struct regex_scratch *regex;
    uint64_t found[]; /* bit set over one list of expressions */
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

/* Notes that list *at of a node (made when it is LB_NONE) holds this match. */
static bool add_entry(struct lb_routes *r, uint32_t *at, uint32_t match)
{
    if (r->nentry == r->capentry) {
        uint32_t cap = r->capentry ? r->capentry * 2 : 64;
        struct entry *entry = cap > r->capentry ? realloc(r->entry, cap * sizeof *entry) : NULL;
        if (!entry)
            return false;
        r->entry = entry;
        r->capentry = cap;
    }
    if (*at == LB_NONE)
        *at = r->nlist++;
    r->entry[r->nentry++] = (struct entry){*at, match};
    return true;
}

static bool add_match(struct lb_routes *r, uint32_t root, const struct lb_match_in *m, uint32_t match)
{
    struct lb_trie *t = &r->trie;
    struct span path = span_str(m->path);
    if (m->kind == LB_PATH_REGEX)
        return add_entry(r, &t->node[root].exact, match);
    if (m->kind == LB_PATH_PREFIX && path.n && path.p[path.n - 1] == '/')
        path.n--; /* a prefix's trailing slash says nothing */
    path = path.n ? span_from(path, path.p[0] == '/') : span_of(NULL, 0);
    uint32_t id = add_path(t, root, path);
    if (id == LB_NONE)
        return false;
    return add_entry(r, m->kind == LB_PATH_EXACT ? &t->node[id].exact : &t->node[id].under, match);
}

static bool add_matches(struct lb_routes *r, uint32_t route, const struct lb_route_in *in)
{
    if (in->nmatch > r->capmatch - r->nmatch) {
        uint32_t cap = (r->capmatch + in->nmatch) * 2;
        struct lb_match *match = realloc(r->match, cap * sizeof *match);
        r->match = match ? match : r->match;
        const char **expression = realloc(r->expression, cap * sizeof *expression);
        r->expression = expression ? expression : r->expression;
        if (!match || !expression)
            return false;
        r->capmatch = cap;
    }
    for (uint32_t i = 0; i < in->nmatch; i++) {
        r->expression[r->nmatch] = in->match[i].kind == LB_PATH_REGEX ? in->match[i].path : NULL;
        if (!lb_match_make(&r->match[r->nmatch++], &in->match[i], route))
            return false;
    }
    return true;
}

static bool add_to_host(struct lb_routes *r, uint32_t listener, const char *host,
                        const struct lb_route_in *in)
{
    uint32_t root = host_paths(&r->trie, listener, host);
    if (root == LB_NONE)
        return false;
    uint32_t match = r->nmatch - in->nmatch; /* this route's are the last */
    for (uint32_t i = 0; i < in->nmatch; i++)
        if (!add_match(r, root, &in->match[i], match + i))
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
    if (!add_matches(r, route, in))
        return false;
    uint32_t n = in->nlistener ? in->nlistener : r->nlistener;
    for (uint32_t i = 0; i < n; i++)
        if (!add_to_listener(r, in->nlistener ? in->listener[i] : i, in))
            return false;
    return true;
}

/* ---- lists ---- */

static int by_precedence(const void *pa, const void *pb, void *routes)
{
    const struct entry *a = pa, *b = pb;
    const struct lb_routes *r = routes;
    const char *x = r->expression[a->match], *y = r->expression[b->match];
    size_t nx = x ? strlen(x) : 0, ny = y ? strlen(y) : 0;
    if (a->list != b->list)
        return a->list < b->list ? -1 : 1;
    if (nx != ny)
        return nx > ny ? -1 : 1;
    int order = lb_match_order(&r->match[a->match], &r->match[b->match]);
    return order ? order : (a->match > b->match) - (a->match < b->match);
}

static bool make_regex(struct lb_routes *r, struct list *l)
{
    const char **expression = calloc(l->n, sizeof *expression);
    char why[REGEX_WHY];
    uint32_t which;
    for (uint32_t i = 0; expression && i < l->n; i++)
        expression[i] = r->expression[r->order[l->first + i]];
    l->regex = expression ? regex_make(expression, l->n, &which, why) : NULL;
    r->longest = l->n > r->longest ? l->n : r->longest;
    free(expression);
    return l->regex != NULL;
}

static bool make_lists(struct lb_routes *r)
{
    r->list = calloc(r->nlist ? r->nlist : 1, sizeof *r->list);
    r->order = calloc(r->nentry ? r->nentry : 1, sizeof *r->order);
    if (!r->list || !r->order)
        return false;
    if (r->nentry)
        qsort_r(r->entry, r->nentry, sizeof *r->entry, by_precedence, r);
    for (uint32_t i = 0; i < r->nentry; i++) {
        struct list *l = &r->list[r->entry[i].list];
        l->first = l->n++ ? l->first : i;
        r->order[i] = r->entry[i].match;
    }
    for (uint32_t i = 0; i < r->nlist; i++)
        if (r->expression[r->order[r->list[i].first]] && !make_regex(r, &r->list[i]))
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
    return make_lists(r);
}

static void end_compiling(struct lb_routes *r)
{
    free(r->entry);
    free(r->expression);
    r->entry = NULL;
    r->expression = NULL;
}

struct lb_routes *lb_routes_create(const struct lb_route_in *in, uint32_t n, uint32_t nlistener)
{
    struct lb_routes *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->nlistener = nlistener;
    bool good = compile(r, in, n);
    end_compiling(r);
    if (!good) {
        lb_routes_destroy(r);
        return NULL;
    }
    return r;
}

void lb_routes_destroy(struct lb_routes *r)
{
    if (!r)
        return;
    for (uint32_t i = 0; r->list && i < r->nlist; i++)
        regex_free(r->list[i].regex);
    for (uint32_t i = 0; i < r->nmatch; i++)
        lb_match_free(&r->match[i]);
    lb_trie_free(&r->trie);
    free(r->match);
    free(r->list);
    free(r->order);
    free(r);
}

static bool fit(const struct lb_routes *r, struct regex_scratch **s)
{
    for (uint32_t i = 0; i < r->nlist; i++)
        if (r->list[i].regex && !regex_fit(s, r->list[i].regex))
            return false;
    for (uint32_t i = 0; i < r->nmatch; i++)
        if (!lb_match_fit(&r->match[i], s))
            return false;
    return true;
}

struct lb_route_scratch *lb_route_scratch_create(const struct lb_routes *r)
{
    struct lb_route_scratch *s = calloc(1, sizeof *s + (r->longest / 64 + 1) * sizeof s->found[0]);
    if (s && !fit(r, &s->regex)) {
        lb_route_scratch_destroy(s);
        return NULL;
    }
    return s;
}

void lb_route_scratch_destroy(struct lb_route_scratch *s)
{
    if (!s)
        return;
    regex_scratch_free(s->regex);
    free(s);
}

/* ---- lookup ---- */

/* One look-up: what is asked, and with what. With a witness every match is told to it and none is taken, so
 * that the walk goes through all of them. */
struct ask {
    const struct lb_routes *r;
    struct lb_route_scratch *s;
    const struct lb_route_request *q;
    void (*witness)(void *ctx, const struct lb_considered *c);
    void *ctx;
    enum lb_host host; /* whose paths are being asked */
    uint32_t node;     /* and where that is in the trie */
};

static uint32_t depth_of(const struct lb_trie *t, uint32_t node)
{
    uint32_t n = 0;
    while ((node = t->node[node].parent) != LB_NONE)
        n++;
    return n;
}

static void tell(const struct ask *a, uint32_t match, enum lb_verdict verdict, uint32_t which)
{
    struct lb_route_result to = a->r->match[match].to;
    uint32_t first = match;
    while (first > 0 && a->r->match[first - 1].to.route == to.route)
        first--;
    a->witness(a->ctx, &(struct lb_considered){to, match - first, a->host, depth_of(&a->r->trie, a->node),
                                               verdict, which});
}

static bool taken(const struct ask *a, uint32_t match)
{
    uint32_t which = 0;
    enum lb_verdict verdict = lb_match_judge(&a->r->match[match], a->q, a->s->regex, &which);
    if (a->witness)
        tell(a, match, verdict, which);
    return verdict == LB_HOLDS && !a->witness;
}

/* The first match of a list (LB_NONE: there is none) that holds, or LB_NONE. */
static uint32_t first_of(const struct ask *a, uint32_t list)
{
    const struct list *l = list == LB_NONE ? NULL : &a->r->list[list];
    for (uint32_t i = 0; l && i < l->n; i++) {
        uint32_t match = a->r->order[l->first + i];
        if (taken(a, match))
            return match;
    }
    return LB_NONE;
}

static void note_found(void *ctx, uint32_t i)
{
    struct lb_route_scratch *s = ctx;
    s->found[i / 64] |= UINT64_C(1) << (i % 64);
}

/* The same for a list of expressions: those that match the path, in order. */
static uint32_t first_expression(const struct ask *a, uint32_t list)
{
    if (list == LB_NONE)
        return LB_NONE;
    const struct list *l = &a->r->list[list];
    memset(a->s->found, 0, (l->n / 64 + 1) * sizeof a->s->found[0]);
    regex_each(l->regex, a->s->regex, a->q->path, note_found, a->s);
    for (uint32_t w = 0; w <= l->n / 64; w++)
        for (uint64_t rest = a->s->found[w]; rest; rest &= rest - 1) {
            uint32_t match = a->r->order[l->first + w * 64 + (uint32_t)__builtin_ctzll(rest)];
            if (taken(a, match))
                return match;
        }
    return LB_NONE;
}

/* Walks down from `root` as far as elements are known. *whole: the path's own node was reached. */
static uint32_t walk_path(const struct lb_trie *t, uint32_t root, struct span path, bool *whole)
{
    uint32_t at = root;
    *whole = false;
    if (path.n == 0 || path.p[0] != '/')
        return root;
    path = span_from(path, 1);
    while (path.p) {
        uint32_t child = lb_trie_find(t, at, pop_element(&path), false);
        if (child == LB_NONE)
            return at;
        at = child;
    }
    *whole = true;
    return at;
}

/* The best match in the path trie `root` (LB_NONE: there is no such trie), or LB_NONE. A path that does not
 * begin with a slash ("*") is matched by prefix / alone. */
static uint32_t match_path(const struct ask *a, uint32_t root)
{
    const struct lb_trie *t = &a->r->trie;
    if (root == LB_NONE)
        return LB_NONE;
    bool whole, slash = a->q->path.n && a->q->path.p[0] == '/';
    uint32_t at = walk_path(t, root, a->q->path, &whole);
    uint32_t match = whole ? first_of(a, t->node[at].exact) : LB_NONE;
    if (match == LB_NONE && slash)
        match = first_expression(a, t->node[root].exact);
    for (; match == LB_NONE && at != LB_NONE; at = t->node[at].parent)
        match = first_of(a, t->node[at].under);
    return match;
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

static uint32_t match_host(struct ask *a, uint32_t root, struct span host)
{
    const struct lb_trie *t = &a->r->trie;
    bool whole;
    uint32_t at = walk_host(t, root, host, &whole);
    uint32_t match = LB_NONE;
    if (whole && at != root) { /* *.a.example is for hosts below a.example, not for itself */
        a->host = LB_HOST_EXACT;
        a->node = at;
        match = match_path(a, t->node[at].exact);
        at = t->node[at].parent;
    }
    for (; match == LB_NONE && at != LB_NONE; at = t->node[at].parent) {
        a->host = at == root ? LB_HOST_ANY : LB_HOST_WILDCARD;
        a->node = at;
        match = match_path(a, t->node[at].under);
    }
    return match;
}

static uint32_t look_up(struct ask *a)
{
    uint32_t listener = a->q->listener;
    return listener < a->r->nlistener ? match_host(a, listener, plain_host(a->q->host)) : LB_NONE;
}

struct lb_route_result lb_route(const struct lb_routes *r, struct lb_route_scratch *s,
                                const struct lb_route_request *q)
{
    struct ask a = {.r = r, .s = s, .q = q};
    uint32_t match = look_up(&a);
    return match == LB_NONE ? (struct lb_route_result){LB_NONE, LB_NONE, 0} : r->match[match].to;
}

void lb_route_each(const struct lb_routes *r, struct lb_route_scratch *s, const struct lb_route_request *q,
                   void (*fn)(void *ctx, const struct lb_considered *c), void *ctx)
{
    struct ask a = {.r = r, .s = s, .q = q, .witness = fn, .ctx = ctx};
    (void)look_up(&a);
}
