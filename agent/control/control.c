/* Starts and stops the control threads; see control.h. Main thread. */
#include "agent/control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/log.h"
#include "agent/control/access_log.h"
#include "agent/control/admin.h"
#include "agent/control/answers/answers.h"
#include "agent/control/process.h"
#include "agent/control/reload_desk.h"

struct control {
    struct reload_desk desk, refresh_desk;
    struct answers answers;
    struct access_log *log; /* NULL: off */
    struct admin *admin;
};

static bool take_from_worker(void *ctx, struct access_record *out)
{
    return worker_log_take(ctx, out);
}

static void hold_names(void *ctx)
{
    workers_hold_configs(ctx);
}

static const struct config *find_names(void *ctx, uint32_t generation)
{
    return workers_config_of(ctx, generation);
}

static void release_names(void *ctx)
{
    workers_release_configs(ctx);
}

static int start_access_log(const struct config *config, struct workers *ws, struct access_log **out)
{
    struct access_source source[CFG_MAX_WORKERS];
    struct access_names names = {hold_names, find_names, release_names, ws};
    unsigned n = workers_count(ws);
    for (unsigned i = 0; i < n; i++)
        source[i] = (struct access_source){take_from_worker, workers_at(ws, i)};
    return access_log_start(config->logging.access_log, &names, source, n, out);
}

int control_start(const struct config *config, struct workers *ws, void (*ask_refresh)(void),
                  struct control **out)
{
    struct control *c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    reload_desk_init(&c->desk);
    reload_desk_init(&c->refresh_desk);
    int rc = config->logging.access_log ? start_access_log(config, ws, &c->log) : 0;
    c->answers = (struct answers){.workers = ws,
                                  .log = c->log,
                                  .desk = &c->desk,
                                  .refresh_desk = &c->refresh_desk,
                                  .ask_refresh = ask_refresh,
                                  .start_ns = workers_now_ns(),
                                  .start_bytes = process_resident()};
    process_log_memory(ws, c->answers.start_bytes);
    if (rc == 0)
        rc = admin_start(config->admin.socket, config->admin.mode, answers_get, &c->answers, &c->admin);
    if (rc != 0) {
        control_stop(c);
        return rc;
    }
    *out = c;
    return 0;
}

void control_reconfigure(struct control *c, const struct config *config)
{
    access_log_reopen(c->log, config->logging.access_log);
}

void control_reload_begins(struct control *c)
{
    reload_desk_begin(&c->desk);
}

void control_reload_done(struct control *c, const char *complaints)
{
    reload_desk_answer(&c->desk, complaints);
}

void control_refresh_begins(struct control *c)
{
    reload_desk_begin(&c->refresh_desk);
}

void control_refresh_done(struct control *c, const char *complaints)
{
    reload_desk_answer(&c->refresh_desk, complaints);
}

void control_reopen_logs(struct control *c)
{
    int rc = log_reopen();
    if (rc != 0)
        log_error("cannot open the error log again: %s", strerror(-rc));
    access_log_reopen(c->log, NULL);
}

void control_stop(struct control *c)
{
    if (!c)
        return;
    reload_desk_close(&c->desk);
    reload_desk_close(&c->refresh_desk);
    admin_stop(c->admin);
    access_log_stop(c->log);
    reload_desk_destroy(&c->desk);
    reload_desk_destroy(&c->refresh_desk);
    free(c);
}
