/* The access log: lines as rows of record and text, hostile bytes among them, and the thread that writes them
 * against files, pipes, a full device and rotation. */
/* Before unistd.h, whose R_NONE is another. */
#include "agent/base/reason.h"
#include "agent/control/access_format.h"
#include "agent/control/access_log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- format ---- */

/* 2026-11-21 06:45:10.5 UTC */
#define WALL_NS (1795243510500000000LL)

static struct access_record record(const char *line, const char *host, const char *referer, const char *agent)
{
    struct access_record r = {
        .wall_ns = WALL_NS,
        .duration_ns = 1204999,
        .ttfb_ns = 817000,
        .bytes_body = 512,
        .client = {ip_from_v4((const uint8_t[]){192, 0, 2, 7}), 40000},
        .endpoint = {ip_from_v4((const uint8_t[]){10, 0, 0, 1}), 8080},
        .status = 200,
        .endpoint_status = 200,
        .tries = 1,
    };
    r.request_line = (uint16_t)strlen(line);
    r.host = (uint16_t)strlen(host);
    r.referer = (uint16_t)strlen(referer);
    r.user_agent = (uint16_t)strlen(agent);
    snprintf(r.text, sizeof r.text, "%s%s%s%s", line, host, referer, agent);
    return r;
}

static const char *format(const struct access_record *r, const char *route, const char *cluster)
{
    static char line[ACCESS_LINE_MAX + 1];
    struct access_clock clock = {0};
    setenv("TZ", "UTC", 1);
    tzset();
    size_t n = access_format(r, route, cluster, &clock, line);
    cr_assert(n > 0 && n <= ACCESS_LINE_MAX);
    line[n] = 0;
    return line;
}

static void assert_line(const struct access_record *r, const char *expected)
{
    cr_assert_str_eq(format(r, "web", "app"), expected);
}

Test(format, complete)
{
    struct access_record r = record("GET /a HTTP/1.1", "a.example", "http://b.example/", "curl/8.5");
    r.bytes_request = 7;
    assert_line(&r, "192.0.2.7 - - [21/Nov/2026:06:45:10 +0000] \"GET /a HTTP/1.1\" 200 512 "
                    "\"http://b.example/\" \"curl/8.5\" host=\"a.example\" rt=0.001204 ttfb=0.000817 "
                    "ep=10.0.0.1:8080 es=200 route=web cluster=app tries=1 in=7 why=- id=-\n");
}

Test(format, request_id)
{
    struct access_record r = record("GET /a HTTP/1.1", "a.example", "", "");
    size_t at = strlen(r.text);
    r.request_id = 4;
    memcpy(r.text + at, "a\nb ", 4); /* config lets none such through; the format does not rely on it */
    cr_assert(strstr(format(&r, "web", "app"), " why=- id=a\\x0Ab\\x20\n"));
}

Test(format, everything_missing)
{
    struct access_record r = {.wall_ns = WALL_NS, .status = 408, .reason = R_CLOSE_HEAD_TIMEOUT};
    r.client.addr = ip_from_v6((const uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1});
    cr_assert_str_eq(
        format(&r, NULL, NULL),
        "2001:db8::1 - - [21/Nov/2026:06:45:10 +0000] \"-\" 408 0 \"-\" \"-\" host=\"-\" "
        "rt=0.000000 ttfb=- ep=- es=- route=- cluster=- tries=0 in=0 why=close_head_timeout id=-\n");
}

Test(format, ipv6_endpoint_and_long_times)
{
    struct access_record r = record("GET / HTTP/1.1", "h", "", "");
    r.endpoint.addr = ip_from_v6((const uint8_t[16]){0xfd, [15] = 2});
    r.duration_ns = 3661000001000;
    r.ttfb_ns = 999999999;
    assert_line(&r, "192.0.2.7 - - [21/Nov/2026:06:45:10 +0000] \"GET / HTTP/1.1\" 200 512 \"-\" \"-\" "
                    "host=\"h\" rt=3661.000001 ttfb=0.999999 ep=[fd00::2]:8080 es=200 route=web cluster=app "
                    "tries=1 in=0 why=- id=-\n");
}

Test(format, hostile_text_is_escaped)
{
    static const struct {
        const char *raw, *shown;
    } rows[] = {
        {"a\"b", "a\\x22b"},
        {"a\\b", "a\\x5Cb"},
        {"\r\n127.0.0.1 - - forged", "\\x0D\\x0A127.0.0.1 - - forged"},
        {"\033[2J\007", "\\x1B[2J\\x07"},
        {"\x7f\x80\xff", "\\x7F\\x80\\xFF"},
        {"caf\xc3\xa9", "caf\\xC3\\xA9"},
        {"\\x22", "\\x5Cx22"},
        {"%s%n%x", "%s%n%x"},
        {" ", " "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char wanted[128];
        struct access_record r = record("GET / HTTP/1.1", "", "", rows[i].raw);
        snprintf(wanted, sizeof wanted, " \"-\" \"%s\" host=", rows[i].shown);
        const char *line = format(&r, NULL, NULL);
        cr_assert(strstr(line, wanted), "row %zu: %s", i, line);
        cr_assert_eq(strchr(line, '\n'), line + strlen(line) - 1, "row %zu: more than one line", i);
    }
}

Test(format, nul_bytes_are_escaped)
{
    struct access_record r = record("GET / HTTP/1.1", "", "", "");
    memcpy(r.text + r.request_line, "\0a\0", 3);
    r.host = 3;
    cr_assert(strstr(format(&r, NULL, NULL), " host=\"\\x00a\\x00\" "));
}

Test(format, names_cannot_forge_fields)
{
    struct access_record r = record("GET / HTTP/1.1", "", "", "");
    cr_assert(strstr(format(&r, "a b", "x status=200"), " route=a\\x20b cluster=x\\x20status=200 tries="));
}

/* Lengths that do not fit the text, and names without an end: nothing is read or written out of bounds. */
Test(format, longest)
{
    static char name[100000];
    struct access_record r = {.wall_ns = INT64_MAX,
                              .duration_ns = UINT64_MAX,
                              .ttfb_ns = UINT64_MAX,
                              .bytes_body = UINT64_MAX,
                              .bytes_request = UINT64_MAX,
                              .status = UINT16_MAX,
                              .endpoint_status = UINT16_MAX,
                              .tries = UINT8_MAX,
                              .reason = UINT8_MAX,
                              .request_line = 100,
                              .host = UINT16_MAX,
                              .referer = UINT16_MAX,
                              .user_agent = UINT16_MAX};
    memset(r.text, 0x80, sizeof r.text);
    memset(name, '"', sizeof name - 1);
    const char *line = format(&r, name, name);
    cr_assert_eq(line[strlen(line) - 1], '\n');
    cr_assert(strstr(line, " \"-\" \"-\" host="), "nothing was left for referer and agent: %s", line);
    cr_assert(strstr(line, " why=unknown id=-\n"));
}

Test(format, time_follows_the_zone_and_the_second)
{
    char line[ACCESS_LINE_MAX];
    struct access_clock clock = {0};
    struct access_record r = record("GET / HTTP/1.1", "", "", "");
    setenv("TZ", "XYZ-05:30", 1);
    tzset();
    for (int i = 0; i < 3; i++, r.wall_ns += 500000000) {
        static const char *const wanted[] = {"[21/Nov/2026:12:15:10 +0530]", "[21/Nov/2026:12:15:11 +0530]",
                                             "[21/Nov/2026:12:15:11 +0530]"};
        size_t n = access_format(&r, NULL, NULL, &clock, line);
        cr_assert(memmem(line, n, wanted[i], strlen(wanted[i])), "%.*s", (int)n, line);
    }
}

/* ---- the thread ---- */

/* A ring that holds `limit` records in all; the test raises the limit, the log's thread takes. */
struct feed {
    uint32_t limit; /* test: release / log: acquire */
    uint32_t taken; /* log: release / test: acquire */
    uint8_t id;
};

static bool feed_take(void *ctx, struct access_record *out)
{
    struct feed *f = ctx;
    if (f->taken == __atomic_load_n(&f->limit, __ATOMIC_ACQUIRE))
        return false;
    char line[32];
    snprintf(line, sizeof line, "%u.%u", f->id, f->taken);
    *out = record(line, "", "", "");
    out->route = out->cluster = 0;
    __atomic_store_n(&f->taken, f->taken + 1, __ATOMIC_RELEASE);
    return true;
}

static void feed_more(struct feed *f, uint32_t n)
{
    __atomic_fetch_add(&f->limit, n, __ATOMIC_RELEASE);
}

/* Between two looks at a state that another thread brings about; the test's timeout ends the wait. */
static void breathe(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void wait_taken(const struct feed *f, uint32_t n)
{
    while (__atomic_load_n(&f->taken, __ATOMIC_ACQUIRE) < n)
        breathe();
}

static char dir[] = "/tmp/lacon-access-XXXXXX";
static char path[64], rotated[64];
static struct cfg_route route = {.name = "r0"};
static struct cfg_cluster cluster = {.name = "c0"};
static struct config config = {.nroute = 1, .route = &route, .ncluster = 1, .cluster = &cluster};

static void make_dir(void)
{
    cr_assert(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/access.log", dir);
    snprintf(rotated, sizeof rotated, "%s/access.log.1", dir);
    config.logging.access_log = path;
}

static void remove_dir(void)
{
    unlink(path);
    unlink(rotated);
    rmdir(dir);
}

TestSuite(thread, .init = make_dir, .fini = remove_dir, .timeout = 120);

static void hold_nothing(void *ctx)
{
    (void)ctx;
}

/* Generation 0 has names, others are gone. */
static const struct config *find_config(void *ctx, uint32_t generation)
{
    (void)ctx;
    return generation == 0 ? &config : NULL;
}

static const struct access_names names = {hold_nothing, find_config, hold_nothing, NULL};

static struct access_log *start(struct feed *f, unsigned n)
{
    struct access_source source[4];
    struct access_log *l = NULL;
    for (unsigned i = 0; i < n; i++) {
        f[i].id = (uint8_t)i;
        source[i] = (struct access_source){feed_take, &f[i]};
    }
    cr_assert_eq(access_log_start(config.logging.access_log, &names, source, n, &l), 0);
    return l;
}

static char *contents(const char *name)
{
    FILE *f = fopen(name, "r");
    char *text = NULL;
    size_t n = 0;
    if (!f)
        return strdup("");
    if (getdelim(&text, &n, 0, f) < 0) {
        free(text);
        text = strdup("");
    }
    fclose(f);
    return text;
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, what)); p++)
        n++;
    return n;
}

Test(thread, writes_without_being_asked)
{
    struct feed f[1] = {{.limit = 1}};
    struct access_log *l = start(f, 1);
    char *text = contents(path);
    while (!strchr(text, '\n')) {
        breathe();
        free(text);
        text = contents(path);
    }
    cr_assert(strstr(text, "\"0.0\" 200 "));
    cr_assert(strstr(text, " route=r0 cluster=c0 "));
    free(text);
    access_log_stop(l);
}

Test(thread, stop_writes_what_is_left)
{
    struct feed f[3] = {{.limit = 5000}, {.limit = 1}, {.limit = 700}};
    struct access_log *l = start(f, 3);
    access_log_stop(l);
    char *text = contents(path);
    cr_assert_eq(count_of(text, "\n"), 5701);
    cr_assert_eq(count_of(text, "\"0.4999\""), 1);
    cr_assert_eq(count_of(text, "\"1.0\""), 1);
    cr_assert_eq(count_of(text, "\"2.699\""), 1);
    free(text);
}

static void wait_reopens(const struct access_log *l, uint64_t n)
{
    struct access_log_stats s;
    for (access_log_stats(l, &s); s.reopens < n; access_log_stats(l, &s))
        breathe();
}

Test(thread, rotation_loses_and_doubles_nothing)
{
    struct feed f[2] = {{.limit = 100}, {.limit = 100}};
    struct access_log *l = start(f, 2);
    wait_taken(&f[0], 100);
    wait_taken(&f[1], 100);
    cr_assert_eq(rename(path, rotated), 0);
    access_log_reopen(l, NULL);
    wait_reopens(l, 1);
    feed_more(&f[0], 1000);
    access_log_stop(l);
    char *old = contents(rotated), *new = contents(path);
    cr_assert_eq(count_of(old, "\n") + count_of(new, "\n"), 1200);
    cr_assert_eq(count_of(old, "\"0.0\""), 1);
    cr_assert_eq(count_of(new, "\"0.1099\""), 1);
    free(old);
    free(new);
}

Test(thread, keeps_the_file_when_reopening_fails)
{
    struct feed f[1] = {{.limit = 1}};
    struct access_log *l = start(f, 1);
    char moved[64];
    snprintf(moved, sizeof moved, "%s-moved", dir);
    cr_assert_eq(rename(dir, moved), 0);
    access_log_reopen(l, NULL);
    feed_more(&f[0], 10);
    access_log_stop(l);
    cr_assert_eq(rename(moved, dir), 0);
    char *text = contents(path);
    cr_assert_eq(count_of(text, "\n"), 11);
    free(text);
}

Test(thread, full_device_costs_lines_only)
{
    struct feed f[1] = {{.limit = 10}};
    struct access_log_stats s;
    config.logging.access_log = (char *)"/dev/full";
    struct access_log *l = start(f, 1);
    for (access_log_stats(l, &s); s.lost < 10; access_log_stats(l, &s))
        breathe();
    cr_assert_eq(s.lines, 0);
    access_log_stop(l);
}

/* A reader that does not read: records stop being taken once the pipe and the buffer are full, and stopping
 * does not hang. */
Test(thread, blocked_pipe)
{
    cr_assert_eq(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    struct feed f[1] = {{.limit = 1000000}};
    struct access_log *l = start(f, 1);
    wait_taken(&f[0], 1000);
    access_log_stop(l);
    cr_assert_lt(f[0].taken, 1000000);
    char piece[65536];
    ssize_t n = read(reader, piece, sizeof piece);
    cr_assert_gt(n, 0);
    cr_assert_eq(memcmp(piece, "192.0.2.7 ", 10), 0);
    close(reader);
}

/* Rotating away from a pipe that blocks: its lines go to the new file. */
Test(thread, reopen_frees_a_blocked_log)
{
    cr_assert_eq(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    struct feed f[1] = {{.limit = 100000}};
    struct access_log *l = start(f, 1);
    wait_taken(&f[0], 1000);
    cr_assert_eq(rename(path, rotated), 0);
    access_log_reopen(l, NULL);
    wait_reopens(l, 1);
    access_log_stop(l);
    cr_assert_eq(f[0].taken, 100000);
    char *text = contents(path);
    cr_assert_eq(count_of(text, "\"0.99999\""), 1);
    free(text);
    close(reader);
}

Test(thread, reader_went_away)
{
    cr_assert_eq(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    struct feed f[1] = {{.limit = 0}};
    struct access_log_stats s;
    struct access_log *l = start(f, 1);
    close(reader);
    feed_more(&f[0], 3);
    for (access_log_stats(l, &s); s.lost < 3; access_log_stats(l, &s))
        breathe();
    access_log_stop(l);
}

Test(thread, start_says_what_is_wrong)
{
    struct access_log *l = NULL;
    config.logging.access_log = (char *)"/nonexistent/access.log";
    cr_assert_eq(access_log_start(config.logging.access_log, &names, NULL, 0, &l), -ENOENT);
    config.logging.access_log = dir;
    cr_assert_eq(access_log_start(config.logging.access_log, &names, NULL, 0, &l), -EISDIR);
    cr_assert_eq(mkfifo(path, 0600), 0);
    config.logging.access_log = path;
    cr_assert_eq(access_log_start(config.logging.access_log, &names, NULL, 0, &l), -ENXIO,
                 "a FIFO without a reader");
    cr_assert_null(l);
    access_log_stop(NULL);
    access_log_reopen(NULL, NULL);
}

Test(thread, dash_is_standard_output)
{
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    cr_assert_geq(dup2(file, STDOUT_FILENO), 0);
    close(file);
    struct feed f[1] = {{.limit = 2}};
    config.logging.access_log = (char *)"-";
    access_log_stop(start(f, 1));
    char *text = contents(path);
    cr_assert_eq(count_of(text, "\n"), 2);
    free(text);
}
