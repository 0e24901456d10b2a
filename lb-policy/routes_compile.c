/* Compiles routes; see routes.h. */
#include "lb-policy/routes.h"

#include <stdlib.h>

/* ---- into tries ---- */

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

/* The match that takes every request of a listener: no host and no path is known there beside any and /, and
 * the first to be asked asks for nothing. */
static uint32_t only_match(const struct lb_routes *r, uint32_t listener)
{
    const struct lb_trie_node *hosts = &r->trie.node[listener];
    if (hosts->bound || hosts->under == LB_NONE)
        return LB_NONE;
    const struct lb_trie_node *paths = &r->trie.node[hosts->under];
    if (paths->bound || paths->exact != LB_NONE || paths->under == LB_NONE)
        return LB_NONE;
    uint32_t first = r->order[r->list[paths->under].first];
    return r->match[first].plain ? first : LB_NONE;
}

static bool find_only(struct lb_routes *r)
{
    r->only = calloc(r->nlistener ? r->nlistener : 1, sizeof *r->only);
    for (uint32_t i = 0; r->only && i < r->nlistener; i++)
        r->only[i] = only_match(r, i);
    return r->only != NULL;
}

static bool compile(struct lb_routes *r, const struct lb_route_in *in, uint32_t n)
{
    for (uint32_t i = 0; i < r->nlistener; i++)
        if (lb_trie_root(&r->trie) != i)
            return false;
    for (uint32_t i = 0; i < n; i++)
        if (!add_route(r, i, &in[i]))
            return false;
    return make_lists(r) && find_only(r);
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
    free(r->only);
    free(r);
}
