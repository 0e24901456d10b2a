/* See shared.h. */
#include "agent/exchange/shared.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lb-policy/lb.h"

#define CHAINS 1024u

struct thing {
    struct thing *next;
    uint32_t keys, refs;
    struct lb_rate *rate;
    char name[];
};

struct shared {
    pthread_mutex_t lock;
    struct thing *chain[CHAINS];
};

struct shared *shared_create(void)
{
    struct shared *s = calloc(1, sizeof *s);
    if (s)
        pthread_mutex_init(&s->lock, NULL);
    return s;
}

/* Frees what nobody holds, or everything, of one chain. */
static void sweep(struct thing **at, bool all)
{
    while (*at) {
        struct thing *t = *at;
        if (t->refs && !all) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        lb_rate_destroy(t->rate);
        free(t);
    }
}

void shared_destroy(struct shared *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < CHAINS; i++)
        sweep(&s->chain[i], true);
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

size_t shared_memory(struct shared *s)
{
    size_t sum = sizeof *s;
    pthread_mutex_lock(&s->lock);
    for (unsigned i = 0; i < CHAINS; i++)
        for (const struct thing *t = s->chain[i]; t; t = t->next)
            sum += sizeof *t + strlen(t->name) + 1 + lb_rate_memory(t->rate);
    pthread_mutex_unlock(&s->lock);
    return sum;
}

static struct thing *make(struct thing **chain, const char *name, uint32_t keys)
{
    size_t n = strlen(name) + 1;
    struct thing *t = calloc(1, sizeof *t + n);
    if (!t)
        return NULL;
    t->rate = lb_rate_create(keys);
    if (!t->rate) {
        free(t);
        return NULL;
    }
    t->keys = keys;
    memcpy(t->name, name, n);
    t->next = *chain;
    *chain = t;
    return t;
}

struct lb_rate *shared_rate_get(struct shared *s, const char *name, uint32_t keys)
{
    struct thing **chain = &s->chain[lb_hash(span_str(name)) % CHAINS], *t;
    pthread_mutex_lock(&s->lock);
    for (t = *chain; t && (t->keys != keys || strcmp(t->name, name) != 0);)
        t = t->next;
    if (!t)
        t = make(chain, name, keys);
    if (t)
        t->refs++;
    pthread_mutex_unlock(&s->lock);
    return t ? t->rate : NULL;
}

void shared_rate_put(struct shared *s, struct lb_rate *r)
{
    struct thing *t = NULL;
    pthread_mutex_lock(&s->lock);
    for (unsigned i = 0; i < CHAINS && r && !t; i++)
        for (t = s->chain[i]; t && t->rate != r;)
            t = t->next;
    if (t)
        t->refs--;
    pthread_mutex_unlock(&s->lock);
}
