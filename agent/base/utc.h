/* utc: a time of day as text (RFC 3339, and HTTP's own), without the C library's time zones and their lock.
 * Any thread. */
#ifndef LACON_BASE_UTC_H
#define LACON_BASE_UTC_H

#include <stddef.h>
#include <stdint.h>

#define UTC_STRLEN 40

/* "2026-11-26T01:36:10.123Z", of nanoseconds since 1970; returns its length. */
size_t utc_rfc3339(int64_t wall_ns, char buf[UTC_STRLEN]);
/* "Thu, 26 Nov 2026 01:36:10 GMT" (RFC 9110 section 5.6.7, IMF-fixdate), of seconds since 1970, of the years
 * 0 to 9999; returns its length. */
size_t utc_http(int64_t wall_s, char buf[UTC_STRLEN]);

#endif
