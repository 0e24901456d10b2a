/* networks: which of many networks holds an address, and what is said of it: the most specific one decides.
 *
 * Networks nest or are disjoint, so they cut the addresses into runs that one network each decides for: an
 * array of where each run begins, sorted, and its verdict. A look-up is a binary search, 15 steps for ten
 * thousand networks, without allocation; the array is immutable, so all workers share one.
 *
 * DPDK's rte_lpm and rte_acl do this in fewer cycles, once they are built, but at another price; as measured
 * (bench/README.md, "lists"; IPv4, so many networks; cycles of one look-up, bytes, time to build):
 *
 *                 10                        1,000                      100,000
 *   networks      49   0.5 kB  0.01 ms     168   48 kB   0.2 ms       395   4.4 MB    30 ms
 *   rte_lpm        6   67 MB   0.1 ms       15   68 MB   0.5 ms        47   170 MB  4318 ms
 *   rte_fib       18   34 MB    20 ms       24   34 MB     6 ms      not to be had: 32,768 tables at most
 *   rte_acl       65   14 kB   0.3 ms       76  586 kB    10 ms       257   39 MB   1267 ms
 *
 * A look-up is made once for each SYN and each completed handshake, whose answers cost thousands of cycles;
 * memory and time are had at each reload, twice, as the old list is in use meanwhile, and a listener may have
 * a list of its own. rte_lpm's bytes are the EAL's (256 MiB in all by default); all of them need an EAL,
 * which `lacon -t`, the simulator and the fuzzers do not have, and a second table for IPv6. */
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
