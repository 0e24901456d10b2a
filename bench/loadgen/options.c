/* Reading of options; see options.h. One table says what there is. */
#include "bench/loadgen/options.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char options_usage[] =
    "usage: loadgen --client-port PORT [--endpoint-port PORT] [OPTION...]\n"
    "\n"
    "Plays many HTTP clients and the endpoints behind the proxy under test, on one core, through DPDK "
    "ports.\n"
    "Prints a JSON object on one line for each job. Exit status 0: well; 1: a job found errors or could not\n"
    "run; 2: usage.\n"
    "\n"
    "The bed:\n"
    "  --client-port PORT       dev:NAME (AF_XDP), packet:NAME (af_packet), memif:SOCKET (as server), or a\n"
    "                           vdev of DPDK's: net_ring0 ...\n"
    "  --endpoint-port PORT     where the endpoints are (default: the clients' port)\n"
    "  --address IP             on the clients' port: the gateway to the clients (10.88.0.10)\n"
    "  --clients IP*N           the clients' addresses, N a power of two (10.128.0.0*4096)\n"
    "  --next-hop IP|MAC        who forwards to the target (the target)\n"
    "  --endpoints IP*N:PORT    (10.99.0.11*1:80)\n"
    "  --swapped                the forwarder exchanges addresses and ports, as testpmd's 5tswap\n"
    "  --idle poll|sleep        sleep while nothing comes (AF_XDP)\n"
    "  --max-connections N, --max-endpoint-connections N   (65536, 65536)\n"
    "  --buffers N --frame BYTES --memory MIB --huge       packet buffers (16384, 2048, 256; no hugepages)\n"
    "  --eal ARGS               more arguments for DPDK, split at spaces\n"
    "  --jobs                   jobs come on standard input, a line of key=value each\n"
    "\n"
    "A job:\n"
    "  --target IP:PORT         the proxy (10.88.0.1:80)\n"
    "  --connections N          64; with --close: exchanges at a time\n"
    "  --close                  a connection per request (Connection: close)\n"
    "  --outstanding N          requests at a time, drawn over all connections (closed loop; all)\n"
    "  --rate R                 open loop: R requests a second; latency counts from the intended time\n"
    "  --arrivals poisson|even  of the open loop (poisson)\n"
    "  --request-size DIST      of the request's body (0: GET)\n"
    "  --response-size DIST     (100) also uniform:A:B, log:A:B, mix:S*W,S*W...\n"
    "  --warmup S --duration S --timeout S      seconds (0.5, 2, 5); after timeout a request is an error\n"
    "  --mss N --window BYTES --ack-every N --rto MS     of our TCP (1460, 1048576, 2, 200)\n"
    "  --verify heads|sample|all  which bodies are compared: those that fit the head's segment or 4096\n"
    "                           bytes, and one in eight other segments, and all (sample)\n"
    "  --checksums check|trust  trust: frames come with unfinished ones\n"
    "  --connecting N           handshakes at a time (256)\n"
    "  --seed N                 1\n";

void options_default(struct options *o)
{
    static const uint8_t ip[] = {10, 88, 0, 1};

    memset(o, 0, sizeof *o);
    o->address = 0x0a58000a;
    o->clients = 0x0a800000;
    o->nclients = 4096;
    memcpy(&o->job.target_ip, ip, 4);
    o->job.target_port = o->endpoint_tcp = htons(80);
    o->endpoint_ip = 0x0a63000b;
    o->nendpoints = 1;
    o->max_connections = o->max_endpoint_connections = 65536;
    o->buffers = 16384;
    o->frame = 2048;
    o->memory_mib = 256;
    o->job.connections = 64;
    o->job.poisson = true;
    sizes_parse("0", &o->job.request);
    sizes_parse("100", &o->job.response);
    o->job.warmup_ns = 500000000;
    o->job.duration_ns = 2000000000;
    o->job.timeout_ns = 5000000000;
    o->job.seed = 1;
    o->job.connecting = 256;
    o->mss = 1460;
    o->window = 1u << 20;
    o->ack_every = 2;
    o->verify = VERIFY_SAMPLE;
    o->rto_ns = 200000000;
}

/* ---- values ---- */

static bool number(const char *v, uint64_t min, uint64_t max, uint32_t *out)
{
    char *end;
    unsigned long long n = strtoull(v, &end, 10);

    if (v[0] < '0' || v[0] > '9' || *end || n < min || n > max)
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool real(const char *v, double max, double *out)
{
    char *end;

    *out = strtod(v, &end);
    return end != v && *end == '\0' && *out >= 0 && *out <= max;
}

static bool seconds(const char *v, uint64_t *ns)
{
    double s;

    if (!real(v, 1e6, &s))
        return false;
    *ns = (uint64_t)(s * 1e9);
    return true;
}

/* A word of "a|b|c" as its index. */
static bool word(const char *v, const char *words, unsigned *out)
{
    size_t n = strlen(v);

    for (*out = 0; *words; ++*out) {
        size_t k = strcspn(words, "|");

        if (k == n && memcmp(words, v, n) == 0)
            return true;
        words += k + (words[k] == '|');
    }
    return false;
}

/* IP[*N][:PORT]; what may be absent is so when its pointer is NULL. */
static bool address(const char *v, uint32_t *ip_be, uint32_t *n, uint16_t *port_be)
{
    char text[64], *at;
    uint32_t p;

    if (strlen(v) >= sizeof text)
        return false;
    strcpy(text, v);
    at = strchr(text, ':');
    if ((at != NULL) != (port_be != NULL))
        return false;
    if (at) {
        *at = '\0';
        if (!number(at + 1, 1, 65535, &p))
            return false;
        *port_be = htons((uint16_t)p);
    }
    at = strchr(text, '*');
    if (at && !n)
        return false;
    if (at) {
        *at = '\0';
        if (!number(at + 1, 1, 65536, n))
            return false;
    }
    return inet_pton(AF_INET, text, ip_be) == 1;
}

static bool host_address(const char *v, uint32_t *ip, uint32_t *n, uint16_t *port_be)
{
    uint32_t be;

    if (!address(v, &be, n, port_be))
        return false;
    *ip = ntohl(be);
    return true;
}

static bool next_hop(const char *v, struct options *o)
{
    uint8_t *m = o->next_hop_mac;

    if (sscanf(v, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) == 6)
        return true;
    return address(v, &o->next_hop, NULL, NULL);
}

/* ---- keys ---- */

static bool set_flag(bool *flag)
{
    *flag = true;
    return true;
}

static bool set_word(bool *out, const char *v, const char *words)
{
    unsigned i = 0;
    bool good = word(v, words, &i);

    *out = i == 1;
    return good;
}

static bool power_of_two(const char *v, uint32_t *out)
{
    return number(v, 64, 1u << 24, out) && (*out & (*out - 1)) == 0;
}

static bool is(const char *key, const char *name)
{
    return strcmp(key, name) == 0;
}

/* 1: taken, 0: wrong value, -1: no such key. */
static int take_bed(struct options *o, const char *k, const char *v)
{
    if (is(k, "client-port"))
        return (o->client_port = v) != NULL;
    if (is(k, "endpoint-port"))
        return (o->endpoint_port = v) != NULL;
    if (is(k, "eal"))
        return (o->eal = v) != NULL;
    if (is(k, "address"))
        return host_address(v, &o->address, NULL, NULL);
    if (is(k, "clients"))
        return host_address(v, &o->clients, &o->nclients, NULL) && (o->nclients & (o->nclients - 1)) == 0;
    if (is(k, "next-hop"))
        return next_hop(v, o);
    if (is(k, "endpoints"))
        return host_address(v, &o->endpoint_ip, &o->nendpoints, &o->endpoint_tcp);
    if (is(k, "swapped"))
        return set_flag(&o->swapped);
    if (is(k, "huge"))
        return set_flag(&o->huge);
    if (is(k, "jobs"))
        return set_flag(&o->jobs);
    if (is(k, "idle"))
        return set_word(&o->sleep, v, "poll|sleep");
    if (is(k, "max-connections"))
        return power_of_two(v, &o->max_connections);
    if (is(k, "max-endpoint-connections"))
        return power_of_two(v, &o->max_endpoint_connections);
    if (is(k, "buffers"))
        return number(v, 2048, 1u << 20, &o->buffers);
    if (is(k, "frame"))
        return number(v, 1024, 65000, &o->frame);
    if (is(k, "memory"))
        return number(v, 32, 65536, &o->memory_mib);
    return -1;
}

static bool small_number(const char *v, uint32_t min, uint32_t max, uint16_t *out)
{
    uint32_t n = 0;
    bool good = number(v, min, max, &n);

    *out = (uint16_t)n;
    return good;
}

static bool take_verify(struct options *o, const char *v)
{
    unsigned i = 0;
    bool good = word(v, "heads|sample|all", &i);

    o->verify = (enum verify)i;
    return good;
}

static bool take_seed(struct options *o, const char *v)
{
    uint32_t n = 0;
    bool good = number(v, 0, UINT32_MAX, &n);

    o->job.seed = n;
    return good;
}

static bool take_rto(struct options *o, const char *v)
{
    uint32_t ms = 0;
    bool good = number(v, 1, 60000, &ms);

    o->rto_ns = ms * 1000000ull;
    return good;
}

static int take_job(struct options *o, const char *k, const char *v)
{
    struct job *j = &o->job;

    if (is(k, "connections"))
        return number(v, 1, 1u << 24, &j->connections);
    if (is(k, "outstanding"))
        return number(v, 0, 1u << 24, &j->outstanding);
    if (is(k, "close"))
        return set_flag(&j->close);
    if (is(k, "rate"))
        return real(v, 1e8, &j->rate);
    if (is(k, "arrivals"))
        return set_word(&j->poisson, v, "even|poisson");
    if (is(k, "request-size"))
        return sizes_parse(v, &j->request);
    if (is(k, "response-size"))
        return sizes_parse(v, &j->response);
    if (is(k, "warmup"))
        return seconds(v, &j->warmup_ns);
    if (is(k, "duration"))
        return seconds(v, &j->duration_ns);
    if (is(k, "timeout"))
        return seconds(v, &j->timeout_ns);
    if (is(k, "connecting"))
        return number(v, 1, 65536, &j->connecting);
    if (is(k, "target"))
        return address(v, &j->target_ip, NULL, &j->target_port);
    if (is(k, "seed"))
        return take_seed(o, v);
    if (is(k, "mss"))
        return small_number(v, 64, 8960, &o->mss);
    if (is(k, "window"))
        return number(v, 1024, 8u << 20, &o->window);
    if (is(k, "ack-every"))
        return number(v, 1, 200, &o->ack_every);
    if (is(k, "rto"))
        return take_rto(o, v);
    if (is(k, "verify"))
        return take_verify(o, v);
    if (is(k, "checksums"))
        return set_word(&o->trust_sums, v, "check|trust");
    return -1;
}

static bool is_flag(const char *k)
{
    return is(k, "close") || is(k, "swapped") || is(k, "huge") || is(k, "jobs");
}

static bool complain(const char *what, const char *k, const char *v)
{
    fprintf(stderr, "loadgen: %s: %s%s%s\n", what, k, v[0] ? " " : "", v);
    return false;
}

bool options_command_line(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *k = argv[i], *eq = strchr(k, '=');
        const char *v = "";

        if (strncmp(k, "--", 2) != 0)
            return complain("not an option", k, "");
        k += 2;
        if (eq) {
            *eq = '\0';
            v = eq + 1;
        } else if (!is_flag(k)) {
            if (i + 1 == argc)
                return complain("a value is missing", argv[i], "");
            v = argv[++i];
        }
        int rc = take_bed(o, k, v);
        if (rc < 0)
            rc = take_job(o, k, v);
        if (rc <= 0)
            return complain(rc < 0 ? "no such option" : "wrong value", k, v);
    }
    if (!o->client_port)
        return complain("missing", "--client-port", "");
    if (!o->next_hop && memcmp(o->next_hop_mac, "\0\0\0\0\0", 6) == 0)
        o->next_hop = o->job.target_ip;
    if (o->mss + 54u > o->frame)
        return complain("larger than --frame", "--mss", "");
    return true;
}

bool options_line(struct options *o, char *line)
{
    char *save = NULL;

    for (char *k = strtok_r(line, " \t\r\n", &save); k; k = strtok_r(NULL, " \t\r\n", &save)) {
        char *eq = strchr(k, '=');
        const char *v = "";

        if (eq) {
            *eq = '\0';
            v = eq + 1;
        } else if (!is_flag(k)) {
            return complain("key=value is wanted", k, "");
        }
        int rc = take_job(o, k, v);
        if (rc <= 0)
            return complain(rc < 0 ? "no such key of a job" : "wrong value", k, v);
    }
    if (o->mss + 54u > o->frame)
        return complain("larger than --frame", "mss", "");
    return true;
}
