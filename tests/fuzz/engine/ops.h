/* The operations of a script for the engine's fuzz target. A record is OP_BYTES bytes: operation, peer, six
 * arguments; OP_RAW alone has a tail. The numbers are those of the kept inputs: append, do not renumber. */
#ifndef LACON_TESTS_FUZZ_ENGINE_OPS_H
#define LACON_TESTS_FUZZ_ENGINE_OPS_H

#include <stddef.h>
#include <stdint.h>

#define OP_BYTES 8u

enum op {
    OP_CONNECT, /* a client, with options and windows by its arguments */
    OP_SAY,     /* one message more in the peer's stream */
    OP_RAW,     /* any bytes in the peer's stream: arg[0] of them follow the record */
    OP_FLOW,    /* the stream goes out in order */
    OP_RESEND,  /* bytes that were sent, cut as the arguments say */
    OP_SEGMENT, /* a segment that may be wrong in every number, and lie */
    OP_ACK,     /* acks, duplicate ones, windows, probes */
    OP_FIN,
    OP_RESET,
    OP_TIME,
    OP_MODE, /* what endpoints answer, deafness, drain, link, frames that are refused or lost */
    OP_ICMP,
    OP_BURST, /* segments gather, or go */
    OP_AGAIN, /* a frame of the past a second time */
    OP_FLOOD,
    OP_USUAL,   /* a request, and all of it goes out */
    OP_SHUFFLE, /* the next bytes in pieces out of order, repeated, with lies */
    OP_DEFER,   /* the next segments are held up */
    OP_ARRIVE,  /* one of them comes */
    OP_RESTART, /* lacon crashes */
    OPS,
};

/* How many of the n bytes behind record r belong to it. */
size_t op_tail(const uint8_t *r, size_t n);
/* Carries out the record at r, of which n >= OP_BYTES bytes are there; returns how many it was. */
size_t op_run(const uint8_t *r, size_t n);

#endif
