/* Kinds of what is expected of endpoints: checks and the statuses they want, what is tried again; and the
 * PROXY headers of clients. See keys.h. */
#include "config/kinds.h"

#include <string.h>

#include "config/scalar.h"

/* A word, or a number from min to max. */
static bool read_retry_on(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    uint64_t n;

    if (v->kind != NODE_SCALAR || v->quoted || !scalar_uint(v->text, &n))
        return read_word(r, k, v, obj);
    if (n < k->min || n > k->max)
        return must_be(r, k, v, "connect_failure, reset, timeout or a status from %llu to %llu",
                       (unsigned long long)k->min, (unsigned long long)k->max);
    key_store(k, obj, n);
    return true;
}

static void print_retry_on(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    uint64_t n = key_load(k, obj);

    (void)c;
    if (n >= k->min)
        fprintf(f, "%llu", (unsigned long long)n);
    else
        fputs(k->words[n], f);
}

/* A status, or a range of them. */
static bool read_statuses(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    const char *text = v->kind == NODE_SCALAR ? v->text : "", *dash = strchr(text, '-');
    char first[8] = "";
    uint64_t lo = 0, hi = 0;

    snprintf(first, sizeof first, "%.*s", dash ? (int)(dash - text) : (int)strlen(text), text);
    if (!scalar_uint(first, &lo) || !scalar_uint(dash ? dash + 1 : text, &hi) || lo < k->min || hi > k->max ||
        lo > hi)
        return must_be(r, k, v, "a status from %llu to %llu, or a range of them, such as 200-299",
                       (unsigned long long)k->min, (unsigned long long)k->max);
    *(struct cfg_statuses *)key_field(k, obj) = (struct cfg_statuses){(uint16_t)lo, (uint16_t)hi};
    return true;
}

static void print_statuses(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    const struct cfg_statuses *s = key_value(k, obj);

    (void)c;
    if (s->lo == s->hi)
        fprintf(f, "%u", s->lo);
    else
        fprintf(f, "%u-%u", s->lo, s->hi);
}

static bool read_proxy_in(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    return kind_section.read(r, k, v, obj);
}

static bool proxy_in_present(const struct cfg_key *k, const void *obj)
{
    return ((const struct cfg_proxy_in *)key_value(k, obj))->nfrom > 0;
}

static bool read_check(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    return kind_section.read(r, k, v, obj);
}

static bool check_present(const struct cfg_key *k, const void *obj)
{
    const struct cfg_health_check *h = key_value(k, obj);

    return h->protocol != CFG_CHECK_NONE;
}

const struct key_kind kind_retry_on = {read_retry_on, print_retry_on, NULL};
const struct key_kind kind_statuses = {read_statuses, print_statuses, NULL};
const struct key_kind kind_proxy_in = {read_proxy_in, NULL, proxy_in_present};
const struct key_kind kind_check = {read_check, NULL, check_present};
