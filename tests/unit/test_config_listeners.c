/* What is refused of listeners. */
#include <unistd.h>

#include "tests/unit/config_rig.h"

static const struct row rows[] = {
    {"proxies",
     "listeners: [{name: l, address: \"10.0.0.2:80\", proxy_protocol: {accept: v3, from: [10.0.0.0/33]}}, "
     "{name: m, address: "
     "\"10.0.0.2:81\", proxy_protocol: {accept: v1}}, {name: n, address: \"10.0.0.2:82\", proxy_protocol: "
     "v2}]\n" INTERFACES ROUTES CLUSTERS,
     "1:72: accept: must be v1, v2 or any, not \"v3\"\n"
     "1:83: from: each item must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address, not "
     "\"10.0.0.0/33\"\n"
     "1:149: proxy_protocol needs \"from\"\n"
     "1:214: proxy_protocol: must be a group of keys, not \"v2\"\n"},
    {"rate limits",
     "listeners:\n"
     "- name: l\n"
     "  address: \"10.0.0.2:80\"\n"
     "  rate_limits:\n"
     "  - {rate: 0}\n"
     "  - {rate: 1, per: 10ms, burst: 0, key: what, keys: 1, of: bytes}\n"
     "  - {of: connections, rate: 1, key: path}\n"
     "- {name: t, address: \"10.0.0.2:81\", protocol: tcp, cluster: c, client_requests: 1,\n"
     "   rate_limits: [{rate: 1}]}\n" INTERFACES
     "routes: [{name: r, rules: [{cluster: c, rate_limits: [{of: connections, rate: 1}]}]}]\n" CLUSTERS,
     "5:12: rate: must be a whole number from 1 to 10000000, not \"0\"\n"
     "6:20: per: must be a duration from 1s to 1h (units: ms, s, m, h), not \"10ms\"\n"
     "6:33: burst: must be a whole number from 1 to 1000000, not \"0\"\n"
     "6:41: key: must be source, path, header:NAME, cookie:NAME or query:NAME, not \"what\"\n"
     "6:53: keys: must be a whole number from 64 to 16777216, not \"1\"\n"
     "6:60: of: must be requests or connections, not \"bytes\"\n"
     "7:37: key: must be source for connections, of which no more is known\n"
     "8:81: client_requests: goes with \"protocol: http\"\n"
     "9:25: rate: of requests goes with \"protocol: http\"; say \"of: connections\"\n"
     "11:60: of: a rule limits requests only\n"},
    {"allow and deny",
     "listeners:\n"
     "- name: l\n"
     "  address: \"10.0.0.2:80\"\n"
     "  allow: [10.0.0.1/8]\n"
     "  deny: [x]\n"
     "  allow_file: allow.txt\n"
     "  deny_file: /nonexistent/deny.txt\n" INTERFACES ROUTES CLUSTERS,
     "4:11: allow: each item must be a network (this is an address in it, with bits behind the first 8), not "
     "\"10.0.0.1/8\"\n"
     "5:10: deny: each item must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address, not "
     "\"x\"\n"
     "6:15: allow_file: must be an absolute path of at most 1024 bytes, not \"allow.txt\"\n"
     "7:14: deny_file: /nonexistent/deny.txt: No such file or directory\n"},
    {"a list that is no file",
     "listeners: [{name: l, address: \"10.0.0.2:80\", deny_file: /dev/zero}]\n" INTERFACES ROUTES CLUSTERS,
     "1:58: deny_file: /dev/zero: not a plain file\n"},
    {"not ours",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.3:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "2:22: address: 10.0.0.3 is not an address of any of the interfaces\n"},
    {"addresses",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.2\"}\n"
     "- {name: l1, address: \"10.0.0.2:0\"}\n"
     "- {name: l2, address: \"10.0.0.2:65536\"}\n"
     "- {name: l3, address: \"fd00::2:80\"}\n"
     "- {name: l4, address: \"[10.0.0.2]:80\"}\n"
     "- {name: l5, address: \"host:80\"}\n"
     "- {name: l6, address: \"127.0.0.1:80\"}\n"
     "- {name: l7, address: \"*\"}\n"
     "- {name: l8, address: \"[::ffff:10.0.0.2]:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "2:22: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"10.0.0.2\"\n"
     "3:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"10.0.0.2:0\"\n"
     "4:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"10.0.0.2:65536\"\n"
     "5:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"fd00::2:80\"\n"
     "6:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"[10.0.0.2]:80\"\n"
     "7:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"host:80\"\n"
     "8:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"127.0.0.1:80\"\n"
     "9:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"*\"\n"
     "10:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", "
     "or \"*:80\" for every address, not \"[::ffff:10.0.0.2]:80\"\n"},
    {"any IPv6 without IPv6",
     "listeners:\n"
     "- {name: l, address: \"[::]:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "2:22: address: no interface has an IPv6 address\n"},
    {"every address",
     "listeners:\n"
     "- {name: l, address: \"*:80\"}\n" INTERFACES ROUTES CLUSTERS,
     NULL},
    {"same address",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.2:80\"}\n"
     "- {name: l1, address: \"10.0.0.2:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "3:23: address: overlaps with that of another listener, on line 2\n"},
    {"any and one",
     "listeners:\n"
     "- {name: l, address: \"0.0.0.0:80\"}\n"
     "- {name: l1, address: \"10.0.0.2:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "3:23: address: overlaps with that of another listener, on line 2\n"},
    {"star and any",
     "listeners:\n"
     "- {name: l, address: \"*:80\"}\n"
     "- {name: l1, address: \"0.0.0.0:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "3:23: address: overlaps with that of another listener, on line 2\n"},
    {"other port",
     "listeners:\n"
     "- {name: l, address: \"0.0.0.0:80\"}\n"
     "- {name: l1, address: \"10.0.0.2:81\"}\n" INTERFACES ROUTES CLUSTERS,
     NULL},
    {"families side by side",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24, \"fd00::2/64\"]}]\n"
     "listeners:\n"
     "- {name: l, address: \"0.0.0.0:80\"}\n"
     "- {name: l1, address: \"[::]:80\"}\n"
     "- {name: l2, address: \"[fd00::2]:81\"}\n" ROUTES CLUSTERS,
     NULL},
    {"star takes IPv6, too",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24, \"fd00::2/64\"]}]\n"
     "listeners:\n"
     "- {name: l, address: \"*:80\"}\n"
     "- {name: l1, address: \"[fd00::2]:80\"}\n" ROUTES CLUSTERS,
     "4:23: address: overlaps with that of another listener, on line 3\n"},
    {"in local ports",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.2:10000\"}\n" INTERFACES ROUTES CLUSTERS,
     "2:22: address: port 10000 is one of dpdk's local_ports (10000-60999)\n"},
    {"listener names",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.2:80\"}\n"
     "- {name: l, address: \"10.0.0.2:81\"}\n"
     "- {name: l, address: \"10.0.0.2:82\"}\n" INTERFACES ROUTES CLUSTERS,
     "3:10: name: another listener is called \"l\", on line 2\n"
     "4:10: name: another listener is called \"l\", on line 2\n"},
};

static unsigned verdict(const struct cfg_listener *l, const char *text)
{
    struct ip_addr a;

    cr_assert(ip_parse(text, strlen(text), &a));
    return networks_find(&l->access, &a);
}

/* A file of `list`, named by the one listener's deny_file. */
static char *with_deny_file(const char *list, char path[])
{
    int fd = mkstemp(path);
    char *yaml = NULL;

    cr_assert(fd >= 0 && write(fd, list, strlen(list)) == (ssize_t)strlen(list));
    close(fd);
    cr_assert(asprintf(&yaml,
                       "listeners: [{name: l, address: \"10.0.0.2:80\", allow: [10.1.2.3], deny_file: %s}]\n"
                       "%s%s%s",
                       path, INTERFACES, ROUTES, CLUSTERS) > 0);
    return yaml;
}

Test(config_listeners, lists_from_files)
{
    char path[] = "/tmp/lacon-test-XXXXXX";
    char *yaml = with_deny_file("# comment\n10.0.0.0/8\n\n  192.0.2.1 # one\r\nfd00::/16", path);
    struct cfg_errors errs;
    struct config *c = config_parse("f", yaml, strlen(yaml), &errs);

    cr_assert(c, "%s", errs.n ? errs.e[0].message : "");
    cr_expect(c->listener[0].only_allowed);
    cr_expect_eq(verdict(&c->listener[0], "10.1.2.3"), CFG_ALLOWED);
    cr_expect_eq(verdict(&c->listener[0], "10.1.2.4"), CFG_DENIED);
    cr_expect_eq(verdict(&c->listener[0], "192.0.2.1"), CFG_DENIED);
    cr_expect_eq(verdict(&c->listener[0], "192.0.2.2"), 0);
    cr_expect_eq(verdict(&c->listener[0], "fd00::1"), CFG_DENIED);
    config_free(c);
    cfg_errors_free(&errs);
    unlink(path);
    free(yaml);
}

Test(config_listeners, a_bad_list_is_complained_about_by_line)
{
    char path[] = "/tmp/lacon-test-XXXXXX", wanted[256];
    char *yaml = with_deny_file("10.0.0.0/8\n# \nwhat\n", path), *got = complaints_about(yaml);

    snprintf(
        wanted, sizeof wanted,
        "f:1:77: deny_file: %s:3: must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address, "
        "not \"what\"\n",
        path);
    cr_expect_str_eq(got, wanted);
    unlink(path);
    free(yaml);
    free(got);
}

Test(config_listeners, what_is_refused_and_how)
{
    expect_rows(rows, sizeof rows / sizeof *rows);
}
