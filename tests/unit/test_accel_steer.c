/* Steering: the hash against Microsoft's published RSS verification suite and against rte_thash's, whose
 * ports are whose for random keys and tables, and what a device must be like. */
#include <criterion/criterion.h>
#include <rte_thash.h>
#include <string.h>

#include "accel/steer.h"
#include "tests/unit/rnd.h"

#define LO 10000u
#define HI 60999u

/* learn.microsoft.com, "Verifying the RSS hash calculation" */
static const uint8_t known_key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
                                      0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
                                      0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
                                      0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

static struct steer_device device(uint32_t table_len, uint32_t queues)
{
    struct steer_device d = {.v4 = true, .v6 = true, .key_len = 40, .table_len = table_len, .queues = queues};
    memcpy(d.key, known_key, sizeof known_key);
    for (uint32_t i = 0; i < table_len; i++)
        d.table[i] = (uint16_t)(i % queues);
    return d;
}

static struct steer *made(const struct steer_device *d, unsigned workers)
{
    char why[STEER_WHY];
    struct steer *s = steer_create(d, workers, LO, HI, why);
    cr_assert_not_null(s, "%s", why);
    return s;
}

static struct ip_addr addr(const char *text)
{
    struct ip_addr a;
    cr_assert(ip_parse(text, strlen(text), &a));
    return a;
}

Test(accel_steer, hash_is_that_of_the_verification_suite)
{
    static const struct {
        const char *to, *from;
        uint16_t to_port, from_port;
        uint32_t hash;
    } row[] = {
        {"161.142.100.80", "66.9.149.187", 1766, 2794, 0x51ccc178},
        {"65.69.140.83", "199.92.111.2", 4739, 14230, 0xc626b0ea},
        {"12.22.207.184", "24.19.198.95", 38024, 12898, 0x5c2b394a},
        {"209.142.163.6", "38.27.205.30", 2217, 48228, 0xafc7327f},
        {"202.188.127.2", "153.39.163.191", 1303, 44251, 0x10e828a2},
        {"3ffe:2501:200:3::1", "3ffe:2501:200:1fff::7", 1766, 2794, 0x40207d3d},
        {"ff02::1", "3ffe:501:8::260:97ff:fe40:efab", 4739, 14230, 0xdde51bbf},
        {"fe80::200:f8ff:fe21:67cf", "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 38024, 44251, 0x02d1feef},
    };
    struct steer_device d = device(128, 4);
    struct steer *s = made(&d, 4);
    for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
        struct flow_key k = {.remote = addr(row[i].from),
                             .local = addr(row[i].to),
                             .remote_port = row[i].from_port,
                             .local_port = row[i].to_port};
        cr_expect_eq(steer_hash(s, &k), row[i].hash, "%s: %08x", row[i].to, steer_hash(s, &k));
        cr_expect_eq(steer_queue(s, row[i].hash), row[i].hash % 128 % 4);
        cr_expect_eq(steer_owner(s, &k), row[i].hash % 128 % 4);
    }
    steer_destroy(s);
}

static struct flow_key random_flow(uint64_t *seed, bool v4)
{
    struct flow_key k = {.remote_port = (uint16_t)rnd(seed), .local_port = (uint16_t)(rnd(seed) >> 40)};
    rnd_fill(seed, k.remote.b, 16);
    rnd_fill(seed, k.local.b, 16);
    if (v4) {
        k.remote = ip_from_v4(k.remote.b);
        k.local = ip_from_v4(k.local.b);
    }
    return k;
}

/* rte_thash's own tuples: words in host byte order. */
static uint32_t softrss(const struct flow_key *k, const uint8_t *key)
{
    uint32_t word[9], n = 0;
    bool v4 = ip_is_v4(&k->remote);
    for (unsigned a = 0; a < 2; a++) {
        const uint8_t *b = (a ? &k->local : &k->remote)->b;
        for (unsigned i = v4 ? 12 : 0; i < 16; i += 4)
            word[n++] = (uint32_t)b[i] << 24 | (uint32_t)b[i + 1] << 16 | (uint32_t)b[i + 2] << 8 | b[i + 3];
    }
    word[n++] = (uint32_t)k->remote_port << 16 | k->local_port;
    return rte_softrss(word, n, key);
}

Test(accel_steer, hash_is_that_of_rte_thash_for_any_key)
{
    uint64_t seed = 1;
    for (unsigned round = 0; round < 50; round++) {
        struct steer_device d = device(512, 8);
        d.key_len = round & 1 ? 52 : 40;
        rnd_fill(&seed, d.key, d.key_len);
        char why[STEER_WHY];
        struct steer *s = steer_create(&d, 8, LO, HI, why);
        for (unsigned i = 0; s && i < 200; i++) {
            struct flow_key k = random_flow(&seed, i & 1);
            uint32_t want = softrss(&k, d.key);
            cr_assert_eq(steer_hash(s, &k), want, "round %u", round);
            cr_assert_eq(steer_queue(s, want), d.table[want % 512]);
        }
        steer_destroy(s);
    }
}

/* Every port has one owner, the worker that the device sends its answers to, and nobody's share is small. */
static void check_shares(const struct steer_device *d, unsigned workers, bool v4, uint64_t *seed)
{
    struct steer *s = made(d, workers);
    struct flow_key k = random_flow(seed, v4);
    uint32_t share[16] = {0};
    cr_assert(steer_does(s, v4));
    for (k.local_port = LO; k.local_port <= HI; k.local_port++) {
        unsigned owner = steer_owner(s, &k);
        cr_assert_eq(owner, d->table[softrss(&k, d->key) % d->table_len] % workers);
        share[owner]++;
    }
    for (unsigned w = 0; w < workers; w++) {
        cr_expect_geq(share[w], (HI - LO + 1) / workers / 2, "worker %u of %u: %u", w, workers, share[w]);
        cr_expect_leq(share[w], steer_most_ports(s));
    }
    steer_destroy(s);
}

Test(accel_steer, each_local_port_is_that_workers_whose_queue_its_answers_reach)
{
    static const uint32_t size[] = {64, 128, 512, 2048};
    uint64_t seed = 2;
    unsigned steered = 0;
    for (unsigned round = 0; round < 24; round++) {
        unsigned workers = 2 + round % 7;
        struct steer_device d = device(size[round % 4], workers * (1 + round % 2));
        char why[STEER_WHY];
        rnd_fill(&seed, d.key, d.key_len);
        /* The order of queues is the device's business. */
        for (uint32_t i = d.table_len - 1; i > 0; i--) {
            uint32_t k = (uint32_t)(rnd(&seed) >> 33) % (i + 1);
            uint16_t t = d.table[i];
            d.table[i] = d.table[k];
            d.table[k] = t;
        }
        struct steer *s = steer_create(&d, workers, LO, HI, why);
        if (!s || !steer_does(s, true) || !steer_does(s, false)) {
            steer_destroy(s);
            continue;
        }
        steer_destroy(s);
        steered++;
        check_shares(&d, workers, true, &seed);
        check_shares(&d, workers, false, &seed);
    }
    cr_expect_geq(steered, 20, "few keys are as bad as that: %u", steered);
}

/* Both directions of a flow hash alike; lacon needs nothing of that, nor may it be in the way. */
Test(accel_steer, a_symmetric_key_steers)
{
    uint64_t seed = 3;
    struct steer_device d = device(128, 4);
    for (unsigned i = 0; i < 40; i++)
        d.key[i] = i & 1 ? 0x5a : 0x6d;
    check_shares(&d, 4, true, &seed);
    check_shares(&d, 4, false, &seed);
}

Test(accel_steer, another_table_or_key_is_noticed)
{
    struct steer_device d = device(128, 4), other = d;
    struct steer *s = made(&d, 4);
    cr_expect(steer_same(s, &d));
    other.table[127] ^= 1;
    cr_expect(!steer_same(s, &other));
    other = d;
    other.key[39] ^= 1;
    cr_expect(!steer_same(s, &other));
    other = d;
    other.table_len = 64;
    cr_expect(!steer_same(s, &other));
    other = d;
    other.v6 = false;
    cr_expect(!steer_same(s, &other));
    steer_destroy(s);
}

/* ---- what a device must be like ---- */

static void no_change(struct steer_device *d)
{
    (void)d;
}

static void of_zeros(struct steer_device *d)
{
    memset(d->key, 0, sizeof d->key);
    d->key[0] = 1; /* some, but none where ports are hashed */
}

static void silent(struct steer_device *d)
{
    snprintf(d->why, sizeof d->why, "the key cannot be read: Operation not supported");
}

static void odd_table(struct steer_device *d)
{
    d->table_len = 100;
}

static void no_table(struct steer_device *d)
{
    d->table_len = 0;
}

static void far_queue(struct steer_device *d)
{
    d->table[77] = 4;
}

static void one_sided(struct steer_device *d)
{
    for (unsigned i = 0; i < d->table_len; i++)
        d->table[i] = (uint16_t)(i < 8);
}

static void addresses_alone(struct steer_device *d)
{
    d->v4 = d->v6 = false;
}

static void v4_alone(struct steer_device *d)
{
    d->v6 = false;
}

static void short_key(struct steer_device *d)
{
    d->key_len = 16;
}

static void shorter_key(struct steer_device *d)
{
    d->key_len = 12;
}

Test(accel_steer, what_cannot_be_steered_says_why)
{
    static const struct {
        void (*change)(struct steer_device *d);
        unsigned workers;
        bool v4, v6;
        const char *why;
    } row[] = {
        {no_change, 4, true, true, "IPv4: steered"},
        {no_change, 1, false, false, "one worker has all frames"},
        {no_change, 5, false, false, "4 receive queues for 5 workers"},
        {silent, 4, false, false, "the key cannot be read: Operation not supported"},
        {odd_table, 4, false, false, "an indirection table of 100 entries is not understood"},
        {no_table, 4, false, false, "an indirection table of 0 entries is not understood"},
        {far_queue, 4, false, false, "the indirection table names queue 4 of 4"},
        {one_sided, 2, false, false, "leave a worker"},
        {of_zeros, 4, false, false, "key and table leave a worker 0 local ports of 12750"},
        {addresses_alone, 4, false, false, "the device does not hash TCP ports"},
        {v4_alone, 4, true, false, "IPv6: not hashed by ports"},
        {short_key, 4, true, false, "IPv6: a key of 16 bytes is not understood"},
        {shorter_key, 4, false, false, "IPv4: a key of 12 bytes is not understood"},
    };
    for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
        struct steer_device d = device(128, 4);
        char why[STEER_WHY];
        row[i].change(&d);
        struct steer *s = steer_create(&d, row[i].workers, LO, HI, why);
        cr_expect_eq(s != NULL, row[i].v4 || row[i].v6, "row %u: %s", i, why);
        cr_expect(!s || (steer_does(s, true) == row[i].v4 && steer_does(s, false) == row[i].v6), "row %u", i);
        cr_expect_not_null(strstr(why, row[i].why), "row %u: %s", i, why);
        steer_destroy(s);
    }
    steer_destroy(NULL);
}
