/* What must hold for any bytes given to the HTTP parsers and edits; shared by the fuzz targets and the
 * mutation tests. */
#ifndef LACON_TESTS_FUZZ_HTTP_PROPERTY_H
#define LACON_TESTS_FUZZ_HTTP_PROPERTY_H

#include "agent/http/http.h"
#include "tests/fuzz/property.h"

#define ANY_LIMIT (1u << 20)

/* A request or a response, so that one set of properties serves both. */
struct http_side {
    bool request;
    enum http_method method; /* of the request that a response answers */
    bool asked_upgrade;
};

static inline int http_parse(const struct http_side *s, struct span in, uint32_t limit, struct http_head *h)
{
    return s->request ? http_parse_request(in, limit, h)
                      : http_parse_response(in, limit, s->method, s->asked_upgrade, h);
}

/* `whole` is what the parse of n bytes said; the parse of the first `cut` bytes may not contradict it. */
static inline void http_prefix_agrees(const struct http_side *s, const uint8_t *bytes, size_t cut,
                                      uint32_t limit, int whole)
{
    struct http_head h;
    int r = http_parse(s, span_of(bytes, cut), limit, &h);
    if (whole > 0)
        PROPERTY(r == (cut < (size_t)whole ? HTTP_PARTIAL : whole));
    else if (whole == HTTP_PARTIAL)
        PROPERTY(r == HTTP_PARTIAL);
    else
        PROPERTY(r == HTTP_PARTIAL || r == whole);
}

/* Not one that an edit may be about. */
static inline bool http_is_kept(const struct http_field *f)
{
    return !f->hop && f->id != HTTP_F_HOST && f->id != HTTP_F_UPGRADE && f->id != HTTP_F_X_FORWARDED_FOR &&
           f->id != HTTP_F_X_FORWARDED_PROTO;
}

static inline unsigned http_next_kept(const struct http_head *h, unsigned i)
{
    while (i < h->nfields && !http_is_kept(&h->field[i]))
        i++;
    return i;
}

/* End-to-end fields are the same, in the same order. */
static inline void http_same_fields(const struct http_head *a, const struct http_head *b)
{
    unsigned i = http_next_kept(a, 0), j = http_next_kept(b, 0);
    while (i < a->nfields && j < b->nfields) {
        PROPERTY(span_eq(a->field[i].name, b->field[j].name));
        PROPERTY(span_eq(a->field[i].value, b->field[j].value));
        i = http_next_kept(a, i + 1);
        j = http_next_kept(b, j + 1);
    }
    PROPERTY(i == a->nfields && j == b->nfields);
}

/* The two heads frame and mean the same message. */
static inline void http_same_message(const struct http_side *s, const struct http_head *a,
                                     const struct http_head *b)
{
    PROPERTY(a->body == b->body && a->length == b->length && a->status == b->status);
    if (s->request) {
        PROPERTY(a->minor == b->minor && span_eq(a->method_name, b->method_name));
        PROPERTY(span_eq(a->host, b->host) && span_eq(a->authority, b->authority));
        PROPERTY(span_eq(a->path, b->path) && a->expect_continue == b->expect_continue);
    }
    http_same_fields(a, b);
}

union http_edit {
    struct http_request_edit request;
    struct http_response_edit response;
};

static inline int http_write(const struct http_side *s, const struct http_head *h, const union http_edit *e,
                             uint8_t *out, uint32_t cap)
{
    return s->request ? http_write_request(h, &e->request, out, cap)
                      : http_write_response(h, &e->response, out, cap);
}

/* The written head fits where it is said to fit and nowhere less, and parses to the same message. */
static inline void http_written_agrees(const struct http_side *s, const struct http_head *h,
                                       const union http_edit *e)
{
    uint32_t cap =
        (uint32_t)(s->request ? http_request_room(h, &e->request) : http_response_room(h, &e->response));
    uint8_t *out = malloc(cap), *again = malloc(cap);
    struct http_head back;
    PROPERTY(out && again);
    int n = http_write(s, h, e, out, cap);
    PROPERTY(n > 0);
    PROPERTY(http_write(s, h, e, again, (uint32_t)n - 1) == -1);
    PROPERTY(http_write(s, h, e, again, (uint32_t)n) == n && memcmp(out, again, (size_t)n) == 0);
    if (h->nfields + 3 <= HTTP_MAX_FIELDS) {
        PROPERTY(http_parse(s, span_of(out, (size_t)n), ANY_LIMIT, &back) == n);
        http_same_message(s, h, &back);
        if (!s->request)
            PROPERTY(back.minor == 1);
    }
    free(out);
    free(again);
}

static inline void http_all_edits_agree(const struct http_side *s, const struct http_head *h)
{
    for (unsigned i = 0; i < 4; i++) {
        union http_edit e = {0};
        if (s->request)
            e.request = (struct http_request_edit){.xff = i & 1 ? span_str("192.0.2.255") : span_of(NULL, 0),
                                                   .keep_upgrade = (i & 2) != 0};
        else
            e.response = (struct http_response_edit){.client_close = i == 1, .client_keep_10 = i == 2};
        http_written_agrees(s, h, &e);
    }
}

/* ---- edits of the configuration's ---- */

/* Remove, set and add, of fields that inputs often have; lines that they would make. */
static inline struct http_edits http_some_edits(void)
{
    static char *remove[] = {"accept", "cookie"};
    static struct field_line set[] = {{.name = "Server", .value = "s"}},
                             add[] = {{.name = "x-a", .value = ""}};
    static struct field_edit e = {
        .nremove = 2, .nset = 1, .nadd = 1, .remove = remove, .set = set, .add = add};
    struct http_edits all = {0};
    e.names = field_name_bit(span_str("accept")) | field_name_bit(span_str("cookie")) |
              field_name_bit(span_str("server"));
    http_edits_add(&all, &e);
    return all;
}

#define HTTP_SOME_LINES "Server: s\r\nx-a: \r\n"

static inline bool http_has_value(const struct http_head *h, const char *name, const char *value)
{
    struct span found;
    bool has = false;
    for (uint32_t i = 0; !has && http_find_field(h, span_str(name), i, &found); i++)
        has = span_eq(found, span_str(value));
    return has;
}

/* Whatever is edited, the head that is written parses, frames the same body, and has what edits put in and
 * nothing of what they took out. */
static inline void http_edited_agrees(const struct http_side *s, const struct http_head *h,
                                      const union http_edit *e)
{
    uint32_t cap =
        (uint32_t)(s->request ? http_request_room(h, &e->request) : http_response_room(h, &e->response));
    uint8_t *out = malloc(cap);
    struct http_head back;
    struct span found;
    PROPERTY(out);
    int n = http_write(s, h, e, out, cap);
    PROPERTY(n > 0);
    if (h->nfields + 8 <= HTTP_MAX_FIELDS) {
        PROPERTY(http_parse(s, span_of(out, (size_t)n), ANY_LIMIT, &back) == n);
        PROPERTY(h->body == back.body && h->length == back.length && h->status == back.status);
        PROPERTY(span_eq(h->method_name, back.method_name));
        PROPERTY(!http_find_field(&back, span_str("accept"), 0, &found));
        PROPERTY(!http_find_field(&back, span_str("cookie"), 0, &found));
        PROPERTY(http_has_value(&back, "server", "s") && http_has_value(&back, "x-a", ""));
        PROPERTY(!http_find_field(&back, span_str("server"), 1, &found));
    }
    free(out);
}

static inline void http_configured_edits_agree(const struct http_side *s, const struct http_head *h)
{
    struct http_edits all = http_some_edits();
    union http_edit e = {0};
    if (!s->request) {
        e.response = (struct http_response_edit){
            .edits = &all, .lines = span_str(HTTP_SOME_LINES), .cookie = span_str("a")};
        http_edited_agrees(s, h, &e);
        return;
    }
    for (unsigned i = 0; i < 6 && h->method != HTTP_CONNECT; i++) { /* it has no path */
        e.request = (struct http_request_edit){
            .edits = &all,
            .lines = span_str(HTTP_SOME_LINES),
            .xff = span_str("192.0.2.1"),
            .forwarded = span_str("for=192.0.2.1"),
            .drop = i & 1 ? HTTP_BIT(HTTP_F_X_FORWARDED_FOR) | HTTP_BIT(HTTP_F_FORWARDED) : 0,
            .host = i & 1 ? span_str("h.example") : span_of(NULL, 0),
            .path = {.how = (enum http_path_how)(i / 2), .with = span_str("/w/"), .prefix = h->path.n > 1}};
        http_edited_agrees(s, h, &e);
    }
}

/* A cookie that is left out is gone, and no other. */
static inline void http_cut_cookie_agrees(const struct http_side *s, const struct http_head *h)
{
    union http_edit e = {.request = {.cookie = span_str("a")}};
    uint32_t cap = h->bytes + HTTP_EDIT_ROOM;
    uint8_t *out = malloc(cap);
    struct http_head back;
    struct span was, is;
    PROPERTY(out);
    int n = http_write(s, h, &e, out, cap);
    PROPERTY(n > 0 && http_parse(s, span_of(out, (size_t)n), ANY_LIMIT, &back) == n);
    PROPERTY(!http_find_cookie(&back, span_str("a"), &is));
    PROPERTY(http_find_cookie(h, span_str("b"), &was) == http_find_cookie(&back, span_str("b"), &is));
    free(out);
}

static inline bool http_no_proxy(const void *ctx, const struct ip_addr *a)
{
    (void)ctx;
    return a->b[15] == 1;
}

/* Reading what proxies say stays within its bytes, and says the same twice. */
static inline void http_forwarded_agrees(const struct http_head *h)
{
    static const enum http_field_id list[] = {HTTP_F_X_FORWARDED_FOR, HTTP_F_FORWARDED};
    for (unsigned i = 0; i < 2; i++) {
        struct ip_port a, b;
        bool any = http_forwarded_for(h, list[i], http_no_proxy, NULL, &a);
        PROPERTY(http_forwarded_for(h, list[i], http_no_proxy, NULL, &b) == any);
        PROPERTY(!any || (ip_eq(&a.addr, &b.addr) && a.port == b.port));
    }
}

/* Everything at once. `cuts`: at most that many prefixes are tried, spread over the input. */
static inline void http_head_properties(const struct http_side *s, const uint8_t *bytes, size_t n,
                                        size_t cuts)
{
    struct http_head h;
    int whole = http_parse(s, span_of(bytes, n), ANY_LIMIT, &h);
    PROPERTY(whole <= (int)n && whole > -600);
    size_t step = n / cuts + 1;
    for (size_t cut = 0; cut < n; cut += step)
        http_prefix_agrees(s, bytes, cut, ANY_LIMIT, whole);
    if (whole <= 0)
        return;
    http_all_edits_agree(s, &h);
    http_configured_edits_agree(s, &h);
    if (s->request) {
        http_cut_cookie_agrees(s, &h);
        http_forwarded_agrees(&h);
    }
}

/* ---- chunked ---- */

struct http_body_end {
    bool refused, done;
    size_t bytes;  /* up to the refusal or the end */
    uint64_t data; /* data bytes announced */
};

/* Reads a body from `in`, at most `step` bytes of framing per call. */
static inline struct http_body_end http_read_chunks(struct span in, size_t step)
{
    struct http_chunked c = {0};
    struct http_body_end e = {0};
    while (e.bytes < in.n && c.state != HTTP_CHUNK_DONE) {
        size_t left = in.n - e.bytes;
        uint64_t data;
        int64_t took = http_chunked_feed(&c, span_of(in.p + e.bytes, left < step ? left : step), &data);
        if (took < 0) {
            PROPERTY(took == -400);
            e.refused = true;
            return e;
        }
        PROPERTY(took > 0 && (size_t)took <= left);
        left -= (size_t)took;
        e.data += data;
        e.bytes += (size_t)took + (data < left ? (size_t)data : left);
    }
    e.done = c.state == HTTP_CHUNK_DONE;
    return e;
}

/* How the framing bytes are cut makes no difference. (Where a refusal lies inside a call's bytes is not told,
 * so only that it came is compared.) */
static inline void http_chunked_properties(const uint8_t *bytes, size_t n)
{
    struct http_body_end whole = http_read_chunks(span_of(bytes, n), n + 1);
    for (size_t step = 1; step < 8; step++) {
        struct http_body_end cut = http_read_chunks(span_of(bytes, n), step);
        PROPERTY(cut.refused == whole.refused && cut.done == whole.done && cut.data == whole.data);
        PROPERTY(whole.refused || cut.bytes == whole.bytes);
    }
    if (whole.done) { /* what follows a body is not looked at; a shorter one is not done */
        PROPERTY(http_read_chunks(span_of(bytes, whole.bytes), n + 1).done);
        struct http_body_end shorter = http_read_chunks(span_of(bytes, whole.bytes - 1), n + 1);
        PROPERTY(!shorter.done && !shorter.refused);
    }
}

#endif
