/* What is refused, with the exact lines that a user sees; and that what is accepted means what it says and
 * prints as text that reads back to the same. */
#include <criterion/criterion.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/arena.h"
#include "config/config.h"

#define INTERFACES "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24]}]\n"
#define LISTENERS  "listeners: [{name: l, address: \"10.0.0.2:80\"}]\n"
#define ROUTES     "routes: [{name: r, rules: [{cluster: c}]}]\n"
#define CLUSTERS   "clusters: [{name: c, endpoints: [{address: \"10.0.0.9:80\"}]}]\n"
#define REST       INTERFACES LISTENERS ROUTES CLUSTERS

struct row {
    const char *title, *yaml;
    const char *errors; /* line:column: message, each with a newline; NULL: none */
};

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
     "1:1: the configuration needs \"routes\"\n"
     "1:1: the configuration needs \"clusters\"\n"},
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
     "listeners: [{name: l, address: \"10.0.0.2:80\", x_forwarded_for: 1}]\n" INTERFACES ROUTES CLUSTERS,
     "1:64: x_forwarded_for: must be true or false, not \"1\"\n"},
    {"truth in quotes",
     "listeners: [{name: l, address: \"10.0.0.2:80\", x_forwarded_for: \"true\"}]\n" INTERFACES ROUTES
         CLUSTERS,
     "1:64: x_forwarded_for: must be true or false, without quotes, not \"true\"\n"},
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
    {"two devices",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], pci: \"0000:03:00.0\"}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:64: an interface cannot have both \"device\" and \"pci\"\n"},
    {"no device", "interfaces: [{name: i, addresses: [10.0.0.2/24]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:14: an interface needs one of device, pci, memif, vdev\n"},
    {"device name",
     "interfaces: [{name: i, device: a/b, addresses: [10.0.0.2/24]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:32: device: must be the name of a network device, such as eth0, not \"a/b\"\n"},
    {"pci address",
     "interfaces: [{name: i, pci: \"03:00\", addresses: [10.0.0.2/24]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:29: pci: must be a PCI address, such as \"0000:03:00.0\", not \"03:00\"\n"},
    {"memif and vdev",
     "interfaces: [{name: i, memif: a b, addresses: [10.0.0.2/24]}, {name: j, vdev: \"\", addresses: "
     "[10.1.0.2/24]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:31: memif: must be a memif socket, such as /run/memif.sock, without spaces, not \"a b\"\n"
     "1:79: vdev: must be a DPDK vdev, such as net_tap0,iface=tap0, without spaces, not \"\"\n"},
    {"driver without device",
     "interfaces: [{name: i, pci: \"0000:03:00.0\", driver: auto, addresses: [10.0.0.2/24]}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:53: driver: goes with \"device\" only\n"},
    {"driver unknown",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], driver: e1000}]\n" LISTENERS ROUTES
         CLUSTERS,
     "1:72: driver: must be auto or af_packet, not \"e1000\"\n"},
    {"prefixes",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2, 10.0.0.2/33, 10.0.0.0/24, 10.0.0.255/24, "
     "127.0.0.1/8, 224.0.0.1/4, \"ff02::1/64\", \"::1/128\", \"::ffff:10.0.0.2/120\", "
     "\"fd00::2/129\"]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:50: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"10.0.0.2\"\n"
     "1:60: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"10.0.0.2/33\"\n"
     "1:73: addresses: each item must be an address of one host, such as 10.0.0.2/24 (this names the network "
     "itself, or its broadcast), not \"10.0.0.0/24\"\n"
     "1:86: addresses: each item must be an address of one host, such as 10.0.0.2/24 (this names the network "
     "itself, or its broadcast), not \"10.0.0.255/24\"\n"
     "1:101: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"127.0.0.1/8\"\n"
     "1:114: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"224.0.0.1/4\"\n"
     "1:127: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"ff02::1/64\"\n"
     "1:141: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"::1/128\"\n"
     "1:152: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"::ffff:10.0.0.2/120\"\n"
     "1:175: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"fd00::2/129\"\n"},
    {"gateways",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], gateway: \"fd00::1\", gateway6: "
     "10.0.0.1}]\n" LISTENERS ROUTES CLUSTERS,
     "1:73: gateway: must be an IPv4 address, such as 10.0.0.1, not \"fd00::1\"\n"
     "1:94: gateway6: must be an IPv6 address in quotes, such as \"fd00::1\", not \"10.0.0.1\"\n"},
    {"gateway off-link",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], gateway: 10.0.1.1}]\n" LISTENERS ROUTES
         CLUSTERS,
     "1:73: gateway: 10.0.1.1 is in none of the networks of this interface's addresses\n"},
    {"gateway is ours",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], gateway: 10.0.0.2}]\n" LISTENERS ROUTES
         CLUSTERS,
     "1:73: gateway: 10.0.0.2 is an address of lacon's own\n"},
    {"link-local gateway without IPv6",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], gateway6: \"fe80::1\"}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:74: gateway6: fe80::1 is in none of the networks of this interface's addresses\n"},
    {"vlan and mtu",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], vlan: 4095, mtu: 575}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:70: vlan: must be a whole number from 0 to 4094, not \"4095\"\n"
     "1:81: mtu: must be a whole number from 576 to 9000, or 0 for what the device has, not \"575\"\n"},
    {"small mtu with IPv6",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24, \"fd00::2/64\"], mtu: 1279}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:83: mtu: must be at least 1280 with an IPv6 address, not 1279\n"},
    {"one device twice",
     "interfaces:\n"
     "- {name: i, device: eth0, addresses: [10.0.0.2/24]}\n"
     "- {name: j, device: eth0, addresses: [10.1.0.2/24]}\n" LISTENERS ROUTES CLUSTERS,
     "3:21: another interface is on \"eth0\" with the same vlan, on line 2\n"},
    {"one device, two vlans",
     "interfaces:\n"
     "- {name: i, device: eth0, addresses: [10.0.0.2/24]}\n"
     "- {name: j, device: eth0, vlan: 7, addresses: [10.1.0.2/24]}\n" LISTENERS ROUTES CLUSTERS,
     NULL},
    {"one address twice",
     "interfaces:\n"
     "- {name: i, device: eth0, addresses: [10.0.0.2/24, 10.0.0.2/25]}\n"
     "- {name: j, device: eth1, addresses: [10.0.0.2/24]}\n" LISTENERS ROUTES CLUSTERS,
     "2:52: addresses: 10.0.0.2 is already used on line 2\n"
     "3:39: addresses: 10.0.0.2 is already used on line 2\n"},
    {"interface names",
     "interfaces:\n"
     "- {name: i, device: eth0, addresses: [10.0.0.2/24]}\n"
     "- {name: i, device: eth1, addresses: [10.1.0.2/24]}\n" LISTENERS ROUTES CLUSTERS,
     "3:10: name: another interface is called \"i\", on line 2\n"},
    {"cores and workers", "dpdk: {workers: 2, cores: [1]}\n" REST,
     "1:27: cores: must have as many items as there are workers (2), not 1\n"},
    {"cores repeated", "dpdk: {workers: 3, cores: [1, 2, 1]}\n" REST, "1:34: cores: 1 is listed twice\n"},
    {"few ports", "dpdk: {workers: 2, local_ports: 20000-20030}\n" REST,
     "1:33: local_ports: 20000-20030 are 31 ports, too few for 2 workers (at least 16 for each)\n"},
    {"just enough ports", "dpdk: {workers: 2, local_ports: 20000-20031}\n" REST, NULL},
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
    {"no such cluster",
     "routes: [{name: r, rules: [{cluster: cc}, {cluster: other}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:38: no cluster is called \"cc\"; did you mean \"c\"?\n"
     "1:53: no cluster is called \"other\"\n"},
    {"no such listener",
     "routes: [{name: r, listeners: [x, l, l], rules: [{cluster: c}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:32: no listener is called \"x\"\n"
     "1:38: listeners: \"l\" is listed twice\n"},
    {"listeners that are no names",
     "routes: [{name: r, listeners: [{a: 1}, l, ~, [l]], rules: [{cluster: c}]}]\n" CLUSTERS,
     "1:1: the configuration needs \"interfaces\"\n"
     "1:1: the configuration needs \"listeners\"\n"
     "1:32: listeners: each item must be the name of a listener, not a group of keys\n"
     "1:43: listeners: each item must be the name of a listener, not empty\n"
     "1:46: listeners: each item must be the name of a listener, not a list\n"},
    {"hosts",
     "routes: [{name: r, hostnames: [a..b, \"*\", \"*.\", -a, a-, \"a:80\", a.b., \"a.*\", ok, OK, "
     "\"*.Ok.example\"], rules: [{cluster: c}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:32: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a..b\"\n"
     "1:38: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"*\"\n"
     "1:43: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"*.\"\n"
     "1:49: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"-a\"\n"
     "1:53: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a-\"\n"
     "1:57: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a:80\"\n"
     "1:65: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a.b.\"\n"
     "1:71: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a.*\"\n"
     "1:82: hostnames: \"ok\" is listed twice\n"},
    {"paths",
     "routes: [{name: r, rules: [{cluster: c, matches: [{path: {prefix: api}}, {path: {exact: /a b}}, {path: "
     "{prefix: \"/a?b\"}}, {path: {prefix: /a//b}}, {path: {prefix: /a/..}}, {path: {}}, {path: {prefix: /, "
     "exact: /}}, {}]}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:67: prefix: must be a path of at most 1024 bytes that begins with /, not \"api\"\n"
     "1:89: exact: must be a path in plain ASCII without spaces, query (?) or fragment (#), not \"/a b\"\n"
     "1:113: prefix: must be a path in plain ASCII without spaces, query (?) or fragment (#), not \"/a?b\"\n"
     "1:139: prefix: must be a path without empty or dot segments (//, /./, /../), not \"/a//b\"\n"
     "1:164: prefix: must be a path without empty or dot segments (//, /./, /../), not \"/a/..\"\n"
     "1:180: path needs one of prefix, exact, regex\n"
     "1:204: path cannot have both \"prefix\" and \"exact\"\n"},
    {"protocol of a listener",
     "listeners:\n"
     "- {name: a, address: \"10.0.0.2:80\", protocol: tcp, max_body: 1MiB}\n"
     "- {name: b, address: \"10.0.0.2:81\", cluster: c}\n"
     "- {name: d, address: \"10.0.0.2:82\", protocol: udp}\n"
     "routes: [{name: r, listeners: [a], rules: [{cluster: c}]}]\n" INTERFACES CLUSTERS,
     "2:47: protocol: tcp needs \"cluster\", where the connections go\n"
     "2:62: max_body: goes with \"protocol: http\"\n"
     "3:46: cluster: goes with \"protocol: tcp\"; what goes to which cluster is said by routes\n"
     "4:47: protocol: must be http, tcp or tls, not \"udp\"\n"
     "5:32: listeners: \"a\" takes no requests, it is of protocol tcp\n"},
    {"empty lists in routes",
     "routes: [{name: r, listeners: [], hostnames: [], rules: []}, {name: q, rules: [{cluster: c, matches: "
     "[]}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:31: listeners: must have 1 to 256 items, not 0\n"
     "1:46: hostnames: must have 1 to 256 items, not 0\n"
     "1:57: rules: must have 1 to 4096 items, not 0\n"
     "1:102: matches: must have 1 to 1024 items, not 0\n"},
    {"route names",
     "routes:\n"
     "- {name: r, rules: [{cluster: c}]}\n"
     "- {name: r, rules: [{cluster: c}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:10: name: another route is called \"r\", on line 2\n"},
    {"weights",
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.9:80\", weight: 0}, {address: \"10.0.0.8:80\", "
     "weight: 1001}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:104: weight: must be a whole number from 0 to 1000, not \"1001\"\n"},
    {"no weight",
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.9:80\", weight: 0}]}]\n" INTERFACES LISTENERS
         ROUTES,
     "1:33: endpoints: all have weight 0, so that none takes requests\n"},
    {"endpoint addresses",
     "clusters: [{name: c, endpoints: [{address: 10.0.0.9}, {address: \"0.0.0.0:80\"}, {address: "
     "\"*:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:44: address: must be the address and port of a server, such as \"10.0.1.11:80\" or "
     "\"[fd00:1::11]:80\", not \"10.0.0.9\"\n"
     "1:65: address: must be the address and port of a server, such as \"10.0.1.11:80\" or "
     "\"[fd00:1::11]:80\", not \"0.0.0.0:80\"\n"
     "1:90: address: must be the address and port of a server, such as \"10.0.1.11:80\" or "
     "\"[fd00:1::11]:80\", not \"*:80\"\n"},
    {"endpoint unreachable",
     "clusters: [{name: c, endpoints: [{address: \"10.1.0.9:80\"}, {address: "
     "\"[fd00::9]:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:44: address: no interface leads to 10.1.0.9:80: it is in none of their networks, and there is no "
     "gateway\n"
     "1:70: address: no interface leads to [fd00::9]:80: it is in none of their networks, and there is no "
     "gateway\n"},
    {"endpoint is a listener",
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.2:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:44: address: 10.0.0.2:80 is a listener of lacon's own, on line 3\n"},
    {"endpoint is at our address",
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.2:81\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:44: address: 10.0.0.2:81 is at an address of lacon's own, where no server can be\n"},
    {"endpoint is any listener",
     "listeners:\n"
     "- {name: l, address: \"*:80\"}\n"
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.2:80\"}, {address: \"10.0.0.9:80\"}]}]\n" INTERFACES
         ROUTES,
     "3:44: address: 10.0.0.2:80 is a listener of lacon's own, on line 2\n"},
    {"limits",
     "clusters: [{name: c, tries: 11, retry_buffer: 61KiB, pool_size: -1, lb_policy: rando, endpoints: "
     "[{address: \"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:29: tries: must be a whole number from 1 to 10, not \"11\"\n"
     "1:47: retry_buffer: must be a size from 0 to 60KiB (units: KiB, MiB, GiB, or none for bytes), not "
     "\"61KiB\"\n"
     "1:65: pool_size: must be a whole number from 0 to 65536, not \"-1\"\n"
     "1:80: lb_policy: must be round_robin, least_conn, random, ewma, source_hash, ring_hash or maglev, not "
     "\"rando\"\n"},
    {"hash key without hashing",
     "clusters: [{name: c, hash_key: path, ring_size: 100, maglev_table: 7, endpoints: [{address: "
     "\"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:32: hash_key: goes with lb_policy ring_hash or maglev only\n"
     "1:49: ring_size: goes with lb_policy ring_hash only\n"
     "1:68: maglev_table: goes with lb_policy maglev only\n"},
    {"hash key of source hash",
     "clusters: [{name: c, lb_policy: source_hash, hash_key: source, endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:56: hash_key: goes with lb_policy ring_hash or maglev only\n"},
    {"hash keys",
     "clusters:\n"
     "- {name: c, lb_policy: maglev, hash_key: header, endpoints: [{address: \"10.0.0.9:80\"}, {address: "
     "\"10.0.0.8:80\"}]}\n"
     "- {name: d, lb_policy: maglev, hash_key: \"cookie:a b\", endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}]}\n"
     "- {name: e, lb_policy: ring_hash, hash_key: \"query:\", endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     "2:42: hash_key: must be source, path, header:NAME, cookie:NAME or query:NAME, not \"header\"\n"
     "3:42: hash_key: must be source, path, header:NAME, cookie:NAME or query:NAME, not \"cookie:a b\"\n"
     "4:45: hash_key: must be source, path, header:NAME, cookie:NAME or query:NAME, not \"query:\"\n"},
    {"hash key with two parameters",
     "clusters: [{name: c, lb_policy: maglev, hash_key: \"query:a&b\", endpoints: [{address: "
     "\"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:51: hash_key: must be source, path, header:NAME, cookie:NAME or query:NAME, not \"query:a&b\"\n"},
    {"table sizes",
     "clusters:\n"
     "- {name: c, lb_policy: maglev, maglev_table: 65536, endpoints: [{address: \"10.0.0.9:80\"}, {address: "
     "\"10.0.0.8:80\"}]}\n"
     "- {name: d, lb_policy: ring_hash, ring_size: 1, endpoints: [{address: \"10.0.0.9:80\"}, {address: "
     "\"10.0.0.8:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     "2:46: maglev_table: must be a prime number, not 65536; the next one is 65537\n"
     "3:46: ring_size: must be at least the number of endpoints (2), better 100 times as much, not 1\n"},
    {"maglev table smaller than the cluster",
     "clusters: [{name: c, lb_policy: maglev, maglev_table: 2, endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}, {address: \"10.0.0.7:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:55: maglev_table: must be at least the number of endpoints (3), better 100 times as much, not 2\n"},
    {"subset of a hash",
     "clusters: [{name: c, lb_policy: source_hash, subset_size: 1, endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:59: subset_size: does not go with an lb_policy by hash: workers would send the same key elsewhere\n"},
    {"zones",
     "clusters:\n"
     "- {name: c, prefer_zone: a, endpoints: [{address: \"10.0.0.9:80\", zone: b}, {address: "
     "\"10.0.0.8:80\"}]}\n"
     "- {name: d, endpoints: [{address: \"10.0.0.9:80\", zone: b}]}\n" INTERFACES LISTENERS ROUTES,
     "2:26: prefer_zone: no endpoint is in zone \"a\"\n"
     "3:56: zone: has no use without \"prefer_zone\" in the cluster\n"},
    {"balancing limits",
     "clusters: [{name: c, slow_start: 25h, overprovisioning_factor: 99, subset_size: 0, endpoints: "
     "[{address: \"10.0.0.9:80\", priority: 128}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:34: slow_start: must be a duration from 0ms to 24h (units: ms, s, m, h), not \"25h\"\n"
     "1:64: overprovisioning_factor: must be a whole number from 100 to 10000, not \"99\"\n"
     "1:81: subset_size: must be a whole number from 1 to 4096, not \"0\"\n"
     "1:131: priority: must be a whole number from 0 to 127, not \"128\"\n"},
    {"balancing",
     "clusters:\n"
     "- {name: c, lb_policy: ring_hash, hash_key: \"header:X-User\", ring_size: 5000, prefer_zone: a, "
     "endpoints: [{address: \"10.0.0.9:80\", zone: a}, {address: \"10.0.0.8:80\", priority: 1}]}\n"
     "- {name: d, lb_policy: least_conn, slow_start: 30s, subset_size: 10, endpoints: [{address: "
     "\"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}\n"
     "- {name: e, lb_policy: ewma, endpoints: [{address: \"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}\n"
     "- {name: f, lb_policy: random, endpoints: [{address: \"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}\n"
     "- {name: g, lb_policy: source_hash, endpoints: [{address: \"10.0.0.9:80\"}, {address: "
     "\"10.0.0.8:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     NULL},
    {"matches",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {path: {regex: \"/v[0-9]+/.*\"}, method: M-SEARCH, source: [10.0.0.0/8, \"fd00::/16\", 192.0.2.7]},\n"
     "  {headers: [{name: X-A, exact: \"\"}, {name: x-b, present: true}, {name: x-c, regex: \"(?i)a|b\"}], "
     "query: [{name: \"a[]\", exact: \"%20\"}]},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     NULL},
    {"conditions",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {headers: [{exact: a}, {name: x}, {name: x, exact: a, regex: a}, {name: \"a b\", present: true}]},\n"
     "  {query: [{name: \"a=b\", exact: a}, {name: a, present: false}], method: \"GET /\"},\n"
     "  {headers: [], query: []},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:14: a header condition needs \"name\"\n"
     "3:26: a header condition needs one of exact, present, regex\n"
     "3:57: a header condition cannot have both \"exact\" and \"regex\"\n"
     "3:75: name: must be the name of a header field, such as x-canary, not \"a b\"\n"
     "4:19: name: must be the name of a query parameter as it is sent, such as page, not \"a=b\"\n"
     "4:56: present: must be true, not \"false\"\n"
     "4:73: method: must be a method, such as GET, not \"GET /\"\n"
     "5:13: headers: must have 1 to 16 items, not 0\n"
     "5:24: query: must have 1 to 16 items, not 0\n"},
    {"expressions",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {path: {regex: \"/(\"}, headers: [{name: x, regex: \"(a)\\\\1\"}], query: [{name: q, regex: "
     "\"(?=a)\"}]},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:18: regex: must be a regular expression that needs no backtracking (Missing close parenthesis for "
     "group started at index 1.), not \"/(\"\n"
     "3:52: regex: must be a regular expression that needs no backtracking (Back-references are "
     "unsupported.), not "
     "\"(a)\\1\"\n"
     "3:89: regex: must be a regular expression that needs no backtracking (Zero-width assertions are not "
     "supported.), not \"(?=a)\"\n"},
    {"sources",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {source: [10.0.0.1/8, \"fd00::1/16\"]},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:13: source: each item must be a network (this is an address in it, with bits behind the first 8), "
     "not \"10.0.0.1/8\"\n"
     "3:25: source: each item must be a network (this is an address in it, with bits behind the first 16), "
     "not \"fd00::1/16\"\n"},
    {"no sources",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {source: [10.0.0/8, host, 10.0.0.0/33]},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:13: source: each item must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address, not "
     "\"10.0.0/8\"\n"
     "3:23: source: each item must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address, not "
     "\"host\"\n"
     "3:29: source: each item must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address, not "
     "\"10.0.0.0/33\"\n"},
    {"actions",
     "routes:\n"
     "- name: r\n"
     "  rules:\n"
     "  - {clusters: [{name: c, weight: 3}], split_key: \"header:x-a\"}\n"
     "  - {redirect: {scheme: https}}\n"
     "  - {matches: [{path: {prefix: /a}}, {}], redirect: {hostname: a.example, port: 1, prefix: /b, status: "
     "308}}\n"
     "  - {redirect: {path: /x}}\n"
     "  - {reply: {}}\n"
     "  - {reply: {status: 404, body: \"a b\", content_type: \"text/html; charset=utf-8\"}}\n"
     "  - {deny: true}\n" INTERFACES LISTENERS CLUSTERS,
     NULL},
    {"no action and two",
     "routes:\n"
     "- name: r\n"
     "  rules:\n"
     "  - {matches: [{}]}\n"
     "  - {cluster: c, deny: true}\n"
     "  - {deny: false}\n"
     "  - {redirect: {}}\n" INTERFACES LISTENERS CLUSTERS,
     "4:5: a rule needs one of cluster, clusters, redirect, reply, deny\n"
     "5:18: a rule cannot have both \"cluster\" and \"deny\"\n"
     "6:12: deny: must be true, not \"false\"\n"
     "7:16: redirect: needs scheme, hostname, port, path or prefix\n"},
    {"actions that are odd",
     "routes:\n"
     "- name: r\n"
     "  rules:\n"
     "  - {redirect: {scheme: ftp, hostname: \"*.a\", port: 0, path: x, status: 300}}\n"
     "  - {reply: {status: 199, content_type: text}}\n"
     "  - {clusters: [{weight: 1}]}\n" INTERFACES LISTENERS CLUSTERS,
     "4:25: scheme: must be http or https, not \"ftp\"\n"
     "4:40: hostname: must be a host name such as shop.example.com, without port or final dot, not \"*.a\"\n"
     "4:53: port: must be a whole number from 1 to 65535, not \"0\"\n"
     "4:62: path: must be a path of at most 1024 bytes that begins with /, not \"x\"\n"
     "4:73: status: must be a whole number from 301 to 308, not \"300\"\n"
     "5:22: status: must be a whole number from 200 to 599, not \"199\"\n"
     "5:41: content_type: must be a media type, such as text/html, not \"text\"\n"
     "6:17: a cluster of a rule needs \"name\"\n"},
    {"actions that do not fit",
     "routes:\n"
     "- name: r\n"
     "  rules:\n"
     "  - {clusters: [{name: c, weight: 0}]}\n"
     "  - {clusters: [{name: c}, {name: c}]}\n"
     "  - {cluster: c, split_key: source}\n"
     "  - {redirect: {path: /a, prefix: /b}}\n"
     "  - {matches: [{path: {exact: /a}}], redirect: {prefix: /b}}\n"
     "  - {redirect: {status: 301}}\n"
     "  - {redirect: {path: /a, status: 304}}\n"
     "  - {reply: {status: 304}}\n"
     "  - {reply: {status: 204, body: a}}\n" INTERFACES LISTENERS CLUSTERS,
     "4:16: clusters: all have weight 0, so that none takes requests\n"
     "5:35: name: this cluster is listed twice\n"
     "6:29: split_key: goes with \"clusters\" only\n"
     "7:35: prefix: \"path\" is given already\n"
     "8:57: prefix: goes with matches by \"prefix\" only\n"
     "9:25: redirect: leads back to the same place: needs scheme, hostname, port, path or prefix\n"
     "10:35: status: must be 301, 302, 303, 307 or 308\n"
     "11:22: status: 205 and 304 cannot be given as a reply\n"
     "12:33: body: there is none with status 204\n"},
    {"cluster names",
     "clusters:\n"
     "- {name: c, endpoints: [{address: \"10.0.0.9:80\"}]}\n"
     "- {name: c, endpoints: [{address: \"10.0.0.9:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     "3:10: name: another cluster is called \"c\", on line 2\n"},
    {"unused cluster",
     "clusters:\n"
     "- {name: c, endpoints: [{address: \"10.0.0.9:80\"}]}\n"
     "- {name: d, endpoints: [{address: \"10.0.0.9:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     NULL},
};

/* The complaints as cfg_errors_print() prints them, for a file called "f". The caller frees. */
static char *complaints_about(const char *yaml)
{
    struct cfg_errors errs;
    struct config *c = config_parse("f", yaml, strlen(yaml), &errs);
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    cr_assert_eq(c == NULL, errs.n > 0);
    cfg_errors_print(&errs, f);
    fclose(f);
    config_free(c);
    cfg_errors_free(&errs);
    return text;
}

/* `lines` with "f:" before each. The caller frees. */
static char *as_printed(const char *lines)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    while (*lines) {
        size_t line = strcspn(lines, "\n") + 1;

        fprintf(f, "f:%.*s", (int)line, lines);
        lines += line;
    }
    fclose(f);
    return text;
}

Test(config, what_is_refused_and_how)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *wanted = as_printed(rows[i].errors ? rows[i].errors : "");
        char *got = complaints_about(rows[i].yaml);

        cr_expect_str_eq(got, wanted, "%s\n%s\ngot:\n%swanted:\n%s", rows[i].title, rows[i].yaml, got,
                         wanted);
        free(got);
        free(wanted);
    }
}

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
    cr_expect_not(c->interface[0].af_packet);
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
    cr_expect(c->interface[0].af_packet);
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
