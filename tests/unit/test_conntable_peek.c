/* conntable read by control threads while the worker churns it: what ct_peek returns is one occupant's.
 *
 * One writer gives slots to ever new keys, fills each object with words made from its key, and keeps bumping
 * a counter in it. The readers peek at all slots until they have seen enough; every copy must be of one key
 * throughout: each word is zero (fresh) or its key's, the counter no higher than it can be. A word of another
 * key's is a copy that was not validated. Ends on counts, not on time. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "conntable/conntable.h"

enum {
    CAP = 2,
    LIVE = 2, /* slots in use just before one is given back */
    READERS = 2,
    FILLED = 24, /* words after the counter */
    COPIES = 1000000,
    KEYS = 20000, /* how far the writer must get meanwhile */
    BUMPS = 5,
};

struct object {
    uint64_t bumps;
    uint64_t word[FILLED];
};

/* The part that lies apart. */
struct cold {
    uint32_t word[3];
};

struct bed {
    struct conntable *t;
    bool stop;              /* set when the readers are done; partner: the writer's loop */
    unsigned long failures; /* the writer's: inserts that found no room */
};

struct reader {
    pthread_t thread;
    const struct bed *bed;
    unsigned long copies, full, wrong; /* all; those all filled; those that mix occupants */
    uint64_t newest;                   /* key seen */
};

static struct flow_key key_of(uint64_t serial)
{
    struct flow_key k = {.remote_port = (uint16_t)(serial % 60000), .local_port = 443};
    for (unsigned i = 0; i < 8; i++)
        k.remote.b[i] = k.remote.b[15 - i] = k.local.b[i] = (uint8_t)(serial >> 8 * i);
    return k;
}

/* The serial number that key_of packed, or 0 when the key's parts are not of one serial number. */
static uint64_t serial_of(const struct flow_key *k)
{
    uint64_t serial = 0;
    for (unsigned i = 0; i < 8; i++)
        serial |= (uint64_t)k->remote.b[i] << 8 * i;
    struct flow_key whole = key_of(serial);
    return flow_key_eq(k, &whole) ? serial : 0;
}

static void judge(struct reader *r, const struct flow_key *k, const struct object *o, const struct cold *d)
{
    uint64_t serial = serial_of(k);
    unsigned own = 0, zero = 0;
    for (unsigned i = 0; i < FILLED; i++) {
        own += o->word[i] == serial;
        zero += o->word[i] == 0;
    }
    for (unsigned i = 0; i < 3; i++)
        r->wrong += d->word[i] != (uint32_t)serial && d->word[i] != 0;
    r->copies++;
    r->wrong += serial == 0 || own + zero != FILLED || o->bumps > BUMPS;
    r->full += own == FILLED;
    r->newest = serial > r->newest ? serial : r->newest;
}

static void *read_slots(void *arg)
{
    struct reader *r = arg;
    struct flow_key k;
    struct object o;
    struct cold d;
    for (uint32_t i = 0; r->copies < COPIES || r->newest < KEYS; i = (i + 1) % CAP)
        if (ct_peek(r->bed->t, i, &k, &o, sizeof o, &d))
            judge(r, &k, &o, &d);
    return NULL;
}

/* False when there is no room. */
static bool occupy(struct conntable *t, uint64_t serial)
{
    struct flow_key k = key_of(serial);
    uint32_t idx = ct_insert(t, &k);
    if (idx == CT_NONE)
        return false;
    volatile struct object *o = ct_obj(t, idx); /* volatile: written word by word, as a worker would */
    volatile struct cold *d = ct_cold(t, idx);
    for (unsigned i = 0; i < 3; i++)
        d->word[i] = (uint32_t)serial;
    for (unsigned i = 0; i < FILLED; i++)
        o->word[i] = serial;
    for (unsigned i = 0; i < BUMPS; i++)
        o->bumps++;
    return true;
}

/* Runs until told to stop, the oldest key making room for a new one each time. */
static void *churn(void *arg)
{
    struct bed *b = arg;
    for (uint64_t serial = 1; !__atomic_load_n(&b->stop, __ATOMIC_ACQUIRE); serial++) {
        b->failures += !occupy(b->t, serial);
        if (serial < LIVE)
            continue;
        struct flow_key oldest = key_of(serial - LIVE + 1);
        ct_remove(b->t, ct_lookup(b->t, &oldest));
    }
    return NULL;
}

Test(conntable_peek, copies_are_of_one_occupant)
{
    const struct sip_key sip = {1, 2};
    struct bed bed = {.t = ct_create(CAP, sizeof(struct object), sizeof(struct cold), &sip)};
    struct reader r[READERS] = {{0}};
    pthread_t writer;
    cr_assert_eq(pthread_create(&writer, NULL, churn, &bed), 0);
    for (unsigned i = 0; i < READERS; i++) {
        r[i].bed = &bed;
        cr_assert_eq(pthread_create(&r[i].thread, NULL, read_slots, &r[i]), 0);
    }
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(r[i].thread, NULL);
    __atomic_store_n(&bed.stop, true, __ATOMIC_RELEASE);
    pthread_join(writer, NULL);
    cr_assert_eq(bed.failures, 0);
    for (unsigned i = 0; i < READERS; i++) {
        cr_assert_eq(r[i].wrong, 0, "%lu of %lu copies mix occupants", r[i].wrong, r[i].copies);
        cr_assert_gt(r[i].full, 0);
    }
    ct_destroy(bed.t);
}
