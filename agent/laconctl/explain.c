/* What would become of a request: which listener, route, rule, cluster and endpoint, and why. The request is
 * written down as the client would send it (a head, or the name of a ClientHello), and lacon judges that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/laconctl/answer.h"
#include "agent/laconctl/ask.h"
#include "agent/laconctl/command.h"
#include "agent/laconctl/fail.h"

/* ---- asking ---- */

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

/* The first `host` bytes of the authority are its host. */
static char *head_of(const char *method, size_t nmethod, const char *authority, size_t n, size_t host,
                     const char *port, const char *path, char *const *field)
{
    char *text = NULL;
    size_t size;
    FILE *f = need(open_memstream(&text, &size));
    if (nmethod == 7 && strncmp(method, "CONNECT", 7) == 0) /* its target is host and port */
        fprintf(f, "CONNECT %.*s:%s HTTP/1.1\r\n", (int)host, authority, port);
    else
        fprintf(f, "%.*s %s%s HTTP/1.1\r\n", (int)nmethod, method, *path == '/' ? "" : "/", path);
    fprintf(f, "Host: %.*s\r\n", (int)n, authority);
    for (; *field; field++)
        fprintf(f, "%s\r\n", *field);
    fputs("\r\n", f);
    if (fclose(f) != 0)
        need(NULL);
    return text;
}

/* URLs by their scheme: the listener's protocol, and the port where none is given. */
static const struct scheme {
    const char *begins, *protocol, *port;
} schemes[] = {
    {"http://", "http", "80"},
    {"https://", "tls", "443"},
    {"tcp://", "tcp", "443"},
};

static const struct scheme *scheme_of(const char *url)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(url, schemes[i].begins, strlen(schemes[i].begins)) == 0)
            return &schemes[i];
    die(EXIT_USAGE, "explain: the URL begins with http://, https:// or tcp://");
}

static struct subject subject_of(const struct options *opt)
{
    struct subject s;
    const char *line = opt->operand[0], *space = line ? strchr(line, ' ') : NULL, *authority, *path;
    const char *url = space ? space + 1 : line;
    size_t n, host;
    if (!line || !split_url(url, &authority, &n, &path))
        die(EXIT_USAGE, "explain takes 'GET http://host/path' and header fields");
    const struct scheme *scheme = scheme_of(url);
    s.protocol = scheme->protocol;
    port_of(authority, n, scheme->port, s.port, &host);
    if (strcmp(s.protocol, "http") == 0)
        s.text = head_of(space ? line : "GET", space ? (size_t)(space - line) : 3, authority, n, host, s.port,
                         path, opt->operand + 1);
    else
        s.text = need(strcmp(s.protocol, "tls") == 0 ? strndup(authority, host) : strdup("-"));
    return s;
}

static json_t *get(const struct command *c, int fd, const struct options *opt)
{
    struct subject s = subject_of(opt);
    char *request = NULL;
    size_t size;
    FILE *f = need(open_memstream(&request, &size));
    (void)c;
    fprintf(f, "explain %s %s %s %s ", opt->listener, s.protocol, s.port, opt->source);
    for (const char *b = s.text; *b; b++)
        fprintf(f, *b > ' ' && *b < 0x7f && *b != '%' ? "%c" : "%%%02x", (unsigned char)*b);
    fprintf(f, "%s%s\n", opt->alpn ? " " : "", opt->alpn ? opt->alpn : "");
    if (fclose(f) != 0)
        need(NULL);
    free(s.text);
    json_t *answer = ask(fd, request);
    free(request);
    return answer;
}

/* ---- the answer ---- */

static void seconds_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%.1fs", real_of(o, key));
}

static void mark_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%s", json_is_true(json_object_get(o, key)) ? "<--" : "");
}

static const struct column matches[] = {
    {"ROUTE", text_cell, "route"},       {">RULE", int_cell, "rule"},       {">MATCH", int_cell, "match"},
    {"ASKS FOR", text_cell, "asks_for"}, {"VERDICT", text_cell, "verdict"}, {0},
};

static const struct column endpoints[] = {
    {"ENDPOINT", text_cell, "address"},
    {"STATE", text_cell, "state"},
    {">DOWN FOR", seconds_cell, "down_for_s"},
    {">WEIGHT", int_cell, "weight"},
    {">PRIORITY", int_cell, "priority"},
    {">BUSY", int_cell, "exchanges"},
    {"NEXT", mark_cell, "picked"},
    {0},
};

static void print_considered(const json_t *a)
{
    const json_t *list = json_object_get(a, "considered");
    if (json_array_size(list) == 0)
        return;
    putchar('\n');
    print_list(list, matches);
    if (int_of(a, "not_shown"))
        printf("and %lld more\n", int_of(a, "not_shown"));
}

static void print_worker(const json_t *worker)
{
    printf("\nworker %lld, cluster %s: %s\n", int_of(worker, "worker"), text_of(worker, "cluster"),
           text_of(worker, "endpoint"));
    print_list(json_object_get(worker, "endpoints"), endpoints);
}

static void print_lines(const char *title, const json_t *list)
{
    size_t i;
    json_t *o;
    if (json_array_size(list))
        printf("\n%s\n", title);
    json_array_foreach(list, i, o) printf("  %s\n", json_string_value(o));
}

static void print(const json_t *a)
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
    json_array_foreach(json_object_get(a, "workers"), i, o) print_worker(o);
}

const struct command command_explain = {
    .name = "explain",
    .help =
        "  explain 'GET http://host/path' ['Name: value' ...]\n"
        "                                          which route, rule, cluster and endpoint, and why;\n"
        "                                          https://host/ for tls listeners, tcp://host:port for tcp\n"
        "          [--listener NAME]               by default the one on the URL's port\n"
        "          [--source ADDRESS]              the client's address\n"
        "          [--alpn NAME,NAME]              protocols that a TLS client offers\n",
    .get = get,
    .print = print,
    .operands = OPERANDS_ANY,
    .takes = TAKES_SUBJECT,
};
