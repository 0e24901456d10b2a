/* networks: which of many networks holds an address, and what is said of it: the most specific one decides.
 *
 * Networks nest or are disjoint, so they cut the addresses into runs that one network each decides for: an
 * array of where each run begins, sorted, and its verdict. A look-up is a binary search, 15 steps for ten
 * thousand networks, without allocation; the array is immutable, so all workers share one.
 *
 * DPDK's rte_lpm and rte_lpm6 would do this in a step or two, but want the EAL's memory: 64 MiB of it for
 * each list of IPv4 (the default configuration has 256 MiB in all, and a reload needs both lists at once),
 * and an EAL in the simulator, the fuzzers and `lacon -t`, which have none. A look-up is made once for each
 * SYN, whose answer costs far more than a search. */
#ifndef LACON_BASE_NETWORKS_H
#define LACON_BASE_NETWORKS_H

#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"

struct network {
    struct ip_addr addr; /* bits behind the first `bits` are zero */
    uint8_t bits;        /* of the 16-byte form: an IPv4 /8 is 96 + 8 */
    uint8_t verdict; /* of the same network given twice, the larger one counts; 0: as if it were not there */
};

struct networks_run {
    uint64_t hi, lo; /* first address */
    uint32_t verdict;
};

struct networks {
    uint32_t n; /* at least 1 */
    struct networks_run *run;
};

/* Runs that n networks make at most: room for networks_build(). */
#define NETWORKS_RUNS(n) (2 * (size_t)(n) + 4)

/* Fills t, whose run has room for NETWORKS_RUNS(n); it stays the caller's. `in` is sorted. An IPv6 network
 * says nothing of IPv4, also where it holds the mapped addresses: "::/0" is every IPv6 address. */
void networks_build(struct networks *t, struct network *in, size_t n);

/* The verdict on this address: 0 when no network holds it. Any thread. */
unsigned networks_find(const struct networks *t, const struct ip_addr *a);

#endif
