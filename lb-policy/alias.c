/* See alias.h. Made while a configuration is compiled; read by the worker's thread. */
#include "lb-policy/alias.h"

#include <assert.h>
#include <stdlib.h>

#define DRAWS                                                                                                \
    32            /* in vain before the table is walked: with half of the weight skipped once in 2^32 draws  \
                   */
#define REDRAWS 4 /* for a second choice that differs from the first */

/* Shares of 1/n are 2^32 high. Columns that are lower are filled up from those that are higher. */
static void fill(struct lb_alias *a, uint32_t *low, uint32_t *high)
{
    uint32_t nlow = 0, nhigh = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        struct lb_alias_column *c = &a->column[i];
        /* in floating point: a table is built once, and weight * n * 2^32 passes 64 bits */
        c->height = (uint64_t)((double)c->weight * a->n / (double)a->sum * 4294967296.0);
        c->other = i;
        if (c->height < UINT64_C(1) << 32)
            low[nlow++] = i;
        else
            high[nhigh++] = i;
    }
    while (nlow && nhigh) {
        uint32_t l = low[--nlow], h = high[nhigh - 1];
        a->column[l].other = h;
        a->column[h].height -= (UINT64_C(1) << 32) - a->column[l].height;
        if (a->column[h].height < UINT64_C(1) << 32) {
            nhigh--;
            low[nlow++] = h;
        }
    }
    while (nlow) /* rounding: what has no partner left is as good as full */
        a->column[low[--nlow]].height = UINT64_C(1) << 32;
}

bool lb_alias_make(struct lb_alias *a, const struct lb_endpoint_in *in, uint32_t n)
{
    uint32_t *lists = calloc(2 * (size_t)n, sizeof *lists);
    a->n = n;
    a->sum = 0;
    a->column = calloc(n, sizeof *a->column);
    if (lists && a->column) {
        for (uint32_t i = 0; i < n; i++)
            a->sum += a->column[i].weight = in[i].weight;
        fill(a, lists, lists + n);
    }
    free(lists);
    return lists && a->column;
}

void lb_alias_free(struct lb_alias *a)
{
    free(a->column);
    *a = (struct lb_alias){0};
}

static uint32_t walk(const struct lb_alias *a, const uint64_t *skip, uint64_t draw)
{
    uint64_t sum = 0;
    uint32_t i = 0;
    for (uint32_t k = 0; k < a->n; k++)
        sum += lb_bit(skip, k) ? 0 : a->column[k].weight;
    assert(sum > 0); /* a policy is asked only while somebody is left */
    draw %= sum;
    for (;; i++) {
        if (lb_bit(skip, i))
            continue;
        if (draw < a->column[i].weight)
            return i;
        draw -= a->column[i].weight;
    }
}

uint32_t lb_alias_draw(const struct lb_alias *a, const uint64_t *skip, uint64_t *random)
{
    for (unsigned k = 0; k < DRAWS; k++) {
        uint64_t r = lb_draw(random);
        uint32_t i = (uint32_t)((r >> 32) * a->n >> 32);
        if ((uint32_t)r >= a->column[i].height)
            i = a->column[i].other;
        if (!lb_bit(skip, i))
            return i;
    }
    return walk(a, skip, lb_draw(random));
}

struct lb_two lb_alias_two(const struct lb_alias *a, const struct lb_turn *turn)
{
    struct lb_two two = {lb_alias_draw(a, turn->skip, turn->random), 0};
    two.b = two.a;
    for (unsigned k = 0; two.b == two.a && k < REDRAWS; k++)
        two.b = lb_alias_draw(a, turn->skip, turn->random);
    return two;
}
