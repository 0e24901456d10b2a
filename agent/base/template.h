/* template: text with variables in it, "%{client_address} by %{listener}", made into a list of pieces when
 * the configuration is read, so that nothing is parsed per request. "%%" is a percent sign.
 *
 * What a template may say is bytes of a header field's value (RFC 9110 section 5.5: no control characters but
 * the tab); what a variable stands for is up to whoever renders it, and has to be such bytes as well. */
#ifndef LACON_BASE_TEMPLATE_H
#define LACON_BASE_TEMPLATE_H

#include <stdint.h>

#include "agent/base/span.h"

/* Where a variable is known: in edits of requests, of responses. */
#define TEMPLATE_REQUEST  1u
#define TEMPLATE_RESPONSE 2u
#define TEMPLATE_BOTH     (TEMPLATE_REQUEST | TEMPLATE_RESPONSE)

/* X(id, name, where). An endpoint is not known when the request's head is written: it goes as it is to the
 * next one when the first fails. The request's own words are gone when the response comes. */
#define TEMPLATE_VARIABLES(X)                                                                                \
    X(CLIENT_ADDRESS, "client_address", TEMPLATE_BOTH)                                                       \
    X(CLIENT_PORT, "client_port", TEMPLATE_BOTH)                                                             \
    X(PEER_ADDRESS, "peer_address", TEMPLATE_BOTH)                                                           \
    X(LISTENER, "listener", TEMPLATE_BOTH)                                                                   \
    X(LISTENER_PORT, "listener_port", TEMPLATE_BOTH)                                                         \
    X(ROUTE, "route", TEMPLATE_BOTH)                                                                         \
    X(RULE, "rule", TEMPLATE_BOTH)                                                                           \
    X(CLUSTER, "cluster", TEMPLATE_BOTH)                                                                     \
    X(ENDPOINT, "endpoint", TEMPLATE_RESPONSE)                                                               \
    X(REQUEST_ID, "request_id", TEMPLATE_BOTH)                                                               \
    X(TIME, "time", TEMPLATE_BOTH)                                                                           \
    X(TIME_UNIX, "time_unix", TEMPLATE_BOTH)                                                                 \
    X(METHOD, "method", TEMPLATE_BOTH)                                                                       \
    X(SCHEME, "scheme", TEMPLATE_REQUEST)                                                                    \
    X(HOST, "host", TEMPLATE_REQUEST)                                                                        \
    X(PATH, "path", TEMPLATE_REQUEST)                                                                        \
    X(QUERY, "query", TEMPLATE_REQUEST)

enum template_var {
    TEMPLATE_LITERAL,
#define X(id, name, where) TEMPLATE_##id,
    TEMPLATE_VARIABLES(X)
#undef X
};

struct template_piece {
    uint8_t var;      /* enum template_var */
    struct span text; /* of TEMPLATE_LITERAL; within the template's text */
};

struct template
{
    uint32_t npiece;
    const struct template_piece *piece;
};

#define TEMPLATE_MAX_PIECES 32u
#define TEMPLATE_WHY        320 /* room for a message, with its zero */

/* The pieces of `text`, which they point into, for use in `where` (one of TEMPLATE_REQUEST, _RESPONSE). How
 * many, or -1 and what the text should have been: words that go on from "must be". Any thread. */
int template_parse(const char *text, unsigned where, struct template_piece piece[TEMPLATE_MAX_PIECES],
                   char why[TEMPLATE_WHY]);

#endif
