#include <criterion/criterion.h>

#include "tests/fuzz/http_property.h"
#include "tests/unit/guarded.h"

#define LIMIT 65536

static uint8_t out[LIMIT + HTTP_EDIT_ROOM];

static struct http_head request(const char *text)
{
    struct http_head h;
    cr_assert_eq(http_parse_request(guarded(text, strlen(text)), LIMIT, &h), (int)strlen(text), "%s", text);
    return h;
}

static struct http_head response(const char *text, bool asked_upgrade)
{
    struct http_head h;
    int r = http_parse_response(guarded(text, strlen(text)), LIMIT, HTTP_GET, asked_upgrade, &h);
    cr_assert_eq(r, (int)strlen(text), "%s", text);
    return h;
}

static void check(int n, const char *want)
{
    cr_expect(n == (int)strlen(want) && memcmp(out, want, (size_t)n) == 0, "wrote:\n%.*s\nnot:\n%s",
              n < 0 ? 0 : n, out, want);
}

struct request_row {
    const char *in, *want;
    const char *client; /* NULL: no X-Forwarded fields */
    bool keep_upgrade;
};

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define XFP "X-Forwarded-Proto: http\r\n"

static const struct request_row requests[] = {
    /* nothing to do */
    {GET "A:b\r\nC: \t d \r\n\r\n", GET "A:b\r\nC: \t d \r\n\r\n", NULL, false},
    {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", NULL, false},
    {"\r\n\r\n" GET "\r\n", GET "\r\n", NULL, false},
    /* hop-by-hop fields at the beginning, in the middle, at the end */
    {"GET / HTTP/1.1\r\nConnection: close, X-A\r\nHost: a\r\nTE: trailers\r\nX-B: 1\r\nx-a: 2\r\n\r\n",
     "GET / HTTP/1.1\r\nHost: a\r\nX-B: 1\r\n\r\n", NULL, false},
    {GET "Keep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: y\r\nTrailer: z\r\n\r\n",
     GET "Trailer: z\r\n\r\n", NULL, false},
    {GET "Connection: keep-alive\r\n\r\n", GET "\r\n", NULL, false},
    {GET "Connection:\r\nConnection: x  \r\n\r\n", GET "\r\n", NULL, false},
    /* framing passes */
    {GET "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
     GET "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", NULL, false},
    {GET "transfer-encoding:CHUNKED\r\n\r\n", GET "transfer-encoding:CHUNKED\r\n\r\n", NULL, false},
    /* version */
    {"GET / HTTP/1.7\r\nHost: a\r\n\r\n", GET "\r\n", NULL, false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     NULL, false},
    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", NULL, false},
    /* absolute-form */
    {"GET http://b:80/c?d HTTP/1.1\r\nA: b\r\nHost: a\r\n\r\n",
     "GET /c?d HTTP/1.1\r\nHost: b:80\r\nA: b\r\n\r\n", NULL, false},
    {"GET HTTP://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: b\r\n\r\n", NULL, false},
    {"GET https://b?c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?c HTTP/1.1\r\nHost: b\r\n\r\n", NULL, false},
    {"GET http://b/ HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nHost: b\r\n\r\n", NULL, false},
    {"OPTIONS http://b HTTP/1.1\r\nHost: b\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n", NULL, false},
    {"OPTIONS http://b/ HTTP/1.2\r\nHost: b\r\n\r\n", "OPTIONS / HTTP/1.1\r\nHost: b\r\n\r\n", NULL, false},
    {"GET /http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", NULL, false},
    /* forwarding fields */
    {GET "\r\n", GET "X-Forwarded-For: 192.0.2.1\r\n" XFP "\r\n", "192.0.2.1", false},
    {GET "\r\n", GET "X-Forwarded-For: 0.9.10.255\r\n" XFP "\r\n", "0.9.10.255", false},
    {GET "\r\n", GET "X-Forwarded-For: 99.100.200.109\r\n" XFP "\r\n", "99.100.200.109", false},
    {GET "\r\n", GET "X-Forwarded-For: 2001:db8::1\r\n" XFP "\r\n", "2001:db8::1", false},
    {GET "x-forwarded-for: 1.1.1.1 \r\nA: b\r\n\r\n",
     GET "x-forwarded-for: 1.1.1.1, 192.0.2.1\r\nA: b\r\n" XFP "\r\n", "192.0.2.1", false},
    {GET "X-Forwarded-For: 1.1.1.1\r\nA: b\r\nX-Forwarded-For:2.2.2.2\r\n\r\n",
     GET "X-Forwarded-For: 1.1.1.1\r\nA: b\r\nX-Forwarded-For:2.2.2.2, 192.0.2.1\r\n" XFP "\r\n", "192.0.2.1",
     false},
    {GET "X-Forwarded-For:\r\n\r\n", GET "X-Forwarded-For: 192.0.2.1\r\n" XFP "\r\n", "192.0.2.1", false},
    {GET "X-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\nX-Forwarded-Proto: x\r\n\r\n",
     GET "X-Forwarded-Host: h\r\nX-Forwarded-For: 192.0.2.1\r\n" XFP "\r\n", "192.0.2.1", false},
    {GET "X-Forwarded-For: x\r\nX-Forwarded-Proto: https\r\n\r\n",
     GET "X-Forwarded-For: x\r\nX-Forwarded-Proto: https\r\n\r\n", NULL, false},
    /* upgrade */
    {GET "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
     GET "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\nConnection: upgrade\r\n\r\n", NULL, true},
    {GET "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n", GET "\r\n", NULL, false},
    {GET "Upgrade: websocket\r\n\r\n", GET "\r\n", NULL, true},
    {GET "Upgrade: h2c\r\nHTTP2-Settings: x\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
     GET "Upgrade: h2c\r\nHTTP2-Settings: x\r\nConnection: upgrade, HTTP2-Settings\r\n\r\n", NULL, true},
    {GET "Upgrade: h2c\r\nHTTP2-Settings: x\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n", GET "\r\n", NULL,
     false},
};

static struct http_request_edit edit_of(const struct request_row *row)
{
    struct http_request_edit e = {.keep_upgrade = row->keep_upgrade};
    if (row->client) {
        e.xff = span_str(row->client);
        e.drop = HTTP_BIT(HTTP_F_X_FORWARDED_PROTO);
        e.lines = span_str(XFP);
    }
    return e;
}

Test(http_edit, requests)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct http_head h = request(requests[i].in);
        struct http_request_edit e = edit_of(&requests[i]);
        check(http_write_request(&h, &e, out, (uint32_t)http_request_room(&h, &e)), requests[i].want);
    }
}

Test(http_edit, written_requests_mean_the_same)
{
    static const struct http_side side = {.request = true};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct http_head h = request(requests[i].in);
        http_all_edits_agree(&side, &h);
    }
}

/* A second lacon behind the first changes nothing more: what was to be removed is gone. */
Test(http_edit, requests_are_edited_once)
{
    struct http_request_edit e = {0};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        static uint8_t again[4096];
        struct http_head h = request(requests[i].in), second;
        int n = http_write_request(&h, &e, out, sizeof out);
        cr_assert_eq(http_parse_request(span_of(out, (size_t)n), LIMIT, &second), n);
        cr_assert_eq(http_write_request(&second, &e, again, sizeof again), n);
        cr_assert_eq(memcmp(out, again, (size_t)n), 0, "%s", requests[i].in);
    }
}

/* Everything that can be added, to the shortest head it can be added to. */
Test(http_edit, room_suffices)
{
    static const char *const heads[] = {
        "X http://a HTTP/1.0\r\nConnection:keep-alive\r\n\r\n",
        "X http://a HTTP/1.1\r\nHost:a\r\nUpgrade:b\r\nHTTP2-Settings:\r\nConnection:upgrade\r\n\r\n",
    };
    struct http_request_edit e = {.xff = span_str("1111:2222:3333:4444:5555:6666:7777:8888"),
                                  .forwarded = span_str("for=192.0.2.1"),
                                  .lines = span_str(XFP),
                                  .path = {.how = HTTP_PATH_FULL, .with = span_str("/longer")},
                                  .host = span_str("longer.example"),
                                  .keep_upgrade = true};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct http_head h = request(heads[i]);
        cr_expect_gt(http_write_request(&h, &e, out, (uint32_t)http_request_room(&h, &e)), 0, "%s", heads[i]);
    }
}

struct response_row {
    const char *in, *want;
    struct http_response_edit edit;
    bool asked_upgrade;
};

#define OK "HTTP/1.1 200 OK\r\n"

static const struct response_row responses[] = {
    {OK "Content-Length: 5\r\n\r\n", OK "Content-Length: 5\r\n\r\n", {0}, false},
    {OK "\r\n", OK "Connection: close\r\n\r\n", {.client_close = true}, false},
    {OK "\r\n", OK "Connection: keep-alive\r\n\r\n", {.client_keep_10 = true}, false},
    {OK
     "Connection: close, X-A\r\nKeep-Alive: 5\r\nX-A: 1\r\nContent-Length: 5\r\nProxy-Connection: x\r\n\r\n",
     OK "Content-Length: 5\r\n\r\n",
     {0},
     false},
    {OK "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n",
     OK "Transfer-Encoding: chunked\r\nTrailer: x\r\n\r\n",
     {0},
     false},
    {"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
     {0},
     false},
    /* our own version, and the space that belongs behind the status */
    {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", OK "Content-Length: 5\r\n\r\n", {0}, false},
    {"HTTP/1.1 200\r\nA: b\r\n\r\n", "HTTP/1.1 200 \r\nA: b\r\n\r\n", {0}, false},
    {"HTTP/1.0 200\r\n\r\n", "HTTP/1.1 200 \r\nConnection: close\r\n\r\n", {.client_close = true}, false},
    {"HTTP/1.9 200 \r\n\r\n", "HTTP/1.1 200 \r\n\r\n", {0}, false},
    /* 1xx says nothing about the end of the connection */
    {"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n",
     "HTTP/1.1 100 Continue\r\n\r\n",
     {.client_close = true},
     false},
    {"HTTP/1.1 103 x\r\nLink: y\r\n\r\n",
     "HTTP/1.1 103 x\r\nLink: y\r\n\r\n",
     {.client_keep_10 = true},
     false},
    /* upgrade */
    {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nKeep-Alive: 1\r\n\r\n",
     "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
     {.client_close = true},
     true},
    {"HTTP/1.1 426 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 426 x\r\nUpgrade: h2c\r\nContent-Length: 0\r\nConnection: upgrade, close\r\n\r\n",
     {.client_close = true},
     false},
    {OK "Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
     OK "Content-Length: 0\r\n\r\n",
     {0},
     false},
};

Test(http_edit, responses)
{
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        struct http_head h = response(responses[i].in, responses[i].asked_upgrade);
        check(http_write_response(&h, &responses[i].edit, out, h.bytes + HTTP_EDIT_ROOM), responses[i].want);
    }
}

Test(http_edit, written_responses_mean_the_same)
{
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        struct http_side side = {.asked_upgrade = responses[i].asked_upgrade};
        struct http_head h = response(responses[i].in, responses[i].asked_upgrade);
        http_all_edits_agree(&side, &h);
    }
}

Test(http_edit, nothing_is_written_beyond_cap)
{
    struct http_request_edit e = {.xff = span_str("192.0.2.1"), .lines = span_str(XFP)};
    struct http_head h = request(GET "Connection: x\r\nX: y\r\nX-Forwarded-For: z\r\n\r\n");
    int n = http_write_request(&h, &e, out, sizeof out);
    for (int cap = 0; cap <= n; cap++) {
        uint8_t small[512];
        memset(small, 0xa5, sizeof small);
        cr_assert_eq(http_write_request(&h, &e, small, (uint32_t)cap), cap < n ? -1 : n);
        cr_assert_eq(small[cap], 0xa5);
    }
}

/* ---- own replies ---- */

Test(http_reply, is_a_response)
{
    static const unsigned statuses[] = {400, 403, 404, 405, 408, 413, 414, 417, 429,
                                        431, 500, 501, 502, 503, 504, 505, 599};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        for (unsigned close = 0; close < 2; close++) {
            struct http_head h;
            struct http_reply r = {
                .status = statuses[i], .close = close, .type = "text/plain", .body = span_str("body\n")};
            int n = http_write_reply(&r, out, 512);
            int head = http_parse_response(span_of(out, (size_t)n), LIMIT, HTTP_GET, false, &h);
            cr_assert_gt(head, 0, "%u", statuses[i]);
            cr_assert_eq(h.status, statuses[i]);
            cr_assert_eq(h.close, close == 1);
            cr_assert_eq(h.body, HTTP_BODY_LENGTH);
            cr_assert_eq(h.length, (uint64_t)(n - head));
            cr_assert_eq(http_write_reply(&r, out, (uint32_t)n - 1), -1);
            cr_assert_leq(n, HTTP_REPLY_ROOM + (int)strlen("text/plainbody\n"));
            r.head_only = true;
            cr_assert_eq(http_write_reply(&r, out, 512), head, "HEAD");
        }
    }
}

Test(http_reply, text)
{
    struct http_reply r = {
        .status = 404, .close = true, .type = "text/plain", .body = span_str("404 Not Found\n")};
    check(http_write_reply(&r, out, 512), "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
                                          "Content-Length: 14\r\nConnection: close\r\n\r\n"
                                          "404 Not Found\n");
    r = (struct http_reply){.status = 301, .location = span_str("http://a/b")};
    check(http_write_reply(&r, out, 512),
          "HTTP/1.1 301 Moved Permanently\r\nLocation: http://a/b\r\nContent-Length: 0\r\n\r\n");
    r = (struct http_reply){.status = 204, .type = "text/plain", .body = span_str("never sent")};
    check(http_write_reply(&r, out, 512), "HTTP/1.1 204 No Content\r\n\r\n");
    r.keep_10 = true;
    check(http_write_reply(&r, out, 512), "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
    cr_assert_str_eq(http_status_text(431), "Request Header Fields Too Large");
    cr_assert_str_eq(http_status_text(299), "Unknown");
}

/* ---- locations: HTTPRoute's table of ReplacePrefixMatch, and the rest ---- */

static void expect_location(const char *target, struct http_location l, const char *wanted)
{
    static char text[512];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h.example:81\r\n\r\n", target);
    struct http_head h = request(text);
    l.host = l.host.n ? l.host : h.host;
    int n = http_write_location(&h, &l, out, sizeof out);
    check(n, wanted);
    cr_assert_eq(http_write_location(&h, &l, out, (uint32_t)n - 1), -1);
}

Test(http_location, prefixes)
{
    static const struct {
        const char *target, *prefix, *with, *wanted; /* prefix without its trailing slash */
    } rows[] = {
        {"/foo/bar", "/foo", "/xyz", "/xyz/bar"},
        {"/foo/bar", "/foo", "/xyz/", "/xyz/bar"},
        {"/foo", "/foo", "/xyz", "/xyz"},
        {"/foo/", "/foo", "/xyz", "/xyz/"},
        {"/foo/bar", "/foo", "/", "/bar"},
        {"/foo/", "/foo", "/", "/"},
        {"/foo", "/foo", "/", "/"},
        {"/foo/bar", "", "/xyz", "/xyz/foo/bar"},
        {"/", "", "/xyz", "/xyz/"},
        {"/foo?a=/foo", "/foo", "/x", "/x?a=/foo"},
        {"/foo//bar?", "/foo", "/x", "/x//bar?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char wanted[128];
        snprintf(wanted, sizeof wanted, "http://h.example%s", rows[i].wanted);
        expect_location(rows[i].target,
                        (struct http_location){.port = 80,
                                               .path = {.how = HTTP_PATH_PREFIX,
                                                        .with = span_str(rows[i].with),
                                                        .prefix = strlen(rows[i].prefix)}},
                        wanted);
    }
}

Test(http_location, schemes_ports_and_paths)
{
    expect_location("/a?b", (struct http_location){.https = true, .port = 443}, "https://h.example/a?b");
    expect_location("/a", (struct http_location){.https = true, .port = 80}, "https://h.example:80/a");
    expect_location("/a", (struct http_location){.port = 8080}, "http://h.example:8080/a");
    expect_location("/a", (struct http_location){.port = 80, .host = span_str("new")}, "http://new/a");
    expect_location(
        "/a?b=c",
        (struct http_location){.port = 80, .path = {.how = HTTP_PATH_FULL, .with = span_str("/x/y")}},
        "http://h.example/x/y?b=c");
    expect_location("http://other?q", (struct http_location){.port = 80}, "http://other/?q");
}
