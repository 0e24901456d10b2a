/* The access log: each exchange is in it once, as it was. */
#include "tests/sim/lacon_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The id is the last number of the request line's path. */
static struct plan *logged_plan(struct lacon *l, const struct access_record *r)
{
    const char *end = r->text + r->request_line;
    if (r->request_line < 9 || memcmp(end - 9, " HTTP/1.", 8) != 0)
        return NULL; /* cut off */
    const char *p = memchr(r->text, '/', r->request_line), *id = NULL;
    for (; p && p < end && *p != ' ' && *p != '?'; p++)
        if (*p == '/')
            id = p + 1;
    return id && isdigit((unsigned char)*id) ? book_find(l->book, (uint32_t)strtoul(id, NULL, 10)) : NULL;
}

bool lacon_log(void *ctx, const struct access_record *r)
{
    struct lacon *l = ctx;
    l->logged++;
    l->last_log = *r;
    if (!l->book)
        return true;
    struct plan *p = logged_plan(l, r);
    if (!p && r->status == 408) /* a head that never became whole */
        return true;
    if (!p) {
        sim_fail(l->sim, "access log names no exchange of ours: \"%.*s\"", r->request_line, r->text);
        return true;
    }
    p->log_from = (uint64_t)(r->wall_ns - WALL_OFFSET);
    p->log_to = l->sim->now;
    p->log_endpoint = r->endpoint;
    snprintf(p->log_line, sizeof p->log_line, "%.*s", r->request_line, r->text);
    p->log_status = r->status;
    p->log_reason = r->reason;
    p->log_request = r->bytes_request;
    p->log_body = r->bytes_body;
    sim_say(l->sim, "log %u: status %u, reason %s", p->id, r->status, reason_name(r->reason));
    if (++p->logged > 1)
        sim_fail(l->sim, "exchange %u was logged twice", p->id);
    return true;
}
