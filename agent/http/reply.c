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

int http_write_reply(unsigned status, bool close, bool head_only, uint8_t *out, uint32_t cap)
{
    char text[64], head[384];
    int text_n = snprintf(text, sizeof text, "%u %s\n", status, http_status_text(status));
    int head_n = snprintf(head, sizeof head,
                          "HTTP/1.1 %u %s\r\n"
                          "Content-Type: text/plain\r\n"
                          "Content-Length: %d\r\n"
                          "%s%s\r\n",
                          status, http_status_text(status), text_n,
                          status == 405 ? "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n" : "",
                          close ? "Connection: close\r\n" : "");
    struct writer w = writer_on(out, cap);
    put(&w, head, (size_t)head_n);
    if (!head_only)
        put(&w, text, (size_t)text_n);
    return writer_done(&w);
}
