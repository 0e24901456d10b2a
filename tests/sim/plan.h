/* plan: one exchange as it is meant to be, known to both ends by its id, and what became of it. The bytes of
 * a body are a function of id, direction and offset, so both ends compare every byte. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "tests/sim/buf.h"
#include "tests/sim/sim.h"

enum body_kind {
    BODY_NONE,
    BODY_LENGTH,
    BODY_CHUNKED,
    BODY_CLOSE,
};

enum body_dir {
    DIR_REQUEST,
    DIR_RESPONSE,
};

enum outcome {
    EX_OPEN,
    EX_OK,
    EX_FAILED,
};

/* How a client ends an exchange that it does not want to end well. */
enum quit {
    QUIT_NOT,
    QUIT_RESET,
    QUIT_VANISH, /* without a segment, for good */
    QUIT_DEAF,   /* reads nothing more: the window closes and stays closed */
};

/* What an endpoint says instead of a response. Up to GARBAGE_HEADS lacon can see in the head. */
enum garbage {
    GARBAGE_NONE,
    GARBAGE_RANDOM,
    GARBAGE_STATUS,
    GARBAGE_BARE_LF,
    GARBAGE_TWO_LENGTHS,
    GARBAGE_LENGTH_AND_CHUNKED,
    GARBAGE_FOLD,
    GARBAGE_SPACE_COLON,
    GARBAGE_NUL,
    GARBAGE_ENDLESS,
    GARBAGE_HEADS = GARBAGE_ENDLESS,
    GARBAGE_CHUNK_SIZE, /* from here on in the body */
    GARBAGE_CHUNK_END,
    GARBAGE_SHORT, /* FIN before the announced end */
    GARBAGE_KINDS,
};

#define PLAN_LINE 201

struct plan {
    uint32_t id;
    /* the request */
    const char *method;
    bool idempotent, head;
    unsigned minor;
    bool keep10, close; /* HTTP/1.0 with keep-alive; the client asks for close */
    unsigned cluster;
    char host[64], target[64];
    enum body_kind req_kind;
    uint32_t req_len;
    bool expect;   /* Expect: 100-continue */
    bool hop;      /* carries hop-by-hop fields that must not arrive */
    bool xff;      /* carries an X-Forwarded-For of its own */
    uint32_t blob; /* bytes of a field that makes the head long */
    struct ip_addr client;
    /* the response */
    uint16_t status;
    enum body_kind resp_kind;
    uint32_t resp_len;                       /* for HEAD and 304: what Content-Length says */
    bool hints;                              /* a 103 comes first */
    bool endpoint_close, endpoint_keepalive; /* fields of the endpoint's that lacon must remove */
    bool early;                              /* 413 as soon as early_at body bytes came */
    uint32_t early_at;
    uint64_t think_ns;
    uint64_t sent_ns, got_ns; /* the client began to ask; it had all */
    /* faults */
    uint32_t reset_at; /* the endpoint resets after so many bytes of its first response; UINT32_MAX: no */
    uint32_t stall_at; /* the endpoint falls silent after so many bytes of its response; UINT32_MAX: no */
    uint32_t surplus;  /* bytes behind the end of the response */
    enum garbage garbage;
    enum quit quit;
    bool quit_upload;     /* while the request is sent, else while the response is read */
    uint32_t quit_at;     /* after so many bytes of the request, or of the response's body */
    bool other_content;   /* a byte of the request line comes again with another value */
    uint16_t own_status;  /* the reply must be lacon's own with this status; 0: the endpoint's */
    uint16_t fail_status; /* an own reply to a failure must have this status; 0: 502, 503 or 504 */
    bool may_fail, must_fail;
    bool may_lack_log;  /* lacon crashed and could not log it */
    bool may_log_short; /* the client left before lacon could know that it has all */
    /* what became of it */
    enum outcome outcome;
    bool sent;            /* all of the request was written by the client */
    uint16_t got_status;  /* final status that the client got */
    uint64_t got_body;    /* response body bytes that the client got */
    bool beside_other;    /* by then its client had sent a byte again with another value */
    unsigned executed;    /* how often an endpoint got the whole request */
    char line[PLAN_LINE]; /* the request line as an endpoint got it last; empty: none did */
    unsigned logged;      /* how often lacon logged it */
    uint16_t log_status;  /* as the log said */
    uint8_t log_reason;   /* enum reason */
    uint64_t log_request, log_body;
    uint64_t log_from, log_to; /* virtual time */
    struct ip_port log_endpoint;
    char log_line[PLAN_LINE];
};

/* All exchanges of a run. Pointers stay valid. */
struct book {
    struct plan **p;
    uint32_t n, cap;
};

struct plan *book_new(struct book *b);
struct plan *book_find(const struct book *b, uint32_t id); /* NULL: no such id */
void book_free(struct book *b);

static inline uint8_t body_byte(uint32_t id, enum body_dir dir, uint32_t off)
{
    uint32_t x = (off ^ (id * 0x9e3779b1u)) * 0x85ebca6bu + (uint32_t)dir * 0x1b873593u;
    return (uint8_t)((x ^ x >> 15) >> 8);
}

/* Does this exchange end the client's connection? */
bool plan_ends_conn(const struct plan *p);
/* Does the response carry body bytes? */
bool plan_resp_body(const struct plan *p);

/* The messages as their senders write them; appended to `head` and `body`. */
void plan_write_request(const struct plan *p, struct rng *r, struct buf *head, struct buf *body);
void plan_write_response(const struct plan *p, struct rng *r, struct buf *out);

#endif
