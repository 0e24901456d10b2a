/* splice: the TCP side of lacon. It joins a client's connection to an endpoint's by rewriting headers, keeps
 * the bytes that were judged, repairs what it owns, and opens and closes connections. It knows nothing of
 * HTTP: what bytes mean is asked of its user (the exchange layer) through struct splice_user.
 *
 * One struct splice per worker; every function here is called by that worker's thread. Callbacks may call any
 * function of this header; conns they end stay readable until splice_reap(). */
#ifndef LACON_SPLICE_SPLICE_H
#define LACON_SPLICE_SPLICE_H

#include "agent/base/counters.h"
#include "agent/base/flow_rule.h"
#include "agent/base/frame.h"
#include "agent/base/kbuf.h"
#include "agent/base/memory.h"
#include "agent/base/siphash.h"
#include "agent/net/net.h"
#include "agent/net/ports.h"
#include "agent/splice/conn.h"
#include "agent/splice/flow_policy.h"
#include "agent/wire/wire.h"
#include "conntable/conntable.h"

struct splice;

#define SPLICE_MAX_EXTENTS 64u /* per out-stream: what is mapped beyond fails with -ENOMEM */

#ifdef LACON_SWITCHES
/* For tests: segments of the steady state go the general way, too (steady.c), which must come to the same.
 * Set before anything runs. A release has no such switch. */
extern bool splice_steady_off;
#else
#define splice_steady_off false
#endif

/* How clients of one local address are served. */
struct splice_listener {
    uint32_t index;    /* becomes c->user_index */
    uint32_t w0;       /* bytes to hold beyond a message, at most KBUF_MAX */
    uint64_t max_rate; /* as splice_user's */
    bool full;         /* this client has as many as it may; those who are trusted are not asked */
    bool denied;       /* not this client: no answer, as if nobody were here */
};

struct splice_user {
    /* May a client (k->remote) be accepted on this local address? Fills *l. Called per SYN. */
    bool (*listens)(void *u, const struct flow_key *k, struct splice_listener *l);
    /* A handshake is complete: is there to be a conn, on listener `index`? Asked once for each. */
    bool (*admits)(void *u, const struct flow_key *k, uint32_t index);
    void (*accepted)(void *u, struct conn *c);
    /* In-order bytes at c->in_mapped. The user maps what it understands (splice_map_*, splice_skip: they move
     * in_mapped) or nothing, to wait for more or for later. `held`: the bytes come from the hold, so what is
     * mapped must be kept; otherwise they stand in a frame, and bytes mapped as copy or as EXT_IDENTITY go
     * out with it. */
    void (*judge)(void *u, struct conn *c, struct span bytes, bool held);
    void (*progress)(void *u, struct conn *c); /* c->out_una moved */
    void (*connected)(void *u, struct conn *e);
    /* Every byte before the peer's FIN is judged, or never can be. The user answers with splice_take_fin() or
     * by ending the conn. */
    void (*fin)(void *u, struct conn *c);
    void (*timeout)(void *u, struct conn *c); /* the phase timer */
    void (*look)(void *u, struct conn *c);    /* the look timer */
    /* Bytes a second that client c has to take while it is waited for; 0: any. Asked when its response comes
     * to be watched for a flow engine, behind which nobody can tell. */
    uint64_t (*least_rate)(void *u, const struct conn *c);
    /* Bytes a second that an endpoint may be made to send to client c; 0: any. Asked again when a response
     * has become long. */
    uint64_t (*max_rate)(void *u, const struct conn *c);
    void (*ended)(void *u, struct conn *c, enum reason why); /* c is dead; peer and user are still set */
};

/* A network; bits are counted in the 16-byte form. */
struct splice_network {
    struct ip_addr addr;
    uint8_t bits;
};

/* What one client address may have. */
struct splice_shares {
    uint32_t conns;                       /* 0: no limit */
    uint64_t bytes;                       /* likewise, of kept bytes */
    const struct splice_network *trusted; /* whom these do not bind; borrowed */
    uint32_t ntrusted;
};

struct splice_params {
    uint32_t connections; /* table capacity */
    uint64_t buffers;     /* kept bytes */
    uint32_t syn_ring;
    struct splice_shares shares;
    uint16_t port_lo, port_hi;
    unsigned worker, nworkers;
    /* Whether what an endpoint sends to this four-tuple (remote: the endpoint) comes to this worker; the same
     * answer at any time. At most most_ports of [port_lo, port_hi] do, toward any endpoint. NULL: it is read
     * off the local port (port_owner()). */
    bool (*mine)(const void *ctx, const struct flow_key *k);
    const void *mine_ctx;
    uint32_t most_ports;
    uint8_t secret[32];
    struct frame_ops ops;
    struct net *net;
    struct counters *counters;
    const struct splice_user *user;
    void *user_ctx;
    const struct flow_ops *flow; /* an engine for large responses, or NULL; copied */
    struct flow_taste flow_taste;
    uint64_t now_ns;
};

struct splice *splice_create(const struct splice_params *p);
void splice_destroy(struct splice *s);
/* Other shares, for what is opened and kept from now on. */
void splice_share(struct splice *s, const struct splice_shares *sh);

/* Time of the present burst or tick; set by these. */
uint64_t splice_now(const struct splice *s);
void splice_set_now(struct splice *s, uint64_t now_ns);

/* Brings the conns of a burst (what the table said, CT_NONE among it) toward the cache. */
void splice_prefetch(const struct splice *s, const uint32_t idx[], unsigned n);
/* The first of n TCP segments addressed to us, of one flow and of one device, that came one after the other;
 * and what of the others goes the way of the first. `idx` is what the table said of the flow (CT_NONE:
 * nothing). Consumes their frames; returns how many they are, at least one. */
unsigned splice_input(struct splice *s, struct frame *const f[], const struct pkt p[], unsigned n,
                      uint32_t idx);
/* An ICMP error that quotes a segment of ours. */
void splice_unreachable(struct splice *s, const struct net_unreach *u);
/* What the flow engine has to say. */
void splice_flow_answers(struct splice *s, const struct flow_answer a[], unsigned n);
void splice_tick(struct splice *s);
uint64_t splice_next_ns(const struct splice *s);
/* Gives dead conns' slots back; at the end of each burst and tick. */
void splice_reap(struct splice *s);
void splice_drain(struct splice *s); /* refuse new clients from now on, close idle endpoint conns */
/* The four-tuple of c, until c's slot is given back, and its peer's address alone, in its place. */
struct flow_key splice_key(const struct splice *s, const struct conn *c);
/* What control threads read of it; and its slot. */
struct conn_cold *splice_cold(const struct splice *s, const struct conn *c);
uint32_t splice_index(const struct splice *s, const struct conn *c);
const struct ip_addr *splice_remote_addr(const struct splice *s, const struct conn *c);
struct conntable *splice_table(const struct splice *s);
struct kbuf_pool *splice_pool(const struct splice *s);
struct counters *splice_counters(const struct splice *s);
/* Local ports in use, toward all endpoints. */
uint32_t splice_ports_taken(const struct splice *s);
/* What was dropped of c though it had been offered room, and has not come again and found it, or has, and c's
 * TCP may not know yet; NULL: nothing. Good until c's next segment or timer. */
const struct refusal *splice_refusal(struct splice *s, struct conn *c);
/* Is there such a thing, so that the silence of c, for now, is not the client's, but its TCP's timer? */
bool splice_backs_off(struct splice *s, struct conn *c);
/* From now on c is waited for: its time to send again what was dropped, if anything was, begins anew. */
void splice_refusal_renew(struct splice *s, struct conn *c);
/* The hold of c may have w0 bytes from now on, when that is more than before: less would take back a window
 * that c may have been shown. */
void splice_hold_more(struct conn *c, uint32_t w0);
/* Calls fn for each open client conn. */
void splice_each_client(struct splice *s, void (*fn)(void *arg, struct conn *c), void *arg);

/* The exchange of c has moved just now; and when it last did, rounded up to a millisecond. */
void splice_touch(const struct splice *s, struct conn *c);
uint64_t splice_progress_ns(const struct splice *s, const struct conn *c);

/* ---- memory ---- */

/* How near its bounds the worker's memory is, and what follows from it: each step includes those before. */
enum splice_load {
    LOAD_FINE,
    LOAD_NO_NEW,    /* new clients are refused */
    LOAD_SHED_IDLE, /* clients without a request are closed */
    LOAD_REFUSE,    /* new requests are answered 503 */
};
enum splice_load splice_load(const struct splice *s);
/* Closes clients without a request while that is needed; at the end of each burst and tick. */
void splice_relieve(struct splice *s);
/* An open client conn has no request from now on; or it has one (also: it is no candidate). */
void splice_waiting(struct splice *s, struct conn *c);
void splice_busy(struct splice *s, struct conn *c);
/* Has the client of c (a client conn) as many kept bytes as one may have? */
bool splice_client_full(const struct splice *s, const struct conn *c);
/* May n more extents be mapped to dst? When extents run short, a conn that has many gets no more; what has
 * been begun may still be finished: the mapping functions themselves fail at the hard bounds alone. */
bool splice_room(const struct splice *s, const struct conn *dst, unsigned n);
/* Side blocks in use (conn.h), and bytes of each. */
uint32_t splice_side_blocks(const struct splice *s, size_t *each);
/* Extents in use in the slab, which is without those that lie in their conns. */
size_t splice_extents(const struct splice *s);
/* How many extents a conn may have now. */
unsigned splice_extent_limit(const struct splice *s);
/* What stands at c->in_mapped found no memory. If the bytes are held, they are judged again soon. */
void splice_wait_room(struct splice *s, struct conn *c);
const struct clients *splice_clients(const struct splice *s);
/* Adds what it takes at most. */
void splice_memory(const struct splice *s, struct memory_list *l);

/* ---- mapping: exchange says what the bytes at src->in_mapped become ---- */

/* Takes a buffer from the pool of kept bytes, for dst's out-stream; NULL when the pool is empty, or dst's
 * share of it is. */
uint8_t *splice_buf(struct splice *s, const struct conn *dst, size_t n, uint32_t *cap);

/* src's next m bytes become the n bytes in buf (taken over) at the end of dst's out-stream. src NULL: bytes
 * of our own, m == 0. Flags: EXT_OWNED, EXT_IDENTITY (n == m; already in the frame being forwarded when
 * `sent`), EXT_RETAIN. Without EXT_OWNED and EXT_IDENTITY, buf holds the m source bytes after the n (cap >= n
 * + m). 0, or -ENOMEM: buf is freed, nothing has changed. */
int splice_map_kept(struct splice *s, struct conn *src, struct conn *dst, uint64_t m, uint8_t *buf,
                    uint32_t cap, uint32_t n, uint8_t flags, bool sent);
/* src's next n bytes pass through to dst. Merges with the extent before where it can. */
int splice_map_copy(struct splice *s, struct conn *src, struct conn *dst, uint64_t n);
/* Appends owned bytes taken from src to dst's last kept extent, when that has room (adoption). False: no
 * room. */
bool splice_append_owned(struct splice *s, struct conn *src, struct conn *dst, struct span bytes);
/* src's next n bytes are acked and thrown away. */
void splice_skip(struct splice *s, struct conn *src, uint64_t n);
/* The contiguous bytes that are held at in_mapped; gone when they are mapped. */
struct span splice_held(const struct conn *c);

/* Sends kept bytes and a queued FIN as far as window and flight limit allow, and acks that are owed: at once,
 * or, while a segment is being handled, when that is done. A conn that is reset before sends nothing of it.
 */
void splice_push(struct splice *s, struct conn *c);
/* Asks the peer for an acknowledgement, by a segment before its window: the last one may have been lost. */
void splice_solicit(struct splice *s, struct conn *c);
/* Judges what is held, again: the reason to wait is gone. */
void splice_rejudge(struct splice *s, struct conn *c);
/* The same outside of any segment's or timer's handling; what is mapped goes out. */
void splice_wake(struct splice *s, struct conn *c);

void splice_join(struct conn *c, struct conn *e);
/* Takes the joined conns apart. What either out-stream still keeps becomes ours to repair; copy extents must
 * be acked, else they are cut off and the conn can only be reset. */
void splice_part(struct splice *s, struct conn *c);

/* Bytes of c that nobody will want any more: forget their mapping; in_mapped goes back to what is acked, and
 * everything from there is thrown away as it comes (rule S10). */
void splice_sink(struct splice *s, struct conn *c);

/* Clears EXT_RETAIN on c's extents and releases those that are acked. */
void splice_release(struct splice *s, struct conn *c);
/* True when every byte mapped to e from its client is still kept or unacked to the client (rule S7). What
 * stands before out_msg is not the client's. */
bool splice_can_move(const struct conn *e);
/* Moves e's out-stream from out_msg on to the end of `to`'s, to be sent again; the client is joined to `to`.
 */
void splice_move(struct splice *s, struct conn *e, struct conn *to);

/* ---- closing ---- */

/* Our FIN after out_end. An orderly close counts as `why` (R_CLOSE_NORMAL when there is nothing special). */
void splice_fin(struct splice *s, struct conn *c, enum reason why);
/* In FIN-WAIT-2: the peer's FIN is not waited for any longer. c ends for its user; what the peer may still
 * say is answered as TIME_WAIT does: acks with nothing, its FIN with an ack; more bytes with a reset. */
void splice_forget(struct splice *s, struct conn *c, enum reason why);
void splice_take_fin(struct splice *s, struct conn *c);               /* the peer's FIN is acked by us */
void splice_reset(struct splice *s, struct conn *c, enum reason why); /* RST, then the conn ends */
/* Ends the conn without a segment. */
void conn_end(struct splice *s, struct conn *c, enum reason why);

void splice_set_timer(struct splice *s, struct conn *c, uint64_t deadline_ns); /* phase timer; 0: off */
void splice_set_look(struct splice *s, struct conn *c,
                     uint64_t deadline_ns); /* look timer of a client; 0: off */

/* ---- endpoints ---- */

/* One endpoint address: local ports, next hop, idle conns. The same address gives the same object, NULL when
 * memory is short. Each get is followed by a put; after the last one its idle conns are closed, and it is
 * freed when its last conn is gone. */
struct splice_remote *splice_remote_get(struct splice *s, const struct ip_port *at);
void splice_remote_put(struct splice *s, struct splice_remote *r);
/* Closes its idle conns. */
void splice_remote_close_idle(struct splice *s, struct splice_remote *r);
/* Starts resolving its next hop. */
void splice_remote_warm(struct splice *s, struct splice_remote *r);

/* An idle pooled conn for a client of c's kind, out of the pool, or NULL: the one that c used last, else one
 * whose last client was as far away (rule S9). `reserved`: only one that is kept for c. */
struct conn *splice_pool_take(struct splice *s, struct splice_remote *r, struct conn *c, bool reserved);
/* Puts an open, unjoined conn into the pool, unless there are `max` already (false). `reserved`: for its last
 * client alone; it is closed when that ends, or is connected to another one. */
bool splice_pool_put(struct splice *s, struct conn *e, uint32_t max, bool reserved);
void splice_pool_remove(struct splice *s, struct conn *e);
/* How many idle conns there are; and resets one of them (false: there is none). */
uint32_t splice_pool_count(const struct splice_remote *r);
bool splice_pool_close_one(struct splice *s, struct splice_remote *r);
/* Begins a handshake for client c (NULL: for ourselves), with its SYN after delay_ns; kept bytes may be
 * mapped to it at once. NULL with *why when it can't (no port, no route, table full). */
struct conn *splice_connect(struct splice *s, struct splice_remote *r, struct conn *c, uint64_t delay_ns,
                            enum reason *why);

#endif
