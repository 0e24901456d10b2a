/* Field lines (RFC 9112 section 5): one pass from the first name to the empty line, with the names that lacon
 * looks at turned into ids on the way, so that nobody compares names later. No state; any thread. */
#include "agent/http/chars.h"
#include "agent/http/section.h"

struct known {
    const char *name; /* lower case */
    uint8_t id;
};

/* By length of the name, those that are seen most first: a lookup is mostly none or one comparison. */
static const struct known *const by_length[20] = {
    [2] = (const struct known[]){{"te", HTTP_F_TE}, {0}},
    [4] = (const struct known[]){{"host", HTTP_F_HOST}, {0}},
    [6] = (const struct known[]){{"cookie", HTTP_F_COOKIE}, {"expect", HTTP_F_EXPECT}, {0}},
    [7] =
        (const struct known[]){
            {"referer", HTTP_F_REFERER}, {"upgrade", HTTP_F_UPGRADE}, {"trailer", HTTP_F_TRAILER}, {0}},
    [9] = (const struct known[]){{"forwarded", HTTP_F_FORWARDED}, {0}},
    [10] = (const struct known[]){{"connection", HTTP_F_CONNECTION},
                                  {"user-agent", HTTP_F_USER_AGENT},
                                  {"set-cookie", HTTP_F_SET_COOKIE},
                                  {"keep-alive", HTTP_F_KEEP_ALIVE},
                                  {"tracestate", HTTP_F_TRACESTATE},
                                  {0}},
    [11] = (const struct known[]){{"traceparent", HTTP_F_TRACEPARENT}, {0}},
    [12] = (const struct known[]){{"x-request-id", HTTP_F_X_REQUEST_ID}, {0}},
    [14] = (const struct known[]){{"content-length", HTTP_F_CONTENT_LENGTH},
                                  {"http2-settings", HTTP_F_HTTP2_SETTINGS},
                                  {0}},
    [15] = (const struct known[]){{"x-forwarded-for", HTTP_F_X_FORWARDED_FOR}, {0}},
    [16] = (const struct known[]){{"proxy-connection", HTTP_F_PROXY_CONNECTION},
                                  {"x-forwarded-host", HTTP_F_X_FORWARDED_HOST},
                                  {"x-forwarded-port", HTTP_F_X_FORWARDED_PORT},
                                  {0}},
    [17] = (const struct known[]){{"transfer-encoding", HTTP_F_TRANSFER_ENCODING},
                                  {"x-forwarded-proto", HTTP_F_X_FORWARDED_PROTO},
                                  {0}},
    [18] = (const struct known[]){{"proxy-authenticate", HTTP_F_PROXY_AUTHENTICATE}, {0}},
    [19] = (const struct known[]){{"proxy-authorization", HTTP_F_PROXY_AUTHORIZATION}, {0}},
};

static uint64_t word_at(const void *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* Is it the name that `lower`, of the same length, is in lower case? Or-ing 0x20 folds case; among token
 * characters it maps nothing else onto a letter, a digit or '-'. The last eight bytes of a longer name
 * overlap those before. */
static bool folds_to(struct span name, const char *lower)
{
    static const uint64_t fold = UINT64_C(0x2020202020202020);
    size_t i = 0;
    if (name.n >= 8) {
        for (; i + 8 < name.n; i += 8)
            if ((word_at(name.p + i) | fold) != word_at(lower + i))
                return false;
        return (word_at(name.p + name.n - 8) | fold) == word_at(lower + name.n - 8);
    }
    for (; i < name.n; i++)
        if ((name.p[i] | 0x20) != lower[i])
            return false;
    return true;
}

enum http_field_id http_field_lookup(struct span name)
{
    const struct known *k = name.n < 20 ? by_length[name.n] : 0;
    for (; k && k->name; k++)
        if (folds_to(name, k->name))
            return k->id;
    return HTTP_F_OTHER;
}

static struct span trim_right(const uint8_t *p, const uint8_t *end)
{
    while (end != p && http_is_ows(end[-1]))
        end--;
    return span_of(p, (size_t)(end - p));
}

int http_take_crlf(struct http_cursor *c)
{
    if (c->p == c->end)
        return HTTP_PARTIAL;
    if (*c->p != '\r')
        return -400;
    if (c->p + 1 == c->end)
        return HTTP_PARTIAL;
    if (c->p[1] != '\n')
        return -400;
    c->p += 2;
    return HTTP_DONE;
}

int http_take_version(struct http_cursor *c, uint8_t *minor)
{
    static const uint8_t shape[] = "HTTP/d.d";
    if (c->end - c->p >= 8 && memcmp(c->p, "HTTP/1.1", 8) == 0) { /* what nearly everybody says */
        *minor = 1;
        c->p += 8;
        return HTTP_DONE;
    }
    for (unsigned i = 0; i < 8; i++) {
        if (c->p + i == c->end)
            return HTTP_PARTIAL;
        uint8_t b = c->p[i];
        if (shape[i] == 'd' ? !http_is(b, HTTP_C_DIGIT) : b != shape[i])
            return -400;
        if (i == 5 && b != '1')
            return -505;
    }
    *minor = c->p[7] != '0';
    c->p += 8;
    return HTTP_DONE;
}

/* field-name ":" OWS field-value OWS CRLF. A line that begins with white space (obs-fold), an empty name and
 * white space before the colon all fail on the name. */
static int take_field(struct http_cursor *c, struct http_field *f)
{
    const uint8_t *name = c->p;
    const uint8_t *p = http_skip(name, c->end, HTTP_C_TOKEN);
    if (p == c->end)
        return HTTP_PARTIAL;
    if (*p != ':' || p == name)
        return -400;
    f->name = span_of(name, (size_t)(p - name));
    do
        p++;
    while (p != c->end && http_is_ows(*p));
    c->p = http_skip_text(p, c->end);
    f->value = trim_right(p, c->p);
    return http_take_crlf(c);
}

static void note_field(struct http_head *h, struct http_seen *seen)
{
    struct http_field *f = &h->field[h->nfields];
    f->id = (uint8_t)http_field_lookup(f->name);
    f->hop = false;
    seen->twice |= seen->once & HTTP_BIT(f->id);
    seen->once |= HTTP_BIT(f->id);
    seen->at[f->id] = (uint8_t)h->nfields;
    h->nfields++;
}

int http_take_fields(struct http_cursor *c, struct http_head *h, struct http_seen *seen)
{
    seen->once = seen->twice = 0;
    while (c->p != c->end && *c->p != '\r') {
        struct http_field extra;
        bool full = h->nfields == HTTP_MAX_FIELDS;
        int r = take_field(c, full ? &extra : &h->field[h->nfields]);
        if (r <= 0)
            return r;
        if (full)
            return -431;
        note_field(h, seen);
    }
    h->has = seen->once;
    return http_take_crlf(c);
}
