/* Writing the two messages of an exchange, in one of many legal spellings. */
#include "tests/sim/plan.h"
#include "tests/sim/edits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plan *book_new(struct book *b)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 64;
        b->p = xrealloc(b->p, b->cap * sizeof *b->p);
    }
    struct plan *p = xalloc(sizeof *p);
    p->id = b->n;
    p->reset_at = p->stall_at = UINT32_MAX;
    b->p[b->n++] = p;
    return p;
}

struct plan *book_find(const struct book *b, uint32_t id)
{
    return id < b->n ? b->p[id] : NULL;
}

void book_free(struct book *b)
{
    for (uint32_t i = 0; i < b->n; i++)
        free(b->p[i]);
    free(b->p);
    *b = (struct book){0};
}

bool plan_ends_conn(const struct plan *p)
{
    return p->close || (p->minor == 0 && !p->keep10) || (p->resp_kind == BODY_CLOSE && plan_resp_body(p)) ||
           p->early;
}

bool plan_resp_body(const struct plan *p)
{
    return !p->head && p->status != 204 && p->status != 304 && p->resp_kind != BODY_NONE;
}

static void put_body_bytes(struct buf *b, uint32_t id, enum body_dir dir, uint32_t from, uint32_t n)
{
    uint8_t chunk[256];
    while (n > 0) {
        uint32_t k = n < sizeof chunk ? n : (uint32_t)sizeof chunk;
        for (uint32_t i = 0; i < k; i++)
            chunk[i] = body_byte(id, dir, from + i);
        buf_put(b, chunk, k);
        from += k;
        n -= k;
    }
}

/* Chunks of all sizes, 1 byte included; leading zeros, extensions and trailers now and then. */
static void put_chunked(struct buf *b, struct rng *r, uint32_t id, enum body_dir dir, uint32_t n)
{
    uint32_t top = 1u << rng_below(r, 16), off = 0;
    if (top < n / 500)
        top = n / 500;
    while (off < n) {
        uint32_t k = (uint32_t)rng_range(r, 1, top);
        if (k > n - off)
            k = n - off;
        buf_printf(b, rng_permille(r, 100) ? "00%X" : "%x", k);
        buf_printf(b, rng_permille(r, 50) ? ";ext=\"v\"\r\n" : "\r\n");
        put_body_bytes(b, id, dir, off, k);
        buf_printf(b, "\r\n");
        off += k;
    }
    buf_printf(b, "0\r\n");
    if (rng_permille(r, 150))
        buf_printf(b, "X-Trailer: %u\r\n", id);
    buf_printf(b, "\r\n");
}

static void put_body(struct buf *b, struct rng *r, uint32_t id, enum body_dir dir, enum body_kind kind,
                     uint32_t n)
{
    if (kind == BODY_CHUNKED)
        put_chunked(b, r, id, dir, n);
    else if (kind != BODY_NONE)
        put_body_bytes(b, id, dir, 0, n);
}

static void put_blob(struct buf *b, const struct plan *p)
{
    if (!p->blob)
        return;
    buf_printf(b, "X-Blob: ");
    for (uint32_t i = 0; i < p->blob; i++) {
        char c = (char)('a' + body_byte(p->id, DIR_REQUEST, i) % 26);
        buf_put(b, &c, 1);
    }
    buf_printf(b, "\r\n");
}

static void put_connection(struct buf *b, const struct plan *p, struct rng *r)
{
    const char *token = p->close ? "close" : p->keep10 ? "keep-alive" : "";
    if (p->hop)
        buf_printf(b, "Connection: X-Hop%s%s\r\nX-Hop: secret\r\nKeep-Alive: timeout=9\r\n",
                   *token ? ", " : "", token);
    else if (*token)
        buf_printf(b, "%s: %s\r\n", rng_permille(r, 500) ? "Connection" : "connection", token);
    if (p->hop)
        buf_printf(b, "TE: trailers\r\nProxy-Connection: x\r\n");
}

void plan_write_request(const struct plan *p, struct rng *r, struct buf *head, struct buf *body)
{
    bool host_first = rng_permille(r, 700);
    buf_printf(head, "%s %s HTTP/1.%u\r\n", p->method, p->target, p->minor);
    if (host_first)
        buf_printf(head, "Host: %s\r\n", p->host);
    buf_printf(head, "X-Id: %u\r\n" EDITS_GONE ": %u\r\n", p->id, p->id);
    put_blob(head, p);
    put_connection(head, p, r);
    if (p->xff)
        buf_printf(head, "X-Forwarded-For: 192.0.2.9\r\n");
    if (!host_first)
        buf_printf(head, "hOST:   %s  \r\n", p->host);
    if (p->expect)
        buf_printf(head, "Expect: 100-continue\r\n");
    if (p->req_kind == BODY_LENGTH)
        buf_printf(head, "Content-Length: %u\r\n", p->req_len);
    else if (p->req_kind == BODY_CHUNKED)
        buf_printf(head, "Transfer-Encoding: chunked\r\n");
    buf_printf(head, "\r\n");
    put_body(body, r, p->id, DIR_REQUEST, p->req_kind, p->req_len);
}

/* Content-Length says more than comes, or the framing breaks off inside the body. */
static void put_broken_body(struct buf *b, const struct plan *p, struct rng *r)
{
    uint32_t n = (uint32_t)rng_range(r, 1, 3000);
    buf_printf(b, "HTTP/1.1 200 OK\r\nX-Id: %u\r\n" EDITS_GONE ": 1\r\n", p->id);
    if (p->garbage == GARBAGE_SHORT) {
        buf_printf(b, "Content-Length: %u\r\n\r\n", p->resp_len);
        put_body_bytes(b, p->id, DIR_RESPONSE, 0, p->resp_len - 1 - (uint32_t)rng_below(r, p->resp_len));
        return;
    }
    buf_printf(b, "Transfer-Encoding: chunked\r\n\r\n%x\r\n", n);
    put_body_bytes(b, p->id, DIR_RESPONSE, 0, n);
    buf_printf(b, p->garbage == GARBAGE_CHUNK_END ? "xx5\r\nhello\r\n0\r\n\r\n"
                                                  : "\r\n0x5g\r\nhello\r\n0\r\n\r\n");
}

static void put_random(struct buf *b, struct rng *r, uint32_t n)
{
    while (n--) {
        uint8_t c = (uint8_t)rng_u32(r);
        buf_put(b, &c, 1);
    }
}

/* A response that no recipient may accept (RFC 9112). */
static void put_garbage(struct buf *b, const struct plan *p, struct rng *r)
{
    static const char *const head[GARBAGE_HEADS + 1] = {
        [GARBAGE_RANDOM] = "\x16\x03\x01",
        [GARBAGE_STATUS] = "HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok",
        [GARBAGE_BARE_LF] = "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\r\nok",
        [GARBAGE_TWO_LENGTHS] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        [GARBAGE_LENGTH_AND_CHUNKED] =
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        [GARBAGE_FOLD] = "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
        [GARBAGE_SPACE_COLON] = "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        [GARBAGE_NUL] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: ",
        [GARBAGE_ENDLESS] = "HTTP/1.1 200 OK\r\n",
    };
    if (p->garbage > GARBAGE_HEADS) {
        put_broken_body(b, p, r);
        return;
    }
    buf_printf(b, "%s", head[p->garbage]);
    if (p->garbage == GARBAGE_RANDOM)
        put_random(b, r, (uint32_t)rng_range(r, 1, 3000));
    else if (p->garbage == GARBAGE_NUL)
        buf_put(b, "x\0y\r\n\r\nok", 9);
    for (uint32_t i = 0; p->garbage == GARBAGE_ENDLESS && i < 4000; i++)
        buf_printf(b, "X-%u: endless\r\n", i);
}

void plan_write_response(const struct plan *p, struct rng *r, struct buf *out)
{
    enum body_kind kind = p->early ? BODY_LENGTH : p->resp_kind;
    uint32_t len = p->resp_len;
    if (p->garbage) { /* whoever is asked: the first may crash before its garbage has arrived */
        put_garbage(out, p, r);
        return;
    }
    if (p->hints && p->minor == 1)
        buf_printf(out, "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n");
    buf_printf(out, "HTTP/1.1 %u Whatever\r\nX-Id: %u\r\n" EDITS_GONE ": 1\r\n", p->status, p->id);
    if (p->endpoint_close || p->early || kind == BODY_CLOSE)
        buf_printf(out, "Connection: close\r\n");
    else if ((p->endpoint_keepalive && p->minor == 1) || p->keep10)
        buf_printf(out, "Connection: keep-alive\r\nKeep-Alive: timeout=5, max=100\r\n");
    if (p->status != 204 && kind == BODY_LENGTH)
        buf_printf(out, "Content-Length: %u\r\n", len);
    else if (p->status != 204 && kind == BODY_CHUNKED)
        buf_printf(out, "Transfer-Encoding: chunked\r\n");
    buf_printf(out, "\r\n");
    if (plan_resp_body(p))
        put_body(out, r, p->id, DIR_RESPONSE, kind, len);
    put_random(out, r, p->surplus);
}
