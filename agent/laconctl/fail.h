/* How laconctl gives up: one line on standard error, and an exit status. */
#ifndef LACONCTL_FAIL_H
#define LACONCTL_FAIL_H

#define EXIT_OK    0
#define EXIT_FAIL  1 /* lacon is not there, or did not do it */
#define EXIT_USAGE 2

__attribute__((format(printf, 2, 3), noreturn)) void die(int status, const char *format, ...);

/* Memory that was asked for, or the end. */
void *need(void *p);

#endif
