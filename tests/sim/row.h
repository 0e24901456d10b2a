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
 *     want_silence(c, 100);                  nothing for so many ms */
#ifndef SIM_ROW_H
#define SIM_ROW_H

#include "tests/sim/host.h"
#include "tests/sim/lacon.h"
#include "tests/sim/rows.h"
#include "tests/sim/topology.h"

#define ROW_PEERS     8
#define ROW_INBOX     512
#define ROW_ENDPOINTS (TOPO_CLUSTERS * TOPO_ENDPOINTS)

/* A received segment, with its bytes. */
struct seen {
    struct seg s;
    uint8_t frame[SEG_FRAME];
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
    struct seg got; /* the segment last matched */
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
    struct config *config;
    struct lacon lacon;
    struct host client_host, endpoint_host[ROW_ENDPOINTS];
    struct peer peer[ROW_PEERS];
    unsigned npeer;
    struct inbox unclaimed; /* SYNs at endpoints that no peer has taken */
    uint16_t next_port;
};

/* ---- setting the scene: before the first word; rows that need another configuration change s->config ----
 */
void start(struct script *s); /* starts lacon; called by the first client() otherwise */

void one_endpoint(struct script *s); /* in cluster 0: a second request meets the pooled conn */

struct peer *client(struct script *s);
void open_conn(struct peer *c);
struct peer *serve(struct script *s);
/* The SYN that lacon sends to an endpoint, not answered yet. */
struct peer *take_syn(struct script *s);
void accept_syn_of(struct peer *e);
void refuse_syn_of(struct peer *e);

/* A connected client whose request (head at least) an endpoint has, unanswered: returns the endpoint. */
struct peer *with_request(struct peer *c, const char *request);
/* One exchange is over and its endpoint conn is in the pool. */
struct peer *pooled(struct peer *c);

/* ---- sending ---- */
void say(struct peer *p, const char *text);
void say_n(struct peer *p, char c, uint32_t n);              /* n bytes of c, in segments of at most 1000 */
void say_at(struct peer *p, uint32_t seq, const char *text); /* anywhere; p->snd stays */
void flags(struct peer *p, uint8_t seg_flags, uint32_t seq, uint32_t ack); /* a bare segment */
void ack_all(struct peer *p);                                              /* a bare ack of p->rcv */
void fin(struct peer *p);
void rst(struct peer *p, uint32_t seq);

/* ---- expecting ---- */
void want(struct peer *p, const char *segment);
void want_eventually(struct peer *p, const char *segment);
void want_text(struct peer *p, const char *text);
void want_head(struct peer *p);              /* bytes up to and with the empty line */
void want_bytes(struct peer *p, uint32_t n); /* n bytes in order */
void want_silence(struct peer *p, unsigned ms);
void want_true(struct script *s, bool ok, const char *what);
void pass_time(struct script *s, unsigned ms);
void forget(struct peer *p); /* what has arrived unread */
void forget_unclaimed(struct script *s);

/* Request that routes to cluster 0, whole; and a response with a short body. */
#define GET0              "GET / HTTP/1.1\r\nHost: c0.example\r\n\r\n"
#define POST_HEAD(length) "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: " length "\r\n\r\n"
#define CHUNKED_HEAD      "POST / HTTP/1.1\r\nHost: c0.example\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK2               "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

#endif
