/* The replies that lacon gives itself: a head and one line of text. No state; any thread. */
#include <stdio.h>

#include "agent/http/writer.h"

#define STATUSES(X)                                                                                          \
    X(100, "Continue")                                                                                       \
    X(101, "Switching Protocols")                                                                            \
    X(200, "OK")                                                                                             \
    X(204, "No Content")                                                                                     \
    X(301, "Moved Permanently")                                                                              \
    X(302, "Found")                                                                                          \
    X(303, "See Other")                                                                                      \
    X(304, "Not Modified")                                                                                   \
    X(307, "Temporary Redirect")                                                                             \
    X(308, "Permanent Redirect")                                                                             \
    X(400, "Bad Request")                                                                                    \
    X(401, "Unauthorized")                                                                                   \
    X(403, "Forbidden")                                                                                      \
    X(404, "Not Found")                                                                                      \
    X(405, "Method Not Allowed")                                                                             \
    X(408, "Request Timeout")                                                                                \
    X(411, "Length Required")                                                                                \
    X(413, "Content Too Large")                                                                              \
    X(414, "URI Too Long")                                                                                   \
    X(417, "Expectation Failed")                                                                             \
    X(421, "Misdirected Request")                                                                            \
    X(426, "Upgrade Required")                                                                               \
    X(429, "Too Many Requests")                                                                              \
    X(431, "Request Header Fields Too Large")                                                                \
    X(500, "Internal Server Error")                                                                          \
    X(501, "Not Implemented")                                                                                \
    X(502, "Bad Gateway")                                                                                    \
    X(503, "Service Unavailable")                                                                            \
    X(504, "Gateway Timeout")                                                                                \
    X(505, "HTTP Version Not Supported")

const char *http_status_text(unsigned status)
{
    switch (status) {
#define X(code, text)                                                                                        \
    case code:                                                                                               \
        return text;
        STATUSES(X)
#undef X
    default:
        return "Unknown";
    }
}

int http_write_reply(const struct http_reply *r, uint8_t *out, uint32_t cap)
{
    struct writer w = writer_on(out, cap);
    char line[96];
    snprintf(line, sizeof line, "HTTP/1.1 %u %s\r\n", r->status, http_status_text(r->status));
    put_str(&w, line);
    if (r->location.n) {
        put_str(&w, "Location: ");
        put_span(&w, r->location);
        put_str(&w, "\r\n");
    }
    if (r->retry_after) {
        snprintf(line, sizeof line, "Retry-After: %u\r\n", r->retry_after);
        put_str(&w, line);
    }
    if (r->status != 204 && r->body.n) {
        put_str(&w, "Content-Type: ");
        put_str(&w, r->type);
        put_str(&w, "\r\n");
    }
    if (r->status != 204) {
        snprintf(line, sizeof line, "Content-Length: %zu\r\n", r->body.n);
        put_str(&w, line);
    }
    if (r->status == 405)
        put_str(&w, "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n");
    if (r->date.n) {
        put_str(&w, "Date: ");
        put_span(&w, r->date);
        put_str(&w, "\r\n");
    }
    put_span(&w, r->lines);
    if (r->close || r->keep_10)
        put_str(&w, r->close ? "Connection: close\r\n" : "Connection: keep-alive\r\n");
    put_str(&w, "\r\n");
    if (r->status != 204 && !r->head_only)
        put_span(&w, r->body);
    return writer_done(&w);
}
