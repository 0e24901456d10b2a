/* tcb: a model TCP connection that behaves as Linux does where a middlebox can notice: window scaling, SACK
 * with D-SACK, delayed acks, Nagle, fast retransmit and recovery, timeouts with backoff, zero-window probes,
 * slow start, half-close and simultaneous close, TIME_WAIT, RFC 5961. It shares no code with agent/.
 *
 * Positions in streams are 64 bits: 0 is the SYN, 1 the first byte. A tcb is owned by its host and stays
 * readable until the world ends, so an application may look at it after its end. Callbacks may call back. */
#ifndef SIM_TCB_H
#define SIM_TCB_H

#include "agent/base/addr.h"
#include "tests/sim/sim.h"

struct host;
struct seg;

struct tcb_cfg {
    uint16_t mss;     /* advertised, and the most we send */
    uint32_t rcvbuf;  /* bytes of receive window */
    int8_t wscale;    /* -1: not offered */
    bool sack, dsack; /* D-SACK blocks (RFC 2883) only with sack */
    bool timestamps;  /* offered in SYNs; never used, since lacon must not take them */
    bool ecn;         /* offered in SYNs */
    bool nagle;
    bool
        mtu_probing; /* after three timeouts in a row segments get smaller (tcp_mtu_probing=1: black holes) */
    bool probe_byte; /* zero-window probes carry a byte of new data (BSD) instead of none at una-1 (Linux) */
    bool round_up;   /* a scaled window is rounded up so that its edge never retreats (Linux), or down */
    uint64_t delack_ns;    /* 0: every segment is acked at once */
    uint64_t keepalive_ns; /* 0: none */
    uint16_t split;        /* permille of data segments cut short at random */
    uint16_t most;         /* bytes in a segment, at most; 0: as many as fit */
    uint16_t overlap;      /* permille of new segments that begin with bytes which were sent before */
    unsigned syn_retries, retries;
    uint64_t time_wait_ns;
};

enum tcb_state {
    TCB_CLOSED,
    TCB_SYN_SENT,
    TCB_SYN_RCVD,
    TCB_ESTABLISHED,
    TCB_FIN_WAIT1,
    TCB_FIN_WAIT2,
    TCB_CLOSE_WAIT,
    TCB_CLOSING,
    TCB_LAST_ACK,
    TCB_TIME_WAIT,
};

enum tcb_event {
    TCB_EV_CONNECTED,
    TCB_EV_READABLE,
    TCB_EV_EOF,   /* the peer's FIN, after all its bytes */
    TCB_EV_ACKED, /* something of ours was acknowledged */
    TCB_EV_ENDED, /* see tcb.end; the last event */
};

enum tcb_end {
    TCB_OPEN,
    TCB_END_CLOSED, /* both sides finished */
    TCB_END_REFUSED,
    TCB_END_RESET,
    TCB_END_TIMEOUT,
    TCB_END_ABORTED, /* by us */
};

/* A segment in flight. */
struct tcb_sent {
    uint64_t lo, hi; /* hi counts the FIN */
    uint64_t at;     /* when it was last sent */
    bool fin, sacked, lost, retrans;
};

#define TCB_MAX_OOO 32
struct tcb_block {
    uint64_t lo, hi, stamp;
};

struct tcb {
    struct host *host;
    struct sim *sim;
    struct tcb *next;
    struct tcb_cfg cfg;
    struct ip_addr local, remote;
    uint16_t lport, rport;
    enum tcb_state state;
    enum tcb_end end;
    bool accepted; /* came from a listener */
    bool vanished;
    void (*event)(void *arg, struct tcb *c, enum tcb_event ev);
    void *arg;

    /* what we send */
    uint32_t iss;
    uint64_t una, nxt; /* nxt: first position never sent */
    uint64_t wnd, max_wnd, wl_seq;
    uint8_t snd_scale;
    bool sack_ok;
    uint16_t smss;
    uint8_t *sb; /* sb_gone bytes that are acked, then those from sb_pos on */
    size_t sb_gone, sb_len, sb_cap;
    uint64_t sb_pos;
    bool fin_queued;
    struct tcb_sent *sent;
    size_t nsent, sent_cap;
    uint64_t cwnd, ssthresh, recover;
    bool recovery;
    unsigned dupacks, silent; /* silent: timeouts in a row without any answer */
    uint64_t srtt, rttvar, rto;
    unsigned backoff;
    bool probed; /* a window probe carried the byte at nxt */
    struct sim_timer t_rto, t_persist, t_delack, t_wait;

    /* what we receive */
    uint32_t irs;
    uint64_t rcv_nxt, rcv_adv, rd; /* adv: right edge promised; rd: next position the application reads */
    uint8_t rcv_scale;
    uint8_t *rb;
    size_t rb_cap;
    struct tcb_block ooo[TCB_MAX_OOO];
    unsigned nooo;
    struct tcb_block dup; /* to report as D-SACK; empty: none */
    uint64_t fin_pos;     /* 0: none seen */
    bool eof_told;
    uint64_t unacked;     /* bytes since our last ack */
    unsigned quick;       /* acks still sent at once at the start */
    unsigned keep_probes; /* keep-alives without an answer */
    uint64_t sent_at;     /* when data went out last */
    uint64_t oow_at;      /* last answer to a segment outside the window */
    bool discard;         /* tcb_close(): bytes that arrive are answered with a reset */
    /* Called before a segment with data is looked at: closing here is closing while it was under way. */
    void (*arriving)(void *arg, struct tcb *c);
};

/* ---- for applications ---- */

/* Appends to what is to be sent; the buffer has no bound. Ignored after shutdown or end. */
void tcb_write(struct tcb *c, const void *p, size_t n);
/* Bytes ready to be read: returns how many lie at *p in one piece (0: none). */
size_t tcb_peek(struct tcb *c, const uint8_t **p);
void tcb_consume(struct tcb *c, size_t n);
void tcb_shutdown(struct tcb *c); /* FIN after all written bytes; reading goes on */
void tcb_close(struct tcb *c);    /* as close(2): also nobody reads any more */
void tcb_abort(struct tcb *c);    /* RST */
void tcb_vanish(struct tcb *c);   /* ends without a segment; whatever comes for it is not answered */
/* Sends the byte at pos once more with another value; false when it was not sent yet, or long ago. */
bool tcb_send_old(struct tcb *c, uint64_t pos, uint8_t value);
bool tcb_eof(const struct tcb *c);        /* everything was read and a FIN came */
uint64_t tcb_unsent(const struct tcb *c); /* written bytes not yet acknowledged */

/* ---- for the host ---- */
struct tcb *tcb_new(struct host *h, const struct tcb_cfg *cfg);
void tcb_free(struct tcb *c);
void tcb_connect(struct tcb *c);
void tcb_accept(struct tcb *c, const struct seg *syn);
void tcb_input(struct tcb *c, const struct seg *s);
bool tcb_in_flight(const struct tcb *c, uint32_t seq);
/* A router on the way takes no larger packets: what was sent in larger ones is lost (Linux,
 * tcp_simple_retransmit: no congestion). */
void tcb_path_mtu(struct tcb *c, uint16_t mtu);

/* ---- between tcb.c, tcb_in.c and tcb_out.c ---- */
void tcb_ended(struct tcb *c, enum tcb_end how);
void tcb_tell(struct tcb *c, enum tcb_event ev);
void tcb_output(struct tcb *c); /* sends what may be sent */
void tcb_send_ack(struct tcb *c);
void tcb_send_rst(struct tcb *c);
void tcb_send_syn(struct tcb *c);
void tcb_timers_init(struct tcb *c);
void tcb_rto_restart(struct tcb *c);
void tcb_enter_time_wait(struct tcb *c);
uint64_t tcb_end_pos(const struct tcb *c); /* position after the last written byte */
void tcb_mark_lost(struct tcb *c, bool all);

#endif
