/* What flow_hash.c and its vector versions share. */
#ifndef LACON_BASE_FLOW_HASH_WIDE_H
#define LACON_BASE_FLOW_HASH_WIDE_H

#include <string.h>

#include "agent/base/flow_hash.h"
#include "agent/base/sip_round.h"

#define FLOW_WORDS 5u /* SipHash's message words of 36 bytes: four of addresses, then ports and length */

/* Keys word by word, so that a vector takes one word of several keys. */
struct flow_words {
    uint64_t w[FLOW_WORDS][FLOW_HASH_BULK] __attribute__((aligned(64)));
};

/* Hashes keys 0 .. n-1, and some beyond, into out. */
void flow_hash_avx2(const struct flow_words *w, const struct sip_state *start, unsigned n,
                    uint64_t out[FLOW_HASH_BULK]);
void flow_hash_avx512(const struct flow_words *w, const struct sip_state *start, unsigned n,
                      uint64_t out[FLOW_HASH_BULK]);

#endif
