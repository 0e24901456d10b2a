/* loadgen: start, the loop, end. One thread. See README.md. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/loadgen/neigh.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/pattern.h"
#include "bench/loadgen/port.h"
#include "bench/loadgen/report.h"

#define SEC_NS   1000000000ull
#define MAX_ARGS 64

struct loadgen {
    struct options opt;
    struct port port[2];
    unsigned nports;
    struct client client;
    struct endpoint endpoint;
    bool hop_known;
    struct effort effort;
};

static struct loadgen lg;
static volatile sig_atomic_t stopped;

static void stop(int sig)
{
    (void)sig;
    stopped = 1;
}

/* ---- time ---- */

static uint64_t ns_mult; /* nanoseconds for a cycle, times 2^32 */

static uint64_t to_ns(uint64_t cycles)
{
    return (uint64_t)((unsigned __int128)cycles * ns_mult >> 32);
}

/* ---- frames in ---- */

struct arrival {
    struct segment seg;
    bool tcp, endpoint;
};

static void learn(const struct port *p, const uint8_t *f, uint32_t n)
{
    struct options *o = &lg.opt;
    bool first = p == &lg.port[0], last = p == &lg.port[lg.nports - 1];
    struct wire *w = (struct wire *)(uintptr_t)&p->wire;

    if (first && neigh_input(w, p->mac, f, n, o->address, 1, o->next_hop, o->next_hop_mac)) {
        memcpy(lg.client.side.eth, o->next_hop_mac, 6);
        lg.hop_known = true;
    }
    if (last)
        neigh_input(w, p->mac, f, n, o->endpoint_ip, o->nendpoints, 0, NULL);
}

/* What it is and whom it is for; the conn is on its way to the cache when this returns. */
static void sort(const struct port *p, const struct rte_mbuf *m, struct arrival *a)
{
    const uint8_t *f = rte_pktmbuf_mtod(m, const uint8_t *);
    struct side *s = p == &lg.port[0] ? &lg.client.side : &lg.endpoint.side;
    const struct conn *c;

    s->count.rx_frames++;
    a->tcp = segment_parse(s, f, m->data_len, lg.opt.swapped, &a->seg);
    if (!a->tcp) {
        learn(p, f, m->data_len);
        return;
    }
    a->endpoint = endpoint_owns(&lg.endpoint, a->seg.dip);
    if (a->endpoint) {
        c = endpoint_conn(&lg.endpoint, &a->seg);
        memcpy(lg.endpoint.side.eth, f + 6, 6);
    } else {
        c = client_conn(&lg.client, &a->seg);
    }
    if (c) {
        __builtin_prefetch(c);
        __builtin_prefetch((const char *)c + 64);
    }
}

static unsigned receive(struct port *p)
{
    struct rte_mbuf *m[PORT_BURST];
    struct arrival a[PORT_BURST];
    unsigned n = port_rx(p, m);

    for (unsigned i = 0; i < n; i++) {
        if (i + 4 < n)
            __builtin_prefetch(rte_pktmbuf_mtod(m[i + 4], const uint8_t *));
        sort(p, m[i], &a[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        if (a[i].tcp && a[i].endpoint)
            endpoint_input(&lg.endpoint, &a[i].seg);
        else if (a[i].tcp)
            client_input(&lg.client, &a[i].seg);
    }
    if (n)
        rte_pktmbuf_free_bulk(m, n);
    return n;
}

/* ---- the loop ---- */

/* Until something comes or is due; with frames queued, not at all. */
static void rest(uint64_t now)
{
    struct pollfd fds[2];
    uint64_t next = client_next(&lg.client), other = side_next(&lg.endpoint.side);
    nfds_t n = 0;

    if (other < next)
        next = other;
    if (next <= now)
        return;
    for (unsigned i = 0; i < lg.nports; i++) {
        if (lg.port[i].fd < 0 || lg.port[i].head != lg.port[i].tail)
            return;
        fds[n++] = (struct pollfd){.fd = lg.port[i].fd, .events = POLLIN};
    }
    uint64_t left = next - now < SEC_NS / 10 ? next - now : SEC_NS / 10;
    struct timespec ts = {.tv_sec = 0, .tv_nsec = (long)left};
    ppoll(fds, n, &ts, NULL);
}

static unsigned one_round(void)
{
    uint64_t now = to_ns(rte_rdtsc());
    unsigned n = 0;

    lg.client.side.now = lg.endpoint.side.now = now;
    for (unsigned i = 0; i < lg.nports; i++)
        n += receive(&lg.port[i]);
    uint64_t sent = lg.client.side.count.tx_frames;
    client_round(&lg.client);
    side_round(&lg.client.side);
    side_round(&lg.endpoint.side);
    n += lg.client.side.count.tx_frames != sent;
    for (unsigned i = 0; i < lg.nports; i++)
        if (lg.port[i].head != lg.port[i].tail)
            port_flush(&lg.port[i]);
    if (n == 0 && lg.opt.sleep)
        rest(now);
    return n;
}

static void say(const char *event)
{
    printf("{\"event\":\"%s\"}\n", event);
    fflush(stdout);
}

/* Runs rounds until the job is done; tells when it measures, so that others can look at clocks meanwhile. */
static void run_job(void)
{
    enum phase before = PHASE_CONNECT;
    uint64_t last = rte_rdtsc();

    memset(&lg.effort, 0, sizeof lg.effort);
    while (lg.client.phase != PHASE_DONE && !stopped) {
        unsigned worked = one_round();
        uint64_t t = rte_rdtsc();

        if (lg.client.phase == PHASE_MEASURE) {
            lg.effort.cycles += t - last;
            lg.effort.busy_cycles += worked ? t - last : 0;
        }
        last = t;
        if (lg.client.phase != before) {
            if (lg.client.phase == PHASE_MEASURE)
                say("measuring");
            else if (before == PHASE_MEASURE)
                say("measured");
            before = lg.client.phase;
            last = rte_rdtsc();
        }
    }
}

/* ---- start ---- */

static int start_eal(const char *program)
{
    static char text[1024], more[1024], memory[16], prefix[48];
    char *argv[MAX_ARGS];
    int argc = 0;

    snprintf(text, sizeof text, "%s", program);
    snprintf(memory, sizeof memory, "%u", lg.opt.memory_mib);
    snprintf(prefix, sizeof prefix, "--file-prefix=loadgen-%d", (int)getpid());
    argv[argc++] = text;
    argv[argc++] = (char *)(uintptr_t) "-m";
    argv[argc++] = memory;
    argv[argc++] = prefix;
    argv[argc++] = (char *)(uintptr_t) "--no-telemetry";
    argv[argc++] = (char *)(uintptr_t) "--no-pci";
    argv[argc++] = (char *)(uintptr_t) "--iova-mode=va";
    argv[argc++] = (char *)(uintptr_t) "--log-level=error";
    if (lg.opt.huge) {
        argv[argc++] = (char *)(uintptr_t) "--in-memory";
    } else {
        argv[argc++] = (char *)(uintptr_t) "--no-huge";
        argv[argc++] = (char *)(uintptr_t) "--no-shconf";
    }
    snprintf(more, sizeof more, "%s", lg.opt.eal ? lg.opt.eal : "");
    char *save = NULL;
    for (char *w = strtok_r(more, " ", &save); w && argc < MAX_ARGS - 1; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    argv[argc] = NULL;
    if (rte_eal_init(argc, argv) < 0) {
        fprintf(stderr, "loadgen: DPDK does not start: %s\n", rte_strerror(rte_errno));
        return -1;
    }
    return 0;
}

/* DPDK leaves its run-time folder behind. */
static void end_eal(void)
{
    char dir[256];

    snprintf(dir, sizeof dir, "%s", rte_eal_get_runtime_dir());
    rte_eal_cleanup();
    if (dir[0])
        rmdir(dir);
}

static void set_ethernet(struct side *s, const uint8_t *to, const uint8_t *from)
{
    if (to)
        memcpy(s->eth, to, 6);
    memcpy(s->eth + 6, from, 6);
    s->eth[12] = 0x08;
    s->eth[13] = 0x00;
}

static int start(void)
{
    struct options *o = &lg.opt;
    struct client_net net = {o->clients, o->nclients};
    struct rte_mempool *pool;

    lg.nports = o->endpoint_port ? 2 : 1;
    if (port_open(&lg.port[0], o->client_port, 0) != 0 ||
        (o->endpoint_port && port_open(&lg.port[1], o->endpoint_port, 1) != 0))
        return -1;
    pool = port_pool(o->buffers * lg.nports - 1, o->frame);
    if (!pool) {
        fprintf(stderr, "loadgen: --memory: too little for --buffers\n");
        return -1;
    }
    for (unsigned i = 0; i < lg.nports; i++)
        if (port_start(&lg.port[i], pool) != 0)
            return -1;
    struct port *last = &lg.port[lg.nports - 1];
    if (!client_init(&lg.client, &lg.port[0].wire, &net, o->max_connections) ||
        !endpoint_init(&lg.endpoint, &last->wire, o->endpoint_ip, o->nendpoints, o->endpoint_tcp,
                       o->max_endpoint_connections)) {
        fprintf(stderr, "loadgen: out of memory\n");
        return -1;
    }
    set_ethernet(&lg.client.side, o->next_hop ? NULL : o->next_hop_mac, lg.port[0].mac);
    set_ethernet(&lg.endpoint.side, NULL, last->mac);
    lg.hop_known = o->next_hop == 0;
    return 0;
}

static bool all_linked(void)
{
    for (unsigned i = 0; i < lg.nports; i++)
        if (!port_link(&lg.port[i]))
            return false;
    return true;
}

/* Until the ports have a link and the next hop has told its address; false: stopped. */
static bool wait_ready(void)
{
    uint64_t asked = 0;

    while (!stopped && !(all_linked() && lg.hop_known)) {
        uint64_t now = to_ns(rte_rdtsc());

        if (now - asked > SEC_NS / 50) {
            if (!lg.hop_known && all_linked())
                neigh_ask(&lg.port[0].wire, lg.port[0].mac, htonl(lg.opt.address), lg.opt.next_hop);
            asked = now;
        }
        one_round();
        usleep(200);
    }
    return !stopped;
}

static void set_side(struct side *s, const struct options *o)
{
    s->mss = o->mss;
    s->rwnd = o->window;
    s->ack_every = (uint8_t)o->ack_every;
    s->verify = o->verify;
    s->rto_ns = o->rto_ns;
    s->check_sums = !o->trust_sums;
}

/* One job: true when it went without errors. */
static bool do_job(const struct options *o)
{
    struct counts before = lg.endpoint.side.count;

    set_side(&lg.client.side, o);
    set_side(&lg.endpoint.side, o);
    if (!client_start(&lg.client, &o->job, to_ns(rte_rdtsc()))) {
        fprintf(stderr, "loadgen: --max-connections or --clients is too small for the job\n");
        printf("{\"ok\":false,\"problem\":\"too many connections\"}\n");
        fflush(stdout);
        return false;
    }
    run_job();
    return report(&lg.client, &lg.endpoint, &before, &lg.effort);
}

/* Between jobs the endpoints, and ARP, go on; a line is a job. */
static bool do_jobs(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[1024];
    bool good = true;

    setvbuf(stdin, NULL, _IONBF, 0);
    while (!stopped) {
        one_round();
        if (poll(&in, 1, 1) <= 0)
            continue;
        if (!fgets(line, sizeof line, stdin))
            break;
        struct options o = lg.opt;
        if (!options_line(&o, line)) {
            printf("{\"ok\":false,\"problem\":\"bad job\"}\n");
            fflush(stdout);
            good = false;
            continue;
        }
        good = do_job(&o) && good;
    }
    return good;
}

#ifdef __SANITIZE_ADDRESS__
/* The AF_XDP driver of DPDK 22.11 never gives back its umem and its BPF object; everything else counts. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libxdp.so\nleak:libbpf.so\n";
}
#endif

int main(int argc, char **argv)
{
    struct sigaction sa = {.sa_handler = stop};
    bool good = false;

    options_default(&lg.opt);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        fputs(options_usage, argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    if (!options_command_line(&lg.opt, argc, argv))
        return 2;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    pattern_init();
    if (start_eal(argv[0]) != 0)
        return 1;
    ns_mult = (uint64_t)(((unsigned __int128)SEC_NS << 32) / rte_get_tsc_hz());
    if (start() == 0 && wait_ready()) {
        say("ready");
        good = lg.opt.jobs ? do_jobs() : do_job(&lg.opt);
    }
    for (unsigned i = 0; i < lg.nports; i++)
        port_close(&lg.port[i]);
    client_fini(&lg.client);
    endpoint_fini(&lg.endpoint);
    end_eal();
    return good ? 0 : 1;
}
