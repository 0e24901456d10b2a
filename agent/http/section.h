/* What the files of this folder share while they parse one head; nobody else includes it.
 *
 * Every parse step returns HTTP_DONE and moves the cursor, HTTP_PARTIAL when it ran out of bytes, or -STATUS.
 * A step decides from left to right and never looks beyond the byte it decides on, which is what makes the
 * contract of http.h hold: more bytes never change a decision. */
#ifndef LACON_HTTP_SECTION_H
#define LACON_HTTP_SECTION_H

#include "agent/http/http.h"

#define HTTP_DONE 1

struct http_cursor {
    const uint8_t *p, *end;
};

#define HTTP_FIELD_IDS (HTTP_F_HTTP2_SETTINGS + 1)

/* Which of the known fields a head has: bit (1 << id). HTTP_F_OTHER has a bit too, which means nothing. */
struct http_seen {
    uint32_t once, twice;       /* at least once; at least twice */
    uint8_t at[HTTP_FIELD_IDS]; /* index of the last one; defined where the bit is set in `once` */
};

static inline bool http_has(const struct http_seen *s, enum http_field_id id)
{
    return (s->once & HTTP_BIT(id)) != 0;
}

/* The value of a field that http_has() said is there; the last one of several. */
static inline struct span http_value(const struct http_head *h, const struct http_seen *s,
                                     enum http_field_id id)
{
    return h->field[s->at[id]].value;
}

/* Takes CRLF. */
int http_take_crlf(struct http_cursor *c);

/* Takes "HTTP/1.x"; *minor is 0 or 1 (a higher minor version is treated as 1: RFC 9110 section 2.5). -505 for
 * another major version, -400 for anything else. */
int http_take_version(struct http_cursor *c, uint8_t *minor);

/* Takes all field lines and the empty line that ends them (RFC 9112 section 5), fills h->field and *seen. */
int http_take_fields(struct http_cursor *c, struct http_head *h, struct http_seen *seen);

enum http_field_id http_field_lookup(struct span name);

/* From Content-Length and Transfer-Encoding: h->body (NONE, LENGTH or CHUNKED) and h->length. HTTP_DONE,
 * -400, or -501 for a coding that is not ours. */
int http_read_framing(struct http_head *h, const struct http_seen *s);

/* From Connection and Upgrade: h->close, keep_alive, upgrade, and the hop mark of every field. HTTP_DONE or
 * -400. */
int http_read_connection(struct http_head *h, const struct http_seen *s, bool request);

/* Splits uri-host [":" port]. False when it is not valid (RFC 3986 section 3.2); an empty host is not. *port
 * is the digits, empty when there are none. */
bool http_split_authority(struct span authority, struct span *host, struct span *port);

/* Takes the next element of a comma-separated list (RFC 9110 section 5.6.1) off *list, without white space
 * around it; empty elements are skipped. False at the end. */
bool http_next_element(struct span *list, struct span *element);

/* The target begins with a scheme (RFC 9112 section 3.2.2). */
bool http_is_absolute(const struct http_head *h);

#endif
