/* Heads of 100 bytes to 8 KiB, requests and responses: our parser beside Debian's libhttp-parser on the same
 * bytes, in cycles per byte, and our writer of edited heads. Both parsers keep where every name and value
 * lies. Ours also judges what libhttp-parser leaves to its user (Host, framing, hop-by-hop fields), on every
 * head. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/simd.h"
#include "agent/http/http.h"
#include "bench/micro/heads.h"
#include "bench/micro/micro.h"

#define REPEAT 200u
#define LIMIT  65536u

struct head {
    char *text;
    uint32_t n;
    bool request;
    struct http_head parsed;
    uint8_t *out; /* room for the edited head */
};

/* ---- heads of a given size: a browser's fields, then cookies ---- */

static void append(struct head *h, const char *s)
{
    size_t n = strlen(s);
    memcpy(h->text + h->n, s, n);
    h->n += (uint32_t)n;
}

static const char *const request_lines[] = {
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0\r\n",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n",
    "Accept-Language: en-US,en;q=0.5\r\n",
    "Accept-Encoding: gzip, deflate, br\r\n",
    "Connection: keep-alive\r\n",
    "Referer: https://www.example.com/catalogue/index.html\r\n",
    "Cache-Control: max-age=0\r\n",
};

static const char *const response_lines[] = {
    "Server: nginx/1.22.1\r\n",
    "Date: Tue, 25 Nov 2025 22:27:56 GMT\r\n",
    "Content-Type: text/html; charset=utf-8\r\n",
    "Connection: keep-alive\r\n",
    "Last-Modified: Mon, 24 Nov 2025 10:00:00 GMT\r\n",
    "ETag: \"65f1c8a2-264\"\r\n",
    "Vary: Accept-Encoding\r\n",
};

static struct head make(bool request, uint32_t size)
{
    struct head h = {.request = request, .text = micro_alloc(size + 512), .out = micro_alloc(size + 1024)};
    append(&h, request ? "GET /catalogue/item?id=4711 HTTP/1.1\r\nHost: www.example.com\r\n"
                       : "HTTP/1.1 200 OK\r\nContent-Length: 612\r\n");
    const char *const *line = request ? request_lines : response_lines;
    for (unsigned i = 0; i < 7 && h.n + strlen(line[i]) + 2 <= size; i++)
        append(&h, line[i]);
    for (unsigned i = 0; h.n + 32 <= size; i++) {
        char field[160], value[121];
        uint32_t room = size - h.n - 24, n = room < 120 ? room : 120;
        for (uint32_t k = 0; k < n; k++)
            value[k] = "abcdefghijklmnopqrstuvwxyz0123456789="[(i * 7 + k) % 37];
        value[n] = 0;
        snprintf(field, sizeof field, "X-Field-%02u: %s\r\n", i % 100, value);
        append(&h, field);
    }
    append(&h, "\r\n");
    return h;
}

static int parse(const struct head *h, struct http_head *out)
{
    struct span in = span_of(h->text, h->n);
    return h->request ? http_parse_request(in, LIMIT, out)
                      : http_parse_response(in, LIMIT, HTTP_GET, false, out);
}

static void run_ours(void *ctx, struct micro_sample *s)
{
    struct head *h = ctx;
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++)
        micro_use((uint64_t)parse(h, &h->parsed));
    micro_end(s, (uint64_t)REPEAT * h->n);
}

static void run_edit(void *ctx, struct micro_sample *s)
{
    struct head *h = ctx;
    struct http_request_edit req = {.xff = span_str("203.0.113.7"),
                                    .drop = HTTP_BIT(HTTP_F_X_FORWARDED_PROTO),
                                    .lines = span_str("X-Forwarded-Proto: http\r\n")};
    struct http_response_edit resp = {0};
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++)
        micro_use((uint64_t)(h->request ? http_write_request(&h->parsed, &req, h->out, h->n + 512)
                                        : http_write_response(&h->parsed, &resp, h->out, h->n + 512)));
    micro_end(s, (uint64_t)REPEAT * h->n);
}

/* What a rule with four edits costs beside: two fields gone, one set, one added with variables. */
static struct span value_of(void *ctx, enum template_var v, char room[HTTP_VALUE_ROOM])
{
    (void)ctx;
    (void)room;
    return v == TEMPLATE_HOST ? span_str("www.example.com") : span_str("203.0.113.7");
}

static const struct http_edits *some_edits(void)
{
    static char *remove[] = {"Referer", "Vary"};
    static struct template_piece piece[2][TEMPLATE_MAX_PIECES];
    static struct field_line set = {.name = "Cache-Control", .value = "no-cache"},
                             add = {.name = "X-Asked", .value = "%{host} by %{client_address}"};
    static struct field_edit e = {
        .nremove = 2, .nset = 1, .nadd = 1, .remove = remove, .set = &set, .add = &add};
    static struct http_edits all;
    char why[TEMPLATE_WHY];
    if (all.n)
        return &all;
    set.made =
        (struct template){(uint32_t)template_parse(set.value, TEMPLATE_REQUEST, piece[0], why), piece[0]};
    add.made =
        (struct template){(uint32_t)template_parse(add.value, TEMPLATE_REQUEST, piece[1], why), piece[1]};
    e.names = field_name_bit(span_str("referer")) | field_name_bit(span_str("vary")) |
              field_name_bit(span_str("cache-control"));
    http_edits_add(&all, &e);
    return &all;
}

static void run_configured(void *ctx, struct micro_sample *s)
{
    struct head *h = ctx;
    static const struct http_values values = {value_of, NULL};
    uint8_t lines[512];
    struct http_request_edit req = {.xff = span_str("203.0.113.7"), .edits = some_edits()};
    struct http_response_edit resp = {.edits = some_edits()};
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++) {
        int n = http_write_lines(some_edits(), &values, lines, sizeof lines);
        req.lines = resp.lines = span_of(lines, (size_t)n);
        micro_use((uint64_t)(h->request ? http_write_request(&h->parsed, &req, h->out, h->n + 512)
                                        : http_write_response(&h->parsed, &resp, h->out, h->n + 512)));
    }
    micro_end(s, (uint64_t)REPEAT * h->n);
}

/* ---- libhttp-parser ---- */

static void run_theirs(void *ctx, struct micro_sample *s)
{
    struct head *h = ctx;
    struct parts t;
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++)
        micro_use(heads_parse_theirs(span_of(h->text, h->n), h->request, &t));
    micro_end(s, (uint64_t)REPEAT * h->n);
}

/* ---- the same parser with each set of kernels ---- */

struct with_set {
    struct head *head;
    const struct kernels *kernels;
};

static void run_with(void *ctx, struct micro_sample *s)
{
    struct with_set *w = ctx;
    kernels_use(w->kernels);
    run_ours(w->head, s);
    kernels_use(&kernels_soft);
}

static void each_set(const struct micro *m, struct head *h, const char *kind, uint32_t size)
{
    struct with_set w[MICRO_MAX_CASES];
    struct micro_case c[MICRO_MAX_CASES];
    char ratio[96] = "";
    unsigned n = 0;
    for (const struct simd_set *s = simd_sets; s->name && n + 1 < MICRO_MAX_CASES; s++) {
        if (!s->usable())
            continue;
        w[n] = (struct with_set){h, s->kernels};
        c[n] = (struct micro_case){.unit = "byte", .run = run_with, .ctx = &w[n]};
        snprintf(c[n++].name, sizeof c->name, "heads/kernels/%s/%u/%s", kind, size, s->name);
    }
    w[n] = (struct with_set){h, &kernels_soft};
    c[n] = (struct micro_case){.unit = "byte", .run = run_with, .ctx = &w[n]};
    snprintf(c[n++].name, sizeof c->name, "heads/kernels/%s/%u/soft", kind, size);
    if (n == 2)
        snprintf(c[3].name, sizeof c[3].name, "heads/edit_configured_%s/%u/lacon", kind, size);
    snprintf(ratio, sizeof ratio, "heads/kernels_over_soft/%s/%u", kind, size);
    micro_run_ratio(m, c, n, *ratio ? ratio : NULL);
}

/* ---- */

static void one(const struct micro *m, bool request, uint32_t size)
{
    struct head h = make(request, size);
    struct parts t;
    if (parse(&h, &h.parsed) != (int)h.n || heads_parse_theirs(span_of(h.text, h.n), request, &t) != h.n) {
        fprintf(stderr, "bench_micro: a head of %u bytes is refused\n", h.n);
        exit(1);
    }
    struct micro_case c[] = {{.unit = "byte", .run = run_ours, .ctx = &h},
                             {.unit = "byte", .run = run_theirs, .ctx = &h},
                             {.unit = "byte", .run = run_edit, .ctx = &h},
                             {.unit = "byte", .run = run_configured, .ctx = &h}};
    const char *kind = request ? "request" : "response";
    char ratio[96];
    snprintf(c[0].name, sizeof c[0].name, "heads/parse_%s/%u/lacon", kind, size);
    snprintf(c[1].name, sizeof c[1].name, "heads/parse_%s/%u/http_parser", kind, size);
    snprintf(c[2].name, sizeof c[2].name, "heads/edit_%s/%u/lacon", kind, size);
    snprintf(c[3].name, sizeof c[3].name, "heads/edit_configured_%s/%u/lacon", kind, size);
    snprintf(ratio, sizeof ratio, "heads/parse_over_http_parser/%s/%u", kind, size);
    micro_run_ratio(m, c, 4, ratio);
    each_set(m, &h, kind, size);
    free(h.text);
    free(h.out);
}

void micro_heads(struct micro *m)
{
    static const uint32_t size[] = {100, 500, 2048, 8192};
    for (unsigned r = 0; r < 2; r++)
        for (unsigned i = 0; i < 4; i++)
            one(m, r == 0, size[i]);
}
