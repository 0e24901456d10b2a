/* flow_policy: which flows are worth a rule of a flow engine, and how much may be asked of it. Arithmetic on
 * bytes and nanoseconds alone: it knows no conn, no rule and no engine, so agent/splice/offload.c asks it
 * about conns and bench/offload about a model's flows, and both decide alike.
 *
 * The aim: with an engine never worse than without one. What an engine can cost a flow is waiting: at the
 * message's boundary, until the rule is gone (offload.c, R1). So
 *
 *  1. A flow is offered when `threshold` bytes are left and they last, at the rate at which its client acks
 *     them, twice as long as the engine takes to insert a rule and to remove it again. Those two times are
 *     believed at once when they grow, also of requests that are not answered yet, and forgotten slowly. And
 *     it has been known for as long as both take: the rate of the first milliseconds says little about
 * seconds.
 *  2. A removal is asked for ahead of the boundary by twice what moves meanwhile.
 *  3. Insertions keep to the rate that the engine states; a removal is taken to cost it as much, so that its
 *     requests do not pile up. A tenth of a second in which a flow found the budget used up raises the
 *     threshold by an eighth, an engine that refuses doubles it; it falls back when neither happens. So a
 *     small budget goes to large flows, and an engine that refuses costs a question now and then.
 *  4. A flow that moves less than FLOW_SLOW in half a second, or than its client has to take in that time,
 *     loses its rule, and is not offered again until it moves: where an engine sends, a client's minimum rate
 *     cannot be judged (agent/exchange/slow.c).
 *  5. Where the table is full the slowest flow on it gives way to one twice as fast.
 *  6. A flow is watched before it is offered, and there are only so many places for that. Where all are taken
 *     one that is only watched gives way to one twice as fast that could have a rule, and at once when it
 *     could have none itself, or moves too little (4). */
#ifndef LACON_SPLICE_FLOW_POLICY_H
#define LACON_SPLICE_FLOW_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* What of a flow is wanted before it is offered at all. */
struct flow_taste {
    uint64_t least;  /* bytes left */
    bool eager;      /* for tests: at once, whatever its rate and the engine's delays */
    uint32_t places; /* for tests: so many are watched at once; 0: flow_policy_places() */
};

#define FLOW_FIRST      (10u * 1460) /* bytes of the body that the client has acked before anything is asked */
#define FLOW_AVERAGE_MS 128u         /* over which a flow's rate is averaged */
#define FLOW_KNOWN_MS   16u          /* before a rate is compared with another flow's */
#define FLOW_SLOW       8192u        /* bytes in half a second */

/* One engine's. */
struct flow_policy {
    struct flow_taste taste;
    uint32_t entries, rate;  /* of the engine; rate 0: it says nothing */
    uint64_t threshold;      /* bytes left that a flow must have at present */
    uint64_t takes_ns;       /* what one request is taken to need before the engine has shown it */
    uint64_t in_ns, gone_ns; /* how long insertions and removals take */
    uint64_t calm_ns;        /* the next step of threshold, in_ns and gone_ns */
    bool missed;             /* a flow found the budget used up since the last one */
    uint64_t token_ns;       /* the next insertion may be asked then */
};

/* One flow's; zero is not begun. */
struct flow_gauge {
    uint64_t begun_ns;
    uint64_t mark, mark_ns; /* position acked at the last look */
    uint64_t rate, latest;  /* bytes a millisecond that the client acks: on average; between the last looks */
    uint32_t known_ms;      /* over which the average is, at most FLOW_AVERAGE_MS */
    uint64_t from, from_ns; /* position acked when the last stretch of half a second began */
    uint64_t least;         /* bytes in one: with less it is slow */
    bool slow;              /* it moved too little in one, and has not moved since */
    uint64_t look_ns;       /* not before then is it offered; UINT64_MAX: never */
};

void flow_policy_init(struct flow_policy *p, const struct flow_taste *t, uint32_t entries, uint32_t rate);
/* To be called now and then, at least every 100 ms while there is traffic. */
void flow_policy_tick(struct flow_policy *p, uint64_t now_ns);

/* least_rate: bytes a second that its client has to take; 0: any. */
void flow_gauge_begin(const struct flow_policy *p, struct flow_gauge *g, uint64_t least_rate, uint64_t acked,
                      uint64_t now_ns);
/* A look: the rate from what was acked since the last one. */
void flow_gauge_look(struct flow_gauge *g, uint64_t acked, uint64_t now_ns);
/* Bytes that must have been acked of a flow before it may be offered. */
uint64_t flow_policy_first(const struct flow_policy *p);
/* Is a look due at which the flow may be offered? The next one is put off. */
bool flow_gauge_due(const struct flow_policy *p, struct flow_gauge *g, uint64_t now_ns);

/* Is a flow with so many bytes left up to its boundary worth a rule, and may it be asked for now? */
bool flow_policy_wants(struct flow_policy *p, const struct flow_gauge *g, uint64_t left, uint64_t now_ns);
/* A rule is asked for: the flow is judged from here on. */
void flow_gauge_restart(struct flow_gauge *g, uint64_t acked, uint64_t now_ns);
/* Is it time to ask for removal, with so many bytes up to the boundary? */
bool flow_policy_ends(const struct flow_policy *p, const struct flow_gauge *g, uint64_t left);
/* The table is full: does the flow on it give way? Not before the rates of both are known. */
bool flow_policy_yields(const struct flow_gauge *on, const struct flow_gauge *next);

/* Flows that are watched at once, those with rules included. */
uint32_t flow_policy_places(const struct flow_policy *p);
/* All places are taken: does a flow that is only watched give way to one that is tried? */
bool flow_policy_displaces(const struct flow_gauge *on, const struct flow_gauge *next);

/* What happened, or has been asked for. */
void flow_policy_asked(struct flow_policy *p, uint64_t now_ns);   /* an insertion or a removal */
void flow_policy_refused(struct flow_policy *p, uint64_t now_ns); /* no room, or too much under way */
void flow_policy_took_in(struct flow_policy *p, uint64_t ns);
void flow_policy_took_out(struct flow_policy *p, uint64_t ns); /* also: has taken so far */
/* A rule is gone: when its flow may be offered again. */
void flow_gauge_cool(const struct flow_policy *p, struct flow_gauge *g, uint64_t now_ns);

#endif
