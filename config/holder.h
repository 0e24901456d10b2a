/* holder: what stands behind the pointer to a configuration that config_free() is handed. For config.c and
 * derive.c. */
#ifndef LACON_CONFIG_HOLDER_H
#define LACON_CONFIG_HOLDER_H

#include "config/arena.h"
#include "config/config.h"

struct holder {
    struct config config; /* first */
    struct arena mem;     /* holds all of it, this struct too; of one that was read */
    unsigned users;       /* itself, and those that were derived from it */
    struct holder *base;  /* of one that was derived */
};

void derived_free(struct holder *h);

#endif
