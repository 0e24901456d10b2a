/* relay: a bad network between two devices: what arrives at one leaves at the other, after what impair.h does
 * to it; each way has settings of its own. --vlan: B carries frames of that VLAN, tagged; A has them without.
 *
 *   usage: relay [--seed N] [--up SPEC] [--down SPEC] [--both SPEC] [--vlan N] A B       "up" is from A to B
 *
 * Says "relaying" once it does. TERM or INT end it with a line of counts for each way; USR1 prints them in
 * between. One thread; frames that wait are in memory, as many as come. */
#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/net/relay/impair.h"
#include "tests/net/relay/packets.h"

struct way {
    const char *name;
    int from, to;
    struct impair *im;
    uint16_t tag_in, tag_out; /* VLANs of the two devices */
    uint64_t too_long, missed, unsent, wrong_tag;
};

static volatile sig_atomic_t stop, tell;

static void on_signal(int sig)
{
    if (sig == SIGUSR1)
        tell = 1;
    else
        stop = 1;
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void take_in(struct way *w)
{
    struct packet p[PACKET_BURST];
    unsigned n = packets_receive(w->from, p, &w->too_long);
    uint64_t t = now();
    for (unsigned i = 0; i < n; i++) {
        if (p[i].tag == w->tag_in)
            impair_in(w->im, &p[i], t);
        else
            w->wrong_tag++;
    }
}

static void give_out(struct way *w)
{
    struct packet *held[PACKET_BURST], out[PACKET_BURST];
    unsigned n;
    do {
        uint64_t t = now();
        for (n = 0; n < PACKET_BURST && (held[n] = impair_out(w->im, t)); n++)
            out[n] = *held[n];
        w->unsent += n - packets_send(w->to, out, n, w->tag_out);
        for (unsigned i = 0; i < n; i++)
            impair_free(held[i]);
    } while (n == PACKET_BURST);
}

static void print(struct way *w)
{
    const struct impair_counts *c = impair_counts(w->im);
    w->missed += packets_missed(w->from);
    printf("%s: in %" PRIu64 ", out %" PRIu64 ", lost %" PRIu64 ", duplicated %" PRIu64 ", reordered %" PRIu64
           ", corrupted %" PRIu64 ", queue_full %" PRIu64 ", missed %" PRIu64 ", unsent %" PRIu64
           ", too_long %" PRIu64 ", wrong_tag %" PRIu64 "\n",
           w->name, c->in, c->out, c->lost, c->duplicated, c->reordered, c->corrupted, c->queue_full,
           w->missed, w->unsent, w->too_long, w->wrong_tag);
    fflush(stdout);
}

/* Until a frame comes, the next one is due, or a signal. */
static void rest(struct way w[2], const sigset_t *during)
{
    struct pollfd fd[2] = {{.fd = w[0].from, .events = POLLIN}, {.fd = w[1].from, .events = POLLIN}};
    uint64_t a = impair_next_ns(w[0].im), b = impair_next_ns(w[1].im), due = a < b ? a : b, t = now();
    uint64_t left = due > t ? due - t : 0;
    struct timespec ts = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
    if (ppoll(fd, 2, due == UINT64_MAX ? NULL : &ts, during) < 0)
        return;
    for (unsigned i = 0; i < 2; i++)
        if (fd[i].revents)
            take_in(&w[i]);
}

static void catch_signals(sigset_t *during)
{
    const int sigs[] = {SIGTERM, SIGINT, SIGUSR1};
    struct sigaction sa = {.sa_handler = on_signal};
    sigset_t set;
    sigemptyset(&set);
    for (unsigned i = 0; i < 3; i++) {
        sigaddset(&set, sigs[i]);
        sigaction(sigs[i], &sa, NULL);
    }
    sigprocmask(SIG_BLOCK, &set, during); /* they come in while we rest */
}

static void usage(void)
{
    fprintf(
        stderr,
        "usage: relay [--seed N] [--up SPEC] [--down SPEC] [--both SPEC] [--vlan N] A B\n"
        "SPEC: loss, duplicate, reorder, corrupt in percent, burst, depth in frames, delay, jitter in ms,\n"
        "rate in Mbit/s, queue in KiB: loss=1,burst=3,delay=20,jitter=5,rate=50,queue=128\n");
    exit(2);
}

static void read_spec(struct impair_spec *spec, const char *text)
{
    char copy[512];
    const char *bad = text;
    int n = snprintf(copy, sizeof copy, "%s", text);
    if (n < 0 || (size_t)n >= sizeof copy || !impair_parse(spec, copy, &bad))
        errx(2, "not understood: %s", bad);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'}, {"up", required_argument, NULL, 'u'},
        {"down", required_argument, NULL, 'd'}, {"both", required_argument, NULL, 'b'},
        {"vlan", required_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
    struct impair_spec spec[2] = {0};
    uint64_t seed = 1;
    uint16_t vlan = PACKET_NO_TAG;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 's')
            seed = strtoull(optarg, NULL, 10);
        else if (o == 'v')
            vlan = (uint16_t)strtoul(optarg, NULL, 10);
        else if (o == '?')
            usage();
        if (o == 'u' || o == 'b')
            read_spec(&spec[0], optarg);
        if (o == 'd' || o == 'b')
            read_spec(&spec[1], optarg);
    }
    if (argc - optind != 2)
        usage();

    sigset_t during;
    catch_signals(&during);
    int a = packets_open(argv[optind]), b = packets_open(argv[optind + 1]);
    struct way way[2] = {
        {.name = "up", .from = a, .to = b, .tag_out = vlan, .im = impair_new(&spec[0], seed, 0)},
        {.name = "down", .from = b, .to = a, .tag_in = vlan, .im = impair_new(&spec[1], seed, 1)}};
    puts("relaying");
    fflush(stdout);
    while (!stop) {
        rest(way, &during);
        give_out(&way[0]);
        give_out(&way[1]);
        if (tell) {
            tell = 0;
            print(&way[0]);
            print(&way[1]);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        print(&way[i]);
        impair_delete(way[i].im);
    }
    return 0;
}
