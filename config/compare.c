/* What a running lacon can't change (config.h): sections are compared by what they would be printed as, so a
 * key that is added to a table is compared from then on. */
#include <stdlib.h>
#include <string.h>

#include "config/kinds.h"

static const char *const fixed[] = {"dpdk", "interfaces", "accel", NULL};

/* On the heap; NULL when memory is short. */
static char *printed(const struct config *c, const char *section)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    if (!f)
        return NULL;
    config_print_section(c, section, f);
    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

bool config_same_file(const struct config *a, const struct config *b)
{
    return a->listener == b->listener;
}

const char *config_needs_restart(const struct config *now, const struct config *next)
{
    for (unsigned i = 0; fixed[i]; i++) {
        char *a = printed(now, fixed[i]), *b = printed(next, fixed[i]);
        bool same = a && b && strcmp(a, b) == 0;

        free(a);
        free(b);
        if (!same)
            return fixed[i];
    }
    if (strcmp(now->admin.socket, next->admin.socket) != 0 || now->admin.mode != next->admin.mode)
        return "admin";
    return !now->logging.access_log != !next->logging.access_log ? "logging" : NULL;
}
