/* See shared.h. */
#include "agent/exchange/shared.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lb-policy/lb.h"

#define CHAINS 1024u

/* Of one kind: rate or breaker. */
struct thing {
    struct thing *next;
    uint32_t keys, refs; /* keys: of a rate; 0: a breaker */
    struct lb_rate *rate;
    struct breaker *breaker;
    char name[];
};

struct shared {
    pthread_mutex_t lock;
    struct lb_in_use *in_use; /* NULL: nobody has asked for it */
    struct thing *chain[CHAINS];
};

struct shared *shared_create(void)
{
    struct shared *s = calloc(1, sizeof *s);
    if (s)
        pthread_mutex_init(&s->lock, NULL);
    return s;
}

static bool idle(const struct breaker *b)
{
    return tally_read(&b->requests) == 0 && tally_read(&b->retries) == 0 && tally_read(&b->conns) == 0 &&
           tally_read(&b->pending) == 0;
}

/* Frees what nobody holds, or everything, of one chain. */
static void sweep(struct thing **at, bool all)
{
    while (*at) {
        struct thing *t = *at;
        if (!all && (t->refs || (t->breaker && !idle(t->breaker)))) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        lb_rate_destroy(t->rate);
        free(t->breaker);
        free(t);
    }
}

void shared_destroy(struct shared *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < CHAINS; i++)
        sweep(&s->chain[i], true);
    lb_in_use_destroy(s->in_use);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void shared_sweep(struct shared *s)
{
    pthread_mutex_lock(&s->lock);
    for (unsigned i = 0; i < CHAINS; i++)
        sweep(&s->chain[i], false);
    pthread_mutex_unlock(&s->lock);
}

struct lb_in_use *shared_in_use(struct shared *s, uint64_t keys)
{
    pthread_mutex_lock(&s->lock);
    if (!s->in_use)
        s->in_use = lb_in_use_create(keys);
    struct lb_in_use *t = s->in_use;
    pthread_mutex_unlock(&s->lock);
    return t;
}

unsigned shared_busy(struct shared *s)
{
    unsigned n = 0;
    pthread_mutex_lock(&s->lock);
    n += s->in_use ? (unsigned)lb_in_use_busy(s->in_use) : 0;
    for (unsigned i = 0; i < CHAINS; i++)
        for (const struct thing *t = s->chain[i]; t; t = t->next)
            n += t->breaker && !idle(t->breaker);
    pthread_mutex_unlock(&s->lock);
    return n;
}

size_t shared_memory(struct shared *s)
{
    size_t sum = sizeof *s;
    pthread_mutex_lock(&s->lock);
    sum += s->in_use ? lb_in_use_memory(s->in_use) : 0;
    for (unsigned i = 0; i < CHAINS; i++)
        for (const struct thing *t = s->chain[i]; t; t = t->next)
            sum += sizeof *t + strlen(t->name) + 1 + (t->rate ? lb_rate_memory(t->rate) : sizeof *t->breaker);
    pthread_mutex_unlock(&s->lock);
    return sum;
}

static struct thing *make(struct thing **chain, const char *name, uint32_t keys)
{
    size_t n = strlen(name) + 1;
    struct thing *t = calloc(1, sizeof *t + n);
    if (!t)
        return NULL;
    if (keys)
        t->rate = lb_rate_create(keys);
    else
        t->breaker = aligned_alloc(64, sizeof *t->breaker);
    if (!t->rate && !t->breaker) {
        free(t);
        return NULL;
    }
    if (t->breaker)
        memset(t->breaker, 0, sizeof *t->breaker);
    t->keys = keys;
    memcpy(t->name, name, n);
    t->next = *chain;
    *chain = t;
    return t;
}

static struct thing **chain_of(struct shared *s, const char *name)
{
    return &s->chain[lb_hash(span_str(name)) % CHAINS];
}

static struct thing *get(struct shared *s, const char *name, uint32_t keys)
{
    struct thing **chain = chain_of(s, name), *t;
    pthread_mutex_lock(&s->lock);
    for (t = *chain; t && (t->keys != keys || strcmp(t->name, name) != 0);)
        t = t->next;
    if (!t)
        t = make(chain, name, keys);
    if (t)
        t->refs++;
    pthread_mutex_unlock(&s->lock);
    return t;
}

struct lb_rate *shared_rate_get(struct shared *s, const char *name, uint32_t keys)
{
    struct thing *t = get(s, name, keys);
    return t ? t->rate : NULL;
}

struct breaker *shared_breaker_get(struct shared *s, const char *name)
{
    struct thing *t = get(s, name, 0);
    return t ? t->breaker : NULL;
}

static void put(struct shared *s, const char *name, const struct lb_rate *r, const struct breaker *b)
{
    pthread_mutex_lock(&s->lock);
    struct thing *t = *chain_of(s, name);
    while (t && (t->rate != r || t->breaker != b))
        t = t->next;
    if (t)
        t->refs--;
    pthread_mutex_unlock(&s->lock);
}

void shared_rate_put(struct shared *s, const char *name, struct lb_rate *r)
{
    if (r)
        put(s, name, r, NULL);
}

void shared_breaker_put(struct shared *s, const char *name, struct breaker *b)
{
    if (b)
        put(s, name, NULL, b);
}
