/* The answers of the admin socket, a file for each, and what they are made of.
 *
 * A json_t that could not be made is NULL; jansson's *_new functions accept NULL and fail, so a shortage of
 * memory ends as a missing value or a NULL answer, never as a crash. Admin thread. */
#ifndef LACON_CONTROL_ANSWER_H
#define LACON_CONTROL_ANSWER_H

#include <jansson.h>

#include "agent/base/addr.h"
#include "agent/control/answers/answers.h"

#define NS_PER_S 1e9

/* While configurations are held. */
json_t *answer_status(const struct answers *a);
json_t *answer_counters(const struct answers *a);
json_t *answer_connections(const struct answers *a, char *const word[]); /* connections SIDE WORKER SLOT */
json_t *answer_clients(const struct answers *a);
json_t *answer_memory(const struct answers *a);
json_t *answer_accel(const struct answers *a);
json_t *answer_neighbours(const struct answers *a);

/* While they are not: these wait for the main thread. */
json_t *answer_reload(const struct answers *a);
json_t *answer_weight(const struct answers *a, char *const word[]); /* weight WHICH N */

/* ---- parts: each is a new reference, or NULL when memory is short ---- */

static inline json_t *answer_error(const char *text)
{
    return json_pack("{s:s}", "error", text);
}

static inline json_t *answer_integer(uint64_t n)
{
    return json_integer((json_int_t)n);
}

/* "192.0.2.1:80", "[2001:db8::1]:80", or null when there is no port. */
static inline json_t *answer_address(const struct ip_addr *a, uint16_t port)
{
    char ip[IP_STRLEN];
    if (port == 0)
        return json_null();
    return json_sprintf(ip_is_v4(a) ? "%s:%u" : "[%s]:%u", ip_str(a, ip), port);
}

static inline json_t *answer_mac(const uint8_t m[6])
{
    return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

#endif
