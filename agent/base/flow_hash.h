/* The hash of flow tables: SipHash-1-3 over a flow key's 36 bytes that are not padding. Keyed, since clients
 * choose most of those bytes; of one and three rounds, as hash tables that face attackers use it elsewhere
 * (Rust, Python, Linux): nobody outside sees a hash or a collision but by time. Where more rests on a hash
 * than the length of a chain (ISNs, cookies, steering), siphash.h's 2-4 is used.
 *
 * A burst's keys are hashed side by side in vector lanes where the CPU has wide ones: on AVX-512 eight keys
 * cost what one costs alone. */
#ifndef LACON_BASE_FLOW_HASH_H
#define LACON_BASE_FLOW_HASH_H

#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/siphash.h"

#define FLOW_HASH_BULK 32u

/* Any thread. */
uint64_t flow_hash(const struct sip_key *key, const struct flow_key *k);

/* out[i] = flow_hash(key, k[i]) for n <= FLOW_HASH_BULK keys. Any thread. */
void flow_hash_bulk(const struct sip_key *key, const struct flow_key *const k[], unsigned n, uint64_t out[]);

#endif
