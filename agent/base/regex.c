/* See regex.h. */
#include "agent/base/regex.h"

#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>

#define FLAGS (HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY)

struct regex {
    hs_database_t *db;
    uint32_t n;
    bool *matches_empty; /* of each: the scanner takes no empty block */
};

/* ---- making ---- */

/* Is it an expression by itself? Wrapped into "^(?:...)\z" even "a)|(b" would be one. */
static bool stands_alone(const char *expression, char why[REGEX_WHY])
{
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *error = NULL;
    if (strlen(expression) > REGEX_LONG) {
        snprintf(why, REGEX_WHY, "it is longer than %d bytes", REGEX_LONG);
        return false;
    }
    bool good = hs_expression_info(expression, FLAGS, &info, &error) == HS_SUCCESS;
    if (!good)
        snprintf(why, REGEX_WHY, "%s", error ? error->message : "not understood");
    hs_free_compile_error(error);
    free(info);
    return good;
}

static hs_database_t *compile(char *const *wrapped, uint32_t n, uint32_t *which, char why[REGEX_WHY])
{
    unsigned *flags = calloc(n, sizeof *flags), *ids = calloc(n, sizeof *ids);
    hs_compile_error_t *error = NULL;
    hs_database_t *db = NULL;
    *which = n;
    for (uint32_t i = 0; flags && ids && i < n; i++) {
        flags[i] = FLAGS;
        ids[i] = i;
    }
    if (flags && ids &&
        hs_compile_multi((const char *const *)wrapped, flags, ids, n, HS_MODE_BLOCK, NULL, &db, &error) !=
            HS_SUCCESS) {
        *which = error && error->expression >= 0 ? (uint32_t)error->expression : 0;
        snprintf(why, REGEX_WHY, "%s", error ? error->message : "not understood");
        hs_free_compile_error(error);
        db = NULL;
    }
    free(flags);
    free(ids);
    return db;
}

/* Each as the whole text, in *wrapped; false with *which and why. */
static bool wrap(const char *const *expression, uint32_t n, char **wrapped, uint32_t *which,
                 char why[REGEX_WHY])
{
    for (uint32_t i = 0; i < n; i++) {
        size_t room = strlen(expression[i]) + sizeof "^(?:)\\z";
        *which = i;
        if (!stands_alone(expression[i], why))
            return false;
        *which = n;
        if (!(wrapped[i] = malloc(room)))
            return false;
        snprintf(wrapped[i], room, "^(?:%s)\\z", expression[i]);
    }
    return true;
}

/* What an expression says of the empty text: whether it matches at all without a byte. */
static bool is_empty_match(const char *wrapped)
{
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *error = NULL;
    bool empty = hs_expression_info(wrapped, FLAGS, &info, &error) == HS_SUCCESS && info->min_width == 0;
    hs_free_compile_error(error);
    free(info);
    return empty;
}

struct regex *regex_make(const char *const *expression, uint32_t n, uint32_t *which, char why[REGEX_WHY])
{
    struct regex *r = calloc(1, sizeof *r);
    char **wrapped = calloc(n, sizeof *wrapped);
    snprintf(why, REGEX_WHY, "memory is short");
    *which = n;
    if (r && wrapped && (r->matches_empty = calloc(n, sizeof *r->matches_empty)) &&
        wrap(expression, n, wrapped, which, why) && (r->db = compile(wrapped, n, which, why))) {
        r->n = n;
        for (uint32_t i = 0; i < n; i++)
            r->matches_empty[i] = is_empty_match(wrapped[i]);
    }
    for (uint32_t i = 0; wrapped && i < n; i++)
        free(wrapped[i]);
    free(wrapped);
    if (r && !r->db) {
        regex_free(r);
        r = NULL;
    }
    return r;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    hs_free_database(r->db);
    free(r->matches_empty);
    free(r);
}

bool regex_fit(struct regex_scratch **s, const struct regex *r)
{
    hs_scratch_t *scratch = (hs_scratch_t *)(void *)*s;
    bool good = hs_alloc_scratch(r->db, &scratch) == HS_SUCCESS;
    *s = (struct regex_scratch *)(void *)scratch;
    return good;
}

void regex_scratch_free(struct regex_scratch *s)
{
    hs_free_scratch((hs_scratch_t *)(void *)s);
}

/* ---- matching ---- */

struct listener {
    void (*found)(void *ctx, uint32_t i);
    void *ctx;
    bool any;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
    struct listener *l = ctx;
    (void)from;
    (void)to;
    (void)flags;
    l->any = true;
    if (!l->found)
        return 1; /* one is enough */
    l->found(l->ctx, id);
    return 0;
}

static bool scan(const struct regex *r, const struct regex_scratch *s, struct span text, struct listener *l)
{
    if (text.n == 0) {
        for (uint32_t i = 0; i < r->n; i++)
            if (r->matches_empty[i] && on_match(i, 0, 0, 0, l))
                break;
        return l->any;
    }
    hs_scan(r->db, (const char *)text.p, (unsigned)text.n, 0, (hs_scratch_t *)(uintptr_t)s, on_match, l);
    return l->any;
}

bool regex_matches(const struct regex *r, const struct regex_scratch *s, struct span text)
{
    return scan(r, s, text, &(struct listener){0});
}

void regex_each(const struct regex *r, const struct regex_scratch *s, struct span text,
                void (*found)(void *ctx, uint32_t i), void *ctx)
{
    scan(r, s, text, &(struct listener){.found = found, .ctx = ctx});
}
