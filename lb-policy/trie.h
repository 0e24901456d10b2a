/* trie: names made of labels (the labels of a host, the elements of a path), one node per label, children
 * found by one hash lookup of (parent, label). A walk costs one lookup per label and stops at the first label
 * that no configured name has, so its cost is bounded by the configuration, whatever a client sends.
 *
 * Built once, off the fast path; immutable and readable by any thread afterwards. The hash is not keyed: only
 * the operator decides which labels are in the table, and with them how long its chains are. */
#ifndef LACON_LB_POLICY_TRIE_H
#define LACON_LB_POLICY_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/span.h"
#include "lb-policy/lb.h"

struct lb_trie_node {
    uint32_t parent; /* LB_NONE: a root */
    uint32_t next;   /* in its hash chain */
    uint32_t hash;
    uint32_t text, len; /* the label, in lb_trie.text */
    uint32_t bound;     /* all labels of its children are shorter; 0: it has none */
    uint32_t exact;     /* the user's: what is kept for this very name; LB_NONE when created */
    uint32_t under;     /* the user's: what is kept for names below this one; LB_NONE when created */
};

/* Zero-initialised is empty. Several roots (separate tries) share one table. */
struct lb_trie {
    struct lb_trie_node *node;
    uint32_t n, cap;
    uint32_t *chain; /* first node by hash */
    uint32_t nchain; /* power of two, or 0 */
    uint8_t *text;
    size_t ntext, captext;
};

void lb_trie_free(struct lb_trie *t); /* leaves an empty one */

/* A new root, or LB_NONE when memory is short. */
uint32_t lb_trie_root(struct lb_trie *t);

/* `parent`'s child with this label, or LB_NONE. `fold`: ASCII case does not matter (labels that were added
 * with `fold` are then found in any case). */
uint32_t lb_trie_find(const struct lb_trie *t, uint32_t parent, struct span label, bool fold);

/* The same, added when there is none; LB_NONE when memory is short. */
uint32_t lb_trie_add(struct lb_trie *t, uint32_t parent, struct span label, bool fold);

#endif
