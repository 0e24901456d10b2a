/* Gathering, sorting and printing of complaints; see complaints.h and config.h. */
#include "config/complaints.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more; false when memory is short. */
static bool grow(struct complaints *c)
{
    size_t room = c->room ? 2 * c->room : 16;
    struct cfg_error *e;

    if (c->out->n < c->room)
        return true;
    e = realloc(c->out->e, room * sizeof *e);
    if (!e)
        return false;
    c->out->e = e;
    c->room = room;
    return true;
}

void complain(struct complaints *c, struct mark at, const char *format, ...)
{
    char *message = NULL;
    va_list args;
    int n;

    if (c->out->n > COMPLAINTS_MAX)
        return;
    if (c->out->n == COMPLAINTS_MAX)
        format = "there are more errors than these; correct some and try again";
    va_start(args, format);
    n = vasprintf(&message, format, args);
    va_end(args);
    if (n < 0 || !grow(c)) {
        if (n >= 0)
            free(message);
        c->out_of_memory = true;
        return;
    }
    c->out->e[c->out->n++] = (struct cfg_error){at.line, at.column, message};
}

/* A stable merge sort would do; qsort need not be stable, so the order found is part of the key. */
struct ranked {
    struct cfg_error error;
    size_t rank;
};

static int by_place(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;

    if (a->error.line != b->error.line)
        return a->error.line < b->error.line ? -1 : 1;
    if (a->error.column != b->error.column)
        return a->error.column < b->error.column ? -1 : 1;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

void complaints_sort(struct complaints *c)
{
    size_t n = c->out->n > COMPLAINTS_MAX ? COMPLAINTS_MAX : c->out->n; /* "there are more" stays last */
    struct ranked *r = n ? calloc(n, sizeof *r) : NULL;

    if (!r)
        return; /* out of order is better than not at all */
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){c->out->e[i], i};
    qsort(r, n, sizeof *r, by_place);
    for (size_t i = 0; i < n; i++)
        c->out->e[i] = r[i].error;
    free(r);
}

#define WORD_MAX 31

/* Edits (insert, remove, replace a letter, swap two neighbours) from a to b; both shorter than WORD_MAX. */
static unsigned edits(const char *a, const char *b)
{
    unsigned d[WORD_MAX + 1][WORD_MAX + 1];
    size_t na = strlen(a), nb = strlen(b);

    for (size_t i = 0; i <= na; i++) {
        for (size_t j = 0; j <= nb; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[na][nb];
}

const char *closest_word(const char *word, const char *const *names, size_t n)
{
    const char *found = NULL;
    size_t len = strlen(word);
    unsigned best = len < 2 ? 0 : len < 4 ? 1 : len < 8 ? 2 : 3;

    if (len == 0 || len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        unsigned e = strlen(names[i]) <= WORD_MAX ? edits(word, names[i]) : UINT32_MAX;

        if (e <= best && (!found || e < best)) {
            best = e;
            found = names[i];
        }
    }
    return found;
}

void cfg_errors_free(struct cfg_errors *e)
{
    for (size_t i = 0; i < e->n; i++)
        free(e->e[i].message);
    free(e->e);
    free(e->file);
    *e = (struct cfg_errors){0};
}

void cfg_errors_print(const struct cfg_errors *e, FILE *f)
{
    for (size_t i = 0; i < e->n; i++) {
        const char *file = e->file ? e->file : "configuration";

        if (e->e[i].line == 0)
            fprintf(f, "%s: %s\n", file, e->e[i].message);
        else
            fprintf(f, "%s:%u:%u: %s\n", file, e->e[i].line, e->e[i].column, e->e[i].message);
    }
}
