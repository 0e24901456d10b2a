/* Affinity by cookie: a client's requests stay with one endpoint of a cluster, whatever lb_policy would say,
 * and no state is kept for it. The cookie's value is the endpoint's id, a keyed hash of cluster and address:
 * who does not have the key can neither tell endpoints apart by it nor name one that he was not given, and
 * every worker, and every lacon with the same key, knows the same ids.
 *
 * A client whose cookie names no endpoint, or one that is not usable, is picked for anew, and told so: the
 * response that comes from another endpoint than the request's cookie names sets a new one.
 *
 * Made when a generation is bound, immutable from then on. The worker's thread. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/exchange/internal.h"
#include "agent/http/writer.h"

#define ID_DIGITS 16u

struct named {
    uint64_t id;
    uint32_t endpoint;
};

struct affinity {
    const struct cfg_cookie *cookie;
    uint64_t *id;        /* of each endpoint */
    struct named *named; /* sorted by id */
    uint32_t n;
};

/* A key of SipHash's from a text: long enough a text that cannot be guessed gives a key that cannot. */
static struct sip_key key_of(const char *text)
{
    static const struct sip_key known = {UINT64_C(0x6c61636f6e), 0};
    uint64_t secret[4];
    for (unsigned i = 0; i < 4; i++) {
        struct sip_key k = {known.k0, i};
        secret[i] = siphash(&k, text, strlen(text));
    }
    return sip_key_for((const uint8_t *)secret, "affinity cookies");
}

static uint64_t id_of(const struct sip_key *key, const struct cfg_cluster *cl, const struct ip_port *at)
{
    uint8_t text[18 + 64];
    size_t n = strlen(cl->name); /* at most 63 */
    memcpy(text, at->addr.b, 16);
    text[16] = (uint8_t)(at->port >> 8);
    text[17] = (uint8_t)at->port;
    memcpy(text + 18, cl->name, n);
    return siphash(key, text, 18 + n);
}

static int by_id(const void *pa, const void *pb)
{
    const struct named *a = pa, *b = pb;
    return (a->id > b->id) - (a->id < b->id);
}

struct affinity *affinity_create(const struct cfg_cluster *cl, const struct sip_key *drawn)
{
    const struct cfg_cookie *cookie = &cl->affinity.cookie;
    struct sip_key key = cookie->key ? key_of(cookie->key) : *drawn;
    uint32_t room = cl->nendpoint ? cl->nendpoint : 1; /* none: its names are not resolved yet */
    struct affinity *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    *a = (struct affinity){.cookie = cookie,
                           .n = cl->nendpoint,
                           .id = calloc(room, sizeof *a->id),
                           .named = calloc(room, sizeof *a->named)};
    if (!a->id || !a->named) {
        affinity_destroy(a);
        return NULL;
    }
    for (uint32_t i = 0; i < a->n; i++) {
        a->id[i] = id_of(&key, cl, &cl->endpoint[i].at);
        a->named[i] = (struct named){a->id[i], i};
    }
    qsort(a->named, a->n, sizeof *a->named, by_id);
    return a;
}

void affinity_destroy(struct affinity *a)
{
    if (!a)
        return;
    free(a->id);
    free(a->named);
    free(a);
}

struct span affinity_cookie(const struct affinity *a)
{
    return a ? span_str(a->cookie->name) : span_of(NULL, 0);
}

/* Lower-case digits alone: an id has one spelling. */
static bool read_id(struct span s, uint64_t *id)
{
    *id = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
        *id = *id << 4 | (c <= '9' ? c - (unsigned)'0' : c - (unsigned)'a' + 10u);
    }
    return s.n == ID_DIGITS;
}

uint32_t affinity_find(const struct affinity *a, const struct http_head *h)
{
    struct named wanted = {.endpoint = LB_NONE};
    struct span value;
    if (!a || !h || !http_find_cookie(h, affinity_cookie(a), &value) || !read_id(value, &wanted.id))
        return LB_NONE;
    const struct named *found = bsearch(&wanted, a->named, a->n, sizeof wanted, by_id);
    return found ? found->endpoint : LB_NONE;
}

static void put_attribute(struct writer *w, const char *name, const char *value)
{
    put_str(w, name);
    put_str(w, value);
}

void affinity_put(const struct affinity *a, uint32_t endpoint, struct writer *w)
{
    static const char *const same_site[] = {[CFG_SAME_SITE_UNSAID] = NULL,
                                            [CFG_SAME_SITE_LAX] = "Lax",
                                            [CFG_SAME_SITE_STRICT] = "Strict",
                                            [CFG_SAME_SITE_NONE] = "None"};
    const struct cfg_cookie *c = a->cookie;
    char text[32];
    put_attribute(w, "Set-Cookie: ", c->name);
    snprintf(text, sizeof text, "=%016llx", (unsigned long long)a->id[endpoint]);
    put_str(w, text);
    put_attribute(w, "; Path=", c->path);
    if (c->domain)
        put_attribute(w, "; Domain=", c->domain);
    if (c->max_age_ns) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)((c->max_age_ns + SEC_NS - 1) / SEC_NS));
        put_attribute(w, "; Max-Age=", text);
    }
    if (c->secure)
        put_str(w, "; Secure");
    if (c->http_only)
        put_str(w, "; HttpOnly");
    if (same_site[c->same_site])
        put_attribute(w, "; SameSite=", same_site[c->same_site]);
    put_str(w, "\r\n");
}
