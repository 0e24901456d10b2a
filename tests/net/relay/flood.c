/* flood: SYNs (or bare ACKs) from addresses and ports that nobody has, as fast as told, out of one device.
 *
 *   usage: flood DEVICE DESTINATION-MAC DESTINATION-IP PORT PACKETS-A-SECOND [syn|ack]
 *
 * IPv4. Sources are drawn from all of 1.0.0.0 to 223.255.255.255: what answers goes to whoever routes. Says
 * "flooding", and on TERM or INT how many packets left. One thread. */
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/net/relay/packets.h"

#define SYN     0x02
#define ACK     0x10
#define ETH     14
#define IP      20
#define TCP_SYN 24 /* with an MSS option */

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

static uint64_t rng_state;

static uint64_t rng(void)
{
    uint64_t z = rng_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static uint32_t sum16(const uint8_t *p, unsigned n, uint32_t sum)
{
    for (unsigned i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

struct target {
    uint8_t mac[6], ip[4];
    uint16_t port;
    uint8_t flags;
};

/* One frame into f; its length. */
static uint32_t make(uint8_t *f, const struct target *t)
{
    static const uint8_t eth[8] = {0x02, 0x66, 0x6c, 0x6f, 0x6f, 0x64, 0x08, 0x00};
    uint64_t r = rng();
    uint32_t tcp_len = t->flags == SYN ? TCP_SYN : TCP_SYN - 4;
    uint8_t *ip = f + ETH, *tcp = ip + IP;
    memset(f, 0, ETH + IP + TCP_SYN);
    memcpy(f, t->mac, 6);
    memcpy(f + 6, eth, 8);
    ip[0] = 0x45;
    put16(ip + 2, IP + tcp_len);
    put16(ip + 6, 0x4000);
    ip[8] = 64;
    ip[9] = 6;
    put32(ip + 12, (uint32_t)r);
    ip[12] = (uint8_t)(1 + (r >> 24) % 223);
    if (ip[12] == 127)
        ip[12] = 9;
    memcpy(ip + 16, t->ip, 4);
    put16(ip + 10, fold(sum16(ip, IP, 0)));
    put16(tcp, 1024 + (uint32_t)(r >> 32) % 64000);
    put16(tcp + 2, t->port);
    put32(tcp + 4, (uint32_t)rng());
    put32(tcp + 8, t->flags == ACK ? (uint32_t)rng() : 0);
    tcp[12] = (uint8_t)(tcp_len / 4 << 4);
    tcp[13] = t->flags;
    put16(tcp + 14, 64240);
    if (t->flags == SYN) {
        put16(tcp + 20, 0x0204);
        put16(tcp + 22, 1460);
    }
    put16(tcp + 16, fold(sum16(tcp, tcp_len, sum16(ip + 12, 8, 6 + tcp_len))));
    return ETH + IP + tcp_len;
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void read_target(struct target *t, char **arg)
{
    unsigned m[6];
    if (sscanf(arg[0], "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6)
        errx(2, "no MAC address: %s", arg[0]);
    for (unsigned i = 0; i < 6; i++)
        t->mac[i] = (uint8_t)m[i];
    if (inet_pton(AF_INET, arg[1], t->ip) != 1)
        errx(2, "no IPv4 address: %s", arg[1]);
    t->port = (uint16_t)strtoul(arg[2], NULL, 10);
}

int main(int argc, char **argv)
{
    static uint8_t room[PACKET_BURST][ETH + IP + TCP_SYN];
    struct packet p[PACKET_BURST];
    struct target t = {.flags = SYN};
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: flood DEVICE MAC IP PORT PACKETS-A-SECOND [syn|ack]\n");
        return 2;
    }
    read_target(&t, argv + 2);
    double rate = strtod(argv[5], NULL);
    if (argc == 7 && strcmp(argv[6], "ack") == 0)
        t.flags = ACK;
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    int fd = packets_open(argv[1]);
    uint64_t start = now(), sent = 0, tried = 0;
    rng_state = start;
    puts("flooding");
    fflush(stdout);
    while (!stop) {
        uint64_t due = (uint64_t)((double)(now() - start) / 1e9 * rate);
        unsigned n = due - tried > PACKET_BURST ? PACKET_BURST : (unsigned)(due - tried);
        for (unsigned i = 0; i < n; i++)
            p[i] = (struct packet){.data = room[i], .len = make(room[i], &t)};
        sent += packets_send(fd, p, n, PACKET_NO_TAG);
        tried += n;
        if (n < PACKET_BURST)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    printf("sent %llu packets in %.1f s\n", (unsigned long long)sent, (double)(now() - start) / 1e9);
    return 0;
}
