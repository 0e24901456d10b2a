/* The set of remotes; see remote.h. */
#include "agent/splice/remote.h"

#include <stdlib.h>

#include "agent/base/bytes.h"
#include "agent/base/mutant.h"

static struct splice_remote **bucket_of(struct splice *s, const struct ip_port *at)
{
    uint8_t k[18];
    memcpy(k, at->addr.b, 16);
    put_be16(k + 16, at->port);
    return &s->remotes.bucket[siphash(&s->limit_key, k, sizeof k) % REMOTE_BUCKETS];
}

static void push(struct splice *s, struct splice_remote *r, struct splice_remote **at)
{
    r->pprev = at;
    r->next = *at;
    *at = r;
    *(r->next ? &r->next->pprev : &s->remotes.last) = &r->next;
}

static void unlink(struct splice *s, struct splice_remote *r)
{
    *r->pprev = r->next;
    *(r->next ? &r->next->pprev : &s->remotes.last) = r->pprev;
}

void remotes_init(struct splice *s)
{
    s->remotes.last = &s->remotes.first;
}

struct splice_remote *splice_remote_get(struct splice *s, const struct ip_port *at)
{
    struct splice_remote **bucket = bucket_of(s, at), *r;
    for (r = *bucket; r; r = r->same_hash)
        if (r->at.port == at->port && ip_eq(&r->at.addr, &at->addr)) {
            r->refs++;
            return r;
        }
    r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    for (unsigned i = 0; i < PROFILES; i++)
        for (unsigned k = 0; k < RTT_CLASSES; k++)
            r->idle[i][k] = LIST_EMPTY;
    r->own = LIST_EMPTY;
    r->at = *at;
    r->ports = s->mine ? ports_create_where(s->port_lo, s->port_hi, s->most_ports)
                       : ports_create(s->port_lo, s->port_hi, s->worker, s->nworkers);
    if (!r->ports) {
        free(r);
        return NULL;
    }
    r->refs = 1;
    r->same_hash = *bucket;
    *bucket = r;
    push(s, r, s->remotes.last);
    return r;
}

static void free_unused(struct splice *s, struct splice_remote *r)
{
    if (r->refs || r->conns)
        return;
    struct splice_remote **at = bucket_of(s, &r->at);
    while (*at != r)
        at = &(*at)->same_hash;
    *at = r->same_hash;
    unlink(s, r);
    ports_destroy(r->ports);
    free(r);
}

void splice_remote_put(struct splice *s, struct splice_remote *r)
{
    if (--r->refs)
        return;
    if (!mutant(reload_pool_kept))
        splice_remote_close_idle(s, r);
    free_unused(s, r);
}

/* A port on the way to an endpoint, and whose it is. */
struct candidate {
    const struct splice *s;
    struct flow_key *k;
};

static bool lands_here(const void *ctx, uint16_t port)
{
    const struct candidate *c = ctx;
    c->k->local_port = port;
    return c->s->mine(c->s->mine_ctx, c->k);
}

bool remote_port_take(const struct splice *s, struct splice_remote *r, struct flow_key *k, uint32_t *last_seq,
                      bool *used)
{
    struct candidate c = {s, k};
    struct ports_owner owner = {lands_here, &c};
    return s->mine ? ports_take_where(r->ports, &owner, &k->local_port, last_seq, used)
                   : ports_take(r->ports, &k->local_port, last_seq, used);
}

void remote_port_back(struct splice *s, struct splice_remote *r, uint16_t port, uint32_t last_seq)
{
    ports_give(r->ports, port, last_seq);
    r->conns--;
    free_unused(s, r);
}

void remote_left(struct splice *s, struct conn *e)
{
    if (!offload_holds_port(s, e))
        remote_port_back(s, conn_to(e), conn_key(s, e).local_port, pos_seq(conn_out_max(e)));
}

void remote_idle(struct splice *s, struct splice_remote *r, int by)
{
    bool had = r->idle_count;
    r->idle_count += (uint32_t)by;
    if (had == (bool)r->idle_count)
        return;
    unlink(s, r);
    push(s, r, had ? s->remotes.last : &s->remotes.first);
}

void remotes_free(struct splice *s)
{
    for (struct splice_remote *r = s->remotes.first, *next; r; r = next) {
        next = r->next;
        ports_destroy(r->ports);
        free(r);
    }
}

size_t remotes_memory(const struct splice *s)
{
    size_t sum = 0;
    for (const struct splice_remote *r = s->remotes.first; r; r = r->next)
        sum += sizeof *r + ports_memory(r->ports) + MEMORY_PAGE;
    return sum;
}

uint32_t splice_ports_taken(const struct splice *s)
{
    uint32_t n = 0;
    for (const struct splice_remote *r = s->remotes.first; r; r = r->next)
        n += ports_taken(r->ports);
    return n;
}
