/* Rows about greedy clients: what one address may have of connections and kept bytes. */
#include "tests/sim/rows/all.h"
#include "tests/sim/rows/crowd.h"

void d_share_conns(struct script *s)
{
    struct peer *c[10], *more, *other;
    s->config->limits.client_connections = 1; /* of 1024 */
    open_many(s, c, 10);
    more = client(s);
    flags(more, SEG_SYN, 0, 0);
    want(more, "RA ack=1");
    want_counter(s, "drop_client_share", 1);
    other = neighbour(s);
    if (s->client_v6) {
        flags(other, SEG_SYN, 0, 0);
        want(other, "RA ack=1"); /* one /64 is one client */
    } else {
        open_conn(other);
    }
    rst(c[0], 1);
    pass_time(s, 10);
    more = client(s);
    open_conn(more);
}

void d_share_trusted(struct script *s)
{
    static struct cfg_prefix all[2] = {{.bits = 0}, {.bits = 0}};
    const uint8_t zero[4] = {0};
    struct peer *c[12];
    all[0].addr = ip_from_v4(zero);
    s->config->limits = (struct cfg_limits){.client_connections = 1, .ntrusted = 2, .trusted = all};
    open_many(s, c, 12);
    pass_time(s, 10);
    want_counter(s, "drop_client_share", 0);
    want_counter(s, "clients_open", 12);
}

/* Beyond its share of kept bytes a client's are dropped and come again; another's are taken. */
void d_share_bytes(struct script *s)
{
    struct peer *c[4], *other, *e;
    families(s, false, false);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    open_many(s, c, 4);
    for (unsigned i = 0; i < 4; i++) {
        say(c[i], "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(c[i], 'a', 3900);
    }
    pass_time(s, 10);
    want_true(s, counter_of(s, "drop_client_bytes") > 0, "bytes beyond the share were dropped");
    other = neighbour(s);
    e = with_request(other, GET0);
    answer(e, other);
    for (unsigned i = 0; i < 3; i++)
        rst(c[i], c[i]->snd);
    pass_time(s, 10);
    forget(c[3]);
    say_at(c[3], c[3]->snd - 100, "");
    c[3]->snd = 1;
    say(c[3], GET0); /* the client's repetition, as far as its head was dropped whole or is the same */
    pass_time(s, 10);
    want_counter(s, "clients_open", 2);
}

/* A head is begun, then its client's share is used up by others, then it is complete: it waits for the
 * response before it to be acked, and is not forgotten. */
void d_share_head_waits(struct script *s)
{
    struct peer *c, *e, *more[3];
    families(s, false, false);
    one_endpoint(s);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    c = client(s);
    e = with_request(c, GET0);
    c->auto_ack = false;
    uint32_t acked = c->rcv;
    answer(e, c);
    uint32_t all = c->rcv;
    c->rcv = acked;
    say(c, "GET /next HTTP/1.1\r\nHost: c0.example\r\nX: ");
    say_n(c, 'a', 300);
    open_many(s, more, 3);
    for (unsigned i = 0; i < 3; i++) {
        say(more[i], "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(more[i], 'a', 3900);
    }
    pass_time(s, 10);
    want_true(s, counter_of(s, "drop_client_bytes") > 0, "the share is used up");
    forget(e);
    say(c, "\r\n\r\n");
    want_silence(e, 10);
    c->rcv = all;
    ack_all(c);
    want_text(e, "GET /next HTTP/1.1\r\n");
}

/* A client whose share is used up by one hold: what fits into the buffer that this has, once the requests
 * before have been taken out of it, is taken. */
void d_share_moves_up(struct script *s)
{
    families(s, false, false);
    one_endpoint(s);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    struct peer *c = client(s), *e = with_request(c, GET0);
    for (unsigned i = 0; i < 3; i++) {
        say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(c, 'a', 4200);
        if (i < 2)
            say(c, "\r\n\r\n");
    }
    for (unsigned i = 0; i < 3; i++) {
        answer(e, c);
        if (i < 2)
            want_head(e);
    }
    say_n(c, 'a', 3800);
    say(c, "\r\n\r\n");
    want_head(e);
    want_counter(s, "drop_client_bytes", 0);
}
