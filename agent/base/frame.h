/* frame: one Ethernet frame in memory that somebody else owns (an mbuf, a simulator's buffer), and the
 * operations by which plain-C code gets, sends and frees such frames without knowing what they are made of.
 *
 * Ownership: exactly one holder. frame_send() and frame_free() end it. A function that takes a frame says
 * whether it consumes it. Frames live on one worker's thread. */
#ifndef LACON_BASE_FRAME_H
#define LACON_BASE_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum frame_flag {
    /* Received: a device has verified the TCP checksum against the very field in this frame (IPv4's own is
     * the worker's to verify). Not to be set for segments that were coalesced (LRO, GRO): their field is that
     * of one part. */
    FRAME_L4_CSUM_OK = 1,
    /* Received: a device has found it wrong. Nobody drops a frame for that alone. */
    FRAME_L4_CSUM_BAD = 2,
    /* Received: a device has taken the VLAN tag out of the frame; its VID is in the bits from
     * FRAME_VLAN_SHIFT on. */
    FRAME_VLAN_STRIPPED = 4,
};
#define FRAME_VLAN_SHIFT 4u

static inline uint16_t frame_vlan(uint16_t vid)
{
    return (uint16_t)(FRAME_VLAN_STRIPPED | vid << FRAME_VLAN_SHIFT);
}

struct frame {
    uint8_t *data; /* first byte of the Ethernet header (or of the payload while headers are being pushed) */
    uint32_t len;  /* bytes at data */
    uint32_t headroom; /* writable bytes before data */
    uint32_t tailroom; /* writable bytes after data + len */
    uint16_t port;     /* interface index: where it came from, or where it is to go */
    uint16_t flags;    /* enum frame_flag, VID */
    void *owner;       /* the I/O layer's own */
};

/* What the I/O layer provides. `alloc` returns an empty frame (len 0) with FRAME_HEADROOM bytes of headroom
 * and at least FRAME_ROOM bytes of tailroom, or NULL when there is none (the caller counts it and goes on).
 */
struct frame_ops {
    struct frame *(*alloc)(void *ctx);
    void (*send)(void *ctx, struct frame *f);
    void (*free)(void *ctx, struct frame *f);
    void *ctx;
};

#define FRAME_HEADROOM 128u
#define FRAME_ROOM     1600u /* without jumbo frames; the interface's MTU bounds what is built */

static inline struct frame *frame_alloc(const struct frame_ops *o)
{
    return o->alloc(o->ctx);
}

static inline void frame_send(const struct frame_ops *o, struct frame *f)
{
    o->send(o->ctx, f);
}

static inline void frame_free(const struct frame_ops *o, struct frame *f)
{
    o->free(o->ctx, f);
}

/* Makes f, whatever is in it, an empty frame as `alloc` returns one. False: it is too small for that. */
static inline bool frame_empty(struct frame *f)
{
    uint32_t bytes = f->headroom + f->len + f->tailroom;
    if (bytes < FRAME_HEADROOM + FRAME_ROOM)
        return false;
    f->data += (int32_t)(FRAME_HEADROOM - f->headroom);
    f->len = 0;
    f->headroom = FRAME_HEADROOM;
    f->tailroom = bytes - FRAME_HEADROOM;
    f->port = f->flags = 0;
    return true;
}

/* Drops n bytes from the front; n <= len. */
static inline void frame_pull(struct frame *f, uint32_t n)
{
    f->data += n;
    f->len -= n;
    f->headroom += n;
}

/* Makes room for n bytes at the front and returns them; n <= headroom. */
static inline uint8_t *frame_push(struct frame *f, uint32_t n)
{
    f->data -= n;
    f->len += n;
    f->headroom -= n;
    return f->data;
}

/* Cuts the frame to n bytes; n <= len. */
static inline void frame_trim(struct frame *f, uint32_t n)
{
    f->tailroom += f->len - n;
    f->len = n;
}

/* Appends n bytes and returns where they go; n <= tailroom. */
static inline uint8_t *frame_put(struct frame *f, uint32_t n)
{
    uint8_t *p = f->data + f->len;
    f->len += n;
    f->tailroom -= n;
    return p;
}

#endif
