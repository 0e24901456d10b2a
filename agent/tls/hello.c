/* See hello.h. A handshake message is a stream of its own, carried in the payloads of records; the reader
 * below steps over record headers, so the parser sees only the message. It stops at the first byte that is
 * not there (partial) or not right, and says which; whatever follows a stop reads as zero and changes
 * nothing. */
#include "agent/tls/hello.h"

#include <stdbool.h>

#include "agent/base/bytes.h"

#define RECORD_HANDSHAKE 22
#define RECORD_HEADER    5u
#define RECORD_MAX       16384u
#define RECORDS_MOST     512u /* each is stepped over again with each segment */
#define CLIENT_HELLO     1
#define EXT_SERVER_NAME  0
#define EXT_ALPN         16
#define NAME_HOST        0
#define SESSION_ID_MAX   32u

struct reader {
    struct span in;
    size_t at;       /* next byte of the stream */
    uint32_t record; /* bytes left of the present record */
    uint32_t records;
    uint32_t left; /* bytes left of the structure being read */
    bool partial;
    int alert; /* 0: all was right so far */
};

static void wrong(struct reader *r, int alert)
{
    if (!r->alert && !r->partial)
        r->alert = alert;
}

static bool stopped(const struct reader *r)
{
    return r->partial || r->alert;
}

static void next_record(struct reader *r)
{
    const uint8_t *h = r->in.p + r->at;
    size_t have = r->in.n - r->at;
    if (have > 0 && h[0] != RECORD_HANDSHAKE)
        wrong(r, TLS_ALERT_UNEXPECTED);
    else if (have > 1 && h[1] != 3)
        wrong(r, TLS_ALERT_DECODE);
    else if (have < RECORD_HEADER)
        r->partial = true;
    else if (get_be16(h + 3) == 0 || get_be16(h + 3) > RECORD_MAX || r->records == RECORDS_MOST)
        wrong(r, TLS_ALERT_DECODE);
    if (stopped(r))
        return;
    r->records++;
    r->record = get_be16(h + 3);
    r->at += RECORD_HEADER;
}

/* The next n bytes of the message, into out unless it is NULL. */
static void take(struct reader *r, uint8_t *out, uint32_t n)
{
    if (n > r->left)
        wrong(r, TLS_ALERT_DECODE);
    r->left -= n <= r->left ? n : r->left;
    while (n > 0 && !stopped(r)) {
        if (r->record == 0) {
            next_record(r);
            continue;
        }
        size_t have = r->in.n - r->at;
        uint32_t k = n < r->record ? n : r->record;
        if (k > have) {
            r->partial = true;
            return;
        }
        if (out) {
            memcpy(out, r->in.p + r->at, k);
            out += k;
        }
        r->at += k;
        r->record -= k;
        n -= k;
    }
}

static uint32_t number(struct reader *r, uint32_t bytes)
{
    uint8_t b[4] = {0};
    take(r, b + 4 - bytes, bytes);
    return stopped(r) ? 0 : get_be32(b);
}

static bool lower_name(struct tls_hello *h)
{
    for (unsigned i = 0; i < h->name_len; i++) {
        char c = h->name[i];
        if (c >= 'A' && c <= 'Z')
            h->name[i] = (char)(c + 'a' - 'A');
        else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return true;
}

static void host_name(struct reader *r, uint32_t n, struct tls_hello *out)
{
    if (n == 0 || n > TLS_NAME_MAX)
        wrong(r, TLS_ALERT_DECODE);
    else if (out->name_len)
        wrong(r, TLS_ALERT_ILLEGAL); /* two names: which of them is meant? */
    if (stopped(r))
        return;
    out->name_len = (uint8_t)n;
    take(r, (uint8_t *)out->name, n);
    if (!stopped(r) && !lower_name(out))
        wrong(r, TLS_ALERT_NAME);
}

/* A list of names; its length is that of the extension. */
static void server_name(struct reader *r, uint32_t n, struct tls_hello *out)
{
    uint32_t after = r->left - n;
    r->left = n;
    if (number(r, 2) != r->left)
        wrong(r, TLS_ALERT_DECODE);
    while (r->left && !stopped(r)) {
        uint32_t type = number(r, 1), len = number(r, 2);
        if (type == NAME_HOST)
            host_name(r, len, out);
        else
            take(r, NULL, len);
    }
    r->left = after;
}

/* One protocol of n bytes. */
static void protocol(struct reader *r, uint32_t n, struct tls_hello *out)
{
    bool fits = out->alpn_len + 1 + n <= TLS_ALPN_MAX;
    if (n == 0)
        wrong(r, TLS_ALERT_DECODE);
    if (stopped(r))
        return;
    take(r, fits ? out->alpn + out->alpn_len + 1 : NULL, n);
    if (!fits || stopped(r))
        return;
    out->alpn[out->alpn_len] = (uint8_t)n;
    out->alpn_len = (uint8_t)(out->alpn_len + 1 + n);
}

static void protocols(struct reader *r, uint32_t n, struct tls_hello *out)
{
    uint32_t after = r->left - n;
    r->left = n;
    if (number(r, 2) != r->left || r->left == 0)
        wrong(r, TLS_ALERT_DECODE);
    while (r->left && !stopped(r))
        protocol(r, number(r, 1), out);
    r->left = after;
}

static void extensions(struct reader *r, struct tls_hello *out)
{
    bool named = false, offered = false;
    if (number(r, 2) != r->left)
        wrong(r, TLS_ALERT_DECODE);
    while (r->left && !stopped(r)) {
        uint32_t type = number(r, 2), len = number(r, 2);
        if (len > r->left)
            wrong(r, TLS_ALERT_DECODE);
        if (stopped(r))
            return;
        bool *seen = type == EXT_SERVER_NAME ? &named : type == EXT_ALPN ? &offered : NULL;
        if (!seen) {
            take(r, NULL, len);
            continue;
        }
        if (*seen)
            wrong(r, TLS_ALERT_ILLEGAL);
        *seen = true;
        if (type == EXT_ALPN)
            protocols(r, len, out);
        else
            server_name(r, len, out);
    }
}

static void client_hello(struct reader *r, size_t limit, struct tls_hello *out)
{
    r->left = 4;
    if (number(r, 1) != CLIENT_HELLO)
        wrong(r, TLS_ALERT_UNEXPECTED);
    r->left = number(r, 3);
    if (r->left > limit)
        wrong(r, TLS_ALERT_DECODE);
    if (number(r, 1) != 3) /* legacy_version */
        wrong(r, TLS_ALERT_DECODE);
    take(r, NULL, 1 + 32); /* its second byte, random */
    uint32_t n = number(r, 1);
    if (n > SESSION_ID_MAX)
        wrong(r, TLS_ALERT_DECODE);
    take(r, NULL, n);
    n = number(r, 2); /* cipher suites */
    if (n < 2 || n % 2)
        wrong(r, TLS_ALERT_DECODE);
    take(r, NULL, n);
    n = number(r, 1); /* compression methods */
    if (n == 0)
        wrong(r, TLS_ALERT_DECODE);
    take(r, NULL, n);
    if (r->left && !stopped(r)) /* none at all is legal before TLS 1.3 */
        extensions(r, out);
}

int tls_parse_hello(struct span bytes, size_t limit, struct tls_hello *out)
{
    struct reader r = {.in = span_of(bytes.p, bytes.n < limit ? bytes.n : limit)};
    out->name_len = out->alpn_len = 0;
    client_hello(&r, limit, out);
    if (r.alert)
        return -r.alert;
    if (r.partial)
        return bytes.n < limit ? TLS_PARTIAL : -TLS_ALERT_DECODE;
    return (int)r.at;
}

bool tls_hello_due(struct span bytes, size_t limit)
{
    uint8_t head[4] = {0};
    size_t have = 0, at = 0;
    for (unsigned i = 0; i < RECORDS_MOST && bytes.n - at >= RECORD_HEADER; i++) {
        size_t len = get_be16(bytes.p + at + 3), in_sight = bytes.n - at - RECORD_HEADER;
        if (bytes.p[at] != RECORD_HANDSHAKE || len == 0)
            return true;
        at += RECORD_HEADER;
        len = len < in_sight ? len : in_sight;
        for (size_t k = 0; k < len && have + k < sizeof head; k++)
            head[have + k] = bytes.p[at + k];
        have += len;
        at += len;
    }
    uint32_t length = get_be32(head) & 0xffffff;
    bool malformed = head[0] != CLIENT_HELLO || length > limit || bytes.n - at >= RECORD_HEADER;
    return have < sizeof head || malformed || have >= sizeof head + length || bytes.n >= limit;
}

void tls_write_alert(uint8_t out[TLS_ALERT_BYTES], unsigned alert)
{
    const uint8_t record[TLS_ALERT_BYTES] = {21, 3, 3, 0, 2, 2 /* fatal */, (uint8_t)alert};
    memcpy(out, record, sizeof record);
}
