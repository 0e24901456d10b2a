/* What the tests of the provider rte_flow share: an engine on a device that is not there. */
#ifndef LACON_TESTS_UNIT_RTE_FLOW_RIG_H
#define LACON_TESTS_UNIT_RTE_FLOW_RIG_H

#include <criterion/criterion.h>
#include <errno.h>

#include "accel/negotiate.h"
#include "agent/base/counters.h"
#include "tests/unit/flow_rig.h"

#define MS  1000000ull
#define SEC 1000000000ull

static struct flow_double dev;
static struct accel_port port[2];
static struct accel_engine *eng;
static struct flow_ops ops;
static struct flow_answer ans[64];

/* An engine on the device as it has been set up; jobs: of its queues. */
static inline void start_as(uint32_t jobs, unsigned worker, unsigned nworkers)
{
    char why[ACCEL_WHY] = "";
    memcpy(port, rig_port, sizeof port);
    port[0].flow_jobs = port[1].flow_jobs = jobs;
    struct accel_engine_params p = {.port = port,
                                    .nports = 2,
                                    .api = &flow_api_double,
                                    .worker = worker,
                                    .nworkers = nworkers,
                                    .v6 = true};
    eng = rte_flow_engine.create(&p, why);
    cr_assert(eng && !*why, "%s", why);
    ops = rte_flow_engine.ops(eng);
}

static inline void start(uint32_t jobs)
{
    dev.queue_size = jobs;
    start_as(jobs, 0, 1);
}

/* Everything is given back, and nothing was asked that may not be. */
static inline void finish(void)
{
    rte_flow_engine.destroy(eng);
    cr_expect_null(dev.complaint, "%s", dev.complaint);
    cr_expect_eq(double_left(&dev), 0, "%u objects are left", double_left(&dev));
}

static inline void new_device(void)
{
    double_begin(&dev);
}

static inline struct flow_rule rule(uint16_t local_port)
{
    struct flow_rule r = rig_rule(true, 0, 0);
    r.in.local_port = local_port;
    return r;
}

static inline int insert(uint32_t tag, uint64_t now)
{
    struct flow_rule r = rule((uint16_t)(1000 + tag));
    dev.now_ns = now;
    return ops.insert(ops.ctx, tag, &r, now);
}

static inline void ask_to_remove(uint32_t tag, uint64_t now)
{
    dev.now_ns = now;
    ops.remove(ops.ctx, tag, now);
}

static inline unsigned poll(uint64_t now)
{
    dev.now_ns = now;
    memset(ans, 0, sizeof ans);
    return rte_flow_engine.poll(eng, now, ans, 64);
}

/* A segment of the tag's flow meets the device. */
static inline bool hits(uint32_t tag, uint64_t now)
{
    struct flow_rule r = rule((uint16_t)(1000 + tag));
    struct flow_frame b;
    uint16_t out;
    dev.now_ns = now;
    return double_carry(&dev, rig_frame(&b, &r, (const uint8_t *)"body", 4, TCP_ACK), 9, &out);
}

static inline uint64_t stat(size_t offset)
{
    const char *s = (const char *)rte_flow_engine.stats(eng);
    return counter_read((const uint64_t *)(const void *)(s + offset));
}
#define STAT(field) stat(offsetof(struct accel_stats, field))

static inline bool told(unsigned i, uint32_t tag, enum flow_told what, enum flow_why why)
{
    return ans[i].tag == tag && ans[i].told == what && (what == FLOW_IN || ans[i].why == why);
}

#endif
