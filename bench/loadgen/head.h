/* head: the few things of HTTP/1.1 that the generator says and understands. */
#ifndef LOADGEN_HEAD_H
#define LOADGEN_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#define HEAD_MAX 1024u /* longest head that is understood */

/* What a received head said. */
struct head {
    uint32_t len;    /* bytes, the empty line included */
    uint32_t body;   /* Content-Length, 0 for none */
    uint32_t status; /* of a response */
    uint32_t want;   /* of a request: size of the response's body */
    uint64_t id;     /* of a request: in its target; of a response: X-Id */
    bool has_length, has_id;
    bool close; /* Connection: close */
};

/* 1: *out is filled; 0: incomplete, more bytes are needed; -1: not what we can have been sent. */
int head_parse_response(const uint8_t *p, uint32_t n, struct head *out);
int head_parse_request(const uint8_t *p, uint32_t n, struct head *out);

/* Write a head of at most HEAD_MAX bytes; return its length, which depends on the arguments alone. A response
 * of the endpoint side looks like nginx's. `body` of a request: 0 is a GET, else a POST. */
uint32_t head_put_request(uint8_t *to, uint64_t id, uint32_t want, uint32_t body, bool close);
uint32_t head_put_response(uint8_t *to, uint64_t id, uint32_t body, bool close);

#endif
