/* See roster.h. A hash table of chains, under one lock; words beside it. */
#include "agent/exchange/roster.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/timer.h"
#include "lb-policy/lb.h"

#define CHAINS 4096u

struct roster {
    pthread_mutex_t lock;
    unsigned nworkers;
    size_t bytes; /* under lock */
    uint64_t version;
    uint64_t ejecting;                  /* 1: a worker is at it */
    struct roster_entry *chain[CHAINS]; /* under lock */
};

const char *finding_text(enum finding f)
{
    static const char *const text[] = {
#define X(id, text) text,
        FINDINGS(X)
#undef X
    };
    return f < FINDING_MAX ? text[f] : "";
}

struct roster *roster_create(unsigned nworkers)
{
    struct roster *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    pthread_mutex_init(&r->lock, NULL);
    r->nworkers = nworkers;
    r->bytes = sizeof *r;
    return r;
}

static void entry_free(struct roster_entry *e)
{
    if (e)
        free(e->cluster);
    free(e);
}

void roster_destroy(struct roster *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < CHAINS; i++)
        while (r->chain[i]) {
            struct roster_entry *e = r->chain[i];
            r->chain[i] = e->next;
            entry_free(e);
        }
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static size_t entry_bytes(const struct roster *r)
{
    return sizeof(struct roster_entry) + r->nworkers * sizeof(struct roster_use);
}

static struct roster_entry **chain_of(struct roster *r, const char *cluster, const struct ip_port *at)
{
    uint64_t h = lb_hash(span_str(cluster)) + lb_hash(span_of(at->addr.b, sizeof at->addr.b)) * 31 + at->port;
    return &r->chain[(h ^ h >> 32) % CHAINS];
}

static struct roster_entry *entry_new(struct roster *r, const char *cluster, const struct ip_port *at)
{
    struct roster_entry *e = aligned_alloc(_Alignof(struct roster_entry), entry_bytes(r));
    if (!e)
        return NULL;
    memset(e, 0, entry_bytes(r));
    e->cluster = strdup(cluster);
    e->at = *at;
    if (e->cluster)
        return e;
    free(e);
    return NULL;
}

struct roster_entry *roster_find(struct roster *r, const char *cluster, const struct ip_port *at)
{
    struct roster_entry *e = *chain_of(r, cluster, at);
    while (e &&
           !(e->at.port == at->port && ip_eq(&e->at.addr, &at->addr) && strcmp(e->cluster, cluster) == 0))
        e = e->next;
    return e;
}

struct roster_entry *roster_get(struct roster *r, const char *cluster, const struct ip_port *at)
{
    roster_lock(r);
    struct roster_entry *e = roster_find(r, cluster, at);
    if (!e && (e = entry_new(r, cluster, at))) {
        struct roster_entry **chain = chain_of(r, cluster, at);
        e->next = *chain;
        *chain = e;
        r->bytes += entry_bytes(r) + strlen(cluster) + 1;
    }
    if (e)
        e->refs++;
    roster_unlock(r);
    return e;
}

void roster_put(struct roster *r, struct roster_entry *e)
{
    roster_lock(r);
    if (--e->refs == 0) {
        struct roster_entry **at = chain_of(r, e->cluster, &e->at);
        while (*at != e)
            at = &(*at)->next;
        *at = e->next;
        r->bytes -= entry_bytes(r) + strlen(e->cluster) + 1;
        entry_free(e);
    }
    roster_unlock(r);
}

void roster_lock(struct roster *r)
{
    pthread_mutex_lock(&r->lock);
}

void roster_unlock(struct roster *r)
{
    pthread_mutex_unlock(&r->lock);
}

size_t roster_memory(struct roster *r)
{
    roster_lock(r);
    size_t bytes = r->bytes;
    roster_unlock(r);
    return bytes;
}

/* ---- states ---- */

static void set(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED); /* partner: roster_word(), behind `version` */
}

static void changed(struct roster *r)
{
    __atomic_add_fetch(&r->version, 1, __ATOMIC_RELEASE); /* partner: roster_version() */
}

uint64_t roster_version(const struct roster *r)
{
    return __atomic_load_n(&r->version, __ATOMIC_ACQUIRE);
}

/* health | why << 8 | status << 16 */
struct roster_check roster_check_of(const struct roster_entry *e)
{
    uint64_t w = roster_word(&e->check);
    return (struct roster_check){(enum roster_health)(w & 0xff), (enum finding)(w >> 8 & 0xff),
                                 (uint16_t)(w >> 16)};
}

void roster_set_check(struct roster *r, struct roster_entry *e, struct roster_check c, uint64_t now_ns)
{
    bool same = roster_check_of(e).health == c.health;
    set(&e->check, (uint64_t)c.health | (uint64_t)c.why << 8 | (uint64_t)c.status << 16);
    if (same)
        return;
    set(&e->check_since_ns, now_ns);
    changed(r);
}

void roster_set_drained(struct roster *r, struct roster_entry *e, bool drained, uint64_t now_ns)
{
    if (roster_word(&e->drained) == drained)
        return;
    set(&e->drained, drained);
    set(&e->drained_since_ns, now_ns);
    changed(r);
}

void roster_set_weight(struct roster_entry *e, uint32_t weight)
{
    set(&e->weight, weight == ROSTER_NO_WEIGHT ? 0 : (uint64_t)weight + 1);
}

uint32_t roster_weight(const struct roster_entry *e, uint32_t of_file)
{
    uint64_t w = roster_word(&e->weight);
    return w ? (uint32_t)(w - 1) : of_file;
}

/* ---- ejection ---- */

bool roster_begin_ejecting(struct roster *r)
{
    uint64_t idle = 0;
    return __atomic_compare_exchange_n(&r->ejecting, &idle, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void roster_end_ejecting(struct roster *r)
{
    __atomic_store_n(&r->ejecting, 0, __ATOMIC_RELEASE); /* partner: roster_begin_ejecting() */
}

uint64_t roster_ejected_until(const struct roster_entry *e)
{
    return (roster_word(&e->ejected) >> 16) * MS_NS;
}

unsigned roster_ejections(const struct roster_entry *e)
{
    return roster_word(&e->ejected) & 0xffff;
}

bool roster_eject(struct roster *r, struct roster_entry *e, enum finding why, uint64_t base_ns,
                  uint64_t max_ns, uint64_t now_ns)
{
    uint64_t until = roster_ejected_until(e), times = roster_ejections(e);
    if (until > now_ns)
        return false;
    uint64_t good = (now_ns - until) / base_ns; /* base times that it has been back */
    times = times > good ? times - good : 0;
    times += times < 0xffff;
    uint64_t most = max_ns > base_ns ? max_ns : base_ns;
    uint64_t ns = times > most / base_ns ? most : times * base_ns;
    set(&e->ejected_since_ns, now_ns);
    set(&e->ejected_why, why);
    set(&e->ejected, (now_ns + ns + MS_NS - 1) / MS_NS << 16 | times);
    changed(r);
    return true;
}

struct roster_use roster_use_of(const struct roster *r, const struct roster_entry *e)
{
    struct roster_use sum = {0};
    for (unsigned i = 0; i < r->nworkers; i++) {
        sum.requests += roster_word(&e->use[i].requests);
        sum.failures += roster_word(&e->use[i].failures);
        sum.active += roster_word(&e->use[i].active);
    }
    return sum;
}
