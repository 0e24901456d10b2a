/* What the files of exchange share with each other and nobody else. */
#ifndef LACON_EXCHANGE_INTERNAL_H
#define LACON_EXCHANGE_INTERNAL_H

#include "agent/base/siphash.h"
#include "agent/base/utc.h"
#include "agent/exchange/exchange.h"
#include "agent/exchange/roster.h"
#include "agent/exchange/shared.h"
#include "agent/http/http.h"
#include "lb-policy/lb.h"

#define ADOPT_MAX      (10u * 1440) /* bytes of a response, head included (S8) */
#define ADOPT_QUEUE    65536u       /* bytes waiting for one client beyond which nothing more is adopted */
#define RESPONSE_LIMIT 32768u       /* head limit for responses */
#define LINGER_NS      (5 * SEC_NS)
#define KEPT_WAITS     (128u << 10) /* bytes kept for one client beyond which no request is begun */
#define ORPHAN_LOOK_NS SEC_NS       /* between looks whether a client has acked the rest */
#define FOREVER        ((uint64_t)1 << 62)
#define MAX_TRIED      16u
#define LINES_ROOM     8192u /* what may be added to a request's head, or a response's */

/* In the order of use: what each exchange touches comes first. From rec.text on nothing is there before it is
 * written. */
struct exchange {
    /* What every ack of a response asks: half a cache line, of those that splice_prefetch() brings. (Slots
     * that begin with a line, so that it is never in two, were no faster.) */
    struct conn *c, *e; /* e NULL: not chosen yet, or given back */
    pos_t resp_end;     /* the response's end in c's out-stream, when resp_mapped */
    bool req_mapped;    /* the request's framing complete, every byte mapped */
    bool resp_mapped;   /* likewise the response's, and its final head */
    bool adopted, client_close;
    bool tunnel; /* bytes pass both ways until both sides have closed */

    struct exchange *next_free;
    struct generation *gen;              /* that it began under */
    const struct cfg_listener *listener; /* of that */
    const struct cfg_rule *rule;         /* NULL: none was found, or a stream */
    uint32_t cluster, endpoint;
    uint32_t affine;       /* the endpoint that the request's cookie names; LB_NONE: none */
    uint32_t client_place; /* where it counts among its client's requests in flight (client_limits.c) */
    uint64_t start_ns;
    uint64_t deadline_ns; /* request_timeout; 0: none */
    uint64_t delay_ns;    /* the next try is not begun before so long */
    uint64_t picked_ns;
    uint64_t hash;          /* of the hash key, where the cluster's lb_policy wants one */
    uint32_t prefix;        /* bytes of the path that the rule's match took as prefix */
    uint8_t tries;          /* endpoints in tried: those that were connected to for this request */
    bool trusted;           /* the peer is a trusted proxy */
    bool e_pooled;          /* the endpoint conn came from the pool */
    bool tallied, retrying; /* among its cluster's requests, and retries (breaker.c) */
    bool at_endpoint;       /* among its endpoint's requests, where those are limited */
    bool queued, turn;      /* it waits for room; and is being tried (queue.c) */
    bool counted;           /* among its endpoint's active exchanges; see upstream_leave() */
    bool timed; /* all of the request was there when it was sent: its answer says how fast the endpoint is */

    /* the request */
    uint8_t method, minor, req_body;
    bool upgrade, want_keep; /* want_keep: the client conn may stay */
    bool client_fin;         /* the client has said FIN */
    bool keep_copy;          /* its kept bytes are retained for S7 */
    bool expects;            /* it waits for "100 Continue" before its body */
    bool discards;           /* it is answered, and the rest of it thrown away (discard.c) */
    bool settled;            /* counted and logged */

    /* the response */
    uint8_t resp_body;
    bool resp_begun; /* a byte of it was seen: no retry any more */
    bool resp_head;  /* the final head is mapped */
    bool e_reusable, e_extra;
    bool orphan; /* the endpoint conn has ended after all of the response was passed on */
    bool stream; /* there is no HTTP in it (stream.c) */

    uint64_t req_left; /* HTTP_BODY_LENGTH: bytes not mapped yet; _CHUNKED: of a chunk that is kept */
    uint64_t req_kept; /* bytes kept so far */
    uint64_t resp_left;
    pos_t body_out; /* where the response body begins in c's out-stream */

    struct ip_port local;  /* our address that c came to */
    struct ip_port peer;   /* who has connected */
    struct ip_port client; /* whom it comes from: the peer, or whom a trusted proxy says (forwarded.c) */

    uint32_t discarded; /* bytes that `discards` has thrown away */
    struct http_chunked req_chunked, resp_chunked;
    struct exchange *queue_next, **queue_pprev;
    uint64_t queue_ns;   /* since then */
    uint64_t head_print; /* keyed hash of the head that waits, */
    uint32_t head_bytes; /* which has so many */

    struct access_record rec;
    uint32_t tried[MAX_TRIED];
};

/* What one worker has lately seen of an endpoint (outlier.c). */
struct outlier_counts {
    uint32_t failures_in_row, errors_in_row;
    uint32_t requests, bad; /* in the present window */
    uint64_t window_ends_ns;
};

struct endpoint_state {
    struct roster_entry *entry;
    struct splice_remote *remote;
    struct breaker *breaker;                /* while bound; NULL: nothing of it is limited */
    uint64_t down_until_ns;                 /* connecting failed; 0: not marked down */
    uint64_t marked_ns;                     /* when that was found out */
    uint32_t max_requests, max_connections; /* as cluster_state's */
    bool ejected;                           /* as the picker knows it */
    struct outlier_counts outlier;
    bool closed; /* takes no new requests */
};

struct cluster_state {
    const struct cfg_cluster *cfg;
    struct lb_picker *picker;
    struct endpoint_state *endpoint;
    struct affinity *affinity; /* NULL: it has no cookie */
    bool hashes;               /* its lb_policy picks by exchange.hash */
    bool refuses;              /* responses of some status are tried again elsewhere */
    uint64_t forgive_ns;       /* not before then is an endpoint that is marked down to be forgiven */
    struct matcher *matcher;   /* of what its checks want (verdict.h); NULL: none */
    struct breaker *breaker;   /* while bound; NULL: nothing of it is limited */
    uint32_t max_requests, max_connections; /* 0: any; cfg's, or what a reload has made of them (breaker.c) */
    struct exchange *queue_first, **queue_last; /* those that wait for room, longest first */
    struct cluster_state *waiting_next;         /* in exchanges.waiting, */
    bool waiting;                               /* while it is there */
};

/* One configuration, as this worker has made it ready (generation.c). */
struct generation {
    struct generation *next; /* among the former, or the retired */
    const struct config *cfg;
    struct roster *roster;
    uint32_t id;
    uint32_t users;     /* exchanges that began under it, and one for being the current one */
    bool bound;         /* it holds remotes */
    uint64_t expire_ns; /* what is still in flight under it then is cut off; UINT64_MAX: never */
    struct lb_routes *routes;
    struct lb_route_scratch *route_scratch;
    const struct cfg_rule **rule; /* of all routes, by lb_route_result.rule */
    struct cluster_state *cluster;
    struct check *check; /* those that are this worker's to make */
    uint32_t nchecks;
    struct shared *shared; /* where rate is from; NULL: it was never bound */
    struct lb_rate **rate; /* buckets, by cfg_rate_limit.id; while bound */
    uint64_t *tried;       /* scratch bit set, as long as the largest cluster needs */
    uint32_t tried_words;
};

/* What a PROXY header said (identity.c). */
struct identity {
    struct ip_port source, to;
};

#define SLOW_POS ((UINT64_C(1) << 56) - 1)

/* How fast a client moves (slow.c). Positions are acked ones, on either stream. */
struct slow_marks {
    /* When the present period began, and how many looks in a row found the client waited for: to send, to
     * take. */
    uint64_t in_from : 56, in_looks : 8;
    uint64_t out_from : 56, out_looks : 8;
    /* Modulo 2^32: */
    uint32_t in_last;      /* in_acked at the last look */
    uint32_t out_sent;     /* sent by the last look */
    uint32_t up_sent;      /* the same, to its endpoint */
    uint32_t source_bytes; /* that its endpoint had sent by the last look */
};

/* What counts a conn to an endpoint: its cluster's and its endpoint's limit; NULL: there is none (breaker.c).
 */
struct counted {
    uint32_t *by[2];
};

#define LISTENER_GONE UINT32_MAX /* user_index of a client whose listener is in no configuration any more */

struct exchanges {
    struct cluster_state *waiting;       /* clusters with requests that wait for room */
    struct generation *gen;              /* for what begins now */
    struct generation *former, *retired; /* still in use; waiting to be freed */
    struct cfg_listener gone;            /* for clients of LISTENER_GONE: timeouts */
    struct splice *s;
    struct counters *cnt;
    struct roster *roster;
    uint64_t roster_seen; /* its version when the pickers were told */
    struct timer_wheel check_wheel;
    uint64_t check_draws;               /* for chance */
    struct shared *shared, *own_shared; /* own_shared: the same, when it is ours */
    struct sip_key rate_key;
    struct lb_in_use *in_use;       /* of clients, where anything is limited (client_limits.c) */
    uint32_t *client_place;         /* by conn slot */
    uint64_t keyless;               /* requests without the key that is hashed */
    uint64_t mirror_draws, mirrors; /* requests drawn for mirroring; begun */
    uint32_t mirroring;             /* under way */
    uint64_t splits;                /* requests drawn for one of several clusters */
    unsigned worker, nworkers;
    struct identity *identity; /* by conn slot; of those with user_named */
    struct slow_marks *slow;   /* by conn slot; of clients, while their look timer runs */
    struct counted *counted;   /* by conn slot; of endpoints */
    struct exchange *slab, *free;
    uint32_t used, slots; /* of the slab */
    struct access_sink log;
    int64_t wall_offset_ns;
    int64_t date_s; /* `date` (reply.c) is of that second */
    char date[UTC_STRLEN];
    const struct conn *judging; /* client whose bytes are being judged: the judge loop goes on by itself */
    bool draining;
    struct sip_key ids; /* request ids and trace ids are drawn by it */
    uint64_t nids;
    struct sip_key affinity; /* for clusters whose cookies have no key of their own */
    struct http_head head;   /* scratch */
    uint8_t request_lines[LINES_ROOM], response_lines[LINES_ROOM]; /* likewise, of one edit each */
};

static inline struct cluster_state *cluster_of(const struct exchange *x)
{
    return &x->gen->cluster[x->cluster];
}

/* ---- generation.c ---- */
void generations_drain(struct exchanges *w);                      /* all of them end within drain_timeout */
void generation_leave(struct exchanges *w, struct generation *g); /* one user less */

/* ---- adopt.c ---- */
/* Where an endpoint stands in another generation of its cluster: near where it stood, for names' addresses
 * come and go one at a time. LB_NONE: it is not there, or takes no requests. */
uint32_t endpoint_in(const struct cluster_state *cs, const struct roster_entry *entry, uint32_t near);

/* ---- exchange.c ---- */
struct exchange *exchange_new(struct exchanges *w, struct conn *c);
/* Is every byte of the request where it belongs? */
bool exchange_request_done(const struct exchange *x);
/* Looks whether the exchange can give back its endpoint conn, or is over. May free x. */
void exchange_check(struct exchanges *w, struct exchange *x);
/* x is answered: it is logged, and has no room and no turn any more. At once, or by exchange_over(). */
void exchange_settle(struct exchanges *w, struct exchange *x, enum reason why);
/* Settles and frees. The endpoint conn must be gone. */
void exchange_over(struct exchanges *w, struct exchange *x, enum reason why);
/* Gives the endpoint conn back, or closes it. */
void exchange_give_back(struct exchanges *w, struct exchange *x);
/* Nothing of x can be saved: both conns are reset. */
void exchange_abort(struct exchanges *w, struct exchange *x, enum reason why);

/* ---- tunnel.c ---- */
bool tunnel_begins(struct exchanges *w, struct exchange *x); /* after the 101's head; false: no memory */
void tunnel_progress(struct exchanges *w, struct conn *to);  /* `to` has acked bytes */
void tunnel_fin(struct exchanges *w, struct exchange *x, struct conn *from);
void tunnel_ended(struct exchanges *w, struct exchange *x, struct conn *gone, enum reason why);

/* ---- stream.c ---- */
void stream_start(struct exchanges *w, struct conn *c); /* a client of protocol tcp is there */
/* The first bytes of a client of protocol tls. They stay in the hold. */
void stream_hello(struct exchanges *w, struct conn *c, struct span bytes, bool held);
/* They are not whole in time; logged with this status. */
void stream_hello_timeout(struct exchanges *w, struct conn *c, unsigned status, enum reason why);
void stream_resume(struct exchanges *w, struct exchange *x); /* the turn of one that waited has come */
void stream_give_up(struct exchanges *w, struct exchange *x, unsigned status, enum reason why);
void stream_connected(struct exchanges *w, struct exchange *x);
/* The endpoint conn is gone before it was open, and there is no other. */
void stream_refused(struct exchanges *w, struct exchange *x, enum reason why);

/* ---- identity.c ---- */
/* Is a PROXY header due from this client, whose conn is new? Then user_awaits is set. */
void identity_accepted(struct exchanges *w, struct conn *c);
/* The first bytes of a client with user_awaits. */
void identity_judge(struct exchanges *w, struct conn *c, struct span bytes);
/* Who the client is, to whatever goes by its address. */
struct ip_port identity_of(const struct exchanges *w, const struct conn *c);
/* The same, of who knows c's four-tuple. */
struct ip_port identity_in(const struct exchanges *w, const struct conn *c, const struct flow_key *k);
/* Puts a PROXY header for client c before all else on e, a new conn. False: no memory. */
bool identity_announce(struct exchanges *w, const struct conn *c, struct conn *e, enum cfg_proxy how);
/* Writes what a check of lacon's own begins with: at most PROXY_V1_MAX bytes, or none. */
uint32_t identity_of_check(enum cfg_proxy how, uint8_t *out);

/* ---- client.c ---- */
/* The client is there, and has said who it is where it has to: its first request is waited for. */
void client_accepted(struct exchanges *w, struct conn *c);
const struct cfg_listener *listener_of(const struct exchanges *w, const struct conn *c);
/* What a client of l may have held: a head, or a body that comes before its endpoint is connected. */
static inline uint32_t listener_hold(const struct cfg_listener *l)
{
    return l->head_limit > 32768 ? l->head_limit : 32768;
}
/* Do the listener's lists keep this address out? */
bool listener_denies(const struct cfg_listener *l, const struct ip_addr *client);
/* Is the client to be told that its conn ends? */
bool client_leaves(const struct exchanges *w, const struct conn *c);
/* An incomplete head: its time runs from its first byte. */
void client_head_waits(struct exchanges *w, struct conn *c);
void client_idle(struct exchanges *w, struct conn *c);
/* The exchange is over: what the client has sent meanwhile is judged, or it is waited for. */
void client_next(struct exchanges *w, struct conn *c);
/* Judges what is held of a client that waited for its turn. */
void client_wake(struct exchanges *w, struct conn *c);
void client_close(struct exchanges *w, struct conn *c, enum reason why);
/* The client can get no clean end: it is reset, but not before it has the responses that came before this
 * one. */
void client_break(struct exchanges *w, struct conn *c, enum reason why);
void client_progress(struct exchanges *w,
                     struct conn *c); /* a conn without an exchange: was that the last of them? */
void client_head(struct exchanges *w, struct conn *c, struct span bytes, bool held);
void client_fin(struct exchanges *w, struct conn *c);
void client_timeout(struct exchanges *w, struct conn *c);
/* x is looked at again then, or when its time is over (request_timeout). */
void client_watch(struct exchanges *w, struct exchange *x, uint64_t at_ns);
/* Answers a head that cannot be taken, and closes. */
void client_refuse(struct exchanges *w, struct conn *c, struct span bytes, unsigned status, enum reason why);

/* For who looks from outside: c serves, or is served by, this endpoint of g's. */
void conn_serves(struct exchanges *w, struct conn *c, const struct generation *g, uint32_t cluster,
                 uint32_t endpoint);

/* ---- slow.c ---- */
/* Something of c's is under way from now on: its rates are watched, unless it is already. */
void slow_watch(struct exchanges *w, struct conn *c);
void slow_look(struct exchanges *w, struct conn *c);

/* ---- request.c ---- */
void request_start(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes,
                   bool held);
void request_body(struct exchanges *w, struct exchange *x, struct span bytes, bool held);
/* The turn of a request that waited has come, and here is its head. */
void request_resume(struct exchanges *w, struct exchange *x, struct span bytes, bool held);
/* The endpoint conn is open: what waited may go. */
void request_go_on(struct exchanges *w, struct exchange *x);

/* ---- endpoints.c ---- */
/* Tells g's pickers the present states of all endpoints. */
void endpoints_settle(struct exchanges *w, struct generation *g);
/* Endpoint i could not be connected to: it is asked last until then; or it could. */
void endpoint_mark_down(struct exchanges *w, struct cluster_state *cs, uint32_t i, uint64_t until_ns);
void endpoint_mark_up(struct exchanges *w, struct cluster_state *cs, uint32_t i);
/* Marks whose time is over are taken off. */
void endpoints_forgive(struct exchanges *w, struct cluster_state *cs);
/* A request goes to endpoint i, is there after all, is no longer there, was failed by it (not connected to,
 * reset, not answered in time), was answered (status 0: a stream's connection is open). */
void endpoint_begin(struct exchanges *w, struct cluster_state *cs, uint32_t i);
void endpoint_stay(struct exchanges *w, struct cluster_state *cs, uint32_t i);
void endpoint_leave(struct exchanges *w, struct cluster_state *cs, uint32_t i);
void endpoint_failed(struct exchanges *w, struct cluster_state *cs, uint32_t i);
void endpoint_answered(struct exchanges *w, struct cluster_state *cs, uint32_t i, unsigned status);

/* ---- outlier.c ---- */
void outlier_failed(struct exchanges *w, struct cluster_state *cs, uint32_t i);
void outlier_answered(struct exchanges *w, struct cluster_state *cs, uint32_t i, unsigned status);
void outlier_forget(struct endpoint_state *es);

/* ---- check.c ---- */
int checks_make(struct generation *g, unsigned worker); /* 0 or -ENOMEM; checks_free() in any case */
void checks_free(struct generation *g);
int checks_bind(struct exchanges *w, struct generation *g); /* 0 or -ENOMEM; checks_unbind() in any case */
void checks_unbind(struct exchanges *w, struct generation *g);
/* g is the current generation from now on; or no longer, but `to` is about to be. */
void checks_begin(struct exchanges *w, struct generation *g);
void checks_end(struct exchanges *w, struct generation *g, struct generation *to);
void checks_tick(struct exchanges *w);
/* What happens to a conn whose user_check is set. */
void check_connected(struct conn *e);
void check_judge(struct conn *e, struct span bytes);
void check_fin(struct conn *e);
void check_timeout(struct conn *e);
void check_ended(struct conn *e, enum reason why);

/* ---- upstream.c ---- */
/* Chooses an endpoint and a conn to it: x->e. `fresh`: not from the pool. False: none; *status says what to
 * answer, UPSTREAM_FULL that all that could be asked are as busy as they may be. */
#define UPSTREAM_FULL 1u
bool upstream_pick(struct exchanges *w, struct exchange *x, bool fresh, unsigned *status);
/* Which endpoint of x->cluster upstream_pick() would ask first, LB_NONE: none. Picks that follow are not
 * changed by it. */
uint32_t upstream_peek(struct exchanges *w, const struct exchange *x);
/* The final response's head is here: its time is a sample of the endpoint's latency. */
void upstream_answered(struct exchanges *w, struct exchange *x);
/* x is no longer at the endpoint it was last sent to: answered, given up, or about to be tried elsewhere. */
void upstream_leave(struct exchanges *w, struct exchange *x);
/* May the request be run again if its response has a status that it says so of? Asked before a byte of the
 * response goes to the client. */
bool upstream_may_refuse(const struct exchange *x);
/* The response has this status. True: the request is being tried elsewhere, and its endpoint conn is gone. */
bool upstream_refuse(struct exchanges *w, struct exchange *x, unsigned status);
void upstream_connected(struct exchanges *w, struct conn *e);
void upstream_ended(struct exchanges *w, struct conn *e, enum reason why);
void upstream_fin(struct exchanges *w, struct conn *e);
void upstream_timeout(struct exchanges *w, struct conn *e);

/* ---- routing.c ---- */
int routing_start(struct generation *g); /* 0 or -ENOMEM; routing_stop() in any case */
void routing_stop(struct generation *g);
/* Finds the rule for this request: x->rule and prefix, and the route in the record. */
void routing_find(struct exchange *x, const struct http_head *h);
/* The rule for a TLS connection's name and protocols (lb_route_request's), as for a request for / without
 * method and fields, of a client at `source`; NULL: none. */
const struct cfg_rule *routing_find_name(struct exchanges *w, uint32_t listener, const struct ip_addr *source,
                                         struct span name, struct span alpn, uint32_t *route);

/* Tells all matches whose host and path fit a head or, with h NULL, a name: lb_route_each(). */
void routing_each(struct exchanges *w, const struct exchange *x, const struct http_head *h, struct span name,
                  struct span alpn, void (*fn)(void *ctx, const struct lb_considered *seen), void *ctx);

/* ---- action.c ---- */
/* The cluster of a rule that has one, by its weights where it has several. h NULL: a stream. */
uint32_t action_cluster(struct exchanges *w, const struct exchange *x, const struct cfg_rule *rule,
                        const struct http_head *h);
/* Answers a request whose rule says so (redirect, reply, deny), and skips `skip` bytes of it: its head, which
 * may be gone then, or the whole. */
void action_reply(struct exchanges *w, struct exchange *x, const struct cfg_rule *rule,
                  const struct http_head *h, size_t skip);

/* ---- limits.c ---- */
int limits_bind(struct exchanges *w, struct generation *g); /* 0 or -ENOMEM; limits_unbind() in any case */
void limits_unbind(struct exchanges *w, struct generation *g);
/* The request takes a token of each of its listener's and its rule's limits: 0; else none at all, and the ns
 * until the first that has none gets one. */
uint64_t limits_wait(const struct exchanges *w, const struct exchange *x, const struct cfg_listener *l,
                     const struct http_head *h);
/* May this client open one more conn now? Takes the tokens, all or none. */
bool limits_admit(const struct exchanges *w, const struct cfg_listener *l, const struct ip_addr *client);

/* ---- client_limits.c ---- */
int client_limits_bind(struct exchanges *w, const struct generation *g); /* 0 or -ENOMEM */
/* Has this client as many connections on l as it may? */
bool client_limits_full(const struct exchanges *w, const struct cfg_listener *l,
                        const struct ip_addr *client);
/* c is open: false when it is one too many. It has ended. */
bool client_limits_open(struct exchanges *w, const struct conn *c);
void client_limits_close(struct exchanges *w, const struct conn *c);
/* c is another listener's from now on, or of one that has changed. */
void client_limits_adopt(struct exchanges *w, const struct conn *c);
/* x, a request, is in flight: false when it is one too many. It is over. */
bool client_limits_begin(struct exchanges *w, struct exchange *x);
void client_limits_end(struct exchanges *w, struct exchange *x);

/* ---- forwarded.c ---- */
/* Whom the request comes from: x->trusted, x->client. First of all that is done with its head. */
void forwarded_read(struct exchange *x, const struct http_head *h);
/* The request's id, passed on or drawn; empty where the listener has none. *room may be used for it. */
struct span forwarded_request_id(struct exchanges *w, const struct exchange *x, const struct http_head *h,
                                 char room[HTTP_VALUE_ROOM]);
/* "http", or what a trusted proxy says. */
struct span forwarded_scheme(const struct exchange *x, const struct http_head *h);
/* What is told to the endpoint of who asks it: lines, and what they stand for. Fields that e->edits name are
 * left to those; `element` is room for a Forwarded element that e points into. */
#define FORWARDED_ROOM 512
struct writer;
void forwarded_put(struct exchanges *w, const struct exchange *x, const struct http_head *h,
                   struct http_request_edit *e, struct writer *lines, char element[FORWARDED_ROOM]);

/* ---- affinity.c ---- */
/* The cookies of a cluster that has them; `drawn` is the key where none is configured. NULL when memory is
 * short; destroy(NULL) is legal. */
struct affinity *affinity_create(const struct cfg_cluster *cl, const struct sip_key *drawn);
void affinity_destroy(struct affinity *a);
/* Its cookie's name; of NULL: nothing. */
struct span affinity_cookie(const struct affinity *a);
/* The endpoint that the request's cookie names, or LB_NONE. a NULL: no affinity; h NULL: a stream. */
uint32_t affinity_find(const struct affinity *a, const struct http_head *h);
/* Writes a Set-Cookie line. */
void affinity_put(const struct affinity *a, uint32_t endpoint, struct writer *w);

/* ---- edits.c ---- */
/* What is done to a request's head on its way to x->cluster. It lives as long as no other is made. */
struct request_edit {
    struct http_request_edit e;
    struct http_edits edits;
    char xff[IP_STRLEN], forwarded[FORWARDED_ROOM];
};
/* False: what is added is too long. */
bool edits_of_request(struct exchanges *w, const struct exchange *x, const struct http_head *h,
                      struct request_edit *out);
/* The same for a final response. */
struct response_edit {
    struct http_response_edit e;
    struct http_edits edits;
};
bool edits_of_response(struct exchanges *w, const struct exchange *x, struct response_edit *out);
/* The lines for a reply of our own; none when they are too long. */
struct span edits_of_reply(struct exchanges *w, const struct exchange *x);
/* The id that the record has kept; empty: none. */
struct span record_request_id(const struct access_record *r);
/* The method, likewise. */
struct span record_method(const struct access_record *r);

/* ---- breaker.c ---- */
int breakers_bind(struct exchanges *w,
                  struct generation *g); /* 0 or -ENOMEM; breakers_unbind() in any case */
void breakers_unbind(struct exchanges *w, struct generation *g);
/* x is one more request of its cluster, unless it is already; false: there are as many as may be. */
bool breaker_begin(struct exchange *x);
/* The same of its cluster's endpoint i; and one less. */
bool breaker_endpoint(struct exchange *x, uint32_t i);
void breaker_leave(struct exchange *x, uint32_t i);
void breaker_stay(struct exchange *x, uint32_t i); /* it has not left, after all */
/* x is over, or has found no endpoint. */
void breaker_end(struct exchange *x);
/* x is about to be tried again: false when there are as many retries as may be. */
bool breaker_retry(struct exchanges *w, struct exchange *x);
/* One more conn to endpoint i: what has counted it is in `tally`, for splice_connect() or
 * breaker_disconnect(). False: there are as many as may be, and none of this worker's is idle. */
bool breaker_connect(struct exchanges *w, const struct cluster_state *cs, uint32_t i, uint32_t *tally[2]);
void breaker_disconnect(uint32_t *tally[2]);
/* It is e that they count, until it ends. */
void breaker_conn_begun(struct exchanges *w, const struct conn *e, uint32_t *const tally[2]);
void breaker_conn_ended(struct exchanges *w, const struct conn *e);
/* Idle conns to endpoint i that this worker may keep. */
uint32_t breaker_pool(const struct exchanges *w, const struct cluster_state *cs, uint32_t i);
/* Is there room for one more request? Of a cluster with a breaker. */
bool breaker_room(const struct cluster_state *cs);
/* The limits of a cluster, which are what its cfg says at first; those of a former configuration's are then
 * the limits that the next one has for it. */
void breaker_limits(struct cluster_state *cs);
void breaker_limits_as(struct cluster_state *former, const struct cluster_state *next);

/* ---- queue.c ---- */
/* x waits for room at its cluster, which has a breaker; false: as many wait as may. */
bool queue_join(struct exchanges *w, struct exchange *x);
void queue_leave(struct exchanges *w, struct exchange *x); /* unless it waits, nothing */
/* Do others come before x? */
bool queue_before(const struct exchanges *w, const struct exchange *x);
/* Gives room to who waits for it; when to look again. */
void queues_run(struct exchanges *w);
uint64_t queues_next_ns(const struct exchanges *w);
/* Who waits does so under the limits of g, which is the present generation from now on. */
void queues_adopt(struct exchanges *w, const struct generation *g);
/* Nobody waits at g's clusters any more: they are forgotten. */
void queues_unbind(struct exchanges *w, const struct generation *g);
/* The timer of one that waits. */
void queue_timeout(struct exchanges *w, struct exchange *x);

/* ---- hash_key.c ---- */
/* What `key` names in a request; false: it is not there. h NULL: a stream. */
bool hash_key_find(const struct exchange *x, const struct cfg_hash_key *k, const struct http_head *h,
                   struct span *value);
/* The hash of what `key` names in a request; of anything, another each time, where that is not there. */
uint64_t hash_of_key(struct exchanges *w, const struct exchange *x, const struct cfg_hash_key *key,
                     const struct http_head *h);
/* What lb_policies that go by hash are asked with; 0 for those that don't. h NULL: a stream. */
uint64_t hash_key_of(struct exchanges *w, const struct exchange *x, const struct http_head *h);

/* ---- mirror.c ---- */
/* All of the request is mapped to x->e: a copy goes to the rule's second cluster, where it has one, and where
 * that is possible. */
void mirror_request(struct exchanges *w, struct exchange *x);
/* Of conns with user_mirror. */
void mirror_connected(struct exchanges *w, struct conn *e);
void mirror_fin(struct exchanges *w, struct conn *e);
void mirror_timeout(struct exchanges *w, struct conn *e);
void mirror_ended(struct exchanges *w, struct conn *e);

/* ---- response.c ---- */
void response_judge(struct exchanges *w, struct conn *e, struct span bytes, bool held);

/* ---- reply.c ---- */
/* Answers with a reply of our own; what is left of the request is thrown away. Ends the exchange. */
void reply_own(struct exchanges *w, struct exchange *x, unsigned status, enum reason why);
/* 429: there is more of it than a limit allows, for so long. */
void reply_limited(struct exchanges *w, struct exchange *x, uint64_t wait_ns);
/* The same with a reply that the caller has put together; its close and head_only are seen to here. */
void reply_made(struct exchanges *w, struct exchange *x, const struct http_reply *r, enum reason why);

/* ---- discard.c ---- */
/* Is the rest of a request that lacon answers itself to be thrown away, and its connection to stay? */
bool discard_may(const struct exchange *x);
/* It is answered, for this reason: the rest is thrown away from now on. May free x. */
void discard_begin(struct exchanges *w, struct exchange *x, enum reason why);
/* What happens to a client with x->discards: bytes; or the rest is not waited for any more. May free x. */
void discard_body(struct exchanges *w, struct exchange *x, struct span bytes);
void discard_stop(struct exchanges *w, struct exchange *x, enum reason why);

/* ---- chunked.c ---- */
/* What is kept beyond framing, to be sent again. Zeroed: nothing. */
struct chunk_keep {
    uint64_t most; /* bytes, framing included; 0 from the first chunk on that is longer */
    uint64_t left; /* data bytes of the present chunk that are kept when they come */
};
/* Maps chunked framing and data of src to dst; 0, or -400 when it is malformed. *done when the body has
 * ended; *body grows by the data bytes of the chunks that begin in what was mapped. */
int map_chunked(struct exchanges *w, struct conn *src, struct conn *dst, struct http_chunked *st,
                struct chunk_keep *k, struct span bytes, bool held, bool *done, uint64_t *body);

/* ---- record.c ---- */
void record_request(struct exchanges *w, struct exchange *x, const struct http_head *h);
void record_stream(struct exchanges *w, struct exchange *x, const char *protocol, struct span host);
void record_bad_request(struct exchanges *w, struct exchange *x, struct span bytes);

#endif
