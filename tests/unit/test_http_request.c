#include <criterion/criterion.h>

#include "tests/fuzz/http_property.h"
#include "tests/unit/guarded.h"

#define LIMIT 65536
#define OK    1 /* in rows: accepted, to the last byte */

struct row {
    const char *bytes;
    size_t n;
    int want; /* OK, HTTP_PARTIAL or -status */
};

#define ROW(text, want)                                                                                      \
    {                                                                                                        \
        text, sizeof(text) - 1, want                                                                         \
    }
#define LINE(line)   line "\r\nHost: a\r\n\r\n"
#define FIELD(field) "GET / HTTP/1.1\r\nHost: a\r\n" field "\r\n\r\n"
#define POST(fields) "POST / HTTP/1.1\r\nHost: a\r\n" fields "\r\n\r\n"
#define HOST(host)   "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"

static const struct row rows[] = {
    /* request line */
    ROW(LINE("GET / HTTP/1.1"), OK),
    ROW(LINE("GET / HTTP/1.0"), OK),
    ROW("GET / HTTP/1.0\r\n\r\n", OK),
    ROW(LINE("get / HTTP/1.1"), OK), /* some other method */
    ROW(LINE("M-SEARCH!#$%&'*+-.^_`|~ / HTTP/1.1"), OK),
    ROW(LINE("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1"), OK),
    ROW(LINE("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1"), -501),
    ROW(LINE("GE\tT / HTTP/1.1"), -400),
    ROW(LINE("G(T / HTTP/1.1"), -400),
    ROW(LINE(" GET / HTTP/1.1"), -400),
    ROW(LINE("GET  / HTTP/1.1"), -400),
    ROW(LINE("GET\t/ HTTP/1.1"), -400),
    ROW(LINE("GET /  HTTP/1.1"), -400),
    ROW(LINE("GET / HTTP/1.1 "), -400),
    ROW(LINE("GET / x HTTP/1.1"), -400),
    ROW(LINE("GET /"), -400),
    ROW(LINE("GET"), -400),
    ROW("GET / HTTP/1.1\nHost: a\r\n\r\n", -400),
    ROW("GET / HTTP/1.1\r\nHost: a\n\r\n", -400),
    ROW("GET / HTTP/1.1\r\nHost: a\r\n\n", -400),
    ROW("GET / HTTP/1.1\rHost: a\r\n\r\n", -400),
    ROW("GET / HTTP/1.1\r\nHost: a\r\n\rX", -400),
    ROW("\x16\x03\x01\x02\x00\x01\x00", -400), /* TLS */
    /* leading empty lines */
    ROW("\r\n" LINE("GET / HTTP/1.1"), OK),
    ROW("\r\n\r\n" LINE("GET / HTTP/1.1"), OK),
    ROW("\r\n\r\n\r\n" LINE("GET / HTTP/1.1"), -400),
    ROW("\n" LINE("GET / HTTP/1.1"), -400),
    ROW("\r" LINE("GET / HTTP/1.1"), -400),
    /* version */
    ROW(LINE("GET / HTTP/1.2"), OK),
    ROW(LINE("GET / HTTP/1.9"), OK),
    ROW(LINE("GET / HTTP/0.9"), -505),
    ROW(LINE("GET / HTTP/2.0"), -505),
    ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", -505),
    ROW(LINE("GET / http/1.1"), -400),
    ROW(LINE("GET / HTTP/1.10"), -400),
    ROW(LINE("GET / HTTP/01.1"), -505), /* at the first digit */
    ROW(LINE("GET / HTTP/1,1"), -400),
    ROW(LINE("GET / HTTP/1."), -400),
    ROW(LINE("GET / HTTPS/1.1"), -400),
    ROW(LINE("GET / ICY/1.1"), -400),
    /* target */
    ROW(LINE("GET /a%20b?c=d&e=\"|{}^`\\<> HTTP/1.1"), OK),
    ROW(LINE("GET //a/../b;c HTTP/1.1"), OK),
    ROW(LINE("GET a HTTP/1.1"), -400),
    ROW(LINE("GET ?a HTTP/1.1"), -400),
    ROW(LINE("GET /a#b HTTP/1.1"), -400),
    ROW(LINE("GET /\x80 HTTP/1.1"), -400),
    ROW(LINE("GET /\x7f HTTP/1.1"), -400),
    ROW(LINE("GET /\0 HTTP/1.1"), -400),
    ROW(LINE("GET /\x1f HTTP/1.1"), -400),
    ROW(LINE("GET http://a HTTP/1.1"), OK),
    ROW(LINE("GET HTTPS://b:80/c?d HTTP/1.1"), OK),
    ROW(LINE("GET http://a?d HTTP/1.1"), OK),
    ROW("GET http://a/ HTTP/1.1\r\n\r\n", -400), /* Host is asked for all the same */
    ROW(LINE("GET http:/// HTTP/1.1"), -400),
    ROW(LINE("GET http://u@a/ HTTP/1.1"), -400),
    ROW(LINE("GET http://a:b/ HTTP/1.1"), -400),
    ROW(LINE("GET http:/a HTTP/1.1"), -400),
    ROW(LINE("GET ftp://a/ HTTP/1.1"), -400),
    ROW(LINE("OPTIONS * HTTP/1.1"), OK),
    ROW(LINE("OPTIONS http://a HTTP/1.1"), OK),
    ROW(LINE("OPTIONS ** HTTP/1.1"), -400),
    ROW(LINE("GET * HTTP/1.1"), -400),
    ROW(LINE("CONNECT a:443 HTTP/1.1"), OK),
    ROW(LINE("CONNECT [::1]:443 HTTP/1.1"), OK),
    ROW(LINE("CONNECT a HTTP/1.1"), -400),
    ROW(LINE("CONNECT a: HTTP/1.1"), -400),
    ROW(LINE("CONNECT / HTTP/1.1"), -400),
    ROW(LINE("CONNECT http://a:1/ HTTP/1.1"), -400),
    ROW(LINE("GET a:443 HTTP/1.1"), -400),
    /* field lines */
    ROW(FIELD("A: b"), OK),
    ROW(FIELD("A:b"), OK),
    ROW(FIELD("A:"), OK),
    ROW(FIELD("A: \t "), OK),
    ROW(FIELD("A:\tb c\t \xff\x80 "), OK),
    ROW(FIELD("A : b"), -400),
    ROW(FIELD("A\t: b"), -400),
    ROW(FIELD(" A: b"), -400),
    ROW(FIELD("A: b\r\n c"), -400),
    ROW(FIELD("A: b\r\n\tc"), -400),
    ROW(FIELD("A B: c"), -400),
    ROW(FIELD(": b"), -400),
    ROW(FIELD("A"), -400),
    ROW(FIELD("A\x80: b"), -400),
    ROW(FIELD("A(: b"), -400),
    ROW(FIELD("A: b\0"), -400),
    ROW(FIELD("A: b\x7f"), -400),
    ROW(FIELD("A: b\x0b"), -400),
    ROW(FIELD("A: b\rc"), -400),
    ROW(FIELD("A: b\nc: d"), -400),
    ROW(FIELD("A: b\r\r\nc: d"), -400),
    /* Host */
    ROW("GET / HTTP/1.1\r\n\r\n", -400),
    ROW(FIELD("Host: a"), -400),
    ROW(FIELD("hOST: b"), -400),
    ROW("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", -400),
    ROW(HOST("example.com:8080"), OK),
    ROW(HOST("example.com:"), OK),
    ROW(HOST("a_b~c!$&'()*+,;=%41"), OK),
    ROW(HOST("192.0.2.1:80"), OK),
    ROW(HOST("[2001:db8::1]"), OK),
    ROW(HOST("[::ffff:192.0.2.1]:65535"), OK),
    ROW(HOST(""), -400),
    ROW(HOST(":80"), -400),
    ROW(HOST("a:65536"), -400),
    ROW(HOST("a:000080"), -400),
    ROW(HOST("a:+1"), -400),
    ROW(HOST("a:80:80"), -400),
    ROW(HOST("a b"), -400),
    ROW(HOST("a/b"), -400),
    ROW(HOST("a@b"), -400),
    ROW(HOST("a%4"), -400),
    ROW(HOST("a%zz"), -400),
    ROW(HOST("a\"b"), -400),
    ROW(HOST("a\xe9"), -400),
    ROW(HOST("[::1"), -400),
    ROW(HOST("::1"), -400),
    ROW(HOST("[]"), -400),
    ROW(HOST("[192.0.2.1]"), -400),
    ROW(HOST("[::1]x"), -400),
    ROW(HOST("[::1%25eth0]"), -400),
    ROW(HOST("[v1.x]"), -400),
    ROW(HOST("[:::]"), -400),
    /* body framing, and how it is smuggled */
    ROW(POST("Content-Length: 5"), OK),
    ROW(POST("Content-Length: 0"), OK),
    ROW(POST("Content-Length: 0005"), OK),
    ROW(POST("Content-Length: 4611686018427387904"), OK),
    ROW(POST("Content-Length: 4611686018427387905"), -400),
    ROW(POST("Content-Length: 18446744073709551621"), -400),
    ROW(POST("Content-Length: 00000000000000000005"), -400),
    ROW(POST("Content-Length:"), -400),
    ROW(POST("Content-Length: +5"), -400),
    ROW(POST("Content-Length: -5"), -400),
    ROW(POST("Content-Length: 0x10"), -400),
    ROW(POST("Content-Length: 5a"), -400),
    ROW(POST("Content-Length: 5 5"), -400),
    ROW(POST("Content-Length: 5, 5"), -400),
    ROW(POST("Content-Length: 5,"), -400),
    ROW(POST("Content-Length: 5.0"), -400),
    ROW(POST("Content-Length: \"5\""), -400),
    ROW(POST("Content-Length: 1_0"), -400),
    ROW(POST("Content-Length: 5\r\nContent-Length: 5"), -400),
    ROW(POST("Content-Length: 5\r\ncontent-length: 6"), -400),
    ROW(POST("Content-Length : 5"), -400),
    ROW(POST("Content\0-Length: 5"), -400),
    ROW(POST("Transfer-Encoding: chunked"), OK),
    ROW(POST("transfer-encoding:CHUNKED \t"), OK),
    ROW(POST("Transfer-Encoding: xchunked"), -501),
    ROW(POST("Transfer-Encoding: identity"), -501),
    ROW(POST("Transfer-Encoding: gzip, chunked"), -501),
    ROW(POST("Transfer-Encoding: gzip"), -501),
    ROW(POST("Transfer-Encoding : chunked"), -400),
    ROW(POST("Transfer-Encoding:\x0b"
             "chunked"),
        -400),
    ROW(POST("Transfer-Encoding:\x0c"
             "chunked"),
        -400),
    ROW(POST("Transfer-Encoding: chunked\0"), -400),
    ROW(POST("Transfer-Encoding: \"chunked\""), -400),
    ROW(POST("Transfer-Encoding: 'chunked'"), -501), /* a token, and none that we know */
    ROW(POST("Transfer-Encoding: chunked;q=1"), -400),
    ROW(POST("Transfer-Encoding: chunked,"), -400),
    ROW(POST("Transfer-Encoding: ,chunked"), -400),
    ROW(POST("Transfer-Encoding: chunked, chunked"), -400),
    ROW(POST("Transfer-Encoding: chunked, identity"), -400),
    ROW(POST("Transfer-Encoding: chunked, gzip, chunked"), -400),
    ROW(POST("Transfer-Encoding: chunked identity"), -400),
    ROW(POST("Transfer-Encoding:"), -400),
    ROW(POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), -400),
    ROW(POST("Transfer-Encoding: chunked\r\nTransfer-encoding: x"), -400),
    ROW(POST("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), -400),
    ROW(POST("X: y\r\n Transfer-Encoding: chunked"), -400),
    ROW(POST("X: y\nTransfer-Encoding: chunked"), -400),
    ROW(POST("X: y\rTransfer-Encoding: chunked"), -400),
    ROW(POST("Transfer-Encoding\r\n: chunked"), -400),
    ROW(POST("Transfer-Encoding:\r\n chunked"), -400),
    ROW(POST("Content-Length: 5\r\nTransfer-Encoding: chunked"), -400),
    ROW(POST("Transfer-Encoding: chunked\r\nContent-Length: 0"), -400),
    ROW(POST("Transfer-Encoding: identity\r\nContent-Length: 5"), -400),
    ROW("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", -400),
    ROW("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n", OK),
    ROW(POST("Transfer_Encoding: chunked"), OK), /* another field */
    /* Connection and Expect */
    ROW(FIELD("Connection: close, , keep-alive,\tX-A"), OK),
    ROW(FIELD("Connection:"), OK),
    ROW(FIELD("Connection: a b"), -400),
    ROW(FIELD("Connection: \"close\""), -400),
    ROW(FIELD("Connection: Host"), -400),
    ROW(FIELD("Connection: close, content-length"), -400),
    ROW(FIELD("Connection: Transfer-Encoding"), -400),
    ROW(FIELD("Connection: close\r\nConnection: X-Forwarded-For"), -400),
    ROW(FIELD("Connection: x-real-ip"), -400),
    ROW(FIELD("Connection: Cookie"), -400),
    ROW(FIELD("Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a"), OK),
    ROW(FIELD("Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a"), -400),
    ROW(POST("Expect: 100-Continue\r\nContent-Length: 1"), OK),
    ROW(POST("Expect: 200-ok\r\nContent-Length: 1"), -417),
    ROW(POST("Expect:"), -417),
    ROW(POST("Expect: 100-continue\r\nExpect: 100-continue"), -417),
};

#define ROWS (sizeof rows / sizeof *rows)

static const struct http_side side = {.request = true};

static int parse(const void *bytes, size_t n, struct http_head *h)
{
    return http_parse_request(guarded(bytes, n), LIMIT, h);
}

/* Parses text that must be accepted as a whole. */
static struct http_head accepted(const char *text)
{
    struct http_head h;
    int r = http_parse_request(span_str(text), LIMIT, &h);
    cr_assert_eq(r, (int)strlen(text), "%d for %s", r, text);
    return h;
}

#define cr_span(span, text) cr_assert(span_eq(span, span_str(text)), "got '%.*s'", (int)(span).n, (span).p)

Test(http_request, rows)
{
    struct http_head h;
    for (size_t i = 0; i < ROWS; i++) {
        int want = rows[i].want == OK ? (int)rows[i].n : rows[i].want;
        int r = parse(rows[i].bytes, rows[i].n, &h);
        cr_expect_eq(r, want, "%d, not %d: %s", r, want, rows[i].bytes);
    }
}

Test(http_request, cut_at_every_byte)
{
    for (size_t i = 0; i < ROWS; i++) {
        int want = rows[i].want == OK ? (int)rows[i].n : rows[i].want;
        for (size_t cut = 0; cut <= rows[i].n; cut++)
            http_prefix_agrees(&side, guarded(rows[i].bytes, cut).p, cut, LIMIT, want);
    }
}

Test(http_request, more_bytes_change_nothing)
{
    char more[512];
    struct http_head h;
    for (size_t i = 0; i < ROWS; i++) {
        memcpy(more, rows[i].bytes, rows[i].n);
        memcpy(more + rows[i].n, "GET \0\xff\n\r", 8);
        int want = rows[i].want == OK ? (int)rows[i].n : rows[i].want;
        cr_expect_eq(parse(more, rows[i].n + 8, &h), want, "%s", rows[i].bytes);
    }
}

Test(http_request, every_byte_mutated)
{
    uint8_t bytes[512];
    for (size_t i = 0; i < ROWS; i++) {
        memcpy(bytes, rows[i].bytes, rows[i].n);
        for (size_t at = 0; at < rows[i].n; at++) {
            for (unsigned b = 0; b < 256; b += rows[i].want == OK ? 1 : 17) {
                bytes[at] = (uint8_t)b;
                http_head_properties(&side, guarded(bytes, rows[i].n).p, rows[i].n, 2);
            }
            bytes[at] = (uint8_t)rows[i].bytes[at];
        }
    }
}

Test(http_request, parts_of_origin_form)
{
    struct http_head h = accepted("\r\nPOST /a/b?c=d HTTP/1.1\r\nHost: Ex.org:80\r\nX:  y \r\n\r\n");
    cr_assert_eq(h.method, HTTP_POST);
    cr_assert_eq(h.minor, 1);
    cr_assert_eq(h.body, HTTP_BODY_NONE);
    cr_span(h.start_line, "POST /a/b?c=d HTTP/1.1");
    cr_span(h.method_name, "POST");
    cr_span(h.target, "/a/b?c=d");
    cr_span(h.path, "/a/b");
    cr_span(h.host, "Ex.org");
    cr_span(h.authority, "Ex.org:80");
    cr_assert_eq(h.nfields, 2);
    cr_assert_eq(h.field[0].id, HTTP_F_HOST);
    cr_span(h.field[1].name, "X");
    cr_span(h.field[1].value, "y");
    cr_assert(!h.close && !h.keep_alive && !h.upgrade && !h.expect_continue);
}

Test(http_request, authority_of_the_target_wins)
{
    struct http_head h = accepted("GET http://[::1]:8080?q HTTP/1.1\r\nHost: other\r\n\r\n");
    cr_span(h.host, "[::1]");
    cr_span(h.authority, "[::1]:8080");
    cr_span(h.path, "/");
    h = accepted("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_span(h.path, "*");
    h = accepted("OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_span(h.path, "/");
    h = accepted("CONNECT a:1 HTTP/1.1\r\nHost: b\r\n\r\n");
    cr_span(h.host, "a");
    cr_assert_eq(h.path.n, 0);
}

Test(http_request, methods)
{
    static const struct {
        const char *name;
        enum http_method method;
        bool idempotent;
    } want[] = {{"GET", HTTP_GET, true},         {"HEAD", HTTP_HEAD, true},     {"POST", HTTP_POST, false},
                {"PUT", HTTP_PUT, true},         {"DELETE", HTTP_DELETE, true}, {"TRACE", HTTP_TRACE, true},
                {"OPTIONS", HTTP_OPTIONS, true}, {"PATCH", HTTP_PATCH, false},  {"GETS", HTTP_OTHER, false},
                {"Get", HTTP_OTHER, false}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", want[i].name);
        struct http_head h = accepted(text);
        cr_expect_eq(h.method, want[i].method, "%s", want[i].name);
        cr_expect_eq(http_idempotent(h.method), want[i].idempotent, "%s", want[i].name);
    }
    cr_expect(!http_idempotent(HTTP_CONNECT));
}

Test(http_request, bodies)
{
    struct http_head h = accepted(POST("Content-Length: 1234567890123"));
    cr_assert_eq(h.body, HTTP_BODY_LENGTH);
    cr_assert_eq(h.length, 1234567890123);
    h = accepted(POST("Content-Length: 0"));
    cr_assert_eq(h.body, HTTP_BODY_NONE);
    h = accepted(POST("Transfer-Encoding: Chunked"));
    cr_assert_eq(h.body, HTTP_BODY_CHUNKED);
    cr_assert_eq(h.length, 0);
    h = accepted(POST("Expect: 100-continue"));
    cr_assert(h.expect_continue);
    h = accepted("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
    cr_assert(!h.expect_continue);
}

Test(http_request, connection)
{
    static const struct {
        const char *head;
        bool close, keep_alive, upgrade;
    } want[] = {
        {FIELD("A: b"), false, false, false},
        {FIELD("Connection: x, CLOSE"), true, false, false},
        {FIELD("Connection: x\r\nConnection: Keep-Alive"), false, true, false},
        {FIELD("Connection: keep-alive, close"), true, true, false},
        {FIELD("Connection: closed"), false, false, false},
        {FIELD("Connection: Upgrade"), false, false, false},
        {FIELD("Upgrade: websocket"), false, false, false},
        {FIELD("Upgrade: websocket\r\nConnection: keep-alive, Upgrade"), false, true, true},
        {FIELD("Upgrade:\r\nConnection: upgrade"), false, false, false},
        {"GET / HTTP/1.0\r\n\r\n", true, false, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false, true, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", true, true, false},
        {"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", true, false, false},
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct http_head h = accepted(want[i].head);
        cr_expect(h.close == want[i].close && h.keep_alive == want[i].keep_alive &&
                      h.upgrade == want[i].upgrade,
                  "%s", want[i].head);
    }
}

Test(http_request, upgrades_to_http)
{
    static const struct {
        const char *head;
        bool to_http;
    } want[] = {
        {FIELD("A: b"), false},
        {FIELD("Upgrade: websocket\r\nConnection: upgrade"), false},
        {FIELD("Upgrade: websocket/13, h2cx , xh2c\r\nX-Upgrade: h2c"), false},
        {FIELD("Upgrade: h2c"), true},
        {FIELD("Upgrade: websocket\r\nHTTP2-Settings: x"), true},
        {FIELD("Upgrade: websocket,H2C"), true},
        {FIELD("Upgrade: websocket\r\nUpgrade: h2c/1"), true},
        {FIELD("Upgrade: tls/1.2, websocket"), true},
        {FIELD("Upgrade: HTTP/2.0"), true},
        {FIELD("Upgrade: h2 /1"), true},
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct http_head h = accepted(want[i].head);
        cr_expect_eq(http_upgrades_to_http(&h), want[i].to_http, "%s", want[i].head);
    }
}

Test(http_request, hop_marks)
{
    struct http_head h =
        accepted("GET / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nConnection: x-a, TE\r\nKeep-Alive: 1\r\n"
                 "Proxy-Connection: 1\r\nProxy-Authorization: 1\r\nProxy-Authenticate: 1\r\n"
                 "TE: 1\r\nUpgrade: 1\r\nHTTP2-Settings: 1\r\nX-B: 1\r\nTrailer: 1\r\n"
                 "User-Agent: 1\r\nx-A: 2\r\n\r\n");
    static const bool hop[] = {true, false, true, true,  true,  true,  true,
                               true, true,  true, false, false, false, true};
    cr_assert_eq(h.nfields, sizeof hop);
    for (unsigned i = 0; i < h.nfields; i++)
        cr_expect_eq(h.field[i].hop, hop[i], "%u", i);
}

Test(http_request, known_names)
{
    static const char *const names[] = {
        [HTTP_F_OTHER] = "Accept",
        [HTTP_F_HOST] = "Host",
        [HTTP_F_CONNECTION] = "Connection",
        [HTTP_F_KEEP_ALIVE] = "Keep-Alive",
        [HTTP_F_PROXY_CONNECTION] = "Proxy-Connection",
        [HTTP_F_PROXY_AUTHENTICATE] = "Proxy-Authenticate",
        [HTTP_F_PROXY_AUTHORIZATION] = "Proxy-Authorization",
        [HTTP_F_TE] = "TE",
        [HTTP_F_TRAILER] = "Trailer",
        [HTTP_F_TRANSFER_ENCODING] = "Transfer-Encoding",
        [HTTP_F_CONTENT_LENGTH] = "Content-Length",
        [HTTP_F_UPGRADE] = "Upgrade",
        [HTTP_F_EXPECT] = "Expect",
        [HTTP_F_X_FORWARDED_FOR] = "X-Forwarded-For",
        [HTTP_F_X_FORWARDED_PROTO] = "X-Forwarded-Proto",
        [HTTP_F_X_FORWARDED_HOST] = "X-Forwarded-Host",
        [HTTP_F_REFERER] = "Referer",
        [HTTP_F_USER_AGENT] = "User-Agent",
        [HTTP_F_COOKIE] = "Cookie",
        [HTTP_F_SET_COOKIE] = "Set-Cookie",
        [HTTP_F_FORWARDED] = "Forwarded",
        [HTTP_F_X_FORWARDED_PORT] = "X-Forwarded-Port",
        [HTTP_F_X_REQUEST_ID] = "X-Request-Id",
        [HTTP_F_TRACEPARENT] = "traceparent",
        [HTTP_F_TRACESTATE] = "tracestate",
        [HTTP_F_HTTP2_SETTINGS] = "HTTP2-Settings",
    };
    for (unsigned id = 0; id < sizeof names / sizeof *names; id++) {
        for (unsigned variant = 0; variant < 4; variant++) {
            char text[128], name[32];
            snprintf(name, sizeof name, "%s", names[id]);
            for (char *p = name; *p; p++)
                if (variant == 1 ? *p >= 'A' && *p <= 'Z' : variant == 2 ? *p >= 'a' && *p <= 'z' : 0)
                    *p ^= 0x20;
            if (variant == 3)
                name[strlen(name) - 1] ^= 1; /* a neighbour, which is nothing we know */
            snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s: 0\r\n\r\n", name);
            struct http_head h;
            int r = http_parse_response(span_str(text), LIMIT, HTTP_HEAD, false, &h);
            if (id == HTTP_F_TRANSFER_ENCODING && variant != 3) {
                cr_expect_eq(r, -502);
                continue;
            }
            cr_assert_gt(r, 0, "%s", text);
            cr_expect_eq(h.field[0].id, variant == 3 ? HTTP_F_OTHER : id, "%s", text);
        }
    }
}

/* A request with a target of n bytes. */
static size_t long_target(char *text, size_t n)
{
    size_t at = (size_t)sprintf(text, "GET /");
    memset(text + at, 'a', n - 1);
    return at + n - 1 + (size_t)sprintf(text + at + n - 1, " HTTP/1.1\r\nHost: a\r\n\r\n");
}

Test(http_request, target_too_long)
{
    static char text[2 * HTTP_MAX_TARGET];
    struct http_head h;
    size_t n = long_target(text, HTTP_MAX_TARGET);
    cr_assert_eq(parse(text, n, &h), (int)n);
    n = long_target(text, HTTP_MAX_TARGET + 1);
    cr_assert_eq(parse(text, n, &h), -414);
    cr_assert_eq(parse(text, 4 + HTTP_MAX_TARGET, &h), HTTP_PARTIAL);
    cr_assert_eq(parse(text, 4 + HTTP_MAX_TARGET + 1, &h), -414);
    cr_assert_eq(http_parse_request(guarded(text, n), 1000, &h), -414, "limit inside the target");
}

Test(http_request, too_many_fields)
{
    static char text[2048];
    struct http_head h;
    size_t at = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (unsigned i = 1; i < HTTP_MAX_FIELDS; i++)
        at += (size_t)sprintf(text + at, "a: %u\r\n", i);
    sprintf(text + at, "\r\n");
    cr_assert_eq(parse(text, at + 2, &h), (int)at + 2);
    cr_assert_eq(h.nfields, HTTP_MAX_FIELDS);
    sprintf(text + at, "a: b\r\n\r\n");
    cr_assert_eq(parse(text, at + 8, &h), -431);
    for (size_t cut = 0; cut < at + 8; cut++)
        http_prefix_agrees(&side, guarded(text, cut).p, cut, LIMIT, -431);
}

Test(http_request, head_limit)
{
    const char text[] = FIELD("A: b");
    uint32_t n = sizeof text - 1;
    struct http_head h;
    cr_assert_eq(http_parse_request(guarded(text, n), n, &h), (int)n);
    cr_assert_eq(http_parse_request(guarded(text, n), n - 1, &h), -431);
    cr_assert_eq(http_parse_request(guarded(text, n - 1), n - 1, &h), -431, "it can only get longer");
    cr_assert_eq(http_parse_request(guarded(text, n - 2), n - 1, &h), HTTP_PARTIAL);
}

/* A head of 60 KiB byte by byte: the complete head is seen at once, with few parses before. */
Test(http_request, due_is_linear_and_never_late)
{
    static char text[61440];
    size_t at = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");
    while (at < sizeof text - 700)
        at += (size_t)sprintf(text + at, "X-Field: %0600d\r\n", 7);
    at += (size_t)sprintf(text + at, "\r\n");
    uint32_t scanned = 0;
    uint64_t work = 0;
    for (size_t n = 1; n < at; n++) {
        struct http_head h;
        if (http_head_due(span_of(text, n), LIMIT, &scanned)) {
            cr_assert_eq(http_parse_request(span_of(text, n), LIMIT, &h), HTTP_PARTIAL);
            work += n;
        }
    }
    cr_assert(http_head_due(span_of(text, at), LIMIT, &scanned));
    cr_assert_lt(work, 1024 * 1025 / 2 + 4 * sizeof text);
}

Test(http_request, due_when_something_is_decided)
{
    static char text[4096];
    memset(text, 'a', sizeof text);
    uint32_t scanned = 1500;
    cr_assert(!http_head_due(span_of(text, 1600), LIMIT, &scanned));
    cr_assert_eq(scanned, 1600);
    memcpy(text + 1610, "\r\n", 2);
    cr_assert(!http_head_due(span_of(text, 1620), LIMIT, &scanned), "the end of a line");
    memcpy(text + 1620, "\r\n\r\n", 4);
    cr_assert(!http_head_due(span_of(text, 1623), LIMIT, &scanned), "the empty line is not there yet");
    cr_assert(http_head_due(span_of(text, 1624), LIMIT, &scanned), "cut inside the empty line");
    text[1700] = '\n';
    cr_assert(!http_head_due(span_of(text, 1700), LIMIT, &scanned));
    cr_assert(http_head_due(span_of(text, 1701), LIMIT, &scanned), "a bare LF");
    cr_assert(http_head_due(span_of(text, 1702), 1702, &scanned), "the limit");
    cr_assert(!http_head_due(span_of(text, 2047), LIMIT, &scanned));
    cr_assert(http_head_due(span_of(text, 2048), LIMIT, &scanned), "a power of two");
}

/* Bytes that found no room come again, cut elsewhere: what was looked at before reaches beyond what is there
 * now. */
Test(http_request, due_when_fewer_bytes_come_again)
{
    static char text[1400];
    memset(text, 'a', sizeof text);
    uint32_t scanned = 0;
    http_head_due(guarded(text, 1400), LIMIT, &scanned);
    http_head_due(guarded(text, 1100), LIMIT, &scanned);
    cr_assert_eq(scanned, 1100);
}
