/* Which answer a request gets; see answers.h. */
#include "agent/control/answers/answers.h"

#include <stdlib.h>
#include <string.h>

#include "agent/control/answers/answer.h"
#include "agent/control/answers/explain.h"
#include "agent/control/endpoints.h"

static bool is(const char *word, const char *name)
{
    return strcmp(word, name) == 0;
}

/* Requests of one word. */
static const struct {
    const char *name;
    json_t *(*get)(const struct answers *a);
} plain[] = {
    {"status", answer_status}, {"counters", answer_counters}, {"clients", answer_clients},
    {"memory", answer_memory}, {"accel", answer_accel},       {"neighbours", answer_neighbours},
};

static json_t *answer(const struct answers *a, unsigned nword, char *const word[])
{
    for (size_t i = 0; nword == 1 && i < sizeof plain / sizeof plain[0]; i++)
        if (is(word[0], plain[i].name))
            return plain[i].get(a);
    if (nword == 4 && is(word[0], "connections"))
        return answer_connections(a, word);
    if (nword == 1 && is(word[0], "endpoints"))
        return endpoints_list(a->workers);
    if (nword == 2 && (is(word[0], "drain") || is(word[0], "enable")))
        return endpoints_drain(a->workers, word[1], is(word[0], "drain"));
    if (is(word[0], "explain"))
        return explain_answer(a->workers, nword, word);
    return answer_error("unknown request");
}

/* Orders that wait for the main thread do so without holding configurations: it may have one to free. */
static json_t *answer_held(const struct answers *a, unsigned nword, char *const word[])
{
    if (nword == 1 && is(word[0], "reload"))
        return answer_reload(a);
    if (nword == 3 && is(word[0], "weight"))
        return answer_weight(a, word);
    workers_hold_configs(a->workers);
    json_t *j = answer(a, nword, word);
    workers_release_configs(a->workers);
    return j;
}

char *answers_get(void *ctx, unsigned nword, char *const word[])
{
    json_t *j = answer_held(ctx, nword, word);
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return text;
}
