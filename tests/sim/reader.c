#include "tests/sim/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEAD_MAX 70000

void reader_reset(struct reader *r)
{
    r->state = READ_HEAD;
    r->head.n = 0;
    r->off = r->chunk = r->length = 0;
    r->line_len = 0;
    r->interim = false;
}

void reader_free(struct reader *r)
{
    buf_free(&r->head);
}

static void bad(struct reader *r, const char *why)
{
    r->state = READ_BAD;
    if (why != r->why) /* on_head may have written it there itself */
        snprintf(r->why, sizeof r->why, "%s", why);
}

unsigned head_field(const struct reader *r, const char *name, char *value, size_t cap)
{
    unsigned count = 0;
    size_t nlen = strlen(name);
    if (cap)
        value[0] = 0;
    for (const char *l = strstr((const char *)r->head.p, "\r\n"); l && l[2]; l = strstr(l + 2, "\r\n")) {
        const char *f = l + 2, *end = strstr(f, "\r\n");
        if (!end || strncasecmp(f, name, nlen) != 0 || f[nlen] != ':')
            continue;
        f += nlen + 1;
        while (f < end && (*f == ' ' || *f == '\t'))
            f++;
        while (end > f && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        if (count++ == 0 && cap)
            snprintf(value, cap, "%.*s", (int)(end - f), f);
    }
    return count;
}

static void head_done(struct reader *r)
{
    r->interim = false;
    const char *why = r->on_head(r->arg, r);
    if (why) {
        bad(r, why);
    } else if (r->interim) {
        reader_reset(r);
    } else if (r->kind == BODY_CHUNKED) {
        r->state = READ_CHUNK_SIZE;
    } else if (r->kind == BODY_NONE || (r->kind == BODY_LENGTH && r->length == 0)) {
        r->state = READ_DONE;
    } else {
        r->state = READ_BODY;
    }
}

static size_t feed_head(struct reader *r, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_put(&r->head, p + i, 1);
        size_t h = r->head.n;
        if (h >= 4 && memcmp(r->head.p + h - 4, "\r\n\r\n", 4) == 0) {
            head_done(r);
            return i + 1;
        }
        if (h > HEAD_MAX) {
            bad(r, "head too long");
            return i + 1;
        }
    }
    return n;
}

static size_t compare(struct reader *r, const uint8_t *p, size_t n)
{
    for (size_t i = 0; r->compare && i < n; i++)
        if (p[i] != body_byte(r->id, r->dir, (uint32_t)(r->off + i))) {
            bad(r, "");
            snprintf(r->why, sizeof r->why, "body byte %llu of %s %u is 0x%02x, not 0x%02x",
                     (unsigned long long)(r->off + i), r->dir == DIR_REQUEST ? "request" : "response", r->id,
                     p[i], body_byte(r->id, r->dir, (uint32_t)(r->off + i)));
            return n;
        }
    r->off += n;
    return n;
}

static size_t feed_body(struct reader *r, const uint8_t *p, size_t n)
{
    if (r->kind == BODY_LENGTH && n > r->length - r->off)
        n = (size_t)(r->length - r->off);
    n = compare(r, p, n);
    if (r->state == READ_BODY && r->kind == BODY_LENGTH && r->off == r->length)
        r->state = READ_DONE;
    return n;
}

static size_t feed_chunk(struct reader *r, const uint8_t *p, size_t n)
{
    if (n > r->chunk)
        n = (size_t)r->chunk;
    n = compare(r, p, n);
    r->chunk -= n;
    if (r->state == READ_CHUNK_DATA && r->chunk == 0)
        r->state = READ_CHUNK_END;
    return n;
}

/* One line of framing has come (without CRLF). */
static void on_line(struct reader *r)
{
    char *end;
    switch (r->state) {
    case READ_CHUNK_SIZE:
        r->chunk = strtoull(r->line, &end, 16);
        if (end == r->line)
            bad(r, "chunk size is no number");
        else
            r->state = r->chunk ? READ_CHUNK_DATA : READ_TRAILER;
        return;
    case READ_CHUNK_END:
        if (r->line_len)
            bad(r, "bytes after chunk data");
        else
            r->state = READ_CHUNK_SIZE;
        return;
    default:
        if (r->line_len == 0)
            r->state = READ_DONE;
    }
}

static size_t feed_line(struct reader *r, const uint8_t *p, size_t n)
{
    (void)n;
    if (*p != '\n') {
        if (r->line_len + 1 >= sizeof r->line)
            bad(r, "framing line too long");
        else
            r->line[r->line_len++] = (char)*p;
        return 1;
    }
    if (r->line_len == 0 || r->line[r->line_len - 1] != '\r') {
        bad(r, "bare LF");
        return 1;
    }
    r->line[--r->line_len] = 0;
    on_line(r);
    r->line_len = 0;
    return 1;
}

size_t reader_feed(struct reader *r, const uint8_t *p, size_t n)
{
    size_t at = 0;
    while (at < n && r->state != READ_DONE && r->state != READ_BAD) {
        if (r->state == READ_HEAD)
            at += feed_head(r, p + at, n - at);
        else if (r->state == READ_BODY)
            at += feed_body(r, p + at, n - at);
        else if (r->state == READ_CHUNK_DATA)
            at += feed_chunk(r, p + at, n - at);
        else
            at += feed_line(r, p + at, n - at);
    }
    return at;
}

bool reader_eof(struct reader *r)
{
    if (r->state == READ_BODY && r->kind == BODY_CLOSE) {
        r->state = READ_DONE;
        return true;
    }
    return r->state == READ_HEAD && r->head.n == 0;
}
