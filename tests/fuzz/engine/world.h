/* The little world of the engine's fuzz target: one engine, four clients, the conns of endpoints that it
 * opens, and the frames between them. One test program, one world: the variable `w`. Who does what:
 *
 *   world.c    begins, passes time, ends; what must hold of the engine as a whole
 *   send.c     what peers put on the wire, and what the checks are told of it
 *   answer.c   what comes from the engine: neighbours, SYNs, acks and responses that answer it
 *   sense.c    what endpoints and clients have received must make sense, and be what was judged
 *   ops.c      the operations of a script (ops.h), and a script from bytes
 *   mutate.c   scripts from scripts: libFuzzer's mutations, aware of records
 *   peer.c     one peer's TCP;  say.c  what peers say */
#ifndef LACON_TESTS_FUZZ_ENGINE_WORLD_H
#define LACON_TESTS_FUZZ_ENGINE_WORLD_H

#include <string.h>

#include "agent/http/http.h"
#include "agent/net/net.h"
#include "agent/worker/engine.h"
#include "config/config.h"
#include "tests/fuzz/engine/peer.h"
#include "tests/fuzz/engine/say.h"
#include "tests/fuzz/frames.h"
#include "tests/sim/oracle.h"

#define CLIENTS 4u
#define PEERS   20u /* from CLIENTS on: conns of endpoints */
#define LOGS    256u
#define POSTS   64u
#define LINE    200u  /* of a request line, as in the log */
#define OUT     1024u /* lacon's frames that wait to be looked at */
#define ROUNDS  64u   /* of answers and answers to them */
#define PAST    8u    /* frames kept to come a second time */
#define LATE    8u    /* frames that come later than they were sent */

struct bytes {
    uint32_t n;
    uint8_t b[SEG_FRAME];
};

struct logged {
    struct ip_port client;
    uint16_t n;
    uint8_t line[LINE];
};

/* A segment that is still under way. */
struct late {
    struct peer *from;
    unsigned life; /* of that peer, when it was sent */
    struct bytes b;
};

/* A POST that an endpoint has read the head of. */
struct posted {
    const struct peer *by;
    unsigned life;
    uint64_t at; /* where its head begins in that stream */
    uint16_t n;
    uint8_t line[LINE];
};

enum syn_policy {
    SYN_ACCEPT,
    SYN_REFUSE,
    SYN_IGNORE,
    SYN_BARE_ACK,
    SYN_POLICIES,
};

struct world {
    struct sim sim;
    struct oracle oracle;
    struct frame_box box;
    struct engine *engine;
    struct peer peer[PEERS];
    unsigned order[PEERS]; /* endpoints' conns, newest first */
    unsigned norder;
    struct frame *burst[ENGINE_BURST];
    unsigned nburst;
    bool hold;         /* frames gather to a burst */
    bool deaf;         /* neighbours do not answer */
    bool lied, loose;  /* see lie() and loosen() */
    bool stray;        /* a segment that no sane peer sends is under way: resets answer it */
    uint8_t policy;    /* enum syn_policy */
    uint8_t answers;   /* response that endpoints give of themselves, from 1; 0: none */
    unsigned lose;     /* so many of lacon's frames get lost */
    uint8_t sought[8]; /* ticks at which an endpoint's neighbour was not found yet, by address */
    unsigned defer;    /* so many segments of peers come late */
    unsigned serial;
    uint16_t next_port;
    bool raw;                       /* a peer has said bytes of its own: one request may be said twice */
    struct buf old_first, old_mark; /* what clients of four-tuples used again had said */
    uint32_t syn_ack;               /* sequence number of the last SYN-ACK */
    struct bytes syn;               /* the last client SYN, which the oracle hears of when it is answered */
    struct bytes past[PAST];
    unsigned npast;
    struct bytes out[OUT];
    unsigned nout;
    struct late late[LATE];
    unsigned nlate;
    struct logged log[LOGS], seen[LOGS];
    unsigned nlog, nseen;
    struct posted post[POSTS];
    unsigned npost;
    uint64_t logs;
};

extern struct world w;

/* ---- world.c ---- */
void world_begin(void);
void world_end(void);     /* everybody falls silent; then nothing may be left */
void world_restart(void); /* lacon crashes, and is there again with no memory of anybody */
void pass(uint64_t ns);
void check(void); /* the oracle has nothing to say */
/* From now on bytes that look like framing may be somebody's body, which is copied from any transmission: of
 * bytes that were lied about nothing can be said any more (S1). */
void loosen(void);
void tell_story(const char *whose, const uint8_t *p, uint32_t n);

/* ---- send.c ---- */
void feed(void);  /* the burst goes in */
void flush(void); /* and is answered */
void give(const uint8_t *p, uint32_t n);
void emit_syn(const struct seg *s);
void emit(struct peer *p, const struct seg *s);
void emit_ack(struct peer *p);
/* Bytes of the stream in order, from where it stands. False: there is nothing, or no window. */
bool emit_next(struct peer *p, uint32_t most, uint8_t flags, bool anyway);
void emit_fin(struct peer *p);
void emit_again(unsigned which); /* a frame of the past */
void emit_late(unsigned which);  /* one that was held up */
/* One byte of s becomes another than the stream has: one of framing, or of a word; `other` has room for all.
 */
void lie(uint8_t *other, struct seg *s, uint8_t arg);

/* ---- answer.c ---- */
void see(void *arg, const struct frame *f); /* lacon sends */
void settle(void);                          /* until nobody has anything to answer */

/* ---- sense.c ---- */
bool on_log(void *ctx, const struct access_record *r);
void note_heads(const struct peer *p); /* new heads have come to an endpoint */
void check_requests(const struct peer *p);
void check_streams(void);

#endif
