/* Filling the access record: what must be remembered of a request's head, since its bytes are gone when the
 * exchange ends. Where no log is kept that is what edits of the response may ask for: its method and its id.
 */
#include "agent/exchange/internal.h"
#include "agent/tls/hello.h"

static uint16_t put(struct access_record *r, size_t *at, struct span s, size_t most)
{
    size_t n = s.n < most ? s.n : most;
    if (n > sizeof r->text - *at)
        n = sizeof r->text - *at;
    if (n)
        memcpy(r->text + *at, s.p, n);
    *at += n;
    return (uint16_t)n;
}

static void record_start(struct exchanges *w, struct exchange *x)
{
    struct access_record *r = &x->rec;
    x->start_ns = splice_now(w->s);
    r->wall_ns = (int64_t)x->start_ns + w->wall_offset_ns;
    r->client = x->client;
    r->route = r->cluster = UINT32_MAX;
}

static struct span field_of(const struct http_head *h, uint8_t id)
{
    for (unsigned i = 0; (h->has & HTTP_BIT(id)) && i < h->nfields; i++)
        if (h->field[i].id == id)
            return h->field[i].value;
    return span_of("", 0);
}

void record_request(struct exchanges *w, struct exchange *x, const struct http_head *h)
{
    struct access_record *r = &x->rec;
    char room[HTTP_VALUE_ROOM];
    size_t at = 0;
    struct span id = forwarded_request_id(w, x, h, room);
    record_start(w, x);
    r->request_line = put(r, &at, w->log.put ? h->start_line : h->method_name, 200);
    if (w->log.put) {
        r->host = put(r, &at, h->authority, 60);
        r->referer = put(r, &at, field_of(h, HTTP_F_REFERER), 70);
        r->user_agent = put(r, &at, field_of(h, HTTP_F_USER_AGENT), ACCESS_TEXT - at - id.n);
    }
    r->request_id = put(r, &at, id, HTTP_REQUEST_ID_MAX);
}

void record_stream(struct exchanges *w, struct exchange *x, const char *protocol, struct span host)
{
    size_t at = 0;
    record_start(w, x);
    x->rec.request_line = put(&x->rec, &at, span_str(protocol), 3);
    x->rec.host = put(&x->rec, &at, host, TLS_NAME_MAX);
}

void record_bad_request(struct exchanges *w, struct exchange *x, struct span bytes)
{
    const uint8_t *end = bytes.n ? memchr(bytes.p, '\n', bytes.n) : NULL;
    size_t at = 0;
    record_start(w, x);
    if (end && end > bytes.p && end[-1] == '\r')
        end--;
    if (bytes.n)
        x->rec.request_line =
            put(&x->rec, &at, span_of(bytes.p, end ? (size_t)(end - bytes.p) : bytes.n), 200);
}

struct span record_request_id(const struct access_record *r)
{
    return span_of(r->text + r->request_line + r->host + r->referer + r->user_agent, r->request_id);
}

struct span record_method(const struct access_record *r)
{
    size_t n = 0;
    while (n < r->request_line && r->text[n] > ' ')
        n++;
    return span_of(r->text, n);
}
