/* row: the words of packet scripts. A row drives raw peers (hosts without a TCP of their own) against lacon,
 * one segment at a time; sequence and ack numbers are relative: 0 is the SYN, 1 the first byte. Every word
 * fails the row with a message when it does not get what it wants, and then all following words do nothing.
 *
 *     struct peer *c = client(s);            a client peer, not yet connected
 *     open_conn(c);                          SYN, SYN-ACK, ACK
 *     say(c, "GET / HTTP/1.1\r\n...");       in-order bytes, one segment
 *     struct peer *e = serve(s);             waits for lacon's SYN at any endpoint and accepts it
 *     want_text(e, "GET / HTTP/1.1\r\n");    in-order bytes begin with this text (acked as they come)
 *     want(c, "A ack=5");                    the next segment: flags exactly (but P), then seq, ack, len, win
 *     want_eventually(c, "R");               the same, passing over others
 *     want_silence(c, 100);                  nothing for so many ms
 *     answer(e, c);                          a short response of e's, which c gets
 *
 * The seed decides the families: 1: IPv4 on both sides, 2: IPv6, 3: IPv4 clients and IPv6 endpoints, 4: the
 * reverse, and again. Each row runs with these four. */
#ifndef SIM_ROW_H
#define SIM_ROW_H

#include "tests/sim/host.h"
#include "tests/sim/lacon.h"
#include "tests/sim/rows.h"
#include "tests/sim/topology.h"

#define ROW_PEERS     48
#define ROW_INBOX     1024
#define ROW_ENDPOINTS (TOPO_CLUSTERS * TOPO_ENDPOINTS)

/* A received segment, with its packet (layer 3 on), and when it came. */
struct seen {
    struct seg s;
    uint64_t at;
    uint8_t packet[SEG_FRAME];
};

struct inbox {
    struct seen *m[ROW_INBOX];
    unsigned n;
};

/* One TCP endpoint played by hand. A row may change the fields before `from here` at any time. */
struct peer {
    uint16_t wnd;  /* field of what it sends next */
    bool auto_ack; /* acks in-order bytes as want_text() takes them; default */
    uint16_t mss;  /* options of its SYN or SYN-ACK */
    int8_t wscale;
    bool sack, timestamps;
    uint8_t extra_flags; /* set on data segments, e.g. SEG_URG */
    uint32_t snd, rcv;   /* relative: next to send, next expected */
    uint32_t iss, irs;
    struct seg got;  /* the segment last matched */
    uint64_t got_at; /* when it came, ns */
    /* Changes what it sends next: frame has n bytes from the Ethernet header on (MACs not filled in), room
     * for SEG_FRAME; returns how many there are now. Used once. */
    uint32_t (*mangle)(uint8_t *frame, uint32_t n);
    /* from here on the DSL's own */
    struct script *sc;
    struct host *host;
    struct ip_addr remote, local;
    uint16_t lport, rport;
    struct inbox in;
    struct seen *last;
};

struct script {
    struct sim sim;
    struct lan lan[2];
    struct config *config, *next_config; /* next_config: after a reload */
    struct lacon lacon;
    struct host client_host, endpoint_host[ROW_ENDPOINTS];
    struct peer peer[ROW_PEERS];
    unsigned npeer;
    struct inbox unclaimed; /* SYNs at endpoints that no peer has taken */
    struct inbox errors;    /* ICMP errors that hosts got */
    struct host model;      /* rows/model.c: a host with the model's TCP */
    struct tcb *model_tcb;  /* what it has accepted */
    uint16_t next_port;
    bool client_v6; /* family of the next client() */
    bool silent;    /* the row is over: nobody says anything more */
};

/* ---- setting the scene: before the first word; rows that need another configuration change s->config ----
 */
void start(struct script *s); /* starts lacon; called by the first client() otherwise */

/* IPv6 or IPv4 whatever the seed says. */
void families(struct script *s, bool client_v6, bool endpoint_v6);
void one_endpoint(struct script *s); /* in cluster 0: a second request meets the pooled conn */
void one_port(struct script *s);     /* one local port toward each endpoint */
/* The interface of side 0 (clients) or 1 (endpoints), and the hosts there, on a VLAN. */
void vlan(struct script *s, unsigned side, uint16_t id);
/* lacon has two workers. */
void two_workers(struct script *s);
/* lacon crashes and is there again, knowing nothing. */
void restart(struct script *s);

struct peer *client(struct script *s);
void open_conn(struct peer *c);
void open_slowly(struct peer *c, unsigned ms); /* its ACK of the SYN-ACK comes so much later */
struct peer *serve(struct script *s);
/* The SYN that lacon sends to an endpoint, not answered yet. */
struct peer *take_syn(struct script *s);
void accept_syn_of(struct peer *e);
void refuse_syn_of(struct peer *e);

/* The endpoint that lacon asks next, with the request's head read. */
struct peer *take_request(struct script *s);
/* c connects, and asks. */
void ask(struct peer *c, const char *request);
/* e's answer, a short one, reaches c whole. */
void answer(struct peer *e, struct peer *c);
/* e begins a response that is not adopted (LARGE0); c gets its head. */
void begin_large(struct peer *e, struct peer *c);
/* The endpoint that c's next request reaches on a connection of its own, and that answers at once. */
struct host *answered_by(struct peer *c, const char *request);
/* A connected client whose request (head at least) an endpoint has, unanswered: returns the endpoint. */
struct peer *with_request(struct peer *c, const char *request);
/* The same, and the endpoint, which has acked the request, dies without a byte of a response. */
struct peer *dies(struct peer *c, const char *request);
/* One exchange is over and its endpoint conn is in the pool. */
struct peer *pooled(struct peer *c);

/* ---- with two workers (rows/workers.c) ---- */
/* What is sent from now on reaches this worker's queue, whoever has its flow. */
void arrives_at(struct script *s, unsigned worker);
/* What the rings between workers do from now on. */
void rings(struct script *s, enum lacon_ring how);
/* The worker that has p's connection. */
unsigned owner(struct peer *p);

/* ---- sending ---- */
void say(struct peer *p, const char *text);
void say_n(struct peer *p, char c, uint32_t n);              /* n bytes of c, in segments of at most 1000 */
void say_one(struct peer *p, char c, uint32_t n);            /* the same in one segment */
void say_at(struct peer *p, uint32_t seq, const char *text); /* anywhere; p->snd stays */
void say_bytes_at(struct peer *p, uint32_t seq, const void *bytes, uint32_t n);
/* n bytes of c at seq, in segments of at most 1000; p->snd stays. */
void say_n_at(struct peer *p, uint32_t seq, char c, uint32_t n);
void flags(struct peer *p, uint8_t seg_flags, uint32_t seq, uint32_t ack); /* a bare segment */
void ack_all(struct peer *p);                                              /* a bare ack of p->rcv */
void fin(struct peer *p);
void rst(struct peer *p, uint32_t seq);
/* A segment with all that may be in one; text NULL: none. */
void say_flags(struct peer *p, uint8_t seg_flags, uint32_t seq, uint32_t ack, const char *text);
/* An ack of `ack` with one SACK block, all relative to the first byte of the peer's stream. */
void sack(struct peer *p, uint32_t ack, uint32_t lo, uint32_t hi);
void sacks(struct peer *p, uint32_t ack, unsigned n, const uint32_t (*block)[2]); /* at most 4 */

/* ---- ICMP (row_icmp.c) ---- */
/* An ICMP (or ICMPv6) error from p's host that quotes the segment p got last; rest: bytes 4 to 7. */
void icmp(struct peer *p, uint8_t type, uint8_t code, uint32_t rest);
void unreachable(struct peer *p, uint8_t code); /* destination unreachable in p's family */
/* A router near p tells lacon that the segment it sent p at `seq` (relative) was too big; the quote ends
 * after 8 bytes of TCP. */
void icmp_too_big(struct peer *p, uint32_t seq, uint16_t mtu);
/* lacon tells p that p's segment at `seq` was too big. */
void want_too_big(struct peer *p, uint32_t seq, uint16_t mtu);
void want_no_error(struct script *s, unsigned ms); /* no ICMP error reaches anybody */

/* ---- expecting ---- */
void want(struct peer *p, const char *segment);
void want_eventually(struct peer *p, const char *segment);
void want_text(struct peer *p, const char *text);
/* A reply of lacon's own, in one segment: its head as far as the Date, the time of day, and what is behind
 * that. */
void want_reply(struct peer *p, const char *head, const char *rest);
void want_head(struct peer *p);              /* bytes up to and with the empty line */
void want_bytes(struct peer *p, uint32_t n); /* n bytes in order */
void want_fin(struct peer *p); /* the segment got last carries lacon's FIN, or one behind it does */
/* The segment got last has one SACK block, of these bytes of the peer's stream. */
void want_sack(struct peer *p, uint32_t lo, uint32_t hi);
void want_silence(struct peer *p, unsigned ms);
void want_true(struct script *s, bool ok, const char *what);
/* A counter or reason has exactly this value; the names are laconctl's. */
void want_counter(struct script *s, const char *name, uint64_t value);
uint64_t counter_of(struct script *s, const char *name);
/* c's last segment came lo to hi ms after the time `since` (ns). */
void want_delay(struct peer *p, uint64_t since, unsigned lo_ms, unsigned hi_ms);
void pass_time(struct script *s, unsigned ms);
void forget(struct peer *p); /* what has arrived unread */
void lose(struct peer *p);   /* what has arrived unread never did */
void forget_unclaimed(struct script *s);

/* ---- sequence numbers: each stream can be made to pass 2^32 ----
 * What a peer sends: set iss before its first segment. What lacon sends: its ISN runs with the clock. */
#define WRAP_AFTER(n) (0u - 1u - (n)) /* an ISN from which n bytes fit before the wrap */
/* To client c, not connected yet: passes time until the SYN-ACK has ISN WRAP_AFTER(n), then connects. */
void open_wrapping(struct peer *c, uint32_t n);
/* To the only endpoint (one_endpoint() and one_port()): a client connects and says `request`; the endpoint's
 * SYN is there, with ISN WRAP_AFTER(n), unanswered. */
struct peer *syn_wrapping(struct script *s, struct peer **c, const char *request, uint32_t n);

/* The oldest, to be freed; NULL when there is none. */
struct seen *inbox_take(struct inbox *in);

/* Request that routes to cluster 0, whole; and a response with a short body. */
#define GET0              "GET / HTTP/1.1\r\nHost: c0.example\r\n\r\n"
#define POST_HEAD(length) "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: " length "\r\n\r\n"
/* A response that is not adopted. */
#define LARGE0       "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
#define CHUNKED_OK   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CHUNKED_HEAD "POST / HTTP/1.1\r\nHost: c0.example\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK2          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

#endif
