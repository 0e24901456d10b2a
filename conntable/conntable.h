/* conntable: one worker's table from flow key to conn, over a fixed slab of objects.
 *
 * To be completed by its implementer: layout, reading protocol for control threads and the proof sketch. */
#ifndef LACON_CONNTABLE_H
#define LACON_CONNTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/siphash.h"

#define CT_NONE UINT32_MAX

struct conntable;

/* Room for `cap` objects of `obj_size` bytes (zeroed when handed out), all allocated here. NULL when memory
 * is short. */
struct conntable *ct_create(uint32_t cap, size_t obj_size, const struct sip_key *key);
void ct_destroy(struct conntable *t);

/* Index of the object with this key, or CT_NONE. Worker's thread. */
uint32_t ct_lookup(const struct conntable *t, const struct flow_key *k);

/* Looks up n <= CT_BULK keys at once: hash all, prefetch all, compare all. */
#define CT_BULK 32
void ct_lookup_bulk(const struct conntable *t, const struct flow_key *const k[], unsigned n, uint32_t out[]);

/* Takes a free object for k, which must not be present. CT_NONE when the table is full: nothing present is
 * disturbed. */
uint32_t ct_insert(struct conntable *t, const struct flow_key *k);
void ct_remove(struct conntable *t, uint32_t idx);

void *ct_obj(const struct conntable *t, uint32_t idx); /* address is fixed for the table's life */
const struct flow_key *ct_key(const struct conntable *t, uint32_t idx);
uint32_t ct_gen(const struct conntable *t,
                uint32_t idx); /* changes whenever the slot is given to another key */
uint32_t ct_count(const struct conntable *t);
uint32_t ct_capacity(const struct conntable *t);

/* Control threads: copies slot idx's key and the first `n` bytes of its object (n <= obj_size) if the slot
 * holds a conn and did so, with the same key, throughout the copy. False otherwise. Never blocks the worker.
 * Words inside the object that the worker changes meanwhile are each old or new (8-byte aligned words are
 * never torn). */
bool ct_peek(const struct conntable *t, uint32_t idx, struct flow_key *k, void *obj, size_t n);

#endif
