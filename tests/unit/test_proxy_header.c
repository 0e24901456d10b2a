/* PROXY headers: the protocol's own examples, every cut, what must be refused, and back from what is written.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "agent/proxy/header.h"
#include "tests/unit/guarded.h"

static const char *text_of(const struct ip_port *p, char buf[IP_STRLEN + 8])
{
    char ip[IP_STRLEN];
    snprintf(buf, IP_STRLEN + 8, "%s %u", ip_str(&p->addr, ip), p->port);
    return buf;
}

/* Parses with each cut first: all of them are partial, or refused as the whole is. */
static int parse(const void *bytes, size_t n, enum proxy_version accept, struct proxy_header *h)
{
    int all = proxy_parse(guarded(bytes, n), accept, h);
    size_t whole = all > 0 ? (size_t)all : n;
    struct proxy_header part;
    for (size_t k = 0; k < whole; k++) {
        int some = proxy_parse(guarded(bytes, k), accept, &part);
        cr_assert(some == PROXY_PARTIAL || (some < 0 && all < 0), "%zu of %zu bytes: %d", k, n, some);
    }
    return proxy_parse(guarded(bytes, n), accept, h);
}

#define CHAIN "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n"

Test(proxy_header, v1)
{
    static const struct {
        const char *line, *source, *to; /* source NULL: refused; "": not known */
    } rows[] = {
        /* the longest ones of the specification, section 2.1 */
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255 65535",
         "255.255.255.255 65535"},
        {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
         "65535\r\n",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"},
        {"PROXY UNKNOWN\r\n", "", ""},
        {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
         "65535 "
         "65535\r\n",
         "", ""},
        {"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1 56324", "192.168.0.11 443"},
        {"PROXY TCP6 ::1 2001:db8::2 1 0\r\n", "::1 1", "2001:db8::2 0"},
        {"PROXY TCP6 ::ffff:1.2.3.4 ::ffff:5.6.7.8 1 2\r\n", "1.2.3.4 1", "5.6.7.8 2"},
        {"PROXY UNKNOWN what\rever\r\n", "", ""},
        {"PROXY UNKNOWNS\r\n", NULL, NULL},
        {"PROXY\r\n", NULL, NULL},
        {"PROXY \r\n", NULL, NULL},
        {"PROXY TCP4\r\n", NULL, NULL},
        {"proxy TCP4 1.2.3.4 5.6.7.8 9 10\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 9\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 9 10 11\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 9 10 \r\n", NULL, NULL},
        {"PROXY TCP4  1.2.3.4 5.6.7.8 9 10\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 09 10\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 65536 10\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 100000 10\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 -1 10\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 9 1x\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.256 5.6.7.8 9 10\r\n", NULL, NULL},
        {"PROXY TCP4 01.2.3.4 5.6.7.8 9 10\r\n", NULL, NULL},
        {"PROXY TCP4 ::1 ::2 9 10\r\n", NULL, NULL},
        {"PROXY TCP6 1.2.3.4 5.6.7.8 9 10\r\n", NULL, NULL},
        {"PROXY TCP6 fe80::1%eth0 ::2 9 10\r\n", NULL, NULL},
        {"PROXY UDP4 1.2.3.4 5.6.7.8 9 10\r\n", NULL, NULL},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\r\n", NULL, NULL},
        {"GET / HTTP/1.1\r\n", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxy_header h;
        char a[IP_STRLEN + 8], b[IP_STRLEN + 8];
        size_t n = strlen(rows[i].line);
        int got = parse(rows[i].line, n, PROXY_ANY, &h);
        cr_expect_eq(got, rows[i].source ? (int)n : -1, "row %zu: %d", i, got);
        if (got <= 0 || !rows[i].source)
            continue;
        cr_expect_eq(h.known, *rows[i].source != 0, "row %zu", i);
        if (h.known) {
            cr_expect_str_eq(text_of(&h.source, a), rows[i].source, "row %zu", i);
            cr_expect_str_eq(text_of(&h.to, b), rows[i].to, "row %zu", i);
        }
    }
}

Test(proxy_header, v1_length)
{
    char line[200] = "PROXY UNKNOWN ";
    struct proxy_header h;
    size_t head = strlen(line);
    memset(line + head, 'x', sizeof line - head);
    memcpy(line + 105, "\r\n", 2);
    cr_expect_eq(parse(line, 107, PROXY_ANY, &h), 107, "107 bytes are the most");
    memcpy(line + 105, "x\r\n", 3);
    cr_expect_eq(parse(line, 108, PROXY_ANY, &h), -1, "108 are too many");
    cr_expect_eq(proxy_parse(guarded(line, 107), PROXY_ANY, &h), -1, "and are refused as early");
}

Test(proxy_header, what_follows_is_not_looked_at)
{
    struct proxy_header h;
    cr_assert_eq(parse(CHAIN "GET / HTTP/1.1\r\n", strlen(CHAIN) + 16, PROXY_V1, &h), (int)strlen(CHAIN));
    cr_assert_eq(parse(CHAIN CHAIN, 2 * strlen(CHAIN), PROXY_V1, &h), (int)strlen(CHAIN));
}

/* ---- version 2 ---- */

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

struct v2 {
    uint8_t b[5000];
    size_t n;
};

/* The header with this command and family byte and n bytes of payload; the length field says `length`. */
static struct v2 v2_of(uint8_t command, uint8_t family, const void *payload, size_t n, size_t length)
{
    struct v2 h = {.n = 16 + n};
    memcpy(h.b, SIGNATURE, 12);
    h.b[12] = command;
    h.b[13] = family;
    h.b[14] = (uint8_t)(length >> 8);
    h.b[15] = (uint8_t)length;
    memcpy(h.b + 16, payload, n);
    return h;
}

static const uint8_t four[12] = {192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 4, 1, 187};

static int parse2(const struct v2 *v, struct proxy_header *h)
{
    return parse(v->b, v->n, PROXY_V2, h);
}

Test(proxy_header, v2_addresses)
{
    struct proxy_header h;
    char a[IP_STRLEN + 8];
    struct v2 v = v2_of(0x21, 0x11, four, 12, 12);
    cr_assert_eq(parse2(&v, &h), 28);
    cr_assert(h.known);
    cr_assert_str_eq(text_of(&h.source, a), "192.0.2.1 56324");
    cr_assert_str_eq(text_of(&h.to, a), "198.51.100.2 443");
    uint8_t six[36] = {0x20, 1, 13, 0xb8, [15] = 1, [16] = 0xfd, [31] = 2, [32] = 0, 80, 0x1f, 0x90};
    v = v2_of(0x21, 0x21, six, 36, 36);
    cr_assert_eq(parse2(&v, &h), 52);
    cr_assert_str_eq(text_of(&h.source, a), "2001:db8::1 80");
    cr_assert_str_eq(text_of(&h.to, a), "fd00::2 8080");
}

Test(proxy_header, v2_without_addresses)
{
    static const uint8_t zeros[300];
    static const struct {
        uint8_t command, family;
        size_t n;
        int wanted; /* bytes, -1 */
    } rows[] = {
        {0x20, 0x00, 0, 16},    /* LOCAL, as health checks say */
        {0x20, 0x11, 12, 28},   /* LOCAL: the family says nothing */
        {0x20, 0x11, 3, 19},    /* nor does what stands there */
        {0x21, 0x00, 0, 16},    /* UNSPEC */
        {0x21, 0x00, 7, 23},    /* UNSPEC and bytes to be skipped */
        {0x21, 0x31, 216, 232}, /* UNIX */
        {0x21, 0x12, 12, 28},   /* datagrams over IPv4: nothing that a connection goes by */
        {0x21, 0x11, 11, -1},   /* too short for its family */
        {0x21, 0x21, 35, -1},   {0x21, 0x31, 215, -1}, {0x21, 0x41, 12, -1}, /* no such family */
        {0x21, 0x13, 12, -1},                                                /* no such transport */
        {0x22, 0x11, 12, -1},                                                /* no such command */
        {0x11, 0x11, 12, -1},                                                /* no such version */
        {0x31, 0x11, 12, -1},                                                /* nor this */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxy_header h;
        struct v2 v = v2_of(rows[i].command, rows[i].family, zeros, rows[i].n, rows[i].n);
        cr_expect_eq(parse2(&v, &h), rows[i].wanted, "row %zu", i);
        cr_expect_not(h.known && rows[i].wanted > 0, "row %zu", i);
    }
}

Test(proxy_header, v2_length)
{
    static const uint8_t zeros[4090];
    struct proxy_header h;
    struct v2 v = v2_of(0x20, 0, zeros, 4080, 4080);
    cr_expect_eq(parse2(&v, &h), 4096, "the longest that is taken");
    v = v2_of(0x20, 0, zeros, 0, 4081);
    cr_expect_eq(parse2(&v, &h), -1, "one more is refused without waiting for it");
}

/* ---- type, length, value ---- */

static struct v2 with_tlvs(const void *tlvs, size_t n)
{
    uint8_t payload[1000];
    memcpy(payload, four, 12);
    memcpy(payload + 12, tlvs, n);
    return v2_of(0x21, 0x11, payload, 12 + n, 12 + n);
}

Test(proxy_header, tlvs)
{
    static const struct {
        const char *b;
        size_t n;
        bool right;
    } rows[] = {
        {"\x01\0\x02h2\x02\0\x04name\x04\0\0", 15, true},
        {"\xee\0\0", 3, true},
        {"\xee\0\x01", 3, false}, /* its value is missing */
        {"\xee\0", 2, false},
        {"\xee", 1, false},
        {"\x04\xff\xff", 3, false},
        {"\x03\0\x03\x01\x02\x03", 6, false},     /* a checksum of three bytes */
        {"\x03\0\x04\x01\x02\x03\x04", 7, false}, /* a wrong one */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxy_header h;
        struct v2 v = with_tlvs(rows[i].b, rows[i].n);
        cr_expect_eq(parse2(&v, &h), rows[i].right ? (int)v.n : -1, "row %zu", i);
    }
}

/* CRC-32C bit by bit from its definition (RFC 3720, appendix B.4), the other way round than the parser does.
 */
static uint32_t crc32c_by_definition(const uint8_t *p, size_t n)
{
    uint32_t crc = UINT32_MAX, out = 0;
    for (size_t i = 0; i < 8 * n; i++) {
        uint32_t bit = p[i / 8] >> (i % 8) & 1, top = crc >> 31;
        crc = crc << 1 ^ (top != bit ? UINT32_C(0x1edc6f41) : 0);
    }
    for (unsigned i = 0; i < 32; i++)
        out |= (~crc >> (31 - i) & 1) << i;
    return out;
}

Test(proxy_header, checksum)
{
    struct proxy_header h;
    cr_assert_eq(crc32c_by_definition((const uint8_t *)"123456789", 9), UINT32_C(0xe3069283));
    struct v2 v = with_tlvs("\x03\0\x04\0\0\0\0\x04\0\x02xx", 12);
    uint32_t crc = crc32c_by_definition(v.b, v.n);
    for (unsigned i = 0; i < 4; i++)
        v.b[31 + i] = (uint8_t)(crc >> (24 - 8 * i));
    cr_expect_eq(parse2(&v, &h), (int)v.n, "the right checksum");
    for (size_t i = 12; i < v.n; i++) {
        struct v2 bad = v;
        bad.b[i] ^= 0x20;
        if (i != 15 && i != 28) /* a longer header; no checksum any more */
            cr_expect_eq(parse2(&bad, &h), -1, "byte %zu is damaged", i);
    }
}

/* ---- which version is accepted ---- */

Test(proxy_header, only_what_is_accepted)
{
    struct proxy_header h;
    struct v2 v = v2_of(0x21, 0x11, four, 12, 12);
    cr_expect_eq(proxy_parse(span_str(CHAIN), PROXY_V2, &h), -1);
    cr_expect_eq(proxy_parse(span_of(v.b, v.n), PROXY_V1, &h), -1);
    cr_expect_gt(proxy_parse(span_str(CHAIN), PROXY_ANY, &h), 0);
    cr_expect_gt(proxy_parse(span_of(v.b, v.n), PROXY_ANY, &h), 0);
    cr_expect_eq(proxy_parse(span_str("P"), PROXY_V2, &h), -1);
    cr_expect_eq(proxy_parse(span_str("\r"), PROXY_V1, &h), -1);
}

/* ---- writing ---- */

static struct ip_port port(const char *ip, uint16_t n)
{
    struct ip_port p = {.port = n};
    cr_assert(ip_parse(ip, strlen(ip), &p.addr));
    return p;
}

Test(proxy_header, written_ones_are_read_back)
{
    static const char *const ips[][2] = {
        {"192.0.2.1", "198.51.100.255"},
        {"2001:db8::1", "fd00::2"},
        {"192.0.2.1", "fd00::2"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"}};
    for (unsigned i = 0; i < sizeof ips / sizeof ips[0]; i++)
        for (unsigned version = PROXY_V1; version <= PROXY_V2; version++) {
            struct ip_port from = port(ips[i][0], 65535), to = port(ips[i][1], 65534);
            uint8_t out[PROXY_V1_MAX];
            struct proxy_header h;
            uint32_t n = proxy_write((enum proxy_version)version, &from, &to, out);
            cr_assert_leq(n, sizeof out);
            cr_assert_eq(parse(out, n, (enum proxy_version)version, &h), (int)n, "row %u, v%u", i, version);
            cr_assert(h.known && ip_eq(&h.source.addr, &from.addr) && ip_eq(&h.to.addr, &to.addr));
            cr_assert(h.source.port == 65535 && h.to.port == 65534);
        }
    struct ip_port from = port("192.0.2.1", 56324), to = port("198.51.100.2", 443);
    uint8_t out[PROXY_V1_MAX];
    static const char line[] = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";
    cr_assert_eq(proxy_write(PROXY_V1, &from, &to, out), sizeof line - 1);
    cr_assert_eq(memcmp(out, line, sizeof line - 1), 0);
    struct v2 v = v2_of(0x21, 0x11, four, 12, 12);
    cr_assert_eq(proxy_write(PROXY_V2, &from, &to, out), v.n);
    cr_assert_eq(memcmp(out, v.b, v.n), 0);
}

Test(proxy_header, local_ones)
{
    for (unsigned version = PROXY_V1; version <= PROXY_V2; version++) {
        uint8_t out[PROXY_V1_MAX];
        struct proxy_header h;
        uint32_t n = proxy_write_local((enum proxy_version)version, out);
        cr_assert_eq(parse(out, n, (enum proxy_version)version, &h), (int)n);
        cr_assert_not(h.known);
    }
}
