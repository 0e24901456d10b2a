/* See flow_api.h. Once for each port, at start. */
#include <stdio.h>
#include <string.h>

#include "accel/accel.h"
#include "accel/flow_api.h"

#define JOBS_MOST  1024u
#define JOBS_LEAST 2u /* half of them are for removals */
#define QUEUES     64u
#define ASKING     2u /* counters with which the device is asked what it takes (flow_form.c) */

static uint32_t at_most(uint32_t n, uint32_t most)
{
    return n < most ? n : most;
}

uint32_t flow_prepare(const struct flow_api *api, uint16_t port, unsigned nqueue, char *why)
{
    struct rte_flow_port_attr attr = {0};
    struct rte_flow_port_info info = {0};
    struct rte_flow_queue_info queue = {0};
    struct rte_flow_queue_attr one = {0};
    const struct rte_flow_queue_attr *all[QUEUES];
    struct rte_flow_error err = {0};
    int rc = api->info_get(port, &info, &queue, &err);
    if (rc || info.max_nb_queues < nqueue || nqueue > QUEUES || queue.max_size < JOBS_LEAST) {
        snprintf(why, ACCEL_WHY, "rules one by one: %s",
                 rc ? (err.message ? err.message : strerror(-rc)) : "not a queue for each worker");
        return 0;
    }
    one.size = at_most(queue.max_size, JOBS_MOST);
    attr.nb_counters = at_most(nqueue * FLOW_TAGS + ASKING, info.max_nb_counters);
    attr.nb_aging_objects = at_most(nqueue * FLOW_ENTRIES, info.max_nb_aging_objects);
    for (unsigned i = 0; i < nqueue; i++)
        all[i] = &one;
    rc = api->configure(port, &attr, (uint16_t)nqueue, all, &err);
    if (rc) {
        snprintf(why, ACCEL_WHY, "rules one by one: %s", err.message ? err.message : strerror(-rc));
        return 0;
    }
    snprintf(why, ACCEL_WHY, "queues of %u flow jobs", one.size);
    return one.size;
}
