/* See header.h.
 *
 *   v1   PROXY TCP4 192.0.2.1 198.51.100.2 40000 443\r\n        TCP6 likewise; UNKNOWN and anything up to
 * CRLF
 *
 *   v2   \r\n\r\n\0\r\nQUIT\n  | 2,command | family,transport | length (16) | addresses |
 * type,length(16),value ...
 */
#include "agent/proxy/header.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"

#define V2_FIXED    16u
#define INET_BYTES  12u
#define INET6_BYTES 36u
#define UNIX_BYTES  216u
#define TLV_CRC32C  3

enum { LOCAL, PROXY };               /* commands */
enum { UNSPEC, INET, INET6, UNIX };  /* families */
enum { STREAM = 1, TRANSPORTS = 3 }; /* transports: unspecified, stream, datagram */

static const uint8_t v2_signature[12] = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};
static const uint8_t v1_signature[6] = "PROXY ";

/* ---- version 1 ---- */

/* Takes the next word off a line; words are separated by one space. */
static struct span word(struct span *line)
{
    const uint8_t *space = line->n ? memchr(line->p, ' ', line->n) : NULL;
    struct span w = space ? span_of(line->p, (size_t)(space - line->p)) : *line;
    *line = space ? span_from(*line, w.n + 1) : span_of(NULL, 0);
    return w;
}

static bool read_address(struct span w, bool v4, struct ip_addr *out)
{
    bool colon = w.n && memchr(w.p, ':', w.n);
    return w.n && colon != v4 && ip_parse((const char *)w.p, w.n, out);
}

static bool read_port(struct span w, uint16_t *out)
{
    uint32_t n = 0;
    if (w.n == 0 || w.n > 5 || (w.n > 1 && w.p[0] == '0'))
        return false;
    for (size_t i = 0; i < w.n; i++) {
        if (w.p[i] < '0' || w.p[i] > '9')
            return false;
        n = n * 10 + (uint32_t)(w.p[i] - '0');
    }
    *out = (uint16_t)n;
    return n <= UINT16_MAX;
}

/* The line behind "PROXY ", without CRLF. */
static bool read_line(struct span line, struct proxy_header *out)
{
    struct span kind = word(&line);
    bool v4 = span_eq(kind, span_str("TCP4"));
    if (span_eq(kind, span_str("UNKNOWN")))
        return true;
    if (!v4 && !span_eq(kind, span_str("TCP6")))
        return false;
    out->known = true;
    return read_address(word(&line), v4, &out->source.addr) && read_address(word(&line), v4, &out->to.addr) &&
           read_port(word(&line), &out->source.port) && read_port(word(&line), &out->to.port) && !line.p;
}

static int parse_v1(struct span in, struct proxy_header *out)
{
    size_t most = in.n < PROXY_V1_MAX ? in.n : PROXY_V1_MAX;
    const uint8_t *end = memchr(in.p, '\n', most);
    if (!end)
        return in.n < PROXY_V1_MAX ? PROXY_PARTIAL : -1;
    if (end[-1] != '\r')
        return -1;
    size_t n = (size_t)(end - in.p) + 1, skip = sizeof v1_signature;
    return read_line(span_of(in.p + skip, n - 2 - skip), out) ? (int)n : -1;
}

/* ---- version 2 ---- */

/* CRC-32C (Castagnoli), reflected, over what was seen so far. */
static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0x82f63b78) & (0 - (crc & 1)));
    }
    return crc;
}

/* Of all of the header, with the four bytes at `at` counted as zero, as the value that stands there says? */
static bool checksum_right(struct span header, size_t at)
{
    static const uint8_t zero[4];
    uint32_t crc = crc32c(UINT32_MAX, header.p, at);
    crc = crc32c(crc, zero, sizeof zero);
    crc = crc32c(crc, header.p + at + 4, header.n - at - 4);
    return ~crc == get_be32(header.p + at);
}

static bool tlvs_right(struct span header, size_t at)
{
    while (at < header.n) {
        if (header.n - at < 3 || get_be16(header.p + at + 1) > header.n - at - 3)
            return false;
        uint16_t n = get_be16(header.p + at + 1);
        if (header.p[at] == TLV_CRC32C && (n != 4 || !checksum_right(header, at + 3)))
            return false;
        at += 3u + n;
    }
    return true;
}

static void read_pair(const uint8_t *p, uint32_t bytes, struct proxy_header *out)
{
    struct ip_port *side[] = {&out->source, &out->to};
    for (unsigned i = 0; i < 2; i++) {
        side[i]->addr = bytes == 4 ? ip_from_v4(p + i * 4) : ip_from_v6(p + i * 16);
        side[i]->port = get_be16(p + 2 * bytes + 2 * i);
    }
}

/* A whole header, its first four bytes after the signature checked. */
static bool read_v2(struct span header, struct proxy_header *out)
{
    static const uint32_t need[] = {
        [UNSPEC] = 0, [INET] = INET_BYTES, [INET6] = INET6_BYTES, [UNIX] = UNIX_BYTES};
    unsigned family = header.p[13] >> 4, transport = header.p[13] & 15;
    if ((header.p[12] & 15) == LOCAL || family == UNSPEC)
        return true; /* whatever stands there says nothing */
    if (header.n - V2_FIXED < need[family])
        return false;
    out->known = transport == STREAM && family != UNIX;
    if (out->known)
        read_pair(header.p + V2_FIXED, family == INET ? 4 : 16, out);
    return tlvs_right(header, V2_FIXED + need[family]);
}

static int parse_v2(struct span in, struct proxy_header *out)
{
    if (in.n > 12 && (in.p[12] >> 4 != 2 || (in.p[12] & 15) > PROXY))
        return -1;
    if (in.n > 13 && (in.p[13] >> 4 > UNIX || (in.p[13] & 15) >= TRANSPORTS))
        return -1;
    if (in.n < V2_FIXED)
        return PROXY_PARTIAL;
    uint32_t n = V2_FIXED + get_be16(in.p + 14);
    if (n > PROXY_V2_MAX)
        return -1;
    if (in.n < n)
        return PROXY_PARTIAL;
    return read_v2(span_of(in.p, n), out) ? (int)n : -1;
}

/* ---- both ---- */

static bool begins_with(struct span in, const uint8_t *signature, size_t n)
{
    return memcmp(in.p, signature, in.n < n ? in.n : n) == 0;
}

int proxy_parse(struct span in, enum proxy_version accept, struct proxy_header *out)
{
    *out = (struct proxy_header){0};
    if (in.n == 0)
        return PROXY_PARTIAL;
    if ((accept & PROXY_V1) && begins_with(in, v1_signature, sizeof v1_signature))
        return in.n < sizeof v1_signature ? PROXY_PARTIAL : parse_v1(in, out);
    if ((accept & PROXY_V2) && begins_with(in, v2_signature, sizeof v2_signature))
        return parse_v2(in, out);
    return -1;
}

/* ---- writing ---- */

/* In IPv6's form, also one of IPv4. */
static const char *six_text(const struct ip_addr *a, char buf[IP_STRLEN + 8])
{
    char text[IP_STRLEN];
    snprintf(buf, IP_STRLEN + 8, "%s%s", ip_is_v4(a) ? "::ffff:" : "", ip_str(a, text));
    return buf;
}

static uint32_t write_v1(const struct ip_port *source, const struct ip_port *to, bool v4, uint8_t *out)
{
    char a[IP_STRLEN + 8], b[IP_STRLEN + 8], line[PROXY_V1_MAX + 1];
    const char *from = v4 ? ip_str(&source->addr, a) : six_text(&source->addr, a);
    const char *at = v4 ? ip_str(&to->addr, b) : six_text(&to->addr, b);
    int n = snprintf(line, sizeof line, "PROXY TCP%c %s %s %u %u\r\n", v4 ? '4' : '6', from, at, source->port,
                     to->port);
    memcpy(out, line, (size_t)n);
    return (uint32_t)n;
}

static uint32_t write_v2(const struct ip_port *source, const struct ip_port *to, bool v4, uint8_t *out)
{
    uint32_t skip = v4 ? 12 : 0, bytes = 16 - skip;
    memcpy(out, v2_signature, sizeof v2_signature);
    out[12] = 2 << 4 | PROXY;
    out[13] = (uint8_t)((v4 ? INET : INET6) << 4 | STREAM);
    put_be16(out + 14, (uint16_t)(v4 ? INET_BYTES : INET6_BYTES));
    memcpy(out + V2_FIXED, source->addr.b + skip, bytes);
    memcpy(out + V2_FIXED + bytes, to->addr.b + skip, bytes);
    put_be16(out + V2_FIXED + 2 * bytes, source->port);
    put_be16(out + V2_FIXED + 2 * bytes + 2, to->port);
    return V2_FIXED + 2 * bytes + 4;
}

uint32_t proxy_write(enum proxy_version version, const struct ip_port *source, const struct ip_port *to,
                     uint8_t out[PROXY_V1_MAX])
{
    bool v4 = ip_is_v4(&source->addr) && ip_is_v4(&to->addr);
    return version == PROXY_V1 ? write_v1(source, to, v4, out) : write_v2(source, to, v4, out);
}

uint32_t proxy_write_local(enum proxy_version version, uint8_t out[PROXY_V1_MAX])
{
    static const char line[] = "PROXY UNKNOWN\r\n";
    if (version == PROXY_V1) {
        memcpy(out, line, sizeof line - 1);
        return sizeof line - 1;
    }
    memcpy(out, v2_signature, sizeof v2_signature);
    memset(out + sizeof v2_signature, 0, V2_FIXED - sizeof v2_signature);
    out[12] = 2 << 4 | LOCAL;
    return V2_FIXED;
}
