/* The device, calls that are to fail, and complaints; see double.h. */
#include <errno.h>
#include <string.h>

#include "tests/double/inside.h"

struct flow_double *double_dev;
int double_errno;

void double_complain(const char *what)
{
    if (!double_dev->complaint)
        double_dev->complaint = what;
}

void double_begin(struct flow_double *d)
{
    memset(d, 0, sizeof *d);
    double_dev = d;
}

/* 0, or the errno of a call that is to fail. */
int double_failing(enum double_call c, struct rte_flow_error *err)
{
    unsigned n = double_dev->calls[c]++;
    int e = double_dev->fail[c];
    bool due = e && n >= double_dev->fail_in[c] &&
               (!double_dev->fail_for[c] || n < double_dev->fail_in[c] + double_dev->fail_for[c]);
    if (double_dev->removed)
        e = EIO, due = true;
    if (!due)
        return 0;
    err->message = "as the test wants it";
    return double_errno = e;
}

int double_refuse(int e, const char *why, struct rte_flow_error *err)
{
    err->message = why;
    double_errno = e;
    return -e;
}
