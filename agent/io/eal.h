/* eal: starts and ends DPDK's environment from the configuration, quietly: no hugepages needed, nothing
 * shared with other DPDK processes on the machine, its log lines through ours. Main thread. */
#ifndef LACON_IO_EAL_H
#define LACON_IO_EAL_H

#include "config/config.h"

/* 0 or -errno; the reason is logged. */
int eal_start(const struct config *config);
void eal_stop(void);

/* The first line that DPDK logged as a warning or worse since eal_forget_complaint(), "" for none: what a
 * driver had to say when it failed. */
const char *eal_complaint(void);
void eal_forget_complaint(void);

#endif
