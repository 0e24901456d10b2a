/* hello: the name and the application protocols in a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066
 * section 3, RFC 7301), for choosing a cluster without taking part in the TLS connection. Plain text in every
 * version of TLS up to 1.3; an encrypted ClientHello shows its outer name. No state, no allocation; any
 * thread. */
#ifndef LACON_TLS_HELLO_H
#define LACON_TLS_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/span.h"

#define TLS_NAME_MAX 255
#define TLS_ALPN_MAX 255

struct tls_hello {
    char name[TLS_NAME_MAX]; /* lower case; letters, digits, '-', '_' and dots */
    uint8_t name_len;        /* 0: the client named none */
    /* The protocols it offers, in its order, each behind a byte with its length: as many whole ones as fit.
     */
    uint8_t alpn[TLS_ALPN_MAX];
    uint8_t alpn_len;
};

enum {
    TLS_PARTIAL = 0,
    /* What is wrong, as TLS alerts tell it (RFC 8446 section 6); results are these, negated. */
    TLS_ALERT_UNEXPECTED = 10,
    TLS_ALERT_ILLEGAL = 47,
    TLS_ALERT_DENIED = 49,
    TLS_ALERT_DECODE = 50,
    TLS_ALERT_NAME = 112,
};

/* Reads the ClientHello at the beginning of a stream, which may be cut into records anywhere, up to its last
 * byte: returns how many bytes that took, TLS_PARTIAL when more are needed, or a negated alert when it is
 * none, or is malformed, or would take more than `limit` bytes or 512 records. The same whatever of the
 * stream is in sight.
 */
int tls_parse_hello(struct span bytes, size_t limit, struct tls_hello *out);

/* Is there more to say of a hello that comes in pieces than TLS_PARTIAL? False while it is not whole: each
 * call of the parser begins at the first byte, and single bytes would cost their square. What is malformed
 * behind its first bytes is found when it is whole, or as long as it may be. */
bool tls_hello_due(struct span bytes, size_t limit);

/* A fatal alert, as one record in the clear. */
#define TLS_ALERT_BYTES 7
void tls_write_alert(uint8_t out[TLS_ALERT_BYTES], unsigned alert);

#endif
