/* The admin socket's thread; see admin.h. One thread, one poll(), no call that waits for a client. */
#include "agent/control/admin.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/control/admin_socket.h"
#include "agent/control/thread.h"

/* How long accept() is left alone after it failed for want of descriptors or memory. */
#define ACCEPT_PAUSE_MS 100

struct client {
    int fd; /* -1: free */
    uint64_t progress_ms;
    char in[ADMIN_LINE_MAX];
    size_t in_used;
    char *out; /* the answer being sent, or NULL: requests are read */
    size_t out_size, out_off;
    bool ends; /* with this answer */
};

struct admin {
    struct admin_socket socket;
    admin_answer *answer;
    void *ctx;
    pthread_t thread;
    int bell;  /* rung to stop */
    bool stop; /* release store by admin_stop / acquire load by the thread */
    uint64_t accept_after_ms;
    struct client client[ADMIN_CLIENTS];
};

static void drop(struct client *c)
{
    close(c->fd);
    free(c->out);
    memset(c, 0, sizeof *c);
    c->fd = -1;
}

/* ---- requests ---- */

/* Splits a line at single spaces, in place. 0 when it is no request. */
static unsigned split(char *line, size_t n, char *word[ADMIN_WORDS_MAX])
{
    unsigned nword = 0;
    bool inside = false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c < 0x20 || c >= 0x7f || (c == ' ' && !inside))
            return 0;
        if (c == ' ') {
            line[i] = 0;
            inside = false;
        } else if (!inside) {
            if (nword == ADMIN_WORDS_MAX)
                return 0;
            word[nword++] = &line[i];
            inside = true;
        }
    }
    line[n] = 0;
    return inside ? nword : 0;
}

/* Takes ownership of text; NULL ends the client. */
static void reply(struct client *c, char *text, bool ends)
{
    if (!text) {
        drop(c);
        return;
    }
    c->out = text;
    c->out_size = strlen(text) + 1;
    c->out[c->out_size - 1] = '\n'; /* in place of the 0 */
    c->out_off = 0;
    c->ends = ends;
}

/* Answers the first request in the input if a whole one is there. */
static void take_request(struct admin *a, struct client *c)
{
    char *word[ADMIN_WORDS_MAX];
    char *newline = memchr(c->in, '\n', c->in_used);
    if (!newline) {
        if (c->in_used == sizeof c->in)
            reply(c, strdup("{\"error\": \"request too long\"}"), true);
        return;
    }
    size_t n = (size_t)(newline - c->in);
    unsigned nword = split(c->in, n, word);
    if (nword)
        reply(c, a->answer(a->ctx, nword, word), false);
    else
        reply(c, strdup("{\"error\": \"not a request\"}"), true);
    if (c->fd < 0)
        return;
    c->in_used -= n + 1;
    memmove(c->in, newline + 1, c->in_used);
}

/* ---- one client's turn ---- */

static void send_some(struct client *c, uint64_t now_ms)
{
    ssize_t n = send(c->fd, c->out + c->out_off, c->out_size - c->out_off, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        drop(c);
        return;
    }
    c->progress_ms = now_ms;
    c->out_off += (size_t)n;
    if (c->out_off < c->out_size)
        return;
    free(c->out);
    c->out = NULL;
    if (c->ends)
        drop(c);
}

static void receive_some(struct client *c, uint64_t now_ms)
{
    ssize_t n = recv(c->fd, c->in + c->in_used, sizeof c->in - c->in_used, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(c);
        return;
    }
    c->progress_ms = now_ms;
    c->in_used += (size_t)n;
}

/* Is there something to do without hearing from the client first? */
static bool has_request(const struct client *c)
{
    return c->fd >= 0 && !c->out && memchr(c->in, '\n', c->in_used);
}

/* At most one request a turn, so that one client's many do not keep the others waiting. */
static void serve(struct admin *a, struct client *c, uint64_t now_ms)
{
    if (!c->out && !has_request(c))
        receive_some(c, now_ms);
    if (c->fd >= 0 && !c->out)
        take_request(a, c);
    if (c->fd >= 0 && c->out)
        send_some(c, now_ms);
}

/* ---- the loop ---- */

/* A free place, made by closing the client longest without progress if need be. */
static struct client *place(struct admin *a)
{
    struct client *oldest = &a->client[0];
    for (unsigned i = 0; i < ADMIN_CLIENTS; i++) {
        struct client *c = &a->client[i];
        if (c->fd < 0)
            return c;
        if (c->progress_ms < oldest->progress_ms)
            oldest = c;
    }
    drop(oldest);
    return oldest;
}

static void accept_one(struct admin *a, uint64_t now_ms)
{
    int fd = accept4(a->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            a->accept_after_ms = now_ms + ACCEPT_PAUSE_MS;
        return;
    }
    struct client *c = place(a);
    c->fd = fd;
    c->progress_ms = now_ms;
}

/* Closes clients out of patience; returns how long poll() may wait, -1 for ever. */
static int expire(struct admin *a, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < ADMIN_CLIENTS; i++) {
        struct client *c = &a->client[i];
        if (c->fd >= 0 && now_ms >= c->progress_ms + ADMIN_PATIENCE_MS)
            drop(c);
        if (has_request(c))
            return 0;
        if (c->fd >= 0 && c->progress_ms + ADMIN_PATIENCE_MS < next)
            next = c->progress_ms + ADMIN_PATIENCE_MS;
    }
    if (a->accept_after_ms > now_ms && a->accept_after_ms < next)
        next = a->accept_after_ms;
    return next == UINT64_MAX ? -1 : (int)(next - now_ms);
}

/* Fills the poll set: the bell, the listener, then client i at 2 + i (a negative descriptor is passed over).
 */
static void watch(const struct admin *a, uint64_t now_ms, struct pollfd p[2 + ADMIN_CLIENTS])
{
    p[0] = (struct pollfd){.fd = a->bell, .events = POLLIN};
    p[1] = (struct pollfd){.fd = now_ms < a->accept_after_ms ? -1 : a->socket.fd, .events = POLLIN};
    for (unsigned i = 0; i < ADMIN_CLIENTS; i++)
        p[2 + i] = (struct pollfd){.fd = a->client[i].fd, .events = a->client[i].out ? POLLOUT : POLLIN};
}

static void *run(void *arg)
{
    struct admin *a = arg;
    struct pollfd p[2 + ADMIN_CLIENTS];
    while (!__atomic_load_n(&a->stop, __ATOMIC_ACQUIRE)) {
        uint64_t now_ms = thread_now_ms();
        int wait_ms = expire(a, now_ms);
        watch(a, now_ms, p);
        poll(p, 2 + ADMIN_CLIENTS, wait_ms);
        now_ms = thread_now_ms();
        for (unsigned i = 0; i < ADMIN_CLIENTS; i++)
            if (a->client[i].fd >= 0 && (p[2 + i].revents || has_request(&a->client[i])))
                serve(a, &a->client[i], now_ms);
        if (p[1].revents)
            accept_one(a, now_ms);
    }
    return NULL;
}

int admin_start(const char *path, uint32_t mode, admin_answer *answer, void *ctx, struct admin **out)
{
    struct admin *a = calloc(1, sizeof *a);
    if (!a)
        return -ENOMEM;
    a->answer = answer;
    a->ctx = ctx;
    for (unsigned i = 0; i < ADMIN_CLIENTS; i++)
        a->client[i].fd = -1;
    int rc = admin_socket_open(&a->socket, path, mode);
    if (rc != 0) {
        free(a);
        return rc;
    }
    a->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = a->bell < 0 ? -errno : thread_start(&a->thread, "lacon-admin", run, a);
    if (rc == 0) {
        *out = a;
        return 0;
    }
    if (a->bell >= 0)
        close(a->bell);
    admin_socket_close(&a->socket);
    free(a);
    return rc;
}

void admin_stop(struct admin *a)
{
    if (!a)
        return;
    __atomic_store_n(&a->stop, true, __ATOMIC_RELEASE);
    thread_bell_ring(a->bell);
    pthread_join(a->thread, NULL);
    for (unsigned i = 0; i < ADMIN_CLIENTS; i++)
        if (a->client[i].fd >= 0)
            drop(&a->client[i]);
    admin_socket_close(&a->socket);
    close(a->bell);
    free(a);
}
