/* SipHash-2-4 (Aumasson, Bernstein 2012): the keyed hash wherever an attacker chooses the input: flow tables,
 * steering, SYN cookies, ISNs. The key is drawn once at start and handed in; nothing here is random. */
#ifndef LACON_BASE_SIPHASH_H
#define LACON_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct sip_key {
    uint64_t k0, k1;
};

/* The hash of n bytes; the same on machines of either byte order. Any thread. */
uint64_t siphash(const struct sip_key *key, const void *data, size_t n);

#endif
