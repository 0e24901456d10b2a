/* Impairments are drawn when a packet enters the link; from then on only its arrival is pending. */
#include "tests/sim/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/pcapng.h"

struct packet {
    struct sim_timer timer;
    struct link *link;
    struct packet *next, **pprev;
    uint64_t trace_number;
    uint32_t len;
    uint8_t data[];
};

void link_init(struct link *l, struct sim *s, const struct link_cfg *cfg,
               void (*deliver)(void *arg, const uint8_t *p, uint32_t n), void *arg)
{
    *l = (struct link){.sim = s, .cfg = *cfg, .deliver = deliver, .arg = arg};
}

static void drop_packet(struct packet *p)
{
    *p->pprev = p->next;
    if (p->next)
        p->next->pprev = p->pprev;
    free(p);
}

void link_fini(struct link *l)
{
    while (l->flying) {
        sim_disarm(l->sim, &l->flying->timer);
        drop_packet(l->flying);
    }
}

void link_tell(const struct link *l, const char *fate)
{
    char text[120];
    if (!l->sim->trace)
        return;
    snprintf(text, sizeof text, "frame %llu was %s on the cable of %s",
             (unsigned long long)l->sim->trace_number, fate, l->name ? l->name : "somebody");
    pcapng_note(l->sim->trace, text);
}

static void arrive(void *arg)
{
    struct packet *p = arg;
    struct link *l = p->link;
    l->sim->trace_number = p->trace_number;
    l->deliver(l->arg, p->data, p->len);
    drop_packet(p);
}

static bool hit(struct link *l, uint16_t chance)
{
    return chance && rng_below(&l->sim->rng, 10000) < chance;
}

/* One bit, where an IP or transport checksum covers it (Ethernet's own CRC would catch the rest; ARP has
 * none; IPv6's first 8 bytes are not covered). */
static void corrupt(struct link *l, struct packet *p)
{
    uint32_t from = p->data[12] == 0x86 ? 22 : 14;
    if (p->len < 54 || (p->data[12] == 0x08 && p->data[13] == 0x06))
        return;
    const uint8_t *len = p->data + (p->data[12] == 0x86 ? 18 : 16);
    uint32_t end = (p->data[12] == 0x86 ? 54u : 14u) + (uint32_t)(len[0] << 8 | len[1]);
    if (end > p->len || end <= from)
        return;
    p->data[rng_range(&l->sim->rng, from, end - 1)] ^= (uint8_t)(1u << rng_below(&l->sim->rng, 8));
    l->sim->stats.corrupted++;
    link_tell(l, "corrupted");
}

static uint64_t arrival(struct link *l, uint32_t n)
{
    struct sim *s = l->sim;
    uint64_t start = l->busy_until > s->now ? l->busy_until : s->now;
    if (l->cfg.rate_bps)
        start += (uint64_t)n * 8 * SEC / l->cfg.rate_bps;
    l->busy_until = start;
    uint64_t at = start + l->cfg.delay_ns + rng_below(&s->rng, l->cfg.jitter_ns + 1);
    if (hit(l, l->cfg.reorder)) {
        s->stats.reordered++;
        link_tell(l, "held back");
        return at + rng_below(&s->rng, l->cfg.reorder_ns + 1);
    }
    if (at < l->last_at)
        at = l->last_at;
    l->last_at = at;
    return at;
}

static bool queue_full(const struct link *l)
{
    uint64_t limit = l->cfg.queue_bytes ? l->cfg.queue_bytes : 262144;
    return l->cfg.rate_bps && l->busy_until > l->sim->now &&
           (l->busy_until - l->sim->now) * (l->cfg.rate_bps / 1000) / 8 > limit * MS;
}

static void launch(struct link *l, const uint8_t *data, uint32_t n)
{
    struct packet *p = xrealloc(NULL, sizeof *p + n);
    memset(p, 0, sizeof *p);
    p->link = l;
    p->trace_number = l->sim->trace_number;
    p->len = n;
    memcpy(p->data, data, n);
    p->timer.fn = arrive;
    p->timer.arg = p;
    p->next = l->flying;
    p->pprev = &l->flying;
    if (p->next)
        p->next->pprev = &p->next;
    l->flying = p;
    if (hit(l, l->cfg.corrupt))
        corrupt(l, p);
    sim_arm(l->sim, &p->timer, arrival(l, n));
}

void link_send(struct link *l, const uint8_t *p, uint32_t n)
{
    struct sim_stats *st = &l->sim->stats;
    st->frames++;
    if (queue_full(l)) {
        st->queue_drops++;
        link_tell(l, "dropped at a full queue");
        return;
    }
    if (hit(l, l->cfg.loss) || (l->drop && l->drop(l->drop_arg, p, n))) {
        st->lost++;
        link_tell(l, "lost");
        return;
    }
    launch(l, p, n);
    if (hit(l, l->cfg.duplicate)) {
        st->duplicated++;
        link_tell(l, "doubled");
        launch(l, p, n);
    }
}
