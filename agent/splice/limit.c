/* Limits on what strangers can make us send (RFC 5961 section 7): resets to flows that nobody knows, and
 * challenge acks. Both are counted per tick, not per packet received, so a flood costs a look-up and a drop.
 *
 * Resets: a budget for each side, so that a flood of stray segments at a listener leaves alone what tells an
 * endpoint that its conn is gone (S12); and of each budget a small part for any one group of source
 * addresses, so that a flood from some addresses leaves alone the strays of others. Groups are chosen by a
 * keyed hash. A flood whose sources are all forged takes the listeners' budget whole: then strays are just
 * dropped, and their senders give up by themselves.
 *
 * Challenge acks: beside each conn's own limit, one for all. Its size is drawn anew each tick by a keyed
 * hash: a limit that is known tells whoever can use it up whether somebody else's conn was challenged
 * (CVE-2016-5696). */
#include "agent/splice/internal.h"

#define RST_TICK_NS       (10 * MS_NS)
#define RST_PER_TICK      64u /* for each side */
#define RST_PER_GROUP     4u
#define CHALLENGE_TICK_NS (100 * MS_NS)
#define CHALLENGE_LEAST   64u /* per tick; twice as many at most */

static bool budget(struct rst_budget *b, uint64_t now, uint32_t group)
{
    uint64_t tick = now / RST_TICK_NS;
    if (tick != b->tick)
        *b = (struct rst_budget){.tick = tick};
    if (b->used == RST_PER_TICK || b->by_group[group] == RST_PER_GROUP)
        return false;
    b->used++;
    b->by_group[group]++;
    return true;
}

bool limit_rst(struct splice *s, const struct pkt *p)
{
    struct ip_addr from = client_prefix(&p->key.remote);
    uint32_t group = (uint32_t)siphash(&s->limit_key, &from, sizeof from) % RST_GROUPS;
    bool endpoint = p->key.local_port >= s->port_lo && p->key.local_port <= s->port_hi;
    return budget(&s->rst[endpoint ? SIDE_ENDPOINT : SIDE_CLIENT], s->now, group);
}

bool limit_challenge(struct splice *s)
{
    uint64_t tick = s->now / CHALLENGE_TICK_NS;
    if (tick != s->challenge_tick) {
        s->challenge_tick = tick;
        s->challenge_left =
            CHALLENGE_LEAST + (uint32_t)siphash(&s->limit_key, &tick, sizeof tick) % CHALLENGE_LEAST;
    }
    if (s->challenge_left == 0)
        return false;
    s->challenge_left--;
    return true;
}
