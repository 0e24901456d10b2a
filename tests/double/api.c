/* The device's side of accel/flow_api.h, as a table; see double.h. */
#include "tests/double/inside.h"

static int d_is_removed(uint16_t port)
{
    (void)port;
    return double_dev->removed;
}

static int d_last_error(void)
{
    return double_errno;
}

unsigned double_live(const struct flow_double *d)
{
    unsigned n = 0;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        n += d->rule[i].used && d->rule[i].live;
    return n;
}

unsigned double_left(const struct flow_double *d)
{
    unsigned n = 0;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        n += (unsigned)d->rule[i].used + d->counter[i].used;
    for (unsigned i = 0; i < sizeof d->table / sizeof *d->table; i++)
        n += d->table[i].used;
    return n;
}

const struct double_rule *double_nth(const struct flow_double *d, unsigned n)
{
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        if (d->rule[i].used && d->rule[i].live && n-- == 0)
            return &d->rule[i];
    return NULL;
}

const struct flow_api flow_api_double = {
    .validate = d_validate,
    .create = d_create,
    .destroy = d_destroy,
    .flush = d_flush,
    .query = d_query,
    .pick_transfer_proxy = d_proxy,
    .handle_create = d_handle_create,
    .handle_destroy = d_handle_destroy,
    .handle_query = d_handle_query,
    .info_get = d_info,
    .configure = d_configure,
    .pattern_create = d_pattern,
    .pattern_destroy = d_pattern_destroy,
    .actions_create = d_actions,
    .actions_destroy = d_actions_destroy,
    .table_create = d_table,
    .table_destroy = d_table_destroy,
    .async_create = d_async_create,
    .async_destroy = d_async_destroy,
    .pull = d_pull,
    .is_removed = d_is_removed,
    .last_error = d_last_error,
};
