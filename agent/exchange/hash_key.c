/* The hash key of a request: what its client, or the configuration, wants to stay with one endpoint. Hashed
 * without a secret (lb.h says why); a request without the key gets any endpoint, another each time. The
 * worker's thread. */
#include "agent/exchange/internal.h"

bool hash_key_find(const struct exchange *x, const struct cfg_hash_key *k, const struct http_head *h,
                   struct span *value)
{
    if (k->on == CFG_HASH_SOURCE) {
        *value = span_of(x->client.addr.b, sizeof x->client.addr.b);
        return true;
    }
    if (!h)
        return false; /* a stream has no head */
    switch (k->on) {
    case CFG_HASH_HEADER:
        return http_find_field(h, span_str(k->name), 0, value);
    case CFG_HASH_COOKIE:
        return http_find_cookie(h, span_str(k->name), value);
    case CFG_HASH_QUERY:
        return http_find_query(h, span_str(k->name), value);
    default: /* CFG_HASH_PATH */
        *value = h->path;
        return true;
    }
}

uint64_t hash_of_key(struct exchanges *w, const struct exchange *x, const struct cfg_hash_key *key,
                     const struct http_head *h)
{
    struct span value;
    if (hash_key_find(x, key, h, &value))
        return lb_hash(value);
    w->keyless++;
    return lb_hash(span_of(&w->keyless, sizeof w->keyless));
}

uint64_t hash_key_of(struct exchanges *w, const struct exchange *x, const struct http_head *h)
{
    const struct cluster_state *cs = cluster_of(x);
    return cs->hashes ? hash_of_key(w, x, &cs->cfg->hash_key, h) : 0;
}
