#include <criterion/criterion.h>
#include <stdio.h>

#include "agent/http/http.h"
#include "tests/unit/guarded.h"

/* 10.0.0.0/8 and fd00::/16 are proxies. */
static bool trusted(const void *ctx, const struct ip_addr *a)
{
    (void)ctx;
    return ip_is_v4(a) ? a->b[12] == 10 : a->b[0] == 0xfd && a->b[1] == 0;
}

/* "address port", or "none". */
static const char *client(enum http_field_id list, const char *lines)
{
    static char out[80];
    char text[2048], ip[IP_STRLEN];
    struct http_head h;
    struct ip_port at;
    int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", lines);
    cr_assert_eq(http_parse_request(guarded(text, (size_t)n), 65536, &h), n, "%s", text);
    if (!http_forwarded_for(&h, list, trusted, NULL, &at))
        return "none";
    snprintf(out, sizeof out, "%s %u", ip_str(&at.addr, ip), at.port);
    return out;
}

static void expect(enum http_field_id list, const char *name, const char *const rows[][2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char line[1024];
        snprintf(line, sizeof line, "%s: %s", name, rows[i][0]);
        cr_expect_str_eq(client(list, line), rows[i][1], "%s", line);
    }
}

Test(http_forwarded, x_forwarded_for)
{
    static const char *const rows[][2] = {
        {"192.0.2.1", "192.0.2.1 0"},
        {"192.0.2.1, 10.1.1.1", "192.0.2.1 0"},
        {"8.8.8.8, 192.0.2.1, 10.1.1.1,10.1.1.2", "192.0.2.1 0"}, /* 8.8.8.8 is the client's own word */
        {"10.1.1.1, 10.1.1.2", "10.1.1.1 0"},                     /* all trusted: the left-most */
        {"10.1.1.1, 192.0.2.1", "192.0.2.1 0"},
        {"192.0.2.1:4711", "192.0.2.1 4711"},
        {"2001:db8::1", "2001:db8::1 0"},
        {"[2001:db8::1]", "2001:db8::1 0"},
        {"[2001:db8::1]:80, fd00::2", "2001:db8::1 80"},
        {" , ,192.0.2.1,, ", "192.0.2.1 0"},
        /* what is left of a malformed one is not believed */
        {"192.0.2.1, unknown, 10.1.1.1", "10.1.1.1 0"},
        {"192.0.2.1, x", "none"},
        {"192.0.2.1, 10.1.1.1, 1.2.3", "none"},
        {"unknown", "none"},
        {"", "none"},
        {"192.0.2.1:", "none"},
        {"192.0.2.1:65536", "none"},
        {"192.0.2.1:123456", "none"},
        {"192.0.2.1:8x", "none"},
        {"[192.0.2.1]", "none"},
        {"[2001:db8::1", "none"},
        {"[2001:db8::1]x", "none"},
        {"[]", "none"},
        {"192.0.2.1 10.1.1.1", "none"},
        {"192.0.2.01", "none"},
        {"11111111111111111111111111111111111111111111111111111111", "none"},
    };
    expect(HTTP_F_X_FORWARDED_FOR, "X-Forwarded-For", rows, sizeof rows / sizeof *rows);
}

Test(http_forwarded, forwarded)
{
    static const char *const rows[][2] = {
        {"for=192.0.2.1", "192.0.2.1 0"},
        {"For=192.0.2.1;proto=http;by=10.0.0.1", "192.0.2.1 0"},
        {"proto=http; for=192.0.2.1", "192.0.2.1 0"},
        {"for=\"192.0.2.1:80\"", "192.0.2.1 80"},
        {"for=\"[2001:db8::1]:4711\", for=10.1.1.1", "2001:db8::1 4711"},
        {"for=8.8.8.8, for=192.0.2.1, for=10.1.1.1", "192.0.2.1 0"},
        {"host=\"a,for=8.8.8.8\";for=192.0.2.1", "192.0.2.1 0"}, /* a comma within quotes parts nothing */
        {"host=\"\\\",for=8.8.8.8;\\\"\";for=192.0.2.1", "192.0.2.1 0"},
        {"for=192.0.2.1, for=unknown", "none"},
        {"for=192.0.2.1, for=_hidden, for=10.1.1.1", "10.1.1.1 0"},
        {"for=192.0.2.1, proto=http", "none"},
        {"for=192.0.2.1;for=192.0.2.2", "none"},
        {"for=\"192.0.2.1", "none"},
        {"for=192.0.2.1\"", "none"},
        {"for=\"\\192.0.2.1\"", "none"},
        {"for=", "none"},
        {"for", "none"},
        {"fort=192.0.2.1", "none"},
        {"for=192.0.2.1;host=\"", "none"},
        {"for=192.0.2.1;host=\"\\", "none"},
    };
    expect(HTTP_F_FORWARDED, "Forwarded", rows, sizeof rows / sizeof *rows);
}

Test(http_forwarded, several_fields_are_one_list)
{
    cr_expect_str_eq(client(HTTP_F_X_FORWARDED_FOR,
                            "X-Forwarded-For: 8.8.8.8, 192.0.2.1\r\nForwarded: for=1.1.1.1\r\n"
                            "x-forwarded-for: 10.1.1.1"),
                     "192.0.2.1 0");
    cr_expect_str_eq(
        client(HTTP_F_FORWARDED, "Forwarded: for=192.0.2.1\r\nForwarded: for=\"\r\nForwarded: for=10.1.1.1"),
        "10.1.1.1 0", "a quote ends with its field");
}

Test(http_forwarded, single_fields)
{
    static const char text[] =
        "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: 1\r\ntraceparent: 2\r\nTraceParent: 3\r\n\r\n";
    struct http_head h;
    struct span v;
    cr_assert_gt(http_parse_request(guarded(text, sizeof text - 1), 65536, &h), 0);
    cr_expect(http_find_single(&h, HTTP_F_X_REQUEST_ID, &v) && span_eq(v, span_str("1")));
    cr_expect_not(http_find_single(&h, HTTP_F_TRACEPARENT, &v));
    cr_expect_not(http_find_single(&h, HTTP_F_TRACESTATE, &v));
}

Test(http_forwarded, traceparents)
{
    static const struct {
        const char *value;
        bool good;
    } rows[] = {
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true},
        {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff", true},
        {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-brings", true},
        {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.x", false},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", false},
        {"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
        {"00-00000000000000000000000000000000-b7ad6b7169203331-01", false},
        {"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false},
        {"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false},
        {"00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01", false},
        {"0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(http_traceparent_good(guarded(rows[i].value, strlen(rows[i].value))), rows[i].good, "%s",
                     rows[i].value);
}

Test(http_forwarded, request_ids)
{
    char longest[HTTP_REQUEST_ID_MAX + 2];
    memset(longest, 'a', sizeof longest);
    cr_expect(http_request_id_good(guarded(longest, HTTP_REQUEST_ID_MAX)));
    cr_expect_not(http_request_id_good(guarded(longest, HTTP_REQUEST_ID_MAX + 1)));
    cr_expect(http_request_id_good(span_str("aZ0-_.:=+/@~")));
    static const char *const bad[] = {"", "a b", "a,b", "a\"b", "a\tb", "\xc3\xa9", "a;b", "[", "{", "`"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(http_request_id_good(span_str(bad[i])), "%s", bad[i]);
}
