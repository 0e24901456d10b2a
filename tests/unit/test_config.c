/* What is accepted means what it says, and prints as text that reads back to the same. */
#include <setjmp.h>
#include <unistd.h>

#include "config/arena.h"
#include "tests/unit/config_rig.h"

static struct config *must_parse(const char *yaml)
{
    struct cfg_errors errs;
    struct config *c = config_parse("f", yaml, strlen(yaml), &errs);

    cr_assert(c, "%s\n1st complaint: %u:%u: %s", yaml, errs.e[0].line, errs.e[0].column, errs.e[0].message);
    cfg_errors_free(&errs);
    return c;
}

static char *printed(const struct config *c)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    config_print(c, f);
    fclose(f);
    return text;
}

Test(config, defaults_are_those_of_the_header)
{
    struct config *c = must_parse(REST);

    cr_expect_str_eq(c->file, "f");
    cr_expect_eq(c->dpdk.workers, 1);
    cr_expect_eq(c->dpdk.ncores, 0);
    cr_expect_eq(c->dpdk.memory_bytes, 256u << 20);
    cr_expect_eq(c->dpdk.hugepages, CFG_HUGE_AUTO);
    cr_expect_eq(c->dpdk.idle, CFG_IDLE_ADAPTIVE);
    cr_expect_eq(c->dpdk.connections, 65536);
    cr_expect_eq(c->dpdk.buffers_bytes, 64u << 20);
    cr_expect_eq(c->dpdk.syn_ring, 8192);
    cr_expect_eq(c->dpdk.port_lo, 10000);
    cr_expect_eq(c->dpdk.port_hi, 60999);
    cr_expect_eq(c->dpdk.neal_args, 0);
    cr_assert_eq(c->ninterface, 1);
    cr_expect_eq(c->interface[0].vlan, 0);
    cr_expect_eq(c->interface[0].mtu, 0);
    cr_expect_eq(c->interface[0].driver, CFG_DRIVER_AUTO);
    cr_expect_not(c->interface[0].has_gateway4);
    cr_expect_not(c->interface[0].has_gateway6);
    cr_assert_eq(c->nlistener, 1);
    cr_expect_eq(c->listener[0].head_limit, 32768);
    cr_expect_eq(c->listener[0].max_body, 0);
    cr_expect_eq(c->listener[0].head_timeout_ns, 10000000000);
    cr_expect_eq(c->listener[0].idle_timeout_ns, 60000000000);
    cr_expect_eq(c->listener[0].stall_timeout_ns, 60000000000);
    cr_expect_eq(c->listener[0].min_request_rate, 240);
    cr_expect_eq(c->listener[0].min_response_rate, 240);
    cr_expect_eq(c->listener[0].rate_period_ns, 20000000000);
    cr_expect(c->listener[0].x_forwarded_for);
    cr_expect_eq(c->limits.client_connections, 50);
    cr_expect_eq(c->limits.client_buffers, 25);
    cr_expect_eq(c->limits.ntrusted, 0);
    cr_assert_eq(c->nroute, 1);
    cr_expect_eq(c->route[0].nlistener, 0);
    cr_expect_eq(c->route[0].nhost, 0);
    cr_assert_eq(c->route[0].rule[0].nmatch, 1);
    cr_expect_eq(c->route[0].rule[0].match[0].kind, CFG_PATH_PREFIX);
    cr_expect_str_eq(c->route[0].rule[0].match[0].path, "/");
    cr_assert_eq(c->ncluster, 1);
    cr_expect_eq(c->cluster[0].lb_policy, CFG_LB_ROUND_ROBIN);
    cr_expect_eq(c->cluster[0].connect_timeout_ns, 1000000000);
    cr_expect_eq(c->cluster[0].response_timeout_ns, 60000000000);
    cr_expect_eq(c->cluster[0].pool_idle_ns, 60000000000);
    cr_expect_eq(c->cluster[0].pool_size, 256);
    cr_expect_eq(c->cluster[0].tries, 3);
    cr_expect_eq(c->cluster[0].retry_buffer, 16384);
    cr_expect_eq(c->cluster[0].endpoint[0].weight, 1);
    cr_expect_eq(c->cluster[0].endpoint[0].priority, 0);
    cr_expect_null(c->cluster[0].endpoint[0].zone);
    cr_expect_eq(c->cluster[0].hash_key.on, CFG_HASH_SOURCE);
    cr_expect_eq(c->cluster[0].slow_start_ns, 0);
    cr_expect_eq(c->cluster[0].overprovisioning_factor, 140);
    cr_expect_eq(c->cluster[0].subset_size, 0);
    cr_expect_null(c->cluster[0].prefer_zone);
    cr_expect_str_eq(c->admin.socket, "/run/lacon/admin.sock");
    cr_expect_eq(c->admin.mode, 0600);
    cr_expect_eq(c->logging.level, CFG_LOG_INFO);
    cr_expect_null(c->logging.access_log);
    cr_expect_null(c->logging.error_log);
    config_free(c);
}

/* Every key, none at its default. */
static const char *const every_key =
    "dpdk: {workers: 2, cores: [3, 0], memory: 1GiB, hugepages: on, idle: poll, connections: 64,\n"
    "  buffers: 1048577, syn_ring: 16, local_ports: 1024-65535, eal: [--iova-mode=pa, \"--x=\\\"\\\\é: "
    "#\"]}\n"
    "interfaces:\n"
    "- {name: a, device: eth0, driver: af_packet, addresses: [10.0.0.2/24, \"FD00::2/64\"], gateway: "
    "10.0.0.1,\n"
    "   gateway6: \"fe80::1\", vlan: 4094, mtu: 9000}\n"
    "- {name: b, pci: \"0000:03:00.0\", addresses: [10.1.0.2/31]}\n"
    "- {name: c, memif: \"/run/m.sock,id=1,role=server\", addresses: [10.2.0.2/32]}\n"
    "- {name: d, vdev: \"net_tap0,iface=t0\", addresses: [10.3.0.2/0]}\n"
    "listeners:\n"
    "- {name: \"80\", address: \"[fd00::2]:80\", head_limit: 1KiB, max_body: 4GiB, max_rate: 3MiB,\n"
    "   head_timeout: 1ms, idle_timeout: 90s, stall_timeout: 24h, tunnel_timeout: 2h, min_request_rate: "
    "1KiB,\n"
    "   min_response_rate: 0, rate_period: 100ms, x_forwarded_for: off}\n"
    "- {name: \"null\", address: \"0.0.0.0:81\"}\n"
    "- {name: on, address: \"[::]:81\"}\n"
    "- {name: -x, address: \"*:443\"}\n"
    "- {name: tcp, address: \"10.1.0.2:82\", protocol: tcp, cluster: two}\n"
    "routes:\n"
    "- name: r\n"
    "  listeners: [-x, \"80\", on]\n"
    "  hostnames: [Shop.Example, \"*.B-2.example\", \"10.0.0.2\"]\n"
    "  rules:\n"
    "  - matches: [{path: {exact: \"/a:b'\\\"%2F{}\"}}, {path: {prefix: /c/}},\n"
    "     {path: {regex: '/x(y|z)'}, method: GET, headers: [{name: x-a, exact: '1 2'}, {name: x-b, present: "
    "true}],\n"
    "      query: [{name: p, regex: '[0-9]+'}], source: [10.0.0.0/8, 'fd00::/16']}]\n"
    "    cluster: two\n"
    "  - cluster: one\n"
    "  - {clusters: [{name: one}, {name: two, weight: 0}], split_key: \"query:v\"}\n"
    "  - {redirect: {scheme: https, hostname: x.example, port: 8443, prefix: /new, status: 308}}\n"
    "  - {redirect: {path: /x}}\n"
    "  - {reply: {status: 418, body: \"a: b\", content_type: text/html}}\n"
    "  - {deny: true}\n"
    "clusters:\n"
    "- {name: one, endpoints: [{address: \"10.0.0.9:65535\", weight: 0}, {address: \"[fd01::9]:1\", weight: "
    "1000}]}\n"
    "- {name: three, lb_policy: maglev, hash_key: 'cookie:a$b', maglev_table: 251, slow_start: 1m, "
    "prefer_zone: east,\n"
    "   overprovisioning_factor: 200, endpoints: [{address: \"10.3.0.9:81\", priority: 127, zone: east}]}\n"
    "- {name: four, lb_policy: least_conn, subset_size: 7, endpoints: [{address: \"10.3.0.9:82\"}]}\n"
    "- {name: five, lb_policy: ring_hash, ring_size: 77, endpoints: [{address: \"10.3.0.9:83\"}]}\n"
    "- {name: two, lb_policy: round_robin, connect_timeout: 1500ms, response_timeout: 2h, tries: 10,\n"
    "   retry_buffer: 0, pool_size: 0, pool_idle_timeout: 3600s, endpoints: [{address: \"10.3.0.9:80\"}]}\n"
    "limits: {client_connections: 0%, client_buffers: \"100%\", trusted: [10.0.0.0/8, \"fd00::/64\"]}\n"
    "admin: {socket: \"/run/a b\", mode: \"660\", drain_timeout: 90m}\n"
    "logging: {level: debug, access_log: \"-\", error_log: /var/log/e}\n";

Test(config, every_key_is_taken_as_written)
{
    struct config *c = must_parse(every_key);
    char ip[IP_STRLEN];

    cr_expect_eq(c->dpdk.cores[1], 0);
    cr_expect_eq(c->dpdk.hugepages, CFG_HUGE_ON);
    cr_expect_eq(c->dpdk.buffers_bytes, 1048577);
    cr_expect_eq(c->dpdk.port_hi, 65535);
    cr_expect_str_eq(c->dpdk.eal_args[1], "--x=\"\\é: #");
    cr_assert_eq(c->ninterface, 4);
    cr_expect_eq(c->interface[0].driver, CFG_DRIVER_AF_PACKET);
    cr_expect_eq(c->interface[0].addr[1].bits, 64);
    cr_expect_str_eq(ip_str(&c->interface[0].addr[1].addr, ip), "fd00::2");
    cr_expect(c->interface[0].has_gateway4 && c->interface[0].has_gateway6);
    cr_expect_str_eq(ip_str(&c->interface[0].gateway6, ip), "fe80::1");
    cr_expect_eq(c->interface[1].kind, CFG_IF_PCI);
    cr_expect_eq(c->interface[2].kind, CFG_IF_MEMIF);
    cr_expect_eq(c->interface[3].kind, CFG_IF_VDEV);
    cr_expect_str_eq(c->interface[3].target, "net_tap0,iface=t0");
    cr_expect_eq(c->listener[0].max_body, 4ull << 30);
    cr_expect_eq(c->listener[0].max_rate, 3u << 20);
    cr_expect_eq(c->listener[0].min_request_rate, 1024);
    cr_expect_eq(c->listener[0].min_response_rate, 0);
    cr_expect_eq(c->listener[0].rate_period_ns, 100000000);
    cr_expect_not(c->listener[0].x_forwarded_for);
    cr_expect_eq(c->limits.client_connections, 0);
    cr_expect_eq(c->limits.client_buffers, 100);
    cr_assert_eq(c->limits.ntrusted, 2);
    cr_expect_eq(c->limits.trusted[0].bits, 8);
    cr_expect(c->listener[1].any4 && !c->listener[1].any6 && ip_is_zero(&c->listener[1].at.addr));
    cr_expect(c->listener[2].any6 && !c->listener[2].any4);
    cr_expect(c->listener[3].any4 && c->listener[3].any6);
    cr_expect_eq(c->listener[3].at.port, 443);
    cr_expect_eq(c->listener[3].cluster, CFG_NONE);
    cr_expect_eq(c->listener[4].protocol, CFG_TCP);
    cr_expect_eq(c->listener[4].cluster, 4);
    cr_expect_eq(c->route[0].listener[0], 3);
    cr_expect_eq(c->route[0].listener[1], 0);
    cr_expect_eq(c->route[0].listener[2], 2);
    cr_expect_str_eq(c->route[0].host[1], "*.b-2.example");
    cr_expect_eq(c->route[0].rule[0].cluster, 4);
    cr_expect_eq(c->route[0].rule[0].match[0].kind, CFG_PATH_EXACT);
    cr_assert_eq(c->route[0].rule[0].nmatch, 3);
    cr_expect_eq(c->route[0].rule[0].match[2].kind, CFG_PATH_REGEX);
    cr_expect_str_eq(c->route[0].rule[0].match[2].path, "/x(y|z)");
    cr_expect_str_eq(c->route[0].rule[0].match[2].method, "GET");
    cr_expect_str_eq(c->route[0].rule[0].match[2].header[0].value, "1 2");
    cr_expect_eq(c->route[0].rule[0].match[2].header[1].test, CFG_PRESENT);
    cr_expect_eq(c->route[0].rule[0].match[2].query[0].test, CFG_REGEX);
    cr_expect_eq(c->route[0].rule[0].match[2].source[1].bits, 16);
    cr_expect_eq(c->route[0].rule[1].cluster, 0);
    cr_assert_eq(c->route[0].nrule, 7);
    cr_expect_eq(c->route[0].rule[2].split[1].cluster, 4);
    cr_expect_eq(c->route[0].rule[2].split[1].weight, 0);
    cr_expect(c->route[0].rule[2].split_fixed);
    cr_expect_str_eq(c->route[0].rule[2].split_key.name, "v");
    cr_expect_eq(c->route[0].rule[3].action, CFG_REDIRECT);
    cr_expect_eq(c->route[0].rule[3].redirect.scheme, CFG_SCHEME_HTTPS);
    cr_expect_str_eq(c->route[0].rule[3].redirect.prefix, "/new");
    cr_expect_eq(c->route[0].rule[4].redirect.status, 302);
    cr_expect_eq(c->route[0].rule[5].action, CFG_REPLY);
    cr_expect_str_eq(c->route[0].rule[5].reply.body, "a: b");
    cr_expect_eq(c->route[0].rule[6].action, CFG_DENY);
    cr_expect_eq(c->route[0].rule[6].cluster, CFG_NONE);
    cr_expect_eq(c->cluster[4].connect_timeout_ns, 1500000000);
    cr_expect_eq(c->cluster[4].pool_idle_ns, 3600000000000);
    cr_expect_eq(c->cluster[1].lb_policy, CFG_LB_MAGLEV);
    cr_expect_eq(c->cluster[1].hash_key.on, CFG_HASH_COOKIE);
    cr_expect_str_eq(c->cluster[1].hash_key.name, "a$b");
    cr_expect_eq(c->cluster[1].maglev_table, 251);
    cr_expect_eq(c->cluster[1].slow_start_ns, 60000000000);
    cr_expect_eq(c->cluster[1].overprovisioning_factor, 200);
    cr_expect_str_eq(c->cluster[1].prefer_zone, "east");
    cr_expect_eq(c->cluster[1].endpoint[0].priority, 127);
    cr_expect_eq(c->cluster[2].subset_size, 7);
    cr_expect_eq(c->cluster[3].ring_size, 77);
    cr_expect_eq(c->admin.mode, 0660);
    cr_expect_eq(c->admin.drain_timeout_ns, 5400000000000);
    cr_expect_str_eq(c->logging.access_log, "-");
    config_free(c);
}

Test(config, what_is_printed_reads_back_to_the_same)
{
    const char *const files[] = {REST, every_key,
                                 "logging: {access_log: false}\ndpdk: {hugepages: true}\n" REST};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct config *c = must_parse(files[i]), *again;
        char *first = printed(c), *second;

        again = must_parse(first);
        second = printed(again);
        cr_expect_str_eq(first, second);
        cr_expect_eq(again->dpdk.hugepages, c->dpdk.hugepages);
        cr_expect_eq(again->listener[0].idle_timeout_ns, c->listener[0].idle_timeout_ns);
        cr_expect_str_eq(again->route[0].rule[0].match[0].path, c->route[0].rule[0].match[0].path);
        free(first);
        free(second);
        config_free(c);
        config_free(again);
    }
}

Test(config, what_a_running_lacon_cannot_change_is_named)
{
    static const struct {
        const char *text, *section;
    } changes[] = {
        {"logging: {level: debug}\n" REST, NULL},
        {"limits: {client_connections: 10%}\n" REST, NULL},
        {"dpdk: {workers: 1}\n" REST, NULL}, /* the default, written out */
        {"dpdk: {workers: 2}\n" REST, "dpdk"},
        {"admin: {socket: /run/x}\n" REST, "admin"},
        {"admin: {drain_timeout: 1s}\n" REST, NULL},
        {"logging: {access_log: /tmp/x}\n" REST, "logging"},
        {"interfaces: [{name: i, device: eth1, addresses: [10.0.0.2/24]}]\n" LISTENERS ROUTES CLUSTERS,
         "interfaces"},
    };
    struct config *now = must_parse(REST);

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct config *next = must_parse(changes[i].text);
        const char *section = config_needs_restart(now, next);

        cr_expect(section == changes[i].section ||
                      (section && changes[i].section && strcmp(section, changes[i].section) == 0),
                  "%s: %s", changes[i].text, section ? section : "nothing");
        config_free(next);
    }
    config_free(now);
}

/* A reload finds buckets by the name: of a listener it says where that is, not what it is called. */
Test(config, a_listeners_rate_limit_is_named_by_its_address)
{
#define LISTENER(name, at)                                                                                   \
    "listeners: [{name: " name ", address: \"" at                                                            \
    "\", rate_limits: [{rate: 1}, {rate: 2}]}]\n" INTERFACES ROUTES CLUSTERS
    struct config *a = must_parse(LISTENER("a", "10.0.0.2:80")),
                  *b = must_parse(LISTENER("b", "10.0.0.2:80")),
                  *elsewhere = must_parse(LISTENER("a", "10.0.0.2:81")),
                  *any = must_parse(LISTENER("a", "*:80"));
    const char *name = a->listener[0].rate_limit[0].name;

    cr_expect_str_eq(b->listener[0].rate_limit[0].name, name);
    cr_expect_str_neq(a->listener[0].rate_limit[1].name, name);
    cr_expect_str_neq(elsewhere->listener[0].rate_limit[0].name, name);
    cr_expect_str_neq(any->listener[0].rate_limit[0].name, name);
    config_free(a);
    config_free(b);
    config_free(elsewhere);
    config_free(any);
}

Test(config, a_file_that_cannot_be_read_is_line_0)
{
    struct cfg_errors errs;

    cr_expect_null(config_load("/no/such/file", &errs));
    cr_assert_eq(errs.n, 1);
    cr_expect_eq(errs.e[0].line, 0);
    cr_expect_str_eq(errs.e[0].message, "No such file or directory");
    cr_expect_str_eq(errs.file, "/no/such/file");
    cfg_errors_free(&errs);
    cr_expect_null(config_load("/", &errs));
    cr_expect_str_eq(errs.e[0].message, "Is a directory");
    cfg_errors_free(&errs);
    cfg_errors_free(&errs); /* legal, as config_free(NULL) is */
    config_free(NULL);
}

Test(config, a_file_is_loaded_as_its_text_is_parsed)
{
    char path[] = "/tmp/lacon-test-XXXXXX";
    int fd = mkstemp(path);
    struct cfg_errors errs;
    struct config *c;

    cr_assert(fd >= 0 && write(fd, REST, strlen(REST)) == (ssize_t)strlen(REST));
    c = config_load(path, &errs);
    cr_assert(c);
    cr_expect_str_eq(c->file, path);
    cr_expect_eq(errs.n, 0);
    config_free(c);
    cfg_errors_free(&errs);
    close(fd);
    unlink(path);
}

/* `piece` again and again, `count` times. The caller frees. */
static char *repeated(const char *piece, size_t count)
{
    size_t n = strlen(piece);
    char *text = malloc(n * count + 1);

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * n, piece, n);
    text[n * count] = '\0';
    return text;
}

Test(config, hostile_sizes_end_in_one_clear_complaint)
{
    static const struct {
        const char *piece;
        size_t count;
        const char *last; /* of the complaints */
    } big[] = {
        {"[", 100000, "nested more than 32 levels deep"},
        {"- ", 100000, "nested more than 32 levels deep"},
        {"aaaaaaaaaaaaaaaa", (1 << 20) + 1, "longer than 16 MiB"},
        {"- a\n", 1500000, "too large: reading it takes more memory than there is"},
        {"- &a x\n", 5000, "there are more errors than these; correct some and try again"},
    };

    for (size_t i = 0; i < sizeof big / sizeof *big; i++) {
        char *text = repeated(big[i].piece, big[i].count);
        struct cfg_errors errs;

        cr_expect_null(config_parse("f", text, strlen(text), &errs));
        cr_assert_gt(errs.n, 0);
        cr_expect_leq(errs.n, 1001);
        cr_expect_str_eq(errs.e[errs.n - 1].message, big[i].last);
        cfg_errors_free(&errs);
        free(text);
    }
}

Test(config, an_arena_that_runs_short_goes_back_to_its_owner)
{
    jmp_buf owner;
    struct arena a = {.left = 1000, .short_of_memory = &owner};
    volatile int taken = 0;

    if (setjmp(owner) == 0) {
        for (;;) {
            cr_assert_eq(arena_text(&a, "abc", 3)[3], '\0');
            taken++;
        }
    }
    cr_expect(taken > 0 && taken < 1000);
    if (setjmp(owner) == 0) {
        arena_array(&a, SIZE_MAX / 2, 4);
        cr_expect_fail("a product beyond size_t");
    }
    arena_free(&a);
    cr_expect_null(a.blocks);
}
