/* libhttp-parser behind a door: its header and ours name the same things. */
#ifndef LACON_BENCH_HEADS_H
#define LACON_BENCH_HEADS_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/base/span.h"

#define PARTS_MAX 208

/* Where names, values and the target lie. */
struct parts {
    unsigned n;
    struct span part[PARTS_MAX];
};

/* Bytes that the head takes, or fewer when it is refused. */
size_t heads_parse_theirs(struct span in, bool request, struct parts *out);

#endif
