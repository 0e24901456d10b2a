/* complaints: gathers everything that is wrong with a file, in whatever order it is found, and hands it over
 * in file order. Lives as long as one reading; one thread. */
#ifndef LACON_CONFIG_COMPLAINTS_H
#define LACON_CONFIG_COMPLAINTS_H

#include <stdbool.h>

#include "config/config.h"

/* After so many, the rest of the file is not complained about: nobody reads on, and a hostile file must not
 * make gigabytes of messages. */
#define COMPLAINTS_MAX 1000u

struct mark {
    unsigned line, column; /* from 1 */
};

struct complaints {
    struct cfg_errors *out;
    size_t room;
    bool out_of_memory; /* a message could not be kept */
};

void complain(struct complaints *c, struct mark at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sorts by place; what was said first about a place stays first. */
void complaints_sort(struct complaints *c);

/* The candidate that `word` is most likely a misspelling of, or NULL. Candidates are names[0..n). */
const char *closest_word(const char *word, const char *const *names, size_t n);

#endif
