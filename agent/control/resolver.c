/* See resolver.h. One c-ares channel; names in a list: there are few, and they are looked at a few times a
 * second. */
#include "agent/control/resolver.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/log.h"
#include "agent/base/timer.h"

#define ADDRESSES_MAX 256u /* of one name */
#define TRIES         2
#define SOCKETS       (ARES_GETSOCK_MAXNUM - 1) /* the last one's bit would be an int's sign */

struct name {
    struct name *next;
    struct resolver *resolver;
    char *host;
    bool wanted, asking, answered, failed; /* answered: or failed, once; failed: the last time */
    bool orphan;     /* in no configuration any more: freed when its question has ended */
    uint64_t due_ns; /* to be asked next */
    uint32_t n;
    struct ip_addr *addr; /* sorted */
};

struct resolver {
    ares_channel channel;
    bool open;
    struct name *names;
    uint64_t min_ttl_ns, max_ttl_ns;
    uint64_t now_ns; /* of the present call */
    bool changed;
};

int resolver_create(struct resolver **out)
{
    struct resolver *r = calloc(1, sizeof *r);
    int rc = r ? ares_library_init(ARES_LIB_INIT_ALL) : ARES_ENOMEM;

    *out = NULL;
    if (rc != ARES_SUCCESS) {
        log_error("dns: %s", ares_strerror(rc));
        free(r);
        return rc == ARES_ENOMEM ? -ENOMEM : -EIO;
    }
    *out = r;
    return 0;
}

static void name_free(struct name *n)
{
    free(n->host);
    free(n->addr);
    free(n);
}

static void close_channel(struct resolver *r)
{
    if (r->open)
        ares_destroy(r->channel); /* questions under way end here, with ARES_EDESTRUCTION */
    r->open = false;
}

void resolver_destroy(struct resolver *r)
{
    if (!r)
        return;
    close_channel(r);
    while (r->names) {
        struct name *n = r->names;
        r->names = n->next;
        name_free(n);
    }
    ares_library_cleanup();
    free(r);
}

/* ---- answers ---- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ip_addr));
}

static bool address_of(const struct ares_addrinfo_node *i, struct ip_addr *a)
{
    if (i->ai_family == AF_INET)
        *a = ip_from_v4((const uint8_t *)&((const struct sockaddr_in *)(const void *)i->ai_addr)->sin_addr);
    else if (i->ai_family == AF_INET6)
        *a = ip_from_v6(((const struct sockaddr_in6 *)(const void *)i->ai_addr)->sin6_addr.s6_addr);
    else
        return false;
    return true;
}

/* Sorted, each once; how many. *ttl_s: the least of them. */
static uint32_t collect(const struct ares_addrinfo *info, struct ip_addr out[ADDRESSES_MAX], uint64_t *ttl_s)
{
    uint32_t n = 0, k = 0;
    *ttl_s = UINT32_MAX;
    for (const struct ares_addrinfo_node *i = info->nodes; i && n < ADDRESSES_MAX; i = i->ai_next) {
        if (!address_of(i, &out[n]))
            continue;
        n++;
        if (i->ai_ttl >= 0 && (uint64_t)i->ai_ttl < *ttl_s)
            *ttl_s = (uint64_t)i->ai_ttl;
    }
    qsort(out, n, sizeof *out, by_bytes);
    for (uint32_t i = 0; i < n; i++)
        if (k == 0 || !ip_eq(&out[k - 1], &out[i]))
            out[k++] = out[i];
    return k;
}

static void log_addresses(const struct name *n)
{
    char text[512] = "", ip[IP_STRLEN];
    size_t at = 0;
    for (uint32_t i = 0; i < n->n && at < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? ", " : "", ip_str(&n->addr[i], ip));
    log_info("dns: %s is %s", n->host, text);
}

static void take(struct name *n, const struct ip_addr *addr, uint32_t count)
{
    struct ip_addr *copy;
    if (n->n == count && memcmp(n->addr, addr, count * sizeof *addr) == 0)
        return;
    copy = malloc(count * sizeof *addr);
    if (!copy)
        return; /* the next answer is not far */
    memcpy(copy, addr, count * sizeof *addr);
    free(n->addr);
    n->addr = copy;
    n->n = count;
    n->resolver->changed = true;
    log_addresses(n);
}

static void failed(struct name *n, const char *why)
{
    if (!n->failed)
        log_warning("dns: %s: %s; %s", n->host, why,
                    n->n ? "its last addresses stay" : "it has no endpoints");
    n->failed = true;
    n->due_ns = n->resolver->now_ns + n->resolver->min_ttl_ns;
}

static void forget_orphan(struct name *n)
{
    struct name **at = &n->resolver->names;
    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    name_free(n);
}

static void answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct name *n = arg;
    struct resolver *r = n->resolver;
    struct ip_addr addr[ADDRESSES_MAX];
    uint64_t ttl_s = 0, ttl_ns;
    (void)timeouts;
    n->asking = false;
    uint32_t count = status == ARES_SUCCESS ? collect(info, addr, &ttl_s) : 0;
    if (info)
        ares_freeaddrinfo(info);
    if (n->orphan) {
        forget_orphan(n);
        return;
    }
    if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
        return; /* asked again by another channel */
    n->answered = true;
    if (count == 0) {
        failed(n, status == ARES_SUCCESS ? "no addresses" : ares_strerror(status));
        return;
    }
    if (n->failed)
        log_info("dns: %s is answered again", n->host);
    n->failed = false;
    take(n, addr, count);
    ttl_ns = ttl_s * SEC_NS;
    ttl_ns = ttl_ns < r->min_ttl_ns ? r->min_ttl_ns : ttl_ns;
    n->due_ns = r->now_ns + (ttl_ns > r->max_ttl_ns ? r->max_ttl_ns : ttl_ns);
}

/* ---- questions ---- */

static void ask(struct name *n)
{
    /* Without sorting, which would try to connect to each address. */
    struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    n->asking = true;
    ares_getaddrinfo(n->resolver->channel, n->host, NULL, &hints, answer, n);
}

static void ask_due(struct resolver *r)
{
    for (struct name *n = r->names, *next; n; n = next) {
        next = n->next; /* an answer may come at once */
        if (!n->asking && !n->orphan && n->due_ns <= r->now_ns)
            ask(n);
    }
}

/* ---- configuration ---- */

static int open_channel(const struct cfg_dns *d, ares_channel *out)
{
    struct ares_options o = {.timeout = (int)(d->timeout_ns / MS_NS), .tries = TRIES};
    char *servers = NULL;
    size_t n;
    FILE *f;
    int rc = ares_init_options(out, &o, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (rc != ARES_SUCCESS || d->nserver == 0)
        return rc;
    f = open_memstream(&servers, &n);
    for (uint32_t i = 0; f && i < d->nserver; i++) {
        char ip[IP_STRLEN];
        ip_str(&d->server[i].addr, ip);
        fprintf(f, ip_is_v4(&d->server[i].addr) ? "%s%s:%u" : "%s[%s]:%u", i ? "," : "", ip,
                d->server[i].port);
    }
    rc = f && fclose(f) == 0 ? ares_set_servers_ports_csv(*out, servers) : ARES_ENOMEM;
    free(servers);
    if (rc != ARES_SUCCESS)
        ares_destroy(*out);
    return rc;
}

static struct name *find(const struct resolver *r, const char *host)
{
    struct name *n = r->names;
    while (n && (n->orphan || strcmp(n->host, host) != 0))
        n = n->next;
    return n;
}

static bool want(struct resolver *r, const char *host)
{
    struct name *n = find(r, host);
    if (!n) {
        n = calloc(1, sizeof *n);
        if (!n)
            return false;
        n->host = strdup(host);
        if (!n->host) {
            free(n);
            return false;
        }
        n->resolver = r;
        n->next = r->names;
        r->names = n;
    }
    n->wanted = true;
    return true;
}

static bool want_all(struct resolver *r, const struct config *c)
{
    for (uint32_t i = 0; i < c->ncluster; i++)
        for (uint32_t k = 0; k < c->cluster[i].nendpoint; k++) {
            const char *host = c->cluster[i].endpoint[k].host;
            if (host && !want(r, host))
                return false;
        }
    return true;
}

static void drop_unwanted(struct resolver *r)
{
    for (struct name **at = &r->names; *at;) {
        struct name *n = *at;
        bool keep = n->wanted || n->asking;
        n->orphan = !n->wanted;
        n->wanted = false;
        if (keep) {
            at = &n->next;
            continue;
        }
        *at = n->next;
        name_free(n);
    }
}

int resolver_configure(struct resolver *r, const struct config *c, uint64_t now_ns)
{
    ares_channel channel;
    int rc = open_channel(&c->dns, &channel);
    if (rc == ARES_SUCCESS && !want_all(r, c)) {
        ares_destroy(channel);
        rc = ARES_ENOMEM;
    }
    if (rc != ARES_SUCCESS) {
        log_error("dns: %s", ares_strerror(rc));
        return rc == ARES_ENOMEM ? -ENOMEM : -EIO;
    }
    r->now_ns = now_ns;
    close_channel(r);
    r->channel = channel;
    r->open = true;
    r->min_ttl_ns = c->dns.min_ttl_ns;
    r->max_ttl_ns = c->dns.max_ttl_ns;
    drop_unwanted(r);
    ask_due(r);
    return 0;
}

/* ---- waiting ---- */

/* What the questions under way wait for. */
static unsigned sockets_of(struct resolver *r, struct pollfd fds[])
{
    ares_socket_t sock[SOCKETS];
    unsigned n = 0;
    int bits = ares_getsock(r->channel, sock, SOCKETS);
    for (unsigned i = 0; i < SOCKETS && n < RESOLVER_FDS; i++) {
        short events = 0;
        if (ARES_GETSOCK_READABLE(bits, i))
            events |= POLLIN;
        if (ARES_GETSOCK_WRITABLE(bits, i))
            events |= POLLOUT;
        if (events)
            fds[n++] = (struct pollfd){.fd = sock[i], .events = events};
    }
    return n;
}

unsigned resolver_poll(struct resolver *r, struct pollfd fds[], uint64_t now_ns, int most, int *timeout)
{
    struct timeval tv, *t;
    *timeout = most;
    if (!r || !r->open)
        return 0;
    t = ares_timeout(r->channel, NULL, &tv);
    if (t && t->tv_sec * 1000 + t->tv_usec / 1000 < *timeout)
        *timeout = (int)(t->tv_sec * 1000 + t->tv_usec / 1000 + 1);
    for (const struct name *k = r->names; k; k = k->next)
        if (!k->asking && k->due_ns < now_ns + (unsigned)*timeout * MS_NS)
            *timeout = k->due_ns > now_ns ? (int)((k->due_ns - now_ns) / MS_NS) + 1 : 0;
    return sockets_of(r, fds);
}

bool resolver_process(struct resolver *r, const struct pollfd fds[], unsigned n, uint64_t now_ns)
{
    if (!r || !r->open)
        return false;
    r->now_ns = now_ns;
    r->changed = false;
    for (unsigned i = 0; i < n; i++)
        if (fds[i].revents)
            ares_process_fd(r->channel,
                            fds[i].revents & (POLLIN | POLLERR | POLLHUP) ? fds[i].fd : ARES_SOCKET_BAD,
                            fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* timeouts */
    ask_due(r);
    return r->changed;
}

bool resolver_settled(const struct resolver *r)
{
    for (const struct name *n = r->names; n; n = n->next)
        if (!n->answered && !n->orphan)
            return false;
    return true;
}

uint32_t resolver_addresses(const struct resolver *r, const char *host, const struct ip_addr **addr)
{
    const struct name *n = find(r, host);
    *addr = n ? n->addr : NULL;
    return n ? n->n : 0;
}
