/* Kinds of values that are about the network: devices, addresses, ports, hosts. See keys.h. */
#include <ctype.h>
#include <string.h>

#include "config/kinds.h"
#include "config/scalar.h"

#define DEVICE_MAX 15 /* IFNAMSIZ less the zero */
#define TARGET_MAX 255
#define HOST_MAX   253 /* RFC 1035 section 2.3.4 */
#define LABEL_MAX  63

static bool is_device(const char *s)
{
    size_t n = strlen(s);

    return n >= 1 && n <= DEVICE_MAX && !s[strcspn(s, "/: \t")] && strcmp(s, ".") != 0 &&
           strcmp(s, "..") != 0;
}

/* Does s have the form of `shape`, where x is a hexadecimal digit, 7 an octal one, others themselves? */
static bool has_shape(const char *s, const char *shape)
{
    for (; *shape; s++, shape++) {
        if (*shape == 'x'   ? !isxdigit((unsigned char)*s)
            : *shape == '7' ? *s < '0' || *s > '7'
                            : *s != *shape)
            return false;
    }
    return !*s;
}

static bool is_dpdk_text(const char *s)
{
    size_t n = strlen(s);

    return n >= 1 && n <= TARGET_MAX && !strchr(s, ' ');
}

static bool read_target(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_interface *i = obj;
    const char *s = v->kind == NODE_SCALAR ? v->text : "";

    i->kind = (enum cfg_if_kind)k->which;
    switch (i->kind) {
    case CFG_IF_DEVICE:
        if (!is_device(s))
            return must_be(r, k, v, "the name of a network device, such as eth0");
        break;
    case CFG_IF_PCI:
        if (!has_shape(s, "xxxx:xx:xx.7") && !has_shape(s, "xx:xx.7"))
            return must_be(r, k, v, "a PCI address, such as \"0000:03:00.0\"");
        break;
    case CFG_IF_MEMIF:
        if (!is_dpdk_text(s))
            return must_be(r, k, v, "a memif socket, such as /run/memif.sock, without spaces");
        break;
    default:
        if (!is_dpdk_text(s))
            return must_be(r, k, v, "a DPDK vdev, such as net_tap0,iface=tap0, without spaces");
    }
    i->target = arena_text(&r->keep, s, strlen(s));
    return true;
}

static void print_target(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    const struct cfg_interface *i = obj;

    (void)c;
    (void)k;
    print_quoted(f, i->target);
}

static bool target_present(const struct cfg_key *k, const void *obj)
{
    const struct cfg_interface *i = obj;

    return (unsigned)i->kind == k->which;
}

static void print_driver(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    kind_word.print(f, c, k, obj);
}

static bool driver_present(const struct cfg_key *k, const void *obj)
{
    const struct cfg_interface *i = obj;

    (void)k;
    return i->kind == CFG_IF_DEVICE;
}

/* Unicast, and of one host: not zero, loopback, multicast or broadcast. */
static bool is_host_address(const struct ip_addr *a)
{
    static const struct ip_addr loopback6 = {{[15] = 1}};

    if (!ip_is_v4(a))
        return !ip_is_zero(a) && !ip_eq(a, &loopback6) && a->b[0] != 0xff;
    return a->b[12] != 0 && a->b[12] != 127 && a->b[12] < 224;
}

/* Are the bits of `a` after the first `bits` all zero, or all one? Both name the network, not a host (IPv4,
 * RFC 1122 section 3.2.1.3; a network of one or two addresses has no such, RFC 3021). */
static bool names_the_network(const struct cfg_prefix *p)
{
    uint32_t a = (uint32_t)p->addr.b[12] << 24 | (uint32_t)p->addr.b[13] << 16 |
                 (uint32_t)p->addr.b[14] << 8 | p->addr.b[15];
    uint32_t host;

    if (!ip_is_v4(&p->addr) || p->bits >= 31)
        return false;
    host = UINT32_MAX >> p->bits;
    return (a & host) == 0 || (a & host) == host;
}

static bool read_prefix(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_prefix p;

    if (v->kind != NODE_SCALAR || !scalar_prefix(v->text, &p) || !is_host_address(&p.addr))
        return must_be(r, k, v,
                       "an address and the length of its network, such as 10.0.0.2/24 or \"fd00::2/64\"");
    if (names_the_network(&p))
        return must_be(r, k, v,
                       "an address of one host, such as 10.0.0.2/24 (this names the network itself, "
                       "or its broadcast)");
    *(struct cfg_prefix *)key_field(k, obj) = p;
    return true;
}

static void print_prefix(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    char buf[SCALAR_STRLEN];

    (void)c;
    print_quoted(f, scalar_prefix_str(key_value(k, obj), buf));
}

const char *judge_network(const char *text, struct cfg_prefix *p)
{
    static _Thread_local char wanted[96];

    if (scalar_ip(text, strlen(text), &p->addr))
        p->bits = ip_is_v4(&p->addr) ? 32 : 128;
    else if (!scalar_prefix(text, p))
        return "a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address";
    for (unsigned i = p->bits + (ip_is_v4(&p->addr) ? 96u : 0u); i < 128; i++) {
        if (p->addr.b[i / 8] >> (7 - i % 8) & 1) {
            snprintf(wanted, sizeof wanted,
                     "a network (this is an address in it, with bits behind the first %u)", p->bits);
            return wanted;
        }
    }
    return NULL;
}

/* 10.0.0.0/8, fd00::/16, or one address. */
static bool read_network(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_prefix p;
    const char *wanted = judge_network(v->kind == NODE_SCALAR ? v->text : "", &p);

    if (wanted)
        return must_be(r, k, v, "%s", wanted);
    *(struct cfg_prefix *)key_field(k, obj) = p;
    return true;
}

static bool read_gateway(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_interface *i = obj;
    struct ip_addr a;

    if (v->kind != NODE_SCALAR || !scalar_ip(v->text, strlen(v->text), &a) || !is_host_address(&a) ||
        ip_is_v4(&a) != (k->which == 4))
        return must_be(r, k, v, "%s",
                       k->which == 4 ? "an IPv4 address, such as 10.0.0.1"
                                     : "an IPv6 address in quotes, such as \"fd00::1\"");
    *(struct ip_addr *)key_field(k, obj) = a;
    *(k->which == 4 ? &i->has_gateway4 : &i->has_gateway6) = true;
    return true;
}

static void print_gateway(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    char buf[IP_STRLEN];

    (void)c;
    print_quoted(f, ip_str(key_value(k, obj), buf));
}

static bool gateway_present(const struct cfg_key *k, const void *obj)
{
    const struct cfg_interface *i = obj;

    return k->which == 4 ? i->has_gateway4 : i->has_gateway6;
}

/* "*:80", "0.0.0.0:80", "[::]:80" or one address of ours. */
static bool read_listen(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    static const struct ip_addr any4 = {{[10] = 0xff, [11] = 0xff}};
    const char *text = v->kind == NODE_SCALAR ? v->text : "";
    struct cfg_listener *l = obj;
    char buf[SCALAR_STRLEN];
    struct ip_port at;

    if (strncmp(text, "*:", 2) == 0) {
        snprintf(buf, sizeof buf, "0.0.0.0%s", text + 1);
        text = buf;
        l->any6 = true;
    }
    if (!scalar_ip_port(text, &at) ||
        !(ip_is_zero(&at.addr) || ip_eq(&at.addr, &any4) || is_host_address(&at.addr)))
        return must_be(
            r, k, v,
            "an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or \"*:80\" for "
            "every address");
    l->any4 = ip_eq(&at.addr, &any4);
    l->any6 = l->any6 || ip_is_zero(&at.addr);
    l->at.port = at.port;
    if (!l->any4 && !l->any6)
        l->at.addr = at.addr;
    return true;
}

static void print_listen(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    const struct cfg_listener *l = obj;
    char buf[SCALAR_STRLEN];

    (void)c;
    (void)k;
    if (l->any4 || l->any6)
        snprintf(buf, sizeof buf, "%s:%u", !l->any6 ? "0.0.0.0" : !l->any4 ? "[::]" : "*", l->at.port);
    else
        scalar_ip_port_str(&l->at, buf);
    print_quoted(f, buf);
}

static bool is_host(const char *s);

/* "api.internal:8080". Not what could be a mistaken address: no name ends in a label of digits (RFC 3696,
 * section 2). */
static bool split_name(const char *text, char host[HOST_MAX + 1], uint16_t *port)
{
    const char *colon = strrchr(text, ':'), *last;
    uint64_t n;

    if (!colon || colon - text > HOST_MAX || !scalar_uint(colon + 1, &n) || n < 1 || n > 65535)
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    *port = (uint16_t)n;
    last = strrchr(host, '.') ? strrchr(host, '.') + 1 : host;
    return *host != '*' && is_host(host) && last[strspn(last, "0123456789")];
}

static bool read_endpoint(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_endpoint *e = obj;
    char host[HOST_MAX + 1];
    struct ip_port at;

    if (v->kind == NODE_SCALAR && split_name(v->text, host, &e->at.port)) {
        e->host = arena_text(&r->keep, host, strlen(host));
        return true;
    }
    if (v->kind != NODE_SCALAR || !scalar_ip_port(v->text, &at) || !is_host_address(&at.addr))
        return must_be(
            r, k, v,
            "the address and port of a server, such as \"10.0.1.11:80\" or \"[fd00:1::11]:80\", or its "
            "name and port, such as \"api.internal:80\"");
    e->at = at;
    return true;
}

static void print_endpoint(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    const struct cfg_endpoint *e = obj;
    char buf[HOST_MAX + 8];

    (void)c;
    (void)k;
    if (e->host)
        snprintf(buf, sizeof buf, "%s:%u", e->host, e->at.port);
    print_quoted(f, e->host ? buf : scalar_ip_port_str(&e->at, buf));
}

/* 10.0.0.53, fd00::53, or with a port. */
static bool read_name_server(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    const char *text = v->kind == NODE_SCALAR ? v->text : "";
    struct ip_port at = {.port = 53};

    if (!scalar_ip(text, strlen(text), &at.addr) && !scalar_ip_port(text, &at))
        return must_be(r, k, v, "the address of a name server, such as 10.0.0.53 or \"10.0.0.53:5353\"");
    *(struct ip_port *)key_field(k, obj) = at;
    return true;
}

static void print_name_server(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    char buf[SCALAR_STRLEN];

    (void)c;
    print_quoted(f, scalar_ip_port_str(key_value(k, obj), buf));
}

static bool read_ports(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    const char *text = v->kind == NODE_SCALAR ? v->text : "";
    const char *dash = strchr(text, '-');
    struct cfg_dpdk *d = obj;
    char first[8] = "";
    uint64_t lo, hi;

    if (dash && dash - text < (ptrdiff_t)sizeof first)
        memcpy(first, text, (size_t)(dash - text));
    if (!scalar_uint(first, &lo) || !scalar_uint(dash + 1, &hi) || lo < k->min || hi > k->max || lo > hi)
        return must_be(r, k, v, "a range of ports within %llu-%llu, such as 10000-60999",
                       (unsigned long long)k->min, (unsigned long long)k->max);
    d->port_lo = (uint16_t)lo;
    d->port_hi = (uint16_t)hi;
    return true;
}

static void print_ports(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    const struct cfg_dpdk *d = obj;

    (void)c;
    (void)k;
    fprintf(f, "%u-%u", d->port_lo, d->port_hi);
}

/* Labels of letters, digits, hyphens (and underscores, which are seen in practice), the first one perhaps a
 * lone asterisk. */
static bool is_host(const char *s)
{
    size_t n = strlen(s), label;

    if (n > HOST_MAX)
        return false;
    if (strncmp(s, "*.", 2) == 0)
        s += 2;
    for (;;) {
        label = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
        if (label == 0 || label > LABEL_MAX || *s == '-' || s[label - 1] == '-')
            return false;
        if (!s[label])
            return true;
        if (s[label] != '.')
            return false;
        s += label + 1;
    }
}

static bool read_host(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    char *host;

    if (v->kind != NODE_SCALAR || !is_host(v->text))
        return must_be(
            r, k, v, "a host name such as shop.example.com or \"*.example.com\", without port or final dot");
    host = arena_text(&r->keep, v->text, strlen(v->text));
    for (char *p = host; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    *(char **)key_field(k, obj) = host;
    return true;
}

static void print_host(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    print_quoted(f, *(char *const *)key_value(k, obj));
}

static bool read_plain_host(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    if (v->kind != NODE_SCALAR || *v->text == '*')
        return must_be(r, k, v, "a host name such as shop.example.com, without port or final dot");
    return read_host(r, k, v, obj);
}

static bool host_present(const struct cfg_key *k, const void *obj)
{
    return *(char *const *)key_value(k, obj) != NULL;
}

const struct key_kind kind_target = {read_target, print_target, target_present};
const struct key_kind kind_driver = {read_word, print_driver, driver_present};
const struct key_kind kind_network = {read_network, print_prefix, NULL};
const struct key_kind kind_gateway = {read_gateway, print_gateway, gateway_present};
const struct key_kind kind_prefix = {read_prefix, print_prefix, NULL};
const struct key_kind kind_listen = {read_listen, print_listen, NULL};
const struct key_kind kind_name_server = {read_name_server, print_name_server, NULL};
const struct key_kind kind_endpoint = {read_endpoint, print_endpoint, NULL};
const struct key_kind kind_ports = {read_ports, print_ports, NULL};
const struct key_kind kind_plain_host = {read_plain_host, print_host, host_present};
const struct key_kind kind_host = {read_host, print_host, NULL};
