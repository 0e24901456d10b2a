/* double: a device that stands in for a NIC behind accel/flow_api.h. It records every rule that it is given,
 * takes them as a device does (one by one, or by queues whose jobs take effect and are answered later), says
 * no where it is told to, and carries frames by what the recorded actions say: so that their numbers are held
 * against those of software. What it is asked in a way that rte_flow.h does not allow is a complaint.
 *
 * One device of several ports; one at a time in a process, since the flow API's functions are given none. */
#ifndef LACON_TESTS_DOUBLE_H
#define LACON_TESTS_DOUBLE_H

#include <rte_flow.h>
#include <stdbool.h>
#include <stddef.h>

#include "accel/flow_api.h"
#include "agent/base/frame.h"

#define DOUBLE_ITEMS   10u
#define DOUBLE_ACTIONS 22u
#define DOUBLE_WORDS   64u /* bytes of the largest specification */
#define DOUBLE_RULES   256u
#define DOUBLE_JOBS    2048u
#define DOUBLE_QUEUES  8u

struct double_item {
    enum rte_flow_item_type type;
    _Alignas(8) uint8_t spec[DOUBLE_WORDS], mask[DOUBLE_WORDS];
};

struct double_action {
    enum rte_flow_action_type type;
    _Alignas(8) uint8_t conf[DOUBLE_WORDS];
    struct double_counter *counter; /* of an indirect one */
};

/* Copies, in the order that they were given in; lists end with END. */
struct double_words {
    struct rte_flow_attr attr;
    struct double_item item[DOUBLE_ITEMS];
    struct double_action action[DOUBLE_ACTIONS];
};

struct double_counter {
    bool used;
    uint64_t packets, bytes;
};

struct double_rule {
    bool used, live;
    bool leaving; /* its handle was given back */
    int queue;    /* -1: made by itself */
    uint16_t port;
    struct double_words words;
    struct double_counter own;
    uint64_t hit_ns;
};

enum double_call {
    DOUBLE_VALIDATE,
    DOUBLE_CREATE,
    DOUBLE_DESTROY,
    DOUBLE_FLUSH,
    DOUBLE_QUERY,
    DOUBLE_PROXY,
    DOUBLE_HANDLE_CREATE,
    DOUBLE_HANDLE_DESTROY,
    DOUBLE_HANDLE_QUERY,
    DOUBLE_INFO,
    DOUBLE_CONFIGURE,
    DOUBLE_PATTERN,
    DOUBLE_ACTION_LIST,
    DOUBLE_TABLE,
    DOUBLE_ASYNC_CREATE,
    DOUBLE_ASYNC_DESTROY,
    DOUBLE_PULL,
    DOUBLE_CALLS,
};

struct double_job {
    struct double_rule *rule;
    uint16_t port; /* each has queues of its own; here those of one worker share a list */
    bool removal, failed, lost, twice;
    uint64_t effect_ns, answer_ns;
    bool effective;
    void *user;
};

struct double_queue {
    uint32_t n;
    struct double_job job[DOUBLE_JOBS];
};

struct double_table {
    bool used;
    unsigned users; /* a template's tables, a table's rules */
    struct double_words words;
    uint8_t mask[DOUBLE_ACTIONS][DOUBLE_WORDS];
    struct double_table *pattern, *actions; /* of a table */
};

struct flow_double {
    /* ---- what it is like; set before use ---- */
    /* False: a rule of these words is refused, *why (a static string) says so. NULL: everything is taken. */
    bool (*accepts)(const struct double_words *w, const char **why);
    uint16_t proxy;              /* added to a port's number for transfer rules */
    uint32_t queues, queue_size; /* 0: rules are made one by one alone */
    uint32_t counters, aging;    /* that can be had before it is started */
    uint64_t delay_ns;           /* from a job to its effect, and again to its answer */
    uint32_t rules_most;         /* 0: as many as it has room for */

    /* ---- mistakes ---- */
    int fail[DOUBLE_CALLS];                 /* errno of each call; 0: it works */
    unsigned fail_in[DOUBLE_CALLS];         /* so many calls work before that, */
    unsigned fail_for[DOUBLE_CALLS];        /* and so many fail; 0: all that follow */
    bool fail_jobs, lose_jobs, double_jobs; /* of what is asked from now on */
    bool removed;                           /* the device is gone */

    /* ---- what happened ---- */
    unsigned calls[DOUBLE_CALLS];
    struct rte_flow_port_attr prepared;
    const char *complaint; /* the first misuse; NULL: none */
    uint64_t now_ns;       /* set by who knows the time */
    struct double_rule rule[DOUBLE_RULES];
    struct double_counter counter[DOUBLE_RULES];
    struct double_table table[128];
    struct double_queue queue[DOUBLE_QUEUES];
};

extern const struct flow_api flow_api_double;

/* A new device, with nothing set. Borrowed by flow_api_double until the next. */
void double_begin(struct flow_double *d);

/* Rules that match now; objects of any kind that nobody has given back. */
unsigned double_live(const struct flow_double *d);
unsigned double_left(const struct flow_double *d);
/* The i-th rule of those that match, NULL: there are fewer. */
const struct double_rule *double_nth(const struct flow_double *d, unsigned i);

/* A rule as text: attributes | items | actions. Returns out. */
const char *double_text(const struct double_words *w, char *out, size_t size);

/* The device's way for a frame that comes in by DPDK's port `in`. True: a rule took it, the frame is
 * rewritten and *out is the port that it leaves by. */
bool double_carry(struct flow_double *d, struct frame *f, uint16_t in, uint16_t *out);

/* Jobs whose time has come take effect. */
void double_advance(struct flow_double *d);

/* ---- inside ---- */
bool double_matches(const struct double_words *w, const struct frame *f, uint16_t in);
void double_rewrite(const struct double_words *w, struct frame *f);

#endif
