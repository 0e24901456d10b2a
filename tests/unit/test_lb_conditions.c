/* Routes by what else a match asks for: methods, header fields, queries, sources, expressions, ALPN; and what
 * is told of why one was taken. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lb-policy/lb.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A head of few fields: name, value, name, value ... up to NULL. */
struct head {
    const char *header[12], *query[8];
};

static bool find_nth(const char *const *pairs, struct span name, uint32_t nth, struct span *value)
{
    for (unsigned i = 0; pairs[i]; i += 2)
        if (span_ieq(span_str(pairs[i]), name) && nth-- == 0) {
            *value = span_str(pairs[i + 1]);
            return true;
        }
    return false;
}

static bool ask_header(const void *head, struct span name, uint32_t nth, struct span *value)
{
    return find_nth(((const struct head *)head)->header, name, nth, value);
}

static bool ask_query(const void *head, struct span name, struct span *value)
{
    return find_nth(((const struct head *)head)->query, name, 0, value);
}

static const struct lb_head asker = {ask_header, ask_query};

struct full_row {
    const char *method, *path, *source;
    struct head head;
    uint32_t route;
};

static struct ip_addr ip(const char *text)
{
    struct ip_addr a = {{0}};
    cr_assert(!text || ip_parse(text, strlen(text), &a), "%s", text);
    return a;
}

static void note_first(void *ctx, const struct lb_considered *c)
{
    struct lb_considered *first = ctx;
    if (first->to.route == LB_NONE && c->verdict == LB_HOLDS)
        *first = *c;
}

/* What lb_route_each() tells: the first that holds is what lb_route() takes. */
static uint32_t first_told(const struct lb_routes *r, struct lb_route_scratch *s,
                           const struct lb_route_request *q)
{
    struct lb_considered first = {.to = {.route = LB_NONE}};
    lb_route_each(r, s, q, note_first, &first);
    return first.to.route;
}

/* Route i of the table is match i; any host. */
static void run_full(const struct lb_match_in *match, uint32_t n, const struct full_row *rows, size_t nrow)
{
    struct lb_route_in *in = calloc(n, sizeof *in);
    for (uint32_t i = 0; i < n; i++)
        in[i] = (struct lb_route_in){.nmatch = 1, .match = &match[i]};
    struct lb_routes *r = lb_routes_create(in, n, 1);
    free(in);
    cr_assert_not_null(r);
    struct lb_route_scratch *s = lb_route_scratch_create(r);
    cr_assert_not_null(s);
    for (size_t i = 0; i < nrow; i++) {
        struct lb_route_request q = {.host = span_str("h"),
                                     .path = span_str(rows[i].path),
                                     .method = span_str(rows[i].method),
                                     .source = ip(rows[i].source),
                                     .ask = &asker,
                                     .head = &rows[i].head};
        cr_expect_eq(lb_route(r, s, &q).route, rows[i].route, "row %zu: %s %s went to %d, not %d", i,
                     rows[i].method, rows[i].path, (int)lb_route(r, s, &q).route, (int)rows[i].route);
        cr_expect_eq(first_told(r, s, &q), rows[i].route, "row %zu: told otherwise", i);
    }
    lb_route_scratch_destroy(s);
    lb_routes_destroy(r);
}

#define RUN_FULL(match, rows) run_full(match, COUNT(match), rows, COUNT(rows))

/* The written order: exact path, (expression,) longest prefix, method, most headers, most parameters, first.
 */
Test(lb_routes, precedence_within_a_host)
{
    static const struct lb_condition_in h1[] = {{"x-a", LB_IS, "1"}},
                                        h2[] = {{"x-a", LB_IS, "1"}, {"x-b", LB_IS, "2"}},
                                        q1[] = {{"p", LB_IS, "1"}},
                                        q2[] = {{"p", LB_IS, "1"}, {"q", LB_PRESENT, NULL}};
    static const struct lb_match_in match[] = {
        {.path = "/"},                                                        /* 0 */
        {.path = "/a", .nquery = 2, .query = q2},                             /* 1 */
        {.path = "/a", .nheader = 1, .header = h1},                           /* 2 */
        {.path = "/a", .nheader = 2, .header = h2},                           /* 3 */
        {.path = "/a", .method = "POST"},                                     /* 4 */
        {.path = "/a", .nheader = 1, .header = h1, .nquery = 1, .query = q1}, /* 5 */
        {.path = "/a/b", .method = "PUT"},                                    /* 6 */
        {.path = "/a/c", .kind = LB_PATH_EXACT, .method = "PUT"},             /* 7 */
        {.path = "/a"},                                                       /* 8 */
        {.path = "/a"},                                                       /* 9: the same */
        {.path = "/a", .method = "POST", .nquery = 1, .query = q1},           /* 10 */
        {.path = "/a/r[0-9]+.*", .kind = LB_PATH_REGEX},                      /* 11 */
        {.path = "/a/r[0-9]+/very/much/longer", .kind = LB_PATH_REGEX},       /* 12 */
        {.path = "/a/r1", .kind = LB_PATH_EXACT, .nheader = 1, .header = h1}, /* 13 */
        {.path = "/a/r1/", .nheader = 2, .header = h2},                       /* 14 */
    };
    static const struct full_row rows[] = {
        {"GET", "/x", NULL, {{0}, {0}}, 0},
        {"GET", "/a", NULL, {{0}, {0}}, 8},
        {"POST", "/a", NULL, {{0}, {0}}, 4},
        {"POST", "/a", NULL, {{"X-A", "1", "X-B", "2"}, {0}}, 4}, /* method before headers */
        {"POST", "/a", NULL, {{0}, {"p", "1"}}, 10},
        {"GET", "/a", NULL, {{"X-A", "1"}, {0}}, 2},
        {"GET", "/a", NULL, {{"X-A", "1", "X-B", "2"}, {0}}, 3},
        {"GET",
         "/a",
         NULL,
         {{"X-A", "1", "X-B", "2"}, {"p", "1", "q", ""}},
         3}, /* headers before parameters */
        {"GET", "/a", NULL, {{"X-A", "1"}, {"p", "1"}}, 5},
        {"GET", "/a", NULL, {{0}, {"p", "1", "q", ""}}, 1},
        {"GET", "/a", NULL, {{0}, {"p", "1"}}, 8},
        {"PUT", "/a/b", NULL, {{"X-A", "1", "X-B", "2"}, {0}}, 6}, /* longer prefix before headers */
        {"GET", "/a/b", NULL, {{"X-A", "1"}, {0}}, 2},             /* which does not hold: the shorter one */
        {"GET", "/a/b", NULL, {{0}, {0}}, 8},
        {"PUT", "/a/c", NULL, {{0}, {0}}, 7},
        {"GET", "/a/c", NULL, {{0}, {0}}, 8},
        {"GET", "/a/r12", NULL, {{0}, {0}}, 11},
        {"GET", "/a/r1", NULL, {{0}, {0}}, 11},
        {"GET", "/a/r1", NULL, {{"x-a", "1"}, {0}}, 13},               /* exact before expressions */
        {"GET", "/a/r1/x", NULL, {{"x-a", "1", "x-b", "2"}, {0}}, 11}, /* expressions before prefixes */
        {"GET", "/a/r9/very/much/longer", NULL, {{0}, {0}}, 12},       /* the longest expression */
        {"GET", "/a/r", NULL, {{0}, {0}}, 8},
        {"OPTIONS", "*", NULL, {{0}, {0}}, 0},
    };
    RUN_FULL(match, rows);
}

Test(lb_routes, conditions)
{
    static const struct lb_condition_in present[] = {{"x-a", LB_PRESENT, NULL}},
                                        is[] = {{"X-A", LB_IS, "yes"}},
                                        like[] = {{"x-a", LB_MATCHES, "v[0-9]+"}},
                                        q_is[] = {{"A", LB_IS, "1"}},
                                        q_like[] = {{"b", LB_MATCHES, "(x|y)*"}},
                                        q_there[] = {{"c", LB_PRESENT, NULL}};
    static const struct lb_match_in match[] = {
        {.path = "/h/there", .nheader = 1, .header = present},
        {.path = "/h/is", .nheader = 1, .header = is},
        {.path = "/h/like", .nheader = 1, .header = like},
        {.path = "/q/is", .nquery = 1, .query = q_is},
        {.path = "/q/like", .nquery = 1, .query = q_like},
        {.path = "/q/there", .nquery = 1, .query = q_there},
        {.path = "/m", .method = "GET"},
    };
    static const struct full_row rows[] = {
        {"GET", "/h/there", NULL, {{"X-A", ""}, {0}}, 0},
        {"GET", "/h/there", NULL, {{"X-AB", "1"}, {0}}, LB_NONE},
        {"GET", "/h/is", NULL, {{"x-a", "yes"}, {0}}, 1},
        {"GET", "/h/is", NULL, {{"x-a", "Yes"}, {0}}, LB_NONE}, /* values have case */
        {"GET", "/h/is", NULL, {{"x-a", "no", "x-a", "yes"}, {0}}, 1},
        {"GET", "/h/is", NULL, {{"x-a", "yes, no"}, {0}}, LB_NONE},
        {"GET", "/h/like", NULL, {{"x-a", "v12"}, {0}}, 2},
        {"GET", "/h/like", NULL, {{"x-a", "v12x"}, {0}}, LB_NONE}, /* all of it */
        {"GET", "/h/like", NULL, {{"x-a", "x", "X-A", "v1"}, {0}}, 2},
        {"GET", "/q/is", NULL, {{0}, {"A", "1"}}, 3},
        {"GET", "/q/is", NULL, {{0}, {"A", "2"}}, LB_NONE},
        {"GET", "/q/like", NULL, {{0}, {"b", ""}}, 4},
        {"GET", "/q/like", NULL, {{0}, {"b", "xyx"}}, 4},
        {"GET", "/q/like", NULL, {{0}, {"b", "xz"}}, LB_NONE},
        {"GET", "/q/there", NULL, {{0}, {"c", "9"}}, 5},
        {"GET", "/q/there", NULL, {{0}, {"b", "9"}}, LB_NONE},
        {"GET", "/m", NULL, {{0}, {0}}, 6},
        {"get", "/m", NULL, {{0}, {0}}, LB_NONE}, /* methods have case */
        {"HEAD", "/m", NULL, {{0}, {0}}, LB_NONE},
    };
    RUN_FULL(match, rows);
}

Test(lb_routes, sources)
{
    static struct lb_prefix_in inner[2], outer[1], v6[1];
    inner[0] = (struct lb_prefix_in){ip("10.1.0.0"), 96 + 16};
    inner[1] = (struct lb_prefix_in){ip("192.0.2.7"), 128};
    outer[0] = (struct lb_prefix_in){ip("10.0.0.0"), 96 + 8};
    v6[0] = (struct lb_prefix_in){ip("2001:db8::"), 32};
    static const struct lb_match_in match[] = {
        {.path = "/", .nsource = 2, .source = inner},
        {.path = "/", .nsource = 1, .source = outer},
        {.path = "/", .nsource = 1, .source = v6},
    };
    static const struct full_row rows[] = {
        {"GET", "/", "10.1.2.3", {{0}, {0}}, 0},    {"GET", "/", "192.0.2.7", {{0}, {0}}, 0},
        {"GET", "/", "10.2.2.3", {{0}, {0}}, 1},    {"GET", "/", "192.0.2.8", {{0}, {0}}, LB_NONE},
        {"GET", "/", "2001:db8::1", {{0}, {0}}, 2}, {"GET", "/", "2001:db9::1", {{0}, {0}}, LB_NONE},
    };
    RUN_FULL(match, rows);
}

/* Every IPv6 client is no IPv4 client, though those are kept as IPv6 addresses. */
Test(lb_routes, every_ipv6_source)
{
    static struct lb_prefix_in all6[1];
    all6[0] = (struct lb_prefix_in){ip("::"), 0};
    static const struct lb_match_in match[] = {{.path = "/", .nsource = 1, .source = all6}};
    static const struct full_row rows[] = {
        {"GET", "/", "2001:db8::1", {{0}, {0}}, 0},
        {"GET", "/", "10.1.2.3", {{0}, {0}}, LB_NONE},
    };
    RUN_FULL(match, rows);
}

/* A host whose matches do not hold does not hide the wildcard's. */
Test(lb_routes, a_host_that_does_not_hold)
{
    static const struct lb_match_in post = {.path = "/", .method = "POST"}, any = {.path = "/"};
    static const char *const exact[] = {"a.example"}, *const wild[] = {"*.example"};
    const struct lb_route_in in[] = {{.nhost = 1, .host = exact, .nmatch = 1, .match = &post},
                                     {.nhost = 1, .host = wild, .nmatch = 1, .match = &any}};
    struct lb_routes *r = lb_routes_create(in, 2, 1);
    struct lb_route_scratch *s = lb_route_scratch_create(r);
    struct lb_route_request q = {
        .host = span_str("a.example"), .path = span_str("/"), .method = span_str("POST")};
    cr_assert_eq(lb_route(r, s, &q).route, 0);
    q.method = span_str("GET");
    cr_assert_eq(lb_route(r, s, &q).route, 1);
    lb_route_scratch_destroy(s);
    lb_routes_destroy(r);
}

/* Hundreds of expressions on one host, some of whose matches do not hold. */
Test(lb_routes, many_expressions)
{
    enum { N = 300 };
    static char path[N][40];
    static struct lb_match_in match[N];
    static const struct lb_condition_in never[] = {{"no", LB_IS, "1"}};
    static struct full_row rows[N];
    static char asked[N][40];
    for (uint32_t i = 0; i < N; i++) {
        bool hidden = i % 3 == 0;
        snprintf(path[i], sizeof path[i], "/e%03u/[a-z]+", i / 2 * 2); /* each twice, the same length */
        match[i] =
            (struct lb_match_in){.path = path[i], .kind = LB_PATH_REGEX, .nheader = hidden, .header = never};
        snprintf(asked[i], sizeof asked[i], "/e%03u/xyz", i);
        uint32_t first = i, second = i + 1;
        rows[i] = (struct full_row){.method = "GET", .path = asked[i]};
        rows[i].route = i % 2 ? LB_NONE : first % 3 ? first : second % 3 ? second : LB_NONE;
    }
    RUN_FULL(match, rows);
}

Test(lb_routes, an_expression_that_is_refused)
{
    static const struct lb_match_in bad = {.path = "/(", .kind = LB_PATH_REGEX};
    const struct lb_route_in in = {.nmatch = 1, .match = &bad};
    cr_assert_null(lb_routes_create(&in, 1, 1));
}

/* ---- why ---- */

struct told {
    unsigned n;
    struct lb_considered at[16];
};

static void note(void *ctx, const struct lb_considered *c)
{
    struct told *t = ctx;
    t->at[t->n++] = *c;
}

Test(lb_routes, each_tells_why)
{
    static const struct lb_condition_in h[] = {{"x-a", LB_PRESENT, NULL}, {"x-b", LB_IS, "2"}},
                                        p[] = {{"p", LB_IS, "1"}};
    static const struct lb_prefix_in lan[] = {{.bits = 104}};
    static const struct lb_match_in first[] = {{.path = "/a", .method = "POST", .rule = 0},
                                               {.path = "/a", .nheader = 2, .header = h, .rule = 1},
                                               {.path = "/a/b", .rule = 1},
                                               {.path = "/other", .rule = 1}},
                                    second[] = {{.path = "/a", .nquery = 1, .query = p, .rule = 2},
                                                {.path = "/", .nsource = 1, .source = lan, .rule = 2}},
                                    third[] = {{.path = "/", .rule = 3}};
    static const char *const exact[] = {"a.example"}, *const wild[] = {"*.example"};
    static const struct lb_route_in in[] = {{.nhost = 1, .host = exact, .nmatch = 4, .match = first},
                                            {.nhost = 1, .host = wild, .nmatch = 2, .match = second},
                                            {.nmatch = 1, .match = third}};
    static const struct lb_considered expected[] = {
        {{0, 1, 4}, 2, LB_HOST_EXACT, 2, LB_HOLDS, 0},
        {{0, 0, 2}, 0, LB_HOST_EXACT, 2, LB_OTHER_METHOD, 0},
        {{0, 1, 2}, 1, LB_HOST_EXACT, 2, LB_OTHER_HEADER, 1},
        {{1, 2, 2}, 0, LB_HOST_WILDCARD, 1, LB_OTHER_QUERY, 0},
        {{1, 2, 0}, 1, LB_HOST_WILDCARD, 1, LB_OTHER_SOURCE, 0},
        {{2, 3, 0}, 0, LB_HOST_ANY, 0, LB_HOLDS, 0},
    };
    static const struct head head = {.header = {"X-A", "1", "X-B", "3"}};
    struct lb_routes *r = lb_routes_create(in, 3, 1);
    struct lb_route_scratch *s = lb_route_scratch_create(r);
    struct lb_route_request q = {.host = span_str("A.example"),
                                 .path = span_str("/a/b"),
                                 .method = span_str("GET"),
                                 .source = ip("192.0.2.1"),
                                 .ask = &asker,
                                 .head = &head};
    struct told t = {0};
    lb_route_each(r, s, &q, note, &t);
    cr_assert_eq(t.n, COUNT(expected), "%u told", t.n);
    for (unsigned i = 0; i < t.n; i++) {
        const struct lb_considered *got = &t.at[i], *want = &expected[i];
        cr_expect(got->to.route == want->to.route && got->to.rule == want->to.rule && got->nth == want->nth,
                  "%u: match %u of route %u", i, got->nth, got->to.route);
        cr_expect(got->host == want->host && got->labels == want->labels, "%u: the host", i);
        cr_expect(got->verdict == want->verdict, "%u: verdict %d", i, (int)got->verdict);
        cr_expect(got->verdict == LB_HOLDS || got->which == want->which, "%u: condition %u", i, got->which);
    }
    lb_route_scratch_destroy(s);
    lb_routes_destroy(r);
}

Test(lb_routes, alpn)
{
    static const char *const h2[] = {"h2"}, *const web[] = {"h2", "http/1.1"};
    static const struct lb_condition_in p[] = {{"p", LB_IS, "1"}};
    static const struct lb_match_in match[] = {{.path = "/"},
                                               {.path = "/", .nalpn = 2, .alpn = web},
                                               {.path = "/", .nalpn = 1, .alpn = h2},
                                               {.path = "/", .nheader = 1, .header = p},
                                               {.path = "/x", .nalpn = 1, .alpn = h2}};
    static const struct lb_route_in in[] = {{.nmatch = 1, .match = &match[0]},
                                            {.nmatch = 1, .match = &match[1]},
                                            {.nmatch = 1, .match = &match[2]},
                                            {.nmatch = 1, .match = &match[3]},
                                            {.nmatch = 1, .match = &match[4]}};
    static const struct {
        const char *list;
        size_t n;
        uint32_t route;
    } rows[] = {
        {"", 0, 0},
        {"\x02h2", 3, 1}, /* the first of those with alpn */
        {"\x08http/1.1", 9, 1},
        {"\x03"
         "foo\x02h2",
         7, 1},
        {"\x02H2", 3, 0}, /* case counts */
        {"\x03h2c", 4, 0},
        {"\x01h\x01"
         "2",
         4, 0},
    };
    struct lb_routes *r = lb_routes_create(in, COUNT(in), 1);
    struct lb_route_scratch *s = lb_route_scratch_create(r);
    static const struct head head = {.header = {"p", "1"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_route_request q = {.host = span_str("h"),
                                     .path = span_str("/"),
                                     .alpn = span_of(rows[i].list, rows[i].n),
                                     .ask = &asker,
                                     .head = &(struct head){{0}, {0}}};
        cr_expect_eq(lb_route(r, s, &q).route, rows[i].route, "row %zu", i);
        q.head = &head; /* alpn comes before headers */
        cr_expect_eq(lb_route(r, s, &q).route, rows[i].route ? rows[i].route : 3, "row %zu", i);
    }
    lb_route_scratch_destroy(s);
    lb_routes_destroy(r);
}
