/* Routes: the precedence of HTTPRoute, as tables of rows, and many routes against a plain scan of them all.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lb-policy/lb.h"

/* ---- tables ---- */

/* A route of one host and one match, for every listener; its index is its place in the table. */
struct route_row {
    const char *host; /* NULL: any */
    const char *path;
    bool exact;
};

struct request_row {
    const char *host, *path;
    uint32_t route; /* expected */
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Rule numbers are route numbers plus 100, so that one is not taken for the other. */
static struct lb_routes *routes_of(const struct route_row *row, uint32_t n)
{
    struct lb_route_in *in = calloc(n, sizeof *in);
    struct lb_match_in *match = calloc(n, sizeof *match);
    cr_assert(in && match);
    for (uint32_t i = 0; i < n; i++) {
        match[i] = (struct lb_match_in){.path = row[i].path, .kind = row[i].exact, .rule = i + 100};
        in[i] = (struct lb_route_in){
            .nhost = row[i].host != NULL, .host = &row[i].host, .nmatch = 1, .match = &match[i]};
    }
    struct lb_routes *r = lb_routes_create(in, n, 1);
    cr_assert_not_null(r);
    free(match); /* the input may be freed */
    free(in);
    return r;
}

static struct lb_route_result ask(const struct lb_routes *r, uint32_t listener, const char *host,
                                  const char *path)
{
    struct lb_route_scratch *s = lb_route_scratch_create(r);
    struct lb_route_request q = {.listener = listener, .host = span_str(host), .path = span_str(path)};
    cr_assert_not_null(s);
    struct lb_route_result got = lb_route(r, s, &q);
    lb_route_scratch_destroy(s);
    return got;
}

static void expect(const struct lb_routes *r, const struct request_row *q)
{
    struct lb_route_result got = ask(r, 0, q->host, q->path);
    cr_assert_eq(got.route, q->route, "host '%s' path '%s': route %d, not %d", q->host, q->path,
                 (int)got.route, (int)q->route);
    cr_assert_eq(got.rule, q->route == LB_NONE ? LB_NONE : q->route + 100);
}

static void run_table(const struct route_row *routes, size_t nroute, const struct request_row *q, size_t n)
{
    struct lb_routes *r = routes_of(routes, (uint32_t)nroute);
    for (size_t i = 0; i < n; i++)
        expect(r, &q[i]);
    lb_routes_destroy(r);
}

#define RUN_TABLE(routes, requests) run_table(routes, COUNT(routes), requests, COUNT(requests))

Test(lb_routes, hosts)
{
    static const struct route_row routes[] = {
        {NULL, "/", false},              /* 0 */
        {"*.example.com", "/", false},   /* 1 */
        {"*.a.example.com", "/", false}, /* 2 */
        {"www.example.com", "/", false}, /* 3 */
        {"x.a.example.com", "/", false}, /* 4 */
        {"*.com", "/", false},           /* 5 */
        {"Mixed.Example.ORG", "/", false},
        {"192.0.2.7", "/", false},
        {"[2001:db8::1]", "/", false}, /* 8 */
        {"localhost", "/", false},
    };
    static const struct request_row requests[] = {
        {"www.example.com", "/", 3},
        {"w.example.com", "/", 1},
        {"b.c.example.com", "/", 1}, /* a wildcard is for any number of labels */
        {"y.a.example.com", "/", 2}, /* the longest wildcard */
        {"z.y.a.example.com", "/", 2},
        {"x.a.example.com", "/", 4},
        {"a.example.com", "/", 1}, /* *.a.example.com is not for a.example.com */
        {"example.com", "/", 5},
        {"com", "/", 0},
        {"sub.www.example.com", "/", 1},
        {"wwwexample.com", "/", 5},
        {"notexample.com", "/", 5},
        {"example.net", "/", 0},
        {"WWW.Example.COM", "/", 3}, /* without case */
        {"W.EXAMPLE.com", "/", 1},
        {"mixed.example.org", "/", 6},
        {"www.example.com.", "/", 3}, /* a trailing dot */
        {"w.example.com.", "/", 1},
        {"www.example.com..", "/", 0}, /* one only */
        {"192.0.2.7", "/", 7},
        {"192.0.2.70", "/", 0},
        {"[2001:DB8::1]", "/", 8},
        {"localhost", "/", 9},
        {"", "/", 0}, /* HTTP/1.0 without Host */
        {".", "/", 0},
        {"..", "/", 0},
    };
    RUN_TABLE(routes, requests);
}

Test(lb_routes, paths)
{
    static const struct route_row routes[] = {
        {NULL, "/", false},     /* 0 */
        {NULL, "/a", false},    /* 1 */
        {NULL, "/a/b", false},  /* 2 */
        {NULL, "/a/b", true},   /* 3 */
        {NULL, "/c/", false},   /* 4: as /c */
        {NULL, "/e", true},     /* 5 */
        {NULL, "/e/", true},    /* 6 */
        {NULL, "/", true},      /* 7 */
        {NULL, "/g/h/i", true}, /* 8 */
    };
    static const struct request_row requests[] = {
        {"h", "/", 7},      {"h", "//", 0},       {"h", "/a", 1},
        {"h", "/a/", 1},    {"h", "/ab", 0},  /* whole elements */
        {"h", "/a/x", 1},   {"h", "/a/b", 3}, /* exact before prefix */
        {"h", "/a/b/", 2},  {"h", "/a/b/c/d", 2}, {"h", "/a/bc", 1},
        {"h", "/a//b", 1},                  /* byte by byte: an empty element is an element */
        {"h", "//a", 0},    {"h", "/A", 0}, /* with case */
        {"h", "/c", 4},     {"h", "/c/", 4},      {"h", "/c/d", 4},
        {"h", "/cd", 0},    {"h", "/e", 5},       {"h", "/e/", 6},
        {"h", "/e/f", 0}, /* exact is not a prefix */
        {"h", "/g/h/i", 8}, {"h", "/g/h", 0},     {"h", "/g/h/i/j", 0},
        {"h", "*", 0}, /* OPTIONS * */
        {"h", "a/b", 0},    {"h", "", 0},
    };
    RUN_TABLE(routes, requests);
}

Test(lb_routes, nothing_matches)
{
    static const struct route_row routes[] = {
        {"only.example", "/a", false},
        {"*.wild.example", "/b", true},
    };
    static const struct request_row requests[] = {
        {"only.example", "/a/x", 0},
        {"only.example", "/", LB_NONE},
        {"only.example", "/ab", LB_NONE},
        {"only.example", "*", LB_NONE},
        {"x.only.example", "/a", LB_NONE},
        {"example", "/a", LB_NONE},
        {"", "/a", LB_NONE},
        {"x.wild.example", "/b", 1},
        {"x.wild.example", "/b/", LB_NONE},
        {"wild.example", "/b", LB_NONE},
    };
    RUN_TABLE(routes, requests);
}

/* Host comes before path, but a host without a matching path does not hide the less specific ones. */
Test(lb_routes, host_before_path)
{
    static const struct route_row routes[] = {
        {NULL, "/a/b/c", true},           /* 0 */
        {"*.example.com", "/a/b", false}, /* 1 */
        {"www.example.com", "/a", false}, /* 2 */
        {"*.example.com", "/x", false},   /* 3 */
        {NULL, "/", false},               /* 4 */
        {"*.b.example.com", "/q", false}, /* 5 */
    };
    static const struct request_row requests[] = {
        {"www.example.com", "/a/b/c", 2},   {"w.example.com", "/a/b/c", 1}, {"other.example", "/a/b/c", 0},
        {"www.example.com", "/x/1", 3},     {"www.example.com", "/y", 4},   {"w.example.com", "/y", 4},
        {"c.b.example.com", "/q", 5},       {"c.b.example.com", "/x", 3},   {"c.b.example.com", "/r", 4},
        {"d.c.b.example.com", "/a/b/c", 1}, {"b.example.com", "/q", 4},
    };
    RUN_TABLE(routes, requests);
}

Test(lb_routes, order_in_the_file_breaks_ties)
{
    static const struct route_row routes[] = {
        {"a.example", "/x", false},   /* 0 */
        {"A.EXAMPLE", "/x/", false},  /* 1: the same */
        {"*.example", "/y", true},    /* 2 */
        {"*.example", "/y", true},    /* 3: the same */
        {NULL, "/z", false},          /* 4 */
        {NULL, "/z", false},          /* 5: the same */
        {"a.example.", "/x", false},  /* 6: the same */
        {"a.example", "/x/1", false}, /* 7 */
    };
    static const struct request_row requests[] = {
        {"a.example", "/x", 0}, {"a.example", "/x/2", 0}, {"b.example", "/y", 2},
        {"a.example", "/y", 2}, {"c", "/z", 4},           {"a.example", "/x/1", 7},
    };
    RUN_TABLE(routes, requests);
}

/* ---- listeners, several hosts and matches in one route ---- */

Test(lb_routes, listeners)
{
    static const uint32_t second[] = {1}, first_third[] = {0, 2};
    static const char *const hosts[] = {"a.example", "*.b.example"};
    static const struct lb_match_in one[] = {{.path = "/one", .kind = LB_PATH_EXACT, .rule = 11},
                                             {.path = "/two", .rule = 12}};
    static const struct lb_match_in two[] = {{.path = "/", .rule = 13}};
    static const struct lb_match_in all[] = {{.path = "/all", .rule = 14}};
    const struct lb_route_in in[] = {
        {.nlistener = 1, .listener = second, .nhost = 2, .host = hosts, .nmatch = 2, .match = one},
        {.nlistener = 2, .listener = first_third, .nmatch = 1, .match = two},
        {.nmatch = 1, .match = all},
    };
    static const struct {
        uint32_t listener;
        const char *host, *path;
        uint32_t route, cluster;
    } rows[] = {
        {0, "a.example", "/one", 1, 13},
        {1, "a.example", "/one", 0, 11},
        {1, "a.example", "/two/x", 0, 12},
        {1, "x.b.example", "/one", 0, 11},
        {1, "x.b.example", "/two", 0, 12},
        {1, "b.example", "/two", LB_NONE, LB_NONE},
        {1, "a.example", "/three", LB_NONE, LB_NONE},
        {1, "c.example", "/all", 2, 14},
        {2, "c.example", "/all", 2, 14},
        {2, "c.example", "/", 1, 13},
        {3, "c.example", "/all", LB_NONE, LB_NONE}, /* there is no such listener */
        {LB_NONE, "c.example", "/all", LB_NONE, LB_NONE},
    };
    struct lb_routes *r = lb_routes_create(in, COUNT(in), 3);
    cr_assert_not_null(r);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_route_result got = ask(r, rows[i].listener, rows[i].host, rows[i].path);
        cr_assert(got.route == rows[i].route && got.rule == rows[i].cluster, "row %zu: route %d cluster %d",
                  i, (int)got.route, (int)got.rule);
    }
    lb_routes_destroy(r);
}

Test(lb_routes, no_routes)
{
    struct lb_routes *r = lb_routes_create(NULL, 0, 2);
    cr_assert_not_null(r);
    cr_assert_eq(ask(r, 1, "a", "/").route, LB_NONE);
    lb_routes_destroy(r);
    r = lb_routes_create(NULL, 0, 0);
    cr_assert_not_null(r);
    cr_assert_eq(ask(r, 0, "a", "/").route, LB_NONE);
    lb_routes_destroy(r);
    lb_routes_destroy(NULL);
}

/* ---- many routes, against the rules written as a plain scan ---- */

enum { MANY = 3000, ASKED = 20000, NAME = 80 };

static uint64_t next_random(uint64_t *s)
{
    uint64_t z = (*s += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 1 to `depth` labels out of `letters` ones: a host, or a path (whose label 0 is empty). */
static void make_name(char out[NAME], bool is_path, unsigned depth, unsigned letters, uint64_t *seed)
{
    unsigned n = 1 + (unsigned)(next_random(seed) % depth);
    size_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned v = (unsigned)(next_random(seed) % letters);
        if (is_path || i > 0)
            out[at++] = is_path ? '/' : '.';
        if (!is_path || v > 0)
            at += (size_t)snprintf(out + at, NAME - at, "x%u", v);
    }
    out[at] = '\0';
}

/* More for a closer host: exact, then the longest wildcard, then any (0); -1: not this host. */
static int host_rank(const char *pattern, const char *host)
{
    if (!pattern)
        return 0;
    if (pattern[0] != '*')
        return strcmp(pattern, host) == 0 ? 1000 : -1;
    size_t n = strlen(pattern + 1), h = strlen(host);
    return h > n && strcmp(host + h - n, pattern + 1) == 0 ? (int)n : -1;
}

/* More for a closer path; -1: not this path. */
static int path_rank(const struct route_row *row, const char *path)
{
    if (row->exact)
        return strcmp(row->path, path) == 0 ? 1000 : -1;
    size_t n = strlen(row->path);
    if (row->path[n - 1] == '/')
        n--;
    return strncmp(row->path, path, n) == 0 && (path[n] == '/' || path[n] == '\0') ? (int)n : -1;
}

static uint32_t scan(const struct route_row *row, uint32_t n, const char *host, const char *path)
{
    uint32_t best = LB_NONE;
    int best_rank = -1;
    for (uint32_t i = 0; i < n; i++) {
        int h = host_rank(row[i].host, host), p = path_rank(&row[i], path);
        if (h >= 0 && p >= 0 && h * 2000 + p > best_rank) {
            best_rank = h * 2000 + p;
            best = i;
        }
    }
    return best;
}

Test(lb_routes, many_routes_as_a_plain_scan)
{
    static char host[MANY][NAME], path[MANY][NAME];
    static struct route_row rows[MANY];
    static const unsigned letters[] = {3, 7, 40}; /* dense: many ties and prefixes; sparse: many misses */
    uint64_t seed = 5;
    for (unsigned round = 0; round < 3; round++) {
        uint32_t n = round == 0 ? 40 : MANY, found = 0;
        for (uint32_t i = 0; i < n; i++) {
            bool wild = next_random(&seed) % 3 == 0;
            memcpy(host[i], "*.", 2);
            make_name(host[i] + (wild ? 2 : 0), false, 3, letters[round], &seed);
            make_name(path[i], true, 4, letters[round], &seed);
            rows[i] = (struct route_row){.host = next_random(&seed) % 8 ? host[i] : NULL,
                                         .path = path[i],
                                         .exact = next_random(&seed) % 2};
        }
        struct lb_routes *r = routes_of(rows, n);
        for (unsigned i = 0; i < ASKED / (round + 1); i++) {
            char h[NAME], p[NAME];
            make_name(h, false, 4, letters[round], &seed);
            make_name(p, true, 5, letters[round], &seed);
            struct request_row q = {h, p, scan(rows, n, h, p)};
            expect(r, &q);
            found += q.route != LB_NONE;
        }
        cr_assert_gt(found, 100);
        lb_routes_destroy(r);
    }
}

/* ---- beside host and path ---- */

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
