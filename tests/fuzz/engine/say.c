#include "tests/fuzz/engine/say.h"

enum body {
    NO_BODY,
    WHOLE,       /* n bytes; %u in the head is n */
    CHUNKS,      /* one of n bytes, one of 7, the last */
    TRAILERS,    /* the same with a trailer section */
    OPEN_ENDED,  /* n bytes, announced as endless */
    CHUNK_BEGUN, /* a chunk's size, no data */
    BARE,        /* n bytes and no head at all */
    OWING,       /* announced, none of it */
    EXTRA,       /* 5 bytes announced, n more */
};

struct line {
    enum body body;
    const char *head; /* with %u for id, and for n where the body is WHOLE */
};

#define A " HTTP/1.1\r\nHost: a.example\r\n"
#define B " HTTP/1.1\r\nHost: b.example\r\n"
#define T "Transfer-Encoding: chunked\r\n\r\n"

static const struct line request[] = {
    {NO_BODY, "GET /%u" A "\r\n"},
    {NO_BODY, "GET /%u" B "\r\n"},
    {WHOLE, "POST /%u" A "Content-Length: %u\r\n\r\n"},
    {CHUNKS, "POST /%u" A T},
    {TRAILERS, "PUT /%u" B T},
    {NO_BODY, "HEAD /%u" A "\r\n"},
    {NO_BODY, "GET /%u HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n"},
    {NO_BODY, "GET /%u HTTP/1.0\r\n\r\n"},
    {OPEN_ENDED, "GET /%u" A "Connection: upgrade\r\nUpgrade: x\r\n\r\n"},
    {WHOLE, "POST /%u" A "Expect: 100-continue\r\nContent-Length: %u\r\n\r\n"},
    {NO_BODY, "GET /%u" B "Connection: close\r\n\r\n"},
    {NO_BODY, "GET /%u" A "Content-Length : 1\r\n\r\n"},
    {NO_BODY, "GET /%u HTTP/1.1\r\nHost: c.example\r\n\r\n"},
    {CHUNK_BEGUN, "POST /%u" A T},
    {BARE, ""},
    {OWING, "POST /%u" A "Content-Length: 60000\r\n\r\n"},
};

static const struct line response[] = {
    {WHOLE, "HTTP/1.1 200 OK\r\nX: %u\r\nContent-Length: %u\r\n\r\n"},
    {NO_BODY, "HTTP/1.1 204 No Content\r\nX: %u\r\n\r\n"},
    {NO_BODY, "HTTP/1.1 304 Not Modified\r\nX: %u\r\nContent-Length: 9\r\n\r\n"},
    {CHUNKS, "HTTP/1.1 200 OK\r\nX: %u\r\n" T},
    {TRAILERS, "HTTP/1.1 200 OK\r\nX: %u\r\n" T},
    {OPEN_ENDED, "HTTP/1.1 200 OK\r\nX: %u\r\nConnection: close\r\n\r\n"},
    {NO_BODY, "HTTP/1.1 100 Continue\r\nX: %u\r\n\r\n"},
    {OPEN_ENDED, "HTTP/1.1 101 Switching\r\nX: %u\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"},
    {OPEN_ENDED, "HTTP/1.0 200 OK\r\nX: %u\r\n\r\n"},
    {WHOLE, "HTTP/1.1 413 Too Large\r\nX: %u\r\nConnection: close\r\nContent-Length: %u\r\n\r\n"},
    {NO_BODY, "HTTP/1.1 200 OK\r\nX: %u\nbroken\r\n\r\n"},
    {NO_BODY, "HTTP/1.1 103 Early Hints\r\nX: %u\r\n\r\n"},
    {CHUNK_BEGUN, "HTTP/1.1 200 OK\r\nX: %u\r\n" T},
    {BARE, ""},
    {EXTRA, "HTTP/1.1 200 OK\r\nX: %u\r\nContent-Length: 5\r\n\r\nhello"},
    {OWING, "HTTP/1.1 200 OK\r\nX: %u\r\nContent-Length: 60000\r\n\r\n"},
};

static void fill(struct buf *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_put(b, &"0123456789abcdef"[b->n & 15], 1);
}

static bool say(struct buf *b, const struct line *l, unsigned id, unsigned n)
{
    buf_printf(b, l->head, id, n);
    switch (l->body) {
    case NO_BODY:
        return true;
    case OWING:
        return false;
    case CHUNKS:
    case TRAILERS:
        if (n) {
            buf_printf(b, "%x\r\n", n);
            fill(b, n);
            buf_printf(b, "\r\n");
        }
        buf_printf(b, "7;x=y\r\nsevenup\r\n0\r\n%s\r\n", l->body == TRAILERS ? "Y: z\r\n" : "");
        return true;
    case CHUNK_BEGUN:
        buf_printf(b, "%x\r\n", n);
        return false;
    default:
        fill(b, n);
        return l->body != OPEN_ENDED;
    }
}

bool say_request(struct buf *b, unsigned which, unsigned id, unsigned n)
{
    return say(b, &request[which % (sizeof request / sizeof *request)], id, n);
}

bool say_response(struct buf *b, unsigned which, unsigned id, unsigned n)
{
    return say(b, &response[which % (sizeof response / sizeof *response)], id, n);
}
