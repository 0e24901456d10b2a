/* See flow_dialect.h. Pure. */
#include "accel/flow_dialect.h"

#include <stdio.h>

/* Counts up: fields are digits, the last the lowest. */
static bool count_up(struct flow_dialect *d)
{
    struct digit {
        uint8_t *at, n;
    } digit[] = {
#define X(field, n) {&d->field, n},
        FLOW_DIALECT(X)
#undef X
    };
    for (size_t i = sizeof digit / sizeof *digit; i-- > 0;) {
        if (++*digit[i].at < digit[i].n)
            return true;
        *digit[i].at = 0;
    }
    return false;
}

bool flow_dialect_next(struct flow_dialect *d)
{
    do {
        if (!count_up(d))
            return false;
        /* What a table behind the first does not take goes to the port by a transfer rule. */
    } while (d->where == FLOW_WHERE_INGRESS && d->group);
    return true;
}

void flow_dialect_text(const struct flow_dialect *d, char *out, size_t size)
{
    static const char *const where[] = {"REPRESENTED_PORT", "PORT_ID", "ingress to PORT_ID"};
    static const char *const sets[] = {"MODIFY_FIELD", "SET_*"};
    static const char *const adds[] = {"ADD", "SUB", "INC_TCP_*", "DEC_TCP_*"};
    snprintf(out, size, "%s group %u, %s, %s, %s%s%s%s%s", where[d->where], d->group, sets[d->sets],
             adds[d->adds], d->count == FLOW_COUNT_SHARED ? "counters shared" : "counters in rules",
             d->age == FLOW_AGE_DEVICE ? ", AGE" : "",
             d->untagged == FLOW_UNTAGGED_TYPE ? ", no has_vlan" : "", d->df == FLOW_DF_ANY ? ", any DF" : "",
             d->ttl == FLOW_TTL_DEC ? ", DEC_TTL" : "");
}
