/* process: what the operating system says of this process's memory, beside the bounds that lacon keeps. */
#ifndef LACON_CONTROL_PROCESS_H
#define LACON_CONTROL_PROCESS_H

#include <stdint.h>

#include "agent/base/memory.h"
#include "agent/worker/worker.h"

/* Bytes of memory that the process has now; 0: the system does not say. Any thread. */
uint64_t process_resident(void);

/* The bounds of everything, in all: each part of a worker times the workers, packet buffers, and `start`, the
 * resident bytes before the first packet: program, DPDK, configuration. */
void process_memory(struct workers *ws, uint64_t start, struct memory_list *out);

/* One line in the log with the sum and its parts. */
void process_log_memory(struct workers *ws, uint64_t start);

#endif
