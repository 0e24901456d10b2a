/* counters: each one, summed over the workers. */
#include "agent/control/answers/answer.h"

#include "agent/base/counters.h"

/* Adds up one counter of the loop and of the engine over all workers. `offset` is its place in struct
 * counters. */
static uint64_t total(const struct workers *ws, size_t offset)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < workers_count(ws); i++) {
        const struct worker *w = workers_at(ws, i);
        const char *loop = (const char *)worker_counters(w);
        const char *engine = (const char *)engine_counters(worker_engine(w));
        sum += counter_read((const uint64_t *)(loop + offset));
        sum += counter_read((const uint64_t *)(engine + offset));
    }
    return sum;
}

static json_t *one_counter(const char *name, const char *text, uint64_t value)
{
    return json_pack("{s:s, s:I, s:s}", "name", name, "value", (json_int_t)value, "text", text);
}

json_t *answer_counters(const struct answers *a)
{
    const struct workers *ws = a->workers;
    json_t *list = json_array();
#define X(field, name, text)                                                                                 \
    json_array_append_new(list, one_counter(name, text, total(ws, offsetof(struct counters, field))));
    STATS(X)
#undef X
    for (unsigned r = R_NONE + 1; r < R_MAX; r++)
        json_array_append_new(
            list, one_counter(reason_name((enum reason)r), reason_text((enum reason)r),
                              total(ws, offsetof(struct counters, reason) + r * sizeof(uint64_t))));
    return json_pack("{s:o}", "counters", list);
}
