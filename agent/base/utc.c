/* See utc.h. The calendar is counted from 1 March of the year 0: then the leap day is a year's last. */
#include "agent/base/utc.h"

#include <stdio.h>

#define NS_PER_S     1000000000
#define S_PER_DAY    86400
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define DAYS_PER_ERA 146097 /* 400 years */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct utc {
    int64_t year, month, day, hour, minute, second, weekday; /* month: from 1; weekday: 0 is Sunday */
};

static struct utc utc_of(int64_t seconds)
{
    int64_t days = floor_div(seconds, S_PER_DAY), s = seconds - days * S_PER_DAY;
    int64_t z = days + DAYS_TO_1970, era = floor_div(z, DAYS_PER_ERA), day = z - era * DAYS_PER_ERA;
    int64_t year = (day - day / 1460 + day / 36524 - day / (DAYS_PER_ERA - 1)) / 365;
    int64_t in_year = day - (365 * year + year / 4 - year / 100), m = (5 * in_year + 2) / 153;
    int64_t month = m < 10 ? m + 3 : m - 9;
    return (struct utc){.year = year + era * 400 + (month <= 2),
                        .month = month,
                        .day = in_year - (153 * m + 2) / 5 + 1,
                        .hour = s / 3600,
                        .minute = s / 60 % 60,
                        .second = s % 60,
                        .weekday = days + 4 - floor_div(days + 4, 7) * 7}; /* 1970 began with a Thursday */
}

size_t utc_rfc3339(int64_t wall_ns, char buf[UTC_STRLEN])
{
    int64_t seconds = floor_div(wall_ns, NS_PER_S), ns = wall_ns - seconds * NS_PER_S;
    struct utc t = utc_of(seconds);
    int n = snprintf(buf, UTC_STRLEN, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)t.year, (int)t.month,
                     (int)t.day, (int)t.hour, (int)t.minute, (int)t.second, (int)(ns / 1000000));
    return (size_t)n;
}

size_t utc_http(int64_t wall_s, char buf[UTC_STRLEN])
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct utc t = utc_of(wall_s);
    int n = snprintf(buf, UTC_STRLEN, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.weekday], (int)t.day,
                     months[t.month - 1], (int)t.year, (int)t.hour, (int)t.minute, (int)t.second);
    return (size_t)n;
}
