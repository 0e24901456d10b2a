/* http: HTTP/1.x message heads on bytes: parse, framing, edits. Strict by RFC 9112; what two parsers could
 * read differently is refused. No allocation, no clock, no I/O; outputs point into the input. Any thread.
 *
 * Contract of the parsers, in one sentence: they return the number of bytes the head takes (> 0),
 * HTTP_PARTIAL when more bytes are needed, or -STATUS (e.g. -400, -431, -505) when the head is refused with
 * that status. A head that is refused once is refused for every continuation, and a partial head has no
 * refused prefix: bad bytes are reported as early as they are seen. */
#ifndef LACON_HTTP_HTTP_H
#define LACON_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/field_edit.h"
#include "agent/base/span.h"

#define HTTP_PARTIAL    0
#define HTTP_MAX_FIELDS 100
#define HTTP_MAX_TARGET 8192 /* longer: 414 */
#define HTTP_MAX_LENGTH ((uint64_t)1 << 62)

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_TRACE,
    HTTP_PATCH,
    HTTP_CONNECT, /* parsed; refused by the exchange with 405 (we are no forward proxy) */
    HTTP_OTHER,   /* any other token; passed through */
};

/* How the end of a message's body is found (RFC 9112 section 6.3). "Content-Length: 0" is NONE. */
enum http_body {
    HTTP_BODY_NONE,
    HTTP_BODY_LENGTH,
    HTTP_BODY_CHUNKED,
    HTTP_BODY_CLOSE,  /* response only: until the connection ends */
    HTTP_BODY_TUNNEL, /* 101: bytes both ways until the connections end */
};

/* Fields that lacon itself looks at; everything else is HTTP_F_OTHER. */
enum http_field_id {
    HTTP_F_OTHER,
    HTTP_F_HOST,
    HTTP_F_CONNECTION,
    HTTP_F_KEEP_ALIVE,
    HTTP_F_PROXY_CONNECTION,
    HTTP_F_PROXY_AUTHENTICATE,
    HTTP_F_PROXY_AUTHORIZATION,
    HTTP_F_TE,
    HTTP_F_TRAILER,
    HTTP_F_TRANSFER_ENCODING,
    HTTP_F_CONTENT_LENGTH,
    HTTP_F_UPGRADE,
    HTTP_F_EXPECT,
    HTTP_F_X_FORWARDED_FOR,
    HTTP_F_X_FORWARDED_PROTO,
    HTTP_F_X_FORWARDED_HOST,
    HTTP_F_REFERER,
    HTTP_F_USER_AGENT,
    HTTP_F_COOKIE,
    HTTP_F_SET_COOKIE,
    HTTP_F_FORWARDED,
    HTTP_F_X_FORWARDED_PORT,
    HTTP_F_X_REQUEST_ID,
    HTTP_F_TRACEPARENT,
    HTTP_F_TRACESTATE,
    HTTP_F_HTTP2_SETTINGS, /* the last one */
};

#define HTTP_BIT(id) (1u << (id))

struct http_field {
    struct span name, value; /* value without surrounding white space */
    uint8_t id;              /* enum http_field_id */
    bool hop;                /* hop-by-hop: named by Connection, or always removed */
};

struct http_head {
    uint32_t bytes;         /* size of the head with its final empty line */
    uint8_t minor;          /* HTTP/1.minor: 0 or 1; a higher one is treated as 1 (RFC 9110 section 2.5) */
    uint8_t body;           /* enum http_body */
    uint8_t method;         /* enum http_method; request only */
    bool close;             /* Connection: close was given, or HTTP/1.0 without keep-alive */
    bool keep_alive;        /* Connection: keep-alive was given */
    bool upgrade;           /* Connection: upgrade and an Upgrade field were given (HTTP/1.1 only) */
    bool expect_continue;   /* Expect: 100-continue (HTTP/1.1 only); any other Expect is refused with 417 */
    uint16_t status;        /* response only: 100..999 */
    uint64_t length;        /* HTTP_BODY_LENGTH: body bytes; else 0 */
    struct span start_line; /* without CRLF */
    struct span method_name, target; /* request only, as sent */
    struct span host; /* request only: host without port, as sent (absolute-form wins over the Host field, RFC
                         9112 section 3.2.2); empty for HTTP/1.0 without Host */
    struct span authority; /* request only: host with port, as sent */
    struct span
        path; /* request only: path without query, as sent ("/" for an empty absolute path; "*" possible) */
    uint32_t has; /* HTTP_BIT()s of its fields */
    bool hops;    /* one of them is hop-by-hop */
    unsigned nfields;
    struct http_field field[HTTP_MAX_FIELDS];
};

/* Parses a request head at the start of `in`. `limit` is the head limit in bytes (longer: -431, or -414 while
 * in the request line). Leading empty lines (CRLF, at most two) are allowed and counted in `bytes`;
 * start_line begins behind them. *out is complete only when the head is; all its spans point into `in` (or to
 * static text).
 *
 * Refusals: 400; 414; 417; 431 (also more than HTTP_MAX_FIELDS); 501 (a transfer coding other than chunked, a
 * method of more than 32 bytes); 505 (major version other than 1). Stricter than RFC 9112 asks for: repeated
 * Content-Length of equal value, an empty Host, userinfo in an authority, Connection naming a field that is
 * end-to-end (Host, Content-Length, Cookie, X-Forwarded-* ...; see connection.c) are refused with 400. An
 * absolute-form target wins over a Host that differs, and both are written alike.
 *
 * Cost: linear in `in`, from its first byte at each call. Who calls for a head in many pieces asks
 * http_head_due() first. */
int http_parse_request(struct span in, uint32_t limit, struct http_head *out);

/* Parses a response head; `request_method` and `request_upgrade` decide the body (HEAD and 1xx, 204, 304 have
 * none; 101 with Upgrade, to a request that asked for one, is a tunnel, otherwise refused). Refusal is always
 * -502. Refused beyond the syntax: 1xx or 204 that announces a body, a 2xx to CONNECT, Transfer-Encoding in
 * HTTP/1.0. Leading empty lines are not allowed. */
int http_parse_response(struct span in, uint32_t limit, enum http_method request_method, bool request_upgrade,
                        struct http_head *out);

/* True when a parse of `in` is worth while: keeps the work for a head that arrives byte by byte linear. `in`
 * is all bytes of the head so far, *scanned is the caller's, 0 before the first call for a head. Always true
 * up to 1 KiB and from `limit` on; between, when the size passed a power of two, an empty line came, or a
 * bare LF. So a bad byte in a slow and large head is seen late, but a complete head never waits. */
bool http_head_due(struct span in, uint32_t limit, uint32_t *scanned);

/* Does a request that asks for an upgrade ask for one behind which there would be requests again, unseen by
 * us: HTTP/2 (h2c, or HTTP2-Settings, which some servers don't ask for), TLS (RFC 2817), another HTTP? True
 * when one of several protocols is such. */
bool http_upgrades_to_http(const struct http_head *h);

/* ---- looking up what an accepted request head says; *value points into it ---- */

/* The nth field (from 0) of that name, in any case. */
bool http_find_field(const struct http_head *h, struct span name, uint32_t nth, struct span *value);
/* What follows the target's question mark; p is NULL when there is none. */
struct span http_query(const struct http_head *h);
/* The first query parameter of that name, as sent: nothing is decoded. "a" alone has an empty value. */
bool http_find_query(const struct http_head *h, struct span name, struct span *value);
/* The first cookie of that name (RFC 6265 section 5.4: names have case), as sent, quotes included. */
bool http_find_cookie(const struct http_head *h, struct span name, struct span *value);

/* ---- who a request comes from, as proxies tell it; hostile bytes ---- */

/* The client behind the proxies that are trusted, from X-Forwarded-For or Forwarded (RFC 7239; `list` is
 * either's id): the right-most address that is not trusted; the left-most one when all are. What is left of
 * an element that is no address (malformed, "unknown", "_hidden") is not believed. *client has port 0 where
 * none is told. False: there is nothing to believe. */
bool http_forwarded_for(const struct http_head *h, enum http_field_id list,
                        bool (*trusted)(const void *ctx, const struct ip_addr *a), const void *ctx,
                        struct ip_port *client);

/* The value of a field that is there once; false: never, or several times. */
bool http_find_single(const struct http_head *h, enum http_field_id id, struct span *value);

/* Is this a traceparent that may be passed on (W3C Trace Context, section 3.2)? */
bool http_traceparent_good(struct span value);
/* Is this a request's name that may go into heads and logs: 1 to 64 letters, digits and -_.:=+/@~ ? */
#define HTTP_REQUEST_ID_MAX 64u
bool http_request_id_good(struct span value);

/* ---- body framing: chunked ---- */

enum http_chunk_state {
    HTTP_CHUNK_SIZE,     /* in a chunk-size line */
    HTTP_CHUNK_DATA_END, /* in the CRLF after chunk data */
    HTTP_CHUNK_TRAILER,  /* in the trailer section */
    HTTP_CHUNK_DONE,
};

/* Incremental; zero-initialised is the start of a body. */
struct http_chunked {
    uint8_t state, sub; /* enum http_chunk_state; position inside the line */
    uint16_t line;      /* bytes of the present line, bounded */
    uint32_t trailer;   /* bytes of the trailer section, bounded */
    uint64_t size;      /* of the present chunk, as read so far */
};

/* Reads framing bytes (never data) from `in`. Returns how many bytes it took (>= 0), or -400 when they are
 * malformed (bare LF, no digit, overflow, line or trailer too long: 256 B and 8 KiB); after that *c may not
 * be used again. It stops at the first data byte: then *data is the number of data bytes that follow (> 0),
 * which the caller skips before the next call. *data == 0: more framing is needed, or state is
 * HTTP_CHUNK_DONE and the body ended right after the bytes taken. Chunk extensions are read as text without
 * meaning; trailer lines must be field lines. */
int64_t http_chunked_feed(struct http_chunked *c, struct span in, uint64_t *data);

/* ---- edits: DESIGN's version and Connection table, and what the configuration adds to it ---- */

/* Edits of the configuration's, in the order in which they run. */
#define HTTP_MAX_EDITS 4u
struct http_edits {
    unsigned n;
    const struct field_edit *edit[HTTP_MAX_EDITS];
    uint64_t names; /* of all of them */
};

/* Puts one more behind; one that does nothing is passed over. */
void http_edits_add(struct http_edits *all, const struct field_edit *e);
/* Does one of them remove or set fields of that name? */
bool http_edits_name(const struct http_edits *all, struct span name);

/* What variables stand for: *room may be used for it. Any bytes of a field value. */
#define HTTP_VALUE_ROOM 64
struct http_values {
    struct span (*get)(void *ctx, enum template_var v, char room[HTTP_VALUE_ROOM]);
    void *ctx;
};

/* Writes the lines that the edits set and add, but for those that a later edit takes out again. Bytes, or -1
 * when cap is too small. */
int http_write_lines(const struct http_edits *all, const struct http_values *v, uint8_t *out, uint32_t cap);

/* How a path becomes another one; the query stays. */
enum http_path_how {
    HTTP_PATH_KEEP,
    HTTP_PATH_FULL,
    HTTP_PATH_PREFIX, /* its first `prefix` bytes, whole elements without a trailing slash, are replaced */
};

struct http_path_edit {
    enum http_path_how how;
    struct span with; /* begins with a slash */
    size_t prefix;
};

struct http_request_edit {
    bool keep_upgrade;              /* pass Connection: upgrade and Upgrade */
    struct span xff;                /* put behind what the last X-Forwarded-For has; empty: nothing */
    struct span forwarded;          /* likewise: Forwarded */
    uint32_t drop;                  /* HTTP_BIT()s of fields to leave out, before any of the above */
    const struct http_edits *edits; /* fields that they name are left out; NULL: none */
    struct span lines;              /* whole lines to put behind the others */
    struct span cookie;             /* the name of a cookie to leave out; empty: none */
    struct http_path_edit path;     /* not of CONNECT, which has none */
    struct span host;               /* likewise: instead of what Host says; empty: nothing */
};

/* Writes the head to send to the endpoint: hop-by-hop fields out (Connection, Keep-Alive, Proxy-*, TE, what
 * Connection names; Upgrade and HTTP2-Settings unless keep_upgrade and h->upgrade), absolute-form turned to
 * origin-form with Host equal to its authority, version as the client's (1.1 for a higher one); for HTTP/1.0
 * a keep-alive request is sent with "Connection: keep-alive". Leading empty lines are not written. Framing
 * fields and Trailer are passed as they were: the written head parses to the same body. `h` must be what a
 * parser accepted, its bytes still in place; they may not overlap `out`. Returns the bytes written, or -1
 * when `cap` is too small. cap of http_request_room() always suffices. */
#define HTTP_EDIT_ROOM 160
int http_write_request(const struct http_head *h, const struct http_request_edit *e, uint8_t *out,
                       uint32_t cap);

static inline size_t http_request_room(const struct http_head *h, const struct http_request_edit *e)
{
    return h->bytes + HTTP_EDIT_ROOM + e->xff.n + e->forwarded.n + e->lines.n + e->path.with.n + e->host.n;
}

struct http_response_edit {
    bool client_close;   /* the client connection ends after this response: "Connection: close" is added */
    bool client_keep_10; /* an HTTP/1.0 client asked for keep-alive and gets it: "Connection: keep-alive" is
                            added */
    const struct http_edits *edits; /* as in requests */
    struct span lines;
    struct span cookie; /* the name of a cookie: where the endpoint sets it, it is left out; empty: none */
};

/* Same contract, for the client. The version written is HTTP/1.1. For 101 and 426 Upgrade is passed, with
 * "Connection: upgrade". Nothing is added to other 1xx. */
int http_write_response(const struct http_head *h, const struct http_response_edit *e, uint8_t *out,
                        uint32_t cap);

static inline size_t http_response_room(const struct http_head *h, const struct http_response_edit *e)
{
    return h->bytes + HTTP_EDIT_ROOM + e->lines.n;
}

/* Where a redirect leads. */
struct http_location {
    bool https;
    struct span host;
    uint16_t port; /* not written when it is the scheme's own */
    struct http_path_edit path;
};

/* Writes an absolute URI for the Location field. Bytes, or -1 when cap is too small: 32 and the lengths of
 * host, path.with and h->target suffice. */
int http_write_location(const struct http_head *h, const struct http_location *l, uint8_t *out, uint32_t cap);

/* A whole reply of our own: an HTTP/1.1 head with Content-Length, and a body. Not for 1xx, 205, 304. An
 * HTTP/1.0 client understands HTTP/1.1 here (RFC 9110 section 2.5). */
struct http_reply {
    unsigned status;      /* with 204 there is no body */
    bool close;           /* "Connection: close" */
    bool keep_10;         /* "Connection: keep-alive": to an HTTP/1.0 client that asked for it and gets it */
    bool head_only;       /* leaves the body out but keeps its length: answers to HEAD */
    struct span date;     /* utc_http()'s (RFC 9110 section 6.6.1); empty: no such field */
    struct span location; /* likewise */
    uint32_t retry_after; /* seconds (RFC 9110 section 10.2.3); 0: no such field */
    const char *type;     /* Content-Type of a body */
    struct span lines;    /* further lines of the head */
    struct span body;
};

/* Bytes, or -1 when cap is too small: HTTP_REPLY_ROOM and the lengths of location, type, lines and body
 * suffice. */
#define HTTP_REPLY_ROOM 256
int http_write_reply(const struct http_reply *r, uint8_t *out, uint32_t cap);

const char *http_status_text(unsigned status); /* "Not Found"; "Unknown" for others */

/* True when the method is idempotent (RFC 9110 section 9.2.2). */
bool http_idempotent(enum http_method m);

#endif
