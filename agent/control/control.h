/* control: what runs beside the workers, off the fast path: the admin socket's thread and the access log's
 * thread. Neither writes anything that a worker reads, but through workers_call(). */
#ifndef LACON_CONTROL_CONTROL_H
#define LACON_CONTROL_CONTROL_H

#include "agent/worker/worker.h"
#include "config/config.h"

struct control;

/* Starts both threads, after workers_start(); no access log when logging.access_log is NULL. `config` is read
 * now, `ws` borrowed until control_stop(). 0 or -errno; the reason is logged. Main thread. */
int control_start(const struct config *config, struct workers *ws, void (*ask_refresh)(void),
                  struct control **out);

/* Opens the error log and the access log again, after rotation (USR1). A file that cannot be opened is logged
 * and the old one stays in use. Returns without waiting for the access log. Any thread. */
void control_reopen_logs(struct control *c);

/* The workers have another configuration: the access log goes where that says. Main thread. */
void control_reconfigure(struct control *c, const struct config *config);

/* A reload (SIGHUP) begins. Main thread, before the file is read. */
void control_reload_begins(struct control *c);
/* What came of it, for whoever asked by the admin socket: NULL, or the complaints, a line
 * each. Main thread, after each one. */
void control_reload_done(struct control *c, const char *complaints);

/* The same for what `ask_refresh` has asked for: that the configuration is derived again (config_derive()),
 * with the operator's weights. */
void control_refresh_begins(struct control *c);
void control_refresh_done(struct control *c, const char *complaints);

/* Writes the last access-log lines, ends both threads, removes the socket. Before workers_stop(); at most
 * about a second when the access log's destination blocks. NULL is legal. Main thread. */
void control_stop(struct control *c);

#endif
