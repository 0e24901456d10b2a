/* verdict: what a check makes of the bytes that answer it (check.c asks, and acts). An object on bytes, that
 * knows no conn. */
#ifndef LACON_EXCHANGE_VERDICT_H
#define LACON_EXCHANGE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/span.h"
#include "agent/exchange/roster.h"
#include "agent/http/http.h"
#include "config/config.h"

/* What is looked for in a body, prepared; any thread. `wanted` stays the caller's, and as it is: 1 to 255
 * bytes. NULL when memory is short; freed with free(). */
struct matcher;
struct matcher *matcher_make(const char *wanted);

/* How far an answer has been read; zeroed but for the matcher before its first byte. */
struct check_answer {
    const struct matcher *matcher; /* NULL: the body does not matter */
    bool head;                     /* it is as expected: the body is read */
    uint8_t body;                  /* enum http_body */
    uint32_t matched, read;
    uint64_t left; /* HTTP_BODY_LENGTH; of a chunk */
    struct http_chunked chunked;
};

struct verdict {
    bool known; /* false: more has to come */
    enum finding finding;
    uint16_t status; /* of FINDING_STATUS */
    size_t taken;    /* bytes that are not shown again */
};

/* Judges what is here of a head, from its first byte on, and after it whatever comes of the body. `scanned`:
 * as http_head_due() wants it, 0 at each head's beginning. `h`: room to parse in. */
struct verdict verdict_of(struct check_answer *a, const struct cfg_health_check *expected, struct span bytes,
                          uint32_t *scanned, struct http_head *h);

/* The endpoint has ended the connection: what that makes of the answer. */
enum finding verdict_at_end(const struct check_answer *a);

#endif
