/* See match.h. */
#include "lb-policy/match.h"

#include <stdlib.h>

/* ---- making ---- */

static bool copy(struct span *out, const char *text)
{
    char *own = strdup(text);
    *out = own ? span_str(own) : span_of(NULL, 0);
    return own != NULL;
}

static bool make_condition(struct lb_condition *c, const struct lb_condition_in *in)
{
    uint32_t which;
    char why[REGEX_WHY];
    c->test = in->test;
    if (!copy(&c->name, in->name))
        return false;
    if (in->test == LB_MATCHES)
        return (c->regex = regex_make(&in->value, 1, &which, why)) != NULL;
    return in->test == LB_PRESENT || copy(&c->value, in->value);
}

/* Without its trailing slash. */
static uint32_t prefix_of(const struct lb_match_in *in)
{
    size_t n = in->kind == LB_PATH_PREFIX ? strlen(in->path) : 0;
    return (uint32_t)(n && in->path[n - 1] == '/' ? n - 1 : n);
}

static bool make_source(struct networks *t, const struct lb_match_in *in)
{
    if (in->nsource == 0)
        return true;
    struct network *v = calloc(in->nsource, sizeof *v);
    t->run = calloc(NETWORKS_RUNS(in->nsource), sizeof *t->run);
    for (uint32_t i = 0; v && i < in->nsource; i++)
        v[i] = (struct network){in->source[i].addr, in->source[i].bits, 1};
    if (v && t->run)
        networks_build(t, v, in->nsource);
    free(v);
    return t->n > 0;
}

bool lb_match_make(struct lb_match *m, const struct lb_match_in *in, uint32_t route)
{
    uint32_t n = in->nheader + in->nquery;
    *m = (struct lb_match){.to = {route, in->rule, prefix_of(in)},
                           .nheader = in->nheader,
                           .nquery = in->nquery,
                           .nalpn = in->nalpn};
    m->plain = !in->method && n == 0 && in->nsource == 0 && in->nalpn == 0;
    if (m->plain)
        return true;
    m->condition = calloc(n ? n : 1, sizeof *m->condition);
    m->alpn = calloc(in->nalpn ? in->nalpn : 1, sizeof *m->alpn);
    if (!m->condition || !m->alpn || !make_source(&m->source, in) ||
        (in->method && !copy(&m->method, in->method)))
        return false;
    for (uint32_t i = 0; i < in->nalpn; i++)
        if (!copy(&m->alpn[i], in->alpn[i]))
            return false;
    for (uint32_t i = 0; i < n; i++)
        if (!make_condition(&m->condition[i], i < in->nheader ? &in->header[i] : &in->query[i - in->nheader]))
            return false;
    return true;
}

void lb_match_free(struct lb_match *m)
{
    for (uint32_t i = 0; m->condition && i < m->nheader + m->nquery; i++) {
        free((void *)(uintptr_t)m->condition[i].name.p);
        free((void *)(uintptr_t)m->condition[i].value.p);
        regex_free(m->condition[i].regex);
    }
    free((void *)(uintptr_t)m->method.p);
    for (uint32_t i = 0; m->alpn && i < m->nalpn; i++)
        free((void *)(uintptr_t)m->alpn[i].p);
    free(m->condition);
    free(m->source.run);
    free(m->alpn);
}

bool lb_match_fit(const struct lb_match *m, struct regex_scratch **s)
{
    for (uint32_t i = 0; m->condition && i < m->nheader + m->nquery; i++)
        if (m->condition[i].regex && !regex_fit(s, m->condition[i].regex))
            return false;
    return true;
}

int lb_match_order(const struct lb_match *a, const struct lb_match *b)
{
    if (!a->method.p != !b->method.p)
        return a->method.p ? -1 : 1;
    if (!a->nalpn != !b->nalpn)
        return a->nalpn ? -1 : 1;
    if (a->nheader != b->nheader)
        return a->nheader > b->nheader ? -1 : 1;
    return (a->nquery < b->nquery) - (a->nquery > b->nquery);
}

/* ---- asking ---- */

static bool holds(const struct lb_condition *c, struct span value, const struct regex_scratch *s)
{
    switch (c->test) {
    case LB_IS:
        return span_eq(value, c->value);
    case LB_MATCHES:
        return regex_matches(c->regex, s, value);
    default: /* LB_PRESENT */
        return true;
    }
}

static bool header_holds(const struct lb_condition *c, const struct lb_route_request *q,
                         const struct regex_scratch *s)
{
    struct span value;
    for (uint32_t nth = 0; q->ask->header(q->head, c->name, nth, &value); nth++)
        if (holds(c, value, s))
            return true;
    return false;
}

static bool source_holds(const struct lb_match *m, const struct ip_addr *source)
{
    return m->source.n == 0 || networks_find(&m->source, source);
}

static bool offers(struct span list, struct span wanted)
{
    for (size_t at = 0; at < list.n; at += 1u + list.p[at])
        if (span_eq(span_of(list.p + at + 1, list.p[at]), wanted))
            return true;
    return false;
}

static bool alpn_holds(const struct lb_match *m, struct span list)
{
    for (uint32_t i = 0; i < m->nalpn; i++)
        if (offers(list, m->alpn[i]))
            return true;
    return m->nalpn == 0;
}

static bool query_holds(const struct lb_condition *c, const struct lb_route_request *q,
                        const struct regex_scratch *s)
{
    struct span value;
    return q->ask->query(q->head, c->name, &value) && holds(c, value, s);
}

enum lb_verdict lb_match_judge(const struct lb_match *m, const struct lb_route_request *q,
                               const struct regex_scratch *s, uint32_t *which)
{
    if (m->plain)
        return LB_HOLDS;
    if (m->method.p && !span_eq(m->method, q->method))
        return LB_OTHER_METHOD;
    if (!source_holds(m, &q->source))
        return LB_OTHER_SOURCE;
    if (!alpn_holds(m, q->alpn))
        return LB_OTHER_ALPN;
    for (*which = 0; *which < m->nheader; ++*which)
        if (!header_holds(&m->condition[*which], q, s))
            return LB_OTHER_HEADER;
    for (*which = 0; *which < m->nquery; ++*which)
        if (!query_holds(&m->condition[m->nheader + *which], q, s))
            return LB_OTHER_QUERY;
    return LB_HOLDS;
}
