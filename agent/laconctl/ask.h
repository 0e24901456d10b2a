/* The admin socket from its other end (agent/control/admin.h): a line is a request, a line of JSON its
 * answer. */
#ifndef LACONCTL_ASK_H
#define LACONCTL_ASK_H

#include <jansson.h>

/* Connects to the socket at `path`; ends the process, with the likely reason, where nobody listens. */
int dial(const char *path);

/* One request, which ends in a newline, and its answer: an object without "error" in it, the caller's to
 * release. Ends the process on an error, with lacon's own words where there are any. */
json_t *ask(int fd, const char *request);

/* `s`, which is to be one word of a request, or the end: `option` is what it was given for. */
const char *word_of(const char *option, const char *s);

#endif
