/* slow: many clients that hold on to a server and give it next to nothing: a third send a byte of a request
 * head now and then, a third a byte of a body, a third read a byte of a large response.
 *
 *   usage: slow IP PORT CLIENTS PERIOD-MS PATH FIRST-SOURCE SOURCES
 *
 * Clients connect from SOURCES addresses, FIRST-SOURCE and those after it, in turn; each does its byte every
 * PERIOD-MS. One that the server closes comes again at its next turn. Says "N open" once all have connected
 * for the first time, and on TERM or INT what became of them. One thread, epoll. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum kind {
    SLOW_HEAD,
    SLOW_BODY,
    SLOW_READER,
    KINDS,
};

static const char *const names[KINDS] = {"heads", "bodies", "readers"};

struct client {
    int fd; /* -1: none */
    bool up;
    uint8_t kind;
};

static struct {
    struct sockaddr_in to;
    uint32_t first_source, sources, n;
    const char *path;
    int epoll;
    struct client *client;
    unsigned long opened[KINDS], closed[KINDS], failed[KINDS];
} g;

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

static void drop(struct client *c)
{
    if (c->up)
        g.closed[c->kind]++;
    else
        g.failed[c->kind]++;
    close(c->fd);
    c->fd = -1;
    c->up = false;
}

static void begin(struct client *c, uint32_t i)
{
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(g.first_source + i % g.sources)};
    int one = 1, small = 2304;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        err(1, "socket");
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from) < 0)
        err(1, "bind");
    if (connect(c->fd, (struct sockaddr *)&g.to, sizeof g.to) < 0 && errno != EINPROGRESS) {
        drop(c);
        return;
    }
    struct epoll_event ev = {.events = EPOLLOUT, .data.u32 = i};
    epoll_ctl(g.epoll, EPOLL_CTL_ADD, c->fd, &ev);
}

/* What a client says at once. */
static void greet(struct client *c, uint32_t i)
{
    char head[512];
    int n;
    if (c->kind == SLOW_HEAD)
        n = snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: app.test\r\nX-Slow: ");
    else if (c->kind == SLOW_BODY)
        n = snprintf(head, sizeof head,
                     "PUT /up/slow HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000000\r\n\r\n");
    else
        n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: app.test\r\n\r\n", g.path);
    struct epoll_event ev = {.events = EPOLLRDHUP, .data.u32 = i};
    if (c->kind != SLOW_READER)
        ev.events |= EPOLLIN; /* whatever comes is an answer, and the end */
    epoll_ctl(g.epoll, EPOLL_CTL_MOD, c->fd, &ev);
    c->up = true;
    g.opened[c->kind]++;
    if (write(c->fd, head, (size_t)n) != n)
        drop(c);
}

static void turn(struct client *c, uint32_t i)
{
    char byte = 'x';
    if (c->fd < 0)
        begin(c, i);
    else if (c->up && c->kind == SLOW_READER && read(c->fd, &byte, 1) == 0)
        drop(c);
    else if (c->up && c->kind != SLOW_READER && write(c->fd, &byte, 1) < 0 && errno != EAGAIN)
        drop(c);
}

static void events(int wait_ms)
{
    struct epoll_event ev[256];
    int n = epoll_wait(g.epoll, ev, 256, wait_ms);
    for (int k = 0; k < n; k++) {
        struct client *c = &g.client[ev[k].data.u32];
        if (c->fd < 0)
            continue;
        if (c->up || (ev[k].events & (EPOLLERR | EPOLLHUP)))
            drop(c);
        else
            greet(c, ev[k].data.u32);
    }
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static void limits(void)
{
    struct rlimit l = {.rlim_cur = g.n + 100, .rlim_max = g.n + 100};
    if (setrlimit(RLIMIT_NOFILE, &l) < 0)
        err(1, "RLIMIT_NOFILE");
}

static void report(void)
{
    unsigned long open[KINDS] = {0};
    for (uint32_t i = 0; i < g.n; i++)
        open[g.client[i].kind] += g.client[i].up;
    for (unsigned k = 0; k < KINDS; k++)
        printf("%s: opened %lu, closed %lu, failed %lu, open %lu\n", names[k], g.opened[k], g.closed[k],
               g.failed[k], open[k]);
}

/* Each client's turn comes once a period, spread evenly. */
static void run(uint64_t period_ms)
{
    uint64_t start = now_ms(), turns = 0;
    bool said = false;
    while (!stop) {
        uint64_t due = (now_ms() - start) * g.n / period_ms;
        for (unsigned k = 0; turns < due && k < 256; turns++, k++)
            turn(&g.client[turns % g.n], (uint32_t)(turns % g.n));
        events(turns < due ? 0 : 1);
        if (!said && turns >= g.n) {
            printf("%lu open\n", g.opened[0] + g.opened[1] + g.opened[2]);
            fflush(stdout);
            said = true;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: slow IP PORT CLIENTS PERIOD-MS PATH FIRST-SOURCE SOURCES\n");
        return 2;
    }
    struct in_addr first;
    g.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &g.to.sin_addr) != 1 || inet_pton(AF_INET, argv[6], &first) != 1)
        errx(2, "no IPv4 address: %s, %s", argv[1], argv[6]);
    g.n = (uint32_t)strtoul(argv[3], NULL, 10);
    g.path = argv[5];
    g.first_source = ntohl(first.s_addr);
    g.sources = (uint32_t)strtoul(argv[7], NULL, 10);
    if (g.n == 0 || g.sources == 0)
        errx(2, "no clients");
    g.client = calloc(g.n, sizeof *g.client);
    g.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!g.client || g.epoll < 0)
        err(1, "start");
    limits();
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    for (uint32_t i = 0; i < g.n; i++)
        g.client[i] = (struct client){.fd = -1, .kind = (uint8_t)(i % KINDS)};
    run(strtoul(argv[4], NULL, 10));
    report();
    free(g.client);
    return 0;
}
