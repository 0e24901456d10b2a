/* Configuration files: whatever the text, it is refused with complaints in file order, or it is accepted, and
 * then prints as text that reads back to the same. Leaks are the sanitizer's to find. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void complaints_are_in_order(const struct cfg_errors *errs)
{
    if (errs->n == 0)
        abort();
    for (size_t i = 0; i < errs->n; i++) {
        const struct cfg_error *a = i ? &errs->e[i - 1] : NULL, *b = &errs->e[i];

        if (!b->message || !*b->message || strchr(b->message, '\n'))
            abort();
        if (a && i < 1000 && (a->line > b->line || (a->line == b->line && a->column > b->column)))
            abort();
    }
}

static char *printed(const struct config *c, size_t *n)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, n);

    config_print(c, f);
    fclose(f);
    return text;
}

static void reads_back(const struct config *c)
{
    size_t n1, n2;
    char *first = printed(c, &n1), *second;
    struct cfg_errors errs;
    struct config *again = config_parse("printed", first, n1, &errs);

    if (!again) {
        cfg_errors_print(&errs, stderr);
        abort();
    }
    second = printed(again, &n2);
    if (n1 != n2 || memcmp(first, second, n1) != 0)
        abort();
    config_free(again);
    cfg_errors_free(&errs);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cfg_errors errs;
    struct config *c = config_parse("input", (const char *)bytes, n, &errs);

    if (c)
        reads_back(c);
    else
        complaints_are_in_order(&errs);
    config_free(c);
    cfg_errors_free(&errs);
    return 0;
}
