/* flow_engine: what the files of the provider rte_flow share: one worker's rules on real NICs.
 *
 *   rte_flow.c    the provider: makes an engine, what the splice and the worker call
 *   flow_life.c   a rule from insertion to GONE, and a port that is lost or emptied
 *   flow_jobs.c   queues: jobs under way, their completions, those that never come
 *   flow_count.c  counters, and who notices that nothing comes
 *   flow_way.c    the way into a group behind the first
 *
 *   FREE ──rf_make()──> ADDING ──completion──> IN ──rf_begin_remove()──> LEAVING ──completion──> FREE
 *     └── rules made one by one: at once ───────^                     (at once, one by one)
 *
 * A tag is told GONE when the device has said that its rule is destroyed, or that it is itself removed;
 * nothing else ends it. A device that will not destroy a rule keeps it, and its flow stays without a window,
 * until a later remove() or flush() is heard. STUCK is a rule whose destruction was refused after its handle
 * was given away, `overdue` one whose job is not answered: only a flush of the whole port helps, which
 * several workers agree on (flow_accord.h).
 *
 * Threads: see rte_flow.c. */
#ifndef LACON_ACCEL_FLOW_ENGINE_H
#define LACON_ACCEL_FLOW_ENGINE_H

#include "accel/flow_accord.h"
#include "accel/flow_form.h"
#include "agent/base/counters.h"
#include "agent/base/mutant.h"

#define ENTRIES  FLOW_ENTRIES
#define TAGS     FLOW_TAGS
#define SEC      1000000000ull
#define NFORM    (2 * ACCEL_PORTS * ACCEL_PORTS)
#define LOST_NS  SEC    /* after which a job that is not answered is taken for lost */
#define PATIENCE 10000u /* pulls that something synchronous waits for its completion */

enum flow_state { FREE, ADDING, IN, LEAVING, STUCK };

struct flow_entry {
    uint8_t state;
    uint8_t why;   /* enum flow_why, of the removal */
    bool removing; /* asked for */
    bool unread;   /* where its counter stands is not known: asked before the next rule */
    bool overdue;  /* ADDING, LEAVING: its job's place in the queue was given up */
    uint16_t form;
    uint16_t counter_port;
    uint64_t serial; /* of the job under way, or the last */
    uint64_t job_ns; /* when that was given to the queue */
    struct rte_flow *rule;
    struct rte_flow_action_handle *counter; /* kept for the tag's next rule */
    uint64_t before_packets, before_bytes;  /* what the counter showed before this rule */
    uint64_t packets, bytes;                /* of this rule, as far as is known */
    uint64_t asked_ns, hit_ns;
};

/* The way into group FLOW_GROUP, of one interface: rules that are there as long as the engine. */
struct flow_way {
    bool open;
    uint8_t refused; /* bits: in these words the device would not have it (flow_way.c) */
    uint16_t port;
    uint32_t jobs;
    struct flow_table t[2];
    struct rte_flow *rule[2]; /* what is left over, and the jump */
};

/* How far a port is that all workers are to leave. From JOINED on its rules are named to the device no more.
 */
enum flow_leave { STAYING, GOING, JOINED, LEFT };

struct accel_engine {
    struct accel_stats stats;
    const struct flow_api *api;
    struct flow_accord *accord;
    uint64_t (*clock_ns)(void);
    unsigned worker, nworkers, nports;
    struct accel_port port[ACCEL_PORTS];
    struct flow_form form[NFORM]; /* of (in, out, is IPv4) */
    struct flow_way way[ACCEL_PORTS];
    bool removed[ACCEL_PORTS];     /* the device is */
    uint32_t flying[ACCEL_PORTS];  /* jobs in this worker's queue that an answer is expected of */
    uint32_t late[ACCEL_PORTS];    /* and those that are overdue */
    uint8_t leave[FLOW_PORTS];     /* enum flow_leave, by DPDK's port */
    bool empties[FLOW_PORTS];      /* JOINED: it is this worker that does */
    uint64_t leave_ns[FLOW_PORTS]; /* GOING: since; JOINED: the next try */
    uint32_t held, used;           /* tags that are not FREE; that have ever been in use */
    uint32_t hand;                 /* the next to look at */
    uint32_t ntold, told_at;
    uint64_t serial, look_ns, pull_ns, heed_ns;
    struct flow_entry *entry; /* TAGS */
    struct flow_answer *told; /* a ring of 2 * TAGS */
};

static inline const struct flow_form *form_of(const struct accel_engine *e, const struct flow_entry *x)
{
    return &e->form[x->form];
}

/* ---- flow_life.c ---- */
/* In a form that there is, of a tag that is FREE. 0 or -errno: nothing was made. */
int rf_make(struct accel_engine *e, uint32_t tag, unsigned form, const struct flow_rule *r, uint64_t now_ns);
/* Where the device does not take it the rule stays, and is asked for again by its owner. */
void rf_begin_remove(struct accel_engine *e, uint32_t tag, enum flow_why why, uint64_t now_ns);
/* The tag's job was answered. */
void rf_added(struct accel_engine *e, uint32_t tag, bool success, uint64_t now_ns);
void rf_removed(struct accel_engine *e, uint32_t tag, bool success);
/* After an error: was it since the device is not there any more? Then neither are its rules. A driver's word
 * alone (-EIO) is not believed: its firmware may just have failed. */
bool rf_went_away(struct accel_engine *e, uint16_t port, int rc);
bool rf_is_removed(const struct accel_engine *e, uint16_t port);
/* What begin_remove() could not end: the whole port, if it may be, or when all workers have left it. */
void rf_last_resort(struct accel_engine *e, uint32_t tag);
/* Leaves the ports that all workers are to leave. */
void rf_heed(struct accel_engine *e, uint64_t now_ns);
/* May another worker be emptying that port, or have emptied it? */
bool rf_has_joined(const struct accel_engine *e, uint16_t port);
/* No worker runs any more: what was emptied is empty, and all other rules are this engine's to take away. */
void rf_end_leaving(struct accel_engine *e);

/* ---- flow_jobs.c ---- */
/* 0 or -errno, and no job was given. */
int rf_job_create(struct accel_engine *e, uint32_t tag, const struct flow_written *w, uint64_t now_ns);
int rf_job_destroy(struct accel_engine *e, uint32_t tag, uint64_t now_ns);
/* Its owner asks again: a job that should have been answered long ago is not counted on any more. Should the
 * answer come all the same, it is heard. */
void rf_job_doubt(struct accel_engine *e, uint32_t tag, uint64_t now_ns);
bool rf_flying(const struct accel_engine *e);
void rf_pull_all(struct accel_engine *e, uint64_t now_ns);
/* Until nothing is under way, or patience ends. */
void rf_wait_all(struct accel_engine *e, uint64_t now_ns);

/* ---- flow_count.c ---- */
/* The tag's counter for a rule of this form. False: there is none to be had. */
bool rf_counter_get(struct accel_engine *e, struct flow_entry *x, const struct flow_form *f);
bool rf_counter_read(struct accel_engine *e, struct flow_entry *x);
/* Its rule is gone: is what is known of it the last count? The tag's next rule begins where this one has
 * ended. */
bool rf_counter_last(struct accel_engine *e, struct flow_entry *x);
/* Reads the counter; has no segment come for FLOW_AGE_S? */
bool rf_aged(struct accel_engine *e, struct flow_entry *x, uint64_t now_ns);

/* ---- flow_way.c ---- */
/* For forms from interface `in`. False: there is none in these words; why says so (ACCEL_WHY). The first
 * worker's is everybody's: the others ask for the same, so that all come to the same words. */
bool rf_way_open(struct accel_engine *e, unsigned in, const struct flow_form *f, char *why);
void rf_way_close(struct accel_engine *e, unsigned in);

#endif
