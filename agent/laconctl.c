/* laconctl: the operator's client. Sends requests to a running lacon's admin socket (agent/control/admin.h,
 * answers.h) and prints the answers as aligned text, or as JSON for programs. One thread; memory lives to the
 * end of the process. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/lacon/admin.sock"
#define DEFAULT_LIMIT  1000
#define PATIENCE_S     10
#define ANSWER_MAX     (64 * 1024 * 1024)

#define EXIT_OK    0
#define EXIT_FAIL  1 /* lacon is not there, or did not do it */
#define EXIT_USAGE 2

static const char usage_text[] =
    "usage: laconctl [-s SOCKET] [--json] COMMAND\n"
    "\n"
    "  status                                  version, workers, interfaces\n"
    "  connections [--client | --endpoint]     open connections, of one side\n"
    "              [--limit N]                 at most N of them (default 1000)\n"
    "  counters [--all]                        what was counted; --all: also what is zero\n"
    "  clients                                 the addresses with the most connections, of each worker\n"
    "  accel                                   who fills the accelerator hooks, why; flow engines\n"
    "  memory                                  what each part takes at most, and what the process has\n"
    "  neighbours                              link-layer addresses (ARP, neighbour discovery)\n"
    "  endpoints                               the endpoints of each cluster: state, reason, use\n"
    "  drain [CLUSTER/]ENDPOINT                it takes no new requests; those in flight end\n"
    "  enable [CLUSTER/]ENDPOINT               it takes requests again\n"
    "  weight [CLUSTER/]ENDPOINT N             its share of the requests from now on; file: as the file "
    "says\n"
    "  reload                                  read the configuration file again\n"
    "  explain 'GET http://host/path' ['Name: value' ...]\n"
    "                                          which route, rule, cluster and endpoint, and why;\n"
    "                                          https://host/ for tls listeners, tcp://host:port for tcp\n"
    "          [--listener NAME]               by default the one on the URL's port\n"
    "          [--source ADDRESS]              the client's address\n"
    "          [--alpn NAME,NAME]              protocols that a TLS client offers\n"
    "  help                                    this text\n"
    "\n"
    "  -s, --socket SOCKET                     the admin socket (default " DEFAULT_SOCKET ")\n"
    "  -j, --json                              print JSON\n"
    "  -V, --version                           print the version\n"
    "\n"
    "Exit status: 0 fine, 1 lacon is not running or refused, 2 wrong usage.\n";

struct options {
    const char *socket;
    const char *side;
    unsigned long limit;
    bool json, all;
    const char *listener, *source; /* of explain; "-": not given */
    const char *alpn;              /* NULL: not given */
    char **operand;                /* after the command, up to NULL */
    /* an option was given that only this command has */
    bool for_counters, for_connections, for_explain;
};

__attribute__((format(printf, 2, 3), noreturn)) static void die(int status, const char *format, ...)
{
    va_list ap;
    fputs("laconctl: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(status);
}

/* Memory that was asked for, or the end. */
static void *need(void *p)
{
    if (!p)
        die(EXIT_FAIL, "out of memory");
    return p;
}

/* ---- asking ---- */

static int dial(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    if (strlen(path) >= sizeof at.sun_path)
        die(EXIT_USAGE, "%s: the path of a socket may have %zu bytes", path, sizeof at.sun_path - 1);
    strcpy(at.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die(EXIT_FAIL, "socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    if (errno == ENOENT || errno == ECONNREFUSED)
        die(EXIT_FAIL, "%s: %s: lacon is not running, or its admin socket is elsewhere (-s SOCKET)", path,
            strerror(errno));
    die(EXIT_FAIL, "%s: %s", path, strerror(errno));
}

/* Reads up to the newline that ends an answer. */
static char *receive_line(int fd, size_t *n)
{
    size_t size = 65536;
    char *text = need(malloc(size));
    for (*n = 0; *n == 0 || text[*n - 1] != '\n';) {
        if (*n == size)
            text = need(realloc(text, size *= 2));
        ssize_t got = size > ANSWER_MAX ? -1 : recv(fd, text + *n, size - *n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            die(EXIT_FAIL, "no answer: %s",
                size > ANSWER_MAX ? "too long"
                : errno == EAGAIN ? "lacon is busy"
                                  : strerror(errno));
        if (got == 0)
            die(EXIT_FAIL, "no answer: the connection was closed");
        *n += (size_t)got;
    }
    return text;
}

/* One request, one answer: an object without "error" in it. */
static json_t *ask(int fd, const char *request)
{
    size_t n;
    json_error_t why;
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        die(EXIT_FAIL, "cannot ask: %s", strerror(errno));
    char *text = receive_line(fd, &n);
    json_t *answer = json_loadb(text, n, 0, &why);
    free(text);
    if (!json_is_object(answer))
        die(EXIT_FAIL, "an answer that is not understood: %s", why.text);
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (error)
        die(EXIT_FAIL, "lacon: %s", error);
    return answer;
}

/* ---- tables ---- */

#define COLUMNS_MAX 12

/* Cells row by row, the first row the heads. A head that begins with '>' makes its column right-aligned. */
struct table {
    unsigned ncolumn;
    size_t ncell, room;
    char **cell;
};

__attribute__((format(printf, 2, 3))) static void cell(struct table *t, const char *format, ...)
{
    va_list ap;
    if (t->ncell == t->room) {
        t->room = t->room ? 2 * t->room : 256;
        t->cell = need(realloc(t->cell, t->room * sizeof *t->cell));
    }
    va_start(ap, format);
    if (vasprintf(&t->cell[t->ncell++], format, ap) < 0)
        need(NULL);
    va_end(ap);
}

static void heads(struct table *t, unsigned n, const char *const head[])
{
    *t = (struct table){.ncolumn = n};
    for (unsigned i = 0; i < n; i++)
        cell(t, "%s", head[i]);
}

/* The width of a column; negative (printf's left-aligned) unless its head says otherwise. Takes the '>' off.
 */
static int column_width(struct table *t, unsigned column)
{
    char *head = t->cell[column];
    bool right = head[0] == '>';
    size_t width = 0;
    if (right)
        memmove(head, head + 1, strlen(head));
    for (size_t i = column; i < t->ncell; i += t->ncolumn)
        width = strlen(t->cell[i]) > width ? strlen(t->cell[i]) : width;
    if (right)
        return (int)width;
    return column == t->ncolumn - 1 ? 0 : -(int)width;
}

/* Prints the table, takes it apart. */
static void print_table(struct table *t)
{
    int width[COLUMNS_MAX] = {0};
    for (unsigned column = 0; column < t->ncolumn; column++)
        width[column] = column_width(t, column);
    for (char **row = t->cell; row < t->cell + t->ncell; row += t->ncolumn)
        for (unsigned column = 0; column < t->ncolumn; column++) {
            printf("%*s%s", width[column], row[column], column == t->ncolumn - 1 ? "\n" : "  ");
            free(row[column]);
        }
    free(t->cell);
}

/* ---- what is in an answer ---- */

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "-";
}

static long long int_of(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static double real_of(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static void text_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%s", text_of(o, key));
}

static void int_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%lld", int_of(o, key));
}

/* "3d 4h 5m 6s", from the largest unit that is not zero. */
static const char *duration(double seconds, char *buf, size_t size)
{
    long long s = (long long)seconds;
    if (s >= 86400)
        snprintf(buf, size, "%lldd %lldh %lldm %llds", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
    else if (s >= 3600)
        snprintf(buf, size, "%lldh %lldm %llds", s / 3600, s / 60 % 60, s % 60);
    else if (s >= 60)
        snprintf(buf, size, "%lldm %llds", s / 60, s % 60);
    else
        snprintf(buf, size, "%.1fs", seconds);
    return buf;
}

/* ---- commands ---- */

static void print_status(const json_t *a)
{
    static const char *const worker_heads[] = {"WORKER",    ">CORE",      ">QUEUES", ">BUSY",
                                               ">CLIENTS",  ">ENDPOINTS", ">IDLE",   ">EXCHANGES",
                                               ">REQUESTS", ">KEPT",      ">OF"};
    static const char *const port_heads[] = {"INTERFACE", "TARGET", "DRIVER",  "LINK",
                                             "MAC",       ">MTU",   ">QUEUES", "WHY"};
    struct table t;
    size_t i;
    json_t *o;
    char up[64];
    printf("lacon %s, pid %lld, up %s\n", text_of(a, "version"), int_of(a, "pid"),
           duration(real_of(a, "uptime_s"), up, sizeof up));
    printf("configuration: %s\n", text_of(a, "config"));
    const json_t *log = json_object_get(a, "access_log");
    if (json_is_object(log))
        printf("access log: %s, %lld lines written, %lld lost\n", text_of(log, "path"), int_of(log, "lines"),
               int_of(log, "lost"));
    else
        printf("access log: off\n");

    heads(&t, sizeof port_heads / sizeof port_heads[0], port_heads);
    json_array_foreach(json_object_get(a, "interfaces"), i, o)
    {
        text_cell(&t, o, "name");
        text_cell(&t, o, "target");
        text_cell(&t, o, "driver");
        cell(&t, "%s", json_is_true(json_object_get(o, "up")) ? "up" : "down");
        text_cell(&t, o, "mac");
        int_cell(&t, o, "mtu");
        int_cell(&t, o, "queues");
        text_cell(&t, o, "why");
    }
    putchar('\n');
    print_table(&t);

    heads(&t, sizeof worker_heads / sizeof worker_heads[0], worker_heads);
    json_array_foreach(json_object_get(a, "workers"), i, o)
    {
        int_cell(&t, o, "worker");
        if (int_of(o, "core") < 0)
            cell(&t, "any");
        else
            int_cell(&t, o, "core");
        int_cell(&t, o, "queues");
        cell(&t, "%.1f%%", 100 * real_of(o, "busy"));
        int_cell(&t, o, "clients");
        int_cell(&t, o, "endpoints");
        int_cell(&t, o, "endpoints_idle");
        int_cell(&t, o, "exchanges");
        int_cell(&t, o, "requests");
        int_cell(&t, o, "kept_bytes");
        int_cell(&t, o, "kept_bytes_max");
    }
    putchar('\n');
    print_table(&t);
}

static json_t *get_status(int fd, const struct options *opt)
{
    (void)opt;
    return ask(fd, "status\n");
}

static void print_counters(const json_t *a)
{
    static const char *const counter_heads[] = {"COUNTER", ">VALUE", "MEANING"};
    struct table t;
    size_t i;
    json_t *o;
    heads(&t, 3, counter_heads);
    json_array_foreach(json_object_get(a, "counters"), i, o)
    {
        text_cell(&t, o, "name");
        int_cell(&t, o, "value");
        text_cell(&t, o, "text");
    }
    print_table(&t);
}

static json_t *get_counters(int fd, const struct options *opt)
{
    json_t *a = ask(fd, "counters\n"), *list = json_object_get(a, "counters");
    for (size_t i = 0; !opt->all && i < json_array_size(list);)
        if (int_of(json_array_get(list, i), "value") == 0)
            json_array_remove(list, i);
        else
            i++;
    return a;
}

static void print_connections(const json_t *a)
{
    static const char *const conn_heads[] = {"SIDE",     "STATE", "REMOTE", "LOCAL", "PEER",   "CLUSTER",
                                             "ENDPOINT", ">IN",   ">OUT",   ">AGE",  ">WORKER"};
    struct table t;
    size_t i;
    json_t *o;
    char age[64];
    heads(&t, sizeof conn_heads / sizeof conn_heads[0], conn_heads);
    json_array_foreach(json_object_get(a, "connections"), i, o)
    {
        text_cell(&t, o, "side");
        text_cell(&t, o, "state");
        text_cell(&t, o, "remote");
        text_cell(&t, o, "local");
        text_cell(&t, o, "peer");
        text_cell(&t, o, "cluster");
        text_cell(&t, o, "endpoint");
        int_cell(&t, o, "bytes_in");
        int_cell(&t, o, "bytes_out");
        cell(&t, "%s", duration(real_of(o, "age_s"), age, sizeof age));
        int_cell(&t, o, "worker");
    }
    print_table(&t);
}

/* Page by page, until the limit or the end. */
static json_t *get_connections(int fd, const struct options *opt)
{
    json_t *all = need(json_array());
    long long worker = 0, slot = 0;
    for (;;) {
        char request[128];
        snprintf(request, sizeof request, "connections %s %lld %lld\n", opt->side, worker, slot);
        json_t *page = ask(fd, request), *next = json_object_get(page, "next");
        json_array_extend(all, json_object_get(page, "connections"));
        bool more = json_is_array(next);
        worker = json_integer_value(json_array_get(next, 0));
        slot = json_integer_value(json_array_get(next, 1));
        json_decref(page);
        if (json_array_size(all) > opt->limit) {
            fprintf(stderr, "laconctl: there are more than %lu connections (--limit N)\n", opt->limit);
            while (json_array_size(all) > opt->limit)
                json_array_remove(all, json_array_size(all) - 1);
            break;
        }
        if (!more)
            break;
    }
    return need(json_pack("{s:o}", "connections", all));
}

static void print_clients(const json_t *a)
{
    static const char *const client_heads[] = {"ADDRESS", ">CONNECTIONS", ">KEPT", ">WORKER"};
    struct table t;
    size_t i;
    json_t *o;
    heads(&t, 4, client_heads);
    json_array_foreach(json_object_get(a, "clients"), i, o)
    {
        text_cell(&t, o, "address");
        int_cell(&t, o, "connections");
        int_cell(&t, o, "kept_bytes");
        int_cell(&t, o, "worker");
    }
    print_table(&t);
}

static json_t *get_clients(int fd, const struct options *opt)
{
    (void)opt;
    return ask(fd, "clients\n");
}

static void memory_row(struct table *t, const char *name, long long bytes)
{
    cell(t, "%s", name);
    cell(t, "%.1f", (double)bytes / (1 << 20));
}

static void print_memory(const json_t *a)
{
    static const char *const memory_heads[] = {"PART", ">MIB"};
    struct table t;
    size_t i;
    json_t *o;
    heads(&t, 2, memory_heads);
    json_array_foreach(json_object_get(a, "parts"), i, o)
        memory_row(&t, text_of(o, "part"), int_of(o, "bytes"));
    memory_row(&t, "at most, in all", int_of(a, "bytes_max"));
    memory_row(&t, "resident now", int_of(a, "resident"));
    print_table(&t);
}

static json_t *get_memory(int fd, const struct options *opt)
{
    (void)opt;
    return ask(fd, "memory\n");
}

static void engine_row(struct table *t, const json_t *o)
{
    double hits = (double)int_of(o, "hits"), misses = (double)int_of(o, "misses");
    double inserted = (double)int_of(o, "inserted");
    double each = misses > 0 ? (double)int_of(o, "worker_cycles") / misses : 0;
    int_cell(t, o, "worker");
    text_cell(t, o, "provider");
    cell(t, "%lld of %lld", int_of(o, "rules"), int_of(o, "entries"));
    int_cell(t, o, "inserted");
    cell(t, "%.1f", inserted > 0 ? (double)int_of(o, "insert_ns") / inserted / 1000 : 0.0);
    cell(t, "%lld", int_of(o, "full") + int_of(o, "refused"));
    int_cell(t, o, "lost");
    cell(t, "%.1f", hits + misses > 0 ? 100 * hits / (hits + misses) : 0.0);
    cell(t, "%.0f", hits * each / 1e6);
    cell(t, "%.0f", (double)int_of(o, "emulation_cycles") / 1e6);
}

static void print_accel(const json_t *a)
{
    static const char *const hook_heads[] = {"HOOK", "PROVIDER", "WHY"};
    static const char *const engine_heads[] = {"WORKER",         "PROVIDER",          "RULES", ">INSERTED",
                                               ">US EACH",       ">REFUSED",          ">LOST", ">HIT%",
                                               ">SAVED MCYCLES", ">EMULATION MCYCLES"};
    const json_t *engines = json_object_get(a, "engines");
    struct table t;
    size_t i;
    json_t *o;
    heads(&t, 3, hook_heads);
    json_array_foreach(json_object_get(a, "hooks"), i, o)
    {
        text_cell(&t, o, "hook");
        text_cell(&t, o, "provider");
        text_cell(&t, o, "why");
    }
    print_table(&t);
    if (json_array_size(engines) == 0)
        return;
    putchar('\n');
    heads(&t, 10, engine_heads);
    json_array_foreach(engines, i, o) engine_row(&t, o);
    print_table(&t);
    printf("\n%s\n", text_of(json_array_get(engines, 0), "about"));
}

static json_t *get_accel(int fd, const struct options *opt)
{
    (void)opt;
    return ask(fd, "accel\n");
}

static void print_neighbours(const json_t *a)
{
    static const char *const neighbour_heads[] = {"ADDRESS", "MAC", "INTERFACE", "STATE", ">WORKER"};
    struct table t;
    size_t i;
    json_t *o;
    heads(&t, 5, neighbour_heads);
    json_array_foreach(json_object_get(a, "neighbours"), i, o)
    {
        text_cell(&t, o, "address");
        text_cell(&t, o, "mac");
        text_cell(&t, o, "interface");
        text_cell(&t, o, "state");
        int_cell(&t, o, "worker");
    }
    print_table(&t);
}

static json_t *get_neighbours(int fd, const struct options *opt)
{
    (void)opt;
    return ask(fd, "neighbours\n");
}

static void print_endpoints(const json_t *a)
{
    static const char *const endpoint_heads[] = {"CLUSTER",   "ENDPOINT",  "STATE",   ">SINCE", ">ACTIVE",
                                                 ">REQUESTS", ">FAILURES", ">WEIGHT", "REASON"};
    struct table t;
    size_t i;
    json_t *o;
    char since[64];
    heads(&t, sizeof endpoint_heads / sizeof endpoint_heads[0], endpoint_heads);
    json_array_foreach(json_object_get(a, "endpoints"), i, o)
    {
        text_cell(&t, o, "cluster");
        text_cell(&t, o, "endpoint");
        text_cell(&t, o, "state");
        if (json_is_number(json_object_get(o, "since_s")))
            cell(&t, "%s", duration(real_of(o, "since_s"), since, sizeof since));
        else
            cell(&t, "-");
        int_cell(&t, o, "active");
        int_cell(&t, o, "requests");
        int_cell(&t, o, "failures");
        int_cell(&t, o, "weight");
        text_cell(&t, o, "reason");
    }
    print_table(&t);
}

static json_t *get_endpoints(int fd, const struct options *opt)
{
    (void)opt;
    return ask(fd, "endpoints\n");
}

/* A value that becomes one word of a request. */
static const char *word_of(const char *option, const char *s)
{
    if (!*s || strpbrk(s, " \t\n"))
        die(EXIT_USAGE, "%s takes one word, not '%s'", option, s);
    return s;
}

/* An order about endpoints: a verb, and the operands as they stand. */
static json_t *order(int fd, const char *verb, const struct options *opt)
{
    char request[256];
    const char *more = opt->operand[1];
    int n = snprintf(request, sizeof request, "%s %s%s%s\n", verb, word_of(verb, opt->operand[0]),
                     more ? " " : "", more ? word_of(verb, more) : "");
    if (n < 0 || (size_t)n >= sizeof request)
        die(EXIT_USAGE, "'%s' is too long", opt->operand[0]);
    return ask(fd, request);
}

static json_t *get_drain(int fd, const struct options *opt)
{
    return order(fd, "drain", opt);
}

static json_t *get_enable(int fd, const struct options *opt)
{
    return order(fd, "enable", opt);
}

static json_t *get_weight(int fd, const struct options *opt)
{
    return order(fd, "weight", opt);
}

static void print_weight(const json_t *a)
{
    printf("%lld weighed\n", int_of(a, "endpoints"));
}

static void print_drain(const json_t *a)
{
    printf("%lld drained\n", int_of(a, "endpoints"));
}

static void print_enable(const json_t *a)
{
    printf("%lld enabled\n", int_of(a, "endpoints"));
}

static void print_reload(const json_t *a)
{
    (void)a;
    puts("reloaded");
}

static json_t *get_reload(int fd, const struct options *opt)
{
    (void)opt;
    return ask(fd, "reload\n");
}

/* ---- explain ---- */

static void print_considered(const json_t *a)
{
    static const char *const match_heads[] = {"ROUTE", ">RULE", ">MATCH", "ASKS FOR", "VERDICT"};
    struct table t;
    size_t i;
    json_t *o;
    const json_t *list = json_object_get(a, "considered");
    if (json_array_size(list) == 0)
        return;
    heads(&t, 5, match_heads);
    json_array_foreach(list, i, o)
    {
        text_cell(&t, o, "route");
        int_cell(&t, o, "rule");
        int_cell(&t, o, "match");
        text_cell(&t, o, "asks_for");
        text_cell(&t, o, "verdict");
    }
    putchar('\n');
    print_table(&t);
    if (int_of(a, "not_shown"))
        printf("and %lld more\n", int_of(a, "not_shown"));
}

static void print_endpoints_of(const json_t *worker)
{
    static const char *const endpoint_heads[] = {"ENDPOINT",  "STATE", ">DOWN FOR", ">WEIGHT",
                                                 ">PRIORITY", ">BUSY", "NEXT"};
    struct table t;
    size_t i;
    json_t *o;
    printf("\nworker %lld, cluster %s: %s\n", int_of(worker, "worker"), text_of(worker, "cluster"),
           text_of(worker, "endpoint"));
    heads(&t, 7, endpoint_heads);
    json_array_foreach(json_object_get(worker, "endpoints"), i, o)
    {
        text_cell(&t, o, "address");
        text_cell(&t, o, "state");
        cell(&t, "%.1fs", real_of(o, "down_for_s"));
        int_cell(&t, o, "weight");
        int_cell(&t, o, "priority");
        int_cell(&t, o, "exchanges");
        cell(&t, "%s", json_is_true(json_object_get(o, "picked")) ? "<--" : "");
    }
    print_table(&t);
}

static void print_lines(const char *title, const json_t *list)
{
    size_t i;
    json_t *o;
    if (json_array_size(list))
        printf("\n%s\n", title);
    json_array_foreach(list, i, o) printf("  %s\n", json_string_value(o));
}

static void print_explain(const json_t *a)
{
    size_t i;
    json_t *o;
    const json_t *status = json_object_get(a, "status");
    printf("listener %s, route %s, action %s", text_of(a, "listener"), text_of(a, "route"),
           text_of(a, "action"));
    if (json_is_integer(status))
        printf(", status %lld", json_integer_value(status));
    putchar('\n');
    print_considered(a);
    print_lines("the rule:", json_object_get(a, "rule"));
    print_lines("the listener:", json_object_get(a, "listener_settings"));
    json_array_foreach(json_object_get(a, "workers"), i, o) print_endpoints_of(o);
}

/* What is asked about, as the admin socket wants it. */
struct subject {
    const char *protocol;
    char *text; /* the head, or the name */
    char port[6];
};

/* Splits "scheme://host[:port][/path]": false when it is no such thing. A missing path is "". */
static bool split_url(const char *url, const char **authority, size_t *n, const char **path)
{
    const char *rest = strstr(url, "://");
    if (!rest)
        return false;
    *authority = rest + 3;
    *n = strcspn(*authority, "/?");
    *path = *authority + *n;
    return *n > 0;
}

/* The digits behind the authority's last colon, or `otherwise`; *host is how long the part before is. */
static void port_of(const char *authority, size_t n, const char *otherwise, char port[6], size_t *host)
{
    size_t colon = n;
    while (colon > 0 && authority[colon - 1] >= '0' && authority[colon - 1] <= '9')
        colon--;
    bool given = colon > 0 && colon < n && authority[colon - 1] == ':';
    *host = given ? colon - 1 : n;
    snprintf(port, 6, "%.*s", given ? (int)(n - colon) : 5, given ? authority + colon : otherwise);
}

static char *head_of(const char *method, size_t nmethod, const char *authority, size_t n, const char *path,
                     char *const *field)
{
    char *text = NULL;
    size_t size;
    FILE *f = need(open_memstream(&text, &size));
    fprintf(f, "%.*s %s%s HTTP/1.1\r\nHost: %.*s\r\n", (int)nmethod, method, *path == '/' ? "" : "/", path,
            (int)n, authority);
    for (; *field; field++)
        fprintf(f, "%s\r\n", *field);
    fputs("\r\n", f);
    if (fclose(f) != 0)
        need(NULL);
    return text;
}

static struct subject subject_of(const struct options *opt)
{
    struct subject s = {.protocol = "http"};
    const char *line = opt->operand[0], *space = line ? strchr(line, ' ') : NULL, *authority, *path;
    const char *url = space ? space + 1 : line;
    size_t n, host;
    if (!line || !split_url(url, &authority, &n, &path))
        die(EXIT_USAGE, "explain takes 'GET http://host/path' and header fields");
    if (strncmp(url, "https://", 8) == 0)
        s.protocol = "tls";
    else if (strncmp(url, "tcp://", 6) == 0)
        s.protocol = "tcp";
    else if (strncmp(url, "http://", 7) != 0)
        die(EXIT_USAGE, "explain: the URL begins with http://, https:// or tcp://");
    port_of(authority, n, *s.protocol == 'h' ? "80" : "443", s.port, &host);
    if (*s.protocol == 'h')
        s.text = head_of(space ? line : "GET", space ? (size_t)(space - line) : 3, authority, n, path,
                         opt->operand + 1);
    else
        s.text = need(*s.protocol == 't' && s.protocol[1] == 'l' ? strndup(authority, host) : strdup("-"));
    return s;
}

static json_t *get_explain(int fd, const struct options *opt)
{
    struct subject s = subject_of(opt);
    char *request = NULL;
    size_t size;
    FILE *f = need(open_memstream(&request, &size));
    fprintf(f, "explain %s %s %s %s ", opt->listener, s.protocol, s.port, opt->source);
    for (const char *c = s.text; *c; c++)
        fprintf(f, *c > ' ' && *c < 0x7f && *c != '%' ? "%c" : "%%%02x", (unsigned char)*c);
    fprintf(f, "%s%s\n", opt->alpn ? " " : "", opt->alpn ? opt->alpn : "");
    if (fclose(f) != 0)
        need(NULL);
    free(s.text);
    json_t *answer = ask(fd, request);
    free(request);
    return answer;
}

static const struct command {
    const char *name;
    json_t *(*get)(int fd, const struct options *opt);
    void (*print)(const json_t *answer);
    int operands;
} commands[] = {
    {"status", get_status, print_status, 0},
    {"counters", get_counters, print_counters, 0},
    {"connections", get_connections, print_connections, 0},
    {"clients", get_clients, print_clients, 0},
    {"memory", get_memory, print_memory, 0},
    {"accel", get_accel, print_accel, 0},
    {"neighbours", get_neighbours, print_neighbours, 0},
    {"endpoints", get_endpoints, print_endpoints, 0},
    {"drain", get_drain, print_drain, 1},
    {"enable", get_enable, print_enable, 1},
    {"weight", get_weight, print_weight, 2},
    {"reload", get_reload, print_reload, 0},
    {"explain", get_explain, print_explain, 0},
};

/* ---- the command line ---- */

enum {
    OPT_CLIENT = 256,
    OPT_ENDPOINT,
    OPT_LIMIT,
    OPT_ALL,
    OPT_LISTENER,
    OPT_SOURCE,
    OPT_ALPN,
};

static unsigned long parse_limit(const char *s)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(s, &end, 10);
    if (*s < '0' || *s > '9' || *end || errno)
        die(EXIT_USAGE, "--limit takes a number, not '%s'", s);
    return n;
}

/* Options may stand before and after the command. */
static void parse_options(int argc, char *argv[], struct options *opt)
{
    static const struct option longs[] = {
        {"socket", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {"client", no_argument, NULL, OPT_CLIENT},
        {"endpoint", no_argument, NULL, OPT_ENDPOINT},
        {"limit", required_argument, NULL, OPT_LIMIT},
        {"all", no_argument, NULL, OPT_ALL},
        {"listener", required_argument, NULL, OPT_LISTENER},
        {"source", required_argument, NULL, OPT_SOURCE},
        {"alpn", required_argument, NULL, OPT_ALPN},
        {0},
    };
    for (int c; (c = getopt_long(argc, argv, "s:jVh", longs, NULL)) != -1;) {
        opt->for_counters |= c == OPT_ALL;
        opt->for_explain |= c == OPT_LISTENER || c == OPT_SOURCE || c == OPT_ALPN;
        opt->for_connections |= c == OPT_CLIENT || c == OPT_ENDPOINT || c == OPT_LIMIT;
        switch (c) {
        case 's':
            opt->socket = optarg;
            break;
        case 'j':
            opt->json = true;
            break;
        case OPT_CLIENT:
        case OPT_ENDPOINT:
            opt->side = c == OPT_CLIENT ? "client" : "endpoint";
            break;
        case OPT_LIMIT:
            opt->limit = parse_limit(optarg);
            break;
        case OPT_ALL:
            opt->all = true;
            break;
        case OPT_LISTENER:
            opt->listener = word_of("--listener", optarg);
            break;
        case OPT_SOURCE:
            opt->source = word_of("--source", optarg);
            break;
        case OPT_ALPN:
            opt->alpn = word_of("--alpn", optarg);
            break;
        case 'V':
            puts("laconctl " LACON_VERSION);
            exit(EXIT_OK);
        case 'h':
            fputs(usage_text, stdout);
            exit(EXIT_OK);
        default:
            fputs("laconctl help says what there is\n", stderr);
            exit(EXIT_USAGE);
        }
    }
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    die(EXIT_USAGE, "no command '%s' (laconctl help)", name);
}

static void check_operands(const struct command *command, int n, char *const operand[])
{
    if (n > command->operands)
        die(EXIT_USAGE, "'%s' is too much (laconctl help)", operand[command->operands]);
    if (n < command->operands)
        die(EXIT_USAGE, "'%s' needs more words (laconctl help)", command->name);
}

int main(int argc, char *argv[])
{
    struct options opt = {
        .socket = DEFAULT_SOCKET, .side = "all", .limit = DEFAULT_LIMIT, .listener = "-", .source = "-"};
    parse_options(argc, argv, &opt);
    if (optind == argc) {
        fputs(usage_text, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[optind], "help") == 0) {
        fputs(usage_text, stdout);
        return EXIT_OK;
    }
    const struct command *command = find_command(argv[optind]);
    opt.operand = argv + optind + 1;
    if (command->get != get_explain)
        check_operands(command, argc - optind - 1, opt.operand);
    if ((opt.for_explain && command->get != get_explain) ||
        (opt.for_counters && command->get != get_counters) ||
        (opt.for_connections && command->get != get_connections))
        die(EXIT_USAGE, "'%s' does not take that option (laconctl help)", command->name);

    int fd = dial(opt.socket);
    json_t *answer = command->get(fd, &opt);
    close(fd);
    if (opt.json)
        json_dumpf(answer, stdout, JSON_INDENT(2));
    else
        command->print(answer);
    if (opt.json)
        putchar('\n');
    json_decref(answer);
    if (fflush(stdout) != 0)
        die(EXIT_FAIL, "standard output: %s", strerror(errno));
    return EXIT_OK;
}
