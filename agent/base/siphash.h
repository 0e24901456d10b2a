/* SipHash-2-4 (Aumasson, Bernstein 2012): the keyed hash wherever an attacker chooses the input: flow tables,
 * steering, SYN cookies, ISNs. The key is drawn once at start and handed in; nothing here is random. */
#ifndef LACON_BASE_SIPHASH_H
#define LACON_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct sip_key {
    uint64_t k0, k1;
};

/* A key of its own for one use, drawn from the secret of the boot by its label: what leaks of one hash (an
 * initial sequence number, say) tells nothing of another. */
struct sip_key sip_key_for(const uint8_t secret[32], const char *label);

/* The hash of n bytes; the same on machines of either byte order. Any thread. */
uint64_t siphash(const struct sip_key *key, const void *data, size_t n);

#endif
