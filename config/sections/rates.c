/* rate_limits: of listeners and of rules. */
#include "config/sections/sections.h"

static const char *const of_words[] = {"requests", "connections", NULL};

static void finish_rate_limit(struct reading *r, void *obj)
{
    struct cfg_rate_limit *l = obj;

    (void)r;
    if (!l->burst)
        l->burst = l->rate < 1000000 ? l->rate : 1000000;
}

static const struct cfg_key rate_limit_keys[] = {
    {.name = "of",
     .kind = &kind_word,
     FIELD(struct cfg_rate_limit, of),
     .initial = "requests",
     .words = of_words},
    {.name = "rate",
     .kind = &kind_uint,
     FIELD(struct cfg_rate_limit, rate),
     .required = true,
     .min = 1,
     .max = 10000000},
    {.name = "per",
     .kind = &kind_duration,
     FIELD(struct cfg_rate_limit, per_ns),
     .initial = "1s",
     .min = 1000 * MS,
     .max = HOUR},
    {.name = "burst",
     .kind = &kind_uint_or_none,
     FIELD(struct cfg_rate_limit, burst),
     .min = 1,
     .max = 1000000},
    {.name = "key", .kind = &kind_rate_key, FIELD(struct cfg_rate_limit, key)},
    {.name = "keys",
     .kind = &kind_uint,
     FIELD(struct cfg_rate_limit, keys),
     .initial = "65536",
     .min = 64,
     .max = 16777216},
};
static const struct cfg_section rate_limit_section = {"a rate limit", KEYS(rate_limit_keys),
                                                      finish_rate_limit};
const struct cfg_key rate_limit_item = {
    .name = "rate_limits", SECTION(rate_limit_section), ITEM(struct cfg_rate_limit)};
