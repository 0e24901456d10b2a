/* Words about a response that a flow engine carries. */
#ifndef SIM_ROWS_CARRIED_H
#define SIM_ROWS_CARRIED_H

#include "tests/sim/row.h"

#define LONG     4000000u
#define LONG_OF  "HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n"
#define FIELD    502 /* the endpoint's window field */
#define BOUNDARY 2920u

struct carried {
    struct peer *c, *e;
    uint32_t base;   /* where the body begins in the endpoint's stream */
    uint32_t sent;   /* bytes of it */
    bool by_engine;  /* software forwarded none of the last ones */
    uint32_t frames; /* that the engine took in all */
};

/* The scene: an engine of this profile, whatever --provider says; one endpoint. */
void with_engine(struct script *s, const char *engine);

/* A client that reads fast asks, and the endpoint has begun to answer, with this head. */
struct carried asked(struct script *s, const char *head);
struct carried asked_by(struct peer *c, const char *head); /* with the client's own windows */

/* n more bytes of the body arrive, and the client acks them; a millisecond passes. */
void body(struct carried *w, uint32_t n);

/* The right edge that the endpoint may send to, in bytes of the body. */
uint32_t edge_of(const struct carried *w);

#endif
