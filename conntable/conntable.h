/* conntable: one worker's table from flow key to conn, over a fixed slab of objects.
 *
 * Four arrays, mapped at create and touched page by page as they fill; nothing is allocated later.
 *
 *   bucket: one cache line, 8 lanes                       slot: half a cache line
 *    0              16                     48       52     0        16      20      22    24      28     32
 *   +--------------+----------------------+----------+--   +--------+-------+-------+-----+-------+------+
 *   | 8 tags, u16  | 8 slot indexes, u32  | overflow |     | remote | ports | local | tag | state | next |
 *   +--------------+----------------------+----------+--   +--------+-------+-------+-----+-------+------+
 *                                          (first slot + 1)
 *   object: slot i's, obj_size bytes from a line's start on; cold: what of it only control threads want
 *
 * The local address of a key is one of few, our own: a slot has its number, and it lies in a small table with
 * a count of the slots that name it, where it stays while there are any. (A table whose numbers are all taken
 * is full, for keys with other local addresses.)
 *
 * A lookup touches two lines: its bucket, and the slot whose tag agrees; local addresses are in the cache.
 * Slots lie together, apart from the objects, so that a million keys are 32 MiB, which caches and TLBs still
 * bear, and not as spread as the conns. A burst's keys are hashed side by side (agent/base/flow_hash.h), then
 * all buckets are prefetched, then all slots, then compared; the objects are the caller's to prefetch.
 *
 * The keyed hash of a flow key picks the bucket (low bits) and the tag (top 16 bits; 0 is replaced by 1,
 * since a lane with tag 0 is empty). A key lives in a lane of its bucket or, when the lanes are taken, in the
 * bucket's overflow list, which runs through the slots themselves. So every slot can be reached from every
 * bucket, an insert never moves another key to make room, and the table is full exactly when the slab is.
 * There are at least cap / 4 buckets: a full table has at most 4 keys in a bucket on average, at most 2
 * buckets in 100 have a list, and since the hash is keyed (the key is drawn at boot) nobody outside can make
 * a list long: 20 in one list is less likely than one in a million even among 16 million keys.
 *
 * WRITERS. One thread, the worker, calls ct_insert and ct_remove. It also reads, and needs no atomics for
 * that.
 *
 * DELETES. A key in a lane frees its lane; if the bucket has a list, the first of the list moves into the
 * lane. A key in the list is unlinked (its bucket is hashed again; a slot in a lane has that in `next`). No
 * tombstone is left, so a table that has seen a billion keys probes as a fresh one. The slot goes on top of a
 * free list (the next insert finds it in the cache); its memory stays what it is, a slot, until ct_destroy:
 * it is type-stable.
 *
 * READERS. Control threads read slots only, never buckets or lists, with ct_peek(idx). A slot's `state` is
 * odd while it holds a conn, even while it is free, and grows by one at each change, so it is also the
 * generation. Proof sketch that a copy which ct_peek returns belongs to one occupant:
 *   1. The worker writes key and object of a new occupant, then state = odd (release). A reader that loads an
 *      odd state s (acquire) therefore sees that occupant's key and zeroed object, or something newer.
 *   2. "Newer" than occupant s are the worker's own updates of that object, which are allowed, and the writes
 *      of a later occupant. Those come after remove's state = s + 1 and a store fence. So a reader that
 * copied even one word of a later occupant sees, after its load fence, a state of s + 1 or more, and refuses.
 * A local address that occupant s names is not written either before that: its number is given back by
 * remove, and another address written there after a store fence of its own.
 *   3. The state would have to wrap around (2^31 occupants of one slot) during one copy to fool step 2.
 * The reader retries nothing and the worker waits for nobody.
 *
 * A tolerated race: the worker writes into its objects with plain stores while a control thread copies them
 * with 8-byte atomic loads. On every machine this builds for, an aligned word of up to 8 bytes is stored and
 * loaded in one piece, and nothing here needs an order between the words of one object. What must be
 * consistent across words, the object's owner has to guard itself. The copy is made with ck_pr, which the
 * thread sanitizer does not see; state and key, where order matters, are plain to it.
 *
 * Usage:
 *     uint32_t i = ct_lookup(t, &k);
 *     if (i == CT_NONE && (i = ct_insert(t, &k)) == CT_NONE)
 *         return count(c, R_...);          // full
 *     struct conn *conn = ct_obj(t, i);    // zeroed when new
 */
#ifndef LACON_CONNTABLE_H
#define LACON_CONNTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/siphash.h"

#define CT_NONE    UINT32_MAX
#define CT_CAP_MAX (UINT32_C(1) << 30)

struct conntable;

/* Room for `cap` objects of `obj_size` bytes (zeroed when handed out), and as many of cold_size bytes (0:
 * none) that lie apart, all allocated here. NULL when memory is short (errno ENOMEM) or cap is
 * not 1..CT_CAP_MAX or cold_size not whole words of 32 bits (errno EINVAL). Objects are aligned to 64 bytes.
 * The memory is physically taken as the table fills, on the NUMA node of the thread that inserts. */
struct conntable *ct_create(uint32_t cap, size_t obj_size, size_t cold_size, const struct sip_key *key);

/* After the last reader is done with the table. NULL is legal. */
void ct_destroy(struct conntable *t);

/* Bytes of memory of a table of this size when it is full. */
size_t ct_bytes(uint32_t cap, size_t obj_size, size_t cold_size);

/* Index of the object with this key, or CT_NONE. Worker's thread. */
uint32_t ct_lookup(const struct conntable *t, const struct flow_key *k);

/* Looks up n <= CT_BULK keys at once: hash all, prefetch all, compare all. out[i] is what ct_lookup(t, k[i])
 * gives. Worker's thread. */
#define CT_BULK 32
void ct_lookup_bulk(const struct conntable *t, const struct flow_key *const k[], unsigned n, uint32_t out[]);

/* Takes a free object for k, which must not be present. CT_NONE when the table is full, or has keys with as
 * many local addresses as it may (4096) and k's is another: nothing present is disturbed. Worker's thread. */
uint32_t ct_insert(struct conntable *t, const struct flow_key *k);

/* Gives the slot back; idx must be in use. The object must not be written any more from here on (its bytes
 * may be read until the next insert). Worker's thread. */
void ct_remove(struct conntable *t, uint32_t idx);

/* Address is fixed for the table's life. idx < capacity. */
void *ct_obj(const struct conntable *t, uint32_t idx);
/* Its cold part, at the start of a word of 32 bits. */
void *ct_cold(const struct conntable *t, uint32_t idx);

/* The key of a slot in use; its remote address alone, at its place until the slot is given back; and whether
 * it is k. Worker's thread. */
struct flow_key ct_key(const struct conntable *t, uint32_t idx);
const struct ip_addr *ct_remote(const struct conntable *t, uint32_t idx);
bool ct_is(const struct conntable *t, uint32_t idx, const struct flow_key *k);

/* Changes whenever the slot is taken or given back: odd while in use. A pair (idx, ct_gen(idx)) names one
 * conn and goes stale with it. Worker's thread. */
uint32_t ct_gen(const struct conntable *t, uint32_t idx);

/* Slots in use. Any thread. */
uint32_t ct_count(const struct conntable *t);
uint32_t ct_capacity(const struct conntable *t);
/* Slots from here on were never in use. Worker's thread. */
uint32_t ct_used_end(const struct conntable *t);

/* The most keys that any one bucket has beyond its lanes: what an attack on the hash would make long. Looks
 * at every bucket. Worker's thread. */
uint32_t ct_longest(const struct conntable *t);

/* Control threads: copies slot idx's key, the first `n` bytes of its object (n <= obj_size) and, unless
 * `cold` is NULL, its cold part if the slot holds a conn and did so, with the same key, throughout the copy.
 * False otherwise (then *k, *obj and *cold hold nothing of use). Never blocks the worker. Words inside the
 * object that the worker changes meanwhile are each old or new (8-byte aligned words are never torn, nor are
 * those of 32 bits of the cold part). */
bool ct_peek(const struct conntable *t, uint32_t idx, struct flow_key *k, void *obj, size_t n, void *cold);

#endif
