#include <criterion/criterion.h>

#include "tests/unit/edit_rig.h"
#include "tests/unit/guarded.h"

#define LIMIT 65536

static uint8_t out[LIMIT];

static struct http_head request(const char *text)
{
    struct http_head h;
    cr_assert_eq(http_parse_request(guarded(text, strlen(text)), LIMIT, &h), (int)strlen(text), "%s", text);
    return h;
}

static struct http_head response(const char *text)
{
    struct http_head h;
    cr_assert_eq(http_parse_response(guarded(text, strlen(text)), LIMIT, HTTP_GET, false, &h),
                 (int)strlen(text), "%s", text);
    return h;
}

static void check(int n, const char *want)
{
    cr_expect(n == (int)strlen(want) && memcmp(out, want, (size_t)n) == 0, "wrote:\n%.*s\nnot:\n%s",
              n < 0 ? 0 : n, out, want);
}

/* ---- the lines that edits put in ---- */

static void check_lines(const struct http_edits *all, const char *want)
{
    int n = http_write_lines(all, &rig_values, out, sizeof out);
    check(n, want);
    if (n > 0)
        cr_expect_eq(http_write_lines(all, &rig_values, out, (uint32_t)n - 1), -1);
}

Test(http_edits, set_then_add)
{
    static struct rig_edit a;
    struct http_edits all = {0};
    rig_add(&a, "x-a", "1");
    rig_set(&a, "x-b", "%{host} and 100%%");
    rig_add(&a, "x-b", "");
    http_edits_add(&all, &a.edit);
    check_lines(&all, "x-b: <host> and 100%\r\nx-a: 1\r\nx-b: \r\n");
    cr_expect(http_edits_name(&all, span_str("X-B")));
    cr_expect_not(http_edits_name(&all, span_str("x-a")), "an added field leaves others of its name");
}

Test(http_edits, later_ones_see_earlier_ones)
{
    static struct rig_edit a, b, c, none;
    struct http_edits all = {0};
    rig_set(&a, "x-a", "a");
    rig_add(&a, "x-b", "a");
    rig_add(&a, "x-c", "a");
    rig_remove(&b, "X-B");
    rig_add(&b, "x-b", "b");
    rig_set(&c, "X-C", "c");
    rig_remove(&c, "x-gone");
    http_edits_add(&all, &a.edit);
    http_edits_add(&all, &none.edit);
    http_edits_add(&all, &b.edit);
    http_edits_add(&all, &c.edit);
    cr_expect_eq(all.n, 3);
    check_lines(&all, "x-a: a\r\nx-b: b\r\nX-C: c\r\n");
    cr_expect(http_edits_name(&all, span_str("x-gone")));
}

Test(http_edits, removing_and_setting_in_one_edit_sets)
{
    static struct rig_edit a;
    struct http_edits all = {0};
    rig_remove(&a, "x-a");
    rig_set(&a, "x-a", "new");
    http_edits_add(&all, &a.edit);
    check_lines(&all, "x-a: new\r\n");
}

/* ---- in heads ---- */

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

Test(http_edits, fields_that_edits_name_are_left_out)
{
    static struct rig_edit a;
    struct http_edits all = {0};
    rig_remove(&a, "accept");
    rig_set(&a, "X-Forwarded-Proto", "https");
    http_edits_add(&all, &a.edit);
    struct http_request_edit e = {.edits = &all, .lines = span_str("x: y\r\n")};
    struct http_head h =
        request(GET "Accept: 1\r\nB: 2\r\naccept: 3\r\nx-forwarded-proto: 4\r\nAccept-Language: 5\r\n\r\n");
    check(http_write_request(&h, &e, out, sizeof out), GET "B: 2\r\nAccept-Language: 5\r\nx: y\r\n\r\n");
    struct http_response_edit r = {.edits = &all, .lines = span_str("x: y\r\n"), .client_close = true};
    h = response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nACCEPT: x\r\n\r\n");
    check(http_write_response(&h, &r, out, sizeof out),
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\nx: y\r\n\r\n");
}

Test(http_edits, lists_are_appended_to_or_begun_anew)
{
    struct http_request_edit e = {.xff = span_str("9.9.9.9"), .forwarded = span_str("for=9.9.9.9")};
    struct http_head h = request(GET "X-Forwarded-For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\nA: b\r\n\r\n");
    check(http_write_request(&h, &e, out, sizeof out),
          GET "X-Forwarded-For: 1.1.1.1, 9.9.9.9\r\nForwarded: for=1.1.1.1, for=9.9.9.9\r\nA: b\r\n\r\n");
    e.drop = HTTP_BIT(HTTP_F_X_FORWARDED_FOR) | HTTP_BIT(HTTP_F_FORWARDED);
    check(http_write_request(&h, &e, out, sizeof out),
          GET "A: b\r\nX-Forwarded-For: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n\r\n");
}

Test(http_edits, host_and_path)
{
    static const struct {
        const char *in, *host, *path, *want;
        size_t prefix;
    } rows[] = {
        {"GET /a/b?c HTTP/1.1\r\nX: y\r\nHost: old:8080\r\n\r\n", "new", NULL,
         "GET /a/b?c HTTP/1.1\r\nHost: new\r\nX: y\r\n\r\n", 0},
        {"GET /a/b?c HTTP/1.1\r\nX: y\r\nHost: old\r\n\r\n", NULL, "/x",
         "GET /x/b?c HTTP/1.1\r\nX: y\r\nHost: old\r\n\r\n", 2},
        {"GET /a/b HTTP/1.7\r\nHost: old\r\n\r\n", NULL, "", "GET /b HTTP/1.1\r\nHost: old\r\n\r\n", 2},
        {"GET /a HTTP/1.0\r\n\r\n", "new", "", "GET / HTTP/1.0\r\nHost: new\r\n\r\n", 2},
        {"PUT http://old/a/?q=/a HTTP/1.1\r\nHost: older\r\n\r\n", "new", "/x/",
         "PUT /x/?q=/a HTTP/1.1\r\nHost: new\r\n\r\n", 2},
        {"OPTIONS * HTTP/1.1\r\nHost: old\r\n\r\n", "new", "/x", "OPTIONS * HTTP/1.1\r\nHost: new\r\n\r\n",
         0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_head h = request(rows[i].in);
        struct http_request_edit e = {.host = span_str(rows[i].host ? rows[i].host : "")};
        if (rows[i].path)
            e.path = (struct http_path_edit){HTTP_PATH_PREFIX, span_str(rows[i].path), rows[i].prefix};
        check(http_write_request(&h, &e, out, (uint32_t)http_request_room(&h, &e)), rows[i].want);
    }
}

/* HTTPRoute's full path, the query kept. */
Test(http_edits, whole_path)
{
    struct http_head h = request("GET /a/b?c=/d HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_request_edit e = {.path = {.how = HTTP_PATH_FULL, .with = span_str("/")}};
    check(http_write_request(&h, &e, out, sizeof out), "GET /?c=/d HTTP/1.1\r\nHost: a\r\n\r\n");
}

/* ---- cookies ---- */

Test(http_edits, a_cookie_is_left_out)
{
    static const char *const rows[][2] = {
        {"a=1; me=x; b=2", "a=1; b=2"},
        {"me=x; a=1", "a=1"},
        {"a=1; me=x", "a=1"},
        {"me=x", NULL},
        {"me=x; me=y;me=z", NULL},
        {"me=x; me=y; a=1; me=z", "a=1"},
        {"a=1;me=x;b=2;me=y;c=3", "a=1;b=2;c=3"},
        {"me=x;a=1", "a=1"},
        {"me=", NULL},
        {"me", "me"},
        {"a=me=x; meme=1; Me=2", "a=me=x; meme=1; Me=2"},
        {"a=1 ; me=x ; b=2", "a=1 ; b=2"},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char in[256], want[256];
        snprintf(in, sizeof in, GET "Cookie: %s\r\nX: y\r\n\r\n", rows[i][0]);
        if (rows[i][1])
            snprintf(want, sizeof want, GET "Cookie: %s\r\nX: y\r\n\r\n", rows[i][1]);
        else
            snprintf(want, sizeof want, GET "X: y\r\n\r\n");
        struct http_head h = request(in);
        struct http_request_edit e = {.cookie = span_str("me")};
        check(http_write_request(&h, &e, out, (uint32_t)http_request_room(&h, &e)), want);
    }
}

Test(http_edits, an_endpoint_cannot_set_it)
{
    struct http_head h = response("HTTP/1.1 200 OK\r\nSet-Cookie: me=1; Path=/\r\nset-cookie: mee=1\r\n"
                                  "Set-Cookie:  me = 1\r\nContent-Length: 0\r\n\r\n");
    struct http_response_edit e = {.cookie = span_str("me"), .lines = span_str("Set-Cookie: me=2\r\n")};
    check(http_write_response(&h, &e, out, sizeof out),
          "HTTP/1.1 200 OK\r\nset-cookie: mee=1\r\nSet-Cookie:  me = 1\r\nContent-Length: 0\r\n"
          "Set-Cookie: me=2\r\n\r\n");
}
