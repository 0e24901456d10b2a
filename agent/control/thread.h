/* thread: what the control threads have in common: they take no signals, have a name, and wait on descriptors
 * of which one is a bell (an eventfd) that others ring. */
#ifndef LACON_CONTROL_THREAD_H
#define LACON_CONTROL_THREAD_H

#include <pthread.h>
#include <stdint.h>

/* Starts a thread with every signal blocked (the main thread takes them all). `name`: at most 15 bytes.
 * 0 or -errno. */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *arg);

/* The bell: any thread, any number of times, never blocks. */
void thread_bell_ring(int bell);
void thread_bell_clear(int bell);

/* CLOCK_MONOTONIC in milliseconds. */
uint64_t thread_now_ms(void);

#endif
