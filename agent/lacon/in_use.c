#include "agent/lacon/in_use.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/log.h"

#define RESOLVE_MS 3000 /* that is waited for names at most */
#define ROUND_MS   200

/* ---- names and weights ---- */

static uint32_t addresses_of(void *ctx, const char *host, const struct ip_addr **addr)
{
    const struct process *p = ctx;

    return resolver_addresses(p->resolver, host, addr);
}

static uint32_t weight_of(void *ctx, const char *cluster, const struct ip_port *at, uint32_t of_file)
{
    const struct process *p = ctx;
    struct roster *r = p->workers ? workers_roster(p->workers) : NULL;
    const struct roster_entry *e;
    uint32_t weight;

    if (!r)
        return of_file;
    roster_lock(r);
    e = roster_find(r, cluster, at);
    weight = e ? roster_weight(e, of_file) : of_file;
    roster_unlock(r);
    return weight;
}

struct config *in_use_derive(struct process *p, struct config *base)
{
    return config_derive(base, &(struct cfg_lookup){p, addresses_of, weight_of});
}

bool in_use_wait(struct process *p, struct pollfd own[2], int most_ms)
{
    struct pollfd fds[2 + RESOLVER_FDS] = {own[0], own[1]};
    int timeout;
    unsigned n = resolver_poll(p->resolver, fds + 2, workers_now_ns(), most_ms, &timeout);

    if (poll(fds, 2 + n, timeout) < 0)
        n = 0;
    own[0].revents = fds[0].revents;
    own[1].revents = fds[1].revents;
    return resolver_process(p->resolver, fds + 2, n, workers_now_ns());
}

int in_use_resolve(struct process *p, const struct config *c)
{
    struct pollfd own[2] = {{.fd = -1}, {.fd = -1}};
    uint64_t until = workers_now_ns() + RESOLVE_MS * 1000000ull;
    int rc = resolver_configure(p->resolver, c, workers_now_ns());

    while (rc == 0 && !resolver_settled(p->resolver) && workers_now_ns() < until)
        in_use_wait(p, own, ROUND_MS);
    return rc;
}

/* ---- another configuration ---- */

/* The workers get what base has become. 0 or -ENOMEM: nothing has changed. */
static int use(struct process *p, struct config *base)
{
    struct config *next = in_use_derive(p, base);
    int rc = next ? workers_reload(p->workers, next) : -ENOMEM;

    if (rc)
        config_free(next);
    return rc;
}

void in_use_refresh(struct process *p)
{
    control_refresh_begins(p->control);
    int rc = use(p, p->base);
    if (rc)
        log_error("not enough memory; the endpoints stay as they are");
    control_refresh_done(p->control, rc ? "not enough memory" : NULL);
}

/* The complaints about a file as one text, on the heap. */
static char *complaints(const struct cfg_errors *errs)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    if (!f)
        return NULL;
    cfg_errors_print(errs, f);
    return fclose(f) == 0 ? text : (free(text), NULL);
}

static void log_complaints(const struct cfg_errors *errs)
{
    for (size_t i = 0; i < errs->n; i++)
        log_error("%s:%u:%u: %s", errs->file, errs->e[i].line, errs->e[i].column, errs->e[i].message);
}

/* NULL after what is wrong has been logged; *why is then the text for who asked (the caller's). */
static struct config *load_again(const struct process *p, char **why)
{
    struct cfg_errors errs;
    struct config *next = config_load(p->file, &errs);
    const char *section = next ? config_needs_restart(workers_config(p->workers, NULL), next) : NULL;

    if (!next) {
        log_complaints(&errs);
        *why = complaints(&errs);
    } else if (section) {
        if (asprintf(why, "%s: section %s has changed, and takes a restart", p->file, section) < 0)
            *why = NULL;
        log_error("%s: section %s has changed, and takes a restart", p->file, section);
        config_free(next);
        next = NULL;
    }
    cfg_errors_free(&errs);
    return next;
}

/* The log's new level and place, when the workers have the rest. */
static void use_logging(const struct process *p, const struct config *c)
{
    int rc = log_open((enum log_level)c->logging.level, c->logging.error_log, process_wall_ns);

    if (rc)
        log_error("logging.error_log: cannot open %s: %s", c->logging.error_log, strerror(-rc));
    control_reconfigure(p->control, c);
}

void in_use_reload(struct process *p)
{
    char *why = NULL;
    control_reload_begins(p->control);
    struct config *next = load_again(p, &why);
    int rc = next ? in_use_resolve(p, next) : -EINVAL;

    if (rc == 0 && (rc = use(p, next)) != 0)
        (void)in_use_resolve(p, p->base);

    if (rc == 0) {
        use_logging(p, next);
        config_free(p->base);
        p->base = next;
        log_info("reload: %s is in use", next->file);
    } else if (next) {
        log_error("reload: not enough memory; the configuration stays as it is");
        config_free(next);
        why = strdup("not enough memory; the configuration stays as it is");
    } else {
        log_error("reload: the configuration stays as it is");
    }
    control_reload_done(p->control, rc == 0 ? NULL : why ? why : "not enough memory");
    free(why);
}
