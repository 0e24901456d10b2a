/* config: one YAML file to one checked, immutable tree of plain structs.
 *
 * Invariant: a struct config that config_load() returned without an error is complete and consistent:
 * defaults are filled in, every name that points somewhere has become an index, every number is in range,
 * addresses are parsed. Nobody checks again. It is read-only from then on and may be read by any thread;
 * config_free() ends it. */
#ifndef LACON_CONFIG_CONFIG_H
#define LACON_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/base/addr.h"
#include "agent/base/field_edit.h"
#include "agent/base/lb_policies.h"
#include "agent/base/networks.h"

#define CFG_NONE          UINT32_MAX
#define CFG_MAX_WORKERS   64
#define CFG_MAX_LISTENERS 256

enum cfg_idle {
    CFG_IDLE_ADAPTIVE, /* back off when nothing arrives */
    CFG_IDLE_POLL,     /* spin */
};

enum cfg_hugepages {
    CFG_HUGE_AUTO, /* use them when there are enough */
    CFG_HUGE_OFF,
    CFG_HUGE_ON, /* fail without */
};

/* dpdk: the process, its workers and its memory */
struct cfg_dpdk {
    uint32_t workers;      /* 1..CFG_MAX_WORKERS; default 1 */
    uint32_t ncores;       /* 0: not pinned by the file */
    uint32_t *cores;       /* CPU number per worker; ncores == workers when given */
    uint64_t memory_bytes; /* for packet buffers; default 256 MiB; 64 MiB..1024 GiB */
    enum cfg_hugepages hugepages;
    enum cfg_idle idle;
    uint32_t connections;   /* per worker: table capacity; default 65536; 64..16777216 */
    uint64_t buffers_bytes; /* per worker: kept bytes; default 64 MiB; at least 1 MiB */
    uint32_t syn_ring;      /* per worker: half-open entries; default 8192; 16..1048576 */
    uint16_t port_lo,
        port_hi; /* local ports toward endpoints; default 10000..60999 (key `local_ports: 10000-60999`);
                    within 1024..65535, at least 16 per worker, no listener's port among them */
    uint32_t neal_args; /* further EAL arguments, verbatim; key `eal` */
    char **eal_args;
};

enum cfg_if_kind {
    CFG_IF_DEVICE, /* a kernel network device, by AF_XDP or af_packet */
    CFG_IF_PCI,
    CFG_IF_MEMIF,
    CFG_IF_VDEV,
};

/* How a kernel device is opened. */
enum cfg_driver {
    CFG_DRIVER_AUTO,        /* AF_XDP, in the device's own receive path where it can; else af_packet */
    CFG_DRIVER_XDP_GENERIC, /* AF_XDP behind the kernel's receive steering */
    CFG_DRIVER_AF_PACKET,
};

struct cfg_prefix {
    struct ip_addr addr; /* the address itself, not the network */
    uint8_t bits;        /* as written: 0..32 or 0..128 */
};

struct cfg_interface {
    char *name;
    enum cfg_if_kind kind;
    char *target; /* device name, PCI address, memif socket (and options), or vdev string */
    uint32_t naddr;
    struct cfg_prefix *addr;
    bool has_gateway4, has_gateway6;
    struct ip_addr gateway4, gateway6; /* keys gateway, gateway6; on-link */
    uint16_t vlan;                     /* 0: untagged */
    uint16_t mtu;                      /* 0: as the device says; 576..9000 */
    enum cfg_driver driver;            /* default auto */
};

/* Versions of the PROXY protocol. */
enum cfg_proxy {
    CFG_PROXY_NONE,
    CFG_PROXY_V1,
    CFG_PROXY_V2,
    CFG_PROXY_ANY, /* of what is accepted */
};

/* Who names clients in PROXY headers: key `proxy_protocol` of a listener. */
struct cfg_proxy_in {
    enum cfg_proxy accept; /* default any */
    uint32_t nfrom;        /* 0: nobody; then no header is expected */
    struct cfg_prefix *from;
};

enum cfg_protocol {
    CFG_HTTP,
    CFG_TCP, /* spliced from the first byte to the listener's cluster */
    CFG_TLS, /* routed by the host name in the ClientHello, then spliced */
};

enum cfg_hash_on {
    CFG_HASH_SOURCE, /* the client's address */
    CFG_HASH_PATH,
    CFG_HASH_HEADER,
    CFG_HASH_COOKIE,
    CFG_HASH_QUERY,
};

struct cfg_hash_key {
    enum cfg_hash_on on;
    char *name; /* of the header, cookie or query parameter; else NULL */
};

enum cfg_rate_of {
    CFG_RATE_REQUESTS,
    CFG_RATE_CONNECTIONS, /* of a listener alone; keyed by source or not at all */
};

/* A token bucket, or one for each value of its key. */
struct cfg_rate_limit {
    enum cfg_rate_of of;
    uint32_t rate;   /* in `per`; 1..10000000 */
    uint64_t per_ns; /* default 1 s; to 1 h */
    uint32_t burst;  /* default rate; 1..1000000 */
    bool keyed;
    struct cfg_hash_key key; /* requests without it are not limited */
    uint32_t keys;           /* that have buckets at a time, at least; default 65536 */
    uint32_t id;             /* below config.nrate_limit */
    char *name;              /* where it stands: the same after a reload for what is to go on */
};

/* Whether a client of this address may connect: cfg_listener.access's verdicts; 0: neither list has it. */
enum cfg_access {
    CFG_ALLOWED = 1,
    CFG_DENIED,
};

/* What becomes of a field by which proxies tell each other about a request. */
enum cfg_forward {
    CFG_FORWARD_OFF,     /* it passes as it is, and is not added */
    CFG_FORWARD_APPEND,  /* what came stays, whoever sent it */
    CFG_FORWARD_REPLACE, /* what came stays when a trusted proxy sent it */
};

enum cfg_client_address {
    CFG_CLIENT_XFF,
    CFG_CLIENT_FORWARDED,
};

/* All durations are within 1 ms..24 h. */
struct cfg_listener {
    char *name;
    struct ip_port at; /* zero address: every address of ours ("*:80" or "0.0.0.0:80" IPv4 only, "[::]:80"
                          IPv6 only, see any4/any6) */
    bool any4, any6;
    enum cfg_protocol protocol; /* default http */
    uint32_t cluster;           /* index; of tcp alone, else CFG_NONE */
    uint32_t head_limit;        /* bytes; default 32 KiB; 1 KiB..60 KiB */
    uint64_t max_body;          /* bytes; 0: no limit */
    uint64_t max_rate;          /* bytes a second toward one client; 0: no limit; default 1 GiB; from 1 KiB */
    uint64_t head_timeout_ns;   /* default 10 s: first byte to end of head (408) */
    uint64_t idle_timeout_ns;   /* default 60 s: between requests */
    uint64_t stall_timeout_ns;  /* default 60 s: no progress inside an exchange */
    uint64_t request_timeout_ns; /* a request's head to its response's last byte; 0: none (the default) */
    uint64_t tunnel_timeout_ns;  /* default 1 h: no byte either way in a tunnel (tcp, upgraded http) */
    uint64_t
        min_request_rate; /* bytes/s that a client has to send while it is waited for; 0: any; default 240 */
    uint64_t min_response_rate; /* bytes/s that it has to take; likewise */
    uint64_t rate_period_ns;    /* default 20 s: the time over which both are judged */
    uint32_t ntrusted_proxy;    /* 0: none */
    struct cfg_prefix *trusted_proxy;
    enum cfg_client_address client_address; /* which field of theirs tells it; default X-Forwarded-For */
    enum cfg_forward x_forwarded_for, x_forwarded_proto, x_forwarded_host, x_forwarded_port, forwarded,
        x_request_id, traceparent;                 /* default append, replace, and off */
    struct field_edit request_edit, response_edit; /* keys request_headers, response_headers */
    struct cfg_proxy_in proxy;
    uint32_t nallow, ndeny;
    struct cfg_prefix *allow, *deny;
    char *allow_file, *deny_file; /* NULL: none */
    bool only_allowed;            /* there is an allow or an allow_file: who is in no list is refused */
    struct networks access;       /* of all four; n 0: no list, everybody may connect */
    uint32_t client_connections;  /* open at a time of one client; 0: any (the default) */
    uint32_t client_requests;     /* likewise, requests in flight (429) */
    uint32_t nrate_limit;
    struct cfg_rate_limit *rate_limit;
};

enum cfg_match_path {
    CFG_PATH_PREFIX, /* whole path elements, as HTTPRoute's PathPrefix: /a matches /a and /a/b, not /ab */
    CFG_PATH_EXACT,
    CFG_PATH_REGEX, /* the whole path */
};

enum cfg_test {
    CFG_EXACT,
    CFG_PRESENT,
    CFG_REGEX, /* the whole value */
};

/* Of a header field (name in any case) or a query parameter. */
struct cfg_condition {
    char *name;
    enum cfg_test test;
    char *value; /* of CFG_EXACT and CFG_REGEX; else NULL */
};

/* All that is given has to hold. */
struct cfg_match {
    enum cfg_match_path kind;
    char *path;     /* default prefix "/" */
    char *method;   /* NULL: any */
    uint32_t nalpn; /* 0: any; on tls listeners: one of what the client offers */
    char **alpn;
    uint32_t nheader, nquery;
    struct cfg_condition *header, *query;
    uint32_t nsource; /* 0: any client */
    struct cfg_prefix *source;
};

struct cfg_split {
    uint32_t cluster; /* index */
    uint32_t weight;  /* 0..1000000; default 1 */
};

enum cfg_scheme {
    CFG_SCHEME_SAME, /* not given */
    CFG_SCHEME_HTTP,
    CFG_SCHEME_HTTPS,
};

/* What is not given stays as the request has it. */
struct cfg_redirect {
    enum cfg_scheme scheme;
    char *hostname;
    uint32_t port;       /* 0: the scheme's own where that is given, else the listener's */
    char *path, *prefix; /* the whole path, or instead of the prefix that matched; at most one */
    uint32_t status;     /* 301, 302 (the default), 303, 307, 308 */
};

struct cfg_reply {
    uint32_t status;    /* 200..599, not 205 or 304; default 200 */
    char *body;         /* NULL: none */
    char *content_type; /* default text/plain */
};

/* What an endpoint is asked for instead; what is not given stays. */
struct cfg_rewrite {
    char *hostname;      /* instead of Host's value */
    char *path, *prefix; /* the whole path, or instead of the prefix that matched; at most one */
};

enum cfg_action {
    CFG_TO_CLUSTER, /* or one of several, by split */
    CFG_REDIRECT,
    CFG_REPLY,
    CFG_DENY, /* 403 */
};

/* Where a copy of requests goes. */
struct cfg_mirror {
    uint32_t cluster; /* index */
    uint32_t percent; /* of the requests; 0: none goes anywhere */
};

struct cfg_rule {
    uint32_t nmatch; /* any of them; at least one (default prefix "/") */
    struct cfg_match *match;
    enum cfg_action action;
    uint32_t cluster; /* index, where there is no split; else CFG_NONE */
    uint32_t nsplit;  /* their weights' sum is above 0 */
    struct cfg_split *split;
    bool split_fixed; /* by split_key; else drawn for each request */
    struct cfg_hash_key split_key;
    struct cfg_mirror mirror;
    struct cfg_redirect redirect;
    struct cfg_reply reply;
    uint32_t nrate_limit;
    struct cfg_rate_limit *rate_limit;             /* of requests */
    struct cfg_rewrite rewrite;                    /* of what goes to a cluster */
    struct field_edit request_edit, response_edit; /* the former likewise */
    uint64_t request_timeout_ns;                   /* instead of the listener's; 0: that (the default) */
    uint64_t response_timeout_ns;                  /* instead of the cluster's; 0: that (the default) */
};

struct cfg_route {
    char *name;
    uint32_t nlistener; /* 0: every listener */
    uint32_t *listener; /* indexes */
    uint32_t nhost;     /* 0: every host */
    char **host;        /* lower case; "a.example" or "*.example" */
    uint32_t nrule;
    struct cfg_rule *rule;
};

#define CFG_MAX_ENDPOINTS 4096 /* of a cluster */

struct cfg_endpoint {
    struct ip_port at; /* of a name: its port; the address only in what was derived (config_derive()) */
    char *host;        /* NULL: it is given by its address */
    uint32_t weight;   /* 0..1000; default 1; 0: takes no new requests */
    uint32_t priority; /* 0..127; default 0, which is asked first */
    char *zone;        /* NULL: none */
    uint32_t max_requests, max_connections; /* at a time, from all workers; 0: any (the default) */
};

/* In the order of LB_POLICIES. */
enum cfg_lb_policy {
#define X(id, name, hashes) CFG_LB_##id,
    LB_POLICIES(X)
#undef X
};

enum cfg_check_protocol {
    CFG_CHECK_NONE,
    CFG_CHECK_TCP,
    CFG_CHECK_HTTP,
};

enum cfg_check_method {
    CFG_CHECK_GET,
    CFG_CHECK_HEAD,
    CFG_CHECK_OPTIONS,
};

enum cfg_check_initial {
    CFG_CHECK_UP, /* until the first check has ended */
    CFG_CHECK_DOWN,
};

struct cfg_statuses {
    uint16_t lo, hi; /* 100..599 */
};

/* Active checks of each endpoint of a cluster. */
struct cfg_health_check {
    enum cfg_check_protocol protocol;
    uint32_t port; /* 0: the endpoint's own */
    enum cfg_check_method method;
    char *path;
    char *host;         /* NULL: the endpoint's address */
    uint32_t nexpected; /* 0: 200 to 399 */
    struct cfg_statuses *expected;
    char *body_contains;              /* NULL: any body; at most 255 bytes */
    uint64_t interval_ns, timeout_ns; /* defaults 5 s, 2 s */
    uint32_t jitter;                  /* percent of the interval that is added or taken off at most */
    uint32_t healthy, unhealthy;      /* checks in a row that change an endpoint's state; 1..100 */
    enum cfg_check_initial initial;   /* default up */
};

enum cfg_same_site {
    CFG_SAME_SITE_UNSAID,
    CFG_SAME_SITE_LAX,
    CFG_SAME_SITE_STRICT,
    CFG_SAME_SITE_NONE, /* with secure */
};

/* A cookie of lacon's own that names a client's endpoint. */
struct cfg_cookie {
    bool on; /* there is one */
    char *name;
    char *key;           /* that it is signed with; NULL: one that is drawn at start */
    char *path, *domain; /* path by default "/"; domain NULL: the host's own */
    uint64_t max_age_ns; /* default 0: as long as the client's session */
    bool secure, http_only;
    enum cfg_same_site same_site;
};

struct cfg_affinity {
    struct cfg_cookie cookie;
};

/* Passive: by what an endpoint does with requests. 0: that is no reason. */
struct cfg_outlier {
    uint32_t failures;     /* in a row: not connected to, reset, not answered in time; 0..1000 */
    uint32_t errors;       /* answers of 5xx in a row; 0..1000 */
    uint32_t error_rate;   /* percent of requests that fail or get 5xx, within window_ns */
    uint32_t min_requests; /* in the window, before error_rate is judged; 1..1000000 */
    uint64_t window_ns;
    uint64_t base_ns, max_ns;      /* how long an endpoint is ejected */
    uint32_t max_ejection_percent; /* of the cluster's endpoints at one time */
};

/* Is there any reason to eject an endpoint? */
static inline bool cfg_outlier_on(const struct cfg_outlier *o)
{
    return o->failures || o->errors || o->error_rate;
}

/* What may have happened to a request that is run again; beside these a status, 400 to 599. */
enum cfg_retry_on {
    CFG_RETRY_CONNECT, /* no endpoint can have read a byte of it */
    CFG_RETRY_RESET,   /* its connection ended before the response */
    CFG_RETRY_TIMEOUT, /* no response in time */
};

/* In the order of agent/http's enum http_method. */
enum cfg_method {
    CFG_GET,
    CFG_HEAD,
    CFG_POST,
    CFG_PUT,
    CFG_DELETE,
    CFG_OPTIONS,
    CFG_TRACE,
    CFG_PATCH,
};

struct cfg_retry {
    uint32_t non;
    uint16_t *on; /* enum cfg_retry_on, or a status; default all three */
    uint32_t nmethod;
    uint16_t *method;         /* enum cfg_method, which may be run twice; default the idempotent ones */
    uint32_t budget;          /* percent of the requests in flight; 0: no budget (the default) */
    uint32_t min_concurrency; /* retries in flight whatever the budget; default 3 */
    uint64_t backoff_ns;      /* before the first retry, doubled for each more; default 0 */
};

struct cfg_cluster {
    char *name;
    enum cfg_lb_policy lb_policy;
    struct cfg_hash_key hash_key;     /* default source; other ones only with ring_hash and maglev */
    uint32_t ring_size, maglev_table; /* 0: lb-policy's default, or of another lb_policy */
    uint64_t slow_start_ns; /* until an endpoint that comes back has its full share; default 0: at once */
    uint32_t overprovisioning_factor; /* percent, 100..10000; default 140 */
    uint32_t subset_size;             /* endpoints a worker keeps to; 0: all (the default) */
    char *prefer_zone;                /* some endpoint's zone, or NULL: none is preferred */
    uint32_t panic_threshold; /* percent of endpoints; default 0: while one is up, down ones get nothing */
    struct cfg_health_check check;
    struct cfg_outlier outlier;
    uint64_t connect_timeout_ns;                   /* per try; default 1 s */
    uint64_t response_timeout_ns;                  /* request sent to response head; default 60 s (504) */
    uint64_t pool_idle_ns;                         /* default 60 s */
    struct field_edit request_edit, response_edit; /* keys request_headers, response_headers */
    struct cfg_affinity affinity;
    uint32_t pool_size;    /* idle connections per endpoint and worker; default 256; 0: no reuse; ..65536 */
    uint32_t tries;        /* endpoint connections tried per request; default 3; 1..10 */
    uint32_t retry_buffer; /* bytes; default 16 KiB; 0..60 KiB (S7) */
    enum cfg_proxy proxy_protocol; /* of the header that endpoints get; never ANY */
    struct cfg_retry retry;
    uint32_t max_requests, max_connections; /* at a time, from all workers; 0: any (the default) */
    uint32_t max_retries;                   /* likewise */
    uint32_t max_pending;                   /* requests that wait for room; default 1024 */
    uint64_t queue_timeout_ns;              /* so long at most; default 5 s */
    uint32_t nendpoint;
    struct cfg_endpoint *endpoint;
};

/* What one client address (an IPv6 /64) may have of each worker. */
struct cfg_limits {
    uint32_t client_connections; /* percent of dpdk.connections; 0: no limit; default 50 */
    uint32_t client_buffers;     /* percent of dpdk.buffers; 0: no limit; default 25 */
    uint32_t ntrusted;
    struct cfg_prefix *trusted; /* whom these do not bind: proxies in front of us */
};

/* Providers of accelerator hooks, by the names in cfg_accel_names (which ends with NULL). The schema has them
 * in $defs/accel_provider. */
#define CFG_ACCELS(X)                                                                                        \
    X(SOFT, "soft")                                                                                          \
    X(SIMD, "simd")                                                                                          \
    X(RTE_FLOW, "rte_flow")                                                                                  \
    X(EMU, "emu")                                                                                            \
    X(FAULTY, "faulty")                                                                                      \
    X(DEVICE, "device")

enum cfg_accel {
#define X(id, name) CFG_ACCEL_##id,
    CFG_ACCELS(X)
#undef X
};
extern const char *const cfg_accel_names[];

/* Who does what hardware may do. */
struct cfg_accels {
    uint32_t norder; /* 0: device, simd, then soft */
    enum cfg_accel *order;
    uint32_t checksum, head_scan, flow, parse, steer; /* 0: by order; else 1 + enum cfg_accel */
    uint32_t flow_profile;                            /* 0: bluefield2, 1: liquidio */
    uint64_t flow_least;                              /* bytes; default 1 MiB */
};

/* How endpoints' names are resolved. */
struct cfg_dns {
    uint32_t nserver; /* 0: as /etc/resolv.conf says */
    struct ip_port *server;
    uint64_t min_ttl_ns, max_ttl_ns; /* bounds for how long an answer is good; defaults 5 s, 5 min */
    uint64_t timeout_ns;             /* for each of two tries; default 2 s */
};

enum cfg_log_level {
    CFG_LOG_ERROR,
    CFG_LOG_WARNING,
    CFG_LOG_INFO,
    CFG_LOG_DEBUG,
};

struct cfg_admin {
    char *socket;              /* default /run/lacon/admin.sock */
    uint32_t mode;             /* file mode bits; default 0600 */
    uint64_t drain_timeout_ns; /* default 10 min: exchanges under an old configuration, or while draining */
};

struct cfg_logging {
    enum cfg_log_level level; /* default info */
    char *access_log;         /* path, "-" for standard output, or NULL: off (the default; key value `off`) */
    char *error_log;          /* path, or NULL: standard error */
};

struct config {
    char *file;
    struct cfg_dpdk dpdk;
    uint32_t ninterface, nlistener, nroute, ncluster;
    struct cfg_interface *interface;
    struct cfg_listener *listener;
    struct cfg_route *route;
    struct cfg_cluster *cluster;
    uint32_t nrate_limit; /* of all listeners and rules */
    struct cfg_limits limits;
    struct cfg_accels accel;
    struct cfg_dns dns;
    struct cfg_admin admin;
    struct cfg_logging logging;
};

/* One complaint; line and column count from 1. */
struct cfg_error {
    unsigned line, column;
    char *message;
};

struct cfg_errors {
    char *file;
    size_t n;
    struct cfg_error *e; /* in file order */
};

/* Reads and checks. NULL on any error: every error found is then in *errs (never empty in that case; an
 * unreadable file is line 0). config_load reads a file, config_parse a buffer (`name` stands for the file in
 * messages). *errs is always initialised. */
struct config *config_load(const char *path, struct cfg_errors *errs);
struct config *config_parse(const char *name, const char *text, size_t n, struct cfg_errors *errs);
void config_free(struct config *c); /* NULL is legal */

/* What stands for a name or an order when endpoints are made of them. */
struct cfg_lookup {
    void *ctx;
    /* The addresses of a name, in order; how many. They stay until config_derive() has returned. */
    uint32_t (*addresses)(void *ctx, const char *host, const struct ip_addr **addr);
    /* The weight of an endpoint that the file gives `weight`. */
    uint32_t (*weight)(void *ctx, const char *cluster, const struct ip_port *at, uint32_t weight);
};

/* The same configuration, with an endpoint for each address of one that is given by name (a cluster may then
 * have none), at most CFG_MAX_ENDPOINTS for each cluster. It has config_free() called on it, like base, which
 * may come first; both on one thread. NULL when memory is short. */
struct config *config_derive(struct config *base, const struct cfg_lookup *l);

void cfg_errors_free(struct cfg_errors *e);
void cfg_errors_print(const struct cfg_errors *e, FILE *f); /* file:line:column: message, a line each */

/* Are both derived from one reading of the file (config_derive()), so that they share all of it but clusters'
 * endpoints? */
bool config_same_file(const struct config *a, const struct config *b);

/* The name of a section in which the two differ and which a running lacon cannot change (dpdk, interfaces,
 * limits, of admin the socket, of logging whether there is an access log: threads, memory and devices were
 * made from them), or NULL. Also named is one that could not be compared for want of memory. */
const char *config_needs_restart(const struct config *now, const struct config *next);

/* Writes the effective configuration, defaults included, as YAML that config_parse reads back to the same. */
void config_print(const struct config *c, FILE *f);
/* One top-level section of it. */
void config_print_section(const struct config *c, const char *section, FILE *f);
/* What one rule, one listener of it says, a key on each line. */
void config_print_rule(const struct config *c, const struct cfg_rule *rule, FILE *f);
void config_print_listener(const struct config *c, const struct cfg_listener *listener, FILE *f);

#endif
