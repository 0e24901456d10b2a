#include <criterion/criterion.h>

#include "agent/tls/hello.h"
#include "tests/unit/guarded.h"

#define LIMIT 4096u

/* A ClientHello in the making: the message, without records. */
struct message {
    uint8_t b[2000];
    size_t n;
};

static void put(struct message *m, const void *p, size_t n)
{
    memcpy(m->b + m->n, p, n);
    m->n += n;
}

static void put_number(struct message *m, uint32_t v, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0;)
        m->b[m->n++] = (uint8_t)(v >> 8 * i);
}

/* What differs from a hello that is right. */
struct variant {
    const char *name; /* NULL: no server_name */
    unsigned session; /* bytes of the session id */
    unsigned suites;  /* bytes of cipher suites */
    unsigned compressions;
    bool no_extensions, twice, two_names, name_last;
    int list_off, ext_off, name_off, all_off; /* added to a length field */
    const char *alpn;                         /* NULL: one that offers h2 */
    size_t alpn_n;
};

#define RIGHT                                                                                                \
    (struct variant)                                                                                         \
    {                                                                                                        \
        .name = "Shop.Example", .session = 32, .suites = 4, .compressions = 1                                \
    }

static void put_name(struct message *m, const struct variant *v)
{
    uint32_t n = (uint32_t)strlen(v->name), entry = 3 + n;
    uint32_t list = v->two_names ? 2 * entry : entry;
    put_number(m, 0, 2);
    put_number(m, list + 2 + (uint32_t)v->ext_off, 2);
    put_number(m, list + (uint32_t)v->list_off, 2);
    for (int i = 0; i <= v->two_names; i++) {
        put_number(m, 0, 1);
        put_number(m, n + (uint32_t)v->name_off, 2);
        put(m, v->name, n);
    }
}

static struct message hello(const struct variant *v)
{
    static const uint8_t zeros[256];
    struct message ext = {0}, body = {0}, m = {0};
    if (!v->name_last && v->name)
        put_name(&ext, v);
    put(&ext, v->alpn ? v->alpn : "\0\x10\0\x05\0\x03\x02h2", v->alpn ? v->alpn_n : 9);
    if (v->name_last && v->name)
        put_name(&ext, v);
    if (v->twice)
        put_name(&ext, v);
    put_number(&body, 0x0303, 2);
    put(&body, zeros, 32);
    put_number(&body, v->session, 1);
    put(&body, zeros, v->session);
    put_number(&body, v->suites, 2);
    put(&body, zeros, v->suites);
    put_number(&body, v->compressions, 1);
    put(&body, zeros, v->compressions);
    if (!v->no_extensions) {
        put_number(&body, (uint32_t)ext.n + (uint32_t)v->all_off, 2);
        put(&body, ext.b, ext.n);
    }
    put_number(&m, 1, 1);
    put_number(&m, (uint32_t)body.n, 3);
    put(&m, body.b, body.n);
    return m;
}

/* The message in records of `each` bytes. */
static struct message records(const struct message *m, size_t each)
{
    struct message r = {0};
    for (size_t at = 0; at < m->n; at += each) {
        size_t n = m->n - at < each ? m->n - at : each;
        put(&r, "\x16\x03\x01", 3);
        put_number(&r, (uint32_t)n, 2);
        put(&r, m->b + at, n);
    }
    return r;
}

static int parse(const void *p, size_t n, struct tls_hello *h)
{
    return tls_parse_hello(guarded(p, n), LIMIT, h);
}

static int parse_variant(struct variant v, struct tls_hello *h)
{
    struct message m = hello(&v), r = records(&m, 16384);
    return parse(r.b, r.n, h);
}

static void expect_name(const struct tls_hello *h, const char *name)
{
    cr_expect_eq(h->name_len, strlen(name));
    cr_expect_arr_eq(h->name, name, strlen(name));
}

Test(tls_hello, the_name_is_found_wherever_the_extension_stands)
{
    struct tls_hello h;
    struct variant v = RIGHT;
    cr_expect_gt(parse_variant(v, &h), 0);
    expect_name(&h, "shop.example");
    v.name_last = true;
    cr_expect_gt(parse_variant(v, &h), 0);
    expect_name(&h, "shop.example");
}

Test(tls_hello, a_hello_without_a_name_is_one)
{
    struct tls_hello h;
    struct variant v = RIGHT;
    v.name = NULL;
    cr_expect_gt(parse_variant(v, &h), 0);
    cr_expect_eq(h.name_len, 0);
    v.no_extensions = true;
    cr_expect_gt(parse_variant(v, &h), 0);
}

Test(tls_hello, however_records_and_segments_cut_it)
{
    struct variant v = RIGHT;
    struct message m = hello(&v);
    for (size_t each = 1; each <= 20; each++) {
        struct message r = records(&m, each);
        struct tls_hello h;
        put(&r, "\x14\x03\x03\0\x01\x01", 6); /* what follows is none of its business */
        for (size_t n = 0; n < r.n - 6; n++)
            cr_assert_eq(parse(r.b, n, &h), TLS_PARTIAL, "records of %zu, %zu bytes", each, n);
        cr_assert_eq(parse(r.b, r.n, &h), (int)r.n - 6);
        expect_name(&h, "shop.example");
    }
}

Test(tls_hello, what_is_malformed_is_refused)
{
    static const struct {
        const char *what;
        struct variant v;
        int alert;
    } rows[] = {
        {"session id too long",
         {.name = "a", .session = 33, .suites = 2, .compressions = 1},
         TLS_ALERT_DECODE},
        {"no cipher suite", {.name = "a", .compressions = 1}, TLS_ALERT_DECODE},
        {"half a cipher suite", {.name = "a", .suites = 3, .compressions = 1}, TLS_ALERT_DECODE},
        {"no compression", {.name = "a", .suites = 2}, TLS_ALERT_DECODE},
        {"list too long", {.name = "a", .suites = 2, .compressions = 1, .list_off = 1}, TLS_ALERT_DECODE},
        {"list too short", {.name = "a", .suites = 2, .compressions = 1, .list_off = -1}, TLS_ALERT_DECODE},
        {"extension too long",
         {.name = "a", .suites = 2, .compressions = 1, .ext_off = 50},
         TLS_ALERT_DECODE},
        {"name too long", {.name = "a", .suites = 2, .compressions = 1, .name_off = 1}, TLS_ALERT_DECODE},
        {"empty name", {.name = "", .suites = 2, .compressions = 1}, TLS_ALERT_DECODE},
        {"extensions too long",
         {.name = "a", .suites = 2, .compressions = 1, .all_off = 1},
         TLS_ALERT_DECODE},
        {"extensions too short",
         {.name = "a", .suites = 2, .compressions = 1, .all_off = -1},
         TLS_ALERT_DECODE},
        {"two names", {.name = "a", .suites = 2, .compressions = 1, .two_names = true}, TLS_ALERT_ILLEGAL},
        {"named twice", {.name = "a", .suites = 2, .compressions = 1, .twice = true}, TLS_ALERT_ILLEGAL},
        {"a space in the name", {.name = "a b", .suites = 2, .compressions = 1}, TLS_ALERT_NAME},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_hello h;
        cr_expect_eq(parse_variant(rows[i].v, &h), -rows[i].alert, "%s", rows[i].what);
    }
}

Test(tls_hello, what_is_no_hello_is_refused_at_once)
{
    struct tls_hello h;
    cr_expect_eq(parse("G", 1, &h), -TLS_ALERT_UNEXPECTED);
    cr_expect_eq(parse("\x17", 1, &h), -TLS_ALERT_UNEXPECTED);
    cr_expect_eq(parse("\x16\x02", 2, &h), -TLS_ALERT_DECODE);
    cr_expect_eq(parse("\x16\x03\x01\0\0", 5, &h), -TLS_ALERT_DECODE);           /* an empty record */
    cr_expect_eq(parse("\x16\x03\x01\x40\x01", 5, &h), -TLS_ALERT_DECODE);       /* one of 16385 bytes */
    cr_expect_eq(parse("\x16\x03\x01\0\x05\x02", 6, &h), -TLS_ALERT_UNEXPECTED); /* a ServerHello */
    cr_expect_eq(parse("\x16\x03\x01\0\x05\x01\xff\xff\xff", 9, &h), -TLS_ALERT_DECODE);
}

Test(tls_hello, it_may_not_grow_beyond_the_limit)
{
    struct variant v = RIGHT;
    struct message m = hello(&v), r = records(&m, 1);
    struct tls_hello h;
    cr_expect_eq(tls_parse_hello(guarded(r.b, r.n), r.n - 1, &h), -TLS_ALERT_DECODE);
    cr_expect_eq(tls_parse_hello(guarded(r.b, r.n), r.n, &h), (int)r.n);
}

Test(tls_hello, it_may_not_be_cut_into_too_many_records)
{
    struct variant v = RIGHT;
    struct message m = hello(&v);
    struct tls_hello h;
    uint8_t cut[520 * 6];
    size_t n = 0;
    m.b[3] = 0;
    m.b[2] = 4; /* 1024 bytes are to come, 768 of them suites */
    for (size_t i = 0; i < 520; i++, n += 6)
        memcpy(cut + n, (uint8_t[]){22, 3, 1, 0, 1, i < 71 ? m.b[i] : i == 71 ? 3 : 0}, 6);
    cr_expect_eq(tls_parse_hello(guarded(cut, 512 * 6), LIMIT, &h), TLS_PARTIAL);
    cr_expect_eq(tls_parse_hello(guarded(cut, 513 * 6), LIMIT, &h), -TLS_ALERT_DECODE);
    cr_expect(tls_hello_due(guarded(cut, 513 * 6), LIMIT));
}

/* Or single bytes would cost their square: a hello of one-byte records took a core 50 us a byte. */
Test(tls_hello, pieces_are_parsed_when_there_is_something_to_say)
{
    struct variant v = RIGHT;
    struct message m = hello(&v);
    for (size_t each = 1; each <= 200; each++) {
        struct message r = records(&m, each);
        unsigned early = 0;
        for (size_t n = 0; n < r.n; n++)
            early += tls_hello_due(guarded(r.b, n), LIMIT);
        cr_expect_leq(early, 4 * 6, "records of %zu: %u times before it is whole", each, early);
        cr_expect(tls_hello_due(guarded(r.b, r.n), LIMIT), "records of %zu", each);
        cr_expect(tls_hello_due(guarded(r.b, r.n - 1), r.n - 1), "as long as it may be");
    }
    cr_expect(tls_hello_due(guarded("\x16\x03\x01\0\x05\x02\0\0\x05", 9), LIMIT), "no ClientHello");
    cr_expect(tls_hello_due(guarded("\x16\x03\x01\0\x05\x01\xff\xff\xff", 9), LIMIT), "too long");
    cr_expect(tls_hello_due(guarded("\x16\x03\x01\0\0", 5), LIMIT), "an empty record");
}

/* ---- the protocols that are offered ---- */

static int parse_alpn(const void *bytes, size_t n, struct tls_hello *h)
{
    struct variant v = RIGHT;
    v.alpn = bytes;
    v.alpn_n = n;
    return parse_variant(v, h);
}

static void expect_alpn(const struct tls_hello *h, const char *list, size_t n)
{
    cr_expect_eq(h->alpn_len, n);
    cr_expect_arr_eq(h->alpn, list, n);
}

Test(tls_hello, what_is_offered)
{
    struct tls_hello h;
    struct variant v = RIGHT;
    cr_expect_gt(parse_variant(v, &h), 0);
    expect_alpn(&h, "\x02h2", 3);
    cr_expect_gt(parse_alpn("\0\x10\0\x0e\0\x0c\x02h2\x08http/1.1", 18, &h), 0);
    expect_alpn(&h, "\x02h2\x08http/1.1", 12);
    expect_name(&h, "shop.example");
    cr_expect_gt(parse_alpn("\0\x11\0\0", 4, &h), 0, "another extension");
    cr_expect_eq(h.alpn_len, 0);
}

/* As many whole ones as fit; the rest is read over. */
Test(tls_hello, much_is_offered)
{
    struct tls_hello h;
    struct message m = {0};
    put(&m, "\0\x10\x01\x2a\x01\x28", 6); /* 200 + 90 + 3 */
    put_number(&m, 199, 1);
    m.n += 199;
    put_number(&m, 89, 1);
    m.n += 89;
    put(&m, "\x05h2abc", 6);
    m.b[2] = 1, m.b[3] = 0x2a;
    m.b[4] = 1, m.b[5] = 0x28;
    cr_expect_gt(parse_alpn(m.b, m.n, &h), 0);
    cr_expect_eq(h.alpn_len, 206);
    cr_expect_arr_eq(h.alpn + 200, "\x05h2abc", 6);
}

Test(tls_hello, malformed_offers_are_refused)
{
    static const struct {
        const char *b;
        size_t n;
        int alert;
    } rows[] = {
        {"\0\x10\0\0", 4, TLS_ALERT_DECODE},               /* no list */
        {"\0\x10\0\x02\0\0", 6, TLS_ALERT_DECODE},         /* an empty one */
        {"\0\x10\0\x03\0\x01\0", 7, TLS_ALERT_DECODE},     /* an empty name */
        {"\0\x10\0\x05\0\x04\x02h2", 9, TLS_ALERT_DECODE}, /* the list is too long */
        {"\0\x10\0\x05\0\x02\x02h2", 9, TLS_ALERT_DECODE}, /* or too short */
        {"\0\x10\0\x05\0\x03\x03h2", 9, TLS_ALERT_DECODE}, /* the name is longer than the list */
        {"\0\x10\0\x05\0\x03\x02h2\0\x10\0\x05\0\x03\x02h2", 18, TLS_ALERT_ILLEGAL}, /* twice */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tls_hello h;
        cr_expect_eq(parse_alpn(rows[i].b, rows[i].n, &h), -rows[i].alert, "row %zu", i);
    }
}
