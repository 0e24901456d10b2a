/* The access log's thread; see access_log.h.
 *
 * One thread writes every field of struct access_log after start; others set `asked` and `stop` and ring the
 * bell (an eventfd), and read the figures. */
#include "agent/control/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/log.h"
#include "agent/control/access_format.h"
#include "agent/control/thread.h"

#define BUFFER_BYTES (256 * 1024)
/* The rings are looked at again after this long: at once while they fill, later when nothing comes. A ring
 * has to hold what arrives in the longer one. */
#define LOOK_MIN_MS 1
#define LOOK_MAX_MS 10
#define FLUSH_MS    1000
#define STOP_MS     1000
/* poll() promises room for this much in a pipe, so that a write of it does not block. */
#define PIPE_PIECE 4096
/* Records taken from one source before the next one has its turn. */
#define TURN 256

struct access_log {
    char *path; /* of the thread, after start */
    struct access_names names;
    struct access_source source[CFG_MAX_WORKERS];
    unsigned nsource;
    pthread_t thread;
    int bell;
    int fd;
    bool regular;  /* a file: writes do not block for long */
    bool mid_line; /* a failed write left half a line behind */
    bool failing;  /* the operator has been told */
    struct access_clock clock;
    uint64_t dirty_ms; /* when the oldest byte in the buffer was put there */
    size_t used;
    uint64_t pending; /* lines in the buffer */

    /* Other threads: release store / the log's thread: acquire exchange or load. */
    bool asked, stop;
    char *next_path;     /* where to go on; NULL: where it is */
    uint64_t stop_by_ms; /* written before `stop` */
    /* The log's thread: relaxed stores / others: relaxed loads. */
    struct access_log_stats stats;

    char buffer[BUFFER_BYTES];
};

static void add(uint64_t *figure, uint64_t n)
{
    __atomic_store_n(figure, *figure + n, __ATOMIC_RELAXED);
}

static bool stopping(const struct access_log *l)
{
    return __atomic_load_n(&l->stop, __ATOMIC_ACQUIRE);
}

/* A descriptor to append to, or -errno. A FIFO without a reader is an error, not a wait. */
static int open_target(const char *path)
{
    int fd = strcmp(path, "-") == 0
                 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    return fd < 0 ? -errno : fd;
}

static void use_target(struct access_log *l, int fd)
{
    struct stat st;
    l->fd = fd;
    l->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Waits for the destination to take bytes. False: not now. While the log runs it waits without an end, but
 * not past a request to reopen; once it is being stopped, until stop_by_ms. */
static bool wait_writable(struct access_log *l)
{
    struct pollfd p[2] = {{.fd = l->fd, .events = POLLOUT}, {.fd = l->bell, .events = POLLIN}};
    for (;;) {
        bool ending = stopping(l);
        uint64_t now = thread_now_ms();
        if (ending ? now >= l->stop_by_ms : __atomic_load_n(&l->asked, __ATOMIC_ACQUIRE))
            return false;
        int n = poll(p, ending ? 1 : 2, ending ? (int)(l->stop_by_ms - now) : -1);
        if (n > 0 && p[0].revents)
            return true;
        if (n > 0 && p[1].revents)
            thread_bell_clear(l->bell);
        if (n < 0 && errno != EINTR)
            return true; /* let write() say what is wrong */
    }
}

static bool writable_now(const struct access_log *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLOUT};
    return poll(&p, 1, 0) > 0;
}

static void give_up(struct access_log *l, int error)
{
    if (!l->failing)
        log_error("access log: %s: %s; lines are lost until this ends", l->path, strerror(error));
    l->failing = true;
    add(&l->stats.lost, l->pending);
    l->used = 0;
    l->pending = 0;
}

/* Takes the first n bytes out of the buffer: they are written. */
static void written(struct access_log *l, size_t n)
{
    uint64_t lines = 0;
    for (const char *p = l->buffer; (p = memchr(p, '\n', (size_t)(l->buffer + n - p))); p++)
        lines++;
    lines = lines < l->pending ? lines : l->pending;
    l->mid_line = l->buffer[n - 1] != '\n';
    l->used -= n;
    l->pending -= lines;
    memmove(l->buffer, l->buffer + n, l->used);
    add(&l->stats.lines, lines);
}

/* Writes the buffer. What a blocking destination does not take stays in it: without `wait`, as soon as it
 * blocks; with it, when wait_writable() ends. */
static void flush(struct access_log *l, bool wait)
{
    size_t off = 0;
    int error = 0;
    while (off < l->used && !error) {
        if (!l->regular && !(wait ? wait_writable(l) : writable_now(l)))
            break;
        size_t n = l->used - off;
        ssize_t w = write(l->fd, l->buffer + off, !l->regular && n > PIPE_PIECE ? PIPE_PIECE : n);
        if (w > 0)
            off += (size_t)w;
        else if (w == 0 || (errno != EINTR && errno != EAGAIN))
            error = w == 0 ? EIO : errno;
    }
    if (off)
        written(l, off);
    if (error) {
        give_up(l, error);
    } else if (l->failing && off) {
        log_info("access log: %s: lines are written again", l->path);
        l->failing = false;
    }
}

/* A blocking destination's lines go to the new one: it may be opened again because it blocks. */
static void reopen(struct access_log *l, char *path)
{
    flush(l, false);
    int fd = open_target(path ? path : l->path);
    if (fd < 0) {
        log_error("access log: cannot open %s%s: %s", path ? path : l->path, path ? "" : " again",
                  strerror(-fd));
        free(path);
        return;
    }
    close(l->fd);
    use_target(l, fd);
    l->mid_line = false;
    if (path) {
        free(l->path);
        l->path = path;
    }
    add(&l->stats.reopens, 1);
}

static void append(struct access_log *l, const struct access_record *r)
{
    const struct config *c = l->names.find(l->names.ctx, r->generation);
    if (l->used == 0)
        l->dirty_ms = thread_now_ms();
    if (l->mid_line && l->used == 0)
        l->buffer[l->used++] = '\n';
    l->used += access_format(r, c && r->route < c->nroute ? c->route[r->route].name : NULL,
                             c && r->cluster < c->ncluster ? c->cluster[r->cluster].name : NULL, &l->clock,
                             l->buffer + l->used);
    l->pending++;
}

static bool has_room(const struct access_log *l)
{
    return l->used + 1 + ACCESS_LINE_MAX <= sizeof l->buffer;
}

/* Up to a turn of one source, as far as there is room; names stay while records that need them are in hand.
 */
static unsigned take_turn(struct access_log *l, struct access_source *s)
{
    struct access_record r;
    unsigned n = 0;
    l->names.hold(l->names.ctx);
    while (n < TURN && has_room(l) && s->take(s->ctx, &r)) {
        append(l, &r);
        n++;
    }
    l->names.release(l->names.ctx);
    return n;
}

/* One turn for each source; returns the most that one of them had. */
static unsigned drain(struct access_log *l)
{
    unsigned most = 0;
    for (unsigned i = 0; i < l->nsource; i++) {
        unsigned n = 0, more;
        do {
            if (!has_room(l))
                flush(l, true);
            n += more = take_turn(l, &l->source[i]);
        } while (more && n < TURN && !has_room(l));
        most = n > most ? n : most;
    }
    return most;
}

static void wait_for_bell(struct access_log *l, int ms)
{
    struct pollfd p = {.fd = l->bell, .events = POLLIN};
    if (poll(&p, 1, ms) > 0)
        thread_bell_clear(l->bell);
}

/* How long to look away after a round that took n records, the last time having been `ms`. */
static int next_look(unsigned n, int ms)
{
    if (n == TURN)
        return 0;
    if (n > 0)
        return LOOK_MIN_MS;
    return ms < LOOK_MIN_MS ? LOOK_MIN_MS : ms * 2 < LOOK_MAX_MS ? ms * 2 : LOOK_MAX_MS;
}

static void *run(void *arg)
{
    struct access_log *l = arg;
    int look_ms = LOOK_MAX_MS;
    while (!stopping(l)) {
        if (__atomic_exchange_n(&l->asked, false, __ATOMIC_ACQ_REL))
            reopen(l, __atomic_exchange_n(&l->next_path, NULL, __ATOMIC_ACQ_REL));
        unsigned n = drain(l);
        if (l->used && thread_now_ms() - l->dirty_ms >= FLUSH_MS)
            flush(l, true);
        look_ms = next_look(n, look_ms);
        wait_for_bell(l, look_ms);
    }
    while (drain(l) > 0)
        ;
    flush(l, true);
    if (l->used)
        give_up(l, EAGAIN);
    return NULL;
}

static void discard(struct access_log *l)
{
    if (l->bell >= 0)
        close(l->bell);
    free(l->next_path);
    free(l->path);
    free(l);
}

int access_log_start(const char *path, const struct access_names *names, const struct access_source *source,
                     unsigned nsource, struct access_log **out)
{
    if (nsource > CFG_MAX_WORKERS)
        return -E2BIG;
    struct access_log *l = calloc(1, sizeof *l);
    if (!l)
        return -ENOMEM;
    tzset();
    l->path = strdup(path);
    l->names = *names;
    for (l->nsource = 0; l->nsource < nsource; l->nsource++)
        l->source[l->nsource] = source[l->nsource];
    l->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = !l->path ? -ENOMEM : l->bell < 0 ? -errno : 0;
    int fd = rc ? rc : open_target(path);
    if (fd >= 0) {
        use_target(l, fd);
        rc = thread_start(&l->thread, "lacon-access", run, l);
        if (rc == 0) {
            *out = l;
            return 0;
        }
        close(fd);
    } else {
        rc = fd;
        log_error("access log: cannot open %s: %s", path, strerror(-rc));
    }
    discard(l);
    return rc;
}

void access_log_reopen(struct access_log *l, const char *path)
{
    if (!l)
        return;
    if (path) /* short of memory: the old path */
        free(__atomic_exchange_n(&l->next_path, strdup(path), __ATOMIC_ACQ_REL));
    __atomic_store_n(&l->asked, true, __ATOMIC_RELEASE);
    thread_bell_ring(l->bell);
}

void access_log_stop(struct access_log *l)
{
    if (!l)
        return;
    l->stop_by_ms = thread_now_ms() + STOP_MS;
    __atomic_store_n(&l->stop, true, __ATOMIC_RELEASE);
    thread_bell_ring(l->bell);
    pthread_join(l->thread, NULL);
    close(l->fd);
    discard(l);
}

void access_log_stats(const struct access_log *l, struct access_log_stats *out)
{
    out->lines = __atomic_load_n(&l->stats.lines, __ATOMIC_RELAXED);
    out->lost = __atomic_load_n(&l->stats.lost, __ATOMIC_RELAXED);
    out->reopens = __atomic_load_n(&l->stats.reopens, __ATOMIC_RELAXED);
}
