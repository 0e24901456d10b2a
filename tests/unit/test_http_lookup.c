/* Fields, cookies and query parameters by name, in rows. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "agent/http/http.h"

struct row {
    const char *target, *fields, *name;
    const char *value; /* NULL: not there */
};

typedef bool (*finder)(const struct http_head *h, struct span name, struct span *value);

static void try_rows(const struct row *rows, size_t n, finder find)
{
    static struct http_head h;
    for (size_t i = 0; i < n; i++) {
        char text[512];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].target, rows[i].fields);
        cr_assert_gt(http_parse_request(span_str(text), 4096, &h), 0, "row %zu is no request", i);
        struct span value = span_of(NULL, 0);
        bool found = find(&h, span_str(rows[i].name), &value);
        cr_expect_eq(found, rows[i].value != NULL, "row %zu: found is %d", i, found);
        if (found && rows[i].value)
            cr_expect(span_eq(value, span_str(rows[i].value)), "row %zu: \"%.*s\"", i, (int)value.n,
                      (const char *)value.p);
    }
}

static bool find_first(const struct http_head *h, struct span name, struct span *value)
{
    return http_find_field(h, name, 0, value);
}

static bool find_second(const struct http_head *h, struct span name, struct span *value)
{
    return http_find_field(h, name, 1, value);
}

#define TRY(rows, find) try_rows(rows, sizeof(rows) / sizeof(rows)[0], find)

Test(http_lookup, fields)
{
    static const struct row rows[] = {
        {"/", "X-A: 1\r\n", "x-a", "1"}, {"/", "X-A: 1\r\nx-a: 2\r\n", "X-A", "1"},
        {"/", "X-A:\r\n", "x-a", ""},    {"/", "X-AB: 1\r\n", "x-a", NULL},
        {"/", "", "host", "a"},
    };
    static const struct row seconds[] = {
        {"/", "X-A: 1\r\nx-a: 2\r\nX-A: 3\r\n", "X-A", "2"},
        {"/", "X-A: 1\r\nX-B: 2\r\n", "x-a", NULL},
    };
    TRY(rows, find_first);
    TRY(seconds, find_second);
}

Test(http_lookup, query_parameters)
{
    static const struct row rows[] = {
        {"/p?a=1", "", "a", "1"},
        {"/p?b=2&a=1&a=3", "", "a", "1"},
        {"/p?a", "", "a", ""},
        {"/p?a=", "", "a", ""},
        {"/p?a=b=c", "", "a", "b=c"},
        {"/p?ab=1", "", "a", NULL},
        {"/p?A=1", "", "a", NULL},
        {"/p?", "", "a", NULL},
        {"/p", "", "a", NULL},
        {"/a=1", "", "a", NULL},
        {"/p?&&a=%31&", "", "a", "%31"},
        {"/p?x?a=1", "", "a", NULL}, /* the first question mark begins the query */
        {"http://h?a=7", "", "a", "7"},
        {"http://h/p?a=7", "", "a", "7"},
    };
    TRY(rows, http_find_query);
}

Test(http_lookup, cookies)
{
    static const struct row rows[] = {
        {"/", "Cookie: a=1\r\n", "a", "1"},
        {"/", "cookie: b=2; a=1; a=3\r\n", "a", "1"},
        {"/", "Cookie: b=2\r\nCookie: a=1\r\n", "a", "1"},
        {"/", "Cookie: a=\r\n", "a", ""},
        {"/", "Cookie: a\r\n", "a", NULL},
        {"/", "Cookie: a=\"1\" ;b\r\n", "a", "\"1\""},
        {"/", "Cookie: ab=1;A=2\r\n", "a", NULL},
        {"/", "Cookie: x=a=1; \ta=b=c\t\r\n", "a", "b=c"},
        {"/", "Cookie:\r\n", "a", NULL},
        {"/", "Cookie2: a=1\r\n", "a", NULL},
        {"/", "", "a", NULL},
    };
    TRY(rows, http_find_cookie);
}
