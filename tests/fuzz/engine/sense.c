/* What endpoints and clients have received must be strict messages, ended cleanly only where a message ends;
 * and what an endpoint has read must be what was judged and logged, made of the bytes that lacon had said it
 * has (S1); a POST is run once (S7). */
#include "tests/fuzz/engine/world.h"

/* Do the bytes stand in what a client said, as far as its bytes are known? */
static bool stands_in(const struct buf *first, const struct buf *mark, struct span line)
{
    for (size_t at = 0; at + line.n <= first->n; at++) {
        size_t i = 0;
        while (i < line.n && mark->p[at + i] != ARRIVED_NOT &&
               (first->p[at + i] == line.p[i] || mark->p[at + i] & ARRIVED_AMBIGUOUS))
            i++;
        if (i == line.n)
            return true;
    }
    return false;
}

/* Lines of a request are as some client had said them: of bytes that lacon had said it has, what came first.
 */
static void check_said(struct span line)
{
    bool said = stands_in(&w.old_first, &w.old_mark, line);
    for (unsigned i = 0; i < CLIENTS && !said; i++)
        said = stands_in(&w.peer[i].first, &w.peer[i].mark, line);
    if (!said)
        fprintf(stderr, "no client had said: \"%.*s\"\n", (int)line.n, (const char *)line.p);
    PROPERTY(said);
}

/* Is the field passed on as it was said? The others are lacon's own words, or edited. */
static bool is_passed(uint8_t id)
{
    return id != HTTP_F_HOST && id != HTTP_F_CONNECTION && id != HTTP_F_UPGRADE &&
           id != HTTP_F_X_FORWARDED_FOR && id != HTTP_F_X_FORWARDED_PROTO;
}

static void check_lines(const struct http_head *h)
{
    if (!w.raw) /* else it may be one that is rewritten */
        check_said(h->start_line);
    for (unsigned i = 0; i < h->nfields; i++) {
        const struct http_field *f = &h->field[i];
        if (is_passed(f->id))
            check_said(span_of(f->name.p, (size_t)(f->value.p + f->value.n - f->name.p)));
    }
}

static void note_request(const struct http_head *h)
{
    check_lines(h);
    if (w.nseen == LOGS)
        return;
    struct logged *l = &w.seen[w.nseen++];
    l->n = (uint16_t)(h->start_line.n < LINE ? h->start_line.n : LINE);
    memcpy(l->line, h->start_line.p, l->n);
}

/* One message less: how far `in` goes with it; 0 when it is not whole. */
static size_t skip_body(const struct http_head *h, struct span in)
{
    if (h->body == HTTP_BODY_NONE)
        return h->bytes;
    if (h->body == HTTP_BODY_LENGTH)
        return in.n - h->bytes >= h->length ? h->bytes + (size_t)h->length : 0;
    struct http_chunked c = {0};
    size_t at = h->bytes;
    while (at < in.n && c.state != HTTP_CHUNK_DONE) {
        uint64_t data;
        int64_t n = http_chunked_feed(&c, span_from(in, at), &data);
        PROPERTY(n >= 0); /* broken chunks are not passed on */
        at += (size_t)n;
        if (data > in.n - at)
            return 0;
        at += (size_t)data;
    }
    return c.state == HTTP_CHUNK_DONE ? at : 0;
}

void check_requests(const struct peer *p)
{
    struct span in = span_of(p->got.p, peer_got(p));
    bool ended = p->their_fin && p->rcv_nxt > p->their_fin;
    while (in.n > 0) {
        struct http_head h;
        int n = http_parse_request(in, 1u << 20, &h);
        PROPERTY(n >= 0);
        PROPERTY(n > 0 || !ended);
        if (n == 0)
            return;
        note_request(&h);
        if (h.upgrade)
            return; /* perhaps a tunnel from here on */
        size_t whole = skip_body(&h, in);
        PROPERTY(whole || !ended);
        if (!whole)
            return;
        in = span_from(in, whole);
    }
}

/* A POST that is read by two endpoints: the first must not have acked any of it (S7). */
static void note_post(const struct peer *p, uint64_t at, struct span line)
{
    size_t n = line.n < LINE ? line.n : LINE;
    for (unsigned i = 0; i < w.npost; i++) {
        const struct posted *o = &w.post[i];
        if (o->n != n || memcmp(o->line, line.p, n) != 0)
            continue;
        if (o->by == p && o->life == p->life)
            return;
        PROPERTY(o->by->life != o->life || o->by->told <= o->at);
    }
    if (w.npost == POSTS)
        return;
    struct posted *o = &w.post[w.npost++];
    *o = (struct posted){.by = p, .life = p->life, .at = at, .n = (uint16_t)n};
    memcpy(o->line, line.p, n);
}

void note_heads(const struct peer *p)
{
    struct span in = span_of(p->got.p, peer_got(p));
    size_t at = 0, whole = 1;
    while (at < in.n && whole && !w.raw && !w.lied) {
        struct http_head h;
        int n = http_parse_request(span_from(in, at), 1u << 20, &h);
        if (n <= 0)
            return;
        if (h.method == HTTP_POST)
            note_post(p, at + 1, h.start_line);
        whole = h.upgrade ? 0 : skip_body(&h, span_from(in, at));
        at += whole;
    }
}

static const struct logged *next_log(const struct peer *p, unsigned *at)
{
    for (; *at < w.nlog; ++*at)
        if (w.log[*at].client.port == p->port && ip_eq(&w.log[*at].client.addr, &p->addr))
            return &w.log[(*at)++];
    return NULL;
}

static void check_responses(const struct peer *p)
{
    struct span in = span_of(p->got.p, peer_got(p));
    bool ended = p->their_fin && p->rcv_nxt > p->their_fin, closed = false;
    unsigned at = 0;
    while (in.n > 0) {
        const struct logged *l = next_log(p, &at);
        struct http_head h;
        bool head = l && l->n > 5 && memcmp(l->line, "HEAD ", 5) == 0;
        PROPERTY(l && !closed);
        do {
            int n = http_parse_response(in, 1u << 20, head ? HTTP_HEAD : HTTP_GET, true, &h);
            PROPERTY(n >= 0);
            PROPERTY(n > 0 || !ended);
            if (n == 0)
                return;
            if (h.status < 200)
                in = span_from(in, (size_t)n);
        } while (h.status < 200 && h.status != 101);
        if (h.body == HTTP_BODY_CLOSE || h.body == HTTP_BODY_TUNNEL || h.status == 101)
            return;
        size_t whole = skip_body(&h, in);
        PROPERTY(whole || !ended);
        if (!whole)
            return;
        in = span_from(in, whole);
        closed = h.close;
    }
}

/* Was what the endpoint saw what was judged? Lines that are rewritten, or too long for the log, are let pass.
 */
static void check_judged(const struct logged *s)
{
    bool judged = false;
    for (unsigned i = 0; i < w.nlog && !judged; i++) {
        const struct logged *l = &w.log[i];
        bool odd = l->n == LINE || memmem(l->line, l->n, "://", 3) || l->n < 8 ||
                   memcmp(l->line + l->n - 8, "HTTP/1.", 7) != 0 || l->line[l->n - 1] > '1';
        judged = odd || (l->n == s->n && memcmp(l->line, s->line, s->n) == 0);
    }
    if (!judged)
        fprintf(stderr, "an endpoint saw: \"%.*s\"\n", s->n, (const char *)s->line);
    PROPERTY(judged);
}

bool on_log(void *ctx, const struct access_record *r)
{
    (void)ctx;
    w.logs++;
    check_said(span_of(r->text, r->request_line));
    if (w.nlog == LOGS)
        return true;
    struct logged *l = &w.log[w.nlog++];
    l->client = r->client;
    l->n = r->request_line;
    memcpy(l->line, r->text, l->n);
    return true;
}

void check_streams(void)
{
    for (unsigned i = 0; i < PEERS; i++) {
        const struct peer *p = &w.peer[i];
        if (p->state == PEER_FREE || w.nlog == LOGS)
            continue;
        if (p->unknown)
            continue;
        if (!p->client)
            check_requests(p);
        else
            check_responses(p);
    }
    for (unsigned i = 0; i < w.nseen && w.nlog < LOGS; i++)
        check_judged(&w.seen[i]);
}
