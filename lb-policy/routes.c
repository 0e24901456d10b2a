/* Finds the rule of a request; see routes.h. */
#include "lb-policy/routes.h"

#include <stdlib.h>

struct lb_route_scratch {
    struct regex_scratch *regex;
    uint64_t found[]; /* bit set over one list of expressions */
};

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
        if (!t->node[at].bound)
            return at;
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
        if (!t->node[at].bound)
            return at;
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

const struct lb_route_result *lb_route_only(const struct lb_routes *r, uint32_t listener)
{
    uint32_t match = listener < r->nlistener ? r->only[listener] : LB_NONE;
    return match == LB_NONE ? NULL : &r->match[match].to;
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
