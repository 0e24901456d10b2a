/* What answers of the admin socket are made of. Each is a new reference, or NULL when memory is short. */
#ifndef LACON_CONTROL_ANSWER_PARTS_H
#define LACON_CONTROL_ANSWER_PARTS_H

#include <jansson.h>

#include "agent/base/addr.h"

static inline json_t *answer_error(const char *text)
{
    return json_pack("{s:s}", "error", text);
}

/* "192.0.2.1:80", "[2001:db8::1]:80", or null when there is no port. */
static inline json_t *answer_address(const struct ip_addr *a, uint16_t port)
{
    char ip[IP_STRLEN];
    if (port == 0)
        return json_null();
    return json_sprintf(ip_is_v4(a) ? "%s:%u" : "[%s]:%u", ip_str(a, ip), port);
}

#endif
