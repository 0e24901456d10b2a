/* The process's logger; see log.h. State: one descriptor, a level and a path, behind a lock that only
 * log_reopen and the writers of lines share. */
#include "agent/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static const struct {
    const char *name;
    int syslog; /* RFC 5424 severity */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int out_fd = STDERR_FILENO;
static char *out_path;     /* NULL: standard error */
static bool under_journal; /* standard error is journald's socket: it adds times, and reads "<N>" */
static enum log_level out_level = LOG_LEVEL_INFO;
static int64_t (*clock_ns)(void); /* NULL: lines carry no time */

/* systemd.exec(5): JOURNAL_STREAM holds "device:inode" of the stream that is the journal. */
static bool stderr_is_journal(void)
{
    const char *s = getenv("JOURNAL_STREAM");
    struct stat st;
    char want[64];

    if (!s || fstat(STDERR_FILENO, &st) != 0)
        return false;
    snprintf(want, sizeof want, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(s, want) == 0;
}

static int open_append(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

    return fd < 0 ? -errno : fd;
}

/* Takes over fd and path (both may be standard error's). */
static void replace(int fd, char *path, int64_t (*wall_ns)(void))
{
    pthread_mutex_lock(&lock);
    clock_ns = wall_ns;
    if (out_fd != STDERR_FILENO)
        close(out_fd);
    if (path != out_path)
        free(out_path);
    out_fd = fd;
    out_path = path;
    under_journal = fd == STDERR_FILENO && stderr_is_journal();
    pthread_mutex_unlock(&lock);
}

int log_open(enum log_level level, const char *path, int64_t (*wall_ns)(void))
{
    int fd = STDERR_FILENO;
    char *copy = NULL;

    __atomic_store_n(&out_level, level, __ATOMIC_RELAXED);
    if (path) {
        fd = open_append(path);
        if (fd < 0)
            return fd;
        copy = strdup(path);
        if (!copy) {
            close(fd);
            return -ENOMEM;
        }
    }
    replace(fd, copy, wall_ns);
    return 0;
}

int log_reopen(void)
{
    int fd, rc = 0;

    pthread_mutex_lock(&lock);
    if (out_path) {
        fd = open_append(out_path);
        if (fd < 0) {
            rc = fd;
        } else {
            close(out_fd);
            out_fd = fd;
        }
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

void log_close(void)
{
    replace(STDERR_FILENO, NULL, clock_ns);
}

bool log_wants(enum log_level level)
{
    return level <= __atomic_load_n(&out_level, __ATOMIC_RELAXED);
}

/* "<4>" for the journal, "2026-01-31T12:00:00.123Z warning: " elsewhere. Returns its length. The lock is
 * held. */
static size_t put_prefix(char *line, size_t cap, enum log_level level)
{
    size_t n = 0;
    int64_t ns;
    time_t s;
    struct tm tm;

    if (under_journal)
        return (size_t)snprintf(line, cap, "<%d>", levels[level].syslog);
    if (clock_ns) {
        ns = clock_ns();
        s = (time_t)(ns / 1000000000);
        gmtime_r(&s, &tm);
        n = strftime(line, cap, "%Y-%m-%dT%H:%M:%S", &tm);
        n += (size_t)snprintf(line + n, cap - n, ".%03dZ ", (int)(ns / 1000000 % 1000));
    }
    return n + (size_t)snprintf(line + n, cap - n, "%s: ", levels[level].name);
}

static void put_line(const char *line, size_t n)
{
    while (n > 0) {
        ssize_t done = write(out_fd, line, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return; /* nowhere left to complain to */
        line += done;
        n -= (size_t)done;
    }
}

void log_write(enum log_level level, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    size_t start, n;
    va_list ap;
    int saved = errno;

    if (!log_wants(level))
        return;
    pthread_mutex_lock(&lock);
    start = n = put_prefix(line, sizeof line, level);
    va_start(ap, format);
    n += (size_t)vsnprintf(line + n, sizeof line - n, format, ap);
    va_end(ap);
    if (n > sizeof line - 1)
        n = sizeof line - 1;
    for (size_t i = start; i < n; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[n++] = '\n';
    put_line(line, n);
    pthread_mutex_unlock(&lock);
    errno = saved;
}
