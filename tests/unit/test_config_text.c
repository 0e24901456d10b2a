/* What is refused of a file as text, and of keys and values whatever their section, with the exact lines that
 * a user sees. */
#include "tests/unit/config_rig.h"

static const struct row rows[] = {
    {"empty", "", "1:1: the file is empty\n"},
    {"only a comment", "# nothing\n", "1:1: the file is empty\n"},
    {"not a map", "- a\n", "1:1: a configuration is a group of keys: dpdk, interfaces, listeners ...\n"},
    {"one word", "lacon\n", "1:1: a configuration is a group of keys: dpdk, interfaces, listeners ...\n"},
    {"unclosed list",
     "interfaces: [\n"
     "listeners: 1\n",
     "3:1: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence\n"},
    {"tab",
     "dpdk:\n"
     "\tworkers: 1\n",
     "2:1: not valid YAML: found character that cannot start any token while scanning for the next token\n"},
    {"star without quotes",
     "listeners:\n"
     "  - {name: l, address: *:80}\n",
     "2:25: not valid YAML: did not find expected alphabetic or numeric character while scanning an alias; "
     "text that begins with * needs quotes, as in \"*:80\"\n"},
    {"not UTF-8", "dpdk:\n  idle: \xff\n", "2:9: not UTF-8 text: invalid leading UTF-8 octet\n"},
    {"second document", "dpdk: {workers: 1}\n" REST "---\ndpdk: {}\n",
     "6:1: a second document begins here: one file holds one configuration\n"},
    {"anchor and alias",
     "dpdk: &d {workers: 1}\n"
     "admin: *d\n" REST,
     "1:7: anchors (&d) are not supported: write the value out where it is needed\n"
     "2:8: aliases (*d) are not supported: write the value out; text that begins with * needs quotes\n"},
    {"merge key", "dpdk: {<<: {workers: 1}}\n" REST,
     "1:8: merge keys (<<) are not supported: write the values out\n"},
    {"tag", "dpdk: {workers: !!int 1}\n" REST,
     "1:17: tags, such as !!int, are not supported: write the value alone\n"},
    {"odd key", "dpdk: {[a]: 1}\n" REST, "1:8: a key must be a word\n"},
    {"control character", "admin: {socket: \"/a\\nb\"}\n" REST,
     "1:17: control characters and line breaks are not allowed in a value\n"},
    {"zero byte", "admin: {socket: \"/a\\0b\"}\n" REST,
     "1:17: control characters and line breaks are not allowed in a value\n"},
    {"nothing but one section", "admin: {}\n",
     "1:1: the configuration needs \"interfaces\"\n"
     "1:1: the configuration needs \"listeners\"\n"
     "1:1: the configuration needs \"clusters\"\n"
     "1:1: the configuration needs \"routes\", unless every listener is of \"protocol: tcp\"\n"},
    {"empty section", "dpdk:\n" REST, "1:6: dpdk: must be a group of keys, not empty\n"},
    {"section is a word", "dpdk: fast\n" REST, "1:7: dpdk: must be a group of keys, not \"fast\"\n"},
    {"list is a group", "interfaces: {a: 1}\n" LISTENERS ROUTES CLUSTERS,
     "1:13: interfaces: must be a list, not a group of keys\n"},
    {"unknown, near", "dpdk: {worker: 1}\n" REST,
     "1:8: unknown key \"worker\" in dpdk; did you mean \"workers\"?\n"},
    {"unknown, swapped", "dpdk: {wrokers: 1}\n" REST,
     "1:8: unknown key \"wrokers\" in dpdk; did you mean \"workers\"?\n"},
    {"unknown, far", "admin: {password: x}\n" REST,
     "1:9: unknown key \"password\" in admin; it knows socket, mode, drain_timeout\n"},
    {"unknown section", "listener: []\n" REST,
     "1:1: unknown key \"listener\" in the configuration; did you mean \"listeners\"?\n"},
    {"twice", "dpdk: {workers: 1, workers: 2}\n" REST, "1:20: \"workers\" is already given on line 1\n"},
    {"section twice",
     "dpdk: {}\n"
     "admin: {}\n"
     "dpdk: {}\n" REST,
     "3:1: \"dpdk\" is already given on line 1\n"},
    {"missing in each",
     "interfaces: [{}]\n"
     "listeners: [{}]\n"
     "routes: [{rules: [{}]}]\n"
     "clusters: [{endpoints: [{}]}]\n",
     "1:14: an interface needs \"name\"\n"
     "1:14: an interface needs \"addresses\"\n"
     "1:14: an interface needs one of device, pci, memif, vdev\n"
     "2:13: a listener needs \"name\"\n"
     "2:13: a listener needs \"address\"\n"
     "3:10: a route needs \"name\"\n"
     "3:19: a rule needs one of cluster, clusters, redirect, reply, deny\n"
     "4:12: a cluster needs \"name\"\n"
     "4:25: an endpoint needs \"address\"\n"},
    {"empty lists",
     "interfaces: []\n"
     "listeners: []\n"
     "routes: []\n"
     "clusters: []\n",
     "1:13: interfaces: must have 1 to 16 items, not 0\n"
     "2:12: listeners: must have 1 to 256 items, not 0\n"
     "3:9: routes: must have 1 to 65536 items, not 0\n"
     "4:11: clusters: must have 1 to 65536 items, not 0\n"},
    {"item is a word", "interfaces: [eth0]\n" LISTENERS ROUTES CLUSTERS,
     "1:14: interfaces: each item must be a group of keys, not \"eth0\"\n"},
    {"number is a word", "dpdk: {workers: many}\n" REST,
     "1:17: workers: must be a whole number from 1 to 64, not \"many\"\n"},
    {"number out of range", "dpdk: {workers: 0, connections: 63, syn_ring: 1048577}\n" REST,
     "1:17: workers: must be a whole number from 1 to 64, not \"0\"\n"
     "1:33: connections: must be a whole number from 64 to 16777216, not \"63\"\n"
     "1:47: syn_ring: must be a whole number from 16 to 1048576, not \"1048577\"\n"},
    {"number in quotes", "dpdk: {workers: \"1\"}\n" REST,
     "1:17: workers: must be a whole number from 1 to 64, without quotes, not \"1\"\n"},
    {"number with a leading zero", "dpdk: {workers: 01}\n" REST,
     "1:17: workers: must be a whole number from 1 to 64, not \"01\"\n"},
    {"limits", "limits: {client_connections: 50, client_buffers: 101%, trusted: [10.0.0.1/8]}\n" REST,
     "1:30: client_connections: must be a percentage from 0% to 100%, not \"50\"\n"
     "1:50: client_buffers: must be a percentage from 0% to 100%, not \"101%\"\n"
     "1:66: trusted: each item must be a network (this is an address in it, with bits behind the first 8), "
     "not "
     "\"10.0.0.1/8\"\n"},
    {"number beyond 64 bits", "dpdk: {connections: 99999999999999999999999}\n" REST,
     "1:21: connections: must be a whole number from 64 to 16777216, not \"99999999999999999999999\"\n"},
    {"number negative", "dpdk: {workers: -1}\n" REST,
     "1:17: workers: must be a whole number from 1 to 64, not \"-1\"\n"},
    {"number is a list", "dpdk: {workers: [1]}\n" REST,
     "1:17: workers: must be a whole number from 1 to 64, not a list\n"},
    {"number is null", "dpdk: {workers: ~}\n" REST,
     "1:17: workers: must be a whole number from 1 to 64, not empty\n"},
    {"sizes", "dpdk: {memory: 64MB, buffers: 1023KiB}\n" REST,
     "1:16: memory: must be a size from 64MiB to 1024GiB (units: KiB, MiB, GiB, or none for bytes), not "
     "\"64MB\"\n"
     "1:31: buffers: must be a size from 1MiB to 64GiB (units: KiB, MiB, GiB, or none for bytes), not "
     "\"1023KiB\"\n"},
    {"size beyond 64 bits", "dpdk: {buffers: 99999999999999GiB}\n" REST,
     "1:17: buffers: must be a size from 1MiB to 64GiB (units: KiB, MiB, GiB, or none for bytes), not "
     "\"99999999999999GiB\"\n"},
    {"durations",
     "clusters: [{name: c, connect_timeout: 5, response_timeout: 25h, pool_idle_timeout: 0s, endpoints: "
     "[{address: \"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:39: connect_timeout: must be a duration from 1ms to 24h (units: ms, s, m, h), not \"5\"\n"
     "1:60: response_timeout: must be a duration from 1ms to 24h (units: ms, s, m, h), not \"25h\"\n"
     "1:84: pool_idle_timeout: must be a duration from 1ms to 24h (units: ms, s, m, h), not \"0s\"\n"},
    {"words",
     "dpdk: {idle: sleep, hugepages: maybe}\n"
     "logging: {level: Info}\n" REST,
     "1:14: idle: must be adaptive or poll, not \"sleep\"\n"
     "1:32: hugepages: must be auto, off or on, not \"maybe\"\n"
     "2:18: level: must be error, warning, info or debug, not \"Info\"\n"},
    {"truth",
     "clusters: [{name: c, affinity: {cookie: {name: n, secure: 1}}, endpoints: [{address: "
     "\"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:59: secure: must be true or false, not \"1\"\n"},
    {"truth in quotes",
     "clusters: [{name: c, affinity: {cookie: {name: n, secure: \"true\"}}, endpoints: [{address: "
     "\"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:59: secure: must be true or false, without quotes, not \"true\"\n"},
    {"names",
     "listeners: [{name: a b, address: \"10.0.0.2:80\"}]\n"
     "admin: {}\n" INTERFACES ROUTES CLUSTERS,
     "1:20: name: must be a name of 1 to 63 letters, digits, or any of _ . -, not \"a b\"\n"},
    {"long value", "dpdk: {idle: ääääääääääääääääääääääääääääääääääääääääääääääääääääääääää}\n" REST,
     "1:14: idle: must be adaptive or poll, not \"ääääääääääääääääääääääääääääää...\"\n"},
    {"files",
     "logging: {access_log: x.log, error_log: y.log}\n"
     "admin: {socket: run/x, mode: 0600}\n" REST,
     "1:23: access_log: must be an absolute path, \"-\" for standard output, or off, not \"x.log\"\n"
     "1:41: error_log: must be an absolute path of at most 1024 bytes, not \"y.log\"\n"
     "2:17: socket: must be an absolute path of at most 107 bytes, not \"run/x\"\n"
     "2:30: mode: must be permissions in octal and in quotes, such as \"0600\", not \"0600\"\n"},
    {"mode", "admin: {mode: \"0999\"}\n" REST,
     "1:15: mode: must be permissions in octal and in quotes, such as \"0600\", not \"0999\"\n"},
    {"eal", "dpdk: {eal: [log-level]}\n" REST,
     "1:14: eal: each item must be an argument of DPDK's EAL, such as \"--log-level=8\", not "
     "\"log-level\"\n"},
    {"ports", "dpdk: {local_ports: 1000-2000}\n" REST,
     "1:21: local_ports: must be a range of ports within 1024-65535, such as 10000-60999, not "
     "\"1000-2000\"\n"},
    {"ports backwards", "dpdk: {local_ports: 3000-2000}\n" REST,
     "1:21: local_ports: must be a range of ports within 1024-65535, such as 10000-60999, not "
     "\"3000-2000\"\n"},
    {"ports, one number", "dpdk: {local_ports: 3000}\n" REST,
     "1:21: local_ports: must be a range of ports within 1024-65535, such as 10000-60999, not \"3000\"\n"},
};

Test(config_text, what_is_refused_and_how)
{
    expect_rows(rows, sizeof rows / sizeof *rows);
}
