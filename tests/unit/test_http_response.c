#include <criterion/criterion.h>

#include "tests/fuzz/http_property.h"
#include "tests/unit/guarded.h"

#define LIMIT 65536
#define NEVER 99 /* in rows: refused */

struct row {
    const char *bytes;
    size_t n;
    unsigned body; /* enum http_body, or NEVER */
    enum http_method method;
    bool asked_upgrade;
};

#define ROW(text, body)                                                                                      \
    {                                                                                                        \
        text, sizeof(text) - 1, body, HTTP_GET, false                                                        \
    }
#define TO(method, text, body)                                                                               \
    {                                                                                                        \
        text, sizeof(text) - 1, body, method, false                                                          \
    }
#define ASKED(text, body)                                                                                    \
    {                                                                                                        \
        text, sizeof(text) - 1, body, HTTP_GET, true                                                         \
    }
#define LINE(line)     line "\r\nContent-Length: 5\r\n\r\n"
#define FIELDS(fields) "HTTP/1.1 200 OK\r\n" fields "\r\n\r\n"
#define UPGRADE        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
#define CHUNKED        "Transfer-Encoding: chunked\r\n\r\n"

static const struct row rows[] = {
    /* status line */
    ROW(LINE("HTTP/1.1 200 OK"), HTTP_BODY_LENGTH),
    ROW(LINE("HTTP/1.0 200 OK"), HTTP_BODY_LENGTH),
    ROW(LINE("HTTP/1.2 200 OK"), HTTP_BODY_LENGTH),
    ROW(LINE("HTTP/1.1 200 "), HTTP_BODY_LENGTH),
    ROW(LINE("HTTP/1.1 200"), HTTP_BODY_LENGTH),
    ROW(LINE("HTTP/1.1 404 \tNicht gefunden \xfc"), HTTP_BODY_LENGTH),
    ROW(LINE("HTTP/1.1 999 x"), HTTP_BODY_LENGTH),
    ROW(LINE("HTTP/1.1 099 x"), NEVER),
    ROW(LINE("HTTP/1.1 20 x"), NEVER),
    ROW(LINE("HTTP/1.1 2000 x"), NEVER),
    ROW(LINE("HTTP/1.1 200x"), NEVER),
    ROW(LINE("HTTP/1.1 200\tOK"), NEVER),
    ROW(LINE("HTTP/1.1  200 OK"), NEVER),
    ROW(LINE("HTTP/1.1 -20 OK"), NEVER),
    ROW(LINE("HTTP/1.1 200 O\0K"), NEVER),
    ROW(LINE("HTTP/1.1 200 O\x7fK"), NEVER),
    ROW(LINE("HTTP/2.0 200 OK"), NEVER),
    ROW(LINE("http/1.1 200 OK"), NEVER),
    ROW(LINE("ICY 200 OK"), NEVER),
    ROW("\r\n" LINE("HTTP/1.1 200 OK"), NEVER),
    ROW("HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n", NEVER),
    ROW("HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\n", NEVER),
    ROW("HTTP/1.1 200 OK\rContent-Length: 5\r\n\r\n", NEVER),
    ROW("<html>", NEVER),
    /* framing */
    ROW("HTTP/1.1 200 OK\r\n\r\n", HTTP_BODY_CLOSE),
    ROW("HTTP/1.0 200 OK\r\n\r\n", HTTP_BODY_CLOSE),
    ROW(FIELDS("Content-Length: 0"), HTTP_BODY_NONE),
    ROW(FIELDS("Transfer-Encoding: chunked"), HTTP_BODY_CHUNKED),
    ROW(FIELDS("Transfer-Encoding: gzip, chunked"), NEVER),
    ROW(FIELDS("Transfer-Encoding: xchunked"), NEVER),
    ROW(FIELDS("Transfer-Encoding: identity"), NEVER),
    ROW(FIELDS("Transfer-Encoding : chunked"), NEVER),
    ROW(FIELDS("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), NEVER),
    ROW(FIELDS("Transfer-Encoding: chunked\r\nContent-Length: 5"), NEVER),
    ROW("HTTP/1.0 200 OK\r\n" CHUNKED, NEVER),
    ROW(FIELDS("Content-Length: 5\r\nContent-Length: 5"), NEVER),
    ROW(FIELDS("Content-Length: 5, 5"), NEVER),
    ROW(FIELDS("Content-Length: -1"), NEVER),
    ROW(FIELDS("A: b\r\n c"), NEVER),
    ROW(FIELDS("A : b"), NEVER),
    ROW(FIELDS("A: \0"), NEVER),
    ROW(FIELDS(": b"), NEVER),
    /* Connection naming what is end-to-end is seen in the field, and ignored */
    ROW(FIELDS("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked"), HTTP_BODY_CHUNKED),
    ROW(FIELDS("Connection: Content-Length\r\nContent-Length: 5"), HTTP_BODY_LENGTH),
    ROW(FIELDS("Connection: \x01"), NEVER),
    /* what has no body */
    TO(HTTP_HEAD, LINE("HTTP/1.1 200 OK"), HTTP_BODY_NONE),
    TO(HTTP_HEAD, "HTTP/1.1 200 OK\r\n" CHUNKED, HTTP_BODY_NONE),
    TO(HTTP_HEAD, "HTTP/1.1 200 OK\r\n\r\n", HTTP_BODY_NONE),
    TO(HTTP_HEAD, FIELDS("Content-Length: 5\r\nContent-Length: 5"), NEVER),
    ROW(LINE("HTTP/1.1 304 Not Modified"), HTTP_BODY_NONE),
    ROW("HTTP/1.1 304 Not Modified\r\n" CHUNKED, HTTP_BODY_NONE),
    ROW("HTTP/1.1 204 No Content\r\n\r\n", HTTP_BODY_NONE),
    ROW("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", HTTP_BODY_NONE),
    ROW(LINE("HTTP/1.1 204 No Content"), NEVER),
    ROW("HTTP/1.1 204 No Content\r\n" CHUNKED, NEVER),
    ROW("HTTP/1.1 100 Continue\r\n\r\n", HTTP_BODY_NONE),
    ROW("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", HTTP_BODY_NONE),
    ROW(LINE("HTTP/1.1 100 Continue"), NEVER),
    ROW("HTTP/1.1 199 x\r\n" CHUNKED, NEVER),
    /* tunnels */
    ASKED("HTTP/1.1 101 Switching Protocols\r\n" UPGRADE, HTTP_BODY_TUNNEL),
    ASKED("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n" UPGRADE, HTTP_BODY_TUNNEL),
    ASKED("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\n" UPGRADE, NEVER),
    ASKED("HTTP/1.1 101 Switching Protocols\r\n\r\n", NEVER),
    ASKED("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", NEVER),
    ASKED("HTTP/1.0 101 Switching Protocols\r\n" UPGRADE, NEVER),
    ROW("HTTP/1.1 101 Switching Protocols\r\n" UPGRADE, NEVER),
    ASKED(LINE("HTTP/1.1 200 OK"), HTTP_BODY_LENGTH),
    TO(HTTP_CONNECT, "HTTP/1.1 200 OK\r\n\r\n", NEVER),
    TO(HTTP_CONNECT, LINE("HTTP/1.1 405 Method Not Allowed"), HTTP_BODY_LENGTH),
};

#define ROWS (sizeof rows / sizeof *rows)

static struct http_side side_of(const struct row *r)
{
    return (struct http_side){.method = r->method, .asked_upgrade = r->asked_upgrade};
}

static int wanted(const struct row *r)
{
    return r->body == NEVER ? -502 : (int)r->n;
}

static int parse(const struct row *r, const void *bytes, size_t n, struct http_head *h)
{
    return http_parse_response(guarded(bytes, n), LIMIT, r->method, r->asked_upgrade, h);
}

Test(http_response, rows)
{
    struct http_head h;
    for (size_t i = 0; i < ROWS; i++) {
        int r = parse(&rows[i], rows[i].bytes, rows[i].n, &h);
        cr_expect_eq(r, wanted(&rows[i]), "%d: %s", r, rows[i].bytes);
        if (r <= 0)
            continue;
        cr_expect_eq(h.body, rows[i].body, "%s", rows[i].bytes);
        cr_expect_eq(h.length, h.body == HTTP_BODY_LENGTH ? 5 : 0, "%s", rows[i].bytes);
    }
}

Test(http_response, cut_at_every_byte)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct http_side side = side_of(&rows[i]);
        for (size_t cut = 0; cut <= rows[i].n; cut++)
            http_prefix_agrees(&side, guarded(rows[i].bytes, cut).p, cut, LIMIT, wanted(&rows[i]));
    }
}

Test(http_response, more_bytes_change_nothing)
{
    char more[512];
    struct http_head h;
    for (size_t i = 0; i < ROWS; i++) {
        memcpy(more, rows[i].bytes, rows[i].n);
        memcpy(more + rows[i].n, "\0\xff\n\r", 4);
        cr_expect_eq(parse(&rows[i], more, rows[i].n + 4, &h), wanted(&rows[i]), "%s", rows[i].bytes);
    }
}

Test(http_response, every_byte_mutated)
{
    uint8_t bytes[512];
    for (size_t i = 0; i < ROWS; i++) {
        struct http_side side = side_of(&rows[i]);
        memcpy(bytes, rows[i].bytes, rows[i].n);
        for (size_t at = 0; at < rows[i].n; at++) {
            for (unsigned b = 0; b < 256; b++) {
                bytes[at] = (uint8_t)b;
                http_head_properties(&side, guarded(bytes, rows[i].n).p, rows[i].n, 2);
            }
            bytes[at] = (uint8_t)rows[i].bytes[at];
        }
    }
}

Test(http_response, parts)
{
    const char text[] =
        "HTTP/1.1 503 Try later\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 77\r\n\r\n";
    struct http_head h;
    cr_assert_eq(http_parse_response(guarded(text, sizeof text - 1), LIMIT, HTTP_GET, false, &h),
                 (int)sizeof text - 1);
    cr_assert_eq(h.bytes, sizeof text - 1);
    cr_assert_eq(h.status, 503);
    cr_assert_eq(h.minor, 1);
    cr_assert_eq(h.length, 77);
    cr_assert(h.close && !h.keep_alive);
    cr_assert(span_eq(h.start_line, span_str("HTTP/1.1 503 Try later")));
    cr_assert_eq(h.nfields, 3);
    cr_assert(!h.field[0].hop && h.field[1].hop && !h.field[2].hop);
}

Test(http_response, head_limit)
{
    const char text[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
    uint32_t n = sizeof text - 1;
    struct http_head h;
    cr_assert_eq(http_parse_response(guarded(text, n), n, HTTP_GET, false, &h), (int)n);
    cr_assert_eq(http_parse_response(guarded(text, n), n - 1, HTTP_GET, false, &h), -502);
    cr_assert_eq(http_parse_response(guarded(text, n - 2), n - 1, HTTP_GET, false, &h), HTTP_PARTIAL);
}
