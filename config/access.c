/* Allow and deny lists of listeners: read from the configuration and from files of their own, and compiled to
 * what is asked at each SYN (agent/base/networks.h). A list's file has a network a line; what follows a # is
 * a comment. Part of one reading, after all of the configuration has been read; see keys.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/kinds.h"

#define LIST_MAX_BYTES (16u << 20)
#define WRONG_MAX      10u /* about one file */

/* Networks of one listener, in scratch memory. */
struct gathered {
    struct network *v;
    size_t n, room;
};

static void gather(struct reading *r, struct gathered *g, const struct cfg_prefix *p, enum cfg_access verdict)
{
    if (g->n == g->room) {
        size_t room = g->room ? 2 * g->room : 64;
        struct network *v = arena_array(&r->scratch, room, sizeof *v);

        if (g->n)
            memcpy(v, g->v, g->n * sizeof *v);
        g->v = v;
        g->room = room;
    }
    g->v[g->n++] =
        (struct network){p->addr, (uint8_t)(p->bits + (ip_is_v4(&p->addr) ? 96 : 0)), (uint8_t)verdict};
}

static void gather_list(struct reading *r, struct gathered *g, const struct cfg_prefix *list, uint32_t n,
                        enum cfg_access verdict)
{
    for (uint32_t i = 0; i < n; i++) {
        if (field_good(r, &list[i]))
            gather(r, g, &list[i], verdict);
    }
}

/* Reads up to n bytes; the number, or -1 with errno. Only plain files: to wait for what somebody may write
 * into a pipe is not for reading a configuration. */
static ssize_t read_plain(const char *path, char *text, size_t n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), e = EINVAL;
    struct stat st = {0};
    ssize_t got = 0, all = 0;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        got = -1;
    while (got >= 0 && (size_t)all < n && (got = read(fd, text + all, n - (size_t)all)) > 0)
        all += got;
    e = got < 0 && S_ISREG(st.st_mode) ? errno : e;
    close(fd);
    errno = e;
    return got < 0 ? -1 : all;
}

/* All of the file, in scratch memory, with a zero behind it; NULL with errno. Memory comes first: when it is
 * short there is no way back to here, where a file would have to be closed. */
static char *whole_file(struct reading *r, const char *path)
{
    struct stat st;
    ssize_t n;
    char *text;

    if (stat(path, &st) < 0)
        return NULL;
    if (st.st_size > (off_t)LIST_MAX_BYTES) {
        errno = EFBIG;
        return NULL;
    }
    text = arena_alloc(&r->scratch, (size_t)st.st_size + 1);
    n = read_plain(path, text, (size_t)st.st_size);
    return n < 0 ? NULL : text;
}

/* The text of a line without its comment and white space around it. Cuts it out of *rest. */
static char *next_line(char **rest)
{
    char *line = *rest, *end = line + strcspn(line, "\n");

    *rest = *end ? end + 1 : end;
    *end = 0;
    line += strspn(line, " \t");
    line[strcspn(line, "#\r")] = 0;
    for (size_t n = strlen(line); n && strchr(" \t", line[n - 1]); n--)
        line[n - 1] = 0;
    return line;
}

static void gather_file(struct reading *r, struct gathered *g, char *const *path, const char *key,
                        enum cfg_access verdict)
{
    const struct place *p = place_of(r, path);
    unsigned line = 0, complaints = 0;
    char *rest;

    if (!p || !p->good)
        return;
    rest = whole_file(r, *path);
    if (!rest) {
        complain(&r->errors, p->at, "%s: %s: %s", key, shown(r, *path),
                 errno == EINVAL ? "not a plain file" : strerror(errno));
        return;
    }
    while (*rest && complaints < WRONG_MAX) {
        const char *text = next_line(&rest), *wanted;
        struct cfg_prefix prefix;

        line++;
        if (!*text)
            continue;
        wanted = judge_network(text, &prefix);
        if (!wanted)
            gather(r, g, &prefix, verdict);
        else if (++complaints)
            complain(&r->errors, p->at, "%s: %s:%u: must be %s, not \"%s\"", key, shown(r, *path), line,
                     wanted, shown(r, text));
    }
}

static void compile(struct reading *r, struct cfg_listener *l)
{
    struct gathered g = {0};

    gather_list(r, &g, l->allow, l->nallow, CFG_ALLOWED);
    gather_list(r, &g, l->deny, l->ndeny, CFG_DENIED);
    gather_file(r, &g, &l->allow_file, "allow_file", CFG_ALLOWED);
    gather_file(r, &g, &l->deny_file, "deny_file", CFG_DENIED);
    l->only_allowed = l->nallow || l->allow_file;
    if (!g.n && !l->only_allowed)
        return;
    /* Compiled where there is room for the worst, kept as long as it is. */
    struct networks t = {.run = arena_array(&r->scratch, NETWORKS_RUNS(g.n), sizeof *t.run)};
    networks_build(&t, g.v, g.n);
    l->access.n = t.n;
    l->access.run = arena_array(&r->keep, t.n, sizeof *t.run);
    memcpy(l->access.run, t.run, t.n * sizeof *t.run);
}

void check_access(struct reading *r)
{
    for (uint32_t i = 0; i < r->config->nlistener; i++)
        compile(r, &r->config->listener[i]);
}
