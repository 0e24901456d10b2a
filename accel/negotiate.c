/* See negotiate.h. */
#include "accel/negotiate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 64u
#define BYTES  1440u

static void say(struct accel_choice *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct accel_choice *c, const char *format, ...)
{
    char text[ACCEL_REASON];
    size_t n = strlen(c->why);
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    snprintf(c->why + n, sizeof c->why - n, "%s%s", n ? "; " : "", text);
}

/* ---- cost ---- */

static uint64_t once(enum accel_hook h, const struct kernels *k, const uint8_t *bytes,
                     uint64_t (*ticks)(void))
{
    uint64_t t = ticks();
    for (unsigned i = 0; i < 8; i++) {
        uint64_t keep = h == ACCEL_CSUM ? k->csum(bytes, BYTES)
                                        : (uint64_t)(k->skip_text(bytes, bytes + BYTES) - bytes) +
                                              (uint64_t)(k->skip_target(bytes, bytes + BYTES) - bytes);
        __asm__ volatile("" : : "r"(keep) : "memory");
    }
    return ticks() - t;
}

/* The least of several: what it costs when nobody interrupts. */
static uint64_t cost(enum accel_hook h, const struct kernels *k, uint64_t (*ticks)(void))
{
    uint8_t bytes[BYTES];
    uint64_t least = UINT64_MAX;
    memset(bytes, 'a', sizeof bytes);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t t = once(h, k, bytes, ticks);
        least = t < least ? t : least;
    }
    return least / 8;
}

/* ---- asking ---- */

static bool take_kernels(enum accel_hook h, const struct accel_provider *p, bool named,
                         uint64_t (*ticks)(void), struct accel_choice *c)
{
    const char *name = "";
    char why[ACCEL_WHY] = "";
    const struct kernels *k = p->kernels(&name, why);
    if (!k) {
        say(c, "%s: %s", p->name, why);
        return false;
    }
    uint64_t mine = cost(h, k, ticks), soft = cost(h, &kernels_soft, ticks);
    if (mine > soft && p != &accel_soft && !named) {
        say(c, "%s (%s): slower here than soft, %llu ticks for %u bytes against %llu", p->name, name,
            (unsigned long long)mine, BYTES, (unsigned long long)soft);
        return false;
    }
    if (p == &accel_soft)
        say(c, "soft: %llu ticks for %u bytes", (unsigned long long)soft, BYTES);
    else
        say(c, "%s (%s): %llu ticks for %u bytes, soft %llu", p->name, name, (unsigned long long)mine, BYTES,
            (unsigned long long)soft);
    c->provider = p;
    c->kernels = k;
    return true;
}

/* Asks an engine about each port; how many it serves. */
static unsigned ask_ports(const struct accel_provider *p, struct accel_engine *e, struct accel_choices *out)
{
    unsigned served = 0;
    for (unsigned i = 0; i < out->nports; i++) {
        struct accel_choice *c = &out->port[i][ACCEL_FLOW];
        char why[ACCEL_WHY] = "";
        bool yes = !p->engine->serves || p->engine->serves(e, i, why);
        say(c, "%s: %s", p->name, *why ? why : p->text);
        if (yes)
            c->provider = p;
        served += yes;
    }
    return served;
}

static bool take_engine(const struct accel_provider *p, const struct accel_engine_params *trial,
                        struct accel_choices *out)
{
    struct accel_choice *c = &out->hook[ACCEL_FLOW];
    char why[ACCEL_WHY] = "";
    struct accel_engine *e = p->engine->create(trial, why);
    if (!e) {
        say(c, "%s: %s", p->name, why);
        for (unsigned i = 0; i < out->nports; i++)
            say(&out->port[i][ACCEL_FLOW], "%s: %s", p->name, why);
        return false;
    }
    unsigned served = ask_ports(p, e, out);
    p->engine->destroy(e);
    if (out->nports && !served) {
        say(c, "%s: serves none of the %u interfaces", p->name, out->nports);
        return false;
    }
    say(c, "%s: %s", p->name, p->text);
    if (served < out->nports)
        say(c, "it serves %u of the %u interfaces", served, out->nports);
    c->provider = p;
    return true;
}

static bool of_devices(enum accel_hook h)
{
    return h == ACCEL_PARSE || h == ACCEL_STEER;
}

/* Whether a port's device can is for choose_port() to say. */
static bool take_words(enum accel_hook h, const struct accel_provider *p, struct accel_choice *c)
{
    if (p == &accel_device)
        say(c, "device: where an interface's can; soft elsewhere");
    else
        say(c, h == ACCEL_PARSE ? "soft: the worker verifies every checksum"
                                : "soft: workers hand each other what is not theirs");
    c->provider = p;
    return true;
}

static bool ask(enum accel_hook h, const char *name, bool named, const struct accel_engine_params *trial,
                uint64_t (*ticks)(void), struct accel_choices *out)
{
    struct accel_choice *c = &out->hook[h];
    const struct accel_provider *p = accel_find(name);
    if (!p)
        say(c, "%s: there is no such provider", name);
    else if (!(p->hooks & 1u << h)) {
        if (named)
            say(c, "%s: does not do this", name);
    } else if (of_devices(h))
        return take_words(h, p, c);
    else
        return h == ACCEL_FLOW ? take_engine(p, trial, out) : take_kernels(h, p, named, ticks, c);
    return false;
}

static bool asked(enum accel_hook h, const struct accel_wish *wish, const struct accel_engine_params *trial,
                  uint64_t (*ticks)(void), struct accel_choices *out)
{
    if (wish->hook[h])
        return ask(h, wish->hook[h], true, trial, ticks, out);
    for (unsigned i = 0; i < wish->norder; i++)
        if (ask(h, wish->order[i], false, trial, ticks, out))
            return true;
    return false;
}

static void choose(enum accel_hook h, const struct accel_wish *wish, const struct accel_engine_params *trial,
                   uint64_t (*ticks)(void), struct accel_choices *out)
{
    bool found = asked(h, wish, trial, ticks, out);
    if (h != ACCEL_FLOW && !found)
        ask(h, "soft", true, trial, ticks, out);
    if (h == ACCEL_FLOW && !found)
        say(&out->hook[h], "no engine: every frame takes the worker's own path");
}

/* What this port's device does of what frames tell about themselves. */
static void choose_words(enum accel_hook h, const struct accel_port *p, const struct accel_choice *process,
                         struct accel_choice *c)
{
    bool can = h == ACCEL_PARSE ? p->checks_sums : p->steers;
    bool asked = process->provider == &accel_device;
    if (!asked)
        say(c, "soft: as on every interface");
    else if (h == ACCEL_STEER)
        say(c, "%s: %s", can ? "device" : "soft: workers hand over frames", p->steer_why);
    else if (can)
        say(c, "device: verifies TCP checksums, the worker one in %u again", ACCEL_SPOT_CHECK);
    else
        say(c, "soft: the device does not verify checksums");
    c->provider = asked && can ? &accel_device : &accel_soft;
}

/* What a port's device does itself comes before what the CPU does. */
static void choose_port(enum accel_hook h, const struct accel_port *p, const struct accel_choice *process,
                        struct accel_choice *c)
{
    if (h == ACCEL_FLOW) {
        if (!c->provider)
            say(c, "every frame takes the worker's own path");
        return;
    }
    if (of_devices(h)) {
        choose_words(h, p, process, c);
        return;
    }
    say(c, "%s: as on every interface", process->provider->name);
    c->provider = process->provider;
    c->kernels = process->kernels;
}

void accel_negotiate(const struct accel_wish *wish, const struct accel_engine_params *trial,
                     uint64_t (*ticks)(void), struct accel_choices *out)
{
    *out = (struct accel_choices){.nports = trial->nports};
    for (enum accel_hook h = 0; h < ACCEL_HOOK_COUNT; h++) {
        choose(h, wish, trial, ticks, out);
        for (unsigned i = 0; i < out->nports; i++)
            choose_port(h, &trial->port[i], &out->hook[h], &out->port[i][h]);
    }
}

void accel_use(const struct accel_choices *c)
{
    struct kernels k = *c->hook[ACCEL_SCAN].kernels;
    k.csum = c->hook[ACCEL_CSUM].kernels->csum;
    kernels_use(&k);
}
