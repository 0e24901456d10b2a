/* Routes by host and path: the precedence of HTTPRoute, as tables of rows, and many routes against a plain
 * scan of them all. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lb-policy/lb.h"
#include "tests/unit/rnd.h"

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
    const struct lb_route_result *only = lb_route_only(r, listener);
    struct lb_route_result got = lb_route(r, s, &q);
    cr_assert(!only || (only->route == got.route && only->rule == got.rule && only->prefix == got.prefix));
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

/* Of a listener with nothing but one match that is known; with anything beside it, it is not. */
static void expect_beside_all(const char *host, const struct lb_match_in *beside)
{
    static const struct lb_match_in all[] = {{.path = "/", .rule = 100}};
    const struct lb_route_in in[] = {{.nmatch = 1, .match = all},
                                     {.nhost = host != NULL, .host = &host, .nmatch = 1, .match = beside}};
    struct lb_routes *alone = lb_routes_create(in, 1, 1), *both = lb_routes_create(in, 2, 1);
    cr_assert(alone && both);
    cr_expect(lb_route_only(alone, 0) && !lb_route_only(alone, 1) && !lb_route_only(both, 0));
    static const char *const hosts[] = {"a.example", "x.a.example", "b", "example", ""};
    static const char *const paths[] = {"/", "/a", "/a/b", "/b", "*"};
    for (size_t h = 0; h < COUNT(hosts); h++)
        for (size_t p = 0; p < COUNT(paths); p++)
            cr_expect_eq(ask(alone, 0, hosts[h], paths[p]).route, 0, "%s %s", hosts[h], paths[p]);
    cr_expect_eq(ask(alone, 1, "b", "/").route, LB_NONE, "there is no such listener");
    cr_expect_eq(ask(both, 0, host ? host : "b", "/a").route, 1, "%s %s", host ? host : "any", beside->path);
    cr_expect_eq(ask(both, 0, "c.b", "/b").route, 0);
    lb_routes_destroy(alone);
    lb_routes_destroy(both);
}

Test(lb_routes, one_match_takes_all)
{
    static const struct lb_match_in root[] = {{.path = "/", .rule = 101}},
                                    prefix[] = {{.path = "/a", .rule = 101}},
                                    exact[] = {{.path = "/a", .kind = LB_PATH_EXACT, .rule = 101}},
                                    regex[] = {{.path = "/[ac]", .kind = LB_PATH_REGEX, .rule = 101}},
                                    method[] = {{.path = "/", .method = "GET", .rule = 101}};
    expect_beside_all("a.example", root);
    expect_beside_all(NULL, prefix);
    expect_beside_all(NULL, exact);
    expect_beside_all(NULL, regex);
    struct lb_route_in first[] = {{.nmatch = 1, .match = method}, {.nmatch = 1, .match = root}};
    struct lb_routes *r = lb_routes_create(first, 2, 1);
    cr_assert_not_null(r);
    cr_expect_eq(ask(r, 0, "b", "/").route, 1,
                 "the first match asks for a method, and this request has none");
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

/* 1 to `depth` labels out of `letters` ones: a host, or a path (whose label 0 is empty). */
static void make_name(char out[NAME], bool is_path, unsigned depth, unsigned letters, uint64_t *seed)
{
    unsigned n = 1 + (unsigned)(rnd_below(seed, depth));
    size_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned v = (unsigned)(rnd_below(seed, letters));
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
            bool wild = rnd_below(&seed, 3) == 0;
            memcpy(host[i], "*.", 2);
            make_name(host[i] + (wild ? 2 : 0), false, 3, letters[round], &seed);
            make_name(path[i], true, 4, letters[round], &seed);
            rows[i] = (struct route_row){
                .host = rnd_below(&seed, 8) ? host[i] : NULL, .path = path[i], .exact = rnd_below(&seed, 2)};
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
