/* access: what is remembered about one finished exchange, and where it goes. The worker fills a record and
 * gives it to a sink; formatting and writing are the control thread's work. */
#ifndef LACON_EXCHANGE_ACCESS_H
#define LACON_EXCHANGE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/addr.h"

#define ACCESS_TEXT 448

/* A plain record, copied by value through rings. Text is cut to fit, never lost whole; `text` holds the parts
 * one after the other. */
struct access_record {
    int64_t wall_ns;                 /* when the head was complete, ns since 1970 */
    uint64_t duration_ns;            /* to the last byte acknowledged or adopted */
    uint64_t ttfb_ns;                /* to the response head; 0 when there was none */
    uint64_t bytes_body;             /* response body bytes acknowledged by or queued for the client */
    uint64_t bytes_request;          /* request body bytes */
    struct ip_port client, endpoint; /* endpoint port 0: none */
    uint32_t generation;             /* whose configuration: generation_create()'s id */
    uint32_t route, cluster;         /* indexes in it, UINT32_MAX when none */
    uint16_t status;                 /* what the client got; 499: client left first; 0 never */
    uint16_t endpoint_status;        /* what the endpoint said; 0: nothing */
    uint8_t tries;
    uint8_t reason; /* enum reason: why it ended early, R_NONE when it did not */
    uint16_t request_line, host, referer, user_agent, request_id; /* lengths in text, in this order */
    char text[ACCESS_TEXT]; /* raw bytes from the client: escape before printing */
};

struct access_sink {
    /* Takes a copy. False when it was dropped (ring full); NULL put: logging is off. Worker's thread; must
     * not block. */
    bool (*put)(void *ctx, const struct access_record *r);
    void *ctx;
};

#endif
