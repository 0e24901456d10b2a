#include <criterion/criterion.h>

#include "tests/fuzz/http_property.h"
#include "tests/unit/guarded.h"

enum outcome {
    DONE,
    MORE,
    BAD,
};

struct row {
    const char *bytes;
    size_t n;
    enum outcome outcome;
    size_t taken;  /* bytes of the body; what follows is the next message */
    uint64_t data; /* data bytes in it */
};

#define ROW(text, outcome, taken, data)                                                                      \
    {                                                                                                        \
        text, sizeof(text) - 1, outcome, taken, data                                                         \
    }
#define FINISHED(text, data) ROW(text, DONE, sizeof(text) - 1, data)
#define CUT(text, data)      ROW(text, MORE, sizeof(text) - 1, data)
#define WRONG(text)          ROW(text, BAD, 0, 0)

static const struct row rows[] = {
    FINISHED("0\r\n\r\n", 0),
    FINISHED("000\r\n\r\n", 0),
    FINISHED("5\r\nhello\r\n0\r\n\r\n", 5),
    FINISHED("5\r\n\r\n0\r\n\r\n0\r\n\r\n", 5), /* data that looks like the end */
    FINISHED("1\r\na\r\n00a\r\n0123456789\r\n0\r\n\r\n", 11),
    FINISHED("A\r\n0123456789\r\n0\r\n\r\n", 10),
    FINISHED("1;x\r\na\r\n0;y=z\r\n\r\n", 1),
    FINISHED("1;x=\"a;b\" \t;c\r\na\r\n0\r\n\r\n", 1),
    FINISHED("1 \t;x\r\na\r\n0 ;\r\n\r\n", 1),
    FINISHED("0\r\nA: b\r\nC:\r\n\r\n", 0),
    ROW("0\r\n\r\nGET / HTTP/1.1\r\n", DONE, 5, 0),
    ROW("1\r\na\r\n0\r\nA: b\r\n\r\nHTTP", DONE, 17, 1),
    CUT("", 0),
    CUT("5", 0),
    CUT("5\r", 0),
    CUT("5\r\n", 5),
    CUT("5\r\nhel", 5),
    CUT("5\r\nhello\r", 5),
    CUT("5\r\nhello\r\n0\r\n", 5),
    CUT("0\r\n\r", 0),
    CUT("0\r\nA: b\r\n", 0),
    CUT("4000000000000000\r\n", (uint64_t)1 << 62),
    WRONG("\r\n"),
    WRONG(" 5\r\n"),
    WRONG("5 \r\n"),
    WRONG("5\t\r\n"),
    WRONG("5 5\r\n"),
    WRONG("+5\r\n"),
    WRONG("-5\r\n"),
    WRONG("0x5\r\n"),
    WRONG("5h\r\n"),
    WRONG(";x\r\n"),
    WRONG("g\r\n"),
    WRONG("5\n"),
    WRONG("5\rx"),
    WRONG("5\r\r\n"),
    WRONG("5;x\n"),
    WRONG("5;x\ry"),
    WRONG("5;\0\r\n"),
    WRONG("5;\x7f\r\n"),
    WRONG("5,\r\n"),
    WRONG("4000000000000001\r\n"),
    WRONG("8000000000000000\r\n"),
    WRONG("10000000000000000\r\n"),
    WRONG("10000000000000005\r\n"),
    WRONG("5\r\nhellox"),
    WRONG("5\r\nhello\n"),
    WRONG("5\r\nhello\rx"),
    WRONG("5\r\nhello0\r\n\r\n"),
    WRONG("0\r\n\n"),
    WRONG("0\n\r\n"),
    WRONG("0\r\n\rx"),
    WRONG("0\r\n A: b\r\n\r\n"),
    WRONG("0\r\nA : b\r\n\r\n"),
    WRONG("0\r\nA\r\n\r\n"),
    WRONG("0\r\n: b\r\n\r\n"),
    WRONG("0\r\nA: b\n\r\n"),
    WRONG("0\r\nA: b\r\n c\r\n\r\n"),
    WRONG("0\r\nA: \0\r\n\r\n"),
};

#define ROWS (sizeof rows / sizeof *rows)

static void check(const struct row *row, struct http_body_end e)
{
    cr_expect_eq(e.refused, row->outcome == BAD, "%s", row->bytes);
    cr_expect_eq(e.done, row->outcome == DONE, "%s", row->bytes);
    if (row->outcome != BAD) {
        cr_expect_eq(e.bytes, row->taken, "%s", row->bytes);
        cr_expect_eq(e.data, row->data, "%s", row->bytes);
    }
}

Test(http_chunked, rows_in_pieces_of_every_size)
{
    for (size_t i = 0; i < ROWS; i++)
        for (size_t step = 1; step <= rows[i].n + 1; step++)
            check(&rows[i], http_read_chunks(guarded(rows[i].bytes, rows[i].n), step));
}

Test(http_chunked, every_byte_mutated)
{
    uint8_t bytes[64];
    for (size_t i = 0; i < ROWS; i++) {
        memcpy(bytes, rows[i].bytes, rows[i].n);
        for (size_t at = 0; at < rows[i].n; at++) {
            for (unsigned b = 0; b < 256; b++) {
                bytes[at] = (uint8_t)b;
                http_chunked_properties(guarded(bytes, rows[i].n).p, rows[i].n);
            }
            bytes[at] = (uint8_t)rows[i].bytes[at];
        }
    }
}

Test(http_chunked, stops_at_data)
{
    const char text[] = "3\r\nabc\r\n0\r\n\r\nnext";
    struct http_chunked c = {0};
    uint64_t data;
    cr_assert_eq(http_chunked_feed(&c, span_of(text, sizeof text - 1), &data), 3);
    cr_assert_eq(data, 3);
    cr_assert_eq(c.state, HTTP_CHUNK_DATA_END);
    cr_assert_eq(http_chunked_feed(&c, span_str(text + 6), &data), 7);
    cr_assert_eq(data, 0);
    cr_assert_eq(c.state, HTTP_CHUNK_DONE);
    cr_assert_eq(http_chunked_feed(&c, span_str("next"), &data), 0);
    cr_assert_eq(data, 0);
}

/* Feeds a size line with an extension that makes it n bytes long. */
static bool size_line_taken(size_t n)
{
    static char line[512];
    struct http_chunked c = {0};
    uint64_t data;
    memset(line, 'x', n);
    memcpy(line, "1;", 2);
    memcpy(line + n - 2, "\r\n", 2);
    return http_chunked_feed(&c, guarded(line, n), &data) == (int64_t)n && data == 1;
}

/* The same of a trailer section, with its empty line. */
static bool trailer_taken(size_t n)
{
    static char body[3 + 16384];
    struct http_chunked c = {0};
    uint64_t data;
    memset(body, 'x', sizeof body);
    memcpy(body, "0\r\na:", 5);
    memcpy(body + 3 + n - 4, "\r\n\r\n", 4);
    return http_chunked_feed(&c, guarded(body, 3 + n), &data) == (int64_t)(3 + n);
}

Test(http_chunked, lines_are_bounded)
{
    cr_assert(size_line_taken(256));
    cr_assert(!size_line_taken(257));
    cr_assert(trailer_taken(8192));
    cr_assert(!trailer_taken(8193));
}

Test(http_chunked, bounds_are_per_line_and_per_body)
{
    struct http_chunked c = {0};
    uint64_t data;
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert_eq(http_chunked_feed(&c, span_str("1;x\r\n"), &data), 5);
        cr_assert_eq(data, 1);
        cr_assert_eq(http_chunked_feed(&c, span_str("\r\n"), &data), 2);
    }
    cr_assert_eq(http_chunked_feed(&c, span_str("0\r\n\r\n"), &data), 5);
    cr_assert_eq(c.state, HTTP_CHUNK_DONE);
}
