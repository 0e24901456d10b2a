/* access_format: one access-log line from one record. Combined Log Format, then what a load balancer knows
 * more, as key=value:
 *
 *   192.0.2.7 - - [21/Nov/2026:06:45:10 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8.5" host="a.example"
 *   rt=0.001204 ttfb=0.000817 ep=10.0.0.1:8080 es=200 route=web cluster=app tries=1 in=0 why=- id=-
 *
 * (one line; rt and ttfb in seconds, in= the request body's bytes, why= the reason when the exchange ended
 * early, id= the request's id where the listener's x_request_id has it). What is missing is "-". Bytes that
 * are not printable ASCII, quotes and backslashes are written \xXX, as nginx does, so a client can write
 * neither a line of its own nor a terminal's control sequence.
 *
 * Pure functions but for the time zone, which is the process's; any thread. */
#ifndef LACON_CONTROL_ACCESS_FORMAT_H
#define LACON_CONTROL_ACCESS_FORMAT_H

#include <stddef.h>
#include <time.h>

#include "agent/exchange/access.h"

/* No line is longer, its newline included: longer names are cut. */
#define ACCESS_LINE_MAX 4096

/* Remembers the text of one second: most lines share it with the line before. Start with {0}. */
struct access_clock {
    time_t second;
    char text[40];
};

/* Writes the line, with its newline, without a final 0; returns its length. route and cluster are names or
 * NULL. */
size_t access_format(const struct access_record *r, const char *route, const char *cluster,
                     struct access_clock *clock, char out[ACCESS_LINE_MAX]);

#endif
