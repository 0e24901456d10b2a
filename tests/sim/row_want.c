/* Words of what peers are to receive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/utc.h"
#include "tests/sim/row_internal.h"

bool row_next(struct peer *p, uint64_t wait)
{
    struct sim *sim = &p->sc->sim;
    uint64_t until = sim->now + wait;
    while (!p->in.n && sim_step(sim, until))
        ;
    if (sim->failed)
        return false;
    if (!p->in.n) {
        sim->now = until;
        return false;
    }
    free(p->last);
    p->last = inbox_take(&p->in);
    p->got = p->last->s;
    p->got_at = p->last->at;
    return true;
}

static const char *relative(const struct peer *p, char *buf, size_t n)
{
    char f[9];
    unsigned k = 0;
    for (unsigned i = 0; i < 8; i++)
        if (p->got.flags & 1u << i)
            f[k++] = "FSRPAUEC"[i];
    f[k] = 0;
    snprintf(buf, n, "[%s seq=%u ack=%u len=%u win=%u] \"%.*s\"", f, p->got.seq - p->irs,
             p->got.flags & SEG_ACK ? p->got.ack - p->iss : 0, p->got.len, p->got.wnd,
             (int)(p->got.len < 60 ? p->got.len : 60), p->got.len ? (const char *)p->got.data : "");
    return buf;
}

static uint8_t flag_bits(const char **s)
{
    static const char letter[] = "FSRPAUEC";
    uint8_t f = 0;
    for (const char *at; **s && **s != ' ' && (at = strchr(letter, **s)); (*s)++)
        f |= (uint8_t)(1u << (at - letter));
    return f;
}

static bool matches(const struct peer *p, const char *want_segment)
{
    const char *s = want_segment;
    const struct seg *g = &p->got;
    if ((flag_bits(&s) & ~SEG_PSH) != (g->flags & ~SEG_PSH))
        return false;
    for (; *s; s += strcspn(s, " ")) {
        s += strspn(s, " ");
        unsigned v;
        if (sscanf(s, "seq=%u", &v) == 1   ? g->seq - p->irs != v
            : sscanf(s, "ack=%u", &v) == 1 ? g->ack - p->iss != v
            : sscanf(s, "len=%u", &v) == 1 ? g->len != v
            : sscanf(s, "win=%u", &v) == 1 ? g->wnd != v
                                           : *s != 0)
            return false;
    }
    return true;
}

/* In-order bytes move p->rcv, so that what p sends acks them. */
static void take(struct peer *p)
{
    uint32_t at = p->got.seq - p->irs;
    uint32_t end = at + p->got.len + (p->got.flags & SEG_FIN ? 1 : 0) + (p->got.flags & SEG_SYN ? 1 : 0);
    if (at <= p->rcv && end > p->rcv && !(p->got.flags & SEG_RST))
        p->rcv = end;
}

void want(struct peer *p, const char *w)
{
    char buf[200];
    if (p->sc->sim.failed)
        return;
    if (!row_next(p, WAIT))
        sim_fail(&p->sc->sim, "%s wanted \"%s\", nothing came", p->host->name, w);
    else if (!matches(p, w))
        sim_fail(&p->sc->sim, "%s wanted \"%s\", got %s", p->host->name, w, relative(p, buf, sizeof buf));
    else
        take(p);
}

void want_eventually(struct peer *p, const char *w)
{
    uint64_t until = p->sc->sim.now + WAIT;
    char buf[200] = "nothing";
    while (!p->sc->sim.failed && p->sc->sim.now < until) {
        if (!row_next(p, until - p->sc->sim.now))
            break;
        take(p);
        if (matches(p, w))
            return;
        relative(p, buf, sizeof buf);
    }
    sim_fail(&p->sc->sim, "%s wanted \"%s\" in the end, last got %s", p->host->name, w, buf);
}

/* One segment that continues the stream; its new bytes at *bytes. 0: failed. */
static uint32_t more(struct peer *p, const uint8_t **bytes)
{
    char buf[200];
    while (row_next(p, WAIT)) {
        uint32_t at = p->got.seq - p->irs, end = at + p->got.len, from = p->rcv;
        if (p->got.flags & SEG_RST) {
            sim_fail(&p->sc->sim, "%s wanted bytes, got %s", p->host->name, relative(p, buf, sizeof buf));
            return 0;
        }
        if (at > from || end <= from)
            continue;
        take(p);
        if (p->auto_ack)
            ack_all(p);
        *bytes = p->got.data + (from - at);
        return end - from;
    }
    sim_fail(&p->sc->sim, "%s wanted bytes from %u on, nothing came", p->host->name, p->rcv);
    return 0;
}

void want_text(struct peer *p, const char *text)
{
    const uint8_t *b = NULL;
    uint32_t n = p->sc->sim.failed ? 0 : more(p, &b);
    while (n && *text) {
        uint32_t k = (uint32_t)strlen(text) < n ? (uint32_t)strlen(text) : n;
        if (memcmp(b, text, k) != 0) {
            sim_fail(&p->sc->sim, "%s wanted \"%.60s\", got \"%.*s\"", p->host->name, text,
                     (int)(n < 60 ? n : 60), (const char *)b);
            return;
        }
        text += k;
        n = *text ? more(p, &b) : 0;
    }
}

void want_reply(struct peer *p, const char *head, const char *rest)
{
    char date[UTC_STRLEN], text[1024];
    const uint8_t *b = NULL;
    uint32_t n = p->sc->sim.failed ? 0 : more(p, &b);
    for (int64_t ago = 0; ago < 2; ago++) {
        utc_http(lacon_wall_s(&p->sc->lacon) - ago, date);
        uint32_t len = (uint32_t)snprintf(text, sizeof text, "%sDate: %s\r\n%s", head, date, rest);
        if (n == len && memcmp(b, text, n) == 0)
            return;
    }
    if (!p->sc->sim.failed)
        sim_fail(&p->sc->sim, "%s wanted \"%s\", got \"%.*s\"", p->host->name, text, (int)n, (const char *)b);
}

void want_bytes(struct peer *p, uint32_t n)
{
    const uint8_t *b;
    uint32_t goal = p->rcv + n;
    while (!p->sc->sim.failed && p->rcv < goal)
        more(p, &b);
}

void want_head(struct peer *p)
{
    const uint8_t *b = NULL;
    uint32_t n, matched = 0;
    while (!p->sc->sim.failed && (n = more(p, &b)))
        for (uint32_t i = 0; i < n; i++) {
            matched = b[i] == "\r\n\r\n"[matched] ? matched + 1 : b[i] == '\r';
            if (matched == 4)
                return;
        }
}

void want_fin(struct peer *p)
{
    if (!(p->got.flags & SEG_FIN))
        want_eventually(p, "FA");
}

void want_sack(struct peer *p, uint32_t lo, uint32_t hi)
{
    char buf[200];
    if (!p->sc->sim.failed &&
        (p->got.nsack != 1 || p->got.sack[0].lo != p->iss + lo || p->got.sack[0].hi != p->iss + hi))
        sim_fail(&p->sc->sim,
                 "%s wanted one SACK block from %u to %u, got %u, the first from %u to %u, with %s",
                 p->host->name, lo, hi, p->got.nsack, p->got.sack[0].lo - p->iss, p->got.sack[0].hi - p->iss,
                 relative(p, buf, sizeof buf));
}

void want_silence(struct peer *p, unsigned ms)
{
    char buf[200];
    if (!p->sc->sim.failed && row_next(p, ms * MS))
        sim_fail(&p->sc->sim, "%s wanted silence, got %s", p->host->name, relative(p, buf, sizeof buf));
}

void want_true(struct script *s, bool ok, const char *what)
{
    if (!ok)
        sim_fail(&s->sim, "not so: %s", what);
}

void forget(struct peer *p)
{
    while (p->in.n) {
        free(p->last);
        p->last = inbox_take(&p->in);
        p->got = p->last->s;
        p->got_at = p->last->at;
        take(p);
    }
}

void lose(struct peer *p)
{
    inbox_clear(&p->in);
}

void forget_unclaimed(struct script *s)
{
    inbox_clear(&s->unclaimed);
}
