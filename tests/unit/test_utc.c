#include <criterion/criterion.h>
#include <time.h>

#include "agent/base/utc.h"

#define NS 1000000000

static void expect(int64_t ns, const char *wanted)
{
    char buf[UTC_STRLEN];
    cr_expect_eq(utc_rfc3339(ns, buf), strlen(wanted));
    cr_expect_str_eq(buf, wanted);
}

Test(utc, rows)
{
    expect(0, "1970-01-01T00:00:00.000Z");
    expect(-1, "1969-12-31T23:59:59.999Z");
    expect(INT64_C(951782399) * NS + 999999999, "2000-02-28T23:59:59.999Z");
    expect(INT64_C(951782400) * NS, "2000-02-29T00:00:00.000Z");
    expect(INT64_C(951868800) * NS, "2000-03-01T00:00:00.000Z");
    expect(INT64_C(4107542400) * NS, "2100-03-01T00:00:00.000Z");
    expect(INT64_C(1795656970) * NS + 123456789, "2026-11-26T01:36:10.123Z");
}

/* The C library's calendar, a day and some hours at a time over three centuries. */
Test(utc, agrees_with_the_c_library)
{
    for (int64_t s = INT64_C(-3000000000); s < INT64_C(7000000000); s += 90061) {
        char buf[UTC_STRLEN], wanted[64];
        time_t t = (time_t)s;
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        utc_rfc3339(s * NS, buf);
        cr_assert_str_eq(buf, wanted);
        strftime(wanted, sizeof wanted, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        cr_assert_eq(utc_http(s, buf), strlen(wanted));
        cr_assert_str_eq(buf, wanted);
    }
}
