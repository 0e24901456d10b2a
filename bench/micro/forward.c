/* One segment through the whole engine (parse, lookup, splice, headers out): a data segment of a response,
 * and the client's ack of it, of splices scattered over all that are open. So the cost at a
 * million conns beside that at 64k is what a full table costs. Frames are made before the clock runs, and
 * taken back by the engine's send: neither NIC nor driver is in these figures. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/micro/micro.h"
#include "bench/micro/rig.h"

#define SAMPLE 1024u

struct forward {
    struct rig *rig;
    uint32_t n;
    uint64_t seed;
    struct rig_splice *at[SAMPLE];
    uint32_t payload;
    bool trusted, time_acks;
};

static void forward_run(void *ctx, struct micro_sample *s)
{
    struct forward *w = ctx;
    struct frame *f[SAMPLE];
    uint32_t n = w->n < SAMPLE ? w->n : SAMPLE; /* scattered, each once: w->n is a power of two */
    uint64_t from = micro_rnd(&w->seed), step = 0x9e3779b1u;
    for (uint32_t i = 0; i < n; i++) {
        w->at[i] = rig_splice_at(w->rig, (uint32_t)((from + i * step) % w->n));
        f[i] = rig_data(w->rig, w->at[i], w->payload, w->trusted);
    }
    if (!w->time_acks)
        micro_begin(s);
    uint64_t out = rig_input(w->rig, f, n);
    if (!w->time_acks)
        micro_end(s, n);
    for (uint32_t i = 0; i < n; i++)
        f[i] = rig_ack(w->rig, w->at[i]);
    if (w->time_acks)
        micro_begin(s);
    uint64_t acks = rig_input(w->rig, f, n);
    if (w->time_acks)
        micro_end(s, n);
    if (out != n || acks != n) {
        fprintf(stderr, "bench_micro: forward: %llu frames and %llu acks came out of %u\n",
                (unsigned long long)out, (unsigned long long)acks, n);
        exit(1);
    }
}

static void at_size(const struct micro *m, uint32_t conns)
{
    char part[48], size[16];
    snprintf(part, sizeof part, "forward/%s_conns", micro_size(conns, size));
    if (!micro_wanted(m, part))
        return;
    struct rig *rig = rig_create(conns / 2);
    struct forward data = {.rig = rig, .n = conns / 2, .seed = conns, .payload = RIG_MSS, .trusted = true};
    struct forward summed = data, tiny = data, ack = data;
    summed.trusted = false;
    tiny.payload = 100;
    ack.time_acks = true;
    struct micro_case c[] = {{.unit = "segment", .run = forward_run, .ctx = &data},
                             {.unit = "segment", .run = forward_run, .ctx = &ack},
                             {.unit = "segment", .run = forward_run, .ctx = &summed},
                             {.unit = "segment", .run = forward_run, .ctx = &tiny}};
    static const char *const what[] = {"data_1440", "ack", "data_1440_software_checksum", "data_100"};
    for (unsigned i = 0; i < 4; i++)
        snprintf(c[i].name, sizeof c[i].name, "%s/%s", part, what[i]);
    micro_meet(m);
    micro_run(m, c, 4);
    rig_destroy(rig);
}

void micro_forward(struct micro *m)
{
    static const uint32_t smoke[] = {64, 0}, quick[] = {1u << 11, 1u << 16, 1u << 20, 0},
                          full[] = {1u << 11, 1u << 14, 1u << 16, 1u << 18, 1u << 20, 0};
    const uint32_t *n = m->scale == MICRO_SMOKE ? smoke : m->scale == MICRO_QUICK ? quick : full;
    for (; *n; n++)
        at_size(m, *n);
}
