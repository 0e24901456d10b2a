/* Scripts from scripts: libFuzzer's mutation and crossover, made aware of records, so that what comes out is
 * a script again: records are put in, taken out, repeated, moved and altered in one field; and now and then a
 * short scene is put in that leads somewhere (a connection, an exchange, a message in pieces out of order).
 * Linked into libFuzzer's build alone. */
#include <string.h>

#include "tests/fuzz/engine/ops.h"

#define MOST 512u /* records that are told apart */

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out,
                                 size_t most, unsigned seed);

static uint64_t rnd_state;

static unsigned rnd(unsigned below)
{
    rnd_state ^= rnd_state << 13;
    rnd_state ^= rnd_state >> 7;
    rnd_state ^= rnd_state << 17;
    return (unsigned)(rnd_state >> 33) % below;
}

/* Where records begin; at[n] is the end of the last. */
struct script {
    unsigned n;
    size_t at[MOST + 1];
};

static void find_records(struct script *s, const uint8_t *bytes, size_t n)
{
    size_t at = 0;
    s->n = 0;
    while (s->n < MOST && n - at >= OP_BYTES) {
        s->at[s->n++] = at;
        at += OP_BYTES + op_tail(bytes + at, n - at - OP_BYTES);
    }
    s->at[s->n] = at;
}

/* Replaces bytes [lo, hi) of n by m others; returns the new size, or n when there is no room. `with` may not
 * lie in bytes. */
static size_t replace(uint8_t *bytes, size_t n, size_t most, size_t lo, size_t hi, const uint8_t *with,
                      size_t m)
{
    if (n - (hi - lo) + m > most)
        return n;
    memmove(bytes + lo + m, bytes + hi, n - hi);
    memcpy(bytes + lo, with, m);
    return n - (hi - lo) + m;
}

/* Peers that scripts speak of: the four clients, and the newest conns of endpoints. */
static uint8_t any_peer(void)
{
    return (uint8_t)(rnd(2) ? rnd(2) : rnd(2) ? 0x80 + rnd(3) : rnd(4));
}

static size_t any_record(uint8_t *r)
{
    static const uint8_t telling[] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 64, 127, 128, 200, 255};
    r[0] = (uint8_t)rnd(OPS);
    if (r[0] == OP_RAW && rnd(4))
        r[0] = OP_SHUFFLE; /* whoever says what he likes says little that is understood */
    r[1] = any_peer();
    for (unsigned i = 2; i < OP_BYTES; i++)
        r[i] = rnd(3) ? telling[rnd(sizeof telling)] : (uint8_t)rnd(256);
    return OP_BYTES;
}

/* What leads somewhere, for client `c`; bytes that are 0xee are drawn. */
static const uint8_t scene[][4 * OP_BYTES] = {
    /* a client, a request, and the endpoint's response of one kind or another */
    {OP_CONNECT, 0,    6,    0xee, 7, 0, 0, 0, OP_USUAL, 0,    0xee, 0xee, 0, 0, 0, 0,
     OP_SAY,     0x80, 0xee, 0xee, 0, 0, 0, 0, OP_FLOW,  0x80, 23,   0,    0, 0, 0, 0},
    /* endpoints that answer of themselves; two requests */
    {OP_MODE,  0, 0,    0,    0xee, 0, 0, 0, OP_CONNECT, 0, 2,    0xee, 0, 0, 0, 0,
     OP_USUAL, 0, 0xee, 0xee, 0,    0, 0, 0, OP_USUAL,   0, 0xee, 0xee, 0, 0, 0, 0},
    /* a request in pieces out of order, with a lie */
    {OP_CONNECT, 0, 2,    0,  0, 0,    0,    0, OP_SAY,  0, 0xee, 0xee, 0, 0, 0, 0,
     OP_SHUFFLE, 0, 0xee, 12, 1, 0xee, 0xee, 0, OP_FLOW, 0, 23,   0,    0, 0, 0, 0},
    /* the same of a response */
    {OP_SAY,  0x80, 0xee, 0xee, 0, 0, 0, 0, OP_SHUFFLE, 0x80, 0xee, 20, 0xee, 0xee, 0xee, 0,
     OP_FLOW, 0x80, 23,   0,    0, 0, 0, 0, OP_TIME,    0,    0xee, 0,  0,    0,    0,    0},
    /* frames of lacon get lost, peers repeat, time passes */
    {OP_MODE,   0,    0, 0, 0, 32, 0xee, 0, OP_USUAL, 0, 0xee, 0xee, 0, 0, 0, 0,
     OP_RESEND, 0xee, 0, 0, 0, 0,  0,    0, OP_TIME,  0, 0xee, 0xee, 0, 0, 0, 0},
    /* segments that overtake one another */
    {OP_DEFER,  0, 0xee, 0, 0, 0, 0, 0, OP_USUAL,  0, 0xee, 0xee, 0, 0, 0, 0,
     OP_ARRIVE, 0, 1,    0, 0, 0, 0, 0, OP_ARRIVE, 0, 0,    0,    0, 0, 0, 0},
    /* the endpoint dies with the request in its hands */
    {OP_USUAL, 0, 0xee, 0xee, 0, 0, 0, 0, OP_RESET, 0x80, 0xee, 0, 0, 0, 0, 0,
     OP_TIME,  0, 2,    0,    0, 0, 0, 0, OP_FLOW,  0,    23,   0, 0, 0, 0, 0},
    /* lacon dies */
    {OP_USUAL,  0, 0xee, 0xee, 0, 0, 0, 0, OP_RESTART, 0,    1, 0, 0, 0, 0, 0,
     OP_RESEND, 0, 0,    0,    0, 0, 0, 0, OP_ACK,     0x80, 0, 0, 0, 0, 0, 0},
    /* both sides close */
    {OP_FIN, 0, 0, 0, 0, 0, 0, 0, OP_FIN,  0x80, 0,    0, 0, 0, 0, 0,
     OP_ACK, 0, 0, 0, 0, 0, 0, 0, OP_TIME, 0,    0xee, 0, 0, 0, 0, 0},
};

static size_t any_scene(uint8_t *out)
{
    uint8_t who = (uint8_t)rnd(4);
    size_t n = sizeof scene[0];
    memcpy(out, scene[rnd(sizeof scene / sizeof *scene)], n);
    for (size_t i = 0; i < n; i++) {
        if (i % OP_BYTES == 1 && out[i] == 0)
            out[i] = who;
        else if (out[i] == 0xee)
            out[i] = i % OP_BYTES == 1 ? any_peer() : (uint8_t)(rnd(2) ? rnd(32) : rnd(256));
    }
    return n;
}

/* One field of a record becomes another. */
static void alter(uint8_t *r)
{
    unsigned i = rnd(OP_BYTES);
    if (i == 0 && rnd(2))
        r[0] = (uint8_t)rnd(OPS);
    else if (i == 1)
        r[1] = any_peer();
    else if (i > 1 && rnd(2))
        r[i] = (uint8_t)(r[i] + (rnd(2) ? 1 : -1) * (int)(1 + rnd(4)));
    else if (i > 1)
        r[i] = rnd(2) ? (uint8_t)rnd(256) : r[i] ^ (uint8_t)(1u << rnd(8));
}

/* A copy of some records, at most `room` bytes. */
static size_t some_records(const struct script *s, const uint8_t *bytes, uint8_t *out, size_t room)
{
    unsigned lo = rnd(s->n), hi = lo + 1 + rnd(rnd(4) ? 3 : 12);
    hi = hi < s->n ? hi : s->n;
    size_t n = s->at[hi] - s->at[lo];
    if (n > room)
        return 0;
    memcpy(out, bytes + s->at[lo], n);
    return n;
}

static size_t mutate_once(uint8_t *bytes, size_t n, size_t most)
{
    static struct script s;
    uint8_t part[2048];
    find_records(&s, bytes, n);
    size_t at = s.at[rnd(s.n + 1)];
    if (s.n == 0)
        return replace(bytes, n, most, 0, 0, part, any_scene(part));
    unsigned k = rnd(s.n);
    switch (rnd(8)) {
    case 0:
        return replace(bytes, n, most, at, at, part, any_record(part));
    case 1:
        return replace(bytes, n, most, at, at, part, any_scene(part));
    case 2: { /* taken out */
        unsigned hi = k + 1 + rnd(rnd(4) ? 2 : 8);
        return replace(bytes, n, most, s.at[k], s.at[hi < s.n ? hi : s.n], part, 0);
    }
    case 3: /* again, somewhere */
        return replace(bytes, n, most, at, at, part, some_records(&s, bytes, part, sizeof part));
    case 4: { /* somewhere else */
        size_t m = s.at[k + 1] - s.at[k], to;
        memcpy(part, bytes + s.at[k], m);
        n = replace(bytes, n, most, s.at[k], s.at[k + 1], part, 0);
        find_records(&s, bytes, n);
        to = s.at[rnd(s.n + 1)];
        return replace(bytes, n, most, to, to, part, m);
    }
    case 5:
        if (bytes[s.at[k]] % OPS == OP_RAW && s.at[k + 1] - s.at[k] > OP_BYTES) {
            (void)LLVMFuzzerMutate(bytes + s.at[k] + OP_BYTES, s.at[k + 1] - s.at[k] - OP_BYTES,
                                   s.at[k + 1] - s.at[k] - OP_BYTES);
            return n;
        }
        alter(bytes + s.at[k]);
        return n;
    default:
        alter(bytes + s.at[k]);
        return n;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t most, unsigned seed)
{
    rnd_state = seed * 0x9e3779b97f4a7c15u + 1;
    for (unsigned i = 0; i <= rnd(4); i++)
        n = mutate_once(bytes, n, most);
    return n;
}

/* The beginning of one script, the end of another. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out,
                                 size_t most, unsigned seed)
{
    static struct script sa, sb;
    rnd_state = seed * 0x9e3779b97f4a7c15u + 1;
    find_records(&sa, a, na);
    find_records(&sb, b, nb);
    size_t head = sa.at[rnd(sa.n + 1)], from = sb.at[rnd(sb.n + 1)], tail = sb.at[sb.n] - from;
    if (head > most)
        return 0;
    if (tail > most - head)
        tail = 0;
    memcpy(out, a, head);
    memcpy(out + head, b + from, tail);
    return head + tail;
}
