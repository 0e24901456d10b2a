/* The mutation points by name; see mutant.h. */
#include "agent/base/mutant.h"

#ifdef LACON_MUTANTS

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum mutant mutant_on = MUTANT_NONE;

static const char *const name[MUTANT_COUNT] = {"none",
#define X(id, text) #id,
                                               MUTANTS(X)
#undef X
};

static const char *const text[MUTANT_COUNT] = {"no mistake",
#define X(id, what) what,
                                               MUTANTS(X)
#undef X
};

int mutant_select(const char *wanted)
{
    for (unsigned i = 0; i < MUTANT_COUNT; i++)
        if (strcmp(name[i], wanted) == 0) {
            mutant_on = (enum mutant)i;
            return 0;
        }
    return -1;
}

const char *mutant_name(enum mutant m)
{
    return name[m];
}

const char *mutant_text(enum mutant m)
{
    return text[m];
}

/* Every program of the build obeys the environment: unit tests, the simulator and fuzz targets alike. */
__attribute__((constructor)) static void select_from_environment(void)
{
    const char *wanted = getenv("LACON_MUTANT");
    if (!wanted || mutant_select(wanted) == 0)
        return;
    fprintf(stderr, "LACON_MUTANT: no mutant is named \"%s\"\n", wanted);
    exit(2);
}

#endif
