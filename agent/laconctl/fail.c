#include "agent/laconctl/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void die(int status, const char *format, ...)
{
    va_list ap;
    fputs("laconctl: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(status);
}

void *need(void *p)
{
    if (!p)
        die(EXIT_FAIL, "out of memory");
    return p;
}
