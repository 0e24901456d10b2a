/* Addresses and flow keys. One 16-byte form for both families: IPv4 is kept as IPv4-mapped IPv6
 * (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2), so tables and comparisons know one kind of key. */
#ifndef LACON_BASE_ADDR_H
#define LACON_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct ip_addr {
    uint8_t b[16]; /* network byte order */
};

/* Address and port; port in host byte order. */
struct ip_port {
    struct ip_addr addr;
    uint16_t port;
};

/* One TCP four-tuple as this machine sees it: `remote` is the peer. Ports in host byte order; `pad` is zero,
 * so the struct compares and hashes as 40 plain bytes. */
struct flow_key {
    struct ip_addr remote, local;
    uint16_t remote_port, local_port;
    uint32_t pad;
};

_Static_assert(sizeof(struct flow_key) == 40, "flow keys are hashed as 40 bytes");

static inline struct ip_addr ip_from_v4(const uint8_t v4[4])
{
    /* In whole words: these bytes are read again, as words, before a CPU has put single ones together. */
    static const uint8_t prefix[12] = {[10] = 0xff, 0xff};
    struct ip_addr a;
    memcpy(a.b, prefix, 12);
    memcpy(a.b + 12, v4, 4);
    return a;
}

static inline struct ip_addr ip_from_v6(const uint8_t v6[16])
{
    struct ip_addr a;
    memcpy(a.b, v6, 16);
    return a;
}

static inline bool ip_is_v4(const struct ip_addr *a)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(a->b, prefix, 12) == 0;
}

static inline bool ip_eq(const struct ip_addr *a, const struct ip_addr *b)
{
    return memcmp(a->b, b->b, 16) == 0;
}

static inline bool ip_is_zero(const struct ip_addr *a)
{
    static const struct ip_addr zero;
    return ip_eq(a, &zero);
}

static inline bool flow_key_eq(const struct flow_key *a, const struct flow_key *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

#define IP_STRLEN 46

/* Writes the usual text form (dotted quad for IPv4) and returns `buf`. Thread-safe. */
const char *ip_str(const struct ip_addr *a, char buf[IP_STRLEN]);
/* The same; returns its length. */
size_t ip_put(const struct ip_addr *a, char buf[IP_STRLEN]);

/* Parses dotted quad or RFC 4291 text of exactly `n` bytes. False when it is neither. */
bool ip_parse(const char *s, size_t n, struct ip_addr *out);

/* True when the first `bits` bits are the same (bits counted in the 16-byte form: IPv4 /24 is 96 + 24). */
bool ip_prefix_eq(const struct ip_addr *a, const struct ip_addr *b, unsigned bits);

#endif
