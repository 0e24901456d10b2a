/* Who a client is: the other end of its connection, or whom a proxy in front of us names in a PROXY header.
 *
 * In: a listener with proxy_protocol expects a header, as the first bytes of each connection, from the
 * networks that it lists, and from nobody else: elsewhere those bytes are a request like any other. It has to
 * be whole, and right, within head_timeout of the handshake, or the connection is reset: nothing else could
 * be done in a name that is not known. Its bytes are acknowledged and passed over once they were judged, so
 * they reach nobody, and a repetition with other bytes is of no account (S1). From then on the client's name
 * is the one given: for routes, hashes, edits, the log. What TCP itself goes by stays the real address: the
 * limits of connections and bytes, allow and deny lists.
 *
 * Out: a cluster with proxy_protocol gets a header before the first byte of each connection to it, as bytes
 * of our own. They stand before out_msg: they are not part of a request, and don't move with it to another
 * endpoint, which gets one of its own. Such a connection bears its client's name and serves no other client.
 *
 * Names are kept by conn slot, beside the conns: few have one. The worker's thread. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"
#include "agent/proxy/header.h"

static bool trusted(const struct cfg_proxy_in *p, const struct ip_addr *a)
{
    for (uint32_t i = 0; i < p->nfrom; i++)
        if (ip_prefix_eq(&p->from[i].addr, a, p->from[i].bits + (ip_is_v4(&p->from[i].addr) ? 96u : 0u)))
            return true;
    return p->nfrom && mutant(proxy_untrusted);
}

void identity_accepted(struct exchanges *w, struct conn *c)
{
    c->user_awaits = trusted(&listener_of(w, c)->proxy, splice_remote_addr(w->s, c));
}

/* What is accepted, by enum cfg_proxy. */
static const enum proxy_version version[] = {
    [CFG_PROXY_V1] = PROXY_V1, [CFG_PROXY_V2] = PROXY_V2, [CFG_PROXY_ANY] = PROXY_ANY};

void identity_judge(struct exchanges *w, struct conn *c, struct span bytes)
{
    struct proxy_header h;
    int n = proxy_parse(bytes, version[listener_of(w, c)->proxy.accept], &h);
    if (n == PROXY_PARTIAL)
        return;
    if (n < 0) {
        splice_reset(w->s, c, R_CLOSE_PROXY_HEADER);
        return;
    }
    c->user_awaits = false;
    c->user_named = h.known;
    if (h.known)
        w->identity[splice_index(w->s, c)] = (struct identity){h.source, h.to};
    splice_skip(w->s, c, (uint64_t)n);
    client_accepted(w, c);
}

struct ip_port identity_in(const struct exchanges *w, const struct conn *c, const struct flow_key *k)
{
    return c->user_named ? w->identity[splice_index(w->s, c)].source
                         : (struct ip_port){k->remote, k->remote_port};
}

struct ip_port identity_of(const struct exchanges *w, const struct conn *c)
{
    struct flow_key k = splice_key(w->s, c);
    return identity_in(w, c, &k);
}

static struct ip_port asked_at(const struct exchanges *w, const struct conn *c)
{
    struct flow_key k = splice_key(w->s, c);
    return c->user_named ? w->identity[splice_index(w->s, c)].to : (struct ip_port){k.local, k.local_port};
}

bool identity_announce(struct exchanges *w, const struct conn *c, struct conn *e, enum cfg_proxy how)
{
    struct ip_port from = identity_of(w, c), to = asked_at(w, c);
    uint32_t cap;
    uint8_t *buf = splice_buf(w->s, e, PROXY_V1_MAX, &cap);
    if (!buf)
        return false;
    uint32_t n = proxy_write(version[how], &from, &to, buf);
    return splice_map_kept(w->s, NULL, e, 0, buf, cap, n, EXT_OWNED, false) == 0;
}

uint32_t identity_of_check(enum cfg_proxy how, uint8_t *out)
{
    return how ? proxy_write_local(version[how], out) : 0;
}
