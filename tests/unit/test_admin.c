/* The admin socket: requests in pieces, garbage and floods against a server whose answers are known; and the
 * socket as a file: stale, alive, not a socket. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/control/admin.h"

#define LARGE (4 * 1024 * 1024)

/* "large" gets more than a socket buffers, "none" shows a shortage of memory, the rest an echo. */
static char *answer(void *ctx, unsigned nword, char *const word[])
{
    char text[2 * ADMIN_LINE_MAX];
    size_t n = 0;
    unsigned *requests = ctx;
    __atomic_fetch_add(requests, 1, __ATOMIC_RELAXED);
    if (strcmp(word[0], "none") == 0)
        return NULL;
    if (strcmp(word[0], "large") == 0) {
        char *large = malloc(LARGE + 1);
        memset(large, 'x', LARGE);
        large[LARGE] = 0;
        return large;
    }
    for (unsigned i = 0; i < nword; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "[%s]", word[i]);
    return strdup(text);
}

static char dir[] = "/tmp/lacon-admin-XXXXXX";
static char path[80], subdir[64];
static unsigned requests;
static struct admin *admin;

static void make_dir(void)
{
    cr_assert(mkdtemp(dir));
    snprintf(subdir, sizeof subdir, "%s/run", dir);
    snprintf(path, sizeof path, "%s/admin.sock", subdir);
}

static void remove_dir(void)
{
    unlink(path);
    rmdir(subdir);
    rmdir(dir);
}

static void start(void)
{
    make_dir();
    cr_assert_eq(admin_start(path, 0600, answer, &requests, &admin), 0);
}

static void stop(void)
{
    admin_stop(admin);
    cr_assert_eq(access(path, F_OK), -1, "the socket is left behind");
    remove_dir();
}

static void call(int fd)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 60};
    strcpy(at.sun_path, path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0, "connect: %s", strerror(errno));
}

static int dial(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    call(fd);
    return fd;
}

static void say(int fd, const void *text, size_t n)
{
    cr_assert_eq(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Reads one answer, newline taken off; false at the end of the connection. */
static bool hear(int fd, char *text, size_t size)
{
    size_t n = 0;
    while (n < size - 1) {
        ssize_t got = recv(fd, text + n, 1, 0);
        cr_assert(got >= 0 || errno == ECONNRESET, "no answer: %s", strerror(errno));
        if (got <= 0)
            return false;
        if (text[n] == '\n') {
            text[n] = 0;
            return true;
        }
        n++;
    }
    return false;
}

static void assert_answer(int fd, const char *expected)
{
    char text[ADMIN_LINE_MAX + 8];
    cr_assert(hear(fd, text, sizeof text));
    cr_assert_str_eq(text, expected);
}

static void assert_closed(int fd)
{
    char text[16];
    cr_assert_not(hear(fd, text, sizeof text));
    close(fd);
}

static void ask(const char *request, const char *expected)
{
    int fd = dial();
    say(fd, request, strlen(request));
    assert_answer(fd, expected);
    close(fd);
}

/* ---- protocol ---- */

TestSuite(protocol, .init = start, .fini = stop, .timeout = 120);

Test(protocol, one_request)
{
    ask("status\n", "[status]");
}

Test(protocol, words)
{
    ask("a bb ccc 1 2 3 4 5\n", "[a][bb][ccc][1][2][3][4][5]");
}

Test(protocol, many_on_one_connection)
{
    int fd = dial();
    for (int i = 0; i < 100; i++) {
        say(fd, "again\n", 6);
        assert_answer(fd, "[again]");
    }
    close(fd);
}

Test(protocol, byte_by_byte)
{
    int fd = dial();
    for (const char *p = "in pieces\n"; *p; p++)
        say(fd, p, 1);
    assert_answer(fd, "[in][pieces]");
    close(fd);
}

Test(protocol, several_in_one_write_then_the_end)
{
    int fd = dial();
    say(fd, "one\ntwo\nthree\nleft over", 23);
    shutdown(fd, SHUT_WR);
    assert_answer(fd, "[one]");
    assert_answer(fd, "[two]");
    assert_answer(fd, "[three]");
    assert_closed(fd);
}

Test(protocol, longest_line)
{
    char line[ADMIN_LINE_MAX], expected[ADMIN_LINE_MAX + 2];
    memset(line, 'w', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    snprintf(expected, sizeof expected, "[%.*s]", ADMIN_LINE_MAX - 1, line);
    int fd = dial();
    say(fd, line, sizeof line);
    assert_answer(fd, expected);
    close(fd);
}

Test(protocol, what_is_no_request)
{
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {
        {"\n", 1},
        {" \n", 2},
        {" a\n", 3},
        {"a \n", 3},
        {"a  b\n", 5},
        {"a\tb\n", 4},
        {"a\r\n", 3},
        {"a\0b\n", 4},
        {"\0\n", 2},
        {"\x7f\n", 2},
        {"caf\xc3\xa9\n", 6},
        {"\033[2J\n", 5},
        {"1 2 3 4 5 6 7 8 9\n", 18},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = dial();
        say(fd, rows[i].text, rows[i].n);
        assert_answer(fd, "{\"error\": \"not a request\"}");
        assert_closed(fd);
    }
    cr_assert_eq(__atomic_load_n(&requests, __ATOMIC_RELAXED), 0, "garbage got through");
}

Test(protocol, too_long)
{
    char line[ADMIN_LINE_MAX];
    memset(line, 'w', sizeof line);
    int fd = dial();
    say(fd, line, sizeof line);
    assert_answer(fd, "{\"error\": \"request too long\"}");
    assert_closed(fd);
}

Test(protocol, no_memory_for_an_answer)
{
    int fd = dial();
    say(fd, "none\n", 5);
    assert_closed(fd);
    ask("status\n", "[status]");
}

/* ---- clients that would hold up others ---- */

Test(protocol, large_answer_arrives_whole)
{
    int fd = dial();
    char *text = malloc(LARGE + 2);
    say(fd, "large\n", 6);
    size_t n = 0;
    while (n < LARGE + 1) {
        ssize_t got = recv(fd, text + n, LARGE + 2 - n, 0);
        cr_assert_gt(got, 0);
        n += (size_t)got;
    }
    cr_assert_eq(n, LARGE + 1);
    cr_assert_eq(text[LARGE], '\n');
    free(text);
    close(fd);
}

/* Each asks for more than fits its socket and does not read; others are answered meanwhile. */
Test(protocol, clients_that_do_not_read)
{
    int slow[ADMIN_CLIENTS - 1];
    for (unsigned i = 0; i < ADMIN_CLIENTS - 1; i++) {
        slow[i] = dial();
        say(slow[i], "large\n", 6);
    }
    for (int i = 0; i < 50; i++)
        ask("status\n", "[status]");
    for (unsigned i = 0; i < ADMIN_CLIENTS - 1; i++)
        close(slow[i]);
    ask("status\n", "[status]");
}

/* Silent ones in all places: the longest silent makes room. */
Test(protocol, more_clients_than_places)
{
    int silent[3 * ADMIN_CLIENTS];
    for (unsigned i = 0; i < 3 * ADMIN_CLIENTS; i++) {
        silent[i] = dial();
        say(silent[i], "half", 4);
    }
    for (int i = 0; i < 50; i++)
        ask("status\n", "[status]");
    assert_closed(silent[0]);
    for (unsigned i = 1; i < 3 * ADMIN_CLIENTS; i++)
        close(silent[i]);
}

/* One that never stops asking and never reads does not keep the thread to itself. */
Test(protocol, flood_of_requests)
{
    int fd = dial();
    char flood[4000];
    for (unsigned i = 0; i < sizeof flood; i += 2)
        memcpy(&flood[i], "q\n", 2);
    while (send(fd, flood, sizeof flood, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        ;
    for (int i = 0; i < 50; i++)
        ask("status\n", "[status]");
    close(fd);
}

Test(protocol, gone_before_the_answer)
{
    for (int i = 0; i < 100; i++) {
        int fd = dial();
        say(fd, "large\n", 6);
        close(fd);
    }
    ask("status\n", "[status]");
}

static void *chatter(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++)
        ask("hello there\n", "[hello][there]");
    return NULL;
}

Test(protocol, many_at_once)
{
    pthread_t t[8];
    for (unsigned i = 0; i < 8; i++)
        cr_assert_eq(pthread_create(&t[i], NULL, chatter, NULL), 0);
    for (unsigned i = 0; i < 8; i++)
        pthread_join(t[i], NULL);
    cr_assert_eq(__atomic_load_n(&requests, __ATOMIC_RELAXED), 800);
}

/* No descriptor is left to accept with: those connected are served, and the waiting one when there is one
 * again. */
Test(protocol, out_of_descriptors)
{
    struct rlimit limit;
    int filler[64], n = 0, fd = dial();
    int waiting = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    say(fd, "first\n", 6);
    assert_answer(fd, "[first]");
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (n < 64 && (filler[n] = dup(fd)) >= 0)
        n++;
    cr_assert(n > 0 && n < 64);
    call(waiting);
    say(waiting, "waited\n", 7);
    for (int i = 0; i < 3; i++) {
        say(fd, "again\n", 6);
        assert_answer(fd, "[again]");
    }
    while (n > 0)
        close(filler[--n]);
    assert_answer(waiting, "[waited]");
    close(waiting);
    close(fd);
}

Test(protocol, stop_with_clients_connected)
{
    int fd = dial();
    say(fd, "large\n", 6);
    int silent = dial();
    /* stop() follows; the descriptors end with the process */
    (void)silent;
}

/* ---- the socket as a file ---- */

TestSuite(file, .init = make_dir, .fini = remove_dir, .timeout = 120);

Test(file, mode_is_as_configured_whatever_the_umask)
{
    static const mode_t modes[] = {0600, 0660, 0666};
    for (unsigned i = 0; i < 3; i++) {
        struct stat st;
        umask(i == 2 ? 0 : 0077);
        cr_assert_eq(admin_start(path, modes[i], answer, &requests, &admin), 0);
        cr_assert_eq(stat(path, &st), 0);
        cr_assert_eq(st.st_mode, S_IFSOCK | modes[i]);
        admin_stop(admin);
        cr_assert_eq(stat(path, &st), -1);
    }
}

Test(file, stale_socket_is_replaced)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    cr_assert_eq(mkdir(subdir, 0700), 0);
    strcpy(at.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(listen(fd, 1), 0);
    close(fd); /* as a lacon that was killed leaves it */
    cr_assert_eq(admin_start(path, 0600, answer, &requests, &admin), 0);
    ask("status\n", "[status]");
    admin_stop(admin);
}

Test(file, live_socket_is_an_error)
{
    struct admin *second = NULL;
    cr_assert_eq(admin_start(path, 0600, answer, &requests, &admin), 0);
    cr_assert_eq(admin_start(path, 0600, answer, &requests, &second), -EADDRINUSE);
    cr_assert_null(second);
    ask("status\n", "[status]");
    admin_stop(admin);
}

Test(file, other_files_are_left_alone)
{
    cr_assert_eq(mkdir(subdir, 0700), 0);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    cr_assert_eq(admin_start(path, 0600, answer, &requests, &admin), -EEXIST);
    cr_assert_eq(access(path, F_OK), 0);
}

Test(file, paths_that_cannot_be)
{
    char longest[200];
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = 0;
    cr_assert_eq(admin_start(longest, 0600, answer, &requests, &admin), -ENAMETOOLONG);
    cr_assert_eq(admin_start("/nonexistent/dir/admin.sock", 0600, answer, &requests, &admin), -ENOENT);
    admin_stop(NULL);
}

/* A successor's socket is not removed by the predecessor's end. */
Test(file, removes_only_its_own)
{
    struct admin *second = NULL;
    cr_assert_eq(admin_start(path, 0600, answer, &requests, &admin), 0);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(admin_start(path, 0600, answer, &requests, &second), 0);
    admin_stop(admin);
    ask("status\n", "[status]");
    admin_stop(second);
    cr_assert_eq(access(path, F_OK), -1);
}
