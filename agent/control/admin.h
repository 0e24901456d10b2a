/* admin: the UNIX socket that laconctl talks to, and the thread behind it.
 *
 * Protocol: a request is one line, words of printable ASCII with single spaces between them, at most
 * ADMIN_LINE_MAX bytes with its newline. The answer is one line of JSON; then the next request may come. A
 * request that is not such a line is answered {"error": "..."} and the connection closed.
 *
 * Who may connect, the socket's mode says. Whoever did can hold up nobody else: no client is waited for; one
 * without progress for ADMIN_PATIENCE_MS is closed, and when ADMIN_CLIENTS are connected the one longest
 * without progress makes room for the next. Memory: one request and one answer per client. */
#ifndef LACON_CONTROL_ADMIN_H
#define LACON_CONTROL_ADMIN_H

#include <stdint.h>

#define ADMIN_LINE_MAX    16384 /* a request head, percent-coded, has room */
#define ADMIN_WORDS_MAX   8
#define ADMIN_CLIENTS     16
#define ADMIN_PATIENCE_MS 10000

struct admin;

/* Answers a request of 1..ADMIN_WORDS_MAX words: one line of text without its newline, on the heap (freed by
 * the caller), or NULL when memory is short. On the admin thread; takes milliseconds at most. */
typedef char *admin_answer(void *ctx, unsigned nword, char *const word[]);

/* Makes the socket at `path` with file mode `mode` (and its directory when missing) and starts the thread. A
 * socket there that nobody listens to any more is replaced; one that answers is -EADDRINUSE; what is no
 * socket is left alone: -EEXIST. 0 or -errno; the reason is logged. */
int admin_start(const char *path, uint32_t mode, admin_answer *answer, void *ctx, struct admin **out);

/* Ends the thread, closes clients, removes the socket if it is still ours. NULL is legal. */
void admin_stop(struct admin *a);

#endif
