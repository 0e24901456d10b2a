/* proxy: the PROXY protocol's header, which tells who a connection comes from when a proxy stands between
 * (HAProxy, "The PROXY protocol", versions 1 and 2). Parse and build, pure functions on bytes; any thread.
 *
 * It stands before the first byte of a connection, whole, and cannot be told from other bytes for sure: the
 * receiver has to know by configuration who sends one. */
#ifndef LACON_PROXY_HEADER_H
#define LACON_PROXY_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/span.h"

#define PROXY_PARTIAL 0
#define PROXY_V1_MAX  107u  /* bytes, with CRLF: the protocol's */
#define PROXY_V2_MAX  4096u /* ours; the protocol ends at 65,551 and recommends at most 536 */

enum proxy_version {
    PROXY_V1 = 1,
    PROXY_V2 = 2,
    PROXY_ANY = PROXY_V1 | PROXY_V2, /* of what is accepted */
};

struct proxy_header {
    bool known; /* the addresses are given, of a TCP connection; false: LOCAL, UNKNOWN, UNSPEC and
                   others, for which the connection's own stand */
    struct ip_port source, to; /* who has connected, and where to */
};

/* Reads a header of one of the accepted versions from the start of `in`: its bytes, PROXY_PARTIAL when more
 * are needed, or -1 when it is none, malformed, too long, or its checksum (PP2_TYPE_CRC32C) is wrong. Type,
 * length and value of the others is checked for length alone. A header that is refused once is refused for
 * every continuation. */
int proxy_parse(struct span in, enum proxy_version accept, struct proxy_header *out);

/* Writes one; `to` may be of another family: both are then written as IPv6 (::ffff:a.b.c.d). Its bytes. */
uint32_t proxy_write(enum proxy_version version, const struct ip_port *source, const struct ip_port *to,
                     uint8_t out[PROXY_V1_MAX]);

/* The same for a connection that is made for nobody (LOCAL, UNKNOWN). */
uint32_t proxy_write_local(enum proxy_version version, uint8_t out[PROXY_V1_MAX]);

#endif
