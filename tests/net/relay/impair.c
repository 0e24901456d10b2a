/* See impair.h. Frames wait in a heap by the time at which they are due; those to be overtaken wait behind it
 * in a short list until enough others have passed, or nothing has come for a while. */
#include "tests/net/relay/impair.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define MS           1000000u
#define OVERTAKEN_NS (20u * MS) /* nobody overtakes any more: go on */
#define BURST_NS     (20u * MS)
#define MAX_LATE     64u
#define QUEUE_BYTES  (64u * 1024)
#define ETH_HEAD     14u

struct waiting {
    struct packet p; /* first: impair_out() hands it out */
    uint64_t due_ns, n;
    uint32_t overtake; /* so many frames are to pass before it */
};

struct impair {
    struct impair_spec spec;
    struct impair_counts cnt;
    uint64_t seed;
    uint64_t order;    /* of frames with the same due_ns */
    uint64_t last_due; /* jitter keeps the order */
    uint64_t free_ns;  /* the rate limit's link is busy until then */
    uint64_t last_in;  /* when the last frame came */
    bool losing;       /* inside a burst of losses */
    struct waiting **heap;
    size_t nheap, room;
    struct waiting *late[MAX_LATE];
    unsigned nlate;
};

/* ---- chance ---- */

enum draw {
    DRAW_LOSS,
    DRAW_DUPLICATE,
    DRAW_REORDER,
    DRAW_DEPTH,
    DRAW_CORRUPT,
    DRAW_WHERE,
    DRAW_HOW,
    DRAW_JITTER,
    DRAWS,
};

/* splitmix64's finaliser over seed and place. */
static uint32_t draw(const struct impair *im, enum draw what)
{
    uint64_t z = im->seed + (im->cnt.in * DRAWS + what) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static uint64_t below(const struct impair *im, enum draw what, uint64_t n)
{
    return draw(im, what) * n >> 32;
}

/* Two states (Gilbert): the mean stay in "losing" is `burst` frames, and the share of lost frames is `loss`.
 * A pause ends a burst: it is something that the network goes through, not the fate of one sender's next
 * attempts, each after twice the time. */
static bool loses(struct impair *im, uint64_t now_ns)
{
    if (now_ns > im->last_in + BURST_NS)
        im->losing = false;
    im->last_in = now_ns;
    double loss = im->spec.loss / 4294967296.0, r = draw(im, DRAW_LOSS) / 4294967296.0;
    if (im->spec.burst <= 1)
        return r < loss;
    double leave = 1.0 / im->spec.burst;
    double enter = loss >= 1 ? 1 : leave * loss / (1 - loss);
    im->losing = im->losing ? r >= leave : r < enter;
    return im->losing;
}

static bool is_ip(const struct packet *p)
{
    return p->len >= ETH_HEAD + 40 &&
           ((p->data[12] == 0x08 && p->data[13] == 0x00) || (p->data[12] == 0x86 && p->data[13] == 0xdd));
}

static void damage(struct impair *im, struct packet *p)
{
    bool v4 = p->data[12] == 0x08;
    uint32_t total = v4 ? (uint32_t)(p->data[ETH_HEAD + 2] << 8 | p->data[ETH_HEAD + 3])
                        : 40u + (uint32_t)(p->data[ETH_HEAD + 4] << 8 | p->data[ETH_HEAD + 5]);
    if (total < 40 || total > p->len - ETH_HEAD)
        return;
    /* IPv6 does not protect version, traffic class, flow label and hop limit. */
    uint32_t first = v4 ? 0 : 4, words = (total - first) / 2;
    uint8_t *w = p->data + ETH_HEAD + (v4 ? 0 : 8) + below(im, DRAW_WHERE, words) * 2;
    uint32_t flip = 1 + (uint32_t)below(im, DRAW_HOW, 0xfffe);
    if (w + 2 > p->data + ETH_HEAD + total)
        return;
    w[0] ^= (uint8_t)(flip >> 8);
    w[1] ^= (uint8_t)flip;
    im->cnt.corrupted++;
}

/* ---- waiting ---- */

static bool before(const struct waiting *a, const struct waiting *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->n < b->n;
}

static void heap_put(struct impair *im, struct waiting *w)
{
    if (im->nheap == im->room) {
        im->room = im->room ? 2 * im->room : 256;
        im->heap = realloc(im->heap, im->room * sizeof *im->heap);
        if (!im->heap)
            err(1, "memory");
    }
    size_t i = im->nheap++;
    for (; i > 0 && before(w, im->heap[(i - 1) / 2]); i = (i - 1) / 2)
        im->heap[i] = im->heap[(i - 1) / 2];
    im->heap[i] = w;
}

static struct waiting *heap_take(struct impair *im)
{
    struct waiting *top = im->heap[0], *w = im->heap[--im->nheap];
    size_t i = 0, kid;
    while ((kid = 2 * i + 1) < im->nheap) {
        if (kid + 1 < im->nheap && before(im->heap[kid + 1], im->heap[kid]))
            kid++;
        if (!before(im->heap[kid], w))
            break;
        im->heap[i] = im->heap[kid];
        i = kid;
    }
    im->heap[i] = w;
    return top;
}

static struct waiting *copy_of(const struct packet *p)
{
    struct waiting *w = malloc(sizeof *w + p->len);
    if (!w)
        err(1, "memory");
    memset(w, 0, sizeof *w);
    w->p = (struct packet){.len = p->len, .data = (uint8_t *)(w + 1)};
    memcpy(w->p.data, p->data, p->len);
    return w;
}

/* When the rate's link has sent the frame, or 0 when its queue has no room for it. */
static uint64_t through_rate(struct impair *im, uint32_t len, uint64_t now_ns)
{
    if (im->spec.rate_bits == 0)
        return now_ns;
    uint64_t start = im->free_ns > now_ns ? im->free_ns : now_ns;
    uint64_t waiting = (start - now_ns) * im->spec.rate_bits / 8 / 1000000000u;
    if (waiting + len > im->spec.queue && waiting > 0) {
        im->cnt.queue_full++;
        return 0;
    }
    im->free_ns = start + (uint64_t)len * 8 * 1000000000u / im->spec.rate_bits;
    return im->free_ns;
}

static void enter(struct impair *im, struct waiting *w, uint32_t overtake, uint64_t now_ns)
{
    uint64_t out = through_rate(im, w->p.len, now_ns);
    if (out == 0) {
        free(w);
        return;
    }
    out += im->spec.delay_ns + below(im, DRAW_JITTER, im->spec.jitter_ns);
    im->last_due = w->due_ns = out > im->last_due ? out : im->last_due;
    w->n = im->order++;
    w->overtake = overtake;
    heap_put(im, w);
}

void impair_in(struct impair *im, const struct packet *p, uint64_t now_ns)
{
    const struct impair_spec *s = &im->spec;
    uint32_t overtake = 0;
    im->cnt.in++;
    if (loses(im, now_ns)) {
        im->cnt.lost++;
        return;
    }
    struct waiting *w = copy_of(p);
    if (draw(im, DRAW_DUPLICATE) < s->duplicate) {
        im->cnt.duplicated++;
        enter(im, copy_of(p), 0, now_ns);
    }
    if (is_ip(p) && draw(im, DRAW_CORRUPT) < s->corrupt)
        damage(im, &w->p);
    if (draw(im, DRAW_REORDER) < s->reorder)
        overtake = 1 + (uint32_t)below(im, DRAW_DEPTH, s->depth);
    enter(im, w, overtake, now_ns);
}

/* One that enough others have overtaken, or that waits in vain. */
static struct waiting *late_due(struct impair *im, uint64_t now_ns)
{
    for (unsigned i = 0; i < im->nlate; i++) {
        struct waiting *w = im->late[i];
        if (w->overtake > 0 && now_ns < w->due_ns + OVERTAKEN_NS)
            continue;
        memmove(&im->late[i], &im->late[i + 1], (--im->nlate - i) * sizeof *im->late);
        return w;
    }
    return NULL;
}

struct packet *impair_out(struct impair *im, uint64_t now_ns)
{
    struct waiting *w = late_due(im, now_ns);
    while (!w && im->nheap > 0 && im->heap[0]->due_ns <= now_ns) {
        w = heap_take(im);
        if (w->overtake > 0 && im->nlate < MAX_LATE) {
            im->cnt.reordered++;
            im->late[im->nlate++] = w;
            w = NULL;
            continue;
        }
        for (unsigned i = 0; i < im->nlate; i++)
            im->late[i]->overtake -= im->late[i]->overtake > 0;
    }
    if (!w)
        return NULL;
    im->cnt.out++;
    return &w->p;
}

void impair_free(struct packet *p)
{
    free(p);
}

uint64_t impair_next_ns(const struct impair *im)
{
    uint64_t t = im->nheap ? im->heap[0]->due_ns : UINT64_MAX;
    for (unsigned i = 0; i < im->nlate; i++) {
        uint64_t late = im->late[i]->due_ns + OVERTAKEN_NS;
        t = late < t ? late : t;
    }
    return t;
}

const struct impair_counts *impair_counts(const struct impair *im)
{
    return &im->cnt;
}

struct impair *impair_new(const struct impair_spec *spec, uint64_t seed, unsigned direction)
{
    struct impair *im = calloc(1, sizeof *im);
    if (!im)
        err(1, "memory");
    im->spec = *spec;
    if (im->spec.depth == 0)
        im->spec.depth = 3;
    if (im->spec.queue == 0)
        im->spec.queue = QUEUE_BYTES;
    im->seed = (seed * 2 + direction) * 0xd1342543de82ef95u;
    return im;
}

void impair_delete(struct impair *im)
{
    while (im->nheap > 0)
        free(heap_take(im));
    while (im->nlate > 0)
        free(im->late[--im->nlate]);
    free(im->heap);
    free(im);
}

/* ---- settings as text ---- */

static uint32_t chance(double percent)
{
    double c = percent / 100 * 4294967296.0;
    return c >= 4294967295.0 ? UINT32_MAX : (uint32_t)c;
}

static bool assign(struct impair_spec *s, const char *name, double v)
{
    if (strcmp(name, "loss") == 0)
        s->loss = chance(v);
    else if (strcmp(name, "duplicate") == 0)
        s->duplicate = chance(v);
    else if (strcmp(name, "reorder") == 0)
        s->reorder = chance(v);
    else if (strcmp(name, "corrupt") == 0)
        s->corrupt = chance(v);
    else if (strcmp(name, "burst") == 0)
        s->burst = (uint32_t)v;
    else if (strcmp(name, "depth") == 0)
        s->depth = (uint32_t)v;
    else if (strcmp(name, "delay") == 0)
        s->delay_ns = (uint64_t)(v * MS);
    else if (strcmp(name, "jitter") == 0)
        s->jitter_ns = (uint64_t)(v * MS);
    else if (strcmp(name, "rate") == 0)
        s->rate_bits = (uint64_t)(v * 1e6);
    else if (strcmp(name, "queue") == 0)
        s->queue = (uint32_t)(v * 1024);
    else
        return false;
    return true;
}

bool impair_parse(struct impair_spec *spec, char *text, const char **bad)
{
    for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
        char *value = strchr(word, '='), *end = NULL;
        *bad = word;
        if (!value)
            return false;
        *value++ = '\0';
        double v = strtod(value, &end);
        if (end == value || *end || v < 0 || v > 1e9 || !assign(spec, word, v))
            return false;
    }
    return true;
}
