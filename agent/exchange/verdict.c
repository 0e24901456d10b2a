#include "agent/exchange/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "agent/exchange/internal.h"

#define BODY_MOST (64u << 10) /* of a body, in which a match may stand */

/* Knuth, Morris, Pratt 1977, so that the body may be cut anywhere. */
struct matcher {
    const uint8_t *wanted;
    uint32_t n;
    uint8_t back[256]; /* after a mismatch behind so many bytes, so many still match */
};

struct matcher *matcher_make(const char *wanted)
{
    struct matcher *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->wanted = (const uint8_t *)wanted;
    m->n = (uint32_t)strlen(wanted);
    for (uint32_t i = 1, k = 0; i < m->n; i++) {
        while (k && m->wanted[i] != m->wanted[k])
            k = m->back[k];
        k += m->wanted[i] == m->wanted[k];
        m->back[i + 1] = (uint8_t)k;
    }
    return m;
}

/* ---- the head ---- */

static bool is_expected(const struct cfg_health_check *h, uint16_t status)
{
    if (!h->nexpected)
        return status >= 200 && status <= 399;
    for (uint32_t i = 0; i < h->nexpected; i++)
        if (status >= h->expected[i].lo && status <= h->expected[i].hi)
            return true;
    return false;
}

static enum http_method asked_method(const struct cfg_health_check *h)
{
    static const enum http_method m[] = {
        [CFG_CHECK_GET] = HTTP_GET, [CFG_CHECK_HEAD] = HTTP_HEAD, [CFG_CHECK_OPTIONS] = HTTP_OPTIONS};
    return m[h->method];
}

static struct verdict found(enum finding f, uint16_t status)
{
    return (struct verdict){.known = true, .finding = f, .status = status};
}

static struct verdict judge_head(struct check_answer *a, const struct cfg_health_check *expected,
                                 struct span bytes, uint32_t *scanned, struct http_head *h)
{
    if (!http_head_due(bytes, RESPONSE_LIMIT, scanned))
        return (struct verdict){0};
    int n = http_parse_response(bytes, RESPONSE_LIMIT, asked_method(expected), false, h);
    if (n == HTTP_PARTIAL)
        return (struct verdict){0};
    *scanned = 0;
    if (n < 0)
        return found(FINDING_BAD_ANSWER, 0);
    if (h->status < 200) /* another head follows */
        return (struct verdict){.taken = (size_t)n};
    if (!is_expected(expected, h->status))
        return found(FINDING_STATUS, h->status);
    if (!a->matcher)
        return found(FINDING_PASSED, 0);
    if (h->body == HTTP_BODY_NONE)
        return found(FINDING_BODY, 0);
    a->head = true;
    a->body = h->body;
    a->left = h->length;
    return (struct verdict){.taken = (size_t)n};
}

/* ---- the body ---- */

/* Does the body, which goes on with these bytes, hold what is wanted? */
static bool match(struct check_answer *a, struct span data)
{
    const struct matcher *m = a->matcher;
    for (size_t i = 0; i < data.n && a->read < BODY_MOST; i++, a->read++) {
        while (a->matched && data.p[i] != m->wanted[a->matched])
            a->matched = m->back[a->matched];
        a->matched += data.p[i] == m->wanted[a->matched];
        if (a->matched == m->n)
            return true;
    }
    return false;
}

static struct span first(struct span s, uint64_t n)
{
    return n < s.n ? span_of(s.p, (size_t)n) : s;
}

enum outcome { GOES_ON, MATCHES, ENDS, MALFORMED };

static enum outcome read_chunks(struct check_answer *a, struct span bytes)
{
    while (bytes.n) {
        struct span data = first(bytes, a->left);
        if (match(a, data))
            return MATCHES;
        a->left -= data.n;
        bytes = span_from(bytes, data.n);
        if (!bytes.n)
            break;
        int64_t n = http_chunked_feed(&a->chunked, bytes, &a->left);
        if (n < 0)
            return MALFORMED;
        bytes = span_from(bytes, (size_t)n);
        if (a->chunked.state == HTTP_CHUNK_DONE)
            return ENDS;
    }
    return GOES_ON;
}

static enum outcome read_body(struct check_answer *a, struct span bytes)
{
    if (a->body == HTTP_BODY_CHUNKED)
        return read_chunks(a, bytes);
    struct span data = a->body == HTTP_BODY_LENGTH ? first(bytes, a->left) : bytes;
    if (match(a, data))
        return MATCHES;
    if (a->body != HTTP_BODY_LENGTH)
        return GOES_ON;
    a->left -= data.n;
    return a->left ? GOES_ON : ENDS;
}

static struct verdict judge_body(struct check_answer *a, struct span bytes)
{
    struct verdict v = {.taken = bytes.n};
    enum outcome o = read_body(a, bytes);
    v.known = o != GOES_ON || a->read >= BODY_MOST;
    v.finding = o == MATCHES ? FINDING_PASSED : o == MALFORMED ? FINDING_BAD_ANSWER : FINDING_BODY;
    return v;
}

struct verdict verdict_of(struct check_answer *a, const struct cfg_health_check *expected, struct span bytes,
                          uint32_t *scanned, struct http_head *h)
{
    return a->head ? judge_body(a, bytes) : judge_head(a, expected, bytes, scanned, h);
}

enum finding verdict_at_end(const struct check_answer *a)
{
    return a->head && a->body == HTTP_BODY_CLOSE ? FINDING_BODY : FINDING_CLOSED;
}
